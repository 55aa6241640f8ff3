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
/// input, output and the workspace and the options of a run, the record
/// `dorefa_model` named `record` and its functions. The record is hidden,
/// everything else becomes internal.
void addModelInterface(llvm::Module &module, const Signature &signature,
                       llvm::StringRef record,
                       const llvm::TargetMachine &machine);

/// Functions with the types that dorefa-c/Model.h says, for a model that runs in
/// sessions on a device.
struct DeviceFunctions {
  llvm::Function *workspaceSize, *run, *openSession, *closeSession, *sessionError;
};

/// Adds to `module` the record of a model that runs on `target` by `functions`.
void addDeviceInterface(llvm::Module &module, const Signature &signature,
                        llvm::StringRef record, llvm::StringRef target,
                        const DeviceFunctions &functions);

/// A record in another object, and the machine that its code is for.
struct ModelVersion {
  std::string record;
  const llvm::TargetMachine *machine;
};

/// Adds to `module` the one function that is exported, `open`: it hands out the
/// last of `versions` that the processor can run.
void addOpenFunction(llvm::Module &module, llvm::StringRef open,
                     llvm::ArrayRef<ModelVersion> versions);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_CPU_MODELINTERFACE_H
