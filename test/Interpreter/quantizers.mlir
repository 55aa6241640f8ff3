// RUN: split-file %s %t
// RUN: dorefa-interpret %t/uniform.mlir --print | FileCheck %t/uniform.mlir
// RUN: dorefa-interpret %t/sign.mlir --print | FileCheck %t/sign.mlir
// RUN: dorefa-interpret %t/activations.mlir --print | FileCheck %t/activations.mlir
// RUN: dorefa-interpret %t/weights.mlir --print | FileCheck %t/weights.mlir
// RUN: dorefa-interpret %t/channels.mlir --print | FileCheck %t/channels.mlir
// RUN: dorefa-interpret %t/ternary.mlir --print | FileCheck %t/ternary.mlir
// RUN: dorefa-interpret %t/threshold.mlir --print | FileCheck %t/threshold.mlir
// RUN: dorefa-interpret %t/scales.mlir --print | FileCheck %t/scales.mlir

// The folders must compute what the interpreter computes.
// RUN: dorefa-opt %t/uniform.mlir --canonicalize | FileCheck %s --check-prefix=FOLDED
// RUN: dorefa-opt %t/uniform.mlir --canonicalize -o %t/folded.mlir
// RUN: dorefa-interpret %t/folded.mlir --print | FileCheck %t/uniform.mlir
// RUN: dorefa-opt %t/sign.mlir --canonicalize -o %t/folded.mlir
// RUN: dorefa-interpret %t/folded.mlir --print | FileCheck %t/sign.mlir
// RUN: dorefa-opt %t/activations.mlir --canonicalize | FileCheck %s --check-prefix=FOLDED
// RUN: dorefa-opt %t/activations.mlir --canonicalize -o %t/folded.mlir
// RUN: dorefa-interpret %t/folded.mlir --print | FileCheck %t/activations.mlir
// RUN: dorefa-opt %t/weights.mlir --canonicalize | FileCheck %s --check-prefix=FOLDED
// RUN: dorefa-opt %t/weights.mlir --canonicalize -o %t/folded.mlir
// RUN: dorefa-interpret %t/folded.mlir --print | FileCheck %t/weights.mlir
// RUN: dorefa-opt %t/channels.mlir --canonicalize | FileCheck %s --check-prefix=FOLDED
// RUN: dorefa-opt %t/channels.mlir --canonicalize -o %t/folded.mlir
// RUN: dorefa-interpret %t/folded.mlir --print | FileCheck %t/channels.mlir
// RUN: dorefa-opt %t/ternary.mlir --canonicalize | FileCheck %s --check-prefix=FOLDED
// RUN: dorefa-opt %t/ternary.mlir --canonicalize -o %t/folded.mlir
// RUN: dorefa-interpret %t/folded.mlir --print | FileCheck %t/ternary.mlir
// FOLDED-NOT: dorefa.quantize
// FOLDED: dorefa.constant
// FOLDED-NOT: dorefa.quantize

//--- uniform.mlir
// Exact ties, NaN, infinities and -0.0 in all rounding modes.
// CHECK: half_even: [0, 2, 2, 3, 0, 0, 3, 0, 0, 0]
// CHECK: half_up: [1, 2, 3, 3, 0, 0, 3, 0, 0, 0]
// CHECK: half_down: [0, 1, 2, 3, 0, 0, 3, 0, 0, 0]
// CHECK: up: [1, 2, 3, 3, 0, 0, 3, 0, 1, 0]
// CHECK: down: [0, 1, 2, 3, 0, 0, 3, 0, 0, 0]
// CHECK: ceil: [1, 2, 3, 3, 0, 0, 3, 0, 1, 0]
// CHECK: floor: [0, 1, 2, 3, 0, 0, 3, 0, 0, 0]
// Negative ties of signed codes (two's complement of 3 bits): -0.5, -1.5, -2.5, -9, 9.
// CHECK: signed_half_even: [0, 6, 6, 4, 3]
// CHECK: signed_half_up: [7, 6, 5, 4, 3]
// CHECK: signed_half_down: [0, 7, 6, 4, 3]
// CHECK: signed_ceil: [0, 7, 6, 4, 3]
// CHECK: signed_floor: [7, 6, 5, 4, 3]
// CHECK: signed_narrow: [0, 6, 6, 5, 3]
// The clamp comes before the rounding: 2.6 clamps to 2, the largest narrow level.
// CHECK: narrow: [0, 2, 2]
// Scale and zero point of each channel of axis 0: x / 0.5 + 1 and x / 2 + 0.
// CHECK: per_channel: {{\[}}[1, 2, 3], [0, 0, 0]]
// A half-integer zero point, the codes of DoReFa weights: x / (2/3) + 1.5.
// CHECK: bipolar: [0, 1, 2, 3]
module {
  func.func @main() -> (tensor<10x!dorefa.code<2, unipolar>> {dorefa.name = "half_even"}, tensor<10x!dorefa.code<2, unipolar>> {dorefa.name = "half_up"},
      tensor<10x!dorefa.code<2, unipolar>> {dorefa.name = "half_down"}, tensor<10x!dorefa.code<2, unipolar>> {dorefa.name = "up"},
      tensor<10x!dorefa.code<2, unipolar>> {dorefa.name = "down"}, tensor<10x!dorefa.code<2, unipolar>> {dorefa.name = "ceil"},
      tensor<10x!dorefa.code<2, unipolar>> {dorefa.name = "floor"},
      tensor<5x!dorefa.code<3, signed>> {dorefa.name = "signed_half_even"}, tensor<5x!dorefa.code<3, signed>> {dorefa.name = "signed_half_up"},
      tensor<5x!dorefa.code<3, signed>> {dorefa.name = "signed_half_down"}, tensor<5x!dorefa.code<3, signed>> {dorefa.name = "signed_ceil"},
      tensor<5x!dorefa.code<3, signed>> {dorefa.name = "signed_floor"}, tensor<5x!dorefa.code<3, signed>> {dorefa.name = "signed_narrow"},
      tensor<3x!dorefa.code<2, unipolar>> {dorefa.name = "narrow"}, tensor<2x3x!dorefa.code<2, unipolar>> {dorefa.name = "per_channel"},
      tensor<4x!dorefa.code<2, bipolar>> {dorefa.name = "bipolar"}) {
    // 0.5, 1.5, 2.5, 3.5, -0.5, -inf, inf, NaN, the largest float below 0.5, -0.0
    %x = arith.constant dense<[0.5, 1.5, 2.5, 3.5, -0.5, 0xFF800000, 0x7F800000, 0x7FC00000, 0x3EFFFFFF, -0.0]> : tensor<10xf32>
    %half_even = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even : tensor<10xf32> -> tensor<10x!dorefa.code<2, unipolar>>
    %half_up = dorefa.quantize %x scale [1.0] zero_point [0.0] half_up : tensor<10xf32> -> tensor<10x!dorefa.code<2, unipolar>>
    %half_down = dorefa.quantize %x scale [1.0] zero_point [0.0] half_down : tensor<10xf32> -> tensor<10x!dorefa.code<2, unipolar>>
    %up = dorefa.quantize %x scale [1.0] zero_point [0.0] up : tensor<10xf32> -> tensor<10x!dorefa.code<2, unipolar>>
    %down = dorefa.quantize %x scale [1.0] zero_point [0.0] down : tensor<10xf32> -> tensor<10x!dorefa.code<2, unipolar>>
    %ceil = dorefa.quantize %x scale [1.0] zero_point [0.0] ceil : tensor<10xf32> -> tensor<10x!dorefa.code<2, unipolar>>
    %floor = dorefa.quantize %x scale [1.0] zero_point [0.0] floor : tensor<10xf32> -> tensor<10x!dorefa.code<2, unipolar>>
    %y = arith.constant dense<[-0.5, -1.5, -2.5, -9.0, 9.0]> : tensor<5xf32>
    %signed_half_even = dorefa.quantize %y scale [1.0] zero_point [0.0] half_even : tensor<5xf32> -> tensor<5x!dorefa.code<3, signed>>
    %signed_half_up = dorefa.quantize %y scale [1.0] zero_point [0.0] half_up : tensor<5xf32> -> tensor<5x!dorefa.code<3, signed>>
    %signed_half_down = dorefa.quantize %y scale [1.0] zero_point [0.0] half_down : tensor<5xf32> -> tensor<5x!dorefa.code<3, signed>>
    %signed_ceil = dorefa.quantize %y scale [1.0] zero_point [0.0] ceil : tensor<5xf32> -> tensor<5x!dorefa.code<3, signed>>
    %signed_floor = dorefa.quantize %y scale [1.0] zero_point [0.0] floor : tensor<5xf32> -> tensor<5x!dorefa.code<3, signed>>
    %signed_narrow = dorefa.quantize %y scale [1.0] zero_point [0.0] half_even narrow : tensor<5xf32> -> tensor<5x!dorefa.code<3, signed>>
    %z = arith.constant dense<[0.5, 1.5, 2.6]> : tensor<3xf32>
    %narrow = dorefa.quantize %z scale [1.0] zero_point [0.0] half_even narrow : tensor<3xf32> -> tensor<3x!dorefa.code<2, unipolar>>
    %m = arith.constant dense<[[0.0, 0.5, 1.0], [-4.0, 0.0, 1.0]]> : tensor<2x3xf32>
    %per_channel = dorefa.quantize %m scale [0.5, 2.0] zero_point [1.0, 0.0] half_even axis 0 : tensor<2x3xf32> -> tensor<2x3x!dorefa.code<2, unipolar>>
    %w = arith.constant dense<[-1.0, -0.3333, 0.3333, 1.0]> : tensor<4xf32>
    %bipolar = dorefa.quantize %w scale [0.66666666] zero_point [1.5] half_even : tensor<4xf32> -> tensor<4x!dorefa.code<2, bipolar>>
    return %half_even, %half_up, %half_down, %up, %down, %ceil, %floor, %signed_half_even, %signed_half_up, %signed_half_down, %signed_ceil, %signed_floor,
        %signed_narrow, %narrow, %per_channel, %bipolar : tensor<10x!dorefa.code<2, unipolar>>, tensor<10x!dorefa.code<2, unipolar>>,
        tensor<10x!dorefa.code<2, unipolar>>, tensor<10x!dorefa.code<2, unipolar>>, tensor<10x!dorefa.code<2, unipolar>>, tensor<10x!dorefa.code<2, unipolar>>,
        tensor<10x!dorefa.code<2, unipolar>>, tensor<5x!dorefa.code<3, signed>>, tensor<5x!dorefa.code<3, signed>>, tensor<5x!dorefa.code<3, signed>>,
        tensor<5x!dorefa.code<3, signed>>, tensor<5x!dorefa.code<3, signed>>, tensor<5x!dorefa.code<3, signed>>, tensor<3x!dorefa.code<2, unipolar>>,
        tensor<2x3x!dorefa.code<2, unipolar>>, tensor<4x!dorefa.code<2, bipolar>>
  }
}

//--- sign.mlir
// CHECK: output0: [0, 1, 1, 1, 0, 1, 0]
module {
  func.func @main() -> tensor<7x!dorefa.code<1, bipolar>> {
    %x = arith.constant dense<[-1.0, 0.0, -0.0, 3.0, 0x7FC00000, 0x7F800000, 0xFF800000]> : tensor<7xf32>
    %q = dorefa.quantize_sign %x : tensor<7xf32> -> tensor<7x!dorefa.code<1, bipolar>>
    return %q : tensor<7x!dorefa.code<1, bipolar>>
  }
}

//--- activations.mlir
// x * 3 ties at 1/2: 1.5 becomes 2. NaN gives code 0 with every h.
// CHECK: output0: [0, 0, 2, 3, 3, 0, 0]
// (tanh(x) + 1) / 2
// CHECK: output1: [0, 2, 2, 3, 3, 0, 0]
// min(1, |x|)
// CHECK: output2: [3, 0, 2, 3, 3, 0, 3]
module {
  func.func @main() -> (tensor<7x!dorefa.code<2, unipolar>>, tensor<7x!dorefa.code<2, unipolar>>, tensor<7x!dorefa.code<2, unipolar>>) {
    %x = arith.constant dense<[-2.0, 0.0, 0.5, 1.0, 7.0, 0x7FC00000, 0xFF800000]> : tensor<7xf32>
    %clip = dorefa.quantize_activations %x clip : tensor<7xf32> -> tensor<7x!dorefa.code<2, unipolar>>
    %tanh = dorefa.quantize_activations %x tanh : tensor<7xf32> -> tensor<7x!dorefa.code<2, unipolar>>
    %abs = dorefa.quantize_activations %x abs : tensor<7xf32> -> tensor<7x!dorefa.code<2, unipolar>>
    return %clip, %tanh, %abs : tensor<7x!dorefa.code<2, unipolar>>, tensor<7x!dorefa.code<2, unipolar>>, tensor<7x!dorefa.code<2, unipolar>>
  }
}

//--- weights.mlir
// One bit: signs and E = mean(|w|) = (0.5 + 0.25 + 0 + 1) / 4.
// CHECK: output0: [1, 0, 1, 1]
// CHECK: output1: 0.4375
// Two bits: tanh(w) / (2 max|tanh(w)|) + 1/2 is 0.803, 0.339, 0.5 (a tie: 1.5), 1.
// CHECK: output2: [2, 1, 2, 3]
// CHECK: output3: 0.33333333333333331
// All-zero weights: E = 0, and a maximum of 1.
// CHECK: output4: [1, 1]
// CHECK: output5: 0
// CHECK: output6: [2, 2]
module {
  func.func @main() -> (tensor<4x!dorefa.code<1, bipolar>>, tensor<f64>, tensor<4x!dorefa.code<2, bipolar>>, tensor<f64>,
                        tensor<2x!dorefa.code<1, bipolar>>, tensor<f64>, tensor<2x!dorefa.code<2, bipolar>>) {
    %w = arith.constant dense<[0.5, -0.25, 0.0, 1.0]> : tensor<4xf32>
    %q1, %s1 = dorefa.quantize_weights %w : tensor<4xf32> -> tensor<4x!dorefa.code<1, bipolar>>, tensor<f64>
    %q2, %s2 = dorefa.quantize_weights %w : tensor<4xf32> -> tensor<4x!dorefa.code<2, bipolar>>, tensor<f64>
    %zero = arith.constant dense<0.0> : tensor<2xf32>
    %z1, %e1 = dorefa.quantize_weights %zero : tensor<2xf32> -> tensor<2x!dorefa.code<1, bipolar>>, tensor<f64>
    %z2, %e2 = dorefa.quantize_weights %zero : tensor<2xf32> -> tensor<2x!dorefa.code<2, bipolar>>, tensor<f64>
    return %q1, %s1, %q2, %s2, %z1, %e1, %z2 : tensor<4x!dorefa.code<1, bipolar>>, tensor<f64>, tensor<4x!dorefa.code<2, bipolar>>, tensor<f64>,
        tensor<2x!dorefa.code<1, bipolar>>, tensor<f64>, tensor<2x!dorefa.code<2, bipolar>>
  }
}

//--- channels.mlir
// Each row is a layer of its own: E = 0.4375 and 3, an all-zero row has E = 0.
// CHECK: output0: {{\[}}[1, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 1]]
// CHECK: output1: [0.4375, 3, 0]
// tanh(w) / (2 max|tanh(w)|) + 1/2 times 3 is 0.006, 2.99, 0.05, 3 in the second row.
// CHECK: output2: {{\[}}[2, 1, 2, 3], [0, 3, 0, 3], [2, 2, 2, 2]]
// CHECK: output3: [0.33333333333333331, 0.33333333333333331, 0.33333333333333331]
module {
  func.func @main() -> (tensor<3x4x!dorefa.code<1, bipolar>>, tensor<3xf64>, tensor<3x4x!dorefa.code<2, bipolar>>, tensor<3xf64>) {
    %w = arith.constant dense<[[0.5, -0.25, 0.0, 1.0], [-3.0, 3.0, -2.0, 4.0], [0.0, -0.0, 0.0, 0.0]]> : tensor<3x4xf32>
    %q1, %s1 = dorefa.quantize_weights %w per_channel : tensor<3x4xf32> -> tensor<3x4x!dorefa.code<1, bipolar>>, tensor<3xf64>
    %q2, %s2 = dorefa.quantize_weights %w per_channel : tensor<3x4xf32> -> tensor<3x4x!dorefa.code<2, bipolar>>, tensor<3xf64>
    return %q1, %s1, %q2, %s2 : tensor<3x4x!dorefa.code<1, bipolar>>, tensor<3xf64>, tensor<3x4x!dorefa.code<2, bipolar>>, tensor<3xf64>
  }
}

//--- ternary.mlir
// The threshold is 0.05 * 4 = 0.2, rounded to float32; a weight of just that is 0.
// Code 1 is +1, code 2 is -1, and the scale is the mean of 4, 0.25 and 0.75.
// CHECK: output0: [1, 2, 0, 0, 0, 1]
// CHECK: output1: 1.6666666269302368
// All-zero weights have scale 0; the smallest float is beyond 0.05 of itself.
// CHECK: output2: [0, 0]
// CHECK: output3: 0
// CHECK: output4: [0, 2]
// CHECK: output5: 1.40129846432481{{[0-9]+}}e-45
module {
  func.func @main() -> (tensor<6x!dorefa.code<2, ternary>>, tensor<f64>, tensor<2x!dorefa.code<2, ternary>>, tensor<f64>,
                        tensor<2x!dorefa.code<2, ternary>>, tensor<f64>) {
    %w = arith.constant dense<[4.0, -0.25, 0x3E4CCCCD, -0.1, -0.0, 0.75]> : tensor<6xf32>
    %q, %s = dorefa.quantize_ternary %w : tensor<6xf32> -> tensor<6x!dorefa.code<2, ternary>>, tensor<f64>
    %zero = arith.constant dense<[0.0, -0.0]> : tensor<2xf32>
    %z, %e = dorefa.quantize_ternary %zero : tensor<2xf32> -> tensor<2x!dorefa.code<2, ternary>>, tensor<f64>
    %small = arith.constant dense<[0.0, 0x80000001]> : tensor<2xf32>
    %t, %u = dorefa.quantize_ternary %small : tensor<2xf32> -> tensor<2x!dorefa.code<2, ternary>>, tensor<f64>
    return %q, %s, %z, %e, %t, %u : tensor<6x!dorefa.code<2, ternary>>, tensor<f64>, tensor<2x!dorefa.code<2, ternary>>, tensor<f64>,
        tensor<2x!dorefa.code<2, ternary>>, tensor<f64>
  }
}

//--- scales.mlir
// A scale of 0 (E of all-zero weights) makes every real 0; NaN and infinite scales make
// NaN and infinite reals, which the next quantizer turns into its lowest and outer codes.
// CHECK: output0: [0, 0]
// CHECK: output1: [{{-?}}nan, {{-?}}nan]
// CHECK: output2: [-inf, inf]
// CHECK: output3: [0, 0]
// CHECK: output4: [0, 3]
module {
  func.func @main() -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2x!dorefa.code<2, unipolar>>, tensor<2x!dorefa.code<2, unipolar>>) {
    %q = dorefa.constant dense<[0, 1]> : tensor<2xi8> -> tensor<2x!dorefa.code<1, bipolar>>
    %zero = arith.constant dense<0.0> : tensor<f64>
    %x0 = dorefa.dequantize %q, %zero : tensor<2x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<2xf32>
    %none = arith.constant dense<0.0> : tensor<2xf32>
    %y0 = dorefa.binary add %x0, %none : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
    %nan = arith.constant dense<0x7FF8000000000000> : tensor<f64>
    %x1 = dorefa.dequantize %q, %nan : tensor<2x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<2xf32>
    %inf = arith.constant dense<0x7FF0000000000000> : tensor<f64>
    %x2 = dorefa.dequantize %q, %inf : tensor<2x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<2xf32>
    %q1 = dorefa.quantize_activations %x1 clip : tensor<2xf32> -> tensor<2x!dorefa.code<2, unipolar>>
    %q2 = dorefa.quantize_activations %x2 clip : tensor<2xf32> -> tensor<2x!dorefa.code<2, unipolar>>
    return %y0, %x1, %x2, %q1, %q2 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2x!dorefa.code<2, unipolar>>, tensor<2x!dorefa.code<2, unipolar>>
  }
}

//--- threshold.mlir
// Channel 0 increases, channel 1 decreases and has an unsorted row.
// CHECK: output0: {{\[}}[0, 3], [1, 2], [3, 0]]
// NaN reaches no threshold, and none that is NaN is reached.
// CHECK: output1: {{\[}}[0, 0], [2, 2], [2, 0]]
// One row for all channels, levels from -1 on: signed codes 3, 0, 1.
// CHECK: output2: [3, 0, 1]
// Levels of bipolar codes are codes.
// CHECK: output3: [0, 1, 1]
// CHECK: output4: {{\[}}[0, 0], [1, 1], [1, 1]]
module {
  func.func @main() -> (tensor<3x2x!dorefa.code<2, unipolar>>, tensor<3x2x!dorefa.code<2, unipolar>>, tensor<3x!dorefa.code<2, signed>>, tensor<3x!dorefa.code<1, bipolar>>, tensor<3x2x!dorefa.code<2, unipolar>>) {
    %x = arith.constant dense<[[-7, -7], [0, 0], [9, 9]]> : tensor<3x2xi32>
    %t = arith.constant dense<[[0, 3, 9], [8, -7, 5]]> : tensor<2x3xi32>
    %q = dorefa.threshold %x, %t decreasing [false, true] : tensor<3x2xi32>, tensor<2x3xi32> -> tensor<3x2x!dorefa.code<2, unipolar>>
    %y = arith.constant dense<[[0x7FC00000, 0x7FC00000], [0.5, 0.25], [2.0, 2.0]]> : tensor<3x2xf32>
    %u = arith.constant dense<[[0.5, 0.25], [0.25, 0.5]]> : tensor<2x2xf32>
    %r = dorefa.threshold %y, %u decreasing [false, true] : tensor<3x2xf32>, tensor<2x2xf32> -> tensor<3x2x!dorefa.code<2, unipolar>>
    %n = arith.constant dense<[[0x7FC00000, 0.25], [0x7FC00000, 2.0]]> : tensor<2x2xf32>
    %p = dorefa.threshold %y, %n decreasing [false, true] : tensor<3x2xf32>, tensor<2x2xf32> -> tensor<3x2x!dorefa.code<2, unipolar>>
    %z = arith.constant dense<[-1, 0, 1]> : tensor<3xi32>
    %v = arith.constant dense<[[0, 1]]> : tensor<1x2xi32>
    %s = dorefa.threshold %z, %v base -1 : tensor<3xi32>, tensor<1x2xi32> -> tensor<3x!dorefa.code<2, signed>>
    %w = arith.constant dense<0> : tensor<1x1xi32>
    %b = dorefa.threshold %z, %w : tensor<3xi32>, tensor<1x1xi32> -> tensor<3x!dorefa.code<1, bipolar>>
    return %q, %r, %s, %b, %p : tensor<3x2x!dorefa.code<2, unipolar>>, tensor<3x2x!dorefa.code<2, unipolar>>, tensor<3x!dorefa.code<2, signed>>, tensor<3x!dorefa.code<1, bipolar>>, tensor<3x2x!dorefa.code<2, unipolar>>
  }
}
