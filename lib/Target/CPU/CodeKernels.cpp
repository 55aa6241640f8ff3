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

#include "dorefa/Dialect/BitPlane/Buffers.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "dorefa/Dialect/DoReFa/Constants.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

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
  int64_t planes = lastSizeOf(init);
  b.nest(input, rankOf(input) - 1, [&](ValueRange row) {
    forEachWord(b, lastSizeOf(input), [&](Value word, int64_t valid) {
      Value mask = valid == kWordBits ? Value()
                                      : b.firstLanes(b.index(valid), kWordBits);
      Value codes = b.loadVector(input, extend(row, {b.mul(word, kWordBits)}),
                                 mask, kWordBits);
      if (b.transposesBits())
        return b.storeVector(b.planesOfBytes(codes, planes), init,
                             extend(row, {word, b.index(0)}));
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
static std::pair<int64_t, int64_t> bitTerms(int64_t plane,
                                            std::optional<CodeType> levels) {
  int64_t weight = int64_t(1) << plane;
  if (!levels)
    return {weight, 0};
  PlaneTerm term = planeTerm(*levels, plane);
  weight = int64_t(1) << term.exponent;
  return term.negative ? std::pair<int64_t, int64_t>{0, weight}
                       : std::pair<int64_t, int64_t>{weight, 0};
}

/// The codes, or levels, in `planes` words from `indices` on.
static Value unpackWord(KernelBuilder &b, Value input, ValueRange indices,
                        int64_t planes, std::optional<CodeType> levels) {
  bool isTernary = levels && levels->getEncoding() == Encoding::Ternary;
  if (b.transposesBits() && !isTernary) {
    bool isSigned = levels && levels->getEncoding() == Encoding::Signed;
    Value words =
        b.loadVector(input, extend(indices, {b.index(0)}), /*mask=*/{}, planes);
    return b.bytesOfPlanes(words, isSigned ? 1 << (planes - 1) : 0);
  }
  Value codes = splatByte(b, 0);
  for (int64_t plane = 0; plane < planes; ++plane) {
    Value set =
        b.maskOfWord(b.load(input, extend(indices, {b.index(plane)})));
    auto [ofSet, ofCleared] = bitTerms(plane, levels);
    codes = b.add(codes,
                  arith::SelectOp::create(b, set, splatByte(b, ofSet),
                                          splatByte(b, ofCleared)));
  }
  return codes;
}

LogicalResult dorefa::emitKernel(OpBuilder &builder, bitplane::UnpackOp op,
                                 const MicroKernelOptions &options) {
  if (failed(checkOperands(op)))
    return failure();
  KernelBuilder b(builder, op, options);
  Value input = op.getInput(), init = op.getInit();
  int64_t planes = lastSizeOf(input);
  b.nest(init, rankOf(init) - 1, [&](ValueRange row) {
    forEachWord(b, lastSizeOf(init), [&](Value word, int64_t valid) {
      Value codes =
          unpackWord(b, input, extend(row, {word}), planes, op.getLevels());
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

/// Where the code falls as the value rises, all bits of an integer or the sign
/// of a float are flipped, of value and threshold alike: every comparison is
/// then `>=`. Constant thresholds are flipped, sorted and laid out as vectors
/// of channels at compile time.
class ThresholdEmitter {
public:
  ThresholdEmitter(KernelBuilder &b, bitplane::ThresholdOp op);
  void emit();

private:
  template <typename T>
  Value sortThresholds(ElementsAttr constant);
  int32_t flipBits() const;
  bool isDecreasing(int64_t channel);
  Value flipsOf(Value channel);
  Value flip(Value values, Value flips);
  Value laneMask(int64_t valid, int64_t v);
  Value loadThreshold(Value channel, Value mask, Value flips, Value j);
  Values planesOf(Value x, Value channel, Value mask, Value flips);
  void emitWord(ValueRange row, Value word, int64_t valid);

  KernelBuilder &b;
  bitplane::ThresholdOp op;
  Value input, thresholds, init;
  int64_t channels, numThresholds;
  bool isShared, isFloat;
  /// `n x channels`, filled up to whole words; null where thresholds are not
  /// constant.
  Value sorted;
  /// What flips each channel, where they differ.
  Value flipTable;
};

} // namespace

ThresholdEmitter::ThresholdEmitter(KernelBuilder &b, bitplane::ThresholdOp op)
    : b(b), op(op), input(op.getInput()), thresholds(op.getThresholds()),
      init(op.getInit()), channels(lastSizeOf(input)),
      numThresholds(lastSizeOf(thresholds)),
      isShared(cast<MemRefType>(thresholds.getType()).getDimSize(0) == 1),
      isFloat(cast<MemRefType>(input.getType()).getElementType().isF32()) {
  std::optional<ArrayRef<bool>> decreasing = op.getDecreasing();
  if (decreasing && !llvm::all_equal(*decreasing)) {
    SmallVector<int32_t> flips(paddedChannels(channels), 0);
    for (int64_t channel = 0; channel < channels; ++channel)
      flips[channel] = isDecreasing(channel) ? flipBits() : 0;
    flipTable = b.constantTable("flips", {int64_t(flips.size())}, flips);
  }
  if (ElementsAttr constant = bitplane::getConstantElements(thresholds))
    sorted = isFloat ? sortThresholds<float>(constant)
                     : sortThresholds<int32_t>(constant);
}

int32_t ThresholdEmitter::flipBits() const {
  return isFloat ? std::numeric_limits<int32_t>::min() : -1;
}

bool ThresholdEmitter::isDecreasing(int64_t channel) {
  std::optional<ArrayRef<bool>> decreasing = op.getDecreasing();
  return decreasing && !decreasing->empty() &&
         (*decreasing)[decreasing->size() == 1 ? 0 : channel];
}

/// Flips, sorts and transposes thresholds: NaN, which nothing reaches, last.
template <typename T>
Value ThresholdEmitter::sortThresholds(ElementsAttr constant) {
  std::vector<T> values = readElements<T>(constant);
  if (values.empty())
    return {};
  int64_t lanes = paddedChannels(channels);
  std::vector<T> table(numThresholds * lanes, T());
  for (int64_t channel = 0; channel < channels; ++channel) {
    auto first = values.begin() + (isShared ? 0 : channel * numThresholds);
    std::vector<T> row(first, first + numThresholds);
    for (T &threshold : row)
      if (isDecreasing(channel))
        threshold = isFloat ? -threshold : -1 - threshold;
    llvm::sort(row, [](T x, T y) { return x < y || (x == x && y != y); });
    for (auto [j, threshold] : llvm::enumerate(row))
      table[j * lanes + channel] = threshold;
  }
  Type element = cast<MemRefType>(thresholds.getType()).getElementType();
  auto type = RankedTensorType::get({numThresholds, lanes}, element);
  return b.constant("thresholds",
                    makeElements(type, std::move(table), "thresholds"));
}

void ThresholdEmitter::emit() {
  b.nest(input, rankOf(input) - 1, [&](ValueRange row) {
    forEachWord(b, channels,
                [&](Value word, int64_t valid) { emitWord(row, word, valid); });
  });
}

/// What flips the vector of channels from `channel` on; null where nothing
/// does.
Value ThresholdEmitter::flipsOf(Value channel) {
  if (flipTable)
    return b.loadVector(flipTable, channel);
  return isDecreasing(0) ? b.splat(flipBits()) : Value();
}

Value ThresholdEmitter::flip(Value values, Value flips) {
  if (!flips)
    return values;
  Value bits = b.createOrFold<arith::BitcastOp>(flips.getType(), values);
  bits = arith::XOrIOp::create(b, bits, flips);
  return b.createOrFold<arith::BitcastOp>(values.getType(), bits);
}

/// Lanes of vector `v` of a word that are channels; null where all are.
Value ThresholdEmitter::laneMask(int64_t valid, int64_t v) {
  int64_t left = valid - v * b.lanes();
  if (left >= b.lanes())
    return {};
  return b.firstLanes(b.index(std::max<int64_t>(left, 0)));
}

Value ThresholdEmitter::loadThreshold(Value channel, Value mask, Value flips,
                                      Value j) {
  if (sorted)
    return b.loadVector(sorted, {j, channel});
  if (isShared)
    return flip(b.broadcast(b.load(thresholds, {b.index(0), j})), flips);
  // Lane l is `n` elements after lane l - 1.
  SmallVector<int32_t> offsets;
  for (int64_t lane = 0; lane < b.lanes(); ++lane)
    offsets.push_back(lane * numThresholds);
  Value lanes = arith::ConstantOp::create(
      b, DenseElementsAttr::get(b.vectorOf(b.getI32Type()),
                                ArrayRef<int32_t>(offsets)));
  VectorType type =
      b.vectorOf(cast<MemRefType>(thresholds.getType()).getElementType());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  Value gathered =
      vector::GatherOp::create(b, type, thresholds, ValueRange{channel, j},
                               lanes, mask ? mask : b.mask(true), zero);
  return flip(gathered, flips);
}

/// The plane masks of the code of flipped values.
Values ThresholdEmitter::planesOf(Value x, Value channel, Value mask,
                                  Value flips) {
  constexpr int64_t kUnrolledThresholds = 15;
  CodeType code = op.getCode();
  bool isUnrolled = numThresholds <= kUnrolledThresholds;
  if (sorted && isUnrolled &&
      KernelBuilder::isPlainCount(code, op.getBase(), numThresholds))
    return b.searchPlanes(code, x, [&](int64_t j) {
      return loadThreshold(channel, mask, flips, b.index(j - 1));
    });
  auto step = [&](Value j, Value sum) -> Value {
    Value reached = b.reaches(x, loadThreshold(channel, mask, flips, j));
    return b.add(sum, arith::ExtUIOp::create(b, sum.getType(), reached));
  };
  Value level = b.splat(op.getBase());
  if (!isUnrolled)
    level =
        b.loop(numThresholds, level, [&](Value j, ValueRange args) -> Values {
          return {step(j, args[0])};
        })[0];
  for (int64_t j = 0; isUnrolled && j < numThresholds; ++j)
    level = step(b.index(j), level);
  return b.planesOfLevel(code, level);
}

void ThresholdEmitter::emitWord(ValueRange row, Value word, int64_t valid) {
  SmallVector<Values> planes(op.getCode().getBits());
  for (int64_t v = 0; v < b.vectorsPerBlock(); ++v) {
    Value channel = b.add(b.mul(word, kWordBits), v * b.lanes());
    Value mask = laneMask(valid, v), flips = flipsOf(channel);
    Value x = flip(b.loadVector(input, extend(row, {channel}), mask), flips);
    for (auto [plane, bits] :
         llvm::zip_equal(planes, planesOf(x, channel, mask, flips)))
      plane.push_back(bits);
  }
  for (auto [plane, masks] : llvm::enumerate(planes)) {
    Value bits = b.wordOfMasks(masks);
    if (valid < kWordBits)
      bits = arith::AndIOp::create(b, bits, b.i32(validBits(valid, 0)));
    b.store(bits, init, extend(row, {word, b.index(plane)}));
  }
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
    : b(b), code(op.getCode()), planes(lastSizeOf(op.getInput())),
      input(joinPlanes(b, op.getInput())), init(joinPlanes(b, op.getInit())),
      rows(windowDim(op, 0)), columns(windowDim(op, 1)) {
  words = lastSizeOf(input) / planes;
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
  // Plane by plane behind one another, halves of equal size at a time, then
  // word by word.
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
