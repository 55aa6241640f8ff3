// RUN: dorefa-opt %s --bitplane-pack-weights="features=avx512bw,avx512vbmi" | FileCheck %s --check-prefix=LOOKUP
// RUN: dorefa-opt %s --bitplane-pack-weights="lanes=4 features=ssse3" | FileCheck %s --check-prefix=NARROW

// The weights of channels 0 to 5 and of channel 6 of the only output, in byte 0 of each vector.

// LOOKUP-LABEL: @lookup
// LOOKUP: %[[W:.*]] = arith.constant {{.*}} : tensor<1x1x2x64xi8>
// LOOKUP: %[[D:.*]] = tensor.dim
// LOOKUP: %[[E:.*]] = tensor.empty(%[[D]]) : tensor<?x2xi16>
// LOOKUP: %[[I:.*]] = bitplane.index %{{.*}} outs(%[[E]] : tensor<?x2xi16>) channels 7
// LOOKUP: bitplane.matmul %[[I]], %{{.*}} kernel lookup : tensor<?x2xi16>, tensor<1x1x2x64xi8>
// LOOKUP: weights: "0x01000000{{25((00){63})01((00){63})}}"

// Indices of 4 channels, two vectors of 16 bytes for 32 outputs.
// NARROW-LABEL: @lookup
// NARROW: bitplane.index {{.*}} : tensor<?x1x1xi32> -> tensor<?x2xi8>
// NARROW: bitplane.matmul {{.*}} kernel lookup : tensor<?x2xi8>, tensor<2x1x2x16xi8>
// NARROW: weights: "0x01000000{{05((00){15})06((00){47})}}"
func.func @lookup(%x: tensor<?x1x1xi32>, %init: tensor<?x1xi32>) -> tensor<?x1xi32> {
  %w = arith.constant dense<[[1, 0, 1, 0, 0, 1, 1]]> : tensor<1x7xi8>
  %acc = bitplane.matmul %x, %w outs(%init : tensor<?x1xi32>) channels 7 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel lookup
      : tensor<?x1x1xi32>, tensor<1x7xi8> -> tensor<?x1xi32>
  return %acc : tensor<?x1xi32>
}
