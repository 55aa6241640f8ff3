//===- ParallelToOpenMP.cpp - Spread parallel loops over threads ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The upstream conversion makes every scf.parallel a loop of OpenMP, with all
// of its dimensions and however small. Here one level of each nest is chosen,
// by its work and its number of iterations; the others become scf.for.
//
//===----------------------------------------------------------------------===//

#include "dorefa/Conversion/Passes.h"
#include "dorefa/Target/CPU/CostModel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_CONVERTPARALLELTOOPENMPPASS
#include "dorefa/Conversion/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::dorefa;

/// More iterations than this need no further dimension to keep threads equally
/// busy.
constexpr double kManyIterations = 64;
/// With fewer than this an inner loop that has more is the better choice.
constexpr double kFewIterations = 8;

//===----------------------------------------------------------------------===//
// Estimates
//===----------------------------------------------------------------------===//

/// Iterations of a loop, nullopt where they are not constant.
static std::optional<double> countIterations(OpFoldResult begin,
                                             OpFoldResult end,
                                             OpFoldResult step) {
  std::optional<int64_t> first = getConstantIntValue(begin);
  std::optional<int64_t> last = getConstantIntValue(end);
  std::optional<int64_t> stride = getConstantIntValue(step);
  if (!first || !last || !stride || *stride <= 0)
    return std::nullopt;
  return std::max<double>(0, llvm::divideCeilSigned(*last - *first, *stride));
}

/// Iterations of the first `count` dimensions; a size that is not constant
/// counts as 1.
static double countIterations(scf::ParallelOp loop, unsigned count) {
  double iterations = 1;
  for (auto [begin, end, step] :
       llvm::zip(loop.getLowerBound().take_front(count),
                 loop.getUpperBound().take_front(count),
                 loop.getStep().take_front(count)))
    iterations *= countIterations(begin, end, step).value_or(1);
  return iterations;
}

static double countIterations(scf::ParallelOp loop) {
  return countIterations(loop, loop.getNumLoops());
}

/// Vector instructions that `region` takes, about; of scalar ones the target
/// does several at once. Sizes that are not constant count as 1.
static double estimateWork(Region &region) {
  double work = 0;
  for (Operation &op : region.getOps()) {
    if (op.hasTrait<OpTrait::ConstantLike>() || op.hasTrait<OpTrait::IsTerminator>())
      continue;
    double inside = 0;
    for (Region &inner : op.getRegions())
      inside += estimateWork(inner);
    if (auto loop = dyn_cast<scf::ParallelOp>(op))
      work += countIterations(loop) * inside;
    else if (auto loop = dyn_cast<scf::ForOp>(op))
      work += inside * countIterations(loop.getLowerBound(),
                                       loop.getUpperBound(), loop.getStep())
                           .value_or(1);
    else
      work += inside +
              (llvm::any_of(op.getOperandTypes(), llvm::IsaPred<VectorType>) ||
                       llvm::any_of(op.getResultTypes(), llvm::IsaPred<VectorType>)
                   ? 1
                   : 0.25);
  }
  return work;
}

/// What the cost model predicted where `loop` is a layer's, or else an estimate.
static double estimateWork(scf::ParallelOp loop) {
  if (auto predicted = loop->getAttrOfType<IntegerAttr>(kPredictedNanoseconds))
    return countInstructions(predicted.getInt());
  return countIterations(loop) * estimateWork(loop.getRegion());
}

static bool hasDynamicSize(scf::ParallelOp loop) {
  return llvm::any_of(
      llvm::zip(loop.getLowerBound(), loop.getUpperBound(), loop.getStep()),
      [](auto bounds) {
        auto [begin, end, step] = bounds;
        return !countIterations(OpFoldResult(begin), end, step);
      });
}

//===----------------------------------------------------------------------===//
// Nests
//===----------------------------------------------------------------------===//

/// The parallel loops of `block` that are in no other.
static SmallVector<scf::ParallelOp> findOutermost(Block &block) {
  SmallVector<scf::ParallelOp> loops;
  block.walk<WalkOrder::PreOrder>([&](scf::ParallelOp loop) {
    loops.push_back(loop);
    return WalkResult::skip();
  });
  return loops;
}

/// Moves the body of `from` to where `builder` stands, `ivs` in the place of
/// its induction variables.
static void moveBody(OpBuilder &builder, scf::ParallelOp from, ValueRange ivs) {
  Block *body = from.getBody();
  body->getTerminator()->erase();
  builder.getInsertionBlock()->getOperations().splice(
      builder.getInsertionPoint(), body->getOperations());
  for (auto [old, iv] : llvm::zip_equal(body->getArguments(), ivs))
    old.replaceAllUsesWith(iv);
}

/// One loop in the place of `outer` and of the parallel loop in it, where there
/// is nothing else in `outer` that could not be computed again.
static scf::ParallelOp mergeWithInner(scf::ParallelOp outer) {
  scf::ParallelOp inner;
  for (Operation &op : outer.getBody()->without_terminator()) {
    if (auto loop = dyn_cast<scf::ParallelOp>(op); loop && !inner)
      inner = loop;
    else if (!isPure(&op))
      return nullptr;
  }
  auto isOutside = [&](Value bound) {
    return outer.isDefinedOutsideOfLoop(bound);
  };
  if (!inner || !llvm::all_of(inner.getOperands(), isOutside))
    return nullptr;
  ImplicitLocOpBuilder b(outer.getLoc(), outer);
  auto join = [](ValueRange first, ValueRange second) {
    SmallVector<Value> both(first);
    llvm::append_range(both, second);
    return both;
  };
  auto merged = scf::ParallelOp::create(
      b, join(outer.getLowerBound(), inner.getLowerBound()),
      join(outer.getUpperBound(), inner.getUpperBound()),
      join(outer.getStep(), inner.getStep()));
  merged->setDiscardableAttrs(outer->getDiscardableAttrDictionary());
  SmallVector<Value> ivs = llvm::to_vector_of<Value>(merged.getInductionVars());
  b.setInsertionPoint(inner);
  moveBody(b, inner, ValueRange(ivs).drop_front(outer.getNumLoops()));
  inner.erase();
  b.setInsertionPointToStart(merged.getBody());
  moveBody(b, outer, ValueRange(ivs).take_front(outer.getNumLoops()));
  outer.erase();
  return merged;
}

/// Turns the dimensions from `first` on into scf.for. Returns the loop over the
/// others; null where there are none.
static scf::ParallelOp serialize(scf::ParallelOp loop, unsigned first = 0) {
  ImplicitLocOpBuilder b(loop.getLoc(), loop);
  SmallVector<Value> ivs;
  scf::ParallelOp outer;
  if (first > 0) {
    outer = scf::ParallelOp::create(b, loop.getLowerBound().take_front(first),
                                    loop.getUpperBound().take_front(first),
                                    loop.getStep().take_front(first));
    outer->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
    llvm::append_range(ivs, outer.getInductionVars());
    b.setInsertionPointToStart(outer.getBody());
  }
  for (unsigned dim = first; dim < loop.getNumLoops(); ++dim) {
    auto inner = scf::ForOp::create(b, loop.getLowerBound()[dim],
                                    loop.getUpperBound()[dim],
                                    loop.getStep()[dim]);
    ivs.push_back(inner.getInductionVar());
    b.setInsertionPointToStart(inner.getBody());
  }
  moveBody(b, loop, ivs);
  loop.erase();
  return outer;
}

//===----------------------------------------------------------------------===//
// OpenMP
//===----------------------------------------------------------------------===//

/// Whether there is work enough: `minWork` over the dimensions of `loop` whose
/// size is known only at run time; null where all are constant.
static Value createCondition(ImplicitLocOpBuilder &b, scf::ParallelOp loop,
                             double minWork) {
  if (!hasDynamicSize(loop))
    return nullptr;
  Value iterations = arith::ConstantIndexOp::create(b, 1);
  for (auto [begin, end, step] :
       llvm::zip(loop.getLowerBound(), loop.getUpperBound(), loop.getStep())) {
    if (countIterations(OpFoldResult(begin), end, step))
      continue;
    Value size = arith::SubIOp::create(b, end, begin);
    Value count = arith::CeilDivSIOp::create(b, size, step);
    iterations = arith::MulIOp::create(b, iterations, count);
  }
  double least = std::ceil(minWork / std::max(estimateWork(loop), 1.0));
  return arith::CmpIOp::create(
      b, arith::CmpIPredicate::sge, iterations,
      arith::ConstantIndexOp::create(b, static_cast<int64_t>(least)));
}

/// Moves scratch memory that only `parallel` uses into it: each thread has its
/// own. An iteration finds in it only what it wrote itself.
static void privatizeScratch(omp::ParallelOp parallel) {
  llvm::SetVector<memref::AllocaOp> scratch;
  parallel.walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (auto alloca = operand.getDefiningOp<memref::AllocaOp>())
        if (!parallel->isAncestor(alloca) &&
            llvm::all_of(alloca->getUsers(), [&](Operation *user) {
              return parallel->isAncestor(user);
            }))
          scratch.insert(alloca);
  });
  Block &entry = parallel.getRegion().front();
  for (memref::AllocaOp alloca : scratch)
    alloca->moveBefore(&entry, entry.begin());
}

/// The loop as it is over OpenMP threads, all of its dimensions.
static void createOpenMPLoop(scf::ParallelOp loop, Value numThreads,
                             double minWork) {
  ImplicitLocOpBuilder b(loop.getLoc(), loop);
  omp::ParallelOperands clauses;
  clauses.ifExpr = createCondition(b, loop, minWork);
  clauses.numThreads = numThreads;
  auto parallel = omp::ParallelOp::create(b, clauses);
  b.createBlock(&parallel.getRegion());
  // The end of the parallel region is a barrier; a second one is not needed.
  omp::WsloopOperands sharing;
  sharing.nowait = b.getUnitAttr();
  sharing.scheduleKind = omp::ClauseScheduleKindAttr::get(
      b.getContext(), omp::ClauseScheduleKind::Static);
  auto wsloop = omp::WsloopOp::create(b, sharing);
  omp::TerminatorOp::create(b);
  b.createBlock(&wsloop.getRegion());
  omp::LoopNestOperands bounds;
  llvm::append_range(bounds.loopLowerBounds, loop.getLowerBound());
  llvm::append_range(bounds.loopUpperBounds, loop.getUpperBound());
  llvm::append_range(bounds.loopSteps, loop.getStep());
  bounds.collapseNumLoops = b.getI64IntegerAttr(loop.getNumLoops());
  auto nest = omp::LoopNestOp::create(b, bounds);
  SmallVector<Type> types(loop.getNumLoops(), b.getIndexType());
  SmallVector<Location> locations(loop.getNumLoops(), loop.getLoc());
  Block *body = b.createBlock(&nest.getRegion(), {}, types, locations);
  omp::YieldOp::create(b);
  b.setInsertionPointToStart(body);
  moveBody(b, loop, body->getArguments());
  loop.erase();
  privatizeScratch(parallel);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct ConvertParallelToOpenMPPass
    : public dorefa::impl::ConvertParallelToOpenMPPassBase<
          ConvertParallelToOpenMPPass> {
  using Base::Base;

  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || !main.getBody().hasOneBlock() ||
        main.getNumArguments() == 0 ||
        !isa<LLVM::LLVMPointerType>(main.getArgumentTypes().back())) {
      getOperation().emitError(
          "module has no function @main with one block that takes the options "
          "of a run; run 'dorefa-mark-layers' first");
      return signalPassFailure();
    }
    if (findOutermost(main.front()).empty())
      return;
    numThreads = createNumThreads(main);
    for (scf::ParallelOp loop : findOutermost(main.front()))
      convert(loop);
    // What is inside of others.
    SmallVector<scf::ParallelOp> rest;
    main.walk([&](scf::ParallelOp loop) { rest.push_back(loop); });
    for (scf::ParallelOp loop : rest)
      serialize(loop);
  }

private:
  /// Asks the target how many threads the caller wants.
  static Value createNumThreads(func::FuncOp main) {
    ImplicitLocOpBuilder b(main.getLoc(), main);
    Value options = main.getArguments().back();
    auto function = func::FuncOp::create(
        b, "dorefa_num_threads",
        b.getFunctionType({options.getType()}, {b.getI32Type()}));
    function.setPrivate();
    b.setInsertionPointToStart(&main.front());
    return func::CallOp::create(b, function, options).getResult(0);
  }

  bool isWorthIt(scf::ParallelOp loop) {
    return hasDynamicSize(loop) ||
           (countIterations(loop) > 1 && estimateWork(loop) >= minWork);
  }

  void convertInside(scf::ParallelOp loop) {
    for (scf::ParallelOp inner : findOutermost(*loop.getBody()))
      convert(inner);
    serialize(loop);
  }

  void convert(scf::ParallelOp loop) {
    while (countIterations(loop) < kManyIterations) {
      scf::ParallelOp merged = mergeWithInner(loop);
      if (!merged)
        break;
      loop = merged;
    }
    if (!isWorthIt(loop))
      return convertInside(loop);
    double iterations = countIterations(loop);
    if (iterations < kFewIterations &&
        llvm::any_of(findOutermost(*loop.getBody()), [&](scf::ParallelOp inner) {
          return countIterations(inner) > iterations &&
                 estimateWork(inner) >= minWork;
        }))
      return convertInside(loop);
    unsigned dims = 1;
    while (dims < loop.getNumLoops() &&
           countIterations(loop, dims) < kManyIterations)
      ++dims;
    if (dims < loop.getNumLoops())
      loop = serialize(loop, dims);
    createOpenMPLoop(loop, numThreads, minWork);
  }

  Value numThreads;
};

} // namespace
