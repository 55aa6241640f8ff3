//===- BPADialect.cpp - The bpa dialect -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BPA/BPA.h"

using namespace mlir;
using namespace mlir::bpa;

#include "dorefa/Dialect/BPA/BPADialect.cpp.inc"

void BPADialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dorefa/Dialect/BPA/BPAOps.cpp.inc"
      >();
}
