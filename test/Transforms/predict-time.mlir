// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-predict-time > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --dorefa-predict-time | diff %t/result.mlir -
// RUN: FileCheck %t/after.mlir --input-file=%t/result.mlir
// RUN: dorefa-opt %t/layers.mlir --dorefa-predict-time --split-input-file | FileCheck %t/layers.mlir
// RUN: dorefa-opt %t/layers.mlir --dorefa-predict-time="lanes=16 features=avx512bw,avx512vbmi,avx512vpopcntdq" --split-input-file --remark-format=emitRemark --remarks-filter=dorefa -o /dev/null 2>&1 | FileCheck %t/layers.mlir --check-prefix=REMARK
// RUN: not dorefa-opt %t/before.mlir --dorefa-predict-time=lanes=5 2>&1 | FileCheck %s --check-prefix=LANES
// LANES: error: {{.*}}lanes

// The documented example. What the number is depends on the table of the cost model; that a
// second prediction replaces the first does not.

//--- before.mlir
func.func @main(%x: tensor<4x64xf32>, %w: tensor<16x64xf32>) -> tensor<4x16xf32> {
  %y = dorefa.matmul %x, %w : tensor<4x64xf32>, tensor<16x64xf32> -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

//--- after.mlir
// CHECK: dorefa.predicted_ns = {{[1-9][0-9]*}} : i64
func.func @main(%x: tensor<4x64xf32>, %w: tensor<16x64xf32>) -> tensor<4x16xf32> {
  %y = dorefa.matmul %x, %w {dorefa.predicted_ns = 70 : i64}
      : tensor<4x64xf32>, tensor<16x64xf32> -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

//--- layers.mlir

// Products of vectors: 4 x 4 pixels with (4 * 3 - 2) ^ 2 taps inside, 2 words, 2 pairs of planes, 2
// blocks of 2 vectors. The padding is no work.
// CHECK: bitplane.conv_2d {{.*}} {dorefa.predicted_ns = {{[1-9][0-9]*}} : i64}
// REMARK: time-predicted | Category:dorefa | {{.*}}kernel=popcount, layer=conv, machine=zen4, nanoseconds={{[0-9]+}}, {{.*}}popcount=1600
func.func @main(%x: tensor<?x4x4x2x2xi32>, %w: tensor<64x3x3x64xi8>, %t: tensor<1x3xi32>, %init: tensor<?x4x4x2x2xi32>) -> tensor<?x4x4x2x2xi32> {
  %q = bitplane.conv_2d %x, %w thresholds %t : tensor<1x3xi32> outs(%init : tensor<?x4x4x2x2xi32>)
      channels 64 to 64 codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar> kernel popcount
      pads [1, 1, 1, 1] : tensor<?x4x4x2x2xi32>, tensor<64x3x3x64xi8> -> tensor<?x4x4x2x2xi32> loc("conv")
  return %q : tensor<?x4x4x2x2xi32>
}

// -----

// Without a kernel nothing is known; products of integers that are no layer on bits neither.
// CHECK-LABEL: @unknown
// CHECK-NOT: predicted_ns
// CHECK: return
func.func @unknown(%x: tensor<1x1x1xi32>, %w: tensor<1x2xi8>, %init: tensor<1x1xi32>) -> tensor<1x1xi32> {
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
      : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}
