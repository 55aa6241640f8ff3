//===- BitPlaneToGPU.cpp - Lower bitplane operations to GPU kernels -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "dorefa/Conversion/Passes.h"
#include "dorefa/Dialect/BitPlane/Buffers.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_CONVERTBITPLANETOGPUPASS
#include "dorefa/Conversion/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::dorefa;

static LogicalResult lower(Operation *op) {
  if (failed(bitplane::checkBuffers(op)))
    return failure();
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<bitplane::Conv2DOp, bitplane::MatMulOp, bitplane::MaxPoolOp, bitplane::PackOp,
            bitplane::ThresholdOp, bitplane::UnpackOp>(
          [](auto typed) { return emitGPUKernel(typed); })
      .Default([](Operation *other) {
        return other->emitOpError("has no GPU kernel");
      });
}

namespace {

struct ConvertBitPlaneToGPUPass
    : public dorefa::impl::ConvertBitPlaneToGPUPassBase<ConvertBitPlaneToGPUPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa_and_nonnull<bitplane::BitPlaneDialect>(op->getDialect()))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (failed(lower(op)))
        return signalPassFailure();
      op->erase();
    }
  }
};

} // namespace
