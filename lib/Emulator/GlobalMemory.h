//===- GlobalMemory.h - Buffers that kernels may touch ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_EMULATOR_GLOBALMEMORY_H
#define DOREFA_LIB_EMULATOR_GLOBALMEMORY_H

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace mlir::dorefa::emulator {

/// Memory of the device, which is memory of this process with known bounds.
class GlobalMemory {
public:
  /// Addresses are multiples of this, as on a device.
  static constexpr uint64_t alignment = 256;

  /// A buffer of `size` bytes that hold `0xcd`, far enough from others that an
  /// access just beyond it meets none; null if there is no memory.
  void *allocate(uint64_t size);
  /// Whether `pointer` was the start of a buffer.
  bool release(const void *pointer);
  /// Adds memory that somebody else owns.
  void add(const void *pointer, uint64_t size, std::string name,
           bool isConstant);

  /// Whether a kernel may read, or write, `size` bytes.
  bool allows(const void *pointer, uint64_t size, bool writes) {
    auto address = reinterpret_cast<uintptr_t>(pointer);
    if (address - recent.begin < recent.size &&
        size <= recent.size - (address - recent.begin) &&
        !(writes && recent.isConstant))
      return true;
    return find(address, size, writes);
  }

  /// "byte 4096 of a buffer of 4096 bytes", the nearest one.
  std::string describe(const void *pointer) const;

private:
  struct Buffer {
    uintptr_t begin = 0;
    uint64_t size = 0;
    bool isConstant = false;
    std::string name;
    std::unique_ptr<char[]> memory;
  };
  struct Range {
    uintptr_t begin;
    uint64_t size;
    bool isConstant;
  };

  bool find(uintptr_t address, uint64_t size, bool writes);

  std::map<uintptr_t, Buffer> buffers;
  /// The buffer that was found last.
  Range recent = {0, 0, false};
  uint64_t numAllocated = 0;
};

} // namespace mlir::dorefa::emulator

#endif // DOREFA_LIB_EMULATOR_GLOBALMEMORY_H
