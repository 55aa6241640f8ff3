//===- BitPlaneEnums.td - Enumerations of bitplane ---------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef BITPLANE_ENUMS_TD
#define BITPLANE_ENUMS_TD

include "BitPlaneDialect.td"
include "mlir/IR/EnumAttr.td"

// One case per way of computing the same integers.
def BitPlane_Kernel : I32Enum<"Kernel", "how a contraction is computed", [
  I32EnumAttrCase<"Popcount", 0, "popcount">,
  I32EnumAttrCase<"Lookup", 1, "lookup">,
  I32EnumAttrCase<"Dot", 2, "dot">
]> {
  let cppNamespace = "::mlir::bitplane";
}
def BitPlane_KernelAttr : EnumAttr<BitPlane_Dialect, BitPlane_Kernel, "kernel">;

#endif // BITPLANE_ENUMS_TD
