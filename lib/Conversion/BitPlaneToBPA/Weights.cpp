//===- Weights.cpp - Constants as the buffers hold them -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Weights.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace mlir::bpa;

GroupShape bpa::getGroupShape(const Layer &layer, const Map &from,
                              int64_t group, const Configuration &machine) {
  int64_t channels = layer.inputsPerGroup(), first = group * channels;
  GroupShape shape;
  shape.firstLane = from.lanes[first];
  shape.lanes = from.lanes[first + channels - 1] + 1 - shape.firstLane;
  shape.words = llvm::divideCeil(
      layer.window.kernel[0] * layer.window.kernel[1] * shape.lanes,
      machine.lanes);
  shape.tiles = llvm::divideCeil(layer.outputsPerGroup(), machine.columns);
  return shape;
}

bool bpa::hasGaps(const Layer &layer, const Map &from) {
  int64_t channels = layer.inputsPerGroup();
  for (int64_t first = 0; first < layer.from.channels; first += channels)
    if (from.lanes[first + channels - 1] - from.lanes[first] != channels - 1)
      return true;
  return false;
}

int64_t bpa::getNumEntries(const Levels &levels) {
  return std::max<int64_t>(1, (int64_t(1) << levels.bits) / 4);
}

std::vector<uint8_t> bpa::packWeights(const Layer &layer, const Map &from,
                                      int64_t group,
                                      const Configuration &machine) {
  GroupShape shape = getGroupShape(layer, from, group, machine);
  int64_t planes = layer.weightTerms.size(), columns = machine.columns;
  int64_t taps = layer.window.kernel[0] * layer.window.kernel[1];
  int64_t channels = layer.inputsPerGroup(), outputs = layer.outputsPerGroup();
  std::vector<uint8_t> bytes(shape.tiles * planes * shape.words * columns *
                             machine.lanes / 8);
  auto set = [&](int64_t output, int64_t lane, int64_t plane) {
    int64_t tile = output / columns, column = output % columns;
    int64_t word = (tile * planes + plane) * shape.words + lane / machine.lanes;
    int64_t bit = (word * columns + column) * machine.lanes + lane % machine.lanes;
    bytes[bit / 8] |= 1 << (bit % 8);
  };
  const uint8_t *code = &layer.weights[group * outputs * taps * channels];
  for (int64_t output = 0; output < outputs; ++output)
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t channel = 0; channel < channels; ++channel, ++code) {
        int64_t lane = tap * shape.lanes +
                       from.lanes[group * channels + channel] - shape.firstLane;
        for (int64_t plane = 0; plane < planes; ++plane)
          if (*code >> plane & 1)
            set(output, lane, plane);
      }
  return bytes;
}

std::vector<uint8_t> bpa::packThresholds(const Layer &layer, int64_t group,
                                         const Configuration &machine) {
  const Levels &levels = layer.levels;
  int64_t outputs = layer.outputsPerGroup(), entries = getNumEntries(levels);
  int64_t count = llvm::alignTo(outputs, machine.columns);
  int64_t codes = int64_t(1) << levels.bits;
  std::vector<uint8_t> bytes(count * entries * instructionBytes);
  for (int64_t output = 0; output < count; ++output) {
    uint8_t *slot = &bytes[output * entries * instructionBytes];
    int64_t channel = group * outputs + output;
    bool exists = output < outputs;
    llvm::support::endian::write32le(slot,
                                     exists && levels.decreasing[channel]);
    for (int64_t i = 1; i < codes; ++i) {
      // Enough that are always reached to come from the first code back to 0.
      int32_t threshold = i <= (codes - levels.first) % codes
                              ? std::numeric_limits<int32_t>::min()
                              : std::numeric_limits<int32_t>::max();
      if (exists)
        threshold = levels.thresholds[channel][i - 1];
      llvm::support::endian::write32le(slot + 4 * i, threshold);
    }
  }
  return bytes;
}
