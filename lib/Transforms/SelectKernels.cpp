//===- SelectKernels.cpp - Choose how each contraction is computed --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Target/CPU/CostModel.h"
#include "dorefa/Transforms/Passes.h"
#include "dorefa/Transforms/Report.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"
#include <limits>

namespace mlir::dorefa {
#define GEN_PASS_DEF_SELECTKERNELSPASS
#include "dorefa/Transforms/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::bitplane;
using dorefa::MicroKernelOptions;

/// Whether the layer before `layer` may make codes in the form that a kernel wants,
/// so that nothing has to convert them.
static bool isInputMade(Operation *layer) {
  Operation *producer = layer->getOperand(0).getDefiningOp();
  return isa_and_nonnull<bitplane::Conv2DOp, bitplane::MatMulOp>(producer);
}

/// The fastest kernel for `layer` of a network whose constants take `bytes`.
static Kernel chooseKernel(Operation *layer, int64_t bytes,
                           const MicroKernelOptions &machine) {
  dorefa::LayerContext context{!isInputMade(layer),
                               bytes - dorefa::reportLayer(layer)->packedBytes};
  Kernel chosen = Kernel::Popcount;
  double least = std::numeric_limits<double>::infinity();
  for (Kernel kernel : {Kernel::Popcount, Kernel::Lookup, Kernel::Dot}) {
    if (!dorefa::canCompute(layer, kernel, machine))
      continue;
    double time =
        dorefa::predictCost(layer, kernel, context, machine).nanoseconds;
    if (time < least) {
      chosen = kernel;
      least = time;
    }
  }
  return chosen;
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
    MicroKernelOptions machine;
    machine.lanes = lanes;
    machine.accumulators = accumulators;
    machine.features = llvm::to_vector(features);
    if (failed(machine.verify(getOperation())))
      return signalPassFailure();
    std::optional<Kernel> forced = bitplane::symbolizeKernel(kernel);
    if (!forced && !kernel.empty()) {
      getOperation()->emitError() << "kernel is '" << kernel.getValue()
                                  << "' but must be popcount, lookup or dot";
      return signalPassFailure();
    }
    SmallVector<Operation *> layers;
    getOperation()->walk([&](Operation *op) {
      if (isa<bitplane::Conv2DOp, bitplane::MatMulOp>(op))
        layers.push_back(op);
    });
    if (!kernels.empty() && kernels.size() != layers.size()) {
      getOperation()->emitError() << "has " << layers.size() << " layers on bits but "
                                  << kernels.size() << " kernels are named";
      return signalPassFailure();
    }
    int64_t bytes = dorefa::countConstants(getOperation());
    for (auto [number, layer] : llvm::enumerate(layers)) {
      FailureOr<Kernel> chosen = chooseOrTake(layer, number, forced, bytes, machine);
      if (failed(chosen))
        return signalPassFailure();
      llvm::TypeSwitch<Operation *>(layer).Case<bitplane::Conv2DOp, bitplane::MatMulOp>(
          [&](auto op) {
            if (!op.getKernel())
              op.setKernel(*chosen);
          });
      emitRemark(layer);
    }
  }

  /// The kernel that is named for `layer`, or else the fastest.
  FailureOr<Kernel> chooseOrTake(Operation *layer, size_t number,
                                 std::optional<Kernel> forced, int64_t bytes,
                                 const MicroKernelOptions &machine) {
    if (forced)
      return dorefa::canCompute(layer, *forced, machine) ? *forced : Kernel::Popcount;
    if (kernels.empty())
      return chooseKernel(layer, bytes, machine);
    std::optional<Kernel> named = bitplane::symbolizeKernel(kernels[number]);
    if (named && dorefa::canCompute(layer, *named, machine))
      return *named;
    return layer->emitOpError("is to be computed by kernel '")
           << kernels[number] << "', which "
           << (named ? "cannot compute it on this target" : "does not exist");
  }
};

} // namespace
