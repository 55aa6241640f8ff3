// RUN: split-file %s %t
// RUN: not dorefa-interpret %t/unsupported.mlir --print 2>&1 | FileCheck %t/unsupported.mlir
// RUN: not dorefa-interpret %t/no-main.mlir --print 2>&1 | FileCheck %t/no-main.mlir
// RUN: not dorefa-interpret %t/nan-weights.mlir --print 2>&1 | FileCheck %t/nan-weights.mlir
// RUN: not dorefa-interpret %t/infinite-ternary.mlir --print 2>&1 | FileCheck %t/infinite-ternary.mlir
// RUN: not dorefa-interpret %t/infinite-channel.mlir --print 2>&1 | FileCheck %t/infinite-channel.mlir
// The folder leaves what has no value to the error.
// RUN: dorefa-opt %t/infinite-ternary.mlir --canonicalize -o %t/folded.mlir
// RUN: not dorefa-interpret %t/folded.mlir --print 2>&1 | FileCheck %t/infinite-ternary.mlir
// RUN: not dorefa-interpret %t/no-code.mlir --print 2>&1 | FileCheck %t/no-code.mlir
// RUN: not dorefa-interpret %t/product.mlir --print 2>&1 | FileCheck %t/product.mlir
// RUN: not dorefa-interpret %t/integers.mlir --print 2>&1 | FileCheck %t/integers.mlir
// RUN: not dorefa-interpret %t/huge.mlir --print 2>&1 | FileCheck %t/huge.mlir
// RUN: not dorefa-interpret %t/empty-window.mlir --print 2>&1 | FileCheck %t/empty-window.mlir
// RUN: not dorefa-interpret %t/range.mlir --print 2>&1 | FileCheck %t/range.mlir
// RUN: not dorefa-interpret %t/weighted-sum.mlir --print 2>&1 | FileCheck %t/weighted-sum.mlir
// RUN: not dorefa-interpret %t/dynamic.mlir --print 2>&1 | FileCheck %t/dynamic.mlir
// RUN: %python -c "import numpy as np; [np.save('%t/%%d.npy' %% n, np.zeros((n, 2), np.float32)) for n in (2, 3)]"
// RUN: not dorefa-interpret %t/batches.mlir --input a=%t/2.npy --input b=%t/3.npy --print 2>&1 | FileCheck %t/batches.mlir
// RUN: not dorefa-interpret %t/batches.mlir --input a=%t/2.npy --print 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not dorefa-interpret %t/batches.mlir --input c=%t/2.npy --print 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// MISSING: error: input 'b' has no file; add --input b=FILE.npy
// UNKNOWN: error: --input: no input is named 'c'; the inputs are 'a', 'b'

// RUN: not dorefa-interpret %t/no-main.mlir 2>&1 | FileCheck %s --check-prefix=NOTHING
// RUN: not dorefa-interpret %t/no-main.mlir --print --phase=llvm 2>&1 | FileCheck %s --check-prefix=PHASE
// RUN: not dorefa-interpret %t/no-main.mlir --print --phase=soup 2>&1 | FileCheck %s --check-prefix=SOUP
// RUN: not dorefa-interpret %t/no-main.mlir --print --tolerance=1 2>&1 | FileCheck %s --check-prefix=ALONE
// RUN: not dorefa-interpret %t/no-main.mlir --expect x.npy --tolerance=-1 2>&1 | FileCheck %s --check-prefix=TOLERANCE
// RUN: not dorefa-interpret %t/no-main.weights --print 2>&1 | FileCheck %s --check-prefix=EXTENSION
// NOTHING: error: there is nothing to do; add --output, --expect, --trace, --print or --list
// PHASE: error: --phase is llvm but the interpreter runs networks up to phase kernels; compile it and use dorefa-run
// SOUP: error: there is no phase 'soup'
// ALONE: error: --tolerance needs --expect
// TOLERANCE: error: --tolerance must be a number of 0 or more, such as 1e-4
// EXTENSION: error: model has extension '.weights' but must be .onnx, .mlir or .mlirbc

//--- unsupported.mlir
// CHECK: unsupported.mlir:4:8: error: 'arith.addi' op is not supported by the interpreter; supported are the operations of dorefa and bitplane on tensors, bpa.launch, arith.cmpf, arith.constant
func.func @main() -> tensor<2xi32> {
  %x = arith.constant dense<1> : tensor<2xi32>
  %y = arith.addi %x, %x : tensor<2xi32>
  return %y : tensor<2xi32>
}

//--- no-main.mlir
// CHECK: error: has no function @main to run
func.func @entry() {
  return
}

//--- nan-weights.mlir
// CHECK: nan-weights.mlir:{{.*}}: error: 'dorefa.quantize_weights' op has weights that are NaN or infinite
func.func @main() -> tensor<1x!dorefa.code<2, bipolar>> {
  %w = arith.constant dense<0x7FC00000> : tensor<1xf32>
  %q, %s = dorefa.quantize_weights %w : tensor<1xf32> -> tensor<1x!dorefa.code<2, bipolar>>, tensor<f64>
  return %q : tensor<1x!dorefa.code<2, bipolar>>
}

//--- infinite-ternary.mlir
// CHECK: error: 'dorefa.quantize_ternary' op has weights that are NaN or infinite
func.func @main() -> tensor<2x!dorefa.code<2, ternary>> {
  %w = arith.constant dense<[1.0, 0xFF800000]> : tensor<2xf32>
  %q, %s = dorefa.quantize_ternary %w : tensor<2xf32> -> tensor<2x!dorefa.code<2, ternary>>, tensor<f64>
  return %q : tensor<2x!dorefa.code<2, ternary>>
}

//--- infinite-channel.mlir
// CHECK: error: 'dorefa.quantize_weights' op has weights that are NaN or infinite
func.func @main() -> tensor<2xf64> {
  %w = arith.constant dense<[[1.0], [0x7F800000]]> : tensor<2x1xf32>
  %q, %s = dorefa.quantize_weights %w per_channel : tensor<2x1xf32> -> tensor<2x1x!dorefa.code<1, bipolar>>, tensor<2xf64>
  return %s : tensor<2xf64>
}

//--- no-code.mlir
// CHECK: no-code.mlir:{{.*}}: error: 'dorefa.storage_cast' op has byte 255 but must have codes between 0 and 3
func.func @main() -> tensor<2x!dorefa.code<2, bipolar>> {
  %b = arith.constant dense<[3, -1]> : tensor<2xi8>
  %q = dorefa.storage_cast %b : tensor<2xi8> to tensor<2x!dorefa.code<2, bipolar>>
  return %q : tensor<2x!dorefa.code<2, bipolar>>
}

//--- product.mlir
// CHECK: product.mlir:{{.*}}: error: 'linalg.reduce' op does not sum or take the largest of f32 elements
func.func @main() -> tensor<f32> {
  %x = arith.constant dense<2.0> : tensor<3xf32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %y = linalg.reduce { arith.mulf } ins(%x : tensor<3xf32>) outs(%one : tensor<f32>) dimensions = [0]
  return %y : tensor<f32>
}

//--- integers.mlir
// CHECK: integers.mlir:{{.*}}: error: 'arith.cmpf' op compares other elements than f32
func.func @main() -> tensor<2xi1> {
  %x = arith.constant dense<1.0> : tensor<2xf64>
  %y = arith.cmpf oeq, %x, %x : tensor<2xf64>
  return %y : tensor<2xi1>
}

//--- huge.mlir
// CHECK: huge.mlir:{{.*}}: error: 'tensor.empty' op needs too much memory
func.func @main() -> tensor<1000000x1000000x1000000x1000000xf32> {
  %x = tensor.empty() : tensor<1000000x1000000x1000000x1000000xf32>
  return %x : tensor<1000000x1000000x1000000x1000000xf32>
}

//--- empty-window.mlir
// Taps 2 apart step over the only element.
// CHECK: empty-window.mlir:{{.*}}: error: 'dorefa.max_pool' op dilation is 2, so that a window has no tap on the 1 elements of dimension 2
func.func @main() -> tensor<1x1x1x1xf32> {
  %x = arith.constant dense<1.0> : tensor<1x1x1x1xf32>
  %y = dorefa.max_pool %x kernel [1, 2] pads [0, 1, 0, 1] dilations [1, 2] : tensor<1x1x1x1xf32> -> tensor<1x1x1x1xf32>
  return %y : tensor<1x1x1x1xf32>
}

//--- batches.mlir
// CHECK: error: {{.*}}3.npy: input 'b' has a batch of 3 but must have 2 like input 'a'
func.func @main(%a: tensor<?x2xf32> {dorefa.name = "a"}, %b: tensor<?x2xf32> {dorefa.name = "b"}) -> tensor<?x2xf32> {
  %c = dorefa.binary add %a, %b : tensor<?x2xf32>, tensor<?x2xf32> -> tensor<?x2xf32>
  return %c : tensor<?x2xf32>
}

//--- range.mlir
// What a pass proved about accumulators must hold.
// CHECK: range.mlir:{{.*}}: error: 'dorefa.matmul' op has an accumulator of 3 but its range is [-2, 2]
func.func @main() -> tensor<1x1xi32> {
  %x = dorefa.constant dense<[[3, 0]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<2, unipolar>>
  %w = dorefa.constant dense<[[1, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
  %y = dorefa.matmul %x, %w range [-2, 2] : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  return %y : tensor<1x1xi32>
}

//--- weighted-sum.mlir
// CHECK: weighted-sum.mlir:{{.*}}: error: 'dorefa.weighted_sum' op has the sum 12000000000 but must stay inside i32
func.func @main() -> tensor<1x1xi32> {
  %x = dorefa.constant dense<[[3]]> : tensor<1x1xi8> -> tensor<1x1x!dorefa.code<2, unipolar>>
  %w = arith.constant dense<2000000000> : tensor<1x2xi32>
  %y = dorefa.weighted_sum %x, %x, %w : tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x2xi32> -> tensor<1x1xi32>
  return %y : tensor<1x1xi32>
}

//--- dynamic.mlir
// CHECK: dynamic.mlir:{{.*}}: error: 'tensor.cast' op has a result of type 'tensor<1x?xf32>' but the interpreter runs on tensors of f32, f64, integers and codes whose first size alone is dynamic
func.func @main() {
  %x = arith.constant dense<1.0> : tensor<1x2xf32>
  %y = tensor.cast %x : tensor<1x2xf32> to tensor<1x?xf32>
  return
}
