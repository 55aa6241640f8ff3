// The documented example, before and after.
// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --convert-linalg-to-gpu --canonicalize | FileCheck %s
// RUN: dorefa-opt %t/after.mlir --canonicalize | FileCheck %s --check-prefixes=THREAD

// CHECK: gpu.launch {{.*}} function(@reduction)
// CHECK: memref.load %{{.*}} : memref<128xf32>
// CHECK: scf.for {{.*}} -> (f32) {
// CHECK: arith.addf
// CHECK: memref.store %{{.*}} : memref<128xf32>

// THREAD: memref.load %{{.*}} : memref<128xf32>
// THREAD: scf.for {{.*}} -> (f32) {
// THREAD: arith.addf
// THREAD: memref.store %{{.*}} : memref<128xf32>

//--- before.mlir
func.func @main(%x: memref<128x8xf32>, %y: memref<128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<128x8xf32>) outs(%y : memref<128xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %next = arith.addf %sum, %a : f32
    linalg.yield %next : f32
  }
  return
}

//--- after.mlir
func.func @thread(%x: memref<128x8xf32>, %y: memref<128xf32>, %row: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %start = memref.load %y[%row] : memref<128xf32>
  %result = scf.for %k = %c0 to %c8 step %c1 iter_args(%sum = %start) -> (f32) {
    %a = memref.load %x[%row, %k] : memref<128x8xf32>
    %next = arith.addf %sum, %a : f32
    scf.yield %next : f32
  }
  memref.store %result, %y[%row] : memref<128xf32>
  return
}
