//===- Contraction.h - What GPU kernels of contractions share ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOGPU_CONTRACTION_H
#define DOREFA_LIB_CONVERSION_BITPLANETOGPU_CONTRACTION_H

#include "GPUBuilder.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"

namespace mlir::dorefa {

/// A convolution on packed codes, or a matmul: one with a window and an output of
/// one pixel per row. Weights are packed for kernel `popcount`
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
  SmallVector<int64_t> rowClasses = {}, columnClasses = {};

  explicit GPUContraction(bitplane::Conv2DOp op);
  explicit GPUContraction(bitplane::MatMulOp op);

  bool hasCodes() const { return thresholds || affine; }
  /// Levels of a code above the lowest.
  int64_t numThresholds() const;
};

/// Of an output pixel its image, row and column; those of a matmul are its row, 0
/// and 0.
struct Pixel {
  Value image, row, column;
};

/// Turns exact sums into integers or codes and stores them.
class GPUEpilogue {
public:
  /// Makes tables; called outside of the kernel.
  GPUEpilogue(GPUBuilder &b, const GPUContraction &c);

  /// Stores output channel `32 * block + lane` of a pixel, `sum` being
  /// `dot * I + sum * S`; all lanes of a warp come here for the same pixel.
  void emit(const Pixel &pixel, Value block, Value lane, Value sum);

  /// Stores `sum` plus the correction where `exists` holds and there is such a channel.
  void storeInteger(const Pixel &pixel, Value channel, Value sum, Value exists);
  /// Bits of the code of a channel; 0 where there is no such channel.
  Values planesOf(const Pixel &pixel, Value channel, Value sum);
  /// Stores one plane of a block of channels.
  void storeWord(const Pixel &pixel, Value block, int64_t plane, Value word);

private:
  Value isOutput(Value channel);
  Value correct(const Pixel &pixel, Value channel, Value sum);
  Value correctionOf(const Pixel &pixel, Value channel);
  Value levelOf(Value sum, Value channel);
  Value levelByThresholds(Value sum, Value channel);
  Value levelByAffineForm(Value sum, Value channel);
  Value orient(Value sum, Value channel);
  Values indicesOf(const Pixel &pixel, Value last);

  GPUBuilder &b;
  const GPUContraction &c;
  /// Border class of each row and column; null where there is only one.
  Value rowTable, columnTable;
};

/// Whether products of single bits on tensor cores are the best way to compute `c`.
bool isForTensorCores(const GPUContraction &c);
void emitTensorCoreKernel(GPUBuilder &b, const GPUContraction &c);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOGPU_CONTRACTION_H
