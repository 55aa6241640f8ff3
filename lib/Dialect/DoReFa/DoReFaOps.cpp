//===- DoReFaOps.cpp - Verifiers of the dorefa operations -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::dorefa;

#include "dorefa/Dialect/DoReFa/DoReFaInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dorefa/Dialect/DoReFa/DoReFaOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Syntax
//===----------------------------------------------------------------------===//

ParseResult dorefa::parseOffsets(OpAsmParser &parser, IntegerAttr &input,
                                 IntegerAttr &weights) {
  Type i64 = parser.getBuilder().getI64Type();
  if (failed(parser.parseOptionalKeyword("offsets"))) {
    input = weights = IntegerAttr::get(i64, 0);
    return success();
  }
  return failure(parser.parseAttribute(input, i64) || parser.parseComma() ||
                 parser.parseAttribute(weights, i64));
}

void dorefa::printOffsets(OpAsmPrinter &printer, Operation *,
                          IntegerAttr input, IntegerAttr weights) {
  int64_t x = input ? input.getInt() : 0, w = weights ? weights.getInt() : 0;
  if (x || w)
    printer << " offsets " << x << ", " << w;
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

std::optional<int64_t> dorefa::windowCount(int64_t size, int64_t kernel,
                                           int64_t stride, int64_t dilation,
                                           int64_t before, int64_t after) {
  // Far above every real network and far below any overflow.
  constexpr int64_t limit = int64_t(1) << 30;
  for (int64_t number : {size, kernel, stride, dilation})
    if (number < 1 || number > limit)
      return std::nullopt;
  for (int64_t number : {before, after})
    if (number < 0 || number > limit)
      return std::nullopt;
  int64_t span = (kernel - 1) * dilation + 1;
  int64_t padded = size + before + after;
  if (span > padded)
    return std::nullopt;
  return (padded - span) / stride + 1;
}

std::optional<SmallVector<int64_t>>
dorefa::broadcastShapes(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs) {
  if (lhs.size() < rhs.size())
    std::swap(lhs, rhs);
  SmallVector<int64_t> shape(lhs);
  size_t lead = lhs.size() - rhs.size();
  for (size_t i = 0; i < rhs.size(); ++i) {
    int64_t &size = shape[lead + i];
    if (size == 1)
      size = rhs[i];
    else if (rhs[i] != 1 && rhs[i] != size)
      return std::nullopt;
  }
  return shape;
}

CodeType dorefa::getCodeType(Type type) {
  return dyn_cast<CodeType>(getElementTypeOrSelf(type));
}

RankedTensorType dorefa::getGradientType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return {};
  Type element = tensor.getElementType();
  if (!element.isF32() && !element.isInteger(32) && !isa<CodeType>(element))
    return {};
  return tensor.clone(Float32Type::get(type.getContext()));
}

/// Shape of an operand, result or anything else that has one.
static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

static std::string formatShape(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      shape, os,
      [&](int64_t size) {
        ShapedType::isDynamic(size) ? os << '?' : os << size;
      },
      "x");
  return text.empty() ? "a scalar" : text;
}

static LogicalResult verifyShape(Operation *op, StringRef what,
                                 ArrayRef<int64_t> found,
                                 ArrayRef<int64_t> required) {
  if (found == required)
    return success();
  return op->emitOpError() << what << " has shape " << formatShape(found)
                           << " but must have " << formatShape(required);
}

/// Per-tensor or per-channel parameters: one value, or as many as `axis` has.
static LogicalResult verifyParameterCount(Operation *op, StringRef what,
                                          int64_t count, int64_t axis,
                                          ArrayRef<int64_t> shape) {
  if (count == 1)
    return success();
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
    return op->emitOpError() << "axis is " << axis << " but must be between 0 and "
                             << shape.size() << " (exclusive)";
  if (count == shape[axis])
    return success();
  return op->emitOpError() << "has " << count << " values of " << what
                           << " but must have 1 or, for axis " << axis << ", "
                           << shape[axis];
}

static LogicalResult verifyEncoding(Operation *op, CodeType type,
                                    ArrayRef<Encoding> allowed) {
  if (llvm::is_contained(allowed, type.getEncoding()))
    return success();
  InFlightDiagnostic diag = op->emitOpError()
                            << "result encoding is "
                            << stringifyEncoding(type.getEncoding())
                            << " but must be ";
  llvm::interleave(
      allowed, [&](Encoding e) { diag << stringifyEncoding(e); },
      [&] { diag << " or "; });
  return diag;
}

//===----------------------------------------------------------------------===//
// Constants and quantizers
//===----------------------------------------------------------------------===//

LogicalResult ConstantOp::verify() {
  auto type = cast<ShapedType>(getResult().getType());
  auto payload = cast<ShapedType>(getValue().getType());
  if (!payload.getElementType().isInteger(8))
    return emitOpError() << "payload has elements of type "
                         << payload.getElementType() << " but must have i8";
  if (failed(verifyShape(*this, "payload", payload.getShape(), type.getShape())))
    return failure();
  std::optional<ArrayRef<char>> raw = getRawElements(getValue(), 1);
  if (!raw)
    return emitOpError() << "payload does not hold " << type.getNumElements()
                         << " bytes, one for each code";
  auto maxCode = static_cast<uint8_t>(getCodeType(type).getMaxCode());
  for (char byte : *raw)
    if (static_cast<uint8_t>(byte) > maxCode)
      return emitOpError() << "code " << unsigned(uint8_t(byte))
                           << " is out of range: must be between 0 and "
                           << unsigned(maxCode);
  return success();
}

int64_t QuantizeOp::getMinLevel() {
  CodeType type = getCodeType(getResult().getType());
  if (type.getEncoding() != Encoding::Signed)
    return 0;
  return type.getMinValue() + (getNarrow() ? 1 : 0);
}

int64_t QuantizeOp::getMaxLevel() {
  CodeType type = getCodeType(getResult().getType());
  if (type.getEncoding() == Encoding::Signed)
    return type.getMaxValue();
  return type.getMaxCode() - (getNarrow() ? 1 : 0);
}

LogicalResult QuantizeOp::verify() {
  if (failed(verifyEncoding(
          *this, getCodeType(getResult().getType()),
          {Encoding::Unipolar, Encoding::Bipolar, Encoding::Signed})))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(getInput());
  if (failed(verifyParameterCount(*this, "scale", getScale().size(), getAxis(),
                                  shape)) ||
      failed(verifyParameterCount(*this, "zero point", getZeroPoint().size(),
                                  getAxis(), shape)))
    return failure();
  for (float scale : getScale())
    if (!(scale > 0) || !std::isfinite(scale))
      return emitOpError() << "scale is " << scale
                           << " but must be finite and greater than 0";
  for (float zero : getZeroPoint())
    if (!std::isfinite(zero))
      return emitOpError() << "zero point is " << zero << " but must be finite";
  return success();
}

LogicalResult QuantizeSignOp::verify() {
  CodeType type = getCodeType(getResult().getType());
  if (type.getBits() != 1)
    return emitOpError() << "result has " << type.getBits()
                         << " bits but a sign has 1";
  return verifyEncoding(*this, type, {Encoding::Bipolar});
}

LogicalResult QuantizeActivationsOp::verify() {
  return verifyEncoding(*this, getCodeType(getResult().getType()),
                        {Encoding::Unipolar});
}

LogicalResult QuantizeWeightsOp::verify() {
  if (failed(verifyShape(*this, "result", shapeOf(getResult()),
                         shapeOf(getInput()))))
    return failure();
  ArrayRef<int64_t> scales;
  if (getPerChannel()) {
    if (shapeOf(getInput()).empty())
      return emitOpError()
             << "is per channel but its input is a scalar and has no channels";
    scales = shapeOf(getInput()).take_front();
  }
  if (failed(verifyShape(*this, "scale", shapeOf(getScale()), scales)))
    return failure();
  return verifyEncoding(*this, getCodeType(getResult().getType()),
                        {Encoding::Bipolar});
}

LogicalResult QuantizeTernaryOp::verify() {
  if (failed(verifyShape(*this, "result", shapeOf(getResult()),
                         shapeOf(getInput()))))
    return failure();
  return verifyEncoding(*this, getCodeType(getResult().getType()),
                        {Encoding::Ternary});
}

LogicalResult QuantizeGradientsOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getInput());
  if (shape.empty())
    return emitOpError() << "input is a scalar but must have a batch dimension";
  if (failed(verifyShape(*this, "result", shapeOf(getResult()), shape)) ||
      failed(verifyShape(*this, "scale", shapeOf(getScale()), shape.front())))
    return failure();
  return verifyEncoding(*this, getCodeType(getResult().getType()),
                        {Encoding::Bipolar});
}

/// Rows of a table per channel: one, or one for each index of the last dimension.
static LogicalResult verifyRows(Operation *op, StringRef what, int64_t rows,
                                ArrayRef<int64_t> shape) {
  if (shape.empty())
    return op->emitOpError() << "input is a scalar but must have a channel dimension";
  if (rows == 1 || rows == shape.back())
    return success();
  return op->emitOpError() << "has " << rows << " rows of " << what
                           << " but must have 1 or one for each of " << shape.back()
                           << " channels";
}

LogicalResult ThresholdOp::verify() {
  if (getElementTypeOrSelf(getInput()) != getElementTypeOrSelf(getThresholds()))
    return emitOpError() << "thresholds have element type "
                         << getElementTypeOrSelf(getThresholds())
                         << " but must have that of the input, "
                         << getElementTypeOrSelf(getInput());
  ArrayRef<int64_t> table = shapeOf(getThresholds());
  if (failed(verifyRows(*this, "thresholds", table[0], shapeOf(getInput()))))
    return failure();
  if (getDecreasing() &&
      static_cast<int64_t>(getDecreasing()->size()) != table[0])
    return emitOpError() << "has " << getDecreasing()->size()
                         << " directions but must have one for each of "
                         << table[0] << " rows of thresholds";
  CodeType code = getCodeType(getResult().getType());
  bool isCode = code.getEncoding() == Encoding::Bipolar;
  int64_t low = isCode ? 0 : code.getMinValue();
  int64_t high = isCode ? code.getMaxCode() : code.getMaxValue();
  int64_t base = getBase();
  if (base < low || table[1] > high - low || base + table[1] > high)
    return emitOpError() << "levels " << base << " to " << base + table[1]
                         << " do not fit the code, which holds " << low << " to "
                         << high;
  return success();
}

LogicalResult LookupOp::verify() {
  ArrayRef<int64_t> table = shapeOf(getTable());
  if (failed(verifyRows(*this, "codes", table[0], shapeOf(getInput()))))
    return failure();
  if (getElementTypeOrSelf(getTable()) != getElementTypeOrSelf(getResult()))
    return emitOpError() << "table has element type " << getElementTypeOrSelf(getTable())
                         << " but must have that of the result, "
                         << getElementTypeOrSelf(getResult());
  if (table[1] < 1)
    return emitOpError() << "table has no entry but must have at least one";
  CodeType code = getCodeType(getInput().getType());
  if (code && table[1] != code.getMaxCode() + 1)
    return emitOpError() << "table has " << table[1] << " entries but must have "
                         << code.getMaxCode() + 1 << ", one for each code";
  if (code && getOffset() != 0)
    return emitOpError() << "offset is " << getOffset() << " but must be 0 for codes";
  return success();
}

LogicalResult WeightedSumOp::verify() {
  ArrayRef<int64_t> weights = shapeOf(getWeights());
  if (weights[1] != 2)
    return emitOpError() << "has " << weights[1]
                         << " weights in a row but must have 2, one for each operand";
  return verifyRows(*this, "weights", weights[0], shapeOf(getResult()));
}

//===----------------------------------------------------------------------===//
// Values of codes
//===----------------------------------------------------------------------===//

LogicalResult DequantizeOp::verify() {
  ArrayRef<int64_t> scale = shapeOf(getScale());
  if (scale.empty())
    return success();
  return verifyParameterCount(*this, "scale", scale.front(), getAxis(),
                              shapeOf(getInput()));
}

LogicalResult ScaleOp::verify() {
  ArrayRef<int64_t> scale = shapeOf(getScale());
  if (scale.empty())
    return success();
  ArrayRef<int64_t> shape = shapeOf(getInput());
  return verifyParameterCount(*this, "scale", scale.front(),
                              static_cast<int64_t>(shape.size()) - 1, shape);
}

LogicalResult StorageCastOp::verify() {
  bool from = static_cast<bool>(getCodeType(getInput().getType()));
  bool to = static_cast<bool>(getCodeType(getResult().getType()));
  if (from != to)
    return success();
  return emitOpError() << "casts " << getInput().getType() << " to "
                       << getResult().getType()
                       << " but must cast between codes and i8";
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// Input and weights are both floats or both codes; the result follows, and only
/// floats have a bias.
template <typename LayerOp>
static LogicalResult verifyLayerTypes(LayerOp op, Value weights, int64_t outputs) {
  bool codes = static_cast<bool>(getCodeType(op.getInput().getType()));
  if (codes != static_cast<bool>(getCodeType(weights.getType())))
    return op.emitOpError() << "has input " << op.getInput().getType()
                            << " and weights " << weights.getType()
                            << " but both must be f32 or both codes";
  Type result = getElementTypeOrSelf(op.getResult());
  if (codes ? !result.isInteger(32) : !result.isF32())
    return op.emitOpError() << "result has element type " << result
                            << " but must have " << (codes ? "i32" : "f32");
  if (Value bias = op.getBias()) {
    if (codes)
      return op.emitOpError() << "has a bias but works on codes; add the bias "
                                 "after dorefa.scale";
    if (failed(verifyShape(op, "bias", shapeOf(bias), outputs)))
      return failure();
  }
  if (!codes && op.getInputOffset() != 0)
    return op.emitOpError() << "has offsets, which only codes have";
  if (op.getRange() && op.getRange()->size() != 2)
    return op.emitOpError() << "range has " << op.getRange()->size()
                            << " values but must have 2: smallest and largest";
  return success();
}

/// Checks the attributes of a window and returns the spatial size of the result.
template <typename WindowOp>
static FailureOr<SmallVector<int64_t>> getWindows(WindowOp op,
                                                  ArrayRef<int64_t> kernel) {
  if (kernel.size() != 2 || op.getStrides().size() != 2 ||
      op.getDilations().size() != 2 || op.getPads().size() != 4)
    return op.emitOpError() << "kernel, strides and dilations must have 2 values "
                               "each, and pads 4: top, left, bottom, right";
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  SmallVector<int64_t> windows;
  for (unsigned i : {0u, 1u}) {
    std::optional<int64_t> count =
        windowCount(shape[i + 1], kernel[i], op.getStrides()[i],
                    op.getDilations()[i], op.getPads()[i], op.getPads()[i + 2]);
    if (!count)
      return op.emitOpError()
             << "window does not fit along dimension " << i + 1 << ": size "
             << shape[i + 1] << ", kernel " << kernel[i] << ", stride "
             << op.getStrides()[i] << ", dilation " << op.getDilations()[i]
             << ", pads " << op.getPads()[i] << " and " << op.getPads()[i + 2]
             << "; sizes, strides and dilations must be at least 1, pads at "
                "least 0, and the kernel at most as large as the padded input";
    windows.push_back(*count);
  }
  return windows;
}

bool Conv2DOp::isInteger() {
  return static_cast<bool>(getCodeType(getInput().getType()));
}

LogicalResult Conv2DOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput());
  ArrayRef<int64_t> filter = shapeOf(getFilter());
  if (failed(verifyLayerTypes(*this, getFilter(), filter[0])))
    return failure();
  int64_t groups = getGroups();
  if (groups < 1 || input[3] % groups || filter[0] % groups ||
      filter[3] != input[3] / groups)
    return emitOpError() << "has " << groups << " groups, " << input[3]
                         << " input channels, " << filter[0]
                         << " output channels and filters over " << filter[3]
                         << " channels; groups must divide both and filters must "
                            "have input channels / groups";
  FailureOr<SmallVector<int64_t>> windows = getWindows(*this, filter.slice(1, 2));
  if (failed(windows))
    return failure();
  return verifyShape(*this, "result", shapeOf(getResult()),
                     {input[0], (*windows)[0], (*windows)[1], filter[0]});
}

bool MatMulOp::isInteger() {
  return static_cast<bool>(getCodeType(getInput().getType()));
}

LogicalResult MatMulOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput());
  ArrayRef<int64_t> weights = shapeOf(getWeights());
  if (failed(verifyLayerTypes(*this, getWeights(), weights[0])))
    return failure();
  if (input.empty() || input.back() != weights[1])
    return emitOpError() << "input has shape " << formatShape(input)
                         << " but its last size must be that of the weights, "
                         << weights[1];
  SmallVector<int64_t> required(input);
  required.back() = weights[0];
  return verifyShape(*this, "result", shapeOf(getResult()), required);
}

//===----------------------------------------------------------------------===//
// Float functions and pools
//===----------------------------------------------------------------------===//

LogicalResult BatchNormOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput());
  if (input.empty())
    return emitOpError() << "input is a scalar but must have a channel dimension";
  return verifyShape(*this, "statistics", shapeOf(getMean()), input.back());
}

LogicalResult BinaryOp::verify() {
  std::optional<SmallVector<int64_t>> shape =
      broadcastShapes(shapeOf(getLhs()), shapeOf(getRhs()));
  if (!shape)
    return emitOpError() << "operands of shapes " << formatShape(shapeOf(getLhs()))
                         << " and " << formatShape(shapeOf(getRhs()))
                         << " do not broadcast";
  return verifyShape(*this, "result", shapeOf(getResult()), *shape);
}

LogicalResult TopKOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput());
  ArrayRef<int64_t> values = shapeOf(getValues());
  if (input.empty() || values.size() != input.size())
    return emitOpError() << "values have rank " << values.size()
                         << " but must have the rank of the input, "
                         << input.size() << ", and at least 1";
  if (failed(verifyShape(*this, "indices", shapeOf(getIndices()), values)) ||
      failed(verifyShape(*this, "values", values.drop_back(), input.drop_back())))
    return failure();
  if (values.back() < 1 || values.back() > input.back())
    return emitOpError() << "k is " << values.back()
                         << " but must be between 1 and " << input.back();
  return success();
}

/// Whether one of `count` windows has no tap on the `size` elements of the input,
/// because its taps lie further apart.
static bool missesInput(int64_t size, int64_t dilation, int64_t stride,
                        int64_t before, int64_t count) {
  if (dilation <= size)
    return false;
  for (int64_t window = 0; window < count; ++window) {
    int64_t start = window * stride - before;
    int64_t first = start < 0 ? (dilation + start % dilation) % dilation : start;
    if (first >= size)
      return true;
  }
  return false;
}

template <typename PoolOp>
static LogicalResult verifyPool(PoolOp op) {
  FailureOr<SmallVector<int64_t>> windows = getWindows(op, op.getKernel());
  if (failed(windows))
    return failure();
  ArrayRef<int64_t> kernel = op.getKernel(), dilations = op.getDilations(),
                    pads = op.getPads();
  for (unsigned i : {0u, 1u, 2u, 3u})
    if (pads[i] >= (kernel[i % 2] - 1) * dilations[i % 2] + 1)
      return op.emitOpError() << "pad is " << pads[i]
                              << " but must be smaller than the window, so that "
                                 "each window touches the input";
  if (getElementTypeOrSelf(op.getInput()) != getElementTypeOrSelf(op.getResult()))
    return op.emitOpError() << "result must have the element type of the input";
  ArrayRef<int64_t> input = shapeOf(op.getInput());
  for (unsigned i : {0u, 1u})
    if (missesInput(input[i + 1], dilations[i], op.getStrides()[i], pads[i],
                    (*windows)[i]))
      return op.emitOpError()
             << "dilation is " << dilations[i]
             << ", so that a window has no tap on the " << input[i + 1]
             << " elements of dimension " << i + 1
             << "; each window must touch the input";
  return verifyShape(op, "result", shapeOf(op.getResult()),
                     {input[0], (*windows)[0], (*windows)[1], input[3]});
}

LogicalResult MaxPoolOp::verify() { return verifyPool(*this); }
LogicalResult AvgPoolOp::verify() { return verifyPool(*this); }
