//===- Geometry.cpp - How packed operands lie and combine -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <limits>

using namespace mlir;
using namespace mlir::bitplane;
using dorefa::CodeType;
using dorefa::Encoding;

//===----------------------------------------------------------------------===//
// Values of planes
//===----------------------------------------------------------------------===//

PlaneTerm bitplane::planeTerm(CodeType type, unsigned plane) {
  switch (type.getEncoding()) {
  case Encoding::Unipolar:
  case Encoding::Bipolar:
    return {plane, false};
  case Encoding::Signed:
    return {plane, plane + 1 == type.getBits()};
  case Encoding::Ternary:
    return {0, plane == 1};
  }
  llvm_unreachable("unknown encoding");
}

AffineValue bitplane::affineValue(CodeType type, int64_t offset) {
  if (type.getEncoding() == Encoding::Bipolar)
    return {2, offset - type.getMaxCode()};
  return {1, offset};
}

DotForm bitplane::dotForm(CodeType input, int64_t inputOffset, CodeType filter,
                          int64_t filterOffset) {
  AffineValue x = affineValue(input, inputOffset);
  AffineValue w = affineValue(filter, filterOffset);
  return {x.alpha * w.alpha, x.alpha * w.beta, x.beta * w.alpha,
          x.beta * w.beta, x.beta != 0};
}

//===----------------------------------------------------------------------===//
// Levels of results
//===----------------------------------------------------------------------===//

int64_t bitplane::largestLevel(CodeType type) {
  return type.getEncoding() == Encoding::Bipolar ? type.getMaxCode()
                                                 : type.getMaxValue();
}

int64_t bitplane::affineLevel(int32_t accumulator, float slope, float offset,
                              int64_t most) {
  float product = slope * static_cast<float>(accumulator);
  float level = std::max(product + offset, 0.0f);
  return static_cast<int64_t>(std::min(level, static_cast<float>(most)));
}

//===----------------------------------------------------------------------===//
// Levels and stored weights
//===----------------------------------------------------------------------===//

int64_t bitplane::planeSum(CodeType type, int64_t code) {
  int64_t sum = 0;
  for (unsigned plane = 0; plane < type.getBits(); ++plane) {
    PlaneTerm term = planeTerm(type, plane);
    int64_t value = (code >> plane & 1) << term.exponent;
    sum += term.negative ? -value : value;
  }
  return sum;
}

int64_t bitplane::smallestSum(CodeType type) {
  int64_t smallest = 0;
  for (unsigned plane = 0; plane < type.getBits(); ++plane) {
    PlaneTerm term = planeTerm(type, plane);
    if (term.negative)
      smallest -= int64_t(1) << term.exponent;
  }
  return smallest;
}

StoredWeight bitplane::storedWeight(CodeType filter, int64_t offset,
                                    int64_t bits) {
  bool fits = filter.getMinValue() + offset >= -128 &&
              filter.getMaxValue() + offset <= 127;
  if (bits == 8 && fits)
    return {1, 0};
  AffineValue value = affineValue(filter, offset);
  int64_t least = filter.getBits() == 8 ? -128 : 0;
  return {value.alpha,
          value.beta + value.alpha * (smallestSum(filter) - least)};
}

DotForm bitplane::levelForm(CodeType input, int64_t inputOffset,
                            CodeType filter, int64_t filterOffset,
                            int64_t bits) {
  AffineValue x = affineValue(input, inputOffset);
  AffineValue w = affineValue(filter, filterOffset);
  StoredWeight stored = storedWeight(filter, filterOffset, bits);
  int64_t least = x.beta + x.alpha * smallestSum(input);
  return {x.alpha * stored.scale, x.alpha * stored.shift, least * w.alpha,
          least * w.beta, least != 0};
}

//===----------------------------------------------------------------------===//
// Packed filters
//===----------------------------------------------------------------------===//

FilterGeometry::FilterGeometry(int64_t channels, int64_t outputChannels,
                               int64_t groups)
    : channels(channels), outputChannels(outputChannels), groups(groups),
      inputWords(wordsFor(channels)), blocks(wordsFor(outputChannels)),
      words(0) {
  for (int64_t block = 0; block < blocks; ++block) {
    int64_t first = firstGroup(block) * channelsPerGroup() / kWordBits;
    int64_t end = wordsFor((lastGroup(block) + 1) * channelsPerGroup());
    words = std::max(words, end - first);
  }
}

int64_t FilterGeometry::firstWord(int64_t block) const {
  int64_t first = firstGroup(block) * channelsPerGroup() / kWordBits;
  return std::min(first, inputWords - words);
}

int64_t FilterGeometry::firstGroup(int64_t block) const {
  return groupOf(block * kWordBits);
}

int64_t FilterGeometry::lastGroup(int64_t block) const {
  return groupOf(std::min((block + 1) * kWordBits, outputChannels) - 1);
}

/// Bits `[first, end)` of the word that starts at `base`.
static uint32_t rangeBits(int64_t first, int64_t end, int64_t base) {
  return validBits(end - base, 0) & ~validBits(first - base, 0);
}

uint32_t FilterGeometry::laneMask(int64_t block, int64_t group) const {
  return rangeBits(group * outputsPerGroup(), (group + 1) * outputsPerGroup(),
                   block * kWordBits);
}

uint32_t FilterGeometry::channelMask(int64_t group, int64_t word) const {
  return rangeBits(group * channelsPerGroup(), (group + 1) * channelsPerGroup(),
                   word * kWordBits);
}

bool FilterGeometry::hasOneGroupPerBlock() const {
  return groups == 1 || outputsPerGroup() % kWordBits == 0;
}

int64_t FilterGeometry::steps() const {
  return llvm::divideCeil(channelsPerGroup(), kStepChannels);
}

int64_t FilterGeometry::inputLevels() const {
  int64_t end = (groups - 1) * channelsPerGroup() + steps() * kStepChannels;
  return llvm::alignTo(end, kStepChannels);
}

bool FilterGeometry::hasDotLayout() const {
  return hasOneGroupPerBlock() && wordsFor(inputLevels()) == inputWords;
}

//===----------------------------------------------------------------------===//
// Lookup tables
//===----------------------------------------------------------------------===//

LookupGeometry::LookupGeometry(const FilterGeometry &geometry,
                               CodeType inputCode, int64_t indexBits,
                               int64_t lanes)
    : width(lookupWidth(indexBits)), pairs((inputCode.getBits() + 1) / 2),
      indicesPerGroup(llvm::divideCeil(geometry.channelsPerGroup(), width)),
      indices(geometry.groups * pairs * indicesPerGroup), lanes(lanes) {
  int64_t whole = std::max(lanes, kWordBits);
  vectorsPerGroup =
      llvm::divideCeil(geometry.outputsPerGroup(), whole) * (whole / lanes);
  vectors = geometry.groups * vectorsPerGroup;
}

int64_t LookupGeometry::vectorOf(const FilterGeometry &geometry,
                                 int64_t output) const {
  return geometry.groupOf(output) * vectorsPerGroup +
         output % geometry.outputsPerGroup() / lanes;
}

int64_t LookupGeometry::byteOf(const FilterGeometry &geometry,
                               int64_t output) const {
  int64_t lane = output % geometry.outputsPerGroup() % lanes, half = lanes / 2;
  return lane < half ? 2 * lane : 2 * (lane - half) + 1;
}

bool bitplane::canLookUp(const FilterGeometry &geometry, CodeType inputCode,
                         int64_t taps) {
  constexpr unsigned kMaxPlanes = 4;
  constexpr int64_t kMaxWidth = 6;
  unsigned bits = inputCode.getBits();
  for (unsigned plane = 0; plane < bits; ++plane)
    if (planeTerm(inputCode, plane).negative ||
        planeTerm(inputCode, plane).exponent != plane)
      return false;
  return bits <= kMaxPlanes &&
         (geometry.groups == 1 ||
          geometry.outputsPerGroup() % kWordBits == 0) &&
         taps * kMaxWidth * inputCode.getMaxCode() <=
             std::numeric_limits<uint16_t>::max();
}

//===----------------------------------------------------------------------===//
// Borders
//===----------------------------------------------------------------------===//

BorderClasses::BorderClasses(int64_t input, int64_t output, int64_t kernel,
                             int64_t stride, int64_t dilation, int64_t before) {
  for (int64_t position = 0; position < output; ++position) {
    SmallVector<bool> taps(kernel);
    for (int64_t tap = 0; tap < kernel; ++tap) {
      int64_t source = position * stride + tap * dilation - before;
      taps[tap] = source >= 0 && source < input;
    }
    auto *found = llvm::find(inside, taps);
    classOf.push_back(found - inside.begin());
    if (found == inside.end())
      inside.push_back(taps);
  }
}

/// Classes along dimension `dim` (1 rows, 2 columns) of `op`.
static BorderClasses getClasses(Conv2DOp op, unsigned dim) {
  ArrayRef<int64_t> pads = op.getPads(), border = op.getBorder();
  unsigned i = dim - 1;
  int64_t input = cast<ShapedType>(op.getInput().getType()).getDimSize(dim);
  return BorderClasses(input - border[i] - border[i + 2], op.getOutputSize()[i],
                       op.getKernelSize()[i], op.getStrides()[i],
                       op.getDilations()[i], pads[i] + border[i]);
}

BorderClasses bitplane::getRowClasses(Conv2DOp op) { return getClasses(op, 1); }

BorderClasses bitplane::getColumnClasses(Conv2DOp op) {
  return getClasses(op, 2);
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

int64_t bitplane::getStoredBits(Conv2DOp op) { return 8; }

int64_t bitplane::getStoredBits(MatMulOp op) {
  if (op.isPacked()) {
    auto weights = cast<ShapedType>(op.getWeights().getType());
    return weights.getShape().back() == kHalfStepBytes ? 4 : 8;
  }
  // A row uses each weight once: with so few of them, memory is the limit.
  constexpr int64_t kFewRows = 4;
  int64_t rows = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  bool isFew = !ShapedType::isDynamic(rows) && rows <= kFewRows;
  return isFew && op.getWeightsCode().getBits() <= 4 ? 4 : 8;
}

/// The form of a contraction by `kernel`.
static DotForm getForm(std::optional<Kernel> kernel, CodeType input,
                       int64_t inputOffset, CodeType filter,
                       int64_t filterOffset, int64_t storedBits) {
  if (kernel == Kernel::Dot)
    return levelForm(input, inputOffset, filter, filterOffset, storedBits);
  return dotForm(input, inputOffset, filter, filterOffset);
}

DotForm bitplane::getDotForm(Conv2DOp op) {
  return getForm(op.getKernel(), op.getInputCode(), op.getInputOffset(),
                 op.getFilterCode(), op.getFilterOffset(), getStoredBits(op));
}

DotForm bitplane::getDotForm(MatMulOp op) {
  return getForm(op.getKernel(), op.getInputCode(), op.getInputOffset(),
                 op.getWeightsCode(), op.getWeightsOffset(), getStoredBits(op));
}
