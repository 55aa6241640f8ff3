//===- FormCodeLayers.cpp - Layers of dequantized codes become integer ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Chain.h"
#include "Movement.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "dorefa/Transforms/Passes.h"
#include "dorefa/Transforms/Ranges.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/RegionUtils.h"

#include <cmath>

namespace mlir::dorefa {
#define GEN_PASS_DEF_FORMCODELAYERSPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

//===----------------------------------------------------------------------===//
// Dequantization moves down
//===----------------------------------------------------------------------===//

/// The scales of a dequantization, empty where they are not constant.
std::vector<double> getScales(DequantizeOp op) {
  ElementsAttr scale = getConstant(op.getScale());
  return scale ? readElements<double>(scale) : std::vector<double>();
}

/// The dequantization that yields `value`, if it has one scale for the tensor.
DequantizeOp getPerTensorDequantize(Value value) {
  auto op = value.getDefiningOp<DequantizeOp>();
  if (!op || cast<RankedTensorType>(op.getScale().getType()).getNumElements() != 1)
    return nullptr;
  return op;
}

/// `type` with elements of the code type of `codes`.
RankedTensorType withCodes(Type type, Value codes) {
  return cast<RankedTensorType>(type).clone(getCodeType(codes.getType()));
}

/// Replaces float operation `op` by `codes`, its counterpart on codes, and a
/// dequantization like `like`.
void replaceWithDequantized(PatternRewriter &rewriter, Operation *op, Value codes,
                            DequantizeOp like) {
  rewriter.replaceOpWithNewOp<DequantizeOp>(op, op->getResult(0).getType(), codes,
                                            like.getScale(), like.getZeroPoint());
}

/// Reshapes, slices, transposes and max pools of codes. The largest value has the
/// largest code's integer because a scale is positive.
template <typename OpTy>
struct MoveBelow : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    DequantizeOp dequantize = getPerTensorDequantize(op->getOperand(0));
    if (!dequantize || !isMovement(op))
      return rewriter.notifyMatchFailure(op, "operand is not dequantized");
    if constexpr (std::is_same_v<OpTy, MaxPoolOp>) {
      std::vector<double> scales = getScales(dequantize);
      if (scales.empty() || !(scales.front() > 0))
        return rewriter.notifyMatchFailure(op, "scale may not be positive");
    }
    Value codes =
        rebuildMovement(rewriter, op.getLoc(), op, dequantize.getInput());
    replaceWithDequantized(rewriter, op, codes, dequantize);
    return success();
  }
};

struct MoveBelowConcat : OpRewritePattern<tensor::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ConcatOp op,
                                PatternRewriter &rewriter) const override {
    DequantizeOp first = getPerTensorDequantize(op.getInputs().front());
    SmallVector<Value> codes;
    for (Value input : op.getInputs()) {
      DequantizeOp dequantize = getPerTensorDequantize(input);
      if (!dequantize || !areAlike(first, dequantize))
        return rewriter.notifyMatchFailure(op, "operands are not equally scaled");
      codes.push_back(dequantize.getInput());
    }
    auto moved = tensor::ConcatOp::create(
        rewriter, op.getLoc(), withCodes(op.getResultType(), codes.front()),
        op.getDim(), codes);
    replaceWithDequantized(rewriter, op, moved, first);
    return success();
  }

  static bool areAlike(DequantizeOp a, DequantizeOp b) {
    std::vector<double> scale = getScales(a);
    return !scale.empty() && scale == getScales(b) &&
           a.getZeroPoint() == b.getZeroPoint() &&
           getCodeType(a.getInput().getType()) ==
               getCodeType(b.getInput().getType());
  }
};

/// Zeros that a `tensor.pad` puts around a feature map are what a convolution
/// takes taps outside its input for.
struct MovePaddingIntoConv : OpRewritePattern<Conv2DOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(Conv2DOp op,
                                PatternRewriter &rewriter) const override {
    auto pad = op.getInput().getDefiningOp<tensor::PadOp>();
    if (!pad || !isZero(pad.getConstantPaddingValue()))
      return rewriter.notifyMatchFailure(op, "input is not padded with zeros");
    ArrayRef<int64_t> low = pad.getStaticLow(), high = pad.getStaticHigh();
    for (int64_t dim : {0, 1, 2, 3}) {
      bool spatial = dim == 1 || dim == 2;
      if (spatial ? low[dim] < 0 || high[dim] < 0 : low[dim] || high[dim])
        return rewriter.notifyMatchFailure(op, "padding is not around the map");
    }
    ArrayRef<int64_t> pads = op.getPads();
    int64_t total[] = {pads[0] + low[1], pads[1] + low[2], pads[2] + high[1],
                       pads[3] + high[2]};
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(pad.getSource());
      op.setPads(total);
    });
    return success();
  }

  static bool isZero(Value value) {
    return value && matchPattern(value, m_AnyZeroFloat());
  }
};

/// Follows the only use of each result; whether that ends at a quantizer.
bool reachesQuantizer(Operation *op) {
  while (op->hasOneUse()) {
    op = *op->user_begin();
    if (isQuantizer(op))
      return true;
    if (!isMovement(op) && !isa<UnaryOp, BinaryOp, BatchNormOp>(op))
      return false;
  }
  return false;
}

/// The mean of codes in front of a quantizer becomes their integer sum, a depthwise
/// layer whose weights are 1, and its division, so that thresholds can take its
/// place. The float sum is exact, whatever its order, where the scale is a power of 2
/// and sums are below 2^24.
struct SumCodesOfAvgPool : OpRewritePattern<AvgPoolOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AvgPoolOp op,
                                PatternRewriter &rewriter) const override {
    DequantizeOp x = getPerTensorDequantize(op.getInput());
    bool padded = llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
    auto type = cast<RankedTensorType>(op.getType());
    int64_t channels = type.getShape().back();
    int64_t taps = op.getKernel()[0] * op.getKernel()[1];
    if (!x || padded || ShapedType::isDynamic(channels) || !reachesQuantizer(op) ||
        !sumsAreExact(x, taps))
      return rewriter.notifyMatchFailure(op, "no exact sum of codes for a quantizer");

    Location loc = op.getLoc();
    auto one = CodeType::get(op.getContext(), 1, Encoding::Unipolar);
    auto filterType = RankedTensorType::get(
        {channels, op.getKernel()[0], op.getKernel()[1], 1}, one);
    std::vector<int8_t> ones(channels * taps, 1);
    Value filter = materialize(rewriter, loc,
                               makeElements<int8_t>(filterType.clone(rewriter.getI8Type()),
                                                    std::move(ones), "ones"),
                               filterType);
    Value sum = Conv2DOp::create(
        rewriter, loc, type.clone(rewriter.getI32Type()), x.getInput(), filter,
        /*bias=*/Value(), op.getStrides(), op.getPads(), op.getDilations(),
        /*groups=*/channels, -static_cast<int64_t>(x.getZeroPoint().convertToFloat()),
        /*filter_offset=*/0, /*range=*/DenseI64ArrayAttr());
    auto constant = [&](float value) {
      auto scalar = RankedTensorType::get({}, rewriter.getF32Type());
      return materialize(rewriter, loc, makeElements<float>(scalar, {value}), scalar);
    };
    Value scaled = ScaleOp::create(rewriter, loc, type, sum,
                                   constant(static_cast<float>(getScales(x).front())));
    rewriter.replaceOpWithNewOp<BinaryOp>(op, type, BinaryKind::Div, scaled,
                                          constant(static_cast<float>(taps)));
    return success();
  }

  static bool sumsAreExact(DequantizeOp x, int64_t taps) {
    std::vector<double> scales = getScales(x);
    float zeroPoint = x.getZeroPoint().convertToFloat();
    int exponent;
    if (scales.empty() || std::frexp(scales.front(), &exponent) != 0.5 ||
        std::abs(exponent) > 64 || std::trunc(zeroPoint) != zeroPoint ||
        std::fabs(zeroPoint) > 256 || taps > (1 << 14))
      return false;
    // A value is at most 255 + 256.
    return taps * 511 < (1 << 24);
  }
};

LogicalResult moveDequantizationDown(Operation *root) {
  RewritePatternSet patterns(root->getContext());
  patterns.add<MoveBelow<tensor::CollapseShapeOp>, MoveBelow<tensor::ExpandShapeOp>,
               MoveBelow<tensor::ExtractSliceOp>, MoveBelow<linalg::TransposeOp>,
               MoveBelow<MaxPoolOp>, MoveBelowConcat, MovePaddingIntoConv,
               SumCodesOfAvgPool>(
      root->getContext());
  return applyPatternsGreedily(root, std::move(patterns));
}

//===----------------------------------------------------------------------===//
// Why a layer is float
//===----------------------------------------------------------------------===//

/// Why a layer stays float and what the author of the network can do about it.
struct Refusal {
  std::string reason;
  std::string suggestion;
};

/// Whether dequantized codes reach float `value`, however changed on the way.
bool isQuantizedInSource(Value value) {
  return comesFrom(value, [](Operation *op) { return isa<DequantizeOp>(op); });
}

/// Zero points that a layer can take as an integer offset.
bool isIntegerOffset(float zeroPoint) {
  return std::trunc(zeroPoint) == zeroPoint && std::fabs(zeroPoint) < (1 << 24);
}

std::optional<Refusal> checkScales(StringRef what, DequantizeOp op) {
  if (getScales(op).empty())
    return Refusal{llvm::formatv("the scale of its {0} is not a constant", what),
                   "export the network with constant scales"};
  if (!isIntegerOffset(op.getZeroPoint().convertToFloat()))
    return Refusal{
        llvm::formatv("the zero point of its {0}, {1}, is not an integer", what,
                      op.getZeroPoint().convertToFloat()),
        "quantize with an integer zero point"};
  return std::nullopt;
}

/// Names the operation that keeps dequantized codes from reaching the layer as
/// `value`: the last one that computes, else the last one that moves values.
std::string nameObstacle(Value value) {
  Operation *op = value.getDefiningOp();
  while (isMovement(op) && !op->getOperand(0).getDefiningOp<DequantizeOp>())
    op = op->getOperand(0).getDefiningOp();
  return op->getName().getStringRef().str();
}

/// Why a layer with these operands, both quantized in the source, stays float.
std::optional<Refusal> findRefusal(Value input, Value weights) {
  auto x = input.getDefiningOp<DequantizeOp>();
  auto w = weights.getDefiningOp<DequantizeOp>();
  if (!x)
    return Refusal{llvm::formatv("'{0}' stands between its quantizer and the layer",
                                 nameObstacle(input)),
                   "quantize the result of that operation"};
  if (!w)
    return Refusal{llvm::formatv("'{0}' stands between the quantizer of its weights "
                                 "and the layer",
                                 nameObstacle(weights)),
                   "quantize the weights last"};
  for (auto [what, op] : {std::pair("input", x), std::pair("weights", w)})
    if (std::optional<Refusal> refusal = checkScales(what, op))
      return refusal;
  if (getScales(x).size() != 1)
    return Refusal{"its input has a scale per channel",
                   "quantize activations with one scale per tensor"};
  if (getScales(w).size() != 1 && w.getAxis() != 0)
    return Refusal{"its weights have a scale per input channel",
                   "quantize weights per tensor or per output channel"};
  return std::nullopt;
}

void reportMissed(Operation *layer, const Refusal &refusal) {
  layer->setAttr("dorefa.reason",
                 StringAttr::get(layer->getContext(), refusal.reason));
  remark::missed(layer->getLoc(),
                 remark::RemarkOpts::name("float-layer").category("dorefa"))
      << remark::reason("{0}", refusal.reason)
      << remark::suggest("{0}", refusal.suggestion);
}

void reportFloatInSource(Operation *layer, StringRef what) {
  remark::analysis(layer->getLoc(),
                   remark::RemarkOpts::name("float-layer").category("dorefa"))
      << remark::add("float in the source: its {0} not quantized", what.str());
}

//===----------------------------------------------------------------------===//
// Layers become integer
//===----------------------------------------------------------------------===//

int64_t offsetOf(DequantizeOp op) {
  return -static_cast<int64_t>(op.getZeroPoint().convertToFloat());
}

RankedTensorType withElement(Value value, Type type) {
  return cast<RankedTensorType>(value.getType()).clone(type);
}

Operation *createOnCodes(OpBuilder &builder, Conv2DOp op, DequantizeOp x,
                         DequantizeOp w) {
  return Conv2DOp::create(builder, op.getLoc(),
                          withElement(op.getResult(), builder.getI32Type()),
                          x.getInput(), w.getInput(), /*bias=*/Value(),
                          op.getStrides(), op.getPads(), op.getDilations(),
                          op.getGroups(), offsetOf(x), offsetOf(w),
                          /*range=*/DenseI64ArrayAttr());
}

Operation *createOnCodes(OpBuilder &builder, MatMulOp op, DequantizeOp x,
                         DequantizeOp w) {
  return MatMulOp::create(builder, op.getLoc(),
                          withElement(op.getResult(), builder.getI32Type()),
                          x.getInput(), w.getInput(), /*bias=*/Value(),
                          offsetOf(x), offsetOf(w), /*range=*/DenseI64ArrayAttr());
}

/// Products of the scales, one or one per output channel.
Value createScale(OpBuilder &builder, Location loc, DequantizeOp x, DequantizeOp w) {
  double input = getScales(x).front();
  std::vector<float> products;
  for (double weight : getScales(w))
    products.push_back(static_cast<float>(input * weight));
  SmallVector<int64_t> shape;
  if (products.size() > 1)
    shape.push_back(products.size());
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  return materialize(builder, loc, makeElements<float>(type, products, "scale"),
                     type);
}

/// Replaces `op` by the layer on the codes of its operands, both of which are
/// dequantized. Fails with an error where it could overflow.
template <typename LayerOp>
LogicalResult replaceByCodeLayer(LayerOp op, Value weights) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto x = op.getInput().template getDefiningOp<DequantizeOp>();
  auto w = weights.getDefiningOp<DequantizeOp>();
  Value scale = createScale(builder, loc, x, w);
  Operation *layer = createOnCodes(builder, op, x, w);
  CodeType code = getCodeType(x.getInput().getType());
  Interval input{code.getMinValue(), code.getMaxValue()};
  if (failed(verifyAccumulators(layer, hull(inferAccumulators(layer, input)))))
    return failure();
  Value result =
      ScaleOp::create(builder, loc, op.getType(), layer->getResult(0), scale);
  if (Value bias = op.getBias())
    result = BinaryOp::create(builder, loc, op.getType(), BinaryKind::Add, result,
                              bias);
  op.getResult().replaceAllUsesWith(result);
  op.erase();
  return success();
}

template <typename LayerOp>
LogicalResult formCodeLayer(LayerOp op, Value weights) {
  if (op.isInteger())
    return success();
  if (!isQuantizedInSource(weights)) {
    reportFloatInSource(op, "weights are");
    return success();
  }
  if (!isQuantizedInSource(op.getInput())) {
    reportFloatInSource(op, "input is");
    return success();
  }
  if (std::optional<Refusal> refusal = findRefusal(op.getInput(), weights)) {
    reportMissed(op, *refusal);
    return success();
  }
  return replaceByCodeLayer(op, weights);
}

LogicalResult formCodeLayers(Operation *root) {
  WalkResult walk = root->walk([](Operation *op) {
    LogicalResult result = success();
    if (auto conv = dyn_cast<Conv2DOp>(op))
      result = formCodeLayer(conv, conv.getFilter());
    else if (auto matmul = dyn_cast<MatMulOp>(op))
      result = formCodeLayer(matmul, matmul.getWeights());
    return failed(result) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

struct FormCodeLayersPass : impl::FormCodeLayersPassBase<FormCodeLayersPass> {
  void runOnOperation() override {
    if (failed(moveDequantizationDown(getOperation())) ||
        failed(formCodeLayers(getOperation())))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }
};

} // namespace
} // namespace mlir::dorefa
