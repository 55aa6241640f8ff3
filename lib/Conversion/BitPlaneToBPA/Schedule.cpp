//===- Schedule.cpp - Instructions of a routine ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes instructions as if they took effect one after the other; their order and
// the halves of buffers that they alternate between decide how much of it engines
// can do at the same time.
//
//===----------------------------------------------------------------------===//

#include "Schedule.h"
#include "Weights.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::bpa;
using llvm::alignTo;
using llvm::divideCeil;

int64_t bpa::getRawPixelBytes(const Layer &layer, const Configuration &machine) {
  int64_t channels =
      layer.groups * alignTo(layer.outputsPerGroup(), machine.columns);
  return alignTo(channels * sizeof(int32_t), instructionBytes);
}

namespace {

/// An instruction before it becomes an operation.
struct Step {
  Instruction instruction;
  std::string symbol;
  Location loc;
};

/// Words and entries of the weight and threshold buffers.
struct Constants {
  int64_t word = 0, words = 0, entry = 0, entries = 0;

  bool overlaps(const Constants &other) const {
    return (word < other.word + other.words && other.word < word + words) ||
           (entry < other.entry + other.entries && other.entry < entry + entries);
  }
};

/// Work on one set of weights: what brings these, and what uses them.
struct Item {
  std::vector<Step> loads, steps;
  Constants constants;
};

/// Rows of the output of a layer, and where input and output lie meanwhile.
struct BandPlan {
  Rows output, input;
  Band from, to;
};

class RoutineBuilder {
public:
  RoutineBuilder(ProgramOp program, ArrayRef<Layer> layers, const MapPlan &plan)
      : program(program), machine(program.getMachine()), layers(layers),
        plan(plan), symbols(plan.maps.size()), rawSymbols(layers.size()),
        weightSymbols(layers.size()), thresholdSymbols(layers.size()) {}

  RoutineOp build(StringRef name, std::vector<Port> &inputs,
                  std::vector<Port> &outputs);

private:
  // Memory.
  std::string createSpace(StringRef hint, int64_t bytes);
  std::string createData(StringRef hint, std::vector<uint8_t> bytes);
  void createMemory(std::vector<Port> &inputs, std::vector<Port> &outputs);
  void createConstants();
  std::string getZeros();

  // Layers.
  void addLayer(int64_t index);
  BandPlan getBand(int64_t index, Rows output) const;
  void loadBand(int64_t index, const BandPlan &band);
  void clearBand(int64_t index, const BandPlan &band);
  void storeBand(int64_t index, const BandPlan &band);
  void configureWindow(int64_t index, const BandPlan &band, int64_t firstLane,
                       int64_t lanes);
  void addPool(int64_t index, const BandPlan &band);
  void addGroup(int64_t index, const BandPlan &band, int64_t group);
  void placeConstants(int64_t index, int64_t group, int64_t tile, int64_t tiles,
                      const GroupShape &shape);
  void addTiles(int64_t index, const BandPlan &band, int64_t group, int64_t tile,
                int64_t tiles, const GroupShape &shape);
  void addPost(int64_t index, const BandPlan &band, int64_t group, int64_t tile,
               int64_t tiles, int64_t pixel, int64_t pixels);
  int64_t getTilesAtOnce(const Layer &layer, const GroupShape &shape) const;

  // Steps.
  template <typename T>
  void add(const T &instruction, StringRef symbol = "") {
    items.back().steps.push_back(
        {instruction.toInstruction(), symbol.str(), loc()});
  }
  Location loc() const { return layers[current].op->getLoc(); }
  void emit(OpBuilder &builder);
  void emitStep(OpBuilder &builder, const Step &step);

  ProgramOp program;
  const Configuration &machine;
  ArrayRef<Layer> layers;
  const MapPlan &plan;
  /// Of maps in DRAM, of integers, of weights and thresholds by group.
  std::vector<std::string> symbols, rawSymbols;
  std::vector<std::vector<std::string>> weightSymbols, thresholdSymbols;
  std::vector<Item> items;
  int64_t current = 0;
  /// Chunks of pixels so far: they alternate between halves of ABUF.
  int64_t chunks = 0;
  /// What each half of WBUF and TBUF holds: layer, group, tile.
  std::array<std::array<int64_t, 3>, 2> held = {{{-1, 0, 0}, {-1, 0, 0}}};
  int64_t half = 0;
  /// The last values of configuration registers.
  llvm::DenseMap<unsigned, Instruction> registers;
};

} // namespace

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

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
  std::string name = getUniqueName(program, hint);
  auto builder = OpBuilder::atBlockBegin(&program.getBody().front());
  auto type = RankedTensorType::get({static_cast<int64_t>(bytes.size())},
                                    builder.getI8Type());
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
    if (map.base && !map.isOutput)
      continue;
    // Whole beats are copied.
    int64_t bytes = alignTo(map.getSize(), beatLanes) / 8;
    symbols[index] = createSpace(
        map.isInput ? "input" : map.isOutput ? "output" : "map", bytes);
    Port port{values[index], &map, nullptr, map.getSize() / 8};
    if (map.isInput)
      inputs.push_back(port);
    if (map.isOutput)
      outputs.push_back(port);
  }
  for (auto [index, layer] : llvm::enumerate(layers)) {
    if (!layer.isRaw())
      continue;
    int64_t bytes = layer.to.height * layer.to.width *
                    getRawPixelBytes(layer, machine);
    rawSymbols[index] = createSpace("sums", bytes);
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

//===----------------------------------------------------------------------===//
// Bands
//===----------------------------------------------------------------------===//

BandPlan RoutineBuilder::getBand(int64_t index, Rows output) const {
  const LayerPlan &own = plan.layers[index];
  const Map &from = plan.maps[own.from];
  int64_t parity = output.first / own.bandRows % 2;
  BandPlan band{output, getInputRows(layers[index], output), {}, {}};
  if (from.base) {
    band.input = {0, from.shape.height};
    band.from = {*from.base, from.plane};
  } else {
    band.from = getInputBand(from, own.fromBuffers[parity], band.input);
  }
  if (own.to < 0)
    return band;
  const Map &to = plan.maps[own.to];
  band.to = to.base ? Band{*to.base + output.first * to.getRow(), to.plane}
                    : getOutputBand(to, own.toBuffers[parity], output);
  return band;
}

/// Brings the rows of the input, where they are not there.
void RoutineBuilder::loadBand(int64_t index, const BandPlan &band) {
  const LayerPlan &own = plan.layers[index];
  const Map &from = plan.maps[own.from];
  if (from.base)
    return;
  Load load;
  bool isWhole = band.input.first == 0 && band.input.end == from.shape.height;
  int64_t planes = isWhole ? 1 : from.shape.bits;
  int64_t size = isWhole ? from.getSize()
                         : (band.input.end - band.input.first) * from.getRow();
  for (int64_t plane = 0; plane < planes; ++plane) {
    int64_t start = plane * from.plane + band.input.first * from.getRow();
    int64_t lane = band.from.base + plane * band.from.plane;
    load.dram = start / beatLanes;
    load.sram = lane / beatLanes;
    load.nx = divideCeil(start + size, beatLanes) - load.dram;
    add(load, symbols[own.from]);
  }
}

/// Writes zeros to lanes that the layer does not write but the host reads.
void RoutineBuilder::clearBand(int64_t index, const BandPlan &band) {
  const LayerPlan &own = plan.layers[index];
  if (own.to < 0 || !plan.maps[own.to].isOutput)
    return;
  const Map &to = plan.maps[own.to];
  if (to.getUsedLanes(machine) == to.pixel)
    return;
  // Bands of a map on the chip are cleared together.
  if (to.base && band.output.first != 0)
    return;
  Load load;
  load.sram = (to.base ? *to.base : band.to.base) / beatLanes;
  load.nx = band.to.plane * to.shape.bits / beatLanes;
  add(load, getZeros());
}

/// Takes rows of the output to DRAM, or all of it behind the last band.
void RoutineBuilder::storeBand(int64_t index, const BandPlan &band) {
  const LayerPlan &own = plan.layers[index];
  if (own.to < 0)
    return;
  const Map &to = plan.maps[own.to];
  Store store;
  if (!to.base) {
    store.dram = band.output.first * to.getRow() / beatLanes;
    store.sram = band.to.base / beatLanes;
    store.nx = band.to.plane / beatLanes;
    store.ny = to.shape.bits;
    store.dstride = to.plane / beatLanes;
    store.sstride = band.to.plane / beatLanes;
    add(store, symbols[own.to]);
  } else if (to.isOutput && band.output.end == to.shape.height) {
    store.sram = *to.base / beatLanes;
    store.nx = to.getSize() / beatLanes;
    add(store, symbols[own.to]);
  }
}

void RoutineBuilder::configureWindow(int64_t index, const BandPlan &band,
                                     int64_t firstLane, int64_t lanes) {
  const Layer &layer = layers[index];
  const Map &from = plan.maps[plan.layers[index].from];
  ConfigureInput input;
  input.base = band.from.base + firstLane;
  input.pixel = from.pixel;
  input.row = from.getRow();
  input.plane = band.from.plane;
  add(input);
  ConfigureWindow window;
  window.lanes = lanes;
  window.planes = from.shape.bits;
  window.valid = layer.validPlanes;
  window.pad = layer.padCode;
  window.kh = layer.window.kernel[0];
  window.kw = layer.window.kernel[1];
  window.sy = layer.window.strides[0];
  window.sx = layer.window.strides[1];
  window.dy = layer.window.dilations[0];
  window.dx = layer.window.dilations[1];
  window.py = layer.window.pads[0];
  window.px = layer.window.pads[1];
  add(window);
  ConfigureExtent extent;
  extent.h = from.shape.height;
  extent.w = from.shape.width;
  extent.oh = layer.to.height;
  extent.ow = layer.to.width;
  extent.first_row = band.input.first;
  add(extent);
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

void RoutineBuilder::addPool(int64_t index, const BandPlan &band) {
  const Layer &layer = layers[index];
  const Map &to = plan.maps[plan.layers[index].to];
  items.emplace_back();
  loadBand(index, band);
  clearBand(index, band);
  configureWindow(index, band, /*firstLane=*/0, to.getUsedLanes(machine));
  ConfigurePool output;
  output.sign = layer.isSigned;
  output.pixel = to.pixel;
  output.plane = band.to.plane;
  add(output);
  // Row by row: each waits for the rows that it needs only.
  Pool pool;
  pool.pixels = layer.to.width;
  for (int64_t row = band.output.first; row < band.output.end; ++row) {
    pool.oy = row;
    pool.out = band.to.base + (row - band.output.first) * to.getRow();
    add(pool);
  }
  storeBand(index, band);
}

/// Tiles whose weights and thresholds fit half of their buffers, or all of it where
/// one tile takes more.
int64_t RoutineBuilder::getTilesAtOnce(const Layer &layer,
                                       const GroupShape &shape) const {
  int64_t words = shape.words * layer.weightTerms.size();
  int64_t entries = layer.isRaw() ? 0 : machine.columns * getNumEntries(layer.levels);
  auto fit = [&](int64_t parts) {
    int64_t tiles = machine.wbufWords / parts / words;
    return entries ? std::min(tiles, machine.tbufEntries / parts / entries) : tiles;
  };
  int64_t tiles = std::max<int64_t>({fit(2), fit(2) == 0 ? fit(1) : 0, 1});
  return std::min(tiles, shape.tiles);
}

/// Starts an item for some tiles: their constants are loaded unless they are still
/// there.
void RoutineBuilder::placeConstants(int64_t index, int64_t group, int64_t tile,
                                    int64_t tiles, const GroupShape &shape) {
  const Layer &layer = layers[index];
  int64_t words = shape.words * layer.weightTerms.size();
  int64_t entries =
      layer.isRaw() ? 0 : machine.columns * getNumEntries(layer.levels);
  Item &item = items.emplace_back();
  bool isLarge = tiles * words > machine.wbufWords / 2 ||
                 tiles * entries > machine.tbufEntries / 2;
  std::array<int64_t, 3> key = {index, group, tile};
  bool isHeld = llvm::is_contained(held, key);
  half = isHeld ? llvm::find(held, key) - held.begin() : isLarge ? 0 : 1 - half;
  item.constants = {half * machine.wbufWords / 2, tiles * words,
                    half * machine.tbufEntries / 2, tiles * entries};
  if (isHeld)
    return;
  held[half] = key;
  if (isLarge)
    held[1 - half] = {-1, 0, 0};
  int64_t rowBeats = machine.columns * machine.lanes / beatLanes;
  Load load;
  load.space = static_cast<int64_t>(LoadSpace::Wbuf);
  load.dram = tile * words * rowBeats;
  load.sram = item.constants.word * rowBeats;
  load.nx = tiles * words * rowBeats;
  item.loads.push_back(
      {load.toInstruction(), weightSymbols[index][group], loc()});
  if (layer.isRaw())
    return;
  load.space = static_cast<int64_t>(LoadSpace::Tbuf);
  load.dram = tile * entries;
  load.sram = item.constants.entry;
  load.nx = tiles * entries;
  item.loads.push_back(
      {load.toInstruction(), thresholdSymbols[index][group], loc()});
}

static int64_t packDigits(ArrayRef<bitplane::PlaneTerm> terms) {
  int64_t digits = 0;
  for (auto [i, term] : llvm::enumerate(terms))
    digits |= int64_t(term.exponent) << (4 * i);
  return digits;
}

static int64_t packSigns(ArrayRef<bitplane::PlaneTerm> terms) {
  int64_t signs = 0;
  for (auto [i, term] : llvm::enumerate(terms))
    signs |= int64_t(term.negative) << i;
  return signs;
}

static ConfigurePlanes makePlanes(const Layer &layer) {
  ConfigurePlanes planes;
  planes.aplanes = layer.inputTerms.size();
  planes.ashift = packDigits(layer.inputTerms);
  planes.anegate = packSigns(layer.inputTerms);
  planes.wplanes = layer.weightTerms.size();
  planes.wshift = packDigits(layer.weightTerms);
  planes.wnegate = packSigns(layer.weightTerms);
  planes.rowsum = layer.rowSum;
  return planes;
}

void RoutineBuilder::addPost(int64_t index, const BandPlan &band, int64_t group,
                             int64_t tile, int64_t tiles, int64_t pixel,
                             int64_t pixels) {
  const Layer &layer = layers[index];
  int64_t channel =
      group * alignTo(layer.outputsPerGroup(), machine.columns) +
      tile * machine.columns;
  PostProcess post;
  post.pixels = pixels;
  post.tiles = tiles;
  if (layer.isRaw()) {
    int64_t first = band.output.first * layer.to.width + pixel;
    post.out = (first * getRawPixelBytes(layer, machine) +
                channel * static_cast<int64_t>(sizeof(int32_t))) /
               instructionBytes;
    return add(post, rawSymbols[index]);
  }
  const Map &to = plan.maps[plan.layers[index].to];
  post.tbuf = items.back().constants.entry;
  post.out = band.to.base + pixel * to.pixel + channel;
  add(post);
}

/// Groups of pixels to gather behind `groups` of them: not longer than these are
/// multiplied, but soon as many as fit.
static int64_t growChunk(const Layer &layer, const Map &from,
                         const GroupShape &shape, int64_t tiles, int64_t groups,
                         const Configuration &machine) {
  const Window &window = layer.window;
  int64_t multiply = tiles * shape.words * layer.weightTerms.size();
  // Section 7 of the manual: taps that are neighbours are read together.
  bool isRow = window.dilations[1] * from.pixel == shape.lanes;
  int64_t taps = isRow ? 1 : window.kernel[1];
  int64_t lanes = isRow ? window.kernel[1] * shape.lanes : shape.lanes;
  int64_t gather = machine.rows * window.kernel[0] * taps *
                   divideCeil(lanes, 2 * machine.lanes);
  return std::max(2 * groups, groups * multiply / gather);
}

/// Gathers, multiplies and compares pixels of a band, for some tiles, as many at a
/// time as half of ABUF holds; few at the start of a band, when nothing else is to
/// do.
void RoutineBuilder::addTiles(int64_t index, const BandPlan &band, int64_t group,
                              int64_t tile, int64_t tiles,
                              const GroupShape &shape) {
  const Layer &layer = layers[index];
  int64_t planes = layer.inputTerms.size(), width = layer.to.width;
  int64_t words = planes * shape.words, rows = machine.rows;
  int64_t groups = std::max<int64_t>(machine.abufWords / 2 / words, 1);
  bool isLarge = words > machine.abufWords / 2;
  int64_t pixels = (band.output.end - band.output.first) * width;
  add(makePlanes(layer));
  ConfigureResult result;
  if (layer.isRaw()) {
    result.mode = static_cast<int64_t>(ConfigureResultMode::Raw32);
    result.pixel = getRawPixelBytes(layer, machine) / instructionBytes;
  } else {
    result.bits = layer.levels.bits;
    result.first = layer.levels.first;
    result.pixel = plan.maps[plan.layers[index].to].pixel;
    result.plane = band.to.plane;
  }
  add(result);
  bool isStart = group == 0 && tile == 0;
  int64_t chunk = isStart ? 1 : groups;
  for (int64_t pixel = 0; pixel < pixels; pixel += chunk * rows) {
    if (pixel != 0)
      chunk = std::min(groups, growChunk(layer, plan.maps[plan.layers[index].from],
                                          shape, tiles, chunk, machine));
    // Equal ones at the end: behind a small one the next gather would be late.
    int64_t left = divideCeil(pixels - pixel, rows);
    chunk = std::min<int64_t>(chunk, divideCeil(left, divideCeil(left, chunk)));
    Gather gather;
    gather.abuf = isLarge ? 0 : chunks++ % 2 * machine.abufWords / 2;
    gather.oy = band.output.first + pixel / width;
    gather.ox = pixel % width;
    gather.pixels = std::min(chunk * rows, pixels - pixel);
    add(gather);
    MatMul matmul;
    matmul.abuf = gather.abuf;
    matmul.agroup = words;
    matmul.aplane = shape.words;
    matmul.groups = divideCeil(gather.pixels, rows);
    matmul.wbuf = items.back().constants.word;
    matmul.wtile = layer.weightTerms.size() * shape.words;
    matmul.wplane = shape.words;
    matmul.tiles = tiles;
    matmul.words = shape.words;
    add(matmul);
    addPost(index, band, group, tile, tiles, pixel, gather.pixels);
  }
}

void RoutineBuilder::addGroup(int64_t index, const BandPlan &band,
                              int64_t group) {
  const Layer &layer = layers[index];
  const Map &from = plan.maps[plan.layers[index].from];
  GroupShape shape = getGroupShape(layer, from, group, machine);
  int64_t atOnce = getTilesAtOnce(layer, shape);
  for (int64_t tile = 0; tile < shape.tiles; tile += atOnce) {
    int64_t tiles = std::min(atOnce, shape.tiles - tile);
    placeConstants(index, group, tile, tiles, shape);
    if (group == 0 && tile == 0) {
      loadBand(index, band);
      clearBand(index, band);
    }
    configureWindow(index, band, shape.firstLane, shape.lanes);
    addTiles(index, band, group, tile, tiles, shape);
  }
}

void RoutineBuilder::addLayer(int64_t index) {
  current = index;
  const Layer &layer = layers[index];
  int64_t height = layer.to.height, rows = plan.layers[index].bandRows;
  for (int64_t row = 0; row < height; row += rows) {
    BandPlan band = getBand(index, {row, std::min(row + rows, height)});
    if (layer.isPool) {
      addPool(index, band);
      continue;
    }
    for (int64_t group = 0; group < layer.groups; ++group)
      addGroup(index, band, group);
    storeBand(index, band);
  }
}

//===----------------------------------------------------------------------===//
// The routine
//===----------------------------------------------------------------------===//

/// A register keeps its value: only changes are written.
void RoutineBuilder::emitStep(OpBuilder &builder, const Step &step) {
  const Instruction &instruction = step.instruction;
  const InstructionInfo &info = instruction.getInfo();
  if (info.number >= 0) {
    auto [entry, isNew] = registers.try_emplace(
        static_cast<unsigned>(instruction.op), instruction);
    auto values = ArrayRef(instruction.values, info.numFields);
    if (!isNew && values == ArrayRef(entry->second.values, info.numFields))
      return;
    entry->second = instruction;
  }
  createInstruction(builder, step.loc, instruction, step.symbol);
}

/// Constants of an item are loaded before the item in front of it begins, where
/// they go to another place, but behind the maps that this one reads.
void RoutineBuilder::emit(OpBuilder &builder) {
  bool isLoaded = false;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!isLoaded)
      for (const Step &step : items[i].loads)
        emitStep(builder, step);
    auto isLoad = [](const Step &step) {
      return step.instruction.op == bpa::Op::Load;
    };
    auto first = llvm::find_if_not(items[i].steps, isLoad);
    for (const Step &step : llvm::make_range(items[i].steps.begin(), first))
      emitStep(builder, step);
    isLoaded = i + 1 < items.size() &&
               !items[i].constants.overlaps(items[i + 1].constants);
    if (isLoaded)
      for (const Step &step : items[i + 1].loads)
        emitStep(builder, step);
    for (const Step &step : llvm::make_range(first, items[i].steps.end()))
      emitStep(builder, step);
  }
  createInstruction(builder, loc(), Halt().toInstruction());
}

RoutineOp RoutineBuilder::build(StringRef name, std::vector<Port> &inputs,
                                std::vector<Port> &outputs) {
  createMemory(inputs, outputs);
  createConstants();
  for (size_t index = 0; index < layers.size(); ++index)
    addLayer(index);
  auto builder = OpBuilder::atBlockEnd(&program.getBody().front());
  auto getSymbols = [&](ArrayRef<Port> ports) {
    SmallVector<Attribute> names;
    for (const Port &port : ports) {
      size_t index = port.map ? port.map - plan.maps.data()
                              : port.layer - layers.data();
      names.push_back(FlatSymbolRefAttr::get(
          builder.getContext(),
          port.map ? symbols[index] : rawSymbols[index]));
    }
    return builder.getArrayAttr(names);
  };
  auto routine = RoutineOp::create(builder, program.getLoc(), name,
                                   getSymbols(inputs), getSymbols(outputs),
                                   /*layers=*/nullptr);
  builder.setInsertionPointToEnd(&routine.getBody().emplaceBlock());
  emit(builder);
  return routine;
}

RoutineOp bpa::createRoutine(ProgramOp program, StringRef name,
                             ArrayRef<Layer> layers, const MapPlan &plan,
                             std::vector<Port> &inputs,
                             std::vector<Port> &outputs) {
  return RoutineBuilder(program, layers, plan).build(name, inputs, outputs);
}
