//===- Report.h - What became of each layer ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TRANSFORMS_REPORT_H
#define DOREFA_TRANSFORMS_REPORT_H

#include "dorefa/Transforms/Ranges.h"
#include "mlir/IR/BuiltinOps.h"
#include <optional>
#include <string>
#include <vector>

namespace mlir::dorefa {

/// One convolution or fully connected layer of a network at phase `kernels`,
/// before or after its weights are packed.
struct LayerReport {
  /// Tensor of the source that the layer makes; "-" where it has no name.
  std::string name;
  /// Name of the operation without its dialect.
  std::string operation;
  /// Input * weights -> result, NHWC and OHWI, `?` for a dynamic batch.
  std::string shape;
  /// 32 for a layer that stayed float.
  unsigned weightBits = 32;
  unsigned activationBits = 32;
  /// Proven interval of the accumulators and the width that holds it; none
  /// known and 32 where `range` is missing.
  std::optional<Interval> range;
  unsigned accumulatorBits = 32;
  /// `popcount`, ..., of a GPU its instructions and tile, or `float`.
  std::string kernel;
  /// What the cost model predicts, for one sample where the batch is dynamic; 0
  /// where it was not asked.
  int64_t predictedNanoseconds = 0;
  /// Whether its loops are spread over threads.
  bool isSpread = false;
  /// Thresholds fused into the layer, all channels together.
  int64_t thresholds = 0;
  /// How codes are found other than by thresholds: `affine`, or `affine + 1` with
  /// one comparison; else empty.
  std::string levels;
  /// Constants of the layer as the kernel reads them (weights, thresholds,
  /// correction), and its weights as float32.
  int64_t packedBytes = 0;
  int64_t floatBytes = 0;
  /// Why the layer is float, or stays with the host of the accelerator; else empty, or what
  /// becomes of accumulators.
  std::string reason;
};

/// The report of one layer; nullopt for every other operation.
std::optional<LayerReport> reportLayer(Operation *op);

/// All layers of `module` in program order.
std::vector<LayerReport> reportLayers(ModuleOp module);

/// Bytes of the constants of all layers below `root`, as their kernels read them.
int64_t countConstants(Operation *root);

/// Rows of cells as an aligned Markdown table; the first row is its head.
std::string formatTable(ArrayRef<std::vector<std::string>> table);

/// The layers as an aligned Markdown table with totals, and below it how many
/// thresholds were fused and how many evaluations of the reference checked them. Names
/// the layers that threads share if these are woken for `minWork` vector instructions.
std::string formatReport(ModuleOp module,
                         std::optional<double> minWork = std::nullopt);

} // namespace mlir::dorefa

#endif // DOREFA_TRANSFORMS_REPORT_H
