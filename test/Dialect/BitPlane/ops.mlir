// RUN: dorefa-opt %s | dorefa-opt | FileCheck %s
// RUN: dorefa-opt %s --mlir-print-op-generic | dorefa-opt | FileCheck %s

// CHECK-LABEL: @pack
func.func @pack(%q: tensor<1x4x4x40xi8>, %init: tensor<1x4x4x2x2xi32>) -> tensor<1x4x4x2x2xi32> {
  // CHECK: bitplane.pack %{{.*}} outs(%{{.*}} : tensor<1x4x4x2x2xi32>) : tensor<1x4x4x40xi8> -> tensor<1x4x4x2x2xi32>
  %w = bitplane.pack %q outs(%init : tensor<1x4x4x2x2xi32>) : tensor<1x4x4x40xi8> -> tensor<1x4x4x2x2xi32>
  return %w : tensor<1x4x4x2x2xi32>
}

// CHECK-LABEL: @unpack
func.func @unpack(%w: tensor<1x4x4x2x2xi32>, %init: tensor<1x4x4x40xi8>) -> tensor<1x4x4x40xi8> {
  // CHECK: bitplane.unpack %{{.*}} outs(%{{.*}} : tensor<1x4x4x40xi8>) : tensor<1x4x4x2x2xi32> -> tensor<1x4x4x40xi8>
  %q = bitplane.unpack %w outs(%init : tensor<1x4x4x40xi8>) : tensor<1x4x4x2x2xi32> -> tensor<1x4x4x40xi8>
  return %q : tensor<1x4x4x40xi8>
}

// CHECK-LABEL: @conv_2d_thresholds
func.func @conv_2d_thresholds(%x: tensor<1x8x8x2x2xi32>, %w: tensor<64x3x3x40xi8>, %t: tensor<64x3xi32>,
                              %init: tensor<1x8x8x2x2xi32>) -> tensor<1x8x8x2x2xi32> {
  // CHECK: bitplane.conv_2d %{{.*}}, %{{.*}} thresholds %{{.*}} : tensor<64x3xi32> outs(%{{.*}} : tensor<1x8x8x2x2xi32>)
  // CHECK-SAME: channels 40 to 64 codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar>
  // CHECK-SAME: pads [1, 1, 1, 1] : tensor<1x8x8x2x2xi32>, tensor<64x3x3x40xi8> -> tensor<1x8x8x2x2xi32>
  %q = bitplane.conv_2d %x, %w thresholds %t : tensor<64x3xi32> outs(%init : tensor<1x8x8x2x2xi32>)
      channels 40 to 64 codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar>
      pads [1, 1, 1, 1] : tensor<1x8x8x2x2xi32>, tensor<64x3x3x40xi8> -> tensor<1x8x8x2x2xi32>
  return %q : tensor<1x8x8x2x2xi32>
}

// The second offset alone has to survive, too.

// CHECK-LABEL: @conv_2d_pool
func.func @conv_2d_pool(%x: tensor<?x5x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %t: tensor<8x1xi32>,
                        %init: tensor<?x2x4x1x1xi32>) -> tensor<?x2x4x1x1xi32> {
  // CHECK: to !dorefa.code<1, unipolar> pool [2, 1] :
  %q = bitplane.conv_2d %x, %w thresholds %t : tensor<8x1xi32> outs(%init : tensor<?x2x4x1x1xi32>)
      channels 8 to 8 codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      pool [2, 1] : tensor<?x5x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<?x2x4x1x1xi32>
  return %q : tensor<?x2x4x1x1xi32>
}

// CHECK-LABEL: @conv_2d_offsets
func.func @conv_2d_offsets(%x: tensor<?x4x4x1x2xi32>, %w: tensor<4x2x2x3xi8>, %init: tensor<?x2x1x4xi32>) -> tensor<?x2x1x4xi32> {
  // CHECK: strides [1, 2] dilations [2, 2] groups 2 offsets 0, -1 range [-40, 41] :
  %acc = bitplane.conv_2d %x, %w outs(%init : tensor<?x2x1x4xi32>) channels 6 to 4
      codes !dorefa.code<2, unipolar>, !dorefa.code<2, signed> strides [1, 2] dilations [2, 2] groups 2
      offsets 0, -1 range [-40, 41] : tensor<?x4x4x1x2xi32>, tensor<4x2x2x3xi8> -> tensor<?x2x1x4xi32>
  return %acc : tensor<?x2x1x4xi32>
}

// A packed filter of bipolar codes: one row class, and three column classes.

// CHECK-LABEL: @conv_2d_packed
func.func @conv_2d_packed(%x: memref<1x4x6x1x1xi32>, %w: memref<1x1x1x3x1x32xi32>, %c: memref<1x3x32xi32>,
                          %t: memref<2x32xi32>, %init: memref<1x4x4x1x1xi32>) {
  // CHECK: bitplane.conv_2d %{{.*}}, %{{.*}} correction %{{.*}} : memref<1x3x32xi32> thresholds %{{.*}} : memref<2x32xi32>
  // CHECK-SAME: kernel popcount border [0, 1, 0, 1]
  bitplane.conv_2d %x, %w correction %c : memref<1x3x32xi32> thresholds %t : memref<2x32xi32>
      outs(%init : memref<1x4x4x1x1xi32>) channels 8 to 9
      codes !dorefa.code<1, bipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, bipolar>
      kernel popcount border [0, 1, 0, 1] : memref<1x4x6x1x1xi32>, memref<1x1x1x3x1x32xi32>
  return
}

// CHECK-LABEL: @matmul
func.func @matmul(%x: tensor<4x2x2xi32>, %w: tensor<10x64xi8>, %init: tensor<4x10xi32>) -> tensor<4x10xi32> {
  // CHECK: bitplane.matmul %{{.*}}, %{{.*}} outs(%{{.*}} : tensor<4x10xi32>) channels 64 to 10
  // CHECK-SAME: codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> :
  %acc = bitplane.matmul %x, %w outs(%init : tensor<4x10xi32>) channels 64 to 10
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar>
      : tensor<4x2x2xi32>, tensor<10x64xi8> -> tensor<4x10xi32>
  return %acc : tensor<4x10xi32>
}

// CHECK-LABEL: @matmul_thresholds
func.func @matmul_thresholds(%x: tensor<?x2x2xi32>, %w: tensor<10x64xi8>, %t: tensor<1x2xi32>, %init: tensor<?x1x2xi32>) -> tensor<?x1x2xi32> {
  // CHECK: to !dorefa.code<2, ternary> offsets 3, 0 decreasing [true] base -1 range [-9, 9]
  %q = bitplane.matmul %x, %w thresholds %t : tensor<1x2xi32> outs(%init : tensor<?x1x2xi32>) channels 64 to 10
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, ternary>
      offsets 3, 0 decreasing [true] base -1 range [-9, 9]
      : tensor<?x2x2xi32>, tensor<10x64xi8> -> tensor<?x1x2xi32>
  return %q : tensor<?x1x2xi32>
}

// CHECK-LABEL: @threshold
func.func @threshold(%acc: tensor<1x4x4x8xi32>, %t: tensor<8x3xi32>, %init: tensor<1x4x4x1x2xi32>) -> tensor<1x4x4x1x2xi32> {
  // CHECK: bitplane.threshold %{{.*}}, %{{.*}} outs(%{{.*}} : tensor<1x4x4x1x2xi32>) code !dorefa.code<2, unipolar>
  %q = bitplane.threshold %acc, %t outs(%init : tensor<1x4x4x1x2xi32>) code !dorefa.code<2, unipolar>
      : tensor<1x4x4x8xi32>, tensor<8x3xi32> -> tensor<1x4x4x1x2xi32>
  return %q : tensor<1x4x4x1x2xi32>
}

// CHECK-LABEL: @threshold_of_floats
func.func @threshold_of_floats(%x: tensor<4x8xf32>, %t: tensor<1x1xf32>, %init: tensor<4x1x2xi32>) -> tensor<4x1x2xi32> {
  // CHECK: code !dorefa.code<2, signed> decreasing [true] base -2
  %q = bitplane.threshold %x, %t outs(%init : tensor<4x1x2xi32>) code !dorefa.code<2, signed> decreasing [true] base -2
      : tensor<4x8xf32>, tensor<1x1xf32> -> tensor<4x1x2xi32>
  return %q : tensor<4x1x2xi32>
}

// CHECK-LABEL: @max_pool
func.func @max_pool(%x: tensor<1x4x4x1x2xi32>, %init: tensor<1x2x2x1x2xi32>) -> tensor<1x2x2x1x2xi32> {
  // CHECK: bitplane.max_pool %{{.*}} outs(%{{.*}}) code !dorefa.code<2, unipolar> kernel [2, 2] strides [2, 2] :
  %y = bitplane.max_pool %x outs(%init : tensor<1x2x2x1x2xi32>) code !dorefa.code<2, unipolar>
      kernel [2, 2] strides [2, 2] : tensor<1x4x4x1x2xi32> -> tensor<1x2x2x1x2xi32>
  return %y : tensor<1x2x2x1x2xi32>
}

// CHECK-LABEL: @levels
func.func @levels(%x: tensor<1x4x4x2x2xi32>, %init: tensor<1x4x4x40xi8>) -> tensor<1x4x4x40xi8> {
  // CHECK: bitplane.unpack %{{.*}} outs(%{{.*}}) levels !dorefa.code<2, signed> :
  %l = bitplane.unpack %x outs(%init : tensor<1x4x4x40xi8>) levels !dorefa.code<2, signed>
      : tensor<1x4x4x2x2xi32> -> tensor<1x4x4x40xi8>
  return %l : tensor<1x4x4x40xi8>
}

// CHECK-LABEL: @dot
func.func @dot(%x: tensor<1x4x4x8xi8>, %w: tensor<1x1x3x3x2x128xi8>, %init: tensor<1x2x2x8xi32>,
               %row: tensor<1x8xi8>, %halves: tensor<1x1x2x64xi8>, %sums: tensor<1x8xi32>) -> (tensor<1x2x2x8xi32>, tensor<1x8xi32>) {
  // CHECK: bitplane.conv_2d {{.*}} kernel dot : tensor<1x4x4x8xi8>, tensor<1x1x3x3x2x128xi8> -> tensor<1x2x2x8xi32>
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x2x2x8xi32>) channels 7 to 8
      codes !dorefa.code<4, unipolar>, !dorefa.code<4, bipolar> kernel dot
      : tensor<1x4x4x8xi8>, tensor<1x1x3x3x2x128xi8> -> tensor<1x2x2x8xi32>
  // CHECK: bitplane.matmul {{.*}} kernel dot : tensor<1x8xi8>, tensor<1x1x2x64xi8> -> tensor<1x8xi32>
  %z = bitplane.matmul %row, %halves outs(%sums : tensor<1x8xi32>) channels 7 to 8
      codes !dorefa.code<4, unipolar>, !dorefa.code<4, bipolar> kernel dot
      : tensor<1x8xi8>, tensor<1x1x2x64xi8> -> tensor<1x8xi32>
  return %y, %z : tensor<1x2x2x8xi32>, tensor<1x8xi32>
}

// CHECK-LABEL: @index
func.func @index(%x: tensor<1x8x8x2x2xi32>, %init: tensor<1x8x8x11xi16>) -> tensor<1x8x8x11xi16> {
  // CHECK: bitplane.index %{{.*}} outs(%{{.*}} : tensor<1x8x8x11xi16>) channels 64 : tensor<1x8x8x2x2xi32> -> tensor<1x8x8x11xi16>
  %i = bitplane.index %x outs(%init : tensor<1x8x8x11xi16>) channels 64
      : tensor<1x8x8x2x2xi32> -> tensor<1x8x8x11xi16>
  return %i : tensor<1x8x8x11xi16>
}

// Two groups of 20 channels, three planes: 2 x 2 x 5 indices.
// CHECK-LABEL: @index_groups
func.func @index_groups(%x: tensor<?x2x3xi32>, %init: tensor<?x20xi8>) -> tensor<?x20xi8> {
  // CHECK: channels 40 groups 2 : tensor<?x2x3xi32> -> tensor<?x20xi8>
  %i = bitplane.index %x outs(%init : tensor<?x20xi8>) channels 40 groups 2 : tensor<?x2x3xi32> -> tensor<?x20xi8>
  return %i : tensor<?x20xi8>
}

// CHECK-LABEL: @conv_2d_lookup
func.func @conv_2d_lookup(%x: tensor<1x8x8x11xi16>, %w: tensor<1x1x3x3x11x64xi8>, %init: tensor<1x6x6x40xi32>) -> tensor<1x6x6x40xi32> {
  // CHECK: codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> kernel lookup : tensor<1x8x8x11xi16>, tensor<1x1x3x3x11x64xi8>
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x6x6x40xi32>) channels 64 to 40
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> kernel lookup
      : tensor<1x8x8x11xi16>, tensor<1x1x3x3x11x64xi8> -> tensor<1x6x6x40xi32>
  return %y : tensor<1x6x6x40xi32>
}
