// RUN: dorefa-opt %s --convert-dorefa-to-bitplane --split-input-file | FileCheck %s

// CHECK-LABEL: @main
// CHECK-SAME: (%[[X:.*]]: tensor<1x8x8x40xi8> {dorefa.unsigned}) -> tensor<1x8x8x64xi32>
// CHECK-DAG: %[[W:.*]] = arith.constant dense<1> : tensor<64x3x3x40xi8>
// CHECK: %[[P:.*]] = bitplane.pack %[[X]]
// CHECK: bitplane.conv_2d %[[P]], %[[W]] outs(%{{.*}} : tensor<1x8x8x64xi32>) channels 40 to 64
// CHECK-SAME: codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> pads [1, 1, 1, 1]
func.func @main(%x: tensor<1x8x8x40x!dorefa.code<2, unipolar>>) -> tensor<1x8x8x64xi32> {
  %w = dorefa.constant dense<1> : tensor<64x3x3x40xi8> -> tensor<64x3x3x40x!dorefa.code<1, bipolar>>
  %acc = dorefa.conv_2d %x, %w pads [1, 1, 1, 1]
      : tensor<1x8x8x40x!dorefa.code<2, unipolar>>, tensor<64x3x3x40x!dorefa.code<1, bipolar>> -> tensor<1x8x8x64xi32>
  return %acc : tensor<1x8x8x64xi32>
}

// -----

// The same written as the pass leaves it is left alone.

// CHECK-LABEL: @main
// CHECK: bitplane.pack
// CHECK: bitplane.conv_2d
func.func @main(%x: tensor<1x8x8x40xi8> {dorefa.unsigned}) -> tensor<1x8x8x64xi32> {
  %w = arith.constant dense<1> : tensor<64x3x3x40xi8>
  %e0 = tensor.empty() : tensor<1x8x8x2x2xi32>
  %p = bitplane.pack %x outs(%e0 : tensor<1x8x8x2x2xi32>) : tensor<1x8x8x40xi8> -> tensor<1x8x8x2x2xi32>
  %e1 = tensor.empty() : tensor<1x8x8x64xi32>
  %acc = bitplane.conv_2d %p, %w outs(%e1 : tensor<1x8x8x64xi32>) channels 40 to 64
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> pads [1, 1, 1, 1]
      : tensor<1x8x8x2x2xi32>, tensor<64x3x3x40xi8> -> tensor<1x8x8x64xi32>
  return %acc : tensor<1x8x8x64xi32>
}

// -----

// Everything that a layer says about itself arrives; the batch stays dynamic and no
// accumulator is kept alive by a question for its size.

// CHECK-LABEL: @attributes
// CHECK-SAME: (%[[X:.*]]: tensor<?x9x9x6xi8>
// CHECK: %[[N:.*]] = tensor.dim %[[X]]
// CHECK: %[[INIT:.*]] = tensor.empty(%{{.*}}) : tensor<?x4x5x1x2xi32>
// CHECK: bitplane.conv_2d %{{.*}}, %{{.*}} thresholds %{{.*}} : tensor<4x3xi32> outs(%[[INIT]]
// CHECK-SAME: to !dorefa.code<2, signed> strides [2, 1] pads [0, 1, 0, 0] dilations [2, 5] groups 2
// CHECK-SAME: offsets -1, 2 decreasing [true, false, false, true] base -2 range [-300, 300]
// CHECK-NOT: bitplane.threshold
func.func @attributes(%x: tensor<?x9x9x6x!dorefa.code<3, unipolar>>, %w: tensor<4x2x2x3x!dorefa.code<2, signed>>,
                      %t: tensor<4x3xi32>) -> tensor<?x4x5x4x!dorefa.code<2, signed>> {
  %acc = dorefa.conv_2d %x, %w strides [2, 1] pads [0, 1, 0, 0] dilations [2, 5] groups 2 offsets -1, 2 range [-300, 300]
      : tensor<?x9x9x6x!dorefa.code<3, unipolar>>, tensor<4x2x2x3x!dorefa.code<2, signed>> -> tensor<?x4x5x4xi32>
  %q = dorefa.threshold %acc, %t decreasing [true, false, false, true] base -2
      : tensor<?x4x5x4xi32>, tensor<4x3xi32> -> tensor<?x4x5x4x!dorefa.code<2, signed>>
  return %q : tensor<?x4x5x4x!dorefa.code<2, signed>>
}

// -----

// Accumulators that somebody else reads stay accumulators.

// CHECK-LABEL: @shared_accumulators
// CHECK: %[[ACC:.*]] = bitplane.matmul {{.*}} outs(%{{.*}} : tensor<2x8xi32>)
// CHECK: bitplane.threshold %[[ACC]]
// CHECK: return %{{.*}}, %[[ACC]]
func.func @shared_accumulators(%x: tensor<2x4x!dorefa.code<1, unipolar>>, %w: tensor<8x4x!dorefa.code<1, bipolar>>,
                               %t: tensor<1x1xi32>) -> (tensor<2x8x!dorefa.code<1, unipolar>>, tensor<2x8xi32>) {
  %acc = dorefa.matmul %x, %w : tensor<2x4x!dorefa.code<1, unipolar>>, tensor<8x4x!dorefa.code<1, bipolar>> -> tensor<2x8xi32>
  %q = dorefa.threshold %acc, %t : tensor<2x8xi32>, tensor<1x1xi32> -> tensor<2x8x!dorefa.code<1, unipolar>>
  return %q, %acc : tensor<2x8x!dorefa.code<1, unipolar>>, tensor<2x8xi32>
}

// -----

// Words flow from layer to layer: one pack where codes come in, none between.

// CHECK-LABEL: @network
// CHECK: %[[Q:.*]] = dorefa.quantize %{{.*}} : tensor<1x4x4x3xf32> -> tensor<1x4x4x3x!dorefa.code<2, unipolar>>
// CHECK: %[[BYTES:.*]] = dorefa.storage_cast %[[Q]]
// CHECK: %[[P:.*]] = bitplane.pack %[[BYTES]]
// CHECK: %[[C:.*]] = bitplane.conv_2d %[[P]], {{.*}} thresholds
// CHECK: %[[M:.*]] = bitplane.max_pool %[[C]] {{.*}} kernel [2, 2] strides [2, 2] pads [0, 0, 1, 1] dilations [3, 3]
// CHECK: %[[F:.*]] = tensor.collapse_shape %[[M]] {{\[}}[0], [1, 2, 3], [4]]
// CHECK: %[[Y:.*]] = bitplane.matmul %[[F]], {{.*}} thresholds
// CHECK: %[[U:.*]] = bitplane.unpack %[[Y]]
// CHECK: %[[R:.*]] = dorefa.storage_cast %[[U]]
// CHECK: dorefa.dequantize %[[R]]
func.func @network(%x: tensor<1x4x4x3xf32>, %t: tensor<1x3xi32>, %w1: tensor<32x1x1x3x!dorefa.code<1, bipolar>>,
                   %w2: tensor<10x32x!dorefa.code<1, bipolar>>) -> tensor<1x10xf32> {
  %q = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even : tensor<1x4x4x3xf32> -> tensor<1x4x4x3x!dorefa.code<2, unipolar>>
  %a = dorefa.conv_2d %q, %w1
      : tensor<1x4x4x3x!dorefa.code<2, unipolar>>, tensor<32x1x1x3x!dorefa.code<1, bipolar>> -> tensor<1x4x4x32xi32>
  %b = dorefa.threshold %a, %t : tensor<1x4x4x32xi32>, tensor<1x3xi32> -> tensor<1x4x4x32x!dorefa.code<2, unipolar>>
  %c = dorefa.max_pool %b kernel [2, 2] strides [2, 2] pads [0, 0, 1, 1] dilations [3, 3]
      : tensor<1x4x4x32x!dorefa.code<2, unipolar>> -> tensor<1x1x1x32x!dorefa.code<2, unipolar>>
  %d = tensor.collapse_shape %c [[0], [1, 2, 3]]
      : tensor<1x1x1x32x!dorefa.code<2, unipolar>> into tensor<1x32x!dorefa.code<2, unipolar>>
  %e = dorefa.matmul %d, %w2 : tensor<1x32x!dorefa.code<2, unipolar>>, tensor<10x32x!dorefa.code<1, bipolar>> -> tensor<1x10xi32>
  %f = dorefa.threshold %e, %t : tensor<1x10xi32>, tensor<1x3xi32> -> tensor<1x10x!dorefa.code<2, unipolar>>
  %s = arith.constant dense<0.5> : tensor<f64>
  %y = dorefa.dequantize %f, %s : tensor<1x10x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x10xf32>
  return %y : tensor<1x10xf32>
}

// -----

// Floats compare with thresholds right into words.

// CHECK-LABEL: @float_thresholds
// CHECK: bitplane.threshold %{{.*}}, %{{.*}} code !dorefa.code<1, bipolar> : tensor<1x4xf32>, tensor<4x1xf32> -> tensor<1x1x1xi32>
func.func @float_thresholds(%x: tensor<1x4xf32>, %t: tensor<4x1xf32>) -> tensor<1x4x!dorefa.code<1, bipolar>> {
  %q = dorefa.threshold %x, %t : tensor<1x4xf32>, tensor<4x1xf32> -> tensor<1x4x!dorefa.code<1, bipolar>>
  return %q : tensor<1x4x!dorefa.code<1, bipolar>>
}

// -----

// Floats with the same thresholds on every channel are flattened first.

// CHECK-LABEL: @flattened_floats
// CHECK-SAME: (%[[X:.*]]: tensor<1x1x28x28xf32>
// CHECK: %[[F:.*]] = tensor.collapse_shape %[[X]] {{\[}}[0, 1], [2, 3]] : tensor<1x1x28x28xf32> into tensor<1x784xf32>
// CHECK-NOT: pack
// CHECK: %[[Q:.*]] = bitplane.threshold %[[F]], %{{.*}} code !dorefa.code<2, signed> decreasing [true] base -1
// CHECK: bitplane.matmul %[[Q]]
func.func @flattened_floats(%x: tensor<1x1x28x28xf32>, %t: tensor<1x2xf32>, %w: tensor<8x784x!dorefa.code<1, bipolar>>) -> tensor<1x8xi32> {
  %q = dorefa.threshold %x, %t decreasing [true] base -1 : tensor<1x1x28x28xf32>, tensor<1x2xf32> -> tensor<1x1x28x28x!dorefa.code<2, signed>>
  %f = tensor.collapse_shape %q [[0, 1], [2, 3]]
      : tensor<1x1x28x28x!dorefa.code<2, signed>> into tensor<1x784x!dorefa.code<2, signed>>
  %y = dorefa.matmul %f, %w : tensor<1x784x!dorefa.code<2, signed>>, tensor<8x784x!dorefa.code<1, bipolar>> -> tensor<1x8xi32>
  return %y : tensor<1x8xi32>
}

// -----

// Channels that do not fill whole words: the product becomes a convolution with the
// whole map as its window.

// CHECK-LABEL: @flattened_odd_channels
// CHECK: %[[W:.*]] = arith.constant dense<1> : tensor<10x2x2x40xi8>
// CHECK: %[[M:.*]] = bitplane.max_pool
// CHECK: %[[Y:.*]] = bitplane.conv_2d %[[M]], %[[W]] thresholds {{.*}} channels 40 to 10
// CHECK-SAME: range [-160, 160] : tensor<?x2x2x2x1xi32>, tensor<10x2x2x40xi8> -> tensor<?x1x1x1x1xi32>
// CHECK: tensor.collapse_shape %[[Y]] {{\[}}[0, 1, 2], [3], [4]]
func.func @flattened_odd_channels(%x: tensor<?x4x4x40x!dorefa.code<1, unipolar>>, %t: tensor<1x1xi32>) -> tensor<?x10x!dorefa.code<1, unipolar>> {
  %w = dorefa.constant dense<1> : tensor<10x160xi8> -> tensor<10x160x!dorefa.code<1, bipolar>>
  %p = dorefa.max_pool %x kernel [2, 2] strides [2, 2]
      : tensor<?x4x4x40x!dorefa.code<1, unipolar>> -> tensor<?x2x2x40x!dorefa.code<1, unipolar>>
  %f = tensor.collapse_shape %p [[0], [1, 2, 3]]
      : tensor<?x2x2x40x!dorefa.code<1, unipolar>> into tensor<?x160x!dorefa.code<1, unipolar>>
  %acc = dorefa.matmul %f, %w range [-160, 160]
      : tensor<?x160x!dorefa.code<1, unipolar>>, tensor<10x160x!dorefa.code<1, bipolar>> -> tensor<?x10xi32>
  %q = dorefa.threshold %acc, %t : tensor<?x10xi32>, tensor<1x1xi32> -> tensor<?x10x!dorefa.code<1, unipolar>>
  return %q : tensor<?x10x!dorefa.code<1, unipolar>>
}

// -----

// Inputs of other ranks are matrices in between, and thresholds still join.

// CHECK-LABEL: @rank_three
// CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2]] : tensor<?x3x9xi8> into tensor<?x9xi8>
// CHECK: bitplane.matmul {{.*}} thresholds {{.*}} -> tensor<?x1x1xi32>
// CHECK: tensor.expand_shape %{{.*}} {{\[}}[0, 1], [2], [3]] {{.*}} : tensor<?x1x1xi32> into tensor<?x3x1x1xi32>
func.func @rank_three(%x: tensor<?x3x9x!dorefa.code<1, unipolar>>, %w: tensor<4x9x!dorefa.code<1, bipolar>>,
                      %t: tensor<4x1xi32>) -> tensor<?x3x4x!dorefa.code<1, unipolar>> {
  %acc = dorefa.matmul %x, %w : tensor<?x3x9x!dorefa.code<1, unipolar>>, tensor<4x9x!dorefa.code<1, bipolar>> -> tensor<?x3x4xi32>
  %q = dorefa.threshold %acc, %t : tensor<?x3x4xi32>, tensor<4x1xi32> -> tensor<?x3x4x!dorefa.code<1, unipolar>>
  return %q : tensor<?x3x4x!dorefa.code<1, unipolar>>
}

// -----

// CHECK-LABEL: @rank_one
// CHECK: tensor.expand_shape %{{.*}} {{\[}}[0, 1]] output_shape [1, 9] : tensor<9xi8> into tensor<1x9xi8>
// CHECK: bitplane.matmul
// CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0, 1]] : tensor<1x4xi32> into tensor<4xi32>
func.func @rank_one(%x: tensor<9x!dorefa.code<1, unipolar>>, %w: tensor<4x9x!dorefa.code<1, bipolar>>) -> tensor<4xi32> {
  %acc = dorefa.matmul %x, %w : tensor<9x!dorefa.code<1, unipolar>>, tensor<4x9x!dorefa.code<1, bipolar>> -> tensor<4xi32>
  return %acc : tensor<4xi32>
}

// -----

// Operations that move codes move bytes.

// CHECK-LABEL: @moved
// CHECK-SAME: (%{{.*}}: tensor<2x6xi8> {dorefa.unsigned}) -> (tensor<3x8xi8> {dorefa.unsigned})
// CHECK-NOT: dorefa.code
// CHECK: tensor.extract_slice
// CHECK: tensor.expand_shape
// CHECK: linalg.transpose ins(%{{.*}} : tensor<2x3xi8>)
// CHECK: tensor.concat
func.func @moved(%x: tensor<2x6x!dorefa.code<2, unipolar>>) -> tensor<3x8x!dorefa.code<2, unipolar>> {
  %s = tensor.extract_slice %x[1, 0] [1, 6] [1, 1] : tensor<2x6x!dorefa.code<2, unipolar>> to tensor<6x!dorefa.code<2, unipolar>>
  %e = tensor.expand_shape %s [[0, 1]] output_shape [2, 3] : tensor<6x!dorefa.code<2, unipolar>> into tensor<2x3x!dorefa.code<2, unipolar>>
  %init = tensor.empty() : tensor<3x2x!dorefa.code<2, unipolar>>
  %t = linalg.transpose ins(%e : tensor<2x3x!dorefa.code<2, unipolar>>) outs(%init : tensor<3x2x!dorefa.code<2, unipolar>>) permutation = [1, 0]
  %c = dorefa.constant dense<3> : tensor<3x6xi8> -> tensor<3x6x!dorefa.code<2, unipolar>>
  %y = tensor.concat dim(1) %t, %c : (tensor<3x2x!dorefa.code<2, unipolar>>, tensor<3x6x!dorefa.code<2, unipolar>>) -> tensor<3x8x!dorefa.code<2, unipolar>>
  return %y : tensor<3x8x!dorefa.code<2, unipolar>>
}
