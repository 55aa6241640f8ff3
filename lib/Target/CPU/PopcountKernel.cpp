//===- PopcountKernel.cpp - Contractions by AND and popcount --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile is P output pixels along a row times one block of 32 output channels
// in lanes. Per word of the window, the filter word of each lane is loaded once
// and meets the broadcast input word of each pixel. The planes are combined by
// Horner's rule on the accumulators. What remains of the exact dot product, a
// window sum per pixel and a constant per channel, is added in the epilogue,
// which stores the integers or turns them into packed codes in registers.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "dorefa/Dialect/BitPlane/Geometry.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

namespace {

/// A convolution on packed planes; a matmul is one with a single row and a 1x1
/// window, its rows being the pixels.
struct Contraction {
  /// `N x H x W x words x A`.
  Value input;
  /// `blocks x WBITS x KH x KW x words x 32`.
  Value filter;
  /// `row classes x column classes x 32*blocks`, or null.
  Value correction;
  /// `(n + 1) x 32*blocks`, or null.
  Value thresholds;
  /// `N x OH x OW x O`, or `N x OH x OW x blocks x bits` with thresholds.
  Value init;
  CodeType inputCode, filterCode, resultCode;
  DotForm form;
  FilterGeometry geometry;
  SmallVector<int64_t> strides = {1, 1};
  SmallVector<int64_t> dilations = {1, 1};
  SmallVector<int64_t> rowClasses = {};
  SmallVector<int64_t> columnClasses = {};
  int64_t base = 0;
};

/// Pixels `[column, column + pixels)` of one output row.
struct Tile {
  Value image, row, column;
  int64_t pixels;
};

/// One block of output channels, and the first input word that it reads.
struct Block {
  Value number, firstWord;
};

/// Planes `[first, first + count)` with exponents from `exponent` on.
struct PlaneRun {
  int64_t first, count, exponent;
  bool negative;
};

/// Pixels of a row of a feature map, possibly dynamic.
int64_t widthOf(Value featureMap) {
  return cast<MemRefType>(featureMap.getType()).getDimSize(2);
}

class PopcountEmitter {
public:
  PopcountEmitter(KernelBuilder &b, const Contraction &c);
  void emit();

private:
  // The contraction.
  int64_t pixelsPerTile();
  void createTables();
  void emitSpan(Value image, Value row, Value span);
  void emitBlock(const Tile &tile, const Block &block, ValueRange windowSums);
  Values scanWindow(ValueRange init,
                    function_ref<Values(Value, Value, Value, ValueRange)> body);
  Value inputRow(Value row, Value ky);
  Value inputColumn(const Tile &tile, int64_t pixel, Value kx);
  Values contract(const Tile &tile, const Block &block, ValueRange sums,
                  Value inputPlane, Value filterPlane, bool negative);
  Values addLevel(const Tile &tile, const Block &block, Value exponent,
                  ValueRange sums);
  Values countPairs(const Tile &tile, const Block &block);

  // Window sums.
  Value firstWord(Value block);
  Values sumWord(ValueRange sums, ValueRange pixel, Value span, Value word);
  void sumColumns(Value image, Value row, Value span);
  Value addColumns(const Tile &tile, int64_t pixel, int64_t v);
  Values sumWindows(const Tile &tile, Value span);

  // The epilogue.
  void addCorrection(const Tile &tile, const Block &block, Values &sums);
  Value classOf(Value table, Value position);
  void storeIntegers(const Tile &tile, const Block &block, ValueRange sums);
  void storeCodes(const Tile &tile, const Block &block, ValueRange sums);
  Value loadThresholds(Value row, const Block &block, int64_t v);
  Values planesFromMasks(ArrayRef<Value> reached);
  Values planesFromCount(Value sum, const Block &block, int64_t v);
  Value laneMask(const Block &block, int64_t v);
  Value lanesFrom(const Block &block, int64_t v);

  KernelBuilder &b;
  const Contraction &c;
  int64_t kernelHeight, kernelWidth, numVectors, numThresholds = 0;
  /// Whether all channels of any block are of one group.
  bool oneGroupPerBlock;
  /// The blocks of a span have the same window sums: those of a group, or a
  /// single block whose lanes have window sums of their own.
  int64_t spans, blocksPerSpan;
  /// Whether window sums must leave channels of their words out.
  bool needsMasks;
  Value firstWords, masks, rowClasses, columnClasses;
  /// `W`, or `W x 32` where lanes differ: for the current span, sums down the
  /// columns of the input that meet the current row.
  Value columnSums;
};

PopcountEmitter::PopcountEmitter(KernelBuilder &b, const Contraction &c)
    : b(b), c(c), numVectors(b.vectorsPerBlock()) {
  auto filter = cast<MemRefType>(c.filter.getType());
  kernelHeight = filter.getDimSize(2);
  kernelWidth = filter.getDimSize(3);
  if (c.thresholds)
    numThresholds = cast<MemRefType>(c.thresholds.getType()).getDimSize(0) - 1;
  const FilterGeometry &g = c.geometry;
  oneGroupPerBlock = g.groups == 1 || g.outputsPerGroup() % kWordBits == 0;
  spans = oneGroupPerBlock ? g.groups : g.blocks;
  blocksPerSpan = g.blocks / spans;
  needsMasks = !oneGroupPerBlock ||
               (g.groups > 1 && g.channelsPerGroup() % kWordBits != 0);
}

/// As many pixels as there are registers for: each reuses the filter words.
int64_t PopcountEmitter::pixelsPerTile() {
  int64_t limit = std::max<int64_t>(b.accumulators() / numVectors, 1);
  int64_t width = widthOf(c.init);
  if (ShapedType::isDynamic(width))
    return std::min<int64_t>(limit, 4);
  return llvm::divideCeil(width, llvm::divideCeil(width, limit));
}

void PopcountEmitter::createTables() {
  // A table of zeros is none.
  auto table = [&](StringRef name, ArrayRef<int64_t> shape,
                   ArrayRef<int64_t> values) -> Value {
    if (llvm::all_of(values, [](int64_t value) { return value == 0; }))
      return {};
    return b.constantTable(name, shape, llvm::to_vector_of<int32_t>(values));
  };
  const FilterGeometry &g = c.geometry;
  SmallVector<int64_t> first, bits;
  for (int64_t block = 0; block < g.blocks; ++block)
    first.push_back(g.firstWord(block));
  firstWords = table("first_words", {g.blocks}, first);
  rowClasses =
      table("row_classes", {int64_t(c.rowClasses.size())}, c.rowClasses);
  columnClasses = table("column_classes", {int64_t(c.columnClasses.size())},
                        c.columnClasses);
  if (c.form.sum == 0 || !needsMasks)
    return;
  int64_t lanes = oneGroupPerBlock ? 1 : kWordBits;
  for (int64_t span = 0; span < spans; ++span)
    for (int64_t word = 0; word < g.words; ++word)
      for (int64_t lane = 0; lane < lanes; ++lane) {
        int64_t block = span * blocksPerSpan;
        int64_t output = block * kWordBits + lane;
        bits.push_back(
            output < g.outputChannels
                ? g.channelMask(g.groupOf(output), g.firstWord(block) + word)
                : 0);
      }
  masks = table("group_masks", {spans, g.words, lanes}, bits);
}

void PopcountEmitter::emit() {
  createTables();
  // Neighbouring windows share columns. Lanes always go by way of columns,
  // because their sums would take the registers of the contraction.
  int64_t width = widthOf(c.input);
  if (c.form.sum != 0 && !oneGroupPerBlock)
    columnSums = b.scratch({width, kWordBits});
  else if (c.form.sum != 0 && kernelWidth > 1 &&
           widthOf(c.init) * kernelWidth > width)
    columnSums = b.scratch({width});

  b.loop(b.size(c.init, 0), 1, [&](Value image) {
    b.loop(b.size(c.init, 1), 1, [&](Value row) {
      b.loop(spans, [&](Value span) { emitSpan(image, row, span); });
    });
  });
}

/// One row of the output channels of a span.
void PopcountEmitter::emitSpan(Value image, Value row, Value span) {
  if (columnSums)
    sumColumns(image, row, span);
  Value firstBlock = b.mul(span, blocksPerSpan);
  Value word = firstWord(firstBlock);
  b.tiles(b.size(c.init, 2), pixelsPerTile(),
          [&](Value column, int64_t pixels) {
            Tile tile{image, row, column, pixels};
            Values sums;
            if (c.form.sum != 0 && oneGroupPerBlock)
              sums = sumWindows(tile, span);
            b.loop(blocksPerSpan, [&](Value i) {
              emitBlock(tile, {b.add(firstBlock, i), word}, sums);
            });
          });
}

void PopcountEmitter::emitBlock(const Tile &tile, const Block &block,
                                ValueRange windowSums) {
  Values sums = countPairs(tile, block);
  for (auto [i, sum] : llvm::enumerate(sums)) {
    sum = b.scale(sum, c.form.dot);
    if (c.form.sum == 0)
      continue;
    int64_t pixel = i / numVectors;
    Value windowSum = oneGroupPerBlock
                          ? b.broadcast(windowSums[pixel])
                          : addColumns(tile, pixel, i % numVectors);
    sum = b.add(sum, b.scale(windowSum, c.form.sum));
  }
  if (c.correction)
    addCorrection(tile, block, sums);
  if (c.thresholds)
    storeCodes(tile, block, sums);
  else
    storeIntegers(tile, block, sums);
}

//===----------------------------------------------------------------------===//
// Contraction
//===----------------------------------------------------------------------===//

/// Visits the taps and words of the window.
Values PopcountEmitter::scanWindow(
    ValueRange init,
    function_ref<Values(Value, Value, Value, ValueRange)> body) {
  return b.loop(kernelHeight, init, [&](Value ky, ValueRange rowArgs) {
    return b.loop(kernelWidth, rowArgs, [&](Value kx, ValueRange tapArgs) {
      return b.loop(c.geometry.words, tapArgs,
                    [&](Value word, ValueRange args) {
                      return body(ky, kx, word, args);
                    });
    });
  });
}

Value PopcountEmitter::inputRow(Value row, Value ky) {
  return b.add(b.mul(row, c.strides[0]), b.mul(ky, c.dilations[0]));
}

Value PopcountEmitter::inputColumn(const Tile &tile, int64_t pixel, Value kx) {
  Value x = b.add(b.mul(tile.column, c.strides[1]), b.mul(kx, c.dilations[1]));
  return b.add(x, pixel * c.strides[1]);
}

/// Adds the popcounts of one pair of planes to `sums`, which holds the vectors
/// of the block for the first pixel, then for the next.
Values PopcountEmitter::contract(const Tile &tile, const Block &block,
                                 ValueRange sums, Value inputPlane,
                                 Value filterPlane, bool negative) {
  return scanWindow(sums, [&](Value ky, Value kx, Value word, ValueRange args) {
    Values weights, next;
    for (int64_t v = 0; v < numVectors; ++v)
      weights.push_back(
          b.loadVector(c.filter, {block.number, filterPlane, ky, kx, word,
                                  b.index(v * b.lanes())}));
    for (int64_t pixel = 0; pixel < tile.pixels; ++pixel) {
      Value bits = b.broadcast(
          b.load(c.input, {tile.image, inputRow(tile.row, ky),
                           inputColumn(tile, pixel, kx),
                           b.add(word, block.firstWord), inputPlane}));
      for (Value weight : weights) {
        Value both = arith::AndIOp::create(b, bits, weight);
        next.push_back(
            b.accumulate(args[next.size()], b.population(both), negative));
      }
    }
    return next;
  });
}

/// The planes of a code as runs of rising exponents and equal sign.
SmallVector<PlaneRun> getRuns(CodeType code) {
  SmallVector<PlaneRun> runs;
  for (unsigned plane = 0; plane < code.getBits(); ++plane) {
    auto [exponent, negative] = planeTerm(code, plane);
    if (runs.empty() || runs.back().negative != negative)
      runs.push_back({plane, 0, exponent, negative});
    ++runs.back().count;
  }
  return runs;
}

/// Largest exponent of the planes of a code.
int64_t largestExponent(CodeType code) {
  PlaneRun last = getRuns(code).back();
  return last.exponent + last.count - 1;
}

/// One step of Horner's rule: doubles `sums` and adds the pairs of planes whose
/// exponents add up to `exponent`.
Values PopcountEmitter::addLevel(const Tile &tile, const Block &block,
                                 Value exponent, ValueRange sums) {
  Values next;
  for (Value sum : sums)
    next.push_back(b.add(sum, sum));
  for (const PlaneRun &x : getRuns(c.inputCode))
    for (const PlaneRun &w : getRuns(c.filterCode)) {
      // Plane i of the input goes with plane w.first + last - i of the filter.
      Value last = b.add(exponent, x.first - x.exponent - w.exponent);
      Value begin = b.createOrFold<arith::MaxSIOp>(
          b.index(x.first), b.sub(last, b.index(w.count - 1)));
      Value end = b.createOrFold<arith::MinSIOp>(b.index(x.first + x.count),
                                                 b.add(last, 1));
      next = b.loop(begin, end, next, [&](Value i, ValueRange args) {
        return contract(tile, block, args, i, b.add(b.sub(last, i), w.first),
                        x.negative != w.negative);
      });
    }
  return next;
}

/// I: the sum over all pairs of planes by Horner's rule, the largest exponent
/// first. A few pairs are unrolled.
Values PopcountEmitter::countPairs(const Tile &tile, const Block &block) {
  constexpr int64_t kUnrolledPairs = 4;
  int64_t top = largestExponent(c.inputCode) + largestExponent(c.filterCode);
  Values sums(tile.pixels * numVectors, b.splat(0));
  if (c.inputCode.getBits() * c.filterCode.getBits() > kUnrolledPairs)
    return b.loop(top + 1, sums, [&](Value step, ValueRange args) {
      return addLevel(tile, block, b.sub(b.index(top), step), args);
    });
  for (int64_t exponent = top; exponent >= 0; --exponent)
    sums = addLevel(tile, block, b.index(exponent), sums);
  return sums;
}

//===----------------------------------------------------------------------===//
// Window sums
//===----------------------------------------------------------------------===//

Value PopcountEmitter::firstWord(Value block) {
  if (!firstWords)
    return b.index(0);
  return arith::IndexCastOp::create(b, b.getIndexType(),
                                    b.load(firstWords, block));
}

/// `sums` plus the codes in one word of a pixel, as far as they are of the
/// group: a scalar, or the vectors of a block whose lanes differ.
Values PopcountEmitter::sumWord(ValueRange sums, ValueRange pixel, Value span,
                                Value word) {
  Value first = firstWord(b.mul(span, blocksPerSpan));
  Values next(sums);
  for (unsigned plane = 0; plane < c.inputCode.getBits(); ++plane) {
    PlaneTerm term = planeTerm(c.inputCode, plane);
    Value bits = b.load(c.input, {pixel[0], pixel[1], pixel[2],
                                  b.add(word, first), b.index(plane)});
    if (!oneGroupPerBlock)
      bits = b.broadcast(bits);
    for (auto [v, sum] : llvm::enumerate(next)) {
      Value own = bits;
      if (needsMasks) {
        Values at = {span, word, b.index(v * b.lanes())};
        Value mask =
            oneGroupPerBlock ? b.load(masks, at) : b.loadVector(masks, at);
        own = arith::AndIOp::create(b, bits, mask);
      }
      Value count = b.shiftLeft(b.population(own), term.exponent);
      sum = b.accumulate(sum, count, term.negative);
    }
  }
  return next;
}

void PopcountEmitter::sumColumns(Value image, Value row, Value span) {
  Values zeros =
      oneGroupPerBlock ? Values{b.i32(0)} : Values(numVectors, b.splat(0));
  b.loop(widthOf(c.input), [&](Value x) {
    Values sums = b.loop(kernelHeight, zeros, [&](Value ky, ValueRange outer) {
      return b.loop(c.geometry.words, outer, [&](Value word, ValueRange args) {
        return sumWord(args, {image, inputRow(row, ky), x}, span, word);
      });
    });
    if (oneGroupPerBlock)
      return b.store(sums.front(), columnSums, x);
    for (auto [v, sum] : llvm::enumerate(sums))
      b.storeVector(sum, columnSums, {x, b.index(v * b.lanes())});
  });
}

/// S of a pixel from the columns of its window; of vector `v` where lanes
/// differ.
Value PopcountEmitter::addColumns(const Tile &tile, int64_t pixel, int64_t v) {
  Value sum;
  for (int64_t kx = 0; kx < kernelWidth; ++kx) {
    Value x = inputColumn(tile, pixel, b.index(kx));
    Value column = oneGroupPerBlock
                       ? b.load(columnSums, x)
                       : b.loadVector(columnSums, {x, b.index(v * b.lanes())});
    sum = sum ? b.add(sum, column) : column;
  }
  return sum;
}

/// S where a block lies within one group: a scalar per pixel, shared by all
/// blocks of the group.
Values PopcountEmitter::sumWindows(const Tile &tile, Value span) {
  Values sums(tile.pixels, b.i32(0));
  if (columnSums) {
    for (auto [pixel, sum] : llvm::enumerate(sums))
      sum = addColumns(tile, pixel, 0);
    return sums;
  }
  return scanWindow(sums, [&](Value ky, Value kx, Value word, ValueRange args) {
    Values next;
    for (auto [pixel, sum] : llvm::enumerate(args))
      next.append(sumWord(
          sum,
          {tile.image, inputRow(tile.row, ky), inputColumn(tile, pixel, kx)},
          span, word));
    return next;
  });
}

//===----------------------------------------------------------------------===//
// Epilogue
//===----------------------------------------------------------------------===//

/// First output channel of vector `v` of a block.
Value PopcountEmitter::lanesFrom(const Block &block, int64_t v) {
  return b.add(b.mul(block.number, kWordBits), v * b.lanes());
}

/// Lanes of vector `v` that are output channels; null where all are.
Value PopcountEmitter::laneMask(const Block &block, int64_t v) {
  int64_t outputs = c.geometry.outputChannels;
  if (outputs % kWordBits == 0)
    return {};
  return b.firstLanes(b.sub(b.index(outputs), lanesFrom(block, v)));
}

Value PopcountEmitter::classOf(Value table, Value position) {
  if (!table)
    return b.index(0);
  return arith::IndexCastOp::create(b, b.getIndexType(),
                                    b.load(table, position));
}

void PopcountEmitter::addCorrection(const Tile &tile, const Block &block,
                                    Values &sums) {
  Value row = classOf(rowClasses, tile.row);
  for (auto [i, sum] : llvm::enumerate(sums)) {
    int64_t v = i % numVectors;
    Value column = classOf(columnClasses, b.add(tile.column, i / numVectors));
    sum = b.add(sum,
                b.loadVector(c.correction, {row, column, lanesFrom(block, v)}));
  }
}

void PopcountEmitter::storeIntegers(const Tile &tile, const Block &block,
                                    ValueRange sums) {
  for (auto [i, sum] : llvm::enumerate(sums)) {
    int64_t v = i % numVectors;
    b.storeVector(sum, c.init,
                  {tile.image, tile.row, b.add(tile.column, i / numVectors),
                   lanesFrom(block, v)},
                  laneMask(block, v));
  }
}

Value PopcountEmitter::loadThresholds(Value row, const Block &block,
                                      int64_t v) {
  return b.loadVector(c.thresholds, {row, lanesFrom(block, v)});
}

/// The planes of the code, given for each of the sorted thresholds which lanes
/// reach it. A plane of an integer changes whenever the count passes a multiple
/// of its weight, so it is the parity of those thresholds: all of it happens in
/// mask registers.
Values PopcountEmitter::planesFromMasks(ArrayRef<Value> reached) {
  int64_t n = reached.size();
  auto atLeast = [&](int64_t level) -> Value {
    if (level <= c.base || level > c.base + n)
      return b.mask(level <= c.base);
    return reached[level - c.base - 1];
  };
  if (c.resultCode.getEncoding() == Encoding::Ternary)
    return {atLeast(1), arith::XOrIOp::create(b, atLeast(0), b.mask(true))};
  Values planes;
  for (unsigned plane = 0; plane < c.resultCode.getBits(); ++plane) {
    bool start = (c.base >> plane) & 1;
    Value bit;
    for (int64_t j = 1; j <= n; ++j) {
      if ((c.base + j) & ((int64_t(1) << plane) - 1))
        continue;
      Value mask = reached[j - 1];
      bit = bit ? Value(arith::XOrIOp::create(b, bit, mask)) : mask;
    }
    if (!bit)
      bit = b.mask(start);
    else if (start)
      bit = arith::XOrIOp::create(b, bit, b.mask(true));
    planes.push_back(bit);
  }
  return planes;
}

/// The same by counting, for many thresholds.
Values PopcountEmitter::planesFromCount(Value sum, const Block &block,
                                        int64_t v) {
  auto step = [&](Value row, Value count) -> Value {
    Value reached = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, sum,
                                          loadThresholds(row, block, v));
    return b.add(count, arith::ExtUIOp::create(b, count.getType(), reached));
  };
  Value level = b.splat(c.base);
  constexpr int64_t kUnrolledThresholds = 15;
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

void PopcountEmitter::storeCodes(const Tile &tile, const Block &block,
                                 ValueRange sums) {
  constexpr int64_t kMaskedThresholds = 3;
  const FilterGeometry &g = c.geometry;
  // Bits beyond the output channels stay 0 whatever code 0 thresholds give.
  uint32_t lastBits = validBits(g.outputChannels, g.blocks - 1);
  Value valid;
  if (~lastBits != 0) {
    Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                         block.number, b.index(g.blocks - 1));
    valid =
        arith::SelectOp::create(b, isLast, b.i32(int32_t(lastBits)), b.i32(-1));
  }
  Values signs, rows;
  for (int64_t v = 0; v < numVectors; ++v) {
    signs.push_back(loadThresholds(b.index(0), block, v));
    if (numThresholds <= kMaskedThresholds)
      for (int64_t j = 1; j <= numThresholds; ++j)
        rows.push_back(loadThresholds(b.index(j), block, v));
  }
  for (int64_t pixel = 0; pixel < tile.pixels; ++pixel) {
    SmallVector<Values> planes(c.resultCode.getBits());
    for (int64_t v = 0; v < numVectors; ++v) {
      // Decreasing channels compare -sum with -threshold.
      Value sum = sums[pixel * numVectors + v];
      sum = b.sub(arith::XOrIOp::create(b, sum, signs[v]), signs[v]);
      Values reached;
      if (numThresholds <= kMaskedThresholds)
        for (Value row :
             ArrayRef<Value>(rows).slice(v * numThresholds, numThresholds))
          reached.push_back(
              arith::CmpIOp::create(b, arith::CmpIPredicate::sge, sum, row));
      Values bits = numThresholds <= kMaskedThresholds
                        ? planesFromMasks(reached)
                        : planesFromCount(sum, block, v);
      for (auto [plane, bit] : llvm::zip_equal(planes, bits))
        plane.push_back(bit);
    }
    for (auto [plane, masks] : llvm::enumerate(planes)) {
      Value word = b.wordOfMasks(masks);
      if (valid)
        word = arith::AndIOp::create(b, word, valid);
      b.store(word, c.init,
              {tile.image, tile.row, b.add(tile.column, pixel), block.number,
               b.index(plane)});
    }
  }
}

} // namespace

LogicalResult dorefa::emitKernel(OpBuilder &builder, bitplane::Conv2DOp op,
                                 const MicroKernelOptions &options) {
  if (failed(checkOperands(op)))
    return failure();
  if (!op.isPacked())
    return op.emitOpError(
        "filter is not packed; run 'bitplane-pack-weights' first");
  if (llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; }))
    return op.emitOpError("has pads; run 'bitplane-materialize-padding' first");
  KernelBuilder b(builder, op, options);
  Contraction c{
      op.getInput(),
      op.getFilter(),
      op.getCorrection(),
      op.getThresholds(),
      op.getInit(),
      op.getInputCode(),
      op.getFilterCode(),
      op.getResultCode().value_or(CodeType()),
      dotForm(op.getInputCode(), op.getInputOffset(), op.getFilterCode(),
              op.getFilterOffset()),
      FilterGeometry(op.getChannels(), op.getOutputChannels(), op.getGroups())};
  c.strides = llvm::to_vector(op.getStrides());
  c.dilations = llvm::to_vector(op.getDilations());
  c.base = op.getBase();
  if (op.getCorrection()) {
    c.rowClasses = getRowClasses(op).classOf;
    c.columnClasses = getColumnClasses(op).classOf;
  }
  PopcountEmitter(b, c).emit();
  return success();
}

LogicalResult dorefa::emitKernel(OpBuilder &builder, bitplane::MatMulOp op,
                                 const MicroKernelOptions &options) {
  if (failed(checkOperands(op)))
    return failure();
  if (!op.isPacked())
    return op.emitOpError(
        "weights are not packed; run 'bitplane-pack-weights' first");
  KernelBuilder b(builder, op, options);
  Value correction = op.getCorrection();
  Contraction c{b.withUnitDims(op.getInput(), 0),
                b.withUnitDims(op.getWeights(), 2),
                correction ? b.withUnitDims(correction, 0) : Value(),
                op.getThresholds(),
                b.withUnitDims(op.getInit(), 0),
                op.getInputCode(),
                op.getWeightsCode(),
                op.getResultCode().value_or(CodeType()),
                dotForm(op.getInputCode(), op.getInputOffset(),
                        op.getWeightsCode(), op.getWeightsOffset()),
                FilterGeometry(op.getChannels(), op.getOutputChannels())};
  c.base = op.getBase();
  PopcountEmitter(b, c).emit();
  return success();
}
