//===- CPUTarget.h - Native code for a processor ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the LLVM dialect to a shared object with the interface of
// dorefa-c/Model.h: LLVM IR, optimisation, object code and linking, all in this
// process, for Linux on x86-64.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_CPU_CPUTARGET_H
#define DOREFA_TARGET_CPU_CPUTARGET_H

#include "dorefa/Pipelines/Pipelines.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Location.h"

#include <string>

namespace mlir::dorefa {

/// What native code is made for.
struct CPUOptions {
  /// A processor that LLVM knows, or `native`, the one that we run on.
  std::string cpu = "native";
  /// The one exported function is `<prefix>_open`; a C identifier.
  std::string symbolPrefix = "dorefa_model";
};

/// Resolves `native` and tells the pipeline how wide the vectors of the processor
/// are. Diagnostics (at `loc`) say which option cannot be used.
LogicalResult configurePipeline(CPUOptions &options, PipelineOptions &pipeline,
                                Location loc);

/// Compiles `module`, which is in phase `llvm`, and writes the shared object to
/// `path`, through a temporary file beside it: nothing half-written remains. The
/// constants of `module` are reshaped, nothing else is changed.
LogicalResult emitSharedObject(ModuleOp module, const CPUOptions &options,
                               llvm::StringRef path);

/// A C header for `module` in phase `buffers` or later: the exported function, and
/// names and sizes of inputs and outputs.
std::string formatHeader(ModuleOp module, const CPUOptions &options);

} // namespace mlir::dorefa

#endif // DOREFA_TARGET_CPU_CPUTARGET_H
