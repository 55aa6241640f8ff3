//===- GlobalMemory.cpp - Buffers that kernels may touch ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GlobalMemory.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <new>

using namespace mlir::dorefa::emulator;

/// Bytes on both sides of a buffer that belong to none.
static constexpr uint64_t gap = 4096;

void *GlobalMemory::allocate(uint64_t size) {
  if (size > UINT64_MAX / 2)
    return nullptr;
  uint64_t total = size + 2 * gap + alignment;
  std::unique_ptr<char[]> memory(new (std::nothrow) char[total]);
  if (!memory)
    return nullptr;
  std::memset(memory.get(), 0xcd, total);
  uintptr_t begin =
      llvm::alignTo(reinterpret_cast<uintptr_t>(memory.get()) + gap, alignment);
  std::string name = "buffer " + std::to_string(numAllocated++);
  buffers[begin] = {begin, size, false, std::move(name), std::move(memory)};
  return reinterpret_cast<void *>(begin);
}

bool GlobalMemory::release(const void *pointer) {
  recent = {0, 0, false};
  return buffers.erase(reinterpret_cast<uintptr_t>(pointer)) != 0;
}

void GlobalMemory::add(const void *pointer, uint64_t size, std::string name,
                       bool isConstant) {
  auto begin = reinterpret_cast<uintptr_t>(pointer);
  buffers[begin] = {begin, size, isConstant, std::move(name), nullptr};
}

bool GlobalMemory::find(uintptr_t address, uint64_t size, bool writes) {
  auto next = buffers.upper_bound(address);
  if (next == buffers.begin())
    return false;
  const Buffer &buffer = std::prev(next)->second;
  uint64_t offset = address - buffer.begin;
  if (offset > buffer.size || size > buffer.size - offset ||
      (writes && buffer.isConstant))
    return false;
  recent = {buffer.begin, buffer.size, buffer.isConstant};
  return true;
}

std::string GlobalMemory::describe(const void *pointer) const {
  auto address = reinterpret_cast<uintptr_t>(pointer);
  auto next = buffers.upper_bound(address);
  const Buffer *nearest = nullptr;
  if (next != buffers.begin())
    nearest = &std::prev(next)->second;
  // Just in front of the next one?
  if (next != buffers.end() && next->second.begin - address <= gap &&
      (!nearest || address - nearest->begin >= nearest->size + gap))
    nearest = &next->second;
  uint64_t offset = nearest ? address - nearest->begin : 0;
  bool isNear = nearest && (static_cast<int64_t>(offset) < 0 ||
                            offset < nearest->size + (uint64_t(1) << 30));
  if (!isNear) {
    char text[40];
    std::snprintf(text, sizeof(text), "address 0x%llx, in no buffer",
                  static_cast<unsigned long long>(address));
    return text;
  }
  return "byte " + std::to_string(static_cast<int64_t>(offset)) + " of " +
         nearest->name + " (" + std::to_string(nearest->size) +
         (nearest->isConstant ? " bytes, constant)" : " bytes)");
}
