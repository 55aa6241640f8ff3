//===- Passes.h - Passes from one dialect to another ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_CONVERSION_PASSES_H
#define DOREFA_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::dorefa {

#define GEN_PASS_DECL
#include "dorefa/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dorefa/Conversion/Passes.h.inc"

} // namespace mlir::dorefa

#endif // DOREFA_CONVERSION_PASSES_H
