//===- Passes.td - Passes from one dialect to another ------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In the order of the phases, alphabetical inside a phase.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_CONVERSION_PASSES_TD
#define DOREFA_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Phase bitplane
//===----------------------------------------------------------------------===//

def ConvertDoReFaToBitPlanePass
    : Pass<"convert-dorefa-to-bitplane", "::mlir::ModuleOp"> {
  let summary = "Convert layers on codes to contractions of bit planes";
  let description = [{
    Integer `conv_2d` and `matmul`, thresholds and pools of codes become operations
    on packed words; a threshold that is the only user of a contraction becomes part
    of it. Codes that have to be seen one by one take an `i8` each: constants,
    reshapes, slices, concatenations and transposes move to `i8`. A packing of what
    was just unpacked cancels, reshapes of words included, so that words flow from
    layer to layer. A fully connected layer on a flattened feature map whose channels
    do not fill whole words becomes a convolution with the whole map as its window.

    Quantizers of floats and `dorefa.dequantize` stay; `dorefa.storage_cast` joins
    their codes to the bytes. Limits: weights of code layers have to be constant by
    `bitplane-pack-weights`; an operation on codes that is none of the above is an
    error.

    Example:
    ```mlir
    func.func @main(%x: tensor<1x8x8x40x!dorefa.code<2, unipolar>>) -> tensor<1x8x8x64xi32> {
      %w = dorefa.constant dense<1> : tensor<64x3x3x40xi8> -> tensor<64x3x3x40x!dorefa.code<1, bipolar>>
      %acc = dorefa.conv_2d %x, %w pads [1, 1, 1, 1]
          : tensor<1x8x8x40x!dorefa.code<2, unipolar>>, tensor<64x3x3x40x!dorefa.code<1, bipolar>> -> tensor<1x8x8x64xi32>
      return %acc : tensor<1x8x8x64xi32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: tensor<1x8x8x40xi8>) -> tensor<1x8x8x64xi32> {
      %w = arith.constant dense<1> : tensor<64x3x3x40xi8>
      %e0 = tensor.empty() : tensor<1x8x8x2x2xi32>
      %p = bitplane.pack %x outs(%e0 : tensor<1x8x8x2x2xi32>) : tensor<1x8x8x40xi8> -> tensor<1x8x8x2x2xi32>
      %e1 = tensor.empty() : tensor<1x8x8x64xi32>
      %acc = bitplane.conv_2d %p, %w outs(%e1 : tensor<1x8x8x64xi32>) channels 40 to 64
          codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> pads [1, 1, 1, 1]
          : tensor<1x8x8x2x2xi32>, tensor<64x3x3x40xi8> -> tensor<1x8x8x64xi32>
      return %acc : tensor<1x8x8x64xi32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::bitplane::BitPlaneDialect",
                           "::mlir::dorefa::DoReFaDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

#endif // DOREFA_CONVERSION_PASSES_TD
