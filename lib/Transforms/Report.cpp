//===- Report.cpp - What became of each layer -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Transforms/Report.h"
#include "Certificate.h"
#include "SourceName.h"
#include "dorefa/Conversion/GPUCostModel.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "dorefa/Target/CPU/CostModel.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// One layer
//===----------------------------------------------------------------------===//

static std::string joinSizes(ArrayRef<int64_t> sizes) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      sizes, os,
      [&](int64_t size) {
        ShapedType::isDynamic(size) ? os << '?' : os << size;
      },
      "x");
  return text;
}

static std::string describeShape(ArrayRef<int64_t> input,
                                 ArrayRef<int64_t> weights,
                                 ArrayRef<int64_t> result) {
  return joinSizes(input) + " * " + joinSizes(weights) + " -> " +
         joinSizes(result);
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

static int64_t countBytes(Value value) {
  auto type = cast<ShapedType>(value.getType());
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

/// Thresholds of each channel, stored or in an affine form.
template <typename OpTy>
static int64_t countThresholds(OpTy op) {
  if (!op.getResultCode())
    return 0;
  if (!op.getThresholds())
    return bitplane::largestLevel(*op.getResultCode()) - op.getBase();
  ArrayRef<int64_t> shape = shapeOf(op.getThresholds());
  return op.isPacked() ? shape[0] - 1 : shape[1];
}

/// What both contractions of bit planes have in common. `taps` of the window
/// and `classes` of its border; sizes are those of packed constants, whether
/// they are packed yet or not.
template <typename OpTy>
static LayerReport reportBits(OpTy op, CodeType input, CodeType weights,
                              const bitplane::FilterGeometry &geometry,
                              int64_t taps, int64_t classes) {
  LayerReport row;
  row.weightBits = weights.getBits();
  row.activationBits = input.getBits();
  if (auto range = op.getRange())
    row.range = Interval{(*range)[0], (*range)[1]};
  row.accumulatorBits = row.range ? accumulatorBits(*row.range) : 32;
  row.kernel = op.getKernel() ? stringifyKernel(*op.getKernel()).str() : "-";
  row.thresholds = countThresholds(op) * geometry.outputChannels;
  if (op.getAffine())
    row.levels = op.getThresholds() ? "affine + 1" : "affine";
  int64_t lanes = geometry.blocks * bitplane::kWordBits;
  int64_t weightBytes = 4 * lanes * row.weightBits * taps * geometry.words;
  if (op.getKernel() == bitplane::Kernel::Dot)
    weightBytes = lanes * taps * geometry.steps() * bitplane::kStepChannels *
                  getStoredBits(op) / 8;
  if (op.isPacked())
    weightBytes = countBytes(op->getOperand(1));
  int64_t numbers = classes * lanes;
  if (op.getAffine())
    numbers += 2 * lanes;
  if (op.getThresholds())
    numbers += lanes * (row.thresholds / geometry.outputChannels + 1);
  row.packedBytes = weightBytes + 4 * numbers;
  row.floatBytes =
      4 * geometry.outputChannels * taps * geometry.channelsPerGroup();
  return row;
}

static LayerReport report(bitplane::Conv2DOp op) {
  bitplane::FilterGeometry geometry(op.getChannels(), op.getOutputChannels(),
                                    op.getGroups());
  auto [height, width] = op.getKernelSize();
  bitplane::DotForm form = bitplane::getDotForm(op);
  int64_t classes = form.needsCorrection
                        ? getRowClasses(op).size() * getColumnClasses(op).size()
                        : 0;
  LayerReport row = reportBits(op, op.getInputCode(), op.getFilterCode(),
                               geometry, height * width, classes);
  ArrayRef<int64_t> input = shapeOf(op.getInput()), border = op.getBorder();
  row.shape = describeShape(
      {input[0], input[1] - border[0] - border[2],
       input[2] - border[1] - border[3], geometry.channels},
      {geometry.outputChannels, height, width, geometry.channelsPerGroup()},
      {input[0], shapeOf(op.getInit())[1], shapeOf(op.getInit())[2],
       geometry.outputChannels});
  if (op.getPoolSize() > 1)
    row.shape += ", pool " + joinSizes(op.getPool());
  return row;
}

static LayerReport report(bitplane::MatMulOp op) {
  bitplane::FilterGeometry geometry(op.getChannels(), op.getOutputChannels());
  bitplane::DotForm form = bitplane::getDotForm(op);
  LayerReport row = reportBits(op, op.getInputCode(), op.getWeightsCode(),
                               geometry, /*taps=*/1, form.needsCorrection);
  int64_t rows = shapeOf(op.getInput())[0];
  row.shape = describeShape({rows, geometry.channels},
                            {geometry.outputChannels, geometry.channels},
                            {rows, geometry.outputChannels});
  return row;
}

/// A layer that `dorefa` still computes in float, or not yet on bits.
template <typename OpTy>
static LayerReport reportFloat(OpTy op, Value weights) {
  LayerReport row;
  row.shape = describeShape(shapeOf(op.getInput()), shapeOf(weights),
                            shapeOf(op.getResult()));
  row.floatBytes = 4 * llvm::product_of(shapeOf(weights));
  row.packedBytes = row.floatBytes;
  row.kernel = "float";
  row.reason = "float in the source";
  return row;
}

/// What becomes of accumulators that no thresholds compare in the layer, and of codes
/// that a GPU pools in a kernel of its own.
static std::string describeUse(Operation *layer) {
  for (Operation *user : layer->getUsers()) {
    if (auto pool = dyn_cast<bitplane::MaxPoolOp>(user);
        pool && layer->hasAttr(kGPUKernelAttr))
      return "pool " + joinSizes(pool.getKernel()) + " is a kernel of its own";
    if (auto lookup = dyn_cast<LookupOp>(user))
      return "codes from a table of " +
             std::to_string(cast<ShapedType>(lookup.getTable().getType()).getNumElements());
    if (isa<WeightedSumOp>(user))
      return "compared in a sum of two layers";
  }
  return "";
}

std::optional<LayerReport> dorefa::reportLayer(Operation *op) {
  auto row = llvm::TypeSwitch<Operation *, std::optional<LayerReport>>(op)
                 .Case<bitplane::Conv2DOp, bitplane::MatMulOp>(
                     [](auto layer) { return report(layer); })
                 .Case([](Conv2DOp layer) -> std::optional<LayerReport> {
                   if (layer.isInteger())
                     return std::nullopt;
                   return reportFloat(layer, layer.getFilter());
                 })
                 .Case([](MatMulOp layer) -> std::optional<LayerReport> {
                   if (layer.isInteger())
                     return std::nullopt;
                   return reportFloat(layer, layer.getWeights());
                 })
                 .Default([](Operation *) { return std::nullopt; });
  if (!row)
    return row;
  if (auto reason = op->getAttrOfType<StringAttr>("dorefa.reason"))
    row->reason = reason.str();
  if (row->reason.empty())
    row->reason = describeUse(op);
  StringRef name = findName(op->getLoc());
  row->name = name.empty() ? "-" : name.str();
  row->operation = op->getName().stripDialect().str();
  if (auto kernel = op->getAttrOfType<StringAttr>(kGPUKernelAttr))
    row->kernel = kernel.str();
  if (auto predicted = op->getAttrOfType<IntegerAttr>(kPredictedNanoseconds))
    row->predictedNanoseconds = predicted.getInt();
  return row;
}

std::vector<LayerReport> dorefa::reportLayers(ModuleOp module) {
  std::vector<LayerReport> rows;
  module.walk([&](Operation *op) {
    if (std::optional<LayerReport> row = reportLayer(op))
      rows.push_back(std::move(*row));
  });
  return rows;
}

int64_t dorefa::countConstants(Operation *root) {
  int64_t bytes = 0;
  root->walk([&](Operation *op) {
    if (std::optional<LayerReport> row = reportLayer(op))
      bytes += row->packedBytes;
  });
  return bytes;
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

using Cells = std::vector<std::string>;

std::string dorefa::formatTable(ArrayRef<Cells> table) {
  SmallVector<size_t> widths(table.front().size(), 0);
  for (const Cells &cells : table)
    for (auto [width, cell] : llvm::zip_equal(widths, cells))
      width = std::max(width, cell.size());
  std::string text;
  llvm::raw_string_ostream os(text);
  auto print = [&](const Cells &cells) {
    for (auto [cell, width] : llvm::zip_equal(cells, widths))
      os << "| " << cell << std::string(width - cell.size(), ' ') << ' ';
    os << "|\n";
  };
  print(table.front());
  for (size_t width : widths)
    os << '|' << std::string(width + 2, '-');
  os << "|\n";
  for (const Cells &cells : table.drop_front())
    print(cells);
  return text;
}

static std::string formatKiB(int64_t bytes) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.1f KiB", bytes / 1024.0);
  return text;
}

static std::string formatMicroseconds(int64_t nanoseconds) {
  std::string text = "-";
  if (nanoseconds) {
    text.clear();
    llvm::raw_string_ostream(text) << llvm::format("%.1f us", nanoseconds / 1e3);
  }
  return text;
}

static Cells formatRow(const LayerReport &row) {
  bool isFloat = row.kernel == "float";
  std::string widths = isFloat ? "32/32"
                               : std::to_string(row.weightBits) + "/" +
                                     std::to_string(row.activationBits);
  std::string accumulator =
      isFloat ? "f32" : "i" + std::to_string(row.accumulatorBits);
  if (row.range)
    accumulator += " [" + std::to_string(row.range->lo) + ", " +
                   std::to_string(row.range->hi) + "]";
  std::string thresholds =
      row.thresholds ? std::to_string(row.thresholds) : "-";
  if (!row.levels.empty())
    thresholds += " " + row.levels;
  return {row.name,
          row.operation,
          row.shape,
          widths,
          accumulator,
          row.isSpread ? row.kernel + ", threads" : row.kernel,
          formatMicroseconds(row.predictedNanoseconds),
          thresholds,
          formatKiB(row.packedBytes),
          formatKiB(row.floatBytes),
          row.reason};
}

/// Sums of times and bytes, and how many times smaller than float the network is.
static Cells formatTotals(ArrayRef<LayerReport> rows) {
  int64_t time = 0, packed = 0, floats = 0;
  for (const LayerReport &row : rows) {
    time += row.predictedNanoseconds;
    packed += row.packedBytes;
    floats += row.floatBytes;
  }
  std::string ratio;
  if (packed && floats > packed)
    llvm::raw_string_ostream(ratio)
        << llvm::format("%.1f times smaller", double(floats) / packed);
  return {"total", "", "", "", "", "", formatMicroseconds(time), "",
          formatKiB(packed), formatKiB(floats), ratio};
}

/// One line for each way in which thresholds were checked.
static void printCertificates(raw_ostream &os, ModuleOp module) {
  Certificate totals[] = {{VerifyThresholds::Certificate, 0, 0, 0},
                          {VerifyThresholds::Exhaustive, 0, 0, 0}};
  module.walk([&](Operation *op) {
    std::optional<Certificate> one = Certificate::of(op);
    if (!one)
      return;
    Certificate &total = totals[one->verify == VerifyThresholds::Exhaustive];
    total.numThresholds += one->numThresholds;
    total.numEntries += one->numEntries;
    total.numEvaluations += one->numEvaluations;
  });
  for (const Certificate &total : totals)
    if (total.numEvaluations)
      os << '\n'
         << stringifyVerifyThresholds(total.verify) << ": " << total.numThresholds
         << " thresholds, "
         << (total.numEntries ? std::to_string(total.numEntries) + " table entries, " : "")
         << total.numEvaluations << " evaluations\n";
}

std::string dorefa::formatReport(ModuleOp module, std::optional<double> minWork) {
  std::vector<LayerReport> rows = reportLayers(module);
  std::vector<Cells> table = {{"layer", "operation", "shape", "W/A bits",
                               "accumulator", "kernel", "predicted",
                               "thresholds", "constants", "as float",
                               "remark"}};
  for (LayerReport &row : rows) {
    row.isSpread = minWork && countInstructions(row.predictedNanoseconds) >= *minWork;
    table.push_back(formatRow(row));
  }
  table.push_back(formatTotals(rows));

  std::string text = formatTable(table);
  llvm::raw_string_ostream os(text);
  printCertificates(os, module);
  return text;
}
