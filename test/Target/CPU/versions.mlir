// One shared object for several processors: each takes the best version that it can run.
// RUN: dorefa-compile %s -o %t.so --mcpu=x86-64-v2,x86-64-v3,x86-64-v4 --header=%t.h --report=%t.md --dump-phases-to=%t.dump
// RUN: llvm-nm -D %t.so | FileCheck %s --check-prefix=SYMBOLS --implicit-check-not=" T " --implicit-check-not=" D "
// SYMBOLS: T dorefa_model_open

// What differs between processors is dumped for each; the rest is done once.
// RUN: ls %t.dump %t.dump/x86-64-v2 | FileCheck %s --check-prefix=DUMP
// DUMP: 3-bitplane.mlir
// DUMP-NOT: 4-kernels
// DUMP: x86-64-v2
// DUMP: x86-64-v4
// DUMP: x86-64-v2:
// DUMP: 4-kernels.mlir

// The choice is made by code that every x86-64 runs, the best version first.
// RUN: llvm-objdump -d --no-show-raw-insn --disassemble-symbols=dorefa_model_open %t.so \
// RUN:   | FileCheck %s --check-prefix=CHOICE --implicit-check-not=%xmm --implicit-check-not=%ymm --implicit-check-not=%zmm
// CHOICE: xgetbv
// CHOICE: xgetbv

// The version for each gives the same bits as the interpreter.
// RUN: %python -c "import numpy; numpy.save('%t.x.npy', numpy.random.default_rng(1).integers(-9, 10, (3, 5, 5, 40)).astype('f4'))"
// RUN: dorefa-interpret %s --input %t.x.npy --output %t.y.npy
// RUN: dorefa-run %t.so --input %t.x.npy --expect %t.y.npy

// Weights that are the same in all versions are stored once: a constant of 1 MiB.
// RUN: %python -c "import os; assert os.path.getsize('%t.so') < 1.9e6"

// A version that would never be taken is a mistake.
// RUN: not dorefa-compile %s -o %t.so --mcpu=x86-64-v3,x86-64-v2 2>&1 | FileCheck %s --check-prefix=ORDER
// ORDER: error: processor 'x86-64-v3' would never be chosen, because what runs it also runs 'x86-64-v2', which stands behind it: name the best one last
// RUN: not dorefa-compile %s -o %t.so --mcpu=x86-64-v3,x86-64-v3 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: processor 'x86-64-v3' would never be chosen
// RUN: not dorefa-compile %s -o %t.so --mcpu=x86-64-v3, 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: processor is '' but must be
// RUN: not dorefa-compile %s -o - --compile-to=vector --mcpu=x86-64-v2,x86-64-v3 2>&1 | FileCheck %s --check-prefix=ONE
// ONE: error: --compile-to writes one module but --mcpu names 2 processors: name one

func.func @main(%x: tensor<?x5x5x40xf32> {dorefa.name = "x"}) -> (tensor<?x3x3x512xf32> {dorefa.name = "y"}) {
  %q = dorefa.quantize %x scale [4.0] zero_point [0.0] half_even : tensor<?x5x5x40xf32> -> tensor<?x5x5x40x!dorefa.code<2, unipolar>>
  %w1 = dorefa.constant dense<1> : tensor<64x3x3x40xi8> -> tensor<64x3x3x40x!dorefa.code<1, bipolar>>
  %a = dorefa.conv_2d %q, %w1 pads [1, 1, 1, 1]
      : tensor<?x5x5x40x!dorefa.code<2, unipolar>>, tensor<64x3x3x40x!dorefa.code<1, bipolar>> -> tensor<?x5x5x64xi32>
  %s = arith.constant dense<0.5> : tensor<f32>
  %y = dorefa.scale %a, %s : tensor<?x5x5x64xi32>, tensor<f32> -> tensor<?x5x5x64xf32>
  %w2 = arith.constant dense<0.25> : tensor<512x3x3x64xf32>
  %z = dorefa.conv_2d %y, %w2 : tensor<?x5x5x64xf32>, tensor<512x3x3x64xf32> -> tensor<?x3x3x512xf32>
  return %z : tensor<?x3x3x512xf32>
}
