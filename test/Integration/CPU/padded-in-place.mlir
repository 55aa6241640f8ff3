// What computes a feature map writes it into the padded map of the next layer: nothing is
// copied, only the border is filled.
// RUN: dorefa-compile %s --compile-to=buffers -o - | FileCheck %s

// CHECK: %[[MAP:.*]] = memref.view {{.*}} to memref<1x10x10x8xf32>
// CHECK: %[[INSIDE:.*]] = memref.subview %[[MAP]][0, 1, 1, 0] [1, 8, 8, 8]
// CHECK: linalg.generic {{.*}} outs(%[[INSIDE]]
// CHECK-COUNT-4: linalg.fill {{.*}} outs(%subview
// CHECK-NOT: memref.copy
// CHECK: linalg.conv_2d_nhwc_hwcf {{.*}} ins(%[[MAP]]
func.func @main(%x: tensor<1x8x8x8xf32> {dorefa.name = "x"}) -> (tensor<1x8x8x16xf32> {dorefa.name = "y"}) {
  %w = arith.constant dense<0.5> : tensor<16x3x3x8xf32>
  %a = dorefa.unary abs %x : tensor<1x8x8x8xf32>
  %y = dorefa.conv_2d %a, %w pads [1, 1, 1, 1] : tensor<1x8x8x8xf32>, tensor<16x3x3x8xf32> -> tensor<1x8x8x16xf32>
  return %y : tensor<1x8x8x16xf32>
}
