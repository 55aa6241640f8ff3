// RUN: dorefa-opt %s --convert-parallel-to-openmp --verify-diagnostics --split-input-file

// expected-error@+1 {{module has no function @main with one block that takes the options of a run; run 'dorefa-mark-layers' first}}
module {
  func.func @main(%x: memref<4xf32>) {
    return
  }
}
