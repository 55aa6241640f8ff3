// Weights that are all 0 or all the same, inputs that are constant, and 32 bits, which quantize
// nothing: what the definitions say, and the same from compiled code.

// RUN: rm -rf %t && mkdir %t
// RUN: %python -c "import numpy, sys; numpy.save(sys.argv[1], numpy.float32([[0, 1, 1/3, 0.7], [0.5] * 4, [0] * 4, [-3, 9, numpy.nan, -0.0]]))" %t/x.npy
// RUN: dorefa-interpret %s --phase=codes --input x=%t/x.npy --output zero=%t/zero.npy --output next=%t/next.npy --output rows=%t/rows.npy --output same=%t/same.npy --output w32=%t/w32.npy --output a32=%t/a32.npy --output constant=%t/constant.npy --print | FileCheck %s
// RUN: dorefa-compile %s -o %t/native.so --verify-thresholds=exhaustive
// RUN: dorefa-run %t/native.so --input x=%t/x.npy --expect zero=%t/zero.npy --expect next=%t/next.npy --expect rows=%t/rows.npy --expect same=%t/same.npy --expect w32=%t/w32.npy --expect a32=%t/a32.npy --expect constant=%t/constant.npy
// RUN: dorefa-compile %s -o %t/plain.so --verify-thresholds=exhaustive --mcpu=x86-64
// RUN: dorefa-run %t/plain.so --input x=%t/x.npy --expect zero=%t/zero.npy --expect next=%t/next.npy --expect rows=%t/rows.npy --expect same=%t/same.npy --expect w32=%t/w32.npy --expect a32=%t/a32.npy --expect constant=%t/constant.npy

module @degenerate {
  func.func @main(%x: tensor<?x4xf32> {dorefa.name = "x"})
      -> (tensor<?x2xf32> {dorefa.name = "zero"}, tensor<?x2xf32> {dorefa.name = "next"},
          tensor<?x2xf32> {dorefa.name = "rows"}, tensor<?x2xf32> {dorefa.name = "same"},
          tensor<?x2xf32> {dorefa.name = "w32"}, tensor<?x2xf32> {dorefa.name = "a32"},
          tensor<1x2xf32> {dorefa.name = "constant"}) {
    // 0, 1, 1/3 and 2/3; 0.5 is the tie 1.5, so 2/3; all 0; and 0, 1, NaN to 0, 0.
    %third = arith.constant dense<0.33333333333333331> : tensor<f64>
    %unit = arith.constant dense<1.0> : tensor<f64>
    %q = dorefa.quantize_activations %x clip : tensor<?x4xf32> -> tensor<?x4x!dorefa.code<2, unipolar>>
    %v = dorefa.dequantize %q, %third : tensor<?x4x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<?x4xf32>

    // E = 0: every result is 0, whatever the codes.
    // CHECK: zero: {{\[}}[0, 0], [0, 0], [0, 0], [0, 0]]
    %none = arith.constant dense<0.0> : tensor<2x4xf32>
    %c0, %s0 = dorefa.quantize_weights %none : tensor<2x4xf32> -> tensor<2x4x!dorefa.code<1, bipolar>>, tensor<f64>
    %w0 = dorefa.dequantize %c0, %s0 : tensor<2x4x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<2x4xf32>
    %zero = dorefa.matmul %v, %w0 : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>

    // Behind batch norm and a quantizer only beta is left: 1 and 0.
    // CHECK: next: {{\[}}[1, 0], [1, 0], [1, 0], [1, 0]]
    %mean = arith.constant dense<0.0> : tensor<2xf32>
    %variance = arith.constant dense<1.0> : tensor<2xf32>
    %gamma = arith.constant dense<[5.0, -5.0]> : tensor<2xf32>
    %beta = arith.constant dense<[1.0, -1.0]> : tensor<2xf32>
    %n = dorefa.batch_norm %zero, %mean, %variance, %gamma, %beta epsilon 0.0 : tensor<?x2xf32>, tensor<2xf32>
    %nq = dorefa.quantize_activations %n clip : tensor<?x2xf32> -> tensor<?x2x!dorefa.code<2, unipolar>>
    %next = dorefa.dequantize %nq, %third : tensor<?x2x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<?x2xf32>

    // Per channel: the first row has E = 0, the second 0.5 and signs + - + -.
    // CHECK: rows: {{\[}}[0, -0.666{{[0-9]+}}], [0, 0], [0, 0], [0, -0.5]]
    %r = arith.constant dense<[[0.0, -0.0, 0.0, 0.0], [0.5, -0.5, 0.5, -0.5]]> : tensor<2x4xf32>
    %cr, %sr = dorefa.quantize_weights %r per_channel : tensor<2x4xf32> -> tensor<2x4x!dorefa.code<1, bipolar>>, tensor<2xf64>
    %wr = dorefa.dequantize %cr, %sr axis 0 : tensor<2x4x!dorefa.code<1, bipolar>>, tensor<2xf64> -> tensor<2x4xf32>
    %rows = dorefa.matmul %v, %wr : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>

    // The same weight everywhere is the largest: with two bits it becomes 1.
    // CHECK: same: {{\[}}[2, 2], [2.66666{{[0-9]+}}, 2.66666{{[0-9]+}}], [0, 0], [1, 1]]
    %e = arith.constant dense<0.001> : tensor<2x4xf32>
    %ce, %se = dorefa.quantize_weights %e : tensor<2x4xf32> -> tensor<2x4x!dorefa.code<2, bipolar>>, tensor<f64>
    %we = dorefa.dequantize %ce, %se : tensor<2x4x!dorefa.code<2, bipolar>>, tensor<f64> -> tensor<2x4xf32>
    %same = dorefa.matmul %v, %we : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>

    // 32 bits are float32: weights of a quantized input, and an input that is not quantized.
    // CHECK: w32: {{\[}}[-0.66666{{[0-9]+}}, 2.66666{{[0-9]+}}], [2.66666{{[0-9]+}}, 1.33333{{[0-9]+}}], [0, 0], [-3, 3]]
    %f = arith.constant dense<[[1.0, -3.0, 5.0, 1.0], [-1.0, 3.0, 1.0, -1.0]]> : tensor<2x4xf32>
    %w32 = dorefa.matmul %v, %f : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
    // CHECK: a32: {{\[}}[0, -0.68333{{[0-9]+}}], [0, 0], [0, 0], [{{-?}}nan, {{-?}}nan]]
    %a32 = dorefa.matmul %x, %wr : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>

    // An input that the compiler knows.
    // CHECK: constant: {{\[}}[4, 4]]
    %k = arith.constant dense<1.0> : tensor<1x4xf32>
    %kq = dorefa.quantize_activations %k clip : tensor<1x4xf32> -> tensor<1x4x!dorefa.code<2, unipolar>>
    %kv = dorefa.dequantize %kq, %third : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x4xf32>
    %constant = dorefa.matmul %kv, %we : tensor<1x4xf32>, tensor<2x4xf32> -> tensor<1x2xf32>
    return %zero, %next, %rows, %same, %w32, %a32, %constant
        : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<1x2xf32>
  }
}
