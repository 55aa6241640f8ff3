//===- Geometry.h - How packed operands lie and combine ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plain integer helpers shared by everything that produces or consumes packed
// words: `bitplane-pack-weights`, the kernels of every target, the interpreter
// and the report.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_DIALECT_BITPLANE_GEOMETRY_H
#define DOREFA_DIALECT_BITPLANE_GEOMETRY_H

#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace mlir::bitplane {

/// Channels in one word, and output channels in one block of a packed filter.
constexpr int64_t kWordBits = 32;

/// Words that hold `channels` channels of one plane.
inline int64_t wordsFor(int64_t channels) {
  return (channels + kWordBits - 1) / kWordBits;
}

/// `channels` rounded up to whole words.
inline int64_t paddedChannels(int64_t channels) {
  return wordsFor(channels) * kWordBits;
}

/// Bits of word `word` that hold one of `channels` channels.
inline uint32_t validBits(int64_t channels, int64_t word) {
  int64_t left = channels - word * kWordBits;
  if (left >= kWordBits)
    return ~uint32_t(0);
  return left <= 0 ? 0 : (uint32_t(1) << left) - 1;
}

//===----------------------------------------------------------------------===//
// Values of planes
//===----------------------------------------------------------------------===//

/// What a set bit of a plane adds to p(q), the sum over the planes of a code:
/// `2^exponent`, subtracted if `negative`.
struct PlaneTerm {
  unsigned exponent;
  bool negative;
};

/// Term of plane `plane` (0 is the lowest) of a code of type `type`. The top
/// plane of a signed code is negative; a ternary code is plus minus minus.
PlaneTerm planeTerm(dorefa::CodeType type, unsigned plane);

/// Integer that a code stands for as `v = alpha * p(q) + beta`.
struct AffineValue {
  int64_t alpha;
  int64_t beta;
};

/// `v(q) + offset` of codes of type `type`: bipolar codes have alpha = 2 and
/// beta = -(2^bits - 1) + offset, all others alpha = 1 and beta = offset.
AffineValue affineValue(dorefa::CodeType type, int64_t offset);

/// Exact integer dot product of two operands (semantics.md, section 3):
///
///   sum (v(x) + inputOffset) (v(w) + filterOffset)
///     = dot * I + sum * S + correction
///
/// with I the sum over all pairs of planes of popcount(x_i AND w_j), each with
/// the product of its terms, and S the sum of p(x) over the window.
/// `correction` = `weightSum * SW + constant * M` is known at compile time: SW
/// sums p(w) and M counts the taps (times channels of the group) that lie
/// inside the input. Taps outside are zero words and add nothing to I and S.
struct DotForm {
  int64_t dot;
  int64_t sum;
  int64_t weightSum;
  int64_t constant;
  /// Whether the correction can differ from 0.
  bool needsCorrection;
};

DotForm dotForm(dorefa::CodeType input, int64_t inputOffset,
                dorefa::CodeType filter, int64_t filterOffset);

//===----------------------------------------------------------------------===//
// Levels of results
//===----------------------------------------------------------------------===//

/// Largest level that `dorefa.threshold` gives a code of type `type`.
int64_t largestLevel(dorefa::CodeType type);

/// `slope * accumulator + offset` in float32, at least 0 and at most `most`,
/// truncated: the level, above the base, that contractions with an affine form
/// have.
int64_t affineLevel(int32_t accumulator, float slope, float offset,
                    int64_t most);

//===----------------------------------------------------------------------===//
// Levels and stored weights
//===----------------------------------------------------------------------===//

/// Channels whose products kernel `dot` adds up in one lane at once.
constexpr int64_t kStepChannels = 4;

/// Bytes of the stored weights of one step of one block: one byte for each, or
/// half a byte.
constexpr int64_t kStepBytes = kWordBits * kStepChannels;
constexpr int64_t kHalfStepBytes = kStepBytes / 2;

/// p(q) of `code`: the sum of its planes, each with its term.
int64_t planeSum(dorefa::CodeType type, int64_t code);

/// Smallest p(q) of any code. The level of a code is `p(q) - smallestSum`: 0 to
/// 255, rising with the integer that the code stands for.
int64_t smallestSum(dorefa::CodeType type);

/// A weight as kernel `dot` stores it: s with `v(w) + offset = scale * s +
/// shift`.
struct StoredWeight {
  int64_t scale;
  int64_t shift;
};

/// Stored in a byte, s is `v(w) + offset` where this fits every code, so that
/// no sum over the window is needed, and else the level, less 128 for 8-bit
/// codes. In `bits` = 4 it is the level.
StoredWeight storedWeight(dorefa::CodeType filter, int64_t offset,
                          int64_t bits);

/// The form of kernel `dot`: I sums products of input levels and stored
/// weights, S the input levels of the group.
DotForm levelForm(dorefa::CodeType input, int64_t inputOffset,
                  dorefa::CodeType filter, int64_t filterOffset, int64_t bits);

//===----------------------------------------------------------------------===//
// Packed filters
//===----------------------------------------------------------------------===//

/// Where the words of a packed filter come from. Output channels are cut into
/// `blocks` of 32 lanes; block b reads the input words
/// `[firstWord(b), firstWord(b) + words)` of every tap, the same number for all
/// blocks and always inside the input. A fully connected layer has one group.
struct FilterGeometry {
  int64_t channels;
  int64_t outputChannels;
  int64_t groups;
  int64_t inputWords;
  int64_t blocks;
  int64_t words;

  FilterGeometry(int64_t channels, int64_t outputChannels, int64_t groups = 1);

  int64_t channelsPerGroup() const { return channels / groups; }
  int64_t outputsPerGroup() const { return outputChannels / groups; }
  /// Group of output channel `output` (0 <= output < outputChannels).
  int64_t groupOf(int64_t output) const { return output / outputsPerGroup(); }
  /// First input word that block `block` reads.
  int64_t firstWord(int64_t block) const;
  /// First and last group with a lane in `block`.
  int64_t firstGroup(int64_t block) const;
  int64_t lastGroup(int64_t block) const;
  /// Lanes of `block` whose output channel belongs to `group`.
  uint32_t laneMask(int64_t block, int64_t group) const;
  /// Bits of input word `word` (counted from the first word of the input) whose
  /// channels belong to `group`.
  uint32_t channelMask(int64_t group, int64_t word) const;

  /// Whether all channels of any block are of one group.
  bool hasOneGroupPerBlock() const;
  /// Kernel `dot`: steps of 4 channels per tap, and the levels of a pixel that
  /// the steps of the last group end with.
  int64_t steps() const;
  int64_t inputLevels() const;
  /// Whether kernel `dot` can compute such a layer: no block is of two groups,
  /// and the levels come from the words of the input.
  bool hasDotLayout() const;
};

//===----------------------------------------------------------------------===//
// Lookup tables
//===----------------------------------------------------------------------===//

/// Layout of the operands of kernel `lookup`. An index holds the codes of `width`
/// neighbouring channels of one group in two planes; it selects the row of a
/// constant table whose entry b is the sum of the codes under the bits of b.
struct LookupGeometry {
  /// Channels per index: 6 in indices of 16 bits, 4 in indices of 8 bits.
  int64_t width;
  /// Pairs of planes, each with indices of its own.
  int64_t pairs;
  int64_t indicesPerGroup;
  /// Indices of a pixel: groups x pairs x indicesPerGroup.
  int64_t indices;
  /// Output channels in a vector of the filter: 64, 32 or 16.
  int64_t lanes;
  /// Vectors of one group; those of 16 lanes come in twos, so that there are whole
  /// blocks of 32.
  int64_t vectorsPerGroup;
  /// Vectors of all groups.
  int64_t vectors;

  LookupGeometry(const FilterGeometry &geometry, dorefa::CodeType inputCode,
                 int64_t indexBits, int64_t lanes);

  /// Where output channel `output` lies: its vector, and its byte in it. Even
  /// bytes hold the lower half of the channels, so that widening the even and the
  /// odd bytes gives all of them in order.
  int64_t vectorOf(const FilterGeometry &geometry, int64_t output) const;
  int64_t byteOf(const FilterGeometry &geometry, int64_t output) const;
};

/// Channels per index of `indexBits` bits.
inline int64_t lookupWidth(int64_t indexBits) { return indexBits == 16 ? 6 : 4; }

/// Whether kernel `lookup` computes a contraction with `taps` taps: planes of the
/// input have positive weights, at most 4 of them, blocks of 32 output channels do
/// not span groups, and the sum of one index over the window fits 16 bits.
bool canLookUp(const FilterGeometry &geometry, dorefa::CodeType inputCode,
               int64_t taps);

//===----------------------------------------------------------------------===//
// Borders
//===----------------------------------------------------------------------===//

/// Output positions of one dimension, grouped by the set of filter taps that
/// lie inside the input. Classes are numbered in order of their first position.
struct BorderClasses {
  /// Class of each output position.
  llvm::SmallVector<int64_t> classOf;
  /// For each class, whether each tap of the filter lies inside.
  llvm::SmallVector<llvm::SmallVector<bool>> inside;

  /// `input` counts the true positions, without padding; `before` the padding
  /// in front of them, materialized or not.
  BorderClasses(int64_t input, int64_t output, int64_t kernel, int64_t stride,
                int64_t dilation, int64_t before);

  int64_t size() const { return inside.size(); }
};

class Conv2DOp;
class MatMulOp;

/// Border classes of the rows and of the columns of `op`, from its window, its
/// pads and its border.
BorderClasses getRowClasses(Conv2DOp op);
BorderClasses getColumnClasses(Conv2DOp op);

/// Bits of a stored weight where kernel `dot` computes `op`: 8, or 4 where
/// reading the weights takes longer than using them.
int64_t getStoredBits(Conv2DOp op);
int64_t getStoredBits(MatMulOp op);

/// How the kernel of `op` combines its sums.
DotForm getDotForm(Conv2DOp op);
DotForm getDotForm(MatMulOp op);

} // namespace mlir::bitplane

#endif // DOREFA_DIALECT_BITPLANE_GEOMETRY_H
