// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-expand-copies > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir | diff %t/result.mlir -
// RUN: dorefa-opt %t/dense.mlir --dorefa-expand-copies | FileCheck %s

// The documented example.

//--- before.mlir
func.func @main(%x: memref<4x4xf32>, %y: memref<6x6xf32>) {
  %v = memref.subview %y[1, 1] [4, 4] [1, 1]
      : memref<6x6xf32> to memref<4x4xf32, strided<[6, 1], offset: 7>>
  memref.copy %x, %v : memref<4x4xf32> to memref<4x4xf32, strided<[6, 1], offset: 7>>
  return
}

//--- after.mlir
func.func @main(%x: memref<4x4xf32>, %y: memref<6x6xf32>) {
  %v = memref.subview %y[1, 1] [4, 4] [1, 1]
      : memref<6x6xf32> to memref<4x4xf32, strided<[6, 1], offset: 7>>
  linalg.generic {
      indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x4xf32>) outs(%v : memref<4x4xf32, strided<[6, 1], offset: 7>>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

//--- dense.mlir

// CHECK-LABEL: @dense
func.func @dense(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  // CHECK: memref.copy
  memref.copy %x, %y : memref<?x4xf32> to memref<?x4xf32>
  return
}
