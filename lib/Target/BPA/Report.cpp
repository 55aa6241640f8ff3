//===- Report.cpp - What layers take on the accelerator -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Report.h"
#include "Timing.h"
#include "dorefa/Pipelines/Diagnostics.h"
#include "dorefa/Target/BPA/Emit.h"
#include "dorefa/Transforms/Report.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::bpa;

namespace {

/// A layer of a routine, all samples together.
struct LayerCycles {
  std::string name, operation, results;
  int64_t macs = 0;
  /// Steps of an array without a lane, row or column to spare.
  double ideal = 0;
  uint64_t ceiling = 0;
  /// When its last instruction completes; from the layer before to there.
  uint64_t end = 0, cycles = 0;
  /// Bytes that arrive in these cycles, those of the layer behind included.
  double bytesMeanwhile = 0;
  uint64_t bytesRead = 0, bytesWritten = 0;
};

/// Finds out about the layers of one routine.
class RoutineReport {
public:
  RoutineReport(RoutineOp routine, const Configuration &machine)
      : routine(routine), machine(machine) {}

  /// `text` are the instructions of the routine.
  std::vector<LayerCycles> run(const std::vector<Instruction> &text);

private:
  LayerCycles &getLayer(FusedLocWith<DictionaryAttr> location);
  void count(const Instruction &instruction, LayerCycles &layer);
  std::vector<LayerCycles> sort(uint64_t cycles) const;

  RoutineOp routine;
  const Configuration &machine;
  llvm::MapVector<Attribute, LayerCycles> layers;
  ConfigureResult result;
};

} // namespace

/// What leaves the array: codes, or integers and why.
static std::string describeResults(DictionaryAttr layer) {
  int64_t bits = layer.getAs<IntegerAttr>("bits").getInt();
  if (bits != 0)
    return std::to_string(bits) + "-bit codes";
  auto reason = layer.getAs<StringAttr>("reason");
  return reason ? "sums; " + reason.str() : "sums";
}

/// The layer that instructions at `location` are of.
LayerCycles &RoutineReport::getLayer(FusedLocWith<DictionaryAttr> location) {
  auto [entry, isNew] = layers.insert({location, {}});
  LayerCycles &row = entry->second;
  if (!isNew)
    return row;
  DictionaryAttr layer = location.getMetadata();
  StringRef name = dorefa::getSourceName(location);
  row.name = name.empty() ? "-" : name.str();
  row.operation = layer.getAs<StringAttr>("operation").str();
  row.results = describeResults(layer);
  row.macs = layer.getAs<IntegerAttr>("macs").getInt() * routine.getSamples();
  int64_t array = int64_t(machine.rows) * machine.columns * machine.lanes;
  row.ideal = double(row.macs) * layer.getAs<IntegerAttr>("planes").getInt() / array;
  return row;
}

/// Bytes that an `ld` or `st` moves.
template <typename Transfer>
static uint64_t getBytes(const Transfer &transfer) {
  return transfer.nx * transfer.ny * instructionBytes;
}

/// Adds what an instruction of `layer` moves from and to DRAM.
void RoutineReport::count(const Instruction &instruction, LayerCycles &layer) {
  switch (instruction.op) {
  case bpa::Op::ConfigureResult:
    result = ConfigureResult(instruction);
    return;
  case bpa::Op::Load:
    layer.bytesRead += getBytes(Load(instruction));
    return;
  case bpa::Op::Store:
    layer.bytesWritten += getBytes(Store(instruction));
    return;
  case bpa::Op::PostProcess: {
    PostProcess post(instruction);
    bool isCodes = result.mode == static_cast<int64_t>(ConfigureResultMode::Codes);
    bool isShort = result.mode == static_cast<int64_t>(ConfigureResultMode::Raw16);
    if (!isCodes)
      layer.bytesWritten += post.pixels * post.tiles * machine.columns * (isShort ? 2 : 4);
    return;
  }
  default:
    return;
  }
}

/// Adds `bytes`, which arrive evenly while their instruction is under way, to the layers
/// of these cycles.
static void spread(uint64_t bytes, const InstructionCycles &cycles,
                   std::vector<LayerCycles> &rows) {
  uint64_t duration = cycles.completed - cycles.issued + 1;
  for (LayerCycles &row : rows) {
    uint64_t first = std::max(row.end - row.cycles, cycles.issued);
    uint64_t last = std::min(row.end, cycles.completed + 1);
    if (first < last)
      row.bytesMeanwhile += double(bytes) * (last - first) / duration;
  }
}

/// The layers in the order in which they end, of a routine of `cycles`.
std::vector<LayerCycles> RoutineReport::sort(uint64_t cycles) const {
  std::vector<LayerCycles> rows;
  for (auto &[location, row] : layers)
    rows.push_back(row);
  llvm::sort(rows, [](const LayerCycles &left, const LayerCycles &right) {
    return left.end < right.end;
  });
  // The halt belongs to nobody.
  if (!rows.empty())
    rows.back().end = cycles;
  uint64_t start = 0;
  for (LayerCycles &row : rows) {
    row.cycles = row.end - start;
    start = row.end;
  }
  return rows;
}

std::vector<LayerCycles> RoutineReport::run(const std::vector<Instruction> &text) {
  Timing timing = measure(machine, text, text.size(), Latencies());
  for (auto [i, op] : llvm::enumerate(routine.getBody().front())) {
    auto location = dyn_cast<FusedLocWith<DictionaryAttr>>(LocationAttr(op.getLoc()));
    if (!location)
      continue;
    LayerCycles &layer = getLayer(location);
    const InstructionCycles &cycles = timing.instructions[i];
    layer.ceiling += cycles.ceiling;
    layer.end = std::max(layer.end, cycles.completed);
    count(text[i], layer);
  }
  std::vector<LayerCycles> rows = sort(timing.cycles);
  for (auto [i, instruction] : llvm::enumerate(text))
    if (instruction.op == bpa::Op::Load)
      spread(getBytes(Load(instruction)), timing.instructions[i], rows);
  return rows;
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

using Cells = std::vector<std::string>;

static std::string formatPart(double part, uint64_t whole) {
  return part == 0 ? "-" : llvm::formatv("{0:f1} %", 100 * part / whole).str();
}

static Cells formatRow(const LayerCycles &row) {
  auto formatBytes = [](uint64_t bytes) {
    return llvm::formatv("{0:f1} KiB", bytes / 1024.0).str();
  };
  return {row.name,
          row.operation,
          row.macs ? std::to_string(row.macs) : "-",
          row.macs ? llvm::formatv("{0:f0}", row.ideal).str() : "-",
          row.macs ? std::to_string(row.ceiling) : "-",
          std::to_string(row.cycles),
          formatPart(row.ideal, row.cycles),
          formatPart(row.ceiling, row.cycles),
          formatBytes(row.bytesRead),
          formatPart(row.bytesMeanwhile / instructionBytes, row.cycles),
          formatBytes(row.bytesWritten),
          row.results};
}

static LayerCycles addUp(ArrayRef<LayerCycles> rows, StringRef name) {
  LayerCycles sum;
  sum.name = name.str();
  for (const LayerCycles &row : rows) {
    sum.macs += row.macs;
    sum.ideal += row.ideal;
    sum.ceiling += row.ceiling;
    sum.cycles += row.cycles;
    sum.bytesMeanwhile += row.bytesMeanwhile;
    sum.bytesRead += row.bytesRead;
    sum.bytesWritten += row.bytesWritten;
  }
  return sum;
}

std::string bpa::formatReport(ModuleOp module) {
  std::vector<Cells> table = {{"layer", "operation", "MACs", "ideal", "ceiling", "cycles",
                               "of ideal", "of ceiling", "DRAM read", "of bandwidth",
                               "written",
                               "results"}};
  for (auto op : module.getOps<ProgramOp>()) {
    FailureOr<Program> program = translateProgram(op);
    if (failed(program))
      return "";
    for (auto routine : op.getBody().getOps<RoutineOp>()) {
      RoutineRange range = getRange(*program, routine.getSymName());
      auto first = program->text.begin() + range.first;
      std::vector<LayerCycles> rows =
          RoutineReport(routine, op.getMachine()).run({first, first + range.length});
      for (const LayerCycles &row : rows)
        table.push_back(formatRow(row));
      std::string name = "all of " + routine.getSymName().str();
      if (routine.getSamples() != 1)
        name += ", " + std::to_string(routine.getSamples()) + " samples";
      table.push_back(formatRow(addUp(rows, name)));
    }
  }
  return table.size() == 1 ? "" : dorefa::formatTable(table);
}
