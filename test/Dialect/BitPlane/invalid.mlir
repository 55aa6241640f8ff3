// RUN: dorefa-opt %s --verify-diagnostics --split-input-file

func.func @pack_words(%q: tensor<4x40xi8>, %init: tensor<4x1x2xi32>) {
  // expected-error @+1 {{packed tensor has shape [4, 1, 2] but must have [4, 2, 2]}}
  %w = bitplane.pack %q outs(%init : tensor<4x1x2xi32>) : tensor<4x40xi8> -> tensor<4x1x2xi32>
  return
}

// -----

func.func @pack_planes(%q: tensor<4x40xi8>, %init: tensor<4x2x9xi32>) {
  // expected-error @+1 {{words must have 1 to 8 planes in their last dimension}}
  %w = bitplane.pack %q outs(%init : tensor<4x2x9xi32>) : tensor<4x40xi8> -> tensor<4x2x9xi32>
  return
}

// -----

func.func @pack_rank(%q: tensor<4x40xi8>, %init: tensor<4x2xi32>) {
  // expected-error @+1 {{words have rank 2 but must have rank 3}}
  %w = bitplane.pack %q outs(%init : tensor<4x2xi32>) : tensor<4x40xi8> -> tensor<4x2xi32>
  return
}

// -----

func.func @unpack_channels(%w: tensor<4x2x2xi32>, %init: tensor<4x?xi8>) {
  // expected-error @+1 {{codes must have a static last dimension}}
  %q = bitplane.unpack %w outs(%init : tensor<4x?xi8>) : tensor<4x2x2xi32> -> tensor<4x?xi8>
  return
}

// -----

func.func @conv_rank(%x: tensor<4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{input has rank 4 but must have rank 5}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> : tensor<4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_dynamic(%x: tensor<1x?x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{input must have static sizes greater than 0 in all dimensions but the first}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> : tensor<1x?x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_words(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x40xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{input has shape [1, 4, 4, 1, 1] but must have [1, 4, 4, 2, 1]}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 40 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> : tensor<1x4x4x1x1xi32>, tensor<8x1x1x40xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_strides(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{'strides' must be 2 integers of at least 1}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> strides [1, 0] : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_border(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{'border' leaves nothing of the input}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> border [2, 0, 2, 0] : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_groups(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{has 3 groups, which must divide its 8 input and 8 output channels}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> groups 3 : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_filter(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{filter has shape [8, 1, 1, 8] but must have [8, 1, 1, 4]}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> groups 2 : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_too_small(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x5x1x8xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{filter is larger than the padded input}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> : tensor<1x4x4x1x1xi32>, tensor<8x5x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_destination(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x3x4x8xi32>) {
  // expected-error @+1 {{destination has shape [1, 3, 4, 8] but must have [1, 4, 4, 8]}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x3x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x3x4x8xi32>
  return
}

// -----

func.func @conv_offset(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{offsets must lie between -65536 and 65536}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> offsets 0, 100000 : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_range(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{'range' must be the smallest and largest accumulator}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> range [8, -8] : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_result_code(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %t: tensor<8x1xi32>, %init: tensor<1x4x4x1x1xi32>) {
  // expected-error @+1 {{needs thresholds and a result code, or neither}}
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<8x1xi32> outs(%init : tensor<1x4x4x1x1xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x1x1xi32>
  return
}

// -----

func.func @conv_affine_unpacked(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %a: tensor<2x32xf32>, %init: tensor<1x4x4x1x3xi32>) {
  // expected-error @+1 {{has an affine form although its filter is not packed}}
  %y = bitplane.conv_2d %x, %w affine %a : tensor<2x32xf32> outs(%init : tensor<1x4x4x1x3xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<3, unipolar> : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x1x3xi32>
  return
}

// -----

func.func @matmul_affine_shape(%x: tensor<4x1x1xi32>, %w: tensor<1x1x1x32xi32>, %a: tensor<3x32xf32>, %init: tensor<4x1x3xi32>) {
  // expected-error @+1 {{affine form has shape [3, 32] but must have [2, 32]}}
  %y = bitplane.matmul %x, %w affine %a : tensor<3x32xf32> outs(%init : tensor<4x1x3xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<3, unipolar> kernel popcount : tensor<4x1x1xi32>, tensor<1x1x1x32xi32> -> tensor<4x1x3xi32>
  return
}

// -----

func.func @matmul_affine_ternary(%x: tensor<4x1x1xi32>, %w: tensor<1x1x1x32xi32>, %a: tensor<2x32xf32>, %init: tensor<4x1x2xi32>) {
  // expected-error @+1 {{has an affine form of ternary codes}}
  %y = bitplane.matmul %x, %w affine %a : tensor<2x32xf32> outs(%init : tensor<4x1x2xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, ternary> kernel popcount : tensor<4x1x1xi32>, tensor<1x1x1x32xi32> -> tensor<4x1x2xi32>
  return
}

// -----

func.func @conv_base(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{has 'decreasing' or 'base' but no thresholds}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> base 1 : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_threshold_rows(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %t: tensor<7x1xi32>, %init: tensor<1x4x4x1x1xi32>) {
  // expected-error @+1 {{thresholds have type 'tensor<7x1xi32>' but must have one row or 8 rows}}
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<7x1xi32> outs(%init : tensor<1x4x4x1x1xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x1x1xi32>
  return
}

// -----

func.func @conv_threshold_directions(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %t: tensor<8x1xi32>, %init: tensor<1x4x4x1x1xi32>) {
  // expected-error @+1 {{'decreasing' has 1 elements but must have one for each of 8 rows of thresholds}}
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<8x1xi32> outs(%init : tensor<1x4x4x1x1xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar> decreasing [true]
      : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x1x1xi32>
  return
}

// -----

func.func @conv_threshold_levels(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %t: tensor<1x3xi32>, %init: tensor<1x4x4x1x1xi32>) {
  // expected-error @+1 {{has levels 0 to 3 but '!dorefa.code<1, unipolar>' holds levels 0 to 1}}
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<1x3xi32> outs(%init : tensor<1x4x4x1x1xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x1x1xi32>
  return
}

// -----

func.func @conv_packed_kernel(%x: tensor<1x4x4x1x1xi32>, %w: tensor<1x1x1x1x1x32xi32>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{has a packed filter but no kernel}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> : tensor<1x4x4x1x1xi32>, tensor<1x1x1x1x1x32xi32> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_packed_filter(%x: tensor<1x4x4x1x1xi32>, %w: tensor<1x2x1x1x1x32xi32>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{packed filter has shape [1, 2, 1, 1, 1, 32] but must have [1, 1, 1, 1, 1, 32]}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount
      : tensor<1x4x4x1x1xi32>, tensor<1x2x1x1x1x32xi32> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_needs_correction(%x: tensor<1x4x4x1x1xi32>, %w: tensor<1x1x1x1x1x32xi32>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{needs a correction: input code 0 is not value 0}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, bipolar>, !dorefa.code<1, bipolar> kernel popcount
      : tensor<1x4x4x1x1xi32>, tensor<1x1x1x1x1x32xi32> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_correction_shape(%x: tensor<1x6x6x1x1xi32>, %w: tensor<1x1x3x3x1x32xi32>, %c: tensor<1x1x32xi32>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{correction has shape [1, 1, 32] but must have [3, 3, 32]}}
  %y = bitplane.conv_2d %x, %w correction %c : tensor<1x1x32xi32> outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, bipolar>, !dorefa.code<1, bipolar> kernel popcount border [1, 1, 1, 1]
      : tensor<1x6x6x1x1xi32>, tensor<1x1x3x3x1x32xi32> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_early_correction(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %c: tensor<1x1x32xi32>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{has a correction although its filter is not packed}}
  %y = bitplane.conv_2d %x, %w correction %c : tensor<1x1x32xi32> outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes !dorefa.code<1, bipolar>, !dorefa.code<1, bipolar> : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @conv_packed_thresholds(%x: tensor<1x4x4x1x1xi32>, %w: tensor<1x1x1x1x1x32xi32>, %t: tensor<8x1xi32>, %init: tensor<1x4x4x1x1xi32>) {
  // expected-error @+1 {{packed thresholds have type 'tensor<8x1xi32>' but must have 32 columns}}
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<8x1xi32> outs(%init : tensor<1x4x4x1x1xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar> kernel popcount
      : tensor<1x4x4x1x1xi32>, tensor<1x1x1x1x1x32xi32> -> tensor<1x4x4x1x1xi32>
  return
}

// -----

func.func @conv_packed_directions(%x: tensor<1x4x4x1x1xi32>, %w: tensor<1x1x1x1x1x32xi32>, %t: tensor<2x32xi32>, %init: tensor<1x4x4x1x1xi32>) {
  // expected-error @+1 {{has 'decreasing' beside packed thresholds, whose first row says it}}
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<2x32xi32> outs(%init : tensor<1x4x4x1x1xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar> kernel popcount decreasing [true]
      : tensor<1x4x4x1x1xi32>, tensor<1x1x1x1x1x32xi32> -> tensor<1x4x4x1x1xi32>
  return
}

// -----

func.func @conv_code(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x4x4x8xi32>) {
  // expected-error @+1 {{type of a code}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
      codes i2, !dorefa.code<1, bipolar> : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x8xi32>
  return
}

// -----

func.func @matmul_weights(%x: tensor<4x2x2xi32>, %w: tensor<10x63xi8>, %init: tensor<4x10xi32>) {
  // expected-error @+1 {{weights has shape [10, 63] but must have [10, 64]}}
  %y = bitplane.matmul %x, %w outs(%init : tensor<4x10xi32>) channels 64 to 10
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> : tensor<4x2x2xi32>, tensor<10x63xi8> -> tensor<4x10xi32>
  return
}

// -----

func.func @matmul_channels(%x: tensor<4x2x2xi32>, %w: tensor<10x64xi8>, %init: tensor<4x10xi32>) {
  // expected-error @+1 {{needs at least one input and one output channel}}
  %y = bitplane.matmul %x, %w outs(%init : tensor<4x10xi32>) channels 64 to 0
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> : tensor<4x2x2xi32>, tensor<10x64xi8> -> tensor<4x10xi32>
  return
}

// -----

func.func @threshold_types(%x: tensor<4x8xf32>, %t: tensor<8x1xi32>, %init: tensor<4x1x1xi32>) {
  // expected-error @+1 {{input and thresholds must have the same element type}}
  %q = bitplane.threshold %x, %t outs(%init : tensor<4x1x1xi32>) code !dorefa.code<1, unipolar>
      : tensor<4x8xf32>, tensor<8x1xi32> -> tensor<4x1x1xi32>
  return
}

// -----

func.func @threshold_destination(%x: tensor<4x8xi32>, %t: tensor<8x1xi32>, %init: tensor<4x1x2xi32>) {
  // expected-error @+1 {{destination has shape [4, 1, 2] but must have [4, 1, 1]}}
  %q = bitplane.threshold %x, %t outs(%init : tensor<4x1x2xi32>) code !dorefa.code<1, unipolar>
      : tensor<4x8xi32>, tensor<8x1xi32> -> tensor<4x1x2xi32>
  return
}

// -----

func.func @max_pool_planes(%x: tensor<1x4x4x1x2xi32>, %init: tensor<1x2x2x1x2xi32>) {
  // expected-error @+1 {{input has 2 planes but '!dorefa.code<3, unipolar>' has 3 bits}}
  %y = bitplane.max_pool %x outs(%init : tensor<1x2x2x1x2xi32>) code !dorefa.code<3, unipolar>
      kernel [2, 2] strides [2, 2] : tensor<1x4x4x1x2xi32> -> tensor<1x2x2x1x2xi32>
  return
}

// -----

func.func @max_pool_window(%x: tensor<1x4x4x1x2xi32>, %init: tensor<1x2x2x1x2xi32>) {
  // expected-error @+1 {{kernel is larger than the padded input}}
  %y = bitplane.max_pool %x outs(%init : tensor<1x2x2x1x2xi32>) code !dorefa.code<2, unipolar>
      kernel [5, 2] strides [2, 2] : tensor<1x4x4x1x2xi32> -> tensor<1x2x2x1x2xi32>
  return
}

// -----

func.func @max_pool_padding(%x: tensor<1x4x4x1x2xi32>, %init: tensor<1x3x2x1x2xi32>) {
  // expected-error @+1 {{has a window that lies in the padding}}
  %y = bitplane.max_pool %x outs(%init : tensor<1x3x2x1x2xi32>) code !dorefa.code<2, unipolar>
      kernel [2, 2] strides [2, 2] pads [2, 0, 0, 0] : tensor<1x4x4x1x2xi32> -> tensor<1x3x2x1x2xi32>
  return
}

// -----

func.func @unpack_levels(%x: tensor<4x2x2xi32>, %init: tensor<4x40xi8>) {
  // expected-error @+1 {{has 2 planes but levels of '!dorefa.code<3, signed>'}}
  %q = bitplane.unpack %x outs(%init : tensor<4x40xi8>) levels !dorefa.code<3, signed> : tensor<4x2x2xi32> -> tensor<4x40xi8>
  return
}

// -----

func.func @dot_input(%x: tensor<1x4x4x7xi8>, %w: tensor<1x1x3x3x2x128xi8>, %init: tensor<1x2x2x8xi32>) {
  // expected-error @+1 {{input has shape [1, 4, 4, 7] but must have [1, 4, 4, 8]}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x2x2x8xi32>) channels 7 to 8
      codes !dorefa.code<4, unipolar>, !dorefa.code<4, bipolar> kernel dot
      : tensor<1x4x4x7xi8>, tensor<1x1x3x3x2x128xi8> -> tensor<1x2x2x8xi32>
  return
}

// -----

func.func @dot_planes(%x: tensor<1x4x4x1x4xi32>, %w: tensor<1x1x3x3x2x128xi8>, %init: tensor<1x2x2x8xi32>) {
  // expected-error @+1 {{input has elements 'i32' but must have i8}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x2x2x8xi32>) channels 7 to 8
      codes !dorefa.code<4, unipolar>, !dorefa.code<4, bipolar> kernel dot
      : tensor<1x4x4x1x4xi32>, tensor<1x1x3x3x2x128xi8> -> tensor<1x2x2x8xi32>
  return
}

// -----

func.func @dot_halves(%x: tensor<1x8xi8>, %w: tensor<1x1x2x64xi8>, %init: tensor<1x8xi32>) {
  // expected-error @+1 {{packed filter has shape [1, 1, 2, 64] but must have [1, 1, 2, 128]}}
  %y = bitplane.matmul %x, %w outs(%init : tensor<1x8xi32>) channels 7 to 8
      codes !dorefa.code<4, unipolar>, !dorefa.code<5, bipolar> kernel dot
      : tensor<1x8xi8>, tensor<1x1x2x64xi8> -> tensor<1x8xi32>
  return
}

// -----

func.func @dot_groups(%x: tensor<1x4x4x8xi8>, %w: tensor<1x1x3x3x1x128xi8>, %init: tensor<1x2x2x8xi32>) {
  // expected-error @+1 {{has a block of 32 output channels or a step of 4 channels that is of several groups, for which kernel 'dot' has no layout}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x2x2x8xi32>) channels 8 to 8
      codes !dorefa.code<4, unipolar>, !dorefa.code<4, bipolar> kernel dot groups 2
      : tensor<1x4x4x8xi8>, tensor<1x1x3x3x1x128xi8> -> tensor<1x2x2x8xi32>
  return
}

// -----

func.func @dot_correction(%x: tensor<1x8xi8>, %w: tensor<1x1x2x128xi8>, %init: tensor<1x8xi32>) {
  // expected-error @+1 {{needs a correction: input code 0 is not value 0}}
  %y = bitplane.matmul %x, %w outs(%init : tensor<1x8xi32>) channels 7 to 8
      codes !dorefa.code<4, signed>, !dorefa.code<5, bipolar> kernel dot
      : tensor<1x8xi8>, tensor<1x1x2x128xi8> -> tensor<1x8xi32>
  return
}

// -----

func.func @index_size(%x: tensor<4x2x2xi32>, %init: tensor<4x10xi16>) {
  // expected-error @+1 {{destination has shape [4, 10] but must have [4, 11]}}
  %i = bitplane.index %x outs(%init : tensor<4x10xi16>) channels 64 : tensor<4x2x2xi32> -> tensor<4x10xi16>
  return
}

// -----

func.func @index_groups(%x: tensor<4x2x2xi32>, %init: tensor<4x10xi16>) {
  // expected-error @+1 {{has 3 groups, which must divide its 64 input and 64 output channels}}
  %i = bitplane.index %x outs(%init : tensor<4x10xi16>) channels 64 groups 3 : tensor<4x2x2xi32> -> tensor<4x10xi16>
  return
}

// -----

func.func @index_planes(%x: tensor<4x2x9xi32>, %init: tensor<4x55xi16>) {
  // expected-error @+1 {{input must have words and 1 to 8 planes in its last two dimensions}}
  %i = bitplane.index %x outs(%init : tensor<4x55xi16>) channels 64 : tensor<4x2x9xi32> -> tensor<4x55xi16>
  return
}

// -----

func.func @lookup_input(%x: tensor<4x10xi16>, %w: tensor<1x1x11x64xi8>, %init: tensor<4x40xi32>) {
  // expected-error @+1 {{input has shape [4, 10] but must have [4, 11]}}
  %y = bitplane.matmul %x, %w outs(%init : tensor<4x40xi32>) channels 64 to 40
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> kernel lookup : tensor<4x10xi16>, tensor<1x1x11x64xi8> -> tensor<4x40xi32>
  return
}

// -----

func.func @lookup_words(%x: tensor<4x2x2xi32>, %w: tensor<1x1x11x64xi8>, %init: tensor<4x40xi32>) {
  // expected-error @+1 {{input has elements 'i32' but must have i16}}
  %y = bitplane.matmul %x, %w outs(%init : tensor<4x40xi32>) channels 64 to 40
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> kernel lookup : tensor<4x2x2xi32>, tensor<1x1x11x64xi8> -> tensor<4x40xi32>
  return
}

// -----

func.func @lookup_lanes(%x: tensor<4x11xi16>, %w: tensor<1x1x11x48xi8>, %init: tensor<4x40xi32>) {
  // expected-error @+1 {{packed weights has 48 lanes but must have 16, 32 or 64}}
  %y = bitplane.matmul %x, %w outs(%init : tensor<4x40xi32>) channels 64 to 40
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> kernel lookup : tensor<4x11xi16>, tensor<1x1x11x48xi8> -> tensor<4x40xi32>
  return
}

// -----

// The top plane of a signed code is negative; tables have no such entries.
func.func @lookup_signed(%x: tensor<4x11xi16>, %w: tensor<1x1x11x64xi8>, %init: tensor<4x40xi32>) {
  // expected-error @+1 {{is beyond what kernel 'lookup' can do}}
  %y = bitplane.matmul %x, %w outs(%init : tensor<4x40xi32>) channels 64 to 40
      codes !dorefa.code<2, signed>, !dorefa.code<1, bipolar> kernel lookup : tensor<4x11xi16>, tensor<1x1x11x64xi8> -> tensor<4x40xi32>
  return
}

// -----

func.func @levels_unpacked(%x: tensor<4x1x1xi32>, %w: tensor<8x8xi8>, %t: tensor<1x1xi32>, %init: tensor<4x8xi8>) {
  // expected-error @+1 {{has a destination of levels although its filter is not packed}}
  %q = bitplane.matmul %x, %w thresholds %t : tensor<1x1xi32> outs(%init : tensor<4x8xi8>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, unipolar> to !dorefa.code<1, unipolar>
      : tensor<4x1x1xi32>, tensor<8x8xi8> -> tensor<4x8xi8>
  return
}

// -----

func.func @levels_beyond_word(%x: tensor<4x1x1xi32>, %w: tensor<1x1x1x32xi32>, %t: tensor<2x32xi32>, %init: tensor<4x36xi8>) {
  // expected-error @+1 {{destination has 36 levels of a pixel but must have 8 to 32}}
  %q = bitplane.matmul %x, %w thresholds %t : tensor<2x32xi32> outs(%init : tensor<4x36xi8>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, unipolar> to !dorefa.code<1, unipolar> kernel popcount
      : tensor<4x1x1xi32>, tensor<1x1x1x32xi32> -> tensor<4x36xi8>
  return
}

// -----

func.func @accumulators_as_bytes(%x: tensor<4x1x1xi32>, %w: tensor<8x8xi8>, %init: tensor<4x8xi8>) {
  // expected-error @+1 {{accumulators need a destination of i32}}
  %q = bitplane.matmul %x, %w outs(%init : tensor<4x8xi8>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, unipolar>
      : tensor<4x1x1xi32>, tensor<8x8xi8> -> tensor<4x8xi8>
  return
}

// -----

func.func @conv_pool_sums(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %init: tensor<1x2x2x8xi32>) {
  // expected-error @+1 {{has a pool but makes no codes; give it thresholds, or pool in an operation of its own}}
  %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x2x2x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> pool [2, 2] : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x2x2x8xi32>
  return
}

// -----

func.func @conv_pool_size(%x: tensor<1x5x3x1x1xi32>, %w: tensor<8x1x1x8xi8>, %t: tensor<8x1xi32>, %init: tensor<1x3x2x1x1xi32>) {
  // expected-error @+1 {{destination has shape [1, 3, 2, 1, 1] but must have [1, 2, 1, 1, 1]}}
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<8x1xi32> outs(%init : tensor<1x3x2x1x1xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar> pool [2, 2]
      : tensor<1x5x3x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x3x2x1x1xi32>
  return
}

// -----

func.func @conv_pool_window(%x: tensor<1x4x1x1x1xi32>, %w: tensor<8x1x1x8xi8>, %t: tensor<8x1xi32>, %init: tensor<1x2x1x1x1xi32>) {
  // expected-error @+1 {{has a pool of 2 rows or columns but convolves only 1}}
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<8x1xi32> outs(%init : tensor<1x2x1x1x1xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar> pool [2, 2]
      : tensor<1x4x1x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x2x1x1x1xi32>
  return
}

// -----

func.func @conv_pool_count(%x: tensor<1x4x4x1x1xi32>, %w: tensor<8x1x1x8xi8>, %t: tensor<8x1xi32>, %init: tensor<1x4x4x1x1xi32>) {
  // expected-error @+1 {{'pool' must be 2 integers of at least 1}}
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<8x1xi32> outs(%init : tensor<1x4x4x1x1xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar> pool [0, 1]
      : tensor<1x4x4x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<1x4x4x1x1xi32>
  return
}
