//===- Weights.h - Constants as the buffers hold them -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOBPA_WEIGHTS_H
#define DOREFA_LIB_CONVERSION_BITPLANETOBPA_WEIGHTS_H

#include "Maps.h"

namespace mlir::bpa {

/// Some input channels of a group of a layer, as they are gathered and
/// multiplied.
struct GroupShape {
  /// The first one in the group, and how many.
  int64_t firstChannel = 0, channels = 0;
  /// Lanes of a tap: from the first channel to the last, gaps included.
  int64_t firstLane = 0, lanes = 0;
  /// Words of a plane of a window, and tiles of output channels.
  int64_t words = 0, tiles = 0;
};

/// All channels of a group, in parts whose windows and weights fit the buffers:
/// mostly one.
std::vector<GroupShape> getParts(const Layer &layer, const Map &from,
                                 int64_t group, const Configuration &machine);

/// Whether lanes of a tap between its channels belong to no channel.
bool hasGaps(const Layer &layer, const Map &from);

/// Entries of the threshold buffer that a channel takes.
int64_t getNumEntries(const Levels &levels);

/// The weights of a group as they go to WBUF: by tile, part, plane, word, column,
/// lane.
std::vector<uint8_t> packWeights(const Layer &layer, const Map &from,
                                 int64_t group, const Configuration &machine);

/// The thresholds of a group as they go to TBUF. Channels that do not exist have
/// code 0.
std::vector<uint8_t> packThresholds(const Layer &layer, int64_t group,
                                    const Configuration &machine);

} // namespace mlir::bpa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOBPA_WEIGHTS_H
