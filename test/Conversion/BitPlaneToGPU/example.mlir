// The documented example, before and after.
// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --convert-bitplane-to-gpu --canonicalize | FileCheck %s
// RUN: dorefa-opt %t/after.mlir --canonicalize | FileCheck %s --check-prefixes=LANE

// Four warps are one block: no thread is left over.
// CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %c1, {{.*}}) threads({{.*}}) in (%{{.*}} = %c128, {{.*}}) function(@pack)
// CHECK: memref.load %{{.*}} : memref<4x32xi8>
// CHECK: nvvm.vote.sync ballot %c-1_i32
// CHECK: scf.if
// CHECK: memref.store %{{.*}} : memref<4x1x1xi32>

// LANE: memref.load %{{.*}} : memref<4x32xi8>
// LANE: nvvm.vote.sync ballot %c-1_i32
// LANE: scf.if
// LANE: memref.store %{{.*}} : memref<4x1x1xi32>

//--- before.mlir
func.func @main(%q: memref<4x32xi8>, %w: memref<4x1x1xi32>) {
  bitplane.pack %q outs(%w : memref<4x1x1xi32>) : memref<4x32xi8>
  return
}

//--- after.mlir
func.func @lane(%q: memref<4x32xi8>, %w: memref<4x1x1xi32>, %row: index, %lane: index) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %all = arith.constant -1 : i32
  %byte = memref.load %q[%row, %lane] : memref<4x32xi8>
  %code = arith.extui %byte : i8 to i32
  %bit = arith.andi %code, %one : i32
  %set = arith.cmpi ne, %bit, %zero : i32
  %word = nvvm.vote.sync ballot %all, %set -> i32
  %stores = arith.cmpi eq, %lane, %c0 : index
  scf.if %stores {
    memref.store %word, %w[%row, %c0, %lane] : memref<4x1x1xi32>
  }
  return
}
