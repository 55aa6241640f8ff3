//===- CompileOptions.h - Command line of dorefa-compile --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_COMPILEOPTIONS_H
#define DOREFA_TOOLS_COMPILEOPTIONS_H

#include "dorefa/Pipelines/Pipelines.h"

#include <optional>
#include <string>

struct CompileOptions {
  std::string model;
  std::string output;
  /// Name of the target: cpu, gpu or bpa.
  std::string target;
  std::string chip;
  /// Of target gpu, as GPUOptions has it.
  std::string ptxas;
  bool noEmulator = false;
  /// Configuration of target bpa, and whether only its ELF file is wanted.
  std::string accelerator;
  bool programOnly = false;
  std::string cpu;
  std::string triple;
  std::string report;
  std::string header;
  std::string symbolPrefix;
  std::string dumpDirectory;
  /// File that gets the kernels that measurements choose, and file that says
  /// which to use; empty: the cost model chooses.
  std::string tune;
  std::string kernelsFrom;
  /// Phase to stop at; nullopt compiles down to a shared object.
  std::optional<mlir::dorefa::Phase> stopAt;
  bool remarks = false;
  mlir::dorefa::PipelineOptions pipeline;
};

/// Reads the command line; nullopt after a message on standard error.
std::optional<CompileOptions> parseCommandLine(int argc, char **argv);

/// Does what the options say; diagnostics go to the handlers of `context`.
mlir::LogicalResult compile(const CompileOptions &options,
                            mlir::MLIRContext &context);

#endif // DOREFA_TOOLS_COMPILEOPTIONS_H
