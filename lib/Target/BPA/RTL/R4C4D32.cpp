//===- R4C4D32.cpp - The chip r4c4d32 ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Chips.h"
#include "Driver.h"
#include "Vr4c4d32.h"

mlir::bpa::Hardware *mlir::bpa::openR4C4D32() { return new Driver<Vr4c4d32>(); }
