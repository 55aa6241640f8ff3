//===- InferRanges.cpp - Prove the interval of each accumulator -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Transforms/Passes.h"
#include "dorefa/Transforms/Ranges.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_INFERRANGESPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

struct InferRangesPass : impl::InferRangesPassBase<InferRangesPass> {
  void runOnOperation() override {
    RangeAnalysis ranges;
    WalkResult walk = getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      ranges.visit(op);
      return setRange(op, ranges);
    });
    if (walk.wasInterrupted())
      signalPassFailure();
  }

private:
  /// Writes the range of an integer layer and checks that it fits; checks that the
  /// sum of two layers fits.
  static WalkResult setRange(Operation *op, const RangeAnalysis &ranges) {
    auto conv = dyn_cast<Conv2DOp>(op);
    auto matmul = dyn_cast<MatMulOp>(op);
    if (!(conv && conv.isInteger()) && !(matmul && matmul.isInteger()) &&
        !isa<WeightedSumOp>(op))
      return WalkResult::advance();
    Interval range = hull(ranges.getIntervals(op->getResult(0)));
    if (failed(verifyAccumulators(op, range)))
      return WalkResult::interrupt();
    int64_t ends[] = {range.lo, range.hi};
    if (conv)
      conv.setRange(ends);
    else if (matmul)
      matmul.setRange(ends);
    return WalkResult::advance();
  }
};

} // namespace
} // namespace mlir::dorefa
