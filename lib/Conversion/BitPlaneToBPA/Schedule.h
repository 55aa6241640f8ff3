//===- Schedule.h - Instructions of a routine -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOBPA_SCHEDULE_H
#define DOREFA_LIB_CONVERSION_BITPLANETOBPA_SCHEDULE_H

#include "Maps.h"

namespace mlir::bpa {

/// What a launch passes to a routine, or gets from it, per sample: a value of the
/// layers, and how it lies.
struct Port {
  Value value;
  /// Of codes; null of integers.
  const Map *map;
  /// The layer that delivers integers.
  const Layer *layer;
  /// Bytes of a sample.
  int64_t bytes;
};

/// Bytes of a pixel of integers: groups start at multiples of a tile.
int64_t getRawPixelBytes(const Layer &layer, const Configuration &machine);

/// Appends the routine `name` that computes `layers`, and what it needs, to
/// `program`. Fills `inputs` and `outputs` in the order of the routine's.
RoutineOp createRoutine(ProgramOp program, StringRef name,
                        ArrayRef<Layer> layers, const MapPlan &plan,
                        std::vector<Port> &inputs, std::vector<Port> &outputs);

} // namespace mlir::bpa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOBPA_SCHEDULE_H
