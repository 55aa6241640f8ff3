// Vectors that registers cannot hold are spilled to lines of their own: slots that cross
// cache lines make the same code a fifth slower wherever the caller's stack lies badly.
// RUN: dorefa-compile %s -o %t.so --mcpu=znver4
// RUN: llvm-objdump -d --no-show-raw-insn %t.so | FileCheck %s --implicit-check-not="vmovdqu{{.*}}(%rsp){{.*}}%zmm" --implicit-check-not="vmovups %zmm{{.*}}(%rsp)"
// CHECK: andq $-0x{{[0-9a-f]+}}, %rsp
// CHECK: vpopcntd

func.func @main(%x: tensor<1x56x56x2x1xi32> {dorefa.name = "x"}) -> (tensor<1x56x56x2x1xi32> {dorefa.name = "y"}) {
  %w = arith.constant dense<1> : tensor<64x3x3x64xi8>
  %t = arith.constant dense<3> : tensor<1x1xi32>
  %init = tensor.empty() : tensor<1x56x56x2x1xi32>
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<1x1xi32> outs(%init : tensor<1x56x56x2x1xi32>)
      channels 64 to 64 codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      pads [1, 1, 1, 1] : tensor<1x56x56x2x1xi32>, tensor<64x3x3x64xi8> -> tensor<1x56x56x2x1xi32>
  return %y : tensor<1x56x56x2x1xi32>
}
