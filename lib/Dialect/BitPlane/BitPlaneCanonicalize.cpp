//===- BitPlaneCanonicalize.cpp - Keep words packed -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packing what was just unpacked cancels, also across reshapes that keep each
// word in one piece, so that words flow from layer to layer.
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::bitplane;

/// The words that `codes` were unpacked from, null if they were not, or if they
/// have another number of planes than `pack` makes.
static Value getUnpackedWords(Value codes, PackOp pack) {
  auto unpack = codes.getDefiningOp<UnpackOp>();
  if (!unpack || unpack.getLevels() || !pack.getNumResults())
    return {};
  auto from = cast<ShapedType>(unpack.getInput().getType());
  auto to = cast<ShapedType>(pack.getInit().getType());
  if (from.getShape().back() != to.getShape().back())
    return {};
  return unpack.getInput();
}

/// Whether merging the dimensions `sizes` into one, or splitting one into them,
/// moves whole words only: the last one fills its words, or the others are 1.
static bool keepsWords(ArrayRef<int64_t> sizes) {
  return sizes.back() % kWordBits == 0 ||
         llvm::all_of(sizes.drop_back(),
                      [](int64_t size) { return size == 1; });
}

/// `groups` of a reshape of codes, with the dimension of the planes behind it.
static SmallVector<ReassociationIndices>
withPlanes(ArrayRef<ReassociationIndices> groups) {
  SmallVector<ReassociationIndices> result(groups);
  result.push_back({groups.back().back() + 1});
  return result;
}

namespace {

/// pack(unpack(words)) is words.
struct CancelPackOfUnpack : OpRewritePattern<PackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PackOp pack,
                                PatternRewriter &rewriter) const override {
    Value words = getUnpackedWords(pack.getInput(), pack);
    if (!words || words.getType() != pack.getInit().getType())
      return rewriter.notifyMatchFailure(pack, "not the words of an unpack");
    rewriter.replaceOp(pack, words);
    return success();
  }
};

/// pack(collapse_shape(unpack(words))) is collapse_shape(words).
struct PackOfCollapsedUnpack : OpRewritePattern<PackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PackOp pack,
                                PatternRewriter &rewriter) const override {
    auto collapse = pack.getInput().getDefiningOp<tensor::CollapseShapeOp>();
    Value words =
        collapse ? getUnpackedWords(collapse.getSrc(), pack) : Value();
    if (!words)
      return rewriter.notifyMatchFailure(pack, "not a collapsed unpack");
    SmallVector<ReassociationIndices> groups =
        collapse.getReassociationIndices();
    if (!keepsWords(
            collapse.getSrcType().getShape().take_back(groups.back().size())))
      return rewriter.notifyMatchFailure(pack, "cuts words into pieces");
    rewriter.replaceOpWithNewOp<tensor::CollapseShapeOp>(
        pack, cast<RankedTensorType>(pack.getInit().getType()), words,
        withPlanes(groups));
    return success();
  }
};

/// pack(expand_shape(unpack(words))) is expand_shape(words).
struct PackOfExpandedUnpack : OpRewritePattern<PackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PackOp pack,
                                PatternRewriter &rewriter) const override {
    auto expand = pack.getInput().getDefiningOp<tensor::ExpandShapeOp>();
    Value words = expand ? getUnpackedWords(expand.getSrc(), pack) : Value();
    if (!words)
      return rewriter.notifyMatchFailure(pack, "not an expanded unpack");
    SmallVector<ReassociationIndices> groups = expand.getReassociationIndices();
    if (!keepsWords(
            expand.getResultType().getShape().take_back(groups.back().size())))
      return rewriter.notifyMatchFailure(pack, "cuts words into pieces");
    auto type = cast<RankedTensorType>(pack.getInit().getType());
    SmallVector<OpFoldResult> sizes = expand.getMixedOutputShape();
    sizes.pop_back();
    for (int64_t size : type.getShape().take_back(2))
      sizes.push_back(rewriter.getIndexAttr(size));
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(
        pack, type, words, withPlanes(groups), sizes);
    return success();
  }
};

/// Levels of words that nobody else reads: the contraction that makes the words
/// makes the levels.
template <typename OpTy>
struct UnpackOfContraction : OpRewritePattern<UnpackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UnpackOp unpack,
                                PatternRewriter &rewriter) const override {
    auto op = unpack.getInput().getDefiningOp<OpTy>();
    if (!op || !op->hasOneUse() || !op.isPacked() ||
        unpack.getLevels() != op.getResultCode() ||
        cast<ShapedType>(unpack.getInit().getType()).getShape().back() <
            static_cast<int64_t>(op.getOutputChannels()))
      return rewriter.notifyMatchFailure(unpack,
                                         "not the levels of a contraction");
    // The destination of the unpack may stand behind the contraction.
    rewriter.setInsertionPoint(unpack);
    auto fused = cast<OpTy>(rewriter.clone(*op));
    rewriter.modifyOpInPlace(fused, [&] {
      fused.getInitMutable().assign(unpack.getInit());
      fused->getResult(0).setType(unpack->getResult(0).getType());
    });
    rewriter.replaceOp(unpack, fused);
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void UnpackOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<UnpackOfContraction<Conv2DOp>, UnpackOfContraction<MatMulOp>>(
      context);
}

void PackOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<CancelPackOfUnpack, PackOfCollapsedUnpack, PackOfExpandedUnpack>(
      context);
}
