//===- MicroKernel.h - CPU micro-kernels as vector IR -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function writes the code of one operation on memrefs in front of it, as
// loops around 1-D vectors, and leaves the operation itself for the caller to
// erase. Accumulators live in the iter_args of scf.for, never in memory, and
// the epilogue (offsets, thresholds, packing) works on them in registers. All
// sizes are static except the leading batch dimension. Integers wrap around, so
// an intermediate may leave 32 bits where the result does not.
//
// A function that can fail does so with a diagnostic at the operation, where a
// memref is not laid out as the kernel needs it or an earlier pass did not run.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_CPU_MICROKERNEL_H
#define DOREFA_TARGET_CPU_MICROKERNEL_H

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Builders.h"

namespace mlir::dorefa {

/// What the kernels must know of the machine.
struct MicroKernelOptions {
  /// Elements of 32 bits in a vector register, a power of two of at most 32: 16
  /// with AVX-512, 8 with AVX2, 4 with SSE or NEON.
  unsigned lanes = 16;
  /// Vector registers that a tile may hold accumulators in. The others hold the
  /// operands: AVX-512 has 32 registers, of which 24 accumulate without spills.
  unsigned accumulators = 24;
  /// Instruction sets, by LLVM's names, whose intrinsics kernels may call.
  SmallVector<std::string> features = {};
  /// Loops whose iterations are independent become scf.parallel.
  bool parallel = false;

  bool has(StringRef feature) const {
    return llvm::is_contained(features, feature);
  }

  /// Fails with a diagnostic at `op` where a number is out of range.
  LogicalResult verify(Operation *op) const;
};

/// Bits of the indices of kernel `lookup` that suit the machine: 16 where it looks
/// up in 64 bytes, 8 where it does in 16, 0 where it cannot.
unsigned getIndexBits(const MicroKernelOptions &options);

/// Contractions of packed codes, filters packed for the kernel that they name
/// and pads already materialized.
LogicalResult emitKernel(OpBuilder &builder, bitplane::Conv2DOp op,
                         const MicroKernelOptions &options);
LogicalResult emitKernel(OpBuilder &builder, bitplane::MatMulOp op,
                         const MicroKernelOptions &options);

/// What stands between contractions.
LogicalResult emitKernel(OpBuilder &builder, bitplane::PackOp op,
                         const MicroKernelOptions &options);
LogicalResult emitKernel(OpBuilder &builder, bitplane::IndexOp op,
                         const MicroKernelOptions &options);
LogicalResult emitKernel(OpBuilder &builder, bitplane::UnpackOp op,
                         const MicroKernelOptions &options);
LogicalResult emitKernel(OpBuilder &builder, bitplane::ThresholdOp op,
                         const MicroKernelOptions &options);
LogicalResult emitKernel(OpBuilder &builder, bitplane::MaxPoolOp op,
                         const MicroKernelOptions &options);

/// Whether `op` is a float layer for which there is a kernel: a convolution,
/// grouped or depthwise ones included, or a product on memrefs of f32 whose
/// output channels lie side by side, as a named operation or as a
/// `linalg.generic` of one fused multiply-add.
bool hasFloatKernel(Operation *op);

/// Writes the code of such a layer. Every output is one chain of fused
/// multiply-adds that starts at the value the destination holds, taps in (ky,
/// kx, c) order, respectively in order of k; output channels lie in the lanes.
void emitFloatKernel(OpBuilder &builder, linalg::LinalgOp op,
                     const MicroKernelOptions &options);

/// Whether `op` is a reduction over windows for which there is a kernel, such as
/// a pool, or an elementwise operation: a `linalg.generic` on memrefs of f32 or i32
/// whose channels lie side by side in the result and in whatever its body uses. An
/// elementwise one may make bytes.
bool hasWindowKernel(Operation *op);

/// Writes the code of such an operation, taps in the order of its loops.
void emitWindowKernel(OpBuilder &builder, linalg::GenericOp op,
                      const MicroKernelOptions &options);

} // namespace mlir::dorefa

#endif // DOREFA_TARGET_CPU_MICROKERNEL_H
