//===- RationalEncoding.cpp - Proof obligations in exact arithmetic -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A value is n * 2^-e: n a term of sort Int, e known here. As long as |n| <=
// 2^24 for every accumulator of the range, float32 holds the value exactly, so
// that no step rounds and integers say all of it.
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/SMTLIB/ProofObligation.h"
#include "mlir/Dialect/SMT/IR/SMTDialect.h"
#include "mlir/Dialect/SMT/IR/SMTOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/Target/SMTLIB/ExportSMTLIB.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace mlir::dorefa;

/// Largest |n|: 24 bits of significand, and 2^24 itself.
static constexpr int64_t kMaxSignificand = int64_t(1) << 24;
/// Exponents at which all |n| <= 2^24 are float32 values, subnormal ones
/// included.
static constexpr int kMinExponent = -100, kMaxExponent = 149;
/// Largest shift of a value or constant that is tried.
static constexpr int kMaxShift = 30;

namespace {

/// `n * 2^-exponent`, `lo <= n <= hi`.
struct Dyadic {
  Value n;
  int exponent;
  int64_t lo, hi;
};

/// `m * 2^-exponent`, m odd or 0.
struct DyadicConstant {
  int64_t m;
  int exponent;
};

class RationalEncoder {
public:
  RationalEncoder(const ProofObligation &obligation, OpBuilder &builder)
      : obligation(obligation), builder(builder),
        loc(obligation.quantizer->getLoc()) {}

  /// Builds the whole query; fails where a step is not exact.
  LogicalResult encode();

private:
  using Result = std::optional<Dyadic>;

  // Terms.
  Value literal(int64_t value) {
    return smt::IntConstantOp::create(
        builder, loc, builder.getIntegerAttr(builder.getIntegerType(64), value));
  }
  /// The exporter writes -7, which is no SMT-LIB numeral.
  Value constant(int64_t value) {
    if (value >= 0)
      return literal(value);
    return smt::IntSubOp::create(builder, loc, literal(0), literal(-value));
  }
  Value add(Value a, Value b) {
    return smt::IntAddOp::create(builder, loc, ValueRange{a, b});
  }
  /// QF_LIA allows products with numerals only.
  Value multiply(Value a, int64_t factor) {
    if (factor < 0)
      return smt::IntSubOp::create(builder, loc, literal(0),
                                   multiply(a, -factor));
    if (factor == 1)
      return a;
    return smt::IntMulOp::create(builder, loc, ValueRange{a, literal(factor)});
  }
  Value compare(smt::IntPredicate predicate, Value a, int64_t b) {
    return smt::IntCmpOp::create(builder, loc, predicate, a, constant(b));
  }
  Value select(Value condition, Value a, Value b) {
    return smt::IteOp::create(builder, loc, condition, a, b);
  }

  // Exact arithmetic; nullopt where float32 might round.
  Result exact(Dyadic x);
  Result align(Dyadic x, int exponent);
  std::optional<int64_t> align(DyadicConstant c, int exponent);
  Result multiply(Dyadic x, DyadicConstant c);
  Result add(Dyadic x, DyadicConstant c);
  Result divide(Dyadic x, DyadicConstant c);
  Result clampBelow(Dyadic x, DyadicConstant c);
  Result clampAbove(Dyadic x, DyadicConstant c);
  Result negate(Dyadic x) { return multiply(x, {-1, 0}); }
  Result abs(Dyadic x);
  Result round(Rounding mode, Dyadic x);

  // Steps.
  Result apply(const ReferenceStep &step, Dyadic x);
  Result applyBatchNorm(const ReferenceStep &step, Dyadic x);
  Result applyUnary(UnaryKind kind, Dyadic x);
  Result applyBinary(BinaryKind kind, bool constantFirst, DyadicConstant c,
                     Dyadic x);
  Result applyQuantize(QuantizeOp op, const ReferenceStep &step, Dyadic x);
  Result applyActivations(QuantizeActivationsOp op, Dyadic x);
  Result applyThreshold(ThresholdOp op, const ReferenceStep &step, Dyadic x);
  Result applyDequantize(DequantizeOp op, const ReferenceStep &step, Dyadic x);
  /// Counts sorted thresholds that `n` reaches.
  Value countReached(Value n, ArrayRef<int64_t> row, bool decreasing,
                     int64_t base);

  const ProofObligation &obligation;
  OpBuilder &builder;
  Location loc;
};

} // namespace

//===----------------------------------------------------------------------===//
// Exact arithmetic
//===----------------------------------------------------------------------===//

static std::optional<DyadicConstant> toDyadic(double value) {
  if (!std::isfinite(value))
    return std::nullopt;
  if (value == 0)
    return DyadicConstant{0, 0};
  int exponent;
  auto m = static_cast<int64_t>(std::ldexp(std::frexp(value, &exponent), 53));
  int zeros = llvm::countr_zero(static_cast<uint64_t>(m));
  return DyadicConstant{m >> zeros, 53 - exponent - zeros};
}

std::optional<Dyadic> RationalEncoder::exact(Dyadic x) {
  bool fits = x.lo >= -kMaxSignificand && x.hi <= kMaxSignificand &&
              x.exponent >= kMinExponent && x.exponent <= kMaxExponent;
  return fits ? Result(x) : std::nullopt;
}

std::optional<Dyadic> RationalEncoder::align(Dyadic x, int exponent) {
  int shift = exponent - x.exponent;
  if (shift <= 0)
    return x;
  if (shift > kMaxShift)
    return std::nullopt;
  int64_t factor = int64_t(1) << shift;
  return exact({multiply(x.n, factor), exponent, x.lo * factor, x.hi * factor});
}

std::optional<int64_t> RationalEncoder::align(DyadicConstant c, int exponent) {
  int shift = exponent - c.exponent;
  if (c.m == 0)
    return 0;
  if (shift < 0 || shift > kMaxShift || std::abs(c.m) > kMaxSignificand)
    return std::nullopt;
  return c.m * (int64_t(1) << shift);
}

std::optional<Dyadic> RationalEncoder::multiply(Dyadic x, DyadicConstant c) {
  // 2^24 * 2^30 is far from overflow; float64 scales of codes are longer.
  if (std::abs(c.m) > (int64_t(1) << 30))
    return std::nullopt;
  int64_t a = x.lo * c.m, b = x.hi * c.m;
  return exact({multiply(x.n, c.m), x.exponent + c.exponent, std::min(a, b),
                std::max(a, b)});
}

std::optional<Dyadic> RationalEncoder::add(Dyadic x, DyadicConstant c) {
  if (c.m == 0)
    return x;
  Result aligned = align(x, c.exponent);
  if (!aligned)
    return std::nullopt;
  std::optional<int64_t> term = align(c, aligned->exponent);
  if (!term)
    return std::nullopt;
  return exact({add(aligned->n, constant(*term)), aligned->exponent,
                aligned->lo + *term, aligned->hi + *term});
}

/// Only a power of two divides without rounding.
std::optional<Dyadic> RationalEncoder::divide(Dyadic x, DyadicConstant c) {
  if (std::abs(c.m) != 1)
    return std::nullopt;
  return multiply(x, {c.m, -c.exponent});
}

std::optional<Dyadic> RationalEncoder::clampBelow(Dyadic x, DyadicConstant c) {
  Result aligned = align(x, c.exponent);
  if (!aligned)
    return std::nullopt;
  std::optional<int64_t> bound = align(c, aligned->exponent);
  if (!bound)
    return std::nullopt;
  Value n = select(compare(smt::IntPredicate::gt, aligned->n, *bound),
                   aligned->n, constant(*bound));
  return exact({n, aligned->exponent, std::max(aligned->lo, *bound),
                std::max(aligned->hi, *bound)});
}

std::optional<Dyadic> RationalEncoder::clampAbove(Dyadic x, DyadicConstant c) {
  Result negative = negate(x);
  Result clamped =
      negative ? clampBelow(*negative, {-c.m, c.exponent}) : negative;
  return clamped ? negate(*clamped) : clamped;
}

std::optional<Dyadic> RationalEncoder::abs(Dyadic x) {
  Value n =
      select(compare(smt::IntPredicate::lt, x.n, 0), multiply(x.n, -1), x.n);
  return exact({n, x.exponent, 0, std::max(std::abs(x.lo), std::abs(x.hi))});
}

/// The floor, and one more where the fraction and the mode ask for it.
std::optional<Dyadic> RationalEncoder::round(Rounding mode, Dyadic x) {
  if (x.exponent <= 0)
    return x;
  if (x.exponent > kMaxShift)
    return std::nullopt;
  int64_t one = int64_t(1) << x.exponent, half = one / 2;
  Value floor = smt::IntDivOp::create(builder, loc, x.n, constant(one));
  Value fraction = smt::IntModOp::create(builder, loc, x.n, constant(one));
  Value no = smt::BoolConstantOp::create(builder, loc, false);
  auto above = [&](int64_t bound) {
    return compare(smt::IntPredicate::gt, fraction, bound);
  };
  auto isNegative = [&] { return compare(smt::IntPredicate::lt, x.n, 0); };
  Value up;
  switch (mode) {
  case Rounding::HalfEven: {
    Value odd = smt::IntModOp::create(builder, loc, floor, constant(2));
    up = select(compare(smt::IntPredicate::gt, odd, 0), above(half - 1),
                above(half));
    break;
  }
  case Rounding::HalfUp:
    up = select(isNegative(), above(half), above(half - 1));
    break;
  case Rounding::HalfDown:
    up = select(isNegative(), above(half - 1), above(half));
    break;
  case Rounding::Up:
    up = select(isNegative(), no, above(0));
    break;
  case Rounding::Down:
    up = select(isNegative(), above(0), no);
    break;
  case Rounding::Ceil:
    up = above(0);
    break;
  case Rounding::Floor:
    up = no;
    break;
  }
  Value n = add(floor, select(up, constant(1), constant(0)));
  return exact({n, 0, x.lo >> x.exponent, (x.hi >> x.exponent) + 1});
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

std::optional<Dyadic> RationalEncoder::applyBatchNorm(const ReferenceStep &step,
                                                      Dyadic x) {
  auto mean = toDyadic(-step.constants[0]),
       deviation = toDyadic(step.constants[1]),
       gamma = toDyadic(step.constants[2]), beta = toDyadic(step.constants[3]);
  if (!mean || !deviation || !gamma || !beta)
    return std::nullopt;
  Result y = add(x, *mean);
  y = y ? divide(*y, *deviation) : y;
  y = y ? multiply(*y, *gamma) : y;
  return y ? add(*y, *beta) : y;
}

std::optional<Dyadic> RationalEncoder::applyUnary(UnaryKind kind, Dyadic x) {
  switch (kind) {
  case UnaryKind::Abs:
    return abs(x);
  case UnaryKind::Neg:
    return negate(x);
  case UnaryKind::Relu:
    return clampBelow(x, {0, 0});
  case UnaryKind::Ceil:
    return round(Rounding::Ceil, x);
  case UnaryKind::Floor:
    return round(Rounding::Floor, x);
  case UnaryKind::RoundHalfEven:
    return round(Rounding::HalfEven, x);
  case UnaryKind::Exp:
  case UnaryKind::Sigmoid:
  case UnaryKind::Softplus:
  case UnaryKind::Sqrt:
  case UnaryKind::Tanh:
    return std::nullopt;
  }
  llvm_unreachable("unknown unary kind");
}

std::optional<Dyadic> RationalEncoder::applyBinary(BinaryKind kind,
                                                   bool constantFirst,
                                                   DyadicConstant c, Dyadic x) {
  DyadicConstant minus{-c.m, c.exponent};
  switch (kind) {
  case BinaryKind::Add:
    return add(x, c);
  case BinaryKind::Sub: {
    Result difference = add(x, minus);
    return difference && constantFirst ? negate(*difference) : difference;
  }
  case BinaryKind::Mul:
    return multiply(x, c);
  case BinaryKind::Div:
    return constantFirst ? std::nullopt : divide(x, c);
  case BinaryKind::Max:
    return clampBelow(x, c);
  case BinaryKind::Min:
    return clampAbove(x, c);
  case BinaryKind::Pow:
    return std::nullopt;
  }
  llvm_unreachable("unknown binary kind");
}

std::optional<Dyadic> RationalEncoder::applyQuantize(QuantizeOp op,
                                                     const ReferenceStep &step,
                                                     Dyadic x) {
  auto scale = toDyadic(step.constants[0]),
       zeroPoint = toDyadic(step.constants[1]);
  if (!scale || !zeroPoint)
    return std::nullopt;
  Result y = divide(x, *scale);
  y = y ? add(*y, *zeroPoint) : y;
  y = y ? clampBelow(*y, {op.getMinLevel(), 0}) : y;
  y = y ? clampAbove(*y, {op.getMaxLevel(), 0}) : y;
  return y ? round(op.getRounding(), *y) : y;
}

std::optional<Dyadic>
RationalEncoder::applyActivations(QuantizeActivationsOp op, Dyadic x) {
  if (op.getH() == Activation::Tanh)
    return std::nullopt;
  Result y = op.getH() == Activation::Abs ? abs(x) : clampBelow(x, {0, 0});
  y = y ? clampAbove(*y, {1, 0}) : y;
  int64_t maxCode = getCodeType(op.getResult().getType()).getMaxCode();
  y = y ? multiply(*y, {maxCode, 0}) : y;
  return y ? round(Rounding::HalfEven, *y) : y;
}

std::optional<Dyadic> RationalEncoder::applyThreshold(ThresholdOp op,
                                                      const ReferenceStep &step,
                                                      Dyadic x) {
  // n * 2^-e >= T where n >= ceil(T * 2^e), <= T where n <= floor(T * 2^e); n
  // is less than 2^25, so infinite thresholds may be cut.
  SmallVector<int64_t> row;
  for (double threshold : step.constants) {
    if (std::isnan(threshold))
      return std::nullopt;
    double bound = std::ldexp(threshold, x.exponent);
    bound = step.decreasing ? std::floor(bound) : std::ceil(bound);
    double cut = 2.0 * kMaxSignificand;
    row.push_back(static_cast<int64_t>(std::clamp(bound, -cut, cut)));
  }
  Value n = countReached(x.n, row, step.decreasing, op.getBase());
  auto base = static_cast<int64_t>(op.getBase());
  return Dyadic{n, 0, base, base + static_cast<int64_t>(row.size())};
}

std::optional<Dyadic>
RationalEncoder::applyDequantize(DequantizeOp op, const ReferenceStep &step,
                                 Dyadic x) {
  auto scale = toDyadic(step.constants[0]),
       zeroPoint = toDyadic(-step.constants[1]);
  if (!scale || !zeroPoint)
    return std::nullopt;
  CodeType type = getCodeType(op.getInput().getType());
  Result y = x;
  if (type.getEncoding() == Encoding::Bipolar) {
    y = multiply(x, {2, 0});
    y = y ? add(*y, {-type.getMaxCode(), 0}) : y;
  }
  y = y ? add(*y, *zeroPoint) : y;
  return y ? multiply(*y, *scale) : y;
}

std::optional<Dyadic> RationalEncoder::apply(const ReferenceStep &step,
                                             Dyadic x) {
  auto first = step.constants.empty() ? DyadicConstant{0, 0}
                                      : toDyadic(step.constants.front());
  return llvm::TypeSwitch<Operation *, Result>(step.op)
      .Case([&](ScaleOp) { return first ? multiply(x, *first) : std::nullopt; })
      .Case([&](BatchNormOp) { return applyBatchNorm(step, x); })
      .Case([&](UnaryOp op) { return applyUnary(op.getKind(), x); })
      .Case([&](BinaryOp op) {
        return first ? applyBinary(op.getKind(), step.constantFirst, *first, x)
                     : std::nullopt;
      })
      .Case([&](QuantizeOp op) { return applyQuantize(op, step, x); })
      .Case([&](QuantizeSignOp) {
        Value n = select(compare(smt::IntPredicate::ge, x.n, 0), constant(1),
                         constant(0));
        return Result({n, 0, 0, 1});
      })
      .Case([&](QuantizeActivationsOp op) { return applyActivations(op, x); })
      .Case([&](ThresholdOp op) { return applyThreshold(op, step, x); })
      .Case([&](DequantizeOp op) { return applyDequantize(op, step, x); });
}

//===----------------------------------------------------------------------===//
// The query
//===----------------------------------------------------------------------===//

Value RationalEncoder::countReached(Value n, ArrayRef<int64_t> thresholds,
                                    bool decreasing, int64_t base) {
  SmallVector<int64_t> row(thresholds);
  llvm::sort(row);
  if (decreasing)
    std::reverse(row.begin(), row.end());
  auto predicate = decreasing ? smt::IntPredicate::le : smt::IntPredicate::ge;
  Value level = constant(base);
  for (auto [i, threshold] : llvm::enumerate(row))
    level = select(compare(predicate, n, threshold),
                   constant(base + 1 + static_cast<int64_t>(i)), level);
  return level;
}

LogicalResult RationalEncoder::encode() {
  smt::SetLogicOp::create(builder, loc, builder.getStringAttr("QF_LIA"));
  Value acc = smt::DeclareFunOp::create(builder, loc,
                                        smt::IntType::get(builder.getContext()),
                                        builder.getStringAttr("acc"));
  auto [lo, hi] = obligation.range;
  smt::AssertOp::create(builder, loc, compare(smt::IntPredicate::ge, acc, lo));
  smt::AssertOp::create(builder, loc, compare(smt::IntPredicate::le, acc, hi));
  Result x = exact({acc, 0, lo, hi});
  if (!x)
    return obligation.quantizer->emitError()
           << "has accumulators in [" << lo << ", " << hi << "] on channel "
           << obligation.channel
           << ", which float32 does not hold exactly; use --encoding=float32";
  for (const ReferenceStep &step : obligation.steps) {
    x = apply(step, *x);
    if (!x)
      return step.op->emitError()
             << "is not proven to be exact in float32 on channel "
             << obligation.channel
             << ": scales must be short sums of powers of two, divisors powers "
                "of "
                "two; use --encoding=float32";
  }
  Value fused = countReached(acc, obligation.thresholds, obligation.decreasing,
                             obligation.base);
  Value wrong = smt::DistinctOp::create(builder, loc, ValueRange{x->n, fused});
  smt::AssertOp::create(builder, loc, wrong);
  return success();
}

FailureOr<std::string>
dorefa::encodeRational(const ProofObligation &obligation) {
  MLIRContext *context = obligation.quantizer->getContext();
  context->loadDialect<smt::SMTDialect>();
  Location loc = obligation.quantizer->getLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  auto solver = smt::SolverOp::create(builder, loc, TypeRange(), ValueRange());
  builder.createBlock(&solver.getBodyRegion());
  if (failed(RationalEncoder(obligation, builder).encode()))
    return failure();
  auto check = smt::CheckOp::create(builder, loc, TypeRange());
  for (Region &region : check->getRegions()) {
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&region);
    smt::YieldOp::create(builder, loc);
  }
  smt::YieldOp::create(builder, loc);
  std::string text;
  llvm::raw_string_ostream os(text);
  smt::SMTEmissionOptions options;
  options.inlineSingleUseValues = true;
  if (failed(smt::exportSMTLIB(*module, os, options)))
    return failure();
  // The exporter ends with a reset, which would drop the model.
  StringRef script = text;
  script.consume_back("(reset)\n");
  return script.str();
}
