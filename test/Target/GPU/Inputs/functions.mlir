// Every function of floats, heads and a layer of floats: nothing of it may need a library.
func.func @main(%x: tensor<?x8xf32> {dorefa.name = "x"})
    -> (tensor<?x8xf32> {dorefa.name = "y"}, tensor<?x3xi64> {dorefa.name = "best"}) {
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  %0 = dorefa.matmul %x, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %1 = dorefa.unary abs %0 : tensor<?x8xf32>
  %2 = dorefa.unary ceil %1 : tensor<?x8xf32>
  %3 = dorefa.unary exp %2 : tensor<?x8xf32>
  %4 = dorefa.unary floor %3 : tensor<?x8xf32>
  %5 = dorefa.unary round_half_even %4 : tensor<?x8xf32>
  %6 = dorefa.unary sigmoid %5 : tensor<?x8xf32>
  %7 = dorefa.unary softplus %6 : tensor<?x8xf32>
  %8 = dorefa.unary sqrt %7 : tensor<?x8xf32>
  %9 = dorefa.unary tanh %8 : tensor<?x8xf32>
  %c = arith.constant dense<1.5> : tensor<8xf32>
  %10 = dorefa.binary pow %9, %c : tensor<?x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
  %11 = dorefa.binary div %10, %c : tensor<?x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
  %12 = dorefa.batch_norm %11, %c, %c, %c, %c epsilon 1.0e-05 : tensor<?x8xf32>, tensor<8xf32>
  %13 = dorefa.softmax %12 : tensor<?x8xf32>
  %values, %indices = dorefa.top_k %13 : tensor<?x8xf32> -> tensor<?x3xf32>, tensor<?x3xi64>
  return %13, %indices : tensor<?x8xf32>, tensor<?x3xi64>
}
