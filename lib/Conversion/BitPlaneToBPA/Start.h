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

/// Some pixels: beats that bring what they read, cycles that gather them,
/// groups of one for each row of the array.
struct PixelPiece {
  int64_t beats, gather, groups;
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
};

/// The steps of all products of `pixels` with `constants`, each piece before
/// its first product, in the order in which the last product ends first. At
/// most 4 pieces of pixels and 16 of constants: all orders are tried.
std::vector<StartStep> orderStart(llvm::ArrayRef<PixelPiece> pixels,
                                  llvm::ArrayRef<ConstantPiece> constants);

} // namespace mlir::bpa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOBPA_START_H
