//===- SelectKernels.cpp - Choose how each contraction is computed --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "dorefa/Target/CPU/MicroKernel.h"
#include "dorefa/Transforms/Passes.h"
#include "dorefa/Transforms/Report.h"
#include "mlir/IR/Remarks.h"
#include <limits>

namespace mlir::dorefa {
#define GEN_PASS_DEF_SELECTKERNELSPASS
#include "dorefa/Transforms/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::bitplane;
using dorefa::CodeType;
using dorefa::MicroKernelOptions;

namespace {

/// What the choice depends on.
struct Layer {
  FilterGeometry geometry;
  CodeType inputCode, filterCode;
  /// Height and width of the window.
  std::array<int64_t, 2> window;

  explicit Layer(bitplane::Conv2DOp op)
      : geometry(op.getChannels(), op.getOutputChannels(), op.getGroups()),
        inputCode(op.getInputCode()), filterCode(op.getFilterCode()),
        window(op.getKernelSize()) {}
  explicit Layer(bitplane::MatMulOp op)
      : geometry(op.getChannels(), op.getOutputChannels()),
        inputCode(op.getInputCode()), filterCode(op.getWeightsCode()),
        window({1, 1}) {}

  /// Passes of kernel `lookup` over a window: two planes of the input at once.
  int64_t passes() const {
    return (inputCode.getBits() + 1) / 2 * filterCode.getBits();
  }
  /// Pairs of planes that are multiplied.
  int64_t pairs() const { return inputCode.getBits() * filterCode.getBits(); }
};

} // namespace

/// Whether `machine` can compute `layer` by `kernel`.
static bool canCompute(Kernel kernel, const Layer &layer,
                       const MicroKernelOptions &machine) {
  switch (kernel) {
  case Kernel::Popcount:
    return true;
  case Kernel::Dot:
    return layer.geometry.hasDotLayout();
  case Kernel::Lookup:
    return getIndexBits(machine) != 0 &&
           canLookUp(layer.geometry, layer.inputCode,
                     layer.window[0] * layer.window[1]);
  }
  llvm_unreachable("unknown kernel");
}

/// Whether tables in registers beat the other kernels.
static bool isLookupFast(const Layer &layer,
                         const MicroKernelOptions &machine) {
  constexpr int64_t kMostPasses = 2;
  if (!canCompute(Kernel::Lookup, layer, machine) ||
      layer.passes() > kMostPasses)
    return false;
  // Vectors must be full: at least three quarters of their bytes.
  int64_t lanes = 4 * machine.lanes, outputs = layer.geometry.outputsPerGroup();
  if (4 * outputs < 3 * int64_t(llvm::alignTo(outputs, lanes)))
    return false;
  if (!machine.has("avx512vpopcntdq"))
    return true;
  bool isWide = layer.window[0] >= 3 && layer.window[1] >= 3;
  return getIndexBits(machine) == 16 && isWide && layer.pairs() > 1;
}

/// Pairs of planes from which on dot products of bytes are faster than planes,
/// as measured: with VNNI on Zen 4, without on the same machine with AVX2.
static int64_t fewestPairsOfDot(const MicroKernelOptions &machine) {
  if (machine.has("avx512vnni") || machine.has("avxvnni"))
    return 6;
  return machine.has("avx2") ? 3 : std::numeric_limits<int64_t>::max();
}

/// The fastest kernel for `layer`: the place for a cost model.
static Kernel chooseKernel(const Layer &layer,
                           const MicroKernelOptions &machine) {
  if (isLookupFast(layer, machine))
    return Kernel::Lookup;
  if (layer.pairs() >= fewestPairsOfDot(machine) &&
      canCompute(Kernel::Dot, layer, machine))
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
    MicroKernelOptions machine;
    machine.lanes = lanes;
    machine.features = llvm::to_vector(features);
    if (failed(machine.verify(getOperation())))
      return signalPassFailure();
    std::optional<Kernel> forced = bitplane::symbolizeKernel(kernel);
    if (!forced && !kernel.empty()) {
      getOperation()->emitError() << "kernel is '" << kernel.getValue()
                                  << "' but must be popcount, lookup or dot";
      return signalPassFailure();
    }
    getOperation()->walk([&](Operation *op) {
      if (auto conv = dyn_cast<bitplane::Conv2DOp>(op))
        select(conv, forced, machine);
      else if (auto matmul = dyn_cast<bitplane::MatMulOp>(op))
        select(matmul, forced, machine);
    });
  }

  template <typename OpTy>
  static void select(OpTy op, std::optional<Kernel> forced,
                     const MicroKernelOptions &machine) {
    Layer layer(op);
    Kernel chosen = !forced ? chooseKernel(layer, machine)
                    : canCompute(*forced, layer, machine) ? *forced
                                                          : Kernel::Popcount;
    if (!op.getKernel())
      op.setKernel(chosen);
    emitRemark(op);
  }
};

} // namespace
