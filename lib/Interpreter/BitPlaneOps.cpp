//===- BitPlaneOps.cpp - Running the bitplane operations ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Words are unpacked into integers, and these are summed plainly: what a kernel
// does with AND and popcount is checked by something that does neither.
//
//===----------------------------------------------------------------------===//

#include "Codes.h"
#include "Contraction.h"
#include "Frame.h"
#include "Windows.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::dorefa;
using namespace mlir::dorefa::interpreter;
using namespace mlir::bitplane;

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// The sum of its planes that each code has, p(q) of Geometry.h.
static std::vector<uint32_t> getPlaneSums(ArrayRef<uint8_t> codes,
                                          CodeType type) {
  std::vector<uint32_t> sums(codes.size(), 0);
  for (size_t i = 0; i < codes.size(); ++i)
    sums[i] = planeSum(type, codes[i]);
  return sums;
}

/// Memory is safe whatever batches meet at run time.
static LogicalResult checkCount(Operation *op, StringRef what, size_t count,
                                size_t required) {
  if (count == required)
    return success();
  return op->emitOpError() << "has " << count << " elements of " << what
                           << " but must have " << required;
}

/// Makes the result: as large as the destination, which the operation replaces.
template <typename T, typename OpTy>
static FailureOr<MutableArrayRef<T>> writeResult(OpTy op, size_t count,
                                                 Frame &frame) {
  if (op->getNumResults() != 1)
    return op.emitOpError(
        "works on memrefs but the interpreter runs on tensors");
  auto result = frame.write<T>(op->getResult(0), frame.shape(op.getInit()));
  if (failed(result) ||
      failed(checkCount(op, "the destination", result->size(), count)))
    return failure();
  return result;
}

/// Of each window and channel, the code of `input` that stands for the largest integer.
static std::vector<uint8_t> takeLargest(const Windows &windows, CodeType type,
                                        ArrayRef<uint8_t> input) {
  ValueTable values(type);
  std::vector<uint8_t> codes;
  windows.forEach([&](ArrayRef<int64_t> taps) {
    for (int64_t c = 0; c < windows.channels; ++c) {
      uint8_t best = input[taps.front() + c];
      for (int64_t tap : taps.drop_front())
        if (values[input[tap + c]] > values[best])
          best = input[tap + c];
      codes.push_back(best);
    }
  });
  return codes;
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

static LogicalResult run(PackOp op, Frame &frame) {
  ArrayRef<uint8_t> codes = frame.read<uint8_t>(op.getInput());
  int64_t channels = frame.shape(op.getInput()).back();
  int64_t planes = frame.shape(op.getInit()).back();
  size_t rows = codes.size() / channels;
  auto words =
      writeResult<uint32_t>(op, rows * wordsFor(channels) * planes, frame);
  if (failed(words))
    return failure();
  packCodes(codes, channels, planes, *words);
  return success();
}

/// The level of a code: what `bitplane.unpack` with `levels` makes of it.
static uint8_t getLevel(CodeType type, uint8_t code) {
  return planeSum(type, code) - smallestSum(type);
}

static LogicalResult run(UnpackOp op, Frame &frame) {
  std::vector<uint8_t> codes = unpackWords(frame.read<uint32_t>(op.getInput()),
                                           frame.shape(op.getInit()).back(),
                                           frame.shape(op.getInput()).back());
  auto result = writeResult<uint8_t>(op, codes.size(), frame);
  if (failed(result))
    return failure();
  std::optional<CodeType> levels = op.getLevels();
  if (levels)
    for (uint8_t &code : codes)
      code = getLevel(*levels, code);
  llvm::copy(codes, result->begin());
  return success();
}

/// Writes the indices of `op`, elements of type T.
template <typename T>
static LogicalResult runIndex(IndexOp op, Frame &frame) {
  int64_t channels = op.getChannels(), groups = op.getGroups();
  int64_t planes = frame.shape(op.getInput()).back();
  std::vector<uint8_t> codes =
      unpackWords(frame.read<uint32_t>(op.getInput()), channels, planes);
  int64_t width = lookupWidth(8 * sizeof(T)), perGroup = channels / groups;
  int64_t perPair = llvm::divideCeil(perGroup, width);
  int64_t pairs = llvm::divideCeil(planes, 2);
  size_t rows = codes.size() / channels;
  auto result = writeResult<T>(op, rows * groups * pairs * perPair, frame);
  if (failed(result))
    return failure();
  for (size_t i = 0; i < codes.size(); ++i) {
    int64_t row = i / channels, group = i % channels / perGroup,
            channel = i % channels % perGroup;
    for (int64_t plane = 0; plane < planes; ++plane) {
      int64_t position =
          ((row * groups + group) * pairs + plane / 2) * perPair +
          channel / width;
      (*result)[position] |= T(codes[i] >> plane & 1)
                             << (plane % 2 * width + channel % width);
    }
  }
  return success();
}

static LogicalResult run(IndexOp op, Frame &frame) {
  return getElementTypeOrSelf(op.getInit()).isInteger(8)
             ? runIndex<uint8_t>(op, frame)
             : runIndex<uint16_t>(op, frame);
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

namespace {
/// What convolution and matrix product have in common.
struct Contraction {
  Operation *op;
  std::optional<Kernel> kernel;
  Convolution shape;
  CodeType inputCode, weightsCode;
  int64_t inputOffset, weightsOffset;
  Value input, weights, correction;
  /// Rows of the correction that the output positions of one map read.
  std::vector<int64_t> borderClasses;

  int64_t positions() const {
    return shape.batch * shape.rows.count * shape.columns.count;
  }
  int64_t taps() const { return shape.rows.kernel * shape.columns.kernel; }
};
} // namespace

static Contraction describe(bitplane::Conv2DOp op, const Frame &frame) {
  ArrayRef<int64_t> input = frame.shape(op.getInput());
  ArrayRef<int64_t> border = op.getBorder();
  auto [height, width] = op.getKernelSize();
  auto [numRows, numColumns] = op.getOutputSize();
  WindowDim rows = makeWindowDim(op, 0, input[1], height, numRows);
  WindowDim columns = makeWindowDim(op, 1, input[2], width, numColumns);
  rows.begin = border[0];
  columns.begin = border[1];
  rows.end -= border[2];
  columns.end -= border[3];
  BorderClasses rowClasses = getRowClasses(op),
                columnClasses = getColumnClasses(op);
  std::vector<int64_t> classes;
  for (int64_t row : rowClasses.classOf)
    for (int64_t column : columnClasses.classOf)
      classes.push_back(row * columnClasses.size() + column);
  return {op,
          op.getKernel(),
          {input[0], rows, columns, static_cast<int64_t>(op.getChannels()),
           static_cast<int64_t>(op.getOutputChannels()),
           static_cast<int64_t>(op.getGroups())},
          op.getInputCode(),
          op.getFilterCode(),
          static_cast<int64_t>(op.getInputOffset()),
          static_cast<int64_t>(op.getFilterOffset()),
          op.getInput(),
          op.getFilter(),
          op.getCorrection(),
          std::move(classes)};
}

static Contraction describe(bitplane::MatMulOp op, const Frame &frame) {
  return {op,
          op.getKernel(),
          makeMatMul(frame.shape(op.getInput())[0], op.getChannels(),
                     op.getOutputChannels()),
          op.getInputCode(),
          op.getWeightsCode(),
          static_cast<int64_t>(op.getInputOffset()),
          static_cast<int64_t>(op.getWeightsOffset()),
          op.getInput(),
          op.getWeights(),
          op.getCorrection(),
          {0}};
}

/// Accumulators from weights that are still codes.
static FailureOr<std::vector<uint32_t>>
accumulateCodes(const Contraction &contraction, const Frame &frame) {
  const Convolution &shape = contraction.shape;
  std::vector<uint8_t> input =
      unpackWords(frame.read<uint32_t>(contraction.input), shape.channels,
                  contraction.inputCode.getBits());
  ArrayRef<uint8_t> weights = frame.read<uint8_t>(contraction.weights);
  if (failed(checkCount(contraction.op, "weights", weights.size(),
                        shape.outputs * contraction.taps() * shape.channels /
                            shape.groups)))
    return failure();
  std::vector<uint32_t> result(contraction.positions() * shape.outputs);
  convolve(shape,
           ValueTable(contraction.inputCode)
               .read(input, contraction.inputOffset)
               .data(),
           ValueTable(contraction.weightsCode)
               .read(weights, contraction.weightsOffset)
               .data(),
           result.data());
  return result;
}

/// p(w) of a packed filter as `outputs x taps x all input channels`, 0 where a
/// channel is of another group.
static std::vector<uint32_t> unpackFilter(const Contraction &contraction,
                                          const FilterGeometry &geometry,
                                          ArrayRef<uint32_t> words) {
  CodeType code = contraction.weightsCode;
  int64_t planes = code.getBits(), taps = contraction.taps();
  int64_t channels = geometry.inputWords * kWordBits;
  std::vector<uint8_t> codes(geometry.outputChannels * taps * channels, 0);
  // The word of (block, plane, tap, word of the block, lane).
  const uint32_t *word = words.data();
  for (int64_t block = 0; block < geometry.blocks; ++block)
    for (int64_t plane = 0; plane < planes; ++plane)
      for (int64_t tap = 0; tap < taps; ++tap)
        for (int64_t i = 0; i < geometry.words; ++i)
          for (int64_t lane = 0; lane < kWordBits; ++lane, ++word) {
            int64_t output = block * kWordBits + lane;
            int64_t first = (geometry.firstWord(block) + i) * kWordBits;
            for (int64_t bit = 0;
                 bit < kWordBits && output < geometry.outputChannels; ++bit)
              codes[(output * taps + tap) * channels + first + bit] |=
                  (*word >> bit & 1) << plane;
          }
  return getPlaneSums(codes, code);
}

/// Filters of ones, `groups x taps x all input channels`: their convolution is
/// the window sum S of each group.
static std::vector<uint32_t> makeGroupFilter(const FilterGeometry &geometry,
                                             int64_t taps, int64_t channels) {
  std::vector<uint32_t> filter(geometry.groups * taps * channels, 0);
  for (int64_t group = 0; group < geometry.groups; ++group)
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t c = 0; c < geometry.channelsPerGroup(); ++c)
        filter[(group * taps + tap) * channels +
               group * geometry.channelsPerGroup() + c] = 1;
  return filter;
}

namespace {
/// Packed operands as plain integers.
struct Integers {
  /// p(x), or levels, of `channels` channels per pixel.
  std::vector<uint32_t> input;
  /// p(w), or stored weights, as `outputs x taps x channels`, 0 where a channel is
  /// of another group.
  std::vector<uint32_t> filter;
  int64_t channels;
  /// How their sums make the result.
  DotForm form;
};
} // namespace

/// Operands of kernel `popcount`.
static FailureOr<Integers> readWords(const Contraction &contraction,
                                     const FilterGeometry &geometry,
                                     const Frame &frame) {
  ArrayRef<uint32_t> words = frame.read<uint32_t>(contraction.weights);
  if (failed(checkCount(contraction.op, "weights", words.size(),
                        geometry.blocks * contraction.weightsCode.getBits() *
                            contraction.taps() * geometry.words * kWordBits)))
    return failure();
  int64_t channels = geometry.inputWords * kWordBits;
  std::vector<uint8_t> codes =
      unpackWords(frame.read<uint32_t>(contraction.input), channels,
                  contraction.inputCode.getBits());
  return Integers{
      getPlaneSums(codes, contraction.inputCode),
      unpackFilter(contraction, geometry, words), channels,
      dotForm(contraction.inputCode, contraction.inputOffset,
              contraction.weightsCode, contraction.weightsOffset)};
}

/// The bytes of steps whose second half is in the high halves of the first.
static std::vector<uint8_t> joinHalves(ArrayRef<uint8_t> halves) {
  std::vector<uint8_t> bytes(halves.size() * 2);
  for (size_t i = 0; i < halves.size(); ++i) {
    size_t low = i / kHalfStepBytes * kStepBytes + i % kHalfStepBytes;
    bytes[low] = halves[i] & 15;
    bytes[low + kHalfStepBytes] = halves[i] >> 4;
  }
  return bytes;
}

/// Operands of kernel `dot`.
static FailureOr<Integers> readBytes(const Contraction &contraction,
                                     const FilterGeometry &geometry,
                                     const Frame &frame) {
  std::vector<uint8_t> bytes(frame.read<uint8_t>(contraction.weights));
  int64_t bits =
      frame.shape(contraction.weights).back() == kHalfStepBytes ? 4 : 8;
  if (bits == 4)
    bytes = joinHalves(bytes);
  int64_t steps = geometry.steps(), taps = contraction.taps();
  if (failed(checkCount(contraction.op, "weights", bytes.size(),
                        geometry.blocks * taps * steps * kStepBytes)))
    return failure();
  int64_t channels = geometry.inputLevels();
  std::vector<uint32_t> filter(geometry.outputChannels * taps * channels, 0);
  for (int64_t output = 0; output < geometry.outputChannels; ++output)
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t c = 0; c < geometry.channelsPerGroup(); ++c) {
        int64_t block = output / kWordBits, lane = output % kWordBits;
        int64_t step = (block * taps + tap) * steps + c / kStepChannels;
        int64_t first = geometry.groupOf(output) * geometry.channelsPerGroup();
        filter[(output * taps + tap) * channels + first + c] =
            static_cast<int8_t>(bytes[step * kStepBytes + lane * kStepChannels +
                                      c % kStepChannels]);
      }
  ArrayRef<uint8_t> levels = frame.read<uint8_t>(contraction.input);
  return Integers{
      {levels.begin(), levels.end()},
      std::move(filter),
      channels,
      levelForm(contraction.inputCode, contraction.inputOffset,
                contraction.weightsCode, contraction.weightsOffset, bits)};
}

/// Codes in indices of tables, `channels` per pixel, from elements of type T.
template <typename T>
static std::vector<uint8_t> unpackIndices(ArrayRef<T> indices,
                                          const FilterGeometry &geometry,
                                          const LookupGeometry &lookup) {
  std::vector<uint8_t> codes(indices.size() / lookup.indices *
                             geometry.channels);
  int64_t perGroup = geometry.channelsPerGroup();
  for (size_t i = 0; i < codes.size(); ++i) {
    int64_t row = i / geometry.channels,
            group = i % geometry.channels / perGroup,
            channel = i % geometry.channels % perGroup;
    for (int64_t pair = 0; pair < lookup.pairs; ++pair) {
      T index = indices[row * lookup.indices +
                        (group * lookup.pairs + pair) * lookup.indicesPerGroup +
                        channel / lookup.width];
      int64_t bit = channel % lookup.width;
      codes[i] |= (index >> bit & 1) << 2 * pair;
      codes[i] |= (index >> (lookup.width + bit) & 1) << (2 * pair + 1);
    }
  }
  return codes;
}

/// Operands of kernel `lookup`.
static FailureOr<Integers> readLookup(const Contraction &contraction,
                                      const FilterGeometry &geometry,
                                      const Frame &frame) {
  unsigned indexBits =
      getElementTypeOrSelf(contraction.input).getIntOrFloatBitWidth();
  LookupGeometry lookup(geometry, contraction.inputCode, indexBits,
                        frame.shape(contraction.weights).back());
  CodeType code = contraction.weightsCode;
  int64_t planes = code.getBits(), taps = contraction.taps(),
          channels = geometry.channels;
  ArrayRef<uint8_t> bytes = frame.read<uint8_t>(contraction.weights);
  if (failed(checkCount(contraction.op, "weights", bytes.size(),
                        lookup.vectors * planes * taps *
                            lookup.indicesPerGroup * lookup.lanes)))
    return failure();
  std::vector<uint8_t> filter(geometry.outputChannels * taps * channels, 0);
  int64_t perGroup = geometry.channelsPerGroup();
  for (int64_t o = 0; o < geometry.outputChannels; ++o)
    for (int64_t plane = 0; plane < planes; ++plane)
      for (int64_t tap = 0; tap < taps; ++tap)
        for (int64_t c = 0; c < perGroup; ++c) {
          int64_t row =
              (lookup.vectorOf(geometry, o) * planes + plane) * taps + tap;
          uint8_t byte =
              bytes[(row * lookup.indicesPerGroup + c / lookup.width) *
                        lookup.lanes +
                    lookup.byteOf(geometry, o)];
          int64_t channel = geometry.groupOf(o) * perGroup + c;
          filter[(o * taps + tap) * channels + channel] |=
              (byte >> c % lookup.width & 1) << plane;
        }
  std::vector<uint8_t> codes =
      indexBits == 8 ? unpackIndices(frame.read<uint8_t>(contraction.input),
                                     geometry, lookup)
                     : unpackIndices(frame.read<uint16_t>(contraction.input),
                                     geometry, lookup);
  return Integers{getPlaneSums(codes, contraction.inputCode),
                  getPlaneSums(filter, code), channels,
                  dotForm(contraction.inputCode, contraction.inputOffset, code,
                          contraction.weightsOffset)};
}

static FailureOr<Integers> readPacked(const Contraction &contraction,
                                      const FilterGeometry &geometry,
                                      const Frame &frame) {
  switch (*contraction.kernel) {
  case Kernel::Popcount:
    return readWords(contraction, geometry, frame);
  case Kernel::Lookup:
    return readLookup(contraction, geometry, frame);
  case Kernel::Dot:
    return readBytes(contraction, geometry, frame);
  }
  llvm_unreachable("unknown kernel");
}

/// Accumulators from packed weights: dot * I + sum * S + correction.
static FailureOr<std::vector<uint32_t>>
accumulatePacked(const Contraction &contraction, const Frame &frame) {
  FilterGeometry geometry(contraction.shape.channels, contraction.shape.outputs,
                          contraction.shape.groups);
  int64_t taps = contraction.taps(), outputs = geometry.outputChannels;
  FailureOr<Integers> operands = readPacked(contraction, geometry, frame);
  if (failed(operands))
    return failure();
  const DotForm &form = operands->form;

  Convolution dense = contraction.shape;
  dense.channels = operands->channels;
  dense.groups = 1;
  const uint32_t *input = operands->input.data();
  std::vector<uint32_t> products(contraction.positions() * outputs);
  convolve(dense, input, operands->filter.data(), products.data());
  dense.outputs = geometry.groups;
  std::vector<uint32_t> sums(contraction.positions() * geometry.groups);
  if (form.sum != 0)
    convolve(dense, input,
             makeGroupFilter(geometry, taps, operands->channels).data(),
             sums.data());

  ArrayRef<uint32_t> correction;
  if (contraction.correction)
    correction = frame.read<uint32_t>(contraction.correction);
  for (int64_t i = 0; i < contraction.positions() * outputs; ++i) {
    int64_t position = i / outputs, output = i % outputs;
    int64_t group = geometry.groupOf(output);
    size_t border =
        contraction.borderClasses[position % contraction.borderClasses.size()];
    size_t entry = border * paddedChannels(outputs) + output;
    products[i] =
        uint32_t(form.dot) * products[i] +
        uint32_t(form.sum) * sums[position * geometry.groups + group] +
        (entry < correction.size() ? correction[entry] : 0);
  }
  return products;
}

/// Code of an accumulator by packed thresholds: a row of signs, then
/// `numLevels` rows of thresholds, each of `stride` channels.
static uint8_t getPackedCode(int32_t accumulator, const int32_t *column,
                             size_t numLevels, size_t stride, int64_t base,
                             CodeType code) {
  // Decreasing channels are negated, wrapping like the kernels.
  uint32_t sign = column[0];
  auto x = static_cast<int32_t>((uint32_t(accumulator) ^ sign) - sign);
  int64_t level = base;
  for (size_t i = 1; i <= numLevels; ++i)
    level += x >= column[i * stride];
  return static_cast<uint8_t>(getCodeOfLevel(code, level));
}

/// The same with the rows of an affine form in `affine` (see
/// `bitplane.conv_2d`); `column` is null where it needs no thresholds.
static uint8_t getAffineCode(int32_t accumulator, const float *affine,
                             const int32_t *column, size_t numLevels,
                             size_t stride, int64_t base, CodeType code) {
  int64_t level =
      affineLevel(accumulator, affine[0], affine[stride], numLevels);
  if (column && level > 0) {
    uint32_t sign = column[0];
    auto x = static_cast<int32_t>((uint32_t(accumulator) ^ sign) - sign);
    level -= x < column[level * stride];
  }
  return static_cast<uint8_t>(getCodeOfLevel(code, base + level));
}

/// Codes by the affine form of `op`.
template <typename OpTy>
static FailureOr<std::vector<uint8_t>>
applyAffine(OpTy op, ArrayRef<int32_t> accumulators, const Frame &frame) {
  CodeType code = *op.getResultCode();
  size_t outputs = op.getOutputChannels(), stride = paddedChannels(outputs);
  ArrayRef<float> affine = frame.read<float>(op.getAffine());
  ArrayRef<int32_t> thresholds;
  size_t numLevels = largestLevel(code) - op.getBase();
  if (op.getThresholds()) {
    thresholds = frame.read<int32_t>(op.getThresholds());
    numLevels = frame.shape(op.getThresholds()).front() - 1;
    if (failed(checkCount(op, "thresholds", thresholds.size(),
                          (numLevels + 1) * stride)))
      return failure();
  }
  if (failed(checkCount(op, "the affine form", affine.size(), 2 * stride)))
    return failure();
  std::vector<uint8_t> codes(accumulators.size());
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] = getAffineCode(
        accumulators[i], &affine[i % outputs],
        thresholds.empty() ? nullptr : &thresholds[i % outputs], numLevels,
        stride, op.getBase(), code);
  return codes;
}

/// Codes of accumulators whose last dimension has `outputs` channels.
template <typename OpTy>
static FailureOr<std::vector<uint8_t>>
applyThresholds(OpTy op, ArrayRef<int32_t> accumulators, const Frame &frame) {
  if (op.getAffine())
    return applyAffine(op, accumulators, frame);
  CodeType code = *op.getResultCode();
  size_t outputs = op.getOutputChannels();
  ArrayRef<int32_t> thresholds = frame.read<int32_t>(op.getThresholds());
  size_t rows = frame.shape(op.getThresholds()).front();
  std::vector<uint8_t> codes(accumulators.size());
  if (!op.isPacked()) {
    ThresholdTable<int32_t> table(thresholds, rows, op.getDecreasing(),
                                  op.getBase(), code);
    for (size_t i = 0; i < codes.size(); ++i)
      codes[i] = table.getCode(accumulators[i], i % outputs);
    return codes;
  }
  size_t stride = paddedChannels(outputs);
  if (failed(checkCount(op, "thresholds", thresholds.size(), rows * stride)))
    return failure();
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] = getPackedCode(accumulators[i], &thresholds[i % outputs],
                             rows - 1, stride, op.getBase(), code);
  return codes;
}

/// The codes that the pool of `op` keeps of `codes`.
static std::vector<uint8_t> pool(bitplane::Conv2DOp op, int64_t batch,
                                 std::vector<uint8_t> codes) {
  if (op.getPoolSize() == 1)
    return codes;
  auto [numRows, numColumns] = op.getOutputSize();
  auto dimension = [&](unsigned dim, int64_t size) {
    int64_t window = op.getPool()[dim];
    return WindowDim{size, /*begin=*/0, /*end=*/size, window, /*stride=*/window,
                     /*dilation=*/1, /*pad=*/0, size / window};
  };
  Windows windows{batch, dimension(0, numRows), dimension(1, numColumns),
                  static_cast<int64_t>(op.getOutputChannels())};
  return takeLargest(windows, *op.getResultCode(), codes);
}

static std::vector<uint8_t> pool(bitplane::MatMulOp, int64_t, std::vector<uint8_t> codes) {
  return codes;
}

/// Writes the levels of `codes`; those of code 0 where there is no channel.
template <typename OpTy>
static LogicalResult writeLevels(OpTy op, ArrayRef<uint8_t> codes,
                                 Frame &frame) {
  CodeType code = *op.getResultCode();
  size_t outputs = op.getOutputChannels(),
         width = frame.shape(op.getInit()).back();
  auto levels =
      writeResult<uint8_t>(op, codes.size() / outputs * width, frame);
  if (failed(levels))
    return failure();
  llvm::fill(*levels, getLevel(code, 0));
  for (size_t i = 0; i < codes.size(); ++i)
    (*levels)[i / outputs * width + i % outputs] = getLevel(code, codes[i]);
  return success();
}

template <typename OpTy>
static LogicalResult runContraction(OpTy op, Frame &frame) {
  Contraction contraction = describe(op, frame);
  FailureOr<std::vector<uint32_t>> sums =
      op.isPacked() ? accumulatePacked(contraction, frame)
                    : accumulateCodes(contraction, frame);
  if (failed(sums))
    return failure();
  ArrayRef<int32_t> accumulators(
      reinterpret_cast<const int32_t *>(sums->data()), sums->size());
  if (failed(checkRange(op, op.getRange(), accumulators)))
    return failure();
  if (!op.getResultCode()) {
    auto result = writeResult<int32_t>(op, sums->size(), frame);
    if (failed(result))
      return failure();
    llvm::copy(accumulators, result->begin());
    return success();
  }
  FailureOr<std::vector<uint8_t>> codes =
      applyThresholds(op, accumulators, frame);
  if (failed(codes))
    return failure();
  codes = pool(op, contraction.shape.batch, std::move(*codes));
  if (getElementTypeOrSelf(op.getInit()).isInteger(8))
    return writeLevels(op, *codes, frame);
  int64_t outputs = op.getOutputChannels(),
          planes = op.getResultCode()->getBits();
  auto words = writeResult<uint32_t>(
      op, codes->size() / outputs * wordsFor(outputs) * planes, frame);
  if (failed(words))
    return failure();
  packCodes(*codes, outputs, planes, *words);
  return success();
}

static LogicalResult run(bitplane::Conv2DOp op, Frame &frame) {
  return runContraction(op, frame);
}

static LogicalResult run(bitplane::MatMulOp op, Frame &frame) {
  return runContraction(op, frame);
}

//===----------------------------------------------------------------------===//
// Between contractions
//===----------------------------------------------------------------------===//

template <typename T>
static LogicalResult runThreshold(bitplane::ThresholdOp op, Frame &frame) {
  CodeType code = op.getCode();
  ThresholdTable<T> table(frame.read<T>(op.getThresholds()),
                          frame.shape(op.getThresholds()).front(),
                          op.getDecreasing(), op.getBase(), code);
  ArrayRef<T> input = frame.read<T>(op.getInput());
  size_t channels = frame.shape(op.getInput()).back();
  std::vector<uint8_t> codes(input.size());
  for (size_t i = 0; i < input.size(); ++i)
    codes[i] = table.getCode(input[i], i % channels);
  size_t rows = input.size() / channels;
  auto words = writeResult<uint32_t>(
      op, rows * wordsFor(channels) * code.getBits(), frame);
  if (failed(words))
    return failure();
  packCodes(codes, channels, code.getBits(), *words);
  return success();
}

static LogicalResult run(bitplane::ThresholdOp op, Frame &frame) {
  return getElementTypeOrSelf(op.getInput()).isF32()
             ? runThreshold<float>(op, frame)
             : runThreshold<int32_t>(op, frame);
}

static LogicalResult run(bitplane::MaxPoolOp op, Frame &frame) {
  Windows windows = Windows::get(op, frame);
  if (!windows.touchInput())
    return op.emitOpError("has a window without any element of the input");
  // As bytes a pixel has one code for each bit of a word.
  int64_t planes = op.getCode().getBits();
  windows.channels = windows.channels / planes * kWordBits;
  std::vector<uint8_t> input = unpackWords(frame.read<uint32_t>(op.getInput()),
                                           windows.channels, planes);
  std::vector<uint8_t> codes = takeLargest(windows, op.getCode(), input);
  auto words =
      writeResult<uint32_t>(op, codes.size() / kWordBits * planes, frame);
  if (failed(words))
    return failure();
  packCodes(codes, windows.channels, planes, *words);
  return success();
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

std::optional<LogicalResult> interpreter::runBitPlaneOp(Operation *op,
                                                        Frame &frame) {
  return TypeSwitch<Operation *, std::optional<LogicalResult>>(op)
      .Case<PackOp, UnpackOp, IndexOp, bitplane::Conv2DOp, bitplane::MatMulOp,
            bitplane::ThresholdOp, bitplane::MaxPoolOp>(
          [&](auto concrete) { return run(concrete, frame); })
      .Default(std::nullopt);
}
