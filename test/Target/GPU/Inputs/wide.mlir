// Layers on wide codes, which chips multiply in several ways.
func.func @main(%x: tensor<?x16x16x64xi8> {dorefa.name = "x"}, %r: tensor<?x512xi8> {dorefa.name = "r"})
    -> (tensor<?x16x16x64xi32> {dorefa.name = "y"}, tensor<?x64xi32> {dorefa.name = "z"}) {
  %q = dorefa.storage_cast %x : tensor<?x16x16x64xi8> to tensor<?x16x16x64x!dorefa.code<8, signed>>
  %w = dorefa.constant dense<3> : tensor<64x3x3x64xi8> -> tensor<64x3x3x64x!dorefa.code<8, signed>>
  %y = dorefa.conv_2d %q, %w pads [1, 1, 1, 1]
      : tensor<?x16x16x64x!dorefa.code<8, signed>>, tensor<64x3x3x64x!dorefa.code<8, signed>> -> tensor<?x16x16x64xi32>
  %s = dorefa.storage_cast %r : tensor<?x512xi8> to tensor<?x512x!dorefa.code<4, unipolar>>
  %v = dorefa.constant dense<5> : tensor<64x512xi8> -> tensor<64x512x!dorefa.code<4, bipolar>>
  %z = dorefa.matmul %s, %v
      : tensor<?x512x!dorefa.code<4, unipolar>>, tensor<64x512x!dorefa.code<4, bipolar>> -> tensor<?x64xi32>
  return %y, %z : tensor<?x16x16x64xi32>, tensor<?x64xi32>
}
