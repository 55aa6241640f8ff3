// A layer of two channels whose flattened codes feed another one.
func.func @main(%x: tensor<?x2x2x4xf32>) -> tensor<?x1xf32> {
  %q = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even : tensor<?x2x2x4xf32> -> tensor<?x2x2x4x!dorefa.code<2, unipolar>>
  %w = dorefa.constant dense<[[[[0, 0, 1, 1]]], [[[1, 1, 1, 1]]]]> : tensor<2x1x1x4xi8> -> tensor<2x1x1x4x!dorefa.code<1, bipolar>>
  %acc = dorefa.conv_2d %q, %w
      : tensor<?x2x2x4x!dorefa.code<2, unipolar>>, tensor<2x1x1x4x!dorefa.code<1, bipolar>> -> tensor<?x2x2x2xi32> loc("conv")
  %s = arith.constant dense<0.25> : tensor<f32>
  %f = dorefa.scale %acc, %s : tensor<?x2x2x2xi32>, tensor<f32> -> tensor<?x2x2x2xf32>
  %r = dorefa.quantize %f scale [1.0] zero_point [0.0] half_up : tensor<?x2x2x2xf32> -> tensor<?x2x2x2x!dorefa.code<2, unipolar>> loc("codes")
  %flat = tensor.collapse_shape %r [[0], [1, 2, 3]] : tensor<?x2x2x2x!dorefa.code<2, unipolar>> into tensor<?x8x!dorefa.code<2, unipolar>>
  %v = dorefa.constant dense<1> : tensor<1x8xi8> -> tensor<1x8x!dorefa.code<1, bipolar>>
  %a = dorefa.matmul %flat, %v : tensor<?x8x!dorefa.code<2, unipolar>>, tensor<1x8x!dorefa.code<1, bipolar>> -> tensor<?x1xi32> loc("fc")
  %y = dorefa.scale %a, %s : tensor<?x1xi32>, tensor<f32> -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}
