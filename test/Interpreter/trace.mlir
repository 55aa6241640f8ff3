// RUN: dorefa-interpret %s --trace=%t.npz
// RUN: %python -c "import numpy as np; [print(n, a.dtype, a.tolist()) for n, a in np.load('%t.npz').items()]" | FileCheck %s

// Accumulators are int32. Of the integer and the float value of one name the integer
// one counts, and channels-first files get their layout back.
// CHECK-DAG: conv int32 {{\[}}{{\[}}{{\[}}[0, 2]], {{\[}}[0, 4]]]]
// Codes are the integers that they stand for.
// CHECK-DAG: codes int32 [-3, -1, 1, 3]
// CHECK-DAG: packed int32 {{\[}}[1, 0, 3]]
// The name of a fused operation is that of its last part.
// CHECK-DAG: relu float32 [0.0, 2.0]
// CHECK-NOT: constant
// CHECK-NOT: bytes
func.func @main() {
  %x = dorefa.constant dense<[[[[0, 1], [1, 1]]]]> : tensor<1x1x2x2xi8> -> tensor<1x1x2x2x!dorefa.code<1, bipolar>> loc("constant")
  %w = dorefa.constant dense<[[[[0, 0]]], [[[1, 1]]]]> : tensor<2x1x1x2xi8> -> tensor<2x1x1x2x!dorefa.code<2, signed>>
  %acc = dorefa.conv_2d %x, %w offsets 0, 1 : tensor<1x1x2x2x!dorefa.code<1, bipolar>>, tensor<2x1x1x2x!dorefa.code<2, signed>> -> tensor<1x1x2x2xi32> loc(#conv)
  %s = arith.constant dense<0.5> : tensor<f32>
  %y = dorefa.scale %acc, %s : tensor<1x1x2x2xi32>, tensor<f32> -> tensor<1x1x2x2xf32> loc(#conv)
  %q = dorefa.constant dense<[0, 1, 2, 3]> : tensor<4xi8> -> tensor<4x!dorefa.code<2, bipolar>>
  %half = arith.constant dense<0.5> : tensor<f64>
  %r = dorefa.dequantize %q, %half : tensor<4x!dorefa.code<2, bipolar>>, tensor<f64> -> tensor<4xf32> loc("codes")
  %z = arith.constant dense<[-1.5, -0.5, 0.5, 1.5]> : tensor<4xf32>
  %again = dorefa.quantize %z scale [1.0] zero_point [1.5] half_even : tensor<4xf32> -> tensor<4x!dorefa.code<2, bipolar>> loc("codes")
  %bytes = dorefa.storage_cast %again : tensor<4x!dorefa.code<2, bipolar>> to tensor<4xi8> loc("bytes")
  %a = arith.constant dense<[[5, -5, 25]]> : tensor<1x3xi32>
  %t = arith.constant dense<[[0, 10, 20]]> : tensor<1x3xi32>
  %init = tensor.empty() : tensor<1x1x2xi32>
  %words = bitplane.threshold %a, %t outs(%init : tensor<1x1x2xi32>) code !dorefa.code<2, unipolar> : tensor<1x3xi32>, tensor<1x3xi32> -> tensor<1x1x2xi32> loc("packed")
  %v = arith.constant dense<[-1.0, 2.0]> : tensor<2xf32>
  %u = dorefa.unary relu %v : tensor<2xf32> loc(fused["affine", "relu"])
  return
}
#conv = loc(fused<"nchw">["conv"])
