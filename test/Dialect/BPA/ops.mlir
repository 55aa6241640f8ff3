// RUN: dorefa-opt %s | dorefa-opt | FileCheck %s
// RUN: dorefa-opt %s --mlir-print-op-generic | dorefa-opt | FileCheck %s

// Every instruction with every field, as the documentation shows it.
// CHECK-LABEL: bpa.program @instructions configuration "r8c8d64" {
bpa.program @instructions configuration "r8c8d64" {
  // CHECK-NEXT: bpa.routine @all inputs [] outputs [] {
  bpa.routine @all inputs [] outputs [] {
    // CHECK-NEXT: bpa.cfg.input base=1 pixel=1 row=1 plane=1 image=1
    bpa.cfg.input base=1 pixel=1 row=1 plane=1 image=1
    // CHECK-NEXT: bpa.cfg.window lanes=2 planes=2 valid=1 pad=1 kh=2 kw=2 sy=2 sx=2 dy=2 dx=2 py=1 px=1
    bpa.cfg.window lanes=2 planes=2 valid=1 pad=1 kh=2 kw=2 sy=2 sx=2 dy=2 dx=2 py=1 px=1
    // CHECK-NEXT: bpa.cfg.extent h=2 w=2 oh=2 ow=2 first_row=1
    bpa.cfg.extent h=2 w=2 oh=2 ow=2 first_row=1
    // CHECK-NEXT: bpa.cfg.pool sign=1 pixel=1 plane=1
    bpa.cfg.pool sign=1 pixel=1 plane=1
    // CHECK-NEXT: bpa.cfg.planes aplanes=2 anegate=1 ashift=1 wplanes=2 wnegate=1 wshift=1 rowsum=1
    bpa.cfg.planes aplanes=2 anegate=1 ashift=1 wplanes=2 wnegate=1 wshift=1 rowsum=1
    // CHECK-NEXT: bpa.cfg.result mode=raw32 bits=2 first=1 pixel=1 plane=1
    bpa.cfg.result mode=raw32 bits=2 first=1 pixel=1 plane=1
    // CHECK-NEXT: bpa.nop engine=st wait(ld) signal(ga)
    bpa.nop engine=st wait(ld) signal(ga)
    // CHECK-NEXT: bpa.ld space=tbuf dram=1 sram=1 nx=2 ny=2 dstride=1 sstride=1 wait(ga) signal(mm)
    bpa.ld space=tbuf dram=1 sram=1 nx=2 ny=2 dstride=1 sstride=1 wait(ga) signal(mm)
    // CHECK-NEXT: bpa.st dram=1 sram=1 nx=2 ny=2 dstride=1 sstride=1 wait(ld) signal(ga)
    bpa.st dram=1 sram=1 nx=2 ny=2 dstride=1 sstride=1 wait(ld) signal(ga)
    // CHECK-NEXT: bpa.ga abuf=1 image=1 oy=1 ox=1 pixels=2 wait(ld) signal(mm)
    bpa.ga abuf=1 image=1 oy=1 ox=1 pixels=2 wait(ld) signal(mm)
    // CHECK-NEXT: bpa.mp out=1 image=1 oy=1 ox=1 pixels=2 wait(ld) signal(mm)
    bpa.mp out=1 image=1 oy=1 ox=1 pixels=2 wait(ld) signal(mm)
    // CHECK-NEXT: bpa.mm abuf=1 agroup=1 aplane=1 groups=2 wbuf=1 wtile=1 wplane=1 tiles=2 words=2 resume=1 keep=1 wait(ld) signal(ga)
    bpa.mm abuf=1 agroup=1 aplane=1 groups=2 wbuf=1 wtile=1 wplane=1 tiles=2 words=2 resume=1 keep=1 wait(ld) signal(ga)
    // CHECK-NEXT: bpa.pp tbuf=1 out=1 pixels=2 tiles=2 wait(ld) signal(ga)
    bpa.pp tbuf=1 out=1 pixels=2 tiles=2 wait(ld) signal(ga)
    // CHECK-NEXT: bpa.halt code=1
    bpa.halt code=1
  }
}

// CHECK-LABEL: bpa.program @accelerator configuration "r8c8d64" {
// CHECK-NEXT: bpa.data @weights dense<7> : tensor<1024xi8>
// CHECK-NEXT: bpa.space @image bytes 4096
// CHECK: bpa.routine @main inputs [@image] outputs [@codes] {
// CHECK-NEXT: bpa.ld space=wbuf dram=@weights nx=64
// CHECK-NEXT: bpa.ld dram=@image+2 nx=16
bpa.program @accelerator configuration "r8c8d64" {
  bpa.data @weights dense<7> : tensor<1024xi8>
  bpa.space @image bytes 4096
  bpa.space @codes bytes 4096
  bpa.routine @main inputs [@image] outputs [@codes] {
    bpa.ld space=wbuf dram=@weights nx=64
    bpa.ld dram=@image+2 nx=16
    bpa.st dram=@codes nx=256
    bpa.halt
  }
}

// CHECK-LABEL: bpa.program @small configuration "r4c4d32" {
bpa.program @small configuration "r4c4d32" {
  // CHECK-NEXT: bpa.data @thresholds dense<[0, 1, 2, 3]> : tensor<4xi8>
  bpa.data @thresholds dense<[0, 1, 2, 3]> : tensor<4xi8>
  // CHECK-NEXT: bpa.space @map bytes 65536
  bpa.space @map bytes 65536
  bpa.space @x bytes 128
  bpa.space @y bytes 128
  // CHECK: bpa.routine @copy inputs [@x] outputs [@y] {
  // CHECK-NEXT: bpa.ld dram=@x nx=8 signal(st)
  // CHECK-NEXT: bpa.st dram=@y nx=8 wait(ld)
  bpa.routine @copy inputs [@x] outputs [@y] {
    bpa.ld dram=@x nx=8 signal(st)
    bpa.st dram=@y nx=8 wait(ld)
    bpa.halt
  }
}

// CHECK-LABEL: func.func @launch
func.func @launch(%x: tensor<?x1024xi32>, %init: tensor<?x1024xi32>) -> tensor<?x1024xi32> {
  // CHECK: bpa.launch @accelerator::@main groups @accelerator::@eight ins(
  // CHECK: bpa.launch @accelerator::@main ins(%{{.*}} : tensor<?x1024xi32>) outs(%{{.*}} : tensor<?x1024xi32>) macs 4096 -> tensor<?x1024xi32>
  %z = bpa.launch @accelerator::@main groups @accelerator::@eight ins(%x : tensor<?x1024xi32>)
      outs(%init : tensor<?x1024xi32>) macs 4096 -> tensor<?x1024xi32>
  %y = bpa.launch @accelerator::@main ins(%x : tensor<?x1024xi32>)
      outs(%init : tensor<?x1024xi32>) macs 4096 -> tensor<?x1024xi32>
  return %y : tensor<?x1024xi32>
}
