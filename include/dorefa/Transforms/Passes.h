//===- Passes.h - Passes that keep the dialect ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TRANSFORMS_PASSES_H
#define DOREFA_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::dorefa {

/// How `dorefa-fuse-thresholds` checks what it found.
enum class VerifyThresholds {
  /// The reference is evaluated on both sides of each threshold.
  Certificate,
  /// Reference and thresholds are compared on every integer of the range.
  Exhaustive
};

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dorefa/Transforms/Passes.h.inc"

} // namespace mlir::dorefa

#endif // DOREFA_TRANSFORMS_PASSES_H
