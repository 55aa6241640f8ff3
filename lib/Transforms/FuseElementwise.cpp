//===- FuseElementwise.cpp - Compute elementwise chains at once -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::dorefa {

#define GEN_PASS_DEF_FUSEELEMENTWISEPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

bool isElementwise(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && generic.getNumReductionLoops() == 0;
}

/// Whether `operand` belongs to a sum or pool that meets each of its elements at
/// most once, such as a pool whose windows do not overlap. Layers are left to their
/// micro-kernels.
bool isReducedOnce(OpOperand &operand) {
  auto generic = dyn_cast<linalg::GenericOp>(operand.getOwner());
  if (!generic || llvm::any_of(*generic.getBody(), [](Operation &inner) {
        return isa<math::FmaOp>(inner);
      }))
    return false;
  auto type = cast<RankedTensorType>(operand.get().getType());
  // A batch that is not known is the same on both sides.
  auto count = [](ArrayRef<int64_t> sizes) {
    int64_t product = 1;
    for (int64_t size : sizes)
      product *= ShapedType::isDynamic(size) ? 1 : size;
    return product;
  };
  return count(generic.getStaticLoopRanges()) <= count(type.getShape());
}

//===----------------------------------------------------------------------===//
// Thresholds
//===----------------------------------------------------------------------===//

/// Threshold `j` of each channel, as an operand of a loop over channels, or of all
/// of them, as a number.
struct ThresholdColumn {
  Value operand;
  TypedAttr number;
};

template <typename T>
ThresholdColumn getColumn(OpBuilder &builder, Location loc, ElementsAttr table,
                          int64_t j) {
  std::vector<T> values = dorefa::readElements<T>(table), column;
  int64_t width = table.getShapedType().getDimSize(1);
  for (size_t i = j; i < values.size(); i += width)
    column.push_back(values[i]);
  Type element = table.getElementType();
  int64_t rows = column.size();
  auto type = RankedTensorType::get({rows}, element);
  if (rows > 1)
    return {dorefa::materialize(
                builder, loc,
                dorefa::makeElements(type, std::move(column), "thresholds"), type),
            {}};
  if constexpr (std::is_same_v<T, float>)
    return {{}, builder.getF32FloatAttr(column.front())};
  else
    return {{}, builder.getI32IntegerAttr(column.front())};
}

/// Codes that follow an elementwise operation are counted where its results are
/// still in registers, and then packed: a byte for each goes through memory
/// instead of 32 bits.
struct CountThresholds : OpRewritePattern<bitplane::ThresholdOp> {
  using OpRewritePattern::OpRewritePattern;

  /// More are found faster by the bisection of `bitplane.threshold`.
  static constexpr int64_t kMostThresholds = 3;

  static bool canCount(bitplane::ThresholdOp op, ElementsAttr table) {
    Operation *producer = op.getInput().getDefiningOp();
    CodeType code = op.getCode();
    std::optional<ArrayRef<bool>> decreasing = op.getDecreasing();
    return table && producer && producer->hasOneUse() && isElementwise(producer) &&
           dorefa::getRawElements(table, 4) &&
           table.getShapedType().getDimSize(1) <= kMostThresholds &&
           code.getEncoding() == Encoding::Unipolar &&
           !(decreasing && llvm::is_contained(*decreasing, true));
  }

  LogicalResult matchAndRewrite(bitplane::ThresholdOp op,
                                PatternRewriter &rewriter) const override {
    ElementsAttr table = dorefa::getConstant(op.getThresholds());
    if (!canCount(op, table))
      return rewriter.notifyMatchFailure(
          op, "not a few rising thresholds behind an elementwise operation");
    SmallVector<ThresholdColumn> columns;
    bool isFloat = table.getElementType().isF32();
    for (int64_t j = 0; j < table.getShapedType().getDimSize(1); ++j)
      columns.push_back(
          isFloat ? getColumn<float>(rewriter, op.getLoc(), table, j)
                  : getColumn<int32_t>(rewriter, op.getLoc(), table, j));
    Value codes = createCount(rewriter, op, columns);
    rewriter.replaceOpWithNewOp<bitplane::PackOp>(op, op->getResultTypes(), codes,
                                                  op.getInit());
    return success();
  }

  static Value createCount(OpBuilder &builder, bitplane::ThresholdOp op,
                           ArrayRef<ThresholdColumn> columns) {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getInput().getType());
    int64_t rank = type.getRank();
    SmallVector<Value> inputs{op.getInput()};
    AffineMap each = builder.getMultiDimIdentityMap(rank);
    AffineMap perChannel =
        AffineMap::get(rank, 0, builder.getAffineDimExpr(rank - 1));
    for (const ThresholdColumn &column : columns)
      if (column.operand)
        inputs.push_back(column.operand);
    SmallVector<AffineMap> maps(inputs.size(), perChannel);
    maps.front() = each;
    maps.push_back(each);
    Value init = tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, op.getInput()),
        builder.getI8Type());
    SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
    auto count = [&](OpBuilder &body, Location loc, ValueRange args) {
      Value level = arith::ConstantOp::create(body, loc,
                                              body.getI32IntegerAttr(op.getBase()));
      ValueRange rows = args.drop_front().drop_back();
      for (const ThresholdColumn &column : columns) {
        Value threshold;
        if (column.operand) {
          threshold = rows.front();
          rows = rows.drop_front();
        } else {
          threshold = arith::ConstantOp::create(body, loc, column.number);
        }
        Value reached = createReaches(body, loc, args.front(), threshold);
        reached = arith::ExtUIOp::create(body, loc, body.getI32Type(), reached);
        level = arith::AddIOp::create(body, loc, level, reached);
      }
      level = arith::TruncIOp::create(body, loc, body.getI8Type(), level);
      linalg::YieldOp::create(body, loc, level);
    };
    return linalg::GenericOp::create(builder, loc, init.getType(), inputs, init,
                                     maps, loops, count)
        .getResult(0);
  }

  /// NaN reaches nothing.
  static Value createReaches(OpBuilder &builder, Location loc, Value value,
                             Value threshold) {
    if (isa<FloatType>(value.getType()))
      return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGE, value,
                                   threshold);
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, value,
                                 threshold);
  }
};

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct FuseElementwise : impl::FuseElementwisePassBase<FuseElementwise> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(
        patterns, [](OpOperand *operand) {
          Operation *producer = operand->get().getDefiningOp();
          return producer && producer->hasOneUse() && isElementwise(producer) &&
                 (isElementwise(operand->getOwner()) || isReducedOnce(*operand));
        });
    patterns.add<CountThresholds>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace mlir::dorefa
