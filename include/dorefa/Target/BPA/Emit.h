//===- Emit.h - From the bpa dialect to programs ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_BPA_EMIT_H
#define DOREFA_TARGET_BPA_EMIT_H

#include "dorefa/Dialect/BPA/BPA.h"
#include "dorefa/Target/BPA/Device.h"

namespace mlir::bpa {

/// The program that `op` describes: addresses resolved, a symbol for each routine,
/// constant and space.
FailureOr<Program> translateProgram(ProgramOp op);

/// Where the instructions of a routine of the program lie.
RoutineRange getRange(const Program &program, llvm::StringRef routine);

/// Decides that each routine ends and does not depend on timing; diagnostics name
/// the routine and the instruction.
LogicalResult verifyProgram(ProgramOp op, const Program &program);

} // namespace mlir::bpa

#endif // DOREFA_TARGET_BPA_EMIT_H
