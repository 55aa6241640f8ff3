//===- BPADialect.td - The bpa dialect ---------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef BPA_DIALECT_TD
#define BPA_DIALECT_TD

include "mlir/IR/OpBase.td"

def BPA_Dialect : Dialect {
  let name = "bpa";
  let cppNamespace = "::mlir::bpa";
  let summary = "What the bit-plane accelerator executes";
  let description = [{
    A `bpa.program` is what the accelerator holds: constants, space for feature maps,
    and routines, which are straight lines of instructions. `bpa.launch` is how the
    host calls a routine. There is one operation for each instruction of the
    machine, made of the same source as its encoders; addresses are numbers, because
    all of them are known when a network is compiled, and tokens are masks, which
    `bpa-insert-tokens` finds.
  }];
  let dependentDialects = ["::mlir::bitplane::BitPlaneDialect"];
}

#endif // BPA_DIALECT_TD
