// What cannot be proved says why and what to do instead.
//
// RUN: not dorefa-prove %s --layer=q --encoding=rational 2>&1 | FileCheck %s --check-prefix=INEXACT
// RUN: not dorefa-prove %s --layer=q --max-bits=4 2>&1 | FileCheck %s --check-prefix=WIDE
// RUN: not dorefa-prove %s --layer=tanh 2>&1 | FileCheck %s --check-prefix=LIBRARY
// RUN: not dorefa-prove %s --layer=tanh --encoding=rational 2>&1 | FileCheck %s --check-prefix=INEXACT-TANH
// RUN: not dorefa-prove %s --layer=conv9 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: not dorefa-prove %s --layer=q --channel=1 2>&1 | FileCheck %s --check-prefix=CHANNEL
// RUN: not dorefa-prove %s --channel=-1 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: not dorefa-prove %s --max-bits=25 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not dorefa-prove %s --timeout=0 2>&1 | FileCheck %s --check-prefix=TIMEOUT
// RUN: env PATH=%t not dorefa-prove %s --layer=q --run 2>&1 | FileCheck %s --check-prefix=NO-Z3
// RUN: not dorefa-prove %s --layer=q -o %s 2>&1 | FileCheck %s --check-prefix=FOLDER
// RUN: dorefa-compile %s --compile-to=thresholds -o %t.mlir
// RUN: not dorefa-prove %t.mlir 2>&1 | FileCheck %s --check-prefix=PHASE
//
// WIDE: 'q': error: has accumulators of 5 bits on channel 0, more than the 4 that --max-bits allows; raise it, or use --encoding=rational
// LIBRARY: error: calls a mathematical library, which SMT-LIB does not define; verify these thresholds exhaustively instead, with dorefa-compile --verify-thresholds=exhaustive
// INEXACT-TANH: error: is not proven to be exact in float32
// LAYER: errors.mlir: error: has no fused quantizer 'conv9'; it has q, tanh
// CHANNEL: 'q': error: has 1 channels, so that there is no channel 1
// NUMBER: error: --channel is '-1' but must be a number of 0 or more, or all
// BITS: error: --max-bits is 25 but must be in 2 to 24
// TIMEOUT: error: --timeout must be 1 second or more
// NO-Z3: error: --run needs z3, which is not in PATH; install it, or write the files with -o and use another SMT solver
// FOLDER: error: '{{.*}}errors.mlir/0-q-0.smt2': {{[Nn]}}ot a directory
// PHASE: error: is in phase thresholds but must be in phase codes or before: thresholds have replaced the reference

func.func @main(%x: tensor<1x4x!dorefa.code<2, unipolar>>) -> (tensor<1x1x!dorefa.code<1, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<1, bipolar>>) {
  %w = dorefa.constant dense<[[1, 1, 1, 0]]> : tensor<1x4xi8> -> tensor<1x4x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<0.3> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %acc = dorefa.matmul %x, %w : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<1x4x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  %y = dorefa.scale %acc, %half : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  // No float32 step but this one rounds.
  // INEXACT: errors.mlir:[[#@LINE+1]]:8: error: is not proven to be exact in float32 on channel 0: scales must be short sums of powers of two, divisors powers of two; use --encoding=float32
  %p = dorefa.binary div %y, %s : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %q = dorefa.quantize %p scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<1, unipolar>> loc("q")
  %t = dorefa.quantize_activations %y tanh : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, unipolar>> loc("tanh")
  %f = arith.constant dense<-0.5> : tensor<1x1xf32>
  %c = dorefa.quantize_sign %f : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<1, bipolar>>
  return %q, %t, %c : tensor<1x1x!dorefa.code<1, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<1, bipolar>>
}
