//===- Quantizers.cpp - Quantizers of QONNX and FINN ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "dorefa/Dialect/DoReFa/Arithmetic.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringSwitch.h"

#include <cmath>

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Quantizer
//===----------------------------------------------------------------------===//

int64_t Quantizer::getMinLevel() const {
  return isSigned ? -(int64_t(1) << (bits - 1)) + narrow : 0;
}

int64_t Quantizer::getMaxLevel() const {
  return isSigned ? (int64_t(1) << (bits - 1)) - 1
                  : (int64_t(1) << bits) - 1 - narrow;
}

float Quantizer::apply(float x, int64_t channel) const {
  double s = scale[scale.size() == 1 ? 0 : channel];
  if (sign)
    return dequantize(signCode(x) ? 1 : -1, 0, s);
  int64_t level = quantizeLevel(x, static_cast<float>(s), zeroPoint,
                                getMinLevel(), getMaxLevel(), rounding);
  return dequantize(level, zeroPoint, s);
}

void dorefa::applyQuantizer(Tensor &tensor) {
  if (!tensor.quantizer)
    return;
  auto result = std::make_shared<Constant>(*tensor.constant);
  std::vector<float> values = takeFloats(std::move(*result));
  int64_t inner = 1, channels = 1;
  if (tensor.quantizer->scale.size() > 1) {
    channels = tensor.quantizer->scale.size();
    for (int64_t i = tensor.quantizer->axis + 1; i < result->getRank(); ++i)
      inner *= result->shape[i];
  }
  for (size_t i = 0; i < values.size(); ++i)
    values[i] =
        tensor.quantizer->apply(values[i], int64_t(i) / inner % channels);
  result->data = std::move(values);
  tensor.constant = std::move(result);
  tensor.quantizer.reset();
}

std::optional<Quantizer> dorefa::parseDataType(StringRef name) {
  Quantizer quantizer;
  quantizer.scale = {1};
  if (name == "BIPOLAR") {
    quantizer.sign = true;
  } else if (name == "BINARY") {
    quantizer.isSigned = false;
  } else if (name == "TERNARY") {
    quantizer.bits = 2;
    quantizer.narrow = true;
  } else {
    quantizer.isSigned = !name.consume_front("U");
    if (!name.consume_front("INT") || name.getAsInteger(10, quantizer.bits) ||
        quantizer.bits < 1 || quantizer.bits > 8)
      return std::nullopt;
  }
  return quantizer;
}

/// Type of the codes. A half-integer zero point z of unsigned levels makes them
/// bipolar: `(q - z) * s = (v(q) - (2z - N)) * s/2` with `v(q) = 2q - N`.
static CodeType getLevelType(MLIRContext *context, const Quantizer &quantizer) {
  Encoding encoding = Encoding::Signed;
  float z = quantizer.zeroPoint;
  if (quantizer.sign || (!quantizer.isSigned && z - std::floor(z) == 0.5f))
    encoding = Encoding::Bipolar;
  else if (!quantizer.isSigned)
    encoding = Encoding::Unipolar;
  return CodeType::get(context, quantizer.bits, encoding);
}

static Value emitDequantize(const Node &node, Value codes,
                            std::vector<double> scale, float zeroPoint,
                            int64_t axis, Location loc) {
  OpBuilder &builder = node.getBuilder();
  SmallVector<int64_t> shape;
  if (scale.size() != 1)
    shape.push_back(scale.size());
  else
    axis = 0;
  auto scaleType = RankedTensorType::get(shape, builder.getF64Type());
  ElementsAttr attr = makeElements(scaleType, std::move(scale), "scale");
  Value scaleValue =
      materialize(builder, builder.getUnknownLoc(), attr, scaleType);
  Type type =
      cast<RankedTensorType>(codes.getType()).clone(builder.getF32Type());
  return DequantizeOp::create(builder, loc, type, codes, scaleValue,
                              builder.getF32FloatAttr(zeroPoint),
                              builder.getI64IntegerAttr(axis));
}

FailureOr<Value> dorefa::emitQuantizer(const Node &node, Value input,
                                       const Quantizer &quantizer, int64_t axis,
                                       Location loc) {
  OpBuilder &builder = node.getBuilder();
  CodeType code = getLevelType(builder.getContext(), quantizer);
  Type type = cast<RankedTensorType>(input.getType()).clone(code);
  std::vector<double> scale = quantizer.scale;
  if (scale.size() == 1)
    axis = 0;
  float zeroPoint = quantizer.zeroPoint;
  Value codes;
  if (quantizer.sign) {
    codes = QuantizeSignOp::create(builder, loc, type, input);
  } else {
    SmallVector<float> floats(scale.begin(), scale.end());
    codes = QuantizeOp::create(
        builder, loc, type, input, builder.getDenseF32ArrayAttr(floats),
        builder.getDenseF32ArrayAttr({zeroPoint}),
        RoundingAttr::get(builder.getContext(), quantizer.rounding),
        quantizer.narrow ? builder.getUnitAttr() : UnitAttr(),
        builder.getI64IntegerAttr(axis));
    if (code.getEncoding() == Encoding::Bipolar) {
      for (double &s : scale)
        s /= 2;
      zeroPoint = 2 * zeroPoint - static_cast<float>(code.getMaxCode());
    }
  }
  return emitDequantize(node, codes, std::move(scale), zeroPoint, axis, loc);
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

static FailureOr<Rounding> readRounding(const Node &node, StringRef byDefault) {
  FailureOr<std::string> text = node.getString("rounding_mode", byDefault);
  if (failed(text))
    return failure();
  std::string upper = StringRef(*text).upper();
  auto mode = llvm::StringSwitch<std::optional<Rounding>>(upper)
                  .Cases({"ROUND", "HALF_EVEN"}, Rounding::HalfEven)
                  .Case("HALF_UP", Rounding::HalfUp)
                  .Case("HALF_DOWN", Rounding::HalfDown)
                  .Case("UP", Rounding::Up)
                  .Cases({"DOWN", "ROUND_TO_ZERO"}, Rounding::Down)
                  .Case("CEIL", Rounding::Ceil)
                  .Case("FLOOR", Rounding::Floor)
                  .Default(std::nullopt);
  if (mode)
    return *mode;
  return node.emitAttrError("rounding_mode")
         << "is '" << printable(*text)
         << "' but must be ROUND, HALF_EVEN, HALF_UP, HALF_DOWN, UP, DOWN, "
            "ROUND_TO_ZERO, CEIL or FLOOR";
}

/// One number, whatever type and shape the file gives it.
static FailureOr<double> readNumber(Node &node, unsigned index,
                                    StringRef what) {
  FailureOr<Constant> constant = node.takeConstant(index, what);
  if (failed(constant))
    return failure();
  int64_t count = constant->getNumElements();
  for (int64_t i = 1; i < count; ++i)
    if (constant->getNumber(i) != constant->getNumber(0))
      count = 0;
  if (count == 0)
    return node.emitError()
           << "has a " << what << " of shape " << formatShape(constant->shape)
           << " but it must be one number";
  return constant->getNumber(0);
}

static FailureOr<unsigned> readBits(Node &node, unsigned index,
                                    StringRef what) {
  FailureOr<double> bits = readNumber(node, index, what);
  if (failed(bits))
    return failure();
  if (*bits >= 1 && *bits <= 32 && *bits == std::floor(*bits))
    return static_cast<unsigned>(*bits);
  return node.emitError() << "has a " << what << " of " << printable(*bits)
                          << " but it must be an integer between 1 and 32";
}

static FailureOr<bool> readFlag(const Node &node, StringRef name,
                                int64_t byDefault) {
  FailureOr<int64_t> flag = node.getInt(name, byDefault);
  if (failed(flag))
    return failure();
  if (*flag != 0 && *flag != 1)
    return node.emitAttrError(name) << "is " << *flag << " but must be 0 or 1";
  return *flag == 1;
}

/// Scales of input 1 for a tensor of `shape`: one, or one per index of `axis`.
static LogicalResult readScale(Node &node, ArrayRef<int64_t> shape,
                               Quantizer &quantizer) {
  FailureOr<Constant> scale = node.takeConstant(1, "scale");
  if (failed(scale))
    return failure();
  int64_t count = scale->getNumElements();
  for (int64_t i = 0; i < count; ++i) {
    double s = scale->getNumber(i);
    // A sign may stand for 0 or be flipped; dividing by the scale may not.
    if (!quantizer.sign &&
        !(static_cast<float>(s) > 0 && std::isfinite(float(s))))
      return node.emitError() << "has a scale of " << printable(s)
                              << " but scales must be greater than 0";
    quantizer.scale.push_back(s);
  }
  int64_t lead = int64_t(shape.size()) - scale->getRank();
  if (count == 1)
    return success();
  for (int64_t i = 0; i < scale->getRank(); ++i)
    if (scale->shape[i] == count && lead + i >= 0 && shape[lead + i] == count) {
      quantizer.axis = lead + i;
      return success();
    }
  return node.emitError()
         << "has scales of shape " << formatShape(scale->shape)
         << " for a tensor of shape " << formatShape(shape)
         << " but must have one scale, or one for each index of one "
            "dimension";
}

//===----------------------------------------------------------------------===//
// Wide quantizers, as float operations
//===----------------------------------------------------------------------===//

namespace {

/// Emits float operations one after the other on one value.
class Chain {
public:
  Chain(const Node &node, Value value, ArrayRef<int64_t> perm)
      : node(node), value(value), perm(perm) {}

  Chain &apply(BinaryKind kind, Value rhs, bool last = false) {
    if (failed(value))
      return *this;
    Location loc =
        node.getLoc(perm, last ? StringRef() : stringifyBinaryKind(kind));
    value = emitBinary(node, kind, *value, rhs, loc);
    return *this;
  }
  Chain &apply(BinaryKind kind, float rhs, bool last = false) {
    return apply(kind, emitNumber(node, rhs), last);
  }
  Chain &apply(UnaryKind kind) {
    if (succeeded(value))
      value = emitUnary(node, kind, *value,
                        node.getLoc(perm, stringifyUnaryKind(kind)));
    return *this;
  }
  Chain &round(Rounding mode) {
    if (succeeded(value))
      value = emitRounding(node, mode, *value, perm);
    return *this;
  }
  FailureOr<Value> get() const { return value; }

private:
  const Node &node;
  FailureOr<Value> value;
  ArrayRef<int64_t> perm;
};

} // namespace

/// Modes that treat both signs alike round the positive and the negative part:
/// one of the two is 0.
FailureOr<Value> dorefa::emitRounding(const Node &node, Rounding mode,
                                      Value input, ArrayRef<int64_t> perm) {
  auto simple = [&](UnaryKind kind) {
    return emitUnary(node, kind, input, node.getLoc(perm, "round"));
  };
  bool outward = mode == Rounding::Up || mode == Rounding::HalfDown;
  float shift = 0;
  switch (mode) {
  case Rounding::HalfEven:
    return simple(UnaryKind::RoundHalfEven);
  case Rounding::Ceil:
    return simple(UnaryKind::Ceil);
  case Rounding::Floor:
    return simple(UnaryKind::Floor);
  case Rounding::HalfUp:
    shift = 0.5f;
    break;
  case Rounding::HalfDown:
    shift = -0.5f;
    break;
  case Rounding::Up:
  case Rounding::Down:
    break;
  }
  Chain positive(node, input, perm), negative(node, input, perm);
  positive.apply(BinaryKind::Max, 0.0f);
  negative.apply(BinaryKind::Min, 0.0f);
  if (shift != 0) {
    positive.apply(BinaryKind::Add, shift);
    negative.apply(BinaryKind::Sub, shift);
  }
  positive.apply(outward ? UnaryKind::Ceil : UnaryKind::Floor);
  negative.apply(outward ? UnaryKind::Floor : UnaryKind::Ceil);
  if (failed(negative.get()))
    return failure();
  return positive.apply(BinaryKind::Add, *negative.get()).get();
}

/// A quantizer whose levels do not fit a code: `x / s + z`, clamped, rounded,
/// and back.
static LogicalResult importWideQuantizer(Node &node,
                                         const Quantizer &quantizer) {
  FailureOr<Tensor> x = node.getFloatValue(0);
  if (failed(x) || failed(x = toCanonical(node, *x)))
    return failure();
  Constant scales;
  scales.data =
      std::vector<float>(quantizer.scale.begin(), quantizer.scale.end());
  if (quantizer.scale.size() > 1) {
    scales.shape.assign(x->getRank(), 1);
    scales.shape[quantizer.axis] = quantizer.scale.size();
  }
  Value scale = emitFloats(node, arrangeLike(std::move(scales), *x),
                           node.getInputName(1));
  Chain chain(node, x->value, x->perm);
  chain.apply(BinaryKind::Div, scale);
  if (quantizer.zeroPoint != 0)
    chain.apply(BinaryKind::Add, quantizer.zeroPoint);
  chain.apply(BinaryKind::Max, float(quantizer.getMinLevel()))
      .apply(BinaryKind::Min, float(quantizer.getMaxLevel()))
      .round(quantizer.rounding);
  if (quantizer.zeroPoint != 0)
    chain.apply(BinaryKind::Sub, quantizer.zeroPoint);
  chain.apply(BinaryKind::Mul, scale, /*last=*/true);
  if (failed(chain.get()))
    return failure();
  remark::analysis(
      node.getLoc(x->perm),
      remark::RemarkOpts::name("wide-activation").category("dorefa"))
      << remark::reason(
             "activation has {0} bits and stays float: codes have at "
             "most 8",
             quantizer.bits);
  x->value = *chain.get();
  return node.setOutput(*x);
}

//===----------------------------------------------------------------------===//
// Quant and BipolarQuant
//===----------------------------------------------------------------------===//

/// Gives a constant its quantizer, or quantizes a value.
static LogicalResult importQuantizer(Node &node, Quantizer quantizer) {
  Tensor &input = node.getInput(0);
  if (input.constant) {
    applyQuantizer(input);
    if (input.constant->isInteger())
      return node.emitError() << "quantizes integers but must quantize floats";
    if (!isFinite(*input.constant))
      return node.getImporter().emitError(node.getInputName(0))
             << "tensor '" << printable(node.getInputName(0))
             << "', quantized by node '" << node.getOutputName()
             << "', holds NaN or infinity but must be finite";
    Tensor result = std::move(input);
    result.quantizer = std::move(quantizer);
    if (result.quantizer->bits > 8)
      applyQuantizer(result);
    return node.setOutput(std::move(result));
  }
  if (quantizer.bits > 8)
    return importWideQuantizer(node, quantizer);
  FailureOr<Tensor> x = node.getFloatValue(0);
  if (failed(x) || failed(x = toCanonical(node, *x)))
    return failure();
  if (x->flattened && quantizer.scale.size() > 1) {
    FailureOr<Value> value = toFileOrder(node, *x);
    if (failed(value))
      return failure();
    x = Tensor{{}, {}, *value, identityPerm(2), false};
  }
  int64_t axis = quantizer.scale.size() > 1 ? x->perm[quantizer.axis] : 0;
  FailureOr<Value> value =
      emitQuantizer(node, x->value, quantizer, axis, node.getLoc(x->perm));
  if (failed(value))
    return failure();
  x->value = *value;
  return node.setOutput(*x);
}

/// Shape of input 0 in the file; fails where it is missing.
static FailureOr<SmallVector<int64_t>> getInputShape(Node &node) {
  if (!node.hasInput(0))
    return node.emitError() << "has no input 0";
  return node.getInput(0).getShape();
}

static LogicalResult importQuant(Node &node) {
  if (failed(node.checkInputs(4, 4)))
    return failure();
  Quantizer quantizer;
  FailureOr<unsigned> bits = readBits(node, 3, "bit width");
  FailureOr<bool> isSigned = readFlag(node, "signed", 1);
  FailureOr<bool> narrow = readFlag(node, "narrow", 1);
  FailureOr<Rounding> rounding = readRounding(node, "ROUND");
  if (failed(bits) || failed(isSigned) || failed(narrow) || failed(rounding))
    return failure();
  quantizer.bits = *bits;
  quantizer.isSigned = *isSigned;
  quantizer.narrow = *narrow;
  quantizer.rounding = *rounding;
  FailureOr<double> zeroPoint = readNumber(node, 2, "zero point");
  FailureOr<SmallVector<int64_t>> shape = getInputShape(node);
  if (failed(zeroPoint) || failed(shape) ||
      failed(readScale(node, *shape, quantizer)))
    return failure();
  quantizer.zeroPoint = static_cast<float>(*zeroPoint);
  // The text of QONNX and its code disagree here; a reader should know which
  // holds.
  if (quantizer.isSigned && quantizer.bits == 1)
    remark::analysis(
        node.getLoc({}),
        remark::RemarkOpts::name("one-signed-bit").category("dorefa"))
        << remark::reason(
               "1 signed bit has the levels {0} to 0; the qonnx package "
               "computes the sign instead, which is BipolarQuant here",
               quantizer.getMinLevel());
  return importQuantizer(node, std::move(quantizer));
}

static LogicalResult importBipolarQuant(Node &node) {
  if (failed(node.checkInputs(2, 2)))
    return failure();
  Quantizer quantizer;
  quantizer.sign = true;
  FailureOr<SmallVector<int64_t>> shape = getInputShape(node);
  if (failed(shape) || failed(readScale(node, *shape, quantizer)))
    return failure();
  return importQuantizer(node, std::move(quantizer));
}

//===----------------------------------------------------------------------===//
// Trunc
//===----------------------------------------------------------------------===//

namespace {

/// Parameters of Trunc. Version 1 drops input - output bits and keeps the
/// scale; version 2 states the scale of the result and clamps to its bits.
struct Truncation {
  float scale, zeroPoint, resultScale, step;
  bool clamps;
  Quantizer limits;
};

} // namespace

static FailureOr<Truncation> readTruncation(Node &node) {
  bool hasScale = node.getNumInputs() == 6;
  FailureOr<double> scale = readNumber(node, 1, "scale");
  FailureOr<double> zeroPoint = readNumber(node, 2, "zero point");
  FailureOr<unsigned> inputBits = readBits(node, 3, "input bit width");
  FailureOr<double> resultScale =
      hasScale ? readNumber(node, 4, "output scale") : scale;
  FailureOr<unsigned> bits =
      readBits(node, hasScale ? 5 : 4, "output bit width");
  FailureOr<Rounding> rounding = readRounding(node, "FLOOR");
  FailureOr<bool> isSigned = readFlag(node, "signed", 1);
  FailureOr<bool> narrow = readFlag(node, "narrow", 0);
  if (failed(scale) || failed(zeroPoint) || failed(inputBits) ||
      failed(resultScale) || failed(bits) || failed(rounding) ||
      failed(isSigned) || failed(narrow))
    return failure();
  if (!(*scale > 0) || !(*resultScale > 0))
    return node.emitError()
           << "has scales of " << printable(*scale) << " and "
           << printable(*resultScale) << " but scales must be greater than 0";
  if (*bits > *inputBits)
    return node.emitError() << "truncates " << *inputBits << " bits to "
                            << *bits << " but the result must not be wider";
  double shift = hasScale ? std::nearbyint(std::log2(*resultScale / *scale))
                          : double(*inputBits - *bits);
  Truncation form{
      float(*scale),           float(*zeroPoint), float(*resultScale),
      float(std::exp2(shift)), hasScale,          {}};
  form.limits.bits = *bits;
  form.limits.isSigned = *isSigned;
  form.limits.narrow = *narrow;
  form.limits.rounding = *rounding;
  return form;
}

/// Drops the low bits of an integer: `(round(y / 2^t) - z / 2^t) * s'` with
/// `y = round(x / s + z)`.
static LogicalResult importTrunc(Node &node) {
  if (failed(node.checkInputs(5, 6)))
    return failure();
  FailureOr<Truncation> form = readTruncation(node);
  FailureOr<Tensor> x = node.getFloatValue(0);
  if (failed(form) || failed(x) || failed(x = toCanonical(node, *x)))
    return failure();
  Chain chain(node, x->value, x->perm);
  chain.apply(BinaryKind::Div, form->scale)
      .apply(BinaryKind::Add, form->zeroPoint)
      .apply(UnaryKind::RoundHalfEven)
      .apply(BinaryKind::Div, form->step);
  if (form->clamps)
    chain.apply(BinaryKind::Max, float(form->limits.getMinLevel()))
        .apply(BinaryKind::Min, float(form->limits.getMaxLevel()));
  // Version 1 leaves the zero point as it was.
  float zeroPoint =
      form->clamps ? form->zeroPoint / form->step : form->zeroPoint;
  chain.round(form->limits.rounding)
      .apply(BinaryKind::Sub, zeroPoint)
      .apply(BinaryKind::Mul, form->resultScale, /*last=*/true);
  if (failed(chain.get()))
    return failure();
  x->value = *chain.get();
  return node.setOutput(*x);
}

//===----------------------------------------------------------------------===//
// MultiThreshold
//===----------------------------------------------------------------------===//

namespace {

/// How the codes of a MultiThreshold stand for its results.
struct ThresholdCode {
  Encoding encoding = Encoding::Unipolar;
  unsigned bits = 1;
  int64_t base = 0;
  double scale = 1;
  /// Whether scale and bias still have to be applied in float.
  bool plain = false;
};

} // namespace

static unsigned getUnsignedBits(int64_t value) {
  unsigned bits = 1;
  while ((int64_t(1) << bits) <= value)
    ++bits;
  return bits;
}

/// Whether `(v(c) * scale)` is what the file computes for every count c.
static bool isExact(int64_t count, float scale, float bias, double codeScale,
                    llvm::function_ref<int64_t(int64_t)> value) {
  for (int64_t c = 0; c <= count; ++c) {
    float scaled = static_cast<float>(c) * scale;
    if (dequantize(value(c), 0, codeScale) != scaled + bias)
      return false;
  }
  return true;
}

/// The narrowest code whose values are `scale * count + bias`, count <=
/// `count`.
static ThresholdCode chooseCode(int64_t count, float scale, float bias) {
  ThresholdCode code;
  code.scale = scale;
  double base = double(bias) / scale;
  auto offset =
      static_cast<int64_t>(std::abs(base) < 1000 ? std::nearbyint(base) : 0);
  bool shifted =
      offset == base &&
      isExact(count, scale, bias, scale, [&](int64_t c) { return c + offset; });
  if (shifted && offset >= 0 && offset + count <= 255) {
    code.base = offset;
    code.bits = getUnsignedBits(offset + count);
    return code;
  }
  if (shifted && offset < 0 && offset >= -128 && offset + count <= 127) {
    code.encoding = Encoding::Signed;
    code.base = offset;
    code.bits = 1 + getUnsignedBits(std::max(-offset - 1, offset + count));
    if (offset == -1 && count == 1)
      code.bits = 1;
    return code;
  }
  code.bits = getUnsignedBits(count);
  bool full = count == (int64_t(1) << code.bits) - 1;
  if (full && isExact(count, scale, bias, double(scale) / 2,
                      [&](int64_t c) { return 2 * c - count; })) {
    code.encoding = Encoding::Bipolar;
    code.scale = double(scale) / 2;
    return code;
  }
  code.scale = 1;
  code.plain = true;
  return code;
}

/// `out_dtype` is only a declaration here: the values follow from the
/// thresholds.
static LogicalResult checkDataType(const Node &node) {
  FailureOr<std::string> text = node.getString("out_dtype", "");
  if (failed(text))
    return failure();
  StringRef name = *text;
  if (name.empty() || name == "BIPOLAR" || name == "BINARY" ||
      name == "TERNARY" || name == "FLOAT32" || name.starts_with("FIXED<") ||
      name.starts_with("SCALEDINT<"))
    return success();
  unsigned bits;
  name.consume_front("U");
  if (name.consume_front("INT") && !name.getAsInteger(10, bits) && bits >= 1 &&
      bits <= 64)
    return success();
  return node.emitAttrError("out_dtype")
         << "is '" << printable(*text)
         << "' but must be BIPOLAR, BINARY, TERNARY, INTn, UINTn, FIXED, "
            "SCALEDINT "
            "or FLOAT32";
}

/// The tensor with the dimension that `data_layout` calls the channels last.
static FailureOr<Tensor> getWithChannelsLast(Node &node, bool perChannel) {
  FailureOr<std::string> layout = node.getString("data_layout", "NCHW");
  FailureOr<Tensor> x = node.getFloatValue(0);
  if (failed(layout) || failed(x) || failed(x = toCanonical(node, *x)))
    return failure();
  if (*layout != "NCHW" && *layout != "NHWC" && *layout != "NC" &&
      *layout != "NCW" && *layout != "NWC")
    return node.emitAttrError("data_layout")
           << "is '" << printable(*layout)
           << "' but must be NCHW, NHWC, NCW, NWC or NC";
  int64_t rank = x->getRank();
  if (rank == 0)
    return node.emitError()
           << "has a scalar input but needs a channel dimension";
  if (!perChannel)
    return x;
  bool last =
      rank < 3 || *layout == "NHWC" || *layout == "NWC" || *layout == "NC";
  SmallVector<int64_t> perm =
      last ? identityPerm(rank) : channelsLastPerm(rank);
  FailureOr<Value> value = toLayout(node, *x, perm);
  if (failed(value))
    return failure();
  return Tensor{{}, {}, *value, perm, false};
}

static LogicalResult importMultiThreshold(Node &node) {
  FailureOr<float> scale = node.getFloat("out_scale", 1.0f);
  FailureOr<float> bias = node.getFloat("out_bias", 0.0f);
  if (failed(node.checkInputs(2, 2)) || failed(scale) || failed(bias) ||
      failed(checkDataType(node)))
    return failure();
  if (!(std::isfinite(*scale) && *scale > 0 && std::isfinite(*bias)))
    return node.emitError() << "has out_scale " << printable(*scale)
                            << " and out_bias " << printable(*bias)
                            << " but both must be finite and the scale above 0";
  // Infinite thresholds are met never or always, which is well defined.
  FailureOr<Constant> table =
      node.takeConstant(1, "thresholds", /*allowInfinity=*/true);
  if (failed(table))
    return failure();
  if (table->getRank() != 2 || table->isInteger() || table->shape[0] < 1 ||
      table->shape[1] < 1 || table->shape[1] > 255)
    return node.emitError()
           << "has thresholds of shape " << formatShape(table->shape)
           << " but must have floats of shape C x n or 1 x n with n "
              "between 1 and 255";
  FailureOr<Tensor> x = getWithChannelsLast(node, table->shape[0] != 1);
  if (failed(x))
    return failure();
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(x->value.getType()).getShape();
  if (table->shape[0] != 1 && table->shape[0] != shape.back())
    return node.emitError()
           << "has " << table->shape[0] << " rows of thresholds but "
           << shape.back() << " channels";
  ThresholdCode code = chooseCode(table->shape[1], *scale, *bias);
  OpBuilder &builder = node.getBuilder();
  Type type = RankedTensorType::get(
      shape, CodeType::get(builder.getContext(), code.bits, code.encoding));
  Value thresholds = emitFloats(node, std::move(*table), node.getInputName(1));
  Location loc = node.getLoc(x->perm, code.plain ? "count" : "");
  Value codes = ThresholdOp::create(builder, loc, type, x->value, thresholds,
                                    DenseBoolArrayAttr(),
                                    builder.getI64IntegerAttr(code.base));
  x->value = emitDequantize(node, codes, {code.scale}, 0, 0, loc);
  if (code.plain) {
    Chain chain(node, x->value, x->perm);
    FailureOr<Value> value = chain.apply(BinaryKind::Mul, *scale)
                                 .apply(BinaryKind::Add, *bias, /*last=*/true)
                                 .get();
    if (failed(value))
      return failure();
    x->value = *value;
  }
  return node.setOutput(*x);
}

void dorefa::registerQuantizers(ImportTable &table) {
  table["BipolarQuant"] = importBipolarQuant;
  table["IntQuant"] = importQuant;
  table["MultiThreshold"] = importMultiThreshold;
  table["Quant"] = importQuant;
  table["Trunc"] = importTrunc;
}
