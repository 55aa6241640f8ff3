//===- Parts.cpp - Layers whose windows do not fit ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Windows are cut by channels. The array keeps the sums of one tile of one
// group of pixels from part to part, so each tile needs all parts of its
// windows and weights one after the other. What the buffers still hold is not
// brought again.
//
//===----------------------------------------------------------------------===//

#include "RoutineBuilder.h"

using namespace mlir;
using namespace mlir::bpa;
using llvm::divideCeil;

/// Gathers a part of the windows of a chunk, unless it is there; returns where.
int64_t RoutineBuilder::gatherPart(BandPlan &band, const GroupShape &part,
                                   Chunk &chunk) {
  for (const GatheredPart &known : gathered)
    if (known.pixel == chunk.first && known.channel == part.firstChannel)
      return known.abuf;
  addGather(band, part, chunk);
  int64_t words = layer().inputTerms.size() * part.words;
  llvm::erase_if(gathered, [&](const GatheredPart &known) {
    return known.abuf < chunk.abuf + words &&
           chunk.abuf < known.abuf + known.words;
  });
  gathered.push_back({chunk.first, part.firstChannel, chunk.abuf, words});
  return chunk.abuf;
}

/// Brings a part of the weights of a tile, unless it is there; returns where.
int64_t RoutineBuilder::loadPart(int64_t group, ArrayRef<GroupShape> parts,
                                 int64_t tile, int64_t number) {
  int64_t words = getWeightWords(parts[number]), before = 0, all = 0;
  for (auto [index, part] : llvm::enumerate(parts)) {
    before += static_cast<int64_t>(index) < number ? getWeightWords(part) : 0;
    all += getWeightWords(part);
  }
  bool isHeld;
  int64_t count = parts.size();
  Constants constants =
      hold({current, group, tile * count + number}, words, 0, isHeld);
  if (isHeld)
    return constants.word;
  int64_t rowBeats = machine.columns * machine.lanes / beatLanes;
  Load load;
  load.space = static_cast<int64_t>(LoadSpace::Wbuf);
  load.dram = (tile * all + before) * rowBeats;
  load.sram = constants.word * rowBeats;
  load.nx = words * rowBeats;
  add(load, weightSymbols[current][group]);
  return constants.word;
}

/// Brings the thresholds of a tile, unless they are there.
void RoutineBuilder::loadThresholds(Pass &pass) {
  int64_t entries = getEntries();
  if (entries == 0)
    return;
  // Numbers of tiles are those of weights.
  pass.constants =
      hold({current, pass.group, -1 - pass.tile}, 0, entries, pass.isLoaded);
  if (pass.isLoaded)
    return;
  Load load;
  load.space = static_cast<int64_t>(LoadSpace::Tbuf);
  load.dram = pass.tile * entries;
  load.sram = pass.constants.entry;
  load.nx = entries;
  add(load, thresholdSymbols[current][pass.group]);
}

/// A tile of a group of pixels. Every other tile takes the parts backwards: the
/// last ones are still there.
void RoutineBuilder::addTile(BandPlan &band, Pass &pass,
                             ArrayRef<GroupShape> parts, Chunk &chunk,
                             bool isBackward) {
  int64_t count = parts.size();
  for (int64_t i = 0; i < count; ++i) {
    int64_t number = isBackward ? count - 1 - i : i;
    const GroupShape &part = parts[number];
    MatMul matmul;
    matmul.abuf = gatherPart(band, part, chunk);
    matmul.aplane = matmul.wplane = matmul.words = part.words;
    matmul.wbuf = loadPart(pass.group, parts, pass.tile, number);
    matmul.resume = i != 0;
    matmul.keep = i + 1 != count;
    add(matmul);
  }
  clearBand(band);
  loadThresholds(pass);
  addPost(band, pass, chunk, /*tile=*/0, /*tiles=*/1);
}

/// All pixels of a band times a group of channels. Where the gather buffer
/// holds a whole window, tile follows tile; else group of pixels follows group,
/// so that weights are brought once if they can be.
void RoutineBuilder::addParts(BandPlan &band, int64_t group,
                              ArrayRef<GroupShape> parts) {
  configurePlanes();
  configureResult(band);
  gathered.clear();
  int64_t words = 0, rows = machine.rows, pixels = getPixels(band);
  for (const GroupShape &part : parts)
    words += layer().inputTerms.size() * part.words;
  bool holdsWindow = words <= machine.abufWords;
  int64_t groups = divideCeil(pixels, rows), tiles = parts.front().tiles;
  for (int64_t i = 0; i < groups * tiles; ++i) {
    int64_t tile = holdsWindow ? i % tiles : i / groups;
    int64_t first = (holdsWindow ? i / tiles : i % groups) * rows;
    Chunk chunk{first, std::min(first + rows, pixels), 0};
    Pass pass{};
    pass.group = group;
    pass.tile = tile;
    addTile(band, pass, parts, chunk, /*isBackward=*/i % 2 != 0);
    bool isDone = holdsWindow ? tile + 1 == tiles : i + 1 == groups * tiles;
    if (isDone && group == layer().groups - 1)
      storePixels(band, holdsWindow ? chunk.end : pixels);
  }
}
