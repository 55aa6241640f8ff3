//===- Tokens.h - Tokens for instructions in order --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Section 3 of dialects/BPA/README.md, from the other side: given what a program
// computes when its instructions take effect one after the other, the tokens
// without which engines that run at the same time would compute something else.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_BPA_TOKENS_H
#define DOREFA_TARGET_BPA_TOKENS_H

#include "dorefa/Target/BPA/ISA.h"

#include <vector>

namespace mlir::bpa {

/// Sets the tokens of all instructions; those that they have are dropped. Addresses
/// are absolute. Tokens that others imply are left out. Instructions need not be
/// legal, but then the tokens mean nothing. Fails only where memory does.
Error insertTokens(const Configuration &configuration,
                   std::vector<Instruction> &program);

/// Where the instructions of a program with tokens should be dispatched: their numbers
/// in the order in which engines would issue them if no queue was ever full. Each
/// engine keeps its order, so tokens stay as they are; a `halt` stays the last.
std::vector<size_t> orderInstructions(const Configuration &configuration,
                                      const std::vector<Instruction> &program);

} // namespace mlir::bpa

#endif // DOREFA_TARGET_BPA_TOKENS_H
