//===- Movement.cpp - Operations that move or select values ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Movement.h"

#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::dorefa {

bool isMovement(Operation *op) {
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op))
    return transpose.hasPureTensorSemantics();
  return isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
             tensor::ExtractSliceOp, MaxPoolOp>(op);
}

/// The region of linalg.transpose names the element type, so it is built anew.
static Value rebuildTranspose(OpBuilder &builder, Location loc,
                              linalg::TransposeOp op, Value input) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, input);
  SmallVector<OpFoldResult> permuted;
  for (int64_t dim : op.getPermutation())
    permuted.push_back(sizes[dim]);
  Value init = tensor::EmptyOp::create(builder, loc, permuted,
                                       getElementTypeOrSelf(input));
  return linalg::TransposeOp::create(builder, loc, input, init,
                                     op.getPermutation())
      ->getResult(0);
}

Value rebuildMovement(OpBuilder &builder, Location loc, Operation *op, Value input) {
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op))
    return rebuildTranspose(builder, loc, transpose, input);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  OperationState state(loc, op->getName());
  state.addOperands(op->getOperands());
  state.operands.front() = input;
  state.addTypes(type.clone(getElementTypeOrSelf(input)));
  state.propertiesAttr = op->getPropertiesAsAttribute();
  return builder.create(state)->getResult(0);
}

/// The operands that a float operation hands on. Layers and quantizers hand on
/// nothing.
static SmallVector<Value> getHandedOn(Operation *op) {
  if (isMovement(op) ||
      isa<UnaryOp, BatchNormOp, AvgPoolOp, SoftmaxOp, tensor::PadOp>(op))
    return {op->getOperand(0)};
  if (isa<BinaryOp, StraightThroughOp, tensor::ConcatOp>(op))
    return op->getOperands();
  return {};
}

bool comesFrom(Value value, llvm::function_ref<bool(Operation *)> isSource) {
  llvm::SetVector<Value> values;
  values.insert(value);
  for (size_t i = 0; i < values.size(); ++i) {
    Operation *op = values[i].getDefiningOp();
    if (!op)
      continue;
    if (isSource(op))
      return true;
    for (Value operand : getHandedOn(op))
      values.insert(operand);
  }
  return false;
}

} // namespace mlir::dorefa
