//===- IndexKernel.cpp - From planes to indices of tables -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The bits of an index start anywhere in a plane, but at a place that is known:
// a constant shuffle brings the two bytes that hold them into each lane, a
// shift by constants moves them down and a mask cuts them off.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "dorefa/Dialect/BitPlane/Buffers.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

namespace {

/// A few indices of one pair of planes: `count` of `channels` channels that
/// start at bit `firstBit` of the input words from `firstWord` on.
struct Chunk {
  Value firstWord;
  int64_t firstBit, channels, count;
  /// Where they go.
  Value firstIndex;
};

class IndexEmitter {
public:
  IndexEmitter(KernelBuilder &b, bitplane::IndexOp op);
  void emit();

private:
  void emitGroup(ValueRange pixel, int64_t group);
  void emitChunk(ValueRange pixel, const Chunk &chunk);
  Value loadBytes(ValueRange pixel, const Chunk &chunk, int64_t words);
  Value gather(Value bytes, const Chunk &chunk, int64_t words, int64_t plane);
  Value constant(ArrayRef<int16_t> values);

  KernelBuilder &b;
  /// Words and planes are one dimension: vectors hold all planes of some words.
  Value input, init;
  int64_t planes, pairs, groups, perGroup, width, indicesPerGroup;
};

} // namespace

/// The dimensions of `buffer`, the last two as one.
static SmallVector<ReassociationIndices> joinLastTwo(Value buffer) {
  int64_t rank = cast<MemRefType>(buffer.getType()).getRank();
  SmallVector<ReassociationIndices> groups;
  for (int64_t dim = 0; dim < rank - 1; ++dim)
    groups.push_back({dim});
  groups.back().push_back(rank - 1);
  return groups;
}

IndexEmitter::IndexEmitter(KernelBuilder &b, bitplane::IndexOp op)
    : b(b), input(memref::CollapseShapeOp::create(b, op.getInput(),
                                                  joinLastTwo(op.getInput()))),
      init(op.getInit()), planes(bitplane::lastSizeOf(op.getInput())),
      pairs(llvm::divideCeil(planes, 2)), groups(op.getGroups()),
      perGroup(op.getChannels() / op.getGroups()),
      width(lookupWidth(
          cast<MemRefType>(init.getType()).getElementTypeBitWidth())),
      indicesPerGroup(llvm::divideCeil(perGroup, width)) {}

void IndexEmitter::emit() {
  int64_t rank = cast<MemRefType>(init.getType()).getRank();
  b.nest(input, rank - 1, [&](ValueRange pixel) {
    for (int64_t group = 0; group < groups; ++group)
      emitGroup(pixel, group);
  });
}

/// Chunks of whole words and what remains.
void IndexEmitter::emitGroup(ValueRange pixel, int64_t group) {
  // As many words of all planes as 64 bytes hold, rounded so that a chunk
  // starts and ends with a word: 3 words are 16 indices of 6 channels.
  int64_t words = std::max<int64_t>(16 / planes, 1);
  if (width == 6)
    words = std::max<int64_t>(words / 3 * 3, 3);
  int64_t count = words * kWordBits / width;
  int64_t first = group * perGroup, whole = perGroup / (count * width);
  Value firstWord = b.index(first / kWordBits);
  Value firstIndex = b.index(group * pairs * indicesPerGroup);
  b.loop(whole, [&](Value i) {
    emitChunk(pixel,
              {b.add(firstWord, b.mul(i, words)), first % kWordBits,
               count * width, count, b.add(firstIndex, b.mul(i, count))});
  });
  if (int64_t rest = perGroup - whole * count * width)
    emitChunk(pixel, {b.add(firstWord, whole * words), first % kWordBits, rest,
                      int64_t(llvm::divideCeil(rest, width)),
                      b.add(firstIndex, whole * count)});
}

void IndexEmitter::emitChunk(ValueRange pixel, const Chunk &chunk) {
  int64_t words = wordsFor(chunk.firstBit + chunk.channels);
  Value bytes = loadBytes(pixel, chunk, words);
  for (int64_t pair = 0; pair < pairs; ++pair) {
    Value indices = gather(bytes, chunk, words, 2 * pair);
    if (2 * pair + 1 < planes) {
      Value high = gather(bytes, chunk, words, 2 * pair + 1);
      SmallVector<int16_t> amounts(chunk.count, width);
      high = arith::ShLIOp::create(b, high, constant(amounts));
      indices = arith::OrIOp::create(b, indices, high);
    }
    if (width == 4)
      indices = arith::TruncIOp::create(
          b, b.vectorOf(b.getI8Type(), chunk.count), indices);
    Values at(pixel);
    at.push_back(b.add(chunk.firstIndex, pair * indicesPerGroup));
    b.storeVector(indices, init, at);
  }
}

/// The words of all planes as bytes.
Value IndexEmitter::loadBytes(ValueRange pixel, const Chunk &chunk,
                              int64_t words) {
  Values at(pixel);
  at.push_back(b.mul(chunk.firstWord, planes));
  return b.bitcast(b.loadVector(input, at, {}, words * planes), b.getI8Type());
}

/// The bits of plane `plane` in each index, in the low bits of i16.
Value IndexEmitter::gather(Value bytes, const Chunk &chunk, int64_t words,
                           int64_t plane) {
  SmallVector<int64_t> sources;
  SmallVector<int16_t> shifts, masks;
  for (int64_t i = 0; i < chunk.count; ++i) {
    int64_t bit = chunk.firstBit + i * width, byte = bit / 8;
    for (int64_t source : {byte, std::min(byte + 1, words * 4 - 1)})
      sources.push_back((source / 4 * planes + plane) * 4 + source % 4);
    shifts.push_back(bit % 8);
    int64_t valid = std::min(width, chunk.channels - i * width);
    masks.push_back((1 << valid) - 1);
  }
  Value pairsOfBytes = vector::ShuffleOp::create(b, bytes, bytes, sources);
  Value bits = arith::ShRUIOp::create(
      b, b.bitcast(pairsOfBytes, b.getI16Type()), constant(shifts));
  return arith::AndIOp::create(b, bits, constant(masks));
}

Value IndexEmitter::constant(ArrayRef<int16_t> values) {
  auto type = b.vectorOf(b.getI16Type(), values.size());
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, values));
}

LogicalResult dorefa::emitKernel(OpBuilder &builder, bitplane::IndexOp op,
                                 const MicroKernelOptions &options) {
  if (failed(checkOperands(op)))
    return failure();
  auto type = cast<MemRefType>(op.getInput().getType());
  if (!memref::CollapseShapeOp::isGuaranteedCollapsible(
          type, joinLastTwo(op.getInput())))
    return op.emitOpError("has words that do not lie side by side in ") << type;
  KernelBuilder b(builder, op, options);
  IndexEmitter(b, op).emit();
  return success();
}
