// RUN: dorefa-opt %s --dorefa-fuse-elementwise --split-input-file | FileCheck %s

// CHECK-LABEL: @main
// CHECK: linalg.generic
// CHECK: math.absf
// CHECK-NEXT: math.floor
// CHECK-NOT: linalg.generic
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = math.absf %in : f32
    linalg.yield %a : f32
  } -> tensor<4xf32>
  %z = linalg.generic {
      indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]}
      ins(%y : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %b = math.floor %in : f32
    linalg.yield %b : f32
  } -> tensor<4xf32>
  return %z : tensor<4xf32>
}

// -----

// A product keeps its operand: it stays one chain of fused multiply-adds.

// CHECK-LABEL: @product
// CHECK: math.absf
// CHECK: linalg.matmul
func.func @product(%x: tensor<1x4xf32>, %w: tensor<4x8xf32>, %e: tensor<1x4xf32>, %o: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %y = linalg.generic {
      indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<1x4xf32>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = math.absf %in : f32
    linalg.yield %a : f32
  } -> tensor<1x4xf32>
  %z = linalg.matmul ins(%y, %w : tensor<1x4xf32>, tensor<4x8xf32>) outs(%o : tensor<1x8xf32>) -> tensor<1x8xf32>
  return %z : tensor<1x8xf32>
}
