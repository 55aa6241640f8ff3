//===- Contraction.h - What GPU kernels of contractions share ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOGPU_CONTRACTION_H
#define DOREFA_LIB_CONVERSION_BITPLANETOGPU_CONTRACTION_H

#include "GPUBuilder.h"
#include "dorefa/Conversion/GPUCostModel.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"

namespace mlir::dorefa {

/// A convolution on packed codes, or a matmul: one with a window and an output of
/// one pixel per row. Weights are packed for kernel `popcount` or `dot`
/// (see `bitplane.conv_2d`).
struct GPUContraction {
  Value input, filter;
  /// Null where there is none.
  Value correction, thresholds, affine;
  Value init;
  CodeType inputCode, filterCode, resultCode;
  bitplane::DotForm form;
  bitplane::FilterGeometry geometry;
  int64_t base = 0;
  bool isMatMul = false;
  std::array<int64_t, 2> window = {1, 1}, strides = {1, 1}, dilations = {1, 1};
  /// Rows and columns of zeros around the input: top, left, bottom, right.
  std::array<int64_t, 4> pads = {0, 0, 0, 0};
  /// Height and width of the windows of a pool.
  std::array<int64_t, 2> pool = {1, 1};
  SmallVector<int64_t> rowClasses = {}, columnClasses = {};

  explicit GPUContraction(bitplane::Conv2DOp op);
  explicit GPUContraction(bitplane::MatMulOp op);

  bool hasCodes() const { return thresholds || affine; }
  /// Whether the input is levels (kernel `dot`), not planes.
  bool areBytes() const { return getElementTypeOrSelf(input).isInteger(8); }
  /// Whether the result is levels, not planes.
  bool givesBytes() const { return getElementTypeOrSelf(init).isInteger(8); }
  /// Levels of a code above the lowest.
  int64_t numThresholds() const;
  bool isPadded() const { return pads != std::array<int64_t, 4>{0, 0, 0, 0}; }
  /// Pixels that a pixel of the result is pooled from.
  int64_t poolSize() const { return pool[0] * pool[1]; }
};

/// Of an output pixel its image, row and column; those of a matmul are its row, 0
/// and 0.
struct Pixel {
  Value image, row, column;
};

/// What is convolved for pixel `number` (below poolSize()) of the window that `result` is
/// pooled from: `result` itself where there is no pool.
Pixel poolPixel(GPUBuilder &b, const GPUContraction &c, const Pixel &result, Value number);

/// Where the window of a pixel starts in the input, padding included: row (`dim` 0) or
/// column (1), in front of the input a large unsigned number.
Value windowStart(GPUBuilder &b, const GPUContraction &c, const Pixel &pixel, unsigned dim);

/// Whether a tap in row `y` and column `x` is inside the input.
Value isInside(GPUBuilder &b, const GPUContraction &c, Value y, Value x);

/// Turns exact sums of neighbouring output channels of a pixel into integers or codes
/// and stores them. A pixel of a pool gets the sums of each pixel of its window.
class GPUEpilogue {
public:
  /// Makes tables; called outside of the kernel.
  GPUEpilogue(GPUBuilder &b, const GPUContraction &c);

  /// Stores output channel `32 * block + lane` of a pixel, `sums` being
  /// `dot * I + sum * S`; all lanes of a warp come here for the same pixel.
  void emit(const Pixel &pixel, Value block, Value lane, ArrayRef<Value> sums);

  /// Stores output channels from `32 * block + 8 * member` on, where `exists` holds.
  void emitEight(const Pixel &pixel, Value exists, Value block, Value member,
                 ArrayRef<Values> sums);

private:
  Value isOutput(Value channel);
  Values falls(Value channel, size_t count);
  Values poolSums(const Pixel &pixel, Value channel, ArrayRef<Values> sums);
  Values correct(const Pixel &pixel, Value channel, ArrayRef<Value> sums);
  Values loadRow(Value table, ArrayRef<Value> leading, Value channel, size_t count);
  Values orient(ArrayRef<Value> sums, Value channel);
  Values levelsOf(ArrayRef<Value> sums, Value channel);
  Values levelsByCounting(ArrayRef<Value> sums, Value channel);
  Value levelByBisection(Value sum, Value channel);
  Values levelsByAffineForm(ArrayRef<Value> sums, Value channel);
  Values indicesOf(const Pixel &pixel, Value last);
  Value byteOffsetOf(ArrayRef<Value> indices);
  void storeLevels(const Pixel &pixel, Value channel, ArrayRef<Value> levels);
  void storeChannels(const Pixel &pixel, Value channel, ArrayRef<Value> words, int64_t limit,
                     int64_t channelsPerWord);

  GPUBuilder &b;
  const GPUContraction &c;
  /// Border class of each row and column; null where there is only one.
  Value rowTable, columnTable;
};

/// Emits a kernel on tensor cores; fails, with nothing emitted, where the filter is no
/// constant or a buffer has no static layout.
LogicalResult emitTensorCoreKernel(GPUBuilder &b, const GPUContraction &c,
                                   const TensorCoreTile &tile);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOGPU_CONTRACTION_H
