//===- SelectKernels.cpp - Choose how each contraction is computed --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "dorefa/Transforms/Passes.h"
#include "dorefa/Transforms/Report.h"
#include "mlir/IR/Remarks.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_SELECTKERNELSPASS
#include "dorefa/Transforms/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using bitplane::Kernel;

static bitplane::FilterGeometry getGeometry(Operation *op) {
  if (auto conv = dyn_cast<bitplane::Conv2DOp>(op))
    return {int64_t(conv.getChannels()), int64_t(conv.getOutputChannels()),
            int64_t(conv.getGroups())};
  auto matmul = cast<bitplane::MatMulOp>(op);
  return {int64_t(matmul.getChannels()), int64_t(matmul.getOutputChannels())};
}

/// Whether `kernel` has a layout for the filter of `op`.
static bool canCompute(Kernel kernel, Operation *op) {
  switch (kernel) {
  case Kernel::Popcount:
    return true;
  case Kernel::Dot:
    return getGeometry(op).hasDotLayout();
  case Kernel::Lookup:
    return false;
  }
  llvm_unreachable("unknown kernel");
}

/// Pairs of planes that `op` multiplies.
static int64_t countPairs(Operation *op) {
  if (auto conv = dyn_cast<bitplane::Conv2DOp>(op))
    return conv.getInputCode().getBits() * conv.getFilterCode().getBits();
  auto matmul = cast<bitplane::MatMulOp>(op);
  return matmul.getInputCode().getBits() * matmul.getWeightsCode().getBits();
}

/// The fastest kernel for `op`: the place for a cost model.
static Kernel chooseKernel(Operation *op, ArrayRef<std::string> features) {
  constexpr int64_t kMostPairs = 8;
  bool hasDot = llvm::is_contained(features, "avx512vnni") ||
                llvm::is_contained(features, "avxvnni");
  if (hasDot && countPairs(op) > kMostPairs && canCompute(Kernel::Dot, op))
    return Kernel::Dot;
  return Kernel::Popcount;
}

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
  using Base::Base;

  void runOnOperation() override {
    std::optional<Kernel> forced = bitplane::symbolizeKernel(kernel);
    if (!forced && !kernel.empty()) {
      getOperation()->emitError() << "kernel is '" << kernel.getValue()
                                  << "' but must be popcount, lookup or dot";
      return signalPassFailure();
    }
    getOperation()->walk([&](Operation *op) {
      if (!isa<bitplane::Conv2DOp, bitplane::MatMulOp>(op))
        return;
      Kernel chosen = !forced                   ? chooseKernel(op, features)
                      : canCompute(*forced, op) ? *forced
                                                : Kernel::Popcount;
      if (!op->hasAttr("kernel"))
        op->setAttr("kernel",
                    bitplane::KernelAttr::get(op->getContext(), chosen));
      emitRemark(op);
    });
  }
};

} // namespace
