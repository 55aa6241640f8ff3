//===- CodeKernels.cpp - Packing, thresholds and pools --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A comparison of a vector gives one bit per lane, and 32 of them are a word of
// a plane: packing is nothing but comparing.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "dorefa/Dialect/BitPlane/Geometry.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

static int64_t rankOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getRank();
}

static int64_t lastSize(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getShape().back();
}

/// `indices` and then `more`.
static Values extend(ValueRange indices, ArrayRef<Value> more) {
  Values result(indices);
  result.append(more.begin(), more.end());
  return result;
}

/// Calls `body` with each word of `channels` channels and with the mask of its
/// valid lanes where it has fewer than 32.
static void forEachWord(KernelBuilder &b, int64_t channels,
                        function_ref<void(Value, int64_t)> body) {
  b.loop(channels / kWordBits, [&](Value word) { body(word, kWordBits); });
  if (int64_t rest = channels % kWordBits)
    body(b.index(channels / kWordBits), rest);
}

//===----------------------------------------------------------------------===//
// Pack and unpack
//===----------------------------------------------------------------------===//

static Value splatByte(KernelBuilder &b, int64_t value) {
  auto type = b.vectorOf(b.getI8Type(), kWordBits);
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, b.getI8IntegerAttr(value)));
}

LogicalResult dorefa::emitKernel(OpBuilder &builder, bitplane::PackOp op,
                                 const MicroKernelOptions &options) {
  if (failed(checkOperands(op)))
    return failure();
  KernelBuilder b(builder, op, options);
  Value input = op.getInput(), init = op.getInit();
  int64_t planes = lastSize(init);
  b.nest(input, rankOf(input) - 1, [&](ValueRange row) {
    forEachWord(b, lastSize(input), [&](Value word, int64_t valid) {
      Value mask = valid == kWordBits ? Value()
                                      : b.firstLanes(b.index(valid), kWordBits);
      Value codes = b.loadVector(input, extend(row, {b.mul(word, kWordBits)}),
                                 mask, kWordBits);
      for (int64_t plane = 0; plane < planes; ++plane) {
        Value bits =
            arith::AndIOp::create(b, codes, splatByte(b, int64_t(1) << plane));
        Value set = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bits,
                                          splatByte(b, 0));
        b.store(b.wordOfMasks(set), init, extend(row, {word, b.index(plane)}));
      }
    });
  });
  return success();
}

/// What a set and a cleared bit of a plane add to the code, or to its level.
static std::pair<int64_t, int64_t>
bitTerms(int64_t plane, std::optional<CodeType> levels) {
  int64_t weight = int64_t(1) << plane;
  if (!levels)
    return {weight, 0};
  PlaneTerm term = planeTerm(*levels, plane);
  weight = int64_t(1) << term.exponent;
  return term.negative ? std::pair<int64_t, int64_t>{0, weight}
                       : std::pair<int64_t, int64_t>{weight, 0};
}

LogicalResult dorefa::emitKernel(OpBuilder &builder, bitplane::UnpackOp op,
                                 const MicroKernelOptions &options) {
  if (failed(checkOperands(op)))
    return failure();
  KernelBuilder b(builder, op, options);
  Value input = op.getInput(), init = op.getInit();
  int64_t planes = lastSize(input);
  b.nest(init, rankOf(init) - 1, [&](ValueRange row) {
    forEachWord(b, lastSize(init), [&](Value word, int64_t valid) {
      Value codes = splatByte(b, 0);
      for (int64_t plane = 0; plane < planes; ++plane) {
        Value set =
            b.maskOfWord(b.load(input, extend(row, {word, b.index(plane)})));
        auto [ofSet, ofCleared] = bitTerms(plane, op.getLevels());
        Value bits = arith::SelectOp::create(b, set, splatByte(b, ofSet),
                                             splatByte(b, ofCleared));
        codes = b.add(codes, bits);
      }
      Value mask = valid == kWordBits ? Value()
                                      : b.firstLanes(b.index(valid), kWordBits);
      b.storeVector(codes, init, extend(row, {b.mul(word, kWordBits)}), mask);
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Thresholds
//===----------------------------------------------------------------------===//

namespace {

class ThresholdEmitter {
public:
  ThresholdEmitter(KernelBuilder &b, bitplane::ThresholdOp op);
  void emit();

private:
  void emitWord(Value word, int64_t valid);
  Value laneMask(int64_t v);
  Value loadThresholds(Value word, int64_t v, Value j);
  Value loadDecreasing(Value word, int64_t v);
  Value reaches(Value x, Value threshold, Value decreasing);
  Value count(Value x, int64_t v, Value word, Value decreasing);

  KernelBuilder &b;
  bitplane::ThresholdOp op;
  Value input, thresholds, init;
  int64_t channels, numThresholds;
  int64_t valid = kWordBits;
  bool isFloat;
  /// Where channels differ: per word, the bits of its decreasing channels.
  Value decreasingWords;
  /// Thresholds of the current word that stay in registers.
  DenseMap<std::pair<int64_t, int64_t>, Value> held;
};

} // namespace

/// More thresholds than this are loaded where they are used.
constexpr int64_t kHeldThresholds = 15;

ThresholdEmitter::ThresholdEmitter(KernelBuilder &b, bitplane::ThresholdOp op)
    : b(b), op(op), input(op.getInput()), thresholds(op.getThresholds()),
      init(op.getInit()), channels(lastSize(input)),
      numThresholds(lastSize(thresholds)),
      isFloat(cast<MemRefType>(input.getType()).getElementType().isF32()) {}

void ThresholdEmitter::emit() {
  std::optional<ArrayRef<bool>> decreasing = op.getDecreasing();
  if (decreasing && !llvm::all_equal(*decreasing)) {
    SmallVector<int32_t> words(wordsFor(channels), 0);
    for (auto [channel, falls] : llvm::enumerate(*decreasing))
      if (falls)
        words[channel / kWordBits] |=
            int32_t(uint32_t(1) << channel % kWordBits);
    decreasingWords =
        b.constantTable("decreasing", {int64_t(words.size())}, words);
  }
  forEachWord(b, channels, [&](Value word, int64_t count) {
    valid = count;
    emitWord(word, count);
  });
}

/// Lanes of vector `v` of the current word that are channels; null where all
/// are.
Value ThresholdEmitter::laneMask(int64_t v) {
  int64_t left = valid - v * b.lanes();
  if (left >= b.lanes())
    return {};
  return b.firstLanes(b.index(std::max<int64_t>(left, 0)));
}

Value ThresholdEmitter::loadThresholds(Value word, int64_t v, Value j) {
  if (Value value = held.lookup({v, constantIndex(j).value_or(-1)}))
    return value;
  if (cast<MemRefType>(thresholds.getType()).getDimSize(0) == 1)
    return b.broadcast(b.load(thresholds, {b.index(0), j}));
  // Lane l is `n` elements after lane l - 1.
  Value first = b.add(b.mul(word, kWordBits), v * b.lanes());
  SmallVector<int32_t> offsets;
  for (int64_t lane = 0; lane < b.lanes(); ++lane)
    offsets.push_back(lane * numThresholds);
  Value lanes = arith::ConstantOp::create(
      b, DenseElementsAttr::get(b.vectorOf(b.getI32Type()),
                                ArrayRef<int32_t>(offsets)));
  Value mask = laneMask(v);
  VectorType type =
      b.vectorOf(cast<MemRefType>(thresholds.getType()).getElementType());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  return vector::GatherOp::create(b, type, thresholds, ValueRange{first, j},
                                  lanes, mask ? mask : b.mask(true), zero);
}

/// Decreasing lanes of vector `v`; null where all channels are of one kind.
Value ThresholdEmitter::loadDecreasing(Value word, int64_t v) {
  if (!decreasingWords)
    return {};
  Value bits = b.maskOfWord(b.load(decreasingWords, word));
  if (b.lanes() == kWordBits)
    return bits;
  int64_t offset = v * b.lanes(), size = b.lanes(), stride = 1;
  return vector::ExtractStridedSliceOp::create(b, bits, offset, size, stride);
}

Value ThresholdEmitter::reaches(Value x, Value threshold, Value decreasing) {
  auto compare = [&](bool falls) -> Value {
    if (isFloat)
      return arith::CmpFOp::create(
          b, falls ? arith::CmpFPredicate::OLE : arith::CmpFPredicate::OGE, x,
          threshold);
    return arith::CmpIOp::create(
        b, falls ? arith::CmpIPredicate::sle : arith::CmpIPredicate::sge, x,
        threshold);
  };
  if (!decreasing) {
    std::optional<ArrayRef<bool>> all = op.getDecreasing();
    return compare(all && !all->empty() && all->front());
  }
  return arith::SelectOp::create(b, decreasing, compare(true), compare(false));
}

Value ThresholdEmitter::count(Value x, int64_t v, Value word,
                              Value decreasing) {
  auto step = [&](Value j, Value sum) -> Value {
    Value reached = reaches(x, loadThresholds(word, v, j), decreasing);
    return b.add(sum, arith::ExtUIOp::create(b, sum.getType(), reached));
  };
  Value level = b.splat(op.getBase());
  if (numThresholds > kHeldThresholds)
    return b.loop(numThresholds, level,
                  [&](Value j, ValueRange args) -> Values {
                    return {step(j, args[0])};
                  })[0];
  for (int64_t j = 0; j < numThresholds; ++j)
    level = step(b.index(j), level);
  return level;
}

/// All rows of one word, so that its thresholds are loaded once.
void ThresholdEmitter::emitWord(Value word, int64_t valid) {
  CodeType code = op.getCode();
  held.clear();
  Values decreasing;
  for (int64_t v = 0; v < b.vectorsPerBlock(); ++v) {
    decreasing.push_back(loadDecreasing(word, v));
    if (numThresholds <= kHeldThresholds)
      for (int64_t j = 0; j < numThresholds; ++j)
        held[{v, j}] = loadThresholds(word, v, b.index(j));
  }
  b.nest(input, rankOf(input) - 1, [&](ValueRange row) {
    SmallVector<Values> planes(code.getBits());
    for (int64_t v = 0; v < b.vectorsPerBlock(); ++v) {
      Value channel = b.add(b.mul(word, kWordBits), v * b.lanes());
      Value x = b.loadVector(input, extend(row, {channel}), laneMask(v));
      Value level = count(x, v, word, decreasing[v]);
      for (auto [plane, bit] :
           llvm::zip_equal(planes, b.planesOfLevel(code, level)))
        plane.push_back(bit);
    }
    for (auto [plane, masks] : llvm::enumerate(planes)) {
      Value bits = b.wordOfMasks(masks);
      if (valid < kWordBits)
        bits = arith::AndIOp::create(b, bits, b.i32(validBits(valid, 0)));
      b.store(bits, init, extend(row, {word, b.index(plane)}));
    }
  });
}

LogicalResult dorefa::emitKernel(OpBuilder &builder, bitplane::ThresholdOp op,
                                 const MicroKernelOptions &options) {
  if (failed(checkOperands(op)))
    return failure();
  if (!cast<MemRefType>(op.getThresholds().getType()).getLayout().isIdentity())
    return op.emitOpError("has thresholds that are not contiguous");
  KernelBuilder b(builder, op, options);
  ThresholdEmitter(b, op).emit();
  return success();
}

//===----------------------------------------------------------------------===//
// Max pool
//===----------------------------------------------------------------------===//

namespace {

/// One dimension of a pooling window.
struct WindowDim {
  int64_t size, kernel, stride, dilation, before, after;
};

} // namespace

/// The taps `[begin, end)` of the window at `position` that lie inside the
/// input.
static std::pair<Value, Value>
tapsInside(KernelBuilder &b, const WindowDim &dim, Value position) {
  if (dim.before == 0 && dim.after == 0)
    return {b.index(0), b.index(dim.kernel)};
  auto divideUp = [&](Value value) -> Value {
    if (dim.dilation == 1)
      return value;
    return arith::DivUIOp::create(b, b.add(value, dim.dilation - 1),
                                  b.index(dim.dilation));
  };
  Value origin = b.mul(position, dim.stride);
  Value above = b.sub(b.index(dim.before), origin);
  Value below = b.sub(b.index(dim.size + dim.before), origin);
  // Every window touches the input, so neither count is negative.
  Value begin = divideUp(arith::MaxSIOp::create(b, above, b.index(0)));
  Value end = arith::MinSIOp::create(b, divideUp(below), b.index(dim.kernel));
  return {begin, end};
}

static Value complement(KernelBuilder &b, Value words) {
  auto type = cast<VectorType>(words.getType());
  Value ones = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, b.getI32IntegerAttr(-1)));
  return arith::XOrIOp::create(b, words, ones);
}

/// Turns planes into ones whose codes, lowest plane first, are in the order of
/// their integers, or back: both are the same flips.
static void flipPlanes(KernelBuilder &b, CodeType code, Values &planes) {
  auto flip = [&](Value &plane) { plane = complement(b, plane); };
  if (code.getEncoding() == Encoding::Signed)
    flip(planes.back());
  if (code.getEncoding() == Encoding::Ternary)
    flip(planes[1]);
}

/// Bitwise maximum of two numbers of which `planes` and `others` hold the bits,
/// the most significant plane deciding first.
static Values maximum(KernelBuilder &b, CodeType code, ValueRange planes,
                      ValueRange others) {
  SmallVector<unsigned> order;
  for (unsigned plane = code.getBits(); plane-- > 0;)
    order.push_back(plane);
  // A set plus bit outweighs a cleared minus bit.
  if (code.getEncoding() == Encoding::Ternary)
    order = {0, 1};
  auto andNot = [&](Value lhs, Value rhs) -> Value {
    return arith::AndIOp::create(b, lhs, complement(b, rhs));
  };
  Value greater, less;
  for (unsigned plane : order) {
    Value isGreater = andNot(others[plane], planes[plane]);
    Value isLess = andNot(planes[plane], others[plane]);
    if (!greater) {
      greater = isGreater;
      less = isLess;
      continue;
    }
    Value undecidedGreater = andNot(isGreater, less);
    Value undecidedLess = andNot(isLess, greater);
    greater = arith::OrIOp::create(b, greater, undecidedGreater);
    less = arith::OrIOp::create(b, less, undecidedLess);
  }
  Values result;
  for (auto [plane, other] : llvm::zip_equal(planes, others)) {
    Value differs = arith::XOrIOp::create(b, plane, other);
    Value taken = arith::AndIOp::create(b, differs, greater);
    result.push_back(arith::XOrIOp::create(b, plane, taken));
  }
  return result;
}

namespace {

/// Pools several words at a time, a lane each: their planes are neighbours in
/// memory and are taken apart in registers.
class MaxPoolEmitter {
public:
  MaxPoolEmitter(KernelBuilder &b, bitplane::MaxPoolOp op);
  void emit();

private:
  void emitWords(ValueRange pixel, Value word, int64_t count);
  Values loadPlanes(ValueRange pixel, Value word, int64_t count);
  void storePlanes(ValueRange planes, ValueRange pixel, Value word);
  Value coordinate(const WindowDim &dim, Value position, Value tap);
  WindowDim windowDim(bitplane::MaxPoolOp op, int64_t dim);

  KernelBuilder &b;
  CodeType code;
  int64_t words, planes;
  /// `N x H x W x (words * planes)`.
  Value input, init;
  WindowDim rows, columns;
};

} // namespace

/// `words` with their planes in one dimension.
static Value joinPlanes(KernelBuilder &b, Value words) {
  SmallVector<ReassociationIndices> dims{{0}, {1}, {2}, {3, 4}};
  return memref::CollapseShapeOp::create(b, words, dims);
}

MaxPoolEmitter::MaxPoolEmitter(KernelBuilder &b, bitplane::MaxPoolOp op)
    : b(b), code(op.getCode()), planes(lastSize(op.getInput())),
      input(joinPlanes(b, op.getInput())), init(joinPlanes(b, op.getInit())),
      rows(windowDim(op, 0)), columns(windowDim(op, 1)) {
  words = lastSize(input) / planes;
}

WindowDim MaxPoolEmitter::windowDim(bitplane::MaxPoolOp op, int64_t dim) {
  auto type = cast<MemRefType>(op.getInput().getType());
  return WindowDim{type.getDimSize(1 + dim), op.getKernel()[dim],
                   op.getStrides()[dim],     op.getDilations()[dim],
                   op.getPads()[dim],        op.getPads()[2 + dim]};
}

Value MaxPoolEmitter::coordinate(const WindowDim &dim, Value position,
                                 Value tap) {
  Value padded = b.add(b.mul(position, dim.stride), b.mul(tap, dim.dilation));
  return b.sub(padded, b.index(dim.before));
}

/// The planes of `count` words from `word` on.
Values MaxPoolEmitter::loadPlanes(ValueRange pixel, Value word, int64_t count) {
  Value all = b.loadVector(input, extend(pixel, {b.mul(word, planes)}), {},
                           count * planes);
  Values result;
  for (int64_t plane = 0; plane < planes; ++plane) {
    SmallVector<int64_t> lanes;
    for (int64_t i = 0; i < count; ++i)
      lanes.push_back(i * planes + plane);
    result.push_back(vector::ShuffleOp::create(b, all, all, lanes));
  }
  return result;
}

void MaxPoolEmitter::storePlanes(ValueRange values, ValueRange pixel,
                                 Value word) {
  int64_t count = cast<VectorType>(values[0].getType()).getNumElements();
  // Plane by plane behind one another, halves of equal size at a time, then word
  // by word.
  Values parts(values);
  parts.resize(llvm::PowerOf2Ceil(planes), values[0]);
  while (parts.size() > 1) {
    Values joined;
    int64_t size = cast<VectorType>(parts[0].getType()).getNumElements();
    auto lanes = llvm::to_vector(llvm::seq<int64_t>(0, 2 * size));
    for (size_t i = 0; i < parts.size(); i += 2)
      joined.push_back(
          vector::ShuffleOp::create(b, parts[i], parts[i + 1], lanes));
    parts = std::move(joined);
  }
  Value all = parts.front();
  SmallVector<int64_t> lanes;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t plane = 0; plane < planes; ++plane)
      lanes.push_back(plane * count + i);
  all = vector::ShuffleOp::create(b, all, all, lanes);
  b.storeVector(all, init, extend(pixel, {b.mul(word, planes)}));
}

void MaxPoolEmitter::emitWords(ValueRange pixel, Value word, int64_t count) {
  std::pair<Value, Value> insideRows = tapsInside(b, rows, pixel[1]);
  std::pair<Value, Value> insideColumns = tapsInside(b, columns, pixel[2]);
  auto takeTap = [&](Value ky, Value kx, ValueRange largest) {
    Values tap = loadPlanes({pixel[0], coordinate(rows, pixel[1], ky),
                             coordinate(columns, pixel[2], kx)},
                            word, count);
    flipPlanes(b, code, tap);
    return maximum(b, code, largest, tap);
  };
  // The smallest number has no bit set.
  VectorType type = b.vectorOf(b.getI32Type(), count);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  Values largest =
      b.loop(insideRows.first, insideRows.second, Values(planes, zero),
             [&](Value ky, ValueRange outer) {
               return b.loop(insideColumns.first, insideColumns.second, outer,
                             [&](Value kx, ValueRange inner) {
                               return takeTap(ky, kx, inner);
                             });
             });
  flipPlanes(b, code, largest);
  storePlanes(largest, pixel, word);
}

void MaxPoolEmitter::emit() {
  b.nest(init, 3, [&](ValueRange pixel) {
    int64_t whole = words / b.lanes() * b.lanes();
    b.loop(b.index(whole), b.lanes(),
           [&](Value word) { emitWords(pixel, word, b.lanes()); });
    for (int64_t size = b.lanes() / 2; size > 0; size /= 2) {
      if ((words & size) == 0)
        continue;
      emitWords(pixel, b.index(whole), size);
      whole += size;
    }
  });
}

LogicalResult dorefa::emitKernel(OpBuilder &builder, bitplane::MaxPoolOp op,
                                 const MicroKernelOptions &options) {
  if (failed(checkOperands(op)))
    return failure();
  KernelBuilder b(builder, op, options);
  MaxPoolEmitter(b, op).emit();
  return success();
}
