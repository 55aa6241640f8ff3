//===- Buffers.h - What kernels ask of their operands -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shared by the kernels of processors and of GPUs, which work on memrefs.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_DIALECT_BITPLANE_BUFFERS_H
#define DOREFA_DIALECT_BITPLANE_BUFFERS_H

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace mlir::bitplane {

/// Dimensions of a memref.
inline int64_t rankOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getRank();
}

/// Size of the last dimension of a memref, which is static.
inline int64_t lastSizeOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getShape().back();
}

/// `indices` and then `more`.
SmallVector<Value> extend(ValueRange indices, ArrayRef<Value> more);

/// Fails with a diagnostic at `op` unless its operands are memrefs of which only the
/// leading size may be dynamic.
LogicalResult checkBuffers(Operation *op);

/// The elements of `buffer` where it is a constant of the module, else null.
ElementsAttr getConstantElements(Value buffer);

} // namespace mlir::bitplane

#endif // DOREFA_DIALECT_BITPLANE_BUFFERS_H
