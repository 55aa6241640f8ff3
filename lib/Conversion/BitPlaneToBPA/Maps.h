//===- Maps.h - Where feature maps lie --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A map stays in FMAP from the layer that makes it to the last that reads it
// where there is room; else it lies in DRAM, and layers read and write it in
// bands through buffers in FMAP: rows of a sample, or samples.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOBPA_MAPS_H
#define DOREFA_LIB_CONVERSION_BITPLANETOBPA_MAPS_H

#include "Layer.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::bpa {

/// Lanes of a beat: transfers start and end at multiples.
constexpr int64_t beatLanes = 128;

/// A feature map of all samples of a run. Positions count lanes.
struct Map {
  MapShape shape;
  int64_t samples = 1;
  /// From pixel to pixel, and in DRAM from bit plane to bit plane of a sample.
  int64_t pixel = 0, plane = 0;
  /// Lane of each channel in its pixel.
  std::vector<int64_t> lanes;
  /// The host writes it before, or reads it after, the routine.
  bool isInput = false, isOutput = false;
  /// Layers that make it (-1: the host) and read it last.
  int64_t first = -1, last = -1;
  /// Where it starts in FMAP; nothing where it lies in DRAM.
  std::optional<int64_t> base;
  /// It lies nowhere: the pool behind the layer that makes it reads each band
  /// where that layer wrote it.
  bool isPooled = false;

  int64_t getRow() const { return shape.width * pixel; }
  int64_t getPixels() const { return shape.height * shape.width; }
  /// Of a sample in DRAM, and from one to the next: whole beats.
  int64_t getSize() const { return plane * shape.bits; }
  int64_t getPitch() const { return llvm::alignTo(getSize(), beatLanes); }
  /// Lanes of a pixel that layers write: those beyond hold nothing or zeros.
  int64_t getUsedLanes(const Configuration &machine) const;
};

/// Rows `first` to `end` - 1.
struct Rows {
  int64_t first, end;
};

/// Rows of the input that rows of the output of `layer` take; at least one, and
/// of several samples all.
Rows getInputRows(const Layer &layer, Rows output, int64_t samples = 1);

/// Part of a map in FMAP: pixel (first row, 0) of its first sample lies at
/// `base`.
struct Band {
  int64_t base = 0, plane = 0;
  /// From sample to sample.
  int64_t image = 0;
};

/// Where a layer works.
struct LayerPlan {
  /// Index of the map that it reads, and of the one it makes; -1 where it
  /// delivers integers.
  int64_t from = -1, to = -1;
  /// Samples, and rows of the output, that are computed at a time. Of several
  /// samples all rows are.
  int64_t samples = 1, bandRows = 0;
  /// Buffers in FMAP for bands of maps in DRAM. Bands alternate between two,
  /// where there is room. A pool reads a pooled map where it was written.
  std::array<int64_t, 2> fromBuffers = {}, toBuffers = {};
};

/// All maps of a routine.
struct MapPlan {
  std::vector<Map> maps;
  std::vector<LayerPlan> layers;
};

/// What bands look like in FMAP: of DRAM maps that a layer reads, and of all
/// that it makes.
Band getInputBand(const Map &map, int64_t buffer, Rows rows);
Band getOutputBand(const Map &map, int64_t buffer, Rows rows, int64_t samples);

/// Places the maps of `layers`, whose results in `outputs` go to the host, for
/// runs of `samples`. Where a layer does not fit, returns nothing and sets
/// `problem` to it.
std::optional<MapPlan> planMaps(ArrayRef<Layer> layers, int64_t samples,
                                const llvm::DenseSet<Value> &outputs,
                                const Configuration &machine,
                                const Layer *&problem);

} // namespace mlir::bpa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOBPA_MAPS_H
