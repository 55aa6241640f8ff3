//===- Passes.h - Passes for the accelerator --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_BPA_PASSES_H
#define DOREFA_TARGET_BPA_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::bpa {

#define GEN_PASS_DECL
#include "dorefa/Target/BPA/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dorefa/Target/BPA/Passes.h.inc"

} // namespace mlir::bpa

#endif // DOREFA_TARGET_BPA_PASSES_H
