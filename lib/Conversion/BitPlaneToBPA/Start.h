//===- Start.h - In what order a layer starts -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The array has nothing to do until pixels are gathered and weights are there. At the
// start of a layer both come in pieces, and products of what is there first go first.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOBPA_START_H
#define DOREFA_LIB_CONVERSION_BITPLANETOBPA_START_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace mlir::bpa {

/// Some pixels: beats that bring what they read, cycles that gather them.
struct PixelPiece {
  int64_t beats, gather;
};

/// What comes next: pixels alone (load and gather), constants alone (load), or the
/// product of both. None is -1.
struct StartStep {
  int64_t pixels, constants;
};

/// The steps of all products of `pixels` with as many pieces of constants as
/// `constants` has beats for; each piece comes before its first product.
std::vector<StartStep> orderStart(llvm::ArrayRef<PixelPiece> pixels,
                                  llvm::ArrayRef<int64_t> constants);

} // namespace mlir::bpa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOBPA_START_H
