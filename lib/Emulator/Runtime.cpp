//===- Runtime.cpp - Functions that instrumented kernels call -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Runtime.h"
#include "Block.h"

using namespace mlir::dorefa::emulator;

// Functions below hold nothing that must be destroyed when they abandon the
// kernel: a fault is text in the block by then.

static void *frame(Lane *lane, uint64_t size) {
  return lane->block->allocateFrame(*lane, size);
}

static void readShared(Lane *lane, const void *pointer, uint64_t size,
                       uint64_t alignment, uint32_t site) {
  if (!lane->block->access(*lane, pointer, size, alignment, site, false))
    lane->block->abandon();
}

static void writeShared(Lane *lane, const void *pointer, uint64_t size,
                        uint64_t alignment, uint32_t site) {
  if (!lane->block->access(*lane, pointer, size, alignment, site, true))
    lane->block->abandon();
}

static void readGlobal(Lane *lane, const void *pointer, uint64_t size,
                       uint64_t alignment, uint32_t site) {
  if (!lane->block->accessGlobal(*lane, pointer, size, alignment, site, false))
    lane->block->abandon();
}

static void writeGlobal(Lane *lane, const void *pointer, uint64_t size,
                        uint64_t alignment, uint32_t site) {
  if (!lane->block->accessGlobal(*lane, pointer, size, alignment, site, true))
    lane->block->abandon();
}

static void copy(Lane *lane, void *destination, const void *source,
                 uint32_t size, uint32_t sourceSize, uint32_t site) {
  if (!lane->block->issueCopy(*lane, destination, source, size, sourceSize,
                              site))
    lane->block->abandon();
}

static void commit(Lane *lane) { lane->block->commitCopies(*lane); }

static void wait(Lane *lane, uint32_t groupsLeft) {
  lane->block->waitForCopies(*lane, groupsLeft);
}

static void waitAll(Lane *lane) {
  lane->block->waitForCopies(*lane, Block::waitForAll);
}

static void stuck(Lane *lane, uint32_t site) {
  lane->block->reportStuck(*lane, site);
  lane->block->abandon();
}

static int32_t getByte(uint32_t word, unsigned i, bool isSigned) {
  uint32_t byte = word >> (8 * i) & 0xff;
  return isSigned ? static_cast<int8_t>(byte) : static_cast<int32_t>(byte);
}

static uint32_t dot4(uint32_t a, uint32_t b, uint32_t c, uint32_t signs) {
  for (unsigned i = 0; i < 4; ++i)
    c += static_cast<uint32_t>(getByte(a, i, signs & 1) *
                               getByte(b, i, signs & 2));
  return c;
}

/// Each nibble of the selector names a byte of b:a; its highest bit asks for
/// eight copies of that byte's sign.
static uint32_t permute(uint32_t a, uint32_t b, uint32_t selector, uint32_t) {
  uint64_t bytes = uint64_t(b) << 32 | a;
  uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    uint32_t nibble = selector >> (4 * i) & 15;
    uint32_t byte = bytes >> (8 * (nibble & 7)) & 0xff;
    if (nibble & 8)
      byte = byte & 0x80 ? 0xff : 0;
    result |= byte << (8 * i);
  }
  return result;
}

llvm::ArrayRef<RuntimeFunction> mlir::dorefa::emulator::getRuntimeFunctions() {
  static const RuntimeFunction functions[] = {
      {names::frame, reinterpret_cast<void *>(frame)},
      {names::readShared, reinterpret_cast<void *>(readShared)},
      {names::writeShared, reinterpret_cast<void *>(writeShared)},
      {names::readGlobal, reinterpret_cast<void *>(readGlobal)},
      {names::writeGlobal, reinterpret_cast<void *>(writeGlobal)},
      {names::copy, reinterpret_cast<void *>(copy)},
      {names::commit, reinterpret_cast<void *>(commit)},
      {names::wait, reinterpret_cast<void *>(wait)},
      {names::waitAll, reinterpret_cast<void *>(waitAll)},
      {names::stuck, reinterpret_cast<void *>(stuck)},
      {names::dot4, reinterpret_cast<void *>(dot4)},
      {names::permute, reinterpret_cast<void *>(permute)}};
  return functions;
}
