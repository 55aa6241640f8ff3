// RUN: dorefa-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s

// Destinations are written and never read: nothing is copied, and one buffer per
// result is enough.

// CHECK-LABEL: @layer
// CHECK-SAME: (%[[X:.*]]: memref<1x4x4x8xi8>, %[[W:.*]]: memref<8x1x1x8xi8>, %[[T:.*]]: memref<8x1xi32>)
func.func @layer(%x: tensor<1x4x4x8xi8>, %w: tensor<8x1x1x8xi8>, %t: tensor<8x1xi32>) -> tensor<1x2x2x8xi8> {
  // CHECK-NOT: memref.copy
  // CHECK: %[[P:.*]] = memref.alloc() {{.*}} : memref<1x4x4x1x1xi32>
  // CHECK: bitplane.pack %[[X]] outs(%[[P]] : memref<1x4x4x1x1xi32>) : memref<1x4x4x8xi8>{{$}}
  %e0 = tensor.empty() : tensor<1x4x4x1x1xi32>
  %p = bitplane.pack %x outs(%e0 : tensor<1x4x4x1x1xi32>) : tensor<1x4x4x8xi8> -> tensor<1x4x4x1x1xi32>
  // CHECK: %[[Q:.*]] = memref.alloc() {{.*}} : memref<1x4x4x1x1xi32>
  // CHECK: bitplane.conv_2d %[[P]], %[[W]] thresholds %[[T]] : memref<8x1xi32> outs(%[[Q]] : memref<1x4x4x1x1xi32>)
  // CHECK-SAME: channels 8 to 8
  // CHECK-SAME: decreasing [true, false, false, false, false, false, false, false] range [-8, 8] : memref<1x4x4x1x1xi32>, memref<8x1x1x8xi8>{{$}}
  %e1 = tensor.empty() : tensor<1x4x4x1x1xi32>
  %q = bitplane.conv_2d %p, %w thresholds %t : tensor<8x1xi32> outs(%e1 : tensor<1x4x4x1x1xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      decreasing [true, false, false, false, false, false, false, false] range [-8, 8]
      : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x1x1xi32>
  // CHECK: %[[M:.*]] = memref.alloc() {{.*}} : memref<1x2x2x1x1xi32>
  // CHECK: bitplane.max_pool %[[Q]] outs(%[[M]] : memref<1x2x2x1x1xi32>)
  %e2 = tensor.empty() : tensor<1x2x2x1x1xi32>
  %m = bitplane.max_pool %q outs(%e2 : tensor<1x2x2x1x1xi32>) code !dorefa.code<1, unipolar> kernel [2, 2]
      strides [2, 2] : tensor<1x4x4x1x1xi32> -> tensor<1x2x2x1x1xi32>
  // CHECK: bitplane.unpack %[[M]] outs(%[[R:.*]] : memref<1x2x2x8xi8>)
  // CHECK: return %[[R]]
  %e3 = tensor.empty() : tensor<1x2x2x8xi8>
  %r = bitplane.unpack %m outs(%e3 : tensor<1x2x2x8xi8>) : tensor<1x2x2x1x1xi32> -> tensor<1x2x2x8xi8>
  return %r : tensor<1x2x2x8xi8>
}

// CHECK-LABEL: @product
func.func @product(%x: tensor<?x1x1xi32>, %w: tensor<3x5xi8>, %t: tensor<1x1xi32>, %n: index) -> tensor<?x1x1xi32> {
  // CHECK-NOT: memref.copy
  // CHECK: bitplane.matmul %{{.*}}, %{{.*}} outs(%[[ACC:.*]] : memref<?x3xi32>)
  %e0 = tensor.empty(%n) : tensor<?x3xi32>
  %acc = bitplane.matmul %x, %w outs(%e0 : tensor<?x3xi32>) channels 5 to 3
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> : tensor<?x1x1xi32>, tensor<3x5xi8> -> tensor<?x3xi32>
  // CHECK: bitplane.threshold %[[ACC]], %{{.*}} outs(%{{.*}} : memref<?x1x1xi32>)
  %e1 = tensor.empty(%n) : tensor<?x1x1xi32>
  %q = bitplane.threshold %acc, %t outs(%e1 : tensor<?x1x1xi32>) code !dorefa.code<1, unipolar>
      : tensor<?x3xi32>, tensor<1x1xi32> -> tensor<?x1x1xi32>
  return %q : tensor<?x1x1xi32>
}
