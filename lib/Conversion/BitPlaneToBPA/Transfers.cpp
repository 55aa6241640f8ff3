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

