//===- PopcountKernel.cpp - Contractions by popcount in warps -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp computes one pixel of the result, or the pixels that it is pooled from; a lane
// one output channel of a block of 32. Lanes read neighbouring words of the filter and the
// same words of the input, and the bits of a word of the result are those of the lanes.
// Warps of a block compute neighbouring pixels, so that they find the filter in the
// first-level cache.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "Kernels.h"

#include <map>

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

namespace {

class PopcountEmitter {
public:
  PopcountEmitter(GPUBuilder &b, const GPUContraction &c);
  void emit();

private:
  Values sumsOf(ArrayRef<Pixel> pixels, Value block, Value lane);
  Values addWord(ArrayRef<Pixel> pixels, Value block, Value lane, Value ky, Value kx,
                 Value word, ValueRange carried);
  void addPlanes(MutableArrayRef<Value> sums, ArrayRef<Value> planes, Value bits, PlaneTerm w);
  Value windowSum(const Pixel &pixel, Value block, Value lane);
  Value planeSums(ArrayRef<Value> planes, Value mask);
  Values loadPlanes(const Pixel &pixel, Value ky, Value kx, Value word);
  Value filterWord(Value block, int64_t plane, Value ky, Value kx, Value word,
                   Value lane);
  Value inputWord(Value block, Value word);
  void makeMasks();

  /// Whether lanes have window sums of their own, because a block is of several
  /// groups.
  bool sumsInLanes() const {
    return c.form.sum != 0 && !c.geometry.hasOneGroupPerBlock();
  }
  /// Numbers that a lane adds up for a pixel.
  size_t perPixel() const { return accumulatorOf.size() + sumsInLanes(); }

  GPUBuilder &b;
  const GPUContraction &c;
  GPUEpilogue epilogue;
  /// Numbers of bits by the weight that they have; the accumulators of a lane.
  std::map<unsigned, unsigned> accumulatorOf;
  /// First input word of each block; null where it is 0.
  Value firstWords;
  /// `blocks x words (x lanes)`: channels of the group; null where all bits count.
  Value masks;
};

} // namespace

PopcountEmitter::PopcountEmitter(GPUBuilder &b, const GPUContraction &c)
    : b(b), c(c), epilogue(b, c) {
  for (unsigned i = 0; i < c.inputCode.getBits(); ++i)
    for (unsigned j = 0; j < c.filterCode.getBits(); ++j)
      accumulatorOf.try_emplace(planeTerm(c.inputCode, i).exponent +
                                    planeTerm(c.filterCode, j).exponent,
                                accumulatorOf.size());
  std::vector<int32_t> first;
  for (int64_t block = 0; block < c.geometry.blocks; ++block)
    first.push_back(c.geometry.firstWord(block));
  if (!llvm::all_of(first, [](int32_t word) { return word == 0; }))
    firstWords = b.constantTable("first_words", {c.geometry.blocks}, std::move(first));
  if (c.form.sum != 0 && c.geometry.groups > 1)
    makeMasks();
}

void PopcountEmitter::makeMasks() {
  const FilterGeometry &g = c.geometry;
  SmallVector<int64_t> shape{g.blocks, g.words};
  if (sumsInLanes())
    shape.push_back(kWarpSize);
  int64_t lanes = sumsInLanes() ? kWarpSize : 1;
  std::vector<int32_t> bits;
  for (int64_t block = 0; block < g.blocks; ++block)
    for (int64_t word = 0; word < g.words; ++word)
      for (int64_t lane = 0; lane < lanes; ++lane) {
        int64_t output = std::min(block * kWordBits + lane, g.outputChannels - 1);
        bits.push_back(static_cast<int32_t>(
            g.channelMask(g.groupOf(output), g.firstWord(block) + word)));
      }
  masks = b.constantTable("group_masks", shape, std::move(bits));
}

Value PopcountEmitter::inputWord(Value block, Value word) {
  return firstWords ? b.add(word, b.toIndex(b.load(firstWords, block))) : word;
}

Values PopcountEmitter::loadPlanes(const Pixel &pixel, Value ky, Value kx,
                                   Value word) {
  Values at{pixel.image};
  Value inside;
  if (!c.isMatMul) {
    Value y = b.add(windowStart(b, c, pixel, 0), b.mul(ky, c.dilations[0]));
    Value x = b.add(windowStart(b, c, pixel, 1), b.mul(kx, c.dilations[1]));
    if (c.isPadded()) {
      // What lies outside is zeros, for which another pixel is loaded.
      inside = isInside(b, c, y, x);
      y = b.select(inside, y, b.index(0));
      x = b.select(inside, x, b.index(0));
    }
    at.append({y, x});
  }
  at.push_back(word);
  Values planes;
  for (int64_t plane = 0; plane < c.inputCode.getBits(); ++plane) {
    Values all(at);
    all.push_back(b.index(plane));
    Value bits = b.load(c.input, all);
    planes.push_back(inside ? b.select(inside, bits, b.i32(0)) : bits);
  }
  return planes;
}

Value PopcountEmitter::filterWord(Value block, int64_t plane, Value ky, Value kx,
                                  Value word, Value lane) {
  if (c.isMatMul)
    return b.load(c.filter, {block, b.index(plane), word, lane});
  return b.load(c.filter, {block, b.index(plane), ky, kx, word, lane});
}

/// The sum of the codes whose planes are given, over the channels of `mask`.
Value PopcountEmitter::planeSums(ArrayRef<Value> planes, Value mask) {
  Value sum = b.i32(0);
  for (auto [i, plane] : llvm::enumerate(planes)) {
    PlaneTerm term = planeTerm(c.inputCode, i);
    int64_t weight = int64_t(1) << term.exponent;
    Value bits = b.popcount(mask ? b.bitAnd(plane, mask) : plane);
    sum = b.add(sum, b.mul(bits, term.negative ? -weight : weight));
  }
  return sum;
}

/// Adds products of the planes of an input word with a plane of the filter.
void PopcountEmitter::addPlanes(MutableArrayRef<Value> sums, ArrayRef<Value> planes,
                                Value bits, PlaneTerm w) {
  for (auto [i, plane] : llvm::enumerate(planes)) {
    PlaneTerm x = planeTerm(c.inputCode, i);
    Value &sum = sums[accumulatorOf[x.exponent + w.exponent]];
    Value number = b.popcount(b.bitAnd(plane, bits));
    sum = x.negative == w.negative ? b.add(sum, number) : b.sub(sum, number);
  }
}

/// Adds one input word of each pixel to its accumulators, behind which lies S where lanes
/// have their own.
Values PopcountEmitter::addWord(ArrayRef<Pixel> pixels, Value block, Value lane,
                                Value ky, Value kx, Value word,
                                ValueRange carried) {
  Values next(carried);
  auto sumsOf = [&](size_t pixel) {
    return MutableArrayRef<Value>(next).slice(pixel * perPixel(), perPixel());
  };
  SmallVector<Values> planes;
  for (const Pixel &pixel : pixels)
    planes.push_back(loadPlanes(pixel, ky, kx, inputWord(block, word)));
  for (unsigned j = 0; j < c.filterCode.getBits(); ++j) {
    Value bits = filterWord(block, j, ky, kx, word, lane);
    for (size_t pixel = 0; pixel < pixels.size(); ++pixel)
      addPlanes(sumsOf(pixel), planes[pixel], bits, planeTerm(c.filterCode, j));
  }
  if (sumsInLanes())
    for (size_t pixel = 0; pixel < pixels.size(); ++pixel) {
      Value &sum = sumsOf(pixel).back();
      sum = b.add(sum, planeSums(planes[pixel], b.load(masks, {block, word, lane})));
    }
  return next;
}

/// S of a window whose channels are of one group: lanes share the words.
Value PopcountEmitter::windowSum(const Pixel &pixel, Value block, Value lane) {
  int64_t words = c.geometry.words;
  Value sum = b.loop(
      lane, b.index(c.window[0] * c.window[1] * words), b.index(kWarpSize),
      b.i32(0), [&](Value item, ValueRange carried) -> Values {
        Value word = b.rem(item, words), tap = b.div(item, words);
        Value mask = masks ? b.load(masks, {block, word}) : Value();
        Values planes = loadPlanes(pixel, b.div(tap, c.window[1]),
                                   b.rem(tap, c.window[1]), inputWord(block, word));
        return {b.add(carried[0], planeSums(planes, mask))};
      })[0];
  return b.sumOfLanes(sum);
}

/// `dot * I + sum * S` of each pixel.
Values PopcountEmitter::sumsOf(ArrayRef<Pixel> pixels, Value block, Value lane) {
  Values zeros(pixels.size() * perPixel(), b.i32(0));
  Values sums = b.loop(c.window[0], zeros, [&](Value ky, ValueRange rows) {
    return b.loop(c.window[1], rows, [&](Value kx, ValueRange columns) {
      return b.loop(c.geometry.words, columns, [&](Value word, ValueRange carried) {
        return addWord(pixels, block, lane, ky, kx, word, carried);
      });
    });
  });
  Values results;
  for (auto [i, pixel] : llvm::enumerate(pixels)) {
    ArrayRef<Value> ofPixel = ArrayRef<Value>(sums).slice(i * perPixel(), perPixel());
    Value result = b.i32(0);
    for (auto [exponent, number] : accumulatorOf)
      result = b.add(result, b.mul(ofPixel[number], int64_t(1) << exponent));
    result = b.mul(result, c.form.dot);
    if (c.form.sum != 0) {
      Value window = sumsInLanes() ? ofPixel.back() : windowSum(pixel, block, lane);
      result = b.add(result, b.mul(window, c.form.sum));
    }
    results.push_back(result);
  }
  return results;
}

void PopcountEmitter::emit() {
  SmallVector<OpFoldResult> sizes = b.sizesOf(c.init, c.isMatMul ? 1 : 3);
  // Pixels of an image behind one another for each block of channels.
  sizes.insert(sizes.begin() + 1, b.getIndexAttr(c.geometry.blocks));
  sizes.push_back(b.getIndexAttr(kWarpSize));
  b.launch(c.isMatMul ? "matmul" : "conv_2d", sizes, [&](ValueRange at) {
    Value block = at[1], lane = at.back();
    Pixel result{at[0], {}, {}};
    if (!c.isMatMul) {
      result.row = at[2];
      result.column = at[3];
    }
    SmallVector<Pixel> pixels;
    for (int64_t i = 0; i < c.poolSize(); ++i)
      pixels.push_back(poolPixel(b, c, result, b.index(i)));
    epilogue.emit(result, block, lane, sumsOf(pixels, block, lane));
  });
}

template <typename OpTy>
static LogicalResult emitContraction(OpTy op) {
  if (op.getKernel() == Kernel::Lookup)
    return op.emitOpError("must have kernel popcount or dot to be computed on a GPU; run "
                          "bitplane-select-gpu-kernels");
  GPUBuilder b(op);
  GPUContraction contraction(op);
  std::optional<TensorCoreTile> tile = getTile(op);
  if (tile && succeeded(emitTensorCoreKernel(b, contraction, *tile)))
    return success();
  if (op.getKernel() == Kernel::Dot)
    return op.emitOpError("has kernel dot, which only tensor cores compute; run "
                          "bitplane-select-gpu-kernels");
  PopcountEmitter(b, contraction).emit();
  return success();
}

LogicalResult dorefa::emitGPUKernel(bitplane::Conv2DOp op) { return emitContraction(op); }

LogicalResult dorefa::emitGPUKernel(bitplane::MatMulOp op) { return emitContraction(op); }
