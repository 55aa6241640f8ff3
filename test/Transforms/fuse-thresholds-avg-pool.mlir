// The mean of codes in front of a quantizer is an integer sum where that is exact.

// RUN: split-file %s %t
// RUN: dorefa-compile %t/net.mlir --compile-to=thresholds -o - | FileCheck %t/net.mlir
// RUN: %python -c "import numpy as np; np.save('%t/x.npy', np.random.default_rng(1).normal(1, 2, (2, 7, 7, 5)).astype(np.float32))"
// RUN: dorefa-interpret %t/net.mlir --phase=input --input %t/x.npy --output y=%t/y.npy --output z=%t/z.npy
// RUN: dorefa-interpret %t/net.mlir --phase=codes --input %t/x.npy --expect y=%t/y.npy --expect z=%t/z.npy
// RUN: dorefa-interpret %t/net.mlir --phase=kernels --input %t/x.npy --expect y=%t/y.npy --expect z=%t/z.npy
// RUN: dorefa-compile %t/net.mlir -o %t/net.so --verify-thresholds=exhaustive
// RUN: dorefa-run %t/net.so --input %t/x.npy --expect y=%t/y.npy --expect z=%t/z.npy
// RUN: dorefa-compile %t/inexact.mlir --compile-to=thresholds -o - --remarks 2>%t/remarks | FileCheck %t/inexact.mlir
// RUN: FileCheck %t/inexact.mlir --check-prefix=REMARK < %t/remarks

//--- net.mlir
// Levels 0 to 3, and -2 to 1 with zero point 1 on every other element.
// CHECK: dorefa.conv_2d {{.*}} strides [2, 2] groups 5 range [0, 27]
// CHECK: dorefa.threshold
// CHECK: dorefa.conv_2d {{.*}} dilations [2, 2] groups 5 offsets -1, 0 range [-12, 0]
// CHECK: dorefa.threshold
// CHECK-NOT: dorefa.avg_pool
func.func @main(%x: tensor<?x7x7x5xf32>) -> (tensor<?x3x3x5xf32> {dorefa.name = "y"}, tensor<?x5x5x5xf32> {dorefa.name = "z"}) {
  %s = arith.constant dense<0.25> : tensor<f64>
  %q = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even : tensor<?x7x7x5xf32> -> tensor<?x7x7x5x!dorefa.code<2, unipolar>>
  %f = dorefa.dequantize %q, %s : tensor<?x7x7x5x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<?x7x7x5xf32>
  %p = dorefa.avg_pool %f kernel [3, 3] strides [2, 2] : tensor<?x7x7x5xf32> -> tensor<?x3x3x5xf32>
  %r = dorefa.quantize %p scale [0.1] zero_point [0.0] half_even : tensor<?x3x3x5xf32> -> tensor<?x3x3x5x!dorefa.code<3, unipolar>>
  %one = arith.constant dense<1.0> : tensor<f64>
  %y = dorefa.dequantize %r, %one : tensor<?x3x3x5x!dorefa.code<3, unipolar>>, tensor<f64> -> tensor<?x3x3x5xf32>
  %a = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even : tensor<?x7x7x5xf32> -> tensor<?x7x7x5x!dorefa.code<2, signed>>
  %b = dorefa.dequantize %a, %s zero_point 1.0 : tensor<?x7x7x5x!dorefa.code<2, signed>>, tensor<f64> -> tensor<?x7x7x5xf32>
  %c = dorefa.avg_pool %b kernel [2, 2] dilations [2, 2] : tensor<?x7x7x5xf32> -> tensor<?x5x5x5xf32>
  %d = dorefa.quantize_sign %c : tensor<?x5x5x5xf32> -> tensor<?x5x5x5x!dorefa.code<1, bipolar>>
  %z = dorefa.dequantize %d, %one : tensor<?x5x5x5x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<?x5x5x5xf32>
  return %y, %z : tensor<?x3x3x5xf32>, tensor<?x5x5x5xf32>
}

//--- inexact.mlir
// Sums of thirds are rounded, and a padded window has fewer elements.
// CHECK-COUNT-2: dorefa.avg_pool
// REMARK-COUNT-2: 'dorefa.avg_pool' stands between the layer and the quantizer
func.func @main(%q: tensor<1x4x4x1x!dorefa.code<2, unipolar>>) -> (tensor<1x1x1x1x!dorefa.code<2, unipolar>>, tensor<1x3x3x1x!dorefa.code<2, unipolar>>) {
  %s = arith.constant dense<0.33333333333333331> : tensor<f64>
  %f = dorefa.dequantize %q, %s : tensor<1x4x4x1x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x4x4x1xf32>
  %p = dorefa.avg_pool %f kernel [4, 4] : tensor<1x4x4x1xf32> -> tensor<1x1x1x1xf32>
  %r = dorefa.quantize_activations %p clip : tensor<1x1x1x1xf32> -> tensor<1x1x1x1x!dorefa.code<2, unipolar>>
  %t = arith.constant dense<0.5> : tensor<f64>
  %g = dorefa.dequantize %q, %t : tensor<1x4x4x1x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x4x4x1xf32>
  %u = dorefa.avg_pool %g kernel [2, 2] strides [2, 2] pads [1, 1, 1, 1] : tensor<1x4x4x1xf32> -> tensor<1x3x3x1xf32>
  %v = dorefa.quantize_activations %u clip : tensor<1x3x3x1xf32> -> tensor<1x3x3x1x!dorefa.code<2, unipolar>>
  return %r, %v : tensor<1x1x1x1x!dorefa.code<2, unipolar>>, tensor<1x3x3x1x!dorefa.code<2, unipolar>>
}
