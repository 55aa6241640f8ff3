// RUN: split-file %s %t
// RUN: dorefa-interpret %t/unary.mlir --print | FileCheck %t/unary.mlir
// RUN: dorefa-opt %t/unary.mlir --canonicalize -o %t/folded.mlir
// RUN: dorefa-interpret %t/folded.mlir --print | FileCheck %t/unary.mlir
// RUN: dorefa-interpret %t/binary.mlir --print | FileCheck %t/binary.mlir
// RUN: dorefa-opt %t/binary.mlir --canonicalize -o %t/folded.mlir
// RUN: dorefa-interpret %t/folded.mlir --print | FileCheck %t/binary.mlir
// RUN: dorefa-interpret %t/channels.mlir --print | FileCheck %t/channels.mlir
// RUN: dorefa-interpret %t/heads.mlir --print | FileCheck %t/heads.mlir

//--- unary.mlir
// CHECK: abs: [2.5, 0.5, 0, 0.5, 100]
// CHECK: ceil: [-2, -0, 0, 1, 100]
// CHECK: exp: [0.0820849985, 0.606530666, 1, 1.64872122, inf]
// CHECK: floor: [-3, -1, 0, 0, 100]
// CHECK: neg: [2.5, 0.5, -0, -0.5, -100]
// CHECK: relu: [0, 0, 0, 0.5, 100]
// CHECK: round: [-2, -0, 0, 0, 100]
// CHECK: sigmoid: [0.0758581832, 0.377540678, 0.5, 0.622459352, 1]
// CHECK: softplus: [0.078889735, 0.474076986, 0.693147182, 0.974076986, 100]
// CHECK: sqrt: [{{-?}}nan, {{-?}}nan, 0, 0.707106769, 10]
// CHECK: tanh: [-0.986614287, -0.462117165, 0, 0.462117165, 1]
module {
  func.func @main() -> (tensor<5xf32> {dorefa.name = "abs"}, tensor<5xf32> {dorefa.name = "ceil"}, tensor<5xf32> {dorefa.name = "exp"},
      tensor<5xf32> {dorefa.name = "floor"}, tensor<5xf32> {dorefa.name = "neg"}, tensor<5xf32> {dorefa.name = "relu"}, tensor<5xf32> {dorefa.name = "round"},
      tensor<5xf32> {dorefa.name = "sigmoid"}, tensor<5xf32> {dorefa.name = "softplus"}, tensor<5xf32> {dorefa.name = "sqrt"}, tensor<5xf32> {dorefa.name = "tanh"}) {
    %x = arith.constant dense<[-2.5, -0.5, 0.0, 0.5, 100.0]> : tensor<5xf32>
    %abs = dorefa.unary abs %x : tensor<5xf32>
    %ceil = dorefa.unary ceil %x : tensor<5xf32>
    %exp = dorefa.unary exp %x : tensor<5xf32>
    %floor = dorefa.unary floor %x : tensor<5xf32>
    %neg = dorefa.unary neg %x : tensor<5xf32>
    %relu = dorefa.unary relu %x : tensor<5xf32>
    %round = dorefa.unary round_half_even %x : tensor<5xf32>
    %sigmoid = dorefa.unary sigmoid %x : tensor<5xf32>
    %softplus = dorefa.unary softplus %x : tensor<5xf32>
    %sqrt = dorefa.unary sqrt %x : tensor<5xf32>
    %tanh = dorefa.unary tanh %x : tensor<5xf32>
    return %abs, %ceil, %exp, %floor, %neg, %relu, %round, %sigmoid, %softplus, %sqrt, %tanh : tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>,
        tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>
  }
}

//--- binary.mlir
// CHECK: add: [3.5, 2.0999999]
// CHECK: sub: [2.5, 1.89999998]
// CHECK: mul: [1.5, 0.200000003]
// CHECK: div: [6, 20]
// CHECK: max: [3, 2]
// CHECK: min: [0.5, 0.100000001]
// CHECK: pow: [1.73205078, 1.07177341]
// A row and a column broadcast to a table.
// CHECK: table: {{\[}}[4, 5, 6], [5, 6, 7]]
// CHECK: scalar: {{\[}}[2], [4]]
module {
  func.func @main() -> (tensor<2xf32> {dorefa.name = "add"}, tensor<2xf32> {dorefa.name = "sub"}, tensor<2xf32> {dorefa.name = "mul"}, tensor<2xf32> {dorefa.name = "div"},
      tensor<2xf32> {dorefa.name = "max"}, tensor<2xf32> {dorefa.name = "min"}, tensor<2xf32> {dorefa.name = "pow"}, tensor<2x3xf32> {dorefa.name = "table"},
      tensor<2x1xf32> {dorefa.name = "scalar"}) {
    %a = arith.constant dense<[3.0, 2.0]> : tensor<2xf32>
    %b = arith.constant dense<[0.5, 0.1]> : tensor<2xf32>
    %add = dorefa.binary add %a, %b : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
    %sub = dorefa.binary sub %a, %b : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
    %mul = dorefa.binary mul %a, %b : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
    %div = dorefa.binary div %a, %b : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
    %max = dorefa.binary max %a, %b : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
    %min = dorefa.binary min %a, %b : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
    %pow = dorefa.binary pow %a, %b : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
    %column = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
    %row = arith.constant dense<[3.0, 4.0, 5.0]> : tensor<3xf32>
    %table = dorefa.binary add %column, %row : tensor<2x1xf32>, tensor<3xf32> -> tensor<2x3xf32>
    %two = arith.constant dense<2.0> : tensor<f32>
    %scalar = dorefa.binary mul %two, %column : tensor<f32>, tensor<2x1xf32> -> tensor<2x1xf32>
    return %add, %sub, %mul, %div, %max, %min, %pow, %table, %scalar : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>,
        tensor<2xf32>, tensor<2x3xf32>, tensor<2x1xf32>
  }
}

//--- channels.mlir
// (x - mean) / sqrt(variance + epsilon) * gamma + beta
// CHECK: batch_norm: {{\[}}[0, -3.5], [1, -6.5]]
// v(q) * scale, and (v(q) - zero_point) * scale for each index of axis 0
// CHECK: dequantize: [-1.5, -0.5, 0.5, 1.5]
// CHECK: per_channel: {{\[}}[-0.25, 0.25], [-1, 1]]
// Accumulators above 2^24 round when they become floats.
// CHECK: scale: {{\[}}[2, -6], [16777216, 0]]
// CHECK: straight_through: [1, 2]
// CHECK: bytes: [0, 3]
module {
  func.func @main() -> (tensor<2x2xf32> {dorefa.name = "batch_norm"}, tensor<4xf32> {dorefa.name = "dequantize"}, tensor<2x2xf32> {dorefa.name = "per_channel"},
      tensor<2x2xf32> {dorefa.name = "scale"}, tensor<2xf32> {dorefa.name = "straight_through"}, tensor<2xi8> {dorefa.name = "bytes"}) {
    %x = arith.constant dense<[[1.0, 1.0], [2.0, 2.0]]> : tensor<2x2xf32>
    %mean = arith.constant dense<[1.0, 0.0]> : tensor<2xf32>
    %variance = arith.constant dense<[3.0, 0.0]> : tensor<2xf32>
    %gamma = arith.constant dense<[2.0, -3.0]> : tensor<2xf32>
    %beta = arith.constant dense<[0.0, -0.5]> : tensor<2xf32>
    %batch_norm = dorefa.batch_norm %x, %mean, %variance, %gamma, %beta epsilon 1.0 : tensor<2x2xf32>, tensor<2xf32>
    %q = dorefa.constant dense<[0, 1, 2, 3]> : tensor<4xi8> -> tensor<4x!dorefa.code<2, bipolar>>
    %half = arith.constant dense<0.5> : tensor<f64>
    %dequantize = dorefa.dequantize %q, %half : tensor<4x!dorefa.code<2, bipolar>>, tensor<f64> -> tensor<4xf32>
    %r = dorefa.constant dense<[[0, 1], [0, 1]]> : tensor<2x2xi8> -> tensor<2x2x!dorefa.code<1, unipolar>>
    %scales = arith.constant dense<[0.5, 2.0]> : tensor<2xf64>
    %per_channel = dorefa.dequantize %r, %scales zero_point 5.000000e-01 : tensor<2x2x!dorefa.code<1, unipolar>>, tensor<2xf64> -> tensor<2x2xf32>
    %acc = arith.constant dense<[[2, -2], [16777217, 0]]> : tensor<2x2xi32>
    %s = arith.constant dense<[1.0, 3.0]> : tensor<2xf32>
    %scale = dorefa.scale %acc, %s : tensor<2x2xi32>, tensor<2xf32> -> tensor<2x2xf32>
    %v = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %straight_through = dorefa.straight_through %v to %mean : tensor<2xf32>
    %codes = dorefa.constant dense<[0, 3]> : tensor<2xi8> -> tensor<2x!dorefa.code<2, bipolar>>
    %bytes = dorefa.storage_cast %codes : tensor<2x!dorefa.code<2, bipolar>> to tensor<2xi8>
    return %batch_norm, %dequantize, %per_channel, %scale, %straight_through, %bytes : tensor<2x2xf32>, tensor<4xf32>, tensor<2x2xf32>, tensor<2x2xf32>,
        tensor<2xf32>, tensor<2xi8>
  }
}

//--- heads.mlir
// CHECK: softmax: {{\[}}[0.0900305733, 0.244728476, 0.665240943], [0.333333343, 0.333333343, 0.333333343]]
// Ties go to the lower index, NaN loses.
// CHECK: values: {{\[}}[5, 5], [3, 2]]
// CHECK: indices: {{\[}}[1, 3], [2, 0]]
// CHECK: smallest: {{\[}}[0], [1]]
module {
  func.func @main() -> (tensor<2x3xf32> {dorefa.name = "softmax"}, tensor<2x2xf32> {dorefa.name = "values"}, tensor<2x2xi64> {dorefa.name = "indices"},
      tensor<2x1xi64> {dorefa.name = "smallest"}) {
    %x = arith.constant dense<[[1.0, 2.0, 3.0], [800.0, 800.0, 800.0]]> : tensor<2x3xf32>
    %softmax = dorefa.softmax %x : tensor<2x3xf32>
    %y = arith.constant dense<[[1.0, 5.0, 4.0, 5.0], [2.0, 1.0, 3.0, 0x7FC00000]]> : tensor<2x4xf32>
    %values, %indices = dorefa.top_k %y : tensor<2x4xf32> -> tensor<2x2xf32>, tensor<2x2xi64>
    %least, %smallest = dorefa.top_k %y smallest : tensor<2x4xf32> -> tensor<2x1xf32>, tensor<2x1xi64>
    return %softmax, %values, %indices, %smallest : tensor<2x3xf32>, tensor<2x2xf32>, tensor<2x2xi64>, tensor<2x1xi64>
  }
}
