// A chain starts from the bias or the number that filled its result, which is not written before.
// RUN: dorefa-opt %s --convert-linalg-to-gpu --canonicalize | FileCheck %s

memref.global "private" constant @bias : memref<6xf32> = dense<1.0>

#input = affine_map<(n, g, c, k) -> (n, g, k)>
#weights = affine_map<(n, g, c, k) -> (g, c, k)>
#output = affine_map<(n, g, c, k) -> (n, g, c)>

// CHECK-LABEL: func.func @number
// CHECK: gpu.launch {{.*}} function(@reduction)
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{c.*}}) -> (f32)
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @number(%x: memref<128x8xf32>, %y: memref<128xf32>) {
  %seven = arith.constant 7.0 : f32
  linalg.fill ins(%seven : f32) outs(%y : memref<128xf32>)
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>],
      iterator_types = ["parallel", "reduction"]} ins(%x : memref<128x8xf32>) outs(%y : memref<128xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %next = arith.addf %sum, %a : f32
    linalg.yield %next : f32
  }
  return
}

// Two groups of three channels: a channel is 3 * group + channel of the group.
// CHECK-LABEL: func.func @groups
// CHECK-NOT: function(@broadcast)
// CHECK: gpu.launch {{.*}} function(@reduction)
// CHECK: %[[FIRST:.*]] = arith.muli %[[GROUP:.*]], %c3
// CHECK: %[[CHANNEL:.*]] = arith.addi %{{.*}}, %[[FIRST]]
// CHECK: %[[START:.*]] = memref.load %{{.*}}[%[[CHANNEL]]] : memref<6xf32>
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[START]]) -> (f32)
func.func @groups(%x: memref<4x2x5xf32>, %w: memref<2x3x5xf32>, %y: memref<4x6xf32>) {
  %b = memref.get_global @bias : memref<6xf32>
  linalg.broadcast ins(%b : memref<6xf32>) outs(%y : memref<4x6xf32>) dimensions = [0]
  %groups = memref.expand_shape %y [[0], [1, 2]] output_shape [4, 2, 3] : memref<4x6xf32> into memref<4x2x3xf32>
  linalg.generic {indexing_maps = [#input, #weights, #output],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<4x2x5xf32>, memref<2x3x5xf32>) outs(%groups : memref<4x2x3xf32>) {
  ^bb0(%a: f32, %b0: f32, %sum: f32):
    %next = math.fma %a, %b0, %sum : f32
    linalg.yield %next : f32
  }
  return
}

// Not where something else reads what was filled.
// CHECK-LABEL: func.func @read
// CHECK-COUNT-3: gpu.launch
func.func @read(%x: memref<128x8xf32>, %y: memref<128xf32>, %z: memref<128xf32>) {
  %seven = arith.constant 7.0 : f32
  linalg.fill ins(%seven : f32) outs(%y : memref<128xf32>)
  memref.copy %y, %z : memref<128xf32> to memref<128xf32>
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>],
      iterator_types = ["parallel", "reduction"]} ins(%x : memref<128x8xf32>) outs(%y : memref<128xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %next = arith.addf %sum, %a : f32
    linalg.yield %next : f32
  }
  return
}
