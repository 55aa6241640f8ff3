//===- DoReFaToLinalg.cpp - Lower what stays float to linalg --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "dorefa/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_CONVERTDOREFATOLINALGPASS
#include "dorefa/Conversion/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Building blocks
//===----------------------------------------------------------------------===//

Value dorefa::createEmpty(ImplicitLocOpBuilder &b, RankedTensorType type,
                          Value shapeSource) {
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(tensor::DimOp::create(b, shapeSource, dim));
  return tensor::EmptyOp::create(b, type, sizes);
}

Value dorefa::createFilled(ImplicitLocOpBuilder &b, RankedTensorType type,
                           Value shapeSource, TypedAttr value) {
  Value scalar = arith::ConstantOp::create(b, value);
  Value empty = createEmpty(b, type, shapeSource);
  return linalg::FillOp::create(b, scalar, empty).getResult(0);
}

Value dorefa::createElementwise(ImplicitLocOpBuilder &b, RankedTensorType type,
                                Value shapeSource, ValueRange inputs,
                                ArrayRef<AffineMap> maps, ElementFn element) {
  int64_t rank = type.getRank();
  SmallVector<AffineMap> allMaps(maps);
  allMaps.push_back(b.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  Value empty = createEmpty(b, type, shapeSource);
  auto generic = linalg::GenericOp::create(
      b, type, inputs, empty, allMaps, loops,
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        ImplicitLocOpBuilder body(loc, builder);
        linalg::YieldOp::create(body, element(body, args.drop_back()));
      });
  return generic.getResult(0);
}

AffineMap dorefa::getIdentityMap(ImplicitLocOpBuilder &b, int64_t rank) {
  return b.getMultiDimIdentityMap(rank);
}

AffineMap dorefa::getParameterMap(ImplicitLocOpBuilder &b, int64_t rank,
                                  Value parameter, int64_t axis) {
  if (cast<RankedTensorType>(parameter.getType()).getRank() == 0)
    return AffineMap::get(rank, 0, b.getContext());
  return AffineMap::get(rank, 0, b.getAffineDimExpr(axis));
}

Value dorefa::createMax(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  Value greater =
      isa<FloatType>(lhs.getType())
          ? arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, lhs, rhs)
                .getResult()
          : arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, lhs, rhs)
                .getResult();
  return arith::SelectOp::create(b, greater, lhs, rhs);
}

Value dorefa::createExp(ImplicitLocOpBuilder &b, Value x) {
  Value wide = arith::ExtFOp::create(b, b.getF64Type(), x);
  return arith::TruncFOp::create(b, b.getF32Type(),
                                 math::ExpOp::create(b, wide));
}

//===----------------------------------------------------------------------===//
// Codes in memory
//===----------------------------------------------------------------------===//

namespace {

/// A code is a byte already: nothing remains of the cast.
struct StorageCastToNothing : OpConversionPattern<StorageCastOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(StorageCastOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, adaptor.getInput());
    return success();
  }
};

struct ConstantToBytes : OpConversionPattern<ConstantOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ConstantOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(
        op, cast<TypedAttr>(op.getValue()));
    return success();
  }
};

/// Only the backward pass tells the two operands apart.
struct StraightThroughToValue : OpConversionPattern<StraightThroughOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(StraightThroughOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, adaptor.getValue());
    return success();
  }
};

/// Codes are bytes from here on.
struct CodeTypeConverter : TypeConverter {
  CodeTypeConverter() {
    addConversion([](Type type) { return type; });
    addConversion([](RankedTensorType type) -> Type {
      if (!isa<CodeType>(type.getElementType()))
        return type;
      return type.clone(IntegerType::get(type.getContext(), 8));
    });
    auto cast = [](OpBuilder &builder, Type type, ValueRange inputs,
                   Location loc) -> Value {
      return StorageCastOp::create(builder, loc, type, inputs.front());
    };
    addSourceMaterialization(cast);
    addTargetMaterialization(cast);
  }
};

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Reports every op that has no meaning at inference or should be gone by now.
LogicalResult refuseTrainingOps(Operation *root) {
  bool failed = false;
  root->walk([&](Operation *op) {
    if (isa<QuantizeWeightsOp, QuantizeTernaryOp, QuantizeGradientsOp>(op)) {
      op->emitOpError(
          "is not supported at inference: its operand must be known "
          "at compile time");
      failed = true;
    } else if (auto conv = dyn_cast<Conv2DOp>(op); conv && conv.isInteger()) {
      op->emitOpError(
          "on codes must be lowered by convert-dorefa-to-bitplane first");
      failed = true;
    } else if (auto matmul = dyn_cast<MatMulOp>(op);
               matmul && matmul.isInteger()) {
      op->emitOpError(
          "on codes must be lowered by convert-dorefa-to-bitplane first");
      failed = true;
    } else if (isa<ThresholdOp>(op)) {
      op->emitOpError("must be lowered by convert-dorefa-to-bitplane first");
      failed = true;
    }
  });
  return failure(failed);
}

/// One channel of many is flattened without moving its elements, which then lie
/// far apart. Kernels work on elements side by side, so it is copied first.
void copySlicedChannels(Operation *root) {
  root->walk([](tensor::CollapseShapeOp op) {
    auto slice = op.getSrc().getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice || slice.getType().getRank() == 0 ||
        slice.getType().getShape().back() != 1 ||
        slice.getSourceType().getShape().back() == 1)
      return;
    ImplicitLocOpBuilder b(op.getLoc(), op);
    Value init =
        tensor::EmptyOp::create(b, tensor::getMixedSizes(b, b.getLoc(), slice),
                                slice.getType().getElementType());
    op.getSrcMutable().assign(
        linalg::CopyOp::create(b, slice.getResult(), init).getResult(0));
  });
}

struct ConvertDoReFaToLinalg
    : dorefa::impl::ConvertDoReFaToLinalgPassBase<ConvertDoReFaToLinalg> {
  void runOnOperation() override {
    if (failed(refuseTrainingOps(getOperation())))
      return signalPassFailure();
    CodeTypeConverter converter;
    RewritePatternSet patterns(&getContext());
    patterns.add<StorageCastToNothing, ConstantToBytes, StraightThroughToValue>(
        converter, &getContext());
    populateElementwisePatterns(converter, patterns);
    populateHeadPatterns(converter, patterns);
    populateLayerPatterns(converter, patterns);
    populatePoolPatterns(converter, patterns);
    ConversionTarget target(getContext());
    target.addIllegalDialect<DoReFaDialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      return signalPassFailure();
    copySlicedChannels(getOperation());
  }
};

} // namespace
