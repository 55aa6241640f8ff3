// RUN: dorefa-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{configuration is 'r9' but must be r8c8d64 or r4c4d32}}
bpa.program @p configuration "r9" {}

// -----

bpa.program @p configuration "r8c8d64" {
  // expected-error @+1 {{must end with bpa.halt}}
  bpa.routine @r inputs [] outputs [] {
    bpa.ld
  }
}

// -----

bpa.program @p configuration "r8c8d64" {
  bpa.routine @r inputs [] outputs [] {
    // expected-error @+1 {{'nx' of 'ld' is 0 but must be 1 to 8192}}
    bpa.ld nx=0
    bpa.halt
  }
}

// -----

bpa.program @p configuration "r8c8d64" {
  bpa.routine @r inputs [] outputs [] {
    // expected-error @+1 {{engine 'ld' waits for or signals itself}}
    bpa.ld wait(ld)
    bpa.halt
  }
}

// -----

bpa.program @p configuration "r8c8d64" {
  bpa.routine @r inputs [] outputs [] {
    // expected-error @+1 {{there is no engine 'dma'}}
    bpa.ld wait(dma)
  }
}

// -----

bpa.program @p configuration "r8c8d64" {
  bpa.routine @r inputs [] outputs [] {
    // expected-error @+1 {{there is no space 'abuf'}}
    bpa.ld space=abuf
  }
}

// -----

bpa.program @p configuration "r8c8d64" {
  bpa.routine @r inputs [] outputs [] {
    // expected-error @+1 {{'nx' is given twice}}
    bpa.ld nx=2 nx=3
  }
}

// -----

bpa.program @p configuration "r8c8d64" {
  // expected-error @+1 {{elements are 'i32' but must be i8}}
  bpa.data @d dense<1> : tensor<4xi32>
}

// -----

// expected-error @+1 {{expects parent op 'bpa.routine'}}
bpa.halt

// -----

func.func @f(%x: tensor<1x?xi32>, %y: tensor<1x4xi32>) {
  // expected-error @+1 {{all dimensions behind the batch must be static}}
  %r = bpa.launch @p::@r ins(%x : tensor<1x?xi32>) outs(%y : tensor<1x4xi32>) macs 1 -> tensor<1x4xi32>
  return
}

// -----

func.func @f(%x: memref<1x4xi32, strided<[8, 1]>>, %y: memref<1x4xi32>) {
  // expected-error @+1 {{but must be dense and row-major}}
  bpa.launch @p::@r ins(%x : memref<1x4xi32, strided<[8, 1]>>) outs(%y : memref<1x4xi32>) macs 1
  return
}
