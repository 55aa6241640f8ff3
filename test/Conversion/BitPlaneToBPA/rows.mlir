// RUN: dorefa-opt %s --convert-bitplane-to-bpa | FileCheck %s

// Pixels that become rows are no map that one window could read.
// CHECK-LABEL: @main
// CHECK: tensor.collapse_shape
// CHECK: bpa.launch @accelerator::@main0 ins(%{{.*}} : tensor<6x1x1xi32>) outs(%{{.*}} : tensor<6x8xi32>)
// CHECK: bpa.cfg.window lanes=32
func.func @main(%x: tensor<1x2x3x1x1xi32>) -> tensor<6x8xi32> {
  %w = arith.constant dense<1> : tensor<8x32xi8>
  %r = tensor.collapse_shape %x [[0, 1, 2], [3], [4]] : tensor<1x2x3x1x1xi32> into tensor<6x1x1xi32>
  %e = tensor.empty() : tensor<6x8xi32>
  %y = bitplane.matmul %r, %w outs(%e : tensor<6x8xi32>) channels 32 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
      : tensor<6x1x1xi32>, tensor<8x32xi8> -> tensor<6x8xi32>
  return %y : tensor<6x8xi32>
}
