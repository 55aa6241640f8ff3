// The documented example, before and after.
// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --convert-linalg-to-vector --canonicalize --cse > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | diff %t/result.mlir -

//--- before.mlir
func.func @main(%x: memref<1x1x1x8xf32>, %w: memref<1x1x8x16xf32>, %y: memref<1x1x1x16xf32>) {
  linalg.conv_2d_nhwc_hwcf ins(%x, %w : memref<1x1x1x8xf32>, memref<1x1x8x16xf32>)
                           outs(%y : memref<1x1x1x16xf32>)
  return
}

//--- after.mlir
func.func @main(%x: memref<1x1x1x8xf32>, %w: memref<1x1x8x16xf32>, %y: memref<1x1x1x16xf32>) {
  %c8 = arith.constant 8 : index
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %bias = vector.load %y[%c0, %c0, %c0, %c0] : memref<1x1x1x16xf32>, vector<16xf32>
  %sum = scf.for %k = %c0 to %c8 step %c1 iter_args(%s = %bias) -> (vector<16xf32>) {
    %wk = vector.load %w[%c0, %c0, %k, %c0] : memref<1x1x8x16xf32>, vector<16xf32>
    %xk = memref.load %x[%c0, %c0, %c0, %k] : memref<1x1x1x8xf32>
    %xv = vector.broadcast %xk : f32 to vector<16xf32>
    %n = math.fma %xv, %wk, %s : vector<16xf32>
    scf.yield %n : vector<16xf32>
  }
  vector.store %sum, %y[%c0, %c0, %c0, %c0] : memref<1x1x1x16xf32>, vector<16xf32>
  return
}
