// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-infer-ranges --canonicalize --cse > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | diff %t/result.mlir -
// RUN: dorefa-opt %t/cases.mlir --dorefa-infer-ranges --split-input-file | FileCheck %s

// The documented example.

//--- before.mlir
func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1xi32> {
  %w = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
  %acc = dorefa.matmul %q, %w
      : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

//--- after.mlir
func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1xi32> {
  %w = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
  %acc = dorefa.matmul %q, %w range [-3, 3]
      : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

//--- cases.mlir

// CHECK-LABEL: @matmul_w1a2
func.func @matmul_w1a2(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1xi32> {
  %w = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
  // CHECK: dorefa.matmul %{{.*}}, %{{.*}} range [-3, 3]
  %acc = dorefa.matmul %q, %w
      : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

// -----

// Padded taps count 0, which offsets do not reach by themselves: of three taps
// along a line the outer ones can lie outside.

// CHECK-LABEL: @padded_taps
func.func @padded_taps(%q: tensor<1x1x4x1x!dorefa.code<1, unipolar>>) -> tensor<1x1x4x1xi32> {
  %w = dorefa.constant dense<1> : tensor<1x1x3x1xi8> -> tensor<1x1x3x1x!dorefa.code<1, bipolar>>
  // CHECK: range [10, 33]
  %acc = dorefa.conv_2d %q, %w pads [0, 1, 0, 1] offsets 10, 0
      : tensor<1x1x4x1x!dorefa.code<1, unipolar>>, tensor<1x1x3x1x!dorefa.code<1, bipolar>> -> tensor<1x1x4x1xi32>
  return %acc : tensor<1x1x4x1xi32>
}

// -----

// Groups see their own channels only; unknown weights count with all values.

// CHECK-LABEL: @groups_and_unknown_weights
func.func @groups_and_unknown_weights(%q: tensor<1x1x1x4x!dorefa.code<2, unipolar>>, %u: tensor<2x1x1x2x!dorefa.code<2, signed>>) -> (tensor<1x1x1x2xi32>, tensor<1x1x1x2xi32>) {
  %w = dorefa.constant dense<[[[[1, 1]]], [[[0, 0]]]]> : tensor<2x1x1x2xi8> -> tensor<2x1x1x2x!dorefa.code<1, bipolar>>
  // CHECK: groups 2 range [-6, 6]
  %a = dorefa.conv_2d %q, %w groups 2
      : tensor<1x1x1x4x!dorefa.code<2, unipolar>>, tensor<2x1x1x2x!dorefa.code<1, bipolar>> -> tensor<1x1x1x2xi32>
  // CHECK: groups 2 range [-12, 6]
  %b = dorefa.conv_2d %q, %u groups 2
      : tensor<1x1x1x4x!dorefa.code<2, unipolar>>, tensor<2x1x1x2x!dorefa.code<2, signed>> -> tensor<1x1x1x2xi32>
  return %a, %b : tensor<1x1x1x2xi32>, tensor<1x1x1x2xi32>
}

// -----

// Thresholds bound the codes behind them, channel by channel: channel 0 is always
// 3, channel 1 at most 1. A flatten repeats the channels.

// CHECK-LABEL: @codes_of_thresholds
func.func @codes_of_thresholds(%q: tensor<1x1x2x1x!dorefa.code<2, unipolar>>) -> tensor<1x1xi32> {
  %w = dorefa.constant dense<1> : tensor<2x1x1x1xi8> -> tensor<2x1x1x1x!dorefa.code<1, bipolar>>
  %t = arith.constant dense<[[0, 0, -1], [2, 4, 4]]> : tensor<2x3xi32>
  // CHECK: dorefa.conv_2d {{.*}} range [0, 3]
  %acc = dorefa.conv_2d %q, %w
      : tensor<1x1x2x1x!dorefa.code<2, unipolar>>, tensor<2x1x1x1x!dorefa.code<1, bipolar>> -> tensor<1x1x2x2xi32>
  %c = dorefa.threshold %acc, %t : tensor<1x1x2x2xi32>, tensor<2x3xi32> -> tensor<1x1x2x2x!dorefa.code<2, unipolar>>
  %f = tensor.collapse_shape %c [[0], [1, 2, 3]] : tensor<1x1x2x2x!dorefa.code<2, unipolar>> into tensor<1x4x!dorefa.code<2, unipolar>>
  %v = dorefa.constant dense<[[1, 1, 1, 0]]> : tensor<1x4xi8> -> tensor<1x4x!dorefa.code<1, bipolar>>
  // CHECK: dorefa.matmul {{.*}} range [5, 7]
  %y = dorefa.matmul %f, %v : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<1x4x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  return %y : tensor<1x1xi32>
}

// -----

// `narrow` drops a level of the quantizer, concatenation and slices keep channels.

// CHECK-LABEL: @narrow_and_movements
func.func @narrow_and_movements(%x: tensor<1x2xf32>, %y: tensor<1x1xf32>) -> tensor<1x1xi32> {
  %a = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even narrow : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, signed>>
  %b = dorefa.quantize %y scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, signed>>
  %c = tensor.concat dim(1) %a, %b : (tensor<1x2x!dorefa.code<2, signed>>, tensor<1x1x!dorefa.code<2, signed>>) -> tensor<1x3x!dorefa.code<2, signed>>
  %d = tensor.extract_slice %c[0, 1] [1, 2] [1, 1] : tensor<1x3x!dorefa.code<2, signed>> to tensor<1x2x!dorefa.code<2, signed>>
  %w = dorefa.constant dense<1> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
  // CHECK: range [-3, 2]
  %acc = dorefa.matmul %d, %w : tensor<1x2x!dorefa.code<2, signed>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

// -----

// Each group has its own channels: 0 to 1 times -1, 0 to 3 times 1.

// CHECK-LABEL: @groups_of_channels
func.func @groups_of_channels(%q: tensor<1x1x1x1x!dorefa.code<2, unipolar>>) -> tensor<1x1x1x2xi32> {
  %u = dorefa.constant dense<1> : tensor<2x1x1x1xi8> -> tensor<2x1x1x1x!dorefa.code<1, bipolar>>
  %t = arith.constant dense<[[1, 4, 4], [1, 2, 3]]> : tensor<2x3xi32>
  %acc = dorefa.conv_2d %q, %u
      : tensor<1x1x1x1x!dorefa.code<2, unipolar>>, tensor<2x1x1x1x!dorefa.code<1, bipolar>> -> tensor<1x1x1x2xi32>
  %c = dorefa.threshold %acc, %t : tensor<1x1x1x2xi32>, tensor<2x3xi32> -> tensor<1x1x1x2x!dorefa.code<2, unipolar>>
  %w = dorefa.constant dense<[[[[0]]], [[[1]]]]> : tensor<2x1x1x1xi8> -> tensor<2x1x1x1x!dorefa.code<1, bipolar>>
  // CHECK: groups 2 range [-1, 3]
  %y = dorefa.conv_2d %c, %w groups 2
      : tensor<1x1x1x2x!dorefa.code<2, unipolar>>, tensor<2x1x1x1x!dorefa.code<1, bipolar>> -> tensor<1x1x1x2xi32>
  return %y : tensor<1x1x1x2xi32>
}
