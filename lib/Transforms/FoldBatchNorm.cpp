//===- FoldBatchNorm.cpp - Fold batch norm into float layers --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

#include <cmath>

namespace mlir::dorefa {
#define GEN_PASS_DEF_FOLDBATCHNORMPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

/// Whether codes are made of `value`, possibly after further float operations.
bool reachesCodes(Value value) {
  llvm::SetVector<Operation *> reached;
  auto follow = [&](Value from) {
    reached.insert(from.getUsers().begin(), from.getUsers().end());
  };
  follow(value);
  for (size_t i = 0; i < reached.size(); ++i)
    for (Value result : reached[i]->getResults()) {
      if (getCodeType(result.getType()))
        return true;
      follow(result);
    }
  return false;
}

/// What batch norm does to channel c: `x * factor[c] + shift[c]`.
struct Affine {
  std::vector<double> factor;
  std::vector<double> shift;
};

std::optional<Affine> readAffine(BatchNormOp op) {
  std::vector<float> values[4];
  for (unsigned i = 0; i < 4; ++i) {
    ElementsAttr constant = getConstant(op->getOperand(i + 1));
    if (!constant)
      return std::nullopt;
    values[i] = readElements<float>(constant);
    if (values[i].empty())
      return std::nullopt;
  }
  auto &[mean, variance, gamma, beta] = values;
  double epsilon = op.getEpsilon().convertToFloat();
  Affine affine;
  for (size_t c = 0; c < mean.size(); ++c) {
    double factor = gamma[c] / std::sqrt(variance[c] + epsilon);
    if (!std::isfinite(factor))
      return std::nullopt;
    affine.factor.push_back(factor);
    affine.shift.push_back(beta[c] - mean[c] * factor);
  }
  return affine;
}

/// `weights` (outputs outermost) times the factor of their output channel.
Value scaleWeights(OpBuilder &builder, Value weights, const Affine &affine) {
  auto type = cast<RankedTensorType>(weights.getType());
  std::vector<float> values = readElements<float>(getConstant(weights));
  size_t perOutput = values.size() / affine.factor.size();
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(values[i] * affine.factor[i / perOutput]);
  return materialize(builder, weights.getLoc(),
                     makeElements<float>(type, std::move(values), "weights"), type);
}

/// The bias of the folded layer. `bias` may be null.
Value shiftBias(OpBuilder &builder, Location loc, Value bias, const Affine &affine) {
  std::vector<float> old(affine.factor.size(), 0.0f);
  if (bias)
    old = readElements<float>(getConstant(bias));
  std::vector<float> values;
  for (size_t c = 0; c < old.size(); ++c)
    values.push_back(
        static_cast<float>(old[c] * affine.factor[c] + affine.shift[c]));
  auto type = RankedTensorType::get(values.size(), builder.getF32Type());
  return materialize(builder, loc,
                     makeElements<float>(type, std::move(values), "bias"), type);
}

/// Whether `value` is a constant whose elements can be read.
bool isReadable(Value value) {
  ElementsAttr constant = getConstant(value);
  return constant && getRawElements(constant, sizeof(float));
}

/// Folds `norm` into `layer`, whose only user it is.
template <typename LayerOp>
void fold(LayerOp layer, OpOperand &weights, BatchNormOp norm) {
  if (layer.isInteger() || !layer->hasOneUse() || !isReadable(weights.get()) ||
      (layer.getBias() && !isReadable(layer.getBias())) ||
      reachesCodes(norm.getResult()))
    return;
  std::optional<Affine> affine = readAffine(norm);
  if (!affine)
    return;
  OpBuilder builder(layer);
  weights.set(scaleWeights(builder, weights.get(), *affine));
  layer.getBiasMutable().assign(
      shiftBias(builder, norm.getLoc(), layer.getBias(), *affine));
  // The layer now yields the tensor that the source names after the batch norm.
  layer->setLoc(norm.getLoc());
  norm.getResult().replaceAllUsesWith(layer.getResult());
  norm.erase();
}

struct FoldBatchNormPass : impl::FoldBatchNormPassBase<FoldBatchNormPass> {
  void runOnOperation() override {
    getOperation()->walk([](BatchNormOp norm) {
      Operation *layer = norm.getInput().getDefiningOp();
      if (auto conv = dyn_cast_or_null<Conv2DOp>(layer))
        fold(conv, conv.getFilterMutable(), norm);
      else if (auto matmul = dyn_cast_or_null<MatMulOp>(layer))
        fold(matmul, matmul.getWeightsMutable(), norm);
    });
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }
};

} // namespace
} // namespace mlir::dorefa
