//===- LockStep.h - The hardware beside the simulators ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_BPA_LOCKSTEP_H
#define DOREFA_LIB_TARGET_BPA_LOCKSTEP_H

#include "FunctionalSimulator.h"
#include "Hardware.h"

namespace mlir::bpa {

/// A program in DRAM and how it is run.
struct ProgramRun {
  /// In beats.
  uint32_t program, length;
  uint64_t stepLimit;
  Latencies latencies;
};

/// A run of the simulators: where a program stops, the text goes on to its `halt`, or to
/// what does not decode.
struct SimulatedRun {
  RunResult result;
  Timing timing;
  std::vector<Instruction> text;
};

/// A chip with DRAM of its own, which is the same as the machine's between runs.
class LockStep {
public:
  /// Null where there is no library or no memory; the status says which.
  static std::unique_ptr<LockStep> open(Machine &machine, int32_t &status);

  Hardware &getHardware() { return *hardware; }
  uint8_t *getDram() { return static_cast<uint8_t *>(dram.data()); }

  /// To be called before the machine runs: keeps what replaying needs.
  void prepare();

  /// Runs on the chip what the machine ran. What stopped the program in time replaces
  /// what stopped the machine, and its DRAM then is what it is after that stop.
  /// Returns the first difference; empty where there is none.
  std::string run(const ProgramRun &run, SimulatedRun &simulated);

private:
  LockStep(Machine &machine, std::unique_ptr<Hardware> hardware,
           dorefa::runtime::Buffer dram)
      : machine(machine), hardware(std::move(hardware)), dram(std::move(dram)) {}

  /// False where the program did not stop in the cycle simulator: it hangs.
  bool findStop(const ProgramRun &run, SimulatedRun &simulated);
  Replay replay(const ProgramRun &run, const Timing &timing);
  std::string compareRegisters(const SimulatedRun &simulated, bool hasOpen);
  std::string compareDram(const Replay &replay);

  Machine &machine;
  std::unique_ptr<Hardware> hardware;
  dorefa::runtime::Buffer dram;
  // Memories of the machine before it ran.
  LaneMemory fmap{0}, wbuf{0};
  std::vector<uint8_t> tbuf;
  std::vector<std::vector<uint64_t>> abuf;
  bool overflow = false;
};

} // namespace mlir::bpa

#endif // DOREFA_LIB_TARGET_BPA_LOCKSTEP_H
