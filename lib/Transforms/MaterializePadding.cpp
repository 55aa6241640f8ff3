//===- MaterializePadding.cpp - Pad convolutions with zero words ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Transforms/FeatureMap.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_MATERIALIZEPADDINGPASS
#include "dorefa/Transforms/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using bitplane::Conv2DOp;

static void materializePadding(Conv2DOp op) {
  SmallVector<int64_t> pads(op.getPads()), border(op.getBorder());
  for (unsigned i = 0; i < 4; ++i)
    border[i] += pads[i];
  ImplicitLocOpBuilder b(op.getLoc(), op);
  TypedAttr zero = b.getZeroAttr(getElementTypeOrSelf(op.getInput()));
  op.getInputMutable().assign(
      dorefa::padFeatureMap(b, op.getInput(), pads, zero));
  op.setPads({0, 0, 0, 0});
  op.setBorder(border);
}

namespace {

struct MaterializePaddingPass
    : dorefa::impl::MaterializePaddingPassBase<MaterializePaddingPass> {
  void runOnOperation() override {
    getOperation()->walk([](Conv2DOp op) {
      bool isPadded =
          llvm::any_of(op.getPads(), [](int64_t pad) { return pad; });
      if (isPadded && isa<RankedTensorType>(op.getInput().getType()))
        materializePadding(op);
    });
  }
};

} // namespace
