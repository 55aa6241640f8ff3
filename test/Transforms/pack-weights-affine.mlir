// Codes of many levels by one multiplication and addition.

// RUN: dorefa-opt %s --bitplane-pack-weights --split-input-file --remarks-filter=dorefa 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

// Channels 0 and 1 have the thresholds of (x + 7) / 2; the first of them falls and has its
// weights negated. Channel 2 is
// always 4, and the proven range says so.

// CHECK-LABEL: @exact
// CHECK-DAG: %[[A:.*]] = arith.constant dense_resource<affine> : tensor<2x32xf32>
// CHECK: bitplane.matmul %{{.*}}, %{{.*}} affine %[[A]] : tensor<2x32xf32> outs
// CHECK-NOT: thresholds
// Slopes 0.5, 0.5 and 0.
// CHECK: affine: "0x040000000000003F0000003F00000000
// REMARK: codes by one multiplication and addition, proven for each accumulator
func.func @exact(%x: tensor<1x1x1xi32>) -> tensor<1x1x3xi32> {
  %w = arith.constant dense<1> : tensor<3x12xi8>
  %t = arith.constant dense<[[5, 3, 1, -1, -3, -5, -7], [-5, -3, -1, 1, 3, 5, 7], [-90, -80, -70, -60, 50, 60, 70]]> : tensor<3x7xi32>
  %init = tensor.empty() : tensor<1x1x3xi32>
  %q = bitplane.matmul %x, %w thresholds %t : tensor<3x7xi32> outs(%init : tensor<1x1x3xi32>) channels 12 to 3
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<3, unipolar>
      kernel popcount decreasing [true, false, false] range [-12, 12] : tensor<1x1x1xi32>, tensor<3x12xi8> -> tensor<1x1x3xi32>
  return %q : tensor<1x1x3xi32>
}

// -----

// One threshold is not on the line of the others: few of them are compared one by one.

// CHECK-LABEL: @few
// CHECK: thresholds %{{.*}} : tensor<8x32xi32> outs
// REMARK: thresholds of channel 0 are not those of a scale and an offset in float32
func.func @few(%x: tensor<1x1x1xi32>) -> tensor<1x1x3xi32> {
  %w = arith.constant dense<1> : tensor<1x12xi8>
  %t = arith.constant dense<[[-5, -3, -1, 2, 3, 5, 7]]> : tensor<1x7xi32>
  %init = tensor.empty() : tensor<1x1x3xi32>
  %q = bitplane.matmul %x, %w thresholds %t : tensor<1x7xi32> outs(%init : tensor<1x1x3xi32>) channels 12 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<3, unipolar>
      kernel popcount : tensor<1x1x1xi32>, tensor<1x12xi8> -> tensor<1x1x3xi32>
  return %q : tensor<1x1x3xi32>
}

// -----

// Of many, one is compared with.

// CHECK-LABEL: @many
// CHECK: thresholds %{{.*}} : tensor<32x32xi32> affine %{{.*}} : tensor<2x32xf32> outs
// REMARK: codes by one multiplication and addition, proven up to one level, which a comparison decides
func.func @many(%x: tensor<1x4x1xi32>) -> tensor<1x1x5xi32> {
  %w = arith.constant dense<1> : tensor<1x100xi8>
  %t = arith.constant dense<[[-45, -42, -39, -36, -33, -30, -27, -24, -21, -18, -15, -11, -9, -6, -3, 0,
                              3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45]]> : tensor<1x31xi32>
  %init = tensor.empty() : tensor<1x1x5xi32>
  %q = bitplane.matmul %x, %w thresholds %t : tensor<1x31xi32> outs(%init : tensor<1x1x5xi32>) channels 100 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<5, unipolar>
      kernel popcount : tensor<1x4x1xi32>, tensor<1x100xi8> -> tensor<1x1x5xi32>
  return %q : tensor<1x1x5xi32>
}

// -----

// The largest level has no threshold: it is never reached, and the line must stay below it.

// CHECK-LABEL: @unreached
// CHECK: affine %{{.*}} : tensor<2x32xf32> outs
// REMARK: proven for each accumulator
func.func @unreached(%x: tensor<1x1x1xi32>) -> tensor<1x1x3xi32> {
  %w = arith.constant dense<1> : tensor<1x12xi8>
  %t = arith.constant dense<[[-8, -4, 0, 4, 8, 12]]> : tensor<1x6xi32>
  %init = tensor.empty() : tensor<1x1x3xi32>
  %q = bitplane.matmul %x, %w thresholds %t : tensor<1x6xi32> outs(%init : tensor<1x1x3xi32>) channels 12 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<3, signed>
      kernel popcount base -3 range [-12, 12] : tensor<1x1x1xi32>, tensor<1x12xi8> -> tensor<1x1x3xi32>
  return %q : tensor<1x1x3xi32>
}

// -----

// Sums beyond 2^24 are rounded to floats, two neighbours to the same one.

// CHECK-LABEL: @large
// CHECK: thresholds %{{.*}} : tensor<6x32xi32> outs
// REMARK: thresholds of channel 0 are not those of a scale and an offset in float32
func.func @large(%x: tensor<1x1000x8xi32>) -> tensor<1x1x3xi32> {
  %w = arith.constant dense<1> : tensor<1x32000xi8>
  %t = arith.constant dense<[[33554433, 33554435, 33554437, 33554439, 33554441]]> : tensor<1x5xi32>
  %init = tensor.empty() : tensor<1x1x3xi32>
  %q = bitplane.matmul %x, %w thresholds %t : tensor<1x5xi32> outs(%init : tensor<1x1x3xi32>) channels 32000 to 1
      codes !dorefa.code<8, unipolar>, !dorefa.code<8, signed> to !dorefa.code<3, unipolar>
      kernel popcount : tensor<1x1000x8xi32>, tensor<1x32000xi8> -> tensor<1x1x3xi32>
  return %q : tensor<1x1x3xi32>
}

// -----

// The largest accumulator reaches the last threshold, which is nearer than the others: the line
// has to be steeper than 0.5 for that (0x3F0BA2E9 is 6/11).

// CHECK-LABEL: @last
// CHECK: affine %{{.*}} : tensor<2x32xf32> outs
// CHECK: affine: "0x04000000E9A20B3F
// REMARK: proven for each accumulator
func.func @last(%x: tensor<1x1x1xi32>) -> tensor<1x1x3xi32> {
  %w = arith.constant dense<1> : tensor<1x12xi8>
  %t = arith.constant dense<[[0, 2, 4, 6, 8, 10, 11]]> : tensor<1x7xi32>
  %init = tensor.empty() : tensor<1x1x3xi32>
  %q = bitplane.matmul %x, %w thresholds %t : tensor<1x7xi32> outs(%init : tensor<1x1x3xi32>) channels 12 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<3, unipolar>
      kernel popcount range [-12, 11] : tensor<1x1x1xi32>, tensor<1x12xi8> -> tensor<1x1x3xi32>
  return %q : tensor<1x1x3xi32>
}

// -----

// Numbers with these thresholds have no float32 of their own: half of them would be one too high.

// CHECK-LABEL: @inexact
// CHECK: thresholds %{{.*}} : tensor<8x32xi32> outs
// REMARK: thresholds of channel 0 are not those of a scale and an offset in float32
func.func @inexact(%x: tensor<1x1x1xi32>) -> tensor<1x1x3xi32> {
  %w = arith.constant dense<1> : tensor<1x12xi8>
  %t = arith.constant dense<[[33554433, 33554435, 33554437, 33554439, 33554441, 33554443, 33554445]]> : tensor<1x7xi32>
  %init = tensor.empty() : tensor<1x1x3xi32>
  %q = bitplane.matmul %x, %w thresholds %t : tensor<1x7xi32> outs(%init : tensor<1x1x3xi32>) channels 12 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<3, unipolar>
      kernel popcount range [33554432, 33554447] : tensor<1x1x1xi32>, tensor<1x12xi8> -> tensor<1x1x3xi32>
  return %q : tensor<1x1x3xi32>
}

// -----

// A falling channel whose weights have no negative: its line falls, and the last two thresholds
// lie beyond the negative of the range.

// CHECK-LABEL: @falling
// CHECK: affine %{{.*}} : tensor<2x32xf32> outs
// CHECK: affine: "0x04000000ABAAAABE
// REMARK: proven for each accumulator
func.func @falling(%x: tensor<1x1x1xi32>) -> tensor<1x1x3xi32> {
  %w = arith.constant dense<1> : tensor<1x12xi8>
  %t = arith.constant dense<[[9, 6, 3, 0, -3, -90, -95]]> : tensor<1x7xi32>
  %init = tensor.empty() : tensor<1x1x3xi32>
  %q = bitplane.matmul %x, %w thresholds %t : tensor<1x7xi32> outs(%init : tensor<1x1x3xi32>) channels 12 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, unipolar> to !dorefa.code<3, unipolar>
      kernel popcount decreasing [true] range [-3, 12] : tensor<1x1x1xi32>, tensor<1x12xi8> -> tensor<1x1x3xi32>
  return %q : tensor<1x1x3xi32>
}
