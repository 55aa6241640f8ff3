//===- PopcountKernel.cpp - Products by AND and popcount ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Per word of the window, the filter word of each lane is loaded once and meets
// the broadcast input word of each pixel. The planes are combined by Horner's
// rule on the accumulators.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

namespace {

/// Planes `[first, first + count)` with exponents from `exponent` on.
struct PlaneRun {
  int64_t first, count, exponent;
  bool negative;
};

class PopcountKernel : public ContractionKernel {
public:
  PopcountKernel(KernelBuilder &b, const Contraction &c);
  void createTables() override;
  TileShape getTileShape() override;
  bool skipsBorder() override { return true; }
  Values emitSums(const Tile &tile, const Blocks &blocks) override;
  Values addPixel(ValueRange sums, ValueRange pixel, Value span) override;

private:
  Value firstWord(Value span);
  Values contract(const Tile &tile, const Blocks &blocks, ValueRange sums,
                  ValueRange inputPlanes, Value filterPlane, bool negative);
  Values emitSumsOfPlanes(const Tile &tile, const Blocks &blocks);
  Values addLevel(const Tile &tile, const Blocks &blocks, Value exponent,
                  ValueRange sums);
  Values addWord(ValueRange sums, ValueRange pixel, Value span, Value word);

  int64_t numVectors;
  InsideScan window;
  /// Whether the planes of the input are in the tile, in the place of pixels.
  bool hasPlanesInTile;
  /// Whether all channels of any block are of one group.
  bool oneGroupPerBlock;
  /// Whether window sums must leave channels of their words out.
  bool needsMasks;
  /// First input word of each span.
  Value firstWords;
  Value masks;
};

} // namespace

PopcountKernel::PopcountKernel(KernelBuilder &b, const Contraction &c)
    : ContractionKernel(b, c), numVectors(b.vectorsPerBlock()),
      window(b, c),
      oneGroupPerBlock(c.hasOneGroupPerBlock()) {
  unsigned planes = c.inputCode.getBits();
  hasPlanesInTile = c.outputWidth() == 1 && planes > 1 && planes <= kMostPlanesInTile &&
                    planes * numVectors <= b.accumulators();
  const FilterGeometry &g = c.geometry;
  needsMasks = !oneGroupPerBlock ||
               (g.groups > 1 && g.channelsPerGroup() % kWordBits != 0);
}

/// As many pixels as there are registers for: each reuses the filter words.
/// LLVM's scheduler loads the words of all pixels first, and those of more than
/// `kMostPixels` make it spill. A single pixel is bound by memory, which gives
/// more when read in several places; each weight serves all planes at once.
TileShape PopcountKernel::getTileShape() {
  constexpr int64_t kStreams = 4, kMostPixels = 10;
  int64_t limit =
      std::clamp<int64_t>(b.accumulators() / numVectors, 1, kMostPixels);
  if (hasPlanesInTile)
    limit = std::max<int64_t>(limit / c.inputCode.getBits(), 1);
  if (c.outputWidth() == 1)
    return {1, std::min(limit, kStreams)};
  return {limit, 1};
}

void PopcountKernel::createTables() {
  const FilterGeometry &g = c.geometry;
  SmallVector<int64_t> first, bits;
  for (int64_t span = 0; span < c.numSpans(); ++span)
    first.push_back(g.firstWord(span * c.blocksPerSpan()));
  firstWords = b.indexTable("first_words", first);
  if (c.form.sum == 0 || !needsMasks)
    return;
  int64_t lanes = oneGroupPerBlock ? 1 : kWordBits;
  for (int64_t span = 0; span < c.numSpans(); ++span)
    for (int64_t word = 0; word < g.words; ++word)
      for (int64_t lane = 0; lane < lanes; ++lane) {
        int64_t block = span * c.blocksPerSpan();
        int64_t output = block * kWordBits + lane;
        bits.push_back(
            output < g.outputChannels
                ? g.channelMask(g.groupOf(output), g.firstWord(block) + word)
                : 0);
      }
  masks = b.constantTable("group_masks", {c.numSpans(), g.words, lanes},
                          llvm::to_vector_of<int32_t>(bits));
}

Value PopcountKernel::firstWord(Value span) {
  return b.lookUpIndex(firstWords, span);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Adds the popcounts of pairs of planes to `sums`, which holds for the first
/// pixel the vectors of the blocks for each plane of the input, then for the next.
Values PopcountKernel::contract(const Tile &tile, const Blocks &blocks,
                                ValueRange sums, ValueRange inputPlanes,
                                Value filterPlane, bool negative) {
  auto addWord = [&](const Tile &tile, Value ky, Value kx, Value word,
                     ValueRange args) {
    Values weights, next;
    for (int64_t v = 0; v < blocks.count * numVectors; ++v)
      weights.push_back(b.loadVector(
          c.filter, {b.add(blocks.first, v / numVectors), filterPlane, ky, kx,
                     word, b.index(v % numVectors * b.lanes())}));
    for (int64_t pixel = 0; pixel < tile.pixels; ++pixel)
      for (Value plane : inputPlanes) {
        Value bits = b.broadcast(
            b.load(c.input, {tile.image, inputRow(b, c, tile.row, ky),
                             inputColumn(b, c, tile, pixel, kx),
                             b.add(word, firstWord(blocks.span)), plane}));
        for (Value weight : weights) {
          Value both = arith::AndIOp::create(b, bits, weight);
          next.push_back(
              b.accumulate(args[next.size()], b.population(both), negative));
        }
      }
    return next;
  };
  int64_t perPixel = sums.size() / tile.pixels;
  auto addTap = [&](Value ky, Value kx, int64_t first, int64_t count,
                    ValueRange carried) {
    Tile inside{tile.image, tile.row, b.add(tile.column, first), count};
    Values next(carried);
    Values own =
        b.loop(c.geometry.words,
               carried.slice(first * perPixel, count * perPixel),
               [&](Value word, ValueRange args) {
                 return addWord(inside, ky, kx, word, args);
               });
    llvm::copy(own, next.begin() + first * perPixel);
    return next;
  };
  return window.scan(tile, sums, addTap);
}

/// The planes of a code as runs of rising exponents and equal sign.
static SmallVector<PlaneRun> getRuns(CodeType code) {
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
static int64_t largestExponent(CodeType code) {
  PlaneRun last = getRuns(code).back();
  return last.exponent + last.count - 1;
}

/// One step of Horner's rule: doubles `sums` and adds the pairs of planes whose
/// exponents add up to `exponent`.
Values PopcountKernel::addLevel(const Tile &tile, const Blocks &blocks,
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
        return contract(tile, blocks, args, i, b.add(b.sub(last, i), w.first),
                        x.negative != w.negative);
      });
    }
  return next;
}

/// I of one pixel: a plane of the filter with all planes of the input.
Values PopcountKernel::emitSumsOfPlanes(const Tile &tile, const Blocks &blocks) {
  int64_t perPlane = blocks.count * numVectors;
  Values sums(perPlane, b.splat(0)), inputPlanes;
  for (unsigned plane = 0; plane < c.inputCode.getBits(); ++plane)
    inputPlanes.push_back(b.index(plane));
  for (unsigned w = 0; w < c.filterCode.getBits(); ++w) {
    PlaneTerm ofFilter = planeTerm(c.filterCode, w);
    Values zeros(inputPlanes.size() * perPlane, b.splat(0));
    Values parts = contract(tile, blocks, zeros, inputPlanes, b.index(w),
                            /*negative=*/false);
    for (auto [i, part] : llvm::enumerate(parts)) {
      PlaneTerm term = planeTerm(c.inputCode, i / perPlane);
      Value &sum = sums[i % perPlane];
      sum = b.accumulate(sum, b.shiftLeft(part, term.exponent + ofFilter.exponent),
                         term.negative != ofFilter.negative);
    }
  }
  return sums;
}

/// I: the sum over all pairs of planes by Horner's rule, the largest exponent
/// first. A few pairs are unrolled.
Values PopcountKernel::emitSums(const Tile &tile, const Blocks &blocks) {
  if (hasPlanesInTile)
    return emitSumsOfPlanes(tile, blocks);
  constexpr int64_t kUnrolledPairs = 4;
  int64_t top = largestExponent(c.inputCode) + largestExponent(c.filterCode);
  Values sums(tile.pixels * blocks.count * numVectors, b.splat(0));
  if (c.inputCode.getBits() * c.filterCode.getBits() > kUnrolledPairs)
    return b.loop(top + 1, sums, [&](Value step, ValueRange args) {
      return addLevel(tile, blocks, b.sub(b.index(top), step), args);
    });
  for (int64_t exponent = top; exponent >= 0; --exponent)
    sums = addLevel(tile, blocks, b.index(exponent), sums);
  return sums;
}

//===----------------------------------------------------------------------===//
// Window sums
//===----------------------------------------------------------------------===//

/// `sums` plus the codes in one word of a pixel, as far as they are of the
/// group.
Values PopcountKernel::addWord(ValueRange sums, ValueRange pixel, Value span,
                               Value word) {
  Values next(sums);
  for (unsigned plane = 0; plane < c.inputCode.getBits(); ++plane) {
    PlaneTerm term = planeTerm(c.inputCode, plane);
    Value bits =
        b.load(c.input, {pixel[0], pixel[1], pixel[2],
                         b.add(word, firstWord(span)), b.index(plane)});
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

Values PopcountKernel::addPixel(ValueRange sums, ValueRange pixel, Value span) {
  return b.loop(c.geometry.words, sums, [&](Value word, ValueRange args) {
    return addWord(args, pixel, span, word);
  });
}

std::unique_ptr<ContractionKernel>
dorefa::createPopcountKernel(KernelBuilder &b, const Contraction &c) {
  return std::make_unique<PopcountKernel>(b, c);
}
