// RUN: not dorefa-opt %s --dorefa-fuse-thresholds=verify=sometimes 2>&1 | FileCheck %s

// CHECK: Cannot find option named 'sometimes'

func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  return %x : tensor<1x2xf32>
}

// RUN: not dorefa-opt %s --split-input-file --dorefa-fuse-thresholds=verify=exhaustive 2>&1 | FileCheck %s --check-prefix=SIZE

// -----

// SIZE: [[@LINE+4]]:8: error: 'dorefa.quantize_sign' op has 8589934592 accumulators to compare in all channels but verify=exhaustive takes at most 4294967296; use verify=certificate
func.func @too_many(%acc: tensor<1x2xi32>) -> tensor<1x2x!dorefa.code<1, bipolar>> {
  %s = arith.constant dense<1.0> : tensor<f32>
  %x = dorefa.scale %acc, %s : tensor<1x2xi32>, tensor<f32> -> tensor<1x2xf32>
  %q = dorefa.quantize_sign %x : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<1, bipolar>>
  return %q : tensor<1x2x!dorefa.code<1, bipolar>>
}
