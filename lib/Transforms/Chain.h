//===- Chain.h - Operations between accumulators and codes ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TRANSFORMS_CHAIN_H
#define DOREFA_LIB_TRANSFORMS_CHAIN_H

#include "StepFunction.h"
#include "dorefa/Transforms/Ranges.h"

namespace mlir::dorefa {

/// A chain of operations, the last being a quantizer, and the value that the first
/// of them (of codes: the second) takes.
struct Chain {
  Value source;
  Domain::Kind kind;
  /// In program order. Where the chain forks and joins again, as x * sigmoid(x)
  /// does, the operations of all branches.
  SmallVector<Operation *> ops;
  /// The operand through which each operation is entered; of a join, one of two.
  SmallVector<Value> operands;
};

/// Quantizers of activations: one float operand, codes as result.
bool isQuantizer(Operation *op);

/// Walks up from `last`, a quantizer or a threshold: to accumulators where possible,
/// else to the furthest dequantized codes, else as far as floats go.
Chain collectChain(Operation *last);

/// Walks up from `value` in the same way, but to the nearest codes.
Chain collectBranch(Value value);

/// What is left of `chain` behind its operation `obstacle`: a chain of floats.
/// Nullopt where nothing is, or where values from in front of it are needed, too.
std::optional<Chain> cutBehind(const Chain &chain, Operation *obstacle);

/// The numbers from which `chain` starts, as far as `ranges` bounds them.
Domain makeDomain(const Chain &chain, const RangeAnalysis &ranges);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TRANSFORMS_CHAIN_H
