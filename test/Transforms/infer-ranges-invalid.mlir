// RUN: dorefa-opt %s --dorefa-infer-ranges --split-input-file --verify-diagnostics

func.func @overflow(%q: tensor<1x2x!dorefa.code<2, unipolar>>, %w: tensor<1x2x!dorefa.code<2, signed>>) -> tensor<1x1xi32> {
  // expected-error @+1 {{'dorefa.matmul' op accumulators can reach [3999920000, 4000640006] but must stay inside i32}}
  %acc = dorefa.matmul %q, %w offsets 20000, 100000
      : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<2, signed>> -> tensor<1x1xi32>
  return %acc : tensor<1x1xi32>
}
