//===- ProveOptions.h - Command line of dorefa-prove ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_PROVEOPTIONS_H
#define DOREFA_TOOLS_PROVEOPTIONS_H

#include "dorefa/Target/SMTLIB/ProofObligation.h"

#include <optional>
#include <string>

enum class ProofEncoding { Float32, Rational };
enum class Plant { Nothing, OffByOne };

/// What the user asked for.
struct ProveOptions {
  std::string model;
  mlir::dorefa::ProofSelection selection;
  ProofEncoding encoding = ProofEncoding::Float32;
  mlir::dorefa::AccumulatorForm form = mlir::dorefa::AccumulatorForm::Cases;
  /// Widest accumulator of the float32 encoding, in bits.
  unsigned maxBits = 14;
  /// Folder of the SMT-LIB files; empty prints them, unless they are only run.
  std::string output;
  /// Let z3 decide.
  bool run = false;
  /// Seconds per query.
  unsigned timeout = 300;
  /// A mistake to make on each channel, to see that it is found.
  Plant plant = Plant::Nothing;
};

/// Reads the command line; nullopt after a message on standard error.
std::optional<ProveOptions> parseCommandLine(int argc, char **argv);

#endif // DOREFA_TOOLS_PROVEOPTIONS_H
