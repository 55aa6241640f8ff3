//===- Assembler.h - Machine code of PTX ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_GPU_ASSEMBLER_H
#define DOREFA_LIB_TARGET_GPU_ASSEMBLER_H

#include "Chips.h"
#include "mlir/IR/Location.h"
#include "mlir/Support/LogicalResult.h"

#include <string>

namespace mlir::dorefa {

/// The cubin that `program`, as GPUOptions::ptxas names it, makes of `ptx` for `chip`. A
/// program that is named by its path must be there and succeed. That in PATH may be absent,
/// a remark says so, or fail, with a warning: the result is then empty.
FailureOr<std::string> assemble(llvm::StringRef ptx, const Chip &chip,
                                llvm::StringRef program, Location loc);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_GPU_ASSEMBLER_H
