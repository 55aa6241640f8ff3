// RUN: split-file %s %t
// RUN: dorefa-interpret %t/conv.mlir --print | FileCheck %t/conv.mlir
// RUN: dorefa-interpret %t/matmul.mlir --print | FileCheck %t/matmul.mlir
// RUN: dorefa-interpret %t/chain.mlir --print | FileCheck %t/chain.mlir

//--- conv.mlir
// Codes 0 1 2 / 3 0 1 / 2 3 0 with a 2x2 filter of +1 -1 / -1 +1.
// CHECK: plain: {{\[}}[{{\[}}[-4], [0]], {{\[}}[4], [-4]]]]
// The same filter, padded by one on all sides and moved by two: taps outside count as 0.
// CHECK: padded: {{\[}}[{{\[}}[0], [1]], {{\[}}[-1], [-4]]]]
// Two groups of bipolar inputs (v = 2q - 3): -3 - 1 and -1 + 3.
// CHECK: groups: {{\[}}[{{\[}}[-4, 2]]]]
// Offsets: (v(x) + 1) (v(w) + 1) = (0+1)(1+1) + (1+1)(-1+1) + (3+1)(-1+1) + (0+1)(1+1)
// CHECK: offsets: {{\[}}[{{\[}}[4]]]]
// Dilation 2 reaches the corners: 0 - 2 - 2 + 0.
// CHECK: dilated: {{\[}}[{{\[}}[-4]]]]
module {
  func.func @main() -> (tensor<1x2x2x1xi32> {dorefa.name = "plain"}, tensor<1x2x2x1xi32> {dorefa.name = "padded"}, tensor<1x1x1x2xi32> {dorefa.name = "groups"},
                        tensor<1x1x1x1xi32> {dorefa.name = "offsets"}, tensor<1x1x1x1xi32> {dorefa.name = "dilated"}) {
    %x = dorefa.constant dense<[[[[0], [1], [2]], [[3], [0], [1]], [[2], [3], [0]]]]> : tensor<1x3x3x1xi8> -> tensor<1x3x3x1x!dorefa.code<2, unipolar>>
    %w = dorefa.constant dense<[[[[1], [0]], [[0], [1]]]]> : tensor<1x2x2x1xi8> -> tensor<1x2x2x1x!dorefa.code<1, bipolar>>
    %plain = dorefa.conv_2d %x, %w : tensor<1x3x3x1x!dorefa.code<2, unipolar>>, tensor<1x2x2x1x!dorefa.code<1, bipolar>> -> tensor<1x2x2x1xi32>
    %padded = dorefa.conv_2d %x, %w strides [2, 2] pads [1, 1, 0, 0] : tensor<1x3x3x1x!dorefa.code<2, unipolar>>, tensor<1x2x2x1x!dorefa.code<1, bipolar>> -> tensor<1x2x2x1xi32>
    %y = dorefa.constant dense<[[[[0, 1, 2, 3]]]]> : tensor<1x1x1x4xi8> -> tensor<1x1x1x4x!dorefa.code<2, bipolar>>
    %v = dorefa.constant dense<[[[[1, 1]]], [[[0, 1]]]]> : tensor<2x1x1x2xi8> -> tensor<2x1x1x2x!dorefa.code<1, bipolar>>
    %groups = dorefa.conv_2d %y, %v groups 2 : tensor<1x1x1x4x!dorefa.code<2, bipolar>>, tensor<2x1x1x2x!dorefa.code<1, bipolar>> -> tensor<1x1x1x2xi32>
    %z = dorefa.constant dense<[[[[0], [1]], [[3], [0]]]]> : tensor<1x2x2x1xi8> -> tensor<1x2x2x1x!dorefa.code<2, unipolar>>
    %offsets = dorefa.conv_2d %z, %w offsets 1, 1 : tensor<1x2x2x1x!dorefa.code<2, unipolar>>, tensor<1x2x2x1x!dorefa.code<1, bipolar>> -> tensor<1x1x1x1xi32>
    %dilated = dorefa.conv_2d %x, %w dilations [2, 2] : tensor<1x3x3x1x!dorefa.code<2, unipolar>>, tensor<1x2x2x1x!dorefa.code<1, bipolar>> -> tensor<1x1x1x1xi32>
    return %plain, %padded, %groups, %offsets, %dilated : tensor<1x2x2x1xi32>, tensor<1x2x2x1xi32>, tensor<1x1x1x2xi32>, tensor<1x1x1x1xi32>, tensor<1x1x1x1xi32>
  }
}

//--- matmul.mlir
// Signed inputs -2, -1, 0, 1 and ternary weights +1, 0, -1, +1.
// CHECK: output0: {{\[}}[-1]]
// CHECK: output1: {{\[}}[32.5, -1]]
module {
  func.func @main() -> (tensor<1x1xi32>, tensor<1x2xf32>) {
    %x = dorefa.constant dense<[[2, 3, 0, 1]]> : tensor<1x4xi8> -> tensor<1x4x!dorefa.code<2, signed>>
    %w = dorefa.constant dense<[[1, 0, 2, 1]]> : tensor<1x4xi8> -> tensor<1x4x!dorefa.code<2, ternary>>
    %codes = dorefa.matmul %x, %w : tensor<1x4x!dorefa.code<2, signed>>, tensor<1x4x!dorefa.code<2, ternary>> -> tensor<1x1xi32>
    %y = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
    %v = arith.constant dense<[[4.0, 5.0, 6.0], [0.0, 1.0, -1.0]]> : tensor<2x3xf32>
    %bias = arith.constant dense<[0.5, 0.0]> : tensor<2xf32>
    %floats = dorefa.matmul %y, %v bias(%bias : tensor<2xf32>) : tensor<1x3xf32>, tensor<2x3xf32> -> tensor<1x2xf32>
    return %codes, %floats : tensor<1x1xi32>, tensor<1x2xf32>
  }
}

//--- chain.mlir
// One rounding per tap: with a = 1 + 2^-12 and b = -(1 + 2^-11), b + a * a is 2^-24 when
// fused and 0 when the product is rounded first. The order of the taps is (ky, kx, c):
// 2^24 + 1 + 1 stays 2^24 from the left, and would be 2^24 + 2 from the right.
// CHECK: output0: {{\[}}[{{\[}}[5.96046448e-08]]]]
// CHECK: output1: {{\[}}[{{\[}}[16777216]]]]
module {
  func.func @main() -> (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) {
    %a = arith.constant dense<1.000244140625> : tensor<1x1x1x1xf32>
    %b = arith.constant dense<-1.00048828125> : tensor<1xf32>
    %fused = dorefa.conv_2d %a, %a bias(%b : tensor<1xf32>) : tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32> -> tensor<1x1x1x1xf32>
    %x = arith.constant dense<[[[[16777216.0], [1.0]], [[1.0], [0.0]]]]> : tensor<1x2x2x1xf32>
    %w = arith.constant dense<1.0> : tensor<1x2x2x1xf32>
    %order = dorefa.conv_2d %x, %w : tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32> -> tensor<1x1x1x1xf32>
    return %fused, %order : tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>
  }
}
