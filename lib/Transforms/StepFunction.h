//===- StepFunction.h - From accumulators to codes, per channel -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What stands between a layer and a quantizer is, per channel, a function from one
// number to the level of a code. This file evaluates that function, operation by
// operation with the formulas of Arithmetic.h, and finds the thresholds of those
// that are step functions and a table for the others.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TRANSFORMS_STEPFUNCTION_H
#define DOREFA_LIB_TRANSFORMS_STEPFUNCTION_H

#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "dorefa/Transforms/Ranges.h"
#include "llvm/ADT/DenseMap.h"

#include <functional>

namespace mlir::dorefa {

/// Why a chain is not fused: the operation that stops it (null: no single one), the
/// reason and what the author of the network can do about it.
struct Obstacle {
  Operation *op;
  std::string reason;
  std::string suggestion;
};

/// The numbers that a chain starts from. They are numbered in ascending order, so
/// that any of them is found by bisection over an interval of numbers.
struct Domain {
  enum Kind {
    /// `i32` accumulators; the number is the accumulator.
    Accumulators,
    /// Codes in front of their dequantization; the number of a bipolar code is the
    /// code, that of others the integer it stands for.
    Codes,
    /// All floats but -0.0 and NaN.
    Floats
  };
  Kind kind;
  /// Of codes only.
  CodeType code;
  /// Numbers that occur: one interval, or one per channel.
  std::vector<Interval> intervals;

  /// The domain of all floats.
  static Domain floats();
  /// The number of a float other than NaN; that of -0.0 is that of 0.
  static int64_t getIndex(float x);
  /// What number `index` stands for: an accumulator, the integer of a code, a float.
  double getElement(int64_t index) const;
  Interval getInterval(int64_t channel) const {
    return intervals[intervals.size() > 1 ? channel : 0];
  }
};

/// The thresholds of one channel, as numbers of the domain.
struct ThresholdRow {
  std::vector<int64_t> thresholds;
  /// 1 increasing, -1 decreasing, 0 constant.
  int direction = 0;
  /// For each max pool, how the value it takes depends on the domain: as above.
  std::vector<int> poolDirections;
  /// Numbers on which function and thresholds were compared.
  int64_t numCompared = 0;
  std::optional<Obstacle> obstacle;
  /// Set where the thresholds are not those of the function: a bug of ours.
  bool wrong = false;
};

/// The codes of one channel for a run of numbers.
struct CodeRow {
  std::vector<int8_t> codes;
  /// For each max pool: the value it takes does not fall as the number rises, and
  /// the integer of the code does not fall as that value rises.
  std::vector<bool> poolRises, codeRises;
};

/// The function of a chain of operations, one per channel. Operations may join two
/// values of the chain, as x * sigmoid(x) does.
class StepFunction {
public:
  /// `channels` is the last size of the tensor that the chain starts from.
  StepFunction(Domain domain, int64_t rank, int64_t channels);

  /// Applies `op` to `operand`, the start or the result of an operation appended
  /// before. The last operation is the quantizer. Returns what stands in the way, if
  /// anything.
  std::optional<Obstacle> append(Operation *op, Value operand);

  /// The value behind the last step for `x`. Writes the value behind each step to
  /// `values`, the first being `x`.
  double apply(int64_t channel, double x, SmallVectorImpl<double> &values) const;
  double apply(int64_t channel, double x) const;

  /// Level of channel `channel` for number `index`. Writes the value behind each
  /// step to `values`, if given, the first being that of the domain.
  int64_t evaluate(int64_t channel, int64_t index,
                   SmallVectorImpl<double> *values = nullptr) const;

  /// Finds the thresholds of a channel; with `exhaustive` compares them with the
  /// function on the whole domain, unless that is floats.
  ThresholdRow solve(int64_t channel, bool exhaustive) const;

  /// The codes of a channel, of type `code`, for the numbers of `interval`: for an
  /// interval of codes, by code.
  CodeRow tabulateCodes(int64_t channel, Interval interval, CodeType code) const;

  /// The smallest and the largest value that the last operation takes, nullopt where
  /// they are not proven.
  std::optional<std::pair<double, double>> boundInput(int64_t channel) const;

  /// How many numbers the domains of all channels hold together; 0 for floats, of
  /// which not all are compared.
  int64_t countNumbers() const;

  /// What `dorefa.threshold` has to compare with for number `index` of a row.
  double getThreshold(int64_t channel, int64_t index) const;

  /// Whether each step is monotone, by its kind.
  bool isMonotone() const { return !findUnproven(); }
  /// Whether all channels have the same function.
  bool hasOneFunction() const { return uniform; }
  /// Whether all channels have the same function and domain.
  bool isUniform() const { return uniform && domain.intervals.size() == 1; }
  /// Dimension of the channels in the result so far, -1 where they are spread.
  int64_t getChannelDim() const { return channelDim; }
  int64_t getChannels() const { return channels; }
  int64_t getBase() const { return base; }
  int64_t getNumThresholds() const { return numThresholds; }
  /// Whether a max pool stands in the chain.
  bool hasPools() const { return !pools.empty(); }
  const Domain &getDomain() const { return domain; }

private:
  struct Step {
    enum Kind {
      /// Monotone under IEEE rounding, proven from its kind and constants.
      Monotone,
      /// Increasing as a real function; a library computes it.
      Library,
      Arbitrary
    };
    Operation *op;
    Kind kind;
    std::function<double(int64_t, double)> apply;
    /// Positions of the values that it takes, the first being the start; two where
    /// it joins them, which `join` does instead of `apply`.
    unsigned operand;
    unsigned other = 0;
    std::optional<BinaryKind> join;
  };
  /// One value, or one per channel.
  template <typename T>
  struct PerChannel {
    std::vector<T> values;
    T operator()(int64_t c) const { return values[values.size() > 1 ? c : 0]; }
  };

  std::optional<Obstacle> appendOperation(Operation *op, Value operand);
  std::optional<Obstacle> appendMovement(Operation *op);
  std::optional<Obstacle> appendUnary(UnaryOp op);
  std::optional<Obstacle> appendJoin(BinaryOp op);
  std::optional<Obstacle> appendBinary(BinaryOp op, Value operand);
  std::optional<Obstacle> appendBatchNorm(BatchNormOp op);
  std::optional<Obstacle> appendScale(ScaleOp op);
  std::optional<Obstacle> appendDequantize(DequantizeOp op);
  std::optional<Obstacle> appendQuantize(QuantizeOp op);
  std::optional<Obstacle> appendThreshold(ThresholdOp op);
  void appendActivations(QuantizeActivationsOp op);
  void add(Operation *op, Step::Kind kind,
           std::function<double(int64_t, double)> apply);
  /// Notes that the value is now a level.
  void setLevels(int64_t min, int64_t max);
  template <typename T>
  std::optional<PerChannel<T>> perChannel(std::vector<T> values,
                                          ArrayRef<int64_t> shape,
                                          int64_t resultRank);
  template <typename T>
  std::optional<PerChannel<T>> perChannel(Value constant, int64_t resultRank);

  /// An arbitrary step, else one of a library, null where all are monotone.
  const Step *findUnproven() const;
  Operation *findSource(ArrayRef<double> first, ArrayRef<double> last) const;
  /// Evaluates every number of the interval: the numbers at which the level changes
  /// and the level from there on.
  std::vector<std::pair<int64_t, int64_t>> tabulate(int64_t channel,
                                                    ThresholdRow &row) const;
  bool keepsCodesApart(int64_t channel) const;
  void bisect(Interval interval, llvm::function_ref<int64_t(int64_t)> levelAt,
              ThresholdRow &row) const;
  void certify(int64_t channel, bool exhaustive, ThresholdRow &row) const;

  Domain domain;
  int64_t channels;
  int64_t channelDim;
  bool uniform = true;
  std::vector<Step> steps;
  /// Position of each value of the chain: behind which step, 0 the start.
  llvm::DenseMap<Value, unsigned> positions;
  /// Position that the operation being appended takes.
  unsigned operandPosition = 0;
  /// Position of the value that each max pool takes.
  std::vector<unsigned> pools;
  int64_t base = 0;
  int64_t numThresholds = 0;
};

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TRANSFORMS_STEPFUNCTION_H
