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

#include "RoutineBuilder.h"

using namespace mlir;
using namespace mlir::bpa;
using llvm::alignTo;
using llvm::divideCeil;

/// Loads of constants are not cut into pieces of fewer beats.
static constexpr int64_t leastConstants = 32, leastThresholds = 16;

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

/// Room for the constants that `key` names, and whether they are there.
Constants RoutineBuilder::hold(std::array<int64_t, 3> key, int64_t words,
                               int64_t entries, bool &isHeld) {
  auto known =
      llvm::find_if(held, [&](auto &entry) { return entry.first == key; });
  isHeld = known != held.end();
  if (isHeld)
    return known->second;
  Constants constants{wbuf.place(words), words, tbuf.place(entries), entries};
  llvm::erase_if(held,
                 [&](auto &entry) { return entry.second.overlaps(constants); });
  held.push_back({key, constants});
  return constants;
}

/// Finds room for the constants of a pass, unless they are still there.
void RoutineBuilder::placeConstants(Pass &pass) {
  int64_t words = pass.tiles * getWeightWords(pass.shape);
  int64_t entries = pass.tiles * getEntries();
  pass.constants =
      hold({current, pass.group, pass.tile}, words, entries, pass.isLoaded);
  pass.tilesPerLoad = pass.tiles;
  if (pass.isLoaded || !pass.isStart)
    return;
  constexpr int64_t mostLoads = 16;
  int64_t beats =
      getWeightWords(pass.shape) * machine.columns * machine.lanes / beatLanes;
  // Behind its last tile `pp` writes codes, which leave LD the port of FMAP in
  // half of the cycles.
  auto least = static_cast<int64_t>(llvm::PowerOf2Ceil(
      divideCeil(3 * getFlush() / 2, getTileCycles(pass.shape))));
  pass.tilesPerLoad = std::max<int64_t>(
      {static_cast<int64_t>(divideCeil(leastConstants, beats)),
       static_cast<int64_t>(divideCeil(pass.tiles, mostLoads)),
       std::min<int64_t>(least, machine.lanes / machine.columns)});
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
  int64_t step = std::max<int64_t>(tiles, divideCeil(leastThresholds, entries));
  step = divideCeil(step, pass.tilesPerLoad) * pass.tilesPerLoad;
  if (tile % step != 0)
    return;
  load.space = static_cast<int64_t>(LoadSpace::Tbuf);
  load.dram = (pass.tile + tile) * entries;
  load.sram = pass.constants.entry + tile * entries;
  load.nx = std::min(step, pass.tiles - tile) * entries;
  add(load, thresholdSymbols[current][pass.group]);
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
  return pass.tiles * getTileCycles(pass.shape);
}

/// Groups of pixels of the chunk that begins at `pixel`, for each row of the
/// array one. At the start of a layer as many as are gathered while those
/// before are multiplied; the last ones are few, so that their results leave
/// early.
int64_t RoutineBuilder::chooseGroups(const BandPlan &band, const Pass &pass,
                                     int64_t pixel,
                                     const Clocks &clocks) const {
  int64_t words = layer().inputTerms.size() * pass.shape.words;
  // Long ones would only save instructions.
  int64_t mostCycles = isShort(pass.shape) ? 4096 : 1024;
  int64_t count = std::min(machine.abufWords / (4 * words),
                           mostCycles / getProductCycles(pass));
  int64_t pixels = getPixels(band),
          left = divideCeil(pixels - pixel, machine.rows);
  count = std::max<int64_t>(std::min(count, left), 1);
  while (count > 1 && pass.isStart) {
    Clocks then = clocks;
    int64_t end = std::min(pixel + count * machine.rows, pixels);
    if (gatherAhead(band, pass, end, count, then) <= clocks.getProductEnd())
      break;
    --count;
  }
  if (!pass.isLast)
    return count;
  // What is left behind this one lasts until this one's result has left.
  constexpr int64_t storeDelay = 100;
  int64_t cycles = getProductCycles(pass), beats = 0;
  if (!layer().isRaw())
    beats = machine.rows * to().pixel * to().shape.bits / beatLanes;
  return std::clamp<int64_t>((left * cycles - storeDelay) / (cycles + beats), 1,
                             count);
}

/// `pp` writes the codes of so many tiles together.
Clocks RoutineBuilder::makeClocks(const Pass &pass) const {
  int64_t together = machine.lanes / machine.columns;
  int64_t tiles = std::min(pass.tilesPerLoad, together);
  int64_t cycles = std::max(tiles * getTileCycles(pass.shape), getFlush() + 1);
  return Clocks(double(cycles) / double(cycles - getFlush()));
}

/// Loads and gathers `count` groups up to `end`; returns when they are there.
int64_t RoutineBuilder::gatherAhead(BandPlan band, const Pass &pass,
                                    int64_t end, int64_t count,
                                    Clocks &clocks) const {
  int64_t ready = clocks.loadMap(countBeats(takeLoads(band, end)));
  return clocks.gather(ready, count * getGatherCycles(pass));
}

/// Gathers a chunk.
void RoutineBuilder::addGather(BandPlan &band, const GroupShape &shape,
                               Chunk &chunk) {
  configureWindow(band, shape.firstLane, shape.lanes);
  loadPixels(band, chunk.end);
  int64_t width = layer().to.width,
          groups = divideCeil(chunk.end - chunk.first, machine.rows);
  int64_t row = chunk.first / width;
  chunk.abuf = abuf.place(groups * layer().inputTerms.size() * shape.words);
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

/// The first chunks of a pass: the very first one is what whole groups leave
/// over, so that the array starts early.
std::vector<Chunk> RoutineBuilder::cutStart(const BandPlan &band,
                                            const Pass &pass) const {
  constexpr int64_t most = 4;
  int64_t rows = machine.rows, pixels = getPixels(band), count = 1;
  int64_t words = layer().inputTerms.size() * pass.shape.words;
  if (pass.isStart)
    count = std::clamp<int64_t>(machine.abufWords / words / 2, 1, most);
  int64_t step = isShort(pass.shape) ? 3 * rows : rows;
  int64_t end =
      pixels % rows == 0 || isShort(pass.shape) ? rows : pixels % rows;
  end = std::min(end, pixels);
  std::vector<Chunk> chunks{{0, end, 0}};
  for (; --count > 0 && end + rows < pixels; end = chunks.back().end)
    chunks.push_back({end, std::min(end + step, pixels - rows), 0});
  return chunks;
}

/// The first chunks of a pass, times all its tiles, in the order in which both
/// are there. Advances `clocks` to their end.
void RoutineBuilder::addStart(BandPlan &band, const Pass &pass,
                              MutableArrayRef<Chunk> chunks, Clocks &clocks) {
  std::vector<PixelPiece> pixels;
  std::vector<ConstantPiece> constants;
  band.inParts = pass.isStart;
  BandPlan ahead = band;
  for (const Chunk &chunk : chunks) {
    int64_t count = chunk.end - chunk.first;
    pixels.push_back({countBeats(takeLoads(ahead, chunk.end)),
                      getGatherCycles(pass) * count / machine.rows,
                      static_cast<int64_t>(divideCeil(count, machine.rows)),
                      count % machine.rows == 0});
  }
  int64_t beats =
      getWeightWords(pass.shape) * machine.columns * machine.lanes / beatLanes +
      getEntries();
  for (int64_t tile = 0; tile < pass.tiles; tile += pass.tilesPerLoad) {
    int64_t tiles = std::min(pass.tilesPerLoad, pass.tiles - tile);
    constants.push_back(
        {pass.isLoaded ? 0 : tiles * beats, tiles * getTileCycles(pass.shape)});
  }
  PixelPiece next{};
  if (chunks.back().end != getPixels(band))
    next = {
        countBeats(takeLoads(ahead, std::min(chunks.back().end + machine.rows,
                                             getPixels(band)))),
        getGatherCycles(pass), 1, true};
  // `pp` writes codes before the next one drains.
  int64_t delay =
      std::max<int64_t>(0, getFlush() - getTileCycles(pass.shape) + 4);
  for (auto [chunk, piece, numChunks, numPieces] :
       orderStart(pixels, constants, next, delay, clocks)) {
    int64_t tile = piece * pass.tilesPerLoad;
    int64_t tiles = std::min(numPieces * pass.tilesPerLoad, pass.tiles - tile);
    if (piece < 0)
      addGather(band, pass.shape, chunks[chunk]);
    else if (chunk < 0 && !pass.isLoaded)
      loadConstants(pass, tile, tiles);
    else if (chunk >= 0)
      addProducts(band, pass, chunks.slice(chunk, numChunks), tile, tiles);
  }
  band.inParts = false;
}

/// Multiplies chunks, as many at a time as lie one behind the other.
void RoutineBuilder::addProducts(BandPlan &band, const Pass &pass,
                                 ArrayRef<Chunk> chunks, int64_t tile,
                                 int64_t tiles) {
  int64_t words = layer().inputTerms.size() * pass.shape.words;
  Chunk joined = chunks.front();
  for (const Chunk &chunk : chunks.drop_front()) {
    int64_t groups = (joined.end - joined.first) / machine.rows;
    if (joined.abuf + groups * words == chunk.abuf) {
      joined.end = chunk.end;
      continue;
    }
    addProduct(band, pass, joined, tile, tiles);
    joined = chunk;
  }
  addProduct(band, pass, joined, tile, tiles);
}

/// All pixels of a band times the tiles of a pass. At the start of a layer
/// weights arrive tile by tile; each chunk behind it is gathered while those
/// before are multiplied.
void RoutineBuilder::addPass(BandPlan &band, const Pass &pass) {
  configurePlanes();
  configureResult(band);
  std::vector<Chunk> chunks = cutStart(band, pass);
  Clocks clocks = makeClocks(pass);
  addStart(band, pass, chunks, clocks);
  if (pass.isLast)
    storePixels(band, chunks.back().end);
  for (int64_t pixel = chunks.back().end; pixel != getPixels(band);) {
    int64_t count = chooseGroups(band, pass, pixel, clocks);
    Chunk chunk{pixel, std::min(pixel + count * machine.rows, getPixels(band)),
                0};
    int64_t ready = gatherAhead(band, pass, chunk.end, count, clocks);
    clocks.multiply(ready, count * getProductCycles(pass));
    addGather(band, pass.shape, chunk);
    pixel = chunk.end;
    if (pass.isLast && pixel == getPixels(band) && canSplitLast(band, chunk)) {
      addLast(band, pass, chunk);
      continue;
    }
    addProduct(band, pass, chunk, 0, pass.tiles);
    if (pass.isLast)
      storePixels(band, chunk.end);
    if (pass.isLast && !pooled.empty())
      addPooledRows(chunk, getPoolDelay(pass));
  }
}

/// Whether pixels of the last chunk of a band are stored beat by beat.
bool RoutineBuilder::canSplitLast(const BandPlan &band,
                                  const Chunk &chunk) const {
  int64_t pixels = own().to < 0 ? 1 : band.getRows() * to().shape.width;
  return isStored() && layer().groups == 1 && to().pixel % beatLanes == 0 &&
         to().pixel > beatLanes &&
         band.stored / pixels == (chunk.end - 1) / pixels;
}

/// The last product of a band: the last beat of pixels is stored alone, so that
/// the last store is short.
void RoutineBuilder::addLast(BandPlan &band, const Pass &pass,
                             const Chunk &chunk) {
  int64_t beats = to().pixel / beatLanes;
  int64_t tiles = std::clamp<int64_t>(
      (beats - 1) * beatLanes / machine.columns - pass.tile, 0, pass.tiles);
  if (tiles > 0)
    addProduct(band, pass, chunk, 0, tiles);
  storeBeats(band, chunk.end, 0, beats - 1);
  if (tiles < pass.tiles)
    addProduct(band, pass, chunk, tiles, pass.tiles - tiles);
  storeBeats(band, chunk.end, beats - 1, beats);
  band.stored = chunk.end;
}

void RoutineBuilder::addGroup(BandPlan &band, int64_t group, bool isStart) {
  std::vector<GroupShape> parts = getParts(layer(), from(), group, machine);
  if (parts.size() > 1)
    return addParts(band, group, parts);
  const GroupShape &shape = parts.front();
  int64_t passes = countPasses(shape);
  for (int64_t i = 0; i < passes; ++i) {
    // Of about the same size: gathers take as long for few tiles as for many.
    int64_t tile = divideCeil(i * shape.tiles, passes);
    int64_t tiles = divideCeil((i + 1) * shape.tiles, passes) - tile;
    bool isLast = group == layer().groups - 1 && i == passes - 1;
    Pass pass{group, tile,   tiles,
              shape, {},     0,
              false, isLast, isStart && group == 0 && i == 0};
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
  if (own().to >= 0 && to().isPooled)
    return addPooled(index);
  if (from().isPooled)
    return;
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
  auto routine = RoutineOp::create(builder, program.getLoc(), name, none, none,
                                   plan.maps.front().samples);
  routine.getBody().emplaceBlock();
  RoutineBuilder routineBuilder(program, routine, layers, plan);
  routineBuilder.build(inputs, outputs);
  routine.setInputsAttr(routineBuilder.getSymbols(inputs));
  routine.setOutputsAttr(routineBuilder.getSymbols(outputs));
  return routine;
}
