//===- Contraction.h - Sums of products over windows ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops in which the interpreter spends its time, free of MLIR so that they
// can be compiled with their own options.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_INTERPRETER_CONTRACTION_H
#define DOREFA_LIB_INTERPRETER_CONTRACTION_H

#include <array>
#include <cstdint>

namespace mlir::dorefa::interpreter {

/// Windows along one dimension.
struct WindowDim {
  /// Elements of the input; those outside [begin, end) are skipped.
  int64_t size, begin, end;
  int64_t kernel, stride, dilation, pad;
  /// Number of windows.
  int64_t count;

  /// Element that tap `tap` of window `window` reads; negative where there is
  /// none.
  int64_t source(int64_t window, int64_t tap) const {
    int64_t index = window * stride + tap * dilation - pad;
    return index >= begin && index < end ? index : -1;
  }
};

/// A convolution of input `batch x height x width x channels` with filters
/// `outputs x KH x KW x channels/groups`. A fully connected layer is one of a
/// 1x1 map.
struct Convolution {
  int64_t batch;
  WindowDim rows, columns;
  int64_t channels, outputs, groups;
};

/// Each output is one chain of fused multiply-adds that starts from its bias (0
/// where `bias` is null), taps in (ky, kx, c) order, skipped where outside.
void convolve(const Convolution &shape, const float *input, const float *filter,
              const float *bias, float *result);

/// The same on integers modulo 2^32, from 0.
void convolve(const Convolution &shape, const uint32_t *input,
              const uint32_t *filter, uint32_t *result);

} // namespace mlir::dorefa::interpreter

#endif // DOREFA_LIB_INTERPRETER_CONTRACTION_H
