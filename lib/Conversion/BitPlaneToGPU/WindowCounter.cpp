//===- WindowCounter.cpp - Sums over windows beside products --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WindowCounter.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

/// Words of a chunk.
static constexpr int64_t kChunkWords = kChunkBytes / 4;

WindowCounter::WindowCounter(GPUBuilder &b, const GPUContraction &c,
                             const TensorCoreTile &tile)
    : b(b), c(c), tile(tile), o(c) {
  if (c.form.sum == 0 || o.areBytes)
    return;
  groups = groupsPerTile(c.geometry, tile.channelBlocks());
  perThread = llvm::divideCeil(chunks(), tile.threads());
  masks = makeGroupMasks(b, c, tile);
  if (groups == 1)
    return;
  std::vector<int32_t> first;
  for (int64_t block = 0; block < c.geometry.blocks; block += tile.channelBlocks())
    first.push_back((c.geometry.firstGroup(block) + 1) * c.geometry.outputsPerGroup());
  auto count = static_cast<int64_t>(first.size());
  boundaries = b.constantTable("second_groups", {count}, std::move(first));
}

/// What a bit of element `element` of a row, words with their planes, counts.
Value WindowCounter::weightOf(Value element) {
  Value plane = b.rem(element, o.inputPlanes), weight;
  for (int64_t i = 0; i < o.inputPlanes; ++i) {
    PlaneTerm term = planeTerm(c.inputCode, i);
    Value ofPlane = b.i32((int64_t(1) << term.exponent) * (term.negative ? -1 : 1));
    Value isPlane = b.compare(arith::CmpIPredicate::eq, plane, b.index(i));
    weight = weight ? b.select(isPlane, ofPlane, weight) : ofPlane;
  }
  return weight;
}

void WindowCounter::plan(Value thread, Value row) {
  if (numCounts() == 0)
    return;
  tileOfChannels = row;
  if (boundaries)
    boundary = b.toIndex(b.load(boundaries, row));
  for (int64_t i = 0; i < perThread; ++i) {
    Chunk &chunk = mine.emplace_back();
    chunk.number = b.add(thread, i * tile.threads());
    // Threads beyond the last chunk count it, too, and keep that for themselves.
    Value number = chunk.number;
    if ((i + 1) * tile.threads() > chunks())
      number = arith::MinUIOp::create(b, number, b.index(chunks() - 1));
    Value pixel = b.div(number, chunksPerRow()), inRow = b.rem(number, chunksPerRow());
    chunk.offset = b.add(b.mul(pixel, o.rowBytes()),
                         b.mul(swizzleChunk(b, o, pixel, inRow), kChunkBytes));
    for (int64_t k = 0; k < kChunkWords; ++k) {
      Value element = b.add(b.mul(inRow, kChunkWords), k);
      bool isSame = kChunkWords % o.inputPlanes == 0;
      chunk.weights.push_back(weightOf(isSame ? b.index(k) : element));
      if (masks)
        chunk.words.push_back(b.div(element, o.inputPlanes));
    }
  }
}

void WindowCounter::add(MutableArrayRef<Value> counts, Value step, Value stage) {
  for (auto [i, chunk] : llvm::enumerate(mine)) {
    Values words = b.loadWords(b.advance(stage, chunk.offset), kChunkWords, b.getI32Type());
    for (int64_t group = 0; group < groups; ++group) {
      Value &count = counts[i * groups + group];
      for (int64_t k = 0; k < kChunkWords; ++k) {
        Value bits = words[k];
        if (masks) {
          Value first = b.add(b.mul(tileOfChannels, groups), group);
          first = b.add(b.mul(first, o.steps()), step);
          Value place = b.add(b.mul(first, kProductWords), chunk.words[k]);
          bits = b.bitAnd(bits, b.load(masks, place));
        }
        Value number = b.popcount(bits);
        count = b.add(count, b.createOrFold<arith::MulIOp>(number, chunk.weights[k]));
      }
    }
  }
}

void WindowCounter::share(ArrayRef<Value> counts, Value shared) {
  if (numCounts() == 0)
    return;
  // Stages have been read.
  b.barrier();
  for (auto [i, chunk] : llvm::enumerate(mine)) {
    auto store = [&, i = i, &chunk = chunk] {
      for (int64_t group = 0; group < groups; ++group) {
        Value place = b.add(chunk.number, group * chunks());
        b.storeWords(counts[i * groups + group], b.advance(shared, b.mul(place, 4)));
      }
    };
    if ((static_cast<int64_t>(i) + 1) * tile.threads() > chunks())
      b.when(b.compare(arith::CmpIPredicate::ult, chunk.number, b.index(chunks())), store);
    else
      store();
  }
  b.barrier();
}

Values WindowCounter::sumsOf(Value pixel, Value shared) {
  Values sums;
  for (int64_t group = 0; group < groups; ++group) {
    Value first = b.add(b.mul(pixel, chunksPerRow()), group * chunks());
    Value sum = b.i32(0);
    // A row has an even number of chunks.
    for (int64_t i = 0; i < chunksPerRow(); i += 2)
      for (Value part : b.loadWords(b.advance(shared, b.mul(b.add(first, i), 4)), 2,
                                    b.getI32Type()))
        sum = b.add(sum, part);
    sums.push_back(sum);
  }
  return sums;
}
