//===- SelectKernels.cpp - Choose how each contraction is computed --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Transforms/Passes.h"
#include "dorefa/Transforms/Report.h"
#include "mlir/IR/Remarks.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_SELECTKERNELSPASS
#include "dorefa/Transforms/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using bitplane::Kernel;

/// The fastest kernel for `op`: the place for a cost model, once there is a
/// choice.
static Kernel chooseKernel(Operation *op) { return Kernel::Popcount; }

static void emitRemark(Operation *op) {
  dorefa::LayerReport row = *dorefa::reportLayer(op);
  auto remark = remark::analysis(
      op->getLoc(),
      remark::RemarkOpts::name("kernel-selected").category("dorefa"));
  remark << remark::metric("layer", row.name)
         << remark::metric("shape", row.shape)
         << remark::metric("weightBits", row.weightBits)
         << remark::metric("activationBits", row.activationBits)
         << remark::metric("accumulatorBits", row.accumulatorBits)
         << remark::metric("kernel", row.kernel)
         << remark::metric("packedBytes", row.packedBytes)
         << remark::metric("floatBytes", row.floatBytes);
}

namespace {

struct SelectKernelsPass
    : dorefa::impl::SelectKernelsPassBase<SelectKernelsPass> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (!isa<bitplane::Conv2DOp, bitplane::MatMulOp>(op))
        return;
      if (!op->hasAttr("kernel"))
        op->setAttr("kernel", bitplane::KernelAttr::get(op->getContext(),
                                                        chooseKernel(op)));
      emitRemark(op);
    });
  }
};

} // namespace
