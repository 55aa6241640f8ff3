//===- FuseThresholds.cpp - Affine, activation, rounding to thresholds ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Paper, section 2.8. For each quantizer: collect the chain of operations between
// it and the accumulators or codes it depends on, solve the chain for thresholds
// (StepFunction), put one threshold op in its place. A chain that is no step function
// becomes a table, the sum of two branches a comparison of both (ResidualSum).
//
//===----------------------------------------------------------------------===//

#include "Certificate.h"
#include "Chain.h"
#include "Movement.h"
#include "ResidualSum.h"
#include "StepFunction.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "dorefa/Transforms/Passes.h"
#include "dorefa/Transforms/Ranges.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/Threading.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_FUSETHRESHOLDSPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

/// Float thresholds cost one comparison each, so only short codes get them.
constexpr int64_t kMaxFloatThresholds = 15;
/// Evaluations per quantizer that verify=exhaustive takes, some minutes' work.
constexpr int64_t kMaxCompared = int64_t(1) << 32;
/// Entries of one channel, and bytes of all, that a table of codes may have.
constexpr int64_t kMaxEntries = int64_t(1) << 16;
constexpr int64_t kMaxTableBytes = int64_t(1) << 22;

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

/// Location of an operation in front of the last one that replaces `chain`: only that
/// yields the tensor which the source names.
Location getPartLocation(const Chain &chain) {
  Operation *quantizer = chain.ops.back();
  return FusedLoc::get(quantizer->getContext(),
                       {quantizer->getLoc(), chain.source.getLoc()},
                       StringAttr::get(quantizer->getContext(), "dorefa.part"));
}

/// Builds the movements of `chain` in front of the quantizer, from `value` on, and
/// behind the first `numBefore` operations what `createCodes` makes. Returns the codes.
Value rebuildChain(
    const Chain &chain, Value value, size_t numBefore,
    llvm::function_ref<Value(OpBuilder &, Location, Value)> createCodes) {
  Operation *quantizer = chain.ops.back();
  OpBuilder builder(quantizer);
  Location part = getPartLocation(chain);
  size_t last = 0;
  for (auto [position, op] : llvm::enumerate(chain.ops))
    if (isMovement(op))
      last = position + 1;
  auto locationAt = [&](size_t position) {
    return position == last ? quantizer->getLoc() : part;
  };
  auto move = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i)
      if (isMovement(chain.ops[i]))
        value = rebuildMovement(builder, locationAt(i + 1), chain.ops[i], value);
  };
  move(0, numBefore);
  value = createCodes(builder, locationAt(numBefore >= last ? last : 0), value);
  move(numBefore, chain.ops.size());
  return value;
}

//===----------------------------------------------------------------------===//
// A table in place of a chain
//===----------------------------------------------------------------------===//

/// A chain whose codes are known, number by number.
struct Table {
  /// One, or one for each channel.
  std::vector<CodeRow> rows;
  /// The accumulator of the first entry; 0 of codes.
  int64_t offset;
  int64_t numEntries;
  /// As in Solution.
  size_t numBefore = 0;
};

/// Max pools behind which the codes rise with the pooled value move to the codes;
/// others, and all in front of these, stay if that value rises with the source.
bool placePools(const Chain &chain, Table &table) {
  size_t pool = 0;
  std::vector<size_t> positions;
  for (auto [position, op] : llvm::enumerate(chain.ops)) {
    if (!isa<MaxPoolOp>(op))
      continue;
    positions.push_back(position);
    if (llvm::any_of(table.rows, [&](const CodeRow &row) { return !row.codeRises[pool]; }))
      table.numBefore = position + 1;
    ++pool;
  }
  return llvm::all_of(llvm::enumerate(positions), [&](auto at) {
    return at.value() >= table.numBefore ||
           llvm::all_of(table.rows, [&](const CodeRow &row) {
             return row.poolRises[at.index()];
           });
  });
}

/// Evaluates `chain`, which `why` keeps from becoming thresholds, on all numbers.
std::optional<Obstacle> tabulate(const Chain &chain, const StepFunction &function,
                                 const Obstacle &why, Table &table) {
  const Domain &domain = function.getDomain();
  Interval numbers = hull(domain.intervals);
  if (domain.code)
    numbers = {0, domain.code.getMaxCode()};
  int64_t numRows = function.hasOneFunction() ? 1 : function.getChannels();
  if (ShapedType::isDynamic(numRows))
    return why;
  table.offset = domain.code ? 0 : numbers.lo;
  table.numEntries = numbers.hi - numbers.lo + 1;
  if (table.numEntries > kMaxEntries || table.numEntries * numRows > kMaxTableBytes)
    return Obstacle{why.op,
                    llvm::formatv("{0}, and a table would have {1} entries on {2} "
                                  "channels but may have {3} on one and {4} on all",
                                  why.reason, table.numEntries, numRows, kMaxEntries,
                                  kMaxTableBytes),
                    why.suggestion};
  CodeType code = getCodeType(chain.ops.back()->getResult(0).getType());
  table.rows.resize(numRows);
  parallelFor(code.getContext(), 0, numRows, [&](size_t c) {
    table.rows[c] = function.tabulateCodes(c, numbers, code);
  });
  if (placePools(chain, table))
    return std::nullopt;
  return Obstacle{why.op, why.reason + " and a max pool stands between its operations",
                  "pool behind the activation"};
}

Value createLookup(OpBuilder &builder, Location loc, Value input, const Table &table,
                   CodeType code) {
  std::vector<int8_t> codes;
  for (const CodeRow &row : table.rows)
    llvm::append_range(codes, row.codes);
  auto type = RankedTensorType::get(
      {static_cast<int64_t>(table.rows.size()), table.numEntries}, code);
  Value constant =
      materialize(builder, loc,
                  makeElements<int8_t>(type.clone(builder.getI8Type()),
                                       std::move(codes), "codes"),
                  type);
  auto op = LookupOp::create(builder, loc,
                             cast<RankedTensorType>(input.getType()).clone(code), input,
                             constant, builder.getI64IntegerAttr(table.offset));
  int64_t size = type.getNumElements();
  Certificate{VerifyThresholds::Exhaustive, /*numThresholds=*/0, size, size}.attachTo(op);
  return op;
}

//===----------------------------------------------------------------------===//
// A comparison in place of a sum
//===----------------------------------------------------------------------===//

/// A constant with `width` elements of each row; one row where all are equal.
Value createRows(OpBuilder &builder, Location loc, ArrayRef<SumRow> rows, int64_t width,
                 llvm::function_ref<ArrayRef<int32_t>(const SumRow &)> get) {
  bool areEqual = llvm::all_of(
      rows, [&](const SumRow &row) { return get(row) == get(rows.front()); });
  std::vector<int32_t> elements;
  for (const SumRow &row : areEqual ? rows.take_front() : rows)
    llvm::append_range(elements, get(row));
  auto type = RankedTensorType::get({static_cast<int64_t>(areEqual ? 1 : rows.size()), width},
                                    builder.getI32Type());
  return materialize(builder, loc,
                     makeElements<int32_t>(type, std::move(elements), "thresholds"), type);
}

/// The weighted sum in front of the quantizer and its codes.
Value rebuildSum(const Chain &chain, const ResidualSum &sum, ArrayRef<SumRow> rows,
                 const Certificate &certificate) {
  OpBuilder builder(chain.ops.back());
  Location part = getPartLocation(chain);
  Value weights = createRows(builder, part, rows, 2, [](const SumRow &row) {
    return ArrayRef<int32_t>(row.weights);
  });
  auto type = cast<RankedTensorType>(chain.source.getType());
  Value weighted = WeightedSumOp::create(builder, part, type.clone(builder.getI32Type()),
                                         sum.getOperand(0), sum.getOperand(1), weights);
  CodeType code = getCodeType(chain.ops.back()->getResult(0).getType());
  return rebuildChain(
      chain, weighted, /*numBefore=*/0, [&](OpBuilder &builder, Location loc, Value value) {
        Value table =
            createRows(builder, loc, rows, sum.getNumThresholds(), [](const SumRow &row) {
              return ArrayRef<int32_t>(row.thresholds);
            });
        auto op = ThresholdOp::create(builder, loc, type.clone(code), value, table,
                                      DenseBoolArrayAttr(),
                                      builder.getI64IntegerAttr(sum.getBase()));
        certificate.attachTo(op);
        return op.getResult();
      });
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

void reportFused(Operation *quantizer, const Table &table) {
  remark::passed(quantizer->getLoc(),
                 remark::RemarkOpts::name("fused-table").category("dorefa"))
      << remark::add("{0} rows of {1} codes; compared on {2} values", table.rows.size(),
                     table.numEntries, table.rows.size() * table.numEntries);
}

void reportFused(Operation *quantizer, const ResidualSum &sum, ArrayRef<SumRow> rows,
                 int64_t numCompared) {
  remark::passed(quantizer->getLoc(),
                 remark::RemarkOpts::name("fused-sum").category("dorefa"))
      << remark::add("{0} channels, {1} thresholds each; proven for {2} pairs, compared "
                     "on {3}",
                     rows.size(), sum.getNumThresholds(), sum.countPairs(), numCompared);
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
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }

private:
  /// Fuses the longest chain in front of `quantizer` that can be fused.
  LogicalResult fuseQuantizer(Operation *quantizer, RangeAnalysis &ranges) {
    if (quantizer->use_empty())
      return success();
    Chain chain = collectChain(quantizer);
    if (std::optional<Obstacle> stop = findObstacle(chain)) {
      FailureOr<std::optional<Obstacle>> obstacle = stop;
      if (isSum(chain))
        obstacle = fuseSum(chain, ranges);
      if (failed(obstacle))
        return failure();
      if (!*obstacle)
        return success();
      reportMissed(quantizer, **obstacle);
    }
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
    if (exhaustive && failed(verifySize(quantizer, function.countNumbers())))
      return failure();
    Solution solution;
    if (std::optional<Obstacle> obstacle =
            solveRows(function, exhaustive, &getContext(), solution)) {
      if (chain.kind == Domain::Floats)
        return obstacle;
      return fuseTable(chain, function, *obstacle, channelsLast, ranges);
    }
    for (auto [c, row] : llvm::enumerate(solution.rows))
      if (row.wrong)
        return emitWrong(quantizer, c);
    if (std::optional<Obstacle> obstacle = placePools(chain, solution))
      return obstacle;
    if (solution.rows.size() > 1)
      if (std::optional<Obstacle> obstacle =
              checkChannels(chain, solution.numBefore, channelsLast))
        return obstacle;
    replace(chain, function, solution, ranges);
    return std::optional<Obstacle>();
  }

  /// A row for each channel needs the channels in the last dimension where it stands.
  static std::optional<Obstacle> checkChannels(const Chain &chain, size_t numBefore,
                                               ArrayRef<bool> channelsLast) {
    if (numBefore == 0 || channelsLast[numBefore - 1])
      return std::nullopt;
    return Obstacle{chain.ops[numBefore - 1], "channels are not the last dimension there",
                    "keep the layout channels-last"};
  }

  /// Replaces `chain`, which `why` keeps from becoming thresholds, by a table, or
  /// returns why not.
  std::optional<Obstacle> fuseTable(const Chain &chain, const StepFunction &function,
                                    const Obstacle &why, ArrayRef<bool> channelsLast,
                                    RangeAnalysis &ranges) {
    Table table;
    if (std::optional<Obstacle> obstacle = tabulate(chain, function, why, table))
      return obstacle;
    if (table.rows.size() > 1)
      if (std::optional<Obstacle> obstacle =
              checkChannels(chain, table.numBefore, channelsLast))
        return obstacle;
    Operation *quantizer = chain.ops.back();
    reportFused(quantizer, table);
    CodeType code = getCodeType(quantizer->getResult(0).getType());
    replaceQuantizer(quantizer, ranges, [&] {
      return rebuildChain(chain, chain.source, table.numBefore,
                          [&](OpBuilder &builder, Location loc, Value value) {
                            return createLookup(builder, loc, value, table, code);
                          });
    });
    return std::nullopt;
  }

  static bool isSum(const Chain &chain) {
    auto op = chain.source.getDefiningOp<BinaryOp>();
    return op && (op.getKind() == BinaryKind::Add || op.getKind() == BinaryKind::Sub);
  }

  /// Replaces the sum that `chain` starts from and what follows it by a comparison of
  /// both operands, or returns why not. Fails with an error where that is wrong.
  FailureOr<std::optional<Obstacle>> fuseSum(const Chain &chain, RangeAnalysis &ranges) {
    Operation *quantizer = chain.ops.back();
    ResidualSum sum(chain, ranges);
    if (sum.getObstacle())
      return sum.getObstacle();
    bool exhaustive = verify == VerifyThresholds::Exhaustive;
    if (exhaustive && sum.countPairs() > kMaxCompared)
      return std::optional(Obstacle{
          quantizer,
          llvm::formatv("the sum has {0} pairs of integers to compare but "
                        "verify=exhaustive takes at most {1}",
                        sum.countPairs(), kMaxCompared),
          "use verify=certificate"});
    std::vector<SumRow> rows(sum.getNumRows());
    parallelFor(&getContext(), 0, rows.size(),
                [&](size_t c) { rows[c] = sum.solve(c, exhaustive); });
    int64_t numCompared = 0;
    for (auto [c, row] : llvm::enumerate(rows)) {
      if (row.wrong)
        return emitWrong(quantizer, c);
      if (row.obstacle)
        return row.obstacle;
      numCompared += row.numCompared;
    }
    reportFused(quantizer, sum, rows, numCompared);
    int64_t numThresholds = rows.size() * sum.getNumThresholds();
    Certificate certificate{verify, numThresholds, /*numEntries=*/0, numCompared};
    replaceQuantizer(quantizer, ranges,
                     [&] { return rebuildSum(chain, sum, rows, certificate); });
    return std::optional<Obstacle>();
  }

  static LogicalResult emitWrong(Operation *quantizer, size_t channel) {
    return quantizer->emitOpError()
           << "thresholds of channel " << channel
           << " are not those of the operations in front; please report this";
  }

  /// Comparing everywhere takes as long as there are accumulators.
  static LogicalResult verifySize(Operation *quantizer, int64_t total) {
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
                            numThresholds, /*numEntries=*/0, solution.numCompared};
    reportFused(quantizer, chain, solution);
    Value start = chain.source;
    if (chain.kind == Domain::Codes)
      start = chain.ops.front()->getResult(0);
    CodeType code = getCodeType(quantizer->getResult(0).getType());
    replaceQuantizer(quantizer, ranges, [&] {
      return rebuildChain(chain, start, solution.numBefore,
                          [&](OpBuilder &builder, Location loc, Value value) {
                            return createThreshold(builder, loc, value, function,
                                                   solution, certificate, code);
                          });
    });
  }

  /// Lets `build` put operations in front of `quantizer` whose codes take its place.
  static void replaceQuantizer(Operation *quantizer, RangeAnalysis &ranges,
                               llvm::function_ref<Value()> build) {
    Operation *before = quantizer->getPrevNode();
    Value codes = build();
    Operation *op = before ? before->getNextNode() : &quantizer->getBlock()->front();
    for (; op != quantizer; op = op->getNextNode())
      ranges.visit(op);
    quantizer->getResult(0).replaceAllUsesWith(codes);
  }
};

} // namespace
} // namespace mlir::dorefa
