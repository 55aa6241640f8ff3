//===- Timing.h - How many cycles a program takes ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Section 7 of dialects/BPA/README.md, cycle by cycle. Time does not depend on data,
// so this knows instructions only: what they compute says Machine.h.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_BPA_TIMING_H
#define DOREFA_LIB_TARGET_BPA_TIMING_H

#include "dorefa/Target/BPA/ISA.h"

#include <array>
#include <deque>
#include <memory>
#include <vector>

namespace mlir::bpa {

/// How the cycles of an engine pass.
struct EngineCycles {
  /// Some instruction is issued but not complete.
  uint64_t busy = 0;
  /// None is, and the next waits for a token of an engine.
  std::array<uint64_t, numEngines> waitToken = {};
  /// None is, and none is there.
  uint64_t empty = 0;
};

/// When an instruction was issued and completed.
struct InstructionCycles {
  uint64_t issued = 0, completed = 0;
};

struct Timing {
  /// From the write of `control` to the end of `halt`.
  uint64_t cycles = 0;
  /// Steps of the array.
  uint64_t steps = 0;
  /// Sum over tiles of max(steps, drain).
  uint64_t ceiling = 0;
  std::array<EngineCycles, numEngines> engines = {};
  /// Of each instruction of the program; zeros of those of the front end.
  std::vector<InstructionCycles> instructions;
};

/// Runs a program that ends, as bpa-verify decides. `latency` of DRAM in cycles.
Timing measure(const Configuration &configuration,
               const std::vector<Instruction> &program, uint64_t latency);

} // namespace mlir::bpa

#endif // DOREFA_LIB_TARGET_BPA_TIMING_H
