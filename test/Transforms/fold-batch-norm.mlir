// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-fold-batch-norm --canonicalize --cse > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | diff %t/result.mlir -
// RUN: dorefa-opt %t/cases.mlir --dorefa-fold-batch-norm --split-input-file | FileCheck %s

// The documented example.

//--- before.mlir
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %w = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %mean = arith.constant dense<1.0> : tensor<1xf32>
  %variance = arith.constant dense<4.0> : tensor<1xf32>
  %gamma = arith.constant dense<3.0> : tensor<1xf32>
  %beta = arith.constant dense<0.5> : tensor<1xf32>
  %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  %z = dorefa.batch_norm %y, %mean, %variance, %gamma, %beta epsilon 0.0
      : tensor<1x1xf32>, tensor<1xf32>
  return %z : tensor<1x1xf32>
}

//--- after.mlir
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %w = arith.constant dense<[[1.5, 3.0]]> : tensor<1x2xf32>
  %b = arith.constant dense<-1.0> : tensor<1xf32>
  %y = dorefa.matmul %x, %w bias(%b : tensor<1xf32>) : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

//--- cases.mlir

// CHECK-LABEL: @matmul
func.func @matmul(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %w = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %mean = arith.constant dense<1.0> : tensor<1xf32>
  %variance = arith.constant dense<4.0> : tensor<1xf32>
  %gamma = arith.constant dense<3.0> : tensor<1xf32>
  %beta = arith.constant dense<0.5> : tensor<1xf32>
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<{{\[\[}}1.500000e+00, 3.000000e+00]]> : tensor<1x2xf32>
  // CHECK-DAG: %[[B:.*]] = arith.constant dense<-1.000000e+00> : tensor<1xf32>
  // CHECK: %[[Y:.*]] = dorefa.matmul %arg0, %[[W]] bias(%[[B]] : tensor<1xf32>)
  // CHECK-NOT: batch_norm
  // CHECK: return %[[Y]]
  %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  %z = dorefa.batch_norm %y, %mean, %variance, %gamma, %beta epsilon 0.0
      : tensor<1x1xf32>, tensor<1xf32>
  return %z : tensor<1x1xf32>
}

// -----

// CHECK-LABEL: @conv_2d_with_bias
func.func @conv_2d_with_bias(%x: tensor<1x1x1x1xf32>) -> tensor<1x1x1x2xf32> {
  %w = arith.constant dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>
  %b = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %mean = arith.constant dense<0.0> : tensor<2xf32>
  %variance = arith.constant dense<1.0> : tensor<2xf32>
  %gamma = arith.constant dense<[2.0, -0.5]> : tensor<2xf32>
  %beta = arith.constant dense<0.25> : tensor<2xf32>
  // CHECK-DAG: arith.constant dense<[{{.*}}2.000000e+00{{.*}}-1.000000e+00{{.*}}]> : tensor<2x1x1x1xf32>
  // CHECK-DAG: arith.constant dense<[2.250000e+00, -7.500000e-01]> : tensor<2xf32>
  // CHECK-NOT: batch_norm
  %y = dorefa.conv_2d %x, %w bias(%b : tensor<2xf32>) : tensor<1x1x1x1xf32>, tensor<2x1x1x1xf32> -> tensor<1x1x1x2xf32>
  %z = dorefa.batch_norm %y, %mean, %variance, %gamma, %beta epsilon 0.0 : tensor<1x1x1x2xf32>, tensor<2xf32>
  return %z : tensor<1x1x1x2xf32>
}

// -----

// Codes made of the result would change at ties.

// CHECK-LABEL: @before_quantizer
func.func @before_quantizer(%x: tensor<1x2xf32>) -> tensor<1x1x!dorefa.code<1, bipolar>> {
  %w = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %one = arith.constant dense<1.0> : tensor<1xf32>
  // CHECK: dorefa.batch_norm
  %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  %z = dorefa.batch_norm %y, %one, %one, %one, %one epsilon 0.0 : tensor<1x1xf32>, tensor<1xf32>
  %r = dorefa.unary relu %z : tensor<1x1xf32>
  %q = dorefa.quantize_sign %r : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<1, bipolar>>
  return %q : tensor<1x1x!dorefa.code<1, bipolar>>
}

// -----

// CHECK-LABEL: @layer_used_twice
func.func @layer_used_twice(%x: tensor<1x2xf32>) -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  %w = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %one = arith.constant dense<1.0> : tensor<1xf32>
  // CHECK: dorefa.batch_norm
  %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  %z = dorefa.batch_norm %y, %one, %one, %one, %one epsilon 0.0 : tensor<1x1xf32>, tensor<1xf32>
  return %y, %z : tensor<1x1xf32>, tensor<1x1xf32>
}
