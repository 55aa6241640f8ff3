// RUN: dorefa-opt %s --convert-dorefa-to-linalg --split-input-file | FileCheck %s

// Weights OHWI become HWCF; the chains start from the bias. Only the border of a
// padded map is filled.
// CHECK-LABEL: @conv_2d
func.func @conv_2d(%x: tensor<?x4x4x1xf32>, %b: tensor<2xf32>) -> tensor<?x3x2x2xf32> {
  // CHECK: %[[BIAS:.*]] = linalg.broadcast ins(%arg1 : tensor<2xf32>)
  // CHECK: %[[W:.*]] = arith.constant dense<{{\[\[\[\[}}1.000000e+00, 3.000000e+00]], {{\[\[}}2.000000e+00, 4.000000e+00]]]]> : tensor<1x2x1x2xf32>
  // CHECK: %[[MAP:.*]] = tensor.empty(%{{.*}}) : tensor<?x5x5x1xf32>
  // CHECK: %[[INSIDE:.*]] = tensor.insert_slice %arg0 into %[[MAP]][0, 1, 0, 0] [%{{.*}}, 4, 4, 1]
  // CHECK: tensor.extract_slice %[[INSIDE]][0, 0, 0, 0] [%{{.*}}, 1, 5, 1]
  // CHECK: linalg.fill {{.*}} tensor<?x1x5x1xf32>
  // CHECK: tensor.extract_slice %{{.*}}[0, 1, 4, 0] [%{{.*}}, 4, 1, 1]
  // CHECK: linalg.fill {{.*}} tensor<?x4x1x1xf32>
  // CHECK: %[[PADDED:.*]] = tensor.insert_slice
  // CHECK: linalg.conv_2d_nhwc_hwcf {{.*}}strides = dense<2>{{.*}} ins(%[[PADDED]], %[[W]] : tensor<?x5x5x1xf32>, tensor<1x2x1x2xf32>) outs(%[[BIAS]]
  %w = arith.constant dense<[[[[1.0], [2.0]]], [[[3.0], [4.0]]]]> : tensor<2x1x2x1xf32>
  %y = dorefa.conv_2d %x, %w bias(%b : tensor<2xf32>) strides [2, 2] pads [1, 0, 0, 1]
      : tensor<?x4x4x1xf32>, tensor<2x1x2x1xf32> -> tensor<?x3x2x2xf32>
  return %y : tensor<?x3x2x2xf32>
}

// -----

// All groups in one loop nest, each output one chain of fused multiply-adds.
// CHECK-LABEL: @grouped
func.func @grouped(%x: tensor<1x4x4x6xf32>, %w: tensor<8x3x3x3xf32>) -> tensor<1x2x2x8xf32> {
  // CHECK: linalg.generic {{.*}}"reduction", "reduction", "reduction", "parallel", "parallel"]} ins(%{{.*}} : tensor<1x4x4x2x3xf32>, tensor<3x3x3x2x4xf32>) outs(%{{.*}} : tensor<1x2x2x2x4xf32>)
  // CHECK: math.fma
  // CHECK: tensor.collapse_shape {{.*}} : tensor<1x2x2x2x4xf32> into tensor<1x2x2x8xf32>
  %y = dorefa.conv_2d %x, %w groups 2 : tensor<1x4x4x6xf32>, tensor<8x3x3x3xf32> -> tensor<1x2x2x8xf32>
  return %y : tensor<1x2x2x8xf32>
}

// -----

// One filter per channel.
// CHECK-LABEL: @depthwise
func.func @depthwise(%x: tensor<1x4x4x8xf32>, %w: tensor<8x3x3x1xf32>) -> tensor<1x2x2x8xf32> {
  // CHECK: linalg.depthwise_conv_2d_nhwc_hwc {{.*}} ins(%{{.*}}, %{{.*}} : tensor<1x4x4x8xf32>, tensor<3x3x8xf32>)
  %y = dorefa.conv_2d %x, %w groups 8 : tensor<1x4x4x8xf32>, tensor<8x3x3x1xf32> -> tensor<1x2x2x8xf32>
  return %y : tensor<1x2x2x8xf32>
}

// -----

// An image is read where it lies.
// CHECK: #[[$INPUT:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d5, d1 * 2 + d3, d2 * 2 + d4)>
// CHECK-LABEL: @channels_first
func.func @channels_first(%x: tensor<1x3x8x8xf32>, %w: tensor<16x3x3x3xf32>) -> tensor<1x4x4x16xf32> {
  // CHECK: tensor.insert_slice %arg0 into %{{.*}}[0, 0, 1, 1] [1, 3, 8, 8]
  // CHECK-COUNT-2: linalg.fill
  // CHECK: %[[PADDED:.*]] = tensor.insert_slice
  // CHECK: linalg.generic {indexing_maps = [#[[$INPUT]], {{.*}} ins(%[[PADDED]], %{{.*}} : tensor<1x3x9x9xf32>, tensor<3x3x3x16xf32>)
  %e = tensor.empty() : tensor<1x8x8x3xf32>
  %t = linalg.transpose ins(%x : tensor<1x3x8x8xf32>) outs(%e : tensor<1x8x8x3xf32>) permutation = [0, 2, 3, 1]
  %y = dorefa.conv_2d %t, %w strides [2, 2] pads [1, 1, 0, 0] : tensor<1x8x8x3xf32>, tensor<16x3x3x3xf32> -> tensor<1x4x4x16xf32>
  return %y : tensor<1x4x4x16xf32>
}

// -----

// CHECK-LABEL: @matmul_of_rank_3
func.func @matmul_of_rank_3(%x: tensor<?x3x4xf32>, %w: tensor<5x4xf32>) -> tensor<?x3x5xf32> {
  // CHECK: tensor.collapse_shape %arg0 {{\[\[}}0, 1], [2]] : tensor<?x3x4xf32> into tensor<?x4xf32>
  // CHECK: linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<?x4xf32>, tensor<4x5xf32>)
  // CHECK: tensor.expand_shape {{.*}} into tensor<?x3x5xf32>
  %y = dorefa.matmul %x, %w : tensor<?x3x4xf32>, tensor<5x4xf32> -> tensor<?x3x5xf32>
  return %y : tensor<?x3x5xf32>
}

// -----

// Padded elements take no part: none is greater than minus infinity.
// CHECK-LABEL: @max_pool
func.func @max_pool(%x: tensor<1x4x4x8xf32>) -> tensor<1x2x2x8xf32> {
  // CHECK: tensor.insert_slice %arg0 into %{{.*}}[0, 0, 0, 0] [1, 4, 4, 8]
  // CHECK: linalg.fill ins(%{{.*}} : f32)
  // CHECK: linalg.generic {{.*}}["parallel", "parallel", "parallel", "reduction", "reduction", "parallel"]
  // CHECK: arith.cmpf ogt
  %y = dorefa.max_pool %x kernel [3, 3] strides [2, 2] pads [0, 0, 1, 1] : tensor<1x4x4x8xf32> -> tensor<1x2x2x8xf32>
  return %y : tensor<1x2x2x8xf32>
}

// -----

// CHECK-LABEL: @max_pool_of_accumulators
func.func @max_pool_of_accumulators(%x: tensor<1x4x4x8xi32>) -> tensor<1x2x2x8xi32> {
  // CHECK: arith.constant -2147483648 : i32
  // CHECK: arith.cmpi sgt
  %y = dorefa.max_pool %x kernel [2, 2] strides [2, 2] : tensor<1x4x4x8xi32> -> tensor<1x2x2x8xi32>
  return %y : tensor<1x2x2x8xi32>
}

// -----

// Each window is divided by the number of its taps inside the input.
// CHECK-LABEL: @avg_pool
func.func @avg_pool(%x: tensor<1x2x2x8xf32>) -> tensor<1x2x2x8xf32> {
  // CHECK: arith.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [2.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>
  // CHECK: arith.divf
  %y = dorefa.avg_pool %x kernel [2, 2] pads [1, 1, 0, 0] : tensor<1x2x2x8xf32> -> tensor<1x2x2x8xf32>
  return %y : tensor<1x2x2x8xf32>
}

// -----

// CHECK-LABEL: @softmax
func.func @softmax(%x: tensor<?x10xf32>) -> tensor<?x10xf32> {
  // CHECK: ["parallel", "reduction"]
  // CHECK: arith.subf
  // CHECK: math.exp %{{.*}} : f64
  // CHECK: ["parallel", "reduction"]
  // CHECK: arith.divf
  %y = dorefa.softmax %x : tensor<?x10xf32>
  return %y : tensor<?x10xf32>
}

// -----

// CHECK-LABEL: @top_k
func.func @top_k(%x: tensor<?x10xf32>) -> (tensor<?x2xf32>, tensor<?x2xi64>) {
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK: tensor.extract %arg0
  // CHECK-COUNT-2: tensor.insert
  %v, %i = dorefa.top_k %x : tensor<?x10xf32> -> tensor<?x2xf32>, tensor<?x2xi64>
  return %v, %i : tensor<?x2xf32>, tensor<?x2xi64>
}

// -----

// Without the copy the elements of the row would lie 3 apart.
// CHECK-LABEL: @one_channel_of_many
func.func @one_channel_of_many(%x: tensor<?x2x2x3xi8>) -> tensor<?x4xi8> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x2x2x3xi8>
  // CHECK: %[[SLICE:.*]] = tensor.extract_slice
  // CHECK: %[[COPY:.*]] = linalg.copy ins(%[[SLICE]] : tensor<?x2x2x1xi8>)
  // CHECK: tensor.collapse_shape %[[COPY]]
  %s = tensor.extract_slice %x[0, 0, 0, 1] [%n, 2, 2, 1] [1, 1, 1, 1]
      : tensor<?x2x2x3xi8> to tensor<?x2x2x1xi8>
  %r = tensor.collapse_shape %s [[0], [1, 2, 3]] : tensor<?x2x2x1xi8> into tensor<?x4xi8>
  return %r : tensor<?x4xi8>
}
