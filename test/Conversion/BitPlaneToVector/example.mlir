// The documented example, before and after.
// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --convert-bitplane-to-vector --canonicalize --cse > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir --canonicalize --cse | diff %t/result.mlir -

//--- before.mlir
func.func @main(%q: memref<4x32xi8>, %w: memref<4x1x1xi32>) {
  bitplane.pack %q outs(%w : memref<4x1x1xi32>) : memref<4x32xi8>
  return
}

//--- after.mlir
func.func @main(%q: memref<4x32xi8>, %w: memref<4x1x1xi32>) {
  %zeros = arith.constant dense<0> : vector<32xi8>
  %ones = arith.constant dense<1> : vector<32xi8>
  %c4 = arith.constant 4 : index
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %codes = vector.load %q[%i, %c0] : memref<4x32xi8>, vector<32xi8>
    %bits = arith.andi %codes, %ones : vector<32xi8>
    %set = arith.cmpi ne, %bits, %zeros : vector<32xi8>
    %words = vector.bitcast %set : vector<32xi1> to vector<1xi32>
    %word = vector.extract %words[0] : i32 from vector<1xi32>
    memref.store %word, %w[%i, %c0, %c0] : memref<4x1x1xi32>
  }
  return
}
