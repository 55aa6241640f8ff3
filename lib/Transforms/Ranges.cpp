//===- Ranges.cpp - Proven intervals of codes and accumulators ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Transforms/Ranges.h"

#include "dorefa/Dialect/DoReFa/Arithmetic.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <limits>

namespace mlir::dorefa {

Interval hull(ArrayRef<Interval> intervals) {
  Interval all = intervals.front();
  for (Interval one : intervals.drop_front())
    all = {std::min(all.lo, one.lo), std::max(all.hi, one.hi)};
  return all;
}

unsigned accumulatorBits(Interval range) {
  auto fits = [&](int64_t min, int64_t max) {
    return range.lo > min && range.hi < max;
  };
  if (fits(std::numeric_limits<int16_t>::min(),
           std::numeric_limits<int16_t>::max()))
    return 16;
  if (fits(std::numeric_limits<int32_t>::min(),
           std::numeric_limits<int32_t>::max()))
    return 32;
  return 0;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// Bounds beyond which a sum is not followed any further.
static constexpr int64_t kSumLimit = int64_t(1) << 40;
/// Larger offsets make a layer overflow i32 anyway.
static constexpr int64_t kOffsetLimit = int64_t(1) << 24;

static Interval add(Interval a, Interval b) {
  auto cut = [](int64_t sum) { return std::clamp(sum, -kSumLimit, kSumLimit); };
  return {cut(a.lo + b.lo), cut(a.hi + b.hi)};
}

static Interval multiply(Interval a, Interval b) {
  auto [lo, hi] = std::minmax({a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi});
  return {lo, hi};
}

static Interval shift(Interval a, int64_t offset) {
  return {a.lo + offset, a.hi + offset};
}

static Interval withZero(Interval a) {
  return {std::min<int64_t>(a.lo, 0), std::max<int64_t>(a.hi, 0)};
}

namespace {
/// What conv_2d and matmul have in common: output channels, taps, input channels.
struct LayerShape {
  Value filter;
  int64_t outputs;
  /// Input channels of one group, innermost in the filter.
  int64_t channels;
  int64_t groups = 1;
  int64_t inputOffset;
  int64_t filterOffset;
  /// One flag per tap (ky, kx): whether some window has it outside the input.
  std::vector<bool> padded;
};
} // namespace

/// For each tap along one dimension, whether a window exists that has it outside.
static std::vector<bool> paddedTaps(int64_t size, int64_t taps, int64_t windows,
                                    int64_t stride, int64_t dilation,
                                    int64_t before) {
  std::vector<bool> padded(taps);
  for (int64_t tap = 0; tap < taps; ++tap) {
    int64_t first = tap * dilation - before;
    padded[tap] = first < 0 || first + (windows - 1) * stride >= size;
  }
  return padded;
}

static LayerShape describe(Conv2DOp op) {
  auto input = cast<RankedTensorType>(op.getInput().getType()).getShape();
  auto filter = cast<RankedTensorType>(op.getFilter().getType()).getShape();
  auto result = cast<RankedTensorType>(op.getResult().getType()).getShape();
  LayerShape shape;
  shape.filter = op.getFilter();
  shape.outputs = filter[0];
  shape.channels = filter[3];
  shape.groups = op.getGroups();
  shape.inputOffset = op.getInputOffset();
  shape.filterOffset = op.getFilterOffset();
  std::vector<bool> rows =
      paddedTaps(input[1], filter[1], result[1], op.getStrides()[0],
                 op.getDilations()[0], op.getPads()[0]);
  std::vector<bool> columns =
      paddedTaps(input[2], filter[2], result[2], op.getStrides()[1],
                 op.getDilations()[1], op.getPads()[1]);
  for (bool row : rows)
    for (bool column : columns)
      shape.padded.push_back(row || column);
  return shape;
}

static LayerShape describe(MatMulOp op) {
  auto weights = cast<RankedTensorType>(op.getWeights().getType()).getShape();
  LayerShape shape;
  shape.filter = op.getWeights();
  shape.outputs = weights[0];
  shape.channels = weights[1];
  shape.inputOffset = op.getInputOffset();
  shape.filterOffset = op.getWeightsOffset();
  shape.padded = {false};
  return shape;
}

/// The interval of each channel of a layer whose weights are not known.
static std::vector<Interval> boundUnknownWeights(const LayerShape &layer,
                                                 Interval weight,
                                                 Interval input) {
  Interval sum{0, 0};
  Interval product = multiply(weight, input);
  for (bool padded : layer.padded) {
    Interval tap = padded ? withZero(product) : product;
    sum = add(sum, multiply(tap, {layer.channels, layer.channels}));
  }
  return {sum};
}

/// One interval per output channel of a layer with constant weights.
static std::vector<Interval> boundWeights(const LayerShape &layer, CodeType code,
                                          ArrayRef<int8_t> weights,
                                          ArrayRef<Interval> inputs) {
  std::vector<int64_t> values(code.getMaxCode() + 1);
  for (int64_t q = 0; q <= code.getMaxCode(); ++q)
    values[q] = code.getValue(q) + layer.filterOffset;
  bool perChannel = inputs.size() > 1;
  int64_t outputsPerGroup = layer.outputs / layer.groups;
  std::vector<Interval> sums;
  const int8_t *weight = weights.data();
  for (int64_t o = 0; o < layer.outputs; ++o) {
    const Interval *group =
        inputs.data() + (perChannel ? o / outputsPerGroup * layer.channels : 0);
    Interval sum{0, 0};
    for (bool padded : layer.padded)
      for (int64_t c = 0; c < layer.channels; ++c) {
        int64_t w = values[static_cast<uint8_t>(*weight++)];
        Interval x = group[perChannel ? c : 0];
        Interval product = w >= 0 ? Interval{w * x.lo, w * x.hi}
                                  : Interval{w * x.hi, w * x.lo};
        sum = add(sum, padded ? withZero(product) : product);
      }
    sums.push_back(sum);
  }
  return sums;
}

std::vector<Interval> inferAccumulators(Operation *op,
                                        ArrayRef<Interval> inputs) {
  auto conv = dyn_cast<Conv2DOp>(op);
  LayerShape layer = conv ? describe(conv) : describe(cast<MatMulOp>(op));
  if (std::abs(layer.inputOffset) > kOffsetLimit ||
      std::abs(layer.filterOffset) > kOffsetLimit)
    return {{-kSumLimit, kSumLimit}};

  std::vector<Interval> shifted;
  for (Interval input : inputs)
    shifted.push_back(shift(input, layer.inputOffset));
  CodeType code = getCodeType(layer.filter.getType());
  if (ElementsAttr constant = getConstant(layer.filter)) {
    std::vector<int8_t> weights = readElements<int8_t>(constant);
    if (!weights.empty())
      return boundWeights(layer, code, weights, shifted);
  }
  Interval weight =
      shift({code.getMinValue(), code.getMaxValue()}, layer.filterOffset);
  return boundUnknownWeights(layer, weight, hull(shifted));
}

LogicalResult verifyAccumulators(Operation *layer, Interval range) {
  if (accumulatorBits(range))
    return success();
  return layer->emitOpError()
         << "accumulators can reach [" << range.lo << ", " << range.hi
         << "] but must stay inside i32; use fewer bits for weights or "
            "activations, or split the layer";
}

//===----------------------------------------------------------------------===//
// Producers of codes
//===----------------------------------------------------------------------===//

/// Integer value of a quantizer's level (see dorefa.threshold).
static int64_t valueOfLevel(CodeType code, int64_t level) {
  return code.getEncoding() == Encoding::Bipolar ? code.getValue(level) : level;
}

static std::vector<Interval> levels(CodeType code, int64_t min, int64_t max) {
  return {{valueOfLevel(code, min), valueOfLevel(code, max)}};
}

/// Codes of a threshold whose rows and input intervals are known: the number of
/// thresholds reached is monotone in x, so the ends of the input decide.
static std::vector<Interval> boundThreshold(ThresholdOp op,
                                            ArrayRef<int32_t> thresholds,
                                            ArrayRef<Interval> inputs) {
  CodeType code = getCodeType(op.getResult().getType());
  auto shape = cast<RankedTensorType>(op.getThresholds().getType()).getShape();
  ArrayRef<bool> decreasing;
  if (op.getDecreasing())
    decreasing = *op.getDecreasing();
  size_t channels = std::max<size_t>(
      {inputs.size(), static_cast<size_t>(shape[0]), decreasing.size()});
  std::vector<Interval> result;
  for (size_t c = 0; c < channels; ++c) {
    Interval input = inputs[inputs.size() > 1 ? c : 0];
    ArrayRef<int32_t> row =
        thresholds.slice((shape[0] > 1 ? c : 0) * shape[1], shape[1]);
    bool falls = !decreasing.empty() && decreasing[decreasing.size() > 1 ? c : 0];
    int64_t first = countThresholds(static_cast<int32_t>(input.lo), row, falls);
    int64_t last = countThresholds(static_cast<int32_t>(input.hi), row, falls);
    auto [min, max] = std::minmax(first, last);
    result.push_back({valueOfLevel(code, op.getBase() + min),
                      valueOfLevel(code, op.getBase() + max)});
  }
  return result;
}

static std::vector<Interval> inferThreshold(ThresholdOp op,
                                            const RangeAnalysis &analysis) {
  auto type = cast<RankedTensorType>(op.getThresholds().getType());
  ElementsAttr constant = getConstant(op.getThresholds());
  if (constant && type.getElementType().isInteger(32)) {
    std::vector<int32_t> thresholds = readElements<int32_t>(constant);
    if (!thresholds.empty())
      return boundThreshold(op, thresholds,
                            analysis.getIntervals(op.getInput()));
  }
  CodeType code = getCodeType(op.getResult().getType());
  return levels(code, op.getBase(), op.getBase() + type.getDimSize(1));
}

/// Codes of the entries that the input can have.
static std::vector<Interval> inferLookup(LookupOp op,
                                         const RangeAnalysis &analysis) {
  CodeType code = getCodeType(op.getResult().getType());
  ElementsAttr attr = getConstant(op.getTable());
  std::vector<uint8_t> table =
      attr ? readElements<uint8_t>(attr) : std::vector<uint8_t>();
  if (table.empty())
    return {};
  auto shape = cast<RankedTensorType>(op.getTable().getType()).getShape();
  std::vector<Interval> inputs{{0, shape[1] - 1}};
  if (!getCodeType(op.getInput().getType()))
    inputs = analysis.getIntervals(op.getInput());
  auto entry = [&](int64_t x) {
    return std::clamp<int64_t>(x - op.getOffset(), 0, shape[1] - 1);
  };
  std::vector<Interval> result;
  for (size_t c = 0; c < std::max<size_t>(inputs.size(), shape[0]); ++c) {
    ArrayRef<uint8_t> row =
        ArrayRef(table).slice((shape[0] > 1 ? c : 0) * shape[1], shape[1]);
    Interval input = inputs[inputs.size() > 1 ? c : 0];
    Interval all{code.getMaxValue(), code.getMinValue()};
    for (int64_t i = entry(input.lo); i <= entry(input.hi); ++i)
      all = hull({all, {code.getValue(row[i]), code.getValue(row[i])}});
    result.push_back(all);
  }
  return result;
}

static std::vector<Interval> inferWeightedSum(WeightedSumOp op,
                                              const RangeAnalysis &analysis) {
  ElementsAttr attr = getConstant(op.getWeights());
  std::vector<int32_t> weights =
      attr ? readElements<int32_t>(attr) : std::vector<int32_t>();
  if (weights.empty())
    return {};
  std::vector<Interval> lhs = analysis.getIntervals(op.getLhs());
  std::vector<Interval> rhs = analysis.getIntervals(op.getRhs());
  size_t rows = weights.size() / 2;
  std::vector<Interval> result;
  for (size_t c = 0; c < std::max({rows, lhs.size(), rhs.size()}); ++c) {
    const int32_t *weight = &weights[rows > 1 ? 2 * c : 0];
    result.push_back(add(multiply({weight[0], weight[0]}, lhs[lhs.size() > 1 ? c : 0]),
                         multiply({weight[1], weight[1]}, rhs[rhs.size() > 1 ? c : 0])));
  }
  return result;
}

static std::vector<Interval> inferConstant(ConstantOp op) {
  CodeType code = getCodeType(op.getResult().getType());
  std::vector<int8_t> codes = readElements<int8_t>(op.getValue());
  if (codes.empty())
    return {{code.getMinValue(), code.getMaxValue()}};
  Interval all{code.getMaxValue(), code.getMinValue()};
  for (int8_t q : codes) {
    int64_t value = code.getValue(static_cast<uint8_t>(q));
    all = {std::min(all.lo, value), std::max(all.hi, value)};
  }
  return {all};
}

//===----------------------------------------------------------------------===//
// Operations that move or select elements
//===----------------------------------------------------------------------===//

static int64_t lastSize(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() ? type.getShape().back() : 1;
}

/// Reshapes keep row-major order: element k of one last dimension lies at
/// k mod size of the other, one size being a multiple of the other.
static std::vector<Interval> inferReshape(ArrayRef<Interval> inputs,
                                          int64_t size) {
  int64_t from = inputs.size();
  if (from == 1 || ShapedType::isDynamic(size) || size <= 0 ||
      (from % size && size % from))
    return {hull(inputs)};
  std::vector<Interval> result(size, inputs.front());
  for (int64_t k = 0; k < std::max(from, size); ++k) {
    Interval &to = result[k % size];
    to = k < size ? inputs[k % from] : hull({to, inputs[k % from]});
  }
  return result;
}

static std::vector<Interval> inferConcat(tensor::ConcatOp op,
                                         const RangeAnalysis &analysis) {
  bool lastDim = static_cast<int64_t>(op.getDim()) ==
                 op.getResultType().getRank() - 1;
  std::vector<Interval> result;
  for (Value input : op.getInputs()) {
    std::vector<Interval> part = analysis.getIntervals(input);
    int64_t size = lastDim ? lastSize(input) : 1;
    if (ShapedType::isDynamic(size))
      return {};
    if (!lastDim)
      part = {hull(part)};
    else if (part.size() == 1)
      part.assign(size, part.front());
    result.insert(result.end(), part.begin(), part.end());
  }
  if (!lastDim)
    return {hull(result)};
  return result;
}

static std::vector<Interval> inferSlice(tensor::ExtractSliceOp op,
                                        ArrayRef<Interval> inputs) {
  int64_t last = op.getSourceType().getRank() - 1;
  bool dropped = op.getDroppedDims().test(last);
  int64_t offset = op.getStaticOffsets()[last];
  int64_t size = op.getStaticSizes()[last];
  int64_t stride = op.getStaticStrides()[last];
  if (inputs.size() == 1 || dropped || ShapedType::isDynamic(offset) ||
      ShapedType::isDynamic(size) || ShapedType::isDynamic(stride))
    return {hull(inputs)};
  std::vector<Interval> result;
  for (int64_t i = 0; i < size; ++i)
    result.push_back(inputs[offset + i * stride]);
  return result;
}

static std::vector<Interval> inferTranspose(linalg::TransposeOp op,
                                            std::vector<Interval> inputs) {
  int64_t last = op.getPermutation().size() - 1;
  if (last >= 0 && op.getPermutation()[last] != last)
    return {hull(inputs)};
  return inputs;
}

//===----------------------------------------------------------------------===//
// RangeAnalysis
//===----------------------------------------------------------------------===//

void RangeAnalysis::set(Value value, std::vector<Interval> found) {
  if (found.empty())
    return;
  if (llvm::all_equal(found))
    found.resize(1);
  intervals[value] = std::move(found);
}

std::vector<Interval> RangeAnalysis::getIntervals(Value value) const {
  if (auto it = intervals.find(value); it != intervals.end())
    return it->second;
  if (CodeType code = getCodeType(value.getType()))
    return {{code.getMinValue(), code.getMaxValue()}};
  return {{std::numeric_limits<int32_t>::min(),
           std::numeric_limits<int32_t>::max()}};
}

void RangeAnalysis::visit(Operation *op) {
  auto isTracked = [](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type && (type.getElementType().isInteger(32) || getCodeType(type));
  };
  if (op->getNumResults() != 1 || !isTracked(op->getResult(0)))
    return;
  Value result = op->getResult(0);
  auto operand = [&] { return getIntervals(op->getOperand(0)); };
  TypeSwitch<Operation *>(op)
      .Case<Conv2DOp, MatMulOp>(
          [&](auto) { set(result, inferAccumulators(op, operand())); })
      .Case([&](ConstantOp constant) { set(result, inferConstant(constant)); })
      .Case([&](QuantizeOp quantize) {
        set(result, levels(getCodeType(result.getType()),
                           quantize.getMinLevel(), quantize.getMaxLevel()));
      })
      .Case([&](ThresholdOp threshold) {
        set(result, inferThreshold(threshold, *this));
      })
      .Case([&](LookupOp lookup) { set(result, inferLookup(lookup, *this)); })
      .Case([&](WeightedSumOp sum) { set(result, inferWeightedSum(sum, *this)); })
      .Case([&](MaxPoolOp) { set(result, operand()); })
      .Case<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(
          [&](auto) { set(result, inferReshape(operand(), lastSize(result))); })
      .Case([&](tensor::ConcatOp concat) {
        set(result, inferConcat(concat, *this));
      })
      .Case([&](tensor::ExtractSliceOp slice) {
        set(result, inferSlice(slice, operand()));
      })
      .Case([&](linalg::TransposeOp transpose) {
        set(result, inferTranspose(transpose, operand()));
      });
}

} // namespace mlir::dorefa
