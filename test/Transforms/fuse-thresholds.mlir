// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-fuse-thresholds --canonicalize --cse > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | diff %t/result.mlir -
// RUN: dorefa-opt %t/cases.mlir --dorefa-fuse-thresholds --split-input-file | FileCheck %s
// RUN: dorefa-opt %t/cases.mlir --dorefa-fuse-thresholds --split-input-file --remarks-filter=dorefa 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// The documented example.

//--- before.mlir
func.func @main(%acc: tensor<1x2xi32>) -> tensor<1x2x!dorefa.code<2, unipolar>> {
  %s = arith.constant dense<[0.5, -0.25]> : tensor<2xf32>
  %x = dorefa.scale %acc, %s : tensor<1x2xi32>, tensor<2xf32> -> tensor<1x2xf32>
  %q = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even
      : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  return %q : tensor<1x2x!dorefa.code<2, unipolar>>
}

//--- after.mlir
func.func @main(%acc: tensor<1x2xi32>) -> tensor<1x2x!dorefa.code<2, unipolar>> {
  %t = arith.constant dense<[[2, 3, 6], [-3, -6, -11]]> : tensor<2x3xi32>
  %q = dorefa.threshold %acc, %t decreasing [false, true]
          {dorefa.certificate = {evaluations = 18, thresholds = 6, verify = "certificate"}}
      : tensor<1x2xi32>, tensor<2x3xi32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  return %q : tensor<1x2x!dorefa.code<2, unipolar>>
}

//--- cases.mlir

// The ties 0.5, 1.5 and 2.5 go to the even code: 1 gives 0, 3 gives 2, 5 gives 2.

// CHECK-LABEL: @increasing_and_decreasing
func.func @increasing_and_decreasing(%acc: tensor<1x2xi32>) -> tensor<1x2x!dorefa.code<2, unipolar>> {
  // CHECK: %[[T:.*]] = arith.constant dense<{{\[\[}}2, 3, 6], [-3, -6, -11]]> : tensor<2x3xi32>
  // Each threshold and its two neighbours are compared.
  // CHECK: dorefa.threshold %arg0, %[[T]] decreasing [false, true] {dorefa.certificate = {evaluations = 18 : i64, thresholds = 6 : i64, verify = "certificate"}}
  // REMARK: fused-thresholds{{.*}}2 channels of accumulators, 3 thresholds each, 1 decreasing, 0 constant
  %s = arith.constant dense<[0.5, -0.25]> : tensor<2xf32>
  %x = dorefa.scale %acc, %s : tensor<1x2xi32>, tensor<2xf32> -> tensor<1x2xf32>
  %q = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even
      : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  return %q : tensor<1x2x!dorefa.code<2, unipolar>>
}

// -----

// Every rounding mode decides the tie at 1 and 3 (0.5, 1.5) its own way.

// CHECK-LABEL: @rounding_modes
func.func @rounding_modes(%acc: tensor<1x1xi32>) -> (tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>) {
  %s = arith.constant dense<0.5> : tensor<f32>
  %x = dorefa.scale %acc, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  // CHECK-DAG: %[[UP:.*]] = arith.constant dense<{{\[\[}}1, 3, 5]]>
  // CHECK-DAG: %[[HALF_DOWN:.*]] = arith.constant dense<{{\[\[}}2, 4, 6]]>
  // CHECK-DAG: %[[AWAY:.*]] = arith.constant dense<{{\[\[}}1, 3, 5]]>
  // CHECK-DAG: %[[FLOOR:.*]] = arith.constant dense<{{\[\[}}2, 4, 6]]>
  %a = dorefa.quantize %x scale [1.0] zero_point [0.0] half_up : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, unipolar>>
  %b = dorefa.quantize %x scale [1.0] zero_point [0.0] half_down : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, unipolar>>
  %c = dorefa.quantize %x scale [1.0] zero_point [0.0] up : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, unipolar>>
  %d = dorefa.quantize %x scale [1.0] zero_point [0.0] floor : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, unipolar>>
  return %a, %b, %c, %d : tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>
}

// -----

// Batch norm with gamma positive, negative and 0: the last channel is always code
// 1. Thresholds stay within one of the proven range [-12, 12].

// CHECK-LABEL: @batch_norm_after_layer
func.func @batch_norm_after_layer(%q: tensor<1x1x1x4x!dorefa.code<2, unipolar>>) -> tensor<1x1x1x3x!dorefa.code<2, unipolar>> {
  %w = dorefa.constant dense<[[[[1, 1, 1, 1]]], [[[0, 0, 0, 0]]], [[[1, 0, 1, 0]]]]> : tensor<3x1x1x4xi8> -> tensor<3x1x1x4x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<0.25> : tensor<f32>
  %mean = arith.constant dense<[1.0, -1.0, 0.0]> : tensor<3xf32>
  %variance = arith.constant dense<4.0> : tensor<3xf32>
  %gamma = arith.constant dense<[1.0, -1.0, 0.0]> : tensor<3xf32>
  %beta = arith.constant dense<[0.5, 0.0, 0.34]> : tensor<3xf32>
  // CHECK: %[[ACC:.*]] = dorefa.conv_2d
  // CHECK-DAG: arith.constant dense<{{\[\[}}2, 4, 7], [-6, -8, -11], [-6, 7, 7]]> : tensor<3x3xi32>
  // CHECK: dorefa.threshold {{.*}} decreasing [false, true, false]
  // CHECK-NOT: dorefa.scale
  // REMARK: fused-thresholds{{.*}}3 channels of accumulators, 3 thresholds each, 1 decreasing, 1 constant
  %acc = dorefa.conv_2d %q, %w : tensor<1x1x1x4x!dorefa.code<2, unipolar>>, tensor<3x1x1x4x!dorefa.code<1, bipolar>> -> tensor<1x1x1x3xi32>
  %x = dorefa.scale %acc, %s : tensor<1x1x1x3xi32>, tensor<f32> -> tensor<1x1x1x3xf32>
  %n = dorefa.batch_norm %x, %mean, %variance, %gamma, %beta epsilon 0.0 : tensor<1x1x1x3xf32>, tensor<3xf32>
  %a = dorefa.quantize_activations %n clip : tensor<1x1x1x3xf32> -> tensor<1x1x1x3x!dorefa.code<2, unipolar>>
  return %a : tensor<1x1x1x3x!dorefa.code<2, unipolar>>
}

// -----

// A pool behind the batch norm moves to the codes, whatever the sign of gamma.

// CHECK-LABEL: @pool_on_codes
func.func @pool_on_codes(%acc: tensor<1x4x4x2xi32>) -> tensor<1x2x2x2x!dorefa.code<1, bipolar>> {
  %s = arith.constant dense<[0.5, -0.5]> : tensor<2xf32>
  // CHECK: %[[Q:.*]] = dorefa.threshold %arg0
  // CHECK: dorefa.max_pool %[[Q]] kernel [2, 2] strides [2, 2] : tensor<1x4x4x2x!dorefa.code<1, bipolar>>
  %x = dorefa.scale %acc, %s : tensor<1x4x4x2xi32>, tensor<2xf32> -> tensor<1x4x4x2xf32>
  %p = dorefa.max_pool %x kernel [2, 2] strides [2, 2] : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  %q = dorefa.quantize_sign %p : tensor<1x2x2x2xf32> -> tensor<1x2x2x2x!dorefa.code<1, bipolar>>
  return %q : tensor<1x2x2x2x!dorefa.code<1, bipolar>>
}

// -----

// A pool in front of a decreasing step moves to the accumulators.

// CHECK-LABEL: @pool_on_accumulators
func.func @pool_on_accumulators(%acc: tensor<1x4x4x2xi32>) -> tensor<1x2x2x2x!dorefa.code<1, bipolar>> {
  %s = arith.constant dense<0.5> : tensor<f32>
  %g = arith.constant dense<[2.0, -2.0]> : tensor<2xf32>
  // CHECK: %[[P:.*]] = dorefa.max_pool %arg0 kernel [2, 2] strides [2, 2] : tensor<1x4x4x2xi32> -> tensor<1x2x2x2xi32>
  // CHECK: dorefa.threshold %[[P]]
  %x = dorefa.scale %acc, %s : tensor<1x4x4x2xi32>, tensor<f32> -> tensor<1x4x4x2xf32>
  %p = dorefa.max_pool %x kernel [2, 2] strides [2, 2] : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  %y = dorefa.binary mul %p, %g : tensor<1x2x2x2xf32>, tensor<2xf32> -> tensor<1x2x2x2xf32>
  %q = dorefa.quantize_sign %y : tensor<1x2x2x2xf32> -> tensor<1x2x2x2x!dorefa.code<1, bipolar>>
  return %q : tensor<1x2x2x2x!dorefa.code<1, bipolar>>
}

// -----

// Falling in front of the pool and behind it: the pool stays float, what is behind
// it becomes float thresholds.

// CHECK-LABEL: @pool_between_falling
func.func @pool_between_falling(%acc: tensor<1x4x4x2xi32>) -> tensor<1x2x2x2x!dorefa.code<1, bipolar>> {
  %s = arith.constant dense<[0.5, -0.5]> : tensor<2xf32>
  %g = arith.constant dense<[2.0, 1.0]> : tensor<2xf32>
  // CHECK: %[[P:.*]] = dorefa.max_pool %{{.*}} : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  // REMARK: Missed{{.*}}float-chain{{.*}}'dorefa.max_pool' stands between operations that fall on some channels
  %x = dorefa.scale %acc, %s : tensor<1x4x4x2xi32>, tensor<2xf32> -> tensor<1x4x4x2xf32>
  %p = dorefa.max_pool %x kernel [2, 2] strides [2, 2] : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  %n = dorefa.unary neg %p : tensor<1x2x2x2xf32>
  %y = dorefa.binary sub %n, %g : tensor<1x2x2x2xf32>, tensor<2xf32> -> tensor<1x2x2x2xf32>
  %q = dorefa.quantize_sign %y : tensor<1x2x2x2xf32> -> tensor<1x2x2x2x!dorefa.code<1, bipolar>>
  return %q : tensor<1x2x2x2x!dorefa.code<1, bipolar>>
}

// -----

// Library functions are evaluated on the whole range of the layer.

// CHECK-LABEL: @tanh_on_range
func.func @tanh_on_range(%q: tensor<1x4x!dorefa.code<2, unipolar>>) -> tensor<1x1x!dorefa.code<2, unipolar>> {
  %w = dorefa.constant dense<1> : tensor<1x4xi8> -> tensor<1x4x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<0.25> : tensor<f32>
  %b = arith.constant dense<-1.5> : tensor<1xf32>
  // CHECK: arith.constant dense<{{\[\[}}3, 6, 10]]> : tensor<1x3xi32>
  // CHECK-NOT: tanh
  // CHECK: return
  %acc = dorefa.matmul %q, %w : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<1x4x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  %x = dorefa.scale %acc, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  %y = dorefa.binary add %x, %b : tensor<1x1xf32>, tensor<1xf32> -> tensor<1x1xf32>
  %a = dorefa.quantize_activations %y tanh : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, unipolar>>
  return %a : tensor<1x1x!dorefa.code<2, unipolar>>
}

// -----

// abs is no step function where the range has both signs: a table of all codes.

// CHECK-LABEL: @abs_on_range
func.func @abs_on_range(%q: tensor<1x4x!dorefa.code<2, unipolar>>) -> (tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>) {
  %w = dorefa.constant dense<1> : tensor<1x4xi8> -> tensor<1x4x!dorefa.code<1, bipolar>>
  %v = dorefa.constant dense<[[1, 0, 1, 0]]> : tensor<1x4xi8> -> tensor<1x4x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<0.25> : tensor<f32>
  // CHECK: dorefa.threshold
  // CHECK: %[[TABLE:.*]] = dorefa.constant dense<{{\[\[}}3, 3, 3, 2, 2, 1, 0, 1, 2, 2, 3, 3, 3]]>
  // CHECK: dorefa.lookup %{{.*}}, %[[TABLE]] offset -6 {dorefa.certificate = {entries = 13 : i64, evaluations = 13 : i64, verify = "exhaustive"}}
  // REMARK: Passed{{.*}}fused-thresholds
  // REMARK: Passed{{.*}}fused-table{{.*}}1 rows of 13 codes
  %acc = dorefa.matmul %q, %w : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<1x4x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  %x = dorefa.scale %acc, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  %a = dorefa.quantize_activations %x abs : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, unipolar>>
  %both = dorefa.matmul %q, %v : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<1x4x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  %y = dorefa.scale %both, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  %b = dorefa.quantize_activations %y abs : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, unipolar>>
  return %a, %b : tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>
}

// -----

// A float layer gets float thresholds, tanh included: 0.8047 is atanh(2/3).

// CHECK-LABEL: @float_layer
func.func @float_layer(%x: tensor<1x2xf32>) -> (tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<8, unipolar>>) {
  // CHECK: %[[T:.*]] = arith.constant dense<{{\[\[}}-0.80471{{.*}}, -2.98023224E-8, 0.80471{{.*}}]]> : tensor<1x3xf32>
  // CHECK: dorefa.threshold %arg0, %[[T]] {dorefa.certificate
  // CHECK: dorefa.quantize_activations %arg0 clip
  // REMARK: fused-thresholds{{.*}}1 channels of floats, 3 thresholds each
  %a = dorefa.quantize_activations %x tanh : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  %b = dorefa.quantize_activations %x clip : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<8, unipolar>>
  return %a, %b : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<8, unipolar>>
}

// -----

// Channels of a float layer may fall; a level that no float reaches has a threshold
// that is NaN. (Where gamma is 0, infinity would become NaN: no step function.)

// CHECK-LABEL: @float_batch_norm
func.func @float_batch_norm(%x: tensor<1x3xf32>) -> tensor<1x3x!dorefa.code<2, unipolar>> {
  %zero = arith.constant dense<0.0> : tensor<3xf32>
  %one = arith.constant dense<1.0> : tensor<3xf32>
  %gamma = arith.constant dense<[2.0, -0.5, 2.0]> : tensor<3xf32>
  %limit = arith.constant dense<[9.0, 9.0, 1.0]> : tensor<3xf32>
  // CHECK: %[[T:.*]] = arith.constant dense<{{\[\[}}2.500000e-01, 7.500000e-01, 1.250000e+00], [-1.000000e+00, -3.000000e+00, -5.000000e+00], [2.500000e-01, 0x7FC00000, 0x7FC00000]]> : tensor<3x3xf32>
  // CHECK: dorefa.threshold %arg0, %[[T]] decreasing [false, true, false]
  // REMARK: fused-thresholds{{.*}}3 channels of floats, 3 thresholds each, 1 decreasing, 0 constant
  %y = dorefa.batch_norm %x, %zero, %one, %gamma, %zero epsilon 0.0 : tensor<1x3xf32>, tensor<3xf32>
  %m = dorefa.binary min %limit, %y : tensor<3xf32>, tensor<1x3xf32> -> tensor<1x3xf32>
  %q = dorefa.quantize %m scale [1.0] zero_point [0.0] half_up : tensor<1x3xf32> -> tensor<1x3x!dorefa.code<2, unipolar>>
  return %q : tensor<1x3x!dorefa.code<2, unipolar>>
}

// -----

// A window of NaN gives minus infinity and thereby code 1, NaN itself code 0: the codes
// cannot be pooled in its place. Behind a pool that starts at 0 they can.

// CHECK-LABEL: @pool_of_nan
func.func @pool_of_nan(%x: tensor<1x2x2x1xf32>) -> (tensor<1x1x1x1x!dorefa.code<1, bipolar>>, tensor<1x1x1x1x!dorefa.code<2, unipolar>>) {
  // CHECK: %[[P:.*]] = dorefa.max_pool %arg0
  // CHECK: %[[S:.*]] = dorefa.unary sigmoid %[[P]]
  // CHECK: dorefa.quantize_sign %[[S]]
  // CHECK: %[[T:.*]] = dorefa.threshold %arg0
  // CHECK: dorefa.max_pool %[[T]]
  %m = dorefa.max_pool %x kernel [2, 2] : tensor<1x2x2x1xf32> -> tensor<1x1x1x1xf32>
  %s = dorefa.unary sigmoid %m : tensor<1x1x1x1xf32>
  %a = dorefa.quantize_sign %s : tensor<1x1x1x1xf32> -> tensor<1x1x1x1x!dorefa.code<1, bipolar>>
  %r = dorefa.unary relu %m : tensor<1x1x1x1xf32>
  %b = dorefa.quantize_activations %r clip : tensor<1x1x1x1xf32> -> tensor<1x1x1x1x!dorefa.code<2, unipolar>>
  return %a, %b : tensor<1x1x1x1x!dorefa.code<1, bipolar>>, tensor<1x1x1x1x!dorefa.code<2, unipolar>>
}

// -----

// Where gamma is 0, infinity becomes NaN: the batch norm stays, what follows it is
// compared.

// CHECK-LABEL: @float_batch_norm_zero
func.func @float_batch_norm_zero(%x: tensor<1x2xf32>) -> tensor<1x2x!dorefa.code<2, unipolar>> {
  %zero = arith.constant dense<0.0> : tensor<2xf32>
  %one = arith.constant dense<1.0> : tensor<2xf32>
  %gamma = arith.constant dense<[2.0, 0.0]> : tensor<2xf32>
  %least = arith.constant dense<0.0> : tensor<f32>
  // CHECK: %[[Y:.*]] = dorefa.batch_norm
  // CHECK: %[[T:.*]] = arith.constant dense<{{\[\[}}5.000000e-01, 1.500000e+00, 2.500000e+00]]> : tensor<1x3xf32>
  // CHECK: dorefa.threshold %[[Y]], %[[T]]
  %y = dorefa.batch_norm %x, %zero, %one, %gamma, %zero epsilon 0.0 : tensor<1x2xf32>, tensor<2xf32>
  %m = dorefa.binary max %y, %least : tensor<1x2xf32>, tensor<f32> -> tensor<1x2xf32>
  %q = dorefa.quantize %m scale [1.0] zero_point [0.0] half_up : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  return %q : tensor<1x2x!dorefa.code<2, unipolar>>
}

// -----

// Reshapes and transposes between move to the codes. Channels are followed through
// them.

// CHECK-LABEL: @movements_between
func.func @movements_between(%acc: tensor<?x2xi32>) -> tensor<?x2x1x!dorefa.code<1, bipolar>> {
  %s = arith.constant dense<0.5> : tensor<f32>
  %g = arith.constant dense<[[1.0], [-1.0]]> : tensor<2x1xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %acc, %c0 : tensor<?x2xi32>
  // CHECK: %[[Q:.*]] = dorefa.threshold %arg0, %{{.*}} decreasing [false, true]
  // CHECK: %[[E:.*]] = tensor.expand_shape %[[Q]] {{\[\[}}0], [1, 2]] output_shape [%{{.*}}, 1, 2] : tensor<?x2x!dorefa.code<1, bipolar>> into tensor<?x1x2x!dorefa.code<1, bipolar>>
  // CHECK: linalg.transpose ins(%[[E]] : tensor<?x1x2x!dorefa.code<1, bipolar>>)
  %x = dorefa.scale %acc, %s : tensor<?x2xi32>, tensor<f32> -> tensor<?x2xf32>
  %e = tensor.expand_shape %x [[0], [1, 2]] output_shape [%n, 1, 2] : tensor<?x2xf32> into tensor<?x1x2xf32>
  %init = tensor.empty(%n) : tensor<?x2x1xf32>
  %t = linalg.transpose ins(%e : tensor<?x1x2xf32>) outs(%init : tensor<?x2x1xf32>) permutation = [0, 2, 1]
  %y = dorefa.binary mul %t, %g : tensor<?x2x1xf32>, tensor<2x1xf32> -> tensor<?x2x1xf32>
  %q = dorefa.quantize_sign %y : tensor<?x2x1xf32> -> tensor<?x2x1x!dorefa.code<1, bipolar>>
  return %q : tensor<?x2x1x!dorefa.code<1, bipolar>>
}

// -----

// A quantizer behind a quantizer: one function of the accumulator. Codes without a
// layer in front are compared after their dequantization.

// CHECK-LABEL: @quantizer_behind_quantizer
func.func @quantizer_behind_quantizer(%acc: tensor<1x1xi32>, %c: tensor<1x1x!dorefa.code<2, unipolar>>) -> (tensor<1x1x!dorefa.code<1, bipolar>>, tensor<1x1x!dorefa.code<1, bipolar>>) {
  %s = arith.constant dense<0.5> : tensor<f32>
  %d = arith.constant dense<1.0> : tensor<f64>
  %one = arith.constant dense<-1.5> : tensor<f32>
  // CHECK: %[[T:.*]] = arith.constant dense<4> : tensor<1x1xi32>
  // CHECK: dorefa.threshold %arg0, %[[T]]
  // CHECK: %[[X:.*]] = dorefa.dequantize %arg1
  // CHECK: %[[U:.*]] = arith.constant dense<2.000000e+00> : tensor<1x1xf32>
  // CHECK: dorefa.threshold %[[X]], %[[U]]
  // REMARK: channels of accumulators
  // REMARK: channels of accumulators
  // REMARK: channels of codes
  %x = dorefa.scale %acc, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  %a = dorefa.quantize %x scale [1.0] zero_point [0.0] floor : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, unipolar>>
  %y = dorefa.dequantize %a, %d : tensor<1x1x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x1xf32>
  %z = dorefa.binary add %y, %one : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %q = dorefa.quantize_sign %z : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<1, bipolar>>
  %v = dorefa.dequantize %c, %d : tensor<1x1x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x1xf32>
  %u = dorefa.binary add %v, %one : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %r = dorefa.quantize_sign %u : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<1, bipolar>>
  return %q, %r : tensor<1x1x!dorefa.code<1, bipolar>>, tensor<1x1x!dorefa.code<1, bipolar>>
}

// -----

// Thresholds that a model ships on floats become integer ones, unsorted rows count
// as shipped.

// CHECK-LABEL: @shipped_thresholds
func.func @shipped_thresholds(%acc: tensor<1x1xi32>) -> tensor<1x1x!dorefa.code<2, unipolar>> {
  %s = arith.constant dense<1.0> : tensor<f32>
  %t = arith.constant dense<[[19428.0, -7474.5, 31160.0]]> : tensor<1x3xf32>
  // CHECK: arith.constant dense<{{\[\[}}-7474, 19428, 31160]]> : tensor<1x3xi32>
  %x = dorefa.scale %acc, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  %q = dorefa.threshold %x, %t : tensor<1x1xf32>, tensor<1x3xf32> -> tensor<1x1x!dorefa.code<2, unipolar>>
  return %q : tensor<1x1x!dorefa.code<2, unipolar>>
}

// -----

// Nothing is known of these accumulators.

// CHECK-LABEL: @unknown_sum
func.func @unknown_sum(%a: tensor<1x1xi32>, %b: tensor<1x1xi32>) -> tensor<1x1x!dorefa.code<1, bipolar>> {
  %s = arith.constant dense<0.5> : tensor<f32>
  // CHECK: %[[SUM:.*]] = dorefa.binary add
  // CHECK: dorefa.threshold %[[SUM]]
  // REMARK: Missed{{.*}}float-chain{{.*}}the sum of branches with 4294967296 and 4294967296 values on 1 channels is too large to prove a comparison
  %x = dorefa.scale %a, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  %y = dorefa.scale %b, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  %z = dorefa.binary add %x, %y : tensor<1x1xf32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %q = dorefa.quantize_sign %z : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<1, bipolar>>
  return %q : tensor<1x1x!dorefa.code<1, bipolar>>
}

// -----

// SiLU with signed codes: a dip below zero. The pool behind it moves to the codes where
// these rise with the pooled value; the one in front stays where it is.

// CHECK-LABEL: @silu
func.func @silu(%q: tensor<1x2x2x4x!dorefa.code<2, unipolar>>) -> (tensor<1x1x1x1x!dorefa.code<3, signed>>, tensor<1x1x1x1x!dorefa.code<3, signed>>) {
  %w = dorefa.constant dense<[[[[1, 0, 1, 0]]]]> : tensor<1x1x1x4xi8> -> tensor<1x1x1x4x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<0.5> : tensor<f32>
  // CHECK: %[[ACC:.*]] = dorefa.conv_2d
  // CHECK: %[[BEHIND:.*]] = dorefa.lookup %[[ACC]], %{{.*}} offset -6
  // CHECK: dorefa.max_pool %[[BEHIND]]
  // CHECK: %[[FRONT:.*]] = dorefa.max_pool %[[ACC]]
  // CHECK: dorefa.lookup %[[FRONT]], %{{.*}} offset -6
  // CHECK-NOT: dorefa.scale
  // CHECK: return
  // REMARK: Passed{{.*}}fused-table{{.*}}1 rows of 13 codes
  // REMARK: Passed{{.*}}fused-table{{.*}}1 rows of 13 codes
  %acc = dorefa.conv_2d %q, %w : tensor<1x2x2x4x!dorefa.code<2, unipolar>>, tensor<1x1x1x4x!dorefa.code<1, bipolar>> -> tensor<1x2x2x1xi32>
  %x = dorefa.scale %acc, %s : tensor<1x2x2x1xi32>, tensor<f32> -> tensor<1x2x2x1xf32>
  %g = dorefa.unary sigmoid %x : tensor<1x2x2x1xf32>
  %y = dorefa.binary mul %x, %g : tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32> -> tensor<1x2x2x1xf32>
  %p = dorefa.max_pool %y kernel [2, 2] : tensor<1x2x2x1xf32> -> tensor<1x1x1x1xf32>
  %a = dorefa.quantize %p scale [0.125] zero_point [0.0] half_even : tensor<1x1x1x1xf32> -> tensor<1x1x1x1x!dorefa.code<3, signed>>
  %r = dorefa.max_pool %x kernel [2, 2] : tensor<1x2x2x1xf32> -> tensor<1x1x1x1xf32>
  %h = dorefa.unary sigmoid %r : tensor<1x1x1x1xf32>
  %z = dorefa.binary mul %h, %r : tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32> -> tensor<1x1x1x1xf32>
  %b = dorefa.quantize %z scale [0.125] zero_point [0.0] half_even : tensor<1x1x1x1xf32> -> tensor<1x1x1x1x!dorefa.code<3, signed>>
  return %a, %b : tensor<1x1x1x1x!dorefa.code<3, signed>>, tensor<1x1x1x1x!dorefa.code<3, signed>>
}

// -----

// Codes are looked up by code. The leaky part only rises: thresholds.

// CHECK-LABEL: @forks
func.func @forks(%q: tensor<1x2x!dorefa.code<2, bipolar>>, %r: tensor<1x2x!dorefa.code<3, unipolar>>) -> (tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<2, signed>>) {
  %s = arith.constant dense<0.5> : tensor<f64>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %slope = arith.constant dense<0.125> : tensor<f32>
  %mean = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  // The values are -1.5, -0.5, 0.5 and 1.5, their squares 2.25 and 0.25.
  // CHECK: %[[TABLE:.*]] = dorefa.constant dense<{{\[\[}}2, 0, 0, 2]]>
  // CHECK: dorefa.lookup %arg0, %[[TABLE]] {dorefa
  // CHECK: %[[X:.*]] = dorefa.dequantize %arg1
  // CHECK: dorefa.threshold %[[X]]
  %x = dorefa.dequantize %q, %s : tensor<1x2x!dorefa.code<2, bipolar>>, tensor<f64> -> tensor<1x2xf32>
  %y = dorefa.binary mul %x, %x : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x2xf32>
  %a = dorefa.quantize %y scale [1.0] zero_point [0.0] half_even : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  %u = dorefa.dequantize %r, %s : tensor<1x2x!dorefa.code<3, unipolar>>, tensor<f64> -> tensor<1x2xf32>
  %v = dorefa.binary sub %u, %mean : tensor<1x2xf32>, tensor<2xf32> -> tensor<1x2xf32>
  %p = dorefa.binary max %v, %zero : tensor<1x2xf32>, tensor<f32> -> tensor<1x2xf32>
  %n = dorefa.binary min %v, %zero : tensor<1x2xf32>, tensor<f32> -> tensor<1x2xf32>
  %m = dorefa.binary mul %n, %slope : tensor<1x2xf32>, tensor<f32> -> tensor<1x2xf32>
  %l = dorefa.binary add %p, %m : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x2xf32>
  %b = dorefa.quantize %l scale [0.5] zero_point [0.0] floor : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, signed>>
  return %a, %b : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<2, signed>>
}

// -----

// Codes 2 and 3 stand for -2 and -1, values -1.0 and -0.5.

// CHECK-LABEL: @signed_codes
func.func @signed_codes(%q: tensor<1x2x!dorefa.code<2, signed>>) -> tensor<1x2x!dorefa.code<2, unipolar>> {
  %s = arith.constant dense<0.5> : tensor<f64>
  // CHECK: %[[TABLE:.*]] = dorefa.constant dense<{{\[\[}}0, 2, 3, 2]]>
  // CHECK: dorefa.lookup %arg0, %[[TABLE]]
  %x = dorefa.dequantize %q, %s : tensor<1x2x!dorefa.code<2, signed>>, tensor<f64> -> tensor<1x2xf32>
  %a = dorefa.quantize_activations %x abs : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  return %a : tensor<1x2x!dorefa.code<2, unipolar>>
}

// -----

// A table for any i32 would be too large.

// CHECK-LABEL: @large_table
func.func @large_table(%acc: tensor<1x2xi32>) -> tensor<1x2x!dorefa.code<2, unipolar>> {
  %s = arith.constant dense<0.5> : tensor<f32>
  // CHECK: dorefa.quantize_activations
  // REMARK: Missed{{.*}}float-chain{{.*}}on a range this large, and a table would have 4294967296 entries on 1 channels but may have 65536 on one and 4194304 on all
  %x = dorefa.scale %acc, %s : tensor<1x2xi32>, tensor<f32> -> tensor<1x2xf32>
  %q = dorefa.quantize_activations %x abs : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  return %q : tensor<1x2x!dorefa.code<2, unipolar>>
}

// -----

// Two accumulators with scales 3 : 1 and 3 : -1, an accumulator and a code, and a sum
// that is needed in float, too.

// CHECK-LABEL: @residual_sums
func.func @residual_sums(%q: tensor<1x4x!dorefa.code<2, unipolar>>, %skip: tensor<1x2x!dorefa.code<2, bipolar>>) -> (tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2xf32>) {
  %w = dorefa.constant dense<[[1, 1, 1, 1], [1, 0, 1, 1]]> : tensor<2x4xi8> -> tensor<2x4x!dorefa.code<1, bipolar>>
  %v = dorefa.constant dense<[[1, 0, 1, 1], [0, 0, 1, 1]]> : tensor<2x4xi8> -> tensor<2x4x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<0.3> : tensor<f32>
  %t = arith.constant dense<[0.1, -0.1]> : tensor<2xf32>
  %u = arith.constant dense<0.25> : tensor<f64>
  %b0 = arith.constant dense<0.45> : tensor<f32>
  // CHECK: %[[A:.*]] = dorefa.matmul
  // CHECK: %[[B:.*]] = dorefa.matmul
  // CHECK: dorefa.binary add
  // CHECK: %[[W:.*]] = arith.constant dense<{{\[\[}}3, 1], [3, -1]]> : tensor<2x2xi32>
  // CHECK: %[[SUM:.*]] = dorefa.weighted_sum %[[A]], %[[B]], %[[W]]
  // CHECK: %[[T:.*]] = arith.constant dense<{{\[\[}}1, 11, 21]]> : tensor<1x3xi32>
  // CHECK: dorefa.threshold %[[SUM]], %[[T]] {dorefa.certificate = {evaluations = {{.*}}, thresholds = 6 : i64
  // CHECK: %[[V:.*]] = arith.constant dense<{{\[\[}}5, -4]]> : tensor<1x2xi32>
  // CHECK: %[[CODES:.*]] = dorefa.weighted_sum %[[A]], %arg1, %[[V]]
  // CHECK: dorefa.threshold %[[CODES]]
  // REMARK: Passed{{.*}}fused-sum{{.*}}2 channels, 3 thresholds each; proven for
  // REMARK: Passed{{.*}}fused-sum{{.*}}2 channels, 3 thresholds each; proven for 104 pairs
  %a = dorefa.matmul %q, %w : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<2x4x!dorefa.code<1, bipolar>> -> tensor<1x2xi32>
  %b = dorefa.matmul %q, %v : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<2x4x!dorefa.code<1, bipolar>> -> tensor<1x2xi32>
  %x = dorefa.scale %a, %s : tensor<1x2xi32>, tensor<f32> -> tensor<1x2xf32>
  %y = dorefa.scale %b, %t : tensor<1x2xi32>, tensor<2xf32> -> tensor<1x2xf32>
  %z = dorefa.binary add %x, %y : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x2xf32>
  %h = dorefa.binary add %z, %b0 : tensor<1x2xf32>, tensor<f32> -> tensor<1x2xf32>
  %c = dorefa.quantize %h scale [1.0] zero_point [0.0] half_even : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  %d = dorefa.dequantize %skip, %u : tensor<1x2x!dorefa.code<2, bipolar>>, tensor<f64> -> tensor<1x2xf32>
  %e = dorefa.binary sub %x, %d : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x2xf32>
  %f = dorefa.quantize %e scale [1.0] zero_point [0.0] half_even : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  return %c, %f, %z : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2xf32>
}

// -----

// Rounding decides: 2^24 + x + y is rounded twice to an even number, so that codes 3, 2,
// 2 and 0 of x reach level 4 as y rises, which is no line. And a float is no integer.

// CHECK-LABEL: @rounded_sums
func.func @rounded_sums(%q: tensor<1x2x!dorefa.code<2, unipolar>>, %r: tensor<1x2x!dorefa.code<2, unipolar>>, %f: tensor<1x2xf32>) -> (tensor<1x2x!dorefa.code<4, unipolar>>, tensor<1x2x!dorefa.code<2, unipolar>>) {
  %s = arith.constant dense<1.0> : tensor<f64>
  %large = arith.constant dense<16777216.0> : tensor<f32>
  // CHECK-NOT: dorefa.weighted_sum
  // CHECK: return
  // REMARK: Missed{{.*}}float-chain{{.*}}no comparison of integers gives the codes of the float sum on channel 0: its rounding decides near a threshold
  // REMARK: Missed{{.*}}float-chain{{.*}}an operand depends on 'an argument', not on one integer
  %x = dorefa.dequantize %q, %s : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x2xf32>
  %l = dorefa.binary add %x, %large : tensor<1x2xf32>, tensor<f32> -> tensor<1x2xf32>
  %y = dorefa.dequantize %r, %s : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x2xf32>
  %z = dorefa.binary add %l, %y : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x2xf32>
  %d = dorefa.binary sub %z, %large : tensor<1x2xf32>, tensor<f32> -> tensor<1x2xf32>
  %a = dorefa.quantize %d scale [1.0] zero_point [0.0] half_even : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<4, unipolar>>
  %m = dorefa.binary add %x, %f : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x2xf32>
  %b = dorefa.quantize %m scale [1.0] zero_point [0.0] half_even : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  return %a, %b : tensor<1x2x!dorefa.code<4, unipolar>>, tensor<1x2x!dorefa.code<2, unipolar>>
}

// -----

// CHECK-LABEL: @average_pool
func.func @average_pool(%a: tensor<1x2x2x1xi32>) -> tensor<1x1x1x1x!dorefa.code<1, bipolar>> {
  %s = arith.constant dense<0.5> : tensor<f32>
  // CHECK: dorefa.avg_pool
  // REMARK: Missed{{.*}}float-chain{{.*}}'dorefa.avg_pool' stands between the layer and the quantizer{{.*}}Suggestion="use max pooling, or quantize in front of that operation"
  %x = dorefa.scale %a, %s : tensor<1x2x2x1xi32>, tensor<f32> -> tensor<1x2x2x1xf32>
  %p = dorefa.avg_pool %x kernel [2, 2] : tensor<1x2x2x1xf32> -> tensor<1x1x1x1xf32>
  %q = dorefa.quantize_sign %p : tensor<1x1x1x1xf32> -> tensor<1x1x1x1x!dorefa.code<1, bipolar>>
  return %q : tensor<1x1x1x1x!dorefa.code<1, bipolar>>
}

// -----

// Nothing is known of these accumulators and channel 1 is constant: its thresholds
// would have to lie outside i32.

// CHECK-LABEL: @unknown_range
func.func @unknown_range(%acc: tensor<1x2xi32>) -> tensor<1x2x!dorefa.code<1, bipolar>> {
  %s = arith.constant dense<[0.5, 0.0]> : tensor<2xf32>
  %b = arith.constant dense<-1.0> : tensor<f32>
  // CHECK: dorefa.scale
  // REMARK: Missed{{.*}}float-chain{{.*}}the accumulators may be any i32
  %x = dorefa.scale %acc, %s : tensor<1x2xi32>, tensor<2xf32> -> tensor<1x2xf32>
  %y = dorefa.binary add %x, %b : tensor<1x2xf32>, tensor<f32> -> tensor<1x2xf32>
  %q = dorefa.quantize_sign %y : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<1, bipolar>>
  return %q : tensor<1x2x!dorefa.code<1, bipolar>>
}

// -----

// No code reaches levels 2 and 3: their thresholds are infinite.

// CHECK-LABEL: @levels_beyond_the_codes
func.func @levels_beyond_the_codes(%q: tensor<1x3x!dorefa.code<1, unipolar>>) -> tensor<1x3x!dorefa.code<2, unipolar>> {
  // CHECK: arith.constant dense<{{\[\[}}1.000000e+00, 0x7F800000, 0x7F800000]]> : tensor<1x3xf32>
  %s = arith.constant dense<1.0> : tensor<f64>
  %x = dorefa.dequantize %q, %s zero_point 0.0 : tensor<1x3x!dorefa.code<1, unipolar>>, tensor<f64> -> tensor<1x3xf32>
  %y = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even : tensor<1x3xf32> -> tensor<1x3x!dorefa.code<2, unipolar>>
  return %y : tensor<1x3x!dorefa.code<2, unipolar>>
}
