//===- DoReFaTypes.td - Types of the dorefa dialect --------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TYPES_TD
#define DOREFA_TYPES_TD

include "DoReFaEnums.td"
include "mlir/IR/AttrTypeBase.td"

def DoReFa_CodeType : TypeDef<DoReFa_Dialect, "Code"> {
  let mnemonic = "code";
  let summary = "Code of 1 to 8 bits and the integer it stands for";
  let description = [{
    A code `q` in `[0, 2^bits - 1]`. Its encoding gives the integer `v(q)`:

    | encoding | `v(q)` | planes |
    |---|---|---|
    | `unipolar` | `q` | weights 1, 2, 4, ... |
    | `bipolar` | `2q - (2^bits - 1)`, odd, never zero | every plane is a +-1 plane |
    | `signed` | two's complement | the top plane counts negative |
    | `ternary` | plus bit minus minus bit (2 bits; bit 0 is plus) | +1, -1 |

    In memory a code takes one `i8` until it is packed into bit planes.

    Example: `tensor<1x27x27x256x!dorefa.code<2, unipolar>>`.
  }];
  let parameters = (ins "unsigned":$bits, EnumParameter<DoReFa_Encoding>:$encoding);
  let assemblyFormat = "`<` $bits `,` $encoding `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Largest code: `2^bits - 1`.
    int64_t getMaxCode() const { return (int64_t(1) << getBits()) - 1; }
    /// Integer that `code` stands for.
    int64_t getValue(int64_t code) const;
    /// Smallest and largest integer that a code stands for.
    int64_t getMinValue() const;
    int64_t getMaxValue() const;
    /// Code of `value`, which must lie between the two and have a code.
    int64_t getCode(int64_t value) const;
  }];
}

def DoReFa_CodeTensor : TensorOf<[DoReFa_CodeType]>;
def DoReFa_FloatTensor : TensorOf<[F32]>;
def DoReFa_FloatOrCodeTensor : TensorOf<[F32, DoReFa_CodeType]>;

#endif // DOREFA_TYPES_TD
