//===- StoreCodes.cpp - Write codes from registers ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The codes of 32 channels of a pixel become words, one per plane.
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

void CodeStore::storePixel(const Tile &tile, int64_t pixel,
                           ArrayRef<VectorCodes> codes) {
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
            {tile.image, tile.row, b.add(tile.column, pixel), block,
             b.index(plane)});
  }
}
