//===- EmulateOptions.h - Command line of dorefa-emulate --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_EMULATEOPTIONS_H
#define DOREFA_TOOLS_EMULATEOPTIONS_H

#include "dorefa/Emulator/Emulator.h"

#include <optional>
#include <string>
#include <vector>

/// What the user asked for.
struct EmulateOptions {
  std::string input;
  std::string kernel;
  mlir::dorefa::emulator::Dimensions grid, block;
  uint64_t sharedBytes;
  /// Values of the parameters, see Arguments.h.
  std::vector<std::string> arguments;
  /// "INDEX=FILE".
  std::vector<std::string> outputs, expected;
  /// One run for each; they start with the same arguments.
  std::vector<mlir::dorefa::emulator::EmulatorOptions> runs;
};

/// Reads the command line; nullopt after a message on standard error.
std::optional<EmulateOptions> parseCommandLine(int argc, char **argv);

#endif // DOREFA_TOOLS_EMULATEOPTIONS_H
