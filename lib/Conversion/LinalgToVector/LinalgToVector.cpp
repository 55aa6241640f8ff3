//===- LinalgToVector.cpp - Lower float layers to vectors -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Conversion/Passes.h"
#include "dorefa/Target/CPU/MicroKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_CONVERTLINALGTOVECTORPASS
#include "dorefa/Conversion/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::dorefa;

/// Whether `op` is a float layer on memrefs; others are for later passes.
static bool isFloatLayer(Operation *op) {
  if (!isa<linalg::Conv2DNhwcHwcfOp, linalg::MatmulOp>(op))
    return false;
  return llvm::all_of(op->getOperandTypes(), [](Type type) {
    auto memref = dyn_cast<MemRefType>(type);
    return memref && memref.getElementType().isF32();
  });
}

namespace {

struct ConvertLinalgToVectorPass
    : public dorefa::impl::ConvertLinalgToVectorPassBase<
          ConvertLinalgToVectorPass> {
  using Base::Base;

  void runOnOperation() override {
    MicroKernelOptions options{lanes, accumulators};
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isFloatLayer(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      OpBuilder builder(op);
      LogicalResult result =
          TypeSwitch<Operation *, LogicalResult>(op)
              .Case<linalg::Conv2DNhwcHwcfOp, linalg::MatmulOp>(
                  [&](auto layer) {
                    return emitKernel(builder, layer, options);
                  });
      if (failed(result))
        return signalPassFailure();
      op->erase();
    }
  }
};

} // namespace
