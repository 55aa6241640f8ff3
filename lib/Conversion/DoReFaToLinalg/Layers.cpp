//===- Layers.cpp - Float convolutions and matrix products in linalg ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights take the output channel as their innermost dimension, so that output
// channels can lie in vector lanes while every output keeps its own chain of
// multiply-adds.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Target/CPU/CostModel.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Weights and biases
//===----------------------------------------------------------------------===//

/// `values`, `rows` x `columns`, transposed.
static std::vector<float> transpose(const std::vector<float> &values,
                                    int64_t rows, int64_t columns) {
  std::vector<float> result(values.size());
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      result[column * rows + row] = values[row * columns + column];
  return result;
}

/// `weights` (O x ...) with the first dimension moved to the end: at compile
/// time where they are known.
static Value moveFirstDimLast(ImplicitLocOpBuilder &b, Value weights) {
  auto type = cast<RankedTensorType>(weights.getType());
  SmallVector<int64_t> shape(type.getShape().drop_front());
  shape.push_back(type.getDimSize(0));
  RankedTensorType resultType = type.clone(shape);
  if (ElementsAttr constant = getConstant(weights)) {
    int64_t rows = type.getDimSize(0);
    std::vector<float> values = readElements<float>(constant);
    int64_t columns = static_cast<int64_t>(values.size()) / rows;
    ElementsAttr attr =
        makeElements(resultType, transpose(values, rows, columns), "weights");
    return materialize(b, b.getLoc(), attr, resultType);
  }
  auto permutation = llvm::to_vector(llvm::seq<int64_t>(1, type.getRank()));
  permutation.push_back(0);
  Value empty = tensor::EmptyOp::create(b, resultType, ValueRange());
  return linalg::TransposeOp::create(b, weights, empty, permutation)
      ->getResult(0);
}

/// Where the chains of multiply-adds start: the bias of each output channel
/// (the last dimension of `type`), or 0.
static Value createInit(ImplicitLocOpBuilder &b, RankedTensorType type,
                        Value shapeSource, Value bias) {
  if (!bias)
    return createFilled(b, type, shapeSource, b.getF32FloatAttr(0.0f));
  Value empty = createEmpty(b, type, shapeSource);
  auto dimensions = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank() - 1));
  return linalg::BroadcastOp::create(b, bias, empty, dimensions)->getResult(0);
}

/// Puts what the cost model predicted for `layer` on the operation that computes
/// `result`. Returns `result`.
static Value keepPrediction(Operation *layer, Value result) {
  Operation *op = result.getDefiningOp();
  while (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
    op = op->getOperand(0).getDefiningOp();
  if (Attribute predicted = layer->getAttr(kPredictedNanoseconds))
    op->setAttr(kPredictedNanoseconds, predicted);
  return result;
}

namespace {

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

struct Conv2DToLinalg : OpConversionPattern<Conv2DOp> {
  using OpConversionPattern::OpConversionPattern;

  static Value createUngrouped(ImplicitLocOpBuilder &b, Conv2DOp op,
                               Value input, Value filter, Value init) {
    return linalg::Conv2DNhwcHwcfOp::create(
               b, init.getType(), ValueRange{input, filter}, init,
               b.getI64TensorAttr(op.getStrides()),
               b.getI64TensorAttr(op.getDilations()))
        ->getResult(0);
  }

  /// Splits the last dimension of `value` into groups.
  static Value splitChannels(ImplicitLocOpBuilder &b, Value value,
                             int64_t groups) {
    auto type = cast<RankedTensorType>(value.getType());
    int64_t last = type.getRank() - 1;
    SmallVector<int64_t> shape(type.getShape());
    shape.back() /= groups;
    shape.insert(shape.end() - 1, groups);
    SmallVector<ReassociationIndices> dims;
    for (int64_t dim = 0; dim < last; ++dim)
      dims.push_back({dim});
    dims.push_back({last, last + 1});
    return tensor::ExpandShapeOp::create(b, type.clone(shape), value, dims);
  }

  /// One filter per channel: its own operation, so that channels are lanes.
  static Value createDepthwise(ImplicitLocOpBuilder &b, Conv2DOp op,
                               Value input, Value filter, Value init) {
    auto type = cast<RankedTensorType>(filter.getType());
    SmallVector<int64_t> shape{type.getDimSize(0), type.getDimSize(1),
                               type.getDimSize(3)};
    SmallVector<ReassociationIndices> dims{{0}, {1}, {2, 3}};
    Value squeezed =
        tensor::CollapseShapeOp::create(b, type.clone(shape), filter, dims);
    return linalg::DepthwiseConv2DNhwcHwcOp::create(
               b, init.getType(), ValueRange{input, squeezed}, init,
               b.getI64TensorAttr(op.getStrides()),
               b.getI64TensorAttr(op.getDilations()))
        ->getResult(0);
  }

  enum Loop { N, Y, X, KY, KX, C, G, F };

  /// A loop nest that multiplies and adds, output channels innermost; `indices`
  /// are those of input, filter and output.
  static Value createGeneric(ImplicitLocOpBuilder &b, Value input, Value filter,
                             Value init,
                             ArrayRef<SmallVector<AffineExpr, 4>> indices) {
    SmallVector<AffineMap> maps =
        AffineMap::inferFromExprList(indices, b.getContext());
    SmallVector<utils::IteratorType> loops(maps.front().getNumDims(),
                                           utils::IteratorType::parallel);
    loops[KY] = loops[KX] = loops[C] = utils::IteratorType::reduction;
    auto generic = linalg::GenericOp::create(
        b, init.getType(), ValueRange{input, filter}, init, maps, loops,
        [](OpBuilder &builder, Location loc, ValueRange args) {
          Value sum =
              math::FmaOp::create(builder, loc, args[0], args[1], args[2]);
          linalg::YieldOp::create(builder, loc, sum);
        });
    return generic.getResult(0);
  }

  /// Row and column of the input at a tap.
  static std::pair<AffineExpr, AffineExpr> getTap(ImplicitLocOpBuilder &b,
                                                  Conv2DOp op) {
    auto at = [&](Loop pixel, Loop tap, unsigned i) {
      return b.getAffineDimExpr(pixel) * op.getStrides()[i] +
             b.getAffineDimExpr(tap) * op.getDilations()[i];
    };
    return {at(Y, KY, 0), at(X, KX, 1)};
  }

  static Value createGrouped(ImplicitLocOpBuilder &b, Conv2DOp op, Value input,
                             Value filter, Value init) {
    int64_t groups = op.getGroups();
    auto dim = [&](Loop loop) { return b.getAffineDimExpr(loop); };
    auto [y, x] = getTap(b, op);
    Value result = createGeneric(b, splitChannels(b, input, groups),
                                 splitChannels(b, filter, groups),
                                 splitChannels(b, init, groups),
                                 {{dim(N), y, x, dim(G), dim(C)},
                                  {dim(KY), dim(KX), dim(C), dim(G), dim(F)},
                                  {dim(N), dim(Y), dim(X), dim(G), dim(F)}});
    SmallVector<ReassociationIndices> dims{{0}, {1}, {2}, {3, 4}};
    return tensor::CollapseShapeOp::create(b, init.getType(), result, dims);
  }

  /// The NCHW tensor behind `input` where it is read as well as a transposed
  /// copy would be: each row of each channel is a stream of memory.
  static Value getChannelsFirst(Conv2DOp op, Value input) {
    constexpr int64_t kMaxChannels = 4;
    auto transpose = input.getDefiningOp<linalg::TransposeOp>();
    bool isFirst = transpose && op.getInput().hasOneUse() &&
                   op.getGroups() == 1 &&
                   transpose.getPermutation() == ArrayRef<int64_t>{0, 2, 3, 1};
    if (!isFirst || transpose.getInput().getType().getDimSize(1) > kMaxChannels)
      return {};
    return transpose.getInput();
  }

  static Value createChannelsFirst(ImplicitLocOpBuilder &b, Conv2DOp op,
                                   Value input, Value filter, Value init) {
    auto dim = [&](Loop loop) { return b.getAffineDimExpr(loop); };
    auto [y, x] = getTap(b, op);
    AffineExpr filters = dim(G); // The seventh loop; there are no groups.
    return createGeneric(b, input, filter, init,
                         {{dim(N), dim(C), y, x},
                          {dim(KY), dim(KX), dim(C), filters},
                          {dim(N), dim(Y), dim(X), filters}});
  }

  LogicalResult
  matchAndRewrite(Conv2DOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Value init = createInit(b, type, adaptor.getInput(), adaptor.getBias());
    // A zero in place of a skipped tap adds 0 to the chain: nothing changes.
    TypedAttr zero = b.getF32FloatAttr(0.0f);
    Value filter = moveFirstDimLast(b, adaptor.getFilter());
    if (Value channelsFirst = getChannelsFirst(op, adaptor.getInput())) {
      Value input = padFeatureMap(b, channelsFirst, op.getPads(), zero, 2);
      rewriter.replaceOp(op, keepPrediction(
                                 op, createChannelsFirst(b, op, input, filter, init)));
      return success();
    }
    Value input = padFeatureMap(b, adaptor.getInput(), op.getPads(), zero);
    int64_t channels = cast<RankedTensorType>(input.getType()).getDimSize(3);
    bool isDepthwise =
        op.getGroups() == channels && channels == type.getDimSize(3);
    auto create = op.getGroups() == 1 ? createUngrouped
                  : isDepthwise       ? createDepthwise
                                      : createGrouped;
    rewriter.replaceOp(
        op, keepPrediction(op, create(b, op, input, filter, init)));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Matrix product
//===----------------------------------------------------------------------===//

struct MatMulToLinalg : OpConversionPattern<MatMulOp> {
  using OpConversionPattern::OpConversionPattern;

  /// How the dimensions before the last one become rows: none of rank 1.
  static SmallVector<ReassociationIndices> getRows(int64_t rank) {
    SmallVector<ReassociationIndices> dims{{}, {rank - 1}};
    for (int64_t dim = 0; dim < rank - 1; ++dim)
      dims[0].push_back(dim);
    if (rank == 1)
      return {{0, 1}};
    return dims;
  }

  static RankedTensorType getRowType(RankedTensorType type) {
    int64_t rows = 1;
    for (int64_t size : type.getShape().drop_back())
      rows = ShapedType::isDynamic(size) || ShapedType::isDynamic(rows)
                 ? ShapedType::kDynamic
                 : rows * size;
    return type.clone({rows, type.getShape().back()});
  }

  LogicalResult
  matchAndRewrite(MatMulOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getResult().getType());
    int64_t rank = type.getRank();
    RankedTensorType rowType = getRowType(type);
    Value input = adaptor.getInput();
    auto inputType = getRowType(cast<RankedTensorType>(input.getType()));
    if (rank == 1)
      input = tensor::ExpandShapeOp::create(b, inputType, input, getRows(rank));
    else if (rank > 2)
      input =
          tensor::CollapseShapeOp::create(b, inputType, input, getRows(rank));
    Value init = createInit(b, rowType, input, adaptor.getBias());
    Value weights = moveFirstDimLast(b, adaptor.getWeights());
    Value result = linalg::MatmulOp::create(
                       b, rowType, ValueRange{input, weights}, ValueRange{init})
                       ->getResult(0);
    if (rank == 1)
      result = tensor::CollapseShapeOp::create(b, type, result, getRows(rank));
    else if (rank > 2)
      result = expandRows(b, type, result, adaptor.getInput());
    rewriter.replaceOp(op, keepPrediction(op, result));
    return success();
  }

  /// Turns rows back into the leading dimensions, whose sizes are those of
  /// `shapeSource`.
  static Value expandRows(ImplicitLocOpBuilder &b, RankedTensorType type,
                          Value rows, Value shapeSource) {
    SmallVector<OpFoldResult> sizes;
    for (auto [dim, size] : llvm::enumerate(type.getShape())) {
      if (ShapedType::isDynamic(size))
        sizes.push_back(tensor::DimOp::create(b, shapeSource, dim).getResult());
      else
        sizes.push_back(b.getIndexAttr(size));
    }
    return tensor::ExpandShapeOp::create(b, type, rows, getRows(type.getRank()),
                                         sizes);
  }
};

} // namespace

void dorefa::populateLayerPatterns(const TypeConverter &converter,
                                   RewritePatternSet &patterns) {
  patterns.add<Conv2DToLinalg, MatMulToLinalg>(converter,
                                               patterns.getContext());
}
