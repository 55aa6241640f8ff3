//===- NativeCode.h - Native code of all targets ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What CPUTarget.cpp does for processors and other targets need for their host.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_CPU_NATIVECODE_H
#define DOREFA_LIB_TARGET_CPU_NATIVECODE_H

#include "Linker.h"
#include "ModelInterface.h"
#include "dorefa/Target/CPU/CPUTarget.h"

namespace mlir::dorefa {

/// Whether models may export a function with this prefix; a diagnostic says why not.
LogicalResult checkSymbolPrefix(StringRef prefix, Location loc);

/// One per processor of `options`; empty after a diagnostic.
std::vector<std::unique_ptr<llvm::TargetMachine>>
createMachines(const CPUOptions &options, Location loc);

/// The pipeline of -O2.
void optimise(llvm::Module &module, llvm::TargetMachine &machine);

/// Writes the object code of the function that chooses among `versions`.
llvm::Error compileOpenFunction(StringRef open, ArrayRef<ModelVersion> versions,
                                llvm::TargetMachine &machine, StringRef path);

/// Whether `path` may be replaced: it does not exist or is a regular file.
llvm::Error checkReplaceable(StringRef path);

/// Links into a temporary file beside `path` and renames it; `hasRuntime` as of
/// `linkSharedObject`.
llvm::Error linkAndRename(ArrayRef<std::string> objects, StringRef path,
                          llvm::TargetMachine &machine,
                          const ScratchDirectory &scratch,
                          bool hasRuntime = false);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_CPU_NATIVECODE_H
