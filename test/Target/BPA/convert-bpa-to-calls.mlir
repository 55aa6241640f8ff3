// RUN: split-file %s %t
// RUN: dorefa-opt %t/copy.mlir --convert-bpa-to-calls | FileCheck %s
// RUN: not dorefa-opt %t/race.mlir --convert-bpa-to-calls 2>&1 | FileCheck %s --check-prefix=RACE
// RUN: not dorefa-opt %t/options.mlir --convert-bpa-to-calls 2>&1 | FileCheck %s --check-prefix=OPTIONS

// CHECK: module attributes {dorefa.device_program = dense_resource<program>
// CHECK-NOT: bpa.
// CHECK: scf.for
// CHECK: call @dorefa_device_write(%{{.*}}, %c64_i64, %{{.*}}, %c128_i64)
// CHECK: call @dorefa_device_run(%{{.*}}, %c0_i32, %c3_i32)
// CHECK: call @dorefa_device_read(%{{.*}}, %c64_i64{{.*}}, %{{.*}}, %c128_i64

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
