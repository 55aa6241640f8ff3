//===- Layer.cpp - A layer as the accelerator computes it -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Layer.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace mlir::bpa;
using bitplane::PlaneTerm;

/// Planes of operands, and shifts, that the instruction set can name.
static constexpr int64_t maxWeightPlanes = 8, maxInputPlanes = 10, maxShift = 15;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The fewest planes for these integers: -1 and +1 where all of them are odd, else
/// unsigned or two's complement. Sets `values` to codes.
static bool encodeWeights(Layer &layer, std::vector<int64_t> &values) {
  auto [low, high] = std::minmax_element(values.begin(), values.end());
  int64_t least = *low, most = std::max(-*low, *high);
  bool areOdd = llvm::all_of(values, [](int64_t v) { return v % 2 != 0; });
  auto planes = static_cast<unsigned>(llvm::Log2_64_Ceil(most + 1));
  layer.rowSum = areOdd && most > 0;
  if (!layer.rowSum && least < 0)
    planes = 1 + llvm::Log2_64_Ceil(std::max(-least, *high + 1));
  planes = std::max(planes, 1u);
  if (planes > maxWeightPlanes)
    return false;
  int64_t bias = layer.rowSum ? (int64_t(1) << planes) - 1 : 0;
  for (unsigned k = 0; k < planes; ++k)
    layer.weightTerms.push_back(
        {k, !layer.rowSum && least < 0 && k == planes - 1});
  for (int64_t value : values)
    layer.weights.push_back(layer.rowSum ? (value + bias) / 2 : value);
  return true;
}

/// The integers that the codes of a constant stand for.
static std::vector<int64_t> readWeights(ElementsAttr codes,
                                        dorefa::CodeType type, int64_t offset) {
  std::vector<int64_t> values;
  bitplane::AffineValue form = bitplane::affineValue(type, offset);
  for (uint8_t code : dorefa::readElements<uint8_t>(codes))
    values.push_back(form.alpha * bitplane::planeSum(type, code) + form.beta);
  return values;
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// At most two powers of 2 that add up to `value`, which is not 0; empty where there
/// are none.
static std::vector<PlaneTerm> splitPowers(int64_t value) {
  auto term = [](int64_t power) {
    return PlaneTerm{llvm::Log2_64(std::abs(power)), power < 0};
  };
  if (llvm::isPowerOf2_64(std::abs(value)))
    return {term(value)};
  for (unsigned shift = 0; shift <= maxShift; ++shift)
    for (int64_t power : {int64_t(1) << shift, -(int64_t(1) << shift)})
      if (llvm::isPowerOf2_64(std::abs(value - power)))
        return {term(value - power), term(power)};
  return {};
}

/// How sums relate to accumulators: `accumulator = scale * sum + bias * (sum of the
/// weights of a channel)`.
struct Relation {
  int64_t scale = 1, bias = 0;
};

/// Finds planes for codes of `type`, plus `offset`, and what outside taps are.
static std::optional<Relation> encodeInput(Layer &layer, dorefa::CodeType type,
                                           int64_t offset,
                                           std::string &reason) {
  bitplane::AffineValue form = bitplane::affineValue(type, offset);
  for (unsigned m = 0; m < type.getBits(); ++m)
    layer.inputTerms.push_back(bitplane::planeTerm(type, m));
  bool isPadded = llvm::any_of(layer.window.pads, [](int64_t p) { return p > 0; });
  if (!layer.isRaw() && !isPadded)
    return Relation{form.alpha, form.beta};
  if (!layer.isRaw() && form.beta % form.alpha == 0)
    for (int64_t code = 0; code < int64_t(1) << type.getBits(); ++code)
      if (form.alpha * bitplane::planeSum(type, code) + form.beta == 0) {
        layer.padCode = code;
        return Relation{form.alpha, form.beta};
      }
  for (PlaneTerm &term : layer.inputTerms)
    term.exponent += llvm::Log2_64(form.alpha);
  if (form.beta == 0)
    return Relation{};
  std::vector<PlaneTerm> ones = splitPowers(form.beta);
  if (ones.empty()) {
    reason = "zero of the input is not two powers of 2 apart from code 0";
    return std::nullopt;
  }
  layer.validPlanes = ones.size();
  llvm::append_range(layer.inputTerms, ones);
  return Relation{};
}

//===----------------------------------------------------------------------===//
// Thresholds
//===----------------------------------------------------------------------===//

static int32_t saturate(int64_t value) {
  return std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(),
                             std::numeric_limits<int32_t>::max());
}

/// What `pp` compares the sums of output channel `channel` with, given what
/// accumulators are compared with. `weightSum` adds up its weights.
static std::vector<int32_t> relateThresholds(ArrayRef<int32_t> thresholds,
                                             bool decreasing,
                                             const Relation &relation,
                                             int64_t weightSum) {
  std::vector<int32_t> result;
  for (int32_t threshold : thresholds) {
    int64_t rest = threshold - relation.bias * weightSum;
    // v >= T, or the complement of v at least that of T where v <= T is asked.
    result.push_back(
        decreasing ? ~saturate(llvm::divideFloorSigned(rest, relation.scale))
                   : saturate(llvm::divideCeilSigned(rest, relation.scale)));
  }
  return result;
}

template <typename OpTy>
static void readLevels(Layer &layer, OpTy op, const Relation &relation,
                       ArrayRef<int64_t> weights) {
  Levels &levels = layer.levels;
  int64_t count = (int64_t(1) << levels.bits) - 1;
  std::vector<int32_t> all =
      dorefa::readElements<int32_t>(dorefa::getConstant(op.getThresholds()));
  int64_t rows = shapeOf(op.getThresholds())[0],
          columns = shapeOf(op.getThresholds())[1];
  int64_t taps = weights.size() / layer.to.channels;
  levels.first = op.getBase() & count;
  for (int64_t channel = 0; channel < layer.to.channels; ++channel) {
    int64_t row = rows == 1 ? 0 : channel, sum = 0;
    for (int64_t weight : weights.slice(channel * taps, taps))
      sum += weight;
    bool decreasing = op.getDecreasing() && (*op.getDecreasing())[row];
    auto given = ArrayRef(all).slice(row * columns, columns);
    std::vector<int32_t> related =
        relateThresholds(given, decreasing, relation, sum);
    // Those that do not exist are never reached.
    related.resize(count, std::numeric_limits<int32_t>::max());
    levels.thresholds.push_back(std::move(related));
    levels.decreasing.push_back(decreasing);
  }
}

/// Bits of the codes that `pp` makes, 0 where the host compares, nothing with
/// `reason` where it cannot do either.
template <typename OpTy>
static std::optional<int64_t> chooseBits(OpTy op, std::string &reason) {
  if (!op.getThresholds())
    return 0;
  if (op.getAffine() || !dorefa::getConstant(op.getThresholds())) {
    reason = "thresholds are not constant";
    return std::nullopt;
  }
  return op.getResultCode()->getBits();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// Why the geometry of a layer does not fit the fields of instructions.
static std::string checkWindow(const Layer &layer) {
  for (unsigned i : {0, 1}) {
    if (layer.window.kernel[i] > 32)
      return "windows are larger than 32";
    if (layer.window.strides[i] > 16)
      return "strides are larger than 16";
    if (layer.window.dilations[i] > 64)
      return "dilations are larger than 64";
    if (layer.window.pads[i] > 127)
      return "pads are larger than 127";
  }
  for (int64_t size :
       {layer.from.height, layer.from.width, layer.to.height, layer.to.width})
    if (size > 4096)
      return "maps are larger than 4096";
  // From pixel to pixel of a row.
  constexpr int64_t maxPixel = 16000;
  if ((layer.from.channels > maxPixel &&
       (layer.isPool || layer.from.width > 1)) ||
      (layer.to.channels > maxPixel && layer.to.width > 1))
    return "there are more than 16000 channels";
  return "";
}

static int64_t findShift(ArrayRef<PlaneTerm> terms) {
  int64_t largest = 0;
  for (const PlaneTerm &term : terms)
    largest = std::max<int64_t>(largest, term.exponent);
  return largest;
}

/// Why the array cannot multiply planes of a layer.
static std::string checkBuffers(const Layer &layer, const Configuration &machine) {
  if (static_cast<int64_t>(layer.inputTerms.size()) > maxInputPlanes)
    return "the input has more than 10 planes";
  if (findShift(layer.inputTerms) + findShift(layer.weightTerms) > maxShift)
    return "planes count more than 2^15";
  // Windows are cut by channels.
  int64_t words = llvm::divideCeil(
      layer.window.kernel[0] * layer.window.kernel[1], machine.lanes);
  if (words * static_cast<int64_t>(layer.inputTerms.size()) > machine.abufWords)
    return "a window of one channel does not fit the gather buffer";
  return "";
}

/// What both contractions have in common; geometry and input are read already.
template <typename OpTy>
static bool readContraction(Layer &layer, OpTy op, Value weights,
                            dorefa::CodeType inputCode,
                            dorefa::CodeType weightsCode, int64_t weightsOffset,
                            const Configuration &machine, std::string &reason) {
  ElementsAttr codes = dorefa::getConstant(weights);
  if (!codes || !codes.getElementType().isInteger(8) || op.isPacked()) {
    reason = "weights are not constant codes";
    return false;
  }
  std::optional<int64_t> bits = chooseBits(op, reason);
  if (!bits)
    return false;
  layer.levels.bits = *bits;
  std::vector<int64_t> values = readWeights(codes, weightsCode, weightsOffset);
  if (values.empty() || !encodeWeights(layer, values)) {
    reason = "weights take more than 8 planes";
    return false;
  }
  std::optional<Relation> relation =
      encodeInput(layer, inputCode, op.getInputOffset(), reason);
  if (!relation)
    return false;
  if (layer.levels.bits != 0)
    readLevels(layer, op, *relation, values);
  layer.macs = layer.to.height * layer.to.width * values.size();
  reason = checkBuffers(layer, machine);
  return reason.empty();
}

static bool read(bitplane::Conv2DOp op, Layer &layer,
                 const Configuration &machine, std::string &reason) {
  ArrayRef<int64_t> in = shapeOf(op.getInput()), out = shapeOf(op.getInit());
  layer.input = op.getInput();
  layer.from = {in[1], in[2], static_cast<int64_t>(op.getChannels()),
                op.getInputCode().getBits()};
  layer.to = {out[1], out[2], static_cast<int64_t>(op.getOutputChannels()),
              op.getResultCode() ? op.getResultCode()->getBits() : 0};
  layer.window = {op.getKernelSize(),
                  {op.getStrides()[0], op.getStrides()[1]},
                  {op.getDilations()[0], op.getDilations()[1]},
                  {op.getPads()[0], op.getPads()[1], op.getPads()[2],
                   op.getPads()[3]}};
  layer.groups = op.getGroups();
  if (llvm::any_of(op.getBorder(), [](int64_t b) { return b != 0; })) {
    reason = "padding is part of the input";
    return false;
  }
  if (op.getPoolSize() > 1) {
    reason = "a pool is part of it";
    return false;
  }
  return readContraction(layer, op, op.getFilter(), op.getInputCode(),
                         op.getFilterCode(), op.getFilterOffset(), machine,
                         reason);
}

/// Rows are maps of one pixel. A row that is a whole map is read as that map, by a
/// window of its size.
static bool read(bitplane::MatMulOp op, Layer &layer,
                 const Configuration &machine, std::string &reason) {
  layer.input = op.getInput();
  auto channels = static_cast<int64_t>(op.getChannels());
  layer.from = {1, 1, channels, op.getInputCode().getBits()};
  auto collapse = op.getInput().getDefiningOp<tensor::CollapseShapeOp>();
  // Pixels of a map may also become rows of their own.
  if (collapse && collapse.getSrcType().getRank() == 5 &&
      collapse.getReassociationIndices().front().size() == 1 &&
      collapse.getReassociationIndices().back().size() == 1) {
    layer.input = collapse.getSrc();
    ArrayRef<int64_t> map = shapeOf(layer.input);
    layer.from = {map[1], map[2], channels / (map[1] * map[2]),
                  layer.from.bits};
  }
  layer.to = {1, 1, static_cast<int64_t>(op.getOutputChannels()),
              op.getResultCode() ? op.getResultCode()->getBits() : 0};
  layer.window = {{layer.from.height, layer.from.width}, {1, 1}, {1, 1}, {}};
  return readContraction(layer, op, op.getWeights(), op.getInputCode(),
                         op.getWeightsCode(), op.getWeightsOffset(), machine,
                         reason);
}

static bool read(bitplane::MaxPoolOp op, Layer &layer, const Configuration &,
                 std::string &reason) {
  ArrayRef<int64_t> in = shapeOf(op.getInput()), out = shapeOf(op.getInit());
  int64_t channels = in[3] * bitplane::kWordBits;
  layer.isPool = true;
  layer.input = op.getInput();
  layer.from = {in[1], in[2], channels, in[4]};
  layer.to = {out[1], out[2], channels, in[4]};
  layer.window = {{op.getKernel()[0], op.getKernel()[1]},
                  {op.getStrides()[0], op.getStrides()[1]},
                  {op.getDilations()[0], op.getDilations()[1]},
                  {op.getPads()[0], op.getPads()[1], op.getPads()[2],
                   op.getPads()[3]}};
  layer.isSigned = op.getCode().getEncoding() == dorefa::Encoding::Signed;
  if (op.getCode().getEncoding() == dorefa::Encoding::Ternary) {
    reason = "ternary codes are not in the order of their numbers";
    return false;
  }
  return true;
}

std::optional<Layer> bpa::readLayer(Operation *op, const Configuration &machine,
                                    std::string &reason) {
  Layer layer;
  layer.op = op;
  bool isRead =
      llvm::TypeSwitch<Operation *, bool>(op)
          .Case<bitplane::Conv2DOp, bitplane::MatMulOp, bitplane::MaxPoolOp>(
              [&](auto known) { return read(known, layer, machine, reason); })
          .Default([](Operation *) { return false; });
  if (!isRead)
    return std::nullopt;
  layer.result = op->getResult(0);
  reason = checkWindow(layer);
  if (!reason.empty())
    return std::nullopt;
  return layer;
}
