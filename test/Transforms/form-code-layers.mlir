// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-form-code-layers --canonicalize --cse > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | diff %t/result.mlir -
// RUN: dorefa-opt %t/cases.mlir --dorefa-form-code-layers --split-input-file --mlir-print-debuginfo=false | FileCheck %s
// RUN: dorefa-opt %t/cases.mlir --dorefa-form-code-layers --split-input-file --remarks-filter=dorefa 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// The documented example.

//--- before.mlir
func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1xf32> {
  %s = arith.constant dense<0.25> : tensor<f64>
  %e = arith.constant dense<0.5> : tensor<f64>
  %x = dorefa.dequantize %q, %s : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x2xf32>
  %c = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
  %w = dorefa.dequantize %c, %e : tensor<1x2x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<1x2xf32>
  %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

//--- after.mlir
func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1xf32> {
  %c = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<0.125> : tensor<f32>
  %acc = dorefa.matmul %q, %c
      : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  %y = dorefa.scale %acc, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

//--- cases.mlir

// CHECK-LABEL: @matmul_w1a2
func.func @matmul_w1a2(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1xf32> {
  %s = arith.constant dense<0.25> : tensor<f64>
  %e = arith.constant dense<0.5> : tensor<f64>
  %x = dorefa.dequantize %q, %s : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x2xf32>
  %c = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
  %w = dorefa.dequantize %c, %e : tensor<1x2x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<1x2xf32>
  // CHECK-DAG: %[[S:.*]] = arith.constant dense<1.250000e-01> : tensor<f32>
  // CHECK-DAG: %[[W:.*]] = dorefa.constant dense
  // CHECK: %[[ACC:.*]] = dorefa.matmul %arg0, %[[W]] : {{.*}} -> tensor<1x1xi32>
  // CHECK: %[[Y:.*]] = dorefa.scale %[[ACC]], %[[S]]
  // CHECK: return %[[Y]]
  %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

// Zero points become offsets, a scale per output channel a vector, the bias an
// addition behind the scale.

// CHECK-LABEL: @conv_2d_offsets_and_bias
func.func @conv_2d_offsets_and_bias(%q: tensor<?x4x4x1x!dorefa.code<4, unipolar>>) -> tensor<?x2x2x2xf32> {
  %s = arith.constant dense<0.5> : tensor<f64>
  %e = arith.constant dense<[0.25, 2.0]> : tensor<2xf64>
  %b = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %x = dorefa.dequantize %q, %s zero_point 8.0 : tensor<?x4x4x1x!dorefa.code<4, unipolar>>, tensor<f64> -> tensor<?x4x4x1xf32>
  %c = dorefa.constant dense<1> : tensor<2x3x3x1xi8> -> tensor<2x3x3x1x!dorefa.code<2, signed>>
  %w = dorefa.dequantize %c, %e zero_point -1.0 : tensor<2x3x3x1x!dorefa.code<2, signed>>, tensor<2xf64> -> tensor<2x3x3x1xf32>
  // CHECK-DAG: %[[S:.*]] = arith.constant dense<[1.250000e-01, 1.000000e+00]> : tensor<2xf32>
  // CHECK-DAG: %[[B:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  // CHECK: %[[ACC:.*]] = dorefa.conv_2d %arg0, %{{.*}} strides [2, 2] pads [1, 1, 0, 0] offsets -8, 1
  // CHECK-SAME: -> tensor<?x2x2x2xi32>
  // CHECK: %[[X:.*]] = dorefa.scale %[[ACC]], %[[S]]
  // CHECK: %[[Y:.*]] = dorefa.binary add %[[X]], %[[B]]
  // CHECK: return %[[Y]]
  %y = dorefa.conv_2d %x, %w bias(%b : tensor<2xf32>) strides [2, 2] pads [1, 1, 0, 0]
      : tensor<?x4x4x1xf32>, tensor<2x3x3x1xf32> -> tensor<?x2x2x2xf32>
  return %y : tensor<?x2x2x2xf32>
}

// -----

// CHECK-LABEL: @moves_below_movements
func.func @moves_below_movements(%q: tensor<?x4x4x3x!dorefa.code<2, unipolar>>) -> tensor<?x12xf32> {
  %s = arith.constant dense<0.25> : tensor<f64>
  %x = dorefa.dequantize %q, %s : tensor<?x4x4x3x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<?x4x4x3xf32>
  // CHECK: %[[P:.*]] = dorefa.max_pool %arg0 kernel [2, 2] strides [2, 2]
  // CHECK: %[[T:.*]] = linalg.transpose ins(%[[P]] : tensor<?x2x2x3x!dorefa.code<2, unipolar>>)
  // CHECK: %[[F:.*]] = tensor.collapse_shape %[[T]] {{\[\[}}0], [1, 2, 3]] : tensor<?x3x2x2x!dorefa.code<2, unipolar>> into tensor<?x12x!dorefa.code<2, unipolar>>
  // CHECK: dorefa.dequantize %[[F]]
  %p = dorefa.max_pool %x kernel [2, 2] strides [2, 2] : tensor<?x4x4x3xf32> -> tensor<?x2x2x3xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %p, %c0 : tensor<?x2x2x3xf32>
  %e = tensor.empty(%n) : tensor<?x3x2x2xf32>
  %t = linalg.transpose ins(%p : tensor<?x2x2x3xf32>) outs(%e : tensor<?x3x2x2xf32>) permutation = [0, 3, 1, 2]
  %f = tensor.collapse_shape %t [[0], [1, 2, 3]] : tensor<?x3x2x2xf32> into tensor<?x12xf32>
  return %f : tensor<?x12xf32>
}

// -----

// CHECK-LABEL: @moves_below_concat
func.func @moves_below_concat(%a: tensor<1x2x!dorefa.code<2, unipolar>>, %b: tensor<1x3x!dorefa.code<2, unipolar>>) -> (tensor<1x4xf32>, tensor<1x5xf32>) {
  %s = arith.constant dense<0.25> : tensor<f64>
  %s2 = arith.constant dense<0.5> : tensor<f64>
  %x = dorefa.dequantize %a, %s : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x2xf32>
  %y = dorefa.dequantize %b, %s : tensor<1x3x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x3xf32>
  %z = dorefa.dequantize %b, %s2 : tensor<1x3x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x3xf32>
  // CHECK: %[[C:.*]] = tensor.concat dim(1) %arg0, %arg1 : {{.*}} -> tensor<1x5x!dorefa.code<2, unipolar>>
  // CHECK: %[[D:.*]] = dorefa.dequantize %[[C]]
  // CHECK: %[[U:.*]] = tensor.extract_slice %[[UNEQUAL:.*]][0, 0]
  // CHECK: return %[[U]], %[[D]]
  %equal = tensor.concat dim(1) %x, %y : (tensor<1x2xf32>, tensor<1x3xf32>) -> tensor<1x5xf32>
  %unequal = tensor.concat dim(1) %x, %z : (tensor<1x2xf32>, tensor<1x3xf32>) -> tensor<1x5xf32>
  %u = tensor.extract_slice %unequal[0, 0] [1, 4] [1, 1] : tensor<1x5xf32> to tensor<1x4xf32>
  return %u, %equal : tensor<1x4xf32>, tensor<1x5xf32>
}

// -----

// CHECK-LABEL: @zero_padding_joins_conv
func.func @zero_padding_joins_conv(%q: tensor<1x2x2x1x!dorefa.code<2, unipolar>>) -> tensor<1x2x2x1xf32> {
  %s = arith.constant dense<0.25> : tensor<f64>
  %zero = arith.constant 0.0 : f32
  %x = dorefa.dequantize %q, %s : tensor<1x2x2x1x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x2x2x1xf32>
  %p = tensor.pad %x low[0, 1, 0, 0] high[0, 0, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x2x2x1xf32> to tensor<1x3x3x1xf32>
  %c = dorefa.constant dense<1> : tensor<1x2x2x1xi8> -> tensor<1x2x2x1x!dorefa.code<1, bipolar>>
  %w = dorefa.dequantize %c, %s : tensor<1x2x2x1x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<1x2x2x1xf32>
  // CHECK: dorefa.conv_2d %arg0, %{{.*}} pads [1, 0, 0, 1] : tensor<1x2x2x1x!dorefa.code<2, unipolar>>
  %y = dorefa.conv_2d %p, %w : tensor<1x3x3x1xf32>, tensor<1x2x2x1xf32> -> tensor<1x2x2x1xf32>
  return %y : tensor<1x2x2x1xf32>
}

// -----

// A layer takes taps outside its input for 0, so padding with another number, though it
// be the value of a code, keeps the layer in float.

// CHECK-LABEL: @padding_with_ones
func.func @padding_with_ones(%q: tensor<1x2x2x1x!dorefa.code<2, unipolar>>) -> tensor<1x2x2x1xf32> {
  %s = arith.constant dense<0.25> : tensor<f64>
  %one = arith.constant 0.25 : f32
  %x = dorefa.dequantize %q, %s : tensor<1x2x2x1x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x2x2x1xf32>
  // CHECK: tensor.pad
  %p = tensor.pad %x low[0, 1, 0, 0] high[0, 0, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %one : f32
  } : tensor<1x2x2x1xf32> to tensor<1x3x3x1xf32>
  %c = dorefa.constant dense<1> : tensor<1x2x2x1xi8> -> tensor<1x2x2x1x!dorefa.code<1, bipolar>>
  %w = dorefa.dequantize %c, %s : tensor<1x2x2x1x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<1x2x2x1xf32>
  // CHECK: dorefa.conv_2d {{.*}} {dorefa.reason = "'tensor.pad' stands between its quantizer and the layer"} : tensor<1x3x3x1xf32>
  %y = dorefa.conv_2d %p, %w : tensor<1x3x3x1xf32>, tensor<1x2x2x1xf32> -> tensor<1x2x2x1xf32>
  return %y : tensor<1x2x2x1xf32>
}

// -----

// What stays float says why.

// CHECK-LABEL: @stays_float
func.func @stays_float(%q: tensor<1x2x2x2x!dorefa.code<2, unipolar>>, %in: tensor<1x2xf32>) -> (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>) {
  %s = arith.constant dense<0.25> : tensor<f64>
  %per_input = arith.constant dense<[0.25, 0.5]> : tensor<2xf64>
  %x = dorefa.dequantize %q, %s : tensor<1x2x2x2x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x2x2x2xf32>
  %c = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
  %w = dorefa.dequantize %c, %s : tensor<1x2x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<1x2xf32>
  %w2 = dorefa.dequantize %c, %per_input axis 1 : tensor<1x2x!dorefa.code<1, bipolar>>, tensor<2xf64> -> tensor<1x2xf32>
  %w3 = dorefa.dequantize %c, %s zero_point 0.5 : tensor<1x2x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<1x2xf32>
  %p = dorefa.avg_pool %x kernel [2, 2] : tensor<1x2x2x2xf32> -> tensor<1x1x1x2xf32>
  %f = tensor.collapse_shape %p [[0, 1, 2], [3]] : tensor<1x1x1x2xf32> into tensor<1x2xf32>
  %sl = tensor.extract_slice %x[0, 0, 0, 0] [1, 1, 1, 2] [1, 1, 1, 1] : tensor<1x2x2x2xf32> to tensor<1x2xf32>
  // CHECK: dorefa.matmul %{{.*}}, %{{.*}} {dorefa.reason = "'dorefa.avg_pool' stands between its quantizer and the layer"}
  // REMARK: float-layer{{.*}}Reason="'dorefa.avg_pool' stands between its quantizer and the layer", Suggestion="quantize the result of that operation"
  %a = dorefa.matmul %f, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  // CHECK: dorefa.matmul %{{.*}}, %{{.*}} {dorefa.reason = "its weights have a scale per input channel"}
  // REMARK: float-layer{{.*}}Reason="its weights have a scale per input channel"
  %b = dorefa.matmul %sl, %w2 : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  // CHECK: dorefa.matmul %{{.*}}, %{{.*}} {dorefa.reason = "the zero point of its weights, 0.50, is not an integer"}
  // REMARK: float-layer{{.*}}Reason="the zero point of its weights, 0.50, is not an integer"
  %d = dorefa.matmul %sl, %w3 : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  // CHECK: dorefa.matmul %arg1, %{{[^ ]*}} :
  // REMARK: float-layer{{.*}}float in the source: its input is not quantized
  %e = dorefa.matmul %in, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  return %a, %b, %d, %e : tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>
}
