// RUN: split-file %s %t
// RUN: dorefa-opt %t/layer.mlir --convert-bitplane-to-bpa | FileCheck %s
// RUN: dorefa-opt %t/layer.mlir --convert-bitplane-to-bpa | sed -n 's/^  //; /^bpa.program/,/^}/p' > %t/found.mlir
// RUN: diff %t/program.mlir %t/found.mlir
// RUN: not dorefa-opt %t/layer.mlir --convert-bitplane-to-bpa=configuration=r9 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: there is no configuration 'r9'; there are r8c8d64 and r4c4d32

// CHECK: linalg.transpose
// CHECK: bpa.launch @accelerator::@main0
// CHECK: linalg.transpose

//--- layer.mlir
func.func @main(%x: tensor<1x4x4x1x1xi32>) -> tensor<1x2x2x1x1xi32> {
  %e = tensor.empty() : tensor<1x2x2x1x1xi32>
  %y = bitplane.max_pool %x outs(%e : tensor<1x2x2x1x1xi32>) code !dorefa.code<1, unipolar>
      kernel [2, 2] strides [2, 2] : tensor<1x4x4x1x1xi32> -> tensor<1x2x2x1x1xi32>
  return %y : tensor<1x2x2x1x1xi32>
}

//--- program.mlir
bpa.program @accelerator configuration "r8c8d64" {
  bpa.space @output0 bytes 16
  bpa.space @input0 bytes 64
  bpa.routine @main0 inputs [@input0] outputs [@output0] {
    bpa.cfg.input base=128 pixel=32 row=128 plane=512
    bpa.cfg.window lanes=32 kh=2 kw=2 sy=2 sx=2
    bpa.cfg.extent h=4 w=4 oh=2 ow=2
    bpa.cfg.pool pixel=32 plane=128
    bpa.ld dram=@input0 sram=1 nx=4
    bpa.mp pixels=2
    bpa.mp out=64 oy=1 pixels=2
    bpa.st dram=@output0 dstride=1 sstride=1
    bpa.halt
  }
}
