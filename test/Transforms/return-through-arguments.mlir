// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-return-through-arguments > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir | diff %t/result.mlir -
// RUN: dorefa-opt %t/destinations.mlir --dorefa-return-through-arguments --split-input-file | FileCheck %s

// The documented example.

//--- before.mlir
func.func @main(%x: tensor<4xf32> {dorefa.name = "x"}) -> (tensor<4xf32> {dorefa.name = "y"}) {
  return %x : tensor<4xf32>
}

//--- after.mlir
module attributes {dorefa.inputs = [{name = "x", type = tensor<4xf32>} ],
                   dorefa.outputs = [{name = "y", type = tensor<4xf32>} ]} {
  func.func @main(%x: tensor<4xf32> {bufferization.writable = false, dorefa.name = "x"},
                  %y: memref<4xf32> {dorefa.name = "y"}) {
    bufferization.materialize_in_destination %x in restrict writable %y
        : (tensor<4xf32>, memref<4xf32>) -> ()
    return
  }
}

//--- destinations.mlir

// Names that the source does not give are made up.
// CHECK: dorefa.inputs = [{name = "input0", type = tensor<?x4xf32>}], dorefa.outputs = [{name = "output0", type = tensor<?x4xf32>}]
// CHECK-LABEL: @main
func.func @main(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // The chain of destinations starts in the argument.
  // CHECK: %[[Y:.*]] = bufferization.to_tensor %arg1 restrict writable
  // CHECK: linalg.fill {{.*}} outs(%[[Y]] : tensor<?x4xf32>)
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.add ins(%x, %x : tensor<?x4xf32>, tensor<?x4xf32>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// A destination that two results share belongs to neither.
// CHECK-LABEL: @main
func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NOT: bufferization.to_tensor
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %y = linalg.max ins(%x, %x : tensor<4xf32>, tensor<4xf32>) outs(%f : tensor<4xf32>) -> tensor<4xf32>
  %z = linalg.min ins(%x, %x : tensor<4xf32>, tensor<4xf32>) outs(%f : tensor<4xf32>) -> tensor<4xf32>
  return %y, %z : tensor<4xf32>, tensor<4xf32>
}
