//===- DoReFaFolders.cpp - Constant folding of the dorefa dialect ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantizers of constants fold whatever their size: codes are smaller than the
// floats they replace. Float functions fold up to a limit, so that folding
// never makes a program much larger.
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/DoReFa/Arithmetic.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::dorefa;

/// Largest number of elements that a folded float function may have.
static constexpr int64_t maxFoldedElements = 4096;

/// The elements of a folder's operand, where it is constant and `result` has a
/// static shape; else null.
static ElementsAttr getElements(Attribute operand, Type result) {
  auto type = dyn_cast<RankedTensorType>(result);
  return type && type.hasStaticShape() ? dyn_cast_or_null<ElementsAttr>(operand)
                                       : ElementsAttr();
}

/// The payload of a constant of codes: bytes in the shape of `result`.
static ElementsAttr makeCodes(Type result, std::vector<int8_t> &&codes) {
  auto type = cast<RankedTensorType>(result);
  Type byte = IntegerType::get(type.getContext(), 8);
  return makeElements<int8_t>(type.clone(byte), std::move(codes), "codes");
}

//===----------------------------------------------------------------------===//
// Constants and casts
//===----------------------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor adaptor) {
  return adaptor.getValue();
}

/// Whether every byte is a code of `type`.
static bool holdsCodes(ElementsAttr bytes, CodeType type) {
  return llvm::all_of(readElements<int8_t>(bytes), [&](int8_t byte) {
    return static_cast<uint8_t>(byte) <= type.getMaxCode();
  });
}

OpFoldResult StorageCastOp::fold(FoldAdaptor adaptor) {
  Type type = getResult().getType();
  if (getInput().getType() == type)
    return getInput();
  auto producer = getInput().getDefiningOp<StorageCastOp>();
  if (producer && producer.getInput().getType() == type)
    return producer.getInput();
  ElementsAttr bytes = getElements(adaptor.getInput(), type);
  auto code = dyn_cast<CodeType>(getElementTypeOrSelf(type));
  if (!bytes || (code && !holdsCodes(bytes, code)))
    return {};
  return bytes;
}

OpFoldResult StraightThroughOp::fold(FoldAdaptor) {
  // Anything more would lose the way of the gradient.
  return getValue() == getGradient() ? getValue() : Value();
}

//===----------------------------------------------------------------------===//
// Quantizers
//===----------------------------------------------------------------------===//

OpFoldResult QuantizeOp::fold(FoldAdaptor adaptor) {
  ElementsAttr input = getElements(adaptor.getInput(), getResult().getType());
  if (!input)
    return {};
  auto type = cast<RankedTensorType>(getResult().getType());
  auto code = cast<CodeType>(type.getElementType());
  std::vector<float> values = readElements<float>(input);
  // Elements that share an index of the axis stand in runs of `inner`.
  int64_t inner = 1;
  for (int64_t size : type.getShape().drop_front(
           std::min<int64_t>(getAxis() + 1, type.getRank())))
    inner *= size;
  ArrayRef<float> scales = getScale(), zeroPoints = getZeroPoint();
  std::vector<int8_t> codes(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    size_t channel = i / inner;
    int64_t level = quantizeLevel(values[i], scales[channel % scales.size()],
                                  zeroPoints[channel % zeroPoints.size()],
                                  getMinLevel(), getMaxLevel(), getRounding());
    codes[i] = static_cast<int8_t>(getCodeOfLevel(code, level));
  }
  return makeCodes(type, std::move(codes));
}

OpFoldResult QuantizeSignOp::fold(FoldAdaptor adaptor) {
  ElementsAttr input = getElements(adaptor.getInput(), getResult().getType());
  if (!input)
    return {};
  std::vector<float> values = readElements<float>(input);
  std::vector<int8_t> codes(values.size());
  llvm::transform(values, codes.begin(), signCode);
  return makeCodes(getResult().getType(), std::move(codes));
}

OpFoldResult QuantizeActivationsOp::fold(FoldAdaptor adaptor) {
  ElementsAttr input = getElements(adaptor.getInput(), getResult().getType());
  if (!input)
    return {};
  unsigned bits = getCodeType(getResult().getType()).getBits();
  std::vector<float> values = readElements<float>(input);
  std::vector<int8_t> codes(values.size());
  llvm::transform(values, codes.begin(), [&](float value) {
    return static_cast<int8_t>(quantizeK(boundActivation(getH(), value), bits));
  });
  return makeCodes(getResult().getType(), std::move(codes));
}

/// The results of a quantizer that yields codes and their scales.
template <typename T>
static void pushResults(Operation *op, std::vector<int8_t> &&codes,
                        std::vector<T> &&scale,
                        SmallVectorImpl<OpFoldResult> &results) {
  results.push_back(makeCodes(op->getResult(0).getType(), std::move(codes)));
  results.push_back(
      makeElements<T>(cast<RankedTensorType>(op->getResult(1).getType()),
                      std::move(scale), "scale"));
}

/// The elements of the float input of such a quantizer, where they are constant
/// and it has a value for them.
template <typename OpTy>
static std::optional<std::vector<float>>
readFinite(OpTy op, typename OpTy::FoldAdaptor adaptor) {
  ElementsAttr input =
      getElements(adaptor.getInput(), op.getResult().getType());
  if (!input)
    return std::nullopt;
  std::vector<float> values = readElements<float>(input);
  if (!areFinite(values))
    return std::nullopt;
  return values;
}

LogicalResult QuantizeWeightsOp::fold(FoldAdaptor adaptor,
                                      SmallVectorImpl<OpFoldResult> &results) {
  std::optional<std::vector<float>> weights = readFinite(*this, adaptor);
  if (!weights)
    return failure();
  QuantizedWeights quantized = quantizeWeights(
      *weights, getCodeType(getResult().getType()).getBits(),
      cast<RankedTensorType>(getScale().getType()).getNumElements());
  pushResults(*this, std::move(quantized.codes), std::move(quantized.scale),
              results);
  return success();
}

LogicalResult QuantizeTernaryOp::fold(FoldAdaptor adaptor,
                                      SmallVectorImpl<OpFoldResult> &results) {
  std::optional<std::vector<float>> weights = readFinite(*this, adaptor);
  if (!weights)
    return failure();
  QuantizedWeights quantized = quantizeTernary(*weights);
  pushResults(*this, std::move(quantized.codes), std::move(quantized.scale),
              results);
  return success();
}

LogicalResult
QuantizeGradientsOp::fold(FoldAdaptor adaptor,
                          SmallVectorImpl<OpFoldResult> &results) {
  std::optional<std::vector<float>> gradients = readFinite(*this, adaptor);
  if (!gradients)
    return failure();
  FailureOr<QuantizedGradients> quantized = quantizeGradients(
      *gradients, cast<RankedTensorType>(getScale().getType()).getNumElements(),
      getCodeType(getResult().getType()).getBits(), getSeed(), getLayer(),
      getStep());
  if (failed(quantized))
    return failure();
  pushResults(*this, std::move(quantized->codes), std::move(quantized->scale),
              results);
  return success();
}

//===----------------------------------------------------------------------===//
// Float functions
//===----------------------------------------------------------------------===//

/// Whether a float function with this result is small enough to fold.
static bool isSmall(Type result) {
  auto type = cast<ShapedType>(result);
  return type.hasStaticShape() && type.getNumElements() <= maxFoldedElements;
}

OpFoldResult UnaryOp::fold(FoldAdaptor adaptor) {
  ElementsAttr input = getElements(adaptor.getInput(), getResult().getType());
  if (!input || !isSmall(getResult().getType()))
    return {};
  std::vector<float> values = readElements<float>(input);
  for (float &value : values)
    value = evaluateUnary(getKind(), value);
  return makeElements<float>(cast<RankedTensorType>(getResult().getType()),
                             std::move(values), "unary");
}

OpFoldResult BinaryOp::fold(FoldAdaptor adaptor) {
  auto type = cast<RankedTensorType>(getResult().getType());
  ElementsAttr lhs = getElements(adaptor.getLhs(), type);
  ElementsAttr rhs = getElements(adaptor.getRhs(), type);
  if (!lhs || !rhs || !isSmall(type))
    return {};
  // Of the broadcasts only the one that needs no index arithmetic.
  size_t count = type.getNumElements();
  std::vector<float> a = readElements<float>(lhs), b = readElements<float>(rhs);
  if ((a.size() != count && a.size() != 1) ||
      (b.size() != count && b.size() != 1))
    return {};
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = evaluateBinary(getKind(), a[a.size() == 1 ? 0 : i],
                               b[b.size() == 1 ? 0 : i]);
  return makeElements<float>(type, std::move(values), "binary");
}
