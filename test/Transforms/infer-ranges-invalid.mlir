// RUN: dorefa-opt %s --dorefa-infer-ranges --split-input-file --verify-diagnostics

func.func @overflow(%q: tensor<1x2x!dorefa.code<2, unipolar>>, %w: tensor<1x2x!dorefa.code<2, signed>>) -> tensor<1x1xi32> {
  // expected-error @+1 {{'dorefa.matmul' op accumulators can reach [3999920000, 4000640006] but must stay inside i32}}
  %acc = dorefa.matmul %q, %w offsets 20000, 100000
      : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<2, signed>> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}

// -----

// The sum of two branches: 3 * 2e9 + 1 * 2e9.
func.func @overflow_of_sum(%q: tensor<1x2x!dorefa.code<2, unipolar>>, %p: tensor<1x2x!dorefa.code<1, unipolar>>) -> tensor<1x2xi32> {
  %w = arith.constant dense<[[2000000000, 2000000000]]> : tensor<1x2xi32>
  // expected-error @+1 {{'dorefa.weighted_sum' op accumulators can reach [0, 8000000000] but must stay inside i32}}
  %sum = dorefa.weighted_sum %q, %p, %w
      : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, unipolar>>, tensor<1x2xi32> -> tensor<1x2xi32>
  return %sum : tensor<1x2xi32>
}
