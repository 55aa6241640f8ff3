//===- Signature.h - Inputs and outputs of a network ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_CPU_SIGNATURE_H
#define DOREFA_LIB_TARGET_CPU_SIGNATURE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"

#include <string>

namespace mlir::dorefa {

/// An input or output as the source file names it.
struct TensorInfo {
  std::string name;
  RankedTensorType type;
};

/// A layer as a profile shows it.
struct LayerInfo {
  std::string name, operation, kernel;
  /// Multiply-adds per sample where the batch is dynamic, else altogether.
  int64_t macs;
  /// 0 where no cost model predicted a time.
  int64_t predictedNanoseconds;
};

/// What the passes of phases `buffers` and `vector` noted about a network.
struct Signature {
  std::string name;
  SmallVector<TensorInfo> inputs;
  SmallVector<TensorInfo> outputs;
  SmallVector<LayerInfo> layers;
  /// The workspace takes `perSample * batch + fixed` bytes.
  int64_t workspacePerSample = 0;
  int64_t workspaceFixed = 0;
  /// What an accelerator has to load, an ELF file; empty where there is none.
  std::vector<uint8_t> deviceProgram = {};

  /// Whether any input or output has the batch as its first dimension.
  bool hasBatch() const;
};

/// Reads the signature; a diagnostic says which pass has not run.
FailureOr<Signature> readSignature(ModuleOp module);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_CPU_SIGNATURE_H
