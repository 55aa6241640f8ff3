//===- SharedMemory.h - The shared memory of a block and who used it *- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Beside every few bytes (the grain of the kernel) stands who wrote and read
// them last and when. Two accesses by different lanes, one of them a write,
// need a barrier of the block between them, or one of the warp where both are
// of one warp: otherwise they race, whatever the order in which this run has
// executed them. A copy by cp.async writes from its issue to its wait.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_EMULATOR_SHAREDMEMORY_H
#define DOREFA_LIB_EMULATOR_SHAREDMEMORY_H

#include "Lane.h"

#include <memory>

namespace mlir::dorefa::emulator {

/// Counts synchronizations of the launch.
using Time = uint32_t;

/// Who does something now: a lane, and since when it knows what others did.
struct Actor {
  /// Number in its block.
  uint16_t thread;
  uint32_t site;
  /// Last barrier of the block, last one of the warp.
  Time blockBarrier, warpBarrier;
};

/// An earlier access that an access collides with.
struct Access {
  Time time = 0;
  uint32_t site = 0;
  uint16_t thread = 0;
};

/// What is wrong with an access.
struct SharedFault {
  enum Kind {
    None,
    OutOfBounds,
    Misaligned,
    Uninitialized,
    ReadAfterWrite,
    WriteAfterRead,
    WriteAfterWrite,
    /// The other one is a copy that its lane has not waited for.
    InFlight
  };
  Kind kind = None;
  Access other;
  /// First byte of the grain in question, from the start of shared memory.
  uint64_t offset = 0;
};

class SharedMemory {
public:
  /// Arrays start at multiples of this, with at least as much between them.
  static constexpr uint64_t slot = 16;
  /// What fills memory that nothing was written to.
  static constexpr unsigned char poison = 0xcd;

  /// Makes room for the arrays of `kernel`, `dynamicBytes` in the last one.
  void prepare(const Kernel &kernel, uint64_t dynamicBytes);
  /// Forgets what the last block wrote.
  void startBlock(Time now);

  char *data() const { return base; }
  bool contains(const void *pointer) const {
    return pointer >= base && pointer < base + numBytes;
  }

  /// Checks, and on success notes, an access of `size` bytes.
  SharedFault read(const void *pointer, uint64_t size, uint64_t alignment,
                   const Actor &actor, Time now);
  SharedFault write(const void *pointer, uint64_t size, uint64_t alignment,
                    const Actor &actor, Time now);
  /// Checks and notes the issue of a copy, which lasts until endCopy.
  SharedFault beginCopy(const void *pointer, uint64_t size, const Actor &actor,
                        Time now);
  void endCopy(const void *pointer, uint64_t size, Time now);

  /// "byte 64 of '__wg_tile_0' (1024 bytes)"; the nearest array where
  /// `offset` is in none.
  std::string describe(uint64_t offset) const;

private:
  /// Of a grain.
  struct Record {
    Access write;
    /// The last two reads by different lanes, and the last one by another
    /// warp than the first of these.
    Access reads[3];
    bool inFlight = false;
  };

  /// Finds the records of an access; nothing where it is in no array.
  SharedFault find(const void *pointer, uint64_t size, uint64_t alignment,
                   Record *&first, Record *&last);
  SharedFault checkWrite(Record *first, Record *last, const Actor &actor) const;
  SharedFault makeFault(SharedFault::Kind kind, const Record *record,
                        const Access &other) const;

  std::unique_ptr<char[]> memory;
  char *base = nullptr;
  uint64_t numBytes = 0;
  uint64_t grain = slot;
  std::vector<SharedArray> arrays;
  /// Per slot the number of its array + 1.
  std::vector<uint16_t> arrayOfSlot;
  std::vector<Record> records;
  Time start = 0;
};

} // namespace mlir::dorefa::emulator

#endif // DOREFA_LIB_EMULATOR_SHAREDMEMORY_H
