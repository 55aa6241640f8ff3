//===- Movement.h - Operations that move or select values -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TRANSFORMS_MOVEMENT_H
#define DOREFA_LIB_TRANSFORMS_MOVEMENT_H

#include "mlir/IR/Builders.h"

namespace mlir::dorefa {

/// Whether `op` only moves or selects elements of its first operand, so that it
/// means the same on floats, accumulators and codes: reshape, slice, transpose, max
/// pool.
bool isMovement(Operation *op);

/// Builds the movement `op` on another `input` of the same shape, of any element
/// type.
Value rebuildMovement(OpBuilder &builder, Location loc, Operation *op, Value input);

/// Whether `value` or a float tensor that it is computed from, through operations
/// that hand on what they get however changed (no layers), is the result of an
/// operation that `isSource` accepts.
bool comesFrom(Value value, llvm::function_ref<bool(Operation *)> isSource);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TRANSFORMS_MOVEMENT_H
