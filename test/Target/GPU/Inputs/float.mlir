// Kernels that need nothing of a chip, with a batch.
func.func @main(%x: tensor<?x4xf32> {dorefa.name = "x"}) -> (tensor<?x4xf32> {dorefa.name = "y"}) {
  %w = arith.constant dense<2.0> : tensor<4x4xf32>
  %m = dorefa.matmul %x, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  %y = dorefa.unary relu %m : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
