// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-mark-layers --canonicalize --cse > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | diff %t/result.mlir -
// RUN: dorefa-opt %t/layers.mlir --dorefa-mark-layers --split-input-file | FileCheck %s
// RUN: dorefa-opt %t/layers.mlir --dorefa-mark-layers=all --dorefa-mark-layers \
// RUN:   --split-input-file | FileCheck %s --check-prefix=ALL

// The documented example; the batch is dynamic, so the multiply-adds are those of one sample.

//--- before.mlir
func.func @main(%x: memref<?x8xf32>, %w: memref<8x4xf32>, %y: memref<?x4xf32>) {
  linalg.matmul ins(%x, %w : memref<?x8xf32>, memref<8x4xf32>)
      outs(%y : memref<?x4xf32>)
  return
}

//--- after.mlir
module attributes {dorefa.layers = [{kernel = "float", macs = 32 : i64, name = "-",
                                     operation = "matmul", predicted_ns = 0 : i64} ]} {
  func.func private @dorefa_notify(!llvm.ptr, i32, i32)
  func.func @main(%x: memref<?x8xf32>, %w: memref<8x4xf32>, %y: memref<?x4xf32>,
                  %options: !llvm.ptr) {
    %layer = arith.constant 0 : i32
    %begins = arith.constant 0 : i32
    call @dorefa_notify(%options, %layer, %begins) : (!llvm.ptr, i32, i32) -> ()
    linalg.matmul ins(%x, %w : memref<?x8xf32>, memref<8x4xf32>)
        outs(%y : memref<?x4xf32>)
    %ends = arith.constant 1 : i32
    call @dorefa_notify(%options, %layer, %ends) : (!llvm.ptr, i32, i32) -> ()
    return
  }
}

//--- layers.mlir

// Taps in the border are no work: along each side two of the four outputs lose one.
// 2 images, (4 * 3 - 2) ^ 2 taps, 8 to 8 channels.
// CHECK: dorefa.layers = [{kernel = "popcount", macs = 12800 : i64, name = "conv", operation = "conv_2d", predicted_ns = 70 : i64}]
// CHECK: call @dorefa_notify
// CHECK-NEXT: bitplane.conv_2d
// CHECK: call @dorefa_notify
// A pool is not a layer, but it is work.
// ALL: operation = "conv_2d"{{.*}}operation = "generic"
// ALL: call {{.*}}
// ALL-NEXT: bitplane.conv_2d
// ALL: call {{.*}}
// ALL: call {{.*}}
// ALL-NEXT: linalg.generic
// ALL: call {{.*}}
// ALL-NOT: call
// ALL: return
// CHECK-NOT: call
// CHECK: linalg.generic
// CHECK-NOT: call
// CHECK: return
func.func @main(%x: memref<2x6x6x1x1xi32>, %w: memref<1x1x3x3x1x32xi32>,
                %y: memref<2x4x4x8xi32>, %z: memref<2x4x8xi32>) {
  bitplane.conv_2d %x, %w outs(%y : memref<2x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount
      border [1, 1, 1, 1] {dorefa.predicted_ns = 70 : i64}
      : memref<2x6x6x1x1xi32>, memref<1x1x3x3x1x32xi32> loc("conv")
  linalg.generic {indexing_maps = [affine_map<(n, h, w, c) -> (n, h, w, c)>,
                                   affine_map<(n, h, w, c) -> (n, h, c)>],
                  iterator_types = ["parallel", "parallel", "reduction", "parallel"]}
      ins(%y : memref<2x4x4x8xi32>) outs(%z : memref<2x4x8xi32>) {
  ^bb0(%in: i32, %out: i32):
    %sum = arith.addi %in, %out : i32
    linalg.yield %sum : i32
  }
  return
}

// -----

// A network without layers takes the options all the same.
// CHECK: module attributes {dorefa.layers = []}
// CHECK: func.func @main(%{{.*}}: memref<4xf32>, %{{.*}}: !llvm.ptr) {
// CHECK-NEXT: return
func.func @main(%x: memref<4xf32>) {
  return
}

// -----

// What converts the input of a layer is part of the layer, whatever views lie between.
// CHECK: dorefa.layers = [{kernel = "dot"
// CHECK: call @dorefa_notify
// CHECK-NEXT: bitplane.unpack
// CHECK: bitplane.matmul
// CHECK-NEXT: constant
// CHECK: call @dorefa_notify
func.func @main(%x: memref<2x1x1xi32>, %levels: memref<3x32xi8>, %w: memref<1x1x8x128xi8>, %y: memref<2x32xi32>) {
  %part = memref.subview %levels[0, 0] [2, 32] [1, 1] : memref<3x32xi8> to memref<2x32xi8, strided<[32, 1]>>
  bitplane.unpack %x outs(%part : memref<2x32xi8, strided<[32, 1]>>)
      : memref<2x1x1xi32>
  bitplane.matmul %part, %w outs(%y : memref<2x32xi32>) channels 32 to 32
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel dot
      : memref<2x32xi8, strided<[32, 1]>>, memref<1x1x8x128xi8>
  return
}
