// RUN: dorefa-opt %s --convert-linalg-to-vector | FileCheck %s

// The first layer of AlexNet: eight pixels of three vectors, every output one chain
// from the bias over (ky, kx, c).
// CHECK-LABEL: func.func @first_layer
// CHECK: vector.load %{{.*}} : memref<1x54x54x96xf32>, vector<16xf32>
// CHECK: scf.for {{.*}} -> ([[TILE:(vector<16xf32>,? ?){24}]]) {
// CHECK: scf.for {{.*}} -> ([[TILE]]) {
// CHECK: scf.for {{.*}} -> ([[TILE]]) {
// CHECK-COUNT-3: vector.load %{{.*}} : memref<12x12x3x96xf32>, vector<16xf32>
// CHECK-COUNT-24: math.fma %{{.*}} : vector<16xf32>
// CHECK: scf.yield
// CHECK: vector.store %{{.*}} : memref<1x54x54x96xf32>, vector<16xf32>
func.func @first_layer(%x: memref<1x224x224x3xf32>, %w: memref<12x12x3x96xf32>, %y: memref<1x54x54x96xf32>) {
  linalg.conv_2d_nhwc_hwcf {strides = dense<4> : tensor<2xi64>}
      ins(%x, %w : memref<1x224x224x3xf32>, memref<12x12x3x96xf32>) outs(%y : memref<1x54x54x96xf32>)
  return
}

// Ten channels are one masked vector.
// CHECK-LABEL: func.func @classifier
// CHECK: vector.maskedload %{{.*}} : memref<1x1x?x10xf32>
// CHECK: vector.maskedload %{{.*}} : memref<1x1x64x10xf32>
// CHECK: math.fma
// CHECK: vector.maskedstore
func.func @classifier(%x: memref<?x64xf32>, %w: memref<64x10xf32>, %y: memref<?x10xf32>) {
  linalg.matmul ins(%x, %w : memref<?x64xf32>, memref<64x10xf32>) outs(%y : memref<?x10xf32>)
  return
}

// Integers are not a float layer.
// CHECK-LABEL: func.func @integers
// CHECK: linalg.matmul
func.func @integers(%x: memref<2x4xi32>, %w: memref<4x2xi32>, %y: memref<2x2xi32>) {
  linalg.matmul ins(%x, %w : memref<2x4xi32>, memref<4x2xi32>) outs(%y : memref<2x2xi32>)
  return
}

// Neither are columns that do not lie side by side, or a number of them that only
// the run knows.
// CHECK-LABEL: func.func @strided_weights
// CHECK: linalg.matmul
func.func @strided_weights(%x: memref<2x4xf32>, %w: memref<4x2xf32, strided<[4, 2]>>, %y: memref<2x2xf32>) {
  linalg.matmul ins(%x, %w : memref<2x4xf32>, memref<4x2xf32, strided<[4, 2]>>) outs(%y : memref<2x2xf32>)
  return
}

// CHECK-LABEL: func.func @dynamic_weights
// CHECK: linalg.matmul
func.func @dynamic_weights(%x: memref<2x4xf32>, %w: memref<4x?xf32>, %y: memref<2x?xf32>) {
  linalg.matmul ins(%x, %w : memref<2x4xf32>, memref<4x?xf32>) outs(%y : memref<2x?xf32>)
  return
}
