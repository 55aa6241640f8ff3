func.func @main() -> (tensor<2x4x!dorefa.code<2, bipolar>> {dorefa.name = "codes"}, tensor<2xf32> {dorefa.name = "scales"}) {
  %dr = arith.constant dense<[[0.0, 0.0, -1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]> : tensor<2x4xf32>
  %q, %m = dorefa.quantize_gradients %dr seed 0 layer 0 step 0 : tensor<2x4xf32> -> tensor<2x4x!dorefa.code<2, bipolar>>, tensor<2xf32>
  return %q, %m : tensor<2x4x!dorefa.code<2, bipolar>>, tensor<2xf32>
}
