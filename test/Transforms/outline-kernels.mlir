// The documented example, before and after.
// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-outline-kernels --canonicalize --cse | FileCheck %s
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | FileCheck %s

// CHECK: module attributes {gpu.container_module}
// CHECK: %[[ROW:.*]] = memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [1], strides: [1]
// CHECK: gpu.launch_func @kernels::@clear blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%[[ROW]] : memref<1xf32>)
// CHECK: gpu.module @kernels
// CHECK: gpu.func @clear(%[[ARG:.*]]: memref<1xf32>) kernel
// CHECK-DAG: memref.reinterpret_cast %[[ARG]] to offset: [0], sizes: [2147483647]
// CHECK-DAG: gpu.thread_id x
// CHECK: memref.store
// CHECK: gpu.return

//--- before.mlir
func.func @main(%x: memref<?xf32>) {
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) function(@clear) {
    memref.store %zero, %x[%tx] : memref<?xf32>
    gpu.terminator
  }
  return
}

//--- after.mlir
module attributes {gpu.container_module} {
  func.func @main(%x: memref<?xf32>) {
    %c1 = arith.constant 1 : index
    %row = memref.reinterpret_cast %x to offset: [0], sizes: [1], strides: [1]
        : memref<?xf32> to memref<1xf32>
    gpu.launch_func @kernels::@clear blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
        args(%row : memref<1xf32>)
    return
  }
  gpu.module @kernels {
    gpu.func @clear(%row: memref<1xf32>) kernel {
      %zero = arith.constant 0.0 : f32
      %size = arith.constant 2147483647 : index
      %x = memref.reinterpret_cast %row to offset: [0], sizes: [%size], strides: [1]
          : memref<1xf32> to memref<?xf32>
      %thread = gpu.thread_id x
      memref.store %zero, %x[%thread] : memref<?xf32>
      gpu.return
    }
  }
}
