//===- Schedule.cpp - Instructions of a routine ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes instructions as if they took effect one after the other, small enough
// that the array starts with the first pixels and weights that arrive and
// results leave while it works. bpa-order-instructions dispatches loads early;
// how early they may be is decided here, by buffers whose parts are used in
// turn.
//
//===----------------------------------------------------------------------===//

#include "Schedule.h"
#include "Start.h"
#include "Weights.h"
#include "dorefa/Dialect/DoReFa/Constants.h"

#include <numeric>

using namespace mlir;
using namespace mlir::bpa;
using llvm::alignTo;
using llvm::divideCeil;

int64_t bpa::getRawPixelBytes(const Layer &layer,
                              const Configuration &machine) {
  int64_t channels =
      layer.groups * alignTo(layer.outputsPerGroup(), machine.columns);
  return alignTo(channels * sizeof(int32_t), instructionBytes);
}

namespace {

/// A buffer whose parts are used in turn: what was placed longest ago makes
/// room. Parts lie in one half where they fit, so that what follows conflicts
/// with the other.
class Ring {
public:
  explicit Ring(int64_t size, bool hasHalves = false)
      : size(size), border(hasHalves ? size / 2 : size) {}

  int64_t place(int64_t count) {
    if (next < border && next + count > border && count <= size - border)
      next = border;
    if (next + count > size)
      next = 0;
    next += count;
    return next - count;
  }

private:
  int64_t size, border, next = 0;
};

/// Words and entries of the weight and threshold buffers.
struct Constants {
  int64_t word = 0, words = 0, entry = 0, entries = 0;

  bool overlaps(const Constants &other) const {
    return (word < other.word + other.words && other.word < word + words) ||
           (entry < other.entry + other.entries &&
            other.entry < entry + entries);
  }
};

/// Samples and rows of the output of a layer, and where input and output lie
/// meanwhile.
struct BandPlan {
  int64_t sample, samples;
  Rows output, input;
  Band from, to;
  /// Rows that were loaded and pixels that were stored, counted through all
  /// samples.
  int64_t loaded = 0, stored = 0;
  bool isCleared = false;

  int64_t getRows() const { return output.end - output.first; }
  int64_t getInputRows() const { return input.end - input.first; }
};

/// Tiles of a group of output channels that are multiplied with all pixels of a
/// band before the next ones are.
struct Pass {
  int64_t group, tile, tiles;
  GroupShape shape;
  Constants constants;
  /// Tiles of a load: all of them where weights were loaded before.
  int64_t tilesPerLoad;
  bool isLoaded;
  /// The first and the last one of the band, and whether the layer begins with
  /// it.
  bool isFirst, isLast, isStart;
};

/// Output pixels of a band that are gathered together.
struct Chunk {
  int64_t first, end, abuf;
};

class RoutineBuilder {
public:
  RoutineBuilder(ProgramOp program, RoutineOp routine, ArrayRef<Layer> layers,
                 const MapPlan &plan)
      : program(program), machine(program.getMachine()), layers(layers),
        plan(plan), builder(OpBuilder::atBlockEnd(&routine.getBody().front())),
        symbols(plan.maps.size()), rawSymbols(layers.size()),
        weightSymbols(layers.size()), thresholdSymbols(layers.size()),
        abuf(machine.abufWords), wbuf(machine.wbufWords, /*hasHalves=*/true),
        tbuf(machine.tbufEntries, /*hasHalves=*/true) {}

  void build(std::vector<Port> &inputs, std::vector<Port> &outputs);
  /// What the routine copies from and to the host.
  ArrayAttr getSymbols(ArrayRef<Port> ports);

private:
  // Memory.
  std::string createSpace(StringRef hint, int64_t bytes);
  std::string createData(StringRef hint, std::vector<uint8_t> bytes);
  void createMemory(std::vector<Port> &inputs, std::vector<Port> &outputs);
  void createConstants();
  std::string getZeros();

  // Maps.
  int64_t getSamples() const { return plan.maps.front().samples; }
  BandPlan getBand(int64_t number, int64_t sample, Rows output) const;
  int64_t getInputEnd(const BandPlan &band, int64_t pixel) const;
  void loadPixels(BandPlan &band, int64_t pixel);
  void loadPiece(const BandPlan &band, int64_t sample, int64_t first,
                 int64_t end);
  void clearBand(BandPlan &band);
  void storePixels(BandPlan &band, int64_t pixel);
  void storePiece(const BandPlan &band, int64_t first, int64_t end);

  // Layers.
  void addLayer(int64_t index);
  void addBand(BandPlan &band);
  void configureWindow(const BandPlan &band, int64_t firstLane, int64_t lanes);
  void configureResult(const BandPlan &band);
  void addPool(BandPlan &band);
  void addGroup(BandPlan &band, int64_t group, bool isStart);
  void placeConstants(Pass &pass);
  void loadConstants(const Pass &pass, int64_t tile, int64_t tiles);
  int64_t getGatherCycles(const Pass &pass) const;
  int64_t getProductCycles(const Pass &pass) const;
  std::vector<Chunk> cutPixels(const BandPlan &band, const Pass &pass,
                               int64_t atStart) const;
  void addStart(BandPlan &band, const Pass &pass,
                MutableArrayRef<Chunk> chunks);
  void addPass(BandPlan &band, const Pass &pass);
  void addGather(BandPlan &band, const Pass &pass, Chunk &chunk);
  void addProduct(BandPlan &band, const Pass &pass, const Chunk &chunk,
                  int64_t tile, int64_t tiles);
  void addPost(const BandPlan &band, const Pass &pass, const Chunk &chunk,
               int64_t tile, int64_t tiles);
  int64_t countPasses(const GroupShape &shape) const;

  // The layer that is being written.
  const Layer &layer() const { return layers[current]; }
  const LayerPlan &own() const { return plan.layers[current]; }
  const Map &from() const { return plan.maps[own().from]; }
  const Map &to() const { return plan.maps[own().to]; }
  int64_t getWeightWords(const GroupShape &shape) const {
    return shape.words * layer().weightTerms.size();
  }
  int64_t getEntries() const {
    return layer().isRaw() ? 0
                           : machine.columns * getNumEntries(layer().levels);
  }
  /// Cycles that a tile is summed up, and drained.
  int64_t getSteps(const GroupShape &shape) const {
    return layer().inputTerms.size() * getWeightWords(shape);
  }
  int64_t getDrain() const {
    return layer().isRaw() ? 2 * machine.columns
                           : std::max<int64_t>(getEntries() / 2, 5);
  }
  /// Whether tiles take less time than `pp` to write codes before the next
  /// `pp`.
  bool isShort(const GroupShape &shape) const {
    return std::max(getSteps(shape), getDrain()) <
           int64_t(machine.rows) * std::max<int64_t>(layer().levels.bits, 1);
  }
  template <typename T>
  void add(const T &instruction, StringRef symbol = "");

  ProgramOp program;
  const Configuration &machine;
  ArrayRef<Layer> layers;
  const MapPlan &plan;
  OpBuilder builder;
  /// Of maps in DRAM, of integers, of weights and thresholds by group.
  std::vector<std::string> symbols, rawSymbols;
  std::vector<std::vector<std::string>> weightSymbols, thresholdSymbols;
  Ring abuf, wbuf, tbuf;
  int64_t current = 0;
  /// What the buffers of constants hold: layer, group and tile, and where.
  std::vector<std::pair<std::array<int64_t, 3>, Constants>> held;
  /// The last values of configuration registers.
  llvm::DenseMap<unsigned, Instruction> registers;
};

} // namespace

/// A register keeps its value: only changes are written.
template <typename T>
void RoutineBuilder::add(const T &instruction, StringRef symbol) {
  Instruction generic = instruction.toInstruction();
  const InstructionInfo &info = generic.getInfo();
  if (info.number >= 0) {
    auto [entry, isNew] =
        registers.try_emplace(static_cast<unsigned>(generic.op), generic);
    auto values = ArrayRef(generic.values, info.numFields);
    if (!isNew && values == ArrayRef(entry->second.values, info.numFields))
      return;
    entry->second = generic;
  }
  createInstruction(builder, layer().op->getLoc(), generic, symbol);
}

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

//===----------------------------------------------------------------------===//
// Maps
//===----------------------------------------------------------------------===//

/// Transfers are not cut into pieces of fewer beats: of a plane that is loaded,
/// of constants, of a plane that is stored.
static constexpr int64_t leastLoad = 16, leastConstants = 32, leastStore = 8;

/// Band `number` of the layer, from `sample` on.
BandPlan RoutineBuilder::getBand(int64_t number, int64_t sample,
                                 Rows output) const {
  int64_t samples = std::min(own().samples, getSamples() - sample);
  Rows input = bpa::getInputRows(layer(), output, own().samples);
  BandPlan band{sample, samples, output, input, {}, {}};
  if (from().base) {
    Rows all{0, from().shape.height};
    band.input = all;
    band.from = getOutputBand(from(), *from().base, all, getSamples());
    band.from.base += sample * band.from.image;
  } else {
    band.from = getInputBand(from(), own().fromBuffers[number % 2], band.input);
  }
  if (own().to < 0)
    return band;
  if (to().base) {
    band.to =
        getOutputBand(to(), *to().base, {0, to().shape.height}, getSamples());
    band.to.base += sample * band.to.image + output.first * to().getRow();
  } else {
    band.to = getOutputBand(to(), own().toBuffers[number % 2], output, samples);
  }
  return band;
}

/// Brings pixels `first` to `end` - 1 of the band from a sample, where those
/// before are there; planes may begin at different places of a beat.
void RoutineBuilder::loadPiece(const BandPlan &band, int64_t sample,
                               int64_t first, int64_t end) {
  const Map &map = from();
  bool isWhole = end - first == map.getPixels();
  bool isSimple = map.plane % beatLanes == 0;
  int64_t planes = isWhole || isSimple ? 1 : map.shape.bits;
  for (int64_t plane = 0; plane < planes; ++plane) {
    int64_t origin = (band.sample + sample) * map.getPitch() +
                     plane * map.plane + band.input.first * map.getRow();
    int64_t start = origin + first * map.pixel;
    int64_t stop = isWhole ? start + map.getSize() : origin + end * map.pixel;
    // The beat that a piece begins in came with the one before.
    int64_t beat =
        first == 0 ? start / beatLanes : divideCeil(start, beatLanes);
    Load load;
    load.dram = beat;
    load.sram = (band.from.base + sample * band.from.image +
                 plane * band.from.plane + beat * beatLanes - origin) /
                beatLanes;
    load.nx = divideCeil(stop, beatLanes) - beat;
    if (!isWhole && isSimple) {
      load.ny = map.shape.bits;
      load.dstride = map.plane / beatLanes;
      load.sstride = band.from.plane / beatLanes;
    }
    if (load.nx > 0)
      add(load, symbols[own().from]);
  }
}

/// Input pixels of a band, through all samples, up to the last one that the
/// windows of output pixels before `pixel` read.
int64_t RoutineBuilder::getInputEnd(const BandPlan &band, int64_t pixel) const {
  const Window &window = layer().window;
  int64_t width = from().shape.width, last = (pixel - 1) / layer().to.width;
  int64_t sample = last / band.getRows(),
          row = band.output.first + last % band.getRows();
  int64_t rows =
      bpa::getInputRows(layer(), {row, row + 1}).end - band.input.first;
  // All columns, unless the first pixels of the first row are asked for.
  int64_t columns = width;
  if (last == 0)
    columns = std::clamp<int64_t>(
        (pixel - 1) * window.strides[1] - window.pads[1] +
            (window.kernel[1] - 1) * window.dilations[1] + 1,
        1, width);
  return (sample * band.getInputRows() + rows - 1) * width + columns;
}

/// Brings what windows of the output pixels before `pixel` read.
void RoutineBuilder::loadPixels(BandPlan &band, int64_t pixel) {
  if (from().base)
    return;
  int64_t pixels = band.getInputRows() * from().shape.width;
  int64_t end = getInputEnd(band, pixel);
  int64_t least = divideCeil(leastLoad * beatLanes, from().pixel);
  while (band.loaded < end) {
    int64_t border = alignTo(band.loaded + 1, pixels);
    int64_t next = std::min(std::max(end, band.loaded + least), border);
    if (border - next < least)
      next = border;
    int64_t sample = band.loaded / pixels, start = sample * pixels;
    loadPiece(band, sample, band.loaded - start, next - start);
    band.loaded = next;
  }
}

/// Writes zeros to lanes that the layer does not write but the host reads.
void RoutineBuilder::clearBand(BandPlan &band) {
  if (band.isCleared || own().to < 0 || !to().isOutput ||
      to().getUsedLanes(machine) == to().pixel)
    return;
  band.isCleared = true;
  Load load;
  load.sram = band.to.base / beatLanes;
  load.nx = band.to.plane * to().shape.bits / beatLanes;
  // A map on the chip is cleared all at once.
  if (!to().base || (band.sample == 0 && band.output.first == 0))
    add(load, getZeros());
}

/// Takes these pixels of a sample to DRAM; they begin at a beat.
void RoutineBuilder::storePiece(const BandPlan &band, int64_t first,
                                int64_t end) {
  const Map &map = to();
  int64_t pixels = band.getRows() * map.shape.width;
  int64_t sample = first / pixels,
          pixel = band.output.first * map.shape.width + first % pixels;
  Store store;
  store.dram =
      ((band.sample + sample) * map.getPitch() + pixel * map.pixel) / beatLanes;
  store.sram = (band.to.base + first * map.pixel) / beatLanes;
  store.nx = divideCeil((end - first) * map.pixel, beatLanes);
  store.ny = map.shape.bits;
  store.dstride = map.plane / beatLanes;
  store.sstride = band.to.plane / beatLanes;
  add(store, symbols[own().to]);
}

/// Takes the pixels before `pixel` to DRAM, as far as they are whole beats and
/// enough of them, or the last ones.
void RoutineBuilder::storePixels(BandPlan &band, int64_t pixel) {
  if (own().to < 0 || (to().base && !to().isOutput))
    return;
  int64_t pixels = band.getRows() * to().shape.width;
  int64_t step = beatLanes / std::gcd(to().pixel, beatLanes);
  while (band.stored < pixel) {
    int64_t border = alignTo(band.stored + 1, pixels);
    int64_t end = std::min(border, pixel);
    // Samples begin at beats, and so do bands.
    if (end < border)
      end -= (end - border + pixels) % step;
    if (end < border &&
        (end - band.stored) * to().pixel < leastStore * beatLanes)
      return;
    storePiece(band, band.stored, end);
    band.stored = end;
  }
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

void RoutineBuilder::configureWindow(const BandPlan &band, int64_t firstLane,
                                     int64_t lanes) {
  ConfigureInput input;
  input.base = band.from.base + firstLane;
  input.pixel = from().pixel;
  input.row = from().getRow();
  input.plane = band.from.plane;
  input.image = band.samples > 1 ? band.from.image : 0;
  add(input);
  ConfigureWindow window;
  window.lanes = lanes;
  window.planes = from().shape.bits;
  window.valid = layer().validPlanes;
  window.pad = layer().padCode;
  window.kh = layer().window.kernel[0];
  window.kw = layer().window.kernel[1];
  window.sy = layer().window.strides[0];
  window.sx = layer().window.strides[1];
  window.dy = layer().window.dilations[0];
  window.dx = layer().window.dilations[1];
  window.py = layer().window.pads[0];
  window.px = layer().window.pads[1];
  add(window);
  ConfigureExtent extent;
  extent.h = from().shape.height;
  extent.w = from().shape.width;
  extent.oh = layer().to.height;
  extent.ow = layer().to.width;
  extent.first_row = band.input.first;
  add(extent);
}

void RoutineBuilder::addPool(BandPlan &band) {
  configureWindow(band, /*firstLane=*/0, to().getUsedLanes(machine));
  ConfigurePool output;
  output.sign = layer().isSigned;
  output.pixel = to().pixel;
  output.plane = band.to.plane;
  add(output);
  // Row by row: each waits for the rows that it needs only.
  int64_t width = layer().to.width, rows = band.getRows();
  Pool pool;
  pool.pixels = width;
  for (int64_t row = 0; row < band.samples * rows; ++row) {
    loadPixels(band, (row + 1) * width);
    clearBand(band);
    pool.image = row / rows;
    pool.oy = band.output.first + row % rows;
    pool.out = band.to.base + row * to().getRow();
    add(pool);
    storePixels(band, (row + 1) * width);
  }
}

/// Passes of a group: each has as many tiles as fit half of the buffers of
/// weights and thresholds, or all of them where one tile takes more.
int64_t RoutineBuilder::countPasses(const GroupShape &shape) const {
  int64_t words = getWeightWords(shape), entries = getEntries();
  auto fit = [&](int64_t parts) {
    int64_t tiles = machine.wbufWords / parts / words;
    return entries ? std::min(tiles, machine.tbufEntries / parts / entries)
                   : tiles;
  };
  int64_t tiles = std::max<int64_t>({fit(2), fit(2) == 0 ? fit(1) : 0, 1});
  return divideCeil(shape.tiles, tiles);
}

/// Finds room for the constants of a pass, unless they are still there.
void RoutineBuilder::placeConstants(Pass &pass) {
  int64_t words = pass.tiles * getWeightWords(pass.shape);
  int64_t entries = pass.tiles * getEntries();
  std::array<int64_t, 3> key = {current, pass.group, pass.tile};
  auto known =
      llvm::find_if(held, [&](auto &entry) { return entry.first == key; });
  pass.isLoaded = known != held.end();
  pass.tilesPerLoad = pass.tiles;
  if (pass.isLoaded) {
    pass.constants = known->second;
    return;
  }
  pass.constants = {wbuf.place(words), words, tbuf.place(entries), entries};
  llvm::erase_if(
      held, [&](auto &entry) { return entry.second.overlaps(pass.constants); });
  held.push_back({key, pass.constants});
  if (!pass.isStart)
    return;
  constexpr int64_t mostLoads = 16;
  int64_t beats =
      getWeightWords(pass.shape) * machine.columns * machine.lanes / beatLanes;
  pass.tilesPerLoad = std::max<int64_t>(divideCeil(leastConstants, beats),
                                        divideCeil(pass.tiles, mostLoads));
  // Behind its last tile `pp` writes codes before it begins with the next ones.
  if (isShort(pass.shape))
    pass.tilesPerLoad =
        std::max<int64_t>(pass.tilesPerLoad, machine.lanes / machine.columns);
  pass.tilesPerLoad = std::min(pass.tilesPerLoad, pass.tiles);
}

/// Brings the weights of these tiles, and with those of the first ones of
/// several loads more thresholds than theirs.
void RoutineBuilder::loadConstants(const Pass &pass, int64_t tile,
                                   int64_t tiles) {
  int64_t rowBeats = machine.columns * machine.lanes / beatLanes;
  int64_t words = getWeightWords(pass.shape), entries = getEntries();
  Load load;
  load.space = static_cast<int64_t>(LoadSpace::Wbuf);
  load.dram = (pass.tile + tile) * words * rowBeats;
  load.sram = (pass.constants.word + tile * words) * rowBeats;
  load.nx = tiles * words * rowBeats;
  add(load, weightSymbols[current][pass.group]);
  if (entries == 0)
    return;
  int64_t step = std::max<int64_t>(tiles, divideCeil(leastConstants, entries));
  step = divideCeil(step, pass.tilesPerLoad) * pass.tilesPerLoad;
  if (tile % step != 0)
    return;
  load.space = static_cast<int64_t>(LoadSpace::Tbuf);
  load.dram = (pass.tile + tile) * entries;
  load.sram = pass.constants.entry + tile * entries;
  load.nx = std::min(step, pass.tiles - tile) * entries;
  add(load, thresholdSymbols[current][pass.group]);
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

void RoutineBuilder::configureResult(const BandPlan &band) {
  ConfigureResult result;
  if (layer().isRaw()) {
    result.mode = static_cast<int64_t>(ConfigureResultMode::Raw32);
    result.pixel = getRawPixelBytes(layer(), machine) / instructionBytes;
  } else {
    result.bits = layer().levels.bits;
    result.first = layer().levels.first;
    result.pixel = to().pixel;
    result.plane = band.to.plane;
  }
  add(result);
}

/// Cycles that gather one group of pixels (section 7 of the manual), and that
/// multiply it by the tiles of a pass.
int64_t RoutineBuilder::getGatherCycles(const Pass &pass) const {
  const Window &window = layer().window;
  // Taps that are neighbours are read together.
  bool isRow = window.dilations[1] == 1 && from().pixel == pass.shape.lanes;
  int64_t taps = isRow ? 1 : window.kernel[1];
  int64_t lanes =
      isRow ? window.kernel[1] * pass.shape.lanes : pass.shape.lanes;
  return machine.rows * layer().inputTerms.size() * window.kernel[0] * taps *
         divideCeil(lanes, 2 * machine.lanes);
}

int64_t RoutineBuilder::getProductCycles(const Pass &pass) const {
  return pass.tiles * std::max(getSteps(pass.shape), getDrain());
}

/// Pixels of the chunks of a band. The first one is what whole groups leave
/// over, so that the array starts early, as it does with the next ones where
/// `atStart` are asked for; each behind them is gathered while those before are
/// multiplied; the last ones are small, so that their results leave early.
std::vector<Chunk> RoutineBuilder::cutPixels(const BandPlan &band,
                                             const Pass &pass,
                                             int64_t atStart) const {
  int64_t rows = machine.rows,
          group = layer().inputTerms.size() * pass.shape.words;
  int64_t pixels = band.samples * band.getRows() * layer().to.width, pixel = 0;
  int64_t gather = getGatherCycles(pass), multiply = getProductCycles(pass);
  // Long ones would only save instructions.
  int64_t mostCycles = isShort(pass.shape) ? 4096 : 1024;
  int64_t most =
      std::min(machine.abufWords / (4 * group), mostCycles / multiply);
  most = std::max<int64_t>(most, 1);
  int64_t load = from().base ? 0
                             : band.getInputRows() * from().getRow() *
                                   from().shape.bits / beatLanes *
                                   band.samples * rows / pixels;
  std::vector<Chunk> chunks;
  auto take = [&](int64_t count) {
    count = std::min(count, pixels - pixel);
    chunks.push_back({pixel, pixel + count, 0});
    pixel += count;
  };
  take(pixels % rows == 0 ? rows : pixels % rows);
  int64_t done = 1;
  while (pixel != pixels) {
    int64_t left = (pixels - pixel) / rows, count = most;
    if (static_cast<int64_t>(chunks.size()) < atStart)
      count = isShort(pass.shape) ? std::min<int64_t>(most, 3) : 1;
    else if (pass.isStart)
      count = std::clamp(std::min(done * (multiply - gather) / gather,
                                  done * (multiply - load) / (load + gather)),
                         int64_t(1), most);
    if (pass.isLast && left < 2 * count)
      count = divideCeil(left, 2);
    take(count * rows);
    done += count;
  }
  return chunks;
}

/// Gathers a chunk.
void RoutineBuilder::addGather(BandPlan &band, const Pass &pass, Chunk &chunk) {
  loadPixels(band, chunk.end);
  int64_t width = layer().to.width,
          groups = divideCeil(chunk.end - chunk.first, machine.rows);
  int64_t row = chunk.first / width;
  chunk.abuf =
      abuf.place(groups * layer().inputTerms.size() * pass.shape.words);
  Gather gather;
  gather.abuf = chunk.abuf;
  gather.image = row / band.getRows();
  gather.oy = band.output.first + row % band.getRows();
  gather.ox = chunk.first % width;
  gather.pixels = chunk.end - chunk.first;
  add(gather);
}

void RoutineBuilder::addPost(const BandPlan &band, const Pass &pass,
                             const Chunk &chunk, int64_t tile, int64_t tiles) {
  int64_t channel =
      pass.group * alignTo(layer().outputsPerGroup(), machine.columns) +
      (pass.tile + tile) * machine.columns;
  PostProcess post;
  post.pixels = chunk.end - chunk.first;
  post.tiles = tiles;
  if (layer().isRaw()) {
    int64_t first = (band.sample * layer().to.height + band.output.first) *
                        layer().to.width +
                    chunk.first;
    post.out = (first * getRawPixelBytes(layer(), machine) +
                channel * static_cast<int64_t>(sizeof(int32_t))) /
               instructionBytes;
    return add(post, rawSymbols[current]);
  }
  post.tbuf = pass.constants.entry + tile * getEntries();
  post.out = band.to.base + chunk.first * to().pixel + channel;
  add(post);
}

/// Multiplies a chunk by tiles of a pass and makes results of the sums.
void RoutineBuilder::addProduct(BandPlan &band, const Pass &pass,
                                const Chunk &chunk, int64_t tile,
                                int64_t tiles) {
  MatMul matmul;
  matmul.abuf = chunk.abuf;
  matmul.agroup = layer().inputTerms.size() * pass.shape.words;
  matmul.aplane = pass.shape.words;
  matmul.groups = divideCeil(chunk.end - chunk.first, machine.rows);
  matmul.wtile = getWeightWords(pass.shape);
  matmul.wbuf = pass.constants.word + tile * matmul.wtile;
  matmul.wplane = pass.shape.words;
  matmul.tiles = tiles;
  matmul.words = pass.shape.words;
  add(matmul);
  clearBand(band);
  addPost(band, pass, chunk, tile, tiles);
}

/// The first chunks of a pass, times all its tiles, in the order in which both
/// are there.
void RoutineBuilder::addStart(BandPlan &band, const Pass &pass,
                              MutableArrayRef<Chunk> chunks) {
  std::vector<PixelPiece> pixels;
  std::vector<ConstantPiece> constants;
  int64_t loaded = band.loaded, lanes = from().pixel * from().shape.bits;
  for (const Chunk &chunk : chunks) {
    int64_t end =
        from().base ? loaded : std::max(loaded, getInputEnd(band, chunk.end));
    int64_t count = chunk.end - chunk.first;
    pixels.push_back({(end - loaded) * lanes / beatLanes,
                      getGatherCycles(pass) * count / machine.rows,
                      static_cast<int64_t>(divideCeil(count, machine.rows))});
    loaded = end;
  }
  int64_t beats =
      getWeightWords(pass.shape) * machine.columns * machine.lanes / beatLanes +
      getEntries();
  for (int64_t tile = 0; tile < pass.tiles; tile += pass.tilesPerLoad) {
    int64_t tiles = std::min(pass.tilesPerLoad, pass.tiles - tile);
    constants.push_back({pass.isLoaded ? 0 : tiles * beats,
                         tiles * std::max(getSteps(pass.shape), getDrain())});
  }
  for (auto [chunk, piece] : orderStart(pixels, constants)) {
    int64_t tile = piece * pass.tilesPerLoad;
    int64_t tiles = std::min(pass.tilesPerLoad, pass.tiles - tile);
    if (piece < 0)
      addGather(band, pass, chunks[chunk]);
    else if (chunk >= 0)
      addProduct(band, pass, chunks[chunk], tile, tiles);
    else if (!pass.isLoaded)
      loadConstants(pass, tile, tiles);
  }
}

/// All pixels of a band times the tiles of a pass. At the start of a layer
/// weights arrive tile by tile.
void RoutineBuilder::addPass(BandPlan &band, const Pass &pass) {
  configureWindow(band, pass.shape.firstLane, pass.shape.lanes);
  add(makePlanes(layer()));
  configureResult(band);
  int64_t group = layer().inputTerms.size() * pass.shape.words;
  constexpr int64_t mostAtStart = 4;
  int64_t atStart =
      pass.isStart
          ? std::clamp<int64_t>(machine.abufWords / group / 2, 1, mostAtStart)
          : 1;
  std::vector<Chunk> chunks = cutPixels(band, pass, atStart);
  atStart = std::min<int64_t>(atStart, chunks.size());
  addStart(band, pass, llvm::MutableArrayRef(chunks).take_front(atStart));
  for (size_t i = 0; i < chunks.size(); ++i) {
    if (i >= static_cast<size_t>(atStart)) {
      addGather(band, pass, chunks[i]);
      addProduct(band, pass, chunks[i], 0, pass.tiles);
    }
    if (pass.isLast)
      storePixels(band, chunks[i].end);
  }
}

void RoutineBuilder::addGroup(BandPlan &band, int64_t group, bool isStart) {
  GroupShape shape = getGroupShape(layer(), from(), group, machine);
  int64_t passes = countPasses(shape);
  for (int64_t i = 0; i < passes; ++i) {
    // Of about the same size: gathers take as long for few tiles as for many.
    int64_t tile = divideCeil(i * shape.tiles, passes);
    int64_t tiles = divideCeil((i + 1) * shape.tiles, passes) - tile;
    bool isFirst = group == 0 && i == 0;
    bool isLast = group == layer().groups - 1 && i == passes - 1;
    Pass pass{group, tile,  tiles,   shape,  {},
              0,     false, isFirst, isLast, isFirst && isStart};
    placeConstants(pass);
    addPass(band, pass);
  }
}

void RoutineBuilder::addBand(BandPlan &band) {
  if (layer().isPool)
    return addPool(band);
  bool isStart = band.sample == 0 && band.output.first == 0;
  for (int64_t group = 0; group < layer().groups; ++group)
    addGroup(band, group, isStart);
}

void RoutineBuilder::addLayer(int64_t index) {
  current = index;
  int64_t height = layer().to.height, number = 0;
  for (int64_t sample = 0; sample < getSamples(); sample += own().samples)
    for (int64_t row = 0; row < height; row += own().bandRows) {
      BandPlan band = getBand(number++, sample,
                              {row, std::min(row + own().bandRows, height)});
      addBand(band);
    }
}

//===----------------------------------------------------------------------===//
// The routine
//===----------------------------------------------------------------------===//

void RoutineBuilder::build(std::vector<Port> &inputs,
                           std::vector<Port> &outputs) {
  createMemory(inputs, outputs);
  createConstants();
  for (size_t index = 0; index < layers.size(); ++index)
    addLayer(index);
  add(Halt());
}

ArrayAttr RoutineBuilder::getSymbols(ArrayRef<Port> ports) {
  SmallVector<Attribute> names;
  for (const Port &port : ports) {
    size_t index =
        port.map ? port.map - plan.maps.data() : port.layer - layers.data();
    names.push_back(FlatSymbolRefAttr::get(
        program.getContext(), port.map ? symbols[index] : rawSymbols[index]));
  }
  return ArrayAttr::get(program.getContext(), names);
}

RoutineOp bpa::createRoutine(ProgramOp program, StringRef name,
                             ArrayRef<Layer> layers, const MapPlan &plan,
                             std::vector<Port> &inputs,
                             std::vector<Port> &outputs) {
  auto builder = OpBuilder::atBlockEnd(&program.getBody().front());
  ArrayAttr none = builder.getArrayAttr({});
  auto routine =
      RoutineOp::create(builder, program.getLoc(), name, none, none,
                        plan.maps.front().samples, /*layers=*/nullptr);
  routine.getBody().emplaceBlock();
  RoutineBuilder routineBuilder(program, routine, layers, plan);
  routineBuilder.build(inputs, outputs);
  routine.setInputsAttr(routineBuilder.getSymbols(inputs));
  routine.setOutputsAttr(routineBuilder.getSymbols(outputs));
  return routine;
}
