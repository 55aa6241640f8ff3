// The documented example, before and after; a layer of each kind on each kind of chip.
// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --bitplane-select-gpu-kernels | FileCheck %s --check-prefix=EXAMPLE
// RUN: dorefa-opt %t/after.mlir | FileCheck %s --check-prefix=EXAMPLE
// RUN: dorefa-opt %t/layers.mlir --bitplane-select-gpu-kernels | FileCheck %s --check-prefix=SM80
// RUN: dorefa-opt %t/layers.mlir --bitplane-select-gpu-kernels=chip=sm_100 | FileCheck %s --check-prefix=SM100
// RUN: dorefa-opt %t/layers.mlir --bitplane-select-gpu-kernels=chip=sm_75 | FileCheck %s --check-prefix=SM75
// RUN: not dorefa-opt %t/layers.mlir --bitplane-select-gpu-kernels=chip=sm_33 2>&1 | FileCheck %s --check-prefix=CHIP
// CHIP: error: chip is 'sm_33', which is not known

// EXAMPLE: bitplane.matmul {{.*}} kernel popcount {dorefa.gpu_kernel = "popcount", dorefa.predicted_ns = {{[0-9]+}} : i64}

// Pairs of planes: 2, 16, and one of bits on a chip that has no products of bits.
// SM80: bitplane.matmul {{.*}} kernel popcount {dorefa.gpu_kernel = "b1 mma, tile
// SM80: bitplane.matmul {{.*}} kernel dot {dorefa.gpu_kernel = "u8 mma, tile
// SM100: bitplane.matmul {{.*}} kernel dot {dorefa.gpu_kernel = "u8 mma, tile
// SM100: bitplane.matmul {{.*}} kernel dot {dorefa.gpu_kernel = "u8 mma, tile
// SM75: bitplane.matmul {{.*}} kernel popcount {dorefa.gpu_kernel = "popcount"
// SM75: bitplane.matmul {{.*}} kernel popcount {dorefa.gpu_kernel = "popcount"

//--- before.mlir
func.func @main(%x: tensor<1x1x1xi32>, %w: tensor<1x2xi8>) -> tensor<1x1xi32> {
  %init = tensor.empty() : tensor<1x1xi32>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
      : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

//--- after.mlir
func.func @main(%x: tensor<1x1x1xi32>, %w: tensor<1x2xi8>) -> tensor<1x1xi32> {
  %init = tensor.empty() : tensor<1x1xi32>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount
      {dorefa.gpu_kernel = "popcount", dorefa.predicted_ns = 2379 : i64}
      : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

//--- layers.mlir
func.func @main(%x2: tensor<4096x128x2xi32>, %x4: tensor<4096x128x4xi32>, %w: tensor<4096x4096xi8>)
    -> (tensor<4096x4096xi32>, tensor<4096x4096xi32>) {
  %init = tensor.empty() : tensor<4096x4096xi32>
  %bits = bitplane.matmul %x2, %w outs(%init : tensor<4096x4096xi32>) channels 4096 to 4096
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar>
      : tensor<4096x128x2xi32>, tensor<4096x4096xi8> -> tensor<4096x4096xi32>
  %bytes = bitplane.matmul %x4, %w outs(%init : tensor<4096x4096xi32>) channels 4096 to 4096
      codes !dorefa.code<4, unipolar>, !dorefa.code<4, bipolar>
      : tensor<4096x128x4xi32>, tensor<4096x4096xi8> -> tensor<4096x4096xi32>
  return %bits, %bytes : tensor<4096x4096xi32>, tensor<4096x4096xi32>
}
