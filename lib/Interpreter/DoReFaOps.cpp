//===- DoReFaOps.cpp - Running the dorefa operations ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per operation, in the order of DoReFaOps.td. The formulas are
// those of Arithmetic.h.
//
//===----------------------------------------------------------------------===//

#include "Codes.h"
#include "Contraction.h"
#include "Frame.h"
#include "Windows.h"
#include "dorefa/Dialect/DoReFa/Arithmetic.h"
#include "dorefa/Dialect/DoReFa/Constants.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

using namespace mlir;
using namespace mlir::dorefa;
using namespace mlir::dorefa::interpreter;

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// Sets each element of a result from the element of `input` at its index.
template <typename To, typename From, typename Fn>
static LogicalResult mapElements(Value input, Value result, Frame &frame,
                                 Fn fn) {
  ArrayRef<From> source = frame.read<From>(input);
  auto target = frame.write<To>(result, frame.shape(input));
  if (failed(target))
    return failure();
  for (size_t i = 0; i < source.size(); ++i)
    (*target)[i] = fn(source[i], i);
  return success();
}

/// Number of elements behind one index of dimension `axis`.
static size_t getInnerSize(ArrayRef<int64_t> shape, int64_t axis) {
  size_t size = 1;
  for (int64_t dim : shape.drop_front(std::min<size_t>(axis + 1, shape.size())))
    size *= dim;
  return size;
}

/// Size of the last dimension; 1 for scalars.
static size_t getLastSize(ArrayRef<int64_t> shape) {
  return shape.empty() ? 1 : shape.back();
}

//===----------------------------------------------------------------------===//
// Constants and quantizers
//===----------------------------------------------------------------------===//

static LogicalResult run(ConstantOp op, Frame &frame) {
  std::vector<uint8_t> codes = readElements<uint8_t>(op.getValue());
  auto result = frame.write<uint8_t>(
      op.getResult(), cast<ShapedType>(op.getResult().getType()).getShape());
  if (failed(result))
    return failure();
  llvm::copy(codes, result->begin());
  return success();
}

static LogicalResult run(QuantizeOp op, Frame &frame) {
  CodeType code = getCodeType(op.getResult().getType());
  ArrayRef<float> scales = op.getScale(), zeroPoints = op.getZeroPoint();
  int64_t min = op.getMinLevel(), max = op.getMaxLevel();
  Rounding rounding = op.getRounding();
  size_t inner = getInnerSize(frame.shape(op.getInput()), op.getAxis());
  return mapElements<uint8_t, float>(
      op.getInput(), op.getResult(), frame, [&](float x, size_t i) {
        size_t channel = i / inner;
        return getCodeOfLevel(
            code, quantizeLevel(x, scales[channel % scales.size()],
                                zeroPoints[channel % zeroPoints.size()], min,
                                max, rounding));
      });
}

static LogicalResult run(QuantizeSignOp op, Frame &frame) {
  return mapElements<uint8_t, float>(
      op.getInput(), op.getResult(), frame,
      [](float x, size_t) { return signCode(x); });
}

static LogicalResult run(QuantizeActivationsOp op, Frame &frame) {
  unsigned bits = getCodeType(op.getResult().getType()).getBits();
  Activation h = op.getH();
  return mapElements<uint8_t, float>(
      op.getInput(), op.getResult(), frame,
      [&](float x, size_t) { return quantizeK(boundActivation(h, x), bits); });
}

/// Writes the codes and scales of quantized weights.
template <typename QuantizeOpTy>
static LogicalResult writeWeights(QuantizeOpTy op,
                                  const QuantizedWeights &quantized,
                                  ArrayRef<int64_t> scaleShape, Frame &frame) {
  auto codes = frame.write<int8_t>(op.getResult(), frame.shape(op.getInput()));
  auto scale = frame.write<double>(op.getScale(), scaleShape);
  if (failed(codes) || failed(scale))
    return failure();
  llvm::copy(quantized.codes, codes->begin());
  llvm::copy(quantized.scale, scale->begin());
  return success();
}

static LogicalResult run(QuantizeWeightsOp op, Frame &frame) {
  ArrayRef<float> weights = frame.read<float>(op.getInput());
  if (!areFinite(weights))
    return op.emitOpError("has weights that are NaN or infinite");
  SmallVector<int64_t> scaleShape;
  if (op.getPerChannel())
    scaleShape.push_back(frame.shape(op.getInput()).front());
  unsigned bits = getCodeType(op.getResult().getType()).getBits();
  return writeWeights(
      op,
      quantizeWeights(weights, bits,
                      scaleShape.empty() ? 1 : scaleShape.front()),
      scaleShape, frame);
}

static LogicalResult run(QuantizeTernaryOp op, Frame &frame) {
  ArrayRef<float> weights = frame.read<float>(op.getInput());
  if (!areFinite(weights))
    return op.emitOpError("has weights that are NaN or infinite");
  return writeWeights(op, quantizeTernary(weights), {}, frame);
}

static LogicalResult run(QuantizeGradientsOp op, Frame &frame) {
  int64_t samples = frame.shape(op.getInput()).front();
  FailureOr<QuantizedGradients> quantized =
      quantizeGradients(frame.read<float>(op.getInput()), samples,
                        getCodeType(op.getResult().getType()).getBits(),
                        op.getSeed(), op.getLayer(), op.getStep());
  if (failed(quantized))
    return op.emitOpError("has gradients that are NaN or infinite");
  auto codes = frame.write<int8_t>(op.getResult(), frame.shape(op.getInput()));
  auto scale = frame.write<float>(op.getScale(), {samples});
  if (failed(codes) || failed(scale))
    return failure();
  llvm::copy(quantized->codes, codes->begin());
  llvm::copy(quantized->scale, scale->begin());
  return success();
}

/// Checks that a table per channel has one row, or one for each channel.
static LogicalResult checkRows(Operation *op, size_t rows, size_t channels) {
  if (rows == 1 || rows == channels)
    return success();
  return op->emitOpError() << "has a table of " << rows << " rows for " << channels
                           << " channels";
}

template <typename T>
static LogicalResult runThreshold(ThresholdOp op, Frame &frame) {
  ThresholdTable<T> table(frame.read<T>(op.getThresholds()),
                          frame.shape(op.getThresholds()).front(),
                          op.getDecreasing(), op.getBase(),
                          getCodeType(op.getResult().getType()));
  size_t channels = getLastSize(frame.shape(op.getInput()));
  if (failed(checkRows(op, frame.shape(op.getThresholds()).front(), channels)))
    return failure();
  return mapElements<uint8_t, T>(
      op.getInput(), op.getResult(), frame,
      [&](T x, size_t i) { return table.getCode(x, i % channels); });
}

static LogicalResult run(ThresholdOp op, Frame &frame) {
  return getElementTypeOrSelf(op.getInput()).isF32()
             ? runThreshold<float>(op, frame)
             : runThreshold<int32_t>(op, frame);
}

/// `getEntry` gives the entry of an element, which may lie beyond the table.
template <typename T, typename Fn>
static LogicalResult runLookup(LookupOp op, Frame &frame, Fn getEntry) {
  ArrayRef<uint8_t> table = frame.read<uint8_t>(op.getTable());
  int64_t rows = frame.shape(op.getTable())[0], size = frame.shape(op.getTable())[1];
  int64_t channels = getLastSize(frame.shape(op.getInput()));
  if (failed(checkRows(op, rows, channels)))
    return failure();
  return mapElements<uint8_t, T>(
      op.getInput(), op.getResult(), frame, [&](T x, size_t i) {
        int64_t row = rows == 1 ? 0 : i % channels;
        return table[row * size + std::clamp<int64_t>(getEntry(x), 0, size - 1)];
      });
}

static LogicalResult run(LookupOp op, Frame &frame) {
  if (getCodeType(op.getInput().getType()))
    return runLookup<uint8_t>(op, frame, [](uint8_t code) { return code; });
  int64_t offset = op.getOffset();
  return runLookup<int32_t>(op, frame, [=](int32_t x) { return x - offset; });
}

/// The integers that accumulators or codes stand for.
static std::vector<int64_t> readIntegers(Value value, Frame &frame) {
  CodeType code = getCodeType(value.getType());
  if (!code) {
    ArrayRef<int32_t> accumulators = frame.read<int32_t>(value);
    return {accumulators.begin(), accumulators.end()};
  }
  ValueTable values(code);
  std::vector<int64_t> integers;
  for (uint8_t q : frame.read<uint8_t>(value))
    integers.push_back(values[q]);
  return integers;
}

static LogicalResult run(WeightedSumOp op, Frame &frame) {
  std::vector<int64_t> lhs = readIntegers(op.getLhs(), frame);
  std::vector<int64_t> rhs = readIntegers(op.getRhs(), frame);
  ArrayRef<int32_t> weights = frame.read<int32_t>(op.getWeights());
  ArrayRef<int64_t> shape = frame.shape(op.getLhs());
  size_t rows = weights.size() / 2;
  if (shape != frame.shape(op.getRhs()))
    return op.emitOpError("has operands whose batches differ");
  if (failed(checkRows(op, rows, getLastSize(shape))))
    return failure();
  auto result = frame.write<int32_t>(op.getResult(), shape);
  if (failed(result))
    return failure();
  for (size_t i = 0; i < lhs.size(); ++i) {
    size_t row = i % rows;
    int64_t sum = weights[2 * row] * lhs[i] + weights[2 * row + 1] * rhs[i];
    if (!llvm::isInt<32>(sum))
      return op.emitOpError() << "has the sum " << sum << " but must stay inside i32";
    (*result)[i] = static_cast<int32_t>(sum);
  }
  return success();
}

static LogicalResult run(StraightThroughOp op, Frame &frame) {
  return frame.copy(op.getResult(), op.getValue(), frame.shape(op.getValue()));
}

//===----------------------------------------------------------------------===//
// Values of codes
//===----------------------------------------------------------------------===//

static LogicalResult run(DequantizeOp op, Frame &frame) {
  ValueTable values(getCodeType(op.getInput().getType()));
  ArrayRef<double> scales = frame.read<double>(op.getScale());
  float zeroPoint = op.getZeroPoint().convertToFloat();
  size_t inner = getInnerSize(frame.shape(op.getInput()), op.getAxis());
  return mapElements<float, uint8_t>(
      op.getInput(), op.getResult(), frame, [&](uint8_t code, size_t i) {
        return dequantize(values[code], zeroPoint,
                          scales[i / inner % scales.size()]);
      });
}

static LogicalResult run(ScaleOp op, Frame &frame) {
  ArrayRef<float> scales = frame.read<float>(op.getScale());
  return mapElements<float, int32_t>(
      op.getInput(), op.getResult(), frame, [&](int32_t accumulator, size_t i) {
        return scaleAccumulator(accumulator, scales[i % scales.size()]);
      });
}

static LogicalResult run(StorageCastOp op, Frame &frame) {
  if (CodeType code = getCodeType(op.getResult().getType()))
    for (uint8_t byte : frame.read<uint8_t>(op.getInput()))
      if (byte > code.getMaxCode())
        return op.emitOpError()
               << "has byte " << unsigned(byte)
               << " but must have codes between 0 and " << code.getMaxCode();
  return frame.copy(op.getResult(), op.getInput(), frame.shape(op.getInput()));
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// Runs a layer on floats or on codes; `weights` has the layout that
/// Convolution asks for.
template <typename LayerOp>
static LogicalResult runLayer(LayerOp op, Value weights, int64_t weightsOffset,
                              const Convolution &shape,
                              ArrayRef<int64_t> resultShape, Frame &frame) {
  if (op.isInteger()) {
    std::vector<uint32_t> x =
        ValueTable(getCodeType(op.getInput().getType()))
            .read(frame.read<uint8_t>(op.getInput()), op.getInputOffset());
    std::vector<uint32_t> w =
        ValueTable(getCodeType(weights.getType()))
            .read(frame.read<uint8_t>(weights), weightsOffset);
    auto result = frame.write<uint32_t>(op.getResult(), resultShape);
    if (failed(result))
      return failure();
    convolve(shape, x.data(), w.data(), result->data());
    return checkRange(op, op.getRange(), frame.read<int32_t>(op.getResult()));
  }
  const float *bias =
      op.getBias() ? frame.read<float>(op.getBias()).data() : nullptr;
  const float *x = frame.read<float>(op.getInput()).data();
  const float *w = frame.read<float>(weights).data();
  auto result = frame.write<float>(op.getResult(), resultShape);
  if (succeeded(result))
    convolve(shape, x, w, bias, result->data());
  return result;
}

static LogicalResult run(Conv2DOp op, Frame &frame) {
  ArrayRef<int64_t> input = frame.shape(op.getInput());
  ArrayRef<int64_t> filter = frame.shape(op.getFilter());
  SmallVector<int64_t> result = resolveShape(op.getResult(), input[0]);
  Convolution shape{input[0],
                    makeWindowDim(op, 0, input[1], filter[1], result[1]),
                    makeWindowDim(op, 1, input[2], filter[2], result[2]),
                    input[3],
                    filter[0],
                    static_cast<int64_t>(op.getGroups())};
  return runLayer(op, op.getFilter(), op.getFilterOffset(), shape, result,
                  frame);
}

static LogicalResult run(MatMulOp op, Frame &frame) {
  SmallVector<int64_t> result(frame.shape(op.getInput()));
  int64_t channels = result.pop_back_val(), rows = 1;
  for (int64_t size : result)
    rows *= size;
  result.push_back(frame.shape(op.getWeights()).front());
  return runLayer(op, op.getWeights(), op.getWeightsOffset(),
                  makeMatMul(rows, channels, result.back()), result, frame);
}

//===----------------------------------------------------------------------===//
// Float functions
//===----------------------------------------------------------------------===//

static LogicalResult run(BatchNormOp op, Frame &frame) {
  ArrayRef<float> mean = frame.read<float>(op.getMean()),
                  variance = frame.read<float>(op.getVariance()),
                  gamma = frame.read<float>(op.getGamma()),
                  beta = frame.read<float>(op.getBeta());
  float epsilon = op.getEpsilon().convertToFloat();
  for (ArrayRef<float> statistic : {variance, gamma, beta})
    if (statistic.size() != mean.size())
      return op.emitOpError("has statistics of different sizes");
  return mapElements<float, float>(
      op.getInput(), op.getResult(), frame, [&](float x, size_t i) {
        size_t c = i % mean.size();
        return batchNorm(x, mean[c], variance[c], gamma[c], beta[c], epsilon);
      });
}

static LogicalResult run(UnaryOp op, Frame &frame) {
  UnaryKind kind = op.getKind();
  return mapElements<float, float>(
      op.getInput(), op.getResult(), frame,
      [&](float x, size_t) { return evaluateUnary(kind, x); });
}

/// Distance of the elements that neighbours along each dimension of `result`
/// read from a tensor of `shape`; 0 where it is broadcast.
static SmallVector<int64_t> getBroadcastStrides(ArrayRef<int64_t> shape,
                                                ArrayRef<int64_t> result) {
  SmallVector<int64_t> strides(result.size(), 0);
  int64_t stride = 1;
  for (size_t i = shape.size(), j = result.size(); i > 0; --i, --j) {
    if (shape[i - 1] != 1)
      strides[j - 1] = stride;
    stride *= shape[i - 1];
  }
  return strides;
}

static LogicalResult run(BinaryOp op, Frame &frame) {
  ArrayRef<int64_t> lhsShape = frame.shape(op.getLhs());
  ArrayRef<int64_t> rhsShape = frame.shape(op.getRhs());
  std::optional<SmallVector<int64_t>> shape =
      broadcastShapes(lhsShape, rhsShape);
  if (!shape)
    return op.emitOpError("has operands whose batches differ");
  SmallVector<int64_t> lhsStrides = getBroadcastStrides(lhsShape, *shape);
  SmallVector<int64_t> rhsStrides = getBroadcastStrides(rhsShape, *shape);
  ArrayRef<float> lhs = frame.read<float>(op.getLhs());
  ArrayRef<float> rhs = frame.read<float>(op.getRhs());
  auto result = frame.write<float>(op.getResult(), *shape);
  if (failed(result))
    return failure();
  BinaryKind kind = op.getKind();
  SmallVector<int64_t> index(shape->size(), 0);
  int64_t i = 0, j = 0;
  for (float &element : *result) {
    element = evaluateBinary(kind, lhs[i], rhs[j]);
    // Count the index up and move both operands along.
    for (size_t dim = index.size(); dim-- > 0;) {
      i += lhsStrides[dim];
      j += rhsStrides[dim];
      if (++index[dim] < (*shape)[dim])
        break;
      i -= lhsStrides[dim] * index[dim];
      j -= rhsStrides[dim] * index[dim];
      index[dim] = 0;
    }
  }
  return success();
}

static LogicalResult run(SoftmaxOp op, Frame &frame) {
  ArrayRef<int64_t> shape = frame.shape(op.getInput());
  size_t size = getLastSize(shape);
  if (failed(frame.copy(op.getResult(), op.getInput(), shape)))
    return failure();
  ArrayRef<float> copied = frame.read<float>(op.getResult());
  MutableArrayRef<float> values(const_cast<float *>(copied.data()),
                                copied.size());
  for (; !values.empty(); values = values.drop_front(size))
    softmax(values.take_front(size));
  return success();
}

static LogicalResult run(TopKOp op, Frame &frame) {
  ArrayRef<float> input = frame.read<float>(op.getInput());
  SmallVector<int64_t> shape(frame.shape(op.getInput()));
  size_t size = shape.back();
  size_t k = cast<ShapedType>(op.getValues().getType()).getShape().back();
  shape.back() = k;
  auto values = frame.write<float>(op.getValues(), shape);
  auto indices = frame.write<int64_t>(op.getIndices(), shape);
  if (failed(values) || failed(indices))
    return failure();
  bool smallest = op.getSmallest();
  std::vector<int64_t> order(size);
  for (size_t row = 0; row * size < input.size(); ++row) {
    ArrayRef<float> x = input.slice(row * size, size);
    // A total order: NaN last, of equal elements the one with the lower index.
    auto isBefore = [&](int64_t i, int64_t j) {
      if (std::isnan(x[i]) != std::isnan(x[j]))
        return !std::isnan(x[i]);
      if (std::isnan(x[i]) || x[i] == x[j])
        return i < j;
      return smallest ? x[i] < x[j] : x[i] > x[j];
    };
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + k, order.end(), isBefore);
    for (size_t i = 0; i < k; ++i) {
      (*indices)[row * k + i] = order[i];
      (*values)[row * k + i] = x[order[i]];
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

/// The largest element of each window; `getValue` gives what is compared.
template <typename T, typename Fn>
static LogicalResult runMaxPool(MaxPoolOp op, Frame &frame, Fn getValue) {
  Windows windows = Windows::get(op, frame);
  if (!windows.touchInput())
    return op.emitOpError("has a window without any element of the input");
  const T *input = frame.read<T>(op.getInput()).data();
  auto result = frame.write<T>(op.getResult(), windows.getResultShape());
  if (failed(result))
    return failure();
  T *output = result->data();
  windows.forEach([&](ArrayRef<int64_t> taps) {
    for (int64_t c = 0; c < windows.channels; ++c) {
      // NaN is never the largest, wherever in the window it stands.
      T best = std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity()
                                           : input[taps.front() + c];
      for (int64_t tap : taps)
        if (getValue(input[tap + c]) > getValue(best))
          best = input[tap + c];
      *output++ = best;
    }
  });
  return success();
}

static LogicalResult run(MaxPoolOp op, Frame &frame) {
  auto itself = [](auto x) { return x; };
  if (CodeType code = getCodeType(op.getInput().getType())) {
    ValueTable values(code);
    return runMaxPool<uint8_t>(op, frame, [&](uint8_t q) { return values[q]; });
  }
  return getElementTypeOrSelf(op.getInput()).isF32()
             ? runMaxPool<float>(op, frame, itself)
             : runMaxPool<int32_t>(op, frame, itself);
}

static LogicalResult run(AvgPoolOp op, Frame &frame) {
  Windows windows = Windows::get(op, frame);
  const float *input = frame.read<float>(op.getInput()).data();
  auto result = frame.write<float>(op.getResult(), windows.getResultShape());
  if (failed(result))
    return failure();
  int64_t kernelSize = windows.rows.kernel * windows.columns.kernel;
  bool countPadding = op.getCountIncludePad();
  float *output = result->data();
  windows.forEach([&](ArrayRef<int64_t> taps) {
    auto count = static_cast<float>(countPadding ? kernelSize : taps.size());
    for (int64_t c = 0; c < windows.channels; ++c) {
      float sum = 0.0f;
      for (int64_t tap : taps)
        sum += input[tap + c];
      *output++ = sum / count;
    }
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

std::optional<LogicalResult> interpreter::runDoReFaOp(Operation *op,
                                                      Frame &frame) {
  return TypeSwitch<Operation *, std::optional<LogicalResult>>(op)
      .Case<ConstantOp, QuantizeOp, QuantizeSignOp, QuantizeActivationsOp,
            QuantizeWeightsOp, QuantizeTernaryOp, QuantizeGradientsOp,
            ThresholdOp, LookupOp, WeightedSumOp, StraightThroughOp,
            DequantizeOp, ScaleOp, StorageCastOp, Conv2DOp, MatMulOp,
            BatchNormOp, UnaryOp, BinaryOp, SoftmaxOp, TopKOp, MaxPoolOp,
            AvgPoolOp>(
          [&](auto concrete) { return run(concrete, frame); })
      .Default(std::nullopt);
}
