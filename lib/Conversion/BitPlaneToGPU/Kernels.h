//===- Kernels.h - GPU kernels of bitplane operations -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOGPU_KERNELS_H
#define DOREFA_LIB_CONVERSION_BITPLANETOGPU_KERNELS_H

#include "dorefa/Dialect/BitPlane/BitPlane.h"

namespace mlir::dorefa {

/// Launches a kernel in front of the operation, which works on memrefs and stays.
/// A diagnostic says what of it no kernel computes.
LogicalResult emitGPUKernel(bitplane::Conv2DOp op);
LogicalResult emitGPUKernel(bitplane::MatMulOp op);
LogicalResult emitGPUKernel(bitplane::PackOp op);
LogicalResult emitGPUKernel(bitplane::UnpackOp op);
LogicalResult emitGPUKernel(bitplane::ThresholdOp op);
LogicalResult emitGPUKernel(bitplane::MaxPoolOp op);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOGPU_KERNELS_H
