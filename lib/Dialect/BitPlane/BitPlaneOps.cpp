//===- BitPlaneOps.cpp - Operations of the bitplane dialect ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::bitplane;
using dorefa::CodeType;
using dorefa::Encoding;

namespace mlir::bitplane {
using dorefa::parseOffsets;
using dorefa::printOffsets;
} // namespace mlir::bitplane

#define GET_OP_CLASSES
#include "dorefa/Dialect/BitPlane/BitPlaneOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Shared checks
//===----------------------------------------------------------------------===//

/// Largest offset in magnitude; far above any zero point of an 8-bit code.
static constexpr int64_t kMaxOffset = 1 << 16;

static ShapedType shaped(Value value) {
  return cast<ShapedType>(value.getType());
}

/// Checks that `value` has `rank` dimensions, all static but the first.
static LogicalResult verifyRank(Operation *op, Value value, int64_t rank,
                                StringRef what) {
  ShapedType type = shaped(value);
  if (type.getRank() != rank)
    return op->emitOpError(what)
           << " has rank " << type.getRank() << " but must have rank " << rank;
  for (int64_t size : type.getShape().drop_front())
    if (ShapedType::isDynamic(size) || size == 0)
      return op->emitOpError(what)
             << " must have static sizes greater than 0 in all dimensions but "
                "the first";
  return success();
}

/// Checks that `value` has the sizes `expected`; dynamic ones match any.
static LogicalResult verifyShape(Operation *op, Value value,
                                 ArrayRef<int64_t> expected, StringRef what) {
  ArrayRef<int64_t> shape = shaped(value).getShape();
  if (succeeded(verifyCompatibleShape(shape, expected)))
    return success();
  auto error = op->emitOpError(what) << " has shape [";
  llvm::interleaveComma(shape, error);
  error << "] but must have [";
  llvm::interleaveComma(expected, error);
  return error << "]";
}

/// Checks that `words` packs a tensor of shape `codes` in `bits` planes.
static LogicalResult verifyWords(Operation *op, Value words,
                                 ArrayRef<int64_t> codes, int64_t bits,
                                 StringRef what) {
  SmallVector<int64_t> expected(codes);
  expected.back() = wordsFor(codes.back());
  expected.push_back(bits);
  return verifyShape(op, words, expected, what);
}

static LogicalResult verifyChannels(Operation *op, int64_t channels,
                                    int64_t outputs, int64_t groups) {
  if (channels < 1 || outputs < 1)
    return op->emitOpError("needs at least one input and one output channel");
  if (groups < 1 || channels % groups || outputs % groups)
    return op->emitOpError("has ")
           << groups << " groups, which must divide its " << channels
           << " input and " << outputs << " output channels";
  return success();
}

static LogicalResult verifyWindow(Operation *op, StringRef what,
                                  ArrayRef<int64_t> values, size_t count,
                                  int64_t smallest) {
  if (values.size() == count && llvm::all_of(values, [&](int64_t v) {
        return v >= smallest && v <= std::numeric_limits<int32_t>::max();
      }))
    return success();
  return op->emitOpError(what)
         << " must be " << count << " integers of at least " << smallest;
}

/// Checks that all levels `[base, base + count]` have a code of type `code`.
static LogicalResult verifyLevels(Operation *op, CodeType code, int64_t base,
                                  int64_t count) {
  bool bipolar = code.getEncoding() == Encoding::Bipolar;
  int64_t min = bipolar ? 0 : code.getMinValue();
  int64_t max = largestLevel(code);
  if (base < min || base > max || base + count > max)
    return op->emitOpError("has levels ")
           << base << " to " << base + count << " but " << code
           << " holds levels " << min << " to " << max;
  return success();
}

/// Checks thresholds as `dorefa.threshold` has them: `C x n` or `1 x n`.
static LogicalResult verifyThresholds(Operation *op, Value thresholds,
                                      int64_t channels,
                                      std::optional<ArrayRef<bool>> decreasing,
                                      CodeType code, int64_t base) {
  ShapedType type = shaped(thresholds);
  if (type.getRank() != 2 || !type.hasStaticShape() ||
      (type.getDimSize(0) != 1 && type.getDimSize(0) != channels))
    return op->emitOpError("thresholds have type ")
           << type << " but must have one row or " << channels << " rows";
  if (decreasing && int64_t(decreasing->size()) != type.getDimSize(0))
    return op->emitOpError("'decreasing' has ")
           << decreasing->size() << " elements but must have one for each of "
           << type.getDimSize(0) << " rows of thresholds";
  return verifyLevels(op, code, base, type.getDimSize(1));
}

/// Checks the packed form of what makes codes of accumulators.
template <typename OpTy>
static LogicalResult verifyPackedLevels(OpTy op) {
  if (op.getDecreasing())
    return op.emitOpError("has 'decreasing' beside packed thresholds, whose "
                          "first row says it");
  int64_t lanes = paddedChannels(op.getOutputChannels());
  if (op.getAffine()) {
    if (op.getResultCode()->getEncoding() == dorefa::Encoding::Ternary)
      return op.emitOpError("has an affine form of ternary codes");
    if (failed(verifyShape(op, op.getAffine(), {2, lanes}, "affine form")))
      return failure();
  }
  if (!op.getThresholds())
    return verifyLevels(op, *op.getResultCode(), op.getBase(), /*count=*/0);
  ShapedType packed = shaped(op.getThresholds());
  if (packed.getRank() != 2 || packed.getDimSize(0) < 1 ||
      packed.getDimSize(1) != lanes)
    return op.emitOpError("packed thresholds have type ")
           << packed << " but must have " << lanes << " columns";
  return verifyLevels(op, *op.getResultCode(), op.getBase(),
                      packed.getDimSize(0) - 1);
}

/// Checks a destination of bytes: levels of the channels `codes` ends with, and
/// perhaps more of the last word.
template <typename OpTy>
static LogicalResult verifyResultLevels(OpTy op, ArrayRef<int64_t> codes) {
  if (!op.isPacked())
    return op.emitOpError(
        "has a destination of levels although its filter is not packed");
  if (failed(verifyRank(op, op.getInit(), codes.size(), "destination")))
    return failure();
  int64_t levels = shaped(op.getInit()).getShape().back();
  int64_t outputs = codes.back(), most = paddedChannels(outputs);
  if (levels < outputs || levels > most)
    return op.emitOpError("destination has ")
           << levels << " levels of a pixel but must have " << outputs << " to "
           << most;
  SmallVector<int64_t> expected(codes);
  expected.back() = levels;
  return verifyShape(op, op.getInit(), expected, "destination");
}

/// Checks what convolution and matrix product have in common. `leading` are the
/// sizes of the destination before the channels.
template <typename OpTy>
static LogicalResult verifyContraction(OpTy op, ArrayRef<int64_t> leading,
                                       int64_t inputOffset,
                                       int64_t weightsOffset) {
  int64_t outputs = op.getOutputChannels();
  if (std::abs(inputOffset) > kMaxOffset ||
      std::abs(weightsOffset) > kMaxOffset)
    return op.emitOpError("offsets must lie between ")
           << -kMaxOffset << " and " << kMaxOffset;
  if (op.getRange() &&
      (op.getRange()->size() != 2 || (*op.getRange())[0] > (*op.getRange())[1]))
    return op.emitOpError(
        "'range' must be the smallest and largest accumulator");
  if (!op.isPacked() && op.getCorrection())
    return op.emitOpError("has a correction although its filter is not packed");
  if (!op.isPacked() && op.getAffine())
    return op.emitOpError("has an affine form although its filter is not packed");
  if ((op.getThresholds() || op.getAffine()) != bool(op.getResultCode()))
    return op.emitOpError("needs thresholds and a result code, or neither");

  SmallVector<int64_t> result(leading);
  result.push_back(outputs);
  if (!op.getResultCode()) {
    if (op.getDecreasing() || op.getBase())
      return op.emitOpError("has 'decreasing' or 'base' but no thresholds");
    if (!shaped(op.getInit()).getElementType().isInteger(32))
      return op.emitOpError("accumulators need a destination of i32");
    return verifyShape(op, op.getInit(), result, "destination");
  }
  CodeType code = *op.getResultCode();
  if (shaped(op.getInit()).getElementType().isInteger(8)
          ? failed(verifyResultLevels(op, result))
          : failed(verifyWords(op, op.getInit(), result, code.getBits(),
                               "destination")))
    return failure();
  if (!op.isPacked())
    return verifyThresholds(op, op.getThresholds(), outputs, op.getDecreasing(),
                            code, op.getBase());
  return verifyPackedLevels(op);
}

/// Checks the presence and the shape of a correction.
template <typename OpTy>
static LogicalResult verifyCorrection(OpTy op, const DotForm &form,
                                      ArrayRef<int64_t> shape) {
  if (!op.getCorrection()) {
    if (op.isPacked() && form.needsCorrection)
      return op.emitOpError("needs a correction: input code 0 is not value 0");
    return success();
  }
  return verifyShape(op, op.getCorrection(), shape, "correction");
}

namespace {
/// The operands of a contraction that lie as its kernel wants them.
struct Operands {
  Operation *op;
  Value input, filter;
  /// What messages call the filter.
  StringRef filterName;
  CodeType inputCode, filterCode;
  FilterGeometry geometry;
  /// Dimensions of the input before its channels; the window of the filter.
  int64_t positions;
  SmallVector<int64_t> window;
};
} // namespace

/// Checks that `value` has `rank` dimensions and `bits`-bit elements.
static LogicalResult verifyElements(Operation *op, Value value, int64_t rank,
                                    unsigned bits, StringRef what) {
  if (!shaped(value).getElementType().isInteger(bits))
    return op->emitOpError(what)
           << " has elements " << shaped(value).getElementType()
           << " but must have i" << bits;
  return verifyRank(op, value, rank, what);
}

/// Input as planes: `... x words x A`.
static LogicalResult verifyPlanes(const Operands &o) {
  if (failed(
          verifyElements(o.op, o.input, o.positions + 2, kWordBits, "input")))
    return failure();
  SmallVector<int64_t> codes(
      shaped(o.input).getShape().take_front(o.positions));
  codes.push_back(o.geometry.channels);
  return verifyWords(o.op, o.input, codes, o.inputCode.getBits(), "input");
}

/// Layouts of kernel `popcount`.
static LogicalResult verifyPopcount(const Operands &o) {
  SmallVector<int64_t> filter = {o.geometry.blocks, o.filterCode.getBits()};
  llvm::append_range(filter, o.window);
  filter.append({o.geometry.words, kWordBits});
  std::string name = ("packed " + o.filterName).str();
  if (failed(verifyElements(o.op, o.filter, filter.size(), kWordBits, name)) ||
      failed(verifyShape(o.op, o.filter, filter, name)))
    return failure();
  return verifyPlanes(o);
}

/// Layouts of kernel `dot`.
static LogicalResult verifyDot(const Operands &o) {
  if (!o.geometry.hasDotLayout())
    return o.op->emitOpError(
        "has a block of 32 output channels or a step of 4 channels that is of "
        "several groups, for which kernel 'dot' has no layout");
  SmallVector<int64_t> filter = {o.geometry.blocks, 1};
  llvm::append_range(filter, o.window);
  bool isHalved = o.window.empty() && o.filterCode.getBits() <= 4 &&
                  shaped(o.filter).getShape().back() == kHalfStepBytes;
  filter.append({o.geometry.steps(), isHalved ? kHalfStepBytes : kStepBytes});
  SmallVector<int64_t> input(
      shaped(o.input).getShape().take_front(o.positions));
  input.push_back(o.geometry.inputLevels());
  if (failed(
          verifyElements(o.op, o.filter, filter.size(), 8, "packed filter")) ||
      failed(verifyShape(o.op, o.filter, filter, "packed filter")) ||
      failed(verifyElements(o.op, o.input, o.positions + 1, 8, "input")))
    return failure();
  return verifyShape(o.op, o.input, input, "input");
}

/// Layouts of kernel `lookup`.
static LogicalResult verifyLookup(const Operands &o) {
  std::string name = ("packed " + o.filterName).str();
  int64_t rank = 4 + o.window.size();
  if (failed(verifyElements(o.op, o.filter, rank, 8, name)))
    return failure();
  int64_t taps = llvm::product_of(o.window);
  if (!canLookUp(o.geometry, o.inputCode, taps))
    return o.op->emitOpError("is beyond what kernel 'lookup' can do");
  int64_t lanes = shaped(o.filter).getShape().back();
  if (lanes != 16 && lanes != 32 && lanes != 64)
    return o.op->emitOpError(name)
           << " has " << lanes << " lanes but must have 16, 32 or 64";
  unsigned indexBits = shaped(o.input).getElementTypeBitWidth() == 8 ? 8 : 16;
  LookupGeometry lookup(o.geometry, o.inputCode, indexBits, lanes);
  SmallVector<int64_t> filter = {lookup.vectors, o.filterCode.getBits()};
  llvm::append_range(filter, o.window);
  filter.append({lookup.indicesPerGroup, lanes});
  if (failed(verifyShape(o.op, o.filter, filter, name)) ||
      failed(
          verifyElements(o.op, o.input, o.positions + 1, indexBits, "input")))
    return failure();
  SmallVector<int64_t> input(
      shaped(o.input).getShape().take_front(o.positions));
  input.push_back(lookup.indices);
  return verifyShape(o.op, o.input, input, "input");
}

/// Checks input and packed filter of a contraction by `kernel`.
static LogicalResult verifyPacked(const Operands &o,
                                  std::optional<Kernel> kernel) {
  if (!kernel)
    return o.op->emitOpError("has a packed filter but no kernel");
  switch (*kernel) {
  case Kernel::Popcount:
    return verifyPopcount(o);
  case Kernel::Lookup:
    return verifyLookup(o);
  case Kernel::Dot:
    return verifyDot(o);
  }
  llvm_unreachable("unknown kernel");
}

/// Checks input and filter while the filter is still codes.
static LogicalResult verifyUnpacked(const Operands &o) {
  SmallVector<int64_t> filter = {o.geometry.outputChannels};
  llvm::append_range(filter, o.window);
  filter.push_back(o.geometry.channelsPerGroup());
  if (failed(verifyElements(o.op, o.filter, filter.size(), 8, o.filterName)) ||
      failed(verifyShape(o.op, o.filter, filter, o.filterName)))
    return failure();
  return verifyPlanes(o);
}

/// Memory effects of an op in destination-passing style: none on tensors.
static void getDestinationEffects(
    DestinationStyleOpInterface op,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

//===----------------------------------------------------------------------===//
// PackOp, UnpackOp
//===----------------------------------------------------------------------===//

/// Checks that `words` packs `codes` into 1 to 8 planes.
static LogicalResult verifyPacking(Operation *op, Value codes, Value words) {
  ArrayRef<int64_t> shape = shaped(codes).getShape();
  if (shape.empty() || ShapedType::isDynamic(shape.back()) || !shape.back())
    return op->emitOpError("codes must have a static last dimension");
  int64_t rank = shaped(words).getRank();
  if (rank != int64_t(shape.size()) + 1)
    return op->emitOpError("words have rank ")
           << rank << " but must have rank " << shape.size() + 1;
  int64_t bits = shaped(words).getShape().back();
  if (bits < 1 || bits > 8)
    return op->emitOpError(
        "words must have 1 to 8 planes in their last dimension");
  return verifyWords(op, words, shape, bits, "packed tensor");
}

LogicalResult PackOp::verify() {
  return verifyPacking(*this, getInput(), getInit());
}

void PackOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  getDestinationEffects(*this, effects);
}

LogicalResult UnpackOp::verify() {
  if (failed(verifyPacking(*this, getInit(), getInput())))
    return failure();
  int64_t planes = shaped(getInput()).getShape().back();
  if (getLevels() && getLevels()->getBits() != planes)
    return emitOpError("has ")
           << planes << " planes but levels of " << *getLevels();
  return success();
}

void UnpackOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  getDestinationEffects(*this, effects);
}

//===----------------------------------------------------------------------===//
// IndexOp
//===----------------------------------------------------------------------===//

LogicalResult IndexOp::verify() {
  int64_t channels = getChannels(), groups = getGroups();
  if (failed(verifyChannels(*this, channels, channels, groups)))
    return failure();
  ArrayRef<int64_t> words = shaped(getInput()).getShape();
  if (words.size() < 2 || ShapedType::isDynamic(words.back()) ||
      words.back() < 1 || words.back() > 8)
    return emitOpError(
        "input must have words and 1 to 8 planes in its last two "
        "dimensions");
  SmallVector<int64_t> expected(words.drop_back(2));
  expected.push_back(channels);
  if (failed(verifyWords(*this, getInput(), expected, words.back(), "input")))
    return failure();
  int64_t width = lookupWidth(shaped(getInit()).getElementTypeBitWidth());
  expected.back() = groups * llvm::divideCeil(words.back(), 2) *
                    llvm::divideCeil(channels / groups, width);
  return verifyShape(*this, getInit(), expected, "destination");
}

void IndexOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  getDestinationEffects(*this, effects);
}

//===----------------------------------------------------------------------===//
// Conv2DOp
//===----------------------------------------------------------------------===//

/// Ranks of weights that are still codes; packed ones have more dimensions.
static constexpr int64_t kFilterCodesRank = 4, kWeightCodesRank = 2;

bool Conv2DOp::isPacked() {
  return shaped(getFilter()).getRank() > kFilterCodesRank;
}

std::array<int64_t, 2> Conv2DOp::getKernelSize() {
  ArrayRef<int64_t> shape = shaped(getFilter()).getShape();
  unsigned first = isPacked() ? 2 : 1;
  return {shape[first], shape[first + 1]};
}

std::array<int64_t, 2> Conv2DOp::getOutputSize() {
  std::array<int64_t, 2> size;
  for (unsigned i : {0, 1})
    size[i] = dorefa::windowCount(shaped(getInput()).getDimSize(i + 1), getKernelSize()[i],
                                  getStrides()[i], getDilations()[i], getPads()[i],
                                  getPads()[i + 2])
                  .value_or(0);
  return size;
}

int64_t Conv2DOp::getPoolSize() { return llvm::product_of(getPool()); }

static LogicalResult verifyConvWindow(Conv2DOp op) {
  if (failed(verifyWindow(op, "'strides'", op.getStrides(), 2, 1)) ||
      failed(verifyWindow(op, "'dilations'", op.getDilations(), 2, 1)) ||
      failed(verifyWindow(op, "'pads'", op.getPads(), 4, 0)) ||
      failed(verifyWindow(op, "'border'", op.getBorder(), 4, 0)) ||
      failed(verifyWindow(op, "'pool'", op.getPool(), 2, 1)))
    return failure();
  ArrayRef<int64_t> input = shaped(op.getInput()).getShape();
  for (unsigned i : {0, 1})
    if (op.getBorder()[i] + op.getBorder()[i + 2] >= input[i + 1])
      return op.emitOpError("'border' leaves nothing of the input");
  return success();
}

static LogicalResult verifyConvFilter(Conv2DOp op) {
  ShapedType filter = shaped(op.getFilter());
  int64_t rank = op.isPacked() ? 6 : 4;
  if (filter.getRank() != rank || !filter.hasStaticShape())
    return op.emitOpError("filter has type ")
           << filter << " but must have " << rank << " static dimensions";
  auto [height, width] = op.getKernelSize();
  if (height < 1 || width < 1)
    return op.emitOpError("filter has an empty window");
  Operands operands{
      op,
      op.getInput(),
      op.getFilter(),
      "filter",
      op.getInputCode(),
      op.getFilterCode(),
      FilterGeometry(op.getChannels(), op.getOutputChannels(), op.getGroups()),
      /*positions=*/3,
      {height, width}};
  return op.isPacked() ? verifyPacked(operands, op.getKernel())
                       : verifyUnpacked(operands);
}

LogicalResult Conv2DOp::verify() {
  bool makesWords = (getThresholds() || getAffine()) &&
                    shaped(getInit()).getElementType().isInteger(kWordBits);
  if (failed(verifyRank(*this, getInit(), makesWords ? 5 : 4, "destination")) ||
      failed(verifyChannels(*this, getChannels(), getOutputChannels(),
                            getGroups())) ||
      failed(verifyConvFilter(*this)) || failed(verifyConvWindow(*this)))
    return failure();

  ArrayRef<int64_t> input = shaped(getInput()).getShape();
  SmallVector<int64_t> leading = {input[0]};
  for (auto [size, window] : llvm::zip_equal(getOutputSize(), getPool())) {
    if (size == 0)
      return emitOpError("filter is larger than the padded input");
    if (window > size)
      return emitOpError("has a pool of ")
             << window << " rows or columns but convolves only " << size;
    leading.push_back(size / window);
  }
  if (getPoolSize() > 1 && !getResultCode())
    return emitOpError("has a pool but makes no codes; give it thresholds, or pool in an "
                       "operation of its own");
  if (failed(verifyContraction(*this, leading, getInputOffset(),
                               getFilterOffset())))
    return failure();
  return verifyCorrection(*this, getDotForm(*this),
                          {getRowClasses(*this).size(),
                           getColumnClasses(*this).size(),
                           paddedChannels(getOutputChannels())});
}

void Conv2DOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  getDestinationEffects(*this, effects);
}

//===----------------------------------------------------------------------===//
// MatMulOp
//===----------------------------------------------------------------------===//

bool MatMulOp::isPacked() {
  return shaped(getWeights()).getRank() > kWeightCodesRank;
}

LogicalResult MatMulOp::verify() {
  int64_t channels = getChannels(), outputs = getOutputChannels();
  if (failed(verifyChannels(*this, channels, outputs, /*groups=*/1)))
    return failure();
  Operands operands{*this,
                    getInput(),
                    getWeights(),
                    "weights",
                    getInputCode(),
                    getWeightsCode(),
                    FilterGeometry(channels, outputs),
                    /*positions=*/1,
                    {}};
  if (failed(isPacked() ? verifyPacked(operands, getKernel())
                        : verifyUnpacked(operands)))
    return failure();
  int64_t rows = shaped(getInput()).getDimSize(0);
  if (failed(verifyContraction(*this, {rows}, getInputOffset(),
                               getWeightsOffset())))
    return failure();
  return verifyCorrection(*this, getDotForm(*this), {paddedChannels(outputs)});
}

void MatMulOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  getDestinationEffects(*this, effects);
}

//===----------------------------------------------------------------------===//
// ThresholdOp
//===----------------------------------------------------------------------===//

LogicalResult bitplane::ThresholdOp::verify() {
  ShapedType input = shaped(getInput());
  if (input.getRank() < 1 || ShapedType::isDynamic(input.getShape().back()))
    return emitOpError("input must have a static last dimension");
  if (input.getElementType() != shaped(getThresholds()).getElementType())
    return emitOpError("input and thresholds must have the same element type");
  if (failed(verifyThresholds(*this, getThresholds(), input.getShape().back(),
                              getDecreasing(), getCode(), getBase())))
    return failure();
  return verifyWords(*this, getInit(), input.getShape(), getCode().getBits(),
                     "destination");
}

void bitplane::ThresholdOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  getDestinationEffects(*this, effects);
}

//===----------------------------------------------------------------------===//
// MaxPoolOp
//===----------------------------------------------------------------------===//

LogicalResult bitplane::MaxPoolOp::verify() {
  if (failed(verifyRank(*this, getInput(), 5, "input")) ||
      failed(verifyRank(*this, getInit(), 5, "destination")) ||
      failed(verifyWindow(*this, "'kernel'", getKernel(), 2, 1)) ||
      failed(verifyWindow(*this, "'strides'", getStrides(), 2, 1)) ||
      failed(verifyWindow(*this, "'dilations'", getDilations(), 2, 1)) ||
      failed(verifyWindow(*this, "'pads'", getPads(), 4, 0)))
    return failure();
  ArrayRef<int64_t> input = shaped(getInput()).getShape();
  if (input[4] != getCode().getBits())
    return emitOpError("input has ")
           << input[4] << " planes but " << getCode() << " has "
           << getCode().getBits() << " bits";
  SmallVector<int64_t> expected(input);
  for (unsigned i : {0, 1}) {
    std::optional<int64_t> count =
        dorefa::windowCount(input[i + 1], getKernel()[i], getStrides()[i],
                            getDilations()[i], getPads()[i], getPads()[i + 2]);
    if (!count)
      return emitOpError("kernel is larger than the padded input");
    expected[i + 1] = *count;
  }
  if (failed(verifyShape(*this, getInit(), expected, "destination")))
    return failure();
  for (unsigned i : {0, 1}) {
    BorderClasses classes(input[i + 1], expected[i + 1], getKernel()[i],
                          getStrides()[i], getDilations()[i], getPads()[i]);
    for (ArrayRef<bool> taps : classes.inside)
      if (!llvm::is_contained(taps, true))
        return emitOpError("has a window that lies in the padding");
  }
  return success();
}

void bitplane::MaxPoolOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  getDestinationEffects(*this, effects);
}
