//===- ModelInterface.h - The functions of dorefa-c/Model.h -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_CPU_MODELINTERFACE_H
#define DOREFA_LIB_TARGET_CPU_MODELINTERFACE_H

#include "Signature.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace mlir::dorefa {

/// Adds to `module`, in which `@main` is the network with one descriptor per
/// input, output and the workspace, the record `dorefa_model` and its
/// functions; `open` is the name of the only function that is exported,
/// everything else becomes internal.
void addModelInterface(llvm::Module &module, const Signature &signature,
                       llvm::StringRef open,
                       const llvm::TargetMachine &machine);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_CPU_MODELINTERFACE_H
