//===- Windows.h - Windows of convolutions and pools ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_INTERPRETER_WINDOWS_H
#define DOREFA_LIB_INTERPRETER_WINDOWS_H

#include "Contraction.h"
#include "Frame.h"

namespace mlir::dorefa::interpreter {

/// Windows of `op` along spatial dimension `dim`: 0 rows, 1 columns.
template <typename WindowOp>
WindowDim makeWindowDim(WindowOp op, unsigned dim, int64_t size, int64_t kernel,
                        int64_t count) {
  return {size,
          /*begin=*/0,
          /*end=*/size,
          kernel,
          op.getStrides()[dim],
          op.getDilations()[dim],
          op.getPads()[dim],
          count};
}

/// The product of `rows` rows of `channels` elements with `outputs` rows of
/// weights, as a convolution of 1x1 maps.
inline Convolution makeMatMul(int64_t rows, int64_t channels, int64_t outputs) {
  WindowDim point{
      /*size=*/1,   /*begin=*/0,    /*end=*/1, /*kernel=*/1,
      /*stride=*/1, /*dilation=*/1, /*pad=*/0, /*count=*/1};
  return {rows, point, point, channels, outputs, /*groups=*/1};
}

/// The windows of a pool over `N x H x W x elements`.
struct Windows {
  int64_t batch;
  WindowDim rows, columns;
  int64_t channels;

  /// Windows of `op`; `channels` counts the elements of a pixel, whatever
  /// dimensions they have.
  template <typename PoolOp>
  static Windows get(PoolOp op, const Frame &frame) {
    ArrayRef<int64_t> input = frame.shape(op.getInput());
    ArrayRef<int64_t> kernel = op.getKernel();
    auto count = [&](unsigned dim) {
      int64_t span = (kernel[dim] - 1) * op.getDilations()[dim] + 1;
      int64_t padded =
          input[dim + 1] + op.getPads()[dim] + op.getPads()[dim + 2];
      return (padded - span) / op.getStrides()[dim] + 1;
    };
    Windows windows{input[0],
                    makeWindowDim(op, 0, input[1], kernel[0], count(0)),
                    makeWindowDim(op, 1, input[2], kernel[1], count(1)), 1};
    for (int64_t size : input.drop_front(3))
      windows.channels *= size;
    return windows;
  }

  SmallVector<int64_t> getResultShape() const {
    return {batch, rows.count, columns.count, channels};
  }

  /// Whether each window has a pixel inside the input; a dilated one can miss
  /// it.
  bool touchInput() const {
    for (const WindowDim &dim : {rows, columns})
      for (int64_t window = 0; window < dim.count; ++window) {
        int64_t tap = 0;
        while (tap < dim.kernel && dim.source(window, tap) < 0)
          ++tap;
        if (tap == dim.kernel)
          return false;
      }
    return true;
  }

  /// Calls `fn` for each window in row-major order with the offsets of the
  /// pixels inside the input, in (ky, kx) order.
  template <typename Fn>
  void forEach(Fn fn) const {
    SmallVector<int64_t> taps;
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t oy = 0; oy < rows.count; ++oy)
        for (int64_t ox = 0; ox < columns.count; ++ox) {
          taps.clear();
          for (int64_t ky = 0; ky < rows.kernel; ++ky)
            for (int64_t kx = 0; kx < columns.kernel; ++kx) {
              int64_t y = rows.source(oy, ky), x = columns.source(ox, kx);
              if (y >= 0 && x >= 0)
                taps.push_back(((n * rows.size + y) * columns.size + x) *
                               channels);
            }
          fn(ArrayRef<int64_t>(taps));
        }
  }
};

} // namespace mlir::dorefa::interpreter

#endif // DOREFA_LIB_INTERPRETER_WINDOWS_H
