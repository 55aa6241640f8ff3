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
  void emitTile(const Tile &tile);
  void emitBlock(const Tile &tile, const Block &block, ValueRange windowSums);
  Values scanWindow(ValueRange init,
                    function_ref<Values(Value, Value, Value, ValueRange)> body);
  Value inputRow(Value row, Value ky);
  Value inputColumn(const Tile &tile, int64_t pixel, Value kx);
  using Weights = function_ref<Value(Value, Value, Value, int64_t)>;
  Values contract(const Tile &tile, const Block &block, ValueRange sums,
                  Value inputPlane, bool negative, Weights weights);
  using PlaneWeights = function_ref<Value(Value, Value, Value, Value, int64_t)>;
  Values addLevel(const Tile &tile, const Block &block, Value exponent,
                  ValueRange sums, ArrayRef<PlaneRun> filterRuns,
                  PlaneWeights weights);
  Values countPairs(const Tile &tile, const Block &block, CodeType filterCode,
                    PlaneWeights weights);
  Values countFilter(const Tile &tile, const Block &block);
  Values countGroups(const Tile &tile, const Block &block);
  bool sharesColumnSums();
  void sumColumns(Value image, Value row);
  Values sumWindows(const Tile &tile, Value group);
  Value sumWord(Value sum, ValueRange pixel, Value group, Value word);
  Value firstWord(Value block);

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
  /// Whether the window sum of a group must leave channels of its words out.
  bool needsMasks;
  Value firstWords, masks, rowClasses, columnClasses;
  /// `groups x W`: sums of input codes down the columns that an output row
  /// meets.
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
  needsMasks = c.form.sum != 0 && g.groups > 1 &&
               (!oneGroupPerBlock || g.channelsPerGroup() % kWordBits != 0);
}

/// As many pixels as there are registers for: each reuses the filter words.
int64_t PopcountEmitter::pixelsPerTile() {
  int64_t limit = b.accumulators() / numVectors;
  // Lane sums need accumulators of their own.
  if (needsMasks && !oneGroupPerBlock)
    limit /= 2;
  limit = std::max<int64_t>(limit, 1);
  int64_t width = widthOf(c.init);
  if (ShapedType::isDynamic(width))
    return std::min<int64_t>(limit, 4);
  int64_t tiles = llvm::divideCeil(width, limit);
  return llvm::divideCeil(width, tiles);
}

void PopcountEmitter::emit() {
  const FilterGeometry &g = c.geometry;
  SmallVector<int32_t> first;
  for (int64_t block = 0; block < g.blocks; ++block)
    first.push_back(g.firstWord(block));
  if (llvm::any_of(first, [](int32_t word) { return word != 0; }))
    firstWords = b.constantTable("first_words", {g.blocks}, first);

  auto table = [&](StringRef name, ArrayRef<int64_t> classes) -> Value {
    if (llvm::all_of(classes, [](int64_t number) { return number == 0; }))
      return {};
    return b.constantTable(name, {int64_t(classes.size())},
                           llvm::to_vector_of<int32_t>(classes));
  };
  if (c.correction) {
    rowClasses = table("row_classes", c.rowClasses);
    columnClasses = table("column_classes", c.columnClasses);
  }
  if (needsMasks) {
    SmallVector<int32_t> bits;
    int64_t rows = oneGroupPerBlock ? g.groups : g.blocks;
    int64_t lanes = oneGroupPerBlock ? 1 : kWordBits;
    int64_t blocksPerRow = g.blocks / rows;
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t word = 0; word < g.words; ++word)
        for (int64_t lane = 0; lane < lanes; ++lane) {
          int64_t block = row * blocksPerRow;
          int64_t output = block * kWordBits + lane;
          bits.push_back(
              output < g.outputChannels
                  ? g.channelMask(g.groupOf(output), g.firstWord(block) + word)
                  : 0);
        }
    masks = b.constantTable("group_masks", {rows, g.words, lanes}, bits);
  }

  if (sharesColumnSums())
    columnSums = b.scratch({g.groups, widthOf(c.input)});

  b.loop(b.size(c.init, 0), 1, [&](Value image) {
    b.loop(b.size(c.init, 1), 1, [&](Value row) {
      if (columnSums)
        sumColumns(image, row);
      b.tiles(b.size(c.init, 2), pixelsPerTile(),
              [&](Value column, int64_t pixels) {
                emitTile({image, row, column, pixels});
              });
    });
  });
}

Value PopcountEmitter::firstWord(Value block) {
  if (!firstWords)
    return b.index(0);
  return arith::IndexCastOp::create(b, b.getIndexType(),
                                    b.load(firstWords, block));
}

void PopcountEmitter::emitTile(const Tile &tile) {
  int64_t groups = oneGroupPerBlock ? c.geometry.groups : 1;
  int64_t blocks = c.geometry.blocks / groups;
  b.loop(groups, [&](Value group) {
    Value firstBlock = b.mul(group, blocks);
    Values sums;
    Value word;
    if (oneGroupPerBlock) {
      word = firstWord(firstBlock);
      if (c.form.sum != 0)
        sums = sumWindows(tile, group);
    }
    b.loop(blocks, [&](Value i) {
      Value number = b.add(firstBlock, i);
      emitBlock(tile, {number, word ? word : firstWord(number)}, sums);
    });
  });
}

void PopcountEmitter::emitBlock(const Tile &tile, const Block &block,
                                ValueRange windowSums) {
  Values sums = countFilter(tile, block);
  for (Value &sum : sums)
    sum = b.scale(sum, c.form.dot);
  if (c.form.sum != 0) {
    Values added;
    if (oneGroupPerBlock)
      for (Value sum : windowSums)
        added.append(numVectors, b.broadcast(b.scale(sum, c.form.sum)));
    else
      for (Value sum : countGroups(tile, block))
        added.push_back(b.scale(sum, c.form.sum));
    for (auto [sum, other] : llvm::zip_equal(sums, added))
      sum = b.add(sum, other);
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

/// Adds the popcounts of one input plane ANDed with `weights` to `sums`, which
/// holds the vectors of the block for the first pixel, then for the next.
Values PopcountEmitter::contract(const Tile &tile, const Block &block,
                                 ValueRange sums, Value inputPlane,
                                 bool negative, Weights weights) {
  return scanWindow(sums, [&](Value ky, Value kx, Value word, ValueRange args) {
    Values lanes, next;
    for (int64_t v = 0; v < numVectors; ++v)
      lanes.push_back(weights(ky, kx, word, v));
    for (int64_t pixel = 0; pixel < tile.pixels; ++pixel) {
      Value bits = b.broadcast(
          b.load(c.input, {tile.image, inputRow(tile.row, ky),
                           inputColumn(tile, pixel, kx),
                           b.add(word, block.firstWord), inputPlane}));
      for (Value lane : lanes) {
        Value both = arith::AndIOp::create(b, bits, lane);
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

/// One step of Horner's rule: doubles `sums` and adds the pairs of planes whose
/// exponents add up to `exponent`.
Values PopcountEmitter::addLevel(const Tile &tile, const Block &block,
                                 Value exponent, ValueRange sums,
                                 ArrayRef<PlaneRun> filterRuns,
                                 PlaneWeights weights) {
  Values next;
  for (Value sum : sums)
    next.push_back(b.add(sum, sum));
  for (const PlaneRun &x : getRuns(c.inputCode))
    for (const PlaneRun &w : filterRuns) {
      // Planes i of the input whose counterpart lies in the run of the filter.
      Value last = b.add(exponent, x.first - x.exponent - w.exponent);
      Value begin = b.createOrFold<arith::MaxSIOp>(
          b.index(x.first), b.sub(last, b.index(w.count - 1)));
      Value end = b.createOrFold<arith::MinSIOp>(b.index(x.first + x.count),
                                                 b.add(last, 1));
      next = b.loop(begin, end, next, [&](Value i, ValueRange args) {
        Value j = b.add(b.sub(last, i), w.first);
        return contract(tile, block, args, i, x.negative != w.negative,
                        [&](Value ky, Value kx, Value word, int64_t v) {
                          return weights(j, ky, kx, word, v);
                        });
      });
    }
  return next;
}

/// The sum over all pairs of planes, by Horner's rule from the largest sum of
/// exponents down. A few pairs are unrolled.
Values PopcountEmitter::countPairs(const Tile &tile, const Block &block,
                                   CodeType filterCode, PlaneWeights weights) {
  constexpr int64_t kUnrolledPairs = 4;
  SmallVector<PlaneRun> runs = getRuns(filterCode);
  auto largest = [](ArrayRef<PlaneRun> runs) {
    return runs.back().exponent + runs.back().count - 1;
  };
  int64_t top = largest(getRuns(c.inputCode)) + largest(runs);
  Values sums(tile.pixels * numVectors, b.splat(0));
  if (c.inputCode.getBits() * filterCode.getBits() > kUnrolledPairs)
    return b.loop(top + 1, sums, [&](Value step, ValueRange args) {
      return addLevel(tile, block, b.sub(b.index(top), step), args, runs,
                      weights);
    });
  for (int64_t exponent = top; exponent >= 0; --exponent)
    sums = addLevel(tile, block, b.index(exponent), sums, runs, weights);
  return sums;
}

/// I of each lane.
Values PopcountEmitter::countFilter(const Tile &tile, const Block &block) {
  return countPairs(
      tile, block, c.filterCode,
      [&](Value plane, Value ky, Value kx, Value word, int64_t v) {
        return b.loadVector(c.filter, {block.number, plane, ky, kx, word,
                                       b.index(v * b.lanes())});
      });
}

/// S of each lane where a block spans groups: its window counted with a filter
/// that is 1 in the lane's own channels.
Values PopcountEmitter::countGroups(const Tile &tile, const Block &block) {
  auto one = CodeType::get(b.getContext(), 1, Encoding::Unipolar);
  return countPairs(tile, block, one,
                    [&](Value, Value, Value, Value word, int64_t v) {
                      return b.loadVector(
                          masks, {block.number, word, b.index(v * b.lanes())});
                    });
}

/// Whether neighbouring windows share enough columns to add these up once.
bool PopcountEmitter::sharesColumnSums() {
  if (c.form.sum == 0 || !oneGroupPerBlock || kernelWidth == 1)
    return false;
  int64_t outputWidth = widthOf(c.init);
  return outputWidth * kernelWidth > widthOf(c.input);
}

/// `sum` plus the codes in one word of a pixel, as far as they are of `group`.
Value PopcountEmitter::sumWord(Value sum, ValueRange pixel, Value group,
                               Value word) {
  Value first = firstWord(b.mul(group, c.geometry.blocks / c.geometry.groups));
  for (unsigned i = 0; i < c.inputCode.getBits(); ++i) {
    PlaneTerm term = planeTerm(c.inputCode, i);
    Value bits = b.load(c.input, {pixel[0], pixel[1], pixel[2],
                                  b.add(word, first), b.index(i)});
    if (needsMasks)
      bits = arith::AndIOp::create(b, bits,
                                   b.load(masks, {group, word, b.index(0)}));
    Value count = b.shiftLeft(b.population(bits), term.exponent);
    sum = b.accumulate(sum, count, term.negative);
  }
  return sum;
}

void PopcountEmitter::sumColumns(Value image, Value row) {
  b.loop(c.geometry.groups, [&](Value group) {
    b.loop(widthOf(c.input), [&](Value x) {
      Values sum =
          b.loop(kernelHeight, b.i32(0), [&](Value ky, ValueRange outer) {
            return b.loop(
                c.geometry.words, outer, [&](Value word, ValueRange args) {
                  return Values{sumWord(args[0], {image, inputRow(row, ky), x},
                                        group, word)};
                });
          });
      b.store(sum[0], columnSums, {group, x});
    });
  });
}

/// S where a block lies within one group: a scalar per pixel, shared by all
/// blocks of the group.
Values PopcountEmitter::sumWindows(const Tile &tile, Value group) {
  Values sums(tile.pixels, b.i32(0));
  if (columnSums) {
    for (int64_t kx = 0; kx < kernelWidth; ++kx)
      for (auto [pixel, sum] : llvm::enumerate(sums))
        sum =
            b.add(sum, b.load(columnSums,
                              {group, inputColumn(tile, pixel, b.index(kx))}));
    return sums;
  }
  return scanWindow(sums, [&](Value ky, Value kx, Value word, ValueRange args) {
    Values next(args);
    for (auto [pixel, sum] : llvm::enumerate(next))
      sum = sumWord(
          sum,
          {tile.image, inputRow(tile.row, ky), inputColumn(tile, pixel, kx)},
          group, word);
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
