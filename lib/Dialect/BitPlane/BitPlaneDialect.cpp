//===- BitPlaneDialect.cpp - The bitplane dialect -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::bitplane;

#include "dorefa/Dialect/BitPlane/BitPlaneDialect.cpp.inc"
#include "dorefa/Dialect/BitPlane/BitPlaneEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dorefa/Dialect/BitPlane/BitPlaneAttributes.cpp.inc"

void BitPlaneDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dorefa/Dialect/BitPlane/BitPlaneAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dorefa/Dialect/BitPlane/BitPlaneOps.cpp.inc"
      >();
}
