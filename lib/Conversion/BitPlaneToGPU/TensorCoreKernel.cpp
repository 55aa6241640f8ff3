//===- TensorCoreKernel.cpp - Contractions by products of single bits -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp computes tiles of 16 pixels times a block of 32 output channels by mma.sync
// m16n8k256 on bits with AND and popcount. Of a product of one plane of the input
// and one of the filter, 256 bits of the window at a time, lane 4g + t holds
//
//   A: words t and t + 4 of pixels g and g + 8
//   B: words t and t + 4 of channel g of 8
//   C: of pixels g and g + 8 channels 2t and 2t + 1
//
// which are words of the packed filter and of the map as they lie: nothing is
// rearranged. Pairs of planes of equal weight share their sums. A product with a
// filter of ones sums the window.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "Kernels.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

#include <map>

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

/// Pixels, and words of a window, of one product.
static constexpr int64_t kPixels = 16, kWords = 8;
/// Products next to one another that fill a block of 32 channels.
static constexpr int64_t kColumns = kWordBits / 8;
/// Registers of a fragment of C.
static constexpr int64_t kSums = 4;
/// Warps of a thread block, each with tiles of its own.
static constexpr int64_t kWarps = kBlockSize / kWarpSize;

/// Weight of a pair of planes: exponent, and whether it is subtracted.
using Weight = std::pair<unsigned, bool>;

static int64_t toInteger(Weight weight) {
  int64_t value = int64_t(1) << weight.first;
  return weight.second ? -value : value;
}

static SmallVector<Weight> getPairWeights(const GPUContraction &c) {
  SmallVector<Weight> weights;
  for (unsigned i = 0; i < c.inputCode.getBits(); ++i)
    for (unsigned j = 0; j < c.filterCode.getBits(); ++j) {
      PlaneTerm x = planeTerm(c.inputCode, i), w = planeTerm(c.filterCode, j);
      weights.push_back({x.exponent + w.exponent, x.negative != w.negative});
    }
  return weights;
}

namespace {

class TensorCoreEmitter {
public:
  TensorCoreEmitter(GPUBuilder &b, const GPUContraction &c);
  void emit();

private:
  /// A row of a tile that this lane reads, and where its window starts.
  struct Row {
    Pixel pixel;
    /// Whether there is such a pixel.
    Value exists;
  };

  Row locate(Value number);
  Values sumTiles(ArrayRef<Row> rows, Value block, Value group, Value member);
  Values addProducts(ArrayRef<Row> rows, Value block, Value group, Value member,
                     Value first, ValueRange carried);
  Value inputWord(const Row &row, Value kernelWord, int64_t plane, Value block);
  Value filterWord(Value block, int64_t plane, Value kernelWord, Value channel);
  Value maskWord(Value block, Value kernelWord);
  void multiply(MutableArrayRef<Value> sums, ArrayRef<Value> a, ArrayRef<Value> b);
  Value exactSum(ArrayRef<Value> sums, int64_t tile, int64_t column, int64_t element);
  void storeRow(const Row &row, ArrayRef<Value> sums, int64_t tile, int64_t half,
                Value block, Value member);

  int64_t numKernelWords() const {
    return c.window[0] * c.window[1] * c.geometry.words;
  }
  bool sumsWindows() const { return c.form.sum != 0; }
  /// Where the sums of a weight, of a tile and of 8 channels start; those of windows
  /// stand behind all of these, per plane.
  int64_t indexOf(int64_t tile, int64_t column, int64_t weight) const {
    return ((tile * kColumns + column) * numWeights + weight) * kSums;
  }
  int64_t indexOfWindow(int64_t tile, int64_t plane) const {
    return (tiles * kColumns * numWeights + tile * numPlanes + plane) * kSums;
  }
  int64_t numSums() const {
    return sumsWindows() ? indexOfWindow(tiles, 0) : indexOf(tiles, 0, 0);
  }

  GPUBuilder &b;
  const GPUContraction &c;
  GPUEpilogue epilogue;
  int64_t numPlanes;
  std::map<Weight, int64_t> weights;
  int64_t numWeights;
  /// Tiles of a warp.
  int64_t tiles;
  Value firstWords;
  /// `blocks x words`: channels of the group; null where all bits count.
  Value masks;
  /// Pixels of all images.
  Value numPixels;
  int64_t pixelsPerImage = 1;
};

} // namespace

TensorCoreEmitter::TensorCoreEmitter(GPUBuilder &b, const GPUContraction &c)
    : b(b), c(c), epilogue(b, c), numPlanes(c.inputCode.getBits()) {
  for (Weight weight : getPairWeights(c))
    weights.try_emplace(weight, weights.size());
  numWeights = weights.size();
  // Registers for sums, of the 255 that a thread has.
  constexpr int64_t kMostSums = 112;
  for (tiles = 2; tiles > 1 && numSums() > kMostSums;)
    --tiles;
  const FilterGeometry &g = c.geometry;
  SmallVector<int32_t> first, bits;
  for (int64_t block = 0; block < g.blocks; ++block) {
    first.push_back(g.firstWord(block));
    for (int64_t word = 0; word < g.words; ++word)
      bits.push_back(static_cast<int32_t>(
          g.channelMask(g.firstGroup(block), g.firstWord(block) + word)));
  }
  if (!llvm::all_of(first, [](int32_t word) { return word == 0; }))
    firstWords = b.constantTable("first_words", {g.blocks}, first);
  if (sumsWindows() && g.groups > 1)
    masks = b.constantTable("group_masks", {g.blocks, g.words}, bits);
}

/// Pixel `number` of all images; the last one where there are fewer.
TensorCoreEmitter::Row TensorCoreEmitter::locate(Value number) {
  Row row;
  row.exists = b.compare(arith::CmpIPredicate::ult, number, numPixels);
  Value last = b.sub(numPixels, b.index(1));
  number = arith::MinUIOp::create(b, number, last);
  row.pixel.image = b.div(number, pixelsPerImage);
  if (c.isMatMul)
    return row;
  int64_t width = cast<MemRefType>(c.init.getType()).getDimSize(2);
  Value inside = b.rem(number, pixelsPerImage);
  row.pixel.row = b.div(inside, width);
  row.pixel.column = b.rem(inside, width);
  return row;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// What `read` gives where the window has such a word, else 0.
static Value wordOrZero(GPUBuilder &b, int64_t numWords, Value word,
                        function_ref<Value()> read) {
  if (numWords % kWords == 0)
    return read();
  return b.valueWhen(b.compare(arith::CmpIPredicate::ult, word, b.index(numWords)),
                     b.i32(0), read);
}

Value TensorCoreEmitter::inputWord(const Row &row, Value kernelWord, int64_t plane,
                                   Value block) {
  return wordOrZero(b, numKernelWords(), kernelWord, [&] {
    Value word = b.rem(kernelWord, c.geometry.words);
    Value tap = b.div(kernelWord, c.geometry.words);
    if (firstWords)
      word = b.add(word, b.toIndex(b.load(firstWords, block)));
    Values at{row.pixel.image};
    if (!c.isMatMul) {
      Value ky = b.div(tap, c.window[1]), kx = b.rem(tap, c.window[1]);
      at.append({b.add(b.mul(row.pixel.row, c.strides[0]), b.mul(ky, c.dilations[0])),
                 b.add(b.mul(row.pixel.column, c.strides[1]), b.mul(kx, c.dilations[1]))});
    }
    at.append({word, b.index(plane)});
    return b.load(c.input, at);
  });
}

Value TensorCoreEmitter::filterWord(Value block, int64_t plane, Value kernelWord,
                                    Value channel) {
  return wordOrZero(b, numKernelWords(), kernelWord, [&] {
    if (c.isMatMul)
      return b.load(c.filter, {block, b.index(plane), kernelWord, channel});
    Value word = b.rem(kernelWord, c.geometry.words);
    Value tap = b.div(kernelWord, c.geometry.words);
    return b.load(c.filter, {block, b.index(plane), b.div(tap, c.window[1]),
                             b.rem(tap, c.window[1]), word, channel});
  });
}

/// Bits of a word of the window that are of the group.
Value TensorCoreEmitter::maskWord(Value block, Value kernelWord) {
  if (!masks)
    return b.i32(-1);
  return b.load(masks, {block, b.rem(kernelWord, c.geometry.words)});
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Adds a product to the four sums in front of `sums`.
void TensorCoreEmitter::multiply(MutableArrayRef<Value> sums, ArrayRef<Value> lhs,
                                 ArrayRef<Value> rhs) {
  SmallVector<Type> types(kSums, b.getI32Type());
  auto result = LLVM::LLVMStructType::getLiteral(b.getContext(), types);
  using NVVM::MMALayout, NVVM::MMATypes;
  Value product = NVVM::MmaOp::create(
      b, result, ValueRange(lhs), ValueRange(rhs), ValueRange(sums.take_front(kSums)),
      ArrayRef<int64_t>{kPixels, 8, kWords * kWordBits}, NVVM::MMAB1Op::and_popc,
      std::nullopt, std::array<MMATypes, 2>{MMATypes::b1, MMATypes::b1},
      std::array<MMALayout, 2>{MMALayout::row, MMALayout::col});
  for (int64_t i = 0; i < kSums; ++i)
    sums[i] = LLVM::ExtractValueOp::create(b, product, i);
}

/// Adds the products of 256 bits of the window, words `first` and on.
Values TensorCoreEmitter::addProducts(ArrayRef<Row> rows, Value block, Value group,
                                      Value member, Value first, ValueRange carried) {
  Values sums(carried);
  MutableArrayRef<Value> all(sums);
  Value low = b.add(first, member), high = b.add(low, kWords / 2);
  // Per tile and plane: word t of both pixels, then word t + 4.
  SmallVector<Values> a;
  for (int64_t tile = 0; tile < tiles; ++tile)
    for (int64_t plane = 0; plane < numPlanes; ++plane) {
      Values &fragment = a.emplace_back();
      for (Value word : {low, high})
        for (int64_t half = 0; half < 2; ++half)
          fragment.push_back(inputWord(rows[2 * tile + half], word, plane, block));
    }
  for (int64_t j = 0; j < c.filterCode.getBits(); ++j)
    for (int64_t column = 0; column < kColumns; ++column) {
      Value channel = b.add(group, 8 * column);
      Values bits{filterWord(block, j, low, channel), filterWord(block, j, high, channel)};
      for (int64_t i = 0; i < numPlanes; ++i) {
        PlaneTerm x = planeTerm(c.inputCode, i), w = planeTerm(c.filterCode, j);
        int64_t weight = weights[{x.exponent + w.exponent, x.negative != w.negative}];
        for (int64_t tile = 0; tile < tiles; ++tile)
          multiply(all.drop_front(indexOf(tile, column, weight)),
                   a[tile * numPlanes + i], bits);
      }
    }
  if (!sumsWindows())
    return sums;
  // Words that do not exist are 0 in A.
  Values ones{maskWord(block, low), maskWord(block, high)};
  for (int64_t tile = 0; tile < tiles; ++tile)
    for (int64_t i = 0; i < numPlanes; ++i)
      multiply(all.drop_front(indexOfWindow(tile, i)), a[tile * numPlanes + i], ones);
  return sums;
}

Values TensorCoreEmitter::sumTiles(ArrayRef<Row> rows, Value block, Value group,
                                   Value member) {
  Values zeros(numSums(), b.i32(0));
  return b.loop(b.index(0), b.index(numKernelWords()), b.index(kWords), zeros,
                [&](Value first, ValueRange carried) {
                  return addProducts(rows, block, group, member, first, carried);
                });
}

/// `dot * I + sum * S` of element `element` of the fragment.
Value TensorCoreEmitter::exactSum(ArrayRef<Value> sums, int64_t tile, int64_t column,
                                  int64_t element) {
  Value result = b.i32(0);
  for (auto [weight, number] : weights)
    result = b.add(result, b.mul(sums[indexOf(tile, column, number) + element],
                                 toInteger(weight) * c.form.dot));
  if (!sumsWindows())
    return result;
  for (int64_t plane = 0; plane < numPlanes; ++plane) {
    PlaneTerm x = planeTerm(c.inputCode, plane);
    result = b.add(result, b.mul(sums[indexOfWindow(tile, plane) + element],
                                 toInteger({x.exponent, x.negative}) * c.form.sum));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// Stores the 8 channels that this lane has of a pixel; the bits of a word are those of
/// four lanes.
void TensorCoreEmitter::storeRow(const Row &row, ArrayRef<Value> sums, int64_t tile,
                                 int64_t half, Value block, Value member) {
  Values words;
  if (c.hasCodes())
    words.assign(c.resultCode.getBits(), b.i32(0));
  for (int64_t column = 0; column < kColumns; ++column)
    for (int64_t i = 0; i < 2; ++i) {
      Value bit = b.add(b.mul(member, 2), 8 * column + i);
      Value channel = b.add(b.mul(block, kWordBits), bit);
      Value sum = exactSum(sums, tile, column, 2 * half + i);
      if (!c.hasCodes()) {
        epilogue.storeInteger(row.pixel, channel, sum, row.exists);
        continue;
      }
      Values planes = epilogue.planesOf(row.pixel, channel, sum);
      for (auto [word, plane] : llvm::zip_equal(words, planes))
        word = b.bitOr(word, arith::ShLIOp::create(b, b.count(plane), b.toI32(bit)));
    }
  if (!c.hasCodes())
    return;
  for (auto [plane, word] : llvm::enumerate(words)) {
    for (int64_t distance : {1, 2})
      word = b.bitOr(word, gpu::ShuffleOp::create(b, word, distance, kWarpSize,
                                                  gpu::ShuffleMode::XOR)
                               .getShuffleResult());
    // Each lane of four stores a plane in turn.
    Value isOwner = b.compare(arith::CmpIPredicate::eq, member,
                              b.index(static_cast<int64_t>(plane % 4)));
    b.when(b.bitAnd(row.exists, isOwner), [&, word = word, plane = plane] {
      epilogue.storeWord(row.pixel, block, plane, word);
    });
  }
}

void TensorCoreEmitter::emit() {
  SmallVector<OpFoldResult> sizes = b.sizesOf(c.init, c.isMatMul ? 1 : 3);
  for (OpFoldResult size : ArrayRef(sizes).drop_front())
    pixelsPerImage *= *getConstantIntValue(size);
  numPixels = b.mul(getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes.front()),
                    pixelsPerImage);
  int64_t pixelsPerWarp = tiles * kPixels;
  b.launchBlocks(
      c.isMatMul ? "matmul_mma" : "conv_2d_mma", numPixels, kWarps * pixelsPerWarp,
      c.geometry.blocks, [&](Value part, Value block, Value thread) {
        Value warp = b.div(thread, kWarpSize), lane = b.rem(thread, kWarpSize);
        Value group = b.div(lane, 4), member = b.rem(lane, 4);
        Value first = b.mul(b.add(b.mul(part, kWarps), warp), pixelsPerWarp);
        SmallVector<Row> rows;
        for (int64_t i = 0; i < 2 * tiles; ++i)
          rows.push_back(locate(b.add(b.add(first, group), 8 * i)));
        Values sums = sumTiles(rows, block, group, member);
        for (int64_t i = 0; i < 2 * tiles; ++i)
          storeRow(rows[i], sums, i / 2, i % 2, block, member);
      });
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

bool dorefa::isForTensorCores(const GPUContraction &c) {
  // A product of planes costs half as much as one of bytes with 8 pairs; so many pairs
  // also take too many registers.
  constexpr size_t kMostPairs = 6;
  // Fewer rows leave most of each product unused; then memory is the limit anyway.
  constexpr int64_t kFewestRows = 8;
  int64_t rows = 1;
  for (int64_t size : cast<MemRefType>(c.init.getType()).getShape().take_front(c.isMatMul ? 1 : 3))
    rows = ShapedType::isDynamic(size) ? kFewestRows : rows * size;
  return getPairWeights(c).size() <= kMostPairs && rows >= kFewestRows &&
         (c.form.sum == 0 || c.geometry.hasOneGroupPerBlock());
}

void dorefa::emitTensorCoreKernel(GPUBuilder &b, const GPUContraction &c) {
  TensorCoreEmitter(b, c).emit();
}
