//===- CostModel.h - How a GPU computes a contraction, and how fast -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOGPU_COSTMODEL_H
#define DOREFA_LIB_CONVERSION_BITPLANETOGPU_COSTMODEL_H

#include <cstdint>

namespace mlir::dorefa {

/// How a kernel on tensor cores cuts a contraction. A block is `warpRows` x
/// `warpColumns` warps, each with `tiles` times 16 pixels and `blocks` times 32 output
/// channels; copies are `stages - 1` steps of 256 bits ahead.
struct TensorCoreTile {
  int64_t warpRows, warpColumns, tiles, blocks, stages;

  int64_t pixels() const { return 16 * tiles * warpRows; }
  int64_t channelBlocks() const { return blocks * warpColumns; }
  int64_t threads() const { return 32 * warpRows * warpColumns; }
};

} // namespace mlir::dorefa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOGPU_COSTMODEL_H
