// RUN: dorefa-opt %s --verify-roundtrip | FileCheck %s

// Each operation as its documentation shows it.

// CHECK-LABEL: @constant
// CHECK: dorefa.constant
func.func @constant() {
  %w = dorefa.constant dense<[0, 1, 1, 0]> : tensor<4xi8> -> tensor<4x!dorefa.code<1, bipolar>>
  return
}

// CHECK-LABEL: @quantize
// CHECK: dorefa.quantize
func.func @quantize(%x: tensor<4x8xf32>) {
  %q = dorefa.quantize %x scale [3.333333e-01] zero_point [0.0] half_even
      : tensor<4x8xf32> -> tensor<4x8x!dorefa.code<2, unipolar>>
  return
}

// CHECK-LABEL: @quantize_sign
// CHECK: dorefa.quantize_sign
func.func @quantize_sign(%x: tensor<4xf32>) {
  %q = dorefa.quantize_sign %x : tensor<4xf32> -> tensor<4x!dorefa.code<1, bipolar>>
  return
}

// CHECK-LABEL: @quantize_activations
// CHECK: dorefa.quantize_activations
func.func @quantize_activations(%x: tensor<4xf32>) {
  %q = dorefa.quantize_activations %x clip : tensor<4xf32> -> tensor<4x!dorefa.code<2, unipolar>>
  return
}

// CHECK-LABEL: @quantize_weights
// CHECK: dorefa.quantize_weights
// CHECK: dorefa.quantize_weights {{.*}} per_channel max_gradient false
func.func @quantize_weights(%w: tensor<8x9xf32>) {
  %q, %scale = dorefa.quantize_weights %w
      : tensor<8x9xf32> -> tensor<8x9x!dorefa.code<1, bipolar>>, tensor<f64>
  %r, %scales = dorefa.quantize_weights %w per_channel max_gradient false
      : tensor<8x9xf32> -> tensor<8x9x!dorefa.code<2, bipolar>>, tensor<8xf64>
  return
}

// CHECK-LABEL: @quantize_ternary
// CHECK: dorefa.quantize_ternary
func.func @quantize_ternary(%w: tensor<8x9xf32>) {
  %q, %scale = dorefa.quantize_ternary %w
      : tensor<8x9xf32> -> tensor<8x9x!dorefa.code<2, ternary>>, tensor<f64>
  return
}

// CHECK-LABEL: @quantize_gradients
// CHECK: dorefa.quantize_gradients
func.func @quantize_gradients(%dr: tensor<2x8xf32>) {
  %q, %m = dorefa.quantize_gradients %dr seed 7 layer 3 step 0
      : tensor<2x8xf32> -> tensor<2x8x!dorefa.code<6, bipolar>>, tensor<2xf32>
  return
}

// CHECK-LABEL: @threshold
// CHECK: dorefa.threshold
func.func @threshold(%acc: tensor<4x8xi32>, %t: tensor<8x3xi32>) {
  %q = dorefa.threshold %acc, %t : tensor<4x8xi32>, tensor<8x3xi32>
      -> tensor<4x8x!dorefa.code<2, unipolar>>
  return
}

// CHECK-LABEL: @lookup
// CHECK: dorefa.lookup %{{.*}} offset -2
// CHECK: dorefa.lookup
func.func @lookup(%acc: tensor<4x8xi32>, %codes: tensor<4x!dorefa.code<1, bipolar>>) {
  %t = dorefa.constant dense<[[1, 0, 0, 1, 3]]> : tensor<1x5xi8> -> tensor<1x5x!dorefa.code<2, unipolar>>
  %q = dorefa.lookup %acc, %t offset -2 : tensor<4x8xi32>,
      tensor<1x5x!dorefa.code<2, unipolar>> -> tensor<4x8x!dorefa.code<2, unipolar>>
  %u = dorefa.constant dense<1> : tensor<4x2xi8> -> tensor<4x2x!dorefa.code<1, bipolar>>
  %r = dorefa.lookup %codes, %u : tensor<4x!dorefa.code<1, bipolar>>,
      tensor<4x2x!dorefa.code<1, bipolar>> -> tensor<4x!dorefa.code<1, bipolar>>
  return
}

// CHECK-LABEL: @weighted_sum
// CHECK: dorefa.weighted_sum
func.func @weighted_sum(%acc: tensor<4x8xi32>, %skip: tensor<4x8x!dorefa.code<2, unipolar>>) {
  %w = arith.constant dense<[[3, -7]]> : tensor<1x2xi32>
  %sum = dorefa.weighted_sum %acc, %skip, %w : tensor<4x8xi32>,
      tensor<4x8x!dorefa.code<2, unipolar>>, tensor<1x2xi32> -> tensor<4x8xi32>
  return
}

// CHECK-LABEL: @straight_through
// CHECK: dorefa.straight_through
func.func @straight_through(%quantized: tensor<4xf32>, %x: tensor<4xf32>) {
  %y = dorefa.straight_through %quantized to %x : tensor<4xf32>
  return
}

// CHECK-LABEL: @dequantize
// CHECK: dorefa.dequantize
func.func @dequantize(%q: tensor<4x!dorefa.code<2, unipolar>>, %scale: tensor<f64>) {
  %x = dorefa.dequantize %q, %scale : tensor<4x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<4xf32>
  return
}

// CHECK-LABEL: @scale
// CHECK: dorefa.scale
func.func @scale(%acc: tensor<4x8xi32>, %s: tensor<8xf32>) {
  %x = dorefa.scale %acc, %s : tensor<4x8xi32>, tensor<8xf32> -> tensor<4x8xf32>
  return
}

// CHECK-LABEL: @storage_cast
// CHECK: dorefa.storage_cast
func.func @storage_cast(%q: tensor<4x!dorefa.code<2, unipolar>>) {
  %b = dorefa.storage_cast %q : tensor<4x!dorefa.code<2, unipolar>> to tensor<4xi8>
  return
}

// CHECK-LABEL: @conv_2d
// CHECK: dorefa.conv_2d
func.func @conv_2d(%x: tensor<1x14x14x8x!dorefa.code<2, unipolar>>, %w: tensor<16x3x3x4x!dorefa.code<1, bipolar>>) {
  %acc = dorefa.conv_2d %x, %w pads [1, 1, 1, 1] groups 2
      : tensor<1x14x14x8x!dorefa.code<2, unipolar>>, tensor<16x3x3x4x!dorefa.code<1, bipolar>>
      -> tensor<1x14x14x16xi32>
  return
}

// CHECK-LABEL: @matmul
// CHECK: dorefa.matmul
func.func @matmul(%x: tensor<4x64x!dorefa.code<2, unipolar>>, %w: tensor<10x64x!dorefa.code<1, bipolar>>) {
  %acc = dorefa.matmul %x, %w : tensor<4x64x!dorefa.code<2, unipolar>>,
      tensor<10x64x!dorefa.code<1, bipolar>> -> tensor<4x10xi32>
  return
}

// CHECK-LABEL: @batch_norm
// CHECK: dorefa.batch_norm
func.func @batch_norm(%x: tensor<1x4x4x8xf32>, %mean: tensor<8xf32>, %variance: tensor<8xf32>, %gamma: tensor<8xf32>, %beta: tensor<8xf32>) {
  %y = dorefa.batch_norm %x, %mean, %variance, %gamma, %beta epsilon 1.0e-05
      : tensor<1x4x4x8xf32>, tensor<8xf32>
  return
}

// CHECK-LABEL: @unary
// CHECK: dorefa.unary
func.func @unary(%x: tensor<4xf32>) {
  %y = dorefa.unary relu %x : tensor<4xf32>
  return
}

// CHECK-LABEL: @binary
// CHECK: dorefa.binary
func.func @binary(%x: tensor<4x8xf32>, %s: tensor<8xf32>) {
  %y = dorefa.binary mul %x, %s : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x8xf32>
  return
}

// CHECK-LABEL: @softmax
// CHECK: dorefa.softmax
func.func @softmax(%x: tensor<4x10xf32>) {
  %y = dorefa.softmax %x : tensor<4x10xf32>
  return
}

// CHECK-LABEL: @top_k
// CHECK: dorefa.top_k
func.func @top_k(%x: tensor<4x10xf32>) {
  %values, %indices = dorefa.top_k %x : tensor<4x10xf32> -> tensor<4x1xf32>, tensor<4x1xi64>
  return
}

// CHECK-LABEL: @max_pool
// CHECK: dorefa.max_pool
func.func @max_pool(%x: tensor<1x54x54x8xf32>) {
  %y = dorefa.max_pool %x kernel [3, 3] strides [2, 2] pads [0, 0, 1, 1]
      : tensor<1x54x54x8xf32> -> tensor<1x27x27x8xf32>
  return
}

// CHECK-LABEL: @avg_pool
// CHECK: dorefa.avg_pool
func.func @avg_pool(%x: tensor<1x7x7x8xf32>) {
  %y = dorefa.avg_pool %x kernel [7, 7] : tensor<1x7x7x8xf32> -> tensor<1x1x1x8xf32>
  return
}
