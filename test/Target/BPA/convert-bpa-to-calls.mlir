// RUN: split-file %s %t
// RUN: dorefa-opt %t/copy.mlir --convert-bpa-to-calls | FileCheck %s
// RUN: dorefa-opt %t/groups.mlir --convert-bpa-to-calls | FileCheck %s --check-prefix=GROUPS
// RUN: not dorefa-opt %t/race.mlir --convert-bpa-to-calls 2>&1 | FileCheck %s --check-prefix=RACE
// RUN: not dorefa-opt %t/options.mlir --convert-bpa-to-calls 2>&1 | FileCheck %s --check-prefix=OPTIONS

// CHECK: module attributes {dorefa.device_program = dense_resource<program>
// CHECK-NOT: bpa.
// CHECK: scf.for
// CHECK: call @dorefa_device_write(%{{.*}}, %c64_i64, %{{.*}}, %c128_i64)
// CHECK: call @dorefa_device_run(%{{.*}}, %c0_i32, %c3_i32)
// CHECK: call @dorefa_device_read(%{{.*}}, %c64_i64{{.*}}, %{{.*}}, %c128_i64

// All groups of two first, the rest one by one.
// GROUPS: %[[BATCH:.*]] = memref.dim
// GROUPS: %[[REST:.*]] = arith.remui %[[BATCH]], %{{.*}} : index
// GROUPS: %[[END:.*]] = arith.subi %[[BATCH]], %[[REST]] : index
// GROUPS: scf.for %{{.*}} = %{{.*}} to %[[END]] step %{{.*}} {
// GROUPS-COUNT-2: call @dorefa_device_write
// GROUPS: call @dorefa_device_run(%{{.*}}, %c3_i32, %c3_i32
// GROUPS-COUNT-2: call @dorefa_device_read
// GROUPS: scf.for %{{.*}} = %[[END]] to %[[BATCH]] step %{{.*}} {
// GROUPS-COUNT-1: call @dorefa_device_write
// GROUPS: call @dorefa_device_run(%{{.*}}, %c0_i32{{.*}}, %c3_i32
// GROUPS-COUNT-1: call @dorefa_device_read

// RACE: race.mlir:8:3: error: 'bpa.routine' op instruction 1 ('st') on engine st: {{.*}} while instruction 0 on engine ld may still write there
// OPTIONS: error: needs one bpa.program and a function @main that ends with the options of a run: run dorefa-mark-layers first

//--- copy.mlir
func.func @main(%x: memref<?x32xi32>, %y: memref<?x32xi32>, %options: !llvm.ptr) {
  bpa.launch @accelerator::@copy ins(%x : memref<?x32xi32>) outs(%y : memref<?x32xi32>) macs 0
  return
}
bpa.program @accelerator configuration "r8c8d64" {
  bpa.space @x bytes 128
  bpa.routine @copy inputs [@x] outputs [@x] {
    bpa.ld dram=@x nx=8 signal(st)
    bpa.st dram=@x nx=8 wait(ld)
    bpa.halt
  }
}

//--- groups.mlir
func.func @main(%x: memref<?x32xi32>, %y: memref<?x32xi32>, %options: !llvm.ptr) {
  bpa.launch @accelerator::@one groups @accelerator::@two
      ins(%x : memref<?x32xi32>) outs(%y : memref<?x32xi32>) macs 0
  return
}
bpa.program @accelerator configuration "r8c8d64" {
  bpa.space @x bytes 128
  bpa.routine @one inputs [@x] outputs [@x] {
    bpa.ld dram=@x nx=8 signal(st)
    bpa.st dram=@x nx=8 wait(ld)
    bpa.halt
  }
  bpa.space @xs bytes 256
  bpa.routine @two inputs [@xs] outputs [@xs] samples 2 {
    bpa.ld dram=@xs nx=16 signal(st)
    bpa.st dram=@xs nx=16 wait(ld)
    bpa.halt
  }
}

//--- race.mlir
func.func @main(%options: !llvm.ptr) {
  return
}


bpa.program @accelerator configuration "r8c8d64" {
  bpa.space @x bytes 128
  bpa.routine @copy inputs [@x] outputs [@x] {
    bpa.ld dram=@x nx=8
    bpa.st dram=@x nx=8
    bpa.halt
  }
}

//--- options.mlir
func.func @main() {
  return
}
bpa.program @accelerator configuration "r8c8d64" {}
