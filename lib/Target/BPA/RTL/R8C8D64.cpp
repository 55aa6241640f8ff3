//===- R8C8D64.cpp - The chip r8c8d64 ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Chips.h"
#include "Driver.h"
#include "Vr8c8d64.h"

mlir::bpa::Hardware *mlir::bpa::openR8C8D64() { return new Driver<Vr8c8d64>(); }
