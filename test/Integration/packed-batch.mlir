// A batch that is known at run time only: the same results on codes and on words.

// RUN: %python -c "import numpy, sys; numpy.save(sys.argv[1], numpy.random.default_rng(3).integers(0, 4, (3, 4, 4, 3)).astype('f4'))" %t.x.npy
// RUN: dorefa-interpret %s --input %t.x.npy --output %t.codes.npy
// RUN: dorefa-opt %s --convert-dorefa-to-bitplane --canonicalize --bitplane-select-kernels --bitplane-pack-weights --bitplane-materialize-padding -o %t.words.mlir
// RUN: dorefa-interpret %t.words.mlir --input %t.x.npy --expect %t.codes.npy | FileCheck %s

// CHECK: 24 of 24

func.func @main(%x: tensor<?x4x4x3xf32>) -> tensor<?x2x4xf32> {
  %q = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even : tensor<?x4x4x3xf32> -> tensor<?x4x4x3x!dorefa.code<2, unipolar>>
  %w1 = dorefa.constant dense<[[[[0, 1, 1]]], [[[1, 1, 0]]], [[[1, 0, 1]]]]> : tensor<3x1x1x3xi8> -> tensor<3x1x1x3x!dorefa.code<1, bipolar>>
  %a = dorefa.conv_2d %q, %w1 pads [1, 0, 0, 1]
      : tensor<?x4x4x3x!dorefa.code<2, unipolar>>, tensor<3x1x1x3x!dorefa.code<1, bipolar>> -> tensor<?x5x5x3xi32>
  %t1 = arith.constant dense<[[-1, 1, 2], [0, 1, 3], [-2, 0, 2]]> : tensor<3x3xi32>
  %b = dorefa.threshold %a, %t1 decreasing [false, true, false]
      : tensor<?x5x5x3xi32>, tensor<3x3xi32> -> tensor<?x5x5x3x!dorefa.code<2, unipolar>>
  %c = dorefa.max_pool %b kernel [2, 2] strides [3, 3]
      : tensor<?x5x5x3x!dorefa.code<2, unipolar>> -> tensor<?x2x2x3x!dorefa.code<2, unipolar>>
  %d = tensor.collapse_shape %c [[0], [1, 2, 3]]
      : tensor<?x2x2x3x!dorefa.code<2, unipolar>> into tensor<?x12x!dorefa.code<2, unipolar>>
  %w2 = dorefa.constant dense<[[0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1], [1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0]]>
      : tensor<2x12xi8> -> tensor<2x12x!dorefa.code<1, bipolar>>
  %e = dorefa.matmul %d, %w2 : tensor<?x12x!dorefa.code<2, unipolar>>, tensor<2x12x!dorefa.code<1, bipolar>> -> tensor<?x2xi32>
  %t2 = arith.constant dense<[[-3, 0, 4]]> : tensor<1x3xi32>
  %f = dorefa.threshold %e, %t2 : tensor<?x2xi32>, tensor<1x3xi32> -> tensor<?x2x!dorefa.code<2, unipolar>>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %f, %c0 : tensor<?x2x!dorefa.code<2, unipolar>>
  %g = tensor.expand_shape %f [[0], [1, 2]] output_shape [%n, 2, 1] : tensor<?x2x!dorefa.code<2, unipolar>> into tensor<?x2x1x!dorefa.code<2, unipolar>>
  %w3 = dorefa.constant dense<[[0], [1], [1], [0]]> : tensor<4x1xi8> -> tensor<4x1x!dorefa.code<1, bipolar>>
  %h = dorefa.matmul %g, %w3 : tensor<?x2x1x!dorefa.code<2, unipolar>>, tensor<4x1x!dorefa.code<1, bipolar>> -> tensor<?x2x4xi32>
  %s = arith.constant dense<0.5> : tensor<f32>
  %y = dorefa.scale %h, %s : tensor<?x2x4xi32>, tensor<f32> -> tensor<?x2x4xf32>
  return %y : tensor<?x2x4xf32>
}
