// What became of each layer, read from the operations at phase `kernels`.

// RUN: dorefa-compile %s -o %t.so --kernel=popcount --report=%t.md
// RUN: FileCheck %s --match-full-lines --strict-whitespace < %t.md
// RUN: dorefa-compile %S/Inputs/certified.mlir -o %t.so --report=- | FileCheck %s --check-prefix=CERTIFICATE
// RUN: dorefa-compile %S/Inputs/certified.mlir -o %t.so --report=- --verify-thresholds=exhaustive | FileCheck %s --check-prefix=EXHAUSTIVE
// RUN: dorefa-compile %s -o %t.so --openmp --openmp-min-work=0 --report=- | FileCheck %s --check-prefix=THREADS
// RUN: dorefa-compile %s -o %t.so --openmp --report=- | FileCheck %s --check-prefix=ALONE
// RUN: not dorefa-compile %s -o %t.so --verify-thresholds=never 2>&1 | FileCheck %s --check-prefix=MODE

// Channels with ranges [-6, 6] and [0, 12]: each threshold is evaluated with its
// neighbours in the range. Floats are not evaluated everywhere.
// CERTIFICATE: | conv | {{.*}} | 6{{ }}
// CERTIFICATE: {{^}}certificate: 9 thresholds, 24 evaluations{{$}}
// EXHAUSTIVE: {{^}}certificate: 3 thresholds, 9 evaluations{{$}}
// EXHAUSTIVE: {{^}}exhaustive: 6 thresholds, 26 evaluations{{$}}
// THREADS: | conv | {{.*}} | {{[a-z]+}}, threads |
// ALONE-NOT: threads
// MODE: Cannot find option named 'never'

// No thresholds were fused here: there is nothing to certify.
//      CHECK:| layer | operation | shape                          | W/A bits | accumulator | kernel   |{{ predicted +}}| thresholds | constants | as float | remark              |
// CHECK-NEXT:|-------|-----------|--------------------------------|----------|-------------|----------|{{-+}}|------------|-----------|----------|---------------------|
// CHECK-NEXT:| first | conv_2d   | ?x2x2x3 * 4x1x1x3 -> ?x2x2x4   | 32/32    | f32         | float    |{{ +[0-9.]+ us +}}| -          | 0.0 KiB   | 0.0 KiB  | float in the source |
// CHECK-NEXT:| conv  | conv_2d   | ?x2x2x4 * 40x1x1x4 -> ?x2x2x40 | 1/1      | i16 [0, 4]  | popcount |{{ +[0-9.]+ us +}}| 40         | 0.8 KiB   | 0.6 KiB  |                     |
// CHECK-NEXT:| -     | matmul    | ?x40 * 2x40 -> ?x2             | 2/1      | i16 [0, 80] | popcount |{{ +[0-9.]+ us +}}| -          | 0.5 KiB   | 0.3 KiB  |                     |
// CHECK-NEXT:| total |           |                                |          |             |          |{{ +[0-9.]+ us +}}|            | 1.3 KiB   | 1.0 KiB  |                     |

func.func @main(%x: tensor<?x2x2x3xf32>) -> tensor<?x2xf32> {
  %w0 = arith.constant dense<1.0> : tensor<4x1x1x3xf32>
  %y = dorefa.conv_2d %x, %w0 : tensor<?x2x2x3xf32>, tensor<4x1x1x3xf32> -> tensor<?x2x2x4xf32> loc("first")
  %q = dorefa.quantize_activations %y clip : tensor<?x2x2x4xf32> -> tensor<?x2x2x4x!dorefa.code<1, unipolar>>
  %w1 = dorefa.constant dense<1> : tensor<40x1x1x4xi8> -> tensor<40x1x1x4x!dorefa.code<1, bipolar>>
  %acc = dorefa.conv_2d %q, %w1
      : tensor<?x2x2x4x!dorefa.code<1, unipolar>>, tensor<40x1x1x4x!dorefa.code<1, bipolar>> -> tensor<?x2x2x40xi32> loc("conv")
  %t = arith.constant dense<2> : tensor<1x1xi32>
  %b = dorefa.threshold %acc, %t : tensor<?x2x2x40xi32>, tensor<1x1xi32> -> tensor<?x2x2x40x!dorefa.code<1, unipolar>> loc("codes")
  %p = dorefa.max_pool %b kernel [2, 2] : tensor<?x2x2x40x!dorefa.code<1, unipolar>> -> tensor<?x1x1x40x!dorefa.code<1, unipolar>>
  %f = tensor.collapse_shape %p [[0], [1, 2, 3]] : tensor<?x1x1x40x!dorefa.code<1, unipolar>> into tensor<?x40x!dorefa.code<1, unipolar>>
  %w2 = dorefa.constant dense<2> : tensor<2x40xi8> -> tensor<2x40x!dorefa.code<2, unipolar>>
  %a = dorefa.matmul %f, %w2 : tensor<?x40x!dorefa.code<1, unipolar>>, tensor<2x40x!dorefa.code<2, unipolar>> -> tensor<?x2xi32>
  %s = arith.constant dense<1.0> : tensor<f32>
  %z = dorefa.scale %a, %s : tensor<?x2xi32>, tensor<f32> -> tensor<?x2xf32>
  return %z : tensor<?x2xf32>
}
