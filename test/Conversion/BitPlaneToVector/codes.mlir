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

// Where the code falls, signs are flipped: NaN reaches no threshold in any direction.
// CHECK-LABEL: func.func @threshold_f32
// CHECK: %[[FLIPS:.*]] = vector.load %{{.*}} : memref<32xi32>, vector<16xi32>
// CHECK: arith.xori %{{.*}}, %[[FLIPS]]
// CHECK: vector.gather
// CHECK: arith.xori %{{.*}}, %[[FLIPS]]
// CHECK: arith.cmpf oge
// CHECK-NOT: arith.cmpf ole
func.func @threshold_f32(%x: memref<5x2xf32>, %t: memref<2x1xf32>, %w: memref<5x1x1xi32>) {
  bitplane.threshold %x, %t outs(%w : memref<5x1x1xi32>) code !dorefa.code<1, unipolar> decreasing [false, true]
      : memref<5x2xf32>, memref<2x1xf32>
  return
}

// Constant thresholds are flipped, sorted and transposed; the planes of a code of two
// bits are two comparisons, of which the first chooses the threshold of the second.
memref.global "private" constant @rows : memref<2x3xi32> = dense<[[3, 1, 2], [4, 5, 6]]>

// CHECK-LABEL: func.func @threshold_constant
// CHECK: vector.load %{{.*}} : memref<3x32xi32>, vector<16xi32>
// CHECK: %[[HIGH:.*]] = arith.cmpi sge
// CHECK: %[[CHOSEN:.*]] = arith.select %[[HIGH]]
// CHECK: arith.cmpi sge, %{{.*}}, %[[CHOSEN]]
// CHECK-NOT: vector.gather
func.func @threshold_constant(%x: memref<5x2xi32>, %w: memref<5x1x2xi32>) {
  %t = memref.get_global @rows : memref<2x3xi32>
  bitplane.threshold %x, %t outs(%w : memref<5x1x2xi32>) code !dorefa.code<2, unipolar> decreasing [false, true]
      : memref<5x2xi32>, memref<2x3xi32>
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

// Thresholds of @threshold_constant: the second channel falls.
// CHECK: thresholds: "0x0400000001000000F9FFFFFF00000000
