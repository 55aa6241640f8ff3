//===- Passes.td - Passes that keep the dialect ------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In the order of the phases, alphabetical inside a phase.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TRANSFORMS_PASSES_TD
#define DOREFA_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Phase codes
//===----------------------------------------------------------------------===//

def FoldBatchNormPass : Pass<"dorefa-fold-batch-norm"> {
  let summary = "Fold batch norm into the float layer in front of it";
  let description = [{
    Multiplies constant float weights by `gamma / sqrt(variance + epsilon)` and
    moves the shift into the bias, in float64 with one rounding to float32.

    Folding changes floats in their last bits, and in front of a quantizer that
    would change codes at ties. So a batch norm is folded only where no quantizer
    and no threshold is reached from it through float operations; everywhere else
    `dorefa-fuse-thresholds` removes it exactly.

    Example:
    ```mlir
    func.func @main(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
      %w = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
      %mean = arith.constant dense<1.0> : tensor<1xf32>
      %variance = arith.constant dense<4.0> : tensor<1xf32>
      %gamma = arith.constant dense<3.0> : tensor<1xf32>
      %beta = arith.constant dense<0.5> : tensor<1xf32>
      %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
      %z = dorefa.batch_norm %y, %mean, %variance, %gamma, %beta epsilon 0.0
          : tensor<1x1xf32>, tensor<1xf32>
      return %z : tensor<1x1xf32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
      %w = arith.constant dense<[[1.5, 3.0]]> : tensor<1x2xf32>
      %b = arith.constant dense<-1.0> : tensor<1xf32>
      %y = dorefa.matmul %x, %w bias(%b : tensor<1xf32>) : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
      return %y : tensor<1x1xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::dorefa::DoReFaDialect"];
}

def FormCodeLayersPass : Pass<"dorefa-form-code-layers"> {
  let summary = "Turn layers of dequantized codes into integer layers";
  let description = [{
    Two steps. Dequantization moves down through operations that only move or select
    values (reshapes, slices, concatenation of equally scaled codes, transposes, max
    pools). A mean of codes that a quantizer takes becomes an integer sum, a
    depthwise layer, and a division where the float sum is proven to be exact: no
    padding, and a scale that is a power of 2. Then a float `conv_2d` or `matmul`
    whose operands are both dequantized codes becomes the exact integer layer on the
    codes, followed by `dorefa.scale` with the product of the scales (taken in
    float64, rounded once) and by the addition of the bias.

    A layer whose weights and inputs are quantized in the source but that has to
    stay float gets a missed remark, and the reason as attribute `dorefa.reason`.
    A layer that could overflow `i32` is an error.

    Example:
    ```mlir
    func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1xf32> {
      %s = arith.constant dense<0.25> : tensor<f64>
      %e = arith.constant dense<0.5> : tensor<f64>
      %x = dorefa.dequantize %q, %s : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<f64> -> tensor<1x2xf32>
      %c = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
      %w = dorefa.dequantize %c, %e : tensor<1x2x!dorefa.code<1, bipolar>>, tensor<f64> -> tensor<1x2xf32>
      %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
      return %y : tensor<1x1xf32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1xf32> {
      %c = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
      %s = arith.constant dense<0.125> : tensor<f32>
      %acc = dorefa.matmul %q, %c
          : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
      %y = dorefa.scale %acc, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
      return %y : tensor<1x1xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::dorefa::DoReFaDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def LintThresholdsPass : Pass<"dorefa-lint-thresholds"> {
  let summary = "Warn about thresholds that an exporter damaged";
  let description = [{
    A quantizer is monotone, so the thresholds of a channel are in order: ascending,
    or descending in a decreasing channel. A row that is not gets a warning with the
    layer, the group and the channel, the values that it is compared with where they
    are proven, and what the row should be:

    - A row of integers that fit 16 bits, some of them beyond what they are compared
      with, has wrapped around: multiples of 2^16 are added until it is in order.
    - Another row with such thresholds has overflowed: from the first one out of
      order on they are never reached.
    - Else the order is all that is wrong, and it does not change a code.

    With option `repair` the row is replaced, by default it stays as shipped. Rows in
    order are not reported, whether all their thresholds are reached or none is.

    This stands in phase `codes` because no later phase may change a code.

    Example:
    ```mlir
    func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1x!dorefa.code<2, unipolar>> {
      %w = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
      %acc = dorefa.matmul %q, %w
          : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
      %t = arith.constant dense<[[19428, -7474, 31160]]> : tensor<1x3xi32>
      %r = dorefa.threshold %acc, %t : tensor<1x1xi32>, tensor<1x3xi32> -> tensor<1x1x!dorefa.code<2, unipolar>>
      return %r : tensor<1x1x!dorefa.code<2, unipolar>>
    }
    ```
    becomes, with `repair`,
    ```mlir
    func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1x!dorefa.code<2, unipolar>> {
      %w = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
      %acc = dorefa.matmul %q, %w
          : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
      %t = arith.constant dense<[[19428, 58062, 96696]]> : tensor<1x3xi32>
      %r = dorefa.threshold %acc, %t : tensor<1x1xi32>, tensor<1x3xi32> -> tensor<1x1x!dorefa.code<2, unipolar>>
      return %r : tensor<1x1x!dorefa.code<2, unipolar>>
    }
    ```
  }];
  let options = [Option<"repair", "repair", "bool", "false",
      "replace the rows that are not in order">];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def RequireLowBitPass : Pass<"dorefa-require-low-bit"> {
  let summary = "Reject quantized layers that stayed float";
  let description = [{
    Reports an error for each layer that `dorefa-form-code-layers` had to leave in
    float although its weights and inputs are quantized in the source. Layers that
    are float in the source, as first and last ones are by definition (paper, 2.7),
    are accepted.

    Example:
    ```mlir
    func.func @main(%x: tensor<1x2xf32>, %w: tensor<1x2xf32>) -> tensor<1x1xf32> {
      %y = dorefa.matmul %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
      return %y : tensor<1x1xf32>
    }
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Phase thresholds
//===----------------------------------------------------------------------===//

def FuseThresholdsPass : Pass<"dorefa-fuse-thresholds"> {
  let summary = "Fuse affine, activation and rounding into integer thresholds";
  let description = [{
    Paper, section 2.8. What stands between an integer layer and the next
    quantizer (scale, bias, batch norm, activation, rounding) is, per channel, a
    function from an integer to a code. Where it is a step function the whole chain
    becomes one `dorefa.threshold` on the accumulators.

    Thresholds are found by bisecting that function itself, evaluated op by op in
    float32, over the proven range of the accumulators, so ties, negative and zero
    gammas and each rounding mode come out as the chain has them. Chains with a libm
    function (tanh, sigmoid, ...) are evaluated on every integer of the range, at
    most 2^24 per channel. Channels may increase, decrease or be constant. Max pools
    inside a chain move to the codes, or to the accumulators where that is exact. A
    chain of float values gets float thresholds, up to 4 bits.

    Each threshold is checked: the function is evaluated at it and on both sides, or,
    with `verify=exhaustive`, on the whole range (at most 2^32 numbers for one
    quantizer). `dorefa.certificate` notes how many evaluations that were.

    A chain that is no step function (`abs`, `x * sigmoid(x)`) becomes a
    `dorefa.lookup` in a table of all its codes, up to 2^16 entries per channel and
    2^22 in all. It may fork and join again, as long as all comes from one value.

    The sum of two branches, each a monotone function of one integer, becomes a
    `dorefa.threshold` on a `dorefa.weighted_sum` of both integers where that gives
    the codes of the float sum for every pair. For each number of the branch with
    fewer of them, the number of the other at which a level is reached is found by
    evaluation. Weights are the smallest that part all pairs that reach a level from
    all that do not, for every level; rounding may leave none.

    Not fused: sums whose rounding decides, or of more branches; average pools whose
    sums are rounded; tables that are too large. Each of them is a missed remark that
    says why, and the chain stays float.

    Example:
    ```mlir
    func.func @main(%acc: tensor<1x2xi32>) -> tensor<1x2x!dorefa.code<2, unipolar>> {
      %s = arith.constant dense<[0.5, -0.25]> : tensor<2xf32>
      %x = dorefa.scale %acc, %s : tensor<1x2xi32>, tensor<2xf32> -> tensor<1x2xf32>
      %q = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even
          : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<2, unipolar>>
      return %q : tensor<1x2x!dorefa.code<2, unipolar>>
    }
    ```
    becomes
    ```mlir
    func.func @main(%acc: tensor<1x2xi32>) -> tensor<1x2x!dorefa.code<2, unipolar>> {
      %t = arith.constant dense<[[2, 3, 6], [-3, -6, -11]]> : tensor<2x3xi32>
      %q = dorefa.threshold %acc, %t decreasing [false, true]
          {dorefa.certificate = {evaluations = 18, thresholds = 6, verify = "certificate"}}
          : tensor<1x2xi32>, tensor<2x3xi32> -> tensor<1x2x!dorefa.code<2, unipolar>>
      return %q : tensor<1x2x!dorefa.code<2, unipolar>>
    }
    ```
  }];
  let options = [Option<"verify", "verify", "::mlir::dorefa::VerifyThresholds",
      "::mlir::dorefa::VerifyThresholds::Certificate",
      "how the thresholds are checked against the reference",
      [{::llvm::cl::values(
          clEnumValN(::mlir::dorefa::VerifyThresholds::Certificate, "certificate",
                     "evaluate the reference on both sides of each threshold"),
          clEnumValN(::mlir::dorefa::VerifyThresholds::Exhaustive, "exhaustive",
                     "also compare on every integer of the range"))}]>];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::dorefa::DoReFaDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def InferRangesPass : Pass<"dorefa-infer-ranges"> {
  let summary = "Prove the interval of each integer accumulator";
  let description = [{
    Writes attribute `range` of integer `conv_2d` and `matmul`: the smallest and
    the largest accumulator that the constant weights and the codes in front can
    produce. Codes count with the levels that their quantizer or thresholds can
    yield, taps outside the input with 0. Kernels take the width of accumulators
    from `range`: it has to hold `[lo - 1, hi + 1]`, because thresholds saturate
    there. A layer that does not fit `i32` is an error.

    Example:
    ```mlir
    func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1xi32> {
      %w = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
      %acc = dorefa.matmul %q, %w
          : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
      return %acc : tensor<1x1xi32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%q: tensor<1x2x!dorefa.code<2, unipolar>>) -> tensor<1x1xi32> {
      %w = dorefa.constant dense<[[0, 1]]> : tensor<1x2xi8> -> tensor<1x2x!dorefa.code<1, bipolar>>
      %acc = dorefa.matmul %q, %w range [-3, 3]
          : tensor<1x2x!dorefa.code<2, unipolar>>, tensor<1x2x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
      return %acc : tensor<1x1xi32>
    }
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Phase linalg
//===----------------------------------------------------------------------===//

def FuseElementwisePass : Pass<"dorefa-fuse-elementwise"> {
  let summary = "Fuse chains of elementwise operations, and nothing else";
  let description = [{
    A `linalg.generic` without reductions takes its only producer in, where that has
    none either. Upstream's `linalg-fuse-elementwise-ops` also fuses into products
    and convolutions, which would compute the producer once per tap, hide the layer
    from its micro-kernel and turn fused multiply-adds into two roundings.

    A pool whose windows do not overlap takes its producer in as well. Up to three rising
    thresholds behind an elementwise operation, a `bitplane.threshold` that makes
    `unipolar` codes, become part of it: it then counts them and yields bytes for
    `bitplane.pack`.

    Example:
    ```mlir
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
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// Phase buffers
//===----------------------------------------------------------------------===//

def PlanWorkspacePass : Pass<"dorefa-plan-workspace", "::mlir::ModuleOp"> {
  let summary = "Place all buffers of a network in one workspace";
  let description = [{
    A compiled network allocates nothing: its caller hands it one workspace. Every
    `memref.alloc` of `@main` becomes a view of a new last argument, at an offset
    planned from the lifetimes of all buffers (largest first, into the smallest gap
    that fits, aligned to 64 bytes). A loop counts as one operation.

    A buffer whose size is a multiple of the batch is planned per sample. Module
    attribute `dorefa.workspace` holds two numbers a and b: the workspace takes
    `a * batch + b` bytes.

    With `for-threads` only buffers of the same size share a place. Threads that divide
    buffers alike then write where they wrote before; writing where another thread has
    read takes about 25 ns per cache line on Zen 4, ten times as long as where it has
    written.

    Limits: a size that is neither constant nor a multiple of the batch, a buffer
    that is not dense, and one that leaves the loop in which it is allocated are
    errors.

    Example:
    ```mlir
    func.func @main(%x: memref<?x8xf32>, %n: index) {
      %c0 = arith.constant 0 : index
      %batch = memref.dim %x, %c0 : memref<?x8xf32>
      %a = memref.alloc(%batch) : memref<?x8xf32>
      memref.copy %x, %a : memref<?x8xf32> to memref<?x8xf32>
      return
    }
    ```
    becomes
    ```mlir
    module attributes {dorefa.workspace = array<i64: 64, 0>} {
      func.func @main(%x: memref<?x8xf32>, %n: index, %workspace: memref<?xi8>) {
        %c0 = arith.constant 0 : index
        %batch = memref.dim %x, %c0 : memref<?x8xf32>
        %a = memref.view %workspace[%c0][%batch] : memref<?xi8> to memref<?x8xf32>
        memref.copy %x, %a : memref<?x8xf32> to memref<?x8xf32>
        return
      }
    }
    ```
  }];
  let options = [
    Option<"forThreads", "for-threads", "bool", /*default=*/"false",
           "Let only buffers of the same size share a place">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def ReturnThroughArgumentsPass
    : Pass<"dorefa-return-through-arguments", "::mlir::ModuleOp"> {
  let summary = "Write the results of a network to arguments";
  let description = [{
    The caller of a compiled network provides memory for its outputs: each tensor
    that `@main` returns goes to a memref argument behind the inputs instead. Where
    nobody else uses its destination it is computed there and not copied. Inputs are
    marked as not writable. Module
    attributes `dorefa.inputs` and `dorefa.outputs` note names and types, for the
    interface of the compiled network; bytes are `ui8` where attribute
    `dorefa.unsigned` says that they are codes.

    Limits: inputs and outputs are tensors of `f32`, `i8`, `i32` or `i64` with at
    most 8 dimensions, of which only the first may be dynamic.

    Example:
    ```mlir
    func.func @main(%x: tensor<4xf32> {dorefa.name = "x"}) -> (tensor<4xf32> {dorefa.name = "y"}) {
      return %x : tensor<4xf32>
    }
    ```
    becomes
    ```mlir
    module attributes {dorefa.inputs = [{name = "x", type = tensor<4xf32>} ],
                       dorefa.outputs = [{name = "y", type = tensor<4xf32>} ]} {
      func.func @main(%x: tensor<4xf32> {bufferization.writable = false, dorefa.name = "x"},
                      %y: memref<4xf32> {dorefa.name = "y"}) {
        bufferization.materialize_in_destination %x in restrict writable %y
            : (tensor<4xf32>, memref<4xf32>) -> ()
        return
      }
    }
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect"];
}

//===----------------------------------------------------------------------===//
// Phase vector
//===----------------------------------------------------------------------===//

def MarkLayersPass : Pass<"dorefa-mark-layers", "::mlir::ModuleOp"> {
  let summary = "Tell the caller of a run where layers begin and end";
  let description = [{
    Gives `@main` the options of a run as its last argument and calls `@dorefa_notify`
    with them before and after each layer, with the number of the layer and 0 or 1. The
    target defines that function, which does nothing unless the options ask for it. A
    layer is one operation of `@main` that sums products, with what brings its input into
    the form of its kernel; what else stands between layers is not marked.

    `dorefa.layers` on the module describes them in order: name in the source file,
    operation, kernel, multiply-adds inside the feature map (per sample where the batch is
    dynamic) and the time that a cost model predicted, in nanoseconds or 0: attribute
    `dorefa.predicted_ns` of the operation.

    With `all` whatever computes is marked like a layer, so that a profile shows what the
    operations between layers cost. A module whose layers are marked is left alone.

    Example:
    ```mlir
    func.func @main(%x: memref<?x8xf32>, %w: memref<8x4xf32>, %y: memref<?x4xf32>) {
      linalg.matmul ins(%x, %w : memref<?x8xf32>, memref<8x4xf32>)
          outs(%y : memref<?x4xf32>)
      return
    }
    ```
    becomes
    ```mlir
    module attributes {dorefa.layers = [{kernel = "float", macs = 32 : i64, name = "-",
                                         operation = "matmul", predicted_ns = 0 : i64} ]} {
      func.func private @dorefa_notify(!llvm.ptr, i32, i32)
      func.func @main(%x: memref<?x8xf32>, %w: memref<8x4xf32>, %y: memref<?x4xf32>,
                      %options: !llvm.ptr) {
        %layer = arith.constant 0 : i32
        %begins = arith.constant 0 : i32
        call @dorefa_notify(%options, %layer, %begins) : (!llvm.ptr, i32, i32) -> ()
        linalg.matmul ins(%x, %w : memref<?x8xf32>, memref<8x4xf32>)
            outs(%y : memref<?x4xf32>)
        %ends = arith.constant 1 : i32
        call @dorefa_notify(%options, %layer, %ends) : (!llvm.ptr, i32, i32) -> ()
        return
      }
    }
    ```
  }];
  let options = [Option<"all", "all", "bool", "false",
      "mark all operations that compute, not only layers">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

//===----------------------------------------------------------------------===//
// Phase llvm
//===----------------------------------------------------------------------===//

def ExpandCopiesPass : Pass<"dorefa-expand-copies"> {
  let summary = "Turn copies between views into loops";
  let description = [{
    LLVM has an instruction for copies of dense memory only; MLIR calls a runtime
    library for all others, which a compiled network must not need. A `memref.copy`
    to or from a view that is not dense becomes a `linalg.generic`.

    Example:
    ```mlir
    func.func @main(%x: memref<4x4xf32>, %y: memref<6x6xf32>) {
      %v = memref.subview %y[1, 1] [4, 4] [1, 1]
          : memref<6x6xf32> to memref<4x4xf32, strided<[6, 1], offset: 7>>
      memref.copy %x, %v : memref<4x4xf32> to memref<4x4xf32, strided<[6, 1], offset: 7>>
      return
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: memref<4x4xf32>, %y: memref<6x6xf32>) {
      %v = memref.subview %y[1, 1] [4, 4] [1, 1]
          : memref<6x6xf32> to memref<4x4xf32, strided<[6, 1], offset: 7>>
      linalg.generic {
          indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
          iterator_types = ["parallel", "parallel"]}
          ins(%x : memref<4x4xf32>) outs(%v : memref<4x4xf32, strided<[6, 1], offset: 7>>) {
      ^bb0(%in: f32, %out: f32):
        linalg.yield %in : f32
      }
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def FuseMultiplyAddPass : Pass<"dorefa-fuse-multiply-add"> {
  let summary = "Compute float layers as chains of fused multiply-adds";
  let description = [{
    Every output of a float layer is defined as one chain of fused multiply-adds.
    Named contractions and convolutions of `linalg` that no micro-kernel took become
    `linalg.generic` with `math.fma`, the loop over the last dimension of the result
    innermost, so that LLVM can vectorise over output channels without changing the
    order of any chain.

    Anti-goals: an addition and a multiplication that stand in the network as
    operations of their own are never fused.

    Example:
    ```mlir
    func.func @main(%x: memref<4x8xf32>, %w: memref<8x16xf32>, %y: memref<4x16xf32>) {
      linalg.matmul ins(%x, %w : memref<4x8xf32>, memref<8x16xf32>) outs(%y : memref<4x16xf32>)
      return
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: memref<4x8xf32>, %w: memref<8x16xf32>, %y: memref<4x16xf32>) {
      linalg.generic {
          indexing_maps = [affine_map<(m, k, n) -> (m, k)>, affine_map<(m, k, n) -> (k, n)>,
                           affine_map<(m, k, n) -> (m, n)>],
          iterator_types = ["parallel", "reduction", "parallel"]}
          ins(%x, %w : memref<4x8xf32>, memref<8x16xf32>) outs(%y : memref<4x16xf32>) {
      ^bb0(%a: f32, %b: f32, %sum: f32):
        %s = math.fma %a, %b, %sum : f32
        linalg.yield %s : f32
      }
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect"];
}

//===----------------------------------------------------------------------===//
// Phase kernels
//===----------------------------------------------------------------------===//

def FuseMaxPoolPass : Pass<"bitplane-fuse-max-pool"> {
  let summary = "Let convolutions pool the codes they make";
  let description = [{
    A pool of the codes of a `bitplane.conv_2d` that nobody else reads becomes its
    attribute `pool`: a kernel that has the pixels of a window in the registers of one
    thread keeps one in two or four of them, and neither stores the others nor reads
    them back. For targets whose kernels pool.

    Only windows of 2 or 4 pixels that touch without overlapping are fused, without
    pads: pixels of windows that overlap would be computed several times, and those of
    other windows do not fill the rows of a thread. All other pools remain, with a remark
    `max-pool-fused` that says why.

    Example:
    ```mlir
    func.func @main(%x: tensor<1x5x4x1x1xi32>, %w: tensor<1x1x1x8xi8>, %t: tensor<1x1xi32>)
        -> tensor<1x2x2x1x1xi32> {
      %map = tensor.empty() : tensor<1x5x4x1x1xi32>
      %q = bitplane.conv_2d %x, %w thresholds %t : tensor<1x1xi32> outs(%map : tensor<1x5x4x1x1xi32>)
          channels 8 to 1
          codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
          : tensor<1x5x4x1x1xi32>, tensor<1x1x1x8xi8> -> tensor<1x5x4x1x1xi32>
      %init = tensor.empty() : tensor<1x2x2x1x1xi32>
      %y = bitplane.max_pool %q outs(%init : tensor<1x2x2x1x1xi32>) code !dorefa.code<1, unipolar>
          kernel [2, 2] strides [2, 2] : tensor<1x5x4x1x1xi32> -> tensor<1x2x2x1x1xi32>
      return %y : tensor<1x2x2x1x1xi32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: tensor<1x5x4x1x1xi32>, %w: tensor<1x1x1x8xi8>, %t: tensor<1x1xi32>)
        -> tensor<1x2x2x1x1xi32> {
      %init = tensor.empty() : tensor<1x2x2x1x1xi32>
      %y = bitplane.conv_2d %x, %w thresholds %t : tensor<1x1xi32> outs(%init : tensor<1x2x2x1x1xi32>)
          channels 8 to 1
          codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> to !dorefa.code<1, unipolar>
          pool [2, 2] : tensor<1x5x4x1x1xi32>, tensor<1x1x1x8xi8> -> tensor<1x2x2x1x1xi32>
      return %y : tensor<1x2x2x1x1xi32>
    }
    ```
  }];
}

def PackWeightsPass : Pass<"bitplane-pack-weights"> {
  let summary = "Pack constant weights and thresholds for the chosen kernel";
  let description = [{
    Turns the filter and the thresholds of each `bitplane.conv_2d` and
    `bitplane.matmul` that has a kernel into constants in that kernel's layout, and
    adds the table that corrects window sums where input code 0 is not value 0, one
    entry per border class and output channel (see `bitplane.conv_2d`). Where the
    kernel does not read planes, the input is converted by an operation in front:
    `bitplane.index` for `lookup`. Codes of more than 4 levels get an affine form, in
    place of or beside their thresholds, where it is proven that it gives the same codes
    (remark `affine-codes`). Weights and thresholds that are not constant are an error.
    The layout of `lookup` depends on `lanes` and `features` of the target.

    Example:
    ```mlir
    func.func @main(%x: tensor<1x1x1xi32>) -> tensor<1x1xi32> {
      %w = arith.constant dense<[[1, 0]]> : tensor<1x2xi8>
      %init = tensor.empty() : tensor<1x1xi32>
      %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
          codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount
          : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
      return %acc : tensor<1x1xi32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: tensor<1x1x1xi32>) -> tensor<1x1xi32> {
      %w = arith.constant dense<[[[[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]]]> : tensor<1x1x1x32xi32>
      %init = tensor.empty() : tensor<1x1xi32>
      %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
          codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount
          : tensor<1x1x1xi32>, tensor<1x1x1x32xi32> -> tensor<1x1xi32>
      return %acc : tensor<1x1xi32>
    }
    ```
  }];
  let options = [
    Option<"lanes", "lanes", "unsigned", /*default=*/"16",
           "Elements of 32 bits in a vector register: 16, 8 or 4">,
    ListOption<"features", "features", "std::string",
               "Instruction sets of the target by LLVM's names">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
}

def SelectKernelsPass : Pass<"bitplane-select-kernels"> {
  let summary = "Choose how each contraction is computed";
  let description = [{
    Sets attribute `kernel` of each `bitplane.conv_2d` and `bitplane.matmul` that has
    none. All kernels compute the same integers; which one is fastest is what the cost
    model (dorefa/Target/CPU/CostModel.h) says of shape, widths and target, the conversion
    of the input included where no other layer can make it as the kernel wants it. An
    analysis remark tells what was chosen for each layer.

    Example:
    ```mlir
    func.func @main(%x: tensor<1x1x1xi32>, %w: tensor<1x2xi8>) -> tensor<1x1xi32> {
      %init = tensor.empty() : tensor<1x1xi32>
      %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
          codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar>
          : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
      return %acc : tensor<1x1xi32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: tensor<1x1x1xi32>, %w: tensor<1x2xi8>) -> tensor<1x1xi32> {
      %init = tensor.empty() : tensor<1x1xi32>
      %acc = bitplane.matmul %x, %w outs(%init : tensor<1x1xi32>) channels 2 to 1
          codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> kernel popcount
          : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
      return %acc : tensor<1x1xi32>
    }
    ```
  }];
  let options = [
    Option<"kernel", "kernel", "std::string", /*default=*/"",
           "Kernel of all layers that it can compute, instead of the fastest; popcount "
           "of the others">,
    ListOption<"kernels", "kernels", "std::string",
               "Kernel of each layer on bits, in program order">,
    Option<"lanes", "lanes", "unsigned", /*default=*/"16",
           "Elements of 32 bits in a vector register: 16, 8 or 4">,
    Option<"accumulators", "accumulators", "unsigned", /*default=*/"24",
           "Vector registers that a tile may hold accumulators in">,
    ListOption<"features", "features", "std::string",
               "Instruction sets of the target by LLVM's names">,
  ];
}

def PredictTimePass : Pass<"dorefa-predict-time"> {
  let summary = "Say how long each layer will take";
  let description = [{
    Attribute `dorefa.predicted_ns` of each layer, on bits with a kernel or on floats, is
    the time that the cost model (dorefa/Target/CPU/CostModel.h) predicts on one core, per
    sample where the batch is dynamic. What converts the input for the layer is part of it.
    An analysis remark per layer holds the counts of the work behind it, which
    `benchmarks/fit_cost_model.py` compares with measurements.

    Example:
    ```mlir
    func.func @main(%x: tensor<4x64xf32>, %w: tensor<16x64xf32>) -> tensor<4x16xf32> {
      %y = dorefa.matmul %x, %w : tensor<4x64xf32>, tensor<16x64xf32> -> tensor<4x16xf32>
      return %y : tensor<4x16xf32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: tensor<4x64xf32>, %w: tensor<16x64xf32>) -> tensor<4x16xf32> {
      %y = dorefa.matmul %x, %w {dorefa.predicted_ns = 70 : i64}
          : tensor<4x64xf32>, tensor<16x64xf32> -> tensor<4x16xf32>
      return %y : tensor<4x16xf32>
    }
    ```
  }];
  let options = [
    Option<"lanes", "lanes", "unsigned", /*default=*/"16",
           "Elements of 32 bits in a vector register: 16, 8 or 4">,
    Option<"accumulators", "accumulators", "unsigned", /*default=*/"24",
           "Vector registers that a tile may hold accumulators in">,
    ListOption<"features", "features", "std::string",
               "Instruction sets of the target by LLVM's names">,
  ];
}

//===----------------------------------------------------------------------===//
// Phase linalg
//===----------------------------------------------------------------------===//

def MaterializePaddingPass : Pass<"bitplane-materialize-padding"> {
  let summary = "Pad the inputs of convolutions with zero words";
  let description = [{
    Replaces `pads` of `bitplane.conv_2d` by zeros around the input, so that kernels of
    processors need no bounds checks; those of GPUs have them. `border` remembers what was
    added, because taps there still lie outside the input. Pools keep their `pads`: no word
    stands for the absence of an element.

    The input is inserted into a larger map, of which only the border is filled: where
    nothing else reads the input, bufferization lets its producer write there.

    Example:
    ```mlir
    func.func @main(%x: tensor<1x5x5x1x1xi32>, %w: tensor<8x3x3x8xi8>) -> tensor<1x4x4x8xi32> {
      %init = tensor.empty() : tensor<1x4x4x8xi32>
      %acc = bitplane.conv_2d %x, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
          codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> pads [1, 1, 0, 0]
          : tensor<1x5x5x1x1xi32>, tensor<8x3x3x8xi8> -> tensor<1x4x4x8xi32>
      return %acc : tensor<1x4x4x8xi32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: tensor<1x5x5x1x1xi32>, %w: tensor<8x3x3x8xi8>) -> tensor<1x4x4x8xi32> {
      %zero = arith.constant 0 : i32
      %init = tensor.empty() : tensor<1x4x4x8xi32>
      %empty = tensor.empty() : tensor<1x6x6x1x1xi32>
      %inside = tensor.insert_slice %x into %empty[0, 1, 1, 0, 0] [1, 5, 5, 1, 1] [1, 1, 1, 1, 1]
          : tensor<1x5x5x1x1xi32> into tensor<1x6x6x1x1xi32>
      %rows = tensor.extract_slice %inside[0, 0, 0, 0, 0] [1, 1, 6, 1, 1] [1, 1, 1, 1, 1]
          : tensor<1x6x6x1x1xi32> to tensor<1x1x6x1x1xi32>
      %top = linalg.fill ins(%zero : i32) outs(%rows : tensor<1x1x6x1x1xi32>)
          -> tensor<1x1x6x1x1xi32>
      %second = tensor.insert_slice %top into %inside[0, 0, 0, 0, 0] [1, 1, 6, 1, 1] [1, 1, 1, 1, 1]
          : tensor<1x1x6x1x1xi32> into tensor<1x6x6x1x1xi32>
      %columns = tensor.extract_slice %second[0, 1, 0, 0, 0] [1, 5, 1, 1, 1] [1, 1, 1, 1, 1]
          : tensor<1x6x6x1x1xi32> to tensor<1x5x1x1x1xi32>
      %left = linalg.fill ins(%zero : i32) outs(%columns : tensor<1x5x1x1x1xi32>)
          -> tensor<1x5x1x1x1xi32>
      %padded = tensor.insert_slice %left into %second[0, 1, 0, 0, 0] [1, 5, 1, 1, 1] [1, 1, 1, 1, 1]
          : tensor<1x5x1x1x1xi32> into tensor<1x6x6x1x1xi32>
      %acc = bitplane.conv_2d %padded, %w outs(%init : tensor<1x4x4x8xi32>) channels 8 to 8
          codes !dorefa.code<1, unipolar>, !dorefa.code<1, bipolar> border [1, 1, 0, 0]
          : tensor<1x6x6x1x1xi32>, tensor<8x3x3x8xi8> -> tensor<1x4x4x8xi32>
      return %acc : tensor<1x4x4x8xi32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// Phase launches
//===----------------------------------------------------------------------===//

def OutlineKernelsPass : Pass<"dorefa-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Move the bodies of launches to one module of kernels";
  let description = [{
    Kernels take what a table can say about them: the workspace, inputs, outputs and
    constants as pointers, and the batch. All else, such as the place of a buffer in the
    workspace, is computed in the kernel. A buffer whose first size is dynamic is passed
    as one with a single row, because bare pointers need static shapes.

    Why not `gpu-kernel-outlining`: it makes a module per kernel and passes each view with
    its own descriptor.

    Example:
    ```mlir
    func.func @main(%x: memref<?xf32>) {
      %c1 = arith.constant 1 : index
      %zero = arith.constant 0.0 : f32
      gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
                 threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) function(@clear) {
        memref.store %zero, %x[%tx] : memref<?xf32>
        gpu.terminator
      }
      return
    }
    ```
    becomes
    ```mlir
    module attributes {gpu.container_module} {
      func.func @main(%x: memref<?xf32>) {
        %c1 = arith.constant 1 : index
        %row = memref.reinterpret_cast %x to offset: [0], sizes: [1], strides: [1]
            : memref<?xf32> to memref<1xf32>
        gpu.launch_func @kernels::@clear blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
            args(%row : memref<1xf32>)
        return
      }
      gpu.module @kernels {
        gpu.func @clear(%row: memref<1xf32>) kernel {
          %zero = arith.constant 0.0 : f32
          %size = arith.constant 2147483647 : index
          %x = memref.reinterpret_cast %row to offset: [0], sizes: [%size], strides: [1]
              : memref<1xf32> to memref<?xf32>
          %thread = gpu.thread_id x
          memref.store %zero, %x[%thread] : memref<?xf32>
          gpu.return
        }
      }
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // DOREFA_TRANSFORMS_PASSES_TD
