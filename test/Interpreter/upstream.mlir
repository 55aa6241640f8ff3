// RUN: split-file %s %t
// RUN: dorefa-interpret %t/static.mlir --print | FileCheck %t/static.mlir
// RUN: dorefa-interpret %t/choices.mlir --print | FileCheck %t/choices.mlir
// RUN: %python -c "import numpy as np; np.save('%t/x.npy', np.arange(12, dtype=np.float32).reshape(2, 3, 2))"
// RUN: dorefa-interpret %t/dynamic.mlir --input %t/x.npy --print | FileCheck %t/dynamic.mlir

//--- static.mlir
// CHECK: collapsed: [1, 2, 3, 4, 5, 6]
// CHECK: expanded: {{\[}}{{\[}}[1], [2], [3]], {{\[}}[4], [5], [6]]]
// CHECK: transposed: {{\[}}[1, 4], [2, 5], [3, 6]]
// CHECK: sliced: {{\[}}[1, 3], [4, 6]]
// CHECK: row: [5, 6]
// CHECK: concatenated: {{\[}}[1, 2, 3, 1, 4], [4, 5, 6, 2, 5]]
// CHECK: padded: {{\[}}[9, 9, 9, 9], [9, 1, 2, 3], [9, 4, 5, 6]]
// CHECK: filled: [2.5, 2.5]
// CHECK: broadcast: {{\[}}[1, 4], [1, 4], [1, 4]]
// CHECK: bytes: [3, 255]
// CHECK: codes: {{\[}}[1, 3], [2, 0]]
module {
  func.func @main() -> (tensor<6xi32> {dorefa.name = "collapsed"}, tensor<2x3x1xi32> {dorefa.name = "expanded"}, tensor<3x2xi32> {dorefa.name = "transposed"},
      tensor<2x2xi32> {dorefa.name = "sliced"}, tensor<2xi32> {dorefa.name = "row"}, tensor<2x5xi32> {dorefa.name = "concatenated"},
      tensor<3x4xi32> {dorefa.name = "padded"}, tensor<2xf32> {dorefa.name = "filled"}, tensor<3x2xi32> {dorefa.name = "broadcast"},
      tensor<2xui8> {dorefa.name = "bytes"}, tensor<2x2x!dorefa.code<2, unipolar>> {dorefa.name = "codes"}) {
    %x = arith.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
    %collapsed = tensor.collapse_shape %x [[0, 1]] : tensor<2x3xi32> into tensor<6xi32>
    %expanded = tensor.expand_shape %x [[0], [1, 2]] output_shape [2, 3, 1] : tensor<2x3xi32> into tensor<2x3x1xi32>
    %init = tensor.empty() : tensor<3x2xi32>
    %transposed = linalg.transpose ins(%x : tensor<2x3xi32>) outs(%init : tensor<3x2xi32>) permutation = [1, 0]
    %sliced = tensor.extract_slice %x[0, 0] [2, 2] [1, 2] : tensor<2x3xi32> to tensor<2x2xi32>
    %row = tensor.extract_slice %x[1, 1] [1, 2] [1, 1] : tensor<2x3xi32> to tensor<2xi32>
    %y = arith.constant dense<[[1, 4], [2, 5]]> : tensor<2x2xi32>
    %concatenated = tensor.concat dim(1) %x, %y : (tensor<2x3xi32>, tensor<2x2xi32>) -> tensor<2x5xi32>
    %padded = tensor.pad %x low[1, 1] high[0, 0] {
    ^bb0(%i: index, %j: index):
      %nine = arith.constant 9 : i32
      tensor.yield %nine : i32
    } : tensor<2x3xi32> to tensor<3x4xi32>
    %value = arith.constant 2.5 : f32
    %empty = tensor.empty() : tensor<2xf32>
    %filled = linalg.fill ins(%value : f32) outs(%empty : tensor<2xf32>) -> tensor<2xf32>
    %two = arith.constant dense<[1, 4]> : tensor<2xi32>
    %broadcast = linalg.broadcast ins(%two : tensor<2xi32>) outs(%init : tensor<3x2xi32>) dimensions = [0]
    %signless = arith.constant dense<[3, 255]> : tensor<2xi8>
    %bytes = builtin.unrealized_conversion_cast %signless : tensor<2xi8> to tensor<2xui8>
    %q = dorefa.constant dense<[[1, 2], [3, 0]]> : tensor<2x2xi8> -> tensor<2x2x!dorefa.code<2, unipolar>>
    %code_init = tensor.empty() : tensor<2x2x!dorefa.code<2, unipolar>>
    %codes = linalg.transpose ins(%q : tensor<2x2x!dorefa.code<2, unipolar>>) outs(%code_init : tensor<2x2x!dorefa.code<2, unipolar>>) permutation = [1, 0]
    return %collapsed, %expanded, %transposed, %sliced, %row, %concatenated, %padded, %filled, %broadcast, %bytes, %codes
        : tensor<6xi32>, tensor<2x3x1xi32>, tensor<3x2xi32>, tensor<2x2xi32>, tensor<2xi32>, tensor<2x5xi32>, tensor<3x4xi32>, tensor<2xf32>, tensor<3x2xi32>,
          tensor<2xui8>, tensor<2x2x!dorefa.code<2, unipolar>>
  }
}

//--- choices.mlir
// Less, equal, greater and not comparable.
// CHECK: oeq: [0, 1, 0, 0]
// CHECK: ogt: [0, 0, 1, 0]
// CHECK: ole: [1, 1, 0, 0]
// CHECK: une: [1, 0, 1, 1]
// CHECK: uno: [0, 0, 0, 1]
// CHECK: selected: [1, 2, 0, {{-?}}nan]
// CHECK: all: [1, 2, 3, {{-?}}nan]
// CHECK: inserted: {{\[}}[0, 7, 0, 8], [0, 0, 0, 0]]
// CHECK: columns: [5, 7, 9]
// The sum begins with the destination: 4 + 1 + 2 + 3.
// CHECK: rows: [10, 15]
// CHECK: largest: [3, 6]
// CHECK: nan: [{{-?}}nan]
module {
  func.func @main() -> (tensor<4xi1> {dorefa.name = "oeq"}, tensor<4xi1> {dorefa.name = "ogt"}, tensor<4xi1> {dorefa.name = "ole"}, tensor<4xi1> {dorefa.name = "une"},
      tensor<4xi1> {dorefa.name = "uno"}, tensor<4xf32> {dorefa.name = "selected"}, tensor<4xf32> {dorefa.name = "all"}, tensor<2x4xf32> {dorefa.name = "inserted"},
      tensor<3xf32> {dorefa.name = "columns"}, tensor<2xf32> {dorefa.name = "rows"}, tensor<2xf32> {dorefa.name = "largest"}, tensor<1xf32> {dorefa.name = "nan"}) {
    %a = arith.constant dense<[1.0, 2.0, 3.0, 0x7FC00000]> : tensor<4xf32>
    %b = arith.constant dense<[2.0, 2.0, 0.0, 1.0]> : tensor<4xf32>
    %oeq = arith.cmpf oeq, %a, %b : tensor<4xf32>
    %ogt = arith.cmpf ogt, %a, %b : tensor<4xf32>
    %ole = arith.cmpf ole, %a, %b : tensor<4xf32>
    %une = arith.cmpf une, %a, %b : tensor<4xf32>
    %uno = arith.cmpf uno, %a, %b : tensor<4xf32>
    %smaller = arith.cmpf ult, %a, %b : tensor<4xf32>
    %selected = arith.select %smaller, %a, %b : tensor<4xi1>, tensor<4xf32>
    %true = arith.constant true
    %all = arith.select %true, %a, %b : tensor<4xf32>
    %zero = arith.constant 0.0 : f32
    %zeros = tensor.splat %zero : tensor<2x4xf32>
    %two = arith.constant dense<[7.0, 8.0]> : tensor<2xf32>
    %inserted = tensor.insert_slice %two into %zeros[0, 1] [1, 2] [1, 2] : tensor<2xf32> into tensor<2x4xf32>
    %x = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
    %zeros3 = tensor.splat %zero : tensor<3xf32>
    %columns = linalg.reduce { arith.addf } ins(%x : tensor<2x3xf32>) outs(%zeros3 : tensor<3xf32>) dimensions = [0]
    %start = arith.constant dense<[4.0, 0.0]> : tensor<2xf32>
    %rows = linalg.reduce { arith.addf } ins(%x : tensor<2x3xf32>) outs(%start : tensor<2xf32>) dimensions = [1]
    %zeros2 = tensor.splat %zero : tensor<2xf32>
    %largest = linalg.reduce { arith.maximumf } ins(%x : tensor<2x3xf32>) outs(%zeros2 : tensor<2xf32>) dimensions = [1]
    %a1 = tensor.expand_shape %a [[0, 1]] output_shape [1, 4] : tensor<4xf32> into tensor<1x4xf32>
    %zeros1 = tensor.splat %zero : tensor<1xf32>
    %nan = linalg.reduce { arith.maximumf } ins(%a1 : tensor<1x4xf32>) outs(%zeros1 : tensor<1xf32>) dimensions = [1]
    return %oeq, %ogt, %ole, %une, %uno, %selected, %all, %inserted, %columns, %rows, %largest, %nan : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>,
        tensor<4xi1>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<1xf32>
  }
}

//--- dynamic.mlir
// A batch that is known only at run time.
// CHECK: output0: {{\[}}[0, 2, 4, 1, 3, 5], [6, 8, 10, 7, 9, 11]]
// CHECK: output1: {{\[}}[3, 11], [12, 35]]
module {
  func.func @main(%x: tensor<?x3x2xf32>) -> (tensor<?x6xf32>, tensor<?x2xf32>) {
    %zero = arith.constant 0 : index
    %batch = tensor.dim %x, %zero : tensor<?x3x2xf32>
    %init = tensor.empty(%batch) : tensor<?x2x3xf32>
    %t = linalg.transpose ins(%x : tensor<?x3x2xf32>) outs(%init : tensor<?x2x3xf32>) permutation = [0, 2, 1]
    %flat = tensor.collapse_shape %t [[0], [1, 2]] : tensor<?x2x3xf32> into tensor<?x6xf32>
    %w = arith.constant dense<[[0.5, 0.5, 0.5, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0, 1.0, 1.0]]> : tensor<2x6xf32>
    %y = dorefa.matmul %flat, %w : tensor<?x6xf32>, tensor<2x6xf32> -> tensor<?x2xf32>
    %back = tensor.expand_shape %flat [[0], [1, 2]] output_shape [%batch, 2, 3] : tensor<?x6xf32> into tensor<?x2x3xf32>
    %again = tensor.collapse_shape %back [[0], [1, 2]] : tensor<?x2x3xf32> into tensor<?x6xf32>
    return %again, %y : tensor<?x6xf32>, tensor<?x2xf32>
  }
}
