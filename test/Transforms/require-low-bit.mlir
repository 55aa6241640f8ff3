// RUN: dorefa-opt %s --dorefa-require-low-bit | FileCheck %s

// A layer that is float in the source is accepted.

// CHECK-LABEL: @float_in_source
func.func @float_in_source(%x: tensor<1x2xf32>, %w: tensor<1x2xf32>) -> tensor<1x1xf32> {
  // CHECK: dorefa.matmul
  %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
