// One layer on codes, with a batch.
func.func @main(%x: tensor<?x4x4x40xi8> {dorefa.name = "x"}) -> (tensor<?x4x4x64xi32> {dorefa.name = "y"}) {
  %q = dorefa.storage_cast %x : tensor<?x4x4x40xi8> to tensor<?x4x4x40x!dorefa.code<2, unipolar>>
  %w = dorefa.constant dense<1> : tensor<64x3x3x40xi8> -> tensor<64x3x3x40x!dorefa.code<1, bipolar>>
  %acc = dorefa.conv_2d %q, %w pads [1, 1, 1, 1]
      : tensor<?x4x4x40x!dorefa.code<2, unipolar>>, tensor<64x3x3x40x!dorefa.code<1, bipolar>> -> tensor<?x4x4x64xi32>
  return %acc : tensor<?x4x4x64xi32>
}
