// Statistics and scales that no trained network should have, by the rules of float32: every step
// is computed, NaN becomes the lowest code. Thresholds on every accumulator and compiled code agree.

// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/Inputs/extreme_values.py %t
// RUN: dorefa-interpret %s --phase=codes --input x=%t/x.npy --output norm=%t/norm.npy --output scaled=%t/scaled.npy --print | FileCheck %s
// RUN: dorefa-compile %s -o %t/native.so --verify-thresholds=exhaustive
// RUN: dorefa-run %t/native.so --input x=%t/x.npy --expect norm=%t/norm.npy --expect scaled=%t/scaled.npy
// RUN: dorefa-compile %s -o %t/plain.so --verify-thresholds=exhaustive --mcpu=x86-64
// RUN: dorefa-run %t/plain.so --input x=%t/x.npy --expect norm=%t/norm.npy --expect scaled=%t/scaled.npy

// Accumulators of samples 0, 3 and 5: all 0; 12, 12, -12, 0, 0, 0, 6, 0; and
// 6, 6, -6, -6, 0, 0, 0, 0.
// CHECK: norm: {{\[}}[0, 0, 3, 0, 2, 0, 0, 0],
// CHECK-SAME: [0, 3, 3, 0, 2, 0, 0, 0], [0, 3, 3, 0, 2, 0, 0, 0], [0, 3, 3, 0, 2, 0, 0, 0],
// CHECK: scaled: {{\[}}[0, -2, -2, -2, 0, 0, 0, 0],
// CHECK-SAME: [0, -2, -2, -2, 0, 0, 1, 0], [0, -2, -2, -2, 0, 0, 1, 0], [0, -2, -2, 1, 0, 0, 0, 0],

module @extreme {
  func.func @main(%x: tensor<?x4xf32> {dorefa.name = "x"})
      -> (tensor<?x8xf32> {dorefa.name = "norm"}, tensor<?x8xf32> {dorefa.name = "scaled"}) {
    %unit = arith.constant dense<1.0> : tensor<f64>
    %q = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even : tensor<?x4xf32> -> tensor<?x4x!dorefa.code<2, unipolar>>
    %v = dorefa.dequantize %q, %unit zero_point 0.0 : tensor<?x4x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<?x4xf32>
    %c = dorefa.constant dense<[[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 1, 1, 0], [1, 1, 1, 0], [1, 0, 0, 1]]>
        : tensor<8x4xi8> -> tensor<8x4x!dorefa.code<1, bipolar>>
    %w = dorefa.dequantize %c, %unit zero_point 0.0 : tensor<8x4x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<8x4xf32>
    %a = dorefa.matmul %v, %w : tensor<?x4xf32>, tensor<8x4xf32> -> tensor<?x8xf32>

    // A negative variance; variance + epsilon = 0 with gammas of both signs, so 0 / 0 at 3; a variance
    // that is NaN, one that is infinite; gammas that are infinite and NaN; an infinite mean.
    %mean = arith.constant dense<[0.0, 3.0, 3.0, 0.0, 1.0, 0.0, 0.0, 0x7F800000]> : tensor<8xf32>
    %variance = arith.constant dense<[-1.0, 0.0, 0.0, 0x7FC00000, 0x7F800000, 1.0, 1.0, 1.0]> : tensor<8xf32>
    %gamma = arith.constant dense<[1.0, 1.0, -1.0, 1.0, 1.0, 0x7F800000, 0x7FC00000, 1.0]> : tensor<8xf32>
    %beta = arith.constant dense<[0.0, 0.0, 0.0, 0.0, 2.0, 1.0, 0.0, 0.0]> : tensor<8xf32>
    %n = dorefa.batch_norm %a, %mean, %variance, %gamma, %beta epsilon 0.0 : tensor<?x8xf32>, tensor<8xf32>
    %nq = dorefa.quantize %n scale [1.0] zero_point [0.0] half_even : tensor<?x8xf32> -> tensor<?x8x!dorefa.code<2, unipolar>>
    %norm = dorefa.dequantize %nq, %unit zero_point 0.0 : tensor<?x8x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<?x8xf32>

    // 0, NaN, infinite, -infinite, negative, denormal, the largest, ordinary.
    %s = arith.constant dense<[0.0, 0x7FC00000, 0x7F800000, 0xFF800000, -0.5, 1.0e-45, 3.4e38, 1.0]> : tensor<8xf32>
    %m = dorefa.binary mul %a, %s : tensor<?x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
    %mq = dorefa.quantize %m scale [1.0] zero_point [0.0] half_even : tensor<?x8xf32> -> tensor<?x8x!dorefa.code<2, signed>>
    %scaled = dorefa.dequantize %mq, %unit zero_point 0.0 : tensor<?x8x!dorefa.code<2, signed>>, tensor<f64> -> tensor<?x8xf32>
    return %norm, %scaled : tensor<?x8xf32>, tensor<?x8xf32>
  }
}
