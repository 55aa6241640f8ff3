//===- StepCopies.cpp - Operands on their way to shared memory ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StepCopies.h"

#include <numeric>

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Pixels
//===----------------------------------------------------------------------===//

TilePixels::TilePixels(GPUBuilder &b, const GPUContraction &c) : b(b), c(c) {
  SmallVector<OpFoldResult> sizes = b.sizesOf(c.init, c.isMatMul ? 1 : 3);
  for (OpFoldResult size : ArrayRef(sizes).drop_front())
    pixelsPerImage *= *getConstantIntValue(size);
  numPixels = b.mul(getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes.front()),
                    pixelsPerImage);
}

Pixel TilePixels::locateResult(Value number) const {
  number = arith::MinUIOp::create(b, number, b.sub(numPixels, b.index(1)));
  Pixel pixel;
  pixel.image = b.div(number, pixelsPerImage);
  if (c.isMatMul)
    return pixel;
  int64_t width = cast<MemRefType>(c.init.getType()).getDimSize(2);
  Value inside = b.rem(number, pixelsPerImage);
  pixel.row = b.div(inside, width);
  pixel.column = b.rem(inside, width);
  return pixel;
}

Pixel TilePixels::locate(Value row) const {
  if (c.poolSize() == 1)
    return locateResult(row);
  Value window = b.add(b.mul(b.div(row, kGroups * c.poolSize()), kGroups),
                       b.rem(row, kGroups));
  return poolPixel(b, c, locateResult(window), b.rem(b.div(row, kGroups), c.poolSize()));
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> getStrides(Value buffer, int64_t *offset = nullptr) {
  auto [strides, first] = cast<MemRefType>(buffer.getType()).getStridesAndOffset();
  if (offset)
    *offset = first;
  return strides;
}

static int64_t bytesOfElement(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getElementTypeBitWidth() / 8;
}

/// Where the words that a block of channels reads start in a pixel.
static int64_t firstByteOf(const GPUContraction &c, int64_t block) {
  const FilterGeometry &g = c.geometry;
  if (c.areBytes())
    return g.firstGroup(block) * g.channelsPerGroup();
  return g.firstWord(block) * c.inputCode.getBits() * 4;
}

/// The most bytes up to kChunkBytes that all copies are aligned to.
static int64_t getGranule(const GPUContraction &c) {
  TensorCoreOperands o(c);
  int64_t offset, common = std::gcd(kChunkBytes, o.words * o.inputPlanes * 4);
  SmallVector<int64_t> strides = getStrides(c.input, &offset);
  int64_t bytes = bytesOfElement(c.input);
  common = std::gcd(common, offset * bytes);
  for (int64_t stride : ArrayRef(strides).take_front(c.isMatMul ? 1 : 3))
    common = std::gcd(common, stride * bytes);
  for (int64_t block = 0; block < c.geometry.blocks; ++block)
    common = std::gcd(common, firstByteOf(c, block));
  return common;
}

static bool hasStaticLayout(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) &&
         !ShapedType::isDynamic(offset) && strides.back() == 1 &&
         llvm::none_of(strides, ShapedType::isDynamic);
}

bool StepCopies::canCopy(const GPUContraction &c) {
  return hasStaticLayout(c.input) && hasStaticLayout(c.init) && getGranule(c) >= 4;
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

StepCopies::StepCopies(GPUBuilder &b, const GPUContraction &c, const TensorCoreTile &tile,
                       const TilePixels &pixels, Value fragments)
    : b(b), c(c), tile(tile), pixels(pixels), o(c), granule(getGranule(c)),
      fragments(fragments) {
  std::vector<int32_t> first;
  for (int64_t block = 0; block < c.geometry.blocks; block += tile.channelBlocks())
    first.push_back(static_cast<int32_t>(firstByteOf(c, block)));
  if (llvm::all_of(first, [](int32_t byte) { return byte == 0; }))
    return;
  auto count = static_cast<int64_t>(first.size());
  firstBytes = b.constantTable("first_bytes", {count}, std::move(first));
}

/// Where the window of a pixel starts in the input.
Value StepCopies::inputOffset(const Pixel &pixel) {
  int64_t offset;
  SmallVector<int64_t> strides = getStrides(c.input, &offset);
  Value place = b.add(b.mul(pixel.image, strides[0]), offset);
  if (!c.isMatMul)
    place = b.add(b.add(place, b.mul(windowStart(b, c, pixel, 0), strides[1])),
                  b.mul(windowStart(b, c, pixel, 1), strides[2]));
  return b.mul(place, bytesOfElement(c.input));
}

void StepCopies::plan(const GPUBuilder::Block &of) {
  block = of;
  input = b.pointerTo(c.input);
  filter = b.pointerTo(fragments);
  Value thread = block.thread, firstPixel = b.mul(block.number, tile.pixels());
  int64_t perRow = o.rowBytes() / granule, total = tile.pixels() * perRow;
  planned.clear();
  for (int64_t first = 0; first < total; first += tile.threads()) {
    Copy &copy = planned.emplace_back();
    Value number = b.add(thread, first), pixel;
    if (tile.threads() % perRow == 0) {
      copy.granule = b.rem(thread, perRow);
      pixel = b.add(b.div(thread, perRow), first / perRow);
    } else {
      copy.granule = b.rem(number, perRow);
      pixel = b.div(number, perRow);
    }
    if (first + tile.threads() > total)
      copy.exists = b.compare(arith::CmpIPredicate::ult, number, b.index(total));
    Pixel at = pixels.locate(b.add(firstPixel, pixel));
    copy.source = inputOffset(at);
    if (c.isPadded()) {
      copy.row = windowStart(b, c, at, 0);
      copy.column = windowStart(b, c, at, 1);
    }
    if (firstBytes)
      copy.source = b.add(copy.source, b.toIndex(b.load(firstBytes, block.row)));
    Value inRow = b.mul(copy.granule, granule);
    Value chunk = swizzleChunk(b, o, pixel, b.div(inRow, kChunkBytes));
    copy.destination =
        b.add(b.add(b.mul(pixel, o.rowBytes()), b.mul(chunk, kChunkBytes)),
              b.rem(inRow, kChunkBytes));
  }
}

/// Where a copy of step `step` reads, and whether it is inside the window and the input.
StepCopies::Source StepCopies::sourceOf(const Copy &copy, Value step) {
  int64_t perTap = o.words * o.inputPlanes * 4 / granule;
  int64_t perStep = o.rowBytes() / granule, total = o.taps * perTap;
  Value number = b.add(b.mul(step, perStep), copy.granule), exists;
  if (total % perStep != 0)
    exists = b.compare(arith::CmpIPredicate::ult, number, b.index(total));
  Value tap = b.div(number, perTap);
  Value ky = b.mul(b.div(tap, c.window[1]), c.dilations[0]);
  Value kx = b.mul(b.rem(tap, c.window[1]), c.dilations[1]);
  Value offset = b.add(copy.source, b.mul(b.rem(number, perTap), granule));
  if (o.taps > 1) {
    SmallVector<int64_t> strides = getStrides(c.input);
    int64_t bytes = bytesOfElement(c.input);
    offset = b.add(offset, b.mul(ky, strides[1] * bytes));
    offset = b.add(offset, b.mul(kx, strides[2] * bytes));
  }
  if (c.isPadded()) {
    Value inside = isInside(b, c, b.add(copy.row, ky), b.add(copy.column, kx));
    exists = exists ? b.bitAnd(exists, inside) : inside;
  }
  return {offset, exists};
}

/// Calls `emit` for threads that `exists` holds for; for all where it is null.
static void whenExists(GPUBuilder &b, Value exists, function_ref<void()> emit) {
  if (exists)
    b.when(exists, emit);
  else
    emit();
}

/// Zeros stand behind the end of windows, and outside of the input.
void StepCopies::addPixels(Value step, Value stage) {
  for (const Copy &copy : planned) {
    Source source = sourceOf(copy, step);
    Value bytes;
    if (source.exists) {
      bytes = b.select(source.exists, b.i32(granule), b.i32(0));
      source.offset = b.select(source.exists, source.offset, b.index(0));
    }
    whenExists(b, copy.exists, [&] {
      b.copyAsync(b.advance(block.shared, b.add(stage, copy.destination)),
                  b.advance(input, source.offset), granule, bytes);
    });
  }
}

void StepCopies::addFilter(Value step, Value stage) {
  int64_t total = o.filterBytes(tile) / kChunkBytes;
  Value source = b.mul(b.add(b.mul(block.row, o.steps()), step), o.filterBytes(tile));
  Value destination = b.add(stage, tile.pixels() * o.rowBytes());
  for (int64_t first = 0; first < total; first += tile.threads()) {
    Value number = b.add(block.thread, first), exists;
    if (first + tile.threads() > total)
      exists = b.compare(arith::CmpIPredicate::ult, number, b.index(total));
    whenExists(b, exists, [&] {
      Value offset = b.mul(number, kChunkBytes);
      b.copyAsync(b.advance(block.shared, b.add(destination, offset)),
                  b.advance(filter, b.add(source, offset)), kChunkBytes, Value());
    });
  }
}

void StepCopies::add(Value step, Value stage) {
  addPixels(step, stage);
  addFilter(step, stage);
}
