// RUN: dorefa-opt %s --convert-linalg-to-vector | FileCheck %s

// Weights of @one_row, below.
// CHECK: memref.global "private" constant @weights_{{[0-9]}} : memref<16x64x16xf32>

// The first layer of AlexNet: eight pixels of three vectors, every output one chain
// from the bias over (ky, kx, c).
// CHECK-LABEL: func.func @first_layer
// CHECK: vector.load %{{.*}} : memref<1x54x54x96xf32>, vector<16xf32>
// CHECK: scf.for {{.*}} -> ([[TILE:(vector<16xf32>,? ?){24}]]) {
// CHECK: scf.for {{.*}} -> ([[TILE]]) {
// CHECK: scf.for {{.*}} -> ([[TILE]]) {
// CHECK-COUNT-3: vector.load %{{.*}} : memref<12x12x3x96xf32>, vector<16xf32>
// CHECK-COUNT-24: math.fma %{{.*}} : vector<16xf32>
// CHECK: scf.yield
// CHECK: vector.store %{{.*}} : memref<1x54x54x96xf32>, vector<16xf32>
func.func @first_layer(%x: memref<1x224x224x3xf32>, %w: memref<12x12x3x96xf32>, %y: memref<1x54x54x96xf32>) {
  linalg.conv_2d_nhwc_hwcf {strides = dense<4> : tensor<2xi64>}
      ins(%x, %w : memref<1x224x224x3xf32>, memref<12x12x3x96xf32>) outs(%y : memref<1x54x54x96xf32>)
  return
}

// The input may lie in memory in any order: its elements are read one by one.
// CHECK-LABEL: func.func @channels_first
// CHECK: scf.for {{.*}} -> ([[TILE:(vector<16xf32>,? ?){24}]]) {
// CHECK-COUNT-8: memref.load %{{.*}} : memref<1x3x224x224xf32>
func.func @channels_first(%x: memref<1x3x224x224xf32>, %w: memref<12x12x3x96xf32>, %y: memref<1x54x54x96xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(n, y, x, f, ky, kx, c) -> (n, c, y * 4 + ky, x * 4 + kx)>,
                       affine_map<(n, y, x, f, ky, kx, c) -> (ky, kx, c, f)>,
                       affine_map<(n, y, x, f, ky, kx, c) -> (n, y, x, f)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : memref<1x3x224x224xf32>, memref<12x12x3x96xf32>) outs(%y : memref<1x54x54x96xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %s = math.fma %a, %b, %sum : f32
    linalg.yield %s : f32
  }
  return
}

// Two groups of 48 and 128 channels, as in AlexNet.
// CHECK-LABEL: func.func @groups
// CHECK: %[[TWO:.*]] = arith.constant 2 : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[TWO]]
// CHECK: scf.for {{.*}} -> ([[TILE:(vector<16xf32>,? ?){24}]]) {
// CHECK-COUNT-4: vector.load %{{.*}} : memref<5x5x48x2x128xf32>, vector<16xf32>
// CHECK-COUNT-24: math.fma %{{.*}} : vector<16xf32>
func.func @groups(%x: memref<1x16x16x2x48xf32>, %w: memref<5x5x48x2x128xf32>, %y: memref<1x12x12x2x128xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(n, y, x, ky, kx, c, g, f) -> (n, y + ky, x + kx, g, c)>,
                       affine_map<(n, y, x, ky, kx, c, g, f) -> (ky, kx, c, g, f)>,
                       affine_map<(n, y, x, ky, kx, c, g, f) -> (n, y, x, g, f)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction", "parallel", "parallel"]}
      ins(%x, %w : memref<1x16x16x2x48xf32>, memref<5x5x48x2x128xf32>) outs(%y : memref<1x12x12x2x128xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %s = math.fma %a, %b, %sum : f32
    linalg.yield %s : f32
  }
  return
}

// A constant filter is packed into blocks of 16 channels of one group, taps from front to
// back.
memref.global "private" constant @filter : memref<3x3x4x80xf32> = dense<0.5>

// CHECK-LABEL: func.func @constant_filter
// CHECK: %[[W:.*]] = memref.get_global @{{.*}} : memref<6x36x16xf32>
// CHECK: vector.load %[[W]][%{{.*}}, %{{.*}}, %{{.*}}] : memref<6x36x16xf32>, vector<16xf32>
// CHECK-NOT: memref<3x3x4x2x40xf32>, vector
func.func @constant_filter(%x: memref<1x6x6x2x4xf32>, %y: memref<1x4x4x2x40xf32>) {
  %g = memref.get_global @filter : memref<3x3x4x80xf32>
  %w = memref.expand_shape %g [[0], [1], [2], [3, 4]] output_shape [3, 3, 4, 2, 40]
      : memref<3x3x4x80xf32> into memref<3x3x4x2x40xf32>
  linalg.generic {
      indexing_maps = [affine_map<(n, y, x, ky, kx, c, g, f) -> (n, y + ky, x + kx, g, c)>,
                       affine_map<(n, y, x, ky, kx, c, g, f) -> (ky, kx, c, g, f)>,
                       affine_map<(n, y, x, ky, kx, c, g, f) -> (n, y, x, g, f)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction", "parallel", "parallel"]}
      ins(%x, %w : memref<1x6x6x2x4xf32>, memref<3x3x4x2x40xf32>) outs(%y : memref<1x4x4x2x40xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %s = math.fma %a, %b, %sum : f32
    linalg.yield %s : f32
  }
  return
}

// Channels of a depthwise convolution are lanes of the input, too.
// CHECK-LABEL: func.func @depthwise
// CHECK: vector.load %{{.*}} : memref<3x3x32xf32>, vector<16xf32>
// CHECK: vector.load %{{.*}} : memref<1x10x10x32xf32>, vector<16xf32>
// CHECK: math.fma
func.func @depthwise(%x: memref<1x10x10x32xf32>, %w: memref<3x3x32xf32>, %y: memref<1x8x8x32xf32>) {
  linalg.depthwise_conv_2d_nhwc_hwc
      ins(%x, %w : memref<1x10x10x32xf32>, memref<3x3x32xf32>) outs(%y : memref<1x8x8x32xf32>)
  return
}

// One row reads constant weights in eight streams, each from front to back, and starts
// from the bias: nothing is written before.
memref.global "private" constant @weights : memref<64x256xf32> = dense<1.0>
memref.global "private" constant @bias : memref<256xf32> = dense<2.0>

// CHECK-LABEL: func.func @one_row
// CHECK-NOT: linalg.broadcast
// CHECK: %[[W:.*]] = memref.get_global @{{.*}} : memref<16x64x16xf32>
// CHECK: scf.for
// CHECK-COUNT-8: vector.load %{{.*}} : memref<256xf32>, vector<16xf32>
// CHECK: scf.for %[[K:[a-z0-9]+]] = {{.*}} -> ([[EIGHT:(vector<16xf32>,? ?){8}]]) {
// CHECK-COUNT-8: vector.load %[[W]][%{{.*}}, %[[K]], %{{.*}}] : memref<16x64x16xf32>, vector<16xf32>
// CHECK-COUNT-8: math.fma
// CHECK: scf.yield
// CHECK-COUNT-8: vector.store
func.func @one_row(%x: memref<1x64xf32>, %other: memref<1x256xf32>) {
  %w = memref.get_global @weights : memref<64x256xf32>
  %b = memref.get_global @bias : memref<256xf32>
  %y = memref.alloc() : memref<1x256xf32>
  linalg.broadcast ins(%b : memref<256xf32>) outs(%y : memref<1x256xf32>) dimensions = [0]
  linalg.matmul ins(%x, %w : memref<1x64xf32>, memref<64x256xf32>) outs(%y : memref<1x256xf32>)
  memref.copy %y, %other : memref<1x256xf32> to memref<1x256xf32>
  memref.dealloc %y : memref<1x256xf32>
  return
}

// Somebody else reads what the sum starts from: it stays in memory.
// CHECK-LABEL: func.func @start_is_read
// CHECK: linalg.fill
// CHECK: memref.copy
// CHECK: math.fma
func.func @start_is_read(%x: memref<1x64xf32>, %w: memref<64x256xf32>, %other: memref<1x256xf32>) {
  %zero = arith.constant 0.0 : f32
  %y = memref.alloc() : memref<1x256xf32>
  linalg.fill ins(%zero : f32) outs(%y : memref<1x256xf32>)
  memref.copy %y, %other : memref<1x256xf32> to memref<1x256xf32>
  linalg.matmul ins(%x, %w : memref<1x64xf32>, memref<64x256xf32>) outs(%y : memref<1x256xf32>)
  memref.copy %y, %other : memref<1x256xf32> to memref<1x256xf32>
  memref.dealloc %y : memref<1x256xf32>
  return
}

// Ten channels are one masked vector.
// CHECK-LABEL: func.func @classifier
// CHECK: vector.maskedload %{{.*}} : memref<?x10xf32>
// CHECK: vector.maskedload %{{.*}} : memref<64x10xf32>
// CHECK: math.fma
// CHECK: vector.maskedstore
func.func @classifier(%x: memref<?x64xf32>, %w: memref<64x10xf32>, %y: memref<?x10xf32>) {
  linalg.matmul ins(%x, %w : memref<?x64xf32>, memref<64x10xf32>) outs(%y : memref<?x10xf32>)
  return
}

// A pool combines vectors of channels in registers, from the number that would have
// filled the result.
// CHECK-LABEL: func.func @max_pool
// CHECK-NOT: linalg.fill
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>) {
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>) {
// CHECK: vector.load %{{.*}} : memref<1x9x9x24xf32>, vector<16xf32>
// CHECK: arith.cmpf ogt, %{{.*}} : vector<16xf32>
// CHECK: arith.select
// CHECK: vector.maskedload %{{.*}} : memref<1x9x9x24xf32>
// CHECK: arith.cmpf ogt, %{{.*}} : vector<16xf32>
// CHECK: vector.store
// CHECK: vector.maskedstore
func.func @max_pool(%x: memref<1x9x9x24xf32>, %window: memref<3x3xf32>, %y: memref<1x4x4x24xf32>) {
  %lowest = arith.constant 0xFF800000 : f32
  linalg.fill ins(%lowest : f32) outs(%y : memref<1x4x4x24xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(n, y, x, ky, kx, c) -> (n, y * 2 + ky, x * 2 + kx, c)>,
                       affine_map<(n, y, x, ky, kx, c) -> (ky, kx)>,
                       affine_map<(n, y, x, ky, kx, c) -> (n, y, x, c)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "parallel"]}
      ins(%x, %window : memref<1x9x9x24xf32>, memref<3x3xf32>) outs(%y : memref<1x4x4x24xf32>) {
  ^bb0(%a: f32, %unused: f32, %max: f32):
    %greater = arith.cmpf ogt, %a, %max : f32
    %m = arith.select %greater, %a, %max : f32
    linalg.yield %m : f32
  }
  return
}

// A sum along the channels has no lanes.
// CHECK-LABEL: func.func @sum_of_channels
// CHECK: linalg.generic
func.func @sum_of_channels(%x: memref<4x8xf32>, %y: memref<4xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(n, c) -> (n, c)>, affine_map<(n, c) -> (n)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4x8xf32>) outs(%y : memref<4xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %s = arith.addf %sum, %a : f32
    linalg.yield %s : f32
  }
  return
}

// Elementwise operations go through the pixels of a row with the parameters of four
// vectors of channels at hand, and may yield bytes; the rest of the channels is cut
// off by a mask.
// CHECK-LABEL: func.func @elementwise
// CHECK: scf.for
// CHECK: scf.for {{.*}} = %{{.*}} to %c9
// CHECK-COUNT-4: vector.store %{{.*}} : memref<1x9x9x72xi8>, vector<16xi8>
// CHECK: scf.for {{.*}} = %{{.*}} to %c9
// CHECK: vector.maskedload %{{.*}} : memref<1x9x9x72xi32>, vector<16xi1>, vector<16xi32>
// CHECK: arith.cmpi sge, %{{.*}} : vector<16xi32>
// CHECK: vector.maskedstore %{{.*}} : memref<1x9x9x72xi8>, vector<16xi1>, vector<16xi8>
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @elementwise(%x: memref<1x9x9x72xi32>, %t: memref<72xi32>, %y: memref<1x9x9x72xi8>) {
  linalg.generic {
      indexing_maps = [affine_map<(n, y, x, c) -> (n, y, x, c)>, affine_map<(n, y, x, c) -> (c)>,
                       affine_map<(n, y, x, c) -> (n, y, x, c)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %t : memref<1x9x9x72xi32>, memref<72xi32>) outs(%y : memref<1x9x9x72xi8>) {
  ^bb0(%a: i32, %threshold: i32, %old: i8):
    %reached = arith.cmpi sge, %a, %threshold : i32
    %code = arith.extui %reached : i1 to i8
    linalg.yield %code : i8
  }
  return
}

// What has no channels of its own is read once for a vector of them; without
// parameters of channels, elements are visited in their order.
// CHECK-LABEL: func.func @scaled
// CHECK: %[[S:.*]] = memref.load %{{.*}}[] : memref<f32>
// CHECK: vector.broadcast %[[S]] : f32 to vector<16xf32>
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @scaled(%x: memref<3x9x32xf32>, %s: memref<f32>, %y: memref<3x9x32xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(n, y, x) -> (n, y, x)>, affine_map<(n, y, x) -> ()>,
                       affine_map<(n, y, x) -> (n, y, x)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %s : memref<3x9x32xf32>, memref<f32>) outs(%y : memref<3x9x32xf32>) {
  ^bb0(%a: f32, %scale: f32, %old: f32):
    %z = arith.mulf %a, %scale : f32
    linalg.yield %z : f32
  }
  return
}

// Integers are not divided: lanes beyond the channels would divide by 0.
// CHECK-LABEL: func.func @divided
// CHECK: linalg.generic
func.func @divided(%x: memref<4x8xi32>, %y: memref<4x8xi32>, %z: memref<4x8xi32>) {
  linalg.generic {
      indexing_maps = [affine_map<(n, c) -> (n, c)>, affine_map<(n, c) -> (n, c)>,
                       affine_map<(n, c) -> (n, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : memref<4x8xi32>, memref<4x8xi32>) outs(%z : memref<4x8xi32>) {
  ^bb0(%a: i32, %b: i32, %old: i32):
    %q = arith.divsi %a, %b : i32
    linalg.yield %q : i32
  }
  return
}

// Integers are not a float layer.
// CHECK-LABEL: func.func @integers
// CHECK: linalg.matmul
func.func @integers(%x: memref<2x4xi32>, %w: memref<4x2xi32>, %y: memref<2x2xi32>) {
  linalg.matmul ins(%x, %w : memref<2x4xi32>, memref<4x2xi32>) outs(%y : memref<2x2xi32>)
  return
}

// Neither are columns that do not lie side by side, or a number of them that only
// the run knows.
// CHECK-LABEL: func.func @strided_weights
// CHECK: linalg.matmul
func.func @strided_weights(%x: memref<2x4xf32>, %w: memref<4x2xf32, strided<[4, 2]>>, %y: memref<2x2xf32>) {
  linalg.matmul ins(%x, %w : memref<2x4xf32>, memref<4x2xf32, strided<[4, 2]>>) outs(%y : memref<2x2xf32>)
  return
}

// CHECK-LABEL: func.func @dynamic_weights
// CHECK: linalg.matmul
func.func @dynamic_weights(%x: memref<2x4xf32>, %w: memref<4x?xf32>, %y: memref<2x?xf32>) {
  linalg.matmul ins(%x, %w : memref<2x4xf32>, memref<4x?xf32>) outs(%y : memref<2x?xf32>)
  return
}
