// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --bitplane-materialize-padding --canonicalize --cse > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | diff %t/result.mlir -
// RUN: dorefa-opt %t/rest.mlir --bitplane-materialize-padding --split-input-file | FileCheck %s

// The documented example.

//--- before.mlir
func.func @main(%x: tensor<1x5x5x1x1xi32>, %w: tensor<8x3x3x8xi8>) -> tensor<1x4x4x8xi32> {
  %init = tensor.empty() : tensor<1x4x4x8xi32>
  %acc = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> pads [1, 1, 0, 0]
      : tensor<1x5x5x1x1xi32>, tensor<8x3x3x8xi8> -> tensor<1x4x4x8xi32>
  return %acc : tensor<1x4x4x8xi32>
}

//--- after.mlir
func.func @main(%x: tensor<1x5x5x1x1xi32>, %w: tensor<8x3x3x8xi8>) -> tensor<1x4x4x8xi32> {
  %zero = arith.constant 0 : i32
  %init = tensor.empty() : tensor<1x4x4x8xi32>
  %empty = tensor.empty() : tensor<1x6x6x1x1xi32>
  %inside = tensor.insert_slice %x into %empty[0, 1, 1, 0, 0] [1, 5, 5, 1, 1] [1, 1, 1, 1, 1]
      : tensor<1x5x5x1x1xi32> into tensor<1x6x6x1x1xi32>
  %rows = tensor.extract_slice %inside[0, 0, 0, 0, 0] [1, 1, 6, 1, 1] [1, 1, 1, 1, 1]
      : tensor<1x6x6x1x1xi32> to tensor<1x1x6x1x1xi32>
  %top = linalg.fill ins(%zero : i32) outs(%rows : tensor<1x1x6x1x1xi32>)
      -> tensor<1x1x6x1x1xi32>
  %second = tensor.insert_slice %top into %inside[0, 0, 0, 0, 0] [1, 1, 6, 1, 1] [1, 1, 1, 1, 1]
      : tensor<1x1x6x1x1xi32> into tensor<1x6x6x1x1xi32>
  %columns = tensor.extract_slice %second[0, 1, 0, 0, 0] [1, 5, 1, 1, 1] [1, 1, 1, 1, 1]
      : tensor<1x6x6x1x1xi32> to tensor<1x5x1x1x1xi32>
  %left = linalg.fill ins(%zero : i32) outs(%columns : tensor<1x5x1x1x1xi32>)
      -> tensor<1x5x1x1x1xi32>
  %padded = tensor.insert_slice %left into %second[0, 1, 0, 0, 0] [1, 5, 1, 1, 1] [1, 1, 1, 1, 1]
      : tensor<1x5x1x1x1xi32> into tensor<1x6x6x1x1xi32>
  %acc = bitplane.conv_2d %padded, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> border [1, 1, 0, 0]
      : tensor<1x6x6x1x1xi32>, tensor<8x3x3x8xi8> -> tensor<1x4x4x8xi32>
  return %acc : tensor<1x4x4x8xi32>
}

//--- rest.mlir

// CHECK-LABEL: @main
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x4x1x1xi32>
// The input where its producer may write it, and four strips of zeros.
// CHECK: %[[E:.*]] = tensor.empty() : tensor<1x6x6x1x1xi32>
// CHECK: tensor.insert_slice %[[X]] into %[[E]][0, 1, 1, 0, 0] [1, 4, 4, 1, 1]
// CHECK-COUNT-4: linalg.fill
// CHECK: %[[P:.*]] = tensor.insert_slice
// CHECK: bitplane.conv_2d %[[P]], {{.*}} !dorefa.code<1, bipolar> border [1, 1, 1, 1] : tensor<1x6x6x1x1xi32>
func.func @main(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x3x3x8xi8>) -> tensor<1x4x4x8xi32> {
  %init = tensor.empty() : tensor<1x4x4x8xi32>
  %acc = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> pads [1, 1, 1, 1]
      : tensor<1x4x4x1x1xi32>, tensor<8x3x3x8xi8> -> tensor<1x4x4x8xi32>
  return %acc : tensor<1x4x4x8xi32>
}

// -----

// What is padded already is left alone.

// CHECK-LABEL: @main
// CHECK: tensor.pad
// CHECK-NOT: tensor.insert_slice
func.func @main(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x3x3x8xi8>) -> tensor<1x4x4x8xi32> {
  %zero = arith.constant 0 : i32
  %padded = tensor.pad %x low[0, 1, 1, 0, 0] high[0, 1, 1, 0, 0] {
  ^bb0(%n: index, %h: index, %w_: index, %c: index, %a: index):
    tensor.yield %zero : i32
  } : tensor<1x4x4x1x1xi32> to tensor<1x6x6x1x1xi32>
  %init = tensor.empty() : tensor<1x4x4x8xi32>
  %acc = bitplane.conv_2d %padded, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> border [1, 1, 1, 1]
      : tensor<1x6x6x1x1xi32>, tensor<8x3x3x8xi8> -> tensor<1x4x4x8xi32>
  return %acc : tensor<1x4x4x8xi32>
}

// -----

// Asymmetric pads on a dynamic batch add up with a border that is there; pools keep
// their pads.

// CHECK-LABEL: @asymmetric
// CHECK: tensor.empty(%{{.*}}) : tensor<?x7x7x1x2xi32>
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 2, 0, 0, 0] [%{{.*}}, 5, 4, 1, 2]
// CHECK-COUNT-2: linalg.fill
// CHECK: %[[P:.*]] = tensor.insert_slice
// CHECK: bitplane.conv_2d %[[P]], {{.*}} border [3, 0, 0, 3]
// CHECK: bitplane.max_pool {{.*}} pads [0, 0, 1, 1]
func.func @asymmetric(%x: tensor<?x5x4x1x2xi32>, %w: tensor<8x2x2x8xi8>, %t: tensor<1x3xi32>, %i: tensor<?x6x6x1x2xi32>,
                      %j: tensor<?x3x3x1x2xi32>) -> tensor<?x3x3x1x2xi32> {
  %q = bitplane.conv_2d %x, %w thresholds %t : tensor<1x3xi32> outs(%i : tensor<?x6x6x1x2xi32>) channels 8 to 8
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar> pads [2, 0, 0, 3] border [1, 0, 0, 0]
      : tensor<?x5x4x1x2xi32>, tensor<8x2x2x8xi8> -> tensor<?x6x6x1x2xi32>
  %y = bitplane.max_pool %q outs(%j : tensor<?x3x3x1x2xi32>) code !dorefa.code<2, unipolar> kernel [3, 3] strides [2, 2]
      pads [0, 0, 1, 1] : tensor<?x6x6x1x2xi32> -> tensor<?x3x3x1x2xi32>
  return %y : tensor<?x3x3x1x2xi32>
}
