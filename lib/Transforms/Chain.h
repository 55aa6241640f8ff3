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
  /// In program order.
  SmallVector<Operation *> ops;
  /// The operand through which each operation is entered.
  SmallVector<Value> operands;
};

/// Quantizers of activations: one float operand, codes as result.
bool isQuantizer(Operation *op);

/// Walks up from `last`, a quantizer or a threshold: to accumulators where possible,
/// else to the furthest dequantized codes, else as far as floats go.
Chain collectChain(Operation *last);

/// The numbers from which `chain` starts, as far as `ranges` bounds them.
Domain makeDomain(const Chain &chain, const RangeAnalysis &ranges);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TRANSFORMS_CHAIN_H
