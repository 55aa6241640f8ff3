//===- StepCopies.h - Operands on their way to shared memory ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOGPU_STEPCOPIES_H
#define DOREFA_LIB_CONVERSION_BITPLANETOGPU_STEPCOPIES_H

#include "Fragments.h"

namespace mlir::dorefa {

/// Rows of a fragment that different lanes have.
constexpr int64_t kGroups = 8;

/// Which pixels the rows of all tiles are.
class TilePixels {
public:
  /// Called outside of the kernel.
  TilePixels(GPUBuilder &b, const GPUContraction &c);

  /// Pixels of the results of all images.
  Value count() const { return numPixels; }
  /// Pixel `number` of these; the last one where there are fewer.
  Pixel locateResult(Value number) const;
  /// The pixel that row `row` of all tiles convolves: of 8 windows of a pool, the first
  /// pixels come first, then the second ones.
  Pixel locate(Value row) const;

private:
  GPUBuilder &b;
  const GPUContraction &c;
  Value numPixels;
  int64_t pixelsPerImage = 1;
};

/// Copies by `cp.async` what a step multiplies: windows of pixels, which are gathered, and
/// fragments of the filter, 256 bits of the window at a time.
class StepCopies {
public:
  /// Makes tables; called outside of the kernel.
  StepCopies(GPUBuilder &b, const GPUContraction &c, const TensorCoreTile &tile,
             const TilePixels &pixels, Value fragments);

  /// Whether operands lie such that they can be copied: 4 bytes at a time at least.
  static bool canCopy(const GPUContraction &c);

  /// What the thread of `block` copies in each step; first of all in the kernel.
  void plan(const GPUBuilder::Block &block);
  /// Issues the copies of step `step` to the stage at byte `stage` of shared memory.
  void add(Value step, Value stage);

private:
  /// A copy that a thread makes in each step: where from, as a place in the input where the
  /// window starts, the row and column of that, which granule of the step, and where to in
  /// its stage.
  struct Copy {
    Value source, row, column, granule, destination;
    /// Null where every thread makes it.
    Value exists;
  };

  struct Source {
    Value offset;
    /// Null where there is always something to copy.
    Value exists;
  };

  Value inputOffset(const Pixel &pixel);
  Source sourceOf(const Copy &copy, Value step);
  void addPixels(Value step, Value stage);
  void addFilter(Value step, Value stage);

  GPUBuilder &b;
  const GPUContraction &c;
  TensorCoreTile tile;
  const TilePixels &pixels;
  TensorCoreOperands o;
  /// Bytes that are copied at once.
  int64_t granule;
  Value fragments;
  /// Per tile of channels, where its words start in a pixel; null where at its start.
  Value firstBytes;
  // Of the kernel.
  GPUBuilder::Block block;
  Value input, filter;
  SmallVector<Copy> planned;
};

} // namespace mlir::dorefa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOGPU_STEPCOPIES_H
