//===- PredictTime.cpp - Say how long each layer will take ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Target/CPU/CostModel.h"
#include "dorefa/Transforms/Passes.h"
#include "dorefa/Transforms/Report.h"
#include "mlir/IR/Remarks.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_PREDICTTIMEPASS
#include "dorefa/Transforms/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::dorefa;

/// Whether planes are converted for `layer` alone.
static bool isInputConverted(Operation *layer) {
  Operation *producer = layer->getOperand(0).getDefiningOp();
  return isa_and_nonnull<bitplane::IndexOp, bitplane::UnpackOp>(producer);
}

/// The cost of `op`, of a network whose constants take `bytes`, where it is a layer
/// whose kernel is chosen.
static std::optional<LayerCost> predict(Operation *op, int64_t bytes,
                                        const MicroKernelOptions &machine) {
  std::optional<LayerReport> row = reportLayer(op);
  if (!row)
    return std::nullopt;
  LayerContext context{isInputConverted(op), bytes - row->packedBytes};
  if (isa<dorefa::Conv2DOp, dorefa::MatMulOp>(op))
    return predictFloatCost(op, context, machine);
  std::optional<bitplane::Kernel> kernel = bitplane::symbolizeKernel(row->kernel);
  if (!kernel || !canCompute(op, *kernel, machine))
    return std::nullopt;
  return predictCost(op, *kernel, context, machine);
}

static void emitRemark(Operation *op, const LayerCost &cost) {
  LayerReport row = *reportLayer(op);
  auto remark = remark::analysis(
      op->getLoc(), remark::RemarkOpts::name("time-predicted").category("dorefa"));
  remark << remark::metric("layer", row.name) << remark::metric("kernel", row.kernel)
         << remark::metric("machine", cost.machine)
         << remark::metric("nanoseconds", int64_t(cost.nanoseconds));
  for (unsigned i = 0; i < kNumWorks; ++i)
    if (cost.counts[i] != 0)
      remark << remark::metric(getWorkName(static_cast<Work>(i)), int64_t(cost.counts[i]));
}

namespace {

struct PredictTimePass : dorefa::impl::PredictTimePassBase<PredictTimePass> {
  using Base::Base;

  void runOnOperation() override {
    MicroKernelOptions machine;
    machine.lanes = lanes;
    machine.accumulators = accumulators;
    machine.features = llvm::to_vector(features);
    if (failed(machine.verify(getOperation())))
      return signalPassFailure();
    Builder b(&getContext());
    int64_t bytes = countConstants(getOperation());
    getOperation()->walk([&](Operation *op) {
      std::optional<LayerCost> cost = predict(op, bytes, machine);
      if (!cost)
        return;
      op->setAttr(kPredictedNanoseconds, b.getI64IntegerAttr(int64_t(cost->nanoseconds)));
      emitRemark(op, *cost);
    });
  }
};

} // namespace
