//===- PackWeights.cpp - Pack constants for the chosen kernel -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AffineCodes.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Target/CPU/MicroKernel.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <array>
#include <limits>

namespace mlir::dorefa {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "dorefa/Transforms/Passes.h.inc"
} // namespace mlir::dorefa

using namespace mlir;
using namespace mlir::bitplane;
using dorefa::CodeType;

namespace {

/// Constant weights of a layer: codes in the order output, tap, channel of the
/// group. A fully connected layer has one tap.
struct LayerWeights {
  FilterGeometry geometry;
  CodeType code;
  int64_t taps;
  std::vector<uint8_t> codes;

  ArrayRef<uint8_t> getCodes(int64_t output, int64_t tap) const {
    int64_t channels = geometry.channelsPerGroup();
    return ArrayRef<uint8_t>(codes).slice((output * taps + tap) * channels,
                                          channels);
  }
};

} // namespace

/// Words of the filter in the order block, plane, tap, word, lane.
static std::vector<int32_t> packFilter(const LayerWeights &weights) {
  const FilterGeometry &geometry = weights.geometry;
  unsigned bits = weights.code.getBits();
  int64_t planeSize = weights.taps * geometry.words * kWordBits;
  std::vector<int32_t> packed(geometry.blocks * bits * planeSize, 0);
  for (int64_t output = 0; output < geometry.outputChannels; ++output) {
    int64_t block = output / kWordBits, lane = output % kWordBits;
    int64_t firstChannel =
        geometry.groupOf(output) * geometry.channelsPerGroup() -
        geometry.firstWord(block) * kWordBits;
    for (int64_t tap = 0; tap < weights.taps; ++tap) {
      int32_t *words = packed.data() + block * bits * planeSize +
                       tap * geometry.words * kWordBits + lane;
      for (auto [c, code] : llvm::enumerate(weights.getCodes(output, tap))) {
        int64_t channel = firstChannel + c;
        int32_t *word = words + channel / kWordBits * kWordBits;
        for (unsigned plane = 0; plane < bits; ++plane)
          word[plane * planeSize] |= uint32_t(code >> plane & 1)
                                     << (channel % kWordBits);
      }
    }
  }
  return packed;
}

/// Bytes of the filter for lookup tables in the order vector, plane, tap,
/// index, lane.
static std::vector<uint8_t> packLookup(const LayerWeights &weights,
                                       const LookupGeometry &lookup) {
  const FilterGeometry &geometry = weights.geometry;
  int64_t bits = weights.code.getBits();
  std::vector<uint8_t> packed(lookup.vectors * bits * weights.taps *
                                  lookup.indicesPerGroup * lookup.lanes,
                              0);
  for (int64_t output = 0; output < geometry.outputChannels; ++output)
    for (int64_t tap = 0; tap < weights.taps; ++tap)
      for (auto [c, code] : llvm::enumerate(weights.getCodes(output, tap)))
        for (int64_t plane = 0; plane < bits; ++plane) {
          int64_t row = (lookup.vectorOf(geometry, output) * bits + plane) *
                            weights.taps +
                        tap;
          int64_t index = row * lookup.indicesPerGroup + c / lookup.width;
          packed[index * lookup.lanes + lookup.byteOf(geometry, output)] |=
              (code >> plane & 1) << c % lookup.width;
        }
  return packed;
}

/// p(q) of every code.
static std::array<int64_t, 256> planeSums(CodeType type) {
  std::array<int64_t, 256> sums = {};
  for (int64_t code = 0; code < 256; ++code)
    sums[code] = planeSum(type, code);
  return sums;
}

/// The filter of kernel `dot` in the order block, tap, step, lane, channel of the
/// step. `offset` is that of the weights.
static std::vector<int8_t> packSteps(const LayerWeights &weights,
                                     int64_t offset, int64_t storedBits) {
  const FilterGeometry &geometry = weights.geometry;
  std::array<int64_t, 256> sums = planeSums(weights.code);
  AffineValue value = affineValue(weights.code, offset);
  StoredWeight stored = storedWeight(weights.code, offset, storedBits);
  int64_t steps = geometry.steps();
  std::vector<int8_t> packed(
      geometry.blocks * weights.taps * steps * kStepBytes, 0);
  for (int64_t output = 0; output < geometry.outputChannels; ++output)
    for (int64_t tap = 0; tap < weights.taps; ++tap) {
      int64_t block = output / kWordBits, lane = output % kWordBits;
      int8_t *bytes =
          packed.data() +
          ((block * weights.taps + tap) * steps * kWordBits + lane) *
              kStepChannels;
      for (auto [c, code] : llvm::enumerate(weights.getCodes(output, tap)))
        bytes[c / kStepChannels * kStepBytes + c % kStepChannels] =
            (value.alpha * sums[code] + value.beta - stored.shift) /
            stored.scale;
    }
  return packed;
}

/// Of each step, the second half of the bytes in the high halves of the first.
static std::vector<int8_t> halveSteps(ArrayRef<int8_t> bytes) {
  std::vector<int8_t> halves(bytes.size() / 2);
  for (size_t i = 0; i < halves.size(); ++i) {
    size_t low = i / kHalfStepBytes * kStepBytes + i % kHalfStepBytes;
    halves[i] = bytes[low] | bytes[low + kHalfStepBytes] << 4;
  }
  return halves;
}

/// Correction of one channel: what `inside`, the taps inside the input, add
/// beside the products of bits.
static int32_t correctionOf(const LayerWeights &weights, const DotForm &form,
                            int64_t output, ArrayRef<bool> inside,
                            const std::array<int64_t, 256> &sums) {
  int64_t weightSum = 0, count = 0;
  for (int64_t tap = 0; tap < weights.taps; ++tap) {
    if (!inside[tap])
      continue;
    for (uint8_t code : weights.getCodes(output, tap))
      weightSum += sums[code];
    count += weights.geometry.channelsPerGroup();
  }
  // Wraps like the accumulator that it is added to.
  return uint64_t(form.weightSum * weightSum + form.constant * count);
}

/// Corrections in the order class, lane; `classes` are the taps inside.
static std::vector<int32_t>
makeCorrection(const LayerWeights &weights, const DotForm &form,
               ArrayRef<SmallVector<bool>> classes) {
  int64_t lanes = paddedChannels(weights.geometry.outputChannels);
  std::array<int64_t, 256> sums = planeSums(weights.code);
  std::vector<int32_t> table(classes.size() * lanes, 0);
  for (auto [index, inside] : llvm::enumerate(classes))
    for (int64_t o = 0; o < weights.geometry.outputChannels; ++o)
      table[index * lanes + o] = correctionOf(weights, form, o, inside, sums);
  return table;
}

/// Rows of the packed thresholds: which channels decrease, then the thresholds
/// in ascending order, negated where the channel decreases. With `areReversed` the
/// sums of those channels are negated already.
static std::vector<int32_t>
packThresholds(ArrayRef<int32_t> thresholds, int64_t perChannel,
               int64_t channels, std::optional<ArrayRef<bool>> decreasing,
               bool areReversed) {
  constexpr int32_t never = std::numeric_limits<int32_t>::max();
  int64_t lanes = paddedChannels(channels);
  bool isShared = int64_t(thresholds.size()) == perChannel;
  std::vector<int32_t> packed((perChannel + 1) * lanes, never);
  std::fill_n(packed.begin(), lanes, 0);
  for (int64_t channel = 0; channel < channels; ++channel) {
    int64_t source = isShared ? 0 : channel;
    SmallVector<int32_t> row(thresholds.slice(source * perChannel, perChannel));
    if (decreasing && (*decreasing)[source]) {
      packed[channel] = areReversed ? 0 : -1;
      for (int32_t &threshold : row)
        threshold = threshold == std::numeric_limits<int32_t>::min()
                        ? never
                        : -threshold;
    }
    llvm::sort(row);
    for (int64_t j = 0; j < perChannel; ++j)
      packed[(j + 1) * lanes + channel] = row[j];
  }
  return packed;
}

//===----------------------------------------------------------------------===//
// Rewriting the operations
//===----------------------------------------------------------------------===//

static FilterGeometry getGeometry(Conv2DOp op) {
  return FilterGeometry(op.getChannels(), op.getOutputChannels(),
                        op.getGroups());
}

static FilterGeometry getGeometry(MatMulOp op) {
  return FilterGeometry(op.getChannels(), op.getOutputChannels());
}

static SmallVector<int64_t> getWindow(Conv2DOp op) {
  return {op.getKernelSize()[0], op.getKernelSize()[1]};
}

static SmallVector<int64_t> getWindow(MatMulOp op) { return {}; }

static int64_t getOffset(Conv2DOp op) { return op.getFilterOffset(); }
static int64_t getOffset(MatMulOp op) { return op.getWeightsOffset(); }

static CodeType getCode(Conv2DOp op) { return op.getFilterCode(); }
static CodeType getCode(MatMulOp op) { return op.getWeightsCode(); }

/// Sets of taps inside the input, row classes outermost; `shape` receives their
/// numbers.
static SmallVector<SmallVector<bool>> getClasses(Conv2DOp op,
                                                 SmallVector<int64_t> &shape) {
  BorderClasses rows = getRowClasses(op), columns = getColumnClasses(op);
  shape = {rows.size(), columns.size()};
  SmallVector<SmallVector<bool>> classes;
  for (const SmallVector<bool> &row : rows.inside)
    for (const SmallVector<bool> &column : columns.inside) {
      SmallVector<bool> &taps = classes.emplace_back();
      for (bool y : row)
        for (bool x : column)
          taps.push_back(x && y);
    }
  return classes;
}

static SmallVector<SmallVector<bool>> getClasses(MatMulOp op,
                                                 SmallVector<int64_t> &) {
  return {{true}};
}

/// A constant of integers or float32, placed where `op` is.
template <typename T>
static Value makeConstant(OpBuilder &builder, Location loc,
                          ArrayRef<int64_t> shape, std::vector<T> values,
                          StringRef name) {
  Type element = std::is_same_v<T, float>
                     ? Type(builder.getF32Type())
                     : builder.getIntegerType(8 * sizeof(T));
  auto type = RankedTensorType::get(shape, element);
  return dorefa::materialize(
      builder, loc, dorefa::makeElements(type, std::move(values), name), type);
}

/// Gives operand `operand` the value `packed` and drops the constant it had.
static void replaceConstant(OpOperand &operand, Value packed) {
  Operation *old = operand.get().getDefiningOp();
  operand.set(packed);
  if (isOpTriviallyDead(old))
    old->erase();
}

/// The constant behind `value`; an error where there is none to read.
static ElementsAttr getConstantOrError(Operation *op, Value value,
                                       unsigned elementSize, StringRef what) {
  ElementsAttr attr = dorefa::getConstant(value);
  if (attr && dorefa::getRawElements(attr, elementSize))
    return attr;
  op->emitOpError() << what
                    << " must be constant to be packed at compile time; "
                    << "make them an 'arith.constant'";
  return {};
}

//===----------------------------------------------------------------------===//
// Affine forms
//===----------------------------------------------------------------------===//

/// Accumulators that can occur: those proven before, else all that the codes allow.
template <typename OpTy>
static dorefa::Interval getAccumulators(OpTy op) {
  // Not the smallest i32, whose negative is none.
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  dorefa::Interval range{0, 0};
  if (auto known = op.getRange()) {
    range = {(*known)[0], (*known)[1]};
  } else {
    CodeType x = op.getInputCode(), w = getCode(op);
    FilterGeometry geometry = getGeometry(op);
    int64_t count =
        llvm::product_of(getWindow(op)) * geometry.channelsPerGroup();
    for (int64_t left : {x.getMinValue(), x.getMaxValue()})
      for (int64_t right : {w.getMinValue(), w.getMaxValue()}) {
        int64_t sum = count * (left + int64_t(op.getInputOffset())) *
                      (right + getOffset(op));
        range = {std::min(range.lo, sum), std::max(range.hi, sum)};
      }
  }
  return {std::max(range.lo, -most), std::min(range.hi, most)};
}

static void emitRemark(Operation *op, const dorefa::AffineTable &table,
                       bool isExact) {
  auto options = remark::RemarkOpts::name("affine-codes").category("dorefa");
  int64_t channel = table.failed;
  if (table.rows.empty()) {
    remark::missed(op->getLoc(), options)
        << remark::reason("thresholds of channel {0} are not those of a scale and an "
                          "offset in float32",
                          channel);
    return;
  }
  StringRef how = isExact ? "proven for each accumulator"
                          : "proven up to one level, which a comparison decides";
  remark::passed(op->getLoc(), options)
      << remark::add("codes by one multiplication and addition, {0}", how);
}

/// Gives `op`, whose thresholds are the rows `packed`, an affine form where there is
/// one: in their place, or beside them where they are too many to be compared with
/// one by one.
template <typename OpTy>
static void makeAffineForm(OpTy op, OpBuilder &builder, ArrayRef<int32_t> packed,
                           int64_t perChannel) {
  constexpr int64_t kFewest = 4, kFewestBesideThresholds = 16;
  if (perChannel < kFewest ||
      op.getResultCode()->getEncoding() == dorefa::Encoding::Ternary)
    return;
  int64_t channels = op.getOutputChannels(),
          most = largestLevel(*op.getResultCode()) - op.getBase();
  dorefa::Interval range = getAccumulators(op);
  dorefa::AffineTable table =
      dorefa::makeAffineTable(packed, channels, most, range, /*excess=*/0);
  bool isExact = !table.rows.empty();
  if (!isExact && perChannel >= kFewestBesideThresholds)
    table = dorefa::makeAffineTable(packed, channels, perChannel, range, /*excess=*/1);
  emitRemark(op, table, isExact);
  if (table.rows.empty())
    return;
  if (isExact)
    op.getThresholdsMutable().clear();
  op.getAffineMutable().assign(makeConstant(
      builder, op.getLoc(), {2, paddedChannels(channels)}, std::move(table.rows),
      "affine"));
}

/// Negates the weights of decreasing channels, and so their sums, where all codes
/// have a negative: kernels then need not. Returns whether it did.
template <typename OpTy>
static bool reverseDecreasing(OpTy op, LayerWeights &weights) {
  std::optional<ArrayRef<bool>> decreasing = op.getDecreasing();
  if (!decreasing || !llvm::is_contained(*decreasing, true) ||
      getOffset(op) != 0 ||
      weights.code.getEncoding() != dorefa::Encoding::Bipolar)
    return false;
  int64_t outputs = weights.geometry.outputChannels,
          perOutput = weights.codes.size() / outputs;
  for (int64_t output = 0; output < outputs; ++output)
    if ((*decreasing)[decreasing->size() == 1 ? 0 : output])
      for (uint8_t &code : MutableArrayRef(weights.codes)
                               .slice(output * perOutput, perOutput))
        code = weights.code.getMaxCode() - code;
  if (auto range = op.getRange()) {
    int64_t most = std::max(-(*range)[0], (*range)[1]);
    op.setRange(ArrayRef<int64_t>{-most, most});
  }
  return true;
}

template <typename OpTy>
static LogicalResult packThresholdsOf(OpTy op, OpBuilder &builder,
                                      LayerWeights &weights) {
  Value value = op.getThresholds();
  if (!value)
    return success();
  ElementsAttr attr =
      getConstantOrError(op, value, sizeof(int32_t), "thresholds");
  if (!attr)
    return failure();
  int64_t perChannel = cast<ShapedType>(value.getType()).getDimSize(1);
  std::vector<int32_t> packed =
      packThresholds(dorefa::readElements<int32_t>(attr), perChannel,
                     op.getOutputChannels(), op.getDecreasing(),
                     reverseDecreasing(op, weights));
  op.removeDecreasingAttr();
  makeAffineForm(op, builder, packed, perChannel);
  if (op.getThresholds())
    op.getThresholdsMutable().assign(makeConstant(
        builder, value.getLoc(),
        {perChannel + 1, paddedChannels(op.getOutputChannels())},
        std::move(packed), "thresholds"));
  if (isOpTriviallyDead(value.getDefiningOp()))
    value.getDefiningOp()->erase();
  return success();
}

/// The filter of `op` in the layout of kernel `lookup`. Null after a diagnostic.
template <typename OpTy>
static Value packForLookup(OpTy op, OpBuilder &builder,
                           const LayerWeights &weights,
                           const dorefa::MicroKernelOptions &machine) {
  const FilterGeometry &geometry = weights.geometry;
  CodeType inputCode = op.getInputCode();
  int64_t indexBits = getIndexBits(machine);
  if (!indexBits || !canLookUp(geometry, inputCode, weights.taps)) {
    op.emitOpError("cannot be packed for kernel 'lookup', which ")
        << (indexBits ? "does not compute it" : "the target does not have")
        << "; choose 'popcount'";
    return {};
  }
  LookupGeometry lookup(geometry, inputCode, indexBits, 4 * machine.lanes);
  SmallVector<int64_t> shape = {lookup.vectors, weights.code.getBits()};
  llvm::append_range(shape, getWindow(op));
  shape.append({lookup.indicesPerGroup, lookup.lanes});
  return makeConstant(builder, op->getOperand(1).getLoc(), shape,
                      packLookup(weights, lookup), "weights");
}

/// The filter of `weights`, whose window is `window`, in the layout of kernel
/// `popcount`.
static Value packForPopcount(OpBuilder &builder, Location loc,
                             const LayerWeights &weights,
                             ArrayRef<int64_t> window) {
  SmallVector<int64_t> shape = {weights.geometry.blocks,
                                weights.code.getBits()};
  llvm::append_range(shape, window);
  shape.append({weights.geometry.words, kWordBits});
  return makeConstant(builder, loc, shape, packFilter(weights), "weights");
}

/// The same in the layout of kernel `dot`.
static Value packForDot(OpBuilder &builder, Location loc,
                        const LayerWeights &weights, ArrayRef<int64_t> window,
                        int64_t offset, int64_t storedBits) {
  std::vector<int8_t> bytes = packSteps(weights, offset, storedBits);
  if (storedBits == 4)
    bytes = halveSteps(bytes);
  SmallVector<int64_t> shape = {weights.geometry.blocks, 1};
  llvm::append_range(shape, window);
  shape.append({weights.geometry.steps(), kStepBytes * storedBits / 8});
  return makeConstant(builder, loc, shape, std::move(bytes), "weights");
}

/// A destination that takes `size` elements of `element` in place of the words and
/// planes of each pixel of `words`.
static Value makeDestination(OpBuilder &builder, Location loc, Value words,
                             int64_t size, Type element) {
  auto from = cast<RankedTensorType>(words.getType());
  SmallVector<int64_t> shape(from.getShape().drop_back(2));
  shape.push_back(size);
  SmallVector<Value> dynamic;
  for (int64_t dim = 0; dim < from.getRank() - 2; ++dim)
    if (from.isDynamicDim(dim))
      dynamic.push_back(tensor::DimOp::create(builder, loc, words, dim));
  return tensor::EmptyOp::create(builder, loc, shape, element, dynamic);
}

/// The input of a contraction by kernel `dot`: the levels of `words`.
static Value makeLevels(OpBuilder &builder, Location loc, Value words,
                        const FilterGeometry &geometry, CodeType code) {
  Value init = makeDestination(builder, loc, words, geometry.inputLevels(),
                               builder.getI8Type());
  return UnpackOp::create(builder, loc, init.getType(), words, init,
                          TypeAttr::get(code))
      ->getResult(0);
}

/// The input of a contraction by kernel `lookup`: the indices of `words`.
static Value makeIndices(OpBuilder &builder, Location loc, Value words,
                         const FilterGeometry &geometry, CodeType code,
                         const dorefa::MicroKernelOptions &machine) {
  int64_t bits = getIndexBits(machine);
  LookupGeometry lookup(geometry, code, bits, 4 * machine.lanes);
  Value init = makeDestination(builder, loc, words, lookup.indices,
                               builder.getIntegerType(bits));
  return IndexOp::create(builder, loc, init.getType(), words, init,
                         geometry.channels, geometry.groups)
      ->getResult(0);
}

/// Null after a diagnostic.
template <typename OpTy>
static Value packFilterOf(OpTy op, OpBuilder &builder,
                          const LayerWeights &weights,
                          const dorefa::MicroKernelOptions &machine) {
  Location loc = op->getOperand(1).getLoc();
  switch (*op.getKernel()) {
  case Kernel::Popcount:
    return packForPopcount(builder, loc, weights, getWindow(op));
  case Kernel::Lookup:
    return packForLookup(op, builder, weights, machine);
  case Kernel::Dot:
    if (!weights.geometry.hasDotLayout())
      break;
    return packForDot(builder, loc, weights, getWindow(op), getOffset(op),
                      getStoredBits(op));
  }
  op.emitOpError("cannot be packed for kernel '")
      << stringifyKernel(*op.getKernel()) << "'; choose 'popcount'";
  return {};
}

template <typename OpTy>
static LogicalResult packWeights(OpTy op,
                                 const dorefa::MicroKernelOptions &machine) {
  OpOperand &filter = op->getOpOperand(1);
  Location loc = filter.get().getLoc();
  ElementsAttr attr = getConstantOrError(op, filter.get(), 1, "weights");
  if (!attr)
    return failure();
  OpBuilder builder(op);
  FilterGeometry geometry = getGeometry(op);
  LayerWeights weights{geometry, getCode(op), llvm::product_of(getWindow(op)),
                       dorefa::readElements<uint8_t>(attr)};
  if (failed(packThresholdsOf(op, builder, weights)))
    return failure();
  Value packed = packFilterOf(op, builder, weights, machine);
  if (!packed)
    return failure();
  DotForm form = getDotForm(op);
  if (form.needsCorrection) {
    SmallVector<int64_t> tableShape;
    SmallVector<SmallVector<bool>> classes = getClasses(op, tableShape);
    tableShape.push_back(paddedChannels(geometry.outputChannels));
    op.getCorrectionMutable().assign(
        makeConstant(builder, loc, tableShape,
                  makeCorrection(weights, form, classes), "correction"));
  }
  replaceConstant(op->getOpOperand(1), packed);
  if (op.getKernel() == Kernel::Dot)
    op.getInputMutable().assign(makeLevels(builder, op.getLoc(), op.getInput(),
                                           geometry, op.getInputCode()));
  if (op.getKernel() == Kernel::Lookup)
    op.getInputMutable().assign(makeIndices(builder, op.getLoc(), op.getInput(),
                                            geometry, op.getInputCode(),
                                            machine));
  return success();
}

namespace {

struct PackWeightsPass : dorefa::impl::PackWeightsPassBase<PackWeightsPass> {
  using Base::Base;

  void runOnOperation() override {
    dorefa::MicroKernelOptions machine;
    machine.lanes = lanes;
    machine.features = llvm::to_vector(features);
    if (failed(machine.verify(getOperation())))
      return signalPassFailure();
    WalkResult result = getOperation()->walk([&](Operation *op) -> WalkResult {
      if (auto conv = dyn_cast<Conv2DOp>(op))
        return packChosen(conv, machine);
      if (auto matmul = dyn_cast<MatMulOp>(op))
        return packChosen(matmul, machine);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  template <typename OpTy>
  static LogicalResult packChosen(OpTy op,
                                  const dorefa::MicroKernelOptions &machine) {
    if (op.isPacked() || !op.getKernel())
      return success();
    return packWeights(op, machine);
  }
};

} // namespace
