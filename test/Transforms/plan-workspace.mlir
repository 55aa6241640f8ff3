// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-plan-workspace --canonicalize --cse > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | diff %t/result.mlir -
// RUN: dorefa-opt %t/lifetimes.mlir --dorefa-plan-workspace --canonicalize --split-input-file | FileCheck %s
// RUN: dorefa-opt %t/sizes.mlir --dorefa-plan-workspace=for-threads --canonicalize | FileCheck %s --check-prefix=SIZES

// The documented example.

//--- before.mlir
func.func @main(%x: memref<?x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %batch = memref.dim %x, %c0 : memref<?x8xf32>
  %a = memref.alloc(%batch) : memref<?x8xf32>
  memref.copy %x, %a : memref<?x8xf32> to memref<?x8xf32>
  return
}

//--- after.mlir
module attributes {dorefa.workspace = array<i64: 64, 0>} {
  func.func @main(%x: memref<?x8xf32>, %n: index, %workspace: memref<?xi8>) {
    %c0 = arith.constant 0 : index
    %batch = memref.dim %x, %c0 : memref<?x8xf32>
    %a = memref.view %workspace[%c0][%batch] : memref<?xi8> to memref<?x8xf32>
    memref.copy %x, %a : memref<?x8xf32> to memref<?x8xf32>
    return
  }
}

//--- lifetimes.mlir

// %a and %c do not live at the same time and share the first bytes; %b lives with both.
// CHECK: module attributes {dorefa.workspace = array<i64: 0, 192>}
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[W:[^ ]*]]: memref<?xi8>)
func.func @main(%x: memref<32xf32>, %y: memref<32xf32>) {
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C128:.*]] = arith.constant 128 : index
  // CHECK: %[[A:.*]] = memref.view %[[W]][%[[C0]]][] : memref<?xi8> to memref<32xf32>
  // CHECK: %[[B:.*]] = memref.view %[[W]][%[[C128]]][] : memref<?xi8> to memref<8xf32>
  // CHECK: %[[C:.*]] = memref.view %[[W]][%[[C0]]][] : memref<?xi8> to memref<32xf32>
  // CHECK-NOT: memref.dealloc
  %a = memref.alloc() : memref<32xf32>
  %b = memref.alloc() : memref<8xf32>
  %c = memref.alloc() : memref<32xf32>
  memref.copy %x, %a : memref<32xf32> to memref<32xf32>
  %part = memref.subview %a[0] [8] [1] : memref<32xf32> to memref<8xf32>
  memref.copy %part, %b : memref<8xf32> to memref<8xf32>
  memref.copy %x, %c : memref<32xf32> to memref<32xf32>
  %start = memref.subview %c[0] [8] [1] : memref<32xf32> to memref<8xf32>
  memref.copy %b, %start : memref<8xf32> to memref<8xf32>
  memref.copy %c, %y : memref<32xf32> to memref<32xf32>
  memref.dealloc %a : memref<32xf32>
  return
}

// -----

// A view keeps its buffer alive, a loop is one operation: no two share bytes here.
// CHECK: dorefa.workspace = array<i64: 0, 256>
func.func @main(%x: memref<32xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = memref.alloc() : memref<32xf32>
  %b = memref.alloc() : memref<32xf32>
  %rows = memref.expand_shape %a [[0, 1]] output_shape [4, 8] : memref<32xf32> into memref<4x8xf32>
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %rows[%i, %c0] : memref<4x8xf32>
    memref.store %v, %b[%i] : memref<32xf32>
  }
  return
}

// -----

// Per sample of the batch, and behind that what does not depend on it. Rows of a
// flattened buffer are a multiple of the batch.
// CHECK: dorefa.workspace = array<i64: 192, 64>
func.func @main(%x: memref<?x2x8xf32>) {
  // CHECK: %[[N:.*]] = memref.dim %arg0
  // CHECK: %[[FIXED:.*]] = arith.muli %[[N]], %c192 : index
  // CHECK: memref.view %arg1[%[[FIXED]]][] : memref<?xi8> to memref<3x3xf32>
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %n = memref.dim %x, %c0 : memref<?x2x8xf32>
  %rows = arith.muli %n, %c2 : index
  %w = memref.alloc() : memref<3x3xf32>
  %a = memref.alloc(%n) : memref<?x2x8xf32>
  %b = memref.alloc(%rows) : memref<?x16xf32>
  %f = arith.constant 0.0 : f32
  memref.store %f, %a[%c0, %c0, %c0] : memref<?x2x8xf32>
  memref.store %f, %w[%c0, %c0] : memref<3x3xf32>
  memref.store %f, %b[%c0, %c0] : memref<?x16xf32>
  memref.store %f, %a[%c0, %c0, %c0] : memref<?x2x8xf32>
  return
}

// -----

// %c takes the place of %b, which leaves a gap of 64 bytes below %a: too small for %d.
// CHECK: dorefa.workspace = array<i64: 0, 640>
func.func @main(%f: f32) {
  // CHECK: memref.view %arg1[%c0][] : memref<?xi8> to memref<64xf32>
  // CHECK: memref.view %arg1[%c256][] : memref<?xi8> to memref<64xf32>
  // CHECK: memref.view %arg1[%c0][] : memref<?xi8> to memref<48xf32>
  // CHECK: memref.view %arg1[%c512][] : memref<?xi8> to memref<32xf32>
  %c0 = arith.constant 0 : index
  %b = memref.alloc() : memref<64xf32>
  %a = memref.alloc() : memref<64xf32>
  %c = memref.alloc() : memref<48xf32>
  %d = memref.alloc() : memref<32xf32>
  memref.store %f, %b[%c0] : memref<64xf32>
  memref.store %f, %a[%c0] : memref<64xf32>
  memref.store %f, %b[%c0] : memref<64xf32>
  memref.store %f, %c[%c0] : memref<48xf32>
  memref.store %f, %d[%c0] : memref<32xf32>
  memref.store %f, %c[%c0] : memref<48xf32>
  memref.store %f, %a[%c0] : memref<64xf32>
  return
}

//--- sizes.mlir

// None live at the same time, but only %a and %c are of one size.
// SIZES: module attributes {dorefa.workspace = array<i64: 0, 192>}
// SIZES-DAG: %[[C0:.*]] = arith.constant 0 : index
// SIZES-DAG: %[[C128:.*]] = arith.constant 128 : index
// SIZES: memref.view %{{.*}}[%[[C0]]][] : memref<?xi8> to memref<32xf32>
// SIZES: memref.view %{{.*}}[%[[C128]]][] : memref<?xi8> to memref<8xf32>
// SIZES: memref.view %{{.*}}[%[[C0]]][] : memref<?xi8> to memref<4x8xf32>
func.func @main(%x: memref<32xf32>, %y: memref<8xf32>, %z: memref<4x8xf32>) {
  %a = memref.alloc() : memref<32xf32>
  memref.copy %x, %a : memref<32xf32> to memref<32xf32>
  %b = memref.alloc() : memref<8xf32>
  memref.copy %y, %b : memref<8xf32> to memref<8xf32>
  %c = memref.alloc() : memref<4x8xf32>
  memref.copy %z, %c : memref<4x8xf32> to memref<4x8xf32>
  return
}
