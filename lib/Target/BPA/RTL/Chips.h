//===- Chips.h - The chips that were Verilated ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_BPA_RTL_CHIPS_H
#define DOREFA_LIB_TARGET_BPA_RTL_CHIPS_H

#include "../Hardware.h"

namespace mlir::bpa {

Hardware *openR8C8D64();
Hardware *openR4C4D32();

} // namespace mlir::bpa

#endif // DOREFA_LIB_TARGET_BPA_RTL_CHIPS_H
