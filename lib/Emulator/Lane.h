//===- Lane.h - What kernels and the emulator share -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel becomes a coroutine per lane (Instrument.h). Where lanes must meet
// it writes operands and site into its Lane and suspends; the scheduler
// (Block.h) resumes it when the results are there.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_EMULATOR_LANE_H
#define DOREFA_LIB_EMULATOR_LANE_H

#include "Collective.h"

#include <string>
#include <vector>

namespace mlir::dorefa::emulator {

class Block;

/// Special registers of PTX, as indices into Lane::registers. The dimensions
/// of each follow in the order x, y, z.
enum SpecialRegister : unsigned {
  Tid = 0,
  NTid = 3,
  CtaId = 6,
  NCtaId = 9,
  LaneId = 12,
  WarpId = 13,
  NumSpecialRegisters = 14
};

/// The part of a lane that generated code reads and writes, by offset.
struct Lane {
  static constexpr unsigned maxOperands = 12, maxResults = 4;

  uint64_t operands[maxOperands];
  uint32_t results[maxResults];
  /// Where the lane waits: an index into Program::sites. 0: it has exited.
  uint32_t site;
  uint32_t registers[NumSpecialRegisters];
  /// Shared memory of the block.
  char *shared;
  /// Iterations of loops that are left until the lane counts as stuck.
  int64_t iterationsLeft;
  Block *block;
  /// Number in the block: x varies fastest, then y, then z.
  uint32_t thread;
};

/// An instruction that may fail or wait, as diagnostics name it.
struct Site {
  Collective collective;
  /// Such as "ldmatrix.sync.aligned.m8n8.x4.b16" or "load i32".
  std::string instruction;
  /// "file:line:column", or "instruction N" where there is no line table.
  std::string place;
};

/// An array in shared memory.
struct SharedArray {
  std::string name;
  /// Bytes from the start of the block's shared memory; a multiple of
  /// `SharedMemory::slot`.
  uint64_t offset;
  /// Bytes; 0 for dynamic shared memory, whose size the launch tells.
  uint64_t size;
};

/// A kernel as the emulator runs it.
struct Kernel {
  using EntryFunction = void(Lane *lane, void **arguments);

  std::string name;
  /// Runs to the first suspension. Null until generated.
  EntryFunction *entry = nullptr;
  unsigned numArguments = 0;
  /// Threads per block in x, y and z that the compiler was promised at most, or
  /// exactly; 0: no promise.
  uint32_t maxThreads[3] = {0, 0, 0}, requiredThreads[3] = {0, 0, 0};
  /// Static arrays and, last, the dynamic one if it is used.
  std::vector<SharedArray> shared;
  bool usesDynamicShared = false;
  /// No access of the kernel to shared memory is smaller or less aligned
  /// (bytes, 1 to 16), so that this much shares one record of accesses.
  unsigned sharedGrain = 16;
};

} // namespace mlir::dorefa::emulator

#endif // DOREFA_LIB_EMULATOR_LANE_H
