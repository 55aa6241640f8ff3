// Thresholds of a chain that forks and of a sum of two layers have no proof; the others of
// the network are proved all the same.

// RUN: dorefa-prove %s 2>&1 | FileCheck %s
// CHECK-DAG: 'leaky': remark: depends on the accumulators through more than one value, for which there is no proof; use verify=exhaustive
// CHECK-DAG: 'sum': remark: has no thresholds on accumulators, so that there is nothing to prove
// CHECK-DAG: (check-sat)

func.func @main(%x: tensor<1x4x!dorefa.code<2, unipolar>>) -> (tensor<1x1x!dorefa.code<2, signed>>, tensor<1x1x!dorefa.code<1, bipolar>>, tensor<1x1x!dorefa.code<1, bipolar>>) {
  %w = dorefa.constant dense<[[1, 1, 1, 0]]> : tensor<1x4xi8> -> tensor<1x4x!dorefa.code<1, bipolar>>
  %v = dorefa.constant dense<[[1, 0, 1, 0]]> : tensor<1x4xi8> -> tensor<1x4x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<0.25> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %acc = dorefa.matmul %x, %w : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<1x4x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  %y = dorefa.scale %acc, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  %p = dorefa.binary max %y, %zero : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %n = dorefa.binary min %y, %zero : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %m = dorefa.binary mul %n, %s : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %l = dorefa.binary add %p, %m : tensor<1x1xf32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %a = dorefa.quantize %l scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, signed>> loc("leaky")
  %other = dorefa.matmul %x, %v : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<1x4x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  %z = dorefa.scale %other, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  %sum = dorefa.binary sub %y, %z : tensor<1x1xf32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %b = dorefa.quantize_sign %sum : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<1, bipolar>> loc("sum")
  %c = dorefa.quantize_sign %z : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<1, bipolar>> loc("sign")
  return %a, %b, %c : tensor<1x1x!dorefa.code<2, signed>>, tensor<1x1x!dorefa.code<1, bipolar>>, tensor<1x1x!dorefa.code<1, bipolar>>
}
