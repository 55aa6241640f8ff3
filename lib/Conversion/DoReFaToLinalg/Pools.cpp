//===- Pools.cpp - Pools in linalg ----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace mlir::dorefa;

/// Combines the elements of each window of `input`, which is padded already,
/// into `init`; channels innermost.
template <typename OpTy>
static Value createWindowLoop(
    ImplicitLocOpBuilder &b, OpTy op, Value input, Value init,
    function_ref<Value(ImplicitLocOpBuilder &, Value, Value)> combine) {
  enum { N, Y, X, KY, KX, C, NumLoops };
  auto dim = [&](unsigned index) { return b.getAffineDimExpr(index); };
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(NumLoops, 0, exprs, b.getContext());
  };
  AffineExpr y = dim(Y) * op.getStrides()[0] + dim(KY) * op.getDilations()[0];
  AffineExpr x = dim(X) * op.getStrides()[1] + dim(KX) * op.getDilations()[1];
  // linalg takes the size of the window from an operand whose elements are
  // unused.
  Value window = tensor::EmptyOp::create(b, op.getKernel(), b.getF32Type());
  SmallVector<AffineMap> maps{map({dim(N), y, x, dim(C)}),
                              map({dim(KY), dim(KX)}),
                              map({dim(N), dim(Y), dim(X), dim(C)})};
  SmallVector<utils::IteratorType> loops(NumLoops,
                                         utils::IteratorType::parallel);
  loops[KY] = loops[KX] = utils::IteratorType::reduction;
  auto generic = linalg::GenericOp::create(
      b, init.getType(), ValueRange{input, window}, init, maps, loops,
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        ImplicitLocOpBuilder body(loc, builder);
        linalg::YieldOp::create(body, combine(body, args[0], args[2]));
      });
  return generic.getResult(0);
}

namespace {

struct MaxPoolToLinalg : OpConversionPattern<MaxPoolOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(MaxPoolOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (getCodeType(op.getInput().getType()))
      return rewriter.notifyMatchFailure(
          op, "pools of codes are lowered by convert-dorefa-to-bitplane");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getResult().getType());
    TypedAttr lowest = b.getI32IntegerAttr(std::numeric_limits<int32_t>::min());
    if (type.getElementType().isF32())
      lowest = b.getF32FloatAttr(-std::numeric_limits<float>::infinity());
    Value input = padFeatureMap(b, adaptor.getInput(), op.getPads(), lowest);
    Value init = createFilled(b, type, adaptor.getInput(), lowest);
    rewriter.replaceOp(
        op, createWindowLoop(b, op, input, init,
                             [](ImplicitLocOpBuilder &b, Value x, Value max) {
                               return createMax(b, x, max);
                             }));
    return success();
  }
};

struct AvgPoolToLinalg : OpConversionPattern<AvgPoolOp> {
  using OpConversionPattern::OpConversionPattern;

  /// For each window along dimension `dim` of the image (0: y, 1: x), the
  /// number of its taps inside the input.
  static SmallVector<int64_t> countTaps(AvgPoolOp op, unsigned dim) {
    int64_t size =
        cast<RankedTensorType>(op.getInput().getType()).getDimSize(1 + dim);
    auto type = cast<RankedTensorType>(op.getResult().getType());
    SmallVector<int64_t> counts(type.getDimSize(1 + dim), 0);
    for (auto [index, count] : llvm::enumerate(counts))
      for (int64_t tap = 0; tap < op.getKernel()[dim]; ++tap) {
        int64_t position = static_cast<int64_t>(index) * op.getStrides()[dim] +
                           tap * op.getDilations()[dim] - op.getPads()[dim];
        count += position >= 0 && position < size;
      }
    return counts;
  }

  /// The number of elements of each window, OH x OW; a number where they are equal.
  static Value createCounts(ImplicitLocOpBuilder &b, AvgPoolOp op) {
    SmallVector<int64_t> rows = countTaps(op, 0), columns = countTaps(op, 1);
    std::vector<float> counts;
    for (int64_t row : rows)
      for (int64_t column : columns)
        counts.push_back(op.getCountIncludePad()
                             ? op.getKernel()[0] * op.getKernel()[1]
                             : row * column);
    SmallVector<int64_t> shape;
    if (llvm::all_equal(counts))
      counts.resize(1);
    else
      shape = {static_cast<int64_t>(rows.size()),
               static_cast<int64_t>(columns.size())};
    auto type = RankedTensorType::get(shape, b.getF32Type());
    ElementsAttr attr = makeElements(type, std::move(counts), "counts");
    return materialize(b, op.getLoc(), attr, type);
  }

  LogicalResult
  matchAndRewrite(AvgPoolOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getResult().getType());
    TypedAttr zero = b.getF32FloatAttr(0.0f);
    // A sum that starts from +0 does not change when a padded 0 is added.
    Value input = padFeatureMap(b, adaptor.getInput(), op.getPads(), zero);
    Value init = createFilled(b, type, adaptor.getInput(), zero);
    Value sum = createWindowLoop(
        b, op, input, init,
        [](ImplicitLocOpBuilder &b, Value x, Value sum) -> Value {
          return arith::AddFOp::create(b, sum, x);
        });
    Value counts = createCounts(b, op);
    AffineMap countMap = AffineMap::get(
        4, 0, {b.getAffineDimExpr(1), b.getAffineDimExpr(2)}, b.getContext());
    if (cast<RankedTensorType>(counts.getType()).getRank() == 0)
      countMap = AffineMap::get(4, 0, b.getContext());
    rewriter.replaceOp(
        op, createElementwise(
                b, type, sum, {sum, counts}, {getIdentityMap(b, 4), countMap},
                [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                  return arith::DivFOp::create(b, args[0], args[1]);
                }));
    return success();
  }
};

} // namespace

void dorefa::populatePoolPatterns(const TypeConverter &converter,
                                  RewritePatternSet &patterns) {
  patterns.add<MaxPoolToLinalg, AvgPoolToLinalg>(converter,
                                                 patterns.getContext());
}
