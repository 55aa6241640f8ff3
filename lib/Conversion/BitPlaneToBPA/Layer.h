//===- Layer.h - A layer as the accelerator computes it ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a contraction or a pool of `bitplane` becomes, before anybody says where it
// lies: planes with their weights, thresholds on what the array sums up, limits.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOBPA_LAYER_H
#define DOREFA_LIB_CONVERSION_BITPLANETOBPA_LAYER_H

#include "dorefa/Dialect/BPA/BPA.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"

#include <array>
#include <string>
#include <vector>

namespace mlir::bpa {

/// Height, width and codes of a feature map; one sample.
struct MapShape {
  int64_t height, width, channels, bits;
};

/// Window of a layer. Pads are top, left, bottom, right.
struct Window {
  std::array<int64_t, 2> kernel, strides, dilations;
  std::array<int64_t, 4> pads;
};

/// Which codes sums become; of raw layers `bits` is 0.
struct Levels {
  int64_t bits = 0;
  /// Code of a sum that reaches no threshold.
  int64_t first = 0;
  /// Of each output channel what `pp` compares with, 2^bits - 1 numbers.
  std::vector<std::vector<int32_t>> thresholds;
  std::vector<bool> decreasing;
};

/// A layer on one sample.
struct Layer {
  Operation *op = nullptr;
  /// Words that it reads, before any reshape to a row, and what it makes.
  Value input, result;
  MapShape from, to;
  Window window;
  bool isPool = false;
  /// Of pools: codes compare as two's complement.
  bool isSigned = false;

  // Contractions only.
  int64_t groups = 1;
  /// What the planes of the input count, then planes of ones inside the input.
  std::vector<bitplane::PlaneTerm> inputTerms;
  int64_t validPlanes = 0;
  /// Code of taps outside the input.
  int64_t padCode = 0;
  /// What planes of weights count; with `rowSum` their bits mean -1 and +1.
  std::vector<bitplane::PlaneTerm> weightTerms;
  bool rowSum = false;
  /// Codes of the weights, O x KH x KW x C/groups, bit k is plane k.
  std::vector<uint8_t> weights;
  Levels levels;
  int64_t macs = 0;

  bool isRaw() const { return !isPool && levels.bits == 0; }
  int64_t inputsPerGroup() const { return from.channels / groups; }
  int64_t outputsPerGroup() const { return to.channels / groups; }
};

/// Reads the `bitplane` operation `op` as a layer of `machine`. Where the
/// accelerator cannot compute it, returns nothing and says in `reason` why.
std::optional<Layer> readLayer(Operation *op, const Configuration &machine,
                               std::string &reason);

} // namespace mlir::bpa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOBPA_LAYER_H
