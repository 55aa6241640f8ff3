// RUN: dorefa-opt %s --convert-bitplane-to-bpa | FileCheck %s

// Layers of other batches are launches of their own, as one launch has one batch.
// CHECK-LABEL: @main
// CHECK: bpa.launch @accelerator::@main0 ins(%{{.*}} : tensor<2x1x1xi32>) outs(%{{.*}} : tensor<2x8xi32>)
// CHECK: bpa.launch @accelerator::@main1 ins(%{{.*}} : tensor<3x1x1xi32>) outs(%{{.*}} : tensor<3x8xi32>)
// Three rows per sample, and as many as there are samples; both in groups of 8, then one by one.
// CHECK: bpa.launch @accelerator::@main2 groups @accelerator::@main2_groups ins(%{{.*}} : tensor<?x1x1xi32>) outs(%{{.*}} : tensor<?x8xi32>)
// CHECK: bpa.launch @accelerator::@main3 groups @accelerator::@main3_groups ins(%{{.*}} : tensor<?x1x1xi32>) outs(%{{.*}}, %{{.*}} : tensor<?x8xi32>, tensor<?x8xi32>)
// CHECK: bpa.routine @main3 inputs
// CHECK: bpa.ld space=wbuf dram=@[[WEIGHTS:weights[0-9]+]]
// CHECK: bpa.routine @main3_groups inputs [{{.*}}] outputs [{{.*}}] samples 8
// CHECK: bpa.ld space=wbuf dram=@[[WEIGHTS]]
func.func @main(%a: tensor<2x1x1xi32>, %b: tensor<3x1x1xi32>, %c: tensor<?x3x1x1xi32>, %d: tensor<?x1x1xi32>)
    -> (tensor<2x8xi32>, tensor<3x8xi32>, tensor<?x8xi32>, tensor<?x8xi32>, tensor<?x8xi32>) {
  %zero = arith.constant 0 : index
  %w = arith.constant dense<1> : tensor<8x32xi8>
  %e0 = tensor.empty() : tensor<2x8xi32>
  %0 = bitplane.matmul %a, %w outs(%e0 : tensor<2x8xi32>) channels 32 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
      : tensor<2x1x1xi32>, tensor<8x32xi8> -> tensor<2x8xi32>
  %e1 = tensor.empty() : tensor<3x8xi32>
  %1 = bitplane.matmul %b, %w outs(%e1 : tensor<3x8xi32>) channels 32 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
      : tensor<3x1x1xi32>, tensor<8x32xi8> -> tensor<3x8xi32>
  %rows = tensor.collapse_shape %c [[0, 1], [2], [3]] : tensor<?x3x1x1xi32> into tensor<?x1x1xi32>
  %n2 = tensor.dim %rows, %zero : tensor<?x1x1xi32>
  %e2 = tensor.empty(%n2) : tensor<?x8xi32>
  %2 = bitplane.matmul %rows, %w outs(%e2 : tensor<?x8xi32>) channels 32 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
      : tensor<?x1x1xi32>, tensor<8x32xi8> -> tensor<?x8xi32>
  %n3 = tensor.dim %d, %zero : tensor<?x1x1xi32>
  %e3 = tensor.empty(%n3) : tensor<?x8xi32>
  %3 = bitplane.matmul %d, %w outs(%e3 : tensor<?x8xi32>) channels 32 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
      : tensor<?x1x1xi32>, tensor<8x32xi8> -> tensor<?x8xi32>
  %v = arith.constant dense<0> : tensor<8x32xi8>
  %4 = bitplane.matmul %d, %v outs(%e3 : tensor<?x8xi32>) channels 32 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
      : tensor<?x1x1xi32>, tensor<8x32xi8> -> tensor<?x8xi32>
  return %0, %1, %2, %3, %4 : tensor<2x8xi32>, tensor<3x8xi32>, tensor<?x8xi32>, tensor<?x8xi32>, tensor<?x8xi32>
}
