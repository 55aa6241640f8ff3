// RUN: dorefa-opt %s --test-dorefa-backward --split-input-file --verify-diagnostics

func.func @main(%x: tensor<1x4x4x8xf32>, %w: tensor<8x3x3x8xf32>) -> tensor<1x2x2x8xf32> {
  // expected-error @+1 {{'dorefa.conv_2d' op has no backward rule: the gradient of its input needs a transposed convolution, which the dialect does not have}}
  %y = dorefa.conv_2d %x, %w : tensor<1x4x4x8xf32>, tensor<8x3x3x8xf32> -> tensor<1x2x2x8xf32>
  return %y : tensor<1x2x2x8xf32>
}

// -----

func.func @main(%x: tensor<4x8x!dorefa.code<2, unipolar>>, %w: tensor<2x8x!dorefa.code<1, bipolar>>) -> tensor<4x2xi32> {
  // expected-error @+1 {{'dorefa.matmul' op works on integers and has no backward rule; differentiate the network in phase input, where it works on floats}}
  %y = dorefa.matmul %x, %w : tensor<4x8x!dorefa.code<2, unipolar>>, tensor<2x8x!dorefa.code<1, bipolar>> -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @main(%x: tensor<1x4x4x8x!dorefa.code<2, unipolar>>) -> tensor<1x3x3x8x!dorefa.code<2, unipolar>> {
  // expected-error @+1 {{'dorefa.max_pool' op works on integers and has no backward rule}}
  %y = dorefa.max_pool %x kernel [2, 2] : tensor<1x4x4x8x!dorefa.code<2, unipolar>> -> tensor<1x3x3x8x!dorefa.code<2, unipolar>>
  return %y : tensor<1x3x3x8x!dorefa.code<2, unipolar>>
}

// -----

func.func @main(%x: tensor<4xf32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'dorefa.binary' op has no backward rule where the exponent is not a constant}}
  %y = dorefa.binary pow %x, %e : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// A threshold is the fused form: its chain has rules, it has not.
func.func @main(%x: tensor<4x8xf32>, %t: tensor<8x3xf32>) -> tensor<4x8x!dorefa.code<2, unipolar>> {
  // expected-error @+1 {{'dorefa.threshold' op has no backward rule}}
  %q = dorefa.threshold %x, %t : tensor<4x8xf32>, tensor<8x3xf32> -> tensor<4x8x!dorefa.code<2, unipolar>>
  return %q : tensor<4x8x!dorefa.code<2, unipolar>>
}
