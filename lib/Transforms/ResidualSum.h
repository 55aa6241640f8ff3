//===- ResidualSum.h - Sums of two branches in front of a quantizer -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two branches of integers, each with a scale of its own, are added in float and
// quantized. Where rounding leaves room for it, the code depends, per channel, on
// one integer: w0 * a + w1 * b. This file finds the weights and thresholds and
// proves them for all pairs (a, b).
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TRANSFORMS_RESIDUALSUM_H
#define DOREFA_LIB_TRANSFORMS_RESIDUALSUM_H

#include "Chain.h"

namespace mlir::dorefa {

/// The comparison of one channel: its level is the base plus the number of
/// thresholds that `weights[0] * a + weights[1] * b` reaches, a code standing for its
/// integer.
struct SumRow {
  std::array<int32_t, 2> weights = {};
  std::vector<int32_t> thresholds;
  /// Pairs on which the sum of floats was compared with a threshold.
  int64_t numCompared = 0;
  std::optional<Obstacle> obstacle;
  /// Set where the comparison is not that of the reference: a bug of ours.
  bool wrong = false;
};

/// The sum of two monotone functions of one integer each, and what follows it up to
/// a quantizer.
class ResidualSum {
public:
  /// Reads `chain`, which starts from a sum or difference of two values.
  ResidualSum(const Chain &chain, const RangeAnalysis &ranges);

  /// What stands in the way, if anything. The functions below need a sum without.
  const std::optional<Obstacle> &getObstacle() const { return obstacle; }

  /// Finds the comparison of a channel. It holds for every pair: for each b the a at
  /// which a level is reached is found by evaluating the reference, which is monotone
  /// in a, and the weighted sum must part these pairs from the others. With
  /// `exhaustive` compares all pairs with the operations themselves.
  SumRow solve(int64_t channel, bool exhaustive) const;

  /// Accumulators or codes.
  Value getOperand(unsigned i) const { return branches[i].source; }
  /// Rows that differ: one, or one for each channel.
  int64_t getNumRows() const;
  /// Pairs of integers in all rows.
  int64_t countPairs() const;
  int64_t getBase() const { return rest->getBase(); }
  int64_t getNumThresholds() const { return rest->getNumThresholds(); }

private:
  struct Operand;
  struct Search;

  std::optional<Obstacle> read(const Chain &chain, const RangeAnalysis &ranges);
  std::optional<Obstacle> readBranch(unsigned i, const RangeAnalysis &ranges);
  std::optional<Obstacle> readRest(const Chain &chain);
  std::optional<Obstacle> checkEffort() const;
  Interval getInterval(unsigned i, int64_t channel) const {
    return functions[i]->getDomain().getInterval(channel);
  }
  Operand makeOperand(unsigned i, int64_t channel) const;
  float add(float lhs, float rhs) const;
  int64_t evaluate(int64_t channel, int64_t a, int64_t b) const;
  /// Finds, for each level, the pairs at which it is reached.
  Search makeSearch(int64_t channel, const ThresholdRow &levels, SumRow &row) const;
  void certify(int64_t channel, bool exhaustive, const Search &search,
               SumRow &row) const;

  BinaryOp sum;
  BinaryKind kind;
  Chain branches[2];
  std::optional<StepFunction> functions[2];
  /// From the float sum to the level.
  std::optional<StepFunction> rest;
  std::optional<Obstacle> obstacle;
};

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TRANSFORMS_RESIDUALSUM_H
