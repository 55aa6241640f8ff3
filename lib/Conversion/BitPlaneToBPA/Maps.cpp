//===- Maps.cpp - Where feature maps lie ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Maps.h"
#include "llvm/ADT/Sequence.h"

#include <numeric>

using namespace mlir;
using namespace mlir::bpa;
using llvm::alignTo;

int64_t Map::getUsedLanes(const Configuration &machine) const {
  int64_t last = *std::max_element(lanes.begin(), lanes.end());
  return alignTo(last + 1, machine.columns);
}

Rows bpa::getInputRows(const Layer &layer, Rows output, int64_t samples) {
  if (samples > 1)
    return {0, layer.from.height};
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

/// Planes of a band are as far from each other as keeps the place of each lane
/// in its beat, because beats are copied whole.
Band bpa::getInputBand(const Map &map, int64_t buffer, Rows rows) {
  if (isWhole(map, rows))
    return {buffer, map.plane, map.getPitch()};
  int64_t size = (rows.end - rows.first) * map.getRow();
  return {buffer + rows.first * map.getRow() % beatLanes,
          static_cast<int64_t>(alignTo(size + beatLanes, beatLanes)) +
              map.plane % beatLanes,
          0};
}

/// Pixels of all samples lie one behind the other.
Band bpa::getOutputBand(const Map &map, int64_t buffer, Rows rows,
                        int64_t samples) {
  int64_t size = (rows.end - rows.first) * map.getRow();
  return {buffer, static_cast<int64_t>(alignTo(size * samples, beatLanes)),
          size};
}

/// Lanes that a buffer for such bands takes.
static int64_t getInputBuffer(const Map &map, Rows rows, int64_t samples) {
  if (isWhole(map, rows))
    return map.getPitch() * samples;
  Band band = getInputBand(map, /*buffer=*/0, rows);
  return alignTo(band.plane * map.shape.bits + beatLanes, beatLanes);
}

static int64_t getOutputBuffer(const Map &map, Rows rows, int64_t samples) {
  return getOutputBand(map, /*buffer=*/0, rows, samples).plane * map.shape.bits;
}

/// Lanes of all of a map that a layer made.
static int64_t getResidentSize(const Map &map) {
  return getOutputBuffer(map, {0, map.shape.height}, map.samples);
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
  MapPlanner(ArrayRef<Layer> layers, int64_t samples,
             const llvm::DenseSet<Value> &outputs, const Configuration &machine)
      : layers(layers), samples(samples), outputs(outputs), machine(machine) {}

  std::optional<MapPlan> run(const Layer *&problem);

private:
  void createMaps();
  std::optional<int64_t> findGap(Regions taken, int64_t size) const;
  Regions getTaken(int64_t layer) const;
  bool placePair(Regions &taken, int64_t size, int64_t count,
                 std::array<int64_t, 2> &buffers) const;
  bool placeBuffers(int64_t index, Regions taken, int64_t atOnce, int64_t rows,
                    int64_t count);
  SmallVector<int64_t> chooseSamples(int64_t index) const;
  bool placeBands(int64_t index, const Regions &taken);
  bool canPool(int64_t index) const;
  bool placePooledBands(int64_t index, Regions taken, int64_t rows,
                        int64_t count);
  bool placePooled(int64_t index, const Regions &taken, bool isWhole);
  bool placeMap(int64_t number, const Regions &taken,
                llvm::function_ref<bool(const Regions &)> placeOthers);
  bool place(int64_t index);
  std::optional<int64_t> findVictim(int64_t index) const;

  ArrayRef<Layer> layers;
  int64_t samples;
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
  for (Map &map : plan.maps)
    map.samples = samples;
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
      taken.push_back({*map.base, getResidentSize(map)});
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

/// Finds room for the buffers of layer `index` if bands have `atOnce` samples
/// and `rows` rows.
bool MapPlanner::placeBuffers(int64_t index, Regions taken, int64_t atOnce,
                              int64_t rows, int64_t count) {
  LayerPlan &own = plan.layers[index];
  const Layer &layer = layers[index];
  const Map &from = plan.maps[own.from];
  if (own.to >= 0 && !plan.maps[own.to].base) {
    int64_t size = getOutputBuffer(plan.maps[own.to], {0, rows}, atOnce);
    if (!placePair(taken, size, count, own.toBuffers))
      return false;
  }
  if (!from.base) {
    int64_t size = 0, height = layer.to.height;
    for (int64_t row = 0; row < height; row += rows) {
      Rows input =
          getInputRows(layer, {row, std::min(row + rows, height)}, atOnce);
      size = std::max(size, getInputBuffer(from, input, atOnce));
    }
    if (!placePair(taken, size, count, own.fromBuffers))
      return false;
  }
  own.samples = atOnce;
  own.bandRows = rows;
  return true;
}

/// How many samples layer `index` may compute at a time, best first: as few as
/// leave the fewest rows of the array without a pixel.
SmallVector<int64_t> MapPlanner::chooseSamples(int64_t index) const {
  const LayerPlan &own = plan.layers[index];
  const Map *to = own.to >= 0 ? &plan.maps[own.to] : nullptr;
  const Layer &layer = layers[index];
  int64_t pixels = layer.to.height * layer.to.width;
  SmallVector<int64_t> counts =
      llvm::to_vector(llvm::seq<int64_t>(1, samples + 1));
  // Stores of a sample begin at a beat.
  if (to && !to->base && pixels * to->pixel % beatLanes != 0)
    counts.resize(1);
  auto getWaste = [&](int64_t count) {
    int64_t groups = llvm::divideCeil(count * pixels, machine.rows);
    return double(groups * machine.rows) / double(count * pixels);
  };
  llvm::stable_sort(counts, [&](int64_t left, int64_t right) {
    return getWaste(left) < getWaste(right);
  });
  return counts;
}

/// Takes the largest bands that fit: samples, in pairs of bands where there are
/// more, or rows of a sample, also in pairs if they can be.
bool MapPlanner::placeBands(int64_t index, const Regions &taken) {
  const LayerPlan &own = plan.layers[index];
  int64_t height = layers[index].to.height;
  for (int64_t atOnce : chooseSamples(index))
    for (int64_t count : {2, 1})
      if ((count == 1 || atOnce < samples) &&
          placeBuffers(index, taken, atOnce, height, count))
        return true;
  const Map *to = own.to >= 0 ? &plan.maps[own.to] : nullptr;
  bool isStored = to && (!to->base || to->isOutput);
  int64_t step = isStored ? getRowStep(*to) : 1;
  for (int64_t count : {2, 1})
    for (int64_t rows = height / step * step; rows > 0; rows -= step)
      if (placeBuffers(index, taken, 1, rows, count))
        return true;
  return false;
}

/// Whether nothing but a pool reads the result of layer `index`, and follows
/// it.
bool MapPlanner::canPool(int64_t index) const {
  const LayerPlan &own = plan.layers[index];
  return index + 1 < static_cast<int64_t>(layers.size()) && own.to >= 0 &&
         layers[index + 1].isPool && plan.layers[index + 1].from == own.to &&
         plan.maps[own.to].last == index + 1 && !plan.maps[own.to].isOutput;
}

/// Finds room for the buffers of layer `index` and the pool behind it if bands
/// have `rows` rows of the pool's output. Rows that two bands pool are made
/// twice; where these are many, DRAM costs less.
bool MapPlanner::placePooledBands(int64_t index, Regions taken, int64_t rows,
                                  int64_t count) {
  LayerPlan &own = plan.layers[index], &pool = plan.layers[index + 1];
  const Map &from = plan.maps[own.from], &between = plan.maps[own.to];
  int64_t fromSize = 0, size = 0, height = layers[index + 1].to.height;
  int64_t numMade = 0;
  for (int64_t row = 0; row < height; row += rows) {
    Rows made =
        getInputRows(layers[index + 1], {row, std::min(row + rows, height)});
    numMade += made.end - made.first;
    size = std::max(size, getOutputBuffer(between, made, /*samples=*/1));
    Rows read = getInputRows(layers[index], made);
    fromSize = std::max(fromSize, getInputBuffer(from, read, /*samples=*/1));
  }
  if (4 * numMade > 5 * between.shape.height ||
      !placePair(taken, size, count, own.toBuffers) ||
      (!from.base && !placePair(taken, fromSize, count, own.fromBuffers)))
    return false;
  if (const Map &to = plan.maps[pool.to]; !to.base) {
    int64_t toSize = getOutputBuffer(to, {0, rows}, /*samples=*/1);
    if (!placePair(taken, toSize, count, pool.toBuffers))
      return false;
  }
  pool.fromBuffers = own.toBuffers;
  own.samples = pool.samples = 1;
  pool.bandRows = rows;
  return true;
}

/// Lets the pool behind layer `index` read what this one makes: all of it, or
/// the largest bands that fit, in pairs if they can be.
bool MapPlanner::placePooled(int64_t index, const Regions &taken,
                             bool isWhole) {
  const Map &to = plan.maps[plan.layers[index + 1].to];
  int64_t height = layers[index + 1].to.height;
  auto tryRows = [&](int64_t rows, int64_t count) {
    bool fits = placePooledBands(index, taken, rows, count);
    plan.maps[plan.layers[index].to].isPooled = fits;
    return fits;
  };
  if (isWhole)
    return tryRows(height, /*count=*/1);
  int64_t step = !to.base || to.isOutput ? getRowStep(to) : 1;
  for (int64_t count : {2, 1})
    for (int64_t rows = height / step * step; rows > 0; rows -= step)
      if (tryRows(rows, count))
        return true;
  return false;
}

/// Places map `number` on the chip, with the buffers that `placeOthers` finds
/// room for; else in DRAM.
bool MapPlanner::placeMap(
    int64_t number, const Regions &taken,
    llvm::function_ref<bool(const Regions &)> placeOthers) {
  if (number < 0 || evicted.contains(number))
    return placeOthers(taken);
  Map &map = plan.maps[number];
  bool isStorable = samples == 1 || !map.isOutput ||
                    map.getPixels() * map.pixel % beatLanes == 0;
  int64_t size = getResidentSize(map);
  if (auto base = isStorable ? findGap(taken, size) : std::nullopt) {
    Regions more = taken;
    more.push_back({*base, size});
    map.base = *base;
    if (placeOthers(more))
      return true;
    map.base.reset();
  }
  return placeOthers(taken);
}

/// Places the result of layer `index` and its buffers. A pool that reads
/// nothing else works meanwhile: on all of one sample if there is room, or on
/// bands where the result does not fit.
bool MapPlanner::place(int64_t index) {
  Regions taken = getTaken(index);
  auto placePair = [&](const Regions &now, bool isWhole) {
    return canPool(index) &&
           placeMap(plan.layers[index + 1].to, now, [&](const Regions &then) {
             return placePooled(index, then, isWhole);
           });
  };
  if (samples == 1 && placePair(taken, /*isWhole=*/true))
    return true;
  return placeMap(plan.layers[index].to, taken, [&](const Regions &now) {
    const LayerPlan &own = plan.layers[index];
    bool isInDram = own.to >= 0 && !plan.maps[own.to].base;
    return (isInDram && placePair(now, /*isWhole=*/false)) ||
           placeBands(index, now);
  });
}

/// The largest map on the chip while layer `index` works.
std::optional<int64_t> MapPlanner::findVictim(int64_t index) const {
  std::optional<int64_t> victim;
  for (auto [number, map] : llvm::enumerate(plan.maps))
    if (map.base && map.first < index && index <= map.last &&
        (!victim || getResidentSize(map) > getResidentSize(plan.maps[*victim])))
      victim = number;
  return victim;
}

std::optional<MapPlan> MapPlanner::run(const Layer *&problem) {
  createMaps();
  for (size_t index = 0; index < layers.size();) {
    if (place(index)) {
      int64_t to = plan.layers[index].to;
      index += to >= 0 && plan.maps[to].isPooled ? 2 : 1;
      continue;
    }
    std::optional<int64_t> victim = findVictim(index);
    if (!victim) {
      problem = &layers[index];
      return std::nullopt;
    }
    // Again from the start, without it.
    evicted.insert(*victim);
    for (Map &map : plan.maps) {
      map.base.reset();
      map.isPooled = false;
    }
    index = 0;
  }
  return std::move(plan);
}

std::optional<MapPlan> bpa::planMaps(ArrayRef<Layer> layers, int64_t samples,
                                     const llvm::DenseSet<Value> &outputs,
                                     const Configuration &machine,
                                     const Layer *&problem) {
  return MapPlanner(layers, samples, outputs, machine).run(problem);
}
