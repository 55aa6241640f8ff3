//===- Contraction.cpp - Sums of products over windows --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block of output channels is computed side by side: every output keeps the
// order of its chain, and the compiler can put the block into vector registers.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace mlir::dorefa::interpreter;

/// Output channels of one block.
static constexpr int64_t numLanes = 32;

#define ALWAYS_INLINE inline __attribute__((always_inline))

static ALWAYS_INLINE float multiplyAdd(float a, float b, float c) {
  return __builtin_fmaf(a, b, c);
}
static ALWAYS_INLINE uint32_t multiplyAdd(uint32_t a, uint32_t b, uint32_t c) {
  return a * b + c;
}

namespace {
/// One block of output channels of one group.
template <typename T>
struct Block {
  /// First channel of the group in the input.
  const T *input;
  /// Filters as KH x KW x channels/groups x numLanes, zero in unused lanes.
  std::vector<T> filter;
  /// One pixel outside the input.
  std::vector<T> zeros;
  T start[numLanes] = {};
  /// First output channel of the block in the result.
  T *result;
  int64_t lanes;
};
} // namespace

/// Runs all windows of one block.
template <typename T>
static ALWAYS_INLINE void convolveBlock(const Convolution &shape,
                                        const Block<T> &block) {
  const WindowDim &rows = shape.rows, &columns = shape.columns;
  int64_t groupChannels = shape.channels / shape.groups;
  T *result = block.result;
  for (int64_t n = 0; n < shape.batch; ++n)
    for (int64_t oy = 0; oy < rows.count; ++oy)
      for (int64_t ox = 0; ox < columns.count; ++ox, result += shape.outputs) {
        T sums[numLanes];
        std::copy_n(block.start, numLanes, sums);
        for (int64_t ky = 0; ky < rows.kernel; ++ky) {
          int64_t y = rows.source(oy, ky);
          for (int64_t kx = 0; kx < columns.kernel; ++kx) {
            int64_t x = columns.source(ox, kx);
            const T *pixel = block.zeros.data();
            if (y >= 0 && x >= 0)
              pixel = block.input +
                      ((n * rows.size + y) * columns.size + x) * shape.channels;
            const T *weights =
                block.filter.data() +
                (ky * columns.kernel + kx) * groupChannels * numLanes;
            for (int64_t c = 0; c < groupChannels; ++c, weights += numLanes)
              for (int64_t lane = 0; lane < numLanes; ++lane)
                sums[lane] = multiplyAdd(pixel[c], weights[lane], sums[lane]);
          }
        }
        std::copy_n(sums, block.lanes, result);
      }
}

// The same code for processors with and without vectors of fused multiply-adds;
// without them the C library computes the same values.
#if defined(__x86_64__)
template <typename T>
__attribute__((target("avx2,fma"))) static void
convolveBlockFMA(const Convolution &shape, const Block<T> &block) {
  convolveBlock(shape, block);
}
#endif

template <typename T>
static void runBlock(const Convolution &shape, const Block<T> &block) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return convolveBlockFMA(shape, block);
#endif
  convolveBlock(shape, block);
}

template <typename T>
static void convolveAny(const Convolution &shape, const T *input,
                        const T *filter, const T *bias, T *result) {
  int64_t groupChannels = shape.channels / shape.groups;
  int64_t groupOutputs = shape.outputs / shape.groups;
  int64_t taps = shape.rows.kernel * shape.columns.kernel * groupChannels;
  Block<T> block;
  block.zeros.assign(groupChannels, T(0));
  for (int64_t group = 0; group < shape.groups; ++group)
    for (int64_t first = 0; first < groupOutputs; first += numLanes) {
      int64_t output = group * groupOutputs + first;
      block.lanes = std::min(numLanes, groupOutputs - first);
      block.input = input + group * groupChannels;
      block.result = result + output;
      block.filter.assign(taps * numLanes, T(0));
      for (int64_t lane = 0; lane < block.lanes; ++lane) {
        const T *source = filter + (output + lane) * taps;
        for (int64_t tap = 0; tap < taps; ++tap)
          block.filter[tap * numLanes + lane] = source[tap];
        block.start[lane] = bias ? bias[output + lane] : T(0);
      }
      runBlock(shape, block);
    }
}

void mlir::dorefa::interpreter::convolve(const Convolution &shape,
                                         const float *input,
                                         const float *filter, const float *bias,
                                         float *result) {
  convolveAny(shape, input, filter, bias, result);
}

void mlir::dorefa::interpreter::convolve(const Convolution &shape,
                                         const uint32_t *input,
                                         const uint32_t *filter,
                                         uint32_t *result) {
  convolveAny<uint32_t>(shape, input, filter, nullptr, result);
}
