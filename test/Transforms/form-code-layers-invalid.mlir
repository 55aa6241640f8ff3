// RUN: dorefa-opt %s --dorefa-form-code-layers --split-input-file --verify-diagnostics

// 255 * 255 * 33026 exceeds 2^31 - 2.
func.func @overflow(%q: tensor<1x33026x!dorefa.code<8, unipolar>>) -> tensor<1x1xf32> {
  %s = arith.constant dense<0.25> : tensor<f64>
  %x = dorefa.dequantize %q, %s : tensor<1x33026x!dorefa.code<8, unipolar>>, tensor<f64> -> tensor<1x33026xf32>
  %c = dorefa.constant dense<255> : tensor<1x33026xi8> -> tensor<1x33026x!dorefa.code<8, bipolar>>
  %w = dorefa.dequantize %c, %s : tensor<1x33026x!dorefa.code<8, bipolar>>, tensor<f64> -> tensor<1x33026xf32>
  // expected-error @+1 {{'dorefa.matmul' op accumulators can reach [0, 2147515650] but must stay inside i32; use fewer bits for weights or activations, or split the layer}}
  %y = dorefa.matmul %x, %w : tensor<1x33026xf32>, tensor<1x33026xf32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

func.func @huge_offset(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1xf32> {
  %s = arith.constant dense<0.25> : tensor<f64>
  %x = dorefa.dequantize %q, %s zero_point 1.6e7 : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x2xf32>
  %c = dorefa.constant dense<255> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<8, bipolar>>
  %w = dorefa.dequantize %c, %s : tensor<1x2x!dorefa.code<8, bipolar>>, tensor<f64> -> tensor<1x2xf32>
  // expected-error @+1 {{'dorefa.matmul' op accumulators can reach [-8160000000, -8159998470] but must stay inside i32}}
  %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
