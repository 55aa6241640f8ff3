// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-lint-thresholds=repair --canonicalize --cse 2>/dev/null > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | diff %t/result.mlir -
// RUN: dorefa-opt %t/cases.mlir --dorefa-lint-thresholds=repair --split-input-file 2>%t/warnings | FileCheck %t/cases.mlir
// RUN: FileCheck %t/cases.mlir --check-prefix=WARN < %t/warnings
// RUN: grep -c warning %t/warnings | FileCheck %s --check-prefix=COUNT
// RUN: dorefa-opt %t/cases.mlir --dorefa-lint-thresholds --split-input-file 2>/dev/null > %t/shipped
// RUN: dorefa-opt %t/cases.mlir --split-input-file | diff %t/shipped -

// The documented example.

// One warning for each row that is out of order, whatever else is wrong with others.
// COUNT: {{^}}7{{$}}

//--- before.mlir
func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1x!dorefa.code<2, unipolar>> {
  %w = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
  %acc = dorefa.matmul %q, %w
      : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  %t = arith.constant dense<[[19428, -7474, 31160]]> : tensor<1x3xi32>
  %r = dorefa.threshold %acc, %t : tensor<1x1xi32>, tensor<1x3xi32> -> tensor<1x1x!dorefa.code<2, unipolar>>
  return %r : tensor<1x1x!dorefa.code<2, unipolar>>
}

//--- after.mlir
func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1x!dorefa.code<2, unipolar>> {
  %w = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
  %acc = dorefa.matmul %q, %w
      : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  %t = arith.constant dense<[[19428, 58062, 96696]]> : tensor<1x3xi32>
  %r = dorefa.threshold %acc, %t : tensor<1x1xi32>, tensor<1x3xi32> -> tensor<1x1x!dorefa.code<2, unipolar>>
  return %r : tensor<1x1x!dorefa.code<2, unipolar>>
}

//--- cases.mlir

// Behind a layer with groups: rows in order are left alone, constant ones included.

// CHECK-LABEL: @groups
// CHECK{LITERAL}: dense<[[-9.000000e+00, -8.000000e+00, -7.000000e+00], [3.000000e+04, 6.500000e+04, 1.000000e+05], [0.000000e+00, 0.000000e+00, 4.000000e+03], [-1.000000e+00, 6.500000e+04, 6.553700e+04]]>
// WARN: thresholds [30000, -536, -31072] of group 0, channel 1 of 'conv' are not in order, 16-bit integers have wrapped around (they are compared with values in [-2, 1]); replaced by [30000, 65000, 100000{{[]]$}}
// WARN: thresholds [-1, -536, 1] of group 1, channel 1 of 'conv'
func.func @groups(%q: tensor<1x1x1x4x!dorefa.code<1, unipolar>>) -> tensor<1x1x1x4x!dorefa.code<2, unipolar>> {
  %w = dorefa.constant dense<1> : tensor<4x1x1x2xi8> -> tensor<4x1x1x2x!dorefa.code<1, bipolar>>
  %acc = dorefa.conv_2d %q, %w groups 2
      : tensor<1x1x1x4x!dorefa.code<1, unipolar>>, tensor<4x1x1x2x!dorefa.code<1, bipolar>> -> tensor<1x1x1x4xi32> loc("conv")
  %s = arith.constant dense<[1.0, -1.5, 0.5, 0.5]> : tensor<4xf32>
  %x = dorefa.scale %acc, %s : tensor<1x1x1x4xi32>, tensor<4xf32> -> tensor<1x1x1x4xf32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %y = dorefa.binary add %x, %one : tensor<1x1x1x4xf32>, tensor<f32> -> tensor<1x1x1x4xf32>
  %t = arith.constant dense<[[-9.0, -8.0, -7.0], [30000.0, -536.0, -31072.0], [0.0, 0.0, 4000.0], [-1.0, -536.0, 1.0]]> : tensor<4x3xf32>
  %r = dorefa.threshold %y, %t : tensor<1x1x1x4xf32>, tensor<4x3xf32> -> tensor<1x1x1x4x!dorefa.code<2, unipolar>>
  return %r : tensor<1x1x1x4x!dorefa.code<2, unipolar>>
}

// -----

// A decreasing channel wraps the other way; an ascending row is out of order there.

// CHECK-LABEL: @decreasing
// CHECK: dense<{{\[\[}}3, 2, 1], [-30000, -65000, -100000]]>
// WARN: thresholds [-30000, 536, 31072] of channel 1 are not in order, 16-bit integers have wrapped around
func.func @decreasing(%q: tensor<1x4x!dorefa.code<1, unipolar>>) -> tensor<1x2x!dorefa.code<2, unipolar>> {
  %w = dorefa.constant dense<1> : tensor<2x4xi8> -> tensor<2x4x!dorefa.code<1, bipolar>>
  %acc = dorefa.matmul %q, %w : tensor<1x4x!dorefa.code<1, unipolar>>, tensor<2x4x!dorefa.code<1, bipolar>> -> tensor<1x2xi32>
  %t = arith.constant dense<[[3, 2, 1], [-30000, 536, 31072]]> : tensor<2x3xi32>
  %r = dorefa.threshold %acc, %t decreasing [true, true]
      : tensor<1x2xi32>, tensor<2x3xi32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  return %r : tensor<1x2x!dorefa.code<2, unipolar>>
}

// -----

// All thresholds can be reached: nothing has wrapped. One too large for 16 bits: not
// wrapped there, but overflowed.

// CHECK-LABEL: @other_reasons
// CHECK: dense<{{\[\[}}1, 2, 3], [2, 70000, 70000]]>
// WARN: thresholds [3, 1, 2] of channel 0 are not in order, their order does not change a code (they are compared with values in [0, 4]); replaced by [1, 2, 3{{[]]$}}
// WARN: thresholds [2, 70000, -5] of channel 1 are not in order, those beyond what is compared with them must have overflowed{{.*}}replaced by [2, 70000, 70000{{[]]$}}
func.func @other_reasons(%q: tensor<1x4x!dorefa.code<1, unipolar>>) -> tensor<1x2x!dorefa.code<2, unipolar>> {
  %w = dorefa.constant dense<1> : tensor<2x4xi8> -> tensor<2x4x!dorefa.code<1, bipolar>>
  %acc = dorefa.matmul %q, %w : tensor<1x4x!dorefa.code<1, unipolar>>, tensor<2x4x!dorefa.code<1, bipolar>> -> tensor<1x2xi32>
  %t = arith.constant dense<[[3, 1, 2], [2, 70000, -5]]> : tensor<2x3xi32>
  %r = dorefa.threshold %acc, %t : tensor<1x2xi32>, tensor<2x3xi32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  return %r : tensor<1x2x!dorefa.code<2, unipolar>>
}

// -----

// Floats that nothing bounds, and one row for channels with ranges of their own.

// CHECK-LABEL: @unbounded_and_shared
// WARN: thresholds [0.5, 0.25] of all channels are not in order, their order does not change a code; replaced by
// WARN: thresholds [100, -100] of all channels are not in order, 16-bit integers have wrapped around (they are compared with values in [-8, 8])
func.func @unbounded_and_shared(%f: tensor<1x2xf32>, %q: tensor<1x4x!dorefa.code<1, unipolar>>) -> (tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<2, unipolar>>) {
  %t = arith.constant dense<[[0.5, 0.25]]> : tensor<1x2xf32>
  %r = dorefa.threshold %f, %t : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  %w = dorefa.constant dense<1> : tensor<2x4xi8> -> tensor<2x4x!dorefa.code<1, bipolar>>
  %acc = dorefa.matmul %q, %w : tensor<1x4x!dorefa.code<1, unipolar>>, tensor<2x4x!dorefa.code<1, bipolar>> -> tensor<1x2xi32>
  %s = arith.constant dense<[2.0, -2.0]> : tensor<2xf32>
  %x = dorefa.scale %acc, %s : tensor<1x2xi32>, tensor<2xf32> -> tensor<1x2xf32>
  %u = arith.constant dense<[[100.0, -100.0]]> : tensor<1x2xf32>
  %v = dorefa.threshold %x, %u : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
  return %r, %v : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<2, unipolar>>
}
