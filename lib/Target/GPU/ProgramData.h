//===- ProgramData.h - The program of a model as constants ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_GPU_PROGRAMDATA_H
#define DOREFA_LIB_TARGET_GPU_PROGRAMDATA_H

#include "../CPU/ModelInterface.h"
#include "HostProgram.h"
#include "KernelCode.h"

namespace mlir::dorefa {

/// Adds to `module` the `dorefa_gpu_program` of a network, and the functions of the
/// model that run it.
DeviceFunctions addProgram(llvm::Module &module, const Signature &signature,
                           const HostProgram &program, const KernelCode &code,
                           const Chip &chip);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_GPU_PROGRAMDATA_H
