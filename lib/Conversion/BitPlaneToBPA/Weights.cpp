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

/// Channels `first` to `first + channels` - 1 of a group.
static GroupShape getShape(const Layer &layer, const Map &from, int64_t group,
                           int64_t first, int64_t channels,
                           const Configuration &machine) {
  GroupShape shape;
  shape.firstChannel = first;
  shape.channels = channels;
  first += group * layer.inputsPerGroup();
  shape.firstLane = from.lanes[first];
  shape.lanes = from.lanes[first + channels - 1] + 1 - shape.firstLane;
  shape.words = llvm::divideCeil(layer.window.kernel[0] *
                                     layer.window.kernel[1] * shape.lanes,
                                 machine.lanes);
  shape.tiles = llvm::divideCeil(layer.outputsPerGroup(), machine.columns);
  return shape;
}

/// Whether a window, and the weights of a tile, take at most one of `shares` of
/// the buffers.
static bool fits(const Layer &layer, const GroupShape &shape, int64_t shares,
                 const Configuration &machine) {
  constexpr int64_t maxLanes = 16384;
  auto inputs = static_cast<int64_t>(layer.inputTerms.size());
  auto weights = static_cast<int64_t>(layer.weightTerms.size());
  return shape.lanes <= maxLanes &&
         shape.words * inputs * shares <= machine.abufWords &&
         shape.words * weights * shares <= machine.wbufWords;
}

/// Several parts take half of the buffers each, so that one is there while the
/// next one comes.
std::vector<GroupShape> bpa::getParts(const Layer &layer, const Map &from,
                                      int64_t group,
                                      const Configuration &machine) {
  int64_t channels = layer.inputsPerGroup();
  for (int64_t count = 1;; ++count) {
    int64_t size = llvm::divideCeil(channels, count);
    // Whole words, unless a word of channels is too much.
    if (size > machine.lanes)
      size = llvm::alignTo(size, machine.lanes);
    std::vector<GroupShape> parts;
    for (int64_t first = 0; first < channels; first += size)
      parts.push_back(getShape(layer, from, group, first,
                               std::min(size, channels - first), machine));
    bool areSmall = llvm::all_of(parts, [&](const GroupShape &part) {
      return fits(layer, part, parts.size() == 1 ? 1 : 2, machine);
    });
    if (areSmall || size == 1)
      return parts;
  }
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
  std::vector<GroupShape> parts = getParts(layer, from, group, machine);
  int64_t planes = layer.weightTerms.size(), columns = machine.columns;
  int64_t taps = layer.window.kernel[0] * layer.window.kernel[1];
  int64_t channels = layer.inputsPerGroup(), outputs = layer.outputsPerGroup();
  int64_t tileWords = 0, before = 0;
  for (const GroupShape &part : parts)
    tileWords += planes * part.words;
  std::vector<uint8_t> bytes(parts.front().tiles * tileWords * columns *
                             machine.lanes / 8);
  const uint8_t *codes = &layer.weights[group * outputs * taps * channels];
  for (const GroupShape &part : parts) {
    auto set = [&](int64_t output, int64_t lane, int64_t plane) {
      int64_t word = output / columns * tileWords + before +
                     plane * part.words + lane / machine.lanes;
      int64_t bit = (word * columns + output % columns) * machine.lanes +
                    lane % machine.lanes;
      bytes[bit / 8] |= 1 << (bit % 8);
    };
    for (int64_t output = 0; output < outputs; ++output)
      for (int64_t tap = 0; tap < taps; ++tap)
        for (int64_t i = 0; i < part.channels; ++i) {
          int64_t channel = part.firstChannel + i;
          int64_t lane = tap * part.lanes +
                         from.lanes[group * channels + channel] -
                         part.firstLane;
          uint8_t code = codes[(output * taps + tap) * channels + channel];
          for (int64_t plane = 0; plane < planes; ++plane)
            if (code >> plane & 1)
              set(output, lane, plane);
        }
    before += planes * part.words;
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
