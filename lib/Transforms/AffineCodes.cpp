//===- AffineCodes.cpp - Codes of many levels as affine functions ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AffineCodes.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::dorefa;

namespace {

/// What a function must keep to: `f(x) >= level` where it is a lower bound,
/// `f(x) < level` where it is an upper one.
struct Bound {
  int64_t x;
  int64_t level;
};

class LevelSearch {
public:
  LevelSearch(ArrayRef<int32_t> thresholds, Interval range, int64_t excess);
  std::optional<AffineFunction> run() const;

private:
  std::pair<double, double> getOffsets(double slope) const;
  double getMargin(double slope) const;
  double findSlope() const;
  bool isProven(AffineFunction f) const;

  int64_t numLevels;
  SmallVector<Bound> lower, upper;
};

} // namespace

LevelSearch::LevelSearch(ArrayRef<int32_t> thresholds, Interval range,
                         int64_t excess)
    : numLevels(thresholds.size()) {
  for (auto [i, threshold] : llvm::enumerate(thresholds)) {
    int64_t level = i + 1;
    if (threshold <= range.hi)
      lower.push_back({std::max<int64_t>(threshold, range.lo), level});
    if (threshold > range.lo)
      upper.push_back(
          {std::min<int64_t>(threshold - 1, range.hi), level + excess});
  }
  // Where all levels lie on one side, the function stays near them.
  lower.push_back({range.hi, 0});
  upper.push_back({range.lo, numLevels + 1});
}

/// Offsets between which a real function with this slope keeps all bounds.
std::pair<double, double> LevelSearch::getOffsets(double slope) const {
  double low = -std::numeric_limits<double>::infinity(), high = -low;
  for (const Bound &bound : lower)
    low = std::max(low, bound.level - slope * bound.x);
  for (const Bound &bound : upper)
    high = std::min(high, bound.level - slope * bound.x);
  return {low, high};
}

double LevelSearch::getMargin(double slope) const {
  auto [low, high] = getOffsets(slope);
  return high - low;
}

/// The slope with the widest margin, which is a concave function of it.
double LevelSearch::findSlope() const {
  constexpr int kSteps = 120;
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  // No need to be steeper: one step passes all levels.
  double low = 0, high = numLevels + 1;
  double left = high - ratio * (high - low), right = ratio * high;
  double leftMargin = getMargin(left), rightMargin = getMargin(right);
  for (int step = 0; step < kSteps; ++step) {
    if (leftMargin >= rightMargin) {
      high = right;
      right = left;
      rightMargin = leftMargin;
      left = high - ratio * (high - low);
      leftMargin = getMargin(left);
    } else {
      low = left;
      left = right;
      leftMargin = rightMargin;
      right = low + ratio * (high - low);
      rightMargin = getMargin(right);
    }
  }
  return (low + high) / 2;
}

/// Whether `f` keeps all bounds in floats, rounded once and rounded twice.
bool LevelSearch::isProven(AffineFunction f) const {
  if (!(f.slope >= 0))
    return false;
  auto keeps = [&](const Bound &bound, bool isLower) {
    auto x = static_cast<float>(bound.x), level = static_cast<float>(bound.level);
    // The product must not be fused with the sum.
    volatile float product = f.slope * x;
    for (float y : {std::fmaf(f.slope, x, f.offset), product + f.offset})
      if (isLower ? !(y >= level) : !(y < level))
        return false;
    return true;
  };
  return llvm::all_of(lower, [&](const Bound &b) { return keeps(b, true); }) &&
         llvm::all_of(upper, [&](const Bound &b) { return keeps(b, false); });
}

std::optional<AffineFunction> LevelSearch::run() const {
  constexpr int kOffsets = 8;
  double best = findSlope();
  if (!(getMargin(best) > 0))
    return std::nullopt;
  auto nearest = static_cast<float>(best);
  float above = std::nextafterf(nearest, std::numeric_limits<float>::max());
  float below = std::nextafterf(nearest, 0);
  // Channels whose code is constant get slope 0.
  for (float slope : {0.0f, nearest, above, below}) {
    auto [low, high] = getOffsets(slope);
    if (!(low < high))
      continue;
    // From the middle outwards.
    for (int i = kOffsets / 2; i < kOffsets; ++i)
      for (double part : {double(i) / kOffsets, double(kOffsets - i) / kOffsets}) {
        AffineFunction f{slope, static_cast<float>(low + part * (high - low))};
        if (isProven(f))
          return f;
      }
  }
  return std::nullopt;
}

std::optional<AffineFunction>
dorefa::findAffineLevels(ArrayRef<int32_t> thresholds, Interval range,
                         int64_t excess) {
  return LevelSearch(thresholds, range, excess).run();
}

AffineTable dorefa::makeAffineTable(ArrayRef<int32_t> thresholds,
                                    int64_t channels, int64_t numLevels,
                                    Interval range, int64_t excess) {
  int64_t lanes = bitplane::paddedChannels(channels);
  int64_t perChannel = thresholds.size() / lanes - 1;
  AffineTable table;
  std::vector<float> rows(2 * lanes, 0.0f);
  for (; table.failed < channels; ++table.failed) {
    int64_t channel = table.failed;
    SmallVector<int32_t> column;
    for (int64_t j = 1; j <= perChannel; ++j)
      column.push_back(thresholds[j * lanes + channel]);
    column.resize(numLevels, std::numeric_limits<int32_t>::max());
    bool isNegated = thresholds[channel] != 0;
    std::optional<AffineFunction> f = findAffineLevels(
        column, isNegated ? Interval{-range.hi, -range.lo} : range, excess);
    if (!f)
      return table;
    rows[channel] = isNegated ? -f->slope : f->slope;
    rows[lanes + channel] = f->offset;
  }
  table.rows = std::move(rows);
  return table;
}
