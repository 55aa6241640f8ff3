// Parameters that no training gives: the reference defines what becomes of them, fused
// or not, interpreted or compiled.

// RUN: split-file %s %t
// RUN: %python -c "import numpy as np; np.save('%t/x.npy', np.arange(-8, 8, dtype=np.float32).reshape(16, 1))"
// RUN: dorefa-interpret %t/net.mlir --phase=codes --input %t/x.npy --output y=%t/y.npy --print | FileCheck %t/net.mlir
// RUN: dorefa-interpret %t/net.mlir --phase=thresholds --input %t/x.npy --expect y=%t/y.npy
// RUN: dorefa-compile %t/net.mlir -o %t/net.so --verify-thresholds=exhaustive
// RUN: dorefa-run %t/net.so --input %t/x.npy --expect y=%t/y.npy

//--- net.mlir
// Channels: variance -1 (NaN, lowest code), variance + epsilon = 0 (a step at the mean,
// which is NaN), variance NaN, variance infinite (beta), gamma infinite (NaN at the mean),
// mean infinite, beta NaN, scale 0, scale NaN, scale infinite (0 is NaN), scale
// negative, thresholds far beyond the range on both sides.
// CHECK: y: {{\[\[}}0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 3, 0, 3],
// CHECK-SAME: [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 2, 0, 3], [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 3], [0, 0, 0, 1, 3, 0, 0, 1, 0, 3, 0, 0, 3],
// CHECK-SAME: [0, 0, 0, 1, 3, 0, 0, 1, 0, 3, 0, 0, 3], [0, 3, 0, 1, 3, 0, 0, 1, 0, 3, 0, 0, 3],
// CHECK-SAME: [0, 3, 0, 1, 3, 0, 0, 1, 0, 3, 0, 0, 3]{{\]}}
func.func @main(%x: tensor<?x1xf32>) -> (tensor<?x13xf32> {dorefa.name = "y"}) {
  %q = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even : tensor<?x1xf32> -> tensor<?x1x!dorefa.code<4, signed>>
  %w = dorefa.constant dense<1> : tensor<13x1xi8> -> tensor<13x1x!dorefa.code<1, bipolar>>
  %acc = dorefa.matmul %q, %w : tensor<?x1x!dorefa.code<4, signed>>, tensor<13x1x!dorefa.code<1, bipolar>> -> tensor<?x13xi32>
  %s = arith.constant dense<[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0x7FC00000, 0x7F800000, -1.0, 1.0, 1.0]> : tensor<13xf32>
  %mean = arith.constant dense<[0.0, 2.0, 0.0, 0.0, 0.0, 0x7F800000, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]> : tensor<13xf32>
  %variance = arith.constant dense<[-1.0, 0.0, 0x7FC00000, 0x7F800000, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]> : tensor<13xf32>
  %gamma = arith.constant dense<[1.0, 1.0, 1.0, 1.0, 0x7F800000, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]> : tensor<13xf32>
  %beta = arith.constant dense<[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0x7FC00000, 1.0, 1.0, 1.0, 1.0, -1.0e9, 1.0e9]> : tensor<13xf32>
  %f = dorefa.scale %acc, %s : tensor<?x13xi32>, tensor<13xf32> -> tensor<?x13xf32>
  %n = dorefa.batch_norm %f, %mean, %variance, %gamma, %beta epsilon 0.0 : tensor<?x13xf32>, tensor<13xf32>
  %r = dorefa.quantize %n scale [1.0] zero_point [0.0] half_even : tensor<?x13xf32> -> tensor<?x13x!dorefa.code<2, unipolar>>
  %one = arith.constant dense<1.0> : tensor<f64>
  %y = dorefa.dequantize %r, %one : tensor<?x13x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<?x13xf32>
  return %y : tensor<?x13xf32>
}
