// RUN: dorefa-opt %s --convert-bitplane-to-vector=parallel --canonicalize | FileCheck %s
// RUN: dorefa-opt %s --convert-bitplane-to-vector --canonicalize | FileCheck %s --check-prefix=SERIAL --implicit-check-not=scf.parallel

// Seven rows do not divide evenly by two or four threads: each is computed in four
// parts of two blocks of 32 channels.
// CHECK-LABEL: func.func @few_rows
// CHECK: scf.parallel (%{{.*}}, %[[PART:.*]]) = (%c0, %c0) to (%c7, %c4)
// CHECK: %[[FIRST:.*]] = arith.muli %[[PART]], %c2
// CHECK: scf.parallel (%[[TILE:.*]]) = (%c0) to (%c2)
// CHECK: arith.addi %[[FIRST]], %[[TILE]]
// SERIAL-LABEL: func.func @few_rows
func.func @few_rows(%x: memref<1x9x9x2x1xi32>, %w: memref<8x1x3x3x2x32xi32>, %y: memref<1x7x7x256xi32>) {
  bitplane.conv_2d %x, %w outs(%y : memref<1x7x7x256xi32>) channels 64 to 256
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, unipolar> kernel popcount
      : memref<1x9x9x2x1xi32>, memref<8x1x3x3x2x32xi32>
  return
}

// Many rows do by themselves.
// CHECK-LABEL: func.func @many_rows
// CHECK: scf.parallel {{.*}} to (%c28, %c8)
// SERIAL-LABEL: func.func @many_rows
func.func @many_rows(%x: memref<1x30x9x2x1xi32>, %w: memref<8x1x3x3x2x32xi32>, %y: memref<1x28x7x256xi32>) {
  bitplane.conv_2d %x, %w outs(%y : memref<1x28x7x256xi32>) channels 64 to 256
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, unipolar> kernel popcount
      : memref<1x30x9x2x1xi32>, memref<8x1x3x3x2x32xi32>
  return
}
