// RUN: dorefa-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @pack_of_unpack
// CHECK-SAME: (%[[WORDS:.*]]: tensor<?x2x2xi32>)
func.func @pack_of_unpack(%words: tensor<?x2x2xi32>) -> tensor<?x2x2xi32> {
  // CHECK-NOT: pack
  // CHECK: return %[[WORDS]]
  %c0 = arith.constant 0 : index
  %n = tensor.dim %words, %c0 : tensor<?x2x2xi32>
  %bytes = tensor.empty(%n) : tensor<?x40xi8>
  %q = bitplane.unpack %words outs(%bytes : tensor<?x40xi8>) : tensor<?x2x2xi32> -> tensor<?x40xi8>
  %init = tensor.empty(%n) : tensor<?x2x2xi32>
  %w = bitplane.pack %q outs(%init : tensor<?x2x2xi32>) : tensor<?x40xi8> -> tensor<?x2x2xi32>
  return %w : tensor<?x2x2xi32>
}

// Codes of two bits repacked as three planes are not the same words.

// CHECK-LABEL: @other_planes
func.func @other_planes(%words: tensor<4x2x2xi32>) -> tensor<4x2x3xi32> {
  // CHECK: bitplane.unpack
  // CHECK: bitplane.pack
  %bytes = tensor.empty() : tensor<4x40xi8>
  %q = bitplane.unpack %words outs(%bytes : tensor<4x40xi8>) : tensor<4x2x2xi32> -> tensor<4x40xi8>
  %init = tensor.empty() : tensor<4x2x3xi32>
  %w = bitplane.pack %q outs(%init : tensor<4x2x3xi32>) : tensor<4x40xi8> -> tensor<4x2x3xi32>
  return %w : tensor<4x2x3xi32>
}

// CHECK-LABEL: @flatten_whole_words
// CHECK-SAME: (%[[WORDS:.*]]: tensor<?x3x2x2x1xi32>)
func.func @flatten_whole_words(%words: tensor<?x3x2x2x1xi32>) -> tensor<?x12x1xi32> {
  // CHECK-NOT: pack
  // CHECK: tensor.collapse_shape %[[WORDS]] {{\[}}[0], [1, 2, 3], [4]] : tensor<?x3x2x2x1xi32> into tensor<?x12x1xi32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %words, %c0 : tensor<?x3x2x2x1xi32>
  %bytes = tensor.empty(%n) : tensor<?x3x2x64xi8>
  %q = bitplane.unpack %words outs(%bytes : tensor<?x3x2x64xi8>) : tensor<?x3x2x2x1xi32> -> tensor<?x3x2x64xi8>
  %f = tensor.collapse_shape %q [[0], [1, 2, 3]] : tensor<?x3x2x64xi8> into tensor<?x384xi8>
  %init = tensor.empty(%n) : tensor<?x12x1xi32>
  %w = bitplane.pack %f outs(%init : tensor<?x12x1xi32>) : tensor<?x384xi8> -> tensor<?x12x1xi32>
  return %w : tensor<?x12x1xi32>
}

// 40 channels do not fill two words: the bits behind them would have to move.

// CHECK-LABEL: @flatten_cut_words
func.func @flatten_cut_words(%words: tensor<1x3x2x2x1xi32>) -> tensor<1x8x1xi32> {
  // CHECK: bitplane.unpack
  // CHECK: bitplane.pack
  %bytes = tensor.empty() : tensor<1x3x2x40xi8>
  %q = bitplane.unpack %words outs(%bytes : tensor<1x3x2x40xi8>) : tensor<1x3x2x2x1xi32> -> tensor<1x3x2x40xi8>
  %f = tensor.collapse_shape %q [[0], [1, 2, 3]] : tensor<1x3x2x40xi8> into tensor<1x240xi8>
  %init = tensor.empty() : tensor<1x8x1xi32>
  %w = bitplane.pack %f outs(%init : tensor<1x8x1xi32>) : tensor<1x240xi8> -> tensor<1x8x1xi32>
  return %w : tensor<1x8x1xi32>
}

// CHECK-LABEL: @flatten_one_pixel
// CHECK-SAME: (%[[WORDS:.*]]: tensor<4x1x1x2x2xi32>)
func.func @flatten_one_pixel(%words: tensor<4x1x1x2x2xi32>) -> tensor<4x2x2xi32> {
  // CHECK-NOT: pack
  // CHECK: tensor.collapse_shape %[[WORDS]] {{\[}}[0], [1, 2, 3], [4]]
  %bytes = tensor.empty() : tensor<4x1x1x40xi8>
  %q = bitplane.unpack %words outs(%bytes : tensor<4x1x1x40xi8>) : tensor<4x1x1x2x2xi32> -> tensor<4x1x1x40xi8>
  %f = tensor.collapse_shape %q [[0], [1, 2, 3]] : tensor<4x1x1x40xi8> into tensor<4x40xi8>
  %init = tensor.empty() : tensor<4x2x2xi32>
  %w = bitplane.pack %f outs(%init : tensor<4x2x2xi32>) : tensor<4x40xi8> -> tensor<4x2x2xi32>
  return %w : tensor<4x2x2xi32>
}

// CHECK-LABEL: @expand_whole_words
// CHECK-SAME: (%[[WORDS:.*]]: tensor<?x4x2xi32>)
func.func @expand_whole_words(%words: tensor<?x4x2xi32>) -> tensor<?x2x1x2x2xi32> {
  // CHECK: %[[N:.*]] = tensor.dim %[[WORDS]]
  // CHECK-NOT: pack
  // CHECK: tensor.expand_shape %[[WORDS]] {{\[}}[0], [1, 2, 3], [4]] output_shape [%[[N]], 2, 1, 2, 2]
  %c0 = arith.constant 0 : index
  %n = tensor.dim %words, %c0 : tensor<?x4x2xi32>
  %bytes = tensor.empty(%n) : tensor<?x128xi8>
  %q = bitplane.unpack %words outs(%bytes : tensor<?x128xi8>) : tensor<?x4x2xi32> -> tensor<?x128xi8>
  %e = tensor.expand_shape %q [[0], [1, 2, 3]] output_shape [%n, 2, 1, 64] : tensor<?x128xi8> into tensor<?x2x1x64xi8>
  %init = tensor.empty(%n) : tensor<?x2x1x2x2xi32>
  %w = bitplane.pack %e outs(%init : tensor<?x2x1x2x2xi32>) : tensor<?x2x1x64xi8> -> tensor<?x2x1x2x2xi32>
  return %w : tensor<?x2x1x2x2xi32>
}

// Levels are not codes.

// CHECK-LABEL: @pack_of_levels
func.func @pack_of_levels(%words: tensor<4x1x2xi32>) -> tensor<4x1x2xi32> {
  // CHECK: bitplane.pack
  %bytes = tensor.empty() : tensor<4x8xi8>
  %l = bitplane.unpack %words outs(%bytes : tensor<4x8xi8>) levels !dorefa.code<2, ternary> : tensor<4x1x2xi32> -> tensor<4x8xi8>
  %init = tensor.empty() : tensor<4x1x2xi32>
  %w = bitplane.pack %l outs(%init : tensor<4x1x2xi32>) : tensor<4x8xi8> -> tensor<4x1x2xi32>
  return %w : tensor<4x1x2xi32>
}

// A packed contraction writes levels itself where nobody else needs its words, those beyond
// its channels included.

// CHECK-LABEL: @levels_of_contraction
// CHECK-SAME: (%[[X:.*]]: tensor<4x1x2xi32>, {{.*}}, %[[BYTES:.*]]: tensor<4x12xi8>, %[[WORDS:.*]]: tensor<4x1x2xi32>)
func.func @levels_of_contraction(%x: tensor<4x1x2xi32>, %w: tensor<1x1x1x32xi32>, %t: tensor<4x32xi32>,
                                 %bytes: tensor<4x12xi8>, %words: tensor<4x1x2xi32>) -> (tensor<4x12xi8>, tensor<4x12xi8>, tensor<4x1x2xi32>) {
  // CHECK: %[[A:.*]] = bitplane.matmul {{.*}} outs(%[[BYTES]] : tensor<4x12xi8>) {{.*}} -> tensor<4x12xi8>
  // CHECK: %[[B:.*]] = bitplane.matmul {{.*}} -> tensor<4x1x2xi32>
  // CHECK: %[[C:.*]] = bitplane.unpack %[[B]]
  // CHECK: return %[[A]], %[[C]], %[[B]]
  %a = bitplane.matmul %x, %w thresholds %t : tensor<4x32xi32> outs(%words : tensor<4x1x2xi32>) channels 8 to 10
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, unipolar> to !dorefa.code<2, unipolar> kernel popcount
      : tensor<4x1x2xi32>, tensor<1x1x1x32xi32> -> tensor<4x1x2xi32>
  %l = bitplane.unpack %a outs(%bytes : tensor<4x12xi8>) levels !dorefa.code<2, unipolar> : tensor<4x1x2xi32> -> tensor<4x12xi8>
  %b = bitplane.matmul %x, %w thresholds %t : tensor<4x32xi32> outs(%words : tensor<4x1x2xi32>) channels 8 to 10
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, unipolar> to !dorefa.code<2, unipolar> kernel popcount
      : tensor<4x1x2xi32>, tensor<1x1x1x32xi32> -> tensor<4x1x2xi32>
  %m = bitplane.unpack %b outs(%bytes : tensor<4x12xi8>) levels !dorefa.code<2, unipolar> : tensor<4x1x2xi32> -> tensor<4x12xi8>
  return %l, %m, %b : tensor<4x12xi8>, tensor<4x12xi8>, tensor<4x1x2xi32>
}
