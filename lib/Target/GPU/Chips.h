//===- Chips.h - The GPUs that can be compiled for --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_GPU_CHIPS_H
#define DOREFA_LIB_TARGET_GPU_CHIPS_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace mlir::dorefa {

/// A chip, and how LLVM is asked for code for it: any other combination may end the
/// process with a fatal error.
struct Chip {
  /// As in `sm_80`.
  llvm::StringLiteral name;
  /// 10 * major + minor version of the compute capability.
  unsigned capability;
  /// The version of PTX that kernels are written in, as LLVM's feature.
  llvm::StringLiteral ptx;
};

/// Null where there is none of that name.
const Chip *findChip(llvm::StringRef name);

/// "sm_70, sm_75, ...".
std::string listChips();

/// The newest whose code runs on the first GPU of this machine; null, and why in `reason`,
/// where there is none.
const Chip *findNativeChip(std::string &reason);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_GPU_CHIPS_H
