//===- Fragments.cpp - Operands in the order of tensor cores --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fragments.h"

#include "dorefa/Dialect/BitPlane/Buffers.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

TensorCoreOperands::TensorCoreOperands(const GPUContraction &c)
    : areBytes(c.areBytes()), inputPlanes(areBytes ? 1 : c.inputCode.getBits()),
      filterPlanes(areBytes ? 1 : c.filterCode.getBits()),
      taps(c.window[0] * c.window[1]),
      words(areBytes ? c.geometry.steps() : c.geometry.words) {}

/// The elements of a buffer that is constant; null where it is not.
static ElementsAttr getElements(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return getConstantElements(buffer);
}

/// Words in the order block, plane, word of the window, channel.
static std::vector<int32_t> readFilter(const GPUContraction &c, ElementsAttr filter) {
  if (!c.areBytes())
    return readElements<int32_t>(filter);
  std::vector<int8_t> bytes = readElements<int8_t>(filter);
  bool areHalves =
      cast<MemRefType>(c.filter.getType()).getShape().back() == kHalfStepBytes;
  if (areHalves) {
    std::vector<int8_t> whole(2 * bytes.size());
    for (size_t i = 0; i < bytes.size(); ++i) {
      size_t low = i / kHalfStepBytes * kStepBytes + i % kHalfStepBytes;
      whole[low] = bytes[i] & 15;
      whole[low + kHalfStepBytes] = bytes[i] >> 4 & 15;
    }
    bytes = std::move(whole);
  }
  std::vector<int32_t> words(bytes.size() / sizeof(int32_t));
  std::memcpy(words.data(), bytes.data(), words.size() * sizeof(int32_t));
  return words;
}

Value dorefa::packFragments(GPUBuilder &b, const GPUContraction &c,
                            const TensorCoreTile &tile) {
  ElementsAttr filter = getElements(c.filter);
  if (!filter)
    return {};
  std::vector<int32_t> words = readFilter(c, filter);
  TensorCoreOperands o(c);
  int64_t numTiles = llvm::divideCeil(c.geometry.blocks, tile.channelBlocks());
  std::vector<int32_t> packed;
  packed.reserve(numTiles * o.steps() * o.filterBytes(tile) / 4);
  auto wordAt = [&](int64_t block, int64_t plane, int64_t word, int64_t channel) {
    if (block >= c.geometry.blocks || word >= o.windowWords())
      return 0;
    return words[((block * o.filterPlanes + plane) * o.windowWords() + word) * kWordBits +
                 channel];
  };
  for (int64_t n = 0; n < numTiles; ++n)
    for (int64_t step = 0; step < o.steps(); ++step)
      for (int64_t half = 0; half < 2 * tile.channelBlocks(); ++half)
        for (int64_t plane = 0; plane < o.filterPlanes; ++plane)
          for (int64_t lane = 0; lane < kWarpSize; ++lane)
            for (int64_t i = 0; i < 4; ++i) {
              int64_t block = n * tile.channelBlocks() + half / 2;
              int64_t channel = channelOf(half % 2 * 2 + i / 2, lane / 4);
              int64_t word = step * kProductWords + o.wordOf(lane % 4, i % 2);
              packed.push_back(wordAt(block, plane, word, channel));
            }
  return b.constantTable("fragments", {static_cast<int64_t>(packed.size())},
                         std::move(packed));
}

Value dorefa::swizzleChunk(GPUBuilder &b, const TensorCoreOperands &o, Value row,
                           Value chunk) {
  if (o.inputPlanes == 1)
    return b.bitXor(chunk, b.rem(b.div(row, 4), 2));
  if (o.inputPlanes == 4)
    return b.bitXor(chunk, b.rem(row, 2));
  return chunk;
}

/// Of a word of the window of `block`, what belongs to `group`.
static int32_t maskOf(const GPUContraction &c, int64_t block, int64_t group, int64_t word) {
  const FilterGeometry &g = c.geometry;
  if (!c.areBytes())
    return static_cast<int32_t>(g.channelMask(group, g.firstWord(block) + word));
  uint32_t mask = 0;
  for (int64_t i = 0; i < kStepChannels; ++i)
    if (word * kStepChannels + i < g.channelsPerGroup())
      mask |= uint32_t(1) << (8 * i);
  return static_cast<int32_t>(mask);
}

Value dorefa::makeGroupMasks(GPUBuilder &b, const GPUContraction &c,
                             const TensorCoreTile &tile) {
  const FilterGeometry &g = c.geometry;
  TensorCoreOperands o(c);
  int64_t groups = groupsPerTile(g, tile.channelBlocks());
  // Bits that are no channels are 0, levels need not be.
  bool isNeeded = o.areBytes ? g.channelsPerGroup() % kStepChannels != 0 &&
                                   smallestSum(c.inputCode) != 0
                             : groups > 1 || (g.channelsPerGroup() % kWordBits != 0 &&
                                              g.groups > 1);
  if (c.form.sum == 0 || !isNeeded)
    return {};
  std::vector<int32_t> masks;
  for (int64_t block = 0; block < g.blocks; block += tile.channelBlocks())
    for (int64_t i = 0; i < groups; ++i) {
      int64_t group = std::min(g.firstGroup(block) + i, g.groups - 1);
      for (int64_t word = 0; word < o.steps() * kProductWords; ++word)
        masks.push_back(
            word < o.windowWords() ? maskOf(c, block, group, word % o.words) : 0);
    }
  return b.constantTable("group_masks", {static_cast<int64_t>(masks.size())},
                         std::move(masks));
}
