// Weights quantized per channel and to ternary codes, from floats to compiled code.
// RUN: %python -c "import numpy as np; np.save('%t.x.npy', np.random.default_rng(0).uniform(-0.2, 1.2, (2, 6)).astype(np.float32))"
// RUN: dorefa-interpret %s --phase=codes --input %t.x.npy --output y=%t.y.npy --output z=%t.z.npy
// RUN: dorefa-compile %s -o %t.so
// RUN: dorefa-run %t.so --input %t.x.npy --expect y=%t.y.npy --expect z=%t.z.npy | FileCheck %s
// The same network on floats, where products are rounded in another order.
// RUN: dorefa-interpret %s --phase=input --input %t.x.npy --expect y=%t.y.npy --expect z=%t.z.npy --tolerance=1e-6

// CHECK: y: 8 of 8 values equal
// CHECK: z: 8 of 8 values equal
func.func @main(%x: tensor<2x6xf32> {dorefa.name = "x"}) -> (tensor<2x4xf32> {dorefa.name = "y"}, tensor<2x4xf32> {dorefa.name = "z"}) {
  // The last channel has E = 0.
  %w = arith.constant dense<[[0.5, -0.25, 0.0, 1.0, 0.01, -0.3], [-3.0, 3.0, -2.0, 4.0, 0.1, 0.2],
                             [0.1, -0.2, 0.3, -0.4, 0.5, -0.6], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<4x6xf32>
  %third = arith.constant dense<0.33333333333333331> : tensor<f64>
  %xq = dorefa.quantize_activations %x clip : tensor<2x6xf32> -> tensor<2x6x!dorefa.code<2, unipolar>>
  %xf = dorefa.dequantize %xq, %third : tensor<2x6x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<2x6xf32>
  %q, %s = dorefa.quantize_weights %w per_channel : tensor<4x6xf32> -> tensor<4x6x!dorefa.code<1, bipolar>>, tensor<4xf64>
  %wf = dorefa.dequantize %q, %s : tensor<4x6x!dorefa.code<1, bipolar>>, tensor<4xf64> -> tensor<4x6xf32>
  %y = dorefa.matmul %xf, %wf : tensor<2x6xf32>, tensor<4x6xf32> -> tensor<2x4xf32>
  %t, %u = dorefa.quantize_ternary %w : tensor<4x6xf32> -> tensor<4x6x!dorefa.code<2, ternary>>, tensor<f64>
  %tf = dorefa.dequantize %t, %u : tensor<4x6x!dorefa.code<2, ternary>>, tensor<f64> -> tensor<4x6xf32>
  %z = dorefa.matmul %xf, %tf : tensor<2x6xf32>, tensor<4x6xf32> -> tensor<2x4xf32>
  return %y, %z : tensor<2x4xf32>, tensor<2x4xf32>
}
