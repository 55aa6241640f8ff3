// RUN: dorefa-opt %s --bpa-insert-tokens | FileCheck %s

// CHECK-LABEL: @accelerator
// CHECK: bpa.ld dram=@x nx=8 signal(st)
// CHECK: bpa.st dram=@x nx=8 wait(ld)
bpa.program @accelerator configuration "r8c8d64" {
  bpa.space @x bytes 128
  bpa.routine @copy inputs [@x] outputs [@x] {
    bpa.ld dram=@x nx=8
    bpa.st dram=@x nx=8
    bpa.halt
  }
}

// What follows from other tokens is not waited for: `pp` completes behind the `mm`
// whose tile it takes, and that one waited for the load. Tokens that are there are
// dropped.
// CHECK-LABEL: @implied
// CHECK-NEXT: bpa.routine
// CHECK-NEXT: bpa.ld space=wbuf nx=4 signal(mm)
// CHECK-NEXT: bpa.ga signal(mm)
// CHECK-NEXT: bpa.mm wait(ld, ga){{$}}
// CHECK-NEXT: bpa.pp out=64 signal(ld){{$}}
// CHECK-NEXT: bpa.ld nx=8 wait(pp){{$}}
// CHECK-NEXT: bpa.ld space=wbuf nx=4{{$}}
// CHECK-NEXT: bpa.halt
bpa.program @implied configuration "r8c8d64" {
  bpa.routine @main inputs [] outputs [] {
    bpa.ld space=wbuf nx=4
    bpa.ga
    bpa.mm
    bpa.pp out=64 wait(st)
    bpa.ld nx=8
    bpa.ld space=wbuf nx=4
    bpa.halt
  }
}

// A tile that a later `mm` delivers is none that this `pp` takes.
// CHECK-LABEL: @later
// CHECK: bpa.mm{{$}}
// CHECK-NEXT: bpa.mm wbuf=1 signal(ld)
// CHECK-NEXT: bpa.pp{{$}}
// CHECK-NEXT: bpa.ld space=wbuf sram=4 nx=4 wait(mm)
bpa.program @later configuration "r8c8d64" {
  bpa.routine @main inputs [] outputs [] {
    bpa.mm
    bpa.mm wbuf=1
    bpa.pp
    bpa.ld space=wbuf sram=4 nx=4
    bpa.pp
    bpa.halt
  }
}
