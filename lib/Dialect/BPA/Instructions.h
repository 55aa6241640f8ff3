//===- Instructions.h - What all instruction operations share ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_DIALECT_BPA_INSTRUCTIONS_H
#define DOREFA_LIB_DIALECT_BPA_INSTRUCTIONS_H

#include "mlir/IR/OpImplementation.h"

/// Bodies of the methods that every generated operation has.
namespace mlir::bpa::detail {

ParseResult parseInstruction(OpAsmParser &parser, OperationState &state);
void printInstruction(Operation *op, OpAsmPrinter &printer);
LogicalResult verifyInstruction(Operation *op);

} // namespace mlir::bpa::detail

#endif // DOREFA_LIB_DIALECT_BPA_INSTRUCTIONS_H
