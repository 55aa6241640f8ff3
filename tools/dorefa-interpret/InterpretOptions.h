//===- InterpretOptions.h - Command line of dorefa-interpret ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_INTERPRETOPTIONS_H
#define DOREFA_TOOLS_INTERPRETOPTIONS_H

#include "dorefa/Pipelines/Pipelines.h"

#include <optional>
#include <string>
#include <vector>

/// What the user asked for.
struct InterpretOptions {
  std::string model;
  /// Values of --input, --output and --expect: [NAME=]FILE.npy.
  std::vector<std::string> inputs, outputs, expected;
  /// Largest difference as a part of the largest expected value, at least 0;
  /// without it values must be equal.
  std::optional<double> tolerance;
  /// Archive of all named values; empty for none.
  std::string trace;
  /// Phase to bring the network to before it runs; nullopt runs it as it is.
  std::optional<mlir::dorefa::Phase> phase;
  /// How it gets there.
  mlir::dorefa::PipelineOptions pipeline;
  /// Print the outputs.
  bool print = false;
  /// Only list inputs and outputs.
  bool list = false;
};

/// Reads the command line; nullopt after a message on standard error.
std::optional<InterpretOptions> parseCommandLine(int argc, char **argv);

#endif // DOREFA_TOOLS_INTERPRETOPTIONS_H
