// RUN: dorefa-opt %s --bitplane-pack-weights --split-input-file | FileCheck %s

// One output channel, two inputs, codes 1 and 0: bit 0 of lane 0.

// CHECK-LABEL: @main
// CHECK: %[[W:.*]] = arith.constant dense<{{\[\[\[\[}}1, 0, 0, 0, {{.*}} : tensor<1x1x1x32xi32>
// CHECK: bitplane.matmul %{{.*}}, %[[W]] outs
// CHECK-NOT: tensor<1x2xi8>
func.func @main(%x: tensor<1x1x1xi32>) -> tensor<1x1xi32> {
  %w = arith.constant dense<[[1, 0]]> : tensor<1x2xi8>
  %init = tensor.empty() : tensor<1x1xi32>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount
      : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

// -----

// Packed already.

// CHECK-LABEL: @main
// CHECK: tensor<1x1x1xi32>, tensor<1x1x1x32xi32> -> tensor<1x1xi32>
func.func @main(%x: tensor<1x1x1xi32>) -> tensor<1x1xi32> {
  %w = arith.constant dense<[[[[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]]]> : tensor<1x1x1x32xi32>
  %init = tensor.empty() : tensor<1x1xi32>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount
      : tensor<1x1x1xi32>, tensor<1x1x1x32xi32> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

// -----

// Without a kernel there is no layout to pack for.

// CHECK-LABEL: @no_kernel
// CHECK: tensor<1x2xi8>
func.func @no_kernel(%x: tensor<1x1x1xi32>) -> tensor<1x1xi32> {
  %w = arith.constant dense<[[1, 0]]> : tensor<1x2xi8>
  %init = tensor.empty() : tensor<1x1xi32>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
      : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

// -----

// Planes: codes 2, 1 and 3 are 0b101 on plane 0 shifted (channels 1 and 2) and
// channels 0 and 2 on plane 1; words of plane 0, then of plane 1.
// Blob: 4 bytes of alignment, then 32 lanes of plane 0 and 32 of plane 1.

// CHECK-LABEL: @planes
// CHECK: tensor<1x2x1x32xi32>
// CHECK: weights: "0x0400000006000000{{((00000000){31})}}05000000{{((00000000){31})}}"
func.func @planes(%x: tensor<1x1x1xi32>) -> tensor<1x1xi32> {
  %w = arith.constant dense<[[2, 1, 3]]> : tensor<1x3xi8>
  %init = tensor.empty() : tensor<1x1xi32>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 3 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<2, bipolar> kernel popcount
      : tensor<1x1x1xi32>, tensor<1x3xi8> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

// -----

// Bipolar input code 0 is -1, so that windows on the border need a correction:
// three taps, weights -1, +1, +1. With x = 2p - 1 and w = 2q - 1 it is
// -2 * (sum of q) + (number of taps): left (taps 1, 2) -4 + 2, inside -4 + 3,
// right (taps 0, 1) -2 + 2.

// CHECK-LABEL: @correction
// CHECK: bitplane.conv_2d %{{.*}}, %{{.*}} correction %{{.*}} : tensor<1x3x32xi32> outs
// CHECK: correction: "0x04000000FEFFFFFF{{((00000000){31})}}FFFFFFFF{{((00000000){31})}}00000000{{((00000000){31})}}"
func.func @correction(%x: tensor<1x1x4x1x1xi32>) -> tensor<1x1x4x1xi32> {
  %w = arith.constant dense<[[[[0], [1], [1]]]]> : tensor<1x1x3x1xi8>
  %init = tensor.empty() : tensor<1x1x4x1xi32>
  %acc = bitplane.conv_2d %x, %w outs(%init : tensor<1x1x4x1xi32>) channels 1 to 1
      codes !dorefa.code<1, bipolar>, !dorefa.code<1, bipolar> kernel popcount pads [0, 1, 0, 1]
      : tensor<1x1x4x1x1xi32>, tensor<1x1x3x1xi8> -> tensor<1x1x4x1xi32>
  return %acc : tensor<1x1x4x1xi32>
}

// -----

// Thresholds: signs, then ascending rows; channel 0 decreases (5, -7 become -5, 7),
// channel 1 increases unsorted (9, 2 become 2, 9), the rest is never reached.

// CHECK-LABEL: @thresholds
// CHECK: bitplane.matmul %{{.*}}, %{{.*}} thresholds %{{.*}} : tensor<3x32xi32>
// CHECK-NOT: decreasing
// CHECK: thresholds: "0x04000000FFFFFFFF{{((00000000){31})}}FBFFFFFF02000000{{((FFFFFF7F){30})}}0700000009000000{{((FFFFFF7F){30})}}"
func.func @thresholds(%x: tensor<1x1x1xi32>) -> tensor<1x1x2xi32> {
  %w = arith.constant dense<1> : tensor<2x3xi8>
  %t = arith.constant dense<[[5, -7], [9, 2]]> : tensor<2x2xi32>
  %init = tensor.empty() : tensor<1x1x2xi32>
  %q = bitplane.matmul %x, %w thresholds %t : tensor<2x2xi32> outs(%init : tensor<1x1x2xi32>) channels 3 to 2
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, unipolar> to !dorefa.code<2, unipolar>
      kernel popcount decreasing [true, false] : tensor<1x1x1xi32>, tensor<2x3xi8> -> tensor<1x1x2xi32>
  return %q : tensor<1x1x2xi32>
}

// -----

// The negative of a bipolar weight is one as well: channel 0 gets the negative weights, no
// signs and a range for both.

// CHECK-LABEL: @reversed
// CHECK: arith.constant dense<{{\[+}}2, 5, 0, {{.*}} : tensor<1x1x1x32xi32>
// CHECK: range [-3, 3]
// CHECK: thresholds: "0x04000000{{((00000000){32})}}FBFFFFFF02000000{{((FFFFFF7F){30})}}0700000009000000{{((FFFFFF7F){30})}}"
func.func @reversed(%x: tensor<1x1x1xi32>) -> tensor<1x1x2xi32> {
  %w = arith.constant dense<[[1, 0, 1], [1, 0, 1]]> : tensor<2x3xi8>
  %t = arith.constant dense<[[5, -7], [9, 2]]> : tensor<2x2xi32>
  %init = tensor.empty() : tensor<1x1x2xi32>
  %q = bitplane.matmul %x, %w thresholds %t : tensor<2x2xi32> outs(%init : tensor<1x1x2xi32>) channels 3 to 2
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar>
      kernel popcount decreasing [true, false] range [-1, 3] : tensor<1x1x1xi32>, tensor<2x3xi8> -> tensor<1x1x2xi32>
  return %q : tensor<1x1x2xi32>
}

// -----

// Two groups of 48 channels: the first block reads words 0 to 2, because its lanes
// 24 to 31 belong to the second group; so does the second block, which needs words
// 1 and 2 only.

// CHECK-LABEL: @groups
// CHECK: tensor<2x1x1x1x3x32xi32>
func.func @groups(%x: tensor<1x1x1x3x1xi32>) -> tensor<1x1x1x48xi32> {
  %w = arith.constant dense<1> : tensor<48x1x1x48xi8>
  %init = tensor.empty() : tensor<1x1x1x48xi32>
  %acc = bitplane.conv_2d %x, %w outs(%init : tensor<1x1x1x48xi32>) channels 96 to 48
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount groups 2
      : tensor<1x1x1x3x1xi32>, tensor<48x1x1x48xi8> -> tensor<1x1x1x48xi32>
  return %acc : tensor<1x1x1x48xi32>
}

// -----

// The negative of the smallest threshold of a decreasing channel is no i32; the largest stands
// for it, which no accumulator that can occur reaches.

// CHECK-LABEL: @smallest_threshold
// CHECK: thresholds: "0x04000000FFFFFFFF{{((00000000){31})}}{{((FFFFFF7F){32})}}"
func.func @smallest_threshold(%x: tensor<1x1x1xi32>) -> tensor<1x1x1xi32> {
  %w = arith.constant dense<1> : tensor<1x3xi8>
  %t = arith.constant dense<-2147483648> : tensor<1x1xi32>
  %init = tensor.empty() : tensor<1x1x1xi32>
  %q = bitplane.matmul %x, %w thresholds %t : tensor<1x1xi32> outs(%init : tensor<1x1x1xi32>) channels 3 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, unipolar> to !dorefa.code<1, unipolar>
      kernel popcount decreasing [true] : tensor<1x1x1xi32>, tensor<1x3xi8> -> tensor<1x1x1xi32>
  return %q : tensor<1x1x1xi32>
}

// -----

// Kernel dot: the values of the weights, -3 to 3, four channels of each output side
// by side, and the levels of the input.

// CHECK-LABEL: @values
// CHECK-SAME: (%[[X:.*]]: tensor<5x1x2xi32>
// CHECK-DAG: %[[W:.*]] = arith.constant dense_resource<weights> : tensor<1x1x1x128xi8>
// CHECK-DAG: %[[INIT:.*]] = tensor.empty() : tensor<5x4xi8>
// CHECK: %[[L:.*]] = bitplane.unpack %[[X]] outs(%[[INIT]] : tensor<5x4xi8>) levels !dorefa.code<2, unipolar>
// CHECK: bitplane.matmul %[[L]], %[[W]] outs
// CHECK: weights: "0x0100000003FDFF000101010000000000
func.func @values(%x: tensor<5x1x2xi32>) -> tensor<5x2xi32> {
  %w = arith.constant dense<[[3, 0, 1], [2, 2, 2]]> : tensor<2x3xi8>
  %init = tensor.empty() : tensor<5x2xi32>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<5x2xi32>) channels 3 to 2
      codes !dorefa.code<2, unipolar>, !dorefa.code<2, bipolar> kernel dot
      : tensor<5x1x2xi32>, tensor<2x3xi8> -> tensor<5x2xi32>
  return %acc : tensor<5x2xi32>
}

// -----

// -255 to 255 fit no byte: codes minus 128. Levels of signed inputs are 0 at -2, for
// which the correction stands: -2 * (255 - 255 + 1).

// CHECK-LABEL: @codes
// CHECK-DAG: %[[C:.*]] = arith.constant dense<[-2, 0, {{.*}} : tensor<32xi32>
// CHECK: levels !dorefa.code<2, signed>
// CHECK: bitplane.matmul %{{.*}}, %{{.*}} correction %[[C]]
// CHECK: weights: "0x010000007F80000000000000
func.func @codes(%x: tensor<5x1x2xi32>) -> tensor<5x1xi32> {
  %w = arith.constant dense<[[255, 0, 128]]> : tensor<1x3xi8>
  %init = tensor.empty() : tensor<5x1xi32>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<5x1xi32>) channels 3 to 1
      codes !dorefa.code<2, signed>, !dorefa.code<8, bipolar> kernel dot
      : tensor<5x1x2xi32>, tensor<1x3xi8> -> tensor<5x1xi32>
  return %acc : tensor<5x1xi32>
}

// -----

// A single row reads each weight once: two in a byte, output 16 above output 0.

// CHECK-LABEL: @halves
// CHECK: dense_resource<weights> : tensor<1x1x1x64xi8>
// CHECK: weights: "0x010000005342000000000000
func.func @halves(%x: tensor<1x1x2xi32>) -> tensor<1x17xi32> {
  %w = arith.constant dense<[[3, 2], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0],
                             [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [5, 4]]> : tensor<17x2xi8>
  %init = tensor.empty() : tensor<1x17xi32>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x17xi32>) channels 2 to 17
      codes !dorefa.code<2, unipolar>, !dorefa.code<3, bipolar> kernel dot
      : tensor<1x1x2xi32>, tensor<17x2xi8> -> tensor<1x17xi32>
  return %acc : tensor<1x17xi32>
}
