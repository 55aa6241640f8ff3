//===- LinalgToVector.cpp - Lower float layers to vectors -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Conversion/Passes.h"
#include "dorefa/Target/CPU/MicroKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_CONVERTLINALGTOVECTORPASS
#include "dorefa/Conversion/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::dorefa;

namespace {

struct ConvertLinalgToVectorPass
    : public dorefa::impl::ConvertLinalgToVectorPassBase<
          ConvertLinalgToVectorPass> {
  using Base::Base;

  void runOnOperation() override {
    MicroKernelOptions options{lanes, accumulators, llvm::to_vector(features)};
    options.parallel = parallel;
    if (failed(options.verify(getOperation())))
      return signalPassFailure();
    SmallVector<linalg::LinalgOp> layers;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (hasFloatKernel(op) || hasWindowKernel(op))
        layers.push_back(op);
    });
    for (linalg::LinalgOp layer : layers) {
      OpBuilder builder(layer);
      if (hasFloatKernel(layer))
        emitFloatKernel(builder, layer, options);
      else
        emitWindowKernel(builder, cast<linalg::GenericOp>(layer.getOperation()),
                         options);
      layer->erase();
    }
  }
};

} // namespace
