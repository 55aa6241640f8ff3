// RUN: split-file %s %t
// RUN: dorefa-interpret %t/words.mlir --print | FileCheck %t/words.mlir
// RUN: dorefa-interpret %t/codes.mlir --print | FileCheck %t/codes.mlir
// RUN: dorefa-interpret %t/packed.mlir --print | FileCheck %t/packed.mlir
// RUN: dorefa-interpret %t/pool.mlir --print | FileCheck %t/pool.mlir

//--- words.mlir
// Channel c is bit c of a word, the planes lie side by side: 1 + 4 + 8 and 2 + 8.
// CHECK: packed: {{\[}}[{{\[}}13, 10]]]
// Channel 32 is bit 0 of the second word.
// CHECK: wide: {{\[}}{{\[}}[0], [1]]]
// CHECK: unpacked: {{\[}}[1, 2, 1, 3]]
// Codes 0 to 3 from thresholds 0, 10, 20; the second channel decreases.
// CHECK: levels: {{\[}}{{\[}}[1, 2]], {{\[}}[2, 3]], {{\[}}[1, 1]]]
// Unipolar: max(1, 2) = 2, max(3, 0) = 3. Signed: max(1, -2) = 1, max(-1, 0) = 0.
// CHECK: unipolar: {{\[}}{{\[}}{{\[}}{{\[}}[2, 3]]]]]
// CHECK: signed: {{\[}}{{\[}}{{\[}}{{\[}}[1, 0]]]]]
module {
  func.func @main() -> (tensor<1x1x2xi32> {dorefa.name = "packed"}, tensor<1x2x1xi32> {dorefa.name = "wide"}, tensor<1x4xi8> {dorefa.name = "unpacked"},
      tensor<3x1x2xi32> {dorefa.name = "levels"}, tensor<1x1x1x1x2xi32> {dorefa.name = "unipolar"}, tensor<1x1x1x1x2xi32> {dorefa.name = "signed"}) {
    %q = arith.constant dense<[[1, 2, 1, 3]]> : tensor<1x4xi8>
    %init = tensor.empty() : tensor<1x1x2xi32>
    %packed = bitplane.pack %q outs(%init : tensor<1x1x2xi32>) : tensor<1x4xi8> -> tensor<1x1x2xi32>
    %r = arith.constant dense<"0x000000000000000000000000000000000000000000000000000000000000000001"> : tensor<1x33xi8>
    %wide_init = tensor.empty() : tensor<1x2x1xi32>
    %wide = bitplane.pack %r outs(%wide_init : tensor<1x2x1xi32>) : tensor<1x33xi8> -> tensor<1x2x1xi32>
    %bytes = tensor.empty() : tensor<1x4xi8>
    %unpacked = bitplane.unpack %packed outs(%bytes : tensor<1x4xi8>) : tensor<1x1x2xi32> -> tensor<1x4xi8>
    %acc = arith.constant dense<[[5, 10], [10, -1], [25, 21]]> : tensor<3x2xi32>
    %t = arith.constant dense<[[0, 10, 20], [0, 10, 20]]> : tensor<2x3xi32>
    %level_init = tensor.empty() : tensor<3x1x2xi32>
    %levels = bitplane.threshold %acc, %t outs(%level_init : tensor<3x1x2xi32>) code !dorefa.code<2, unipolar> decreasing [false, true]
        : tensor<3x2xi32>, tensor<2x3xi32> -> tensor<3x1x2xi32>
    // Two pixels of two channels: codes (1, 3) and (2, 0).
    %x = arith.constant dense<[[[[[3, 2]], [[0, 1]]]]]> : tensor<1x1x2x1x2xi32>
    %pool = tensor.empty() : tensor<1x1x1x1x2xi32>
    %unipolar = bitplane.max_pool %x outs(%pool : tensor<1x1x1x1x2xi32>) code !dorefa.code<2, unipolar> kernel [1, 2] : tensor<1x1x2x1x2xi32> -> tensor<1x1x1x1x2xi32>
    %signed = bitplane.max_pool %x outs(%pool : tensor<1x1x1x1x2xi32>) code !dorefa.code<2, signed> kernel [1, 2] : tensor<1x1x2x1x2xi32> -> tensor<1x1x1x1x2xi32>
    return %packed, %wide, %unpacked, %levels, %unipolar, %signed : tensor<1x1x2xi32>, tensor<1x2x1xi32>, tensor<1x4xi8>, tensor<3x1x2xi32>,
        tensor<1x1x1x1x2xi32>, tensor<1x1x1x1x2xi32>
  }
}

//--- codes.mlir
// Inputs 0 1 2 3, weights +1 -1 -1 +1 and all +1.
// CHECK: accumulators: {{\[}}[0, 6]]
// Code of each of both channels: [0 >= 0] and [6 <= 5].
// CHECK: thresholded: {{\[}}{{\[}}[1]]]
// The corner windows of a padded 2x2 map: one tap of (v + 1) inside.
// CHECK: padded: {{\[}}{{\[}}{{\[}}[2], [3]], {{\[}}[4], [1]]]]
module {
  func.func @main() -> (tensor<1x2xi32> {dorefa.name = "accumulators"}, tensor<1x1x1xi32> {dorefa.name = "thresholded"}, tensor<1x2x2x1xi32> {dorefa.name = "padded"}) {
    %x = arith.constant dense<[[[10, 12]]]> : tensor<1x1x2xi32>
    %w = arith.constant dense<[[1, 0, 0, 1], [1, 1, 1, 1]]> : tensor<2x4xi8>
    %init = tensor.empty() : tensor<1x2xi32>
    %accumulators = bitplane.matmul %x, %w outs(%init : tensor<1x2xi32>) channels 4 to 2 codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar>
        : tensor<1x1x2xi32>, tensor<2x4xi8> -> tensor<1x2xi32>
    %t = arith.constant dense<[[0], [5]]> : tensor<2x1xi32>
    %words = tensor.empty() : tensor<1x1x1xi32>
    %thresholded = bitplane.matmul %x, %w thresholds %t : tensor<2x1xi32> outs(%words : tensor<1x1x1xi32>) channels 4 to 2
        codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar> decreasing [false, true]
        : tensor<1x1x2xi32>, tensor<2x4xi8> -> tensor<1x1x1xi32>
    %y = arith.constant dense<[[[[[1, 0]], [[0, 1]]], [[[1, 1]], [[0, 0]]]]]> : tensor<1x2x2x1x2xi32>
    %v = arith.constant dense<1> : tensor<1x2x2x1xi8>
    %map = tensor.empty() : tensor<1x2x2x1xi32>
    %padded = bitplane.conv_2d %y, %v outs(%map : tensor<1x2x2x1xi32>) channels 1 to 1 codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar>
        strides [2, 2] pads [1, 1, 1, 1] offsets 1, 0 : tensor<1x2x2x1x2xi32>, tensor<1x2x2x1xi8> -> tensor<1x2x2x1xi32>
    return %accumulators, %thresholded, %padded : tensor<1x2xi32>, tensor<1x1x1xi32>, tensor<1x2x2x1xi32>
  }
}

//--- packed.mlir
// The matmul of codes.mlir with packed weights: two lanes of 32 are used.
// CHECK: accumulators: {{\[}}[0, 6]]
// CHECK: thresholded: {{\[}}{{\[}}[1]]]
module {
  func.func @main() -> (tensor<1x2xi32> {dorefa.name = "accumulators"}, tensor<1x1x1xi32> {dorefa.name = "thresholded"}) {
    %x = arith.constant dense<[[[10, 12]]]> : tensor<1x1x2xi32>
    %lanes = arith.constant dense<[9, 15]> : tensor<2xi32>
    %w2 = tensor.expand_shape %lanes [[0, 1, 2, 3]] output_shape [1, 1, 1, 2] : tensor<2xi32> into tensor<1x1x1x2xi32>
    %zero = arith.constant 0 : i32
    %w = tensor.pad %w2 low[0, 0, 0, 0] high[0, 0, 0, 30] {
    ^bb0(%a: index, %b: index, %c: index, %d: index):
      tensor.yield %zero : i32
    } : tensor<1x1x1x2xi32> to tensor<1x1x1x32xi32>
    %init = tensor.empty() : tensor<1x2xi32>
    %accumulators = bitplane.matmul %x, %w outs(%init : tensor<1x2xi32>) channels 4 to 2 codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> kernel popcount
        : tensor<1x1x2xi32>, tensor<1x1x1x32xi32> -> tensor<1x2xi32>
    // Row 0: the signs; row 1: 0 and, negated, -5.
    %t2 = arith.constant dense<[[0, -1], [0, -5]]> : tensor<2x2xi32>
    %most = arith.constant 2147483647 : i32
    %t = tensor.pad %t2 low[0, 0] high[0, 30] {
    ^bb0(%a: index, %b: index):
      tensor.yield %most : i32
    } : tensor<2x2xi32> to tensor<2x32xi32>
    %words = tensor.empty() : tensor<1x1x1xi32>
    %thresholded = bitplane.matmul %x, %w thresholds %t : tensor<2x32xi32> outs(%words : tensor<1x1x1xi32>) channels 4 to 2
        codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar> kernel popcount
        : tensor<1x1x2xi32>, tensor<1x1x1x32xi32> -> tensor<1x1x1xi32>
    return %accumulators, %thresholded : tensor<1x2xi32>, tensor<1x1x1xi32>
  }
}

//--- pool.mlir
// Inputs 1 2 0 / 0 1 3 / 3 3 3, of which the last column and the last row are in no window.
// Codes of channel 0 rise with the sums, those of channel 1 fall from 3 to 0: 2 and 3.
// CHECK: pooled: {{\[}}{{\[}}{{\[}}{{\[}}[2, 3]]]]]
// Windows of 1 x 3: 2 and 3, 3 and 3, 3 and 0.
// CHECK: rows: {{\[}}{{\[}}{{\[}}{{\[}}[2, 3]]], {{\[}}{{\[}}[3, 3]]], {{\[}}{{\[}}[1, 1]]]]]
module {
  func.func @main() -> (tensor<1x1x1x1x2xi32> {dorefa.name = "pooled"}, tensor<1x3x1x1x2xi32> {dorefa.name = "rows"}) {
    %x = arith.constant dense<[[[[[1, 0]], [[0, 1]], [[0, 0]]], [[[0, 0]], [[1, 0]], [[1, 1]]], [[[1, 1]], [[1, 1]], [[1, 1]]]]]> : tensor<1x3x3x1x2xi32>
    %w = arith.constant dense<1> : tensor<2x1x1x1xi8>
    %t = arith.constant dense<[[1, 2, 3], [0, 1, 2]]> : tensor<2x3xi32>
    %one = tensor.empty() : tensor<1x1x1x1x2xi32>
    %pooled = bitplane.conv_2d %x, %w thresholds %t : tensor<2x3xi32> outs(%one : tensor<1x1x1x1x2xi32>) channels 1 to 2
        codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar> pool [2, 2] decreasing [false, true]
        : tensor<1x3x3x1x2xi32>, tensor<2x1x1x1xi8> -> tensor<1x1x1x1x2xi32>
    %three = tensor.empty() : tensor<1x3x1x1x2xi32>
    %rows = bitplane.conv_2d %x, %w thresholds %t : tensor<2x3xi32> outs(%three : tensor<1x3x1x1x2xi32>) channels 1 to 2
        codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar> pool [1, 3] decreasing [false, true]
        : tensor<1x3x3x1x2xi32>, tensor<2x1x1x1xi8> -> tensor<1x3x1x1x2xi32>
    return %pooled, %rows : tensor<1x1x1x1x2xi32>, tensor<1x3x1x1x2xi32>
  }
}
