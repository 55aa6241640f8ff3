//===- LinalgToGPU.cpp - Lower what is left of a network to GPU kernels ---===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../../Target/CPU/ReductionStart.h"
#include "../BitPlaneToGPU/GPUBuilder.h"
#include "dorefa/Conversion/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_CONVERTLINALGTOGPUPASS
#include "dorefa/Conversion/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::dorefa;

namespace {

/// One thread per element of the result; it goes through the reduction in the
/// order of the loops and keeps the element in a register. What fills the result before
/// is `start`, where nobody else sees it.
class LinalgEmitter {
public:
  LinalgEmitter(linalg::LinalgOp op, const ReductionStart &start)
      : b(op), op(op), start(start) {}

  LogicalResult emit() {
    for (OpOperand &init : op.getDpsInitsMutable()) {
      AffineMap map = op.getMatchingIndexingMap(&init);
      if (!map.isProjectedPermutation() ||
          llvm::any_of(map.getResults(), [&](AffineExpr result) {
            unsigned loop = cast<AffineDimExpr>(result).getPosition();
            return isReduction(op.getIteratorTypesArray()[loop]);
          }))
        return op.emitOpError("writes an element several times in ways that no GPU "
                              "kernel computes");
    }
    SmallVector<OpFoldResult> ranges =
        op.createFlatListOfOperandDims(b, op.getLoc());
    AffineMap shapes = op.getShapesToLoopsMap();
    for (AffineExpr result : shapes.getResults())
      sizes.push_back(ranges[cast<AffineDimExpr>(result).getPosition()]);
    for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
      (isReduction(kind) ? reductions : parallel).push_back(loop);
    return launch();
  }

private:
  /// Dynamic sizes come first where there is one, as launches want it.
  LogicalResult launch() {
    SmallVector<OpFoldResult> grid;
    for (unsigned loop : parallel)
      grid.push_back(sizes[loop]);
    for (OpFoldResult size : ArrayRef(grid).drop_front(!grid.empty()))
      if (!getConstantIntValue(size))
        return op.emitOpError("has a dynamic size behind the first, which no GPU "
                              "kernel computes");
    b.launch(nameOf(op), grid, [&](ValueRange at) {
      loops.assign(sizes.size(), Value());
      for (auto [loop, index] : llvm::zip_equal(parallel, at))
        loops[loop] = index;
      Values state;
      for (OpOperand &init : op.getDpsInitsMutable())
        state.push_back(isRead(init) ? startOf(init) : zeroOf(init));
      state = reduce(reductions, state);
      for (auto [init, value] : llvm::zip_equal(op.getDpsInitsMutable(), state))
        b.store(value, init.get(), indicesOf(init));
    });
    return success();
  }

  static bool isReduction(utils::IteratorType kind) {
    return kind == utils::IteratorType::reduction;
  }

  static StringRef nameOf(linalg::LinalgOp op) {
    if (isa<linalg::GenericOp>(op))
      return op.getNumReductionLoops() ? "reduction" : "elementwise";
    return op->getName().stripDialect();
  }

  bool isRead(OpOperand &init) {
    return !op.getMatchingBlockArgument(&init).use_empty();
  }

  Value zeroOf(OpOperand &init) {
    Type type = getElementTypeOrSelf(init.get());
    return arith::ConstantOp::create(b, b.getZeroAttr(type));
  }

  Values indicesOf(OpOperand &operand) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    Values indices;
    for (AffineExpr result : map.getResults())
      indices.push_back(
          affine::expandAffineExpr(b, b.getLoc(), result, loops, {}));
    return indices;
  }

  Value load(OpOperand &operand) {
    if (!isa<MemRefType>(operand.get().getType()))
      return operand.get();
    return b.load(operand.get(), indicesOf(operand));
  }

  /// What an element of a result starts from.
  Value startOf(OpOperand &init) {
    if (start.scalar)
      return start.scalar;
    if (!start.bias)
      return load(init);
    // Groups of channels may be dimensions of their own.
    int64_t channels = cast<MemRefType>(start.bias.getType()).getDimSize(0);
    ArrayRef<int64_t> shape = cast<MemRefType>(init.get().getType()).getShape();
    Values indices = indicesOf(init);
    size_t dim = shape.size();
    Value channel = indices[--dim];
    for (int64_t inner = shape[dim]; inner < channels; inner *= shape[dim])
      channel = b.add(channel, b.mul(indices[--dim], inner));
    return b.load(start.bias, channel);
  }

  Values reduce(ArrayRef<unsigned> rest, ValueRange state) {
    if (rest.empty())
      return compute(state);
    OpFoldResult size = sizes[rest.front()];
    auto body = [&](Value index, ValueRange carried) {
      loops[rest.front()] = index;
      return reduce(rest.drop_front(), carried);
    };
    if (std::optional<int64_t> count = getConstantIntValue(size))
      return b.loop(*count, state, body);
    return b.loop(b.index(0), cast<Value>(size), b.index(1), state, body);
  }

  /// The body for one point of the iteration space; `state` are the results so far.
  Values compute(ValueRange state) {
    Block *body = op.getBlock();
    IRMapping map;
    for (OpOperand *input : op.getDpsInputOperands()) {
      BlockArgument argument = op.getMatchingBlockArgument(input);
      if (!argument.use_empty())
        map.map(argument, load(*input));
    }
    for (auto [init, value] : llvm::zip_equal(op.getDpsInitsMutable(), state))
      map.map(op.getMatchingBlockArgument(&init), value);
    for (Operation &inner : body->without_terminator()) {
      if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
        map.map(index.getResult(), loops[index.getDim()]);
        continue;
      }
      Operation *copy = b.clone(inner, map);
      // Places of the element belong to the loop nest now.
      copy->walk([&](linalg::IndexOp index) {
        index.replaceAllUsesWith(loops[index.getDim()]);
        index.erase();
      });
    }
    Values results;
    for (Value result : body->getTerminator()->getOperands())
      results.push_back(map.lookupOrDefault(result));
    return results;
  }

  GPUBuilder b;
  linalg::LinalgOp op;
  ReductionStart start;
  SmallVector<OpFoldResult> sizes;
  SmallVector<unsigned> parallel, reductions;
  /// Indices of the loops.
  SmallVector<Value> loops;
};

} // namespace

static void emitCopy(memref::CopyOp op) {
  GPUBuilder b(op);
  Value source = op.getSource(), target = op.getTarget();
  int64_t rank = cast<MemRefType>(target.getType()).getRank();
  b.launch("copy", b.sizesOf(target, rank), [&](ValueRange at) {
    b.store(b.load(source, at), target, at);
  });
}

/// The part that `fill` writes of a buffer whose first size may be dynamic; null where it
/// writes something else.
static memref::SubViewOp getFilledPart(linalg::FillOp fill) {
  auto part = fill.getOutputs().front().getDefiningOp<memref::SubViewOp>();
  if (!part || part.getType().getRank() < 2 ||
      llvm::any_of(part.getType().getShape().drop_front(), ShapedType::isDynamic))
    return nullptr;
  return part;
}

/// Whether one kernel may do both: the strips of one border are of as many samples.
static bool isSameBorder(linalg::FillOp lhs, linalg::FillOp rhs) {
  memref::SubViewOp left = getFilledPart(lhs), right = getFilledPart(rhs);
  return left && right && left.getSource() == right.getSource() &&
         left.getMixedSizes().front() == right.getMixedSizes().front();
}

/// Stores `value` in element `number` of a sample of `part`, counted in memory order.
static void storeElement(GPUBuilder &b, Value value, memref::SubViewOp part, Value sample,
                         Value number) {
  Values indices;
  for (int64_t size : llvm::reverse(part.getType().getShape().drop_front())) {
    indices.push_back(b.rem(number, size));
    number = b.div(number, size);
  }
  indices.push_back(sample);
  std::reverse(indices.begin(), indices.end());
  b.store(value, part, indices);
}

/// One thread per element of all `fills`, which are of one border.
static void emitBorder(MutableArrayRef<linalg::FillOp> fills) {
  GPUBuilder b(fills.back());
  SmallVector<int64_t> ends;
  for (linalg::FillOp fill : fills) {
    int64_t elements = llvm::product_of(getFilledPart(fill).getType().getShape().drop_front());
    ends.push_back(elements + (ends.empty() ? 0 : ends.back()));
  }
  SmallVector<OpFoldResult> sizes = b.sizesOf(getFilledPart(fills.front()), 1);
  sizes.push_back(b.getIndexAttr(ends.back()));
  b.launch("fill", sizes, [&](ValueRange at) {
    for (size_t i = 0; i < fills.size(); ++i) {
      int64_t begin = i == 0 ? 0 : ends[i - 1];
      linalg::FillOp fill = fills[i];
      Value number = b.add(at[1], -begin);
      Value isInside =
          b.compare(arith::CmpIPredicate::ult, number, b.index(ends[i] - begin));
      b.when(isInside, [&] {
        storeElement(b, fill.getInputs().front(), getFilledPart(fill), at[0], number);
      });
    }
  });
}

/// Merges neighbours that fill strips of one border.
static void emitBorders(Block &block) {
  SmallVector<linalg::FillOp> run;
  auto end = [&] {
    if (run.size() > 1) {
      emitBorder(run);
      for (linalg::FillOp fill : run)
        fill.erase();
    }
    run.clear();
  };
  for (Operation &op : llvm::make_early_inc_range(block)) {
    auto fill = dyn_cast<linalg::FillOp>(op);
    if (!run.empty() && isPure(&op))
      continue;
    if (!run.empty() && !(fill && isSameBorder(run.front(), fill)))
      end();
    if (fill)
      run.push_back(fill);
  }
  end();
}

/// Runs `ops`, neighbours that are loops of the network itself, loads, stores and what
/// lies between them, in one thread.
static void emitSerial(ArrayRef<Operation *> ops) {
  GPUBuilder b(ops.front());
  b.launch("serial", {}, [&](ValueRange) {
    IRMapping map;
    for (Operation *op : ops)
      b.clone(*op, map);
  });
  for (Operation *op : llvm::reverse(ops))
    if (op->use_empty())
      op->erase();
}

static bool isSerial(Operation &op) {
  return isa<scf::ForOp, scf::IfOp, memref::LoadOp, memref::StoreOp>(op);
}

namespace {

struct ConvertLinalgToGPUPass
    : public dorefa::impl::ConvertLinalgToGPUPassBase<ConvertLinalgToGPUPass> {
  void runOnOperation() override {
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      for (Block &block : function.getBody()) {
        emitSerialRuns(block);
        Starts starts = findStarts(block);
        emitBorders(block);
        if (failed(emitParallel(block, starts)))
          return signalPassFailure();
      }
  }

private:
  using Starts = llvm::DenseMap<Operation *, ReductionStart>;

  /// What reductions start from; drops what would have filled their results.
  static Starts findStarts(Block &block) {
    Starts starts;
    for (auto op : block.getOps<linalg::LinalgOp>()) {
      if (op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1 ||
          !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
        continue;
      if (ReductionStart start = ReductionStart::find(op); start.filler)
        starts.try_emplace(op, start);
    }
    for (auto &[op, start] : starts)
      start.filler->erase();
    return starts;
  }

  static void emitSerialRuns(Block &block) {
    SmallVector<Operation *> run;
    auto end = [&] {
      // What stands behind the last serial operation stays.
      while (!run.empty() && !isSerial(*run.back()))
        run.pop_back();
      if (!run.empty())
        emitSerial(run);
      run.clear();
    };
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (isSerial(op) || (!run.empty() && isPure(&op)))
        run.push_back(&op);
      else
        end();
    }
    end();
  }

  static LogicalResult emitParallel(Block &block, const Starts &starts) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      LogicalResult result = success();
      if (auto layer = dyn_cast<linalg::LinalgOp>(op))
        result = LinalgEmitter(layer, starts.lookup(layer)).emit();
      else if (auto copy = dyn_cast<memref::CopyOp>(op))
        emitCopy(copy);
      else
        continue;
      if (failed(result))
        return failure();
      op.erase();
    }
    return success();
  }
};

} // namespace
