//===- HostProgram.h - What the host does, as a list ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_GPU_HOSTPROGRAM_H
#define DOREFA_LIB_TARGET_GPU_HOSTPROGRAM_H

#include "../CPU/Signature.h"
#include "Runtime/Program.h"

#include <string>
#include <vector>

namespace mlir::dorefa {

/// A launch, or the begin or end of a layer; `kind` and the other fields as in
/// `dorefa_gpu_step`.
struct HostStep {
  int32_t kind;
  uint32_t number = 0;
  dorefa_gpu_size work = {0, 0};
  int64_t divisor = 1;
  uint32_t rows = 1;
  uint32_t blockSize = 0;
  uint32_t sharedBytes = 0;
  std::vector<dorefa_gpu_argument> arguments = {};
};

/// `@main` of a network in phase `nvvm`.
struct HostProgram {
  std::vector<std::string> kernels;
  /// Bytes that kernels read, each constant aligned to 256.
  std::string constants;
  /// Bytes of the inputs, then of the outputs.
  std::vector<dorefa_gpu_size> tensors;
  std::vector<HostStep> steps;
};

/// Reads `@main`, which may only launch kernels and tell of layers; a diagnostic says what
/// else it does.
FailureOr<HostProgram> readHostProgram(ModuleOp module, const Signature &signature);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_GPU_HOSTPROGRAM_H
