//===- DoReFaInterfaces.td - Interfaces of the dorefa ops --*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_INTERFACES_TD
#define DOREFA_INTERFACES_TD

include "mlir/IR/OpBase.td"

def DoReFa_DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::mlir::dorefa";
  let description = [{
    The backward rule of an operation, lines 7 to 19 of the paper's Algorithm 1.

    The gradient of a float tensor has its type. The gradient of a tensor of codes
    is an f32 tensor of its shape and belongs to the reals that the codes stand
    for: `dorefa.dequantize` hands its gradient on as it is, and the quantizer maps
    it to its float input. That pair is the straight-through estimator (2.2). The
    gradient of i32 accumulators is an f32 tensor of their shape, as if they were
    reals.

    Scales (E of section 2.3 included) and the statistics of a batch norm are
    constants of a training step: no gradient flows to them.

    | operation | gradient of its input |
    |---|---|
    | `quantize` | unchanged where `min <= x / scale + zero_point <= max`, else 0 |
    | `quantize_sign` | unchanged where `|x| <= 1`, else 0 (2.3, first formula) |
    | `quantize_activations` (2.4) | `clip`: unchanged where `0 <= x <= 1`; `tanh`: times `(1 - tanh(x)^2) / 2`; `abs`: times the sign of x where `|x| < 1`; else 0 |
    | `quantize_weights` (2.3), k = 1 | unchanged |
    | `quantize_weights` (2.3), k > 1 | through `tanh(w) / max|tanh(w)|`, of the maximum only where `max_gradient` holds: its part is shared evenly by the weights that attain it |
    | `quantize_ternary` | unchanged |
    | `straight_through` | to its second operand (2.2) |
    | `max_pool` | to the first largest element of each window |
    | `binary` `max`, `min` | to the operand whose value is the result |
    | `unary` `ceil`, `floor`, `round_half_even` | none |
  }];
  let methods = [InterfaceMethod<[{
      Builds, at the insertion point of `builder`, the gradients of all operands
      from those of all results. A gradient that is null does not exist: nothing
      flows; at least one of `resultGradients` exists. Uses operations of `arith`,
      `dorefa`, `linalg` and `tensor`, which must be loaded, and operands and
      results of this operation. Gradients that nobody needs become dead code.
      Emits an error and fails where there is no rule for this operation.
    }],
    "::mlir::FailureOr<::llvm::SmallVector<::mlir::Value>>", "buildBackward",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$resultGradients)
  >];
}

#endif // DOREFA_INTERFACES_TD
