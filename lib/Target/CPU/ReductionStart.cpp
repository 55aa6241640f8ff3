//===- ReductionStart.cpp - What a reduction starts from ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReductionStart.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::dorefa;

static bool isView(Operation *op) {
  return isa_and_nonnull<memref::CollapseShapeOp, memref::ExpandShapeOp,
                         memref::SubViewOp>(op);
}

/// Whether something between `first` and `last`, operations of one block, may
/// see `buffer` or a view of it.
static bool isUsedBetween(Value buffer, Operation *first, Operation *last) {
  return llvm::any_of(buffer.getUsers(), [&](Operation *user) {
    if (isView(user))
      return isUsedBetween(user->getResult(0), first, last);
    Operation *at = first->getBlock()->findAncestorOpInBlock(*user);
    return at && first->isBeforeInBlock(at) && at->isBeforeInBlock(last);
  });
}

static ReductionStart startOf(Operation *user, Value output) {
  if (auto fill = dyn_cast<linalg::FillOp>(user))
    if (fill.getOutputs().front() == output)
      return {fill, {}, fill.getInputs().front()};
  // Other memory may have changed since; a constant has not.
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(user))
    if (broadcast.getInit() == output &&
        broadcast.getInput().getDefiningOp<memref::GetGlobalOp>() &&
        llvm::equal(broadcast.getDimensions(),
                    llvm::seq<int64_t>(broadcast.getDimensions().size())))
      return {broadcast, broadcast.getInput(), {}};
  return {};
}

ReductionStart ReductionStart::find(linalg::LinalgOp op) {
  Value output = op.getDpsInitOperand(0)->get();
  // Groups are channels seen in two dimensions.
  while (auto expand = output.getDefiningOp<memref::ExpandShapeOp>())
    output = expand.getSrc();
  Value buffer = output;
  while (isView(buffer.getDefiningOp()))
    buffer = buffer.getDefiningOp()->getOperand(0);
  for (Operation *user : output.getUsers()) {
    if (user->getBlock() != op->getBlock() || !user->isBeforeInBlock(op) ||
        isUsedBetween(buffer, user, op))
      continue;
    ReductionStart start = startOf(user, output);
    if (start.filler)
      return start;
  }
  return {};
}
