// RUN: not dorefa-opt %s --dorefa-fuse-thresholds=verify=sometimes 2>&1 | FileCheck %s

// CHECK: Cannot find option named 'sometimes'

func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  return %x : tensor<1x2xf32>
}
