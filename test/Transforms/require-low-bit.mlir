// RUN: dorefa-opt %s --dorefa-require-low-bit | FileCheck %s

// A layer that is float in the source is accepted.

// CHECK-LABEL: @main
// CHECK: dorefa.matmul
func.func @main(%x: tensor<1x2xf32>, %w: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
