// RUN: dorefa-opt %s --dorefa-plan-workspace --split-input-file --verify-diagnostics

func.func @main(%x: memref<?x8xf32>, %n: index) {
  // expected-error @+1 {{size of buffer 'memref<?x8xf32>' must be constant or a multiple of the batch}}
  %a = memref.alloc(%n) : memref<?x8xf32>
  memref.copy %x, %a : memref<?x8xf32> to memref<?x8xf32>
  return
}

// -----

func.func @main(%x: memref<8xf32>) -> memref<8xf32> {
  // expected-error @+1 {{buffer is returned, but results must be written to arguments: run dorefa-return-through-arguments first}}
  %a = memref.alloc() : memref<8xf32>
  return %a : memref<8xf32>
}

// -----

func.func @main(%x: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %0 = scf.for %i = %c0 to %c4 step %c1 iter_args(%y = %x) -> memref<8xf32> {
    // expected-error @+1 {{buffer allocated inside a loop must not leave it}}
    %a = memref.alloc() : memref<8xf32>
    memref.copy %y, %a : memref<8xf32> to memref<8xf32>
    scf.yield %a : memref<8xf32>
  }
  return
}

// -----

func.func @main() {
  // expected-error @+1 {{buffer is 'memref<8x8xf32, strided<[1, 8]>>' but a buffer in the workspace must be dense and row-major}}
  %a = memref.alloc() : memref<8x8xf32, strided<[1, 8]>>
  return
}

// -----

func.func @main() {
  // expected-error @+1 {{size of buffer does not fit 64 bits}}
  %a = memref.alloc() : memref<4294967296x4294967296xf32>
  return
}

// -----

// expected-error @+1 {{module has no function @main with one block, but a network must have one}}
module {
  func.func @other() {
    return
  }
}
