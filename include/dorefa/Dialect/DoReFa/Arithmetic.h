//===- Arithmetic.h - The formulas of DoReFa-Net ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What every quantizer and float function means, to the bit: float32, round to
// nearest even, one rounding per elementary operation, in the order written
// here. Folders, interpreter, threshold fusion and tests call these functions;
// generated code computes the same values. Paper: DoReFa-Net, arXiv 1606.06160.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_DIALECT_DOREFA_ARITHMETIC_H
#define DOREFA_DIALECT_DOREFA_ARITHMETIC_H

#include "dorefa/Dialect/DoReFa/DoReFa.h"

#include <array>
#include <cstdint>
#include <vector>

namespace mlir::dorefa {

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

/// Code of a quantizer's level: for `bipolar` codes the level is the code, for
/// all others it is the integer that the code stands for. `level` must be one
/// that `type` holds.
int64_t getCodeOfLevel(CodeType type, int64_t level);

//===----------------------------------------------------------------------===//
// Uniform quantizers
//===----------------------------------------------------------------------===//

/// `x` as an integer; NaN and infinities stay.
float roundTo(Rounding mode, float x);

/// QONNX Quant: `round(clamp(x / scale + zeroPoint, min, max))`, clamped before
/// it is rounded. NaN gives `min`. `scale` is finite and greater than 0.
int64_t quantizeLevel(float x, float scale, float zeroPoint, int64_t min,
                      int64_t max, Rounding mode);

/// Whether `x >= 0`: true for -0.0, false for NaN (section 2.3, k = 1).
bool signCode(float x);

/// `round_half_even(r * (2^bits - 1))`, the code of section 2.2, for `r` in
/// [0, 1] and `bits` in [1, 8]. NaN gives 0.
int64_t quantizeK(float r, unsigned bits);

/// The bounded activation h of section 2.4, in [0, 1]: `clip(x, 0, 1)`,
/// `(tanh(x) + 1) / 2` or `min(1, |x|)`. NaN stays NaN.
float boundActivation(Activation h, float x);

/// Number of thresholds in `row` that `x` reaches: `x >= T`, or `x <= T` where
/// `decreasing`. NaN reaches none and is reached by none. Rows need not be sorted.
int64_t countThresholds(float x, ArrayRef<float> row, bool decreasing);
int64_t countThresholds(int32_t x, ArrayRef<int32_t> row, bool decreasing);

//===----------------------------------------------------------------------===//
// Weights (section 2.3)
//===----------------------------------------------------------------------===//

/// Quantized weights of one layer: a weight is `scale * v(code)`.
struct QuantizedWeights {
  std::vector<int8_t> codes;
  /// One for the layer or one for each channel.
  std::vector<double> scale;
};

/// Whether every weight is a number, as quantizeWeights and quantizeTernary
/// require.
bool areFinite(ArrayRef<float> values);

/// Quantizes finite weights of `numChannels` equal channels, row-major, to
/// bipolar codes of `bits` in [1, 8] bits, each channel for itself; a whole
/// layer is one channel. For one bit the scale is `E = mean(|w|)`, summed in
/// float64 in the given order and rounded once to float32; else it is
/// `1 / (2^bits - 1)`. All-zero weights have `E = 0`, respectively a maximum of
/// 1.
QuantizedWeights quantizeWeights(ArrayRef<float> weights, unsigned bits,
                                 int64_t numChannels = 1);

/// Quantizes the finite weights of a whole layer to ternary codes: the sign of
/// those beyond `0.05 max|w|` (TTQ, arXiv 1612.01064), scale their mean `|w|`
/// (TWN, arXiv 1605.04711). Threshold and mean are computed in float64 and
/// rounded once to float32. The scale of all-zero weights is 0.
QuantizedWeights quantizeTernary(ArrayRef<float> weights);

//===----------------------------------------------------------------------===//
// Gradients (section 2.5)
//===----------------------------------------------------------------------===//

/// Philox4x32-10 (Salmon et al., 2011): four random words per counter.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter,
                               std::array<uint32_t, 2> key);

/// The 16 random bits of element `index` of a gradient: word `index % 8 / 2`,
/// low half first, of counter (`index / 8`, `layer`, `step`, 0) with key `seed`
/// (low word first).
uint16_t drawNoise(uint64_t index, uint64_t seed, uint32_t layer,
                   uint32_t step);

/// Quantized gradients: an element of sample n is
/// `scale[n] * v(code) / (2^bits - 1)`, the codes being bipolar.
struct QuantizedGradients {
  std::vector<int8_t> codes;
  /// The largest absolute value of each sample.
  std::vector<float> scale;
};

/// Quantizes gradients of `numSamples` equal samples, row-major, stochastically
/// to `bits` in [1, 8] bits. Fails where a sample holds NaN or an infinity.
FailureOr<QuantizedGradients> quantizeGradients(ArrayRef<float> gradients,
                                                int64_t numSamples,
                                                unsigned bits, uint64_t seed,
                                                uint32_t layer, uint32_t step);

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

/// See `dorefa.unary`. exp, sigmoid, softplus and tanh are computed in float64
/// and rounded once; softplus as `max(x, 0) + log1p(exp(-|x|))`, which does not
/// overflow.
float evaluateUnary(UnaryKind kind, float x);

/// See `dorefa.binary`. pow is computed in float64 and rounded once.
float evaluateBinary(BinaryKind kind, float a, float b);

/// `(x - mean) / sqrt(variance + epsilon) * gamma + beta`.
float batchNorm(float x, float mean, float variance, float gamma, float beta,
                float epsilon);

/// `e / sum(e)` with `e = exp(x - max(x))`, exp in float64 and rounded once,
/// the sum a float32 chain in index order. `values` holds x and then the
/// result.
void softmax(MutableArrayRef<float> values);

/// `(value - zeroPoint) * scale`: difference in float32, product in float64,
/// rounded once to float32.
float dequantize(int64_t value, float zeroPoint, double scale);

/// `float32(accumulator) * scale`, both steps in float32.
float scaleAccumulator(int32_t accumulator, float scale);

} // namespace mlir::dorefa

#endif // DOREFA_DIALECT_DOREFA_ARITHMETIC_H
