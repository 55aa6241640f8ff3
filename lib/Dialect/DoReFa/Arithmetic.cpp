//===- Arithmetic.cpp - The formulas of DoReFa-Net ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled with -ffp-contract=off: a fused multiply-add rounds once where the
// definitions round twice.
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/DoReFa/Arithmetic.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"

#include <algorithm>
#include <cmath>

#ifdef __FAST_MATH__
#error "the definitions need IEEE arithmetic: compile without -ffast-math"
#endif

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

int64_t dorefa::getCodeOfLevel(CodeType type, int64_t level) {
  return type.getEncoding() == Encoding::Bipolar ? level : type.getCode(level);
}

//===----------------------------------------------------------------------===//
// Uniform quantizers
//===----------------------------------------------------------------------===//

/// Rounds to the nearest integer, exact halves to the even one, whatever the
/// rounding mode of the processor.
static float roundHalfEven(float x) {
  float truncated = std::trunc(x);
  float fraction = std::fabs(x - truncated);
  bool away = fraction > 0.5f ||
              (fraction == 0.5f && std::fmod(truncated, 2.0f) != 0.0f);
  return away ? truncated + std::copysign(1.0f, x)
              : std::copysign(truncated, x);
}

float dorefa::roundTo(Rounding mode, float x) {
  float truncated = std::trunc(x);
  // The difference is exact, unlike x + 0.5.
  float fraction = std::fabs(x - truncated);
  float away = truncated + std::copysign(1.0f, x);
  switch (mode) {
  case Rounding::HalfEven:
    return roundHalfEven(x);
  case Rounding::HalfUp:
    return fraction >= 0.5f ? away : truncated;
  case Rounding::HalfDown:
    return fraction > 0.5f ? away : truncated;
  case Rounding::Up:
    return fraction > 0.0f ? away : truncated;
  case Rounding::Down:
    return truncated;
  case Rounding::Ceil:
    return std::ceil(x);
  case Rounding::Floor:
    return std::floor(x);
  }
  llvm_unreachable("unknown rounding mode");
}

int64_t dorefa::quantizeLevel(float x, float scale, float zeroPoint,
                              int64_t min, int64_t max, Rounding mode) {
  float level = x / scale + zeroPoint;
  // Written so that NaN takes the first branch.
  if (!(level > static_cast<float>(min)))
    return min;
  if (level >= static_cast<float>(max))
    return max;
  return static_cast<int64_t>(roundTo(mode, level));
}

bool dorefa::signCode(float x) { return x >= 0.0f; }

int64_t dorefa::quantizeK(float r, unsigned bits) {
  if (std::isnan(r))
    return 0;
  auto maxCode = static_cast<float>((1 << bits) - 1);
  return static_cast<int64_t>(roundHalfEven(r * maxCode));
}

/// tanh in float64, rounded once.
static float tanhOnce(float x) {
  return static_cast<float>(std::tanh(static_cast<double>(x)));
}

float dorefa::boundActivation(Activation h, float x) {
  switch (h) {
  case Activation::Clip:
    return x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
  case Activation::Tanh:
    return (tanhOnce(x) + 1.0f) / 2.0f;
  case Activation::Abs:
    return std::fabs(x) > 1.0f ? 1.0f : std::fabs(x);
  }
  llvm_unreachable("unknown activation");
}

int64_t dorefa::countThresholds(float x, ArrayRef<float> row, bool decreasing) {
  int64_t count = 0;
  for (float threshold : row)
    count += decreasing ? x <= threshold : x >= threshold;
  return count;
}

int64_t dorefa::countThresholds(int32_t x, ArrayRef<int32_t> row,
                                bool decreasing) {
  int64_t count = 0;
  for (int32_t threshold : row)
    count += decreasing ? x <= threshold : x >= threshold;
  return count;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

bool dorefa::areFinite(ArrayRef<float> values) {
  return llvm::all_of(values, [](float value) { return std::isfinite(value); });
}

/// One bit: the signs and the mean of the absolute values.
static void binarize(ArrayRef<float> weights, QuantizedWeights &result) {
  double sum = 0.0;
  for (float weight : weights) {
    result.codes.push_back(signCode(weight));
    sum += std::fabs(static_cast<double>(weight));
  }
  double count = weights.empty() ? 1.0 : static_cast<double>(weights.size());
  result.scale.push_back(static_cast<float>(sum / count));
}

/// More bits: tanh divided by its largest absolute value.
static void quantizeTanh(ArrayRef<float> weights, unsigned bits,
                         QuantizedWeights &result) {
  // Rounding is monotone: the maximum of the rounded values is the rounded
  // maximum.
  std::vector<float> tanhs(weights.size());
  float maxTanh = 0.0f;
  for (auto [tanh, weight] : llvm::zip_equal(tanhs, weights)) {
    tanh = tanhOnce(weight);
    maxTanh = std::max(maxTanh, std::fabs(tanh));
  }
  if (maxTanh == 0.0f)
    maxTanh = 1.0f;
  for (float tanh : tanhs)
    result.codes.push_back(
        static_cast<int8_t>(quantizeK(tanh / (2.0f * maxTanh) + 0.5f, bits)));
  result.scale.push_back(1.0 / ((1 << bits) - 1));
}

QuantizedWeights dorefa::quantizeWeights(ArrayRef<float> weights, unsigned bits,
                                         int64_t numChannels) {
  QuantizedWeights result;
  result.codes.reserve(weights.size());
  size_t channelSize = numChannels == 0 ? 0 : weights.size() / numChannels;
  for (int64_t c = 0; c < numChannels; ++c) {
    ArrayRef<float> channel = weights.slice(c * channelSize, channelSize);
    if (bits == 1)
      binarize(channel, result);
    else
      quantizeTanh(channel, bits, result);
  }
  return result;
}

QuantizedWeights dorefa::quantizeTernary(ArrayRef<float> weights) {
  constexpr int8_t zero = 0, plus = 1, minus = 2;
  float maximum = 0.0f;
  for (float weight : weights)
    maximum = std::max(maximum, std::fabs(weight));
  auto threshold = static_cast<float>(0.05 * static_cast<double>(maximum));
  QuantizedWeights result;
  result.codes.reserve(weights.size());
  double sum = 0.0;
  int64_t count = 0;
  for (float weight : weights) {
    if (!(std::fabs(weight) > threshold)) {
      result.codes.push_back(zero);
      continue;
    }
    result.codes.push_back(weight > 0.0f ? plus : minus);
    sum += std::fabs(static_cast<double>(weight));
    ++count;
  }
  result.scale.push_back(
      count == 0 ? 0.0f : static_cast<float>(sum / static_cast<double>(count)));
  return result;
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

std::array<uint32_t, 4> dorefa::philox(std::array<uint32_t, 4> counter,
                                       std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = uint64_t(0xD2511F53) * counter[0];
    uint64_t product1 = uint64_t(0xCD9E8D57) * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

uint16_t dorefa::drawNoise(uint64_t index, uint64_t seed, uint32_t layer,
                           uint32_t step) {
  std::array<uint32_t, 4> words =
      philox({static_cast<uint32_t>(index / 8), layer, step, 0},
             {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return static_cast<uint16_t>(words[index % 8 / 2] >> (index % 2 * 16));
}

/// Code of one gradient of a sample whose largest absolute value is `maximum`.
static int8_t quantizeGradient(float gradient, float maximum, float maxCode,
                               uint16_t noise) {
  // A sample of zeros has scale 0: any code stands for exactly 0.
  float y = maximum == 0.0f ? 0.5f : gradient / (2.0f * maximum) + 0.5f;
  y = std::min(std::max(y, 0.0f), 1.0f);
  float code = std::floor(y * maxCode + static_cast<float>(noise) / 65536.0f);
  return static_cast<int8_t>(static_cast<uint8_t>(std::min(code, maxCode)));
}

FailureOr<QuantizedGradients>
dorefa::quantizeGradients(ArrayRef<float> gradients, int64_t numSamples,
                          unsigned bits, uint64_t seed, uint32_t layer,
                          uint32_t step) {
  if (!areFinite(gradients))
    return failure();
  auto maxCode = static_cast<float>((1 << bits) - 1);
  size_t sampleSize = numSamples == 0 ? 0 : gradients.size() / numSamples;
  QuantizedGradients result;
  result.codes.reserve(gradients.size());
  for (int64_t n = 0; n < numSamples; ++n) {
    float maximum = 0.0f;
    for (float gradient : gradients.slice(n * sampleSize, sampleSize))
      maximum = std::max(maximum, std::fabs(gradient));
    for (size_t i = n * sampleSize, end = i + sampleSize; i < end; ++i)
      result.codes.push_back(quantizeGradient(gradients[i], maximum, maxCode,
                                              drawNoise(i, seed, layer, step)));
    result.scale.push_back(maximum);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

float dorefa::evaluateUnary(UnaryKind kind, float x) {
  double wide = x;
  switch (kind) {
  case UnaryKind::Abs:
    return std::fabs(x);
  case UnaryKind::Ceil:
    return std::ceil(x);
  case UnaryKind::Exp:
    return static_cast<float>(std::exp(wide));
  case UnaryKind::Floor:
    return std::floor(x);
  case UnaryKind::Neg:
    return -x;
  case UnaryKind::Relu:
    return x > 0.0f ? x : 0.0f;
  case UnaryKind::RoundHalfEven:
    return roundHalfEven(x);
  case UnaryKind::Sigmoid:
    return static_cast<float>(1.0 / (1.0 + std::exp(-wide)));
  case UnaryKind::Softplus:
    return static_cast<float>((wide > 0.0 ? wide : 0.0) +
                              std::log1p(std::exp(-std::fabs(wide))));
  case UnaryKind::Sqrt:
    return std::sqrt(x);
  case UnaryKind::Tanh:
    return tanhOnce(x);
  }
  llvm_unreachable("unknown unary kind");
}

float dorefa::evaluateBinary(BinaryKind kind, float a, float b) {
  switch (kind) {
  case BinaryKind::Add:
    return a + b;
  case BinaryKind::Sub:
    return a - b;
  case BinaryKind::Mul:
    return a * b;
  case BinaryKind::Div:
    return a / b;
  case BinaryKind::Max:
    return a > b ? a : b;
  case BinaryKind::Min:
    return a < b ? a : b;
  case BinaryKind::Pow:
    return static_cast<float>(
        std::pow(static_cast<double>(a), static_cast<double>(b)));
  }
  llvm_unreachable("unknown binary kind");
}

float dorefa::batchNorm(float x, float mean, float variance, float gamma,
                        float beta, float epsilon) {
  return (x - mean) / std::sqrt(variance + epsilon) * gamma + beta;
}

void dorefa::softmax(MutableArrayRef<float> values) {
  if (values.empty())
    return;
  float maximum = values.front();
  for (float value : values)
    maximum = value > maximum ? value : maximum;
  float sum = 0.0f;
  for (float &value : values) {
    value = evaluateUnary(UnaryKind::Exp, value - maximum);
    sum += value;
  }
  for (float &value : values)
    value /= sum;
}

float dorefa::dequantize(int64_t value, float zeroPoint, double scale) {
  float difference = static_cast<float>(value) - zeroPoint;
  return static_cast<float>(static_cast<double>(difference) * scale);
}

float dorefa::scaleAccumulator(int32_t accumulator, float scale) {
  return static_cast<float>(accumulator) * scale;
}
