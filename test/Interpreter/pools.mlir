// RUN: dorefa-interpret %s --print | FileCheck %s

// The overlapping pool of AlexNet: 3x3 windows, 2 apart, padded at the end only.
// CHECK: floats: {{\[}}[{{\[}}[11], [12]], {{\[}}[15], [16]]]]
// CHECK: accumulators: {{\[}}[{{\[}}[-3]]]]
// Ternary codes are compared by value: 2 is -1, 0 is 0, 1 is +1.
// CHECK: codes: {{\[}}[{{\[}}[0, 1]]]]
// Only elements inside the input are counted, or all of the kernel.
// CHECK: mean: {{\[}}[{{\[}}[1], [2.5]], {{\[}}[7], [8.5]]]]
// CHECK: padded_mean: {{\[}}[{{\[}}[0.25], [1.25]], {{\[}}[3.5], [8.5]]]]
func.func @main() -> (tensor<1x2x2x1xf32> {dorefa.name = "floats"}, tensor<1x1x1x1xi32> {dorefa.name = "accumulators"},
    tensor<1x1x1x2x!dorefa.code<2, ternary>> {dorefa.name = "codes"}, tensor<1x2x2x1xf32> {dorefa.name = "mean"}, tensor<1x2x2x1xf32> {dorefa.name = "padded_mean"}) {
  %x = arith.constant dense<[[[[1.0], [2.0], [3.0], [4.0]], [[5.0], [6.0], [7.0], [8.0]], [[9.0], [10.0], [11.0], [12.0]], [[13.0], [14.0], [15.0], [16.0]]]]> : tensor<1x4x4x1xf32>
  %floats = dorefa.max_pool %x kernel [3, 3] strides [2, 2] pads [0, 0, 1, 1] : tensor<1x4x4x1xf32> -> tensor<1x2x2x1xf32>
  %acc = arith.constant dense<[[[[-5], [-3]], [[-4], [-9]]]]> : tensor<1x2x2x1xi32>
  %accumulators = dorefa.max_pool %acc kernel [2, 2] : tensor<1x2x2x1xi32> -> tensor<1x1x1x1xi32>
  %q = dorefa.constant dense<[[[[2, 0], [0, 1]]]]> : tensor<1x1x2x2xi8> -> tensor<1x1x2x2x!dorefa.code<2, ternary>>
  %codes = dorefa.max_pool %q kernel [1, 2] : tensor<1x1x2x2x!dorefa.code<2, ternary>> -> tensor<1x1x1x2x!dorefa.code<2, ternary>>
  %mean = dorefa.avg_pool %x kernel [2, 2] strides [2, 2] pads [1, 1, 0, 0] : tensor<1x4x4x1xf32> -> tensor<1x2x2x1xf32>
  %padded_mean = dorefa.avg_pool %x kernel [2, 2] strides [2, 2] pads [1, 1, 0, 0] {count_include_pad} : tensor<1x4x4x1xf32> -> tensor<1x2x2x1xf32>
  return %floats, %accumulators, %codes, %mean, %padded_mean : tensor<1x2x2x1xf32>, tensor<1x1x1x1xi32>, tensor<1x1x1x2x!dorefa.code<2, ternary>>,
      tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32>
}
