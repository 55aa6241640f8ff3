//===- BitPlaneToVector.cpp - Lower bitplane operations to vectors --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Conversion/Passes.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Target/CPU/MicroKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_CONVERTBITPLANETOVECTORPASS
#include "dorefa/Conversion/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::dorefa;

static LogicalResult lower(Operation *op, const MicroKernelOptions &options) {
  OpBuilder builder(op);
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<bitplane::Conv2DOp, bitplane::IndexOp, bitplane::MatMulOp,
            bitplane::MaxPoolOp, bitplane::PackOp, bitplane::ThresholdOp,
            bitplane::UnpackOp>(
          [&](auto typed) { return emitKernel(builder, typed, options); })
      .Default([](Operation *other) {
        return other->emitOpError("has no CPU kernel");
      });
}

namespace {

struct ConvertBitPlaneToVectorPass
    : public dorefa::impl::ConvertBitPlaneToVectorPassBase<
          ConvertBitPlaneToVectorPass> {
  using Base::Base;

  void runOnOperation() override {
    MicroKernelOptions options{lanes, accumulators,
                               llvm::to_vector(features)};
    options.parallel = parallel;
    if (failed(options.verify(getOperation())))
      return signalPassFailure();
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa_and_nonnull<bitplane::BitPlaneDialect>(op->getDialect()))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (failed(lower(op, options)))
        return signalPassFailure();
      op->erase();
    }
  }
};

} // namespace
