//===- MathToGPU.cpp - Lower functions of floats to what a GPU computes ---===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

namespace mlir::dorefa {
#define GEN_PASS_DEF_CONVERTMATHTOGPUPASS
#include "dorefa/Conversion/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;

//===----------------------------------------------------------------------===//
// Functions of f64 in arithmetic
//===----------------------------------------------------------------------===//

namespace {

/// Evaluates functions in f64 with an error of a few units of the last place, so that
/// rounding to f32 gives what libm gives.
class FunctionBuilder : public ImplicitLocOpBuilder {
public:
  explicit FunctionBuilder(Operation *op) : ImplicitLocOpBuilder(op->getLoc(), op) {}

  Value number(double value) {
    return arith::ConstantOp::create(*this, getF64FloatAttr(value));
  }
  Value integer(int64_t value) {
    return arith::ConstantOp::create(*this, getI64IntegerAttr(value));
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(*this, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(*this, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(*this, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(*this, x, y); }
  Value fma(Value x, Value y, Value z) { return math::FmaOp::create(*this, x, y, z); }
  Value select(arith::CmpFPredicate predicate, Value x, Value y, Value yes, Value no) {
    Value holds = arith::CmpFOp::create(*this, predicate, x, y);
    return arith::SelectOp::create(*this, holds, yes, no);
  }

  /// The polynomial with these coefficients, the constant one first.
  Value horner(Value x, ArrayRef<double> coefficients) {
    Value sum = number(coefficients.back());
    for (double coefficient : llvm::reverse(coefficients.drop_back()))
      sum = fma(sum, x, number(coefficient));
    return sum;
  }

  /// (e^r - 1) / r where |r| is at most ln(2) / 2; what is left out is below 2^-57.
  Value scaledExpm1(Value r) {
    SmallVector<double> coefficients;
    double factorial = 1;
    for (int i = 1; i <= 14; ++i)
      coefficients.push_back(1 / (factorial *= i));
    return horner(r, coefficients);
  }

  /// 2^k of an integer from -1022 to 1023.
  Value powerOfTwo(Value k) {
    Value exponent = arith::AddIOp::create(*this, k, integer(1023));
    Value bits = arith::ShLIOp::create(*this, exponent, integer(52));
    return arith::BitcastOp::create(*this, getF64Type(), bits);
  }

  Value exp(Value x) {
    using Predicate = arith::CmpFPredicate;
    // Beyond these bounds the result is infinite, or 0; NaN goes by separately.
    Value bounded = select(Predicate::OGT, x, number(-746), x, number(-746));
    bounded = select(Predicate::OLT, bounded, number(710), bounded, number(710));
    Value k = math::RoundEvenOp::create(*this, mul(bounded, number(0x1.71547652b82fep+0)));
    // ln(2) in two parts, the first of few enough bits to make k times it exact.
    Value r = fma(k, number(-0x1.62e42fee00000p-1), bounded);
    r = fma(k, number(-0x1.a39ef35793c76p-33), r);
    Value power = fma(scaledExpm1(r), r, number(1));
    // In two steps, because 2^k alone may not be a number.
    Value whole = arith::FPToSIOp::create(*this, getI64Type(), k);
    Value half = arith::ShRSIOp::create(*this, whole, integer(1));
    Value rest = arith::SubIOp::create(*this, whole, half);
    Value result = mul(mul(power, powerOfTwo(half)), powerOfTwo(rest));
    return select(Predicate::UNO, x, x, x, result);
  }

  Value tanh(Value x) {
    using Predicate = arith::CmpFPredicate;
    Value magnitude = math::AbsFOp::create(*this, x);
    Value twice = add(magnitude, magnitude);
    // Near 0 without the cancellation of e^2x - 1.
    Value expm1 = mul(scaledExpm1(twice), twice);
    Value small = div(expm1, add(expm1, number(2)));
    Value large = sub(number(1), div(number(2), add(exp(twice), number(1))));
    Value result = select(Predicate::OLT, twice, number(0.34), small, large);
    return math::CopySignOp::create(*this, result, x);
  }

  /// ln(1 + x) where x is in [0, 1], by 2 artanh(x / (2 + x)).
  Value log1p(Value x) {
    Value s = div(x, add(x, number(2)));
    SmallVector<double> coefficients;
    for (int i = 0; i <= 18; ++i)
      coefficients.push_back(2.0 / (2 * i + 1));
    return mul(horner(mul(s, s), coefficients), s);
  }

  /// x^y as C defines it; x is 0 or of normal magnitude, as each f32 is in f64.
  Value pow(Value x, Value y) {
    using Predicate = arith::CmpFPredicate;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Value magnitude = math::AbsFOp::create(*this, x);
    Value result = powOfMagnitude(magnitude, y);
    // Of a negative x: odd powers keep the sign, those between integers are no numbers.
    Value half = mul(y, number(0.5)), whole = math::TruncOp::create(*this, y);
    Value isOdd = arith::AndIOp::create(
        *this, arith::CmpFOp::create(*this, Predicate::OEQ, whole, y),
        arith::CmpFOp::create(*this, Predicate::UNE, half, math::TruncOp::create(*this, half)));
    result = arith::SelectOp::create(
        *this, isOdd, math::CopySignOp::create(*this, result, x), result);
    Value ofNegative = select(Predicate::ONE, whole, y, number(NAN), result);
    ofNegative = select(Predicate::OGT, x, number(-infinity), ofNegative, result);
    result = select(Predicate::OLT, x, number(0), ofNegative, result);
    result = select(Predicate::UNO, x, y, number(NAN), result);
    result = select(Predicate::OEQ, x, number(1), x, result);
    return select(Predicate::OEQ, y, number(0), number(1), result);
  }

private:
  /// e^(y ln(x)) of an x that is not negative, nor no number.
  Value powOfMagnitude(Value x, Value y) {
    using Predicate = arith::CmpFPredicate;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    auto [high, low] = logInTwoParts(x);
    high = select(Predicate::OEQ, x, number(0), number(-infinity), high);
    high = select(Predicate::OEQ, x, number(infinity), x, high);
    Value exponent = mul(y, high);
    Value rest = fma(y, low, fma(y, high, arith::NegFOp::create(*this, exponent)));
    Value power = exp(exponent);
    // e^rest is 1 + rest. Where the power is infinite or 0, rest may be no number.
    Value result = select(Predicate::OLT, power, number(infinity), fma(power, rest, power), power);
    result = select(Predicate::OEQ, power, number(0), power, result);
    return select(Predicate::OEQ, x, number(1), x, result);
  }

  /// ln(x) of a normal x as a sum whose second part is below the last place of the
  /// first, with an error of 2^-59 of it: a product with 100 keeps the places of an f64.
  std::pair<Value, Value> logInTwoParts(Value x) {
    // x = m 2^k with m between sqrt(1/2) and sqrt(2).
    constexpr int64_t bitsOfHalf = 0x3fe6a09e667f3bcd; // sqrt(1/2)
    Value bits = arith::BitcastOp::create(*this, getI64Type(), x);
    Value scale = arith::ShRSIOp::create(
        *this, arith::SubIOp::create(*this, bits, integer(bitsOfHalf)), integer(52));
    bits = arith::SubIOp::create(*this, bits,
                                 arith::ShLIOp::create(*this, scale, integer(52)));
    Value m = arith::BitcastOp::create(*this, getF64Type(), bits);
    Value k = arith::SIToFPOp::create(*this, getF64Type(), scale);
    // ln(m) = 2 artanh(s), s = (m - 1) / (m + 1) in two parts; m has few enough bits for
    // both sums to be exact.
    Value above = sub(m, number(1)), below = add(m, number(1));
    Value s = div(above, below);
    Value sRest = div(fma(arith::NegFOp::create(*this, s), below, above), below);
    SmallVector<double> coefficients;
    for (int i = 1; i <= 12; ++i)
      coefficients.push_back(2.0 / (2 * i + 1));
    Value square = mul(s, s);
    Value tail = mul(mul(horner(square, coefficients), square), s);
    // k ln(2) dominates 2 s unless it is 0: the sum of the two loses what is added to low.
    Value scaled = mul(k, number(0x1.62e42fee00000p-1)), twice = add(s, s);
    Value sum = add(scaled, twice);
    Value lost = add(sub(scaled, sum), twice);
    Value low = add(add(sRest, sRest), fma(k, number(0x1.a39ef35793c76p-33), lost));
    low = add(low, tail);
    Value high = add(sum, low);
    return {high, add(sub(sum, high), low)};
  }
};

} // namespace

/// `op` in arithmetic and exact functions; null where it is one of these, or has none.
static Value expand(Operation *op) {
  if (op->getNumResults() != 1 || !op->getResult(0).getType().isF64())
    return {};
  FunctionBuilder b(op);
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](math::ExpOp exp) { return b.exp(exp.getOperand()); })
      .Case([&](math::TanhOp tanh) { return b.tanh(tanh.getOperand()); })
      .Case([&](math::Log1pOp log) { return b.log1p(log.getOperand()); })
      .Case([&](math::PowFOp pow) { return b.pow(pow.getLhs(), pow.getRhs()); })
      .Default([](Operation *) { return Value(); });
}

/// LLVM's intrinsic for `op`, which rounds as IEEE demands; empty where there is none.
static StringRef getIntrinsic(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case([](math::AbsFOp) { return "llvm.fabs"; })
      .Case([](math::CeilOp) { return "llvm.ceil"; })
      .Case([](math::CopySignOp) { return "llvm.copysign"; })
      .Case([](math::FloorOp) { return "llvm.floor"; })
      .Case([](math::FmaOp) { return "llvm.fma"; })
      .Case([](math::RoundEvenOp) { return "llvm.roundeven"; })
      .Case([](math::SqrtOp) { return "llvm.sqrt"; })
      .Case([](math::TruncOp) { return "llvm.trunc"; })
      .Default([](Operation *) { return StringRef(); });
}

namespace {

struct ConvertMathToGPUPass
    : public dorefa::impl::ConvertMathToGPUPassBase<ConvertMathToGPUPass> {
  void runOnOperation() override {
    replaceAll([](Operation *op) { return expand(op); });
    replaceAll([](Operation *op) -> Value {
      StringRef name = getIntrinsic(op);
      if (name.empty())
        return {};
      OpBuilder b(op);
      Type type = op->getResult(0).getType();
      return LLVM::CallIntrinsicOp::create(b, op->getLoc(), type,
                                           b.getStringAttr(name), op->getOperands())
          .getResult(0);
    });
    WalkResult left = getOperation()->walk([](Operation *op) {
      if (!isa_and_nonnull<math::MathDialect>(op->getDialect()) || isa<math::CtPopOp>(op))
        return WalkResult::advance();
      op->emitOpError("on ")
          << op->getResult(0).getType() << " is a function that no GPU code computes "
          << "without a library; run the layer on the processor (--target=cpu)";
      return WalkResult::interrupt();
    });
    if (left.wasInterrupted())
      signalPassFailure();
  }

private:
  void replaceAll(llvm::function_ref<Value(Operation *)> replace) {
    getOperation()->walk([&](Operation *op) {
      if (Value value = replace(op)) {
        op->getResult(0).replaceAllUsesWith(value);
        op->erase();
      }
    });
  }
};

} // namespace
