// RUN: dorefa-opt %s --convert-linalg-to-vector --verify-diagnostics

func.func @strided_channels(%x: memref<2x4xf32>, %w: memref<4x2xf32, strided<[4, 2]>>, %y: memref<2x2xf32>) {
  // expected-error @+1 {{'linalg.matmul' op has channels that do not lie side by side in 'memref<4x2xf32, strided<[4, 2]>>'}}
  linalg.matmul ins(%x, %w : memref<2x4xf32>, memref<4x2xf32, strided<[4, 2]>>) outs(%y : memref<2x2xf32>)
  return
}
