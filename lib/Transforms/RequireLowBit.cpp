//===- RequireLowBit.cpp - Reject quantized layers that stayed float ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "dorefa/Transforms/Passes.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_REQUIRELOWBITPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

struct RequireLowBitPass : impl::RequireLowBitPassBase<RequireLowBitPass> {
  void runOnOperation() override {
    bool found = false;
    getOperation()->walk([&](Operation *op) {
      auto reason = op->getAttrOfType<StringAttr>("dorefa.reason");
      if (!reason || !isa<Conv2DOp, MatMulOp>(op))
        return;
      found = true;
      op->emitOpError() << "is quantized in the source but stays float: "
                        << reason.getValue();
    });
    if (found)
      signalPassFailure();
  }
};

} // namespace
} // namespace mlir::dorefa
