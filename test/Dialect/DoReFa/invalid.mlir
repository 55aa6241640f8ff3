// RUN: dorefa-opt %s --verify-diagnostics --split-input-file

// expected-error @+1 {{code has 9 bits but must have between 1 and 8}}
func.func private @code_bits(tensor<4x!dorefa.code<9, unipolar>>)

// -----

// expected-error @+1 {{ternary code has 3 bits but must have 2: plus and minus}}
func.func private @code_ternary(tensor<4x!dorefa.code<3, ternary>>)

// -----

func.func @constant_range() {
  // expected-error @+1 {{code 4 is out of range: must be between 0 and 3}}
  %w = dorefa.constant dense<[0, 4]> : tensor<2xi8> -> tensor<2x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @constant_shape() {
  // expected-error @+1 {{payload has shape 2 but must have 3}}
  %w = dorefa.constant dense<[0, 1]> : tensor<2xi8> -> tensor<3x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @constant_payload() {
  // expected-error @+1 {{payload has elements of type 'i16' but must have i8}}
  %w = dorefa.constant dense<[0, 1]> : tensor<2xi16> -> tensor<2x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @constant_blob() {
  // expected-error @+1 {{payload does not hold 4 bytes, one for each code}}
  %w = dorefa.constant dense_resource<short> : tensor<4xi8> -> tensor<4x!dorefa.code<2, unipolar>>
  return
}

{-#
  dialect_resources: {
    builtin: {
      short: "0x010000000102"
    }
  }
#-}

// -----

func.func @quantize_scale(%x: tensor<4xf32>) {
  // expected-error @+1 {{scale is 0.000000e+00 but must be finite and greater than 0}}
  %q = dorefa.quantize %x scale [0.0] zero_point [0.0] half_even : tensor<4xf32> -> tensor<4x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @quantize_scale_negative(%x: tensor<4xf32>) {
  // expected-error @+1 {{scale is -1.000000e+00 but must be finite and greater than 0}}
  %q = dorefa.quantize %x scale [-1.0] zero_point [0.0] half_even : tensor<4xf32> -> tensor<4x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @quantize_scale_nan(%x: tensor<4xf32>) {
  // expected-error @+1 {{scale is nan but must be finite and greater than 0}}
  %q = dorefa.quantize %x scale [0x7FF8000000000000] zero_point [0.0] half_even : tensor<4xf32> -> tensor<4x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @quantize_scale_infinite(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{scale is INF but must be finite and greater than 0}}
  %q = dorefa.quantize %x scale [1.0, 0x7FF0000000000000] zero_point [0.0] half_even : tensor<2x4xf32> -> tensor<2x4x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @quantize_zero_point(%x: tensor<4xf32>) {
  // expected-error @+1 {{zero point is nan but must be finite}}
  %q = dorefa.quantize %x scale [1.0] zero_point [0x7FF8000000000000] half_even : tensor<4xf32> -> tensor<4x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @quantize_axis(%x: tensor<4xf32>) {
  // expected-error @+1 {{axis is 1 but must be between 0 and 1 (exclusive)}}
  %q = dorefa.quantize %x scale [1.0, 2.0] zero_point [0.0] half_even axis 1 : tensor<4xf32> -> tensor<4x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @quantize_count(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{has 3 values of scale but must have 1 or, for axis 1, 8}}
  %q = dorefa.quantize %x scale [1.0, 1.0, 1.0] zero_point [0.0] half_even axis 1 : tensor<4x8xf32> -> tensor<4x8x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @quantize_encoding(%x: tensor<4xf32>) {
  // expected-error @+1 {{result encoding is ternary but must be unipolar or bipolar or signed}}
  %q = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even : tensor<4xf32> -> tensor<4x!dorefa.code<2, ternary>>
  return
}

// -----

func.func @quantize_sign_bits(%x: tensor<4xf32>) {
  // expected-error @+1 {{result has 2 bits but a sign has 1}}
  %q = dorefa.quantize_sign %x : tensor<4xf32> -> tensor<4x!dorefa.code<2, bipolar>>
  return
}

// -----

func.func @quantize_sign_encoding(%x: tensor<4xf32>) {
  // expected-error @+1 {{result encoding is unipolar but must be bipolar}}
  %q = dorefa.quantize_sign %x : tensor<4xf32> -> tensor<4x!dorefa.code<1, unipolar>>
  return
}

// -----

func.func @quantize_activations_encoding(%x: tensor<4xf32>) {
  // expected-error @+1 {{result encoding is bipolar but must be unipolar}}
  %q = dorefa.quantize_activations %x clip : tensor<4xf32> -> tensor<4x!dorefa.code<2, bipolar>>
  return
}

// -----

func.func @quantize_weights_encoding(%w: tensor<8x4xf32>) {
  // expected-error @+1 {{result encoding is signed but must be bipolar}}
  %q, %s = dorefa.quantize_weights %w : tensor<8x4xf32> -> tensor<8x4x!dorefa.code<2, signed>>, tensor<f64>
  return
}

// -----

func.func @quantize_weights_shape(%w: tensor<8x4xf32>) {
  // expected-error @+1 {{result has shape 4x8 but must have 8x4}}
  %q, %s = dorefa.quantize_weights %w : tensor<8x4xf32> -> tensor<4x8x!dorefa.code<2, bipolar>>, tensor<f64>
  return
}

// -----

func.func @quantize_weights_layer_scale(%w: tensor<8x4xf32>) {
  // expected-error @+1 {{scale has shape 8 but must have a scalar}}
  %q, %s = dorefa.quantize_weights %w : tensor<8x4xf32> -> tensor<8x4x!dorefa.code<2, bipolar>>, tensor<8xf64>
  return
}

// -----

func.func @quantize_weights_channel_scale(%w: tensor<8x4xf32>) {
  // expected-error @+1 {{scale has shape 4 but must have 8}}
  %q, %s = dorefa.quantize_weights %w per_channel : tensor<8x4xf32> -> tensor<8x4x!dorefa.code<2, bipolar>>, tensor<4xf64>
  return
}

// -----

func.func @quantize_weights_scalar(%w: tensor<f32>) {
  // expected-error @+1 {{is per channel but its input is a scalar and has no channels}}
  %q, %s = dorefa.quantize_weights %w per_channel : tensor<f32> -> tensor<!dorefa.code<2, bipolar>>, tensor<f64>
  return
}

// -----

func.func @quantize_ternary_encoding(%w: tensor<8x4xf32>) {
  // expected-error @+1 {{result encoding is bipolar but must be ternary}}
  %q, %s = dorefa.quantize_ternary %w : tensor<8x4xf32> -> tensor<8x4x!dorefa.code<2, bipolar>>, tensor<f64>
  return
}

// -----

func.func @quantize_ternary_shape(%w: tensor<8x4xf32>) {
  // expected-error @+1 {{result has shape 8 but must have 8x4}}
  %q, %s = dorefa.quantize_ternary %w : tensor<8x4xf32> -> tensor<8x!dorefa.code<2, ternary>>, tensor<f64>
  return
}

// -----

func.func @quantize_gradients_scalar(%x: tensor<f32>, %m: tensor<1xf32>) {
  // expected-error @+1 {{input is a scalar but must have a batch dimension}}
  %q, %s = dorefa.quantize_gradients %x seed 1 layer 0 step 0 : tensor<f32> -> tensor<!dorefa.code<6, bipolar>>, tensor<1xf32>
  return
}

// -----

func.func @quantize_gradients_encoding(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{result encoding is unipolar but must be bipolar}}
  %q, %m = dorefa.quantize_gradients %x seed 1 layer 0 step 0 : tensor<2x4xf32> -> tensor<2x4x!dorefa.code<6, unipolar>>, tensor<2xf32>
  return
}

// -----

func.func @quantize_gradients_scale(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{scale has shape 3 but must have 2}}
  %q, %m = dorefa.quantize_gradients %x seed 1 layer 0 step 0 : tensor<2x4xf32> -> tensor<2x4x!dorefa.code<6, bipolar>>, tensor<3xf32>
  return
}

// -----

func.func @threshold_rows(%x: tensor<4x8xi32>, %t: tensor<7x3xi32>) {
  // expected-error @+1 {{has 7 rows of thresholds but must have 1 or one for each of 8 channels}}
  %q = dorefa.threshold %x, %t : tensor<4x8xi32>, tensor<7x3xi32> -> tensor<4x8x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @threshold_levels(%x: tensor<4x8xi32>, %t: tensor<8x4xi32>) {
  // expected-error @+1 {{levels 0 to 4 do not fit the code, which holds 0 to 3}}
  %q = dorefa.threshold %x, %t : tensor<4x8xi32>, tensor<8x4xi32> -> tensor<4x8x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @threshold_directions(%x: tensor<4x8xi32>, %t: tensor<8x3xi32>) {
  // expected-error @+1 {{has 1 directions but must have one for each of 8 rows of thresholds}}
  %q = dorefa.threshold %x, %t decreasing [true] : tensor<4x8xi32>, tensor<8x3xi32> -> tensor<4x8x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @threshold_types(%x: tensor<4x8xi32>, %t: tensor<8x3xf32>) {
  // expected-error @+1 {{thresholds have element type 'f32' but must have that of the input, 'i32'}}
  %q = dorefa.threshold %x, %t : tensor<4x8xi32>, tensor<8x3xf32> -> tensor<4x8x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @lookup_rows(%x: tensor<4x8xi32>, %t: tensor<7x3x!dorefa.code<2, unipolar>>) {
  // expected-error @+1 {{has 7 rows of codes but must have 1 or one for each of 8 channels}}
  %q = dorefa.lookup %x, %t : tensor<4x8xi32>, tensor<7x3x!dorefa.code<2, unipolar>> -> tensor<4x8x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @lookup_scalar(%x: tensor<i32>, %t: tensor<1x3x!dorefa.code<2, unipolar>>) {
  // expected-error @+1 {{input is a scalar but must have a channel dimension}}
  %q = dorefa.lookup %x, %t : tensor<i32>, tensor<1x3x!dorefa.code<2, unipolar>> -> tensor<!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @lookup_type(%x: tensor<4x8xi32>, %t: tensor<1x3x!dorefa.code<2, signed>>) {
  // expected-error @+1 {{table has element type '!dorefa.code<2, signed>' but must have that of the result, '!dorefa.code<2, unipolar>'}}
  %q = dorefa.lookup %x, %t : tensor<4x8xi32>, tensor<1x3x!dorefa.code<2, signed>> -> tensor<4x8x!dorefa.code<2, unipolar>>
  return
}

// -----

func.func @lookup_empty(%x: tensor<4x8xi32>, %t: tensor<1x0x!dorefa.code<2, signed>>) {
  // expected-error @+1 {{table has no entry but must have at least one}}
  %q = dorefa.lookup %x, %t : tensor<4x8xi32>, tensor<1x0x!dorefa.code<2, signed>> -> tensor<4x8x!dorefa.code<2, signed>>
  return
}

// -----

func.func @lookup_codes(%x: tensor<4x!dorefa.code<2, signed>>, %t: tensor<1x3x!dorefa.code<2, signed>>) {
  // expected-error @+1 {{table has 3 entries but must have 4, one for each code}}
  %q = dorefa.lookup %x, %t : tensor<4x!dorefa.code<2, signed>>, tensor<1x3x!dorefa.code<2, signed>> -> tensor<4x!dorefa.code<2, signed>>
  return
}

// -----

func.func @lookup_offset(%x: tensor<4x!dorefa.code<1, bipolar>>, %t: tensor<1x2x!dorefa.code<2, signed>>) {
  // expected-error @+1 {{offset is 1 but must be 0 for codes}}
  %q = dorefa.lookup %x, %t offset 1 : tensor<4x!dorefa.code<1, bipolar>>, tensor<1x2x!dorefa.code<2, signed>> -> tensor<4x!dorefa.code<2, signed>>
  return
}

// -----

func.func @weighted_sum_operands(%x: tensor<4xi32>, %w: tensor<1x3xi32>) {
  // expected-error @+1 {{has 3 weights in a row but must have 2, one for each operand}}
  %s = dorefa.weighted_sum %x, %x, %w : tensor<4xi32>, tensor<4xi32>, tensor<1x3xi32> -> tensor<4xi32>
  return
}

// -----

func.func @weighted_sum_rows(%x: tensor<4xi32>, %w: tensor<3x2xi32>) {
  // expected-error @+1 {{has 3 rows of weights but must have 1 or one for each of 4 channels}}
  %s = dorefa.weighted_sum %x, %x, %w : tensor<4xi32>, tensor<4xi32>, tensor<3x2xi32> -> tensor<4xi32>
  return
}

// -----

func.func @storage_cast(%x: tensor<4xi8>) {
  // expected-error @+1 {{but must cast between codes and i8}}
  %q = dorefa.storage_cast %x : tensor<4xi8> to tensor<4xi8>
  return
}

// -----

func.func @conv_2d_mixed(%x: tensor<1x4x4x8xf32>, %w: tensor<8x3x3x8x!dorefa.code<1, bipolar>>) {
  // expected-error @+1 {{but both must be f32 or both codes}}
  %y = dorefa.conv_2d %x, %w : tensor<1x4x4x8xf32>, tensor<8x3x3x8x!dorefa.code<1, bipolar>> -> tensor<1x2x2x8xf32>
  return
}

// -----

func.func @conv_2d_groups(%x: tensor<1x4x4x8xf32>, %w: tensor<8x3x3x8xf32>) {
  // expected-error @+1 {{has 3 groups, 8 input channels, 8 output channels}}
  %y = dorefa.conv_2d %x, %w groups 3 : tensor<1x4x4x8xf32>, tensor<8x3x3x8xf32> -> tensor<1x2x2x8xf32>
  return
}

// -----

func.func @conv_2d_window(%x: tensor<1x4x4x8xf32>, %w: tensor<8x5x3x8xf32>) {
  // expected-error @+1 {{window does not fit along dimension 1: size 4, kernel 5}}
  %y = dorefa.conv_2d %x, %w : tensor<1x4x4x8xf32>, tensor<8x5x3x8xf32> -> tensor<1x2x2x8xf32>
  return
}

// -----

func.func @conv_2d_result(%x: tensor<1x4x4x8xf32>, %w: tensor<8x3x3x8xf32>) {
  // expected-error @+1 {{result has shape 1x4x4x8 but must have 1x2x2x8}}
  %y = dorefa.conv_2d %x, %w : tensor<1x4x4x8xf32>, tensor<8x3x3x8xf32> -> tensor<1x4x4x8xf32>
  return
}

// -----

func.func @conv_2d_result_type(%x: tensor<1x4x4x8xf32>, %w: tensor<8x3x3x8xf32>) {
  // expected-error @+1 {{result has element type 'i32' but must have f32}}
  %y = dorefa.conv_2d %x, %w : tensor<1x4x4x8xf32>, tensor<8x3x3x8xf32> -> tensor<1x2x2x8xi32>
  return
}

// -----

func.func @matmul_bias(%x: tensor<4x8x!dorefa.code<2, unipolar>>, %w: tensor<2x8x!dorefa.code<1, bipolar>>, %b: tensor<2xf32>) {
  // expected-error @+1 {{has a bias but works on codes; add the bias after dorefa.scale}}
  %y = dorefa.matmul %x, %w bias(%b : tensor<2xf32>) : tensor<4x8x!dorefa.code<2, unipolar>>, tensor<2x8x!dorefa.code<1, bipolar>> -> tensor<4x2xi32>
  return
}

// -----

func.func @matmul_sizes(%x: tensor<4x8xf32>, %w: tensor<2x7xf32>) {
  // expected-error @+1 {{input has shape 4x8 but its last size must be that of the weights, 7}}
  %y = dorefa.matmul %x, %w : tensor<4x8xf32>, tensor<2x7xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @batch_norm(%x: tensor<4x8xf32>, %s: tensor<7xf32>) {
  // expected-error @+1 {{statistics has shape 7 but must have 8}}
  %y = dorefa.batch_norm %x, %s, %s, %s, %s epsilon 1.0e-05 : tensor<4x8xf32>, tensor<7xf32>
  return
}

// -----

func.func @binary(%x: tensor<4x8xf32>, %y: tensor<3xf32>) {
  // expected-error @+1 {{operands of shapes 4x8 and 3 do not broadcast}}
  %z = dorefa.binary add %x, %y : tensor<4x8xf32>, tensor<3xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @top_k(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{k is 9 but must be between 1 and 8}}
  %v, %i = dorefa.top_k %x : tensor<4x8xf32> -> tensor<4x9xf32>, tensor<4x9xi64>
  return
}

// -----

func.func @max_pool_pad(%x: tensor<1x4x4x8xf32>) {
  // expected-error @+1 {{pad is 2 but must be smaller than the window, so that each window touches the input}}
  %y = dorefa.max_pool %x kernel [2, 2] pads [2, 0, 0, 0] : tensor<1x4x4x8xf32> -> tensor<1x5x3x8xf32>
  return
}

// -----

func.func @max_pool_dilation(%x: tensor<1x1x4x8xf32>) {
  // expected-error @+1 {{dilation is 2, so that a window has no tap on the 1 elements of dimension 1; each window must touch the input}}
  %y = dorefa.max_pool %x kernel [2, 2] pads [1, 0, 1, 0] dilations [2, 1] : tensor<1x1x4x8xf32> -> tensor<1x1x3x8xf32>
  return
}

// -----

func.func @max_pool_kernel(%x: tensor<1x4x4x8xf32>) {
  // expected-error @+1 {{kernel, strides and dilations must have 2 values each, and pads 4: top, left, bottom, right}}
  %y = dorefa.max_pool %x kernel [2] : tensor<1x4x4x8xf32> -> tensor<1x3x3x8xf32>
  return
}
