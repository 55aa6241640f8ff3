//===- Maps.cpp - Where feature maps lie ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Maps.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace mlir::bpa;
using llvm::alignTo;

int64_t Map::getUsedLanes(const Configuration &machine) const {
  int64_t last = *std::max_element(lanes.begin(), lanes.end());
  return alignTo(last + 1, machine.columns);
}

Rows bpa::getInputRows(const Layer &layer, Rows output) {
  const Window &window = layer.window;
  int64_t first = output.first * window.strides[0] - window.pads[0];
  int64_t end = (output.end - 1) * window.strides[0] - window.pads[0] +
                (window.kernel[0] - 1) * window.dilations[0] + 1;
  first = std::clamp<int64_t>(first, 0, layer.from.height - 1);
  return {first, std::clamp<int64_t>(end, first + 1, layer.from.height)};
}

//===----------------------------------------------------------------------===//
// Bands
//===----------------------------------------------------------------------===//

static bool isWhole(const Map &map, Rows rows) {
  return rows.first == 0 && rows.end == map.shape.height;
}

/// Planes of a band are as far from each other as keeps the place of each lane in
/// its beat, because beats are copied whole.
Band bpa::getInputBand(const Map &map, int64_t buffer, Rows rows) {
  if (isWhole(map, rows))
    return {buffer, map.plane};
  int64_t size = (rows.end - rows.first) * map.getRow();
  return {buffer + rows.first * map.getRow() % beatLanes,
          static_cast<int64_t>(alignTo(size + beatLanes, beatLanes)) +
              map.plane % beatLanes};
}

Band bpa::getOutputBand(const Map &map, int64_t buffer, Rows rows) {
  int64_t size = (rows.end - rows.first) * map.getRow();
  return {buffer, static_cast<int64_t>(alignTo(size, beatLanes))};
}

/// Lanes that a buffer for such bands takes.
static int64_t getInputBuffer(const Map &map, Rows rows) {
  Band band = getInputBand(map, /*buffer=*/0, rows);
  int64_t slack = isWhole(map, rows) ? 0 : beatLanes;
  return alignTo(band.plane * map.shape.bits + slack, beatLanes);
}

static int64_t getOutputBuffer(const Map &map, Rows rows) {
  return getOutputBand(map, /*buffer=*/0, rows).plane * map.shape.bits;
}

/// Bands of a map in DRAM start at beats.
static int64_t getRowStep(const Map &map) {
  return beatLanes / std::gcd(map.getRow(), beatLanes);
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

/// The layout of packed words, planes apart.
static Map makeHostMap(MapShape shape) {
  Map map;
  map.shape = shape;
  map.pixel = bitplane::paddedChannels(shape.channels);
  map.lanes.resize(shape.channels);
  std::iota(map.lanes.begin(), map.lanes.end(), 0);
  return map;
}

/// Groups of output channels start at multiples of a tile.
static Map makeGroupedMap(const Layer &layer, const Configuration &machine) {
  Map map;
  map.shape = layer.to;
  int64_t group = alignTo(layer.outputsPerGroup(), machine.columns);
  map.pixel = group * layer.groups;
  for (int64_t channel = 0; channel < layer.to.channels; ++channel)
    map.lanes.push_back(channel / layer.outputsPerGroup() * group +
                        channel % layer.outputsPerGroup());
  return map;
}

//===----------------------------------------------------------------------===//
// Placement
//===----------------------------------------------------------------------===//

namespace {

/// Lanes of FMAP that are taken: start and size.
using Regions = std::vector<std::pair<int64_t, int64_t>>;

class MapPlanner {
public:
  MapPlanner(ArrayRef<Layer> layers, const llvm::DenseSet<Value> &outputs,
             const Configuration &machine)
      : layers(layers), outputs(outputs), machine(machine) {}

  std::optional<MapPlan> run(const Layer *&problem);

private:
  void createMaps();
  std::optional<int64_t> findGap(Regions taken, int64_t size) const;
  Regions getTaken(int64_t layer) const;
  bool placePair(Regions &taken, int64_t size, int64_t count,
                 std::array<int64_t, 2> &buffers) const;
  bool placeBuffers(int64_t index, Regions taken, int64_t rows, int64_t count);
  bool placeBands(int64_t index, const Regions &taken);
  bool place(int64_t index);
  std::optional<int64_t> findVictim(int64_t index) const;

  ArrayRef<Layer> layers;
  const llvm::DenseSet<Value> &outputs;
  const Configuration &machine;
  MapPlan plan;
  /// Maps that have to leave the chip.
  llvm::DenseSet<int64_t> evicted;
};

} // namespace

void MapPlanner::createMaps() {
  llvm::DenseMap<Value, int64_t> known;
  for (auto [index, layer] : llvm::enumerate(layers)) {
    LayerPlan &own = plan.layers.emplace_back();
    auto [entry, isNew] = known.try_emplace(layer.input, plan.maps.size());
    if (isNew) {
      Map &map = plan.maps.emplace_back(makeHostMap(layer.from));
      map.plane = map.shape.height * map.getRow();
      map.isInput = true;
    }
    own.from = entry->second;
    plan.maps[own.from].last = index;
    if (layer.isRaw())
      continue;
    bool isOutput = outputs.contains(layer.result);
    Map map;
    if (layer.isPool) {
      map = plan.maps[own.from];
      map.shape.height = layer.to.height;
      map.shape.width = layer.to.width;
      map.isInput = false;
    } else {
      map = isOutput ? makeHostMap(layer.to) : makeGroupedMap(layer, machine);
    }
    if (isOutput)
      map.pixel = bitplane::paddedChannels(map.shape.channels);
    map.plane = alignTo(map.shape.height * map.getRow(), beatLanes);
    map.isOutput = isOutput;
    map.first = map.last = index;
    own.to = plan.maps.size();
    known[layer.result] = own.to;
    plan.maps.push_back(std::move(map));
  }
}

std::optional<int64_t> MapPlanner::findGap(Regions taken, int64_t size) const {
  llvm::sort(taken);
  int64_t end = 0;
  for (auto [start, length] : taken) {
    if (start - end >= size)
      return end;
    end = std::max(end, start + length);
  }
  int64_t lanes = int64_t(machine.fmapWords) * machine.lanes;
  return lanes - end >= size ? std::optional(end) : std::nullopt;
}

Regions MapPlanner::getTaken(int64_t layer) const {
  Regions taken;
  for (const Map &map : plan.maps)
    if (map.base && map.first <= layer && layer <= map.last)
      taken.push_back({*map.base, map.getSize()});
  return taken;
}

/// Finds room for `count` buffers of `size` lanes, one or two.
bool MapPlanner::placePair(Regions &taken, int64_t size, int64_t count,
                           std::array<int64_t, 2> &buffers) const {
  for (int64_t i = 0; i < count; ++i) {
    auto base = findGap(taken, size);
    if (!base)
      return false;
    buffers[i] = *base;
    taken.push_back({*base, size});
  }
  if (count == 1)
    buffers[1] = buffers[0];
  return true;
}

/// Finds room for the buffers of layer `index` if bands have `rows` rows.
bool MapPlanner::placeBuffers(int64_t index, Regions taken, int64_t rows,
                              int64_t count) {
  LayerPlan &own = plan.layers[index];
  const Layer &layer = layers[index];
  const Map &from = plan.maps[own.from];
  if (own.to >= 0 && !plan.maps[own.to].base) {
    int64_t size = getOutputBuffer(plan.maps[own.to], {0, rows});
    if (!placePair(taken, size, count, own.toBuffers))
      return false;
  }
  if (!from.base) {
    int64_t size = 0;
    for (int64_t row = 0; row < layer.to.height; row += rows)
      size = std::max(size, getInputBuffer(
                                from, getInputRows(layer, {row, std::min(row + rows,
                                                                layer.to.height)})));
    if (!placePair(taken, size, count, own.fromBuffers))
      return false;
  }
  own.bandRows = rows;
  return true;
}

/// Takes the largest bands that fit: the whole map, or pairs of bands, or bands.
bool MapPlanner::placeBands(int64_t index, const Regions &taken) {
  const LayerPlan &own = plan.layers[index];
  int64_t height = layers[index].to.height;
  bool isBanded = own.to >= 0 && !plan.maps[own.to].base;
  int64_t step = isBanded ? getRowStep(plan.maps[own.to]) : 1;
  if (placeBuffers(index, taken, height, /*count=*/1))
    return true;
  for (int64_t count : {2, 1})
    for (int64_t rows = height / step * step; rows > 0; rows -= step)
      if (placeBuffers(index, taken, rows, count))
        return true;
  return false;
}

/// Places the result of layer `index` and its buffers.
bool MapPlanner::place(int64_t index) {
  LayerPlan &own = plan.layers[index];
  Regions taken = getTaken(index);
  if (own.to >= 0 && !evicted.contains(own.to)) {
    Map &to = plan.maps[own.to];
    if (auto base = findGap(taken, to.getSize())) {
      Regions more = taken;
      more.push_back({*base, to.getSize()});
      to.base = *base;
      if (placeBands(index, more))
        return true;
      to.base.reset();
    }
  }
  return placeBands(index, taken);
}

/// The largest map on the chip while layer `index` works.
std::optional<int64_t> MapPlanner::findVictim(int64_t index) const {
  std::optional<int64_t> victim;
  for (auto [number, map] : llvm::enumerate(plan.maps))
    if (map.base && map.first < index && index <= map.last &&
        (!victim || map.getSize() > plan.maps[*victim].getSize()))
      victim = number;
  return victim;
}

std::optional<MapPlan> MapPlanner::run(const Layer *&problem) {
  createMaps();
  for (size_t index = 0; index < layers.size();) {
    if (place(index)) {
      ++index;
      continue;
    }
    std::optional<int64_t> victim = findVictim(index);
    if (!victim) {
      problem = &layers[index];
      return std::nullopt;
    }
    // Again from the start, without it.
    evicted.insert(*victim);
    for (Map &map : plan.maps)
      map.base.reset();
    index = 0;
  }
  return std::move(plan);
}

std::optional<MapPlan> bpa::planMaps(ArrayRef<Layer> layers,
                                     const llvm::DenseSet<Value> &outputs,
                                     const Configuration &machine,
                                     const Layer *&problem) {
  return MapPlanner(layers, outputs, machine).run(problem);
}
