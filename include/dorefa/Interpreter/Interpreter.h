//===- Interpreter.h - The reference interpreter ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Executes a network on plain arrays, one operation after the other, as slowly
// and as plainly as is bearable. What it computes is what every compiled form
// must compute, bit for bit.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_INTERPRETER_INTERPRETER_H
#define DOREFA_INTERPRETER_INTERPRETER_H

#include "dorefa/Runtime/Npy.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir::dorefa {

/// A value while it is interpreted: dense and row-major. Codes are bytes (U8),
/// one each; `index` is I64; scalars have rank 0.
using Tensor = runtime::NpyArray;

/// The element type that holds elements of `type`; nothing where the
/// interpreter has none.
std::optional<runtime::NpyElementType> getTensorElementType(Type type);

/// Called with every result as soon as it is computed.
using TraceFn = llvm::function_ref<void(OpResult result, const Tensor &value)>;

/// Runs the function @main of `module` on `inputs` and appends its results to
/// `outputs`. Runs all operations of `dorefa` and `bitplane` on tensors and the
/// upstream operations that move, compare, choose and sum elements; fails with a
/// located error at any other operation, at inputs of other types than the
/// arguments of @main, and where memory does not suffice.
LogicalResult interpret(ModuleOp module, std::vector<Tensor> inputs,
                        std::vector<Tensor> &outputs, TraceFn trace = nullptr);

} // namespace mlir::dorefa

#endif // DOREFA_INTERPRETER_INTERPRETER_H
