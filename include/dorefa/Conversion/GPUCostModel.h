//===- GPUCostModel.h - How a GPU computes a layer, and how fast -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A roofline: of what a kernel asks of a chip, the slowest part is its time. It chooses
// kernels and tiles; its times are predictions, which no run has confirmed.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_CONVERSION_GPUCOSTMODEL_H
#define DOREFA_CONVERSION_GPUCOSTMODEL_H

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"

#include <optional>
#include <string>

namespace mlir::dorefa {

/// What a chip does per clock and multiprocessor; 0 where it has no such instruction or
/// emulates it.
struct GPUMachine {
  /// As in `sm_80`, and the product that the figures are of.
  llvm::StringLiteral chip, product;
  int64_t multiprocessors;
  double gigahertz;
  /// Products of single bits, and of bytes, by `mma.sync`.
  int64_t bitProducts, byteProducts;
  /// Gigabytes per second from memory.
  double bandwidth;
};

/// Null where there is no chip of that name.
const GPUMachine *findGPUMachine(llvm::StringRef chip);

/// How a kernel on tensor cores cuts a contraction. A block is `warpRows` x
/// `warpColumns` warps, each with `tiles` times 16 pixels and `blocks` times 32 output
/// channels. Shared memory has `stages` stages of 256 bits of the window, and warps meet at a
/// barrier after `steps` of these, of which stages and the window are multiples.
struct TensorCoreTile {
  int64_t warpRows, warpColumns, tiles, blocks, stages, steps = 1;

  int64_t pixels() const { return 16 * tiles * warpRows; }
  int64_t channelBlocks() const { return blocks * warpColumns; }
  int64_t threads() const { return 32 * warpRows * warpColumns; }
  /// Whether a lane, which has 2 pixels of each 16, has all of windows of `size` pixels.
  bool canPool(int64_t size) const { return 2 * tiles % size == 0; }
};

/// The most groups that `blocks` neighbouring blocks of 32 output channels, counted from a
/// multiple of `blocks`, are of. Kernels on tensor cores sum over windows of two at most.
int64_t groupsPerTile(const bitplane::FilterGeometry &geometry, int64_t blocks);
constexpr int64_t kMostGroupsPerTile = 2;

/// A contraction as the model sees it: sizes for one batch.
struct GPULayer {
  bitplane::FilterGeometry geometry;
  /// That are convolved, and of the input; a dynamic batch is `batch`.
  int64_t pixels, inputPixels;
  int64_t taps;
  /// Pixels that one of the result is pooled from.
  int64_t poolSize;
  CodeType inputCode, filterCode, resultCode;
  /// Whether sums over windows are needed, of bits and of levels.
  bool sumsBits, sumsLevels;
  /// Whether its input comes as planes from something that cannot write levels.
  bool unpacks;

  GPULayer(bitplane::Conv2DOp op, int64_t batch);
  GPULayer(bitplane::MatMulOp op, int64_t batch);
};

/// How a layer is computed.
struct GPUPlan {
  bitplane::Kernel kernel;
  /// Nullopt: by popcount in ordinary registers.
  std::optional<TensorCoreTile> tile;
  double nanoseconds;

  /// Such as `b1 mma, tile 128 x 64`.
  std::string describe() const;
};

/// The instructions that a layer is computed with.
enum class GPUUnit { Popcount, BitProducts, ByteProducts };

/// The unit by its name (`popcount`, `b1`, `u8`); nullopt where there is none.
std::optional<GPUUnit> parseGPUUnit(llvm::StringRef name);

/// The samples that a kernel is chosen for where the batch is dynamic.
constexpr int64_t kTypicalBatch = 8;

/// The fastest plan for `layer` on `unit`; nullopt where the machine cannot.
std::optional<GPUPlan> planLayer(const GPULayer &layer, GPUUnit unit,
                                 const GPUMachine &machine);

/// The time of `plan` for `layer`.
double predictNanoseconds(const GPULayer &layer, const GPUPlan &plan,
                          const GPUMachine &machine);

/// Attributes of a layer: `GPUPlan::describe` of what was chosen, and the six numbers
/// of its tile, if any. The prediction is `dorefa.predicted_ns`.
constexpr llvm::StringLiteral kGPUKernelAttr = "dorefa.gpu_kernel";
constexpr llvm::StringLiteral kGPUTileAttr = "dorefa.gpu_tile";

/// Marks `layer` with `plan`, and reads back its tile.
void setPlan(Operation *layer, const GPUPlan &plan);
std::optional<TensorCoreTile> getTile(Operation *layer);

} // namespace mlir::dorefa

#endif // DOREFA_CONVERSION_GPUCOSTMODEL_H
