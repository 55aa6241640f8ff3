// RUN: dorefa-opt %s --convert-bitplane-to-bpa | FileCheck %s

// A layer that reads what another makes has its batch, also where only the size of a host's value says how many samples the
// destination has.
// CHECK-LABEL: @main
// CHECK: bpa.launch @accelerator::@main0
// CHECK-NOT: bpa.launch
func.func @main(%x: tensor<?x1x2x1x1xi32>) -> tensor<?x1x1x8xi32> {
  %zero = arith.constant 0 : index
  %w = arith.constant dense<0> : tensor<8x1x2x32xi8>
  %v = arith.constant dense<1> : tensor<8x1x1x8xi8>
  %t = arith.constant dense<0> : tensor<1x1xi32>
  %n = tensor.dim %x, %zero : tensor<?x1x2x1x1xi32>
  %e = tensor.empty(%n) : tensor<?x1x1x1x1xi32>
  %y = bitplane.conv_2d %x, %w thresholds %t : tensor<1x1xi32> outs(%e : tensor<?x1x1x1x1xi32>) channels 32 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
      : tensor<?x1x2x1x1xi32>, tensor<8x1x2x32xi8> -> tensor<?x1x1x1x1xi32>
  %row = tensor.collapse_shape %y [[0, 1, 2], [3], [4]] : tensor<?x1x1x1x1xi32> into tensor<?x1x1xi32>
  %u = tensor.empty(%n) : tensor<?x8xi8>
  %codes = bitplane.unpack %row outs(%u : tensor<?x8xi8>) : tensor<?x1x1xi32> -> tensor<?x8xi8>
  %f = dorefa.storage_cast %codes : tensor<?x8xi8> to tensor<?x8x!dorefa.code<1, unipolar>>
  %m = tensor.dim %f, %zero : tensor<?x8x!dorefa.code<1, unipolar>>
  %d = tensor.empty(%m) : tensor<?x1x1x8xi32>
  %z = bitplane.conv_2d %y, %v outs(%d : tensor<?x1x1x8xi32>) channels 8 to 8
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, unipolar>
      : tensor<?x1x1x1x1xi32>, tensor<8x1x1x8xi8> -> tensor<?x1x1x8xi32>
  return %z : tensor<?x1x1x8xi32>
}
