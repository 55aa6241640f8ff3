//===- ResidualSum.cpp - Sums of two branches in front of a quantizer -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ResidualSum.h"

#include "Movement.h"
#include "dorefa/Dialect/DoReFa/Arithmetic.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <limits>

namespace mlir::dorefa {

/// Numbers of the branch with more of them, and with fewer, that are tried one by
/// one, and of thresholds times these in all channels: seconds of work.
static constexpr int64_t kMaxWide = int64_t(1) << 20;
static constexpr int64_t kMaxNarrow = int64_t(1) << 13;
static constexpr int64_t kMaxEffort = int64_t(1) << 27;
/// The weighted sum and the thresholds, one beyond its ends, are i32.
static constexpr int64_t kMaxSum = std::numeric_limits<int32_t>::max() - 1;

/// A branch on one channel, number by number.
struct ResidualSum::Operand {
  std::vector<float> floats;
  std::vector<int64_t> integers;
  /// What the sum gains as the integer rises by 1.
  double slope = 0;

  int64_t maxAbs() const {
    return std::max(std::abs(integers.front()), std::abs(integers.back()));
  }
};

/// One threshold: for each number of the narrow branch, how many of the wide one, in
/// the order in which the level rises, do not reach it.
struct ResidualSum::Line {
  std::vector<int64_t> missed;
};

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

ResidualSum::ResidualSum(const Chain &chain, const RangeAnalysis &ranges)
    : sum(cast<BinaryOp>(chain.source.getDefiningOp())), kind(sum.getKind()),
      obstacle(read(chain, ranges)) {}

std::optional<Obstacle> ResidualSum::read(const Chain &chain,
                                          const RangeAnalysis &ranges) {
  auto type = cast<RankedTensorType>(sum.getType());
  if (sum.getLhs().getType() != type || sum.getRhs().getType() != type ||
      type.getRank() == 0)
    return Obstacle{sum, "an operand of the sum is broadcast", "add equal shapes"};
  for (unsigned i : {0u, 1u})
    if (std::optional<Obstacle> found = readBranch(i, ranges))
      return found;
  if (std::optional<Obstacle> found = readRest(chain))
    return found;
  return checkEffort();
}

std::optional<Obstacle> ResidualSum::readBranch(unsigned i,
                                                const RangeAnalysis &ranges) {
  Value value = sum->getOperand(i);
  Chain &branch = branches[i] = collectBranch(value);
  if (branch.kind == Domain::Floats) {
    Operation *op = branch.source.getDefiningOp();
    std::string name = op ? op->getName().getStringRef().str() : "an argument";
    return Obstacle{sum,
                    llvm::formatv("'dorefa.binary' adds floats: an operand depends "
                                  "on '{0}', not on one integer",
                                  name),
                    "quantize the operands of the sum, or accept float arithmetic "
                    "here"};
  }
  auto type = cast<RankedTensorType>(sum.getType());
  StepFunction function(makeDomain(branch, ranges), type.getRank(),
                        type.getShape().back());
  for (auto [op, operand] : llvm::zip_equal(branch.ops, branch.operands)) {
    if (isMovement(op))
      return Obstacle{op, "a branch of the sum is moved before it is added",
                      "move its codes instead"};
    if (std::optional<Obstacle> found = function.append(op, operand))
      return found;
  }
  if (!function.isMonotone())
    return Obstacle{sum, "a branch of the sum is not proven to be monotone",
                    "use functions that only rise or only fall"};
  functions[i].emplace(std::move(function));
  return std::nullopt;
}

/// The sum lies between the sums at the corners: it is monotone in each operand.
std::optional<Obstacle> ResidualSum::readRest(const Chain &chain) {
  auto type = cast<RankedTensorType>(sum.getType());
  int64_t channels = type.getShape().back();
  bool isUniform = functions[0]->isUniform() && functions[1]->isUniform();
  if (!isUniform && ShapedType::isDynamic(channels))
    return Obstacle{sum, "the number of channels is not known", ""};
  std::vector<Interval> intervals;
  for (int64_t c = 0; c < (isUniform ? 1 : channels); ++c) {
    Interval a = getInterval(0, c), b = getInterval(1, c);
    Interval all{std::numeric_limits<int64_t>::max(),
                 std::numeric_limits<int64_t>::min()};
    for (int64_t x : {a.lo, a.hi})
      for (int64_t y : {b.lo, b.hi}) {
        float corner = add(static_cast<float>(functions[0]->apply(c, x)),
                           static_cast<float>(functions[1]->apply(c, y)));
        if (!std::isfinite(corner))
          return Obstacle{sum, "the sum may be infinite or no number",
                          "use smaller scales"};
        all = hull({all, {Domain::getIndex(corner), Domain::getIndex(corner)}});
      }
    intervals.push_back(all);
  }
  rest.emplace(Domain{Domain::Floats, CodeType(), std::move(intervals)},
               type.getRank(), channels);
  for (auto [op, operand] : llvm::zip_equal(chain.ops, chain.operands)) {
    if (isa<MaxPoolOp>(op))
      return Obstacle{op, "'dorefa.max_pool' stands between a sum and its quantizer",
                      "pool the codes"};
    if (std::optional<Obstacle> found = rest->append(op, operand))
      return found;
  }
  if (!rest->isMonotone())
    return Obstacle{chain.ops.back(),
                    "what follows the sum is not proven to be monotone",
                    "use functions that only rise or only fall"};
  return std::nullopt;
}

std::optional<Obstacle> ResidualSum::checkEffort() const {
  int64_t sizes[2];
  for (unsigned i : {0u, 1u}) {
    Interval all = hull(functions[i]->getDomain().intervals);
    sizes[i] = all.hi - all.lo + 1;
  }
  auto [narrow, wide] = std::minmax(sizes[0], sizes[1]);
  if (!rest->hasOneFunction() && ShapedType::isDynamic(rest->getChannels()))
    return Obstacle{sum, "the number of channels is not known", ""};
  if (wide <= kMaxWide && narrow <= kMaxNarrow &&
      getNumRows() * narrow * std::max<int64_t>(getNumThresholds(), 1) <= kMaxEffort)
    return std::nullopt;
  return Obstacle{sum,
                  llvm::formatv("the sum of branches with {0} and {1} values on {2} "
                                "channels is too large to prove a comparison",
                                wide, narrow, getNumRows()),
                  "quantize one of the branches"};
}

int64_t ResidualSum::getNumRows() const {
  return rest->isUniform() ? 1 : rest->getChannels();
}

int64_t ResidualSum::countPairs() const {
  int64_t pairs = 0;
  for (int64_t c = 0, rows = getNumRows(); c < rows; ++c) {
    Interval a = getInterval(0, c), b = getInterval(1, c);
    pairs += (a.hi - a.lo + 1) * (b.hi - b.lo + 1);
  }
  return pairs;
}

//===----------------------------------------------------------------------===//
// The reference
//===----------------------------------------------------------------------===//

float ResidualSum::add(float lhs, float rhs) const {
  return evaluateBinary(kind, lhs, rhs);
}

int64_t ResidualSum::evaluate(int64_t channel, int64_t a, int64_t b) const {
  float u = add(static_cast<float>(functions[0]->apply(channel, a)),
                static_cast<float>(functions[1]->apply(channel, b)));
  return static_cast<int64_t>(rest->apply(channel, u));
}

ResidualSum::Operand ResidualSum::makeOperand(unsigned i, int64_t channel) const {
  Operand operand;
  const Domain &domain = functions[i]->getDomain();
  bool isBipolar = domain.code && domain.code.getEncoding() == Encoding::Bipolar;
  Interval interval = getInterval(i, channel);
  for (int64_t number = interval.lo; number <= interval.hi; ++number) {
    operand.floats.push_back(static_cast<float>(functions[i]->apply(channel, number)));
    operand.integers.push_back(isBipolar ? domain.code.getValue(number) : number);
  }
  if (interval.hi > interval.lo)
    operand.slope =
        (double(operand.floats.back()) - operand.floats.front()) /
        static_cast<double>(operand.integers.back() - operand.integers.front());
  if (i == 1 && kind == BinaryKind::Sub)
    operand.slope = -operand.slope;
  return operand;
}

//===----------------------------------------------------------------------===//
// Solving
//===----------------------------------------------------------------------===//

/// Pairs of integers whose quotient comes near `ratio`, greater than or equal to 0,
/// each nearer than the one before: the convergents of its continued fraction.
/// Calls `isDone` with numerator and denominator until it holds.
static bool approximate(double ratio,
                        llvm::function_ref<bool(int64_t, int64_t)> isDone) {
  int64_t before[2] = {0, 1}, current[2] = {1, 0};
  for (double rest = ratio; rest <= static_cast<double>(kMaxSum);) {
    double whole = std::floor(rest);
    for (unsigned i : {0u, 1u}) {
      int64_t next = static_cast<int64_t>(whole) * current[i] + before[i];
      before[i] = current[i];
      current[i] = next;
      if (next > kMaxSum)
        return false;
    }
    if (isDone(current[0], current[1]))
      return true;
    if (rest == whole)
      return false;
    rest = 1 / (rest - whole);
  }
  return false;
}

SumRow ResidualSum::solve(int64_t channel, bool exhaustive) const {
  SumRow row;
  ThresholdRow levels = rest->solve(channel, /*exhaustive=*/false);
  row.wrong = levels.wrong;
  row.obstacle = levels.obstacle;
  if (row.wrong || row.obstacle)
    return row;
  const Operand operands[2] = {makeOperand(0, channel), makeOperand(1, channel)};
  unsigned narrow = operands[0].floats.size() < operands[1].floats.size() ? 0 : 1;
  const Operand &outer = operands[narrow], &inner = operands[1 - narrow];
  auto numInner = static_cast<int64_t>(inner.floats.size());
  int direction = levels.direction < 0 ? -1 : 1;
  // The numbers of the wide branch in the order in which the level rises.
  bool isUpward = inner.slope * direction >= 0;
  auto at = [&](int64_t i) { return isUpward ? i : numInner - 1 - i; };

  std::vector<Line> lines;
  for (int64_t threshold : levels.thresholds) {
    auto bound = static_cast<float>(rest->getThreshold(channel, threshold));
    Line &line = lines.emplace_back();
    int64_t missed = 0;
    for (float x : outer.floats) {
      auto reaches = [&](int64_t i) {
        ++row.numCompared;
        float y = inner.floats[at(i)];
        float u = narrow == 0 ? add(x, y) : add(y, x);
        return direction > 0 ? u >= bound : u <= bound;
      };
      while (missed > 0 && reaches(missed - 1))
        --missed;
      while (missed < numInner && !reaches(missed))
        ++missed;
      line.missed.push_back(missed);
    }
  }

  // Thresholds for these weights; false where no threshold has a line on one side.
  auto fit = [&](int64_t innerWeight, int64_t outerWeight) {
    row.thresholds.clear();
    for (const Line &line : lines) {
      int64_t lower = -kMaxSum - 1, upper = kMaxSum + 1;
      for (size_t n = 0; n < line.missed.size(); ++n) {
        int64_t missed = line.missed[n];
        auto sumAt = [&](int64_t i) {
          return innerWeight * inner.integers[at(i)] + outerWeight * outer.integers[n];
        };
        if (missed > 0)
          lower = std::max(lower, sumAt(missed - 1) + 1);
        if (missed < numInner)
          upper = std::min(upper, sumAt(missed));
        if (lower > upper)
          return false;
      }
      bool isBounded = lower >= -kMaxSum;
      row.thresholds.push_back(static_cast<int32_t>(isBounded ? lower : upper));
    }
    row.weights[narrow] = static_cast<int32_t>(outerWeight);
    row.weights[1 - narrow] = static_cast<int32_t>(innerWeight);
    return true;
  };
  auto signOf = [&](double slope) { return slope * direction < 0 ? -1 : 1; };
  auto isProven = [&](int64_t outerSize, int64_t innerSize) {
    return double(innerSize) * double(inner.maxAbs()) +
                   double(outerSize) * double(outer.maxAbs()) <
               double(kMaxSum) &&
           fit(innerSize * signOf(inner.slope), outerSize * signOf(outer.slope));
  };
  bool found = inner.slope == 0
                   ? isProven(outer.slope == 0 ? 0 : 1, 0)
                   : approximate(std::abs(outer.slope / inner.slope), isProven);
  if (!found) {
    row.obstacle = Obstacle{sum,
                            llvm::formatv("no comparison of integers gives the codes "
                                          "of the float sum on channel {0}: its "
                                          "rounding decides near a threshold",
                                          channel),
                            "use scales that are small multiples of a common one, or "
                            "accept float arithmetic here"};
    return row;
  }
  certify(channel, exhaustive, lines, operands, row);
  return row;
}

/// The operations themselves, at each threshold beside it for some numbers of the
/// narrow branch, or everywhere.
void ResidualSum::certify(int64_t channel, bool exhaustive, ArrayRef<Line> lines,
                          const Operand operands[2], SumRow &row) const {
  Interval a = getInterval(0, channel), b = getInterval(1, channel);
  auto check = [&](int64_t i, int64_t j) {
    int64_t weighted = row.weights[0] * operands[0].integers[i] +
                       row.weights[1] * operands[1].integers[j];
    int64_t level = getBase() + llvm::count_if(row.thresholds, [&](int64_t t) {
                      return weighted >= t;
                    });
    row.wrong |= level != evaluate(channel, a.lo + i, b.lo + j);
    ++row.numCompared;
  };
  int64_t numA = operands[0].floats.size(), numB = operands[1].floats.size();
  if (exhaustive) {
    row.numCompared = 0;
    for (int64_t i = 0; i < numA; ++i)
      for (int64_t j = 0; j < numB; ++j)
        check(i, j);
    return;
  }
  unsigned narrow = numA < numB ? 0 : 1;
  int64_t numInner = narrow == 0 ? numB : numA;
  bool isUpward = row.weights[1 - narrow] >= 0;
  for (const Line &line : lines)
    for (size_t n : {size_t(0), line.missed.size() / 2, line.missed.size() - 1})
      for (int64_t i : {line.missed[n] - 1, line.missed[n]}) {
        if (i < 0 || i >= numInner)
          continue;
        int64_t inner = isUpward ? i : numInner - 1 - i;
        narrow == 0 ? check(n, inner) : check(inner, n);
      }
}

} // namespace mlir::dorefa
