//===- Epilogue.cpp - From sums of products to the result -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What remains of the exact dot product, a constant per channel and class of
// the border, is added, and the integers are stored or turned into codes in
// registers; StoreCodes.cpp writes these.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

#include "dorefa/Dialect/BitPlane/Buffers.h"
#include "dorefa/Dialect/DoReFa/Constants.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

/// Whether a channel may decrease, which the first row of thresholds says.
static bool decreases(const Contraction &c) {
  ElementsAttr rows =
      c.thresholds ? bitplane::getConstantElements(c.thresholds) : ElementsAttr();
  if (!rows)
    return true;
  std::vector<int32_t> values = readElements<int32_t>(rows);
  ArrayRef<int32_t> signs(values.data(), rows.getShapedType().getDimSize(1));
  return llvm::any_of(signs, [](int32_t sign) { return sign != 0; });
}

Epilogue::Epilogue(KernelBuilder &b, const Contraction &c, bool hasNarrowSums)
    : b(b), c(c), store(b, c), folded(b, c, hasNarrowSums), numThresholds(c.numThresholds()),
      mayDecrease(decreases(c)) {
  rowClasses = b.indexTable("row_classes", c.rowClasses);
  columnClasses = b.indexTable("column_classes", c.columnClasses);
}

void Epilogue::emit(const Tile &tile, const Blocks &blocks, Values sums) {
  if (c.correction)
    addCorrection(tile, blocks, sums);
  if (!c.hasCodes())
    return storeIntegers(tile, blocks, sums);
  int64_t vectors = b.vectorsPerBlock();
  for (int64_t i = 0; i < blocks.count; ++i) {
    SmallVector<Values> pixels;
    for (int64_t pixel = 0; pixel < tile.pixels; ++pixel)
      pixels.emplace_back(ArrayRef<Value>(sums).slice(
          (pixel * blocks.count + i) * vectors, vectors));
    emitCodes(tile, b.add(blocks.first, i), pixels);
  }
}

void Epilogue::emitFolded(const Tile &tile, const Blocks &blocks,
                          ValueRange sums, const WindowSums &windowSums) {
  int64_t lanes = cast<VectorType>(sums[0].getType()).getNumElements();
  int64_t vectors = kWordBits / lanes;
  for (int64_t i = 0; i < blocks.count; ++i) {
    Value block = b.add(blocks.first, i);
    store.startBlock(block);
    for (int64_t pixel = 0; pixel < tile.pixels; ++pixel) {
      folded.startPixel(windowSums.getScalar(pixel));
      SmallVector<VectorCodes> codes;
      for (int64_t v = 0; v < vectors; ++v) {
        Value first = b.add(b.mul(block, kWordBits), v * lanes);
        Value sum = sums[(pixel * blocks.count + i) * vectors + v];
        codes.push_back({planesFromMasks(folded.reachedBy(sum, first)), {}});
      }
      store.storePixel(tile, pixel, codes);
    }
  }
}

/// First output channel of vector `v` from block `block` on.
Value Epilogue::lanesFrom(Value block, int64_t v) {
  return b.add(b.mul(block, kWordBits), v * b.lanes());
}

/// Lanes of vector `v` that are output channels; null where all are.
Value Epilogue::laneMask(Value block, int64_t v) {
  int64_t outputs = c.geometry.outputChannels;
  if (outputs % kWordBits == 0)
    return {};
  return b.firstLanes(b.sub(b.index(outputs), lanesFrom(block, v)));
}

void Epilogue::addCorrection(const Tile &tile, const Blocks &blocks,
                             Values &sums) {
  int64_t numVectors = blocks.count * b.vectorsPerBlock();
  Value row = b.lookUpIndex(rowClasses, tile.row);
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Value column =
        b.lookUpIndex(columnClasses, b.add(tile.column, i / numVectors));
    Value lanes = lanesFrom(blocks.first, i % numVectors);
    sum = b.add(sum, b.loadVector(c.correction, {row, column, lanes}));
  }
}

void Epilogue::storeIntegers(const Tile &tile, const Blocks &blocks,
                             ValueRange sums) {
  int64_t numVectors = blocks.count * b.vectorsPerBlock();
  for (auto [i, sum] : llvm::enumerate(sums)) {
    int64_t v = i % numVectors;
    b.storeVector(sum, c.init,
                  {tile.image, tile.row, b.add(tile.column, i / numVectors),
                   lanesFrom(blocks.first, v)},
                  laneMask(blocks.first, v));
  }
}

Value Epilogue::loadThresholds(Value row, Value block, int64_t v) {
  return b.loadVector(c.thresholds, {row, lanesFrom(block, v)});
}

/// The planes of the code, given for each of the sorted thresholds which lanes
/// reach it. A plane of an integer changes whenever the count passes a multiple
/// of its weight, so it is the parity of those thresholds: all of it happens in
/// mask registers.
Values Epilogue::planesFromMasks(ArrayRef<Value> reached) {
  int64_t n = reached.size();
  int64_t lanes = cast<VectorType>(reached[0].getType()).getNumElements();
  auto mask = [&](bool value) { return b.mask(value, lanes); };
  auto atLeast = [&](int64_t level) -> Value {
    if (level <= c.base || level > c.base + n)
      return mask(level <= c.base);
    return reached[level - c.base - 1];
  };
  if (c.resultCode.getEncoding() == Encoding::Ternary)
    return {atLeast(1), arith::XOrIOp::create(b, atLeast(0), mask(true))};
  Values planes;
  for (unsigned plane = 0; plane < c.resultCode.getBits(); ++plane) {
    bool start = (c.base >> plane) & 1;
    Value bit;
    for (int64_t j = 1; j <= n; ++j) {
      if ((c.base + j) & ((int64_t(1) << plane) - 1))
        continue;
      Value own = reached[j - 1];
      bit = bit ? Value(arith::XOrIOp::create(b, bit, own)) : own;
    }
    if (!bit)
      bit = mask(start);
    else if (start)
      bit = arith::XOrIOp::create(b, bit, mask(true));
    planes.push_back(bit);
  }
  return planes;
}

/// The same for many thresholds: by bisection where the planes are the bits of
/// their number, else by counting.
Values Epilogue::planesFromCount(Value sum, Value block, int64_t v) {
  constexpr int64_t kUnrolledThresholds = 15;
  if (numThresholds <= kUnrolledThresholds &&
      KernelBuilder::isPlainCount(c.resultCode, c.base, numThresholds))
    return b.searchPlanes(c.resultCode, sum, [&](int64_t j) {
      return loadThresholds(b.index(j), block, v);
    });
  auto step = [&](Value row, Value count) -> Value {
    Value reached = b.reaches(sum, loadThresholds(row, block, v));
    return b.add(count, arith::ExtUIOp::create(b, count.getType(), reached));
  };
  Value level = b.splat(c.base);
  if (numThresholds <= kUnrolledThresholds)
    for (int64_t j = 1; j <= numThresholds; ++j)
      level = step(b.index(j), level);
  else
    level = b.loop(b.index(1), b.index(numThresholds + 1), level,
                   [&](Value row, ValueRange args) -> Values {
                     return {step(row, args[0])};
                   })[0];
  return b.planesOfLevel(c.resultCode, level);
}

//===----------------------------------------------------------------------===//
// Affine forms
//===----------------------------------------------------------------------===//

/// The levels, above the base, of the affine form alone.
Value Epilogue::affineLevels(Value sum, Value block, int64_t v) {
  VectorType floats = b.vectorOf(b.getF32Type());
  auto splat = [&](float value) -> Value {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(floats, b.getF32FloatAttr(value)));
  };
  auto load = [&](int64_t row) {
    return b.loadVector(c.affine, {b.index(row), lanesFrom(block, v)});
  };
  Value x = arith::SIToFPOp::create(b, floats, sum);
  Value level = b.multiplyAdd(x, load(0), load(1));
  // Written as processors do it: there is no NaN, and the sign of 0 is lost.
  auto clamp = [&](arith::CmpFPredicate keeps, Value bound) {
    Value inside = arith::CmpFOp::create(b, keeps, level, bound);
    level = arith::SelectOp::create(b, inside, level, bound);
  };
  clamp(arith::CmpFPredicate::OGT, splat(0));
  clamp(arith::CmpFPredicate::OLT, splat(numThresholds));
  return arith::FPToSIOp::create(b, sum.getType(), level);
}

/// `levels` less 1 where `sum` does not reach their threshold; level 0 stays.
Value Epilogue::lowerLevels(Value sum, Value levels, Value block, int64_t v) {
  Value misses = arith::CmpIOp::create(b, arith::CmpIPredicate::slt,
                                       orient(sum, block, v),
                                       gatherThresholds(levels, block, v));
  levels = b.add(levels, arith::ExtSIOp::create(b, levels.getType(), misses));
  return arith::MaxSIOp::create(b, levels, b.splat(0));
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

/// Of each lane of vector `v`, the threshold in its own row.
Value Epilogue::gatherThresholds(Value rows, Value block, int64_t v) {
  int64_t columns = cast<MemRefType>(c.thresholds.getType()).getDimSize(1);
  auto lanes = llvm::to_vector(llvm::seq<int32_t>(0, b.lanes()));
  auto type = b.vectorOf(b.getI32Type());
  Value lane = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, ArrayRef<int32_t>(lanes)));
  return vector::GatherOp::create(
      b, type, c.thresholds, ValueRange{b.index(0), lanesFrom(block, v)},
      b.add(b.scale(rows, columns), lane), b.mask(true), b.splat(0));
}

/// Whether there are too many thresholds to unroll and they can be bisected.
bool Epilogue::isSearched() const {
  constexpr int64_t kUnrolledThresholds = 15;
  return !c.affine && numThresholds > kUnrolledThresholds &&
         llvm::isPowerOf2_64(numThresholds + 1) &&
         c.resultCode.getEncoding() != Encoding::Ternary;
}

/// The levels of a block, in place of its `sums`: a loop, because the search is
/// long.
SmallVector<Values> Epilogue::searchLevels(Value block, ArrayRef<Values> sums) {
  int64_t numVectors = b.vectorsPerBlock(), pixels = sums.size();
  Value scratch = b.scratch({pixels, kWordBits});
  auto forEach = [&](function_ref<void(int64_t, int64_t)> body) {
    for (int64_t pixel = 0; pixel < pixels; ++pixel)
      for (int64_t v = 0; v < numVectors; ++v)
        body(pixel, v);
  };
  auto lane = [&](int64_t v) { return b.index(v * b.lanes()); };
  forEach([&](int64_t pixel, int64_t v) {
    b.storeVector(sums[pixel][v], scratch, {b.index(pixel), lane(v)});
  });
  for (int64_t v = 0; v < numVectors; ++v) {
    auto loop = scf::ForOp::create(b, b.index(0), b.index(pixels), b.index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value pixel = loop.getInductionVar();
    Value sum = b.loadVector(scratch, {pixel, lane(v)});
    Value levels = levelsBySearch(orient(sum, block, v), block, v);
    b.storeVector(b.add(levels, b.splat(c.base)), scratch, {pixel, lane(v)});
  }
  SmallVector<Values> levels(pixels);
  forEach([&](int64_t pixel, int64_t v) {
    levels[pixel].push_back(b.loadVector(scratch, {b.index(pixel), lane(v)}));
  });
  return levels;
}

/// How many of 2^n - 1 thresholds `sum` reaches, by bisection: from registers
/// while there are few candidates, then from memory.
Value Epilogue::levelsBySearch(Value sum, Value block, int64_t v) {
  constexpr unsigned kBitsInRegisters = 4;
  unsigned bits = llvm::Log2_64(numThresholds + 1);
  unsigned rest = bits - kBitsInRegisters;
  auto code = CodeType::get(b.getContext(), kBitsInRegisters, Encoding::Unipolar);
  Values masks = b.searchPlanes(code, sum, [&](int64_t j) {
    return loadThresholds(b.index(j << rest), block, v);
  });
  Value level = b.splat(0);
  for (auto [plane, mask] : llvm::enumerate(masks))
    level = b.add(level, arith::SelectOp::create(
                             b, mask, b.splat(int64_t(1) << (plane + rest)),
                             b.splat(0)));
  for (unsigned plane = rest; plane-- > 0;) {
    Value next = b.add(level, b.splat(int64_t(1) << plane));
    Value reached = b.reaches(sum, gatherThresholds(next, block, v));
    level = arith::SelectOp::create(b, reached, next, level);
  }
  return level;
}

/// What the thresholds of vector `v` are compared with: decreasing channels
/// compare -sum with -threshold.
Value Epilogue::orient(Value sum, Value block, int64_t v) {
  if (!mayDecrease)
    return sum;
  Value signs = loadThresholds(b.index(0), block, v);
  return b.sub(arith::XOrIOp::create(b, sum, signs), signs);
}

/// The codes of vector `v` of a block. `rows` are its thresholds where there are
/// few of them.
VectorCodes Epilogue::codesOf(Value sum, Value block, int64_t v,
                              ArrayRef<Value> rows) {
  if (c.affine) {
    Value levels = affineLevels(sum, block, v);
    if (c.thresholds)
      levels = lowerLevels(sum, levels, block, v);
    return {{}, c.base ? b.add(levels, b.splat(c.base)) : levels};
  }
  sum = orient(sum, block, v);
  if (rows.empty())
    return {planesFromCount(sum, block, v), {}};
  Values reached;
  for (Value row : rows)
    reached.push_back(b.reaches(sum, row));
  return {planesFromMasks(reached), {}};
}

/// Codes of one block; `sums` are the vectors of each pixel.
void Epilogue::emitCodes(const Tile &tile, Value block, ArrayRef<Values> sums) {
  int64_t numVectors = b.vectorsPerBlock();
  SmallVector<Values> rows(numVectors);
  if (!c.affine && numThresholds <= kMaskedThresholds)
    for (int64_t v = 0; v < numVectors; ++v)
      for (int64_t j = 1; j <= numThresholds; ++j)
        rows[v].push_back(loadThresholds(b.index(j), block, v));
  store.startBlock(block);
  SmallVector<Values> levels;
  if (isSearched())
    levels = searchLevels(block, sums);
  for (int64_t pixel = 0; pixel < tile.pixels; ++pixel) {
    SmallVector<VectorCodes> codes;
    for (int64_t v = 0; v < numVectors; ++v)
      codes.push_back(levels.empty()
                          ? codesOf(sums[pixel][v], block, v, rows[v])
                          : VectorCodes{{}, levels[pixel][v]});
    store.storePixel(tile, pixel, codes);
  }
}
