//===- Options.h - Command line of dorefa-run -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_DOREFA_RUN_OPTIONS_H
#define DOREFA_TOOLS_DOREFA_RUN_OPTIONS_H

#include "dorefa/Runtime/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlir::dorefa::runtime {

/// What the user asked for.
struct Options {
  std::string model;
  std::string symbolPrefix = "dorefa_model";
  /// Values of --input, --output and --expect: [NAME=]FILE.npy.
  std::vector<std::string> inputs, outputs, expected;
  /// Largest difference as a part of the largest expected value, at least 0;
  /// without it values must be equal.
  std::optional<double> tolerance;
  /// Timed runs; 0: run once and print no time.
  int64_t repeat = 0;
  /// Threads to use at most; 0: as many as OpenMP uses.
  int32_t threads = 0;
  /// Print the time of each layer.
  bool profile = false;
  /// Device of a model that needs one; empty where none is named.
  std::string device;
  /// Files of what the accelerator did; empty where none is named.
  std::string engineTrace, waves;
  bool list = false;
  bool help = false;
};

/// Parses and checks the command line.
Expected<Options> parseOptions(int argc, char **argv);

/// The text of --help.
extern const char *const helpText;

} // namespace mlir::dorefa::runtime

#endif // DOREFA_TOOLS_DOREFA_RUN_OPTIONS_H
