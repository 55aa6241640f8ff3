//===- Tune.h - Choose kernels by measuring them ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_TUNE_H
#define DOREFA_TOOLS_TUNE_H

#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <string>
#include <vector>

/// How one layer on bits is computed.
struct LayerChoice {
  /// As in the report.
  std::string name;
  std::string kernel;
  /// Of each kernel that was measured, by name; what converts the layer's input
  /// is included.
  std::map<std::string, int64_t> nanoseconds;
};

/// Compiles the network for one kernel into a shared object.
using KernelCompiler = llvm::function_ref<mlir::LogicalResult(
    llvm::StringRef kernel, llvm::StringRef path)>;

/// Measures the layers on bits of a network by all kernels, in turns and on
/// random inputs of batch 1, and chooses the fastest of each; fails with a
/// diagnostic at `loc`, for example where this machine cannot run the code.
mlir::FailureOr<std::vector<LayerChoice>> tune(KernelCompiler compile,
                                               llvm::StringRef symbolPrefix,
                                               mlir::Location loc);

/// Writes choices as JSON to `path`, so that `readChoices` gives them again.
mlir::LogicalResult writeChoices(mlir::MLIRContext &context,
                                 llvm::ArrayRef<LayerChoice> choices,
                                 llvm::StringRef path);

/// The kernels in file `path` for the layers on bits of `module`, in program
/// order. A file that is not for these layers is an error.
mlir::FailureOr<std::vector<std::string>> readChoices(mlir::ModuleOp module,
                                                      llvm::StringRef path);

#endif // DOREFA_TOOLS_TUNE_H
