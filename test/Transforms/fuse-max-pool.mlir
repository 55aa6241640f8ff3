// The documented example, before and after.
// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --bitplane-fuse-max-pool > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir | diff %t/result.mlir -
// RUN: dorefa-opt %t/kept.mlir --bitplane-fuse-max-pool --split-input-file --remarks-filter=dorefa 2>%t/remarks | FileCheck %t/kept.mlir
// RUN: FileCheck %t/kept.mlir --check-prefix=REMARK < %t/remarks

//--- before.mlir
func.func @main(%x: tensor<1x5x4x1x1xi32>, %w: tensor<1x1x1x8xi8>, %t: tensor<1x1xi32>)
    -> tensor<1x2x2x1x1xi32> {
  %map = tensor.empty() : tensor<1x5x4x1x1xi32>
  %q = bitplane.conv_2d %x, %w thresholds %t : tensor<1x1xi32> outs(%map : tensor<1x5x4x1x1xi32>)
      channels 8 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      : tensor<1x5x4x1x1xi32>, tensor<1x1x1x8xi8> -> tensor<1x5x4x1x1xi32>
  %init = tensor.empty() : tensor<1x2x2x1x1xi32>
  %y = bitplane.max_pool %q outs(%init : tensor<1x2x2x1x1xi32>) code !dorefa.code<1, unipolar>
      kernel [2, 2] strides [2, 2] : tensor<1x5x4x1x1xi32> -> tensor<1x2x2x1x1xi32>
  return %y : tensor<1x2x2x1x1xi32>
}

//--- after.mlir
func.func @main(%x: tensor<1x5x4x1x1xi32>, %w: tensor<1x1x1x8xi8>, %t: tensor<1x1xi32>)
    -> tensor<1x2x2x1x1xi32> {
  %init = tensor.empty() : tensor<1x2x2x1x1xi32>
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<1x1xi32> outs(%init : tensor<1x2x2x1x1xi32>)
      channels 8 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      pool [2, 2] : tensor<1x5x4x1x1xi32>, tensor<1x1x1x8xi8> -> tensor<1x2x2x1x1xi32>
  return %y : tensor<1x2x2x1x1xi32>
}

//--- kept.mlir
// REMARK: max-pool-fused{{.*}}its windows overlap or leave gaps
// CHECK: bitplane.max_pool
func.func @main(%x: tensor<1x8x8x1x1xi32>, %w: tensor<1x1x1x8xi8>, %t: tensor<1x1xi32>) -> tensor<1x3x3x1x1xi32> {
  %map = tensor.empty() : tensor<1x8x8x1x1xi32>
  %q = bitplane.conv_2d %x, %w thresholds %t : tensor<1x1xi32> outs(%map : tensor<1x8x8x1x1xi32>) channels 8 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      : tensor<1x8x8x1x1xi32>, tensor<1x1x1x8xi8> -> tensor<1x8x8x1x1xi32>
  %init = tensor.empty() : tensor<1x3x3x1x1xi32>
  %y = bitplane.max_pool %q outs(%init : tensor<1x3x3x1x1xi32>) code !dorefa.code<1, unipolar>
      kernel [3, 3] strides [2, 2] : tensor<1x8x8x1x1xi32> -> tensor<1x3x3x1x1xi32>
  return %y : tensor<1x3x3x1x1xi32>
}

// -----

// REMARK: max-pool-fused{{.*}}the convolution has another user
// CHECK: bitplane.max_pool
func.func @main(%x: tensor<1x8x8x1x1xi32>, %w: tensor<1x1x1x8xi8>, %t: tensor<1x1xi32>) -> (tensor<1x4x4x1x1xi32>, tensor<1x8x8x1x1xi32>) {
  %map = tensor.empty() : tensor<1x8x8x1x1xi32>
  %q = bitplane.conv_2d %x, %w thresholds %t : tensor<1x1xi32> outs(%map : tensor<1x8x8x1x1xi32>) channels 8 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      : tensor<1x8x8x1x1xi32>, tensor<1x1x1x8xi8> -> tensor<1x8x8x1x1xi32>
  %init = tensor.empty() : tensor<1x4x4x1x1xi32>
  %y = bitplane.max_pool %q outs(%init : tensor<1x4x4x1x1xi32>) code !dorefa.code<1, unipolar>
      kernel [2, 2] strides [2, 2] : tensor<1x8x8x1x1xi32> -> tensor<1x4x4x1x1xi32>
  return %y, %q : tensor<1x4x4x1x1xi32>, tensor<1x8x8x1x1xi32>
}

// -----

// REMARK: max-pool-fused{{.*}}it is padded or dilated
// CHECK: bitplane.max_pool
func.func @main(%x: tensor<1x8x8x1x1xi32>, %w: tensor<1x1x1x8xi8>, %t: tensor<1x1xi32>) -> tensor<1x5x5x1x1xi32> {
  %map = tensor.empty() : tensor<1x8x8x1x1xi32>
  %q = bitplane.conv_2d %x, %w thresholds %t : tensor<1x1xi32> outs(%map : tensor<1x8x8x1x1xi32>) channels 8 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      : tensor<1x8x8x1x1xi32>, tensor<1x1x1x8xi8> -> tensor<1x8x8x1x1xi32>
  %init = tensor.empty() : tensor<1x5x5x1x1xi32>
  %y = bitplane.max_pool %q outs(%init : tensor<1x5x5x1x1xi32>) code !dorefa.code<1, unipolar>
      kernel [2, 2] strides [2, 2] pads [1, 1, 1, 1] : tensor<1x8x8x1x1xi32> -> tensor<1x5x5x1x1xi32>
  return %y : tensor<1x5x5x1x1xi32>
}

// -----

// REMARK: max-pool-fused{{.*}}its windows are not of 2 or 4 pixels
// CHECK: bitplane.max_pool
func.func @main(%x: tensor<1x8x8x1x1xi32>, %w: tensor<1x1x1x8xi8>, %t: tensor<1x1xi32>) -> tensor<1x2x2x1x1xi32> {
  %map = tensor.empty() : tensor<1x8x8x1x1xi32>
  %q = bitplane.conv_2d %x, %w thresholds %t : tensor<1x1xi32> outs(%map : tensor<1x8x8x1x1xi32>) channels 8 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      : tensor<1x8x8x1x1xi32>, tensor<1x1x1x8xi8> -> tensor<1x8x8x1x1xi32>
  %init = tensor.empty() : tensor<1x2x2x1x1xi32>
  %y = bitplane.max_pool %q outs(%init : tensor<1x2x2x1x1xi32>) code !dorefa.code<1, unipolar>
      kernel [3, 3] strides [3, 3] : tensor<1x8x8x1x1xi32> -> tensor<1x2x2x1x1xi32>
  return %y : tensor<1x2x2x1x1xi32>
}

// -----

// REMARK: max-pool-fused{{.*}}it pools no codes of a convolution
// CHECK: bitplane.max_pool
func.func @main(%q: tensor<1x8x8x1x1xi32>) -> tensor<1x4x4x1x1xi32> {
  %init = tensor.empty() : tensor<1x4x4x1x1xi32>
  %y = bitplane.max_pool %q outs(%init : tensor<1x4x4x1x1xi32>) code !dorefa.code<1, unipolar>
      kernel [2, 2] strides [2, 2] : tensor<1x8x8x1x1xi32> -> tensor<1x4x4x1x1xi32>
  return %y : tensor<1x4x4x1x1xi32>
}

// -----

// The second pool stays.
// REMARK: max-pool-fused{{.*}}the convolution has a pool already
// CHECK: bitplane.conv_2d {{.*}} pool [1, 2]
// CHECK: bitplane.max_pool
func.func @main(%x: tensor<1x8x8x1x1xi32>, %w: tensor<1x1x1x8xi8>, %t: tensor<1x1xi32>) -> tensor<1x8x2x1x1xi32> {
  %map = tensor.empty() : tensor<1x8x8x1x1xi32>
  %q = bitplane.conv_2d %x, %w thresholds %t : tensor<1x1xi32> outs(%map : tensor<1x8x8x1x1xi32>) channels 8 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      : tensor<1x8x8x1x1xi32>, tensor<1x1x1x8xi8> -> tensor<1x8x8x1x1xi32>
  %half = tensor.empty() : tensor<1x8x4x1x1xi32>
  %h = bitplane.max_pool %q outs(%half : tensor<1x8x4x1x1xi32>) code !dorefa.code<1, unipolar>
      kernel [1, 2] strides [1, 2] : tensor<1x8x8x1x1xi32> -> tensor<1x8x4x1x1xi32>
  %init = tensor.empty() : tensor<1x8x2x1x1xi32>
  %y = bitplane.max_pool %h outs(%init : tensor<1x8x2x1x1xi32>) code !dorefa.code<1, unipolar>
      kernel [1, 2] strides [1, 2] : tensor<1x8x4x1x1xi32> -> tensor<1x8x2x1x1xi32>
  return %y : tensor<1x8x2x1x1xi32>
}
