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
/// Steps of a search that halves an interval, or drops a third of it.
static constexpr int kSteps = 40;
/// Far above the error of a sum of numbers up to 2^20 in float64.
static constexpr double kTolerance = 1e-9;
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

/// The search for weights and thresholds of one channel.
struct ResidualSum::Search {
  Operand operands[2];
  /// The branch with fewer numbers.
  unsigned narrow;
  /// Whether the level rises or falls with the sum: 1, -1.
  int direction;
  /// For each threshold and each number of the narrow branch, how many of the wide
  /// one, in the order in which the level rises, do not reach it.
  std::vector<std::vector<int64_t>> missed;

  const Operand &outer() const { return operands[narrow]; }
  const Operand &inner() const { return operands[1 - narrow]; }
  int64_t countInner() const { return inner().floats.size(); }
  /// Number `i` of the wide branch in the order in which the level rises.
  int64_t at(int64_t i) const {
    return inner().slope * direction >= 0 ? i : countInner() - 1 - i;
  }
  int signOf(const Operand &operand) const {
    return operand.slope * direction < 0 ? -1 : 1;
  }

  /// Sets weights and thresholds of `row` where each threshold has, between the sums
  /// that do not reach it and those that do, room to lie in.
  bool fit(int64_t innerWeight, int64_t outerWeight, SumRow &row) const;
  /// Calls `visit` with outer and inner number of the last pair that does not reach the
  /// threshold of `line` (false) and the first that does (true), outer by outer.
  void forEachNeighbour(ArrayRef<int64_t> line,
                        llvm::function_ref<void(bool, int64_t, int64_t)> visit) const;
  bool find(SumRow &row) const;
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

void ResidualSum::Search::forEachNeighbour(
    ArrayRef<int64_t> line,
    llvm::function_ref<void(bool, int64_t, int64_t)> visit) const {
  for (size_t n = 0; n < line.size(); ++n)
    for (bool isReached : {false, true}) {
      int64_t i = isReached ? line[n] : line[n] - 1;
      if (i >= 0 && i < countInner())
        visit(isReached, outer().integers[n], inner().integers[at(i)]);
    }
}

bool ResidualSum::Search::fit(int64_t innerWeight, int64_t outerWeight,
                              SumRow &row) const {
  if (double(std::abs(innerWeight)) * double(inner().maxAbs()) +
          double(std::abs(outerWeight)) * double(outer().maxAbs()) >=
      double(kMaxSum))
    return false;
  row.thresholds.clear();
  for (ArrayRef<int64_t> line : missed) {
    int64_t below = -kMaxSum - 1, above = kMaxSum + 1;
    forEachNeighbour(line, [&](bool isReached, int64_t x, int64_t y) {
      int64_t weighted = innerWeight * y + outerWeight * x;
      if (isReached)
        above = std::min(above, weighted);
      else
        below = std::max(below, weighted);
    });
    if (below >= above)
      return false;
    bool isReachedByAll = below < -kMaxSum;
    row.thresholds.push_back(static_cast<int32_t>(isReachedByAll ? above : below + 1));
  }
  row.weights[narrow] = static_cast<int32_t>(outerWeight);
  row.weights[1 - narrow] = static_cast<int32_t>(innerWeight);
  return true;
}

namespace {

/// Points of which one has the largest `y + r * x`, whatever r: the upper hull.
class UpperHull {
public:
  /// Adds a point; x must not fall from one to the next.
  void add(double x, double y) {
    auto isBelow = [&](std::pair<double, double> a, std::pair<double, double> b) {
      return (b.first - a.first) * (y - a.second) >= (b.second - a.second) * (x - a.first);
    };
    while (points.size() > 1 && isBelow(points[points.size() - 2], points.back()))
      points.pop_back();
    points.push_back({x, y});
  }

  double getMax(double r) const {
    double max = -std::numeric_limits<double>::infinity();
    for (auto [x, y] : points)
      max = std::max(max, y + r * x);
    return max;
  }

private:
  std::vector<std::pair<double, double>> points;
};

} // namespace

/// Numerator and denominator of the simplest fraction between `low`, not negative, and
/// `high`, by their continued fractions. Nullopt where one would be no weight.
static std::optional<std::pair<int64_t, int64_t>> findFraction(double low, double high,
                                                               int depth = 0) {
  double whole = std::floor(low);
  if (!(low < high) || whole >= double(kMaxSum) || depth > kSteps)
    return std::nullopt;
  if (whole + 1 < high)
    return std::pair<int64_t, int64_t>(static_cast<int64_t>(whole) + 1, 1);
  auto rest = findFraction(1 / (high - whole), 1 / (low - whole), depth + 1);
  if (!rest)
    return std::nullopt;
  int64_t numerator = static_cast<int64_t>(whole) * rest->first + rest->second;
  if (numerator > kMaxSum)
    return std::nullopt;
  return std::pair(numerator, rest->first);
}

/// The slack is a concave function of the ratio of the weights: all ratios that fit lie
/// in one interval, near the ratio of the slopes. The simplest fraction in it wins.
bool ResidualSum::Search::find(SumRow &row) const {
  if (inner().slope == 0 || outer().slope == 0)
    return fit(inner().slope == 0 ? 0 : signOf(inner()),
               outer().slope == 0 ? 0 : signOf(outer()), row);
  // Of each threshold: sums below it and, negative, above it.
  std::vector<std::pair<UpperHull, UpperHull>> hulls(missed.size());
  for (auto [line, hull] : llvm::zip_equal(missed, hulls))
    forEachNeighbour(line, [&, &hull = hull](bool isReached, int64_t x, int64_t y) {
      double weighted = double(y) * signOf(inner());
      isReached ? hull.second.add(double(x), -weighted)
                : hull.first.add(double(x), weighted);
    });
  // The narrowest room for weights 1 and `ratio`, less than these numbers may be off:
  // positive where all have some.
  auto getSlack = [&](double ratio) {
    double slack = std::numeric_limits<double>::infinity(), r = ratio * signOf(outer());
    for (const auto &[below, above] : hulls)
      slack = std::min(slack, -above.getMax(-r) - below.getMax(r));
    return slack - kTolerance;
  };
  double ratio = std::abs(outer().slope / inner().slope);
  // By more than this, a line would miss a whole number of the wide branch.
  double reach = std::min(2.0 / static_cast<double>(outer().integers.size()), ratio);
  double low = ratio - reach, high = ratio + reach;
  for (int i = 0; i < kSteps && getSlack(ratio) <= 0; ++i) {
    double third = (high - low) / 3;
    bool isLeft = getSlack(low + third) > getSlack(high - third);
    (isLeft ? high : low) += isLeft ? -third : third;
    ratio = (low + high) / 2;
  }
  if (getSlack(ratio) <= 0)
    return false;
  double ends[2] = {ratio, ratio};
  for (int side : {0, 1}) {
    double outside = side == 0 ? std::max(ratio - reach, 0.0) : ratio + reach;
    for (int i = 0; i < kSteps; ++i) {
      double middle = (ends[side] + outside) / 2;
      (getSlack(middle) > 0 ? ends[side] : outside) = middle;
    }
  }
  auto fraction = findFraction(ends[0], ends[1]);
  return fraction && fit(fraction->second * signOf(inner()),
                         fraction->first * signOf(outer()), row);
}

ResidualSum::Search ResidualSum::makeSearch(int64_t channel, const ThresholdRow &levels,
                                            SumRow &row) const {
  Search search{{makeOperand(0, channel), makeOperand(1, channel)}, 0, 1, {}};
  if (search.operands[0].floats.size() >= search.operands[1].floats.size())
    search.narrow = 1;
  if (levels.direction < 0)
    search.direction = -1;
  for (int64_t threshold : levels.thresholds) {
    auto bound = static_cast<float>(rest->getThreshold(channel, threshold));
    std::vector<int64_t> &line = search.missed.emplace_back();
    int64_t missed = 0;
    for (float x : search.outer().floats) {
      auto reaches = [&](int64_t i) {
        ++row.numCompared;
        float y = search.inner().floats[search.at(i)];
        float u = search.narrow == 0 ? add(x, y) : add(y, x);
        return search.direction > 0 ? u >= bound : u <= bound;
      };
      while (missed > 0 && reaches(missed - 1))
        --missed;
      while (missed < search.countInner() && !reaches(missed))
        ++missed;
      line.push_back(missed);
    }
  }
  return search;
}

SumRow ResidualSum::solve(int64_t channel, bool exhaustive) const {
  SumRow row;
  ThresholdRow levels = rest->solve(channel, /*exhaustive=*/false);
  row.wrong = levels.wrong;
  row.obstacle = levels.obstacle;
  if (row.wrong || row.obstacle)
    return row;
  Search search = makeSearch(channel, levels, row);
  if (search.find(row)) {
    certify(channel, exhaustive, search, row);
    return row;
  }
  row.obstacle = Obstacle{sum,
                          llvm::formatv("no comparison of integers gives the codes of "
                                        "the float sum on channel {0}: its rounding "
                                        "decides near a threshold",
                                        channel),
                          "use scales that are small multiples of a common one, or "
                          "accept float arithmetic here"};
  return row;
}

/// The operations themselves, at each threshold beside it for some numbers of the
/// narrow branch, or everywhere.
void ResidualSum::certify(int64_t channel, bool exhaustive, const Search &search,
                          SumRow &row) const {
  Interval a = getInterval(0, channel), b = getInterval(1, channel);
  auto check = [&](int64_t i, int64_t j) {
    int64_t weighted = row.weights[0] * search.operands[0].integers[i] +
                       row.weights[1] * search.operands[1].integers[j];
    int64_t level = getBase() + llvm::count_if(row.thresholds, [&](int64_t t) {
                      return weighted >= t;
                    });
    row.wrong |= level != evaluate(channel, a.lo + i, b.lo + j);
    ++row.numCompared;
  };
  if (exhaustive) {
    row.numCompared = 0;
    for (int64_t i = 0; i <= a.hi - a.lo; ++i)
      for (int64_t j = 0; j <= b.hi - b.lo; ++j)
        check(i, j);
    return;
  }
  for (ArrayRef<int64_t> line : search.missed)
    for (size_t n : {size_t(0), line.size() / 2, line.size() - 1})
      for (int64_t i : {line[n] - 1, line[n]}) {
        if (i < 0 || i >= search.countInner())
          continue;
        int64_t inner = search.at(i);
        search.narrow == 0 ? check(n, inner) : check(inner, n);
      }
}

} // namespace mlir::dorefa
