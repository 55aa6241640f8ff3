//===- AffineCodes.h - Codes of many levels as affine functions -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The thresholds of a channel mostly come from a scale, a bias and a rounding, so
// that one multiplication and one addition find a level that takes as many
// comparisons as there are thresholds otherwise. Floats round where thresholds do
// not: a function is used only where it is proven to give the same levels.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TRANSFORMS_AFFINECODES_H
#define DOREFA_LIB_TRANSFORMS_AFFINECODES_H

#include "dorefa/Transforms/Ranges.h"

#include <optional>
#include <vector>

namespace mlir::dorefa {

/// `slope * x + offset`, in float32.
struct AffineFunction {
  float slope;
  float offset;
};

/// A function f with a slope of at least 0 such that, for all integers x of `range`,
/// `max(f(x), 0)` truncated and at most n is the number of `thresholds` that are at
/// most x, or with `excess` = 1 this number or one more. n is the number of
/// `thresholds`, which ascend. It holds whether multiplication and addition round
/// together or each on its own: conversion, both roundings and truncation are
/// monotone, so it is proven by the values at each threshold and right below.
/// Nullopt where no such function was found.
std::optional<AffineFunction> findAffineLevels(ArrayRef<int32_t> thresholds,
                                               Interval range, int64_t excess);

/// The functions of all channels.
struct AffineTable {
  /// Slopes, negative where a channel decreases, then offsets, each as many as a row
  /// of thresholds has columns. Empty where a channel has no function.
  std::vector<float> rows;
  /// The first channel without one.
  int64_t failed = 0;
};

/// Functions of the accumulators in `range` for `channels` columns of `thresholds`,
/// packed as `bitplane.conv_2d` says. Levels up to `numLevels` for which there is no
/// threshold are never reached.
AffineTable makeAffineTable(ArrayRef<int32_t> thresholds, int64_t channels,
                            int64_t numLevels, Interval range, int64_t excess);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TRANSFORMS_AFFINECODES_H
