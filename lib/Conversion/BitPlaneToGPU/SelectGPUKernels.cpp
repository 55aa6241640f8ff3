//===- SelectGPUKernels.cpp - Choose how a GPU computes each layer --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Conversion/GPUCostModel.h"
#include "dorefa/Conversion/Passes.h"
#include "dorefa/Target/CPU/CostModel.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_SELECTGPUKERNELSPASS
#include "dorefa/Conversion/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

/// The fastest plan, or that on `forced` where it exists; else popcount.
static GPUPlan choose(const GPULayer &layer, std::optional<GPUUnit> forced,
                      const GPUMachine &machine) {
  GPUPlan plan = *planLayer(layer, GPUUnit::Popcount, machine);
  if (forced)
    return planLayer(layer, *forced, machine).value_or(plan);
  for (GPUUnit unit : {GPUUnit::BitProducts, GPUUnit::ByteProducts})
    if (std::optional<GPUPlan> other = planLayer(layer, unit, machine))
      if (other->nanoseconds < plan.nanoseconds)
        plan = *other;
  return plan;
}

template <typename OpTy>
static void select(OpTy op, std::optional<GPUUnit> forced, const GPUMachine &machine) {
  GPUPlan plan = choose(GPULayer(op, kTypicalBatch), forced, machine);
  double time = predictNanoseconds(GPULayer(op, /*batch=*/1), plan, machine);
  op.setKernel(plan.kernel);
  setPlan(op, plan);
  op->setAttr(kPredictedNanoseconds,
              Builder(op.getContext()).getI64IntegerAttr(static_cast<int64_t>(time)));
  remark::analysis(op->getLoc(),
                   remark::RemarkOpts::name("gpu-kernel-selected").category("dorefa"))
      << remark::metric("kernel", plan.describe())
      << remark::metric("machine", machine.product)
      << remark::metric("nanoseconds", static_cast<int64_t>(time));
}

namespace {

struct SelectGPUKernelsPass
    : public dorefa::impl::SelectGPUKernelsPassBase<SelectGPUKernelsPass> {
  using Base::Base;

  void runOnOperation() override {
    const GPUMachine *machine = findGPUMachine(chip);
    if (!machine) {
      getOperation()->emitError() << "chip is '" << chip << "', which is not known";
      return signalPassFailure();
    }
    std::optional<GPUUnit> forced = parseGPUUnit(kernel);
    if (!forced && !kernel.empty()) {
      getOperation()->emitError() << "kernel is '" << kernel.getValue()
                                  << "' but must be popcount, b1 or u8";
      return signalPassFailure();
    }
    getOperation()->walk([&](Operation *op) {
      llvm::TypeSwitch<Operation *>(op).Case<bitplane::Conv2DOp, bitplane::MatMulOp>(
          [&](auto layer) {
            if (!layer.getKernel())
              select(layer, forced, *machine);
          });
    });
  }
};

} // namespace
