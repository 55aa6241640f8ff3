//===- FuzzOptions.h - Command line of dorefa-fuzz --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_FUZZ_FUZZOPTIONS_H
#define DOREFA_TOOLS_FUZZ_FUZZOPTIONS_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

struct FuzzOptions {
  /// Network number i has seed `seed + i`.
  uint64_t seed = 1;
  uint64_t count = 100;
  /// Processors to compile for and to run on.
  std::vector<std::string> cpus;
  /// dorefa-run for AArch64, and the emulator that runs it; empty: not tested.
  std::string aarch64;
  std::vector<std::string> emulator;
  /// Every so many networks is also run on AArch64.
  uint64_t aarch64Every = 1;
  /// libdorefa-emulator.so, in which kernels for a GPU run; empty: not tested.
  std::string gpu;
  /// Chips that are compiled for in turn; not empty.
  std::vector<std::string> chips;
  /// libdorefa-bpa.so, on whose devices the accelerator's part runs; empty: not tested.
  std::string bpa;
  /// Where failing networks are written; empty: nowhere.
  std::string keep;
  unsigned jobs = 1;
  /// Seconds of processor time that one network may take.
  unsigned limit = 60;
  /// Compiles a network for one of the processors, in turn, not for all.
  bool spread = false;
  /// Flips one bit of the reference of networks with a convolution, to see that
  /// it is found.
  bool plant = false;
  /// Prints the networks, writes them to `keep` and does not run them.
  bool print = false;
};

/// Reads the command line; nullopt after a message on standard error.
std::optional<FuzzOptions> parseCommandLine(int argc, char **argv);

#endif // DOREFA_TOOLS_FUZZ_FUZZOPTIONS_H
