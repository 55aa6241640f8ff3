//===- BitPlaneDialect.td - The bitplane dialect -----------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef BITPLANE_DIALECT_TD
#define BITPLANE_DIALECT_TD

include "mlir/IR/OpBase.td"

def BitPlane_Dialect : Dialect {
  let name = "bitplane";
  let cppNamespace = "::mlir::bitplane";
  let summary = "How bits compute a low-bitwidth network";
  let description = [{
    Packed bit planes as plain `i32` words, and the operations on them: AND and
    popcount contractions, comparisons with integer thresholds, pools. Every
    target lowers this same integer program, so all of them agree bit for bit.

    A tensor of codes `... x C` is packed as `... x ceil(C/32) x bits`: channel `c`
    is bit `c % 32` of word `c / 32`, the planes of a word lie side by side, and
    bits beyond C are 0. Operations are in destination-passing style and work on
    tensors and, after bufferization, on memrefs.
  }];
  let dependentDialects = ["::mlir::dorefa::DoReFaDialect"];
  let useDefaultAttributePrinterParser = 1;
}

#endif // BITPLANE_DIALECT_TD
