//===- ProofObligation.cpp - What has to be proved of a fused network -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/SMTLIB/ProofObligation.h"

#include "dorefa/Dialect/DoReFa/Arithmetic.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Pipelines/Diagnostics.h"
#include "dorefa/Pipelines/Pipelines.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace mlir::dorefa;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// Of one layer: there is no proof for the sum of two.
static bool comparesAccumulators(ThresholdOp op) {
  return getElementTypeOrSelf(op.getInput()).isInteger(32) &&
         !op.getInput().getDefiningOp<WeightedSumOp>();
}

/// Operations that fusion may replace.
static bool isQuantizer(Operation *op) {
  if (auto threshold = dyn_cast<ThresholdOp>(op))
    return !comparesAccumulators(threshold);
  return isa<QuantizeOp, QuantizeSignOp, QuantizeActivationsOp>(op);
}

static bool isMovement(Operation *op) {
  return isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
             tensor::ExtractSliceOp, linalg::TransposeOp, MaxPoolOp>(op);
}

//===----------------------------------------------------------------------===//
// Which thresholds replace which quantizer
//===----------------------------------------------------------------------===//

/// Fusion gives thresholds the location of the quantizer, alone or as the first
/// part of a fused one. A number in that location tells which quantizer it was.
static void tagQuantizers(ModuleOp module) {
  Builder builder(module.getContext());
  int64_t number = 0;
  module.walk([&](Operation *op) {
    if (isQuantizer(op))
      op->setLoc(FusedLoc::get(module.getContext(), op->getLoc(),
                               builder.getI64IntegerAttr(number++)));
  });
}

static std::optional<int64_t> getTag(Location loc) {
  auto fused = dyn_cast<FusedLoc>(loc);
  if (!fused)
    return std::nullopt;
  if (auto number = dyn_cast_or_null<IntegerAttr>(fused.getMetadata()))
    return number.getInt();
  return getTag(fused.getLocations().front());
}

//===----------------------------------------------------------------------===//
// The operations of the reference
//===----------------------------------------------------------------------===//

namespace {

/// Reads the operations between accumulators and a quantizer, for all channels.
class Reference {
public:
  explicit Reference(Operation *quantizer) : quantizer(quantizer) {}

  /// Walks up to the accumulators. Fails, with an error, where it finds none.
  LogicalResult collect();
  /// The steps of one channel.
  FailureOr<std::vector<ReferenceStep>> getSteps(int64_t channel);
  Value getAccumulators() const { return accumulators; }

private:
  LogicalResult read(int64_t channel, ReferenceStep &step, Value operand);
  LogicalResult readBatchNorm(int64_t channel, BatchNormOp op,
                              ReferenceStep &step);
  LogicalResult readThresholds(int64_t channel, ThresholdOp op,
                               ReferenceStep &step);
  /// The value of a channel in `constant`, which broadcasts to `shape` and
  /// varies along the channels only.
  template <typename T>
  LogicalResult read(int64_t channel, Value constant, ArrayRef<int64_t> shape,
                     ReferenceStep &step);
  template <typename T>
  LogicalResult read(int64_t channel, ArrayRef<T> values,
                     ArrayRef<int64_t> valuesShape, ArrayRef<int64_t> shape,
                     ReferenceStep &step);
  template <typename T>
  LogicalResult readAlongAxis(int64_t channel, ArrayRef<T> values, int64_t axis,
                              ArrayRef<int64_t> shape, ReferenceStep &step);

  Operation *quantizer;
  Value accumulators;
  /// From the accumulators on, each with the operand through which it is
  /// entered.
  SmallVector<std::pair<Operation *, Value>> ops;
  /// Dimension of the channels in front of the step that is read.
  int64_t channelDim = 0;
};

} // namespace

/// The operand through which the reference goes on above `op`, null where it
/// ends.
static Value getNext(Operation *op) {
  if (auto binary = dyn_cast<BinaryOp>(op))
    return getConstant(binary.getLhs()) ? binary.getRhs() : binary.getLhs();
  if (isMovement(op) || isQuantizer(op) ||
      isa<ScaleOp, DequantizeOp, BatchNormOp, UnaryOp, StraightThroughOp>(op))
    return op->getOperand(0);
  return nullptr;
}

/// Whether an operation in front of `quantizer` joins two values that are not constant,
/// as x * sigmoid(x) does. Encodings follow one value.
static bool joinsValues(Operation *quantizer) {
  for (Operation *op = quantizer; op;) {
    auto binary = dyn_cast<BinaryOp>(op);
    if (binary && !getConstant(binary.getLhs()) && !getConstant(binary.getRhs()))
      return true;
    Value operand = getNext(op);
    if (!operand || getElementTypeOrSelf(operand).isInteger(32))
      return false;
    op = operand.getDefiningOp();
  }
  return false;
}

LogicalResult Reference::collect() {
  for (Operation *op = quantizer; op;) {
    Value operand = getNext(op);
    if (!operand)
      break;
    ops.push_back({op, operand});
    if (getElementTypeOrSelf(operand).isInteger(32)) {
      accumulators = operand;
      std::reverse(ops.begin(), ops.end());
      return success();
    }
    op = operand.getDefiningOp();
  }
  return quantizer->emitError(
      "is fused into thresholds on accumulators, but does not depend on "
      "accumulators alone; please report this");
}

/// Dimension of the result that dimension `dim` of the operand becomes, -1
/// where it is spread or mixed with others. A size that stays has no
/// companions.
static int64_t followDim(Operation *op, int64_t dim) {
  if (dim < 0)
    return -1;
  int64_t size = shapeOf(op->getOperand(0))[dim];
  ArrayRef<int64_t> to = shapeOf(op->getResult(0));
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    for (auto [i, group] : llvm::enumerate(collapse.getReassociationIndices()))
      if (llvm::is_contained(group, dim) && to[i] == size)
        return i;
    return -1;
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    for (int64_t i : expand.getReassociationIndices()[dim])
      if (to[i] == size)
        return i;
    return -1;
  }
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op))
    return llvm::find(transpose.getPermutation(), dim) -
           transpose.getPermutation().begin();
  bool stays = dim < static_cast<int64_t>(to.size()) && to[dim] == size;
  return stays && (!isa<MaxPoolOp>(op) || dim == 3) ? dim : -1;
}

template <typename T>
LogicalResult Reference::read(int64_t channel, ArrayRef<T> values,
                              ArrayRef<int64_t> valuesShape,
                              ArrayRef<int64_t> shape, ReferenceStep &step) {
  auto same = [&](const T &value) {
    return std::memcmp(&value, values.data(), sizeof(T)) == 0;
  };
  if (!values.empty() && llvm::all_of(values, same)) {
    step.constants.push_back(values.front());
    return success();
  }
  int64_t lead = static_cast<int64_t>(shape.size() - valuesShape.size());
  bool perChannel = channel < static_cast<int64_t>(values.size());
  for (auto [dim, size] : llvm::enumerate(valuesShape))
    perChannel &= size == 1 || lead + static_cast<int64_t>(dim) == channelDim;
  if (!perChannel)
    return step.op->emitError(
        "has constants that do not vary with the channels of "
        "the accumulators alone; please report this");
  step.constants.push_back(values[channel]);
  return success();
}

template <typename T>
LogicalResult Reference::read(int64_t channel, Value constant,
                              ArrayRef<int64_t> shape, ReferenceStep &step) {
  ElementsAttr attr = getConstant(constant);
  std::vector<T> values = attr ? readElements<T>(attr) : std::vector<T>();
  return read<T>(channel, ArrayRef<T>(values), shapeOf(constant), shape, step);
}

template <typename T>
LogicalResult Reference::readAlongAxis(int64_t channel, ArrayRef<T> values,
                                       int64_t axis, ArrayRef<int64_t> shape,
                                       ReferenceStep &step) {
  SmallVector<int64_t> valuesShape(shape.size(), 1);
  if (values.size() > 1)
    valuesShape[axis] = values.size();
  return read<T>(channel, values, valuesShape, shape, step);
}

LogicalResult Reference::readBatchNorm(int64_t channel, BatchNormOp op,
                                       ReferenceStep &step) {
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  if (failed(read<float>(channel, op.getMean(), shape, step)) ||
      failed(read<float>(channel, op.getVariance(), shape, step)) ||
      failed(read<float>(channel, op.getGamma(), shape, step)) ||
      failed(read<float>(channel, op.getBeta(), shape, step)))
    return failure();
  auto variance = static_cast<float>(step.constants[1]);
  step.constants[1] = std::sqrt(variance + op.getEpsilon().convertToFloat());
  return success();
}

LogicalResult Reference::readThresholds(int64_t channel, ThresholdOp op,
                                        ReferenceStep &step) {
  ElementsAttr attr = getConstant(op.getThresholds());
  ArrayRef<int64_t> shape = shapeOf(op.getThresholds());
  bool perChannel =
      shape[0] == 1 ||
      (channel < shape[0] &&
       channelDim + 1 == static_cast<int64_t>(shapeOf(op.getInput()).size()));
  if (!attr || !perChannel || !getElementTypeOrSelf(op.getInput()).isF32())
    return op.emitError(
        "has thresholds that are not float constants, one row for "
        "all or each channel; please report this");
  std::vector<float> table = readElements<float>(attr);
  int64_t row = shape[0] == 1 ? 0 : channel;
  auto *begin = table.data() + row * shape[1];
  step.constants.assign(begin, begin + shape[1]);
  llvm::sort(step.constants);
  step.decreasing = op.getDecreasing() && (*op.getDecreasing())[row];
  return success();
}

LogicalResult Reference::read(int64_t channel, ReferenceStep &step,
                              Value operand) {
  ArrayRef<int64_t> shape = shapeOf(step.op->getResult(0));
  return TypeSwitch<Operation *, LogicalResult>(step.op)
      .Case([&](ScaleOp op) {
        return read<float>(channel, op.getScale(), shape, step);
      })
      .Case([&](BatchNormOp op) { return readBatchNorm(channel, op, step); })
      .Case([&](ThresholdOp op) { return readThresholds(channel, op, step); })
      .Case([&](BinaryOp op) {
        step.constantFirst = op.getLhs() != operand;
        return read<float>(channel,
                           step.constantFirst ? op.getLhs() : op.getRhs(),
                           shape, step);
      })
      .Case([&](QuantizeOp op) {
        if (failed(readAlongAxis<float>(channel, op.getScale(), op.getAxis(),
                                        shape, step)))
          return failure();
        return readAlongAxis<float>(channel, op.getZeroPoint(), op.getAxis(),
                                    shape, step);
      })
      .Case([&](DequantizeOp op) {
        ElementsAttr attr = getConstant(op.getScale());
        std::vector<double> scale;
        if (attr)
          scale = readElements<double>(attr);
        LogicalResult result =
            readAlongAxis<double>(channel, scale, op.getAxis(), shape, step);
        step.constants.push_back(op.getZeroPoint().convertToFloat());
        return result;
      })
      .Default([](Operation *) { return success(); });
}

FailureOr<std::vector<ReferenceStep>> Reference::getSteps(int64_t channel) {
  std::vector<ReferenceStep> steps;
  channelDim = static_cast<int64_t>(shapeOf(accumulators).size()) - 1;
  for (auto [op, operand] : ops) {
    if (isMovement(op)) {
      channelDim = followDim(op, channelDim);
      continue;
    }
    if (isa<StraightThroughOp>(op))
      continue;
    ReferenceStep step;
    step.op = op;
    if (failed(read(channel, step, operand)))
      return failure();
    steps.push_back(std::move(step));
  }
  return steps;
}

//===----------------------------------------------------------------------===//
// Obligations
//===----------------------------------------------------------------------===//

namespace {

/// A quantizer of the reference and the thresholds that replace it.
struct FusedQuantizer {
  Operation *quantizer;
  ThresholdOp threshold;
  std::string layer;
  int64_t index;
};

} // namespace

static LogicalResult addObligations(FusedQuantizer fused,
                                    const ProofSelection &selection,
                                    const RangeAnalysis &ranges,
                                    std::vector<ProofObligation> &obligations) {
  Reference reference(fused.quantizer);
  ElementsAttr attr = getConstant(fused.threshold.getThresholds());
  if (!attr || failed(reference.collect()))
    return failure();
  std::vector<int32_t> table = readElements<int32_t>(attr);
  ArrayRef<int64_t> shape = shapeOf(fused.threshold.getThresholds());
  int64_t channels = shapeOf(reference.getAccumulators()).back();
  if (ShapedType::isDynamic(channels))
    channels = 1;
  if (selection.channel && *selection.channel >= channels)
    return fused.quantizer->emitError()
           << "has " << channels << " channels, so that there is no channel "
           << *selection.channel;
  // Of the fused program, where earlier thresholds bound the codes that arrive.
  std::vector<Interval> intervals =
      ranges.getIntervals(fused.threshold.getInput());
  auto decreasing = fused.threshold.getDecreasing();
  for (int64_t c = selection.channel.value_or(0);
       c < (selection.channel ? *selection.channel + 1 : channels); ++c) {
    FailureOr<std::vector<ReferenceStep>> steps = reference.getSteps(c);
    if (failed(steps))
      return failure();
    int64_t row = shape[0] == 1 ? 0 : c;
    auto *begin = table.data() + row * shape[1];
    obligations.push_back({fused.quantizer,
                           fused.layer,
                           fused.index,
                           c,
                           intervals[intervals.size() > 1 ? c : 0],
                           std::move(*steps),
                           {begin, begin + shape[1]},
                           decreasing && (*decreasing)[row],
                           static_cast<int64_t>(fused.threshold.getBase())});
  }
  return success();
}

static LogicalResult noSuchLayer(ModuleOp module,
                                 const ProofSelection &selection,
                                 ArrayRef<std::string> layers) {
  InFlightDiagnostic error = module.emitError();
  if (selection.layer.empty())
    return error
           << "has no quantizer that is fused into thresholds on accumulators";
  return error << "has no fused quantizer '" << selection.layer << "'; it has "
               << llvm::join(layers, ", ");
}

OwningOpRef<ModuleOp>
dorefa::collectObligations(ModuleOp reference, const ProofSelection &selection,
                           std::vector<ProofObligation> &obligations) {
  tagQuantizers(reference);
  OwningOpRef<ModuleOp> fused = reference.clone();
  if (failed(runToPhase(*fused, Phase::Thresholds)))
    return nullptr;
  RangeAnalysis ranges;
  llvm::DenseMap<int64_t, ThresholdOp> thresholds;
  fused->walk<WalkOrder::PreOrder>([&](Operation *op) {
    ranges.visit(op);
    auto threshold = dyn_cast<ThresholdOp>(op);
    std::optional<int64_t> tag = getTag(op->getLoc());
    if (threshold && tag && comparesAccumulators(threshold))
      thresholds[*tag] = threshold;
  });
  std::vector<FusedQuantizer> found;
  std::vector<std::string> layers;
  reference.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isQuantizer(op))
      return;
    int64_t index = *getTag(op->getLoc());
    std::string layer = getSourceName(op->getLoc()).str();
    if (layer.empty())
      layer = "quantizer" + std::to_string(index);
    bool selected = selection.layer.empty() || selection.layer == layer;
    ThresholdOp threshold = thresholds.lookup(index);
    if (threshold && joinsValues(op)) {
      if (selected)
        op->emitRemark("depends on the accumulators through more than one value, for "
                       "which there is no proof; use verify=exhaustive");
      return;
    }
    if (threshold)
      layers.push_back(layer);
    if (threshold && selected)
      found.push_back({op, threshold, layer, index});
    else if (selected)
      op->emitRemark(
          "has no thresholds on accumulators, so that there is nothing to prove");
  });
  if (found.empty())
    return (void)noSuchLayer(reference, selection, layers), nullptr;
  for (const FusedQuantizer &quantizer : found)
    if (failed(addObligations(quantizer, selection, ranges, obligations)))
      return nullptr;
  return fused;
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

static double evaluate(const ReferenceStep &step, double x) {
  ArrayRef<double> constants = step.constants;
  auto value = static_cast<float>(x);
  auto constant = [&](size_t i) { return static_cast<float>(constants[i]); };
  return TypeSwitch<Operation *, double>(step.op)
      .Case([&](ScaleOp) {
        return scaleAccumulator(static_cast<int32_t>(x), constant(0));
      })
      .Case([&](BatchNormOp) {
        return (value - constant(0)) / constant(1) * constant(2) + constant(3);
      })
      .Case([&](UnaryOp op) { return evaluateUnary(op.getKind(), value); })
      .Case([&](BinaryOp op) {
        return step.constantFirst
                   ? evaluateBinary(op.getKind(), constant(0), value)
                   : evaluateBinary(op.getKind(), value, constant(0));
      })
      .Case([&](QuantizeOp op) {
        return quantizeLevel(value, constant(0), constant(1), op.getMinLevel(),
                             op.getMaxLevel(), op.getRounding());
      })
      .Case([&](QuantizeSignOp) { return signCode(value); })
      .Case([&](QuantizeActivationsOp op) {
        return quantizeK(boundActivation(op.getH(), value),
                         getCodeType(op.getResult().getType()).getBits());
      })
      .Case([&](ThresholdOp op) {
        SmallVector<float> row(constants.begin(), constants.end());
        return static_cast<int64_t>(op.getBase()) +
               countThresholds(value, row, step.decreasing);
      })
      .Case([&](DequantizeOp op) {
        CodeType type = getCodeType(op.getInput().getType());
        auto level = static_cast<int64_t>(x);
        bool bipolar = type.getEncoding() == Encoding::Bipolar;
        return dequantize(bipolar ? 2 * level - type.getMaxCode() : level,
                          constant(1), constants[0]);
      });
}

int64_t dorefa::evaluateReference(const ProofObligation &obligation,
                                  int32_t accumulator) {
  double x = accumulator;
  for (const ReferenceStep &step : obligation.steps)
    x = evaluate(step, x);
  return static_cast<int64_t>(x);
}

int64_t dorefa::evaluateFused(const ProofObligation &obligation,
                              int32_t accumulator) {
  int64_t level = obligation.base;
  for (int64_t threshold : obligation.thresholds)
    level += obligation.decreasing ? accumulator <= threshold
                                   : accumulator >= threshold;
  return level;
}
