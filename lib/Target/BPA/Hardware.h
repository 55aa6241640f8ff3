//===- Hardware.h - The Verilated accelerator -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// hardware/bpa as Verilator compiled it is a library of its own, libdorefa-bpa-rtl.so,
// opened where a device of kind "rtl" is. It runs in lock step with the simulators: the
// same program on the same DRAM, results and cycles compared.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_BPA_HARDWARE_H
#define DOREFA_LIB_TARGET_BPA_HARDWARE_H

#include "Timing.h"

#include <string>

namespace mlir::bpa {

/// Cycles in which an engine issued, and completed, instructions; registers are not
/// completed.
struct HardwareTrace {
  std::vector<uint64_t> issued[numEngines], completed[numEngines];
};

/// A program in DRAM, and how DRAM answers.
struct HardwareRun {
  uint32_t program, length;
  uint8_t *dram;
  uint64_t dramBytes;
  Latencies latencies;
  /// Given up after so many.
  uint64_t cycleLimit;
};

/// A chip with all its state.
class Hardware {
public:
  virtual ~Hardware() = default;
  /// False where the program did not end.
  virtual bool run(const HardwareRun &run, HardwareTrace &trace) = 0;
  /// From here on all signals of runs go to an FST file, one run behind the other: a cycle
  /// takes 2 steps of time.
  virtual void startWaves(const char *path) = 0;
  /// Completes the file.
  virtual void stopWaves() = 0;
  virtual uint32_t readRegister(uint32_t offset) = 0;
  virtual void writeRegister(uint32_t offset, uint32_t value) = 0;
};

/// A chip after reset; null where the library, which lies beside ours or in ../lib of
/// the program, is missing or has no such configuration.
std::unique_ptr<Hardware> openHardware(const char *configuration);

/// The first difference between what the hardware did and `timing`; empty where there
/// is none. `text` is the program up to its `halt`, to which it comes, or not.
std::string findDivergence(const std::vector<Instruction> &text,
                           const Timing &timing, const HardwareTrace &trace,
                           bool comesToHalt);

/// What `counter_select` chooses; section 6 of the manual.
uint64_t getCounter(const Timing &timing, uint32_t select);

} // namespace mlir::bpa

/// The function of the library.
extern "C" mlir::bpa::Hardware *
dorefa_bpa_open_hardware(const char *configuration);

#endif // DOREFA_LIB_TARGET_BPA_HARDWARE_H
