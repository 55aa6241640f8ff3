// RUN: dorefa-opt %s --bitplane-pack-weights --verify-diagnostics --split-input-file

func.func @weights(%x: tensor<1x1x1xi32>, %w: tensor<1x2xi8>) -> tensor<1x1xi32> {
  %init = tensor.empty() : tensor<1x1xi32>
  // expected-error @+1 {{'bitplane.matmul' op weights must be constant to be packed at compile time; make them an 'arith.constant'}}
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount
      : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

// -----

func.func @thresholds(%x: tensor<1x1x1xi32>, %t: tensor<1x1xi32>) -> tensor<1x1x1xi32> {
  %w = arith.constant dense<[[1, 0]]> : tensor<1x2xi8>
  %init = tensor.empty() : tensor<1x1x1xi32>
  // expected-error @+1 {{'bitplane.matmul' op thresholds must be constant to be packed at compile time; make them an 'arith.constant'}}
  %q = bitplane.matmul %x, %w thresholds %t : tensor<1x1xi32> outs(%init : tensor<1x1x1xi32>) channels 2 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar> kernel popcount
      : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1x1xi32>
  return %q : tensor<1x1x1xi32>
}

// -----

func.func @groups(%x: tensor<1x4x4x1x2xi32>) -> tensor<1x4x4x4xi32> {
  %w = arith.constant dense<1> : tensor<4x1x1x1xi8>
  %init = tensor.empty() : tensor<1x4x4x4xi32>
  // expected-error @+1 {{cannot be packed for kernel 'dot'; choose 'popcount'}}
  %acc = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x4xi32>) channels 4 to 4
      codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> kernel dot groups 4
      : tensor<1x4x4x1x2xi32>, tensor<4x1x1x1xi8> -> tensor<1x4x4x4xi32>
  return %acc : tensor<1x4x4x4xi32>
}

// -----

func.func @lookup(%x: tensor<1x1x1xi32>) -> tensor<1x1xi32> {
  %w = arith.constant dense<[[1, 0]]> : tensor<1x2xi8>
  %init = tensor.empty() : tensor<1x1xi32>
  // expected-error @+1 {{cannot be packed for kernel 'lookup', which the target does not have; choose 'popcount'}}
  %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
      codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel lookup
      : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}
