//===- ReductionStart.h - What a reduction starts from ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_CPU_REDUCTIONSTART_H
#define DOREFA_LIB_TARGET_CPU_REDUCTIONSTART_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::dorefa {

/// What fills the output of a reduction on memrefs before it and is seen by
/// nobody else: a kernel starts from that in registers and erases `filler`.
struct ReductionStart {
  /// Null where the output has to be read; the others are null, too.
  Operation *filler = nullptr;
  /// One value per index of the last dimension, or one for all.
  Value bias, scalar;

  static ReductionStart find(linalg::LinalgOp op);
};

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_CPU_REDUCTIONSTART_H
