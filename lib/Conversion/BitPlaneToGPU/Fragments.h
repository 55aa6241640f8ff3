//===- Fragments.h - Operands in the order of tensor cores ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOGPU_FRAGMENTS_H
#define DOREFA_LIB_CONVERSION_BITPLANETOGPU_FRAGMENTS_H

#include "Contraction.h"
#include "dorefa/Conversion/GPUCostModel.h"

namespace mlir::dorefa {

/// Pixels, and words of a window, of one product: 256 bits, or 32 bytes.
constexpr int64_t kProductPixels = 16, kProductWords = 8;
/// Products next to one another that fill a block of 32 channels.
constexpr int64_t kBlockProducts = 4;
/// Bytes that a lane of ldmatrix names, and that the widest copies and loads take.
constexpr int64_t kChunkBytes = 16;

/// What products on tensor cores multiply: words of bits, or words of 4 bytes, which
/// count as one plane. A window is `taps * words` words.
struct TensorCoreOperands {
  bool areBytes;
  int64_t inputPlanes, filterPlanes;
  int64_t taps, words;

  explicit TensorCoreOperands(const GPUContraction &c);

  int64_t windowWords() const { return taps * words; }
  /// Products along the window.
  int64_t steps() const { return llvm::divideCeil(windowWords(), kProductWords); }
  /// Bytes of one pixel, and of all channels of a tile, in one step.
  int64_t rowBytes() const { return 4 * kProductWords * inputPlanes; }
  int64_t filterBytes(const TensorCoreTile &tile) const {
    return 4 * kProductWords * kWarpSize * tile.channelBlocks() * filterPlanes;
  }
  int64_t stageBytes(const TensorCoreTile &tile) const {
    return tile.pixels() * rowBytes() + filterBytes(tile);
  }
  /// Which word of a step lane `4 * group + member` multiplies first, and second. One
  /// plane is read by `ldmatrix`; of several a lane reads two whole words.
  int64_t wordOf(int64_t member, int64_t half) const {
    return inputPlanes == 1 ? member + 4 * half : 2 * member + half;
  }
};

/// Output channel of its block in column `column` (0 to 7) of product `product` (0 to
/// 3): so a lane, which gets columns 2t and 2t + 1 of each product, has channels 8t to
/// 8t + 7.
constexpr int64_t channelOf(int64_t product, int64_t column) {
  return column / 2 * 8 + product * 2 + column % 2;
}

/// The filter in the order tile of channels, step, half a block of channels, plane,
/// lane; four words each, those of two products. Null where it is no constant.
Value packFragments(GPUBuilder &b, const GPUContraction &c, const TensorCoreTile &tile);

/// Where chunk `chunk` of row `row` of a tile of pixels lies in its row, so that lanes that
/// read at once read no bank twice; rows of two, three, five and six planes need nothing.
Value swizzleChunk(GPUBuilder &b, const TensorCoreOperands &o, Value row, Value chunk);

/// Bits, or lowest bits of bytes, of the window that belong to each group of a tile: `tiles
/// of channels x groups x words of all steps`. Null where all do that are not 0.
Value makeGroupMasks(GPUBuilder &b, const GPUContraction &c, const TensorCoreTile &tile);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOGPU_FRAGMENTS_H
