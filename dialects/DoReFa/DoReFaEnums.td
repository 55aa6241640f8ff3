//===- DoReFaEnums.td - Enumerations of the dorefa dialect -*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_ENUMS_TD
#define DOREFA_ENUMS_TD

include "DoReFaDialect.td"
include "mlir/IR/EnumAttr.td"

class DoReFa_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32Enum<name, summary, cases> {
  let cppNamespace = "::mlir::dorefa";
}

def DoReFa_Encoding : DoReFa_Enum<"Encoding", "integer value of a code", [
  I32EnumAttrCase<"Unipolar", 0, "unipolar">,
  I32EnumAttrCase<"Bipolar", 1, "bipolar">,
  I32EnumAttrCase<"Signed", 2, "signed">,
  I32EnumAttrCase<"Ternary", 3, "ternary">
]>;

// The seven rounding modes of QONNX; ROUND is half_even.
def DoReFa_Rounding : DoReFa_Enum<"Rounding", "how a real becomes an integer", [
  I32EnumAttrCase<"HalfEven", 0, "half_even">,
  I32EnumAttrCase<"HalfUp", 1, "half_up">,
  I32EnumAttrCase<"HalfDown", 2, "half_down">,
  I32EnumAttrCase<"Up", 3, "up">,
  I32EnumAttrCase<"Down", 4, "down">,
  I32EnumAttrCase<"Ceil", 5, "ceil">,
  I32EnumAttrCase<"Floor", 6, "floor">
]>;
def DoReFa_RoundingAttr : EnumAttr<DoReFa_Dialect, DoReFa_Rounding, "rounding">;

// h of the paper's section 2.4, each bounded to [0, 1].
def DoReFa_Activation : DoReFa_Enum<"Activation", "bounded activation h", [
  I32EnumAttrCase<"Clip", 0, "clip">,
  I32EnumAttrCase<"Tanh", 1, "tanh">,
  I32EnumAttrCase<"Abs", 2, "abs">
]>;
def DoReFa_ActivationAttr
    : EnumAttr<DoReFa_Dialect, DoReFa_Activation, "activation">;

def DoReFa_UnaryKind : DoReFa_Enum<"UnaryKind", "function of one float", [
  I32EnumAttrCase<"Abs", 0, "abs">,
  I32EnumAttrCase<"Ceil", 1, "ceil">,
  I32EnumAttrCase<"Exp", 2, "exp">,
  I32EnumAttrCase<"Floor", 3, "floor">,
  I32EnumAttrCase<"Neg", 4, "neg">,
  I32EnumAttrCase<"Relu", 5, "relu">,
  I32EnumAttrCase<"RoundHalfEven", 6, "round_half_even">,
  I32EnumAttrCase<"Sigmoid", 7, "sigmoid">,
  I32EnumAttrCase<"Softplus", 8, "softplus">,
  I32EnumAttrCase<"Sqrt", 9, "sqrt">,
  I32EnumAttrCase<"Tanh", 10, "tanh">
]>;
def DoReFa_UnaryKindAttr : EnumAttr<DoReFa_Dialect, DoReFa_UnaryKind, "unary">;

def DoReFa_BinaryKind : DoReFa_Enum<"BinaryKind", "function of two floats", [
  I32EnumAttrCase<"Add", 0, "add">,
  I32EnumAttrCase<"Sub", 1, "sub">,
  I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Div", 3, "div">,
  I32EnumAttrCase<"Max", 4, "max">,
  I32EnumAttrCase<"Min", 5, "min">,
  I32EnumAttrCase<"Pow", 6, "pow">
]>;
def DoReFa_BinaryKindAttr
    : EnumAttr<DoReFa_Dialect, DoReFa_BinaryKind, "binary">;

#endif // DOREFA_ENUMS_TD
