// What each layer takes on the accelerator, and what the host has to do, is in the report.
// RUN: dorefa-compile %s --target=bpa -o %t.so --report=%t.md
// RUN: FileCheck %s < %t.md
// RUN: dorefa-compile %s --target=bpa --bpa-config=r4c4d32 --emit=bpa-elf -o %t.elf --report=%t.small.md
// RUN: FileCheck %s --check-prefix=SMALL < %t.small.md

// CHECK: Layers of the accelerator, by the cycle simulator
// CHECK: | layer {{ *}}| operation | MACs {{ *}}| ideal | ceiling | cycles | of ideal | of ceiling | DRAM read | of bandwidth | written | results
// 8 x 64 x 64 products of 2 planes in 4096 lanes; 8 tiles of 2 steps take 5 each.
// CHECK: | codes {{ *}}| conv_2d   | 32768 | 16    | 40      | [[#CONV:]] {{ *}}| {{[0-9.]+}} % {{ *}}| {{[0-9.]+}} % {{ *}}| {{[0-9.]+}} KiB {{ *}}| {{[0-9.]+}} % {{ *}}| 0.0 KiB | 2-bit codes |
// CHECK: | pooled {{ *}}| max_pool  | - {{ *}}| - {{ *}}| - {{ *}}| [[#POOL:]] {{ *}}| - {{ *}}| - {{ *}}| 0.0 KiB {{ *}}| - {{ *}}| 0.0 KiB | 2-bit codes |
// CHECK: | wide {{ *}}| conv_2d   | 8192  | 4     | [[#WIDE:]] {{.*}} | sums; the host compares: codes are ternary or have more than 4 bits |
// CHECK: | all of main0 |

// CHECK: Layers of the host:
// CHECK: | long  | conv_2d   | 1x1x40x32 * 64x1x33x32 -> 1x1x8x64 | {{.*}} | windows are larger than 32 |

// An array of half the rows, columns and lanes.
// SMALL: | codes {{ *}}| conv_2d   | 32768 | 128   |

func.func @main(%x: tensor<1x1x40x1x2xi32> {dorefa.name = "x"}) -> (tensor<1x1x4x1x5xi32> {dorefa.name = "y"}) {
  %w0 = arith.constant dense<1> : tensor<64x1x33x32xi8>
  %t0 = arith.constant dense<[[0, 100, 200]]> : tensor<1x3xi32>
  %e0 = tensor.empty() : tensor<1x1x8x2x2xi32>
  %0 = bitplane.conv_2d %x, %w0 thresholds %t0 : tensor<1x3xi32> outs(%e0 : tensor<1x1x8x2x2xi32>) channels 32 to 64
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar>
      strides [1, 1] pads [0, 0, 0, 0] groups 1
      : tensor<1x1x40x1x2xi32>, tensor<64x1x33x32xi8> -> tensor<1x1x8x2x2xi32> loc("long")
  %w1 = arith.constant dense<1> : tensor<64x1x1x64xi8>
  %t1 = arith.constant dense<[[0, 30, 60]]> : tensor<1x3xi32>
  %e1 = tensor.empty() : tensor<1x1x8x2x2xi32>
  %1 = bitplane.conv_2d %0, %w1 thresholds %t1 : tensor<1x3xi32> outs(%e1 : tensor<1x1x8x2x2xi32>) channels 64 to 64
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<2, unipolar>
      strides [1, 1] pads [0, 0, 0, 0] groups 1
      : tensor<1x1x8x2x2xi32>, tensor<64x1x1x64xi8> -> tensor<1x1x8x2x2xi32> loc("codes")
  %e2 = tensor.empty() : tensor<1x1x4x2x2xi32>
  %2 = bitplane.max_pool %1 outs(%e2 : tensor<1x1x4x2x2xi32>) code !dorefa.code<2, unipolar>
      kernel [1, 2] strides [1, 2] pads [0, 0, 0, 0]
      : tensor<1x1x8x2x2xi32> -> tensor<1x1x4x2x2xi32> loc("pooled")
  %w3 = arith.constant dense<0> : tensor<32x1x1x64xi8>
  %t3 = arith.constant dense<[[-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]]> : tensor<1x31xi32>
  %e3 = tensor.empty() : tensor<1x1x4x1x5xi32>
  %3 = bitplane.conv_2d %2, %w3 thresholds %t3 : tensor<1x31xi32> outs(%e3 : tensor<1x1x4x1x5xi32>) channels 64 to 32
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<5, unipolar>
      strides [1, 1] pads [0, 0, 0, 0] groups 1
      : tensor<1x1x4x2x2xi32>, tensor<32x1x1x64xi8> -> tensor<1x1x4x1x5xi32> loc("wide")
  return %3 : tensor<1x1x4x1x5xi32>
}
