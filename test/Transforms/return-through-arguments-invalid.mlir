// RUN: dorefa-opt %s --dorefa-return-through-arguments --split-input-file --verify-diagnostics

// expected-error @+1 {{input or output is 'tensor<4x?xf32>' but only the first dimension, the batch, may be dynamic}}
func.func @main(%x: tensor<4x?xf32>) {
  return
}

// -----

// expected-error @+1 {{input or output is 'tensor<4xf16>' but must have elements of f32, i8, i32 or i64}}
func.func @main(%x: tensor<4xf16>) {
  return
}

// -----

// expected-error @+1 {{input or output is 'f32' but must be a tensor of at most 8 dimensions}}
func.func @main(%x: f32) {
  return
}

// -----

// expected-error @+1 {{input or output is 'tensor<1x1x1x1x1x1x1x1x1xf32>' but must be a tensor of at most 8 dimensions}}
func.func @main() -> tensor<1x1x1x1x1x1x1x1x1xf32> {
  %e = tensor.empty() : tensor<1x1x1x1x1x1x1x1x1xf32>
  return %e : tensor<1x1x1x1x1x1x1x1x1xf32>
}

// -----

// expected-error @+1 {{module has no function @main with one block, but a network must have one}}
module {
}
