// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A layer with batch norm and a quantizer of BITS bits. DYADIC lines keep every
// float32 step exact, FLOAT lines do not.
func.func @main(%x: tensor<1x8x!dorefa.code<6, unipolar>>) -> tensor<1x3x!dorefa.code<BITS, unipolar>> {
  %w = dorefa.constant dense<[[1, 0, 1, 0, 1, 0, 1, 0], [1, 1, 1, 0, 0, 0, 0, 1], [0, 1, 0, 0, 1, 1, 0, 1]]> : tensor<3x8xi8> -> tensor<3x8x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<0.0078125> : tensor<f32> // DYADIC
  %mean = arith.constant dense<[0.5, -0.25, 0.0]> : tensor<3xf32> // DYADIC
  %variance = arith.constant dense<[0.25, 1.0, 4.0]> : tensor<3xf32> // DYADIC
  %gamma = arith.constant dense<[1.0, -0.5, 1.5]> : tensor<3xf32> // DYADIC
  %beta = arith.constant dense<[0.5, 0.3125, 0.125]> : tensor<3xf32> // DYADIC
  %s = arith.constant dense<0.0037> : tensor<f32> // FLOAT
  %mean = arith.constant dense<[0.13, -0.21, 0.0]> : tensor<3xf32> // FLOAT
  %variance = arith.constant dense<[0.9, 1.3, 0.41]> : tensor<3xf32> // FLOAT
  %gamma = arith.constant dense<[1.1, -0.7, 0.9]> : tensor<3xf32> // FLOAT
  %beta = arith.constant dense<[0.43, 0.37, 0.51]> : tensor<3xf32> // FLOAT
  %acc = dorefa.matmul %x, %w : tensor<1x8x!dorefa.code<6, unipolar>>, tensor<3x8x!dorefa.code<1, bipolar>> -> tensor<1x3xi32>
  %y = dorefa.scale %acc, %s : tensor<1x3xi32>, tensor<f32> -> tensor<1x3xf32>
  %z = dorefa.batch_norm %y, %mean, %variance, %gamma, %beta epsilon 0.0 : tensor<1x3xf32>, tensor<3xf32> // DYADIC
  %z = dorefa.batch_norm %y, %mean, %variance, %gamma, %beta epsilon 1.0e-05 : tensor<1x3xf32>, tensor<3xf32> // FLOAT
  %q = dorefa.quantize_activations %z clip : tensor<1x3xf32> -> tensor<1x3x!dorefa.code<BITS, unipolar>> loc("hidden")
  return %q : tensor<1x3x!dorefa.code<BITS, unipolar>>
}
