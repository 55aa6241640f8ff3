//===- Warp.cpp - What lanes do together ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// After the PTX ISA, sections "Matrix multiply-accumulate operation using
// mma instruction", "ldmatrix", "shfl.sync", "vote.sync" and "redux.sync".
//
//===----------------------------------------------------------------------===//

#include "Block.h"

#include "llvm/ADT/bit.h"

#include <cstring>

using namespace mlir::dorefa::emulator;

bool Block::perform(unsigned warp, LaneMask group, const Site &site) {
  const Collective &collective = site.collective;
  switch (collective.kind) {
  case Collective::None:
  case Collective::BlockBarrier:
    break;
  case Collective::WarpBarrier:
    // A part of the warp knows of itself only; to believe that all do would
    // hide races.
    if (group == ~LaneMask(0))
      warpBarriers[warp] = ++now;
    break;
  case Collective::Mma:
    multiply(warp, collective);
    break;
  case Collective::LoadMatrix:
    return loadMatrix(warp, site, getThread(warp, 0).site);
  case Collective::Shuffle:
    return shuffle(warp, group, site);
  case Collective::Vote:
    vote(warp, group, collective.mode);
    break;
  case Collective::Reduce:
    reduce(warp, group, collective.mode);
    break;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

namespace {

/// The operands of an mma by rows of A and columns of B. K is cut into chunks
/// of 128 bits, of which lane 4 * row + w holds word w.
struct Tiles {
  uint32_t a[16][8];
  uint32_t b[8][8];
};

} // namespace

static int64_t dotBits(const uint32_t *a, const uint32_t *b, unsigned numWords,
                       bool isXor) {
  int64_t sum = 0;
  for (unsigned w = 0; w < numWords; ++w)
    sum += llvm::popcount(isXor ? a[w] ^ b[w] : a[w] & b[w]);
  return sum;
}

/// Element `i` of a word of elements of `bits` bits.
static int64_t extract(uint32_t word, unsigned i, unsigned bits,
                       bool isSigned) {
  uint32_t shifted = word << (32 - bits * (i + 1));
  return isSigned ? static_cast<int32_t>(shifted) >> (32 - bits)
                  : static_cast<int64_t>(shifted >> (32 - bits));
}

static int64_t dotElements(const uint32_t *a, const uint32_t *b,
                           unsigned numWords, const Collective &mma) {
  int64_t sum = 0;
  for (unsigned w = 0; w < numWords; ++w)
    for (unsigned i = 0; i < 32u / mma.bits; ++i)
      sum += extract(a[w], i, mma.bits, mma.isSignedA) *
             extract(b[w], i, mma.bits, mma.isSignedB);
  return sum;
}

/// Register r of A belongs to chunk r / (M / 8) and to the rows
/// 8 * (r % (M / 8)) and on, register r of B to chunk r. Register r of C and D
/// is row 8 * (r / 2) + lane / 4, column 2 * (lane % 4) + r % 2.
void Block::multiply(unsigned warp, const Collective &mma) {
  Tiles tiles;
  unsigned numA = mma.getNumRegistersA(), numB = mma.getNumRegistersB();
  unsigned rowBlocks = mma.m / 8, numWords = 4 * numB;
  for (unsigned lane = 0; lane < 32; ++lane) {
    const Thread &thread = getThread(warp, lane);
    for (unsigned r = 0; r < numA; ++r)
      tiles.a[r % rowBlocks * 8 + lane / 4][r / rowBlocks * 4 + lane % 4] =
          thread.operands[r];
    for (unsigned r = 0; r < numB; ++r)
      tiles.b[lane / 4][r * 4 + lane % 4] = thread.operands[numA + r];
  }
  for (unsigned lane = 0; lane < 32; ++lane) {
    Thread &thread = getThread(warp, lane);
    for (unsigned r = 0; r < 2 * rowBlocks; ++r) {
      const uint32_t *a = tiles.a[r / 2 * 8 + lane / 4];
      const uint32_t *b = tiles.b[2 * (lane % 4) + r % 2];
      int64_t sum = static_cast<int32_t>(thread.operands[numA + numB + r]);
      sum += mma.bits == 1 ? dotBits(a, b, numWords, mma.isXor)
                           : dotElements(a, b, numWords, mma);
      if (mma.saturates)
        sum = std::min<int64_t>(std::max<int64_t>(sum, INT32_MIN), INT32_MAX);
      thread.results[r] = static_cast<uint32_t>(sum);
    }
  }
}

/// Lane 8 * j + i says where row i of matrix j is.
bool Block::loadMatrix(unsigned warp, const Site &site, uint32_t number) {
  const Collective &load = site.collective;
  for (unsigned j = 0; j < load.numMatrices; ++j) {
    uint16_t matrix[8][8];
    for (unsigned i = 0; i < 8; ++i) {
      Thread &owner = getThread(warp, 8 * j + i);
      const void *row = reinterpret_cast<const void *>(owner.operands[0]);
      if (!access(owner, row, 16, 16, number, false))
        return false;
      std::memcpy(matrix[i], row, 16);
    }
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned row = lane / 4, column = 2 * (lane % 4);
      uint32_t low =
          load.transposes ? matrix[column][row] : matrix[row][column];
      uint32_t high =
          load.transposes ? matrix[column + 1][row] : matrix[row][column + 1];
      getThread(warp, lane).results[j] = low | high << 16;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Words. Operand 0 is the mask, operand 1 the value.
//===----------------------------------------------------------------------===//

bool Block::shuffle(unsigned warp, LaneMask group, const Site &site) {
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (!(group >> lane & 1))
      continue;
    Thread &thread = getThread(warp, lane);
    auto distance = static_cast<int>(thread.operands[2] & 31);
    unsigned clamp = thread.operands[3] & 31;
    unsigned segment = thread.operands[3] >> 8 & 31;
    int last = static_cast<int>((lane & segment) | (clamp & ~segment));
    int origin = static_cast<int>(lane);
    bool isInside = true;
    switch (site.collective.mode) {
    case Collective::Up:
      origin -= distance;
      isInside = origin >= last;
      break;
    case Collective::Down:
      origin += distance;
      isInside = origin <= last;
      break;
    case Collective::Bfly:
      origin ^= distance;
      isInside = origin <= last;
      break;
    default:
      origin = static_cast<int>((lane & segment) |
                                (static_cast<unsigned>(distance) & ~segment));
      isInside = origin <= last;
    }
    if (!isInside)
      origin = static_cast<int>(lane);
    if (!(group >> origin & 1))
      return fail(nameLane(thread), thread.site,
                  "reads from lane " + std::to_string(origin) +
                      ", which takes no part in it; name that lane in the "
                      "mask and let it come");
    thread.results[0] =
        static_cast<uint32_t>(getThread(warp, origin).operands[1]);
    thread.results[1] = isInside;
  }
  return true;
}

void Block::vote(unsigned warp, LaneMask group, Collective::Mode mode) {
  LaneMask ballot = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if (group >> lane & 1 && getThread(warp, lane).operands[1] & 1)
      ballot |= 1u << lane;
  uint32_t result = ballot;
  if (mode == Collective::All)
    result = ballot == group;
  else if (mode == Collective::Any)
    result = ballot != 0;
  else if (mode == Collective::Uni)
    result = ballot == group || ballot == 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if (group >> lane & 1)
      getThread(warp, lane).results[0] = result;
}

static uint32_t combine(uint32_t a, uint32_t b, Collective::Mode mode) {
  auto signedA = static_cast<int32_t>(a), signedB = static_cast<int32_t>(b);
  switch (mode) {
  case Collective::UMin:
    return std::min(a, b);
  case Collective::UMax:
    return std::max(a, b);
  case Collective::Min:
    return std::min(signedA, signedB);
  case Collective::Max:
    return std::max(signedA, signedB);
  case Collective::And:
    return a & b;
  case Collective::Or:
    return a | b;
  case Collective::Xor:
    return a ^ b;
  default:
    return a + b;
  }
}

void Block::reduce(unsigned warp, LaneMask group, Collective::Mode mode) {
  unsigned first = llvm::countr_zero(group);
  auto result = static_cast<uint32_t>(getThread(warp, first).operands[1]);
  for (unsigned lane = first + 1; lane < 32; ++lane)
    if (group >> lane & 1)
      result = combine(result,
                       static_cast<uint32_t>(getThread(warp, lane).operands[1]),
                       mode);
  for (unsigned lane = 0; lane < 32; ++lane)
    if (group >> lane & 1)
      getThread(warp, lane).results[0] = result;
}
