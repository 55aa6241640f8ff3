//===- LintThresholds.cpp - Find thresholds that an exporter damaged ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Thresholds come from quantizers, which are monotone, so each row of a model is in
// order unless its exporter made a mistake. The one that is known from a published
// network: 16-bit integers that wrapped around.
//
//===----------------------------------------------------------------------===//

#include "Chain.h"
#include "SourceName.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Transforms/Passes.h"
#include "llvm/Support/Format.h"

#include <cmath>

namespace mlir::dorefa {
#define GEN_PASS_DEF_LINTTHRESHOLDSPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

/// Smallest and largest value that a row is compared with, where proven.
using Bounds = std::optional<std::pair<double, double>>;

//===----------------------------------------------------------------------===//
// One row
//===----------------------------------------------------------------------===//

/// A row that is out of order, and what it should be.
struct Finding {
  StringRef reason;
  std::vector<double> repaired;
};

/// What makes rows of decreasing channels, and their bounds, those of increasing
/// ones.
void mirror(std::vector<double> &row, Bounds &bounds) {
  for (double &threshold : row)
    threshold = -threshold;
  if (bounds)
    bounds = {-bounds->second, -bounds->first};
}

bool isInOrder(ArrayRef<double> row) {
  for (size_t i = 1; i < row.size(); ++i)
    if (!(row[i - 1] <= row[i]))
      return false;
  return true;
}

/// Whether the row can be 16-bit integers of which some wrapped around: one that did
/// comes from outside the range of the accumulators.
bool mayHaveWrapped(ArrayRef<double> row, const Bounds &bounds) {
  auto isInt16 = [](double x) {
    return x >= INT16_MIN && x <= INT16_MAX && std::trunc(x) == x;
  };
  auto isOutside = [&](double x) {
    return !bounds || x < bounds->first || x > bounds->second;
  };
  return llvm::all_of(row, isInt16) && llvm::any_of(row, isOutside);
}

/// Adds 2^16 as often as it takes to put an increasing row in order.
void unwrap(std::vector<double> &row) {
  for (size_t i = 1; i < row.size(); ++i)
    while (row[i] < row[i - 1])
      row[i] += 1 << 16;
}

/// From the first one out of order on, the thresholds of an increasing row were too
/// large for their type: none of them is ever reached.
void saturate(std::vector<double> &row, double largest) {
  size_t i = 1;
  while (row[i - 1] <= row[i])
    ++i;
  double unreached = std::max(std::floor(largest) + 1, row[i - 1]);
  std::fill(row.begin() + i, row.end(), unreached);
}

/// Nullopt where the row is in order.
std::optional<Finding> examine(std::vector<double> row, bool decreasing,
                               Bounds bounds) {
  bool wrapped = mayHaveWrapped(row, bounds);
  bool outside = llvm::any_of(row, [&](double x) {
    return std::isnan(x) || (bounds && (x < bounds->first || x > bounds->second));
  });
  if (decreasing)
    mirror(row, bounds);
  if (isInOrder(row))
    return std::nullopt;
  StringRef reason = "their order does not change a code";
  if (wrapped) {
    reason = "16-bit integers have wrapped around";
    unwrap(row);
  } else if (outside) {
    reason = "those beyond what is compared with them must have overflowed";
    saturate(row, bounds ? bounds->second : HUGE_VAL);
  } else {
    llvm::sort(row);
  }
  if (decreasing)
    mirror(row, bounds);
  return Finding{reason, std::move(row)};
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

std::string formatRow(ArrayRef<double> row) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(row, os, [&](double x) {
    if (std::trunc(x) == x && std::fabs(x) < 1e15)
      os << static_cast<int64_t>(x);
    else
      os << llvm::format("%.9g", x);
  });
  os << ']';
  return text;
}

/// The channel as the layer in front of the chain has it.
std::string describeChannel(const Chain &chain, int64_t channel) {
  Operation *layer = chain.source.getDefiningOp();
  std::string text;
  llvm::raw_string_ostream os(text);
  auto conv = dyn_cast_or_null<Conv2DOp>(layer);
  if (conv && conv.getGroups() > 1) {
    auto shape = cast<RankedTensorType>(conv.getResult().getType()).getShape();
    int64_t perGroup = shape.back() / conv.getGroups();
    os << "group " << channel / perGroup << ", channel " << channel % perGroup;
  } else {
    os << "channel " << channel;
  }
  StringRef name = layer ? findName(layer->getLoc()) : "";
  if (!name.empty())
    os << " of '" << name << "'";
  return text;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// What is known about the values that a threshold operation counts for.
class Inputs {
public:
  Inputs(ThresholdOp op, const RangeAnalysis &ranges) : chain(collectChain(op)) {
    auto type = cast<RankedTensorType>(chain.operands.front().getType());
    if (type.getRank() == 0)
      return;
    StepFunction candidate(makeDomain(chain, ranges), type.getRank(),
                           type.getShape().back());
    for (auto [step, operand] : llvm::zip_equal(chain.ops, chain.operands))
      if (candidate.append(step, operand))
        return;
    function.emplace(std::move(candidate));
  }

  const Chain &getChain() const { return chain; }

  /// Of one channel, or of all for a row that they share.
  Bounds bound(int64_t row, int64_t rows) const {
    if (!function)
      return std::nullopt;
    int64_t from = rows > 1 ? row : 0, to = from;
    if (rows == 1 && !function->isUniform())
      to = function->getChannels() - 1;
    Bounds all;
    for (int64_t channel = from; channel <= to; ++channel) {
      Bounds one = function->boundInput(channel);
      if (!one)
        return std::nullopt;
      all = all ? Bounds({std::min(all->first, one->first),
                          std::max(all->second, one->second)})
                : one;
    }
    return all;
  }

private:
  Chain chain;
  std::optional<StepFunction> function;
};

struct LintThresholdsPass : impl::LintThresholdsPassBase<LintThresholdsPass> {
  using LintThresholdsPassBase::LintThresholdsPassBase;

  void runOnOperation() override {
    RangeAnalysis ranges;
    SmallVector<ThresholdOp> thresholds;
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      ranges.visit(op);
      if (auto threshold = dyn_cast<ThresholdOp>(op))
        thresholds.push_back(threshold);
    });
    for (ThresholdOp op : thresholds) {
      bool isFloat = getElementTypeOrSelf(op.getInput()).isF32();
      isFloat ? lint<float>(op, ranges) : lint<int32_t>(op, ranges);
    }
  }

private:
  template <typename T>
  void lint(ThresholdOp op, const RangeAnalysis &ranges) {
    ElementsAttr attr = getConstant(op.getThresholds());
    auto type = cast<RankedTensorType>(op.getThresholds().getType());
    int64_t rows = type.getDimSize(0), width = type.getDimSize(1);
    std::vector<T> table = attr ? readElements<T>(attr) : std::vector<T>();
    if (table.empty())
      return;
    Inputs inputs(op, ranges);
    bool changed = false;
    for (int64_t row = 0; row < rows; ++row) {
      T *begin = table.data() + row * width;
      std::vector<double> shipped(begin, begin + width);
      bool decreasing = op.getDecreasing() && (*op.getDecreasing())[row];
      Bounds bounds = inputs.bound(row, rows);
      std::optional<Finding> finding = examine(shipped, decreasing, bounds);
      if (!finding)
        continue;
      changed = true;
      warn(op, inputs, row, rows, shipped, bounds, *finding);
      for (int64_t i = 0; i < width; ++i)
        begin[i] = convert<T>(finding->repaired[i]);
    }
    if (changed && repair)
      replaceTable(op, std::move(table));
  }

  void warn(ThresholdOp op, const Inputs &inputs, int64_t row, int64_t rows,
            ArrayRef<double> shipped, const Bounds &bounds,
            const Finding &finding) const {
    InFlightDiagnostic warning = op.emitWarning();
    warning << "thresholds " << formatRow(shipped) << " of ";
    if (rows > 1)
      warning << describeChannel(inputs.getChain(), row);
    else
      warning << "all channels";
    warning << " are not in order, " << finding.reason;
    if (bounds)
      warning << " (they are compared with values in "
              << formatRow({bounds->first, bounds->second}) << ")";
    warning << (repair ? "; replaced by " : "; kept as shipped, repair gives ")
            << formatRow(finding.repaired);
  }

  /// A repaired threshold beyond all that its type holds is as good as its last.
  template <typename T>
  static T convert(double threshold) {
    if constexpr (std::is_integral_v<T>)
      threshold = std::clamp<double>(threshold, std::numeric_limits<T>::min(),
                                     std::numeric_limits<T>::max());
    return static_cast<T>(threshold);
  }

  template <typename T>
  static void replaceTable(ThresholdOp op, std::vector<T> table) {
    OpBuilder builder(op);
    auto type = cast<RankedTensorType>(op.getThresholds().getType());
    Value constant =
        materialize(builder, op.getThresholds().getLoc(),
                    makeElements<T>(type, std::move(table), "thresholds"), type);
    op.getThresholdsMutable().assign(constant);
  }
};

} // namespace
} // namespace mlir::dorefa
