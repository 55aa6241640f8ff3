//===- DoReFaOps.td - Operations of the dorefa dialect -----*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In the order in which data meets them: constants, quantizers, values of
// codes, layers, float functions, pools, heads.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_OPS_TD
#define DOREFA_OPS_TD

include "DoReFaInterfaces.td"
include "DoReFaTypes.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class DoReFa_Op<string mnemonic, list<Trait> traits = []>
    : Op<DoReFa_Dialect, mnemonic, !listconcat([Pure], traits)>;

/// An operation with a backward rule.
class DoReFa_DifferentiableOp<string mnemonic, list<Trait> traits = []>
    : DoReFa_Op<mnemonic, !listconcat(
        [DeclareOpInterfaceMethods<DoReFa_DifferentiableOpInterface>], traits)>;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

def DoReFa_ConstantOp : DoReFa_Op<"constant", [ConstantLike]> {
  let summary = "Hold codes that are known at compile time";
  let description = [{
    The payload is an elements attribute of `i8` with the shape of the result, one
    byte per code, because a dense attribute cannot hold a dialect element type.
    Large payloads are resource blobs (`dense_resource`). Every code must lie in
    `[0, 2^bits - 1]`.

    Example:
    ```mlir
    %w = dorefa.constant dense<[0, 1, 1, 0]> : tensor<4xi8> -> tensor<4x!dorefa.code<1, bipolar>>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs DoReFa_CodeTensor:$result);
  let assemblyFormat = "attr-dict $value `->` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Quantizers: float -> codes
//===----------------------------------------------------------------------===//

def DoReFa_QuantizeOp : DoReFa_DifferentiableOp<"quantize", [SameOperandsAndResultShape]> {
  let summary = "Quantize uniformly with scale, zero point and rounding mode";
  let description = [{
    QONNX Quant without its way back to float (`dorefa.dequantize` is that):
    `level = round(clamp(x / scale + zero_point, min, max))`, clamp first, then
    round, in float32. `[min, max]` are the levels that the code type can hold:
    `[0, 2^k - 1]` for `unipolar` and `bipolar` (a half-integer zero point),
    `[-2^(k-1), 2^(k-1) - 1]` for `signed`; `narrow` drops the largest level of an
    unsigned and the smallest of a signed code. NaN becomes the lowest code.

    `scale` and `zero_point` have one value, or one per index of dimension
    `axis`. Scales are finite and greater than 0.

    Example:
    ```mlir
    %q = dorefa.quantize %x scale [3.333333e-01] zero_point [0.0] half_even
        : tensor<4x8xf32> -> tensor<4x8x!dorefa.code<2, unipolar>>
    ```
  }];
  let arguments = (ins DoReFa_FloatTensor:$input, DenseF32ArrayAttr:$scale,
                       DenseF32ArrayAttr:$zero_point,
                       DoReFa_RoundingAttr:$rounding, UnitAttr:$narrow,
                       DefaultValuedAttr<I64Attr, "0">:$axis);
  let results = (outs DoReFa_CodeTensor:$result);
  let assemblyFormat = [{
    $input `scale` $scale `zero_point` $zero_point `` $rounding (`narrow` $narrow^)?
    (`axis` $axis^)? attr-dict `:` type($input) `->` type($result)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Smallest and largest level, `narrow` included.
    int64_t getMinLevel();
    int64_t getMaxLevel();
  }];
}

def DoReFa_QuantizeSignOp
    : DoReFa_DifferentiableOp<"quantize_sign", [SameOperandsAndResultShape]> {
  let summary = "Quantize to the sign of each element";
  let description = [{
    Code 1 (value +1) where `x >= 0`, code 0 (value -1) elsewhere; -0.0 counts as
    `>= 0` and NaN does not. QONNX BipolarQuant without its scale.

    Example:
    ```mlir
    %q = dorefa.quantize_sign %x : tensor<4xf32> -> tensor<4x!dorefa.code<1, bipolar>>
    ```
  }];
  let arguments = (ins DoReFa_FloatTensor:$input);
  let results = (outs DoReFa_CodeTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def DoReFa_QuantizeActivationsOp
    : DoReFa_DifferentiableOp<"quantize_activations", [SameOperandsAndResultShape]> {
  let summary = "Bound activations by h and quantize them to k bits";
  let description = [{
    `q = round_half_even(h(x) * (2^k - 1))`, paper section 2.4, with `h` one of
    `clip` (`clip(x, 0, 1)`), `tanh` (`(tanh(x) + 1) / 2`) and `abs`
    (`min(1, |x|)`). The value of the activation is `q / (2^k - 1)`.

    Example:
    ```mlir
    %q = dorefa.quantize_activations %x clip : tensor<4xf32> -> tensor<4x!dorefa.code<2, unipolar>>
    ```
  }];
  let arguments = (ins DoReFa_FloatTensor:$input, DoReFa_ActivationAttr:$h);
  let results = (outs DoReFa_CodeTensor:$result);
  let assemblyFormat = "$input `` $h attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def DoReFa_QuantizeWeightsOp : DoReFa_DifferentiableOp<"quantize_weights"> {
  let summary = "Quantize the weights of a layer as DoReFa-Net does";
  let description = [{
    Paper section 2.3. For k = 1 the codes are the signs (`x >= 0`) and the scale
    is `E = mean(|w|)` over the whole tensor. For k > 1
    `q = round_half_even((tanh(w) / (2 max|tanh(w)|) + 1/2) * (2^k - 1))` and the
    scale is `1 / (2^k - 1)`. A weight is `scale * v(q)`. Mean, maximum and tanh
    are computed in float64 in row-major order; tanh is then rounded to float32.
    All-zero weights give E = 0 (k = 1), respectively a maximum of 1. Weights that
    are NaN or infinite are an error.

    `per_channel` takes mean and maximum over each output channel (dimension 0)
    instead, and there is one scale for each. `max_gradient` says whether the
    maximum passes a gradient on, as in the reference code, or is a constant; it
    has no meaning for k = 1, where E is a constant.

    Example:
    ```mlir
    %q, %scale = dorefa.quantize_weights %w
        : tensor<8x9xf32> -> tensor<8x9x!dorefa.code<1, bipolar>>, tensor<f64>
    %r, %scales = dorefa.quantize_weights %w per_channel max_gradient false
        : tensor<8x9xf32> -> tensor<8x9x!dorefa.code<2, bipolar>>, tensor<8xf64>
    ```
  }];
  let arguments = (ins DoReFa_FloatTensor:$input, UnitAttr:$per_channel,
                       DefaultValuedAttr<BoolAttr, "true">:$max_gradient);
  let results = (outs DoReFa_CodeTensor:$result,
                      TensorRankOf<[F64], [0, 1]>:$scale);
  let assemblyFormat = [{
    $input (`per_channel` $per_channel^)? (`max_gradient` $max_gradient^)? attr-dict
    `:` type($input) `->` type($result) `,` type($scale)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def DoReFa_QuantizeTernaryOp : DoReFa_DifferentiableOp<"quantize_ternary"> {
  let summary = "Quantize the weights of a layer to -1, 0 and +1";
  let description = [{
    The value is the sign of `w` where `|w| > t` and 0 elsewhere, `t` being
    `0.05 max|w|` over the whole tensor: the threshold of Trained Ternary
    Quantization (arXiv 1612.01064, section 3), strict as in the paper. The scale
    is the mean of `|w|` over the weights beyond the threshold, which is closest to
    the weights in the least-squares sense: Ternary Weight Networks (arXiv
    1605.04711, section 2). A weight is `scale * v(q)`. Threshold and mean are
    computed in float64 in row-major order and rounded once to float32. All-zero
    weights give values and scale 0; weights that are NaN or infinite are an error.

    Example:
    ```mlir
    %q, %scale = dorefa.quantize_ternary %w
        : tensor<8x9xf32> -> tensor<8x9x!dorefa.code<2, ternary>>, tensor<f64>
    ```
  }];
  let arguments = (ins DoReFa_FloatTensor:$input);
  let results = (outs DoReFa_CodeTensor:$result, 0DTensorOf<[F64]>:$scale);
  let assemblyFormat = [{
    $input attr-dict `:` type($input) `->` type($result) `,` type($scale)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def DoReFa_QuantizeGradientsOp : DoReFa_Op<"quantize_gradients"> {
  let summary = "Quantize gradients stochastically, one scale per sample";
  let description = [{
    Paper section 2.5 with the noise of Philox4x32-10:
    `q = min(floor(y * (2^k - 1) + u), 2^k - 1)`,
    `y = clip(dr / (2 m) + 1/2, 0, 1)`, `m` the largest `|dr|` of the sample (all
    dimensions but the first), `u = draw / 2^16`. Key = `seed`, counter =
    (row-major element index / 8, `layer`, `step`, 0); each 32-bit word gives two
    draws, low half first. The gradient is `m * v(q) / (2^k - 1)`; a sample whose
    `m` is 0 has scale 0. Gradients that are NaN or infinite are an error.

    Example:
    ```mlir
    %q, %m = dorefa.quantize_gradients %dr seed 7 layer 3 step 0
        : tensor<2x8xf32> -> tensor<2x8x!dorefa.code<6, bipolar>>, tensor<2xf32>
    ```
  }];
  let arguments = (ins DoReFa_FloatTensor:$input, I64Attr:$seed, I32Attr:$layer,
                       I32Attr:$step);
  let results = (outs DoReFa_CodeTensor:$result, 1DTensorOf<[F32]>:$scale);
  let assemblyFormat = [{
    $input `seed` $seed `layer` $layer `step` $step attr-dict
    `:` type($input) `->` type($result) `,` type($scale)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def DoReFa_ThresholdOp
    : DoReFa_Op<"threshold", [AllShapesMatch<["input", "result"]>]> {
  let summary = "Count the thresholds that each element reaches";
  let description = [{
    The fused form of affine, activation and rounding (paper, 2.8):
    `level = base + sum_j [x >= T(c, j)]` for channel `c` (the last dimension of
    the input), or `[x <= T(c, j)]` where `decreasing` holds for `c`. The result
    is the code of `level`: for `bipolar` codes the level is the code itself, for
    the others it is its integer value. Thresholds have the element type of the
    input and shape `C x n`, or `1 x n` for all channels. Rows need not be sorted.
    NaN reaches no threshold, and a threshold that is NaN is never reached.

    Example:
    ```mlir
    %q = dorefa.threshold %acc, %t : tensor<4x8xi32>, tensor<8x3xi32>
        -> tensor<4x8x!dorefa.code<2, unipolar>>
    ```
  }];
  let arguments = (ins TensorOf<[I32, F32]>:$input,
                       2DTensorOf<[I32, F32]>:$thresholds,
                       OptionalAttr<DenseBoolArrayAttr>:$decreasing,
                       DefaultValuedAttr<I64Attr, "0">:$base);
  let results = (outs DoReFa_CodeTensor:$result);
  let assemblyFormat = [{
    $input `,` $thresholds (`decreasing` $decreasing^)? (`base` $base^)? attr-dict
    `:` type($input) `,` type($thresholds) `->` type($result)
  }];
  let hasVerifier = 1;
}

def DoReFa_LookupOp
    : DoReFa_Op<"lookup", [AllShapesMatch<["input", "result"]>]> {
  let summary = "Look each element up in a table of codes";
  let description = [{
    The fused form of a chain that neither only rises nor only falls (paper, 2.8),
    where `dorefa.threshold` cannot stand. Channel `c` (the last dimension of the
    input) has row `c` of the table, of shape `C x n`, or all share the one of
    `1 x n`. An accumulator `x` has the entry `x - offset`, one beyond an end of the
    table the entry at that end. A code has the entry of its own number, so that n
    is `2^bits` and there is no offset.

    Example:
    ```mlir
    %t = dorefa.constant dense<[[1, 0, 0, 1, 3]]> : tensor<1x5xi8> -> tensor<1x5x!dorefa.code<2, unipolar>>
    %q = dorefa.lookup %acc, %t offset -2 : tensor<4x8xi32>,
        tensor<1x5x!dorefa.code<2, unipolar>> -> tensor<4x8x!dorefa.code<2, unipolar>>
    ```
  }];
  let arguments = (ins TensorOf<[I32, DoReFa_CodeType]>:$input,
                       2DTensorOf<[DoReFa_CodeType]>:$table,
                       DefaultValuedAttr<I64Attr, "0">:$offset);
  let results = (outs DoReFa_CodeTensor:$result);
  let assemblyFormat = [{
    $input `,` $table (`offset` $offset^)? attr-dict
    `:` type($input) `,` type($table) `->` type($result)
  }];
  let hasVerifier = 1;
}

def DoReFa_WeightedSumOp
    : DoReFa_Op<"weighted_sum", [AllShapesMatch<["lhs", "rhs", "result"]>]> {
  let summary = "Add accumulators or codes, each times an integer";
  let description = [{
    `w(c, 0) * lhs + w(c, 1) * rhs` for channel `c` (the last dimension), a code
    standing for its integer. Weights have shape `C x 2`, or `1 x 2` for all
    channels. The sum is exact: it must stay inside i32. `dorefa.threshold` behind it
    compares the sum of two branches whose scales differ.

    Example:
    ```mlir
    %w = arith.constant dense<[[3, -7]]> : tensor<1x2xi32>
    %sum = dorefa.weighted_sum %acc, %skip, %w : tensor<4x8xi32>,
        tensor<4x8x!dorefa.code<2, unipolar>>, tensor<1x2xi32> -> tensor<4x8xi32>
    ```
  }];
  let arguments = (ins TensorOf<[I32, DoReFa_CodeType]>:$lhs,
                       TensorOf<[I32, DoReFa_CodeType]>:$rhs,
                       2DTensorOf<[I32]>:$weights);
  let results = (outs TensorOf<[I32]>:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `,` $weights attr-dict
    `:` type($lhs) `,` type($rhs) `,` type($weights) `->` type($result)
  }];
  let hasVerifier = 1;
}

def DoReFa_StraightThroughOp
    : DoReFa_DifferentiableOp<"straight_through",
                [SameOperandsAndResultType]> {
  let summary = "Take the forward value of one tensor and the gradient of another";
  let description = [{
    Forward, the result is `value`. Backward, the gradient of the result goes to
    `gradient` unchanged and nothing goes to `value`: the straight-through
    estimator (STE), paper section 2.2, as an operation of its own.

    Example:
    ```mlir
    %y = dorefa.straight_through %quantized to %x : tensor<4xf32>
    ```
  }];
  let arguments = (ins DoReFa_FloatTensor:$value, DoReFa_FloatTensor:$gradient);
  let results = (outs DoReFa_FloatTensor:$result);
  let assemblyFormat = "$value `to` $gradient attr-dict `:` type($result)";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Values of codes
//===----------------------------------------------------------------------===//

def DoReFa_DequantizeOp
    : DoReFa_DifferentiableOp<"dequantize", [AllShapesMatch<["input", "result"]>]> {
  let summary = "Turn codes into the reals they stand for";
  let description = [{
    `f32((v(q) - zero_point) * scale)`: the difference in float32, the product in
    float64, rounded once. `scale` is a float64 tensor of rank 0, or of rank 1 with
    one value per index of dimension `axis`.

    Example:
    ```mlir
    %x = dorefa.dequantize %q, %scale : tensor<4x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<4xf32>
    ```
  }];
  let arguments = (ins DoReFa_CodeTensor:$input, TensorRankOf<[F64], [0, 1]>:$scale,
                       DefaultValuedAttr<F32Attr, "0.0f">:$zero_point,
                       DefaultValuedAttr<I64Attr, "0">:$axis);
  let results = (outs DoReFa_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $scale (`zero_point` $zero_point^)? (`axis` $axis^)? attr-dict
    `:` type($input) `,` type($scale) `->` type($result)
  }];
  let hasVerifier = 1;
}

def DoReFa_ScaleOp : DoReFa_DifferentiableOp<"scale", [AllShapesMatch<["input", "result"]>]> {
  let summary = "Turn integer accumulators into the reals they stand for";
  let description = [{
    `f32(acc) * s`, both steps in float32. `scale` has rank 0, or rank 1 with one
    value per channel (last dimension).

    Example:
    ```mlir
    %x = dorefa.scale %acc, %s : tensor<4x8xi32>, tensor<8xf32> -> tensor<4x8xf32>
    ```
  }];
  let arguments = (ins TensorOf<[I32]>:$input, TensorRankOf<[F32], [0, 1]>:$scale);
  let results = (outs DoReFa_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $scale attr-dict `:` type($input) `,` type($scale) `->` type($result)
  }];
  let hasVerifier = 1;
}

def DoReFa_StorageCastOp
    : DoReFa_Op<"storage_cast", [SameOperandsAndResultShape]> {
  let summary = "View codes as the bytes that hold them, or back";
  let description = [{
    No data moves: a code is stored as an `i8`. Conversions put this op where a
    part of the program still speaks of codes and the other of bytes.

    Example:
    ```mlir
    %b = dorefa.storage_cast %q : tensor<4x!dorefa.code<2, unipolar>> to tensor<4xi8>
    ```
  }];
  let arguments = (ins TensorOf<[I8, DoReFa_CodeType]>:$input);
  let results = (outs TensorOf<[I8, DoReFa_CodeType]>:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

def DoReFa_Conv2DOp : DoReFa_DifferentiableOp<"conv_2d"> {
  let summary = "Convolve a feature map with filters";
  let description = [{
    Input `N x H x W x C`, filter `O x KH x KW x C/groups`, result
    `N x OH x OW x O`; depthwise convolution has as many groups as channels. `pads`
    are top, left, bottom, right. Taps outside the input count as the value 0, so
    that padding the input with zeros first gives the same bits.

    On floats every output is one chain of fused multiply-adds, taps in
    (ky, kx, c) order, starting from the bias (or 0). On codes the result is the
    exact integer sum of `(v(x) + input_offset) * (v(w) + filter_offset)`; there is
    no bias. `range` is the proven interval of the accumulators, if known.

    Example:
    ```mlir
    %acc = dorefa.conv_2d %x, %w pads [1, 1, 1, 1] groups 2
        : tensor<1x14x14x8x!dorefa.code<2, unipolar>>, tensor<16x3x3x4x!dorefa.code<1, bipolar>>
        -> tensor<1x14x14x16xi32>
    ```
  }];
  let arguments = (ins 4DTensorOf<[F32, DoReFa_CodeType]>:$input,
      4DTensorOf<[F32, DoReFa_CodeType]>:$filter,
      Optional<1DTensorOf<[F32]>>:$bias,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      DefaultValuedAttr<I64Attr, "1">:$groups,
      DefaultValuedAttr<I64Attr, "0">:$input_offset,
      DefaultValuedAttr<I64Attr, "0">:$filter_offset,
      OptionalAttr<DenseI64ArrayAttr>:$range);
  let results = (outs 4DTensorOf<[F32, I32]>:$result);
  let assemblyFormat = [{
    $input `,` $filter (`bias` `(` $bias^ `:` type($bias) `)`)? (`strides` $strides^)?
    (`pads` $pads^)? (`dilations` $dilations^)? (`groups` $groups^)?
    `` custom<Offsets>($input_offset, $filter_offset) (`range` $range^)? attr-dict
    `:` type($input) `,` type($filter) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// True where input and filter are codes and the result is exact.
    bool isInteger();
  }];
}

def DoReFa_MatMulOp : DoReFa_DifferentiableOp<"matmul"> {
  let summary = "Multiply rows by the weights of a fully connected layer";
  let description = [{
    Input `... x K`, weights `O x K`, result `... x O`. Floats and codes as in
    `dorefa.conv_2d`: one chain of fused multiply-adds in order of k starting from
    the bias, respectively an exact integer sum.

    Example:
    ```mlir
    %acc = dorefa.matmul %x, %w : tensor<4x64x!dorefa.code<2, unipolar>>,
        tensor<10x64x!dorefa.code<1, bipolar>> -> tensor<4x10xi32>
    ```
  }];
  let arguments = (ins DoReFa_FloatOrCodeTensor:$input,
      2DTensorOf<[F32, DoReFa_CodeType]>:$weights,
      Optional<1DTensorOf<[F32]>>:$bias,
      DefaultValuedAttr<I64Attr, "0">:$input_offset,
      DefaultValuedAttr<I64Attr, "0">:$weights_offset,
      OptionalAttr<DenseI64ArrayAttr>:$range);
  let results = (outs TensorOf<[F32, I32]>:$result);
  let assemblyFormat = [{
    $input `,` $weights (`bias` `(` $bias^ `:` type($bias) `)`)?
    `` custom<Offsets>($input_offset, $weights_offset) (`range` $range^)? attr-dict
    `:` type($input) `,` type($weights) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// True where input and weights are codes and the result is exact.
    bool isInteger();
  }];
}

//===----------------------------------------------------------------------===//
// Float functions
//===----------------------------------------------------------------------===//

def DoReFa_BatchNormOp
    : DoReFa_DifferentiableOp<"batch_norm", [AllTypesMatch<["input", "result"]>,
                             AllTypesMatch<["mean", "variance", "gamma", "beta"]>]> {
  let summary = "Normalize each channel with trained statistics";
  let description = [{
    `(x - mean) / sqrt(variance + epsilon) * gamma + beta`, every step in float32
    in this order. Statistics have one value per channel (last dimension).

    Example:
    ```mlir
    %y = dorefa.batch_norm %x, %mean, %variance, %gamma, %beta epsilon 1.0e-05
        : tensor<1x4x4x8xf32>, tensor<8xf32>
    ```
  }];
  let arguments = (ins DoReFa_FloatTensor:$input, 1DTensorOf<[F32]>:$mean,
                       1DTensorOf<[F32]>:$variance, 1DTensorOf<[F32]>:$gamma,
                       1DTensorOf<[F32]>:$beta, F32Attr:$epsilon);
  let results = (outs DoReFa_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $mean `,` $variance `,` $gamma `,` $beta `epsilon` $epsilon attr-dict
    `:` type($input) `,` type($mean)
  }];
  let hasVerifier = 1;
}

def DoReFa_UnaryOp
    : DoReFa_DifferentiableOp<"unary", [SameOperandsAndResultType]> {
  let summary = "Apply a float function to each element";
  let description = [{
    Kinds: `abs`, `ceil`, `exp`, `floor`, `neg`, `relu` (`max(x, 0)`),
    `round_half_even`, `sigmoid`, `softplus` (`log(1 + exp(x))`), `sqrt`, `tanh`.
    exp, sigmoid, softplus and tanh are computed in float64 and rounded once, so
    that they do not depend on a particular float32 library.

    Example:
    ```mlir
    %y = dorefa.unary relu %x : tensor<4xf32>
    ```
  }];
  let arguments = (ins DoReFa_UnaryKindAttr:$kind, DoReFa_FloatTensor:$input);
  let results = (outs DoReFa_FloatTensor:$result);
  let assemblyFormat = "`` $kind $input attr-dict `:` type($result)";
  let hasFolder = 1;
}

def DoReFa_BinaryOp : DoReFa_DifferentiableOp<"binary"> {
  let summary = "Apply a float function to pairs of elements";
  let description = [{
    Kinds: `add`, `sub`, `mul`, `div`, `max`, `min`, `pow`, one float32 rounding
    each; `max(a, b)` is `a > b ? a : b`, `min(a, b)` is `a < b ? a : b`, and `pow`
    is computed in float64 and rounded once. Shapes broadcast as in NumPy, aligned
    at the last dimension.

    Example:
    ```mlir
    %y = dorefa.binary mul %x, %s : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x8xf32>
    ```
  }];
  let arguments = (ins DoReFa_BinaryKindAttr:$kind, DoReFa_FloatTensor:$lhs,
                       DoReFa_FloatTensor:$rhs);
  let results = (outs DoReFa_FloatTensor:$result);
  let assemblyFormat = [{
    `` $kind $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def DoReFa_SoftmaxOp
    : DoReFa_DifferentiableOp<"softmax", [SameOperandsAndResultType]> {
  let summary = "Normalize the exponentials of the last dimension";
  let description = [{
    `e / sum(e)` with `e = exp(x - max(x))` (float64 exp, rounded once), the sum a
    float32 chain in index order.

    Example:
    ```mlir
    %y = dorefa.softmax %x : tensor<4x10xf32>
    ```
  }];
  let arguments = (ins DoReFa_FloatTensor:$input);
  let results = (outs DoReFa_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}

def DoReFa_TopKOp : DoReFa_Op<"top_k"> {
  let summary = "Find the k largest or smallest elements of the last dimension";
  let description = [{
    Values and indices, best first; of equal elements the one with the lower index
    comes first. `smallest` turns the order round. k is the last size of the
    results. NaN is never better than a number.

    Example:
    ```mlir
    %values, %indices = dorefa.top_k %x : tensor<4x10xf32> -> tensor<4x1xf32>, tensor<4x1xi64>
    ```
  }];
  let arguments = (ins DoReFa_FloatTensor:$input, UnitAttr:$smallest);
  let results = (outs DoReFa_FloatTensor:$values, TensorOf<[I64]>:$indices);
  let assemblyFormat = [{
    $input (`smallest` $smallest^)? attr-dict
    `:` type($input) `->` type($values) `,` type($indices)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

class DoReFa_PoolOp<string mnemonic, TypeConstraint type>
    : DoReFa_DifferentiableOp<mnemonic> {
  let arguments = (ins type:$input, DenseI64ArrayAttr:$kernel,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations);
  let results = (outs type:$result);
  let assemblyFormat = [{
    $input `kernel` $kernel (`strides` $strides^)? (`pads` $pads^)?
    (`dilations` $dilations^)? attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def DoReFa_MaxPoolOp
    : DoReFa_PoolOp<"max_pool", 4DTensorOf<[F32, I32, DoReFa_CodeType]>> {
  let summary = "Take the largest value of each window";
  let description = [{
    Feature maps are `N x H x W x C`; `pads` are top, left, bottom, right and may
    differ. Elements outside the input take no part, so each window must touch the
    input. Codes are compared by the integers they stand for. NaN is never the
    largest, as it becomes the lowest code: a window of NaN gives minus infinity.

    Example:
    ```mlir
    %y = dorefa.max_pool %x kernel [3, 3] strides [2, 2] pads [0, 0, 1, 1]
        : tensor<1x54x54x8xf32> -> tensor<1x27x27x8xf32>
    ```
  }];
}

def DoReFa_AvgPoolOp : DoReFa_PoolOp<"avg_pool", 4DTensorOf<[F32]>> {
  let summary = "Take the mean of each window";
  let description = [{
    The float32 sum of the window in (ky, kx) order divided by the number of
    elements: those inside the input, or all of the kernel where
    `count_include_pad` is set.

    Example:
    ```mlir
    %y = dorefa.avg_pool %x kernel [7, 7] : tensor<1x7x7x8xf32> -> tensor<1x1x1x8xf32>
    ```
  }];
  let arguments = (ins 4DTensorOf<[F32]>:$input, DenseI64ArrayAttr:$kernel,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      UnitAttr:$count_include_pad);
}

#endif // DOREFA_OPS_TD
