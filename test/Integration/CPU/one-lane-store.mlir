// Codes of 17 channels, of which the last is stored alone: what follows it stays as it is.

// RUN: rm -rf %t && mkdir %t
// RUN: %python -c "import numpy, sys; numpy.save(sys.argv[1], numpy.arange(102, dtype='f4').reshape(1, 2, 3, 17) % 13)" %t/x.npy
// RUN: dorefa-interpret %s --phase=codes --input %t/x.npy --output %t/y.npy
// RUN: dorefa-compile %s --mcpu=x86-64-v4 --compile-to=vector -o %t/v4.mlir
// RUN: FileCheck %s --input-file=%t/v4.mlir
// RUN: dorefa-compile %s -o %t/native.so
// RUN: dorefa-run %t/native.so --input %t/x.npy --expect %t/y.npy
// RUN: dorefa-compile %s -o %t/v3.so --mcpu=x86-64-v3
// RUN: dorefa-run %t/v3.so --input %t/x.npy --expect %t/y.npy

// CHECK: vector.store {{.*}}, vector<16xi8>
// CHECK: %[[LAST:.*]] = vector.extract {{.*}}[0] : i8 from vector<16xi8>
// CHECK: memref.store %[[LAST]]
func.func @main(%x: tensor<1x2x3x17xf32> {dorefa.name = "x"}) -> (tensor<1x2x3x17x!dorefa.code<6, unipolar>> {dorefa.name = "y"}) {
  %c = arith.constant dense<2.0> : tensor<17xf32>
  %0 = dorefa.binary add %x, %c : tensor<1x2x3x17xf32>, tensor<17xf32> -> tensor<1x2x3x17xf32>
  %1 = dorefa.quantize %0 scale [1.0] zero_point [0.0] half_even : tensor<1x2x3x17xf32> -> tensor<1x2x3x17x!dorefa.code<6, unipolar>>
  return %1 : tensor<1x2x3x17x!dorefa.code<6, unipolar>>
}
