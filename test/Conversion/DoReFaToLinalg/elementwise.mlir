// RUN: dorefa-opt %s --convert-dorefa-to-linalg --split-input-file | FileCheck %s

// exp, tanh and the like are computed in f64 and rounded once.
// CHECK-LABEL: @tanh
func.func @tanh(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: linalg.generic
  // CHECK: %[[WIDE:.*]] = arith.extf %{{.*}} : f32 to f64
  // CHECK-NEXT: %[[TANH:.*]] = math.tanh %[[WIDE]] : f64
  // CHECK-NEXT: arith.truncf %[[TANH]] : f64 to f32
  %y = dorefa.unary tanh %x : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// The maximum is the first operand only where it is greater: NaN picks the second.
// CHECK-LABEL: @max_broadcast
func.func @max_broadcast(%x: tensor<?x5x8xf32>, %s: tensor<5x1xf32>) -> tensor<?x5x8xf32> {
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #{{.*}}, #{{.*}}]
  // CHECK: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %{{.*}}: f32):
  // CHECK-NEXT: %[[GT:.*]] = arith.cmpf ogt, %[[A]], %[[B]] : f32
  // CHECK-NEXT: arith.select %[[GT]], %[[A]], %[[B]] : f32
  %y = dorefa.binary max %x, %s : tensor<?x5x8xf32>, tensor<5x1xf32> -> tensor<?x5x8xf32>
  return %y : tensor<?x5x8xf32>
}

// -----

// The order of the formula, the root at compile time: sqrt(3.99 + 0.01) = 2.
// CHECK-LABEL: @batch_norm
func.func @batch_norm(%x: tensor<4x2xf32>, %m: tensor<2xf32>, %g: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<4x2xf32> {
  // CHECK: %[[DEVIATION:.*]] = arith.constant dense<2.000000e+00> : tensor<2xf32>
  // CHECK: linalg.generic {{.*}} ins(%arg0, %arg1, %[[DEVIATION]], %arg2, %arg3
  // CHECK: arith.subf
  // CHECK-NEXT: arith.divf
  // CHECK-NEXT: arith.mulf
  // CHECK-NEXT: arith.addf
  %v = arith.constant dense<3.99> : tensor<2xf32>
  %y = dorefa.batch_norm %x, %m, %v, %g, %b epsilon 0.01 : tensor<4x2xf32>, tensor<2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// Codes are bytes, and nothing remains of the casts.
// CHECK-LABEL: @quantize
// CHECK-SAME: -> tensor<4x8xi8>
func.func @quantize(%x: tensor<4x8xf32>) -> tensor<4x8xi8> {
  // CHECK: arith.divf
  // CHECK: arith.addf
  // CHECK: arith.cmpf ogt
  // CHECK: arith.cmpf oge
  // CHECK: math.roundeven
  // CHECK: arith.fptosi %{{.*}} : f32 to i32
  // CHECK: arith.trunci %{{.*}} : i32 to i8
  // CHECK-NOT: storage_cast
  %q = dorefa.quantize %x scale [0.5] zero_point [0.0] half_even : tensor<4x8xf32> -> tensor<4x8x!dorefa.code<2, unipolar>>
  %b = dorefa.storage_cast %q : tensor<4x8x!dorefa.code<2, unipolar>> to tensor<4x8xi8>
  return %b : tensor<4x8xi8>
}

// -----

// CHECK-LABEL: @straight_through
func.func @straight_through(%q: tensor<4xf32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: return %arg0
  %y = dorefa.straight_through %q to %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
