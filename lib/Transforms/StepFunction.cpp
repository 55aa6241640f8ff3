//===- StepFunction.cpp - From accumulators to codes, per channel ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StepFunction.h"

#include "Movement.h"
#include "dorefa/Dialect/DoReFa/Arithmetic.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <cstring>

namespace mlir::dorefa {

/// Bit pattern of +infinity, the largest number of a float.
static constexpr int64_t kInfinity = 0x7f800000;
/// Largest interval that is evaluated number by number where the function is not
/// proven to be monotone.
static constexpr int64_t kTabulateLimit = int64_t(1) << 24;
/// Floats around a threshold on which a library function is checked.
static constexpr int64_t kNeighbours = 1024;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static std::string nameOf(Operation *op) {
  if (auto unary = dyn_cast<UnaryOp>(op))
    return llvm::formatv("'dorefa.unary' {0}", stringifyUnaryKind(unary.getKind()));
  if (auto binary = dyn_cast<BinaryOp>(op))
    return llvm::formatv("'dorefa.binary' {0}",
                         stringifyBinaryKind(binary.getKind()));
  if (auto quantize = dyn_cast<QuantizeActivationsOp>(op))
    return llvm::formatv("'dorefa.quantize_activations' {0}",
                         stringifyActivation(quantize.getH()));
  return llvm::formatv("'{0}'", op->getName().getStringRef());
}

//===----------------------------------------------------------------------===//
// Domain
//===----------------------------------------------------------------------===//

Domain Domain::floats() {
  return {Floats, CodeType(), {{-kInfinity, kInfinity}}};
}

int64_t Domain::getIndex(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  auto magnitude = static_cast<int64_t>(bits & 0x7fffffff);
  return bits >> 31 ? -magnitude : magnitude;
}

double Domain::getElement(int64_t index) const {
  if (kind != Floats)
    return static_cast<double>(index);
  auto bits = static_cast<uint32_t>(std::abs(index));
  float magnitude;
  std::memcpy(&magnitude, &bits, sizeof(magnitude));
  return index < 0 ? -magnitude : magnitude;
}

StepFunction::StepFunction(Domain start, int64_t rank, int64_t channels)
    : domain(std::move(start)), channels(channels), channelDim(rank - 1) {}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// Aligns constants of `shape` with a result of rank `resultRank` and finds the one
/// of each channel. Nullopt where they vary along another dimension.
template <typename T>
std::optional<StepFunction::PerChannel<T>>
StepFunction::perChannel(std::vector<T> values, ArrayRef<int64_t> shape,
                         int64_t resultRank) {
  if (values.empty())
    return std::nullopt;
  bool allEqual = llvm::all_of(values, [&](const T &value) {
    return std::memcmp(&value, &values.front(), sizeof(T)) == 0;
  });
  if (allEqual) {
    values.resize(1);
    return PerChannel<T>{std::move(values)};
  }
  int64_t lead = resultRank - static_cast<int64_t>(shape.size());
  for (auto [dim, size] : llvm::enumerate(shape))
    if (size != 1 && lead + static_cast<int64_t>(dim) != channelDim)
      return std::nullopt;
  if (static_cast<int64_t>(values.size()) != channels)
    return std::nullopt;
  uniform = false;
  return PerChannel<T>{std::move(values)};
}

template <typename T>
std::optional<StepFunction::PerChannel<T>>
StepFunction::perChannel(Value constant, int64_t resultRank) {
  ElementsAttr attr = getConstant(constant);
  if (!attr)
    return std::nullopt;
  return perChannel(readElements<T>(attr), shapeOf(constant), resultRank);
}

static Obstacle notPerChannel(Operation *op) {
  return {op,
          nameOf(op) + " has parameters that are not constant or vary along "
                       "another dimension than the channels",
          "use constants, one or one per channel"};
}

template <typename... Values>
static bool allFinite(const Values &...values) {
  auto finite = [](const auto &list) {
    return llvm::all_of(list.values, [](auto x) { return std::isfinite(x); });
  };
  return (finite(values) && ...);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

void StepFunction::add(Operation *op, Step::Kind kind,
                       std::function<double(int64_t, double)> apply) {
  steps.push_back({op, kind, std::move(apply), operandPosition});
}

void StepFunction::setLevels(int64_t min, int64_t max) {
  base = min;
  numThresholds = max - min;
}

/// The dimension of the result of `op` that dimension `dim` of its operand becomes,
/// -1 where it is spread over several or mixed with others.
static int64_t followDim(Operation *op, int64_t dim) {
  if (dim < 0)
    return -1;
  ArrayRef<int64_t> from = shapeOf(op->getOperand(0));
  ArrayRef<int64_t> to = shapeOf(op->getResult(0));
  // Where the size stays, everything else in the group has size 1.
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    for (auto [i, group] : llvm::enumerate(collapse.getReassociationIndices()))
      if (llvm::is_contained(group, dim))
        return from[dim] == to[i] ? static_cast<int64_t>(i) : -1;
    return -1;
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    ReassociationIndices group = expand.getReassociationIndices()[dim];
    for (int64_t i : group)
      if (to[i] == from[dim])
        return i;
    return -1;
  }
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op))
    return llvm::find(transpose.getPermutation(), dim) -
           transpose.getPermutation().begin();
  if (isa<MaxPoolOp>(op))
    return dim == 3 ? 3 : -1;
  return from.size() == to.size() && from[dim] == to[dim] ? dim : -1;
}

std::optional<Obstacle> StepFunction::appendMovement(Operation *op) {
  if (isa<MaxPoolOp>(op)) {
    if (channelDim != 3 && !isUniform())
      return Obstacle{op, "'dorefa.max_pool' mixes channels", "pool feature maps"};
    pools.push_back(operandPosition);
    // NaN is never the largest: a window of nothing else gives minus infinity.
    add(op, Step::Monotone, [](int64_t, double x) {
      return std::isnan(x) ? -std::numeric_limits<double>::infinity() : x;
    });
  }
  channelDim = followDim(op, channelDim);
  return std::nullopt;
}

std::optional<Obstacle> StepFunction::appendUnary(UnaryOp op) {
  Step::Kind kind = Step::Library;
  switch (op.getKind()) {
  case UnaryKind::Ceil:
  case UnaryKind::Floor:
  case UnaryKind::Neg:
  case UnaryKind::Relu:
  case UnaryKind::RoundHalfEven:
    kind = Step::Monotone;
    break;
  case UnaryKind::Abs:
  case UnaryKind::Sqrt: // NaN below zero.
    kind = Step::Arbitrary;
    break;
  case UnaryKind::Exp:
  case UnaryKind::Sigmoid:
  case UnaryKind::Softplus:
  case UnaryKind::Tanh:
    break;
  }
  add(op, kind, [kind = op.getKind()](int64_t, double x) {
    return evaluateUnary(kind, static_cast<float>(x));
  });
  return std::nullopt;
}

std::optional<Obstacle> StepFunction::appendJoin(BinaryOp op) {
  auto lhs = positions.find(op.getLhs()), rhs = positions.find(op.getRhs());
  bool isJoin = lhs != positions.end() && rhs != positions.end();
  if (!isJoin || op.getLhs().getType() != op.getRhs().getType())
    return Obstacle{op, nameOf(op) + " has two operands that are not constant",
                    "quantize the branches, or use a quantizer behind each layer"};
  steps.push_back({op, Step::Arbitrary, nullptr, lhs->second, rhs->second, op.getKind()});
  return std::nullopt;
}

std::optional<Obstacle> StepFunction::appendBinary(BinaryOp op, Value operand) {
  bool first = op.getLhs() == operand;
  Value other = first ? op.getRhs() : op.getLhs();
  if (!getConstant(other))
    return appendJoin(op);
  ArrayRef<int64_t> shape = shapeOf(op.getResult());
  if (shapeOf(operand) != shape)
    return Obstacle{op, nameOf(op) + " broadcasts the result of the layer",
                    "use a constant of lower rank"};
  auto constant = perChannel<float>(other, shape.size());
  if (!constant)
    return notPerChannel(op);

  Step::Kind kind = Step::Arbitrary;
  bool finite = allFinite(*constant);
  switch (op.getKind()) {
  case BinaryKind::Add:
  case BinaryKind::Sub:
  case BinaryKind::Mul:
    kind = finite ? Step::Monotone : Step::Arbitrary;
    break;
  case BinaryKind::Div:
    if (finite && first && !llvm::is_contained(constant->values, 0.0f))
      kind = Step::Monotone;
    break;
  case BinaryKind::Max:
  case BinaryKind::Min:
    if (llvm::none_of(constant->values, [](float x) { return std::isnan(x); }))
      kind = Step::Monotone;
    break;
  case BinaryKind::Pow:
    break;
  }
  add(op, kind,
      [kind = op.getKind(), first, constant = *constant](int64_t c, double value) {
        auto x = static_cast<float>(value);
        return first ? evaluateBinary(kind, x, constant(c))
                     : evaluateBinary(kind, constant(c), x);
      });
  return std::nullopt;
}

std::optional<Obstacle> StepFunction::appendBatchNorm(BatchNormOp op) {
  int64_t rank = shapeOf(op.getInput()).size();
  auto mean = perChannel<float>(op.getMean(), rank);
  auto variance = perChannel<float>(op.getVariance(), rank);
  auto gamma = perChannel<float>(op.getGamma(), rank);
  auto beta = perChannel<float>(op.getBeta(), rank);
  if (!mean || !variance || !gamma || !beta)
    return notPerChannel(op);
  float epsilon = op.getEpsilon().convertToFloat();
  bool regular = allFinite(*mean, *variance, *gamma, *beta) &&
                 llvm::all_of(variance->values, [&](float value) {
                   return value + epsilon > 0 && std::isfinite(value + epsilon);
                 });
  add(op, regular ? Step::Monotone : Step::Arbitrary,
      [=, mean = *mean, variance = *variance, gamma = *gamma,
       beta = *beta](int64_t c, double x) {
        return batchNorm(static_cast<float>(x), mean(c), variance(c), gamma(c),
                         beta(c), epsilon);
      });
  return std::nullopt;
}

std::optional<Obstacle> StepFunction::appendScale(ScaleOp op) {
  auto scale = perChannel<float>(op.getScale(), shapeOf(op.getInput()).size());
  if (!scale)
    return notPerChannel(op);
  add(op, allFinite(*scale) ? Step::Monotone : Step::Arbitrary,
      [scale = *scale](int64_t c, double x) {
        return scaleAccumulator(static_cast<int32_t>(x), scale(c));
      });
  return std::nullopt;
}

std::optional<Obstacle> StepFunction::appendDequantize(DequantizeOp op) {
  ElementsAttr attr = getConstant(op.getScale());
  if (!attr)
    return notPerChannel(op);
  // One scale per index of the axis: as a shape of its own, aligned with the input.
  int64_t rank = shapeOf(op.getInput()).size();
  std::vector<double> scales = readElements<double>(attr);
  SmallVector<int64_t> shape(rank, 1);
  if (scales.size() > 1)
    shape[op.getAxis()] = scales.size();
  auto scale = perChannel<double>(std::move(scales), shape, rank);
  if (!scale)
    return notPerChannel(op);
  float zeroPoint = op.getZeroPoint().convertToFloat();
  CodeType code = getCodeType(op.getInput().getType());
  bool bipolar = code.getEncoding() == Encoding::Bipolar;
  bool regular = allFinite(*scale) && std::isfinite(zeroPoint);
  add(op, regular ? Step::Monotone : Step::Arbitrary,
      [=, scale = *scale, maxCode = code.getMaxCode()](int64_t c, double x) {
        auto level = static_cast<int64_t>(x);
        return dequantize(bipolar ? 2 * level - maxCode : level, zeroPoint,
                          scale(c));
      });
  return std::nullopt;
}

std::optional<Obstacle> StepFunction::appendQuantize(QuantizeOp op) {
  int64_t rank = shapeOf(op.getInput()).size();
  auto parameter = [&](ArrayRef<float> values) {
    SmallVector<int64_t> shape(rank, 1);
    if (values.size() > 1)
      shape[op.getAxis()] = values.size();
    return perChannel<float>(values.vec(), shape, rank);
  };
  auto scale = parameter(op.getScale());
  auto zeroPoint = parameter(op.getZeroPoint());
  if (!scale || !zeroPoint)
    return notPerChannel(op);
  int64_t min = op.getMinLevel(), max = op.getMaxLevel();
  add(op, Step::Monotone,
      [=, mode = op.getRounding(), scale = *scale,
       zeroPoint = *zeroPoint](int64_t c, double x) {
        return quantizeLevel(static_cast<float>(x), scale(c), zeroPoint(c), min,
                             max, mode);
      });
  setLevels(min, max);
  return std::nullopt;
}

void StepFunction::appendActivations(QuantizeActivationsOp op) {
  unsigned bits = getCodeType(op.getResult().getType()).getBits();
  Step::Kind kind = Step::Monotone;
  if (op.getH() == Activation::Tanh)
    kind = Step::Library;
  if (op.getH() == Activation::Abs)
    kind = Step::Arbitrary;
  add(op, kind, [h = op.getH(), bits](int64_t, double x) {
    return quantizeK(boundActivation(h, static_cast<float>(x)), bits);
  });
  setLevels(0, (int64_t(1) << bits) - 1);
}

/// `base` plus the number of thresholds that a number reaches, null where the
/// constant cannot be read.
template <typename T>
static std::function<double(int64_t, double)>
countReached(ElementsAttr attr, std::vector<bool> decreasing, int64_t base) {
  std::vector<T> table = readElements<T>(attr);
  if (static_cast<int64_t>(table.size()) != attr.getNumElements())
    return nullptr;
  int64_t rows = attr.getShapedType().getDimSize(0);
  size_t width = attr.getShapedType().getDimSize(1);
  return [=, table = std::move(table)](int64_t c, double x) {
    int64_t row = rows > 1 ? c : 0;
    bool falls = !decreasing.empty() && decreasing[row];
    return base + countThresholds(static_cast<T>(x),
                                  ArrayRef<T>(table).slice(row * width, width),
                                  falls);
  };
}

std::optional<Obstacle> StepFunction::appendThreshold(ThresholdOp op) {
  ElementsAttr attr = getConstant(op.getThresholds());
  int64_t rows = shapeOf(op.getThresholds())[0];
  int64_t rank = shapeOf(op.getInput()).size();
  if (!attr || (rows > 1 && (channelDim != rank - 1 || rows != channels)))
    return notPerChannel(op);
  uniform &= rows == 1;
  std::vector<bool> decreasing;
  if (op.getDecreasing())
    decreasing.assign(op.getDecreasing()->begin(), op.getDecreasing()->end());
  int64_t base = op.getBase();
  std::function<double(int64_t, double)> count =
      getElementTypeOrSelf(op.getInput()).isF32()
          ? countReached<float>(attr, std::move(decreasing), base)
          : countReached<int32_t>(attr, std::move(decreasing), base);
  if (!count)
    return notPerChannel(op);
  add(op, Step::Monotone, std::move(count));
  setLevels(base, base + shapeOf(op.getThresholds())[1]);
  return std::nullopt;
}

std::optional<Obstacle> StepFunction::append(Operation *op, Value operand) {
  if (positions.empty())
    positions[operand] = 0;
  operandPosition = positions.lookup(operand);
  size_t numSteps = steps.size();
  std::optional<Obstacle> obstacle = appendOperation(op, operand);
  // What only moves elements leaves each as it is.
  positions[op->getResult(0)] =
      steps.size() > numSteps ? steps.size() : operandPosition;
  return obstacle;
}

std::optional<Obstacle> StepFunction::appendOperation(Operation *op, Value operand) {
  if (isMovement(op))
    return appendMovement(op);
  return TypeSwitch<Operation *, std::optional<Obstacle>>(op)
      .Case([&](UnaryOp unary) { return appendUnary(unary); })
      .Case([&](BinaryOp binary) { return appendBinary(binary, operand); })
      .Case([&](BatchNormOp norm) { return appendBatchNorm(norm); })
      .Case([&](ScaleOp scale) { return appendScale(scale); })
      .Case([&](DequantizeOp dequantize) { return appendDequantize(dequantize); })
      .Case([&](QuantizeOp quantize) { return appendQuantize(quantize); })
      .Case([&](ThresholdOp threshold) { return appendThreshold(threshold); })
      .Case([&](QuantizeSignOp sign) {
        add(sign, Step::Monotone, [](int64_t, double x) {
          return signCode(static_cast<float>(x));
        });
        setLevels(0, 1);
        return std::nullopt;
      })
      .Case([&](QuantizeActivationsOp quantize) {
        appendActivations(quantize);
        return std::nullopt;
      })
      .Case([](StraightThroughOp) { return std::nullopt; })
      .Default([](Operation *other) {
        return Obstacle{other, nameOf(other) + " does not work channel by channel",
                        "quantize before it"};
      });
}

//===----------------------------------------------------------------------===//
// Solving
//===----------------------------------------------------------------------===//

double StepFunction::apply(int64_t channel, double x,
                           SmallVectorImpl<double> &values) const {
  values.assign(1, x);
  for (const Step &step : steps) {
    if (step.join)
      values.push_back(evaluateBinary(*step.join,
                                      static_cast<float>(values[step.operand]),
                                      static_cast<float>(values[step.other])));
    else
      values.push_back(step.apply(channel, values[step.operand]));
  }
  return values.back();
}

double StepFunction::apply(int64_t channel, double x) const {
  SmallVector<double, 16> values;
  return apply(channel, x, values);
}

int64_t StepFunction::evaluate(int64_t channel, int64_t index,
                               SmallVectorImpl<double> *values) const {
  double x = domain.getElement(index);
  return static_cast<int64_t>(values ? apply(channel, x, *values) : apply(channel, x));
}

/// The function at the ends of the interval decides for all of it where every step
/// is monotone and none yields NaN there: NaN comes from infinity times 0, and a
/// monotone chain that reaches infinity reaches it at an end.
static bool hasNaN(ArrayRef<double> values) {
  return llvm::any_of(values, [](double x) { return std::isnan(x); });
}

std::optional<std::pair<double, double>>
StepFunction::boundInput(int64_t channel) const {
  if (domain.kind == Domain::Floats || findUnproven())
    return std::nullopt;
  Interval interval = domain.getInterval(channel);
  SmallVector<double> first, last;
  evaluate(channel, interval.lo, &first);
  evaluate(channel, interval.hi, &last);
  if (hasNaN(first) || hasNaN(last))
    return std::nullopt;
  unsigned input = steps.back().operand;
  return std::minmax(first[input], last[input]);
}

int64_t StepFunction::countNumbers() const {
  if (domain.kind == Domain::Floats)
    return 0;
  int64_t total = 0;
  for (const Interval &interval : domain.intervals)
    total += interval.hi - interval.lo + 1;
  bool shared = domain.intervals.size() == 1 && !ShapedType::isDynamic(channels);
  return shared ? total * channels : total;
}

double StepFunction::getThreshold(int64_t channel, int64_t index) const {
  // A level that no float reaches.
  if (domain.kind == Domain::Floats && std::abs(index) > kInfinity)
    return std::numeric_limits<double>::quiet_NaN();
  if (domain.kind != Domain::Codes)
    return domain.getElement(index);
  // The chain starts from the dequantized code.
  Interval interval = domain.getInterval(channel);
  if (index < interval.lo)
    return -std::numeric_limits<double>::infinity();
  if (index > interval.hi)
    return std::numeric_limits<double>::infinity();
  return steps.front().apply(channel, domain.getElement(index));
}

const StepFunction::Step *StepFunction::findUnproven() const {
  const Step *found = nullptr;
  for (const Step &step : steps)
    if (step.kind == Step::Arbitrary || (step.kind == Step::Library && !found))
      found = &step;
  return found;
}

static int directionOf(double first, double last) {
  return first < last ? 1 : first > last ? -1 : 0;
}

std::vector<std::pair<int64_t, int64_t>>
StepFunction::tabulate(int64_t channel, ThresholdRow &row) const {
  Interval interval = domain.getInterval(channel);
  std::vector<std::pair<int64_t, int64_t>> changes;
  SmallVector<double> values, before;
  // Directions seen so far, of the level and of the value that each pool takes.
  std::vector<bool> rises(pools.size() + 1), falls(pools.size() + 1);
  for (int64_t index = interval.lo; index <= interval.hi; ++index) {
    int64_t level = evaluate(channel, index, &values);
    if (changes.empty() || changes.back().second != level)
      changes.push_back({index, level});
    if (index > interval.lo)
      for (size_t i = 0; i <= pools.size(); ++i) {
        size_t step = i < pools.size() ? pools[i] : steps.size();
        // NaN is no step of either direction.
        rises[i] = rises[i] || !(values[step] <= before[step]);
        falls[i] = falls[i] || !(values[step] >= before[step]);
      }
    std::swap(values, before);
  }
  row.numCompared = interval.hi - interval.lo + 1;
  for (size_t i = 0; i <= pools.size(); ++i) {
    int direction = int(rises[i]) - int(falls[i]);
    if (rises[i] && falls[i]) {
      const Step *unproven = findUnproven();
      Operation *op = unproven ? unproven->op : steps.back().op;
      row.obstacle = Obstacle{op, nameOf(op) + " makes the codes no step function "
                                               "of the accumulators",
                              "use a function that only rises or only falls"};
    }
    if (i < pools.size())
      row.poolDirections.push_back(direction);
    else
      row.direction = direction;
  }
  return changes;
}

CodeRow StepFunction::tabulateCodes(int64_t channel, Interval interval,
                                    CodeType code) const {
  CodeRow row;
  // Of each pool, the values that it takes and the integers they lead to.
  std::vector<std::vector<std::pair<double, int64_t>>> pooled(pools.size());
  SmallVector<double> values;
  for (int64_t index = interval.lo; index <= interval.hi; ++index) {
    bool byCode = domain.code && domain.code.getEncoding() != Encoding::Bipolar;
    int64_t number = byCode ? domain.code.getValue(index) : index;
    int64_t q = getCodeOfLevel(code, evaluate(channel, number, &values));
    row.codes.push_back(static_cast<int8_t>(q));
    for (auto [i, pool] : llvm::enumerate(pools))
      pooled[i].push_back({values[pool], code.getValue(q)});
  }
  for (auto &pairs : pooled) {
    bool isNumber = llvm::none_of(pairs, [](auto p) { return std::isnan(p.first); });
    auto byValue = [](auto a, auto b) { return a.first < b.first; };
    auto byCode = [](auto a, auto b) { return a.second < b.second; };
    row.poolRises.push_back(isNumber && llvm::is_sorted(pairs, byValue));
    if (isNumber)
      llvm::stable_sort(pairs, byValue);
    row.codeRises.push_back(isNumber && llvm::is_sorted(pairs, byCode));
  }
  return row;
}

void StepFunction::bisect(Interval interval,
                          llvm::function_ref<int64_t(int64_t)> levelAt,
                          ThresholdRow &row) const {
  bool falls = row.direction < 0;
  for (int64_t level = base + 1; level <= base + numThresholds; ++level) {
    // The number at which `level` is reached, coming from the side of low levels.
    int64_t lo = interval.lo, hi = interval.hi + 1;
    if (falls) {
      lo = interval.lo - 1;
      hi = interval.hi;
    }
    while (lo < hi) {
      int64_t middle = lo + (hi - lo + (falls ? 1 : 0)) / 2;
      bool reached = levelAt(middle) >= level;
      if (falls)
        reached ? lo = middle : hi = middle - 1;
      else
        reached ? hi = middle : lo = middle + 1;
    }
    row.thresholds.push_back(lo);
  }
}

/// Level that the thresholds of `row`, given in ascending order, give number `index`.
static int64_t count(ArrayRef<int64_t> ascending, int direction, int64_t base,
                     int64_t index) {
  if (direction < 0)
    return base + (ascending.end() - llvm::lower_bound(ascending, index));
  return base + (llvm::upper_bound(ascending, index) - ascending.begin());
}

void StepFunction::certify(int64_t channel, bool exhaustive,
                           ThresholdRow &row) const {
  Interval interval = domain.getInterval(channel);
  std::vector<int64_t> ascending = row.thresholds;
  llvm::sort(ascending);
  auto check = [&](int64_t from, int64_t to) {
    for (int64_t i = std::max(from, interval.lo); i <= std::min(to, interval.hi);
         ++i, ++row.numCompared)
      row.wrong |=
          evaluate(channel, i) != count(ascending, row.direction, base, i);
  };
  if (exhaustive && domain.kind != Domain::Floats) {
    row.numCompared = 0;
    return check(interval.lo, interval.hi);
  }
  int64_t around = domain.kind == Domain::Floats && findUnproven() ? kNeighbours : 1;
  for (int64_t threshold : row.thresholds)
    check(threshold - around, threshold + around);
}

/// Floats need thresholds that are floats, and NaN the level that
/// `dorefa.threshold` gives it. Where a max pool may come first, a window of NaN
/// arrives as minus infinity, the first float of all.
static std::optional<Obstacle> checkFloats(const StepFunction &function,
                                           const ThresholdRow &row,
                                           int64_t levelOfFirst,
                                           int64_t levelOfNaN, Operation *op) {
  std::vector<float> floats;
  for (int64_t threshold : row.thresholds) {
    floats.push_back(static_cast<float>(function.getThreshold(0, threshold)));
  }
  int64_t level = function.getBase() +
                  countThresholds(std::numeric_limits<float>::quiet_NaN(), floats,
                                  row.direction < 0);
  if (level != levelOfNaN)
    return Obstacle{op, "NaN would give another code", ""};
  if (function.hasPools() && levelOfFirst != levelOfNaN)
    return Obstacle{op, "a window of NaN would give another code", ""};
  return std::nullopt;
}

/// Codes are compared after their dequantization, which has to keep them apart.
bool StepFunction::keepsCodesApart(int64_t channel) const {
  Interval interval = domain.getInterval(channel);
  for (int64_t index = interval.lo; index < interval.hi; ++index)
    if (!(getThreshold(channel, index) < getThreshold(channel, index + 1)))
      return false;
  return true;
}

/// The first operation that makes NaN of an end of the domain, given its values behind
/// each step; the last operation if none does.
Operation *StepFunction::findSource(ArrayRef<double> first,
                                    ArrayRef<double> last) const {
  for (auto [step, lo, hi] :
       llvm::zip_equal(steps, first.drop_front(), last.drop_front()))
    if (std::isnan(lo) || std::isnan(hi))
      return step.op;
  return steps.back().op;
}

ThresholdRow StepFunction::solve(int64_t channel, bool exhaustive) const {
  ThresholdRow row;
  Interval interval = domain.getInterval(channel);
  if (domain.kind == Domain::Codes && !keepsCodesApart(channel)) {
    row.obstacle = Obstacle{steps.front().op, "its scale gives different codes the "
                                              "same value", "use a larger scale"};
    return row;
  }
  const Step *unproven = findUnproven();
  SmallVector<double> first, last;
  evaluate(channel, interval.lo, &first);
  evaluate(channel, interval.hi, &last);
  bool isFloat = domain.kind == Domain::Floats;
  bool proven = !hasNaN(first) && !hasNaN(last) &&
                (!unproven || (isFloat && unproven->kind == Step::Library));
  if (!proven && (isFloat || interval.hi - interval.lo >= kTabulateLimit)) {
    Operation *op = unproven ? unproven->op : findSource(first, last);
    row.obstacle = Obstacle{op, nameOf(op) + " is not proven to be monotone on a "
                                             "range this large",
                            "use a function that only rises or only falls"};
    return row;
  }
  if (proven) {
    row.direction = directionOf(first.back(), last.back());
    for (unsigned pool : pools)
      row.poolDirections.push_back(directionOf(first[pool], last[pool]));
    bisect(interval, [&](int64_t i) { return evaluate(channel, i); }, row);
  } else {
    auto changes = tabulate(channel, row);
    if (row.obstacle)
      return row;
    bisect(interval, [&](int64_t i) {
      auto next = llvm::upper_bound(
          changes, i, [](int64_t at, const auto &change) { return at < change.first; });
      return std::prev(next)->second;
    }, row);
  }
  for (int64_t threshold : row.thresholds)
    if (domain.kind == Domain::Accumulators &&
        static_cast<int32_t>(threshold) != threshold)
      row.obstacle = Obstacle{nullptr, "the accumulators may be any i32, so that a "
                                       "threshold would have to lie outside",
                              "compile the layer that computes them too"};
  if (row.obstacle)
    return row;
  certify(channel, exhaustive, row);
  if (isFloat && !row.wrong) {
    auto levelOfNaN = static_cast<int64_t>(
        apply(channel, std::numeric_limits<double>::quiet_NaN()));
    row.obstacle = checkFloats(*this, row, static_cast<int64_t>(first.back()),
                               levelOfNaN, steps.back().op);
  }
  return row;
}

} // namespace mlir::dorefa
