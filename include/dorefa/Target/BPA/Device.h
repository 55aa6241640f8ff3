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

/// Runs the program that openDevice loaded up to its `halt`; an error is why it
/// stopped before.
llvm::Error run(const Program &program, const Device &device,
                const bpa_run_options &options);

/// Reads the ELF64 file at `path`; an error starts with the path.
llvm::Expected<Program> readElfFile(const std::string &path);

} // namespace mlir::bpa

#endif // DOREFA_TARGET_BPA_DEVICE_H
