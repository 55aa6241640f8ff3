//===- Heads.cpp - Softmax and top-k in linalg and scf --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// The chain `combine(element, ... combine(element, start))` over the last
/// dimension of `input`, in index order.
static Value
createChain(ImplicitLocOpBuilder &b, Value input, float start,
            function_ref<Value(ImplicitLocOpBuilder &, Value, Value)> combine) {
  auto type = cast<RankedTensorType>(input.getType());
  int64_t rank = type.getRank();
  RankedTensorType rowType = type.clone(type.getShape().drop_back());
  Value init = createFilled(b, rowType, input, b.getF32FloatAttr(start));
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  loops.back() = utils::IteratorType::reduction;
  SmallVector<AffineMap> maps{
      b.getMultiDimIdentityMap(rank),
      b.getMultiDimIdentityMap(rank).dropResult(rank - 1)};
  auto generic = linalg::GenericOp::create(
      b, rowType, input, init, maps, loops,
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        ImplicitLocOpBuilder body(loc, builder);
        linalg::YieldOp::create(body, combine(body, args[0], args[1]));
      });
  return generic.getResult(0);
}

namespace {

struct SoftmaxToLinalg : OpConversionPattern<SoftmaxOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(SoftmaxOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value input = adaptor.getInput();
    auto type = cast<RankedTensorType>(input.getType());
    int64_t rank = type.getRank();
    if (rank == 0)
      return rewriter.notifyMatchFailure(op, "a scalar has no last dimension");
    AffineMap identity = b.getMultiDimIdentityMap(rank);
    AffineMap row = identity.dropResult(rank - 1);
    Value max = createChain(b, input, -std::numeric_limits<float>::infinity(),
                            [](ImplicitLocOpBuilder &b, Value x, Value max) {
                              return createMax(b, x, max);
                            });
    Value exp = createElementwise(
        b, type, input, {input, max}, {identity, row},
        [](ImplicitLocOpBuilder &b, ValueRange args) {
          return createExp(b, arith::SubFOp::create(b, args[0], args[1]));
        });
    Value sum = createChain(
        b, exp, 0.0f, [](ImplicitLocOpBuilder &b, Value x, Value sum) -> Value {
          return arith::AddFOp::create(b, sum, x);
        });
    rewriter.replaceOp(
        op, createElementwise(
                b, type, input, {exp, sum}, {identity, row},
                [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                  return arith::DivFOp::create(b, args[0], args[1]);
                }));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Top-k
//===----------------------------------------------------------------------===//

/// Finds the j-th best element as the best of those that come after the one
/// found before it: k passes over a row, no memory. k is small.
struct TopKToLoops : OpConversionPattern<TopKOp> {
  using OpConversionPattern::OpConversionPattern;

  /// Whether value `lhs` is better than `rhs`; NaN is worse than any number.
  static Value createBetter(ImplicitLocOpBuilder &b, TopKOp op, Value lhs,
                            Value rhs) {
    auto predicate = op.getSmallest() ? arith::CmpFPredicate::OLT
                                      : arith::CmpFPredicate::OGT;
    Value better = arith::CmpFOp::create(b, predicate, lhs, rhs);
    Value isNumber =
        arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, lhs, lhs);
    Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, rhs, rhs);
    Value onlyNumber = arith::AndIOp::create(b, isNumber, isNaN);
    return arith::OrIOp::create(b, better, onlyNumber);
  }

  /// Whether element (`x`, `i`) comes after (`last`, `lastIndex`); everything
  /// comes after index -1.
  static Value createAfter(ImplicitLocOpBuilder &b, TopKOp op, Value x, Value i,
                           Value last, Value lastIndex, Value none) {
    Value worse = createBetter(b, op, last, x);
    Value notBetter = arith::XOrIOp::create(
        b, createBetter(b, op, x, last),
        arith::ConstantOp::create(b, b.getBoolAttr(true)));
    Value later =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, i, lastIndex);
    Value equalLater = arith::AndIOp::create(b, notBetter, later);
    Value isFirst =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, lastIndex, none);
    Value after = arith::OrIOp::create(b, worse, equalLater);
    return arith::OrIOp::create(b, after, isFirst);
  }

  /// Value and index of the best element of the row at `position` that comes
  /// after
  /// (`last`, `lastIndex`).
  static ValueRange createScan(ImplicitLocOpBuilder &b, TopKOp op, Value input,
                               ValueRange position, Value last,
                               Value lastIndex) {
    int64_t size = cast<RankedTensorType>(input.getType()).getShape().back();
    auto index = [&](int64_t value) {
      return arith::ConstantIndexOp::create(b, value);
    };
    Value none = index(-1);
    auto loop = scf::ForOp::create(
        b, index(0), index(size), index(1), ValueRange{last, none},
        [&](OpBuilder &builder, Location loc, Value i, ValueRange best) {
          ImplicitLocOpBuilder b(loc, builder);
          SmallVector<Value> element(position);
          element.push_back(i);
          Value x = tensor::ExtractOp::create(b, input, element);
          Value isFirst =
              arith::CmpIOp::create(b, arith::CmpIPredicate::eq, best[1], none);
          Value better =
              arith::OrIOp::create(b, isFirst, createBetter(b, op, x, best[0]));
          Value after = createAfter(b, op, x, i, last, lastIndex, none);
          Value take = arith::AndIOp::create(b, better, after);
          Value newBest = arith::SelectOp::create(b, take, x, best[0]);
          Value newIndex = arith::SelectOp::create(b, take, i, best[1]);
          scf::YieldOp::create(b, ValueRange{newBest, newIndex});
        });
    return loop.getResults();
  }

  /// Writes the k best elements of one row; `outputs` are values and indices.
  static scf::ValueVector createRow(ImplicitLocOpBuilder &b, TopKOp op,
                                    Value input, ValueRange position,
                                    ValueRange outputs) {
    int64_t k =
        cast<RankedTensorType>(op.getValues().getType()).getShape().back();
    auto index = [&](int64_t value) {
      return arith::ConstantIndexOp::create(b, value);
    };
    Value start = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
    auto loop = scf::ForOp::create(
        b, index(0), index(k), index(1),
        ValueRange{outputs[0], outputs[1], start, index(-1)},
        [&](OpBuilder &builder, Location loc, Value j, ValueRange state) {
          ImplicitLocOpBuilder b(loc, builder);
          ValueRange best =
              createScan(b, op, input, position, state[2], state[3]);
          SmallVector<Value> element(position);
          element.push_back(j);
          Value bestIndex =
              arith::IndexCastOp::create(b, b.getI64Type(), best[1]);
          Value values =
              tensor::InsertOp::create(b, best[0], state[0], element);
          Value indices =
              tensor::InsertOp::create(b, bestIndex, state[1], element);
          scf::YieldOp::create(b,
                               ValueRange{values, indices, best[0], best[1]});
        });
    return {loop.getResult(0), loop.getResult(1)};
  }

  LogicalResult
  matchAndRewrite(TopKOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value input = adaptor.getInput();
    auto type = cast<RankedTensorType>(op.getValues().getType());
    SmallVector<Value> starts, ends, steps;
    for (int64_t dim = 0; dim < type.getRank() - 1; ++dim) {
      starts.push_back(arith::ConstantIndexOp::create(b, 0));
      ends.push_back(tensor::DimOp::create(b, input, dim));
      steps.push_back(arith::ConstantIndexOp::create(b, 1));
    }
    Value values = createEmpty(b, type, input);
    Value indices = createEmpty(b, type.clone(b.getI64Type()), input);
    scf::LoopNest nest = scf::buildLoopNest(
        b, op.getLoc(), starts, ends, steps, {values, indices},
        [&](OpBuilder &builder, Location loc, ValueRange position,
            ValueRange outputs) {
          ImplicitLocOpBuilder body(loc, builder);
          return createRow(body, op, input, position, outputs);
        });
    rewriter.replaceOp(op, nest.results);
    return success();
  }
};

} // namespace

void dorefa::populateHeadPatterns(const TypeConverter &converter,
                                  RewritePatternSet &patterns) {
  patterns.add<SoftmaxToLinalg, TopKToLoops>(converter, patterns.getContext());
}
