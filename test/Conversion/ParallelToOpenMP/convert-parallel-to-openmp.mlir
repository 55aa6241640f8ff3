// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir "--convert-parallel-to-openmp=min-work=1000" --canonicalize --cse > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | diff %t/result.mlir -
// RUN: dorefa-opt %t/levels.mlir "--convert-parallel-to-openmp=min-work=1000" --split-input-file | FileCheck %s

// The documented example: the rows alone are enough iterations.

//--- before.mlir
func.func @main(%x: memref<512x128xf32>, %options: !llvm.ptr) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c128 = arith.constant 128 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i, %j) = (%c0, %c0) to (%c512, %c128) step (%c1, %c1) {
    memref.store %zero, %x[%i, %j] : memref<512x128xf32>
  }
  return
}

//--- after.mlir
func.func private @dorefa_num_threads(!llvm.ptr) -> i32
func.func @main(%x: memref<512x128xf32>, %options: !llvm.ptr) {
  %threads = call @dorefa_num_threads(%options) : (!llvm.ptr) -> i32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c128 = arith.constant 128 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant 0.0 : f32
  omp.parallel num_threads(%threads : i32) {
    omp.wsloop nowait schedule(static) {
      omp.loop_nest (%i) : index = (%c0) to (%c512) step (%c1) {
        scf.for %j = %c0 to %c128 step %c1 {
          memref.store %zero, %x[%i, %j] : memref<512x128xf32>
        }
        omp.yield
      }
    }
    omp.terminator
  }
  return
}

//--- levels.mlir

// Loops that nothing but pure operations separates are one where there are few rows.
// CHECK: func.func @main
// CHECK: omp.loop_nest (%{{.*}}, %{{.*}}) : index = (%{{.*}}) to (%{{.*}}) step ({{.*}}) collapse(2)
// CHECK-NEXT: arith.addi
// CHECK-NEXT: memref.store
func.func @main(%x: memref<?xf32>, %options: !llvm.ptr) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %c7000 = arith.constant 7000 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i) = (%c0) to (%c7) step (%c1) {
    %base = arith.addi %i, %i : index
    scf.parallel (%j) = (%c0) to (%c7000) step (%c1) {
      memref.store %zero, %x[%base] : memref<?xf32>
    }
  }
  return
}

// -----

// The inner loop, because three iterations cannot keep two threads equally busy.
// CHECK: func.func @main
// CHECK: scf.for
// CHECK: memref.load
// CHECK: omp.parallel
// CHECK: omp.loop_nest (%{{.*}}) : index
func.func @main(%x: memref<?xf32>, %options: !llvm.ptr) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c7000 = arith.constant 7000 : index
  scf.parallel (%i) = (%c0) to (%c3) step (%c1) {
    %value = memref.load %x[%i] : memref<?xf32>
    scf.parallel (%j) = (%c0) to (%c7000) step (%c1) {
      memref.store %value, %x[%j] : memref<?xf32>
    }
  }
  return
}

// -----

// Little work stays in one thread.
// CHECK: func.func @main
// CHECK-NOT: omp
// CHECK: scf.for
// CHECK: scf.for
func.func @main(%x: memref<64x32xf32>, %options: !llvm.ptr) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i) = (%c0) to (%c64) step (%c1) {
    scf.parallel (%j) = (%c0) to (%c32) step (%c1) {
      memref.store %zero, %x[%i, %j] : memref<64x32xf32>
    }
  }
  return
}

// -----

// With 16 iterations of work inside, a batch of 63 and more is worth it.
// CHECK: func.func @main
// CHECK: %[[LEAST:.*]] = arith.constant 63 : index
// CHECK: %[[WORTH:.*]] = arith.cmpi sge, %{{.*}}, %[[LEAST]]
// CHECK: omp.parallel if(%[[WORTH]]) num_threads(%{{.*}} : i32)
// CHECK: omp.loop_nest {{.*}} collapse(2)
func.func @main(%x: memref<?x64xf32>, %options: !llvm.ptr) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  %batch = memref.dim %x, %c0 : memref<?x64xf32>
  scf.parallel (%i, %j) = (%c0, %c0) to (%batch, %c64) step (%c1, %c1) {
    memref.store %zero, %x[%i, %j] : memref<?x64xf32>
  }
  return
}

// -----

// Scratch of an iteration is each thread's own; what is written in front of the loop is
// everybody's.
// CHECK: func.func @main
// CHECK: memref.alloca() : memref<4xf32>
// CHECK: memref.store
// CHECK: omp.parallel
// CHECK-NEXT: %[[SCRATCH:.*]] = memref.alloca() : memref<8xf32>
// CHECK-NEXT: omp.wsloop
// CHECK: memref.store %{{.*}}, %[[SCRATCH]]
func.func @main(%x: memref<7000xf32>, %options: !llvm.ptr) {
  %scratch = memref.alloca() : memref<8xf32>
  %table = memref.alloca() : memref<4xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7000 = arith.constant 7000 : index
  %zero = arith.constant 0.0 : f32
  memref.store %zero, %table[%c0] : memref<4xf32>
  scf.parallel (%i) = (%c0) to (%c7000) step (%c1) {
    %number = memref.load %table[%c0] : memref<4xf32>
    memref.store %number, %scratch[%c1] : memref<8xf32>
    %same = memref.load %scratch[%c1] : memref<8xf32>
    memref.store %same, %x[%i] : memref<7000xf32>
  }
  return
}

// -----

// What the cost model predicted decides, however little a loop seems to do, and however much.
// CHECK: omp.loop_nest {{.*}} to (%c9)
// CHECK: omp.terminator
// CHECK: scf.for {{.*}} to %c9000
func.func @main(%x: memref<?xf32>, %options: !llvm.ptr) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %c9000 = arith.constant 9000 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i) = (%c0) to (%c9) step (%c1) {
    memref.store %zero, %x[%i] : memref<?xf32>
  } {dorefa.predicted_ns = 500 : i64}
  scf.parallel (%i) = (%c0) to (%c9000) step (%c1) {
    memref.store %zero, %x[%i] : memref<?xf32>
  } {dorefa.predicted_ns = 499 : i64}
  return
}
