//===- Npy.h - NumPy array files --------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads and writes .npy files (numpy.lib.format, versions 1.0 to 3.0) of
// numbers in little-endian, row-major order. A file is input from outside:
// every length in it is checked against the size of the file before memory is
// allocated.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_RUNTIME_NPY_H
#define DOREFA_RUNTIME_NPY_H

#include "dorefa/Runtime/Buffer.h"
#include "dorefa/Runtime/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlir::dorefa::runtime {

/// The element types that a .npy file may hold here.
enum class NpyElementType {
  Bool,
  I8,
  U8,
  I16,
  U16,
  I32,
  U32,
  I64,
  U64,
  F32,
  F64
};

/// Bytes of one element, 1 to 8.
size_t getElementSize(NpyElementType type);

/// NumPy's name of the type, such as "float32".
const char *getElementTypeName(NpyElementType type);

/// The shape as NumPy prints it, such as "(10,)"; -1 prints as "batch".
std::string toString(const std::vector<int64_t> &shape);

/// Type and shape in words, such as "float32 (batch, 3, 8, 8)".
std::string toString(NpyElementType type, const std::vector<int64_t> &shape);

/// Bytes of a dense array; nothing where a size is negative or the product does
/// not fit into 63 bits.
std::optional<size_t> getNumBytes(NpyElementType type,
                                  const std::vector<int64_t> &shape);

/// A dense row-major array that owns its elements.
struct NpyArray {
  /// An array of zeros. Sizes that are negative or too large are an error.
  static Expected<NpyArray> allocate(NpyElementType type,
                                     std::vector<int64_t> shape);

  size_t getNumElements() const {
    return bytes.size() / getElementSize(elementType);
  }

  NpyElementType elementType;
  std::vector<int64_t> shape;
  /// Exactly the elements, aligned to Buffer::alignment.
  Buffer bytes;
};

/// A dense row-major array that somebody else owns.
struct NpyView {
  NpyView(NpyElementType type, std::vector<int64_t> shape, const void *data)
      : elementType(type), shape(std::move(shape)), data(data) {}
  NpyView(const NpyArray &array)
      : NpyView(array.elementType, array.shape, array.bytes.data()) {}

  NpyElementType elementType;
  std::vector<int64_t> shape;
  const void *data;
};

/// Reads a file. Anything but one whole, dense, little-endian array of numbers
/// in C order is an error that starts with `path`.
Expected<NpyArray> readNpy(const std::string &path);

/// Writes a file (format 1.0) beside `path` and renames it, so that `path` is
/// either untouched or whole. An error starts with `path`.
Error writeNpy(const std::string &path, const NpyView &array);

/// The bytes of a .npy file that stand before the elements.
std::string makeNpyHeader(const NpyView &array);

} // namespace mlir::dorefa::runtime

#endif // DOREFA_RUNTIME_NPY_H
