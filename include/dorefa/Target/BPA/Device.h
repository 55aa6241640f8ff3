//===- Device.h - Programs on BPA machines ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_BPA_DEVICE_H
#define DOREFA_TARGET_BPA_DEVICE_H

#include "dorefa-c/BPA.h"
#include "dorefa/Target/BPA/Program.h"

#include <memory>

namespace mlir::bpa {

struct CloseDevice {
  void operator()(bpa_device *device) const { bpa_close(device); }
};
using Device = std::unique_ptr<bpa_device, CloseDevice>;

/// A device of this kind whose DRAM holds just the program, loaded.
llvm::Expected<Device> openDevice(const Program &program,
                                  const std::string &kind);

/// Instructions of a routine: number of the first one, and how many.
struct RoutineRange {
  uint32_t first, length;
};

/// The instructions from the symbol `routine` of the text to the next one; all of
/// the text where the name is empty.
llvm::Expected<RoutineRange> findRoutine(const Program &program,
                                         llvm::StringRef routine);

/// Runs the program that openDevice loaded up to its `halt`; an error is why it
/// stopped before.
llvm::Error run(const Program &program, const Device &device,
                const bpa_run_options &options);

/// Decides that all routines of the program that openDevice loaded end, whatever the
/// timing is with the same results; a text without symbols is one routine. An error
/// starts with the name of the routine, if it has one.
llvm::Error verify(const Program &program, const Device &device);

/// Reads the ELF64 file at `path`; an error starts with the path.
llvm::Expected<Program> readElfFile(const std::string &path);

} // namespace mlir::bpa

#endif // DOREFA_TARGET_BPA_DEVICE_H
