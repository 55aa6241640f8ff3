//===- BitPlane.h - The bitplane dialect ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_DIALECT_BITPLANE_BITPLANE_H
#define DOREFA_DIALECT_BITPLANE_BITPLANE_H

#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

#include "dorefa/Dialect/BitPlane/BitPlaneDialect.h.inc"
#include "dorefa/Dialect/BitPlane/BitPlaneEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dorefa/Dialect/BitPlane/BitPlaneAttributes.h.inc"
#define GET_OP_CLASSES
#include "dorefa/Dialect/BitPlane/BitPlaneOps.h.inc"

#endif // DOREFA_DIALECT_BITPLANE_BITPLANE_H
