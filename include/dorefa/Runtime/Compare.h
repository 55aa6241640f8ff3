//===- Compare.h - Differences between two arrays ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_RUNTIME_COMPARE_H
#define DOREFA_RUNTIME_COMPARE_H

#include "dorefa/Runtime/Npy.h"

namespace mlir::dorefa::runtime {

/// What came out of a comparison.
struct Comparison {
  bool equal;
  /// One line: how many values are equal, or how many differ and the first of
  /// them with its index and both values.
  std::string summary;
};

/// Compares arrays of one type and shape. NaN equals NaN, -0.0 equals 0.0.
/// Without a tolerance values must be equal; with tolerance R (at least 0) the
/// difference may be up to R * (the largest finite absolute expected value).
Comparison compare(const NpyArray &actual, const NpyArray &expected,
                   std::optional<double> tolerance);

} // namespace mlir::dorefa::runtime

#endif // DOREFA_RUNTIME_COMPARE_H
