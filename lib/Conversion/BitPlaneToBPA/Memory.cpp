//===- Memory.cpp - What a routine keeps in DRAM --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RoutineBuilder.h"
#include "dorefa/Dialect/DoReFa/Constants.h"

using namespace mlir;
using namespace mlir::bpa;
using llvm::alignTo;

int64_t bpa::getRawPixelBytes(const Layer &layer,
                              const Configuration &machine) {
  int64_t channels =
      layer.groups * alignTo(layer.outputsPerGroup(), machine.columns);
  return alignTo(channels * sizeof(int32_t), instructionBytes);
}

/// A name that nothing in `program` has.
static std::string getUniqueName(ProgramOp program, StringRef hint) {
  for (int64_t i = 0;; ++i) {
    std::string name = (hint + Twine(i)).str();
    if (!SymbolTable::lookupSymbolIn(program, name))
      return name;
  }
}

std::string RoutineBuilder::createSpace(StringRef hint, int64_t bytes) {
  std::string name = getUniqueName(program, hint);
  auto builder = OpBuilder::atBlockBegin(&program.getBody().front());
  SpaceOp::create(builder, program.getLoc(), name, bytes);
  return name;
}

std::string RoutineBuilder::createData(StringRef hint,
                                       std::vector<uint8_t> bytes) {
  auto builder = OpBuilder::atBlockBegin(&program.getBody().front());
  auto type = RankedTensorType::get({static_cast<int64_t>(bytes.size())},
                                    builder.getI8Type());
  // Routines for one sample and for several read the same.
  for (auto data : program.getBody().getOps<DataOp>())
    if (data.getValue().getType() == type &&
        dorefa::readElements<uint8_t>(data.getValue()) == bytes)
      return data.getSymName().str();
  std::string name = getUniqueName(program, hint);
  DataOp::create(builder, program.getLoc(), name,
                 dorefa::makeElements(type, std::move(bytes), name));
  return name;
}

void RoutineBuilder::createMemory(std::vector<Port> &inputs,
                                  std::vector<Port> &outputs) {
  llvm::DenseMap<int64_t, Value> values;
  for (auto [layer, own] : llvm::zip_equal(layers, plan.layers)) {
    values.try_emplace(own.from, layer.input);
    if (own.to >= 0)
      values.try_emplace(own.to, layer.result);
  }
  for (auto [index, map] : llvm::enumerate(plan.maps)) {
    if ((map.base && !map.isOutput) || map.isPooled)
      continue;
    // Whole beats are copied.
    int64_t bytes = map.samples * map.getPitch() / 8;
    symbols[index] = createSpace(map.isInput    ? "input"
                                 : map.isOutput ? "output"
                                                : "map",
                                 bytes);
    Port port{values[index], &map, nullptr, map.getSize() / 8};
    if (map.isInput)
      inputs.push_back(port);
    if (map.isOutput)
      outputs.push_back(port);
  }
  for (auto [index, layer] : llvm::enumerate(layers)) {
    if (!layer.isRaw())
      continue;
    int64_t bytes =
        layer.to.height * layer.to.width * getRawPixelBytes(layer, machine);
    rawSymbols[index] = createSpace("sums", getSamples() * bytes);
    outputs.push_back({layer.result, nullptr, &layer, bytes});
  }
}

void RoutineBuilder::createConstants() {
  for (auto [index, layer] : llvm::enumerate(layers)) {
    if (layer.isPool)
      continue;
    const Map &from = plan.maps[plan.layers[index].from];
    for (int64_t group = 0; group < layer.groups; ++group) {
      weightSymbols[index].push_back(
          createData("weights", packWeights(layer, from, group, machine)));
      if (!layer.isRaw())
        thresholdSymbols[index].push_back(
            createData("thresholds", packThresholds(layer, group, machine)));
    }
  }
}

/// As many bytes as FMAP has.
std::string RoutineBuilder::getZeros() {
  std::string name = "zeros";
  if (SymbolTable::lookupSymbolIn(program, name))
    return name;
  auto builder = OpBuilder::atBlockBegin(&program.getBody().front());
  SpaceOp::create(builder, program.getLoc(), name,
                  int64_t(machine.fmapWords) * machine.lanes / 8);
  return name;
}
