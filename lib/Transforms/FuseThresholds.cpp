//===- FuseThresholds.cpp - Affine, activation, rounding to thresholds ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Paper, section 2.8. For each quantizer: collect the chain of operations between
// it and the accumulators or codes it depends on, solve the chain for thresholds
// (StepFunction), put one threshold op in its place.
//
//===----------------------------------------------------------------------===//

#include "Certificate.h"
#include "Chain.h"
#include "Movement.h"
#include "StepFunction.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "dorefa/Transforms/Passes.h"
#include "dorefa/Transforms/Ranges.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/Threading.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_FUSETHRESHOLDSPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

/// Float thresholds cost one comparison each, so only short codes get them.
constexpr int64_t kMaxFloatThresholds = 15;
/// Evaluations per quantizer that verify=exhaustive takes, some minutes' work.
constexpr int64_t kMaxCompared = int64_t(1) << 32;

/// What is left of a chain behind its operation `obstacle`: a chain of floats.
std::optional<Chain> cutBehind(const Chain &chain, Operation *obstacle) {
  const auto *at = llvm::find(chain.ops, obstacle);
  if (at == chain.ops.end() || std::next(at) == chain.ops.end() ||
      !getElementTypeOrSelf(obstacle->getResult(0)).isF32())
    return std::nullopt;
  size_t from = std::next(at) - chain.ops.begin();
  Chain rest;
  rest.kind = Domain::Floats;
  rest.source = obstacle->getResult(0);
  rest.ops.assign(chain.ops.begin() + from, chain.ops.end());
  rest.operands.assign(chain.operands.begin() + from, chain.operands.end());
  return rest;
}

//===----------------------------------------------------------------------===//
// Thresholds in place of a chain
//===----------------------------------------------------------------------===//

/// A chain whose thresholds are known.
struct Solution {
  std::vector<ThresholdRow> rows;
  /// Movements (positions in the chain) that stay on accumulators or floats: all up
  /// to the last max pool that codes may not pass.
  size_t numBefore = 0;
  int64_t base;
  int64_t numThresholds;
  int64_t numCompared = 0;
};

/// Pooling codes is exact where the codes do not fall as the pooled value rises;
/// pooling the source, where the pooled value does not fall as the source rises.
/// Sets how much of the chain is to be done before the thresholds.
std::optional<Obstacle> placePools(const Chain &chain, Solution &solution) {
  size_t pool = 0;
  for (auto [position, op] : llvm::enumerate(chain.ops)) {
    if (!isa<MaxPoolOp>(op))
      continue;
    if (llvm::any_of(solution.rows, [&](const ThresholdRow &row) {
          return row.poolDirections[pool] * row.direction < 0;
        }))
      solution.numBefore = position + 1;
    ++pool;
  }
  pool = 0;
  for (Operation *op : ArrayRef(chain.ops).take_front(solution.numBefore)) {
    if (!isa<MaxPoolOp>(op))
      continue;
    if (llvm::any_of(solution.rows, [&](const ThresholdRow &row) {
          return row.poolDirections[pool] < 0;
        }))
      return Obstacle{op,
                      "'dorefa.max_pool' stands between operations that fall on "
                      "some channels",
                      "pool behind the batch norm, or keep its gamma positive"};
    ++pool;
  }
  return std::nullopt;
}

/// Solves all channels, or one for all where they are alike.
std::optional<Obstacle> solveRows(const StepFunction &function, bool exhaustive,
                                  MLIRContext *context, Solution &solution) {
  bool single = function.isUniform() &&
                (function.getDomain().kind != Domain::Accumulators ||
                 ShapedType::isDynamic(function.getChannels()));
  if (!single && ShapedType::isDynamic(function.getChannels()))
    return Obstacle{nullptr, "the number of channels is not known", ""};
  solution.rows.resize(single ? 1 : function.getChannels());
  parallelFor(context, 0, solution.rows.size(), [&](size_t c) {
    solution.rows[c] = function.solve(c, exhaustive);
  });
  for (ThresholdRow &row : solution.rows) {
    if (row.obstacle)
      return row.obstacle;
    solution.numCompared += row.numCompared;
  }
  solution.base = function.getBase();
  solution.numThresholds = function.getNumThresholds();
  return std::nullopt;
}

template <typename T>
Value createTable(OpBuilder &builder, Location loc, const StepFunction &function,
                  const Solution &solution, Type elementType) {
  std::vector<T> table;
  for (auto [c, row] : llvm::enumerate(solution.rows))
    for (int64_t threshold : row.thresholds)
      table.push_back(static_cast<T>(function.getThreshold(c, threshold)));
  auto type = RankedTensorType::get(
      {static_cast<int64_t>(solution.rows.size()), solution.numThresholds},
      elementType);
  return materialize(builder, loc,
                     makeElements<T>(type, std::move(table), "thresholds"), type);
}

Value createThreshold(OpBuilder &builder, Location loc, Value input,
                      const StepFunction &function, const Solution &solution,
                      const Certificate &certificate, CodeType code) {
  Type element = getElementTypeOrSelf(input);
  Value table =
      element.isF32()
          ? createTable<float>(builder, loc, function, solution, element)
          : createTable<int32_t>(builder, loc, function, solution, element);
  SmallVector<bool> falls;
  for (const ThresholdRow &row : solution.rows)
    falls.push_back(row.direction < 0);
  DenseBoolArrayAttr decreasing;
  if (llvm::is_contained(falls, true))
    decreasing = builder.getDenseBoolArrayAttr(falls);
  auto type = cast<RankedTensorType>(input.getType()).clone(code);
  auto op = ThresholdOp::create(builder, loc, type, input, table, decreasing,
                                builder.getI64IntegerAttr(solution.base));
  certificate.attachTo(op);
  return op;
}

/// Builds thresholds and movements in front of the quantizer and returns its codes.
Value rebuildChain(const Chain &chain, const StepFunction &function,
                   const Solution &solution, const Certificate &certificate) {
  Operation *quantizer = chain.ops.back();
  OpBuilder builder(quantizer);
  // Only the last operation yields the tensor that the source names.
  Location part = FusedLoc::get(
      quantizer->getContext(), {quantizer->getLoc(), chain.source.getLoc()},
      StringAttr::get(quantizer->getContext(), "dorefa.part"));
  size_t last = 0;
  for (auto [position, op] : llvm::enumerate(chain.ops))
    if (isMovement(op))
      last = position + 1;
  auto locationAt = [&](size_t position) {
    return position == last ? quantizer->getLoc() : part;
  };
  Value value = chain.source;
  if (chain.kind == Domain::Codes)
    value = chain.ops.front()->getResult(0);
  auto move = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i)
      if (isMovement(chain.ops[i]))
        value = rebuildMovement(builder, locationAt(i + 1), chain.ops[i], value);
  };
  move(0, solution.numBefore);
  CodeType code = getCodeType(quantizer->getResult(0).getType());
  Location loc = locationAt(solution.numBefore >= last ? last : 0);
  value = createThreshold(builder, loc, value, function, solution, certificate,
                          code);
  move(solution.numBefore, chain.ops.size());
  return value;
}

//===----------------------------------------------------------------------===//
// Remarks
//===----------------------------------------------------------------------===//

void reportFused(Operation *quantizer, const Chain &chain, const Solution &solution) {
  auto countDirection = [&](int direction) {
    return llvm::count_if(solution.rows, [&](const ThresholdRow &row) {
      return row.direction == direction;
    });
  };
  StringRef input = chain.kind == Domain::Accumulators ? "accumulators"
                    : chain.kind == Domain::Codes      ? "codes"
                                                       : "floats";
  remark::passed(quantizer->getLoc(),
                 remark::RemarkOpts::name("fused-thresholds").category("dorefa"))
      << remark::add("{0} channels of {1}, {2} thresholds each, {3} decreasing, "
                     "{4} constant; compared on {5} values",
                     solution.rows.size(), input.str(), solution.numThresholds,
                     countDirection(-1), countDirection(0), solution.numCompared);
}

void reportMissed(Operation *quantizer, const Obstacle &obstacle) {
  auto remark = remark::missed(
      quantizer->getLoc(),
      remark::RemarkOpts::name("float-chain").category("dorefa"));
  remark << remark::reason("{0}", obstacle.reason);
  if (!obstacle.suggestion.empty())
    remark << remark::suggest("{0}", obstacle.suggestion);
}

/// Names what keeps a quantizer from the layer in front of it, if a layer on codes
/// or codes are there.
std::optional<Obstacle> findObstacle(const Chain &chain) {
  Operation *op = chain.source.getDefiningOp();
  bool quantized = op && comesFrom(chain.source, [](Operation *from) {
                     return isa<ScaleOp, DequantizeOp>(from);
                   });
  if (chain.kind != Domain::Floats || !quantized)
    return std::nullopt;
  std::string name = op->getName().getStringRef().str();
  if (isa<BinaryOp>(op))
    return Obstacle{op, "'" + name + "' joins two branches",
                    "thresholds need one accumulator: quantize the sum of integer "
                    "layers, or accept float arithmetic here"};
  return Obstacle{op, "'" + name + "' stands between the layer and the quantizer",
                  "use max pooling, or quantize in front of that operation"};
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct FuseThresholdsPass : impl::FuseThresholdsPassBase<FuseThresholdsPass> {
  using FuseThresholdsPassBase::FuseThresholdsPassBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation()->walk<WalkOrder::PreOrder>(
        [&](Operation *op) { ops.push_back(op); });
    RangeAnalysis ranges;
    for (Operation *op : ops) {
      ranges.visit(op);
      if (isQuantizer(op) && failed(fuseQuantizer(op, ranges)))
        return signalPassFailure();
    }
    getOperation()->walk<WalkOrder::PostOrder, ReverseIterator>(
        [](Operation *op) {
          if (isOpTriviallyDead(op))
            op->erase();
        });
  }

private:
  /// Fuses the longest chain in front of `quantizer` that can be fused.
  LogicalResult fuseQuantizer(Operation *quantizer, RangeAnalysis &ranges) {
    if (quantizer->use_empty())
      return success();
    Chain chain = collectChain(quantizer);
    if (std::optional<Obstacle> obstacle = findObstacle(chain))
      reportMissed(quantizer, *obstacle);
    while (true) {
      FailureOr<std::optional<Obstacle>> obstacle = fuse(chain, ranges);
      if (failed(obstacle))
        return failure();
      if (!*obstacle)
        return success();
      if (chain.kind != Domain::Floats)
        reportMissed(quantizer, **obstacle);
      std::optional<Chain> rest = cutBehind(chain, (*obstacle)->op);
      if (!rest)
        return success();
      chain = std::move(*rest);
    }
  }

  /// Replaces `chain` by thresholds, or returns why not. Fails with an error where
  /// the thresholds are wrong.
  FailureOr<std::optional<Obstacle>> fuse(const Chain &chain, RangeAnalysis &ranges) {
    auto type = cast<RankedTensorType>(chain.operands.front().getType());
    if (type.getRank() == 0)
      return std::optional<Obstacle>();
    StepFunction function(makeDomain(chain, ranges), type.getRank(),
                          type.getShape().back());
    // Where the channels are not the last dimension, a threshold cannot stand.
    SmallVector<bool> channelsLast;
    auto note = [&](Operation *op) {
      int64_t rank = cast<RankedTensorType>(op->getResult(0).getType()).getRank();
      channelsLast.push_back(function.getChannelDim() == rank - 1);
    };
    for (auto [op, operand] : llvm::zip_equal(chain.ops, chain.operands)) {
      if (std::optional<Obstacle> obstacle = function.append(op, operand))
        return obstacle;
      note(op);
    }
    if (chain.kind != Domain::Accumulators && isAlreadyCheap(chain, function))
      return std::optional<Obstacle>();

    Operation *quantizer = chain.ops.back();
    bool exhaustive = verify == VerifyThresholds::Exhaustive;
    if (exhaustive && failed(verifySize(quantizer, function)))
      return failure();
    Solution solution;
    if (std::optional<Obstacle> obstacle =
            solveRows(function, exhaustive, &getContext(), solution))
      return obstacle;
    for (auto [c, row] : llvm::enumerate(solution.rows))
      if (row.wrong)
        return quantizer->emitOpError()
               << "thresholds of channel " << c
               << " are not those of the operations in front; please report this";
    if (std::optional<Obstacle> obstacle = placePools(chain, solution))
      return obstacle;
    if (solution.numBefore && solution.rows.size() > 1 &&
        !channelsLast[solution.numBefore - 1])
      return std::optional(Obstacle{chain.ops[solution.numBefore - 1],
                                    "channels are not the last dimension there",
                                    "keep the layout channels-last"});
    replace(chain, function, solution, ranges);
    return std::optional<Obstacle>();
  }

  /// Comparing everywhere takes as long as there are accumulators.
  static LogicalResult verifySize(Operation *quantizer, const StepFunction &function) {
    int64_t total = function.countNumbers();
    if (total <= kMaxCompared)
      return success();
    return quantizer->emitOpError()
           << "has " << total << " accumulators to compare in all channels but "
           << "verify=exhaustive takes at most " << kMaxCompared
           << "; use verify=certificate";
  }

  /// Comparing floats pays for short codes only, and thresholds gain nothing from
  /// becoming thresholds.
  static bool isAlreadyCheap(const Chain &chain, const StepFunction &function) {
    size_t numOps = llvm::count_if(chain.ops, [](Operation *op) {
      return !isMovement(op) && !isa<DequantizeOp>(op);
    });
    return function.getNumThresholds() > kMaxFloatThresholds ||
           (numOps == 1 && isa<ThresholdOp>(chain.ops.back()));
  }

  void replace(const Chain &chain, const StepFunction &function,
               const Solution &solution, RangeAnalysis &ranges) {
    Operation *quantizer = chain.ops.back();
    int64_t numThresholds = solution.rows.size() * solution.numThresholds;
    bool isFloat = chain.kind == Domain::Floats;
    Certificate certificate{isFloat ? VerifyThresholds::Certificate : verify,
                            numThresholds, solution.numCompared};
    reportFused(quantizer, chain, solution);
    Operation *before = quantizer->getPrevNode();
    Value codes = rebuildChain(chain, function, solution, certificate);
    Operation *op = before ? before->getNextNode() : &quantizer->getBlock()->front();
    for (; op != quantizer; op = op->getNextNode())
      ranges.visit(op);
    quantizer->getResult(0).replaceAllUsesWith(codes);
  }
};

} // namespace
} // namespace mlir::dorefa
