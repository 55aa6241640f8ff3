//===- MaterializePadding.cpp - Pad convolutions with zero words ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_MATERIALIZEPADDINGPASS
#include "dorefa/Transforms/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using bitplane::Conv2DOp;

/// `value` with rows and columns of zero words around it: `pads` are top, left,
/// bottom, right.
static Value padWithZeros(OpBuilder &builder, Location loc, Value value,
                          ArrayRef<int64_t> pads) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> low(type.getRank(), 0), high(low),
      shape(type.getShape());
  for (unsigned i : {0, 1}) {
    low[i + 1] = pads[i];
    high[i + 1] = pads[i + 2];
    shape[i + 1] += pads[i] + pads[i + 2];
  }
  Value zero = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(type.getElementType()));
  return tensor::PadOp::create(
      builder, loc, type.clone(shape), value,
      getAsIndexOpFoldResult(builder.getContext(), low),
      getAsIndexOpFoldResult(builder.getContext(), high), zero);
}

static void materializePadding(Conv2DOp op) {
  SmallVector<int64_t> pads(op.getPads()), border(op.getBorder());
  for (unsigned i = 0; i < 4; ++i)
    border[i] += pads[i];
  OpBuilder builder(op);
  op.getInputMutable().assign(
      padWithZeros(builder, op.getLoc(), op.getInput(), pads));
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
