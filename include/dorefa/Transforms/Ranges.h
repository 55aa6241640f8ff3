//===- Ranges.h - Proven intervals of codes and accumulators ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TRANSFORMS_RANGES_H
#define DOREFA_TRANSFORMS_RANGES_H

#include "dorefa/Dialect/DoReFa/DoReFa.h"

#include "llvm/ADT/DenseMap.h"

#include <vector>

namespace mlir::dorefa {

/// All integers from `lo` to `hi`, both included.
struct Interval {
  int64_t lo;
  int64_t hi;

  bool operator==(const Interval &other) const {
    return lo == other.lo && hi == other.hi;
  }
  bool operator!=(const Interval &other) const { return !(*this == other); }
};

/// Smallest interval that holds all of `intervals`, of which there is at least one.
Interval hull(ArrayRef<Interval> intervals);

/// Width in bits, 16 or 32, of an accumulator in which kernels may keep values of
/// `range`: it holds `[lo - 1, hi + 1]`, because thresholds saturate there. 0 where
/// not even 32 bits do.
unsigned accumulatorBits(Interval range);

/// Accumulators of an integer `conv_2d` or `matmul`, given the intervals of its
/// input values (one, or one per input channel): one interval, or one per output
/// channel. Exact per channel where the weights are constant. What leaves +-2^40 is
/// cut there.
std::vector<Interval> inferAccumulators(Operation *layer,
                                        ArrayRef<Interval> inputs);

/// Reports the layer as an error where its accumulators do not fit `i32`.
LogicalResult verifyAccumulators(Operation *layer, Interval range);

/// Intervals of the integers `v(q)` of code tensors and of the elements of `i32`
/// tensors, per channel (last dimension).
class RangeAnalysis {
public:
  /// Infers the intervals of the results of `op`, whose operands have been visited
  /// before (operations in program order) or count with all that their type holds.
  void visit(Operation *op);

  /// One interval for the whole tensor, or one per channel. `value` is a tensor of
  /// codes or of `i32`.
  std::vector<Interval> getIntervals(Value value) const;

private:
  void set(Value value, std::vector<Interval> intervals);

  llvm::DenseMap<Value, std::vector<Interval>> intervals;
};

} // namespace mlir::dorefa

#endif // DOREFA_TRANSFORMS_RANGES_H
