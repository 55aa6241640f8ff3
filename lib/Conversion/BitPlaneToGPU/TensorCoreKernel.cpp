//===- TensorCoreKernel.cpp - Contractions on tensor cores ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A convolution is a product of two matrices: windows of pixels, which are gathered
// while they are copied, and the filter. A block of warps computes a tile of pixels x
// output channels. Step by step along the window, 256 bits (or 32 bytes) at a time, both
// operands are copied to one of several stages in shared memory while the step before is
// multiplied.
//
// The pixels lie in shared memory as they do in global memory: a row per pixel, of 8
// words with all their planes. With one plane `ldmatrix` reads them; with several a lane
// reads two whole words, all planes of them, by vector loads. Both need every row once,
// and no bank twice: rows of one and of four planes are swizzled. The filter lies in the
// order of fragments. The order of words along the window, and that of output channels,
// is whatever suits a lane, because `packFragments` permutes the filter alike.
//
// Two planes of the input are rows of their own: so what a vector load gives, two words of
// both, is a fragment as it is, and no register has to be moved.
//
// Otherwise products of planes of equal weight are added up in one accumulator. Where accumulators
// of all weights would take too many registers, there is only one, to which each step
// adds its weighted sums. A product with ones counts the bits of the window. A lane ends
// with 8 neighbouring channels of each pixel: a byte of each word of the result.
//
// Where the result is pooled, rows of a tile are ordered such that a lane has all pixels
// of a window: row 8 i + g of a warp is of lanes 4 g to 4 g + 3 for every i.
//
//===----------------------------------------------------------------------===//

#include "Fragments.h"
#include "Kernels.h"
#include "StepCopies.h"
#include "WindowCounter.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

#include <map>

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

/// Registers of a fragment of C.
static constexpr int64_t kSums = 4;
/// Rows of a tile that a lane has.
static constexpr int64_t kRowsOfLane = kProductPixels / kGroups;

/// Weight of a pair of planes: exponent, and whether it is subtracted.
using Weight = std::pair<unsigned, bool>;

static int64_t toInteger(Weight weight) {
  int64_t value = int64_t(1) << weight.first;
  return weight.second ? -value : value;
}

static int64_t toInteger(PlaneTerm term) {
  return toInteger(Weight(term.exponent, term.negative));
}

namespace {

class TensorCoreEmitter {
public:
  TensorCoreEmitter(GPUBuilder &b, const GPUContraction &c, const TensorCoreTile &tile,
                    Value fragments);
  void emit();

private:
  Values sumTiles(const GPUBuilder::Block &block);
  Values loadFragments(Value stage, int64_t tile);
  Values loadMatrix(Value stage, int64_t tile);
  Values loadFilter(Value stage, int64_t half, int64_t plane);
  Values onesOf(Value row, Value step);
  Values addProducts(Value row, Value step, Value stage, ValueRange carried);
  void addTile(MutableArrayRef<Value> sums, int64_t tile, int64_t product,
               ArrayRef<Value> a, ArrayRef<Value> filter);
  void addRows(MutableArrayRef<Value> total, ArrayRef<Value> a, ArrayRef<Value> filter);
  void addWeighted(MutableArrayRef<Value> total, int64_t weight,
                   function_ref<void(MutableArrayRef<Value>)> add);
  void multiply(MutableArrayRef<Value> sums, ArrayRef<Value> lhs, ArrayRef<Value> rhs);
  void store(const GPUBuilder::Block &block, ArrayRef<Value> sums);
  Values eightSums(ArrayRef<Value> sums, ArrayRef<Value> windows, int64_t row, int64_t n,
                   Value channel);
  Value addWeights(ArrayRef<Value> sums, int64_t tile, int64_t product, int64_t element);
  Values windowSums(ArrayRef<Value> sums, int64_t row);

  Weight weightOf(int64_t inputPlane, int64_t filterPlane) const;
  int64_t numProducts() const { return tile.blocks * kBlockProducts; }
  /// Whether planes of a pixel are rows g and g + 8 of a fragment, whose other rows are those
  /// of 7 other pixels; else they have fragments of their own, of 16 pixels.
  bool planesAreRows() const { return o.inputPlanes == 2; }
  /// Accumulators of a tile of pixels and a product: one per weight; where planes are rows,
  /// one per half of the pixels and plane of the filter.
  int64_t numParts() const {
    if (planesAreRows())
      return 2 * (sumsWeights ? 1 : o.filterPlanes);
    return sumsWeights ? 1 : static_cast<int64_t>(weights.size());
  }
  /// Where the sums of a tile of pixels, a product and a part start; behind all of these
  /// stand the sums of windows, by products for each tile or as counts.
  int64_t indexOf(int64_t row, int64_t product, int64_t part) const {
    return ((row * numProducts() + product) * numParts() + part) * kSums;
  }
  int64_t indexOfWindow(int64_t row) const { return indexOf(tile.tiles, 0, 0) + row * kSums; }
  bool multipliesOnes() const { return o.areBytes && c.form.sum != 0; }
  int64_t numSums() const {
    return multipliesOnes() ? indexOfWindow(tile.tiles)
                            : indexOfWindow(0) + counter.numCounts();
  }

  GPUBuilder &b;
  const GPUContraction &c;
  TensorCoreTile tile;
  TensorCoreOperands o;
  GPUEpilogue epilogue;
  WindowCounter counter;
  /// Weights of pairs of planes, the lightest first.
  std::map<Weight, int64_t> weights;
  /// Whether there is one accumulator for all weights.
  bool sumsWeights = false;
  Value masks;
  TilePixels pixels;
  StepCopies copies;
  // Of the kernel.
  Value shared, lane, group, member, warpRow, warpColumn;
};

} // namespace

//===----------------------------------------------------------------------===//
// Preparation
//===----------------------------------------------------------------------===//

TensorCoreEmitter::TensorCoreEmitter(GPUBuilder &b, const GPUContraction &c,
                                     const TensorCoreTile &tile, Value fragments)
    : b(b), c(c), tile(tile), o(c), epilogue(b, c), counter(b, c, tile), pixels(b, c),
      copies(b, c, tile, pixels, fragments) {
  for (int64_t i = 0; i < o.inputPlanes; ++i)
    for (int64_t j = 0; j < o.filterPlanes; ++j)
      weights.try_emplace(weightOf(i, j));
  for (auto [number, entry] : llvm::enumerate(weights))
    entry.second = static_cast<int64_t>(number);
  // Registers for sums, of the 255 that a thread has.
  constexpr int64_t kMostSums = 144;
  sumsWeights = numSums() > kMostSums;
  if (multipliesOnes())
    masks = makeGroupMasks(b, c, tile);
}

Weight TensorCoreEmitter::weightOf(int64_t inputPlane, int64_t filterPlane) const {
  if (o.areBytes)
    return {0, false};
  PlaneTerm x = planeTerm(c.inputCode, inputPlane), w = planeTerm(c.filterCode, filterPlane);
  return {x.exponent + w.exponent, x.negative != w.negative};
}

//===----------------------------------------------------------------------===//
// Fragments
//===----------------------------------------------------------------------===//

/// The fragment of one plane by ldmatrix: each lane names a row of 16 bytes.
Values TensorCoreEmitter::loadMatrix(Value stage, int64_t number) {
  Value row = b.add(b.add(b.mul(warpRow, tile.tiles * kProductPixels), number * kProductPixels),
                    b.rem(lane, kProductPixels));
  Value chunk = swizzleChunk(b, o, row, b.div(lane, kProductPixels));
  Value place = b.add(b.mul(row, o.rowBytes()), b.mul(chunk, kChunkBytes));
  SmallVector<Type> types(4, b.getI32Type());
  using NVVM::LdStMatrixShapeAttr;
  Value matrices = NVVM::LdMatrixOp::create(
      b, LLVM::LLVMStructType::getLiteral(b.getContext(), types),
      b.advance(shared, b.add(stage, place)), 4, NVVM::MMALayout::row,
      LdStMatrixShapeAttr::get(b.getContext(), 8, 8), NVVM::LdStMatrixEltType::B16);
  Values registers;
  for (int64_t i = 0; i < 4; ++i)
    registers.push_back(LLVM::ExtractValueOp::create(b, matrices, i));
  return registers;
}

/// Fragments of tile `number` of the warp. Four registers per plane: the first word of
/// both pixels of the lane, then the second one. Where planes are rows, four registers per
/// pixel: the first word of both planes, then the second one.
Values TensorCoreEmitter::loadFragments(Value stage, int64_t number) {
  if (o.inputPlanes == 1)
    return loadMatrix(stage, number);
  Values registers(4 * o.inputPlanes);
  for (int64_t half = 0; half < 2; ++half) {
    Value row = b.add(b.add(b.mul(warpRow, tile.tiles * kProductPixels),
                            number * kProductPixels + 8 * half),
                      group);
    Value start = b.add(stage, b.mul(row, o.rowBytes()));
    // Two words of all planes, as wide as they are aligned.
    int64_t count = 2 * o.inputPlanes, width = count % 4 == 0 ? 4 : 2;
    for (int64_t i = 0; i < count; i += width) {
      Value inRow = b.add(b.mul(member, 4 * count), 4 * i);
      if (o.inputPlanes == 4)
        inRow = b.mul(swizzleChunk(b, o, row, b.div(inRow, kChunkBytes)), kChunkBytes);
      Values words =
          b.loadWords(b.advance(shared, b.add(start, inRow)), width, b.getI32Type());
      for (auto [k, word] : llvm::enumerate(words)) {
        int64_t which = (i + k) / o.inputPlanes, plane = (i + k) % o.inputPlanes;
        registers[planesAreRows() ? 4 * half + 2 * which + plane
                                  : 4 * plane + 2 * which + half] = word;
      }
    }
  }
  return registers;
}

/// Fragments of two products of half a block of channels.
Values TensorCoreEmitter::loadFilter(Value stage, int64_t half, int64_t plane) {
  Value column = b.add(b.mul(warpColumn, 2 * tile.blocks), half);
  Value place = b.add(b.mul(b.add(b.mul(column, o.filterPlanes), plane), kWarpSize), lane);
  Value start = b.add(stage, tile.pixels() * o.rowBytes());
  return b.loadWords(b.advance(shared, b.add(start, b.mul(place, kChunkBytes))), 4,
                     b.getI32Type());
}

/// What adds up levels: two words of ones.
Values TensorCoreEmitter::onesOf(Value row, Value step) {
  Values words(2, b.i32(0x01010101));
  if (masks)
    for (int64_t half = 0; half < 2; ++half) {
      Value first = b.mul(b.add(b.mul(row, o.steps()), step), kProductWords);
      words[half] = b.load(masks, b.add(first, b.add(member, 4 * half)));
    }
  return words;
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
  auto bits = std::make_optional(NVVM::MMAB1Op::and_popc);
  auto overflow = std::make_optional(NVVM::MMAIntOverflow::wrapped);
  MMATypes a = o.areBytes ? MMATypes::u8 : MMATypes::b1;
  Value product = NVVM::MmaOp::create(
      b, result, ValueRange(lhs), ValueRange(rhs), ValueRange(sums.take_front(kSums)),
      ArrayRef<int64_t>{kProductPixels, 8, o.areBytes ? 32 : 256},
      o.areBytes ? std::nullopt : bits, o.areBytes ? overflow : std::nullopt,
      std::array<MMATypes, 2>{a, o.areBytes ? MMATypes::s8 : a},
      std::array<MMALayout, 2>{MMALayout::row, MMALayout::col});
  for (int64_t i = 0; i < kSums; ++i)
    sums[i] = LLVM::ExtractValueOp::create(b, product, i);
}

/// Adds to `total` what `add` adds to sums, with a weight.
void TensorCoreEmitter::addWeighted(MutableArrayRef<Value> total, int64_t weight,
                                    function_ref<void(MutableArrayRef<Value>)> add) {
  // The lightest needs no factor.
  if (weight == 1)
    return add(total);
  Values step(kSums, b.i32(0));
  add(step);
  for (int64_t k = 0; k < kSums; ++k)
    total[k] = b.add(total[k], b.mul(step[k], weight));
}

/// Adds the products of both halves of a tile of pixels, whose planes are rows, and 8
/// channels; `filter` has two words per plane.
void TensorCoreEmitter::addRows(MutableArrayRef<Value> total, ArrayRef<Value> a,
                                ArrayRef<Value> filter) {
  for (int64_t half : {0, 1})
    for (int64_t j = 0; j < o.filterPlanes; ++j) {
      auto add = [&](MutableArrayRef<Value> sums) {
        multiply(sums, a.slice(4 * half, 4), filter.slice(2 * j, 2));
      };
      if (sumsWeights)
        addWeighted(total.drop_front(half * kSums), toInteger(planeTerm(c.filterCode, j)), add);
      else
        add(total.drop_front((half * o.filterPlanes + j) * kSums));
    }
}

/// Adds the products of one tile of pixels and one of 8 channels.
void TensorCoreEmitter::addTile(MutableArrayRef<Value> sums, int64_t row, int64_t product,
                                ArrayRef<Value> a, ArrayRef<Value> filter) {
  MutableArrayRef<Value> total = sums.drop_front(indexOf(row, product, 0));
  Values words;
  for (int64_t j = 0; j < o.filterPlanes; ++j)
    llvm::append_range(words, filter.slice(4 * j + product % 2 * 2, 2));
  if (planesAreRows())
    return addRows(total, a, words);
  for (auto [weight, number] : weights) {
    auto add = [&, weight = weight](MutableArrayRef<Value> target) {
      for (int64_t j = 0; j < o.filterPlanes; ++j)
        for (int64_t i = 0; i < o.inputPlanes; ++i)
          if (weightOf(i, j) == weight)
            multiply(target, a.slice(4 * i, 4), ArrayRef<Value>(words).slice(2 * j, 2));
    };
    if (sumsWeights)
      addWeighted(total, toInteger(weight), add);
    else
      add(total.drop_front(number * kSums));
  }
}

/// Adds the products of one step, which lies in `stage`.
Values TensorCoreEmitter::addProducts(Value row, Value step, Value stage,
                                      ValueRange carried) {
  Values sums(carried);
  SmallVector<Values> a;
  for (int64_t i = 0; i < tile.tiles; ++i)
    a.push_back(loadFragments(stage, i));
  for (int64_t half = 0; half < 2 * tile.blocks; ++half) {
    Values planes;
    for (int64_t j = 0; j < o.filterPlanes; ++j)
      planes.append(loadFilter(stage, half, j));
    for (int64_t i = 0; i < tile.tiles; ++i)
      for (int64_t product = 2 * half; product < 2 * half + 2; ++product)
        addTile(sums, i, product, a[i], planes);
  }
  MutableArrayRef<Value> windows = MutableArrayRef<Value>(sums).drop_front(indexOfWindow(0));
  if (multipliesOnes())
    for (int64_t i = 0; i < tile.tiles; ++i)
      multiply(windows.drop_front(i * kSums), a[i], onesOf(row, step));
  else
    counter.add(windows, step, b.advance(shared, stage));
  return sums;
}

/// All sums of a warp, by `tile.steps` steps between barriers; copies are as many steps ahead
/// as stages remain.
Values TensorCoreEmitter::sumTiles(const GPUBuilder::Block &block) {
  int64_t stageBytes = o.stageBytes(tile), ahead = tile.stages - tile.steps;
  copies.plan(block);
  counter.plan(block.thread, block.row);
  for (int64_t step = 0; step < ahead; ++step) {
    if (step < o.steps())
      copies.add(b.index(step), b.index(step * stageBytes));
    if ((step + 1) % tile.steps == 0)
      b.commitCopies();
  }
  auto next = [&](Value stage) {
    Value after = b.add(stage, tile.steps * stageBytes);
    Value isLast = b.compare(arith::CmpIPredicate::eq, after, b.index(tile.stages * stageBytes));
    return b.select(isLast, b.index(0), after);
  };
  // The stage that is multiplied, and the one that is copied to.
  Values carried{b.index(0), b.index(ahead * stageBytes)};
  carried.append(numSums(), b.i32(0));
  Values result = b.longLoop(
      o.steps() / tile.steps, carried, [&](Value round, ValueRange values) {
        Value step = b.mul(round, tile.steps), later = b.add(step, ahead);
        b.waitForCopies(ahead / tile.steps - 1);
        b.barrier();
        b.when(b.compare(arith::CmpIPredicate::ult, later, b.index(o.steps())), [&] {
          for (int64_t i = 0; i < tile.steps; ++i)
            copies.add(b.add(later, i), b.add(values[1], i * stageBytes));
        });
        b.commitCopies();
        Values sums(values.drop_front(2));
        for (int64_t i = 0; i < tile.steps; ++i)
          sums = addProducts(block.row, b.add(step, i), b.add(values[0], i * stageBytes), sums);
        sums.insert(sums.begin(), {next(values[0]), next(values[1])});
        return sums;
      });
  result.erase(result.begin(), result.begin() + 2);
  return result;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// `dot * I` of element `element` of a fragment.
Value TensorCoreEmitter::addWeights(ArrayRef<Value> sums, int64_t row, int64_t product,
                                    int64_t element) {
  Value result = b.i32(0);
  auto add = [&](int64_t index, int64_t weight) {
    result = b.add(result, b.mul(sums[index], weight * c.form.dot));
  };
  if (planesAreRows()) {
    int64_t kept = sumsWeights ? 1 : o.filterPlanes, half = element / 2;
    for (int64_t j = 0; j < kept; ++j)
      for (int64_t i : {0, 1})
        add(indexOf(row, product, half * kept + j) + 2 * i + element % 2,
            toInteger(planeTerm(c.inputCode, i)) *
                (sumsWeights ? 1 : toInteger(planeTerm(c.filterCode, j))));
    return result;
  }
  if (sumsWeights) {
    add(indexOf(row, product, 0) + element, 1);
    return result;
  }
  for (auto [weight, number] : weights)
    add(indexOf(row, product, number) + element, toInteger(weight));
  return result;
}

/// `sum * S` of row `row` of a lane, for each group of the tile of channels.
Values TensorCoreEmitter::windowSums(ArrayRef<Value> sums, int64_t row) {
  if (c.form.sum == 0)
    return {};
  Values windows;
  if (multipliesOnes()) {
    windows = {sums[indexOfWindow(row / kRowsOfLane) + row % kRowsOfLane * 2]};
  } else {
    Value first = b.mul(warpRow, tile.tiles * kProductPixels);
    windows = counter.sumsOf(b.add(b.add(first, group), row * kGroups), shared);
  }
  for (Value &window : windows)
    window = b.mul(window, c.form.sum);
  return windows;
}

/// The sums of row `row` of a lane, from channel `8 * member` of block `n` of the warp's
/// channels on, of which `channel` is the first.
Values TensorCoreEmitter::eightSums(ArrayRef<Value> sums, ArrayRef<Value> windows, int64_t row,
                                    int64_t n, Value channel) {
  Values eight;
  for (int64_t i = 0; i < 8; ++i) {
    Value sum = addWeights(sums, row / kRowsOfLane, kBlockProducts * n + i / 2,
                           row % kRowsOfLane * 2 + i % 2);
    if (windows.size() > 1) {
      Value isFirst = b.compare(arith::CmpIPredicate::ult, b.add(channel, i),
                                counter.secondGroup());
      sum = b.add(sum, b.select(isFirst, windows[0], windows[1]));
    } else if (!windows.empty()) {
      sum = b.add(sum, windows[0]);
    }
    eight.push_back(sum);
  }
  return eight;
}

void TensorCoreEmitter::store(const GPUBuilder::Block &block, ArrayRef<Value> sums) {
  int64_t poolSize = c.poolSize();
  Value firstRow = b.add(b.mul(block.number, tile.pixels()),
                         b.mul(warpRow, tile.tiles * kProductPixels));
  Value firstPixel = b.add(b.div(firstRow, poolSize), group);
  Value firstBlock =
      b.add(b.mul(block.row, tile.channelBlocks()), b.mul(warpColumn, tile.blocks));
  counter.share(sums.drop_front(indexOfWindow(0)), shared);
  SmallVector<Values> windows;
  for (int64_t row = 0; row < kRowsOfLane * tile.tiles; ++row)
    windows.push_back(windowSums(sums, row));
  for (int64_t n = 0; n < tile.blocks; ++n) {
    Value number = b.add(firstBlock, n);
    Value channel = b.add(b.mul(number, kWordBits), b.mul(member, 8));
    auto emit = [&] {
      for (int64_t i = 0; i < kRowsOfLane * tile.tiles / poolSize; ++i) {
        Value pixel = b.add(firstPixel, kGroups * i);
        SmallVector<Values> ofWindow;
        for (int64_t row = i * poolSize; row < (i + 1) * poolSize; ++row)
          ofWindow.push_back(eightSums(sums, windows[row], row, n, channel));
        Value exists = b.compare(arith::CmpIPredicate::ult, pixel, pixels.count());
        epilogue.emitEight(pixels.locateResult(pixel), exists, number, member, ofWindow);
      }
    };
    if (c.geometry.blocks % tile.channelBlocks() == 0)
      emit();
    else
      b.when(b.compare(arith::CmpIPredicate::ult, number, b.index(c.geometry.blocks)), emit);
  }
}

void TensorCoreEmitter::emit() {
  std::string name = c.isMatMul ? "matmul" : "conv_2d";
  name += o.areBytes ? "_imma" : "_mma";
  b.launchBlocks(
      name, pixels.count(), tile.pixels() / c.poolSize(),
      llvm::divideCeil(c.geometry.blocks, tile.channelBlocks()), tile.threads(),
      tile.stages * o.stageBytes(tile), [&](const GPUBuilder::Block &block) {
        shared = block.shared;
        Value warp = b.div(block.thread, kWarpSize);
        lane = b.rem(block.thread, kWarpSize);
        group = b.div(lane, 4);
        member = b.rem(lane, 4);
        warpRow = b.div(warp, tile.warpColumns);
        warpColumn = b.rem(warp, tile.warpColumns);
        store(block, sumTiles(block));
      });
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

LogicalResult dorefa::emitTensorCoreKernel(GPUBuilder &b, const GPUContraction &c,
                                           const TensorCoreTile &tile) {
  if (!StepCopies::canCopy(c) ||
      !tile.canPool(c.poolSize()) || TensorCoreOperands(c).steps() % tile.steps != 0 ||
      (c.form.sum != 0 &&
       groupsPerTile(c.geometry, tile.channelBlocks()) > kMostGroupsPerTile))
    return failure();
  Value fragments = packFragments(b, c, tile);
  if (!fragments)
    return failure();
  TensorCoreEmitter(b, c, tile, fragments).emit();
  return success();
}
