// RUN: dorefa-opt %s --convert-bitplane-to-vector="features=avx512bw,avx512vbmi" | FileCheck %s
// RUN: not dorefa-opt %s --convert-bitplane-to-vector=features=avx512bw 2>&1 | FileCheck %s --check-prefix=ABSENT
// ABSENT: error: 'bitplane.conv_2d' op has tables for indices of 16 bits and vectors of 64 bytes, in which this processor does not look up; choose kernel 'popcount'

// Seven pixels: sums of bytes inside, of 16 bits around them. A row of the table serves the
// three taps that read its pixel of the input.
// CHECK-LABEL: func.func @lookup
// CHECK: memref.get_global @lookup_4096x64 : memref<4096x64xi8>
// CHECK: scf.for {{.*}} -> ([[WORDS:(vector<32xi16>,? ?){14}]]) {
// CHECK: scf.for {{.*}} -> ([[WORDS]]) {
// CHECK: scf.for {{.*}} -> ([[BYTES:(vector<64xi8>,? ?){7}]]) {
// CHECK-COUNT-3: vector.load {{.*}} : memref<2x1x3x3x11x64xi8>, vector<64xi8>
// CHECK: %[[I:.*]] = memref.load {{.*}} : memref<1x16x16x11xi16>
// CHECK: %[[R:.*]] = arith.index_castui %[[I]] : i16 to index
// CHECK: %[[ROW:.*]] = vector.load %{{.*}}[%[[R]], %{{.*}}] : memref<4096x64xi8>, vector<64xi8>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.permvar.qi.512"(%[[ROW]], %{{.*}})
// CHECK: %[[I:.*]] = memref.load {{.*}} : memref<1x16x16x11xi16>
// CHECK: %[[R:.*]] = arith.index_castui %[[I]] : i16 to index
// CHECK: %[[ROW:.*]] = vector.load %{{.*}}[%[[R]], %{{.*}}] : memref<4096x64xi8>, vector<64xi8>
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.avx512.permvar.qi.512"(%[[ROW]], %{{.*}})
// CHECK: memref.load {{.*}} : memref<1x16x16x11xi16>
// CHECK: %[[ROW:.*]] = vector.load %{{.*}} : memref<4096x64xi8>, vector<64xi8>
// CHECK-COUNT-3: llvm.call_intrinsic "llvm.x86.avx512.permvar.qi.512"(%[[ROW]], %{{.*}})
// CHECK: vector.store {{.*}} : memref<1x14x14x128xi32>, vector<16xi32>
func.func @lookup(%x: memref<1x16x16x11xi16>, %w: memref<2x1x3x3x11x64xi8>, %y: memref<1x14x14x128xi32>) {
  bitplane.conv_2d %x, %w outs(%y : memref<1x14x14x128xi32>) channels 64 to 128
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, unipolar> kernel lookup
      : memref<1x16x16x11xi16>, memref<2x1x3x3x11x64xi8>
  return
}

// Codes by thresholds that take in the product with 2 and the parity of the window sum: half of
// it is added to sums of 16 bits, whose masks are words.
// CHECK-LABEL: func.func @folded
// CHECK: %[[T:.*]] = memref.get_global @folded_thresholds : memref<2x1x64xi16>
// CHECK: arith.subi {{.*}} : vector<32xi16>
// CHECK: %[[H:.*]] = arith.shrsi %[[S:.*]], %c1_i32{{.*}} : i32
// CHECK: %[[P:.*]] = arith.andi %[[S]], %c1_i32{{.*}} : i32
// CHECK: %[[R:.*]] = arith.index_castui %[[P]] : i32 to index
// CHECK: %[[N:.*]] = arith.trunci %[[H]] : i32 to i16
// CHECK: vector.broadcast %[[N]] : i16 to vector<32xi16>
// CHECK: %[[SUM:.*]] = arith.addi {{.*}} : vector<32xi16>
// CHECK: %[[ROW:.*]] = vector.load %[[T]][%[[R]], {{.*}}] : memref<2x1x64xi16>, vector<32xi16>
// CHECK: %[[M:.*]] = arith.cmpi sge, %[[SUM]], %[[ROW]] : vector<32xi16>
// CHECK: vector.bitcast %[[M]] : vector<32xi1> to vector<1xi32>
memref.global "private" constant @thresholds : memref<2x64xi32> = dense<0>
func.func @folded(%x: memref<1x16x16x11xi16>, %w: memref<1x1x3x3x11x64xi8>, %y: memref<1x14x14x2x1xi32>) {
  %t = memref.get_global @thresholds : memref<2x64xi32>
  bitplane.conv_2d %x, %w thresholds %t : memref<2x64xi32> outs(%y : memref<1x14x14x2x1xi32>)
      channels 64 to 64 codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar>
      to !dorefa.code<1, unipolar> kernel lookup : memref<1x16x16x11xi16>, memref<1x1x3x3x11x64xi8>
  return
}

// All planes of a pixel in one vector, the bits of each index by a shuffle and a shift.
// CHECK-LABEL: func.func @index
// CHECK: vector.load {{.*}} : memref<4x4xi32>, vector<4xi32>
// CHECK: vector.shuffle {{.*}} : vector<16xi8>, vector<16xi8>
// CHECK: arith.shrui {{.*}} : vector<11xi16>
// CHECK: vector.store {{.*}} : memref<4x11xi16>, vector<11xi16>
func.func @index(%x: memref<4x2x2xi32>, %i: memref<4x11xi16>) {
  bitplane.index %x outs(%i : memref<4x11xi16>) channels 64 : memref<4x2x2xi32>
  return
}
