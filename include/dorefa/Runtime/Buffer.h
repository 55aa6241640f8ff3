//===- Buffer.h - Aligned bytes that may fail to allocate -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_RUNTIME_BUFFER_H
#define DOREFA_RUNTIME_BUFFER_H

#include "dorefa-c/Model.h"
#include "dorefa/Runtime/Error.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace mlir::dorefa::runtime {

/// Owns bytes at an address that suits every element type and the workspace of
/// a model. Unlike std::vector, too large a size is an error, not an abort.
class Buffer {
public:
  /// The address is a multiple of this.
  static constexpr size_t alignment = DOREFA_WORKSPACE_ALIGNMENT;

  /// `size` bytes of zeros.
  static Expected<Buffer> allocate(size_t size) {
    // The size that aligned_alloc takes must be a multiple of the alignment.
    size_t padded = (size / alignment + 1) * alignment;
    void *memory =
        padded > size ? std::aligned_alloc(alignment, padded) : nullptr;
    if (!memory)
      return Error("cannot allocate " + std::to_string(size) + " bytes");
    std::memset(memory, 0, padded);
    return Buffer(memory, size);
  }

  void *data() { return memory.get(); }
  const void *data() const { return memory.get(); }
  size_t size() const { return numBytes; }

private:
  struct Free {
    void operator()(void *pointer) const { std::free(pointer); }
  };

  Buffer(void *memory, size_t size) : memory(memory), numBytes(size) {}

  std::unique_ptr<void, Free> memory;
  size_t numBytes;
};

} // namespace mlir::dorefa::runtime

#endif // DOREFA_RUNTIME_BUFFER_H
