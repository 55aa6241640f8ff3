//===- FuseMaxPool.cpp - Let convolutions pool what they make ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_FUSEMAXPOOLPASS
#include "dorefa/Transforms/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using bitplane::Conv2DOp;

/// Why the producer of its input cannot pool for `pool`; empty where it can.
static StringRef whyNot(bitplane::MaxPoolOp pool) {
  auto conv = pool.getInput().getDefiningOp<Conv2DOp>();
  if (!conv || !conv.getResultCode())
    return "it pools no codes of a convolution";
  if (!conv->hasOneUse())
    return "the convolution has another user";
  if (conv.getPoolSize() > 1)
    return "the convolution has a pool already";
  ArrayRef<int64_t> window = pool.getKernel();
  if (window != pool.getStrides())
    return "its windows overlap or leave gaps";
  auto isNot = [](int64_t value) { return [=](int64_t other) { return other != value; }; };
  if (llvm::any_of(pool.getDilations(), isNot(1)) || llvm::any_of(pool.getPads(), isNot(0)))
    return "it is padded or dilated";
  // Rows of a lane that two tiles of pixels have.
  int64_t size = llvm::product_of(window);
  if (size != 2 && size != 4)
    return "its windows are not of 2 or 4 pixels";
  return {};
}

namespace {

struct FuseMaxPool : OpRewritePattern<bitplane::MaxPoolOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(bitplane::MaxPoolOp pool,
                                PatternRewriter &rewriter) const override {
    if (StringRef reason = whyNot(pool); !reason.empty())
      return rewriter.notifyMatchFailure(pool, reason);
    auto conv = pool.getInput().getDefiningOp<Conv2DOp>();
    auto fused = cast<Conv2DOp>(rewriter.clone(*conv));
    rewriter.modifyOpInPlace(fused, [&] {
      fused->setLoc(rewriter.getFusedLoc({conv.getLoc(), pool.getLoc()}));
      fused.setPool(pool.getKernel());
      fused.getInitMutable().assign(pool.getInit());
      fused->getResult(0).setType(pool->getResult(0).getType());
    });
    rewriter.replaceOp(pool, fused);
    rewriter.eraseOp(conv);
    return success();
  }
};

struct FuseMaxPoolPass : dorefa::impl::FuseMaxPoolPassBase<FuseMaxPoolPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseMaxPool>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation()->walk([](bitplane::MaxPoolOp pool) {
      remark::missed(pool->getLoc(),
                     remark::RemarkOpts::name("max-pool-fused").category("dorefa"))
          << remark::reason("{0}", whyNot(pool));
    });
  }
};

} // namespace
