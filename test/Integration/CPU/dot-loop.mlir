// The hot loops of a 3x3 layer by dot products: for each pixel a broadcast and two
// products, two loads of weights and what a loop takes; nothing on the stack. Taps
// outside the input are left out: of 7 pixels at the border, 6 have the outer column.

// RUN: dorefa-compile %s --mtriple=x86_64-linux-gnu --mcpu=znver4 -o %t.so
// RUN: %python %S/Inputs/hot_loops.py %t.so vpdpbusd | FileCheck %s
// CHECK-DAG: 12 of {{2[0-5]}} instructions are vpdpbusd, 0 spills
// CHECK-DAG: 14 of {{2[4-8]}} instructions are vpdpbusd, 0 spills
// CHECK-NOT: {{[1-9]}} spills

// RUN: dorefa-compile %s --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3 --kernel=dot -o %t.so
// RUN: %python %S/Inputs/hot_loops.py %t.so vpmaddubsw | FileCheck %s --check-prefix=AVX2
// AVX2: vpmaddubsw, 0 spills

module attributes {dorefa.phase = "bitplane"} {
  func.func @main(%x: tensor<1x14x14x2x4xi32> {dorefa.name = "x"}) -> (tensor<1x14x14x64xi32> {dorefa.name = "y"}) {
    %w = arith.constant dense<3> : tensor<64x3x3x64xi8>
    %init = tensor.empty() : tensor<1x14x14x64xi32>
    %y = bitplane.conv_2d %x, %w outs(%init : tensor<1x14x14x64xi32>) channels 64 to 64
        codes !dorefa.code<4, unipolar>, !dorefa.code<4, bipolar> pads [1, 1, 1, 1]
        : tensor<1x14x14x2x4xi32>, tensor<64x3x3x64xi8> -> tensor<1x14x14x64xi32>
    return %y : tensor<1x14x14x64xi32>
  }
}
