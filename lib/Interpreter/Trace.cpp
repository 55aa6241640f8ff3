//===- Trace.cpp - Named values of an interpreted network -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Interpreter/Trace.h"
#include "Codes.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "dorefa/Runtime/Npz.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::dorefa;
using namespace mlir::dorefa::interpreter;
using runtime::NpyElementType;

namespace {
/// What a location says about a value.
struct SourceTensor {
  StringRef name;
  bool channelsFirst = false;
};
} // namespace

/// Finds the name in `loc`; of several locations, as a fusion leaves them, the
/// last with a name is the one of the result.
static SourceTensor findSource(Location loc) {
  return TypeSwitch<LocationAttr, SourceTensor>(loc)
      .Case([](NameLoc name) { return SourceTensor{name.getName()}; })
      .Case([](CallSiteLoc call) { return findSource(call.getCallee()); })
      .Case([](FusedLoc fused) {
        SourceTensor source;
        for (Location part : llvm::reverse(fused.getLocations()))
          if (source.name.empty())
            source = findSource(part);
        auto layout = dyn_cast_or_null<StringAttr>(fused.getMetadata());
        source.channelsFirst |= layout && layout.getValue() == "nchw";
        return source;
      })
      .Default(SourceTensor());
}

/// A tensor of zeros; nothing where memory does not suffice.
static std::optional<Tensor> makeTensor(NpyElementType type,
                                        ArrayRef<int64_t> shape) {
  auto tensor = Tensor::allocate(type, shape.vec());
  if (!tensor)
    return std::nullopt;
  return std::move(*tensor);
}

/// The integers that codes stand for, as int32.
static std::optional<Tensor>
getCodeValues(ArrayRef<uint8_t> codes, ArrayRef<int64_t> shape, CodeType type) {
  std::optional<Tensor> tensor = makeTensor(NpyElementType::I32, shape);
  if (!tensor)
    return std::nullopt;
  ValueTable values(type);
  auto *element = static_cast<int32_t *>(tensor->bytes.data());
  for (uint8_t code : codes)
    *element++ = values[code];
  return tensor;
}

/// The code type and the number of channels of a result that is packed words;
/// null and 0 elsewhere.
static std::pair<CodeType, int64_t> getPackedType(Operation *op) {
  return TypeSwitch<Operation *, std::pair<CodeType, int64_t>>(op)
      .Case<bitplane::Conv2DOp, bitplane::MatMulOp>(
          [](auto contraction) -> std::pair<CodeType, int64_t> {
            if (!contraction.getResultCode())
              return {};
            return {*contraction.getResultCode(),
                    contraction.getOutputChannels()};
          })
      .Case(
          [](bitplane::ThresholdOp threshold) -> std::pair<CodeType, int64_t> {
            auto type = cast<ShapedType>(threshold.getInput().getType());
            return {threshold.getCode(), type.getShape().back()};
          })
      .Default({CodeType(), 0});
}

/// Whether a tensor of integers means something outside the compiler: words and
/// bytes of codes do not.
static bool isReadable(OpResult result) {
  return !getElementTypeOrSelf(result).isInteger() ||
         isa<Conv2DOp, MatMulOp, MaxPoolOp, TopKOp, bitplane::Conv2DOp,
             bitplane::MatMulOp>(result.getOwner());
}

/// `value` as integers or floats that a reader of the file expects.
static std::optional<Tensor> decode(OpResult result, const Tensor &value) {
  auto *bytes = static_cast<const uint8_t *>(value.bytes.data());
  if (CodeType code = getCodeType(result.getType()))
    return getCodeValues(ArrayRef(bytes, value.bytes.size()), value.shape,
                         code);
  if (auto [code, channels] = getPackedType(result.getOwner()); code) {
    std::vector<uint8_t> codes =
        unpackWords(ArrayRef(reinterpret_cast<const uint32_t *>(bytes),
                             value.getNumElements()),
                    channels, code.getBits());
    SmallVector<int64_t> shape(ArrayRef<int64_t>(value.shape).drop_back());
    shape.back() = channels;
    return getCodeValues(codes, shape, code);
  }
  std::optional<Tensor> copy = makeTensor(value.elementType, value.shape);
  if (copy)
    std::memcpy(copy->bytes.data(), bytes, value.bytes.size());
  return copy;
}

/// The tensor `N x ... x C` as `N x C x ...`.
static std::optional<Tensor> toChannelsFirst(const Tensor &tensor) {
  SmallVector<int64_t> shape(ArrayRef<int64_t>(tensor.shape));
  std::rotate(shape.begin() + 1, shape.end() - 1, shape.end());
  std::optional<Tensor> result = makeTensor(tensor.elementType, shape);
  if (!result)
    return std::nullopt;
  size_t size = getElementSize(tensor.elementType), channels = shape[1];
  size_t pixels = 1;
  for (int64_t dim : ArrayRef(shape).drop_front(2))
    pixels *= dim;
  auto *from = static_cast<const char *>(tensor.bytes.data());
  auto *to = static_cast<char *>(result->bytes.data());
  for (int64_t n = 0; n < shape[0]; ++n)
    for (size_t c = 0; c < channels; ++c)
      for (size_t pixel = 0; pixel < pixels; ++pixel, to += size)
        std::memcpy(to, from + ((n * pixels + pixel) * channels + c) * size,
                    size);
  return result;
}

static bool isFloat(const Tensor &tensor) {
  return tensor.elementType == NpyElementType::F32 ||
         tensor.elementType == NpyElementType::F64;
}

void Trace::record(OpResult result, const Tensor &value) {
  SourceTensor source = findSource(result.getLoc());
  if (source.name.empty() || result.getResultNumber() != 0 ||
      !isa<ShapedType>(result.getType()) || matchPattern(result, m_Constant()))
    return;
  if (!isReadable(result) && !getPackedType(result.getOwner()).first)
    return;
  auto known = values.find(source.name);
  if (known != values.end() && (!isFloat(known->second) || isFloat(value)))
    return;
  std::optional<Tensor> decoded = decode(result, value);
  if (decoded && source.channelsFirst && decoded->shape.size() >= 3)
    decoded = toChannelsFirst(*decoded);
  if (!decoded)
    return;
  values.erase(source.name);
  values.try_emplace(source.name, std::move(*decoded));
}

runtime::Error Trace::write(const std::string &path) const {
  std::vector<runtime::NamedArray> arrays;
  for (const auto &[name, value] : values)
    arrays.push_back({name.str(), value});
  return runtime::writeNpz(path, arrays);
}
