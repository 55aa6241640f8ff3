//===- KernelCode.h - Kernels as bitcode and PTX ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_GPU_KERNELCODE_H
#define DOREFA_LIB_TARGET_GPU_KERNELCODE_H

#include "Chips.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

#include <string>

namespace mlir::dorefa {

struct KernelCode {
  /// What NVPTX compiled, for the emulator.
  std::string bitcode;
  std::string ptx;
  /// Machine code of the chip; empty without.
  std::string cubin;
};

/// Compiles the kernels, which are in the LLVM dialect, for `chip`; a function without a
/// body is an error. Fails with a diagnostic.
FailureOr<KernelCode> compileKernels(gpu::GPUModuleOp kernels, const Chip &chip);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_GPU_KERNELCODE_H
