//===- StoreCodes.cpp - Write codes from registers ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The codes of 32 channels of a pixel become words, one per plane, or bytes.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

/// Bits beyond the output channels stay 0 whatever code 0 thresholds give.
void CodeStore::startBlock(Value newBlock) {
  block = newBlock;
  const FilterGeometry &g = c.geometry;
  uint32_t lastBits = bitplane::validBits(g.outputChannels, g.blocks - 1);
  if (~lastBits == 0)
    return;
  Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, block,
                                       b.index(g.blocks - 1));
  validBits =
      arith::SelectOp::create(b, isLast, b.i32(int32_t(lastBits)), b.i32(-1));
}

/// Levels as bytes, whose bits are turned into the words of all planes at once.
void CodeStore::storeBytes(ValueRange position, ArrayRef<VectorCodes> codes) {
  Values parts;
  for (const VectorCodes &vector : codes)
    parts.push_back(arith::TruncIOp::create(b, b.vectorOf(b.getI8Type()),
                                            vector.levels));
  Value words = b.planesOfBytes(b.concatenate(parts), c.resultCode.getBits());
  if (validBits)
    words = arith::AndIOp::create(
        b, words, vector::BroadcastOp::create(b, words.getType(), validBits));
  b.storeVector(words, c.init, position);
}

void CodeStore::storePixel(const Tile &tile, int64_t pixel,
                           ArrayRef<VectorCodes> codes) {
  if (getElementTypeOrSelf(c.init).isInteger(8))
    storeLevels(tile, pixel, codes);
  else
    storeWords(tile, pixel, codes);
}

void CodeStore::storeWords(const Tile &tile, int64_t pixel,
                           ArrayRef<VectorCodes> codes) {
  Value column = b.add(tile.column, pixel);
  if (codes.front().levels && b.transposesBits())
    return storeBytes({tile.image, tile.row, column, block, b.index(0)}, codes);
  SmallVector<Values> masks(c.resultCode.getBits());
  for (const VectorCodes &vector : codes) {
    Values planes = vector.levels
                        ? b.planesOfLevel(c.resultCode, vector.levels)
                        : vector.planes;
    for (auto [plane, mask] : llvm::zip_equal(masks, planes))
      plane.push_back(mask);
  }
  for (auto [plane, parts] : llvm::enumerate(masks)) {
    Value word = b.wordOfMasks(parts);
    if (validBits)
      word = arith::AndIOp::create(b, word, validBits);
    b.store(word, c.init,
            {tile.image, tile.row, column, block, b.index(plane)});
  }
}

/// Levels counted from the smallest integer of the code.
Value CodeStore::levelsOf(const VectorCodes &codes) {
  int64_t smallest = smallestSum(c.resultCode);
  if (codes.levels)
    return smallest == 0 ? codes.levels : b.sub(codes.levels, b.splat(smallest));
  Value levels;
  for (auto [plane, mask] : llvm::enumerate(codes.planes)) {
    PlaneTerm term = planeTerm(c.resultCode, plane);
    int64_t weight = int64_t(1) << term.exponent;
    Value ofSet = b.splat(term.negative ? 0 : weight);
    Value ofCleared = b.splat(term.negative ? weight : 0);
    Value part = arith::SelectOp::create(b, mask, ofSet, ofCleared);
    levels = levels ? b.add(levels, part) : part;
  }
  return levels;
}

void CodeStore::storeLevels(const Tile &tile, int64_t pixel,
                            ArrayRef<VectorCodes> codes) {
  int64_t outputs = c.geometry.outputChannels;
  int64_t width = cast<MemRefType>(c.init.getType()).getShape().back();
  bool isFull = outputs % kWordBits == 0;
  for (auto [v, vector] : llvm::enumerate(codes)) {
    Value lane = b.add(b.mul(block, kWordBits), v * b.lanes());
    Value levels = levelsOf(vector), written;
    if (!isFull) {
      // What lies beyond the channels has code 0 whatever the thresholds are.
      Value valid = b.firstLanes(b.sub(b.index(outputs), lane));
      levels = arith::SelectOp::create(b, valid, levels,
                                       b.splat(-smallestSum(c.resultCode)));
      written = b.firstLanes(b.sub(b.index(width), lane));
    }
    Value bytes =
        arith::TruncIOp::create(b, b.vectorOf(b.getI8Type()), levels);
    b.storeVector(bytes, c.init,
                  {tile.image, tile.row, b.add(tile.column, pixel), lane},
                  written);
  }
}
