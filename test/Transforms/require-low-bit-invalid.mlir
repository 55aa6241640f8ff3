// RUN: dorefa-opt %s --dorefa-form-code-layers --dorefa-require-low-bit --verify-diagnostics

func.func @average_pool_between(%q: tensor<1x2x2x2x!dorefa.code<2, unipolar>>) -> tensor<1x1x1x1xf32> {
  %s = arith.constant dense<0.25> : tensor<f64>
  %x = dorefa.dequantize %q, %s : tensor<1x2x2x2x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x2x2x2xf32>
  %p = dorefa.avg_pool %x kernel [2, 2] : tensor<1x2x2x2xf32> -> tensor<1x1x1x2xf32>
  %c = dorefa.constant dense<1> : tensor<1x1x1x2xi8> -> tensor<1x1x1x2x!dorefa.code<1, bipolar>>
  %w = dorefa.dequantize %c, %s : tensor<1x1x1x2x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<1x1x1x2xf32>
  // expected-error @+1 {{'dorefa.conv_2d' op is quantized in the source but stays float: 'dorefa.avg_pool' stands between its quantizer and the layer}}
  %y = dorefa.conv_2d %p, %w : tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32> -> tensor<1x1x1x1xf32>
  return %y : tensor<1x1x1x1xf32>
}
