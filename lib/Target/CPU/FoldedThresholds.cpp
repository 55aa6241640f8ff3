//===- FoldedThresholds.cpp - Codes from sums of products alone -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dot * I + sum * S reaches threshold t if I + floor(sum * S / dot) reaches
// ceil((t - r) / dot), r being the remainder of sum * S. One addition is left for
// a vector in place of a product and an addition. Where all of this fits 16 bits,
// a vector has twice the channels too.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

#include "dorefa/Dialect/BitPlane/Buffers.h"
#include "dorefa/Dialect/DoReFa/Constants.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

/// Largest p of a code; none where planes may be negative.
static std::optional<int64_t> largestSum(CodeType code) {
  int64_t sum = 0;
  for (unsigned plane = 0; plane < code.getBits(); ++plane) {
    PlaneTerm term = planeTerm(code, plane);
    if (term.negative)
      return std::nullopt;
    sum += int64_t(1) << term.exponent;
  }
  return sum;
}

/// Whether I, and I plus its part of S, fit 16 bits with a value to spare that
/// no sum reaches.
static bool areSumsNarrow(const Contraction &c) {
  std::optional<int64_t> input = largestSum(c.inputCode);
  std::optional<int64_t> filter = largestSum(c.filterCode);
  if (!input || !filter)
    return false;
  int64_t products =
      c.geometry.channelsPerGroup() * c.kernelHeight() * c.kernelWidth();
  int64_t part = llvm::divideFloorSigned(c.form.sum * products * *input,
                                         c.form.dot);
  int64_t largest = products * *input * *filter + std::max<int64_t>(part, 0);
  return largest < std::numeric_limits<int16_t>::max() &&
         part >= std::numeric_limits<int16_t>::min();
}

/// Whether codes are masks that become words.
static bool canFold(const Contraction &c) {
  bool isPacked = getElementTypeOrSelf(c.init).isInteger(32);
  return isPacked && c.thresholds && !c.affine && !c.correction &&
         c.numThresholds() >= 1 && c.numThresholds() <= kMaskedThresholds &&
         (c.form.dot == 1 || c.form.dot == 2) &&
         (c.form.sum == 0 || c.hasOneGroupPerBlock());
}

FoldedThresholds::FoldedThresholds(KernelBuilder &b, const Contraction &c,
                                   bool hasNarrowSums)
    : b(b), c(c), count(c.numThresholds()) {
  if (!canFold(c))
    return;
  isNarrow = hasNarrowSums && areSumsNarrow(c);
  ElementsAttr rows = bitplane::getConstantElements(c.thresholds);
  if (!rows || (!isNarrow && c.form.dot == 1))
    return;
  std::vector<int32_t> values = readElements<int32_t>(rows);
  int64_t columns = rows.getShapedType().getDimSize(1);
  ArrayRef<int32_t> all(values), signs = all.take_front(columns);
  if (llvm::any_of(signs, [](int32_t sign) { return sign != 0; }))
    return;
  createTable(all.drop_front(columns), columns);
}

/// `dot x n x columns`: the thresholds for each remainder.
void FoldedThresholds::createTable(ArrayRef<int32_t> thresholds,
                                   int64_t columns) {
  Type element = isNarrow ? b.getI16Type() : b.getI32Type();
  SmallVector<Attribute> folded;
  for (int64_t remainder = 0; remainder < c.form.dot; ++remainder)
    for (int64_t threshold : thresholds) {
      int64_t least =
          llvm::divideCeilSigned(threshold - remainder, c.form.dot);
      if (isNarrow)
        least = std::clamp<int64_t>(least, std::numeric_limits<int16_t>::min(),
                                    std::numeric_limits<int16_t>::max());
      folded.push_back(b.getIntegerAttr(element, least));
    }
  auto type = RankedTensorType::get({c.form.dot, count, columns}, element);
  table = b.constant("folded_thresholds", DenseElementsAttr::get(type, folded));
}

void FoldedThresholds::startPixel(Value windowSum) {
  part = {};
  remainder = b.index(0);
  if (!windowSum)
    return;
  Value scaled = b.scale(windowSum, c.form.sum);
  if (c.form.dot == 1) {
    part = scaled;
    return;
  }
  part = arith::ShRSIOp::create(b, scaled, b.i32(1));
  remainder = arith::IndexCastUIOp::create(
      b, b.getIndexType(), arith::AndIOp::create(b, scaled, b.i32(1)));
}

Values FoldedThresholds::reachedBy(Value sum, Value firstChannel) {
  auto type = cast<VectorType>(sum.getType());
  if (part) {
    Value own = part;
    if (isNarrow)
      own = arith::TruncIOp::create(b, type.getElementType(), part);
    sum = b.add(sum, vector::BroadcastOp::create(b, type, own));
  }
  Values reached;
  for (int64_t j = 0; j < count; ++j)
    reached.push_back(b.reaches(
        sum, b.loadVector(table, {remainder, b.index(j), firstChannel}, {},
                          type.getNumElements())));
  return reached;
}
