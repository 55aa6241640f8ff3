//===- Start.h - In what order a layer starts -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The array has nothing to do until pixels are gathered and weights are there.
// At the start of a layer both come in pieces, and products of what is there
// first go first.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOBPA_START_H
#define DOREFA_LIB_CONVERSION_BITPLANETOBPA_START_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace mlir::bpa {

/// When engines have done all that they were given so far, and what comes
/// after can use it: section 7 of the manual without its ports and queues. Time
/// 0 is that of the first beat.
class Clocks {
public:
  /// `mapDelay`: how many times longer maps take to load while `pp` writes.
  explicit Clocks(double mapDelay) : mapDelay(mapDelay) {}

  /// Brings beats; return when another engine can use them.
  int64_t loadConstants(int64_t beats);
  int64_t loadMap(int64_t beats);
  /// Gathers in `slots` what can be used at `ready`; returns when the array can
  /// use it.
  int64_t gather(int64_t ready, int64_t slots);
  /// Multiplies for `cycles` what can be used at `ready`; returns when this
  /// ends.
  int64_t multiply(int64_t ready, int64_t cycles);

  int64_t getProductEnd() const { return product; }

private:
  double mapDelay;
  /// Whether there are constants, so that `pp` writes.
  bool isStarted = false;
  int64_t loaded = 0, gathered = 0, product = 0;
  /// When the last `ga` began: the next one is prepared from then on.
  int64_t prepared = 0;
};

/// Some pixels: beats that bring what they read, cycles that gather them,
/// groups of one for each row of the array, and whether all groups are whole.
struct PixelPiece {
  int64_t beats, gather, groups;
  bool isWhole;
};

/// Some weights and thresholds: beats that bring them, cycles of their product
/// with a group of pixels.
struct ConstantPiece {
  int64_t beats, cycles;
};

/// What comes next: pixels alone (load and gather), constants alone (load), or
/// the product of both. None is -1.
struct StartStep {
  int64_t pixels, constants;
  /// Of products: pieces from these on that are multiplied together.
  int64_t numPixels = 1, numConstants = 1;
};

/// The steps of all products of `pixels` with `constants`, each piece before
/// its first product, in the order in which the last product ends first and
/// `next` is there for the one behind it. At most 4 pieces of pixels and 16 of
/// constants: all orders are tried. The array waits for `productDelay` cycles
/// behind each product. Advances `clocks` to their end.
std::vector<StartStep> orderStart(llvm::ArrayRef<PixelPiece> pixels,
                                  llvm::ArrayRef<ConstantPiece> constants,
                                  const PixelPiece &next, int64_t productDelay,
                                  Clocks &clocks);

} // namespace mlir::bpa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOBPA_START_H
