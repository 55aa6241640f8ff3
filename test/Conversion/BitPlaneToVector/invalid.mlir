// RUN: dorefa-opt %s --convert-bitplane-to-vector --split-input-file --verify-diagnostics

func.func @tensors(%q: tensor<1x32xi8>, %init: tensor<1x1x1xi32>) -> tensor<1x1x1xi32> {
  // expected-error @+1 {{'bitplane.pack' op works on 'tensor<1x32xi8>' but must work on memrefs; bufferize first}}
  %w = bitplane.pack %q outs(%init : tensor<1x1x1xi32>) : tensor<1x32xi8> -> tensor<1x1x1xi32>
  return %w : tensor<1x1x1xi32>
}

// -----

func.func @not_packed(%x: memref<4x2x2xi32>, %w: memref<10x64xi8>, %y: memref<4x10xi32>) {
  // expected-error @+1 {{'bitplane.matmul' op weights are not packed; run 'bitplane-pack-weights' first}}
  bitplane.matmul %x, %w outs(%y : memref<4x10xi32>) channels 64 to 10
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> : memref<4x2x2xi32>, memref<10x64xi8>
  return
}

// -----

func.func @padded(%x: memref<1x4x4x1x1xi32>, %w: memref<1x1x3x3x1x32xi32>, %y: memref<1x4x4x32xi32>) {
  // expected-error @+1 {{'bitplane.conv_2d' op has pads; run 'bitplane-materialize-padding' first}}
  bitplane.conv_2d %x, %w outs(%y : memref<1x4x4x32xi32>) channels 32 to 32
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount pads [1, 1, 1, 1]
      : memref<1x4x4x1x1xi32>, memref<1x1x3x3x1x32xi32>
  return
}

// -----

func.func @dynamic_channels(%q: memref<4x?x32xi8>, %w: memref<4x?x1x1xi32>) {
  // expected-error @+1 {{'bitplane.pack' op has 'memref<4x?x32xi8>' but only the leading size may be dynamic}}
  bitplane.pack %q outs(%w : memref<4x?x1x1xi32>) : memref<4x?x32xi8>
  return
}

// -----

func.func @strided_channels(%q: memref<4x32xi8, strided<[64, 2]>>, %w: memref<4x1x1xi32>) {
  // expected-error @+1 {{'bitplane.pack' op has channels that do not lie side by side in 'memref<4x32xi8, strided<[64, 2]>>'}}
  bitplane.pack %q outs(%w : memref<4x1x1xi32>) : memref<4x32xi8, strided<[64, 2]>>
  return
}
