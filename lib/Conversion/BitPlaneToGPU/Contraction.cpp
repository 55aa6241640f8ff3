//===- Contraction.cpp - What GPU kernels of contractions share -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

static int64_t sizeOf(Value buffer, unsigned dim) {
  return cast<MemRefType>(buffer.getType()).getDimSize(dim);
}

GPUContraction::GPUContraction(bitplane::Conv2DOp op)
    : input(op.getInput()), filter(op.getFilter()),
      correction(op.getCorrection()), thresholds(op.getThresholds()),
      affine(op.getAffine()), init(op.getInit()), inputCode(op.getInputCode()),
      filterCode(op.getFilterCode()),
      resultCode(op.getResultCode().value_or(CodeType())), form(getDotForm(op)),
      geometry(op.getChannels(), op.getOutputChannels(), op.getGroups()),
      base(op.getBase()), window(op.getKernelSize()) {
  llvm::copy(op.getStrides(), strides.begin());
  llvm::copy(op.getDilations(), dilations.begin());
  llvm::copy(op.getPads(), pads.begin());
  llvm::copy(op.getPool(), pool.begin());
  rowClasses = getRowClasses(op).classOf;
  columnClasses = getColumnClasses(op).classOf;
}

GPUContraction::GPUContraction(bitplane::MatMulOp op)
    : input(op.getInput()), filter(op.getWeights()),
      correction(op.getCorrection()), thresholds(op.getThresholds()),
      affine(op.getAffine()), init(op.getInit()), inputCode(op.getInputCode()),
      filterCode(op.getWeightsCode()),
      resultCode(op.getResultCode().value_or(CodeType())), form(getDotForm(op)),
      geometry(op.getChannels(), op.getOutputChannels()), base(op.getBase()),
      isMatMul(true) {}

int64_t GPUContraction::numThresholds() const {
  if (thresholds)
    return sizeOf(thresholds, 0) - 1;
  return affine ? largestLevel(resultCode) - base : 0;
}

Pixel dorefa::poolPixel(GPUBuilder &b, const GPUContraction &c, const Pixel &result,
                        Value number) {
  if (c.poolSize() == 1)
    return result;
  return {result.image, b.add(b.mul(result.row, c.pool[0]), b.div(number, c.pool[1])),
          b.add(b.mul(result.column, c.pool[1]), b.rem(number, c.pool[1]))};
}

Value dorefa::windowStart(GPUBuilder &b, const GPUContraction &c, const Pixel &pixel,
                          unsigned dim) {
  Value position = b.mul(dim == 0 ? pixel.row : pixel.column, c.strides[dim]);
  return c.pads[dim] == 0 ? position : b.add(position, -c.pads[dim]);
}

Value dorefa::isInside(GPUBuilder &b, const GPUContraction &c, Value y, Value x) {
  Value isRow = b.compare(arith::CmpIPredicate::ult, y, b.index(sizeOf(c.input, 1)));
  Value isColumn = b.compare(arith::CmpIPredicate::ult, x, b.index(sizeOf(c.input, 2)));
  return b.bitAnd(isRow, isColumn);
}

//===----------------------------------------------------------------------===//
// Epilogue
//===----------------------------------------------------------------------===//

static Value makeIndexTable(GPUBuilder &b, StringRef name, ArrayRef<int64_t> values) {
  if (llvm::all_of(values, [](int64_t value) { return value == 0; }))
    return {};
  return b.constantTable(name, {static_cast<int64_t>(values.size())},
                         std::vector<int32_t>(values.begin(), values.end()));
}

GPUEpilogue::GPUEpilogue(GPUBuilder &b, const GPUContraction &c)
    : b(b), c(c) {
  if (!c.correction)
    return;
  rowTable = makeIndexTable(b, "row_classes", c.rowClasses);
  columnTable = makeIndexTable(b, "column_classes", c.columnClasses);
}

Values GPUEpilogue::indicesOf(const Pixel &pixel, Value last) {
  if (c.isMatMul)
    return {pixel.image, last};
  return {pixel.image, pixel.row, pixel.column, last};
}

/// `count` elements of a row of `table`, 1 or 8.
Values GPUEpilogue::loadRow(Value table, ArrayRef<Value> leading, Value channel,
                            size_t count) {
  Values at(leading);
  at.push_back(channel);
  if (count == 1)
    return {b.load(table, at)};
  auto type = cast<MemRefType>(table.getType());
  Value place = b.index(0);
  for (auto [dim, index] : llvm::enumerate(at))
    place = b.add(b.mul(place, type.getDimSize(dim)), index);
  Value pointer = b.advance(b.pointerTo(table), b.mul(place, 4));
  Values row;
  for (size_t i = 0; i < count; i += 4)
    row.append(b.loadWords(b.advance(pointer, b.index(4 * i)), 4, type.getElementType()));
  return row;
}

Values GPUEpilogue::correct(const Pixel &pixel, Value channel, ArrayRef<Value> sums) {
  if (!c.correction)
    return Values(sums);
  auto look = [&](Value table, Value position) {
    return table ? b.toIndex(b.load(table, position)) : b.index(0);
  };
  Values leading;
  if (!c.isMatMul)
    leading = {look(rowTable, pixel.row), look(columnTable, pixel.column)};
  Values corrected;
  for (auto [sum, correction] : llvm::zip_equal(
           sums, loadRow(c.correction, leading, channel, sums.size())))
    corrected.push_back(b.add(sum, correction));
  return corrected;
}

/// Whether the codes of `count` channels fall where their sums rise.
Values GPUEpilogue::falls(Value channel, size_t count) {
  Values result;
  if (c.thresholds)
    for (Value sign : loadRow(c.thresholds, {b.index(0)}, channel, count))
      result.push_back(b.compare(arith::CmpIPredicate::slt, sign, b.i32(0)));
  else
    for (Value slope : loadRow(c.affine, {b.index(0)}, channel, count))
      result.push_back(arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, slope, b.f32(0)));
  return result;
}

/// The exact sums with the largest codes of a window: codes are monotone in their sums.
Values GPUEpilogue::poolSums(const Pixel &pixel, Value channel, ArrayRef<Values> sums) {
  Values least, most;
  for (auto [number, ofPixel] : llvm::enumerate(sums)) {
    Pixel at = poolPixel(b, c, pixel, b.index(static_cast<int64_t>(number)));
    Values exact = correct(at, channel, ofPixel);
    if (number == 0) {
      least = most = exact;
      continue;
    }
    for (auto [low, high, sum] : llvm::zip_equal(least, most, exact)) {
      low = arith::MinSIOp::create(b, low, sum);
      high = arith::MaxSIOp::create(b, high, sum);
    }
  }
  if (sums.size() == 1)
    return most;
  for (auto [high, low, isFalling] :
       llvm::zip_equal(most, least, falls(channel, most.size())))
    high = b.select(isFalling, low, high);
  return most;
}

/// What thresholds are compared with: decreasing channels compare -sum with
/// -threshold.
Values GPUEpilogue::orient(ArrayRef<Value> sums, Value channel) {
  Values oriented;
  for (auto [sum, sign] : llvm::zip_equal(
           sums, loadRow(c.thresholds, {b.index(0)}, channel, sums.size())))
    oriented.push_back(b.sub(b.bitXor(sum, sign), sign));
  return oriented;
}

/// How many thresholds sums reach.
Values GPUEpilogue::levelsByCounting(ArrayRef<Value> sums, Value channel) {
  Values levels(sums.size(), b.i32(0));
  for (int64_t row = 1; row <= c.numThresholds(); ++row) {
    Values thresholds = loadRow(c.thresholds, {b.index(row)}, channel, sums.size());
    for (auto [level, sum, threshold] : llvm::zip_equal(levels, sums, thresholds))
      level = b.add(level, b.count(b.compare(arith::CmpIPredicate::sge, sum, threshold)));
  }
  return levels;
}

/// The same for many thresholds, which are sorted.
Value GPUEpilogue::levelByBisection(Value sum, Value channel) {
  int64_t n = c.numThresholds();
  Value level = b.i32(0);
  for (int64_t step = llvm::bit_floor(static_cast<uint64_t>(n)); step > 0; step /= 2) {
    Value next = b.add(level, step);
    Value row = arith::MinUIOp::create(b, next, b.i32(n));
    Value exists = b.compare(arith::CmpIPredicate::ule, next, b.i32(n));
    Value threshold = b.load(c.thresholds, {b.toIndex(row), channel});
    Value reached =
        b.bitAnd(exists, b.compare(arith::CmpIPredicate::sge, sum, threshold));
    level = b.select(reached, next, level);
  }
  return level;
}

Values GPUEpilogue::levelsByAffineForm(ArrayRef<Value> sums, Value channel) {
  Values slopes = loadRow(c.affine, {b.index(0)}, channel, sums.size());
  Values offsets = loadRow(c.affine, {b.index(1)}, channel, sums.size());
  Values oriented = c.thresholds ? orient(sums, channel) : Values();
  Values levels;
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Value x = arith::SIToFPOp::create(b, b.getF32Type(), sum);
    Value value = arith::AddFOp::create(b, arith::MulFOp::create(b, x, slopes[i]), offsets[i]);
    // There is no NaN, and the sign of 0 is lost.
    auto clamp = [&](arith::CmpFPredicate keeps, Value bound) {
      Value inside = arith::CmpFOp::create(b, keeps, value, bound);
      value = b.select(inside, value, bound);
    };
    clamp(arith::CmpFPredicate::OGT, b.f32(0));
    clamp(arith::CmpFPredicate::OLT, b.f32(c.numThresholds()));
    Value level = arith::FPToSIOp::create(b, b.getI32Type(), value);
    if (c.thresholds) {
      // One less where the sum does not reach the threshold of the level.
      Value threshold =
          b.load(c.thresholds, {b.toIndex(level), b.add(channel, static_cast<int64_t>(i))});
      Value misses = b.compare(arith::CmpIPredicate::slt, oriented[i], threshold);
      Value lowered = b.sub(level, b.count(misses));
      level = arith::MaxSIOp::create(b, lowered, b.i32(0));
    }
    levels.push_back(level);
  }
  return levels;
}

Values GPUEpilogue::levelsOf(ArrayRef<Value> sums, Value channel) {
  // Few thresholds are counted.
  constexpr int64_t kCounted = 7;
  Values levels;
  if (c.affine) {
    levels = levelsByAffineForm(sums, channel);
  } else if (Values oriented = orient(sums, channel); c.numThresholds() <= kCounted) {
    levels = levelsByCounting(oriented, channel);
  } else {
    for (auto [i, sum] : llvm::enumerate(oriented))
      levels.push_back(levelByBisection(sum, b.add(channel, static_cast<int64_t>(i))));
  }
  for (Value &level : levels)
    level = b.add(level, c.base);
  return levels;
}

Value GPUEpilogue::isOutput(Value channel) {
  return b.compare(arith::CmpIPredicate::ult, channel,
                   b.index(c.geometry.outputChannels));
}

//===----------------------------------------------------------------------===//
// Results of a lane
//===----------------------------------------------------------------------===//

void GPUEpilogue::emit(const Pixel &pixel, Value block, Value lane, ArrayRef<Value> sums) {
  Value channel = b.add(b.mul(block, kWordBits), lane);
  SmallVector<Values> ofPixels;
  for (Value sum : sums)
    ofPixels.push_back({sum});
  Value sum = poolSums(pixel, channel, ofPixels).front();
  if (!c.hasCodes()) {
    b.when(isOutput(channel), [&] { b.store(sum, c.init, indicesOf(pixel, channel)); });
    return;
  }
  Value level = levelsOf(sum, channel).front();
  if (c.givesBytes()) {
    int64_t zeroLevel = -smallestSum(c.resultCode);
    level = b.select(isOutput(channel), b.add(level, zeroLevel), b.i32(zeroLevel));
    int64_t limit = sizeOf(c.init, c.isMatMul ? 1 : 3);
    b.when(b.compare(arith::CmpIPredicate::ult, channel, b.index(limit)), [&] {
      b.store(arith::TruncIOp::create(b, b.getI8Type(), level), c.init,
              indicesOf(pixel, channel));
    });
    return;
  }
  Values planes = planesOfLevel(b, c.resultCode, level);
  // Bits beyond the channels are 0 whatever the base is.
  if (c.geometry.outputChannels % kWordBits != 0)
    for (Value &plane : planes)
      plane = b.bitAnd(plane, isOutput(channel));
  storePlanes(b, planes, lane, c.init, indicesOf(pixel, block));
}

/// Where an element of the destination lies.
Value GPUEpilogue::byteOffsetOf(ArrayRef<Value> indices) {
  auto type = cast<MemRefType>(c.init.getType());
  auto [strides, offset] = type.getStridesAndOffset();
  Value place = b.index(offset);
  for (auto [index, stride] : llvm::zip_equal(indices, strides))
    place = b.add(place, b.mul(index, stride));
  return b.mul(place, type.getElementTypeBitWidth() / 8);
}

/// Stores words, each of `channelsPerWord` channels from `channel` on, of which those
/// below `limit` exist: as wide as every pixel is aligned.
void GPUEpilogue::storeChannels(const Pixel &pixel, Value channel, ArrayRef<Value> words,
                                int64_t limit, int64_t channelsPerWord) {
  auto [strides, offset] = cast<MemRefType>(c.init.getType()).getStridesAndOffset();
  int64_t common = std::gcd(limit, offset);
  for (int64_t stride : ArrayRef(strides).drop_back())
    common = std::gcd(common, stride);
  auto width = static_cast<int64_t>(words.size());
  for (width = std::min<int64_t>(width, 4); common % (width * channelsPerWord) != 0;)
    width /= 2;
  Value pointer = b.advance(b.pointerTo(c.init), byteOffsetOf(indicesOf(pixel, channel)));
  for (int64_t i = 0; i < static_cast<int64_t>(words.size()); i += width) {
    Value first = b.add(channel, i * channelsPerWord);
    Value exists = b.compare(arith::CmpIPredicate::ult, first, b.index(limit));
    b.when(exists, [&] {
      b.storeWords(words.slice(i, width), b.advance(pointer, b.index(4 * i)));
    });
  }
}

void GPUEpilogue::storeLevels(const Pixel &pixel, Value channel, ArrayRef<Value> levels) {
  auto type = cast<MemRefType>(c.init.getType());
  int64_t limit = type.getShape().back();
  auto [strides, offset] = type.getStridesAndOffset();
  bool areWords = limit % 4 == 0 && offset % 4 == 0 &&
                  llvm::all_of(ArrayRef(strides).drop_back(),
                               [](int64_t stride) { return stride % 4 == 0; });
  if (!areWords) {
    for (auto [i, level] : llvm::enumerate(levels)) {
      Value number = b.add(channel, static_cast<int64_t>(i));
      Value exists = b.compare(arith::CmpIPredicate::ult, number, b.index(limit));
      b.when(exists, [&, level = level] {
        b.store(arith::TruncIOp::create(b, b.getI8Type(), level), c.init,
                indicesOf(pixel, number));
      });
    }
    return;
  }
  Values words(2, b.i32(0));
  for (auto [i, level] : llvm::enumerate(levels))
    words[i / 4] = b.bitOr(
        words[i / 4],
        arith::ShLIOp::create(b, level, b.i32(8 * static_cast<int64_t>(i % 4))));
  storeChannels(pixel, channel, words, limit, /*channelsPerWord=*/4);
}

void GPUEpilogue::emitEight(const Pixel &pixel, Value exists, Value block, Value member,
                            ArrayRef<Values> sums) {
  Value channel = b.add(b.mul(block, kWordBits), b.mul(member, 8));
  Values exact = poolSums(pixel, channel, sums);
  if (!c.hasCodes()) {
    b.when(exists, [&] {
      storeChannels(pixel, channel, exact, c.geometry.outputChannels,
                    /*channelsPerWord=*/1);
    });
    return;
  }
  Values levels = levelsOf(exact, channel);
  int64_t zeroLevel = -smallestSum(c.resultCode);
  auto masked = [&](size_t i, Value value, Value other) {
    if (c.geometry.outputChannels % kWordBits == 0)
      return value;
    return b.select(isOutput(b.add(channel, static_cast<int64_t>(i))), value, other);
  };
  if (c.givesBytes()) {
    for (auto [i, level] : llvm::enumerate(levels))
      level = masked(i, b.add(level, zeroLevel), b.i32(zeroLevel));
    b.when(exists, [&] { storeLevels(pixel, channel, levels); });
    return;
  }
  Values bytes(c.resultCode.getBits(), b.i32(0));
  for (auto [i, level] : llvm::enumerate(levels))
    for (auto [byte, plane] :
         llvm::zip_equal(bytes, planesOfLevel(b, c.resultCode, level))) {
      Value bit = b.count(masked(i, plane, b.condition(false)));
      byte = b.bitOr(byte, arith::ShLIOp::create(b, bit, b.i32(static_cast<int64_t>(i))));
    }
  b.when(exists, [&] {
    for (auto [plane, byte] : llvm::enumerate(bytes)) {
      Values at = indicesOf(pixel, block);
      at.push_back(b.index(plane));
      Value pointer =
          b.advance(b.pointerTo(c.init), b.add(byteOffsetOf(at), member));
      LLVM::StoreOp::create(b, arith::TruncIOp::create(b, b.getI8Type(), byte), pointer, 1);
    }
  });
}
