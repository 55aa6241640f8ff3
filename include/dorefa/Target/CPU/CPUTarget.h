//===- CPUTarget.h - Native code for a processor ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the LLVM dialect to a shared object with the interface of
// dorefa-c/Model.h: LLVM IR, optimisation, object code and linking, all in this
// process, for Linux on x86-64 and on AArch64.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_CPU_CPUTARGET_H
#define DOREFA_TARGET_CPU_CPUTARGET_H

#include "dorefa/Target/Target.h"
#include "mlir/IR/Location.h"

#include <memory>
#include <string>

namespace mlir::dorefa {

/// What native code is made for.
struct CPUOptions {
  /// Instruction set and system: x86-64 or AArch64, Linux with glibc.
  std::string triple = "x86_64-unknown-linux-gnu";
  /// A processor that LLVM knows, or `native`, the one that we run on (x86-64
  /// only). For AArch64 also `generic`: Armv8-A with NEON. Several with commas in between make a
  /// version each, of which the last one that the machine can run is taken.
  std::string cpu = "native";
  /// The one exported function is `<prefix>_open`; a C identifier.
  std::string symbolPrefix = "dorefa_model";
};

/// The processor of `options`; null after a diagnostic (at `loc`) that says
/// which option cannot be used.
std::unique_ptr<Target> createCPUTarget(const CPUOptions &options,
                                        Location loc);

} // namespace mlir::dorefa

#endif // DOREFA_TARGET_CPU_CPUTARGET_H
