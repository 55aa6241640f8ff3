//===- WindowCounter.h - Sums over windows beside products ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOGPU_WINDOWCOUNTER_H
#define DOREFA_LIB_CONVERSION_BITPLANETOGPU_WINDOWCOUNTER_H

#include "Fragments.h"

namespace mlir::dorefa {

/// Sums of the codes of windows, S of `bitplane.conv_2d`, where a kernel on tensor cores
/// multiplies bits. While tensor cores multiply, threads count the bits of the pixels in
/// shared memory: each chunk of 16 bytes of a step belongs to one thread of the block, and
/// what threads have counted goes through shared memory once, at the end.
class WindowCounter {
public:
  /// Makes tables; called outside of the kernel. Does nothing where no sum is needed.
  WindowCounter(GPUBuilder &b, const GPUContraction &c, const TensorCoreTile &tile);

  /// Numbers that a thread carries from step to step.
  int64_t numCounts() const { return perThread * groups; }
  /// Which chunks `thread` counts, for tile `row` of the channels.
  void plan(Value thread, Value row);
  /// Adds what the thread has in step `step`, which lies at `stage`, a pointer.
  void add(MutableArrayRef<Value> counts, Value step, Value stage);
  /// Gives all counts to all threads, at `shared`, where stages are then overwritten.
  void share(ArrayRef<Value> counts, Value shared);
  /// Of row `pixel` of the tile, the sum over each group that the tile of channels is of.
  Values sumsOf(Value pixel, Value shared);
  /// The first channel of the second group; null where there is one group.
  Value secondGroup() const { return boundary; }

private:
  /// A chunk: where it is in a stage, and of each of its words the weight and, where
  /// groups are masked, its number in the step.
  struct Chunk {
    Value number, offset;
    Values weights, words;
  };

  Value weightOf(Value element);
  int64_t chunksPerRow() const { return o.rowBytes() / kChunkBytes; }
  int64_t chunks() const { return tile.pixels() * chunksPerRow(); }

  GPUBuilder &b;
  const GPUContraction &c;
  TensorCoreTile tile;
  TensorCoreOperands o;
  int64_t groups = 0, perThread = 0;
  /// Tables: bits of each group, and its first channel of each tile's second group.
  Value masks, boundaries;
  // Of the kernel.
  SmallVector<Chunk> mine;
  Value tileOfChannels, boundary;
};

} // namespace mlir::dorefa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOGPU_WINDOWCOUNTER_H
