//===- MainFunction.h - The function that is the network --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TRANSFORMS_MAINFUNCTION_H
#define DOREFA_LIB_TRANSFORMS_MAINFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::dorefa {

/// `@main` with its one block; null after a diagnostic.
inline func::FuncOp getMainFunction(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (main && main.getBody().hasOneBlock())
    return main;
  module.emitError("module has no function @main with one block, but a "
                   "network must have one");
  return {};
}

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TRANSFORMS_MAINFUNCTION_H
