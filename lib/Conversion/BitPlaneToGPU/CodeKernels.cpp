//===- CodeKernels.cpp - Packing, thresholds and pools on a GPU -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where words are made, a warp makes one: each lane computes the bits of one
// channel, and a vote gathers them.
//
//===----------------------------------------------------------------------===//

#include "GPUBuilder.h"
#include "Kernels.h"
#include "dorefa/Dialect/BitPlane/Buffers.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

/// Launches a warp per word of rows of `input`, whose last dimension are channels.
/// `body` gets the row, the word, the lane and its channel.
static void
launchWords(GPUBuilder &b, StringRef name, Value input,
            function_ref<void(ValueRange, Value, Value, Value)> body) {
  SmallVector<OpFoldResult> sizes = b.sizesOf(input, rankOf(input) - 1);
  sizes.push_back(b.getIndexAttr(wordsFor(lastSizeOf(input))));
  sizes.push_back(b.getIndexAttr(kWarpSize));
  b.launch(name, sizes, [&](ValueRange at) {
    Value word = at.drop_back().back(), lane = at.back();
    body(at.drop_back(2), word, lane, b.add(b.mul(word, kWordBits), lane));
  });
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

LogicalResult dorefa::emitGPUKernel(PackOp op) {
  GPUBuilder b(op);
  Value input = op.getInput(), init = op.getInit();
  int64_t channels = lastSizeOf(input), numPlanes = lastSizeOf(init);
  launchWords(b, "pack", input, [&](ValueRange row, Value word, Value lane, Value channel) {
    Value isChannel =
        b.compare(arith::CmpIPredicate::ult, channel, b.index(channels));
    Value code = b.valueWhen(isChannel, b.i32(0), [&]() -> Value {
      Value byte = b.load(input, extend(row, {channel}));
      return arith::ExtUIOp::create(b, b.getI32Type(), byte);
    });
    Values planes;
    for (int64_t plane = 0; plane < numPlanes; ++plane)
      planes.push_back(b.compare(
          arith::CmpIPredicate::ne,
          b.bitAnd(code, b.i32(int64_t(1) << plane)), b.i32(0)));
    storePlanes(b, planes, lane, init, extend(row, {word}));
  });
  return success();
}

/// What plane `plane` of a code counts in a byte: its bits, or its levels.
static int64_t weightInByte(std::optional<CodeType> levels, unsigned plane) {
  PlaneTerm term{plane, false};
  if (levels)
    term = planeTerm(*levels, plane);
  int64_t weight = int64_t(1) << term.exponent;
  return term.negative ? -weight : weight;
}

/// Whether each thread may store four bytes of `buffer` as one word.
static bool hasWholeWords(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return type.getLayout().isIdentity() && type.getShape().back() % 4 == 0;
}

/// Unpacks four channels per thread: four bits are spread over the bytes of a word.
static void unpackWords(GPUBuilder &b, UnpackOp op) {
  Value input = op.getInput(), init = op.getInit();
  std::optional<CodeType> levels = op.getLevels();
  constexpr int64_t kBytes = 4, kEachByte = 0x01010101;
  SmallVector<OpFoldResult> sizes = b.sizesOf(init, rankOf(init));
  int64_t perRow = lastSizeOf(init) / kBytes;
  sizes.back() = b.getIndexAttr(perRow);
  b.launch("unpack", sizes, [&](ValueRange at) {
    constexpr int64_t kPerWord = kWordBits / kBytes;
    Value word = b.div(at.back(), kPerWord);
    Value first = b.toI32(b.mul(b.rem(at.back(), kPerWord), kBytes));
    Value sum = b.i32(levels ? -smallestSum(*levels) * kEachByte : 0);
    for (int64_t plane = 0; plane < lastSizeOf(input); ++plane) {
      Value bits = b.load(input, extend(at.drop_back(), {word, b.index(plane)}));
      Value four = b.bitAnd(b.shiftRight(bits, first), b.i32(15));
      // Copies 7 bits apart have bit i at the lowest bit of byte i.
      Value bytes = b.bitAnd(b.mul(four, 0x00204081), b.i32(kEachByte));
      sum = b.add(sum, b.mul(bytes, weightInByte(levels, plane)));
    }
    Value place = b.index(0);
    for (auto [dim, index] : llvm::enumerate(at.drop_back()))
      place = b.add(b.mul(place, dim == 0 ? 1 : *getConstantIntValue(sizes[dim])), index);
    place = b.add(b.mul(place, perRow), at.back());
    b.storeWords(sum, b.advance(b.pointerTo(init), b.mul(place, kBytes)));
  });
}

LogicalResult dorefa::emitGPUKernel(UnpackOp op) {
  GPUBuilder b(op);
  Value input = op.getInput(), init = op.getInit();
  if (hasWholeWords(init)) {
    unpackWords(b, op);
    return success();
  }
  std::optional<CodeType> levels = op.getLevels();
  int64_t numPlanes = lastSizeOf(input);
  b.launch("unpack", b.sizesOf(init, rankOf(init)), [&](ValueRange at) {
    Value word = b.div(at.back(), kWordBits);
    Value bit = b.toI32(b.rem(at.back(), kWordBits));
    Value sum = b.i32(levels ? -smallestSum(*levels) : 0);
    for (int64_t plane = 0; plane < numPlanes; ++plane) {
      Value bits = b.load(input, extend(at.drop_back(), {word, b.index(plane)}));
      Value set = b.bitAnd(b.shiftRight(bits, bit), b.i32(1));
      sum = b.add(sum, b.mul(set, weightInByte(levels, plane)));
    }
    b.store(arith::TruncIOp::create(b, b.getI8Type(), sum), init, at);
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Thresholds
//===----------------------------------------------------------------------===//

namespace {

/// Comparisons of one `bitplane.threshold`.
class ThresholdEmitter {
public:
  ThresholdEmitter(GPUBuilder &b, bitplane::ThresholdOp op)
      : b(b), op(op), thresholds(op.getThresholds()),
        isShared(cast<MemRefType>(thresholds.getType()).getDimSize(0) == 1),
        isFloat(getElementTypeOrSelf(op.getInput()).isF32()) {
    std::optional<ArrayRef<bool>> decreasing = op.getDecreasing();
    if (!decreasing || decreasing->empty())
      return;
    falls = decreasing->front();
    if (!llvm::all_equal(*decreasing))
      directions = b.constantTable(
          "directions", {static_cast<int64_t>(decreasing->size())},
          std::vector<int32_t>(decreasing->begin(), decreasing->end()));
  }

  /// The level of `x` above the base.
  Value countReached(Value x, Value channel) {
    Value row = isShared ? b.index(0) : channel;
    Value direction;
    if (directions)
      direction = b.compare(arith::CmpIPredicate::ne,
                            b.load(directions, channel), b.i32(0));
    return b.loop(lastSizeOf(thresholds), b.i32(0),
                  [&](Value j, ValueRange level) -> Values {
                    Value threshold = b.load(thresholds, {row, j});
                    Value reached = reaches(x, threshold, direction);
                    return {b.add(level[0], b.count(reached))};
                  })[0];
  }

private:
  Value reaches(Value x, Value threshold, Value direction) {
    if (direction)
      return b.select(direction, isAtMost(x, threshold), isAtLeast(x, threshold));
    return falls ? isAtMost(x, threshold) : isAtLeast(x, threshold);
  }

  // NaN reaches nothing in any direction.
  Value isAtLeast(Value x, Value threshold) {
    if (isFloat)
      return arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, threshold);
    return b.compare(arith::CmpIPredicate::sge, x, threshold);
  }
  Value isAtMost(Value x, Value threshold) {
    if (isFloat)
      return arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, x, threshold);
    return b.compare(arith::CmpIPredicate::sle, x, threshold);
  }

  GPUBuilder &b;
  bitplane::ThresholdOp op;
  Value thresholds;
  bool isShared, isFloat, falls = false;
  /// Which channels decrease, where they differ.
  Value directions;
};

} // namespace

LogicalResult dorefa::emitGPUKernel(bitplane::ThresholdOp op) {
  GPUBuilder b(op);
  ThresholdEmitter emitter(b, op);
  Value input = op.getInput();
  CodeType code = op.getCode();
  launchWords(b, "threshold", input, [&](ValueRange row, Value word, Value lane, Value channel) {
    Value isChannel =
        b.compare(arith::CmpIPredicate::ult, channel, b.index(lastSizeOf(input)));
    // Bits beyond the channels are 0 whatever the base is.
    Value none = b.i32(0);
    Value level = b.valueWhen(isChannel, none, [&] {
      Value x = b.load(input, extend(row, {channel}));
      return b.add(emitter.countReached(x, channel),
                   static_cast<int64_t>(op.getBase()));
    });
    storePlanes(b, planesOfLevel(b, code, level), lane, op.getInit(),
                extend(row, {word}));
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Max pool
//===----------------------------------------------------------------------===//

/// Turns planes into ones whose codes are in the order of their integers, or
/// back: both are the same flips.
static void flipPlanes(GPUBuilder &b, CodeType code, Values &planes) {
  if (code.getEncoding() == Encoding::Signed)
    planes.back() = b.bitNot(planes.back());
  if (code.getEncoding() == Encoding::Ternary)
    planes[1] = b.bitNot(planes[1]);
}

/// Bitwise maximum of two numbers of which `planes` and `others` hold the bits.
static Values maximum(GPUBuilder &b, CodeType code, ValueRange planes,
                      ValueRange others) {
  SmallVector<unsigned> order;
  for (unsigned plane = code.getBits(); plane-- > 0;)
    order.push_back(plane);
  // A set plus bit outweighs a cleared minus bit.
  if (code.getEncoding() == Encoding::Ternary)
    order = {0, 1};
  Value greater = b.i32(0), equal = b.i32(-1);
  for (unsigned plane : order) {
    Value differs = b.bitXor(planes[plane], others[plane]);
    greater = b.bitOr(greater, b.bitAnd(equal, b.bitAnd(differs, others[plane])));
    equal = b.bitAnd(equal, b.bitNot(differs));
  }
  Values result;
  for (auto [plane, other] : llvm::zip_equal(planes, others))
    result.push_back(b.bitXor(plane, b.bitAnd(b.bitXor(plane, other), greater)));
  return result;
}

/// Position of tap `tap` of the window at `position` along dimension `dim` (1 or 2)
/// of the input, and whether it lies inside.
static std::pair<Value, Value> locateTap(GPUBuilder &b, bitplane::MaxPoolOp op, int64_t dim,
                                         Value position, Value tap) {
  int64_t size = cast<MemRefType>(op.getInput().getType()).getDimSize(dim);
  Value at = b.add(b.mul(position, op.getStrides()[dim - 1]),
                   b.mul(tap, op.getDilations()[dim - 1]));
  at = b.sub(at, b.index(op.getPads()[dim - 1]));
  // Positions in front of the input are large unsigned numbers.
  return {at, b.compare(arith::CmpIPredicate::ult, at, b.index(size))};
}

LogicalResult dorefa::emitGPUKernel(bitplane::MaxPoolOp op) {
  GPUBuilder b(op);
  CodeType code = op.getCode();
  Value input = op.getInput(), init = op.getInit();
  int64_t numPlanes = lastSizeOf(input);
  b.launch("max_pool", b.sizesOf(init, 4), [&](ValueRange at) {
    // The smallest number has no bit set.
    Values zeros(numPlanes, b.i32(0));
    auto visit = [&](Value ky, Value kx, ValueRange largest) -> Values {
      auto [y, isRow] = locateTap(b, op, 1, at[1], ky);
      auto [x, isColumn] = locateTap(b, op, 2, at[2], kx);
      auto branch = scf::IfOp::create(b, TypeRange(largest), b.bitAnd(isRow, isColumn),
                                      /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      Values planes;
      for (int64_t plane = 0; plane < numPlanes; ++plane)
        planes.push_back(b.load(input, {at[0], y, x, at[3], b.index(plane)}));
      flipPlanes(b, code, planes);
      scf::YieldOp::create(b, maximum(b, code, largest, planes));
      b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(b, largest);
      return Values(branch.getResults());
    };
    Values largest = b.loop(op.getKernel()[0], zeros, [&](Value ky, ValueRange rows) {
      return b.loop(op.getKernel()[1], rows, [&](Value kx, ValueRange carried) {
        return visit(ky, kx, carried);
      });
    });
    flipPlanes(b, code, largest);
    for (auto [plane, word] : llvm::enumerate(largest))
      b.store(word, init, extend(at, {b.index(plane)}));
  });
  return success();
}
