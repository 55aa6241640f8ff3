//===- CostModel.h - How long layers take on a processor --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The time of a layer is what its code does, counted from shapes and widths as
// the kernels emit it, times what each of these costs on a class of machines.
// The counts are in CostModel.cpp beside the table of the costs, which
// `benchmarks/fit_cost_model.py` fits to measurements.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_CPU_COSTMODEL_H
#define DOREFA_TARGET_CPU_COSTMODEL_H

#include "dorefa/Target/CPU/MicroKernel.h"

#include <array>

namespace mlir::dorefa {

/// What the code of a layer does. A vector is one of the target's registers.
enum class Work {
  // What vector instructions do.

  /// Vectors of AND, popcount and addition.
  Popcount,
  /// Vectors of bytes looked up and added.
  Shuffle,
  /// Vectors of sums of bytes that are added to wider sums.
  Widen,
  /// Instructions that add products of bytes to vectors of sums.
  Dot,
  /// Vectors of fused multiply-adds.
  MultiplyAdd,
  /// Iterations of the innermost loops.
  Step,

  // What arrives while they do it.

  /// Vectors of tables and weights that the first cache does not hold.
  Row,
  /// Bytes of weights that the second cache does not hold.
  Stream,
  /// Bytes of weights and tables that other layers have displaced from both.
  ColdStream,

  // What is done in between.

  /// Tiles of a few pixels and channels.
  Tile,
  /// Vectors of 32-bit sums that the epilogue gets.
  Result,
  /// Operations that make codes of these vectors.
  Code,
  /// Words whose codes are summed for the sums over windows.
  WindowWord,
  /// Bytes that the input's conversion to the form of the kernel writes.
  Convert,
  /// Once per layer.
  Once
};
constexpr unsigned kNumWorks = static_cast<unsigned>(Work::Once) + 1;

/// Name of `work` in remarks and in the fitting script.
StringRef getWorkName(Work work);

/// What one layer takes, for one sample where the batch is dynamic.
struct LayerCost {
  std::array<double, kNumWorks> counts = {};
  double nanoseconds = 0;
  /// Class of the machine.
  StringRef machine;

  double &operator[](Work work) { return counts[static_cast<unsigned>(work)]; }
};

/// Whether `machine` can compute `layer`, a `bitplane.conv_2d` or
/// `bitplane.matmul`, by `kernel`.
bool canCompute(Operation *layer, bitplane::Kernel kernel,
                const MicroKernelOptions &machine);

/// What surrounds a layer.
struct LayerContext {
  /// The input is planes that are still to be brought into the form of the
  /// kernel.
  bool isConverted = false;
  /// Bytes of the constants of the other layers, which pass through the caches
  /// from one run of this one to the next.
  int64_t otherBytes = 0;
};

/// The cost of such a layer, packed or not, by a kernel that can compute it.
LayerCost predictCost(Operation *layer, bitplane::Kernel kernel,
                      const LayerContext &context,
                      const MicroKernelOptions &machine);

/// The attribute, an i64, that keeps the predicted time with a layer and its loops.
constexpr StringLiteral kPredictedNanoseconds = "dorefa.predicted_ns";

/// Vector instructions of that many nanoseconds, about; what loops without a prediction
/// are estimated in. Work is spread over threads where there are enough of them.
constexpr double countInstructions(int64_t nanoseconds) { return 2.0 * nanoseconds; }

/// The cost of a float `dorefa.conv_2d` or `dorefa.matmul`.
LayerCost predictFloatCost(Operation *layer, const LayerContext &context,
                           const MicroKernelOptions &machine);

} // namespace mlir::dorefa

#endif // DOREFA_TARGET_CPU_COSTMODEL_H
