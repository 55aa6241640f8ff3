//===- BPA.h - The bpa dialect ----------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_DIALECT_BPA_BPA_H
#define DOREFA_DIALECT_BPA_BPA_H

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Target/BPA/ISA.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

#include "dorefa/Dialect/BPA/BPADialect.h.inc"

#define GET_OP_CLASSES
#include "dorefa/Dialect/BPA/BPAOps.h.inc"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::bpa {

/// The instruction that `op` is; nothing where it is none. Addresses of DRAM
/// count from the symbol that it names.
std::optional<Instruction> readInstruction(Operation *op);

/// The symbol that the DRAM address of `op` counts from; null where there is none.
FlatSymbolRefAttr getSymbol(Operation *op);

/// Number of the field that is, or may be, a DRAM address.
std::optional<unsigned> getAddressField(Op op);

/// Appends an operation for `instruction`, whose DRAM address counts from `symbol`
/// where that is not empty.
Operation *createInstruction(OpBuilder &builder, Location loc,
                             const Instruction &instruction,
                             llvm::StringRef symbol = "");

/// Gives the instruction `op` these masks of engines.
void setTokens(Operation *op, uint8_t wait, uint8_t signal);

/// Lets bufferization handle `bpa.launch`.
void registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry);

} // namespace mlir::bpa

#endif // DOREFA_DIALECT_BPA_BPA_H
