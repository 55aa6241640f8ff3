//===- Pools.cpp - Pools, alone and behind a layer ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RoutineBuilder.h"

using namespace mlir;
using namespace mlir::bpa;
using llvm::divideCeil;

/// A row of the output of a pool.
void RoutineBuilder::addPoolRow(BandPlan &band, int64_t row) {
  configureWindow(band, /*firstLane=*/0, to().getUsedLanes(machine));
  ConfigurePool output;
  output.sign = layer().isSigned;
  output.pixel = to().pixel;
  output.plane = band.to.plane;
  add(output);
  int64_t width = layer().to.width, rows = band.getRows();
  loadPixels(band, (row + 1) * width);
  clearBand(band);
  Pool pool;
  pool.pixels = width;
  pool.image = row / rows;
  pool.oy = band.output.first + row % rows;
  pool.out = band.to.base + row * to().getRow();
  add(pool);
  storePixels(band, (row + 1) * width);
}

/// Row by row: each waits for the rows that it needs only.
void RoutineBuilder::addPool(BandPlan &band) {
  for (int64_t row = 0; row < band.samples * band.getRows(); ++row)
    addPoolRow(band, row);
}

/// Rows of the pool behind this layer that read nothing of `delay` pixels
/// before `chunk`: of the bands before, too. No more than a chunk adds.
void RoutineBuilder::addPooledRows(const Chunk &chunk, int64_t delay) {
  ++current;
  // The codes of the chunk before are there when it ends.
  delay = std::max(delay, chunk.end - chunk.first);
  int64_t pixels = layer().window.strides[0] * from().shape.width;
  int64_t left = divideCeil(chunk.end - chunk.first, pixels);
  for (PooledBand &entry : pooled)
    for (BandPlan &band = entry.band; entry.rows < band.getRows() && left > 0;
         --left) {
      int64_t row = band.output.first + entry.rows;
      Rows read = bpa::getInputRows(layer(), {row, row + 1});
      int64_t end = (read.end - band.input.first) * from().shape.width;
      if (chunk.first - delay < (&entry == &pooled.back() ? end : 0))
        break;
      addPoolRow(band, entry.rows++);
    }
  --current;
}

/// Pixels of chunks that are gathered before a row is pooled, so that the array
/// has something to do meanwhile: as many as the gather buffer holds if need
/// be.
int64_t RoutineBuilder::getPoolDelay(const Pass &pass) const {
  const Layer &pool = layers[current + 1];
  int64_t planes = pool.from.bits;
  int64_t taps = pool.window.kernel[0] * pool.window.kernel[1];
  int64_t cycles = pool.to.width *
                   divideCeil(to().getUsedLanes(machine), machine.lanes) *
                   (taps + 1) * planes;
  int64_t words = layer().inputTerms.size() * pass.shape.words;
  int64_t groups = divideCeil(cycles, getProductCycles(pass)) + 2;
  return std::min(groups, machine.abufWords / words * 3 / 4) * machine.rows;
}

/// All but the last `count` bands of the pool behind this layer.
void RoutineBuilder::finishPooled(size_t count) {
  for (; pooled.size() > count; pooled.pop_front()) {
    ++current;
    for (PooledBand &entry = pooled.front(); entry.rows < entry.band.getRows();)
      addPoolRow(entry.band, entry.rows++);
    --current;
  }
}

/// A layer and the pool behind it, band by band. Rows are pooled while the next
/// ones are multiplied.
void RoutineBuilder::addPooled(int64_t index) {
  const LayerPlan &pool = plan.layers[index + 1];
  int64_t height = layers[index + 1].to.height, number = 0;
  for (int64_t sample = 0; sample < getSamples(); ++sample)
    for (int64_t row = 0; row < height; row += pool.bandRows, ++number) {
      current = index + 1;
      BandPlan pooledBand =
          getBand(number, sample, {row, std::min(row + pool.bandRows, height)});
      current = index;
      BandPlan band = getBand(number, sample, pooledBand.input);
      // Those that lie where this one is written have to be read.
      finishPooled(own().toBuffers[0] == own().toBuffers[1] ? 0 : 1);
      pooled.push_back({pooledBand});
      addBand(band);
    }
  finishPooled(0);
}
