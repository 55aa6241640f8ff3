// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --dorefa-fuse-multiply-add > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir | diff %t/result.mlir -
// RUN: dorefa-opt %t/others.mlir --dorefa-fuse-multiply-add | FileCheck %s

// The documented example.

//--- before.mlir
func.func @main(%x: memref<4x8xf32>, %w: memref<8x16xf32>, %y: memref<4x16xf32>) {
  linalg.matmul ins(%x, %w : memref<4x8xf32>, memref<8x16xf32>) outs(%y : memref<4x16xf32>)
  return
}

//--- after.mlir
func.func @main(%x: memref<4x8xf32>, %w: memref<8x16xf32>, %y: memref<4x16xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(m, k, n) -> (m, k)>, affine_map<(m, k, n) -> (k, n)>,
                       affine_map<(m, k, n) -> (m, n)>],
      iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%x, %w : memref<4x8xf32>, memref<8x16xf32>) outs(%y : memref<4x16xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %s = math.fma %a, %b, %sum : f32
    linalg.yield %s : f32
  }
  return
}

//--- others.mlir

// Taps in (ky, kx, c) order, output channels innermost.
// CHECK-LABEL: @conv_2d
func.func @conv_2d(%x: memref<1x4x4x3xf32>, %w: memref<3x3x3x8xf32>, %y: memref<1x2x2x8xf32>) {
  // CHECK: linalg.generic {{.*}}["parallel", "parallel", "parallel", "reduction", "reduction", "reduction", "parallel"]
  // CHECK: math.fma
  linalg.conv_2d_nhwc_hwcf ins(%x, %w : memref<1x4x4x3xf32>, memref<3x3x3x8xf32>) outs(%y : memref<1x2x2x8xf32>)
  return
}

// What the network multiplies and adds by itself is rounded twice.
// CHECK-LABEL: @elementwise
func.func @elementwise(%x: memref<8xf32>, %y: memref<8xf32>) {
  // CHECK: arith.mulf
  // CHECK-NEXT: arith.addf
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %p = arith.mulf %a, %a : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  }
  return
}
