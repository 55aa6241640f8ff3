// RUN: dorefa-opt %s --convert-dorefa-to-bitplane --verify-diagnostics --split-input-file

func.func @weights_unknown(%x: tensor<2x4x!dorefa.code<1, unipolar>>, %w: tensor<8x4xf32>) -> tensor<2x8xi32> {
  // expected-error @+1 {{'dorefa.quantize_weights' op works on codes but has no form on packed bits; supported on codes are conv_2d, matmul, threshold, max_pool, constants, reshapes, slices, concatenations and transposes}}
  %q, %s = dorefa.quantize_weights %w : tensor<8x4xf32> -> tensor<8x4x!dorefa.code<1, bipolar>>, tensor<f64>
  %acc = dorefa.matmul %x, %q : tensor<2x4x!dorefa.code<1, unipolar>>, tensor<8x4x!dorefa.code<1, bipolar>> -> tensor<2x8xi32>
  return %acc : tensor<2x8xi32>
}

// -----

func.func @gather(%x: tensor<2x4x!dorefa.code<1, unipolar>>, %i: tensor<1x1xindex>) -> tensor<1x4x!dorefa.code<1, unipolar>> {
  // expected-error @+1 {{'tensor.gather' op works on codes but has no form on packed bits}}
  %y = tensor.gather %x[%i] gather_dims([0]) : (tensor<2x4x!dorefa.code<1, unipolar>>, tensor<1x1xindex>) -> tensor<1x4x!dorefa.code<1, unipolar>>
  return %y : tensor<1x4x!dorefa.code<1, unipolar>>
}

// -----

func.func @dynamic_channels(%x: tensor<2x?xi32>, %t: tensor<1x1xi32>) -> tensor<2x?x!dorefa.code<1, unipolar>> {
  // expected-error @+1 {{'dorefa.threshold' op has an operand of type 'tensor<2x?xi32>' but only the leading dimension may be dynamic}}
  %q = dorefa.threshold %x, %t : tensor<2x?xi32>, tensor<1x1xi32> -> tensor<2x?x!dorefa.code<1, unipolar>>
  return %q : tensor<2x?x!dorefa.code<1, unipolar>>
}
