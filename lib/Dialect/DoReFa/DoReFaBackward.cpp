//===- DoReFaBackward.cpp - Backward rules of the dorefa dialect ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What DifferentiableOpInterface documents, in the order of DoReFaOps.td. The
// rules compute with the operations of the forward pass, so that interpreter
// and compiled code agree on gradients, too; upstream operations compare, sum
// and take tensors apart. An infinite gradient times a mask of 0 would be NaN:
// gradients that do not pass are replaced, not multiplied.
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

#include <limits>

using namespace mlir;
using namespace mlir::dorefa;
using Gradients = FailureOr<SmallVector<Value>>;

//===----------------------------------------------------------------------===//
// Building blocks
//===----------------------------------------------------------------------===//

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

namespace {
/// Builds operations on f32 tensors at the location of a forward operation.
class RuleBuilder {
public:
  RuleBuilder(OpBuilder &builder, Operation *forward)
      : builder(builder), loc(forward->getLoc()) {}

  /// A scalar, which `binary` broadcasts.
  Value number(float value) { return constant({}, {value}); }

  /// Parameters of a quantizer in a shape that broadcasts along dimension
  /// `axis` of tensors of rank `rank`.
  Value parameters(ArrayRef<float> values, int64_t axis, int64_t rank) {
    if (values.size() == 1)
      return number(values.front());
    SmallVector<int64_t> shape(rank - axis, 1);
    shape.front() = static_cast<int64_t>(values.size());
    return constant(shape, values);
  }

  Value constant(ArrayRef<int64_t> shape, ArrayRef<float> values) {
    auto type = RankedTensorType::get(shape, builder.getF32Type());
    return materialize(builder, loc,
                       makeElements<float>(type, values.vec(), "parameters"),
                       type);
  }

  /// A tensor of the shape of `like`, or of these sizes, all elements `value`.
  Value splat(Value like, float value) {
    return splat(tensor::getMixedSizes(builder, loc, like), value);
  }
  Value splat(ArrayRef<OpFoldResult> sizes, float value) {
    SmallVector<int64_t> shape;
    SmallVector<Value> dynamicSizes;
    dispatchIndexOpFoldResults(sizes, dynamicSizes, shape);
    auto type = RankedTensorType::get(shape, builder.getF32Type());
    if (type.hasStaticShape())
      return arith::ConstantOp::create(builder, loc,
                                       DenseElementsAttr::get(type, value));
    Value element =
        arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(value));
    return tensor::SplatOp::create(builder, loc, element, type, dynamicSizes);
  }

  Value unary(UnaryKind kind, Value x) {
    return UnaryOp::create(builder, loc, x.getType(), kind, x);
  }
  Value binary(BinaryKind kind, Value a, Value b) {
    auto shape = broadcastShapes(typeOf(a).getShape(), typeOf(b).getShape());
    return BinaryOp::create(builder, loc, typeOf(a).clone(*shape), kind, a, b);
  }
  Value add(Value a, Value b) { return binary(BinaryKind::Add, a, b); }
  Value sub(Value a, Value b) { return binary(BinaryKind::Sub, a, b); }
  Value mul(Value a, Value b) { return binary(BinaryKind::Mul, a, b); }
  Value div(Value a, Value b) { return binary(BinaryKind::Div, a, b); }
  Value negate(Value a) { return unary(UnaryKind::Neg, a); }

  /// `then` where `a` compares with `b`, else `otherwise`; one shape for all.
  Value select(arith::CmpFPredicate predicate, Value a, Value b, Value then,
               Value otherwise) {
    Value mask = arith::CmpFOp::create(builder, loc, predicate, a, b);
    return arith::SelectOp::create(builder, loc, mask, then, otherwise);
  }
  Value select(arith::CmpFPredicate predicate, Value a, float b, Value then,
               Value otherwise) {
    return select(predicate, a, splat(a, b), then, otherwise);
  }

  /// `gradient` where `low <= x <= high`, else 0; also where x is NaN.
  Value passBetween(Value gradient, Value x, float low, float high) {
    Value zero = splat(x, 0.0f);
    Value above = select(arith::CmpFPredicate::OGE, x, low, gradient, zero);
    return select(arith::CmpFPredicate::OLE, x, high, above, zero);
  }

  /// `1 - y^2`, written so that it is exact to the last bits where y is near 1.
  Value tanhDerivative(Value y) {
    Value one = number(1.0f);
    return mul(sub(one, y), add(one, y));
  }

  /// The sum, or the largest element but at least 0, over those elements that
  /// broadcasting would make of one element of a tensor of `type`.
  Value sumTo(Value x, RankedTensorType type) {
    return reduceTo<arith::AddFOp>(x, type);
  }
  Value maximumTo(Value x, RankedTensorType type) {
    return reduceTo<arith::MaximumFOp>(x, type);
  }

  /// Rows of the last dimension, as a matrix.
  Value rows(Value x) {
    int64_t rank = typeOf(x).getRank();
    if (rank == 2)
      return x;
    if (rank == 1) {
      auto type = typeOf(x).clone({1, typeOf(x).getDimSize(0)});
      return tensor::ExpandShapeOp::create(
          builder, loc, type, x, ArrayRef<ReassociationIndices>{{0, 1}});
    }
    ReassociationIndices leading;
    for (int64_t dim = 0; dim + 1 < rank; ++dim)
      leading.push_back(dim);
    return tensor::CollapseShapeOp::create(
        builder, loc, x, ArrayRef<ReassociationIndices>{leading, {rank - 1}});
  }

  Value transpose(Value matrix) {
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(builder, loc, matrix);
    std::swap(sizes[0], sizes[1]);
    Value init =
        tensor::EmptyOp::create(builder, loc, sizes, builder.getF32Type());
    return linalg::TransposeOp::create(builder, loc, matrix, init,
                                       ArrayRef<int64_t>{1, 0})
        ->getResult(0);
  }

  OpBuilder &builder;
  Location loc;

private:
  template <typename CombineOp>
  Value reduceTo(Value x, RankedTensorType type) {
    int64_t rank = typeOf(x).getRank(), lead = rank - type.getRank();
    SmallVector<int64_t> dims;
    SmallVector<OpFoldResult> sizes;
    for (auto [dim, size] :
         llvm::enumerate(tensor::getMixedSizes(builder, loc, x))) {
      int64_t i = static_cast<int64_t>(dim);
      if (i < lead ||
          (type.getDimSize(i - lead) == 1 && typeOf(x).getDimSize(i) != 1))
        dims.push_back(i);
      else
        sizes.push_back(size);
    }
    if (dims.empty())
      return x;
    auto combine = [](OpBuilder &builder, Location loc, ValueRange elements) {
      Value combined =
          CombineOp::create(builder, loc, elements[0], elements[1]);
      linalg::YieldOp::create(builder, loc, combined);
    };
    Value reduced = linalg::ReduceOp::create(builder, loc, x,
                                             splat(sizes, 0.0f), dims, combine)
                        ->getResult(0);
    if (typeOf(reduced).getRank() == type.getRank())
      return reduced;
    return tensor::ExpandShapeOp::create(
        builder, loc, type, reduced,
        *getReassociationIndicesForReshape(typeOf(reduced), type));
  }
};

/// The windows of a pool, element by element: tap (ky, kx) of all windows is
/// one strided slice of the padded input.
template <typename PoolOp>
class PoolTaps {
public:
  PoolTaps(PoolOp op, RuleBuilder &rule) : op(op), rule(rule) {
    ArrayRef<int64_t> pads = op.getPads();
    for (int64_t pad : {int64_t(0), pads[0], pads[1], int64_t(0)})
      low.push_back(index(pad));
    for (int64_t pad : {int64_t(0), pads[2], pads[3], int64_t(0)})
      high.push_back(index(pad));
    inputSizes = tensor::getMixedSizes(rule.builder, rule.loc, op.getInput());
    sliceSizes = tensor::getMixedSizes(rule.builder, rule.loc, op.getResult());
    ArrayRef<int64_t> shape = typeOf(op.getInput()).getShape();
    paddedSizes = inputSizes;
    paddedSizes[1] = index(shape[1] + pads[0] + pads[2]);
    paddedSizes[2] = index(shape[2] + pads[1] + pads[3]);
    for (int64_t stride :
         {int64_t(1), op.getStrides()[0], op.getStrides()[1], int64_t(1)})
      strides.push_back(index(stride));
  }

  /// Calls `fn` for the offsets of each tap, in (ky, kx) order.
  void forEach(llvm::function_ref<void(ArrayRef<OpFoldResult>)> fn) {
    for (int64_t ky = 0; ky < op.getKernel()[0]; ++ky)
      for (int64_t kx = 0; kx < op.getKernel()[1]; ++kx)
        fn({index(0), index(ky * op.getDilations()[0]),
            index(kx * op.getDilations()[1]), index(0)});
  }

  /// The input surrounded by `value`.
  Value pad(float value) {
    if (!isPadded())
      return op.getInput();
    Value element = arith::ConstantOp::create(
        rule.builder, rule.loc, rule.builder.getF32FloatAttr(value));
    return tensor::PadOp::create(rule.builder, rule.loc, Type(), op.getInput(),
                                 low, high, element);
  }
  /// Zeros in the shape of the padded input.
  Value zeros() { return rule.splat(paddedSizes, 0.0f); }

  /// One element of each window.
  Value read(Value padded, ArrayRef<OpFoldResult> offsets) {
    return tensor::ExtractSliceOp::create(rule.builder, rule.loc, padded,
                                          offsets, sliceSizes, strides);
  }
  /// Adds `value` to them.
  Value accumulate(Value value, Value padded, ArrayRef<OpFoldResult> offsets) {
    Value sum = rule.add(read(padded, offsets), value);
    return tensor::InsertSliceOp::create(rule.builder, rule.loc, sum, padded,
                                         offsets, sliceSizes, strides);
  }

  /// What lies inside the input.
  Value crop(Value padded) {
    if (!isPadded())
      return padded;
    SmallVector<OpFoldResult> ones(4, index(1));
    return tensor::ExtractSliceOp::create(rule.builder, rule.loc, padded, low,
                                          inputSizes, ones);
  }

private:
  bool isPadded() {
    return llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
  }
  OpFoldResult index(int64_t value) { return rule.builder.getIndexAttr(value); }

  PoolOp op;
  RuleBuilder &rule;
  SmallVector<OpFoldResult> low, high, inputSizes, sliceSizes, paddedSizes,
      strides;
};
} // namespace

/// The gradients of `op` where one flows to operand `index` only.
static SmallVector<Value> onlyTo(Operation *op, unsigned index,
                                 Value gradient) {
  SmallVector<Value> gradients(op->getNumOperands());
  gradients[index] = gradient;
  return gradients;
}

//===----------------------------------------------------------------------===//
// Quantizers
//===----------------------------------------------------------------------===//

Gradients QuantizeOp::buildBackward(OpBuilder &builder, ValueRange gradients) {
  RuleBuilder rule(builder, *this);
  int64_t axis = getAxis(), rank = typeOf(getInput()).getRank();
  // The level before it is clamped, as the forward pass computes it.
  Value level =
      rule.add(rule.div(getInput(), rule.parameters(getScale(), axis, rank)),
               rule.parameters(getZeroPoint(), axis, rank));
  return onlyTo(*this, 0,
                rule.passBetween(gradients[0], level,
                                 static_cast<float>(getMinLevel()),
                                 static_cast<float>(getMaxLevel())));
}

Gradients QuantizeSignOp::buildBackward(OpBuilder &builder,
                                        ValueRange gradients) {
  RuleBuilder rule(builder, *this);
  return onlyTo(*this, 0,
                rule.passBetween(gradients[0], getInput(), -1.0f, 1.0f));
}

Gradients QuantizeActivationsOp::buildBackward(OpBuilder &builder,
                                               ValueRange gradients) {
  RuleBuilder rule(builder, *this);
  Value x = getInput(), gradient = gradients[0];
  switch (getH()) {
  case Activation::Clip:
    return onlyTo(*this, 0, rule.passBetween(gradient, x, 0.0f, 1.0f));
  case Activation::Tanh: {
    Value slope = rule.tanhDerivative(rule.unary(UnaryKind::Tanh, x));
    return onlyTo(*this, 0,
                  rule.mul(gradient, rule.mul(slope, rule.number(0.5f))));
  }
  case Activation::Abs: {
    Value zero = rule.splat(x, 0.0f);
    Value below = rule.select(arith::CmpFPredicate::OLT, x, 0.0f,
                              rule.negate(gradient), zero);
    Value inside =
        rule.select(arith::CmpFPredicate::OGT, x, 0.0f, gradient, below);
    return onlyTo(*this, 0,
                  rule.select(arith::CmpFPredicate::OLT,
                              rule.unary(UnaryKind::Abs, x), 1.0f, inside,
                              zero));
  }
  }
  llvm_unreachable("unknown activation");
}

/// The gradient of `max|t|` where `gradient` is that of `t / max|t|`, `divisor`
/// the maximum that was divided by: `-sum(gradient * t) / max|t|^2`, for each
/// weight that attains the maximum in equal parts, with the sign of the weight.
static Value buildMaximumGradient(RuleBuilder &rule, Value gradient, Value t,
                                  Value magnitude, Value maximum,
                                  Value divisor) {
  Value one = rule.splat(t, 1.0f), zero = rule.splat(t, 0.0f);
  Value isMaximum = rule.select(arith::CmpFPredicate::OEQ,
                                rule.sub(magnitude, maximum), 0.0f, one, zero);
  Value count = rule.sumTo(isMaximum, typeOf(maximum));
  Value sum = rule.sumTo(rule.mul(gradient, t), typeOf(maximum));
  Value share = rule.div(rule.div(rule.div(sum, divisor), divisor), count);
  Value sign = rule.select(arith::CmpFPredicate::OGT, t, 0.0f, isMaximum,
                           rule.negate(isMaximum));
  return rule.negate(rule.mul(sign, share));
}

Gradients QuantizeWeightsOp::buildBackward(OpBuilder &builder,
                                           ValueRange gradients) {
  // The scale is a constant; only the codes have a gradient.
  Value gradient = gradients[0];
  if (!gradient || getCodeType(getResult().getType()).getBits() == 1)
    return onlyTo(*this, 0, gradient);
  RuleBuilder rule(builder, *this);
  Value t = rule.unary(UnaryKind::Tanh, getInput());
  Value magnitude = rule.unary(UnaryKind::Abs, t);
  // One maximum for the layer or for each channel, ready to broadcast.
  SmallVector<int64_t> shape(typeOf(t).getRank(), 1);
  if (getPerChannel())
    shape.front() = typeOf(t).getDimSize(0);
  Value maximum = rule.maximumTo(magnitude, typeOf(t).clone(shape));
  // All-zero weights are divided by 1.
  Value divisor = rule.select(arith::CmpFPredicate::OEQ, maximum, 0.0f,
                              rule.splat(maximum, 1.0f), maximum);
  Value normalized = rule.div(gradient, divisor);
  if (getMaxGradient())
    normalized =
        rule.add(normalized, buildMaximumGradient(rule, gradient, t, magnitude,
                                                  maximum, divisor));
  return onlyTo(*this, 0, rule.mul(normalized, rule.tanhDerivative(t)));
}

Gradients QuantizeTernaryOp::buildBackward(OpBuilder &, ValueRange gradients) {
  return onlyTo(*this, 0, gradients[0]);
}

Gradients StraightThroughOp::buildBackward(OpBuilder &, ValueRange gradients) {
  return onlyTo(*this, 1, gradients[0]);
}

//===----------------------------------------------------------------------===//
// Values of codes
//===----------------------------------------------------------------------===//

Gradients DequantizeOp::buildBackward(OpBuilder &, ValueRange gradients) {
  return onlyTo(*this, 0, gradients[0]);
}

Gradients ScaleOp::buildBackward(OpBuilder &builder, ValueRange gradients) {
  RuleBuilder rule(builder, *this);
  return onlyTo(*this, 0, rule.mul(gradients[0], getScale()));
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// An error for operations that work on codes or integers.
static LogicalResult refuseCodes(Operation *op) {
  return op->emitOpError("works on integers and has no backward rule; "
                         "differentiate the network in phase input, where it "
                         "works on floats");
}

Gradients Conv2DOp::buildBackward(OpBuilder &, ValueRange) {
  if (isInteger())
    return refuseCodes(*this);
  return emitOpError("has no backward rule: the gradient of its input needs a "
                     "transposed convolution, which the dialect does not have");
}

Gradients MatMulOp::buildBackward(OpBuilder &builder, ValueRange gradients) {
  if (isInteger())
    return refuseCodes(*this);
  RuleBuilder rule(builder, *this);
  auto multiply = [&](Value x, Value weights, Type type) -> Value {
    return MatMulOp::create(builder, getLoc(), type, x, weights,
                            /*bias=*/Value(), /*input_offset=*/0,
                            /*weights_offset=*/0,
                            /*range=*/DenseI64ArrayAttr());
  };
  Value gradient = gradients[0];
  SmallVector<Value> operands(getNumOperands());
  operands[0] =
      multiply(gradient, rule.transpose(getWeights()), getInput().getType());
  operands[1] =
      multiply(rule.transpose(rule.rows(gradient)),
               rule.transpose(rule.rows(getInput())), getWeights().getType());
  if (getBias())
    operands[2] = rule.sumTo(gradient, typeOf(getBias()));
  return operands;
}

//===----------------------------------------------------------------------===//
// Float functions
//===----------------------------------------------------------------------===//

Gradients BatchNormOp::buildBackward(OpBuilder &builder, ValueRange gradients) {
  RuleBuilder rule(builder, *this);
  Value gradient = gradients[0];
  Value epsilon = rule.number(getEpsilon().convertToFloat());
  Value deviation =
      rule.unary(UnaryKind::Sqrt, rule.add(getVariance(), epsilon));
  Value normalized = rule.div(rule.sub(getInput(), getMean()), deviation);
  SmallVector<Value> operands(getNumOperands());
  operands[0] = rule.mul(gradient, rule.div(getGamma(), deviation));
  operands[3] = rule.sumTo(rule.mul(gradient, normalized), typeOf(getGamma()));
  operands[4] = rule.sumTo(gradient, typeOf(getBeta()));
  return operands;
}

/// The gradient of the operand of `op`; null where none flows.
static Value buildUnaryGradient(UnaryOp op, RuleBuilder &rule, Value gradient) {
  Value x = op.getInput(), y = op.getResult();
  switch (op.getKind()) {
  case UnaryKind::Abs: {
    Value below = rule.select(arith::CmpFPredicate::OLT, x, 0.0f,
                              rule.negate(gradient), rule.splat(x, 0.0f));
    return rule.select(arith::CmpFPredicate::OGT, x, 0.0f, gradient, below);
  }
  case UnaryKind::Ceil:
  case UnaryKind::Floor:
  case UnaryKind::RoundHalfEven:
    return Value();
  case UnaryKind::Exp:
    return rule.mul(gradient, y);
  case UnaryKind::Neg:
    return rule.negate(gradient);
  case UnaryKind::Relu:
    return rule.select(arith::CmpFPredicate::OGT, x, 0.0f, gradient,
                       rule.splat(x, 0.0f));
  case UnaryKind::Sigmoid:
    return rule.mul(gradient, rule.mul(y, rule.sub(rule.number(1.0f), y)));
  case UnaryKind::Softplus:
    return rule.mul(gradient, rule.unary(UnaryKind::Sigmoid, x));
  case UnaryKind::Sqrt:
    return rule.div(gradient, rule.mul(rule.number(2.0f), y));
  case UnaryKind::Tanh:
    return rule.mul(gradient, rule.tanhDerivative(y));
  }
  llvm_unreachable("unknown unary kind");
}

Gradients UnaryOp::buildBackward(OpBuilder &builder, ValueRange gradients) {
  RuleBuilder rule(builder, *this);
  return onlyTo(*this, 0, buildUnaryGradient(*this, rule, gradients[0]));
}

/// Both operands of `op` in the shape of its result, as sums with -0.0, which
/// change no float.
static std::pair<Value, Value> broadcastOperands(BinaryOp op,
                                                 RuleBuilder &rule) {
  Value zeros = rule.splat(op.getResult(), -0.0f);
  auto broadcast = [&](Value x) {
    return x.getType() == zeros.getType() ? x : rule.add(x, zeros);
  };
  return {broadcast(op.getLhs()), broadcast(op.getRhs())};
}

Gradients BinaryOp::buildBackward(OpBuilder &builder, ValueRange gradients) {
  RuleBuilder rule(builder, *this);
  Value gradient = gradients[0], a = getLhs(), b = getRhs();
  Value lhs, rhs;
  switch (getKind()) {
  case BinaryKind::Add:
    lhs = rhs = gradient;
    break;
  case BinaryKind::Sub:
    lhs = gradient;
    rhs = rule.negate(gradient);
    break;
  case BinaryKind::Mul:
    lhs = rule.mul(gradient, b);
    rhs = rule.mul(gradient, a);
    break;
  case BinaryKind::Div:
    lhs = rule.div(gradient, b);
    rhs = rule.negate(rule.div(rule.mul(gradient, getResult()), b));
    break;
  case BinaryKind::Max:
  case BinaryKind::Min: {
    auto predicate = getKind() == BinaryKind::Max ? arith::CmpFPredicate::OGT
                                                  : arith::CmpFPredicate::OLT;
    Value zero = rule.splat(gradient, 0.0f);
    auto [wideA, wideB] = broadcastOperands(*this, rule);
    lhs = rule.select(predicate, wideA, wideB, gradient, zero);
    rhs = rule.select(predicate, wideA, wideB, zero, gradient);
    break;
  }
  case BinaryKind::Pow:
    if (!getConstant(b))
      return emitOpError("has no backward rule where the exponent is not a "
                         "constant");
    lhs = rule.mul(gradient,
                   rule.mul(b, rule.binary(BinaryKind::Pow, a,
                                           rule.sub(b, rule.number(1.0f)))));
    break;
  }
  return SmallVector<Value>{rule.sumTo(lhs, typeOf(a)),
                            rhs ? rule.sumTo(rhs, typeOf(b)) : Value()};
}

Gradients SoftmaxOp::buildBackward(OpBuilder &builder, ValueRange gradients) {
  RuleBuilder rule(builder, *this);
  Value y = getResult(), gradient = gradients[0];
  SmallVector<int64_t> shape(typeOf(y).getShape());
  if (!shape.empty())
    shape.back() = 1;
  Value sum = rule.sumTo(rule.mul(gradient, y), typeOf(y).clone(shape));
  return onlyTo(*this, 0, rule.mul(y, rule.sub(gradient, sum)));
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

Gradients MaxPoolOp::buildBackward(OpBuilder &builder, ValueRange gradients) {
  if (!getElementTypeOrSelf(getInput()).isF32())
    return refuseCodes(*this);
  RuleBuilder rule(builder, *this);
  PoolTaps<MaxPoolOp> taps(*this, rule);
  // NaN equals nothing: no gradient goes to the padding.
  Value input = taps.pad(std::numeric_limits<float>::quiet_NaN());
  Value zero = rule.splat(getResult(), 0.0f);
  Value remaining = gradients[0], total = taps.zeros();
  taps.forEach([&](ArrayRef<OpFoldResult> offsets) {
    Value element = taps.read(input, offsets);
    auto equal = arith::CmpFPredicate::OEQ;
    Value part = rule.select(equal, element, getResult(), remaining, zero);
    remaining = rule.select(equal, element, getResult(), zero, remaining);
    total = taps.accumulate(part, total, offsets);
  });
  return onlyTo(*this, 0, taps.crop(total));
}

/// The number of elements that each window of `op` takes the mean of, in a
/// shape that broadcasts to its result.
static Value buildWindowSizes(AvgPoolOp op, RuleBuilder &rule) {
  ArrayRef<int64_t> kernel = op.getKernel(), pads = op.getPads();
  if (op.getCountIncludePad())
    return rule.number(static_cast<float>(kernel[0] * kernel[1]));
  // Number of taps inside the input, along one dimension.
  auto count = [&](unsigned dim, int64_t window) {
    int64_t size = typeOf(op.getInput()).getDimSize(dim + 1), inside = 0;
    for (int64_t tap = 0; tap < kernel[dim]; ++tap) {
      int64_t i = window * op.getStrides()[dim] + tap * op.getDilations()[dim] -
                  pads[dim];
      inside += i >= 0 && i < size;
    }
    return inside;
  };
  int64_t height = typeOf(op.getResult()).getDimSize(1),
          width = typeOf(op.getResult()).getDimSize(2);
  SmallVector<float> sizes;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      sizes.push_back(static_cast<float>(count(0, y) * count(1, x)));
  return rule.constant({height, width, 1}, sizes);
}

Gradients AvgPoolOp::buildBackward(OpBuilder &builder, ValueRange gradients) {
  RuleBuilder rule(builder, *this);
  PoolTaps<AvgPoolOp> taps(*this, rule);
  Value share = rule.div(gradients[0], buildWindowSizes(*this, rule));
  Value total = taps.zeros();
  taps.forEach([&](ArrayRef<OpFoldResult> offsets) {
    total = taps.accumulate(share, total, offsets);
  });
  return onlyTo(*this, 0, taps.crop(total));
}
