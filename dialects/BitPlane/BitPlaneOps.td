//===- BitPlaneOps.td - Operations of the bitplane dialect -*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef BITPLANE_OPS_TD
#define BITPLANE_OPS_TD

include "BitPlaneEnums.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class BitPlane_Buffer<list<Type> types>
    : AnyTypeOf<[RankedTensorOf<types>, MemRefOf<types>]>;
def BitPlane_Words : BitPlane_Buffer<[I32]>;
def BitPlane_Bytes : BitPlane_Buffer<[I8]>;
def BitPlane_Floats : BitPlane_Buffer<[F32]>;
def BitPlane_Indices : BitPlane_Buffer<[I8, I16]>;
// Codes as the kernel of a contraction wants them.
def BitPlane_Input : BitPlane_Buffer<[I8, I16, I32]>;
// Accumulators or words of codes, or codes as bytes.
def BitPlane_Result : BitPlane_Buffer<[I8, I32]>;

// The type of a code as an attribute: `!dorefa.code<2, unipolar>`.
def BitPlane_CodeAttr : TypedAttrBase<AnyType, "TypeAttr",
    CPred<"::llvm::isa<::mlir::TypeAttr>($_self) && ::llvm::isa<::mlir::dorefa::CodeType>("
          "::llvm::cast<::mlir::TypeAttr>($_self).getValue())">,
    "type of a code"> {
  let storageType = "::mlir::TypeAttr";
  let returnType = "::mlir::dorefa::CodeType";
  let convertFromStorage = "::llvm::cast<::mlir::dorefa::CodeType>($_self.getValue())";
  let constBuilderCall = "::mlir::TypeAttr::get($0)";
}

class BitPlane_Op<string mnemonic, list<Trait> traits = []>
    : Op<BitPlane_Dialect, mnemonic, !listconcat([
        DestinationStyleOpInterface, AttrSizedOperandSegments,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>], traits)> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  code destination = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
  let extraClassDeclaration = destination;
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

class BitPlane_SimpleOp<string mnemonic>
    : Op<BitPlane_Dialect, mnemonic, [
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  code destination = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
  let extraClassDeclaration = destination;
}

def BitPlane_PackOp : BitPlane_SimpleOp<"pack"> {
  let summary = "Pack codes into the words of their bit planes";
  let description = [{
    Input `... x C` bytes, one code each; result `... x ceil(C/32) x A` words, A
    being the number of bits of a code. Bits beyond C are written as 0.

    Example:
    ```mlir
    %w = bitplane.pack %q outs(%init : tensor<1x4x4x2x2xi32>) : tensor<1x4x4x40xi8> -> tensor<1x4x4x2x2xi32>
    ```
  }];
  let arguments = (ins BitPlane_Bytes:$input, BitPlane_Words:$init);
  let assemblyFormat = [{
    $input `outs` `(` $init `:` type($init) `)` attr-dict
    `:` type($input) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def BitPlane_UnpackOp : BitPlane_SimpleOp<"unpack"> {
  let summary = "Unpack the words of bit planes into codes";
  let description = [{
    The inverse of `bitplane.pack`: words `... x ceil(C/32) x A` to bytes `... x C`. Levels
    of words that only it reads are written by the contraction that makes them
    (canonicalization).

    With `levels` a byte is not the code but its level, counted from the smallest
    integer that a code stands for: what contractions by kernel `dot` read. Codes of
    type `signed` have their top bit flipped, `ternary` ones are plus - minus + 1, all
    others are their levels.

    Example:
    ```mlir
    %q = bitplane.unpack %w outs(%init : tensor<1x4x4x40xi8>) : tensor<1x4x4x2x2xi32> -> tensor<1x4x4x40xi8>
    ```
  }];
  let arguments = (ins BitPlane_Words:$input, BitPlane_Bytes:$init,
      OptionalAttr<BitPlane_CodeAttr>:$levels);
  let assemblyFormat = [{
    $input `outs` `(` $init `:` type($init) `)` (`levels` $levels^)? attr-dict
    `:` type($input) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def BitPlane_IndexOp : BitPlane_SimpleOp<"index"> {
  let summary = "Gather the bits of neighbouring channels into indices of tables";
  let description = [{
    Input `... x ceil(C/32) x A` words; result `... x groups*ceil(A/2)*n` indices of
    lookup tables, n being the indices that the C/groups channels of a group take. An
    index of type `i16` holds 6 channels, one of type `i8` holds 4, in two planes:
    bit k is plane 2p of channel k, bit 6 + k (4 + k) is plane 2p + 1. The order is
    group, pair p of planes, channels; planes and channels that do not exist give 0,
    so that index 0 stands for zero words.

    Example:
    ```mlir
    %i = bitplane.index %x outs(%init : tensor<1x8x8x11xi16>) channels 64
        : tensor<1x8x8x2x2xi32> -> tensor<1x8x8x11xi16>
    ```
  }];
  let arguments = (ins BitPlane_Words:$input, BitPlane_Indices:$init,
      I64Attr:$channels, DefaultValuedAttr<I64Attr, "1">:$groups);
  let assemblyFormat = [{
    $input `outs` `(` $init `:` type($init) `)` `channels` $channels
    (`groups` $groups^)? attr-dict `:` type($input) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

def BitPlane_Conv2DOp : BitPlane_Op<"conv_2d"> {
  let summary = "Convolve packed feature maps, optionally down to packed codes";
  let description = [{
    Input `N x H x W x ceil(C/32) x A` words (or what the kernel wants in their place,
    below), C and the number O of output channels given by `channels C to O`. Accumulators are the exact integers of
    `dorefa.conv_2d`: sums of `(v(x) + input_offset) * (v(w) + filter_offset)` over
    the taps inside the input. Without `thresholds` the destination takes them as
    `N x OH x OW x O`; with `thresholds` it takes the packed codes
    `N x OH x OW x ceil(O/32) x bits(result_code)` of `dorefa.threshold`.

    The filter is first the bytes of its codes, `O x KH x KW x C/groups`, and the
    thresholds are those of `dorefa.threshold`. Once a kernel is chosen,
    `bitplane-pack-weights` turns both into words in that kernel's layout. For
    `popcount` the filter is `ceil(O/32) x WBITS x KH x KW x words x 32`: 32 output
    channels in vector lanes; `words` input words from `firstWord(block)` on are
    those that the groups of a block of 32 channels touch (`FilterGeometry` in
    Geometry.h), zero where a lane's group does not reach and in lanes beyond O.
    The accumulator is then `dot * I + sum * S + correction`, I being AND and
    popcount over the planes and S the window sum of the input planes of the
    lane's group, each plane with its weight; `dot` and `sum` follow from the
    encodings (`dotForm`).

    For `dot` the input is bytes, `N x H x W x C4` levels of its codes
    (`bitplane.unpack`), C4 being C rounded up to a multiple of 4, and the filter is
    `ceil(O/32) x 1 x KH x KW x ceil(C/groups/4) x 128` bytes: byte `4*lane + i` of a
    step is the weight of output channel `lane` of the block for channel `i` of the
    step, in the form of `storedWeight`; 0 where there is no such channel. I is then
    the sum of products of levels and stored weights, S the sum of levels
    (`levelForm`). A block of 32 output channels must lie in one group.

    `correction` is present where an input code has a nonzero constant part:
    `row classes x column classes x 32*ceil(O/32)`, one class per set of taps
    inside the input (`BorderClasses`), 0 in lanes beyond O. Packed thresholds are
    `(n + 1) x 32*ceil(O/32)`: a row that is -1 for decreasing channels and 0
    elsewhere, then the thresholds in ascending order of the comparison
    `(acc ^ row0) - row0 >= T`, that is, negated where decreasing. Channels beyond O
    have thresholds INT32_MAX; their bits in the result are 0 whatever `base` is.

    Codes of many levels are computed by `affine`, `2 x 32*ceil(O/32)` floats: a row
    of slopes, negative where decreasing, and a row of offsets. Without thresholds the
    level is `base + min(max(slope * acc + offset, 0), n)`, truncated, up to the
    largest level of the code; it is proven that this is so for every accumulator that
    can occur, whether product and sum are rounded together or one by one. Beside
    thresholds it is that or one less: less where `acc` does not reach the threshold of
    that level.

    Once the filter is packed, the destination may take bytes instead of words:
    `N x OH x OW x L` levels of the codes, as `bitplane.unpack` with `levels` makes them,
    L being O or as many more as fill a word at most. So a layer writes what a layer by
    kernel `dot` reads.

    For `lookup` the input is the result of `bitplane.index`, and the filter is
    `vectors x WBITS x KH x KW x n x lanes` bytes (`LookupGeometry`): in each byte the
    weight bits of one output channel under the channels of one index. The entry
    that row and byte select in a constant table is what they add to I. `lanes` (64,
    32 or 16) are the bytes of a vector register; their order is such that widening
    the even and the odd bytes gives the channels in their order.

    `border` counts the rows and columns of the input (top, left, bottom, right)
    that `bitplane-materialize-padding` added: their words are 0 and taps on them
    are outside the input, as with `pads`.

    `pool [PH, PW]` keeps of each PH x PW neighbouring pixels, in each channel, the code
    of the largest integer: what `bitplane.max_pool` with that window, as strides, too,
    makes of the codes. The destination is `N x OH/PH x OW/PW x ...`; rows and columns
    that fill no window are left out. Only kernels of a GPU pool
    (`bitplane-fuse-max-pool`).

    Example:
    ```mlir
    %q = bitplane.conv_2d %x, %w thresholds %t : tensor<64x3xi32> outs(%init : tensor<1x8x8x2x2xi32>)
        channels 40 to 64 codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar>
        pads [1, 1, 1, 1] : tensor<1x8x8x2x2xi32>, tensor<64x3x3x40xi8> -> tensor<1x8x8x2x2xi32>
    ```
  }];
  let arguments = (ins BitPlane_Input:$input, BitPlane_Buffer<[I8, I32]>:$filter,
      Optional<BitPlane_Words>:$correction, Optional<BitPlane_Words>:$thresholds,
      Optional<BitPlane_Floats>:$affine, BitPlane_Result:$init,
      I64Attr:$channels, I64Attr:$output_channels,
      BitPlane_CodeAttr:$input_code, BitPlane_CodeAttr:$filter_code,
      OptionalAttr<BitPlane_CodeAttr>:$result_code,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$border,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$pool,
      DefaultValuedAttr<I64Attr, "1">:$groups,
      DefaultValuedAttr<I64Attr, "0">:$input_offset,
      DefaultValuedAttr<I64Attr, "0">:$filter_offset,
      OptionalAttr<DenseBoolArrayAttr>:$decreasing,
      DefaultValuedAttr<I64Attr, "0">:$base,
      OptionalAttr<DenseI64ArrayAttr>:$range,
      OptionalAttr<BitPlane_KernelAttr>:$kernel);
  let assemblyFormat = [{
    $input `,` $filter (`correction` $correction^ `:` type($correction))?
    (`thresholds` $thresholds^ `:` type($thresholds))?
    (`affine` $affine^ `:` type($affine))?
    `outs` `(` $init `:` type($init) `)` `channels` $channels `to` $output_channels
    `codes` $input_code `,` $filter_code (`to` $result_code^)?
    (`kernel` `` $kernel^)? (`strides` $strides^)? (`pads` $pads^)?
    (`border` $border^)? (`dilations` $dilations^)? (`pool` $pool^)? (`groups` $groups^)?
    `` custom<Offsets>($input_offset, $filter_offset)
    (`decreasing` $decreasing^)? (`base` $base^)? (`range` $range^)? attr-dict
    `:` type($input) `,` type($filter) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = destination # [{
    /// True once filter and thresholds are in the layout of the chosen kernel.
    bool isPacked();
    /// Height and width of the filter window, whatever the filter's layout.
    ::std::array<int64_t, 2> getKernelSize();
    /// Height and width of what is convolved, before any pool.
    ::std::array<int64_t, 2> getOutputSize();
    /// Pixels of a window of the pool; 1 where there is no pool.
    int64_t getPoolSize();
  }];
}

def BitPlane_MatMulOp : BitPlane_Op<"matmul"> {
  let summary = "Multiply packed rows by packed weights";
  let description = [{
    Input `M x ceil(K/32) x A` words, weights the bytes of `O x K` codes; `channels K
    to O`. Packed weights are a filter without the dimensions of its window:
    `ceil(O/32) x WBITS x ceil(K/32) x 32` words for `popcount`. For kernel `dot`: input
    `M x K4` levels, weights `ceil(O/32) x 1 x ceil(K/4) x 128` bytes or, for weights of
    at most 4 bits, 64 bytes, whose low halves are the levels of the first 64 of these
    bytes and whose high halves are those of the others. Accumulators `M x O`,
    or with `thresholds` packed codes `M x ceil(O/32) x bits(result_code)`. Values,
    correction (`32*ceil(O/32)`) and thresholds as in `bitplane.conv_2d`.

    Example:
    ```mlir
    %acc = bitplane.matmul %x, %w outs(%init : tensor<4x10xi32>) channels 64 to 10
        codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar>
        : tensor<4x2x2xi32>, tensor<10x64xi8> -> tensor<4x10xi32>
    ```
  }];
  let arguments = (ins BitPlane_Input:$input, BitPlane_Buffer<[I8, I32]>:$weights,
      Optional<BitPlane_Words>:$correction, Optional<BitPlane_Words>:$thresholds,
      Optional<BitPlane_Floats>:$affine, BitPlane_Result:$init,
      I64Attr:$channels, I64Attr:$output_channels,
      BitPlane_CodeAttr:$input_code, BitPlane_CodeAttr:$weights_code,
      OptionalAttr<BitPlane_CodeAttr>:$result_code,
      DefaultValuedAttr<I64Attr, "0">:$input_offset,
      DefaultValuedAttr<I64Attr, "0">:$weights_offset,
      OptionalAttr<DenseBoolArrayAttr>:$decreasing,
      DefaultValuedAttr<I64Attr, "0">:$base,
      OptionalAttr<DenseI64ArrayAttr>:$range,
      OptionalAttr<BitPlane_KernelAttr>:$kernel);
  let assemblyFormat = [{
    $input `,` $weights (`correction` $correction^ `:` type($correction))?
    (`thresholds` $thresholds^ `:` type($thresholds))?
    (`affine` $affine^ `:` type($affine))?
    `outs` `(` $init `:` type($init) `)` `channels` $channels `to` $output_channels
    `codes` $input_code `,` $weights_code (`to` $result_code^)?
    (`kernel` `` $kernel^)? `` custom<Offsets>($input_offset, $weights_offset)
    (`decreasing` $decreasing^)? (`base` $base^)? (`range` $range^)? attr-dict
    `:` type($input) `,` type($weights) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = destination # [{
    /// True once weights and thresholds are in the layout of the chosen kernel.
    bool isPacked();
  }];
}

//===----------------------------------------------------------------------===//
// Between contractions
//===----------------------------------------------------------------------===//

def BitPlane_ThresholdOp : BitPlane_SimpleOp<"threshold"> {
  let summary = "Compare with thresholds and pack the resulting codes";
  let description = [{
    `dorefa.threshold` with packed result: input `... x C` of `i32` or `f32`, thresholds
    `C x n` or `1 x n` of the same element type, destination
    `... x ceil(C/32) x bits(code)`.

    Example:
    ```mlir
    %q = bitplane.threshold %acc, %t outs(%init : tensor<1x4x4x1x2xi32>) code !dorefa.code<2, unipolar>
        : tensor<1x4x4x8xi32>, tensor<8x3xi32> -> tensor<1x4x4x1x2xi32>
    ```
  }];
  let arguments = (ins BitPlane_Buffer<[I32, F32]>:$input,
      BitPlane_Buffer<[I32, F32]>:$thresholds, BitPlane_Words:$init,
      BitPlane_CodeAttr:$code, OptionalAttr<DenseBoolArrayAttr>:$decreasing,
      DefaultValuedAttr<I64Attr, "0">:$base);
  let assemblyFormat = [{
    $input `,` $thresholds `outs` `(` $init `:` type($init) `)` `code` $code
    (`decreasing` $decreasing^)? (`base` $base^)? attr-dict
    `:` type($input) `,` type($thresholds) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def BitPlane_MaxPoolOp : BitPlane_SimpleOp<"max_pool"> {
  let summary = "Take the largest code of each window, plane by plane";
  let description = [{
    `dorefa.max_pool` on packed codes: `N x H x W x words x A` to
    `N x OH x OW x words x A`. Codes are compared by the integers they stand for.

    Example:
    ```mlir
    %y = bitplane.max_pool %x outs(%init : tensor<1x2x2x1x2xi32>) code !dorefa.code<2, unipolar>
        kernel [2, 2] strides [2, 2] : tensor<1x4x4x1x2xi32> -> tensor<1x2x2x1x2xi32>
    ```
  }];
  let arguments = (ins BitPlane_Words:$input, BitPlane_Words:$init,
      BitPlane_CodeAttr:$code, DenseI64ArrayAttr:$kernel,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations);
  let assemblyFormat = [{
    $input `outs` `(` $init `:` type($init) `)` `code` $code `kernel` $kernel
    (`strides` $strides^)? (`pads` $pads^)? (`dilations` $dilations^)? attr-dict
    `:` type($input) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

#endif // BITPLANE_OPS_TD
