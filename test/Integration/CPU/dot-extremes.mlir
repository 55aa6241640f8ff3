// Products of bytes at their largest: pairs that do not fit 16 bits must not be added in 16 bits.

// RUN: rm -rf %t && mkdir %t
// RUN: %python -c "import numpy, sys; x = numpy.full((3, 64), 255, 'f4'); x[1, ::2] = 0; x[2] = numpy.arange(64) * 4; numpy.save(sys.argv[1], x)" %t/x.npy
// RUN: dorefa-interpret %s --phase=codes --input x=%t/x.npy --output y=%t/y.npy --output z=%t/z.npy --print | FileCheck %s
// The kernel is chosen for a processor that has an instruction for it; others compute the same.
// RUN: dorefa-compile %s --mcpu=znver4 --compile-to=kernels -o %t/dot.mlir
// RUN: FileCheck %s --check-prefix=KERNEL --input-file=%t/dot.mlir
// RUN: dorefa-compile %t/dot.mlir -o %t/native.so
// RUN: dorefa-run %t/native.so --input x=%t/x.npy --expect y=%t/y.npy --expect z=%t/z.npy
// RUN: dorefa-compile %t/dot.mlir -o %t/v3.so --mcpu=x86-64-v3
// RUN: dorefa-run %t/v3.so --input x=%t/x.npy --expect y=%t/y.npy --expect z=%t/z.npy
// RUN: dorefa-compile %t/dot.mlir -o %t/v2.so --mcpu=x86-64-v2
// RUN: dorefa-run %t/v2.so --input x=%t/x.npy --expect y=%t/y.npy --expect z=%t/z.npy
// RUN: dorefa-compile %t/dot.mlir -o %t/plain.so --mcpu=x86-64
// RUN: dorefa-run %t/plain.so --input x=%t/x.npy --expect y=%t/y.npy --expect z=%t/z.npy

// 64 * 255 * 127, 64 * 255 * -128, and both in turn: 32 * 255 * -1.
// KERNEL: kernel dot
// CHECK: y: {{\[}}[2072640, -2088960, -8160], [1036320, -1044480, -1044480], [1024128, -1032192, -20352]]
// 7 bits fit: 64 * 255 * 63, 64 * 255 * -64, and both in turn.
// KERNEL: kernel dot
// CHECK: z: {{\[}}[1028160, -1044480, -8160], [514080, -522240, -522240], [508032, -516096, -12160]]
module @dot {
  func.func @main(%x: tensor<?x64xf32> {dorefa.name = "x"}) -> (tensor<?x3xf32> {dorefa.name = "y"}, tensor<?x3xf32> {dorefa.name = "z"}) {
    %q = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even : tensor<?x64xf32> -> tensor<?x64x!dorefa.code<8, unipolar>>
    %w = dorefa.constant dense<"0x7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F807F80"> : tensor<3x64xi8> -> tensor<3x64x!dorefa.code<8, signed>>
    %a = dorefa.matmul %q, %w : tensor<?x64x!dorefa.code<8, unipolar>>, tensor<3x64x!dorefa.code<8, signed>> -> tensor<?x3xi32>
    %s = arith.constant dense<1.0> : tensor<f32>
    %y = dorefa.scale %a, %s : tensor<?x3xi32>, tensor<f32> -> tensor<?x3xf32>
    %v = dorefa.constant dense<"0x3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F3F404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F403F40"> : tensor<3x64xi8> -> tensor<3x64x!dorefa.code<7, signed>>
    %b = dorefa.matmul %q, %v : tensor<?x64x!dorefa.code<8, unipolar>>, tensor<3x64x!dorefa.code<7, signed>> -> tensor<?x3xi32>
    %z = dorefa.scale %b, %s : tensor<?x3xi32>, tensor<f32> -> tensor<?x3xf32>
    return %y, %z : tensor<?x3xf32>, tensor<?x3xf32>
  }
}
