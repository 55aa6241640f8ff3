// One bit is where half-even and half-up differ: the accumulator 1 gives exactly 0.5,
// code 0 or code 1. Each program has its own thresholds, and each is proved.
//
// REQUIRES: z3
// RUN: dorefa-prove %s -o %t.float32
// RUN: FileCheck %s --check-prefix=EVEN < %t.float32/0-half_even-0.smt2
// RUN: FileCheck %s --check-prefix=UP < %t.float32/1-half_up-0.smt2
// RUN: dorefa-prove %s --run | FileCheck %s
// RUN: dorefa-prove %s --run --symbolic | FileCheck %s
// RUN: dorefa-prove %s --run --encoding=rational | FileCheck %s
// RUN: not dorefa-prove %s --run --plant=off-by-one 2>&1 >/dev/null | FileCheck %s --check-prefix=WRONG
// RUN: not dorefa-prove %s --run --symbolic --plant=off-by-one 2>&1 >/dev/null | FileCheck %s --check-prefix=WRONG
// RUN: not dorefa-prove %s --run --encoding=rational --plant=off-by-one 2>&1 >/dev/null | FileCheck %s --check-prefix=WRONG
//
// EVEN: T = 2
// UP: T = 1
// CHECK: half_even 0 1 [-6, 6] proved
// CHECK: half_up 0 1 [-6, 6] proved
// CHECK: 2 of 2 proved
// WRONG: 'half_even': error: has wrong thresholds on channel 0: accumulator 2 has code 1, its thresholds give 0
// WRONG: 'half_up': error: has wrong thresholds on channel 0: accumulator 1 has code 1, its thresholds give 0

func.func @main(%x: tensor<1x4x!dorefa.code<2, unipolar>>) -> (tensor<1x1x!dorefa.code<1, unipolar>>, tensor<1x1x!dorefa.code<1, unipolar>>) {
  %w = dorefa.constant dense<[[1, 0, 1, 0]]> : tensor<1x4xi8> -> tensor<1x4x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<0.5> : tensor<f32>
  %acc = dorefa.matmul %x, %w : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<1x4x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  %y = dorefa.scale %acc, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  %a = dorefa.quantize %y scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<1, unipolar>> loc("half_even")
  %b = dorefa.quantize %y scale [1.0] zero_point [0.0] half_up : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<1, unipolar>> loc("half_up")
  return %a, %b : tensor<1x1x!dorefa.code<1, unipolar>>, tensor<1x1x!dorefa.code<1, unipolar>>
}
