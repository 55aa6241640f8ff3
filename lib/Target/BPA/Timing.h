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

#include "Machine.h"

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
  /// The front end waits for a place in the queue; whatever the engine does.
  uint64_t queueFull = 0;
};

/// When an instruction was issued and completed.
struct InstructionCycles {
  uint64_t issued = 0, completed = 0;
  /// Of a `pp`, and of an `mm` that keeps its sums: what it adds to Timing::ceiling.
  uint64_t ceiling = 0;
};

/// How long DRAM takes to answer.
struct Latencies {
  /// In cycles, at least 1.
  uint64_t mean = 64;
  /// 0: always `mean`. Else it chooses latencies from 1 to 2 * mean.
  uint64_t seed = 0;
};

/// The latencies of one kind of requests, in their order: 0 bursts that are read, 1 and
/// 2 last writes of `pp` and `st`.
class LatencyStream {
public:
  LatencyStream(const Latencies &latencies, unsigned stream);
  uint64_t next();

private:
  uint64_t mean, random;
};

/// What stopped a program before its `halt`, in the last of its cycles.
struct TimedStop {
  StopReason reason = StopReason::None;
  /// Of the instruction, and its engine or `RunResult::frontEnd`.
  uint64_t pc = 0;
  unsigned engine = 0;
};

struct Timing {
  /// From the write of `control` to the end of `halt`.
  uint64_t cycles = 0;
  /// Steps of the array.
  uint64_t steps = 0;
  /// Sum over tiles of max(steps, drain, 5).
  uint64_t ceiling = 0;
  std::array<EngineCycles, numEngines> engines = {};
  /// Cycles in which the front end waits for instructions.
  uint64_t waitFetch = 0;
  /// Beats of DRAM: instructions, what `ld` reads, what `pp` and `st` write.
  uint64_t beatsFetched = 0, beatsLoaded = 0, beatsWritten = 0;
  /// Of each instruction of the program; zeros of those of the front end.
  std::vector<InstructionCycles> instructions;
  /// Of measureStop: why the program stopped, how many instructions engines issued,
  /// registers included, and numbers of those that had not completed.
  TimedStop stop;
  std::array<uint64_t, numEngines> numIssued = {};
  std::vector<uint64_t> incomplete;
};

/// Runs a program that ends, as bpa-verify decides. `length` instructions are fetched,
/// of which `program` holds those up to the `halt`.
Timing measure(const Configuration &configuration,
               const std::vector<Instruction> &program, uint64_t length,
               const Latencies &latencies);

/// Runs any program: `program` holds the instructions up to the first that is a `halt` or
/// does not decode. Registers and the size of DRAM are those of `machine`. Deadlocks are found,
/// and the program is given up after `cycleLimit` cycles.
Timing measureStop(Machine &machine, const std::vector<Instruction> &program,
                   uint64_t length, const Latencies &latencies, uint64_t cycleLimit);

/// The same as measure for queues that hold any program: all instructions are there from the
/// start, so that each is issued as early as its engine and its tokens allow.
Timing measureEarliest(const Configuration &configuration,
                       const std::vector<Instruction> &program);

} // namespace mlir::bpa

#endif // DOREFA_LIB_TARGET_BPA_TIMING_H
