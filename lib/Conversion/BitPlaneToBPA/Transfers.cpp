//===- Transfers.cpp - Feature maps between DRAM and the chip -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RoutineBuilder.h"

#include <numeric>

using namespace mlir;
using namespace mlir::bpa;
using llvm::alignTo;
using llvm::divideCeil;

/// Transfers are not cut into pieces of fewer beats: of a plane that is loaded,
/// of a plane that is stored.
static constexpr int64_t leastLoad = 16, leastStore = 8;

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
  } else if (from().isPooled) {
    band.from = getOutputBand(from(), own().fromBuffers[number % 2], band.input,
                              samples);
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

/// Whether rows of the input are whole beats, so that parts of them can be
/// loaded.
bool RoutineBuilder::hasWholeRows() const {
  return from().getRow() % beatLanes == 0 && from().plane % beatLanes == 0;
}

/// Rows from one that windows read to the next: those between stay in DRAM.
int64_t RoutineBuilder::getRowStep() const {
  const Window &window = layer().window;
  bool hasGaps = window.kernel[0] == 1 && window.pads[0] == 0;
  return hasGaps && hasWholeRows() ? window.strides[0] : 1;
}

/// The load of pixels `first` to `end` - 1 of the band from a sample, where
/// those before are there; planes may begin at different places of a beat.
void RoutineBuilder::loadPiece(const BandPlan &band, int64_t sample,
                               int64_t first, int64_t end,
                               std::vector<Load> &loads) const {
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
      loads.push_back(load);
  }
}

/// The load of `count` rows of a sample, one in `step`, from these columns on.
/// Columns begin and end at beats.
void RoutineBuilder::loadBlock(const BandPlan &band, int64_t sample,
                               int64_t firstRow, int64_t count, int64_t step,
                               Columns columns,
                               std::vector<Load> &loads) const {
  const Map &map = from();
  int64_t lane = firstRow * map.getRow() + columns.first * map.pixel;
  Load load;
  load.dram = ((band.sample + sample) * map.getPitch() +
               band.input.first * map.getRow() + lane) /
              beatLanes;
  load.sram = (band.from.base + sample * band.from.image + lane) / beatLanes;
  load.nx = (columns.end - columns.first) * map.pixel / beatLanes;
  int64_t dramPlane = map.plane / beatLanes,
          sramPlane = band.from.plane / beatLanes, planes = map.shape.bits;
  // Rows of all planes where there is one, else plane by plane.
  load.ny = count == 1 ? planes : count;
  load.dstride = count == 1 ? dramPlane : step * map.getRow() / beatLanes;
  load.sstride = count == 1 ? sramPlane : load.dstride;
  for (int64_t plane = 0; plane < (count == 1 ? 1 : planes); ++plane) {
    loads.push_back(load);
    load.dram += dramPlane;
    load.sram += sramPlane;
  }
}

/// Input rows of a band, through all samples, up to the last one that the
/// windows of output pixels before `pixel` read.
int64_t RoutineBuilder::getInputEnd(const BandPlan &band, int64_t pixel) const {
  int64_t last = (pixel - 1) / layer().to.width;
  int64_t sample = last / band.getRows(),
          row = band.output.first + last % band.getRows();
  int64_t rows =
      bpa::getInputRows(layer(), {row, row + 1}).end - band.input.first;
  return sample * band.getInputRows() + rows;
}

/// Columns of the input that the first `pixels` windows of a row read, in whole
/// beats of some length; all of them where few are left.
int64_t RoutineBuilder::getColumnEnd(int64_t pixels) const {
  constexpr int64_t least = 4;
  const Window &window = layer().window;
  int64_t width = from().shape.width,
          end = (pixels - 1) * window.strides[1] - window.pads[1] +
                (window.kernel[1] - 1) * window.dilations[1] + 1;
  int64_t step = beatLanes / std::gcd(from().pixel, beatLanes);
  step = alignTo(divideCeil(least * beatLanes, from().pixel), step);
  end = alignTo(std::max<int64_t>(end, 1), step);
  return end + step > width ? width : end;
}

/// Appends the loads of rows up to `end`, through all samples.
void RoutineBuilder::loadRows(BandPlan &band, int64_t end,
                              std::vector<Load> &loads) const {
  int64_t width = from().shape.width, rows = band.getInputRows();
  int64_t step = getRowStep();
  int64_t least = divideCeil(leastLoad * beatLanes, from().getRow());
  while (band.loaded < end) {
    int64_t border = alignTo(band.loaded + 1, rows);
    int64_t sample = band.loaded / rows, start = sample * rows;
    int64_t next = std::min(std::max(end, band.loaded + least), border);
    if (border - next < least)
      next = border;
    int64_t row = band.loaded - start;
    if (step == 1) {
      loadPiece(band, sample, row * width, (next - start) * width, loads);
    } else if (row = alignTo(row, step); row < next - start) {
      int64_t count = divideCeil(next - start - row, step);
      loadBlock(band, sample, row, count, step, {0, width}, loads);
    }
    band.loaded = next;
  }
}

/// Appends the loads of columns up to `end` of the rows behind the last whole
/// one up to `rows`.
void RoutineBuilder::loadColumns(BandPlan &band, int64_t rows, int64_t end,
                                 std::vector<Load> &loads) const {
  if (band.loaded >= rows || band.columns >= end)
    return;
  int64_t width = from().shape.width;
  if (band.columns == 0 && end == width)
    return loadRows(band, rows, loads);
  int64_t sample = band.loaded / band.getInputRows(),
          start = sample * band.getInputRows();
  int64_t row = alignTo(band.loaded - start, getRowStep());
  loadBlock(band, sample, row, rows - start - row, /*step=*/1,
            {band.columns, end}, loads);
  band.columns = end % width;
  band.partEnd = rows;
  if (end == width)
    band.loaded = rows;
}

/// The loads of what windows of the output pixels before `pixel` read, as far
/// as it was not loaded: whole rows, or in parts.
std::vector<Load> RoutineBuilder::takeLoads(BandPlan &band,
                                            int64_t pixel) const {
  std::vector<Load> loads;
  if (from().base || from().isPooled)
    return loads;
  int64_t width = layer().to.width, row = (pixel - 1) / width;
  int64_t end = getInputEnd(band, pixel);
  if (band.columns != 0 && (end > band.partEnd || !band.inParts))
    loadColumns(band, band.partEnd, from().shape.width, loads);
  if (!band.inParts || !hasWholeRows()) {
    loadRows(band, end, loads);
    return loads;
  }
  if (row > 0)
    loadRows(band, getInputEnd(band, row * width), loads);
  loadColumns(band, end, getColumnEnd(pixel - row * width), loads);
  return loads;
}

int64_t RoutineBuilder::countBeats(ArrayRef<Load> loads) {
  int64_t beats = 0;
  for (const Load &load : loads)
    beats += load.nx * load.ny;
  return beats;
}

/// Brings what windows of the output pixels before `pixel` read.
void RoutineBuilder::loadPixels(BandPlan &band, int64_t pixel) {
  for (const Load &load : takeLoads(band, pixel))
    add(load, symbols[own().from]);
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

/// Takes beats `first` to `end` - 1 of each of the band's pixels before `pixel`
/// that are not in DRAM: they are whole beats, of one sample.
void RoutineBuilder::storeBeats(const BandPlan &band, int64_t pixel,
                                int64_t first, int64_t end) {
  const Map &map = to();
  int64_t pixels = band.getRows() * map.shape.width, start = band.stored;
  int64_t place = band.output.first * map.shape.width + start % pixels;
  Store store;
  store.nx = end - first;
  store.ny = pixel - start;
  store.dstride = store.sstride = map.pixel / beatLanes;
  for (int64_t plane = 0; plane < map.shape.bits; ++plane) {
    store.dram = ((band.sample + start / pixels) * map.getPitch() +
                  plane * map.plane + place * map.pixel) /
                     beatLanes +
                 first;
    store.sram =
        (band.to.base + plane * band.to.plane + start * map.pixel) / beatLanes +
        first;
    if (store.nx > 0)
      add(store, symbols[own().to]);
  }
}

/// Takes the pixels before `pixel` to DRAM, as far as they are whole beats and
/// enough of them, or the last ones.
void RoutineBuilder::storePixels(BandPlan &band, int64_t pixel) {
  if (!isStored())
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
