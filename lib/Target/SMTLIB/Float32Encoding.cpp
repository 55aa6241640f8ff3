//===- Float32Encoding.cpp - Proof obligations in IEEE binary32 -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// SMT-LIB as text: MLIR's smt dialect has no floating-point sort, and its
// exporter none of the functions of that theory.
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/SMTLIB/ProofObligation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::dorefa;
using llvm::formatv;

/// Width of a level: -128 to 255.
static constexpr unsigned kLevelBits = 10;

//===----------------------------------------------------------------------===//
// Terms
//===----------------------------------------------------------------------===//

/// A float by its bits: no decimal has to be converted, NaN and -0.0 included.
static std::string constant(double value) {
  auto bits = llvm::bit_cast<uint32_t>(static_cast<float>(value));
  return formatv("((_ to_fp 8 24) #x{0})",
                 llvm::utohexstr(bits, /*LowerCase=*/true, /*Width=*/8));
}

static std::string bitVector(int64_t value, unsigned width) {
  std::string bits = "#b";
  for (unsigned i = width; i-- > 0;)
    bits += (value >> i & 1) ? '1' : '0';
  return bits;
}

static std::string call(StringRef function, StringRef a) {
  return formatv("({0} {1})", function, a);
}

static std::string call(StringRef function, StringRef a, StringRef b) {
  return formatv("({0} {1} {2})", function, a, b);
}

static std::string select(StringRef condition, StringRef a, StringRef b) {
  return formatv("(ite {0} {1} {2})", condition, a, b);
}

//===----------------------------------------------------------------------===//
// The encoder
//===----------------------------------------------------------------------===//

namespace {

/// Writes the reference as a chain of functions v0, v1, ... of the accumulator.
class Float32Encoder {
public:
  Float32Encoder(const ProofObligation &obligation, unsigned width)
      : obligation(obligation), width(width), os(text) {}

  FailureOr<std::string> encode(AccumulatorForm form);

private:
  /// Defines the next value and returns its name.
  std::string define(const Twine &term) {
    std::string name = ("v" + Twine(count++)).str();
    os << formatv(
        "(define-fun {0} ((a (_ BitVec {1}))) (_ FloatingPoint 8 24)\n"
        "  {2})\n",
        name, width, term.str());
    return formatv("({0} a)", name);
  }
  std::string accumulator(int64_t value) { return bitVector(value, width); }
  std::string round(Rounding mode, const std::string &x);
  std::string evaluate(UnaryKind kind, const std::string &x);
  std::string evaluate(BinaryKind kind, const std::string &a,
                       const std::string &b);
  std::string clampAndRound(QuantizeOp op, const std::string &x);
  std::string countReached(const ReferenceStep &step, int64_t base,
                           const std::string &x);
  std::string dequantize(const ReferenceStep &step, const std::string &x);
  /// The value behind `step`; fails on functions without a term.
  FailureOr<std::string> apply(const ReferenceStep &step, const std::string &x);
  void writeFused();
  void writeGoal(AccumulatorForm form);

  const ProofObligation &obligation;
  unsigned width;
  std::string text;
  llvm::raw_string_ostream os;
  unsigned count = 0;
};

} // namespace

std::string Float32Encoder::round(Rounding mode, const std::string &x) {
  auto to = [&](StringRef direction) {
    return call("fp.roundToIntegral", direction, x);
  };
  std::string away = select(call("fp.isNegative", x), to("RTN"), to("RTP"));
  switch (mode) {
  case Rounding::HalfEven:
    return to("RNE");
  case Rounding::HalfUp:
    return to("RNA");
  case Rounding::HalfDown: {
    std::string fraction =
        call("fp.abs", formatv("(fp.sub RNE {0} {1})", x, to("RTZ")).str());
    return select(call("fp.gt", fraction, constant(0.5)), away, to("RTZ"));
  }
  case Rounding::Up:
    return away;
  case Rounding::Down:
    return to("RTZ");
  case Rounding::Ceil:
    return to("RTP");
  case Rounding::Floor:
    return to("RTN");
  }
  llvm_unreachable("unknown rounding mode");
}

/// Empty for functions of a library.
std::string Float32Encoder::evaluate(UnaryKind kind, const std::string &x) {
  switch (kind) {
  case UnaryKind::Abs:
    return call("fp.abs", x);
  case UnaryKind::Neg:
    return call("fp.neg", x);
  case UnaryKind::Relu:
    return select(call("fp.gt", x, constant(0)), x, constant(0));
  case UnaryKind::Sqrt:
    return call("fp.sqrt RNE", x);
  case UnaryKind::Ceil:
    return round(Rounding::Ceil, x);
  case UnaryKind::Floor:
    return round(Rounding::Floor, x);
  case UnaryKind::RoundHalfEven:
    return round(Rounding::HalfEven, x);
  case UnaryKind::Exp:
  case UnaryKind::Sigmoid:
  case UnaryKind::Softplus:
  case UnaryKind::Tanh:
    return "";
  }
  llvm_unreachable("unknown unary kind");
}

std::string Float32Encoder::evaluate(BinaryKind kind, const std::string &a,
                                     const std::string &b) {
  switch (kind) {
  case BinaryKind::Add:
    return call("fp.add RNE", a, b);
  case BinaryKind::Sub:
    return call("fp.sub RNE", a, b);
  case BinaryKind::Mul:
    return call("fp.mul RNE", a, b);
  case BinaryKind::Div:
    return call("fp.div RNE", a, b);
  case BinaryKind::Max:
    return select(call("fp.gt", a, b), a, b);
  case BinaryKind::Min:
    return select(call("fp.lt", a, b), a, b);
  case BinaryKind::Pow:
    return "";
  }
  llvm_unreachable("unknown binary kind");
}

/// NaN is not greater than the smallest level.
std::string Float32Encoder::clampAndRound(QuantizeOp op, const std::string &x) {
  std::string min = constant(op.getMinLevel()),
              max = constant(op.getMaxLevel());
  return select(call("fp.gt", x, min),
                select(call("fp.geq", x, max), max, round(op.getRounding(), x)),
                min);
}

/// How many thresholds are reached does not depend on their order, so the one
/// that is reached last decides.
std::string Float32Encoder::countReached(const ReferenceStep &step,
                                         int64_t base, const std::string &x) {
  std::string term = constant(base);
  size_t size = step.constants.size();
  for (size_t i = 0; i < size; ++i) {
    std::string threshold =
        constant(step.constants[step.decreasing ? size - 1 - i : i]);
    std::string reached =
        call(step.decreasing ? "fp.leq" : "fp.geq", x, threshold);
    term = select(reached, constant(base + 1 + i), term);
  }
  return term;
}

/// One case per level: the product in float64 is evaluated here.
std::string Float32Encoder::dequantize(const ReferenceStep &step,
                                       const std::string &x) {
  auto op = cast<DequantizeOp>(step.op);
  CodeType type = getCodeType(op.getInput().getType());
  bool bipolar = type.getEncoding() == Encoding::Bipolar;
  int64_t min = bipolar ? 0 : type.getMinValue();
  int64_t max = bipolar ? type.getMaxCode() : type.getMaxValue();
  std::string term;
  for (int64_t level = max; level >= min; --level) {
    int64_t value = bipolar ? 2 * level - max : level;
    float difference =
        static_cast<float>(value) - static_cast<float>(step.constants[1]);
    std::string result = constant(double(difference) * step.constants[0]);
    term = term.empty()
               ? result
               : select(call("fp.eq", x, constant(level)), result, term);
  }
  return term;
}

FailureOr<std::string> Float32Encoder::apply(const ReferenceStep &step,
                                             const std::string &x) {
  auto c = [&](size_t i) { return constant(step.constants[i]); };
  std::string term =
      llvm::TypeSwitch<Operation *, std::string>(step.op)
          .Case([&](ScaleOp) { return call("fp.mul RNE", x, c(0)); })
          .Case([&](BatchNormOp) {
            std::string value = define(call("fp.sub RNE", x, c(0)));
            value = define(call("fp.div RNE", value, c(1)));
            value = define(call("fp.mul RNE", value, c(2)));
            return call("fp.add RNE", value, c(3));
          })
          .Case([&](UnaryOp op) { return evaluate(op.getKind(), x); })
          .Case([&](BinaryOp op) {
            return step.constantFirst ? evaluate(op.getKind(), c(0), x)
                                      : evaluate(op.getKind(), x, c(0));
          })
          .Case([&](QuantizeOp op) {
            std::string value = define(call("fp.div RNE", x, c(0)));
            value = define(call("fp.add RNE", value, c(1)));
            return clampAndRound(op, value);
          })
          .Case([&](QuantizeSignOp) {
            return select(call("fp.geq", x, constant(0)), constant(1),
                          constant(0));
          })
          .Case([&](QuantizeActivationsOp op) -> std::string {
            if (op.getH() == Activation::Tanh)
              return "";
            std::string value =
                op.getH() == Activation::Abs
                    ? define(call("fp.abs", x))
                    : define(select(call("fp.lt", x, constant(0)), constant(0),
                                    x));
            value = define(
                select(call("fp.gt", value, constant(1)), constant(1), value));
            CodeType type = getCodeType(op.getResult().getType());
            value =
                define(call("fp.mul RNE", value, constant(type.getMaxCode())));
            return select(call("fp.isNaN", value), constant(0),
                          round(Rounding::HalfEven, value));
          })
          .Case([&](ThresholdOp op) {
            return countReached(step, op.getBase(), x);
          })
          .Case([&](DequantizeOp) { return dequantize(step, x); });
  if (!term.empty())
    return define(term);
  return step.op->emitError(
      "calls a mathematical library, which SMT-LIB does not "
      "define; verify these thresholds exhaustively instead, "
      "with dorefa-compile --verify-thresholds=exhaustive");
}

void Float32Encoder::writeFused() {
  std::vector<int64_t> row = obligation.thresholds;
  llvm::sort(row);
  if (obligation.decreasing)
    std::reverse(row.begin(), row.end());
  std::string term = bitVector(obligation.base, kLevelBits);
  for (auto [i, threshold] : llvm::enumerate(row))
    term =
        select(call(obligation.decreasing ? "bvsle" : "bvsge", "a",
                    accumulator(threshold)),
               bitVector(obligation.base + 1 + i, kLevelBits), "\n  " + term);
  os << formatv(
      "(define-fun fused ((a (_ BitVec {0}))) (_ BitVec {1})\n  {2})\n", width,
      kLevelBits, term);
}

void Float32Encoder::writeGoal(AccumulatorForm form) {
  os << formatv("(declare-const acc (_ BitVec {0}))\n", width);
  auto [lo, hi] = obligation.range;
  if (form == AccumulatorForm::Symbolic) {
    os << formatv("(assert (bvsge acc {0}))\n(assert (bvsle acc {1}))\n",
                  accumulator(lo), accumulator(hi))
       << "(assert (distinct (reference acc) (fused acc)))\n(check-sat)\n";
    return;
  }
  os << formatv("(define-fun wrong ((a (_ BitVec {0}))) Bool\n"
                "  (and (= acc a) (distinct (reference a) (fused a))))\n",
                width)
     << "(assert (or false";
  for (int64_t a = lo; a <= hi; ++a)
    os << "\n  (wrong " << accumulator(a) << ")";
  os << "))\n(check-sat)\n";
}

FailureOr<std::string> Float32Encoder::encode(AccumulatorForm form) {
  os << "(set-logic QF_BVFP)\n";
  std::string value = define("((_ to_fp 8 24) RNE a)");
  for (const ReferenceStep &step : obligation.steps) {
    FailureOr<std::string> next = apply(step, value);
    if (failed(next))
      return failure();
    value = std::move(*next);
  }
  os << formatv("(define-fun reference ((a (_ BitVec {0}))) (_ BitVec {1})\n"
                "  ((_ fp.to_sbv {1}) RTZ {2}))\n",
                width, kLevelBits, value);
  writeFused();
  writeGoal(form);
  return std::move(text);
}

/// Bits of a signed accumulator that is in `range`.
static unsigned countBits(Interval range) {
  auto bits = [](int64_t value) {
    return llvm::bit_width(static_cast<uint64_t>(value < 0 ? ~value : value)) +
           1u;
  };
  return std::max(bits(range.lo), bits(range.hi));
}

FailureOr<std::string> dorefa::encodeFloat32(const ProofObligation &obligation,
                                             AccumulatorForm form,
                                             unsigned maxBits) {
  unsigned bits = countBits(obligation.range);
  if (bits > maxBits)
    return obligation.quantizer->emitError()
           << "has accumulators of " << bits << " bits on channel "
           << obligation.channel << ", more than the " << maxBits
           << " that --max-bits allows; raise it, or use --encoding=rational";
  // Thresholds may lie outside the range.
  for (int64_t threshold : obligation.thresholds)
    bits = std::max(bits, countBits({threshold, threshold}));
  return Float32Encoder(obligation, bits).encode(form);
}
