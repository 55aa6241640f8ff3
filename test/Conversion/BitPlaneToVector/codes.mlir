// RUN: dorefa-opt %s --convert-bitplane-to-vector | FileCheck %s

// CHECK-LABEL: func.func @pack_tail
// CHECK: vector.maskedload {{.*}} : memref<2x40xi8>, vector<32xi1>, vector<32xi8> into vector<32xi8>
// CHECK-COUNT-2: vector.bitcast %{{.*}} : vector<32xi1> to vector<1xi32>
func.func @pack_tail(%q: memref<2x40xi8>, %w: memref<2x2x2xi32>) {
  bitplane.pack %q outs(%w : memref<2x2x2xi32>) : memref<2x40xi8>
  return
}

// CHECK-LABEL: func.func @unpack
// CHECK: vector.bitcast %{{.*}} : vector<1xi32> to vector<32xi1>
// CHECK: arith.select %{{.*}} : vector<32xi1>, vector<32xi8>
// CHECK: vector.store {{.*}} : memref<2x32xi8>, vector<32xi8>
func.func @unpack(%w: memref<2x1x2xi32>, %q: memref<2x32xi8>) {
  bitplane.unpack %w outs(%q : memref<2x32xi8>) : memref<2x1x2xi32>
  return
}

// Thresholds are gathered once per word; NaN reaches none, whatever the direction.
// CHECK-LABEL: func.func @threshold_f32
// CHECK: vector.gather
// CHECK: scf.for
// CHECK: arith.cmpf ole
// CHECK: arith.cmpf oge
// CHECK: arith.select
// CHECK-NOT: vector.gather
func.func @threshold_f32(%x: memref<5x2xf32>, %t: memref<2x1xf32>, %w: memref<5x1x1xi32>) {
  bitplane.threshold %x, %t outs(%w : memref<5x1x1xi32>) code !dorefa.code<1, unipolar> decreasing [false, true]
      : memref<5x2xf32>, memref<2x1xf32>
  return
}

// Taps beyond the border are left out by the bounds of the loops.
// CHECK-LABEL: func.func @max_pool_padded
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: scf.for {{.*}} -> (vector<1xi32>, vector<1xi32>) {
// CHECK: scf.for {{.*}} -> (vector<1xi32>, vector<1xi32>) {
func.func @max_pool_padded(%x: memref<1x4x4x1x2xi32>, %y: memref<1x2x2x1x2xi32>) {
  bitplane.max_pool %x outs(%y : memref<1x2x2x1x2xi32>) code !dorefa.code<2, unipolar>
      kernel [3, 3] strides [2, 2] pads [0, 0, 1, 1] : memref<1x4x4x1x2xi32>
  return
}

// Twelve words of two planes: eight at once, then four; a shuffle takes the planes apart.
// CHECK-LABEL: func.func @max_pool_of_words
// CHECK: scf.for {{.*}} -> (vector<8xi32>, vector<8xi32>) {
// CHECK: scf.for {{.*}} -> (vector<8xi32>, vector<8xi32>) {
// CHECK: %[[ALL:.*]] = vector.load %{{.*}} : memref<1x14x14x24xi32>, vector<16xi32>
// CHECK: vector.shuffle %[[ALL]], %[[ALL]] [0, 2, 4, 6, 8, 10, 12, 14]
// CHECK: vector.shuffle %[[ALL]], %[[ALL]] [1, 3, 5, 7, 9, 11, 13, 15]
// CHECK: vector.store %{{.*}} : memref<1x6x6x24xi32>, vector<16xi32>
// CHECK: scf.for {{.*}} -> (vector<4xi32>, vector<4xi32>) {
func.func @max_pool_of_words(%x: memref<1x14x14x12x2xi32>, %y: memref<1x6x6x12x2xi32>) {
  bitplane.max_pool %x outs(%y : memref<1x6x6x12x2xi32>) code !dorefa.code<2, unipolar>
      kernel [3, 3] strides [2, 2] : memref<1x14x14x12x2xi32>
  return
}
