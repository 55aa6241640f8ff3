//===- GPUTarget.h - Kernels for an NVIDIA GPU ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From kernels in the NVVM dialect to a shared object with the interface of
// dorefa-c/Model.h, which holds PTX, LLVM bitcode for the emulator, weights and the list
// of launches. docs/gpu.md describes its use. Nothing of CUDA is needed.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_GPU_GPUTARGET_H
#define DOREFA_TARGET_GPU_GPUTARGET_H

#include "dorefa/Target/Target.h"
#include "mlir/IR/Location.h"

#include <memory>
#include <string>

namespace mlir::dorefa {

/// What kernels are made for.
struct GPUOptions {
  /// The oldest GPU that runs the model, such as sm_80; `native` is that of this machine.
  std::string chip = "sm_80";
  /// Program that turns PTX into machine code of the chip, which the model then holds
  /// too; `ptxas` is that in PATH, where there is one; empty: PTX alone.
  std::string ptxas = {};
  /// Leaves out what the emulator needs.
  bool noEmulator = false;
  /// The system of the host: x86-64 or AArch64, Linux with glibc 2.34.
  std::string triple = "x86_64-unknown-linux-gnu";
  /// The one exported function is `<prefix>_open`; a C identifier.
  std::string symbolPrefix = "dorefa_model";
};

/// The chip of `options`; null after a diagnostic (at `loc`) that says which option
/// cannot be used.
std::unique_ptr<Target> createGPUTarget(const GPUOptions &options, Location loc);

} // namespace mlir::dorefa

#endif // DOREFA_TARGET_GPU_GPUTARGET_H
