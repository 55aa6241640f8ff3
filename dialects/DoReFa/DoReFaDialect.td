//===- DoReFaDialect.td - The dorefa dialect ---------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_DIALECT_TD
#define DOREFA_DIALECT_TD

include "mlir/IR/OpBase.td"

def DoReFa_Dialect : Dialect {
  let name = "dorefa";
  let cppNamespace = "::mlir::dorefa";
  let summary = "What a low-bitwidth network means";
  let description = [{
    Networks in the sense of DoReFa-Net (arXiv 1606.06160): float tensors,
    quantizers that turn them into codes of a few bits, layers on codes, and the
    thresholds that replace batch norm, activation and rounding (paper, 2.8).

    Feature maps are NHWC, filters OHWI, fully connected weights OI. A tensor of
    codes is a builtin tensor whose element type is `!dorefa.code`. Real scales
    are values of their own, never hidden in a code.

    Where an op computes in float, it computes in float32 with one rounding per
    elementary operation, in the order its description states; the formulas live
    in `dorefa/Dialect/DoReFa/Arithmetic.h` and nowhere else.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let hasConstantMaterializer = 1;
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

#endif // DOREFA_DIALECT_TD
