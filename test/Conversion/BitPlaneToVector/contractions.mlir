// RUN: dorefa-opt %s --convert-bitplane-to-vector | FileCheck %s
// RUN: dorefa-opt %s --convert-bitplane-to-vector="lanes=8 accumulators=8" | FileCheck %s --check-prefix=NARROW

// Accumulators stay in registers over taps and words: seven pixels of two vectors.
// CHECK-LABEL: func.func @conv_w1a1
// CHECK: scf.for {{.*}} -> ([[ROW:(vector<16xi32>,? ?){14}]]) {
// CHECK: scf.for {{.*}} -> ([[ROW]]) {
// CHECK: scf.for {{.*}} -> ([[ROW]]) {
// CHECK-COUNT-2: vector.load {{.*}} : memref<2x1x3x3x2x32xi32>, vector<16xi32>
// CHECK: %[[X:.*]] = memref.load %{{.*}} : memref<?x16x16x2x1xi32>
// CHECK: %[[B:.*]] = vector.broadcast %[[X]] : i32 to vector<16xi32>
// CHECK: %[[AND:.*]] = arith.andi %[[B]], %{{.*}} : vector<16xi32>
// CHECK: math.ctpop %[[AND]] : vector<16xi32>
// CHECK: vector.store {{.*}} : memref<?x14x14x64xi32>, vector<16xi32>
// CHECK-NOT: bitplane

// Two pixels of four vectors.
// NARROW-LABEL: func.func @conv_w1a1
// NARROW: scf.for {{.*}} -> ([[ROW:(vector<8xi32>,? ?){8}]]) {
// NARROW-NOT: vector<16xi32>
func.func @conv_w1a1(%x: memref<?x16x16x2x1xi32>, %w: memref<2x1x3x3x2x32xi32>, %y: memref<?x14x14x64xi32>) {
  bitplane.conv_2d %x, %w outs(%y : memref<?x14x14x64xi32>) channels 64 to 64
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, unipolar> kernel popcount
      : memref<?x16x16x2x1xi32>, memref<2x1x3x3x2x32xi32>
  return
}

// Planes by Horner's rule, then twice the sum less the window sum, three
// thresholds and the parities that are the bits of the code.
// CHECK-LABEL: func.func @conv_w1a2_codes
// CHECK: %[[SUMS:.*]] = memref.alloca() : memref<16xi32>
// CHECK: math.ctpop %{{.*}} : i32
// CHECK: math.ctpop %{{.*}} : vector<16xi32>
// CHECK: %[[HIGH:.*]] = arith.addi %[[P1:.*]], %[[P1]] : vector<16xi32>
// CHECK: math.ctpop %{{.*}} : vector<16xi32>
// CHECK: arith.muli %{{.*}}, %{{.*}} : vector<16xi32>
// CHECK-COUNT-3: arith.cmpi sge, %{{.*}}, %{{.*}} : vector<16xi32>
// CHECK-COUNT-2: arith.xori %{{.*}}, %{{.*}} : vector<16xi1>
// CHECK: vector.shuffle {{.*}} : vector<16xi1>, vector<16xi1>
// CHECK: vector.bitcast %{{.*}} : vector<32xi1> to vector<1xi32>
// CHECK: memref.store {{.*}} : memref<1x14x14x2x2xi32>
func.func @conv_w1a2_codes(%x: memref<1x16x16x2x2xi32>, %w: memref<2x1x3x3x2x32xi32>, %t: memref<4x64xi32>,
                           %y: memref<1x14x14x2x2xi32>) {
  bitplane.conv_2d %x, %w thresholds %t : memref<4x64xi32> outs(%y : memref<1x14x14x2x2xi32>) channels 64 to 64
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar> kernel popcount
      : memref<1x16x16x2x2xi32>, memref<2x1x3x3x2x32xi32>
  return
}

// Groups of 34 channels: blocks span groups, so that lanes sum their own windows.
// CHECK-LABEL: func.func @conv_groups
// CHECK: memref.get_global @group_masks
// CHECK: vector.load %{{.*}} : memref<3x{{[0-9]}}x32xi32>, vector<16xi32>
func.func @conv_groups(%x: memref<1x3x3x3x2xi32>, %w: memref<3x1x1x1x3x32xi32>, %y: memref<1x3x3x68xi32>) {
  bitplane.conv_2d %x, %w outs(%y : memref<1x3x3x68xi32>) channels 68 to 68
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> kernel popcount groups 2
      : memref<1x3x3x3x2xi32>, memref<3x1x1x1x3x32xi32>
  return
}

// Rows are tiles of pixels; what is left of a dynamic number comes one by one, and
// the last block stores only its ten channels.
// CHECK-LABEL: func.func @matmul
// CHECK: %[[ROWS:.*]] = memref.dim
// CHECK: arith.remui
// CHECK: scf.for
// CHECK: scf.for {{.*}} -> ([[FOUR:(vector<16xi32>,? ?){8}]]) {
// CHECK: vector.maskedstore
// CHECK: scf.for
// CHECK: scf.for {{.*}} -> ([[ONE:(vector<16xi32>,? ?){2}]]) {
func.func @matmul(%x: memref<?x2x1xi32>, %w: memref<1x1x2x32xi32>, %y: memref<?x10xi32>) {
  bitplane.matmul %x, %w outs(%y : memref<?x10xi32>) channels 64 to 10
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, unipolar> kernel popcount
      : memref<?x2x1xi32>, memref<1x1x2x32xi32>
  return
}

// One row reads the weights of four blocks at the same time.
// CHECK-LABEL: func.func @one_row
// CHECK: scf.for {{.*}} -> ([[FOUR:(vector<16xi32>,? ?){8}]]) {
// CHECK-COUNT-8: vector.load %{{.*}} : memref<8x1x1x1x64x32xi32>, vector<16xi32>
// CHECK-COUNT-8: math.ctpop
func.func @one_row(%x: memref<1x64x1xi32>, %w: memref<8x1x64x32xi32>, %y: memref<1x256xi32>) {
  bitplane.matmul %x, %w outs(%y : memref<1x256xi32>) channels 2048 to 256
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount
      : memref<1x64x1xi32>, memref<8x1x64x32xi32>
  return
}
