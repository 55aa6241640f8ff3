//===- Elementwise.cpp - Float functions and quantizers in linalg ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function here mirrors one of Arithmetic.h, operation by operation, so
// that compiled code and interpreter agree to the bit.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

static Value createF32(ImplicitLocOpBuilder &b, double value) {
  return arith::ConstantOp::create(
      b, b.getF32FloatAttr(static_cast<float>(value)));
}

static Value createF64(ImplicitLocOpBuilder &b, double value) {
  return arith::ConstantOp::create(b, b.getF64FloatAttr(value));
}

static Value createI32(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantOp::create(
      b, b.getI32IntegerAttr(static_cast<int32_t>(value)));
}

static Value createWide(ImplicitLocOpBuilder &b, Value x) {
  return arith::ExtFOp::create(b, b.getF64Type(), x);
}

static Value createNarrow(ImplicitLocOpBuilder &b, Value x) {
  return arith::TruncFOp::create(b, b.getF32Type(), x);
}

/// `lhs <predicate> rhs ? yes : no`.
static Value createChoice(ImplicitLocOpBuilder &b,
                          arith::CmpFPredicate predicate, Value lhs, Value rhs,
                          Value yes, Value no) {
  Value condition = arith::CmpFOp::create(b, predicate, lhs, rhs);
  return arith::SelectOp::create(b, condition, yes, no);
}

/// See dorefa::getCodeOfLevel.
static Value createCode(ImplicitLocOpBuilder &b, Value level, CodeType type) {
  if (type.getEncoding() == Encoding::Signed) {
    level = arith::AndIOp::create(b, level, createI32(b, type.getMaxCode()));
  } else if (type.getEncoding() == Encoding::Ternary) {
    // -1, 0, 1 become 2, 0, 1.
    Value negative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, level,
                                           createI32(b, 0));
    level = arith::SelectOp::create(b, negative, createI32(b, 2), level);
  }
  return arith::TruncIOp::create(b, b.getI8Type(), level);
}

/// See CodeType::getValue.
static Value createValueOfCode(ImplicitLocOpBuilder &b, Value code,
                               CodeType type) {
  Value q = arith::ExtUIOp::create(b, b.getI32Type(), code);
  switch (type.getEncoding()) {
  case Encoding::Unipolar:
    return q;
  case Encoding::Bipolar:
    return arith::SubIOp::create(b, arith::AddIOp::create(b, q, q),
                                 createI32(b, type.getMaxCode()));
  case Encoding::Signed: {
    Value shift = createI32(b, 32 - type.getBits());
    return arith::ShRSIOp::create(b, arith::ShLIOp::create(b, q, shift), shift);
  }
  case Encoding::Ternary: {
    Value one = createI32(b, 1);
    Value plus = arith::AndIOp::create(b, q, one);
    return arith::SubIOp::create(b, plus, arith::ShRUIOp::create(b, q, one));
  }
  }
  llvm_unreachable("every encoding is handled");
}

/// See dorefa::roundTo.
static Value createRound(ImplicitLocOpBuilder &b, Rounding mode, Value x) {
  auto awayFromZeroIf = [&](arith::CmpFPredicate predicate, double bound) {
    Value truncated = math::TruncOp::create(b, x);
    Value fraction =
        math::AbsFOp::create(b, arith::SubFOp::create(b, x, truncated));
    Value step = math::CopySignOp::create(b, createF32(b, 1.0), x);
    Value away = arith::AddFOp::create(b, truncated, step);
    return createChoice(b, predicate, fraction, createF32(b, bound), away,
                        truncated);
  };
  switch (mode) {
  case Rounding::HalfEven:
    return math::RoundEvenOp::create(b, x);
  case Rounding::HalfUp:
    return awayFromZeroIf(arith::CmpFPredicate::OGE, 0.5);
  case Rounding::HalfDown:
    return awayFromZeroIf(arith::CmpFPredicate::OGT, 0.5);
  case Rounding::Up:
    return awayFromZeroIf(arith::CmpFPredicate::OGT, 0.0);
  case Rounding::Down:
    return math::TruncOp::create(b, x);
  case Rounding::Ceil:
    return math::CeilOp::create(b, x);
  case Rounding::Floor:
    return math::FloorOp::create(b, x);
  }
  llvm_unreachable("every rounding mode is handled");
}

/// See dorefa::evaluateUnary.
static Value createUnary(ImplicitLocOpBuilder &b, UnaryKind kind, Value x) {
  switch (kind) {
  case UnaryKind::Abs:
    return math::AbsFOp::create(b, x);
  case UnaryKind::Ceil:
    return math::CeilOp::create(b, x);
  case UnaryKind::Exp:
    return createExp(b, x);
  case UnaryKind::Floor:
    return math::FloorOp::create(b, x);
  case UnaryKind::Neg:
    return arith::NegFOp::create(b, x);
  case UnaryKind::Relu:
    return createMax(b, x, createF32(b, 0.0));
  case UnaryKind::RoundHalfEven:
    return math::RoundEvenOp::create(b, x);
  case UnaryKind::Sigmoid: {
    Value one = createF64(b, 1.0);
    Value exp =
        math::ExpOp::create(b, arith::NegFOp::create(b, createWide(b, x)));
    Value sum = arith::AddFOp::create(b, one, exp);
    return createNarrow(b, arith::DivFOp::create(b, one, sum));
  }
  case UnaryKind::Softplus: {
    Value wide = createWide(b, x);
    Value magnitude = math::AbsFOp::create(b, wide);
    Value exp = math::ExpOp::create(b, arith::NegFOp::create(b, magnitude));
    Value log = math::Log1pOp::create(b, exp);
    Value positive = createMax(b, wide, createF64(b, 0.0));
    return createNarrow(b, arith::AddFOp::create(b, positive, log));
  }
  case UnaryKind::Sqrt:
    return math::SqrtOp::create(b, x);
  case UnaryKind::Tanh:
    return createNarrow(b, math::TanhOp::create(b, createWide(b, x)));
  }
  llvm_unreachable("every unary kind is handled");
}

/// See dorefa::evaluateBinary.
static Value createBinary(ImplicitLocOpBuilder &b, BinaryKind kind, Value lhs,
                          Value rhs) {
  switch (kind) {
  case BinaryKind::Add:
    return arith::AddFOp::create(b, lhs, rhs);
  case BinaryKind::Sub:
    return arith::SubFOp::create(b, lhs, rhs);
  case BinaryKind::Mul:
    return arith::MulFOp::create(b, lhs, rhs);
  case BinaryKind::Div:
    return arith::DivFOp::create(b, lhs, rhs);
  case BinaryKind::Max:
    return createMax(b, lhs, rhs);
  case BinaryKind::Min:
    return createChoice(b, arith::CmpFPredicate::OLT, lhs, rhs, lhs, rhs);
  case BinaryKind::Pow:
    return createNarrow(
        b, math::PowFOp::create(b, createWide(b, lhs), createWide(b, rhs)));
  }
  llvm_unreachable("every binary kind is handled");
}

/// See dorefa::quantizeLevel; an i32.
static Value createLevel(ImplicitLocOpBuilder &b, Value x, Value scale,
                         Value zeroPoint, QuantizeOp op) {
  Value min = createF32(b, op.getMinLevel()),
        max = createF32(b, op.getMaxLevel());
  Value level = arith::DivFOp::create(b, x, scale);
  level = arith::AddFOp::create(b, level, zeroPoint);
  // NaN is not greater than anything and becomes the lowest level.
  level = createChoice(b, arith::CmpFPredicate::OGT, level, min, level, min);
  level = createChoice(b, arith::CmpFPredicate::OGE, level, max, max, level);
  level = createRound(b, op.getRounding(), level);
  return arith::FPToSIOp::create(b, b.getI32Type(), level);
}

/// See dorefa::boundActivation.
static Value createBounded(ImplicitLocOpBuilder &b, Activation h, Value x) {
  Value zero = createF32(b, 0.0), one = createF32(b, 1.0);
  switch (h) {
  case Activation::Clip:
    x = createChoice(b, arith::CmpFPredicate::OLT, x, zero, zero, x);
    return createChoice(b, arith::CmpFPredicate::OGT, x, one, one, x);
  case Activation::Tanh: {
    Value sum =
        arith::AddFOp::create(b, createUnary(b, UnaryKind::Tanh, x), one);
    return arith::DivFOp::create(b, sum, createF32(b, 2.0));
  }
  case Activation::Abs:
    x = math::AbsFOp::create(b, x);
    return createChoice(b, arith::CmpFPredicate::OGT, x, one, one, x);
  }
  llvm_unreachable("every activation is handled");
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {

/// Lowers an op whose result elements depend on one element of the first
/// operand and on parameters that are scalars or have one value per index of
/// one dimension.
template <typename OpTy>
struct ElementwisePattern : OpConversionPattern<OpTy> {
  using OpConversionPattern<OpTy>::OpConversionPattern;

  /// Replaces `op` by a loop over `input` and `parameters`.
  void replace(OpTy op, Value input, ValueRange parameters, int64_t axis,
               ConversionPatternRewriter &rewriter, ElementFn element) const {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type =
        this->getTypeConverter()->template convertType<RankedTensorType>(
            op.getResult().getType());
    SmallVector<Value> inputs{input};
    SmallVector<AffineMap> maps{getIdentityMap(b, type.getRank())};
    for (Value parameter : parameters) {
      inputs.push_back(parameter);
      maps.push_back(getParameterMap(b, type.getRank(), parameter, axis));
    }
    rewriter.replaceOp(
        op, createElementwise(b, type, input, inputs, maps, element));
  }

  static int64_t lastDim(Value tensor) {
    return cast<RankedTensorType>(tensor.getType()).getRank() - 1;
  }
};

struct UnaryToLinalg : ElementwisePattern<UnaryOp> {
  using ElementwisePattern::ElementwisePattern;
  LogicalResult
  matchAndRewrite(UnaryOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    replace(op, adaptor.getInput(), {}, 0, rewriter,
            [&](ImplicitLocOpBuilder &b, ValueRange args) {
              return createUnary(b, op.getKind(), args[0]);
            });
    return success();
  }
};

struct BinaryToLinalg : OpConversionPattern<BinaryOp> {
  using OpConversionPattern::OpConversionPattern;

  /// Element of `operand` that a result element needs: aligned at the last
  /// dimension, sizes of 1 repeated.
  static AffineMap getBroadcastMap(ImplicitLocOpBuilder &b, Value operand,
                                   RankedTensorType result) {
    auto type = cast<RankedTensorType>(operand.getType());
    int64_t lead = result.getRank() - type.getRank();
    SmallVector<AffineExpr> exprs;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      bool repeated = type.getDimSize(dim) == 1;
      exprs.push_back(repeated ? b.getAffineConstantExpr(0)
                               : b.getAffineDimExpr(lead + dim));
    }
    return AffineMap::get(result.getRank(), 0, exprs, b.getContext());
  }

  /// The operand that has the dynamic sizes of the result, all of its rank.
  static Value getShapeSource(Value lhs, Value rhs, RankedTensorType result) {
    for (Value operand : {lhs, rhs}) {
      auto type = cast<RankedTensorType>(operand.getType());
      if (type.getRank() != result.getRank())
        continue;
      if (type.getNumDynamicDims() == result.getNumDynamicDims())
        return operand;
    }
    return nullptr;
  }

  LogicalResult
  matchAndRewrite(BinaryOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Value lhs = adaptor.getLhs(), rhs = adaptor.getRhs();
    Value shapeSource = getShapeSource(lhs, rhs, type);
    if (!type.hasStaticShape() && !shapeSource)
      return rewriter.notifyMatchFailure(
          op, "no operand has the dynamic sizes of the result");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(
        op, createElementwise(
                b, type, shapeSource, {lhs, rhs},
                {getBroadcastMap(b, lhs, type), getBroadcastMap(b, rhs, type)},
                [&](ImplicitLocOpBuilder &b, ValueRange args) {
                  return createBinary(b, op.getKind(), args[0], args[1]);
                }));
    return success();
  }
};

struct BatchNormToLinalg : ElementwisePattern<BatchNormOp> {
  using ElementwisePattern::ElementwisePattern;

  /// `sqrt(variance + epsilon)`, at compile time where the variance is known.
  static Value createDeviation(ImplicitLocOpBuilder &b, BatchNormOp op,
                               Value variance) {
    float epsilon = op.getEpsilon().convertToFloat();
    auto type = cast<RankedTensorType>(variance.getType());
    if (ElementsAttr constant = getConstant(variance)) {
      std::vector<float> values = readElements<float>(constant);
      for (float &value : values)
        value = std::sqrt(value + epsilon);
      ElementsAttr deviation =
          makeElements(type, std::move(values), "deviation");
      return materialize(b, op.getLoc(), deviation, type);
    }
    return createElementwise(
        b, type, variance, variance, getIdentityMap(b, 1),
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
          Value sum = arith::AddFOp::create(b, args[0], createF32(b, epsilon));
          return math::SqrtOp::create(b, sum);
        });
  }

  LogicalResult
  matchAndRewrite(BatchNormOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value deviation = createDeviation(b, op, adaptor.getVariance());
    replace(
        op, adaptor.getInput(),
        {adaptor.getMean(), deviation, adaptor.getGamma(), adaptor.getBeta()},
        lastDim(op.getInput()), rewriter,
        [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
          Value x = arith::SubFOp::create(b, args[0], args[1]);
          x = arith::DivFOp::create(b, x, args[2]);
          x = arith::MulFOp::create(b, x, args[3]);
          return arith::AddFOp::create(b, x, args[4]);
        });
    return success();
  }
};

struct ScaleToLinalg : ElementwisePattern<ScaleOp> {
  using ElementwisePattern::ElementwisePattern;
  LogicalResult
  matchAndRewrite(ScaleOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    replace(op, adaptor.getInput(), adaptor.getScale(), lastDim(op.getInput()),
            rewriter, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
              Value x = arith::SIToFPOp::create(b, b.getF32Type(), args[0]);
              return arith::MulFOp::create(b, x, args[1]);
            });
    return success();
  }
};

struct DequantizeToLinalg : ElementwisePattern<DequantizeOp> {
  using ElementwisePattern::ElementwisePattern;
  LogicalResult
  matchAndRewrite(DequantizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    CodeType code = getCodeType(op.getInput().getType());
    float zeroPoint = op.getZeroPoint().convertToFloat();
    replace(op, adaptor.getInput(), adaptor.getScale(), op.getAxis(), rewriter,
            [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
              Value level = createValueOfCode(b, args[0], code);
              Value x = arith::SIToFPOp::create(b, b.getF32Type(), level);
              x = arith::SubFOp::create(b, x, createF32(b, zeroPoint));
              x = arith::MulFOp::create(b, createWide(b, x), args[1]);
              return createNarrow(b, x);
            });
    return success();
  }
};

struct QuantizeToLinalg : ElementwisePattern<QuantizeOp> {
  using ElementwisePattern::ElementwisePattern;

  /// The value of all channels as a rank 0 tensor, or one value per channel.
  static Value createParameter(ImplicitLocOpBuilder &b,
                               ArrayRef<float> values) {
    SmallVector<int64_t> shape;
    if (values.size() != 1)
      shape.push_back(values.size());
    auto type = RankedTensorType::get(shape, b.getF32Type());
    ElementsAttr attr = makeElements(type, values.vec(), "quantizer");
    return materialize(b, b.getLoc(), attr, type);
  }

  LogicalResult
  matchAndRewrite(QuantizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    CodeType code = getCodeType(op.getResult().getType());
    replace(op, adaptor.getInput(),
            {createParameter(b, op.getScale()),
             createParameter(b, op.getZeroPoint())},
            op.getAxis(), rewriter,
            [&](ImplicitLocOpBuilder &b, ValueRange args) {
              return createCode(
                  b, createLevel(b, args[0], args[1], args[2], op), code);
            });
    return success();
  }
};

struct QuantizeSignToLinalg : ElementwisePattern<QuantizeSignOp> {
  using ElementwisePattern::ElementwisePattern;
  LogicalResult
  matchAndRewrite(QuantizeSignOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    replace(op, adaptor.getInput(), {}, 0, rewriter,
            [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
              Value positive = arith::CmpFOp::create(
                  b, arith::CmpFPredicate::OGE, args[0], createF32(b, 0.0));
              return arith::ExtUIOp::create(b, b.getI8Type(), positive);
            });
    return success();
  }
};

struct QuantizeActivationsToLinalg : ElementwisePattern<QuantizeActivationsOp> {
  using ElementwisePattern::ElementwisePattern;
  LogicalResult
  matchAndRewrite(QuantizeActivationsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    CodeType code = getCodeType(op.getResult().getType());
    replace(op, adaptor.getInput(), {}, 0, rewriter,
            [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
              Value x = createBounded(b, op.getH(), args[0]);
              x = arith::MulFOp::create(b, x, createF32(b, code.getMaxCode()));
              x = math::RoundEvenOp::create(b, x);
              // NaN becomes code 0, and a conversion of NaN is undefined.
              x = createChoice(b, arith::CmpFPredicate::UNO, x, x,
                               createF32(b, 0.0), x);
              Value level = arith::FPToSIOp::create(b, b.getI32Type(), x);
              return arith::TruncIOp::create(b, b.getI8Type(), level);
            });
    return success();
  }
};

/// A clamped index into the row of the channel.
struct LookupToLinalg : ElementwisePattern<LookupOp> {
  using ElementwisePattern::ElementwisePattern;

  /// The entry of `x`, an element of accumulators or codes.
  static Value createEntry(ImplicitLocOpBuilder &b, LookupOp op, Value x,
                           int64_t size) {
    if (getCodeType(op.getInput().getType()))
      return arith::IndexCastUIOp::create(b, b.getIndexType(), x);
    // Clamped before the offset is subtracted, so that nothing overflows.
    int64_t first = op.getOffset(), last = first + size - 1;
    Value entry = arith::ExtSIOp::create(b, b.getI64Type(), x);
    auto constant = [&](int64_t value) {
      return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
    };
    entry = arith::MaxSIOp::create(b, entry, constant(first));
    entry = arith::MinSIOp::create(b, entry, constant(last));
    entry = arith::SubIOp::create(b, entry, constant(first));
    return arith::IndexCastOp::create(b, b.getIndexType(), entry);
  }

  LogicalResult
  matchAndRewrite(LookupOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value table = adaptor.getTable();
    ArrayRef<int64_t> shape = cast<RankedTensorType>(table.getType()).getShape();
    if (ShapedType::isDynamicShape(shape))
      return rewriter.notifyMatchFailure(op, "the size of the table is not known");
    int64_t channelDim = lastDim(op.getInput());
    replace(op, adaptor.getInput(), {}, 0, rewriter,
            [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
              Value row = shape[0] == 1
                              ? arith::ConstantIndexOp::create(b, 0).getResult()
                              : linalg::IndexOp::create(b, channelDim).getResult();
              Value entry = createEntry(b, op, args[0], shape[1]);
              return tensor::ExtractOp::create(b, table, ValueRange{row, entry});
            });
    return success();
  }
};

struct WeightedSumToLinalg : OpConversionPattern<WeightedSumOp> {
  using OpConversionPattern::OpConversionPattern;

  /// The weights of one operand, channels side by side where there are several: a
  /// constant is read as it is needed.
  static std::pair<Value, AffineMap> getWeights(ImplicitLocOpBuilder &b, Value weights,
                                                int64_t operand, int64_t rank) {
    int64_t rows = cast<RankedTensorType>(weights.getType()).getDimSize(0);
    AffineExpr row = rows == 1 ? b.getAffineConstantExpr(0)
                               : b.getAffineDimExpr(rank - 1);
    ElementsAttr constant = getConstant(weights);
    if (!constant || !getRawElements(constant, sizeof(int32_t)))
      return {weights,
              AffineMap::get(rank, 0, {row, b.getAffineConstantExpr(operand)},
                             b.getContext())};
    std::vector<int32_t> all = readElements<int32_t>(constant), values;
    for (int64_t i = 0; i < rows; ++i)
      values.push_back(all[2 * i + operand]);
    auto type = RankedTensorType::get({rows}, b.getI32Type());
    ElementsAttr attr = makeElements(type, std::move(values), "weights");
    return {materialize(b, b.getLoc(), attr, type), AffineMap::get(rank, 0, row)};
  }

  LogicalResult
  matchAndRewrite(WeightedSumOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getResult().getType());
    int64_t rank = type.getRank();
    auto [lhsWeights, lhsMap] = getWeights(b, adaptor.getWeights(), 0, rank);
    auto [rhsWeights, rhsMap] = getWeights(b, adaptor.getWeights(), 1, rank);
    AffineMap each = getIdentityMap(b, rank);
    auto product = [&](ImplicitLocOpBuilder &b, Value operand, Value x, Value weight) {
      if (CodeType code = getCodeType(operand.getType()))
        x = createValueOfCode(b, x, code);
      return arith::MulIOp::create(b, x, weight);
    };
    rewriter.replaceOp(
        op, createElementwise(
                b, type, adaptor.getLhs(),
                {adaptor.getLhs(), adaptor.getRhs(), lhsWeights, rhsWeights},
                {each, each, lhsMap, rhsMap},
                [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                  Value lhs = product(b, op.getLhs(), args[0], args[2]);
                  Value rhs = product(b, op.getRhs(), args[1], args[3]);
                  return arith::AddIOp::create(b, lhs, rhs);
                }));
    return success();
  }
};

} // namespace

void dorefa::populateElementwisePatterns(const TypeConverter &converter,
                                         RewritePatternSet &patterns) {
  patterns.add<UnaryToLinalg, BinaryToLinalg, BatchNormToLinalg, ScaleToLinalg,
               DequantizeToLinalg, QuantizeToLinalg, QuantizeSignToLinalg,
               QuantizeActivationsToLinalg, LookupToLinalg, WeightedSumToLinalg>(
      converter, patterns.getContext());
}
