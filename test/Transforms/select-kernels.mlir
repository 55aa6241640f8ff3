// RUN: dorefa-opt %s --bitplane-select-kernels --split-input-file | FileCheck %s
// RUN: dorefa-opt %s --bitplane-select-kernels="features=avx512bw,avx512vbmi,avx512vpopcntdq" --split-input-file | FileCheck %s --check-prefix=VBMI
// RUN: dorefa-opt %s --bitplane-select-kernels="lanes=8 features=avx2" --split-input-file | FileCheck %s --check-prefix=AVX2
// RUN: dorefa-opt %s --bitplane-select-kernels="kernel=lookup features=avx512bw" --split-input-file | FileCheck %s --check-prefix=FORCED
// RUN: dorefa-opt %s --bitplane-select-kernels --split-input-file --remark-format=emitRemark --remarks-filter=dorefa -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: dorefa-opt %s --bitplane-select-kernels="features=avx512bw,avx512vbmi,avx512vnni,avx512vpopcntdq" --split-input-file | FileCheck %s --check-prefix=VNNI
// RUN: dorefa-opt %s --bitplane-select-kernels=kernel=dot --split-input-file | FileCheck %s --check-prefix=DOT
// RUN: not dorefa-opt %s --bitplane-select-kernels=kernel=fast --split-input-file 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not dorefa-opt %s --bitplane-select-kernels=kernels=popcount,popcount --split-input-file 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: not dorefa-opt %s --bitplane-select-kernels=kernels=lookup --split-input-file 2>&1 | FileCheck %s --check-prefix=CANNOT
// RUN: not dorefa-opt %s --bitplane-select-kernels=kernels=fast --split-input-file 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// COUNT: error: has 1 layers on bits but 2 kernels are named
// CANNOT: error: 'bitplane.matmul' op is to be computed by kernel 'lookup', which cannot compute it on this target
// UNKNOWN: error: 'bitplane.matmul' op is to be computed by kernel 'fast', which does not exist
// NAME: error: kernel is 'fast' but must be popcount, lookup or dot

// CHECK-LABEL: @main
// CHECK: bitplane.matmul {{.*}} kernel popcount
// REMARK: kernel-selected | Category:dorefa | accumulatorBits=32, activationBits=1, floatBytes=8, kernel=popcount, layer=-, packedBytes=128, shape="1x2 * 1x2 -> 1x1", weightBits=1
func.func @main(%x: tensor<1x1x1xi32>, %w: tensor<1x2xi8>) -> tensor<1x1xi32> {
  %init = tensor.empty() : tensor<1x1xi32>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
      : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

// -----

// What is chosen stays.

// CHECK-LABEL: @main
// CHECK: bitplane.matmul {{.*}} kernel popcount
func.func @main(%x: tensor<1x1x1xi32>, %w: tensor<1x2xi8>) -> tensor<1x1xi32> {
  %init = tensor.empty() : tensor<1x1xi32>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount
      : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

// -----

// CHECK-LABEL: @conv_2d
// VBMI: kernel lookup
// AVX2: kernel lookup
// FORCED: kernel lookup
// CHECK: kernel popcount pads [1, 1, 1, 1] range [-1080, 1080]
// REMARK: accumulatorBits=16, activationBits=2, floatBytes=92160, kernel=popcount, layer=conv1, packedBytes=5632, shape="?x8x8x40 * 64x3x3x40 -> ?x8x8x64", weightBits=1
func.func @conv_2d(%x: tensor<?x8x8x2x2xi32>, %w: tensor<64x3x3x40xi8>, %t: tensor<1x3xi32>, %init: tensor<?x8x8x2x2xi32>) -> tensor<?x8x8x2x2xi32> {
  %q = bitplane.conv_2d %x, %w thresholds %t : tensor<1x3xi32> outs(%init : tensor<?x8x8x2x2xi32>)
      channels 40 to 64 codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar>
      pads [1, 1, 1, 1] range [-1080, 1080] : tensor<?x8x8x2x2xi32>, tensor<64x3x3x40xi8> -> tensor<?x8x8x2x2xi32> loc(fused["conv1", "quant1"])
  return %q : tensor<?x8x8x2x2xi32>
}

// -----

// 16 pairs of planes take longer than dot products of bytes where there is an instruction for them, one
// pair does not; grouped channels of one block have no layout for them.

// CHECK-LABEL: @widths
// VNNI-LABEL: @widths
// DOT-LABEL: @widths
// CHECK: kernel popcount
// VNNI: kernel dot
// DOT: kernel dot
// CHECK: kernel popcount
// VNNI: kernel popcount
// DOT: kernel dot
// CHECK: kernel popcount groups
// VNNI: kernel popcount groups
// DOT: kernel popcount groups
func.func @widths(%x: tensor<64x16x4xi32>, %y: tensor<64x16x1xi32>, %w: tensor<64x512xi8>, %init: tensor<64x64xi32>, %map: tensor<1x4x4x1x3xi32>,
                  %f: tensor<4x1x1x1xi8>, %sums: tensor<1x4x4x4xi32>) -> (tensor<64x64xi32>, tensor<64x64xi32>, tensor<1x4x4x4xi32>) {
  %a = bitplane.matmul %x, %w outs(%init : tensor<64x64xi32>) channels 512 to 64 codes !dorefa.code<4, unipolar>, !dorefa.code<4, bipolar>
      : tensor<64x16x4xi32>, tensor<64x512xi8> -> tensor<64x64xi32>
  %b = bitplane.matmul %y, %w outs(%init : tensor<64x64xi32>) channels 512 to 64 codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
      : tensor<64x16x1xi32>, tensor<64x512xi8> -> tensor<64x64xi32>
  %c = bitplane.conv_2d %map, %f outs(%sums : tensor<1x4x4x4xi32>) channels 4 to 4
      codes !dorefa.code<3, unipolar>, !dorefa.code<4, bipolar> groups 4
      : tensor<1x4x4x1x3xi32>, tensor<4x1x1x1xi8> -> tensor<1x4x4x4xi32>
  return %a, %b, %c : tensor<64x64xi32>, tensor<64x64xi32>, tensor<1x4x4x4xi32>
}

// -----

// An instruction that counts bits is as fast for windows that reuse little.

// CHECK-LABEL: @matmul
// CHECK: kernel popcount
// VBMI-LABEL: @matmul
// VBMI: kernel popcount
// AVX2: kernel lookup
// FORCED: kernel lookup
func.func @matmul(%x: tensor<4x2x2xi32>, %w: tensor<64x64xi8>, %init: tensor<4x64xi32>) -> tensor<4x64xi32> {
  %acc = bitplane.matmul %x, %w outs(%init : tensor<4x64xi32>) channels 64 to 64
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> : tensor<4x2x2xi32>, tensor<64x64xi8> -> tensor<4x64xi32>
  return %acc : tensor<4x64xi32>
}

// -----

// Tables have no negative entries, and groups of 8 outputs do not fill vectors.

// VBMI-LABEL: @beyond
// VBMI-COUNT-2: kernel popcount
// FORCED-LABEL: @beyond
// FORCED-COUNT-2: kernel popcount
func.func @beyond(%x: tensor<1x8x8x2x2xi32>, %w: tensor<64x3x3x64xi8>, %g: tensor<64x3x3x8xi8>, %init: tensor<1x6x6x64xi32>)
    -> (tensor<1x6x6x64xi32>, tensor<1x6x6x64xi32>) {
  %a = bitplane.conv_2d %x, %w outs(%init : tensor<1x6x6x64xi32>) channels 64 to 64
      codes !dorefa.code<2, signed>, !dorefa.code<1, bipolar> : tensor<1x8x8x2x2xi32>, tensor<64x3x3x64xi8> -> tensor<1x6x6x64xi32>
  %b = bitplane.conv_2d %x, %g outs(%init : tensor<1x6x6x64xi32>) channels 64 to 64
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> groups 8 : tensor<1x8x8x2x2xi32>, tensor<64x3x3x8xi8> -> tensor<1x6x6x64xi32>
  return %a, %b : tensor<1x6x6x64xi32>, tensor<1x6x6x64xi32>
}
