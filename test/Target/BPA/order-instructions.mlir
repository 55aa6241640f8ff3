// RUN: dorefa-opt %s --split-input-file --bpa-order-instructions | FileCheck %s

// The load has room from the start, and `pp` waits for the array in its queue.
// CHECK-LABEL: @accelerator
// CHECK: bpa.ld space=wbuf sram=64 nx=4
// CHECK-NEXT: bpa.pp out=64
// CHECK-NEXT: bpa.ga pixels=80 signal(mm)
// CHECK-NEXT: bpa.mm wait(ga)
// CHECK-NEXT: bpa.halt
bpa.program @accelerator configuration "r8c8d64" {
  bpa.routine @main inputs [] outputs [] {
    bpa.ga pixels=80 signal(mm)
    bpa.mm wait(ga)
    bpa.ld space=wbuf sram=64 nx=4
    bpa.pp out=64
    bpa.halt
  }
}

// -----

// What is in order stays.
// CHECK-LABEL: @accelerator
// CHECK: bpa.ld
// CHECK-NEXT: bpa.pp
// CHECK-NEXT: bpa.ga
// CHECK-NEXT: bpa.mm
// CHECK-NEXT: bpa.halt
bpa.program @accelerator configuration "r8c8d64" {
  bpa.routine @main inputs [] outputs [] {
    bpa.ld space=wbuf sram=64 nx=4
    bpa.pp out=64
    bpa.ga pixels=80 signal(mm)
    bpa.mm wait(ga)
    bpa.halt
  }
}

// A load that waits is due when its token is there.
// CHECK-LABEL: @late
// CHECK: bpa.ld space=wbuf sram=4 nx=4
// CHECK-NEXT: bpa.ga
// CHECK-NEXT: bpa.mm
// CHECK-NEXT: bpa.ld space=wbuf nx=8 wait(mm)
// CHECK-NEXT: bpa.halt
bpa.program @late configuration "r8c8d64" {
  bpa.routine @main inputs [] outputs [] {
    bpa.ga pixels=80 signal(mm)
    bpa.mm keep=1 wait(ga) signal(ld)
    bpa.ld space=wbuf sram=4 nx=4
    bpa.ld space=wbuf nx=8 wait(mm)
    bpa.halt
  }
}
