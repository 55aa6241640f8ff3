//===- DoReFaToBitPlane.cpp - Layers on codes to bit planes ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two steps. The dialect conversion gives each code an i8 and wraps each layer
// in pack and unpack. Then greedy patterns join thresholds to contractions and
// cancel the packings between layers.
//
//===----------------------------------------------------------------------===//

#include "dorefa/Conversion/Passes.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_CONVERTDOREFATOBITPLANEPASS
#include "dorefa/Conversion/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using dorefa::CodeType;
using dorefa::getCodeType;

//===----------------------------------------------------------------------===//
// Building blocks
//===----------------------------------------------------------------------===//

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The leading size of `value`, taken as early as it is known: a use of `value`
/// itself would keep it alive where fusion makes it unnecessary.
static Value getLeadingSize(OpBuilder &builder, Location loc, Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return empty.getDynamicSize(0);
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return getValueOrCreateConstantIndexOp(builder, loc,
                                             expand.getMixedOutputShape()[0]);
    if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
      value = destination.getDpsInits().front();
    else if (auto cast = dyn_cast<dorefa::StorageCastOp>(op))
      value = cast.getInput();
    else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op);
             collapse && collapse.getReassociationIndices()[0].size() == 1)
      value = collapse.getSrc();
    else
      break;
  }
  return tensor::DimOp::create(builder, loc, value, 0);
}

/// An empty tensor; where its leading size is dynamic it is that of `like`.
static Value makeEmpty(OpBuilder &builder, Location loc, RankedTensorType type,
                       Value like) {
  SmallVector<Value> dynamic;
  if (type.getRank() > 0 && type.isDynamicDim(0))
    dynamic.push_back(getLeadingSize(builder, loc, like));
  return tensor::EmptyOp::create(builder, loc, type, dynamic);
}

/// Type of the words that hold codes of shape `codes` with `bits` bits.
static RankedTensorType wordsType(RankedTensorType codes, unsigned bits) {
  SmallVector<int64_t> shape(codes.getShape());
  shape.back() = bitplane::wordsFor(shape.back());
  shape.push_back(bits);
  return RankedTensorType::get(shape, IntegerType::get(codes.getContext(), 32));
}

static Value pack(OpBuilder &builder, Value codes, unsigned bits) {
  Location loc = codes.getLoc();
  RankedTensorType type = wordsType(typeOf(codes), bits);
  Value init = makeEmpty(builder, loc, type, codes);
  return bitplane::PackOp::create(builder, loc, TypeRange(type), codes, init)
      .getResult(0);
}

/// Bytes of the codes in `words`, `channels` in the last dimension.
static Value unpack(OpBuilder &builder, Location loc, Value words,
                    int64_t channels) {
  SmallVector<int64_t> shape(typeOf(words).getShape().drop_back());
  shape.back() = channels;
  auto type = RankedTensorType::get(shape, builder.getI8Type());
  Value init = makeEmpty(builder, loc, type, words);
  return bitplane::UnpackOp::create(builder, loc, TypeRange(type), words, init,
                                    /*levels=*/TypeAttr())
      .getResult(0);
}

/// `codes` as a matrix: one row per index of the dimensions before the last.
static Value makeMatrix(OpBuilder &builder, Location loc, Value codes) {
  RankedTensorType type = typeOf(codes);
  int64_t rank = type.getRank();
  if (rank == 2)
    return codes;
  if (rank == 1) {
    auto matrix =
        RankedTensorType::get({1, type.getDimSize(0)}, type.getElementType());
    return tensor::ExpandShapeOp::create(
        builder, loc, matrix, codes, ArrayRef<ReassociationIndices>{{0, 1}});
  }
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t i = 0; i + 1 < rank; ++i)
    groups[0].push_back(i);
  groups[1].push_back(rank - 1);
  return tensor::CollapseShapeOp::create(builder, loc, codes, groups);
}

/// Inverse of makeMatrix: `matrix` with the dimensions of `like` before the
/// last.
static Value restoreRank(OpBuilder &builder, Location loc, Value matrix,
                         RankedTensorType type, Value like) {
  int64_t rank = type.getRank();
  if (rank == 2)
    return matrix;
  if (rank == 1)
    return tensor::CollapseShapeOp::create(
        builder, loc, type, matrix, ArrayRef<ReassociationIndices>{{0, 1}});
  SmallVector<ReassociationIndices> groups(2);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, like);
  sizes.back() = builder.getIndexAttr(type.getShape().back());
  for (int64_t i = 0; i + 1 < rank; ++i)
    groups[0].push_back(i);
  groups[1].push_back(rank - 1);
  return tensor::ExpandShapeOp::create(builder, loc, type, matrix, groups,
                                       sizes);
}

//===----------------------------------------------------------------------===//
// Conversion of operations on codes
//===----------------------------------------------------------------------===//

namespace {

/// A code becomes the byte that holds it.
struct CodeTypeConverter : TypeConverter {
  CodeTypeConverter() {
    addConversion([](Type type) { return type; });
    addConversion([](RankedTensorType type) -> Type {
      if (!getCodeType(type))
        return type;
      return type.clone(IntegerType::get(type.getContext(), 8));
    });
    auto cast = [](OpBuilder &builder, Type type, ValueRange inputs,
                   Location loc) -> Value {
      return dorefa::StorageCastOp::create(builder, loc, type, inputs.front());
    };
    addSourceMaterialization(cast);
    addTargetMaterialization(cast);
  }
};

struct ConvertConstant : OpConversionPattern<dorefa::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(dorefa::ConstantOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(
        op, cast<TypedAttr>(op.getValue()));
    return success();
  }
};

struct ConvertConv2D : OpConversionPattern<dorefa::Conv2DOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(dorefa::Conv2DOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    CodeType input = getCodeType(op.getInput().getType());
    CodeType filter = getCodeType(op.getFilter().getType());
    RankedTensorType type = typeOf(op.getResult());
    Value words = pack(rewriter, adaptor.getInput(), input.getBits());
    Value init = makeEmpty(rewriter, op.getLoc(), type, adaptor.getInput());
    rewriter.replaceOpWithNewOp<bitplane::Conv2DOp>(
        op, TypeRange(type), words, adaptor.getFilter(), /*correction=*/Value(),
        /*thresholds=*/Value(), /*affine=*/Value(), init,
        typeOf(op.getInput()).getDimSize(3), type.getDimSize(3), input, filter,
        /*result_code=*/TypeAttr(),
        op.getStrides(), op.getPads(), /*border=*/ArrayRef<int64_t>{0, 0, 0, 0},
        op.getDilations(), /*pool=*/ArrayRef<int64_t>{1, 1}, op.getGroups(),
        op.getInputOffset(), op.getFilterOffset(),
        /*decreasing=*/DenseBoolArrayAttr(), /*base=*/0, op.getRangeAttr(),
        /*kernel=*/bitplane::KernelAttr());
    return success();
  }
};

struct ConvertMatMul : OpConversionPattern<dorefa::MatMulOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(dorefa::MatMulOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    CodeType input = getCodeType(op.getInput().getType());
    CodeType weights = getCodeType(op.getWeights().getType());
    Value matrix = makeMatrix(rewriter, loc, adaptor.getInput());
    Value words = pack(rewriter, matrix, input.getBits());
    int64_t outputs = typeOf(op.getWeights()).getDimSize(0);
    auto type = RankedTensorType::get({typeOf(matrix).getDimSize(0), outputs},
                                      rewriter.getI32Type());
    Value init = makeEmpty(rewriter, loc, type, matrix);
    auto matmul = bitplane::MatMulOp::create(
        rewriter, loc, TypeRange(type), words, adaptor.getWeights(),
        /*correction=*/Value(), /*thresholds=*/Value(), /*affine=*/Value(),
        init, typeOf(matrix).getDimSize(1), outputs, input, weights,
        /*result_code=*/TypeAttr(), op.getInputOffset(), op.getWeightsOffset(),
        /*decreasing=*/DenseBoolArrayAttr(), /*base=*/0, op.getRangeAttr(),
        /*kernel=*/bitplane::KernelAttr());
    rewriter.replaceOp(op,
                       restoreRank(rewriter, loc, matmul.getResult(0),
                                   typeOf(op.getResult()), adaptor.getInput()));
    return success();
  }
};

struct ConvertThreshold : OpConversionPattern<dorefa::ThresholdOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(dorefa::ThresholdOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    RankedTensorType codes = typeOf(op.getResult());
    CodeType code = getCodeType(codes);
    RankedTensorType type = wordsType(codes, code.getBits());
    Value init = makeEmpty(rewriter, op.getLoc(), type, adaptor.getInput());
    auto threshold = bitplane::ThresholdOp::create(
        rewriter, op.getLoc(), TypeRange(type), adaptor.getInput(),
        adaptor.getThresholds(), init, code, op.getDecreasingAttr(),
        op.getBase());
    threshold->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, unpack(rewriter, op.getLoc(), threshold.getResult(0),
                                  codes.getShape().back()));
    return success();
  }
};

struct ConvertMaxPool : OpConversionPattern<dorefa::MaxPoolOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(dorefa::MaxPoolOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    RankedTensorType codes = typeOf(op.getResult());
    CodeType code = getCodeType(codes);
    RankedTensorType type = wordsType(codes, code.getBits());
    Value words = pack(rewriter, adaptor.getInput(), code.getBits());
    Value init = makeEmpty(rewriter, op.getLoc(), type, words);
    auto pool = bitplane::MaxPoolOp::create(
        rewriter, op.getLoc(), TypeRange(type), words, init, code,
        op.getKernel(), op.getStrides(), op.getPads(), op.getDilations());
    rewriter.replaceOp(op, unpack(rewriter, op.getLoc(), pool.getResult(0),
                                  codes.getDimSize(3)));
    return success();
  }
};

struct ConvertTranspose : OpConversionPattern<linalg::TransposeOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(linalg::TransposeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<linalg::TransposeOp>(
        op, adaptor.getInput(), adaptor.getInit(), op.getPermutation());
    return success();
  }
};

/// Operations that move elements whatever they are: the same on bytes.
template <typename OpTy>
struct ConvertElementType : OpConversionPattern<OpTy> {
  using OpConversionPattern<OpTy>::OpConversionPattern;

  LogicalResult
  matchAndRewrite(OpTy op, typename OpTy::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Type> types;
    if (failed(this->getTypeConverter()->convertTypes(op->getResultTypes(),
                                                      types)))
      return failure();
    rewriter.replaceOpWithNewOp<OpTy>(op, types, adaptor.getOperands(),
                                      op->getAttrs());
    return success();
  }
};

template <typename... Ops>
void addElementTypePatterns(const TypeConverter &converter,
                            RewritePatternSet &patterns) {
  patterns.add<ConvertElementType<Ops>...>(converter, patterns.getContext());
}

//===----------------------------------------------------------------------===//
// Joining layers
//===----------------------------------------------------------------------===//

/// A threshold on the accumulators of a contraction, which nobody else needs,
/// becomes part of it. The result carries the names of both.
template <typename OpTy>
struct FuseThreshold : OpRewritePattern<bitplane::ThresholdOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(bitplane::ThresholdOp op,
                                PatternRewriter &rewriter) const override {
    auto contraction = op.getInput().getDefiningOp<OpTy>();
    if (!contraction || !contraction->hasOneUse() ||
        contraction.getThresholds() || contraction.isPacked())
      return rewriter.notifyMatchFailure(op, "not alone behind a contraction");
    typename OpTy::Properties properties = contraction.getProperties();
    properties.setResultCode(op.getCodeAttr());
    properties.setDecreasing(op.getDecreasingAttr());
    properties.setBase(op.getBaseAttr());
    properties.operandSegmentSizes = {1, 1, 0, 1, 0, 1};
    Location loc = rewriter.getFusedLoc({contraction.getLoc(), op.getLoc()});
    DictionaryAttr attributes = op->getDiscardableAttrDictionary();
    auto fused = rewriter.replaceOpWithNewOp<OpTy>(
        op, op->getResultTypes(),
        ValueRange{contraction->getOperand(0), contraction->getOperand(1),
                   op.getThresholds(), op.getInit()},
        properties);
    fused->setLoc(loc);
    fused->setDiscardableAttrs(attributes);
    return success();
  }
};

/// Whether a reshape leaves the channels, the last dimension, alone: dimensions
/// beside them in their group are 1.
static bool keepsChannels(ArrayRef<int64_t> shape,
                          ArrayRef<ReassociationIndices> groups) {
  ArrayRef<int64_t> sizes = shape.take_back(groups.back().size());
  return llvm::all_of(sizes.drop_back(),
                      [](int64_t size) { return size == 1; });
}

/// A threshold on reshaped accumulators becomes a reshape of the words of a
/// threshold on the accumulators, so that it can join the contraction.
template <typename OpTy>
struct MoveThresholdAboveReshape : OpRewritePattern<bitplane::ThresholdOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(bitplane::ThresholdOp op,
                                PatternRewriter &rewriter) const override {
    auto reshape = op.getInput().getDefiningOp<OpTy>();
    if (!reshape || !reshape->hasOneUse() ||
        !isa_and_nonnull<bitplane::Conv2DOp, bitplane::MatMulOp>(
            reshape.getSrc().getDefiningOp()))
      return rewriter.notifyMatchFailure(op,
                                         "not behind a reshaped contraction");
    constexpr bool isExpand = std::is_same_v<OpTy, tensor::ExpandShapeOp>;
    SmallVector<ReassociationIndices> groups =
        reshape.getReassociationIndices();
    RankedTensorType longer =
        isExpand ? reshape.getResultType() : reshape.getSrcType();
    if (!keepsChannels(longer.getShape(), groups))
      return rewriter.notifyMatchFailure(op, "the reshape mixes channels");
    groups.push_back({longer.getRank()});

    RankedTensorType type =
        wordsType(reshape.getSrcType(), op.getCode().getBits());
    Value init = makeEmpty(rewriter, op.getLoc(), type, reshape.getSrc());
    auto threshold = bitplane::ThresholdOp::create(
        rewriter, op.getLoc(), TypeRange(type), reshape.getSrc(),
        op.getThresholds(), init, op.getCodeAttr(), op.getDecreasingAttr(),
        op.getBaseAttr());
    threshold->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    Value words = threshold.getResult(0);
    auto result = cast<RankedTensorType>(op.getResult(0).getType());
    if constexpr (isExpand) {
      SmallVector<OpFoldResult> sizes = reshape.getMixedOutputShape();
      sizes.pop_back();
      for (int64_t size : result.getShape().take_back(2))
        sizes.push_back(rewriter.getIndexAttr(size));
      rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(op, result, words,
                                                         groups, sizes);
    } else {
      rewriter.replaceOpWithNewOp<tensor::CollapseShapeOp>(op, result, words,
                                                           groups);
    }
    return success();
  }
};

/// Floats that are compared with the same thresholds on every channel and then
/// flattened are flattened first: no bit has to move. (Accumulators stay,
/// because their thresholds join a contraction.)
struct FlattenBeforeThreshold : OpRewritePattern<bitplane::PackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(bitplane::PackOp op,
                                PatternRewriter &rewriter) const override {
    auto collapse = op.getInput().getDefiningOp<tensor::CollapseShapeOp>();
    auto unpack = collapse
                      ? collapse.getSrc().getDefiningOp<bitplane::UnpackOp>()
                      : nullptr;
    auto threshold =
        unpack ? unpack.getInput().getDefiningOp<bitplane::ThresholdOp>()
               : nullptr;
    auto result = cast<RankedTensorType>(op.getInit().getType());
    if (!threshold || !typeOf(threshold.getInput()).getElementType().isF32() ||
        typeOf(threshold.getThresholds()).getDimSize(0) != 1 ||
        result.getShape().back() != threshold.getCode().getBits())
      return rewriter.notifyMatchFailure(op, "not of flattened float codes");
    Value floats = tensor::CollapseShapeOp::create(
        rewriter, collapse.getLoc(), threshold.getInput(),
        collapse.getReassociationIndices());
    auto flattened = rewriter.replaceOpWithNewOp<bitplane::ThresholdOp>(
        op, op->getResultTypes(), floats, threshold.getThresholds(),
        op.getInit(), threshold.getCodeAttr(), threshold.getDecreasingAttr(),
        threshold.getBaseAttr());
    flattened->setDiscardableAttrs(threshold->getDiscardableAttrDictionary());
    return success();
  }
};

/// The same elements in another shape.
static ElementsAttr reshapeElements(ElementsAttr attr, RankedTensorType type) {
  if (auto dense = dyn_cast<DenseElementsAttr>(attr))
    return dense.reshape(type);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  return {};
}

/// A matrix product with a flattened feature map whose channels do not fill
/// whole words: flattening would shift every bit, so the map stays as it is and
/// the product becomes a convolution whose window is the whole map.
struct FlattenedMatMulToConv2D : OpRewritePattern<bitplane::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  /// The words behind `matmul`'s packed and flattened feature map, or null.
  static Value getMapWords(bitplane::MatMulOp matmul) {
    auto pack = matmul.getInput().getDefiningOp<bitplane::PackOp>();
    auto collapse =
        pack ? pack.getInput().getDefiningOp<tensor::CollapseShapeOp>()
             : nullptr;
    if (!collapse || collapse.getSrcType().getRank() != 4 ||
        collapse.getReassociationIndices() !=
            SmallVector<ReassociationIndices>{{0}, {1, 2, 3}})
      return {};
    auto unpack = collapse.getSrc().getDefiningOp<bitplane::UnpackOp>();
    return unpack ? unpack.getInput() : Value();
  }

  LogicalResult matchAndRewrite(bitplane::MatMulOp op,
                                PatternRewriter &rewriter) const override {
    Value words = getMapWords(op);
    if (!words || op.isPacked())
      return rewriter.notifyMatchFailure(op, "not of a flattened feature map");
    RankedTensorType map = typeOf(words);
    int64_t height = map.getDimSize(1), width = map.getDimSize(2);
    int64_t channels = op.getChannels() / (height * width);
    if (channels % bitplane::kWordBits == 0 || height * width == 1)
      return rewriter.notifyMatchFailure(op, "flattening keeps words whole");
    int64_t outputs = op.getOutputChannels();
    ElementsAttr weights = dorefa::getConstant(op.getWeights());
    ElementsAttr filter =
        weights
            ? reshapeElements(weights, RankedTensorType::get(
                                           {outputs, height, width, channels},
                                           rewriter.getI8Type()))
            : ElementsAttr();
    if (!filter || map.getShape().back() != op.getInputCode().getBits())
      return rewriter.notifyMatchFailure(op, "weights are not constant");

    Location loc = op.getLoc();
    RankedTensorType rows = typeOf(op.getInit());
    SmallVector<int64_t> shape = {rows.getDimSize(0), 1, 1};
    llvm::append_range(shape, rows.getShape().drop_front());
    RankedTensorType type = rows.clone(shape);
    Value init = makeEmpty(rewriter, loc, type, words);
    Value constant = arith::ConstantOp::create(
        rewriter, op.getWeights().getLoc(), cast<TypedAttr>(filter));
    auto conv = bitplane::Conv2DOp::create(
        rewriter, loc, TypeRange(type), words, constant, /*correction=*/Value(),
        op.getThresholds(), /*affine=*/Value(), init, channels, outputs,
        op.getInputCode(), op.getWeightsCode(), op.getResultCodeAttr(),
        /*strides=*/ArrayRef<int64_t>{1, 1},
        /*pads=*/ArrayRef<int64_t>{0, 0, 0, 0},
        /*border=*/ArrayRef<int64_t>{0, 0, 0, 0},
        /*dilations=*/ArrayRef<int64_t>{1, 1},
        /*pool=*/ArrayRef<int64_t>{1, 1}, /*groups=*/1, op.getInputOffset(),
        op.getWeightsOffset(), op.getDecreasingAttr(), op.getBase(),
        op.getRangeAttr(), op.getKernelAttr());
    conv->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    SmallVector<ReassociationIndices> groups = {{0, 1, 2}};
    for (int64_t i = 3; i < type.getRank(); ++i)
      groups.push_back({i});
    rewriter.replaceOpWithNewOp<tensor::CollapseShapeOp>(
        op, rows, conv.getResult(0), groups);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

static bool hasCodes(Operation *op) {
  auto isCode = [](Type type) { return bool(getCodeType(type)); };
  return llvm::any_of(op->getOperandTypes(), isCode) ||
         llvm::any_of(op->getResultTypes(), isCode);
}

/// Operations on codes one by one, which stay: between floats and codes, between
/// accumulators and codes by a table, codes and bytes.
static bool staysOnCodes(Operation *op) {
  return isa<dorefa::QuantizeOp, dorefa::QuantizeSignOp,
             dorefa::QuantizeActivationsOp, dorefa::DequantizeOp, dorefa::LookupOp,
             dorefa::WeightedSumOp, dorefa::StorageCastOp>(op);
}

static bool isConverted(Operation *op) {
  return isa<dorefa::ConstantOp, dorefa::Conv2DOp, dorefa::MatMulOp,
             dorefa::ThresholdOp, dorefa::MaxPoolOp, linalg::TransposeOp,
             tensor::CollapseShapeOp, tensor::ExpandShapeOp,
             tensor::ExtractSliceOp, tensor::InsertSliceOp, tensor::ConcatOp,
             tensor::EmptyOp, tensor::DimOp, tensor::CastOp, func::FuncOp,
             func::ReturnOp, func::CallOp>(op);
}

/// Reports operations on codes that have no form on packed bits.
static LogicalResult checkSupported(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) -> WalkResult {
    // The body of a transpose follows the transpose.
    if (!hasCodes(op) || staysOnCodes(op) ||
        isa<linalg::TransposeOp>(op->getParentOp()))
      return WalkResult::advance();
    if (!isConverted(op))
      return op->emitOpError(
          "works on codes but has no form on packed bits; supported on codes "
          "are conv_2d, matmul, threshold, max_pool, constants, reshapes, "
          "slices, concatenations and transposes");
    for (Value value : op->getOperands()) {
      auto type = dyn_cast<ShapedType>(value.getType());
      if (!isa<dorefa::DoReFaDialect>(op->getDialect()) || !type)
        continue;
      if (!type.hasRank() || type.getRank() == 0 ||
          llvm::is_contained(type.getShape().drop_front(),
                             ShapedType::kDynamic) ||
          (type.getRank() == 1 && type.isDynamicDim(0)))
        return op->emitOpError("has an operand of type ")
               << type << " but only the leading dimension may be dynamic";
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

struct ConvertDoReFaToBitPlanePass
    : dorefa::impl::ConvertDoReFaToBitPlanePassBase<
          ConvertDoReFaToBitPlanePass> {
  void runOnOperation() override {
    markCodes();
    if (failed(checkSupported(getOperation())) || failed(convertTypes()) ||
        failed(joinLayers()))
      signalPassFailure();
  }

  /// Notes which arguments and results are codes: their bytes have no sign, which
  /// the type i8 does not say.
  void markCodes() {
    auto isCode = [](Type type) { return isa<CodeType>(getElementTypeOrSelf(type)); };
    UnitAttr unit = UnitAttr::get(&getContext());
    getOperation()->walk([&](func::FuncOp function) {
      for (auto [index, type] : llvm::enumerate(function.getArgumentTypes()))
        if (isCode(type))
          function.setArgAttr(index, "dorefa.unsigned", unit);
      for (auto [index, type] : llvm::enumerate(function.getResultTypes()))
        if (isCode(type))
          function.setResultAttr(index, "dorefa.unsigned", unit);
    });
  }

  LogicalResult convertTypes() {
    CodeTypeConverter converter;
    RewritePatternSet patterns(&getContext());
    patterns.add<ConvertConstant, ConvertConv2D, ConvertMatMul,
                 ConvertThreshold, ConvertMaxPool, ConvertTranspose>(
        converter, &getContext());
    addElementTypePatterns<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
                           tensor::ExtractSliceOp, tensor::InsertSliceOp,
                           tensor::ConcatOp, tensor::EmptyOp, tensor::DimOp,
                           tensor::CastOp>(converter, patterns);
    populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                   converter);
    populateReturnOpTypeConversionPattern(patterns, converter);
    populateCallOpTypeConversionPattern(patterns, converter);

    ConversionTarget target(getContext());
    target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp op) {
      return converter.isSignatureLegal(op.getFunctionType());
    });
    target.markUnknownOpDynamicallyLegal(
        [](Operation *op) { return staysOnCodes(op) || !hasCodes(op); });
    return applyFullConversion(getOperation(), target, std::move(patterns));
  }

  LogicalResult joinLayers() {
    RewritePatternSet patterns(&getContext());
    bitplane::PackOp::getCanonicalizationPatterns(patterns, &getContext());
    patterns.add<FuseThreshold<bitplane::Conv2DOp>,
                 FuseThreshold<bitplane::MatMulOp>,
                 MoveThresholdAboveReshape<tensor::CollapseShapeOp>,
                 MoveThresholdAboveReshape<tensor::ExpandShapeOp>,
                 FlattenBeforeThreshold, FlattenedMatMulToConv2D>(
        &getContext());
    return applyPatternsGreedily(getOperation(), std::move(patterns));
  }
};

} // namespace
