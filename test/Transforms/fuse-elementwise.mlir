// RUN: dorefa-opt %s --dorefa-fuse-elementwise --split-input-file | FileCheck %s

// CHECK-LABEL: @main
// CHECK: linalg.generic
// CHECK: math.absf
// CHECK-NEXT: math.floor
// CHECK-NOT: linalg.generic
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = math.absf %in : f32
    linalg.yield %a : f32
  } -> tensor<4xf32>
  %z = linalg.generic {
      indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]}
      ins(%y : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %b = math.floor %in : f32
    linalg.yield %b : f32
  } -> tensor<4xf32>
  return %z : tensor<4xf32>
}

// -----

// A product keeps its operand: it stays one chain of fused multiply-adds.

// CHECK-LABEL: @product
// CHECK: math.absf
// CHECK: linalg.matmul
func.func @product(%x: tensor<1x4xf32>, %w: tensor<4x8xf32>, %e: tensor<1x4xf32>, %o: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %y = linalg.generic {
      indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<1x4xf32>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = math.absf %in : f32
    linalg.yield %a : f32
  } -> tensor<1x4xf32>
  %z = linalg.matmul ins(%y, %w : tensor<1x4xf32>, tensor<4x8xf32>) outs(%o : tensor<1x8xf32>) -> tensor<1x8xf32>
  return %z : tensor<1x8xf32>
}

// -----

// A pool whose windows do not overlap takes its producer in, one whose windows do does
// not.

// CHECK-LABEL: @pools
// CHECK: linalg.generic
// CHECK-NEXT: ^bb0
// CHECK-NEXT: math.absf
// CHECK-NEXT: linalg.yield
// CHECK: linalg.generic
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.addf
// CHECK: linalg.generic
// CHECK-NEXT: ^bb0
// CHECK-NEXT: math.absf
// CHECK-NEXT: arith.addf
func.func @pools(%x: tensor<4x8xf32>, %window: tensor<2xf32>, %e: tensor<4x8xf32>,
                 %o: tensor<3x8xf32>, %p: tensor<2x8xf32>) -> (tensor<3x8xf32>, tensor<2x8xf32>) {
  %y = linalg.generic {
      indexing_maps = [affine_map<(y, c) -> (y, c)>, affine_map<(y, c) -> (y, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = math.absf %in : f32
    linalg.yield %a : f32
  } -> tensor<4x8xf32>
  %overlapping = linalg.generic {
      indexing_maps = [affine_map<(y, k, c) -> (y + k, c)>, affine_map<(y, k, c) -> (k)>,
                       affine_map<(y, k, c) -> (y, c)>],
      iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%y, %window : tensor<4x8xf32>, tensor<2xf32>) outs(%o : tensor<3x8xf32>) {
  ^bb0(%in: f32, %unused: f32, %sum: f32):
    %s = arith.addf %sum, %in : f32
    linalg.yield %s : f32
  } -> tensor<3x8xf32>
  %z = linalg.generic {
      indexing_maps = [affine_map<(y, c) -> (y, c)>, affine_map<(y, c) -> (y, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = math.absf %in : f32
    linalg.yield %a : f32
  } -> tensor<4x8xf32>
  %apart = linalg.generic {
      indexing_maps = [affine_map<(y, k, c) -> (y * 2 + k, c)>, affine_map<(y, k, c) -> (k)>,
                       affine_map<(y, k, c) -> (y, c)>],
      iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%z, %window : tensor<4x8xf32>, tensor<2xf32>) outs(%p : tensor<2x8xf32>) {
  ^bb0(%in: f32, %unused: f32, %sum: f32):
    %s = arith.addf %sum, %in : f32
    linalg.yield %s : f32
  } -> tensor<2x8xf32>
  return %overlapping, %apart : tensor<3x8xf32>, tensor<2x8xf32>
}

// -----

// A few rising thresholds are counted with what they compare; NaN reaches none. What all
// channels share is a number.

// CHECK-LABEL: @thresholds
// CHECK-DAG: arith.constant dense<[1, 3]> : tensor<2xi32>
// CHECK-DAG: arith.constant dense<[2, 4]> : tensor<2xi32>
// CHECK: %[[A:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2xi8>)
// CHECK: arith.muli
// CHECK: arith.cmpi sge
// CHECK: arith.cmpi sge
// CHECK: bitplane.pack %[[A]]
// CHECK: %[[B:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2xi8>)
// CHECK: math.absf
// CHECK: arith.cmpf oge, %{{.*}}, %cst
// CHECK: bitplane.pack %[[B]]
// CHECK-NOT: bitplane.threshold
func.func @thresholds(%x: tensor<1x2xi32>, %y: tensor<1x2xf32>, %i: tensor<1x2xi32>, %f: tensor<1x2xf32>,
                      %o: tensor<1x1x2xi32>, %p: tensor<1x1x1xi32>) -> (tensor<1x1x2xi32>, tensor<1x1x1xi32>) {
  %rows = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi32>
  %half = arith.constant dense<0.5> : tensor<1x1xf32>
  %a = linalg.generic {
      indexing_maps = [affine_map<(y, c) -> (y, c)>, affine_map<(y, c) -> (y, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<1x2xi32>) outs(%i : tensor<1x2xi32>) {
  ^bb0(%in: i32, %out: i32):
    %square = arith.muli %in, %in : i32
    linalg.yield %square : i32
  } -> tensor<1x2xi32>
  %q = bitplane.threshold %a, %rows outs(%o : tensor<1x1x2xi32>) code !dorefa.code<2, unipolar>
      : tensor<1x2xi32>, tensor<2x2xi32> -> tensor<1x1x2xi32>
  %b = linalg.generic {
      indexing_maps = [affine_map<(y, c) -> (y, c)>, affine_map<(y, c) -> (y, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<1x2xf32>) outs(%f : tensor<1x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %abs = math.absf %in : f32
    linalg.yield %abs : f32
  } -> tensor<1x2xf32>
  %r = bitplane.threshold %b, %half outs(%p : tensor<1x1x1xi32>) code !dorefa.code<1, unipolar>
      : tensor<1x2xf32>, tensor<1x1xf32> -> tensor<1x1x1xi32>
  return %q, %r : tensor<1x1x2xi32>, tensor<1x1x1xi32>
}

// -----

// Falling thresholds stay, and those of what is no elementwise operation.

// CHECK-LABEL: @stay
// CHECK-COUNT-2: bitplane.threshold
func.func @stay(%x: tensor<1x2xi32>, %i: tensor<1x2xi32>, %o: tensor<1x1x1xi32>) -> (tensor<1x1x1xi32>, tensor<1x1x1xi32>) {
  %t = arith.constant dense<5> : tensor<1x1xi32>
  %a = linalg.generic {
      indexing_maps = [affine_map<(y, c) -> (y, c)>, affine_map<(y, c) -> (y, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<1x2xi32>) outs(%i : tensor<1x2xi32>) {
  ^bb0(%in: i32, %out: i32):
    %square = arith.muli %in, %in : i32
    linalg.yield %square : i32
  } -> tensor<1x2xi32>
  %q = bitplane.threshold %a, %t outs(%o : tensor<1x1x1xi32>) code !dorefa.code<1, unipolar> decreasing [true]
      : tensor<1x2xi32>, tensor<1x1xi32> -> tensor<1x1x1xi32>
  %r = bitplane.threshold %x, %t outs(%o : tensor<1x1x1xi32>) code !dorefa.code<1, unipolar>
      : tensor<1x2xi32>, tensor<1x1xi32> -> tensor<1x1x1xi32>
  return %q, %r : tensor<1x1x1xi32>, tensor<1x1x1xi32>
}
