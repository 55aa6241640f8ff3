//===- FuseMultiplyAdd.cpp - Chains of fused multiply-adds ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_FUSEMULTIPLYADDPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

/// The loop that runs over the last dimension of the result moved to the
/// inside: neighbouring results then lie in the lanes of a vector, each with a
/// chain of its own.
SmallVector<unsigned> getLoopOrder(linalg::GenericOp op) {
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
  auto order = llvm::to_vector(llvm::seq<unsigned>(0, op.getNumLoops()));
  if (!last)
    return order;
  llvm::erase(order, last.getPosition());
  order.push_back(last.getPosition());
  return order;
}

/// Replaces `sum + a * b`, as the region of a contraction yields it.
LogicalResult fuseRegion(RewriterBase &rewriter, linalg::GenericOp op) {
  Operation *yield = op.getBody()->getTerminator();
  auto add = yield->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return failure();
  auto mul = add.getRhs().getDefiningOp<arith::MulFOp>();
  Value sum = add.getLhs();
  if (!mul) {
    mul = add.getLhs().getDefiningOp<arith::MulFOp>();
    sum = add.getRhs();
  }
  if (!mul)
    return failure();
  rewriter.setInsertionPoint(add);
  rewriter.replaceOpWithNewOp<math::FmaOp>(add, mul.getLhs(), mul.getRhs(),
                                           sum);
  if (mul->use_empty())
    rewriter.eraseOp(mul);
  return success();
}

struct FuseMultiplyAdd : impl::FuseMultiplyAddPassBase<FuseMultiplyAdd> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> contractions;
    getOperation()->walk([&](linalg::LinalgOp op) {
      bool isContraction = linalg::isaContractionOpInterface(op) ||
                           linalg::isaConvolutionOpInterface(op);
      auto type = cast<ShapedType>(op.getDpsInits()[0].getType());
      if (!isa<linalg::GenericOp>(op.getOperation()) && isContraction &&
          isa<FloatType>(type.getElementType()))
        contractions.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : contractions) {
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::GenericOp> generic =
          linalg::generalizeNamedOp(rewriter, op);
      // Pools have no product; they keep their order of loops.
      if (failed(generic) || failed(fuseRegion(rewriter, *generic)))
        continue;
      rewriter.setInsertionPoint(*generic);
      if (failed(linalg::interchangeGenericOp(rewriter, *generic,
                                              getLoopOrder(*generic))))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace mlir::dorefa
