//===- Schedule.h - Choices that a device makes -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_EMULATOR_SCHEDULE_H
#define DOREFA_LIB_EMULATOR_SCHEDULE_H

#include "dorefa/Emulator/Emulator.h"

namespace mlir::dorefa::emulator {

/// Draws what a device leaves open: orders, and when copies land.
class Schedule {
public:
  explicit Schedule(const EmulatorOptions &options)
      : state(options.seed), isRandom(options.seed != 0),
        copies(options.copies) {}

  /// A number below `count`, which is at least 1; 0 without a seed.
  uint32_t draw(uint32_t count) {
    return isRandom ? (next() >> 32) * count >> 32 : 0;
  }

  /// Whether a copy lands at its issue.
  bool landsAtOnce() {
    return copies == CopyTiming::Eager ||
           (copies == CopyTiming::Seeded && draw(4) == 1);
  }
  /// Whether copies may land while others do something.
  bool landsBetween() const { return copies == CopyTiming::Seeded && isRandom; }

private:
  /// SplitMix64.
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  uint64_t state;
  bool isRandom;
  CopyTiming copies;
};

} // namespace mlir::dorefa::emulator

#endif // DOREFA_LIB_EMULATOR_SCHEDULE_H
