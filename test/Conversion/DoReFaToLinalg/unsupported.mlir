// RUN: dorefa-opt %s --convert-dorefa-to-linalg --split-input-file --verify-diagnostics

func.func @weights(%w: tensor<8x4xf32>) -> tensor<f64> {
  // expected-error @+1 {{'dorefa.quantize_weights' op is not supported at inference: its operand must be known at compile time}}
  %q, %s = dorefa.quantize_weights %w : tensor<8x4xf32> -> tensor<8x4x!dorefa.code<1, bipolar>>, tensor<f64>
  return %s : tensor<f64>
}

// -----

func.func @ternary(%w: tensor<8x4xf32>) -> tensor<f64> {
  // expected-error @+1 {{'dorefa.quantize_ternary' op is not supported at inference: its operand must be known at compile time}}
  %q, %s = dorefa.quantize_ternary %w : tensor<8x4xf32> -> tensor<8x4x!dorefa.code<2, ternary>>, tensor<f64>
  return %s : tensor<f64>
}

// -----

func.func @gradients(%dr: tensor<2x8xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{'dorefa.quantize_gradients' op is not supported at inference}}
  %q, %m = dorefa.quantize_gradients %dr seed 7 layer 3 step 0 : tensor<2x8xf32> -> tensor<2x8x!dorefa.code<6, bipolar>>, tensor<2xf32>
  return %m : tensor<2xf32>
}

// -----

func.func @codes(%x: tensor<4x64x!dorefa.code<2, unipolar>>, %w: tensor<10x64x!dorefa.code<1, bipolar>>) -> tensor<4x10xi32> {
  // expected-error @+1 {{'dorefa.matmul' op on codes must be lowered by convert-dorefa-to-bitplane first}}
  %acc = dorefa.matmul %x, %w : tensor<4x64x!dorefa.code<2, unipolar>>, tensor<10x64x!dorefa.code<1, bipolar>> -> tensor<4x10xi32>
  return %acc : tensor<4x10xi32>
}

// -----

func.func @threshold(%x: tensor<4x8xi32>, %t: tensor<8x3xi32>) -> tensor<4x8xi8> {
  // expected-error @+1 {{'dorefa.threshold' op must be lowered by convert-dorefa-to-bitplane first}}
  %q = dorefa.threshold %x, %t : tensor<4x8xi32>, tensor<8x3xi32> -> tensor<4x8x!dorefa.code<2, unipolar>>
  %b = dorefa.storage_cast %q : tensor<4x8x!dorefa.code<2, unipolar>> to tensor<4x8xi8>
  return %b : tensor<4x8xi8>
}
