//===- ProofObligation.h - Fused form equals reference, as SMT-LIB -*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Threshold fusion (paper, 2.8) promises that thresholds on accumulators give
// the codes of the float operations they replace. A proof obligation states
// this for one channel. It is read from the two programs themselves and shares
// no code with the pass that fused them.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_SMTLIB_PROOFOBLIGATION_H
#define DOREFA_TARGET_SMTLIB_PROOFOBLIGATION_H

#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "dorefa/Transforms/Ranges.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <string>
#include <vector>

namespace mlir::dorefa {

/// One operation of the reference on one channel.
struct ReferenceStep {
  Operation *op;
  /// Of `dorefa.binary`: whether the constant is its first operand.
  bool constantFirst = false;
  /// Of `dorefa.threshold`: whether `x <= T` counts.
  bool decreasing = false;
  /// What the channel takes: scale; mean, sqrt(variance + epsilon), gamma,
  /// beta; the constant of a binary op; scale and zero point of a quantizer and
  /// of dequantize (scale in float64); thresholds in ascending order.
  std::vector<double> constants;
};

/// For all accumulators of `range`, the steps and the thresholds give one code.
struct ProofObligation {
  /// The quantizer of the reference.
  Operation *quantizer;
  /// Its name in the source, `quantizer<i>` where it has none.
  std::string layer;
  /// Number of the quantizer in the program, from 0.
  int64_t index;
  int64_t channel;
  /// The range of the accumulators, proven for the fused program: that the layers
  /// before it have the codes of the reference is what their obligations say.
  Interval range;
  std::vector<ReferenceStep> steps;
  /// Fused form: `base + sum_j [acc >= T_j]`, `[acc <= T_j]` where
  /// `decreasing`.
  std::vector<int64_t> thresholds;
  bool decreasing;
  int64_t base;
};

/// What to prove; everything where nothing is said.
struct ProofSelection {
  std::string layer;
  std::optional<int64_t> channel;
};

/// Runs a copy of `reference` (phase `codes`) to phase `thresholds`, which is
/// returned and must outlive `obligations`, and collects what has to be proved.
/// A quantizer that is not fused into thresholds on accumulators gets a remark.
/// Null after a diagnostic.
OwningOpRef<ModuleOp>
collectObligations(ModuleOp reference, const ProofSelection &selection,
                   std::vector<ProofObligation> &obligations);

/// The level that the reference, respectively the fused form, gives
/// `accumulator`.
int64_t evaluateReference(const ProofObligation &obligation,
                          int32_t accumulator);
int64_t evaluateFused(const ProofObligation &obligation, int32_t accumulator);

/// How the float32 encoding states "there is an accumulator".
enum class AccumulatorForm {
  /// One case per accumulator: the solver evaluates. Time grows with the range.
  Cases,
  /// One bit vector: the solver reasons. Time grows with the arithmetic.
  Symbolic
};

/// SMT-LIB (QF_BVFP) that is satisfiable where an accumulator has different
/// codes. Every operation is the one of IEEE 754 binary32. Fails, with an
/// error, on library functions and on ranges that need more than `maxBits`
/// bits.
FailureOr<std::string> encodeFloat32(const ProofObligation &obligation,
                                     AccumulatorForm form, unsigned maxBits);

/// The same in exact arithmetic (integers times powers of two). Fails, with an
/// error, where a float32 step is not proven to be exact.
FailureOr<std::string> encodeRational(const ProofObligation &obligation);

} // namespace mlir::dorefa

#endif // DOREFA_TARGET_SMTLIB_PROOFOBLIGATION_H
