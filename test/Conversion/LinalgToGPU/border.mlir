// Neighbours that fill strips of one border share a launch, each in its part of the threads.
// RUN: dorefa-opt %s --convert-linalg-to-gpu --canonicalize > %t
// RUN: FileCheck %s < %t
// RUN: grep -c "gpu.launch " %t | FileCheck %s --check-prefix=LAUNCHES
// LAUNCHES: {{^6$}}

!buffer = memref<?x4x5x2xi32>
!row = memref<?x1x5x2xi32, strided<[40, 10, 2, 1], offset: ?>>
!column = memref<?x2x1x2xi32, strided<[40, 10, 2, 1], offset: ?>>

// CHECK-LABEL: func.func @border
// CHECK: gpu.launch
// CHECK-SAME: function(@fill)
// CHECK-COUNT-3: memref.store
// CHECK-NOT: memref.store
// CHECK-NOT: gpu.launch
func.func @border(%x: !buffer, %batch: index, %offset: index) {
  %zero = arith.constant 0 : i32
  %top = memref.subview %x[0, %offset, 0, 0] [%batch, 1, 5, 2] [1, 1, 1, 1] : !buffer to !row
  linalg.fill ins(%zero : i32) outs(%top : !row)
  %bottom = memref.subview %x[0, %offset, 0, 0] [%batch, 1, 5, 2] [1, 1, 1, 1] : !buffer to !row
  linalg.fill ins(%zero : i32) outs(%bottom : !row)
  %left = memref.subview %x[0, 1, %offset, 0] [%batch, 2, 1, 2] [1, 1, 1, 1] : !buffer to !column
  linalg.fill ins(%zero : i32) outs(%left : !column)
  return
}

// Not where something may read what lies between, another number of samples is filled, or another
// buffer.
// CHECK-LABEL: func.func @apart
// CHECK-COUNT-5: gpu.launch
func.func @apart(%x: !buffer, %y: !buffer, %batch: index, %offset: index) {
  %zero = arith.constant 0 : i32
  %c1 = arith.constant 1 : index
  %a = memref.subview %x[0, %offset, 0, 0] [%batch, 1, 5, 2] [1, 1, 1, 1] : !buffer to !row
  %b = memref.subview %x[0, %offset, 0, 0] [%offset, 1, 5, 2] [1, 1, 1, 1] : !buffer to !row
  %c = memref.subview %y[0, %offset, 0, 0] [%offset, 1, 5, 2] [1, 1, 1, 1] : !buffer to !row
  linalg.fill ins(%zero : i32) outs(%a : !row)
  linalg.fill ins(%zero : i32) outs(%b : !row)
  linalg.fill ins(%zero : i32) outs(%c : !row)
  memref.copy %a, %c : !row to !row
  linalg.fill ins(%zero : i32) outs(%c : !row)
  return
}
