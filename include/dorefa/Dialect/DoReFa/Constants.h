//===- Constants.h - Reading and making constant tensors --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A constant tensor is a dense attribute where it is small, so that it reads well
// in the IR, and a resource blob where it is large: a dense attribute is copied
// when it is made and stays in the context for ever.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_DIALECT_DOREFA_CONSTANTS_H
#define DOREFA_DIALECT_DOREFA_CONSTANTS_H

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>
#include <vector>

namespace mlir::dorefa {

/// Constants with more elements than this become resource blobs.
constexpr int64_t kMaxInlineElements = 32;

/// The attribute of a constant value (`arith.constant`, `dorefa.constant`), null
/// for every other value. The elements of a constant of codes are `i8`.
ElementsAttr getConstant(Value value);

/// The bytes of `attr`, elements of `elementSize` bytes in row-major order; a splat
/// has the bytes of one element. Nullopt where there are none to see or a resource
/// holds another number of bytes than its type asks for.
std::optional<ArrayRef<char>> getRawElements(ElementsAttr attr,
                                             size_t elementSize);

/// All elements of `attr` in row-major order, splats expanded. T must have the size
/// of the element type. Empty where the attribute cannot be read (a resource that
/// is missing or too short, which verifiers refuse).
template <typename T>
std::vector<T> readElements(ElementsAttr attr) {
  std::optional<ArrayRef<char>> raw = getRawElements(attr, sizeof(T));
  size_t count = attr.getNumElements();
  if (!raw || count == 0)
    return {};
  if (attr.isSplat()) {
    T value;
    std::memcpy(&value, raw->data(), sizeof(T));
    return std::vector<T>(count, value);
  }
  std::vector<T> values(count);
  std::memcpy(values.data(), raw->data(), raw->size());
  return values;
}

/// A constant of `type` (element type as wide as T) with these elements in
/// row-major order; `name` is a hint for the blob of a large one.
template <typename T>
ElementsAttr makeElements(RankedTensorType type, std::vector<T> values,
                          StringRef name = "data") {
  if (static_cast<int64_t>(values.size()) <= kMaxInlineElements)
    return DenseElementsAttr::getFromRawBuffer(
        type, ArrayRef<char>(reinterpret_cast<const char *>(values.data()),
                             values.size() * sizeof(T)));
  auto *owner = new std::vector<T>(std::move(values));
  AsmResourceBlob blob(
      ArrayRef<char>(reinterpret_cast<const char *>(owner->data()),
                     owner->size() * sizeof(T)),
      alignof(T), [owner](void *, size_t, size_t) { delete owner; },
      /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

/// A constant operation for `attr`: `dorefa.constant` where `type` is a tensor of
/// codes, `arith.constant` elsewhere.
Value materialize(OpBuilder &builder, Location loc, ElementsAttr attr,
                  Type type);

} // namespace mlir::dorefa

#endif // DOREFA_DIALECT_DOREFA_CONSTANTS_H
