//===- Arguments.cpp - Values of the parameters of a kernel ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/bit.h"

using namespace llvm;
using mlir::dorefa::emulator::Emulator;
using mlir::dorefa::runtime::NpyArray;
using mlir::dorefa::runtime::NpyElementType;

Expected<NpyArray> readArray(StringRef path) {
  auto array = mlir::dorefa::runtime::readNpy(path.str());
  if (!array)
    return createStringError(array.takeError().message());
  return std::move(*array);
}

static std::optional<NpyElementType> parseType(StringRef name) {
  for (unsigned i = 0; i <= static_cast<unsigned>(NpyElementType::F64); ++i)
    if (name == getElementTypeName(static_cast<NpyElementType>(i)))
      return static_cast<NpyElementType>(i);
  return std::nullopt;
}

/// Zeros of "int32[64,64]"; nullopt where `text` says something else.
static std::optional<NpyArray> parseZeros(StringRef text) {
  if (!text.consume_back("]"))
    return std::nullopt;
  auto [name, sizes] = text.split('[');
  std::optional<NpyElementType> type = parseType(name);
  SmallVector<StringRef> parts;
  sizes.split(parts, ',');
  std::vector<int64_t> shape(parts.size());
  for (auto [part, size] : zip(parts, shape))
    if (part.getAsInteger(10, size))
      return std::nullopt;
  if (!type)
    return std::nullopt;
  auto array = NpyArray::allocate(*type, shape);
  if (!array)
    return std::nullopt;
  return std::move(*array);
}

/// The bits of "i32:7".
static std::optional<uint64_t> parseNumber(StringRef text) {
  auto [type, value] = text.split(':');
  int64_t integer;
  double real;
  if (type == "f32" && !value.getAsDouble(real))
    return bit_cast<uint32_t>(static_cast<float>(real));
  if ((type == "i32" || type == "i64") && !value.getAsInteger(10, integer))
    return static_cast<uint64_t>(integer);
  return std::nullopt;
}

Error KernelArgument::place(NpyArray elements, Emulator &emulator) {
  device = emulator.allocate(elements.bytes.size());
  if (!device)
    return createStringError("cannot allocate " + Twine(elements.bytes.size()) +
                             " bytes");
  array = std::move(elements);
  return Error::success();
}

Expected<KernelArgument> KernelArgument::parse(StringRef text,
                                               Emulator &emulator) {
  KernelArgument argument;
  if (text.ends_with(".npy")) {
    Expected<NpyArray> elements = readArray(text);
    if (!elements)
      return elements.takeError();
    if (Error error = argument.place(std::move(*elements), emulator))
      return error;
    return argument;
  }
  if (std::optional<NpyArray> zeros = parseZeros(text)) {
    if (Error error = argument.place(std::move(*zeros), emulator))
      return error;
    return argument;
  }
  std::optional<uint64_t> number = parseNumber(text);
  if (!number)
    return createStringError("--arg is '" + text +
                             "' but must be a number such as i32:7, a file "
                             "x.npy or an array such as int32[64,64]");
  argument.number = *number;
  return argument;
}

void KernelArgument::reset() const {
  if (array)
    std::memcpy(device, array->bytes.data(), array->bytes.size());
}

const NpyArray &KernelArgument::fetch() {
  if (!result)
    result = std::move(*NpyArray::allocate(array->elementType, array->shape));
  std::memcpy(result->bytes.data(), device, result->bytes.size());
  return *result;
}
