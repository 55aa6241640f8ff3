//===- Passes.td - Passes from one dialect to another ------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In the order of the phases, alphabetical inside a phase.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_CONVERSION_PASSES_TD
#define DOREFA_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Phase bitplane
//===----------------------------------------------------------------------===//

def ConvertDoReFaToBitPlanePass
    : Pass<"convert-dorefa-to-bitplane", "::mlir::ModuleOp"> {
  let summary = "Convert layers on codes to contractions of bit planes";
  let description = [{
    Integer `conv_2d` and `matmul`, thresholds and pools of codes become operations
    on packed words; a threshold that is the only user of a contraction becomes part
    of it. Codes that have to be seen one by one take an `i8` each: constants,
    reshapes, slices, concatenations and transposes move to `i8`; arguments and
    results then carry `dorefa.unsigned`, because codes have no sign. A packing of what
    was just unpacked cancels, reshapes of words included, so that words flow from
    layer to layer. A fully connected layer on a flattened feature map whose channels
    do not fill whole words becomes a convolution with the whole map as its window.

    Quantizers of floats and `dorefa.dequantize` stay; `dorefa.storage_cast` joins
    their codes to the bytes. Limits: weights of code layers have to be constant by
    `bitplane-pack-weights`; an operation on codes that is none of the above is an
    error.

    Example:
    ```mlir
    func.func @main(%x: tensor<1x8x8x40x!dorefa.code<2, unipolar>>) -> tensor<1x8x8x64xi32> {
      %w = dorefa.constant dense<1> : tensor<64x3x3x40xi8> -> tensor<64x3x3x40x!dorefa.code<1, bipolar>>
      %acc = dorefa.conv_2d %x, %w pads [1, 1, 1, 1]
          : tensor<1x8x8x40x!dorefa.code<2, unipolar>>, tensor<64x3x3x40x!dorefa.code<1, bipolar>> -> tensor<1x8x8x64xi32>
      return %acc : tensor<1x8x8x64xi32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: tensor<1x8x8x40xi8> {dorefa.unsigned}) -> tensor<1x8x8x64xi32> {
      %w = arith.constant dense<1> : tensor<64x3x3x40xi8>
      %e0 = tensor.empty() : tensor<1x8x8x2x2xi32>
      %p = bitplane.pack %x outs(%e0 : tensor<1x8x8x2x2xi32>) : tensor<1x8x8x40xi8> -> tensor<1x8x8x2x2xi32>
      %e1 = tensor.empty() : tensor<1x8x8x64xi32>
      %acc = bitplane.conv_2d %p, %w outs(%e1 : tensor<1x8x8x64xi32>) channels 40 to 64
          codes !dorefa.code<2, unipolar>, !dorefa.code<1, bipolar> pads [1, 1, 1, 1]
          : tensor<1x8x8x2x2xi32>, tensor<64x3x3x40xi8> -> tensor<1x8x8x64xi32>
      return %acc : tensor<1x8x8x64xi32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::bitplane::BitPlaneDialect",
                           "::mlir::dorefa::DoReFaDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// Phase linalg
//===----------------------------------------------------------------------===//

def ConvertDoReFaToLinalgPass : Pass<"convert-dorefa-to-linalg"> {
  let summary = "Lower what is left of dorefa to linalg";
  let description = [{
    Float layers, float functions, pools and the quantizers between floats and codes
    become operations of `linalg`, `math`, `arith`, `scf` and `tensor`; a tensor of
    codes becomes a tensor of `i8`. The operations of each formula keep their order
    and their rounding, so that compiled code and interpreter agree to the bit:
    exp, tanh and their like are computed in `f64` and rounded once.

    Ungrouped convolutions and matrix products become named operations, whose weights
    take the output channel as last dimension; a micro-kernel or
    `dorefa-fuse-multiply-add` computes them as chains of fused multiply-adds. A
    convolution of a few channels reads an image that lies channels first as it is.
    Padded maps are filled at their border and take the inside from its producer.

    Limits: layers and pools on codes and thresholds have to be gone, see
    `convert-dorefa-to-bitplane`. Quantizers of weights and gradients that are left
    are an error: at inference they have nothing to do at run time.

    Example:
    ```mlir
    func.func @main(%x: tensor<4x8xf32>, %s: tensor<8xf32>) -> tensor<4x8xf32> {
      %y = dorefa.binary mul %x, %s : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x8xf32>
      return %y : tensor<4x8xf32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: tensor<4x8xf32>, %s: tensor<8xf32>) -> tensor<4x8xf32> {
      %e = tensor.empty() : tensor<4x8xf32>
      %y = linalg.generic {
          indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>,
                           affine_map<(d0, d1) -> (d0, d1)>],
          iterator_types = ["parallel", "parallel"]}
          ins(%x, %s : tensor<4x8xf32>, tensor<8xf32>) outs(%e : tensor<4x8xf32>) {
      ^bb0(%a: f32, %b: f32, %out: f32):
        %p = arith.mulf %a, %b : f32
        linalg.yield %p : f32
      } -> tensor<4x8xf32>
      return %y : tensor<4x8xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::dorefa::DoReFaDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// Phase vector
//===----------------------------------------------------------------------===//

// Options of the passes that emit micro-kernels, the same for all of them.
class MicroKernelPass<string flag> : Pass<flag, "::mlir::ModuleOp"> {
  let options = [
    Option<"lanes", "lanes", "unsigned", /*default=*/"16",
           "Elements of 32 bits in a vector register: 16, 8 or 4">,
    Option<"accumulators", "accumulators", "unsigned", /*default=*/"24",
           "Vector registers that a tile accumulates in, of all the target has">,
    Option<"parallel", "parallel", "bool", /*default=*/"false",
           "Make loops whose iterations are independent scf.parallel">,
    ListOption<"features", "features", "std::string",
               "Instruction sets by LLVM's names that kernels may call: avx512vnni ...">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def ConvertBitPlaneToVectorPass : MicroKernelPass<"convert-bitplane-to-vector"> {
  let summary = "Lower operations on packed words to loops around vectors";
  let description = [{
    Contractions become tiles of pixels times 32 output channels in vector lanes,
    whose accumulators stay in registers from the first word of the window to the
    packed result: AND, popcount, Horner's rule over the planes, window sum and
    correction, thresholds. Packing and thresholds compare vectors and store the
    masks; pools take the larger code plane by plane.

    Why not by upstream vectorization: AND, popcount and add is no reduction that it
    knows, so that accumulators and epilogue go through memory.

    Limits: operations must be on memrefs, filters packed
    (`bitplane-pack-weights`), pads of convolutions materialized
    (`bitplane-materialize-padding`), and all sizes static but the batch.

    Example:
    ```mlir
    func.func @main(%q: memref<4x32xi8>, %w: memref<4x1x1xi32>) {
      bitplane.pack %q outs(%w : memref<4x1x1xi32>) : memref<4x32xi8>
      return
    }
    ```
    becomes
    ```mlir
    func.func @main(%q: memref<4x32xi8>, %w: memref<4x1x1xi32>) {
      %zeros = arith.constant dense<0> : vector<32xi8>
      %ones = arith.constant dense<1> : vector<32xi8>
      %c4 = arith.constant 4 : index
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      scf.for %i = %c0 to %c4 step %c1 {
        %codes = vector.load %q[%i, %c0] : memref<4x32xi8>, vector<32xi8>
        %bits = arith.andi %codes, %ones : vector<32xi8>
        %set = arith.cmpi ne, %bits, %zeros : vector<32xi8>
        %words = vector.bitcast %set : vector<32xi1> to vector<1xi32>
        %word = vector.extract %words[0] : i32 from vector<1xi32>
        memref.store %word, %w[%i, %c0, %c0] : memref<4x1x1xi32>
      }
      return
    }
    ```
  }];
}

def ConvertLinalgToVectorPass : MicroKernelPass<"convert-linalg-to-vector"> {
  let summary = "Lower float layers, pools and elementwise operations to vectors";
  let description = [{
    Convolutions and products on memrefs of `f32` become tiles of pixels times vectors of
    output channels: `linalg.conv_2d_nhwc_hwcf`, `linalg.depthwise_conv_2d_nhwc_hwc`, `linalg.matmul`, and
    every `linalg.generic` with the loops of such a layer, groups included, whose body is one
    `math.fma`. An output is one chain of fused multiply-adds in (ky, kx, c) order from
    the value that the destination holds, as semantics demand, so that the result does
    not depend on the tile or the width of the vectors. Where nobody else sees that value,
    the chain starts from the bias or number itself and nothing is written before.

    Constant weights are packed into one stream per vector of outputs.
    Pools and other reductions of windows combine vectors of channels in registers.
    Elementwise operations on `f32` and `i32`, whose results may be bytes, keep the parameters
    of some channels in registers while they go along a row.

    Limits: only the batch may be dynamic, and output channels must lie side by side in
    weights and result. Everything else is left as it is.

    Example:
    ```mlir
    func.func @main(%x: memref<1x1x1x8xf32>, %w: memref<1x1x8x16xf32>, %y: memref<1x1x1x16xf32>) {
      linalg.conv_2d_nhwc_hwcf ins(%x, %w : memref<1x1x1x8xf32>, memref<1x1x8x16xf32>)
                               outs(%y : memref<1x1x1x16xf32>)
      return
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: memref<1x1x1x8xf32>, %w: memref<1x1x8x16xf32>, %y: memref<1x1x1x16xf32>) {
      %c8 = arith.constant 8 : index
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %bias = vector.load %y[%c0, %c0, %c0, %c0] : memref<1x1x1x16xf32>, vector<16xf32>
      %sum = scf.for %k = %c0 to %c8 step %c1 iter_args(%s = %bias) -> (vector<16xf32>) {
        %wk = vector.load %w[%c0, %c0, %k, %c0] : memref<1x1x8x16xf32>, vector<16xf32>
        %xk = memref.load %x[%c0, %c0, %c0, %k] : memref<1x1x1x8xf32>
        %xv = vector.broadcast %xk : f32 to vector<16xf32>
        %n = math.fma %xv, %wk, %s : vector<16xf32>
        scf.yield %n : vector<16xf32>
      }
      vector.store %sum, %y[%c0, %c0, %c0, %c0] : memref<1x1x1x16xf32>, vector<16xf32>
      return
    }
    ```
  }];
}

def ConvertParallelToOpenMPPass
    : Pass<"convert-parallel-to-openmp", "::mlir::ModuleOp"> {
  let summary = "Spread parallel loops over the threads of OpenMP";
  let description = [{
    In each nest of `scf.parallel` one level is chosen: the outermost one, or an inner one
    where that has too few iterations to keep threads equally busy. Loops that nothing
    separates are one loop there. The level becomes `omp.parallel` around `omp.wsloop`
    with a static schedule, so that an iteration is always computed by the same code in
    the same order, whatever the number of threads; the other levels become `scf.for`. A
    nest with less than `min-work` stays serial: two instructions per nanosecond of what
    the cost model predicted for a layer (`dorefa.predicted_ns`), an estimate of what
    lies between layers; where its size is known only at run time, that is decided
    there.

    Scratch memory of `memref.alloca` that only the loop uses is each thread's own.

    The number of threads is what `@dorefa_num_threads` says for the options of the run,
    the last argument of `@main`; the target defines that function.

    Why not `convert-scf-to-openmp`: it spreads every loop, with all of its dimensions,
    and makes scratch memory anew in each iteration.

    Example:
    ```mlir
    func.func @main(%x: memref<512x128xf32>, %options: !llvm.ptr) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c128 = arith.constant 128 : index
      %c512 = arith.constant 512 : index
      %zero = arith.constant 0.0 : f32
      scf.parallel (%i, %j) = (%c0, %c0) to (%c512, %c128) step (%c1, %c1) {
        memref.store %zero, %x[%i, %j] : memref<512x128xf32>
      }
      return
    }
    ```
    becomes with `min-work=1000`
    ```mlir
    func.func private @dorefa_num_threads(!llvm.ptr) -> i32
    func.func @main(%x: memref<512x128xf32>, %options: !llvm.ptr) {
      %threads = call @dorefa_num_threads(%options) : (!llvm.ptr) -> i32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c128 = arith.constant 128 : index
      %c512 = arith.constant 512 : index
      %zero = arith.constant 0.0 : f32
      omp.parallel num_threads(%threads : i32) {
        omp.wsloop nowait schedule(static) {
          omp.loop_nest (%i) : index = (%c0) to (%c512) step (%c1) {
            scf.for %j = %c0 to %c128 step %c1 {
              memref.store %zero, %x[%i, %j] : memref<512x128xf32>
            }
            omp.yield
          }
        }
        omp.terminator
      }
      return
    }
    ```
  }];
  let options = [
    Option<"minWork", "min-work", "unsigned", /*default=*/"8000",
           "Vector instructions, about, that are worth waking threads for">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::omp::OpenMPDialect",
                           "::mlir::scf::SCFDialect"];
}

def SelectGPUKernelsPass : Pass<"bitplane-select-gpu-kernels", "::mlir::ModuleOp"> {
  let summary = "Choose how a GPU computes each contraction";
  let description = [{
    Sets attribute `kernel` of each `bitplane.conv_2d` and `bitplane.matmul` that has
    none: `popcount` where planes are multiplied, by products of single bits or by
    population counts, and `dot` where levels are, by products of bytes. Which is fastest
    is what a roofline of the chip (dorefa/Conversion/GPUCostModel.h) says. What was chosen and
    how long it will take, in nanoseconds, for one sample where the batch is dynamic, is
    told in attributes, which `convert-bitplane-to-gpu` obeys, and an analysis remark.

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
          {dorefa.gpu_kernel = "popcount", dorefa.predicted_ns = 2379 : i64}
          : tensor<1x1x1xi32>, tensor<1x2xi8> -> tensor<1x1xi32>
      return %acc : tensor<1x1xi32>
    }
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"sm_80\"",
           "The GPU that the network runs on">,
    Option<"kernel", "kernel", "std::string", /*default=*/"",
           "What computes all layers that it can, popcount the others: popcount, b1 or u8">,
  ];
}

//===----------------------------------------------------------------------===//
// Phase launches
//===----------------------------------------------------------------------===//

// What kernels are made of.
class GPUKernelPass<string flag> : Pass<flag, "::mlir::ModuleOp"> {
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::NVVM::NVVMDialect",
                           "::mlir::scf::SCFDialect"];
}

def ConvertBitPlaneToGPUPass : GPUKernelPass<"convert-bitplane-to-gpu"> {
  let summary = "Lower operations on packed words to GPU kernels";
  let description = [{
    Each operation becomes one launch in its place. Where words are made, a warp makes
    one: each lane computes the bits of one channel, and a vote per plane gathers them.
    A contraction gives a warp one pixel and 32 output channels; lanes read
    neighbouring words of the filter, and correction and thresholds are applied
    in registers. Where `bitplane-select-gpu-kernels` has given it a tile
    (`dorefa.gpu_tile`), blocks of warps multiply tiles of pixels and output channels on
    tensor cores, staged in shared memory: single bits (`nvvm.mma.sync` m16n8k256) or, by
    kernel `dot`, bytes (m16n8k32). Pools and `bitplane.unpack` take one thread per word or byte.

    Convolutions read their input as it is: a tap outside of it is zeros, whether it
    has pads or a border.

    Limits: operations must be on memrefs, filters packed for kernel `popcount` or `dot`
    (`bitplane-pack-weights`) and constant where there is a tile, and all sizes static but
    the batch.

    Example:
    ```mlir
    func.func @main(%q: memref<4x32xi8>, %w: memref<4x1x1xi32>) {
      bitplane.pack %q outs(%w : memref<4x1x1xi32>) : memref<4x32xi8>
      return
    }
    ```
    becomes a launch of four warps, whose lanes do
    ```mlir
    func.func @lane(%q: memref<4x32xi8>, %w: memref<4x1x1xi32>, %row: index, %lane: index) {
      %c0 = arith.constant 0 : index
      %zero = arith.constant 0 : i32
      %one = arith.constant 1 : i32
      %all = arith.constant -1 : i32
      %byte = memref.load %q[%row, %lane] : memref<4x32xi8>
      %code = arith.extui %byte : i8 to i32
      %bit = arith.andi %code, %one : i32
      %set = arith.cmpi ne, %bit, %zero : i32
      %word = nvvm.vote.sync ballot %all, %set -> i32
      %stores = arith.cmpi eq, %lane, %c0 : index
      scf.if %stores {
        memref.store %word, %w[%row, %c0, %lane] : memref<4x1x1xi32>
      }
      return
    }
    ```
  }];
}

def ConvertLinalgToGPUPass : GPUKernelPass<"convert-linalg-to-gpu"> {
  let summary = "Lower float layers, copies and what else is left to GPU kernels";
  let description = [{
    Each `linalg` operation and `memref.copy` becomes one launch with a thread per element
    of the result. A reduction runs in the order of the operation's loops and stays in
    a register, so that a float layer is one chain of fused multiply-adds in
    (ky, kx, c) order from the value that the destination holds, as semantics demand;
    `dorefa-fuse-multiply-add` must have run. Where a bias or number was written there for
    nobody else, the chain starts from that in a register, and it is not written. Fills of the
    strips of one border share a launch. A loop of the network itself, as in top-k, runs in one thread.

    Limits: an operation must write each element of its result once, and only the first
    size may be dynamic.

    Example:
    ```mlir
    func.func @main(%x: memref<128x8xf32>, %y: memref<128xf32>) {
      linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>],
          iterator_types = ["parallel", "reduction"]}
          ins(%x : memref<128x8xf32>) outs(%y : memref<128xf32>) {
      ^bb0(%a: f32, %sum: f32):
        %next = arith.addf %sum, %a : f32
        linalg.yield %next : f32
      }
      return
    }
    ```
    becomes a launch of 128 threads, each of which does
    ```mlir
    func.func @thread(%x: memref<128x8xf32>, %y: memref<128xf32>, %row: index) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %start = memref.load %y[%row] : memref<128xf32>
      %result = scf.for %k = %c0 to %c8 step %c1 iter_args(%sum = %start) -> (f32) {
        %a = memref.load %x[%row, %k] : memref<128x8xf32>
        %next = arith.addf %sum, %a : f32
        scf.yield %next : f32
      }
      memref.store %result, %y[%row] : memref<128xf32>
      return
    }
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Phase nvvm
//===----------------------------------------------------------------------===//

def ConvertMathToGPUPass : Pass<"convert-math-to-gpu"> {
  let summary = "Lower functions of floats to instructions that a GPU rounds correctly";
  let description = [{
    Square roots, roundings and fused multiply-adds become intrinsics of LLVM. Functions
    of `f64`, exp, tanh, log1p of numbers in [0, 1] and powers of numbers that an
    `f32` holds, become arithmetic with an error of a few units of the last place: what is
    rounded to `f32` behind them is what a processor's libm gives.

    Why not `convert-gpu-to-nvvm` alone: it calls libdevice for each of these, which is part
    of CUDA and not always rounded correctly. Why not `math-expand-ops`: it makes of a power
    an exp of a product with a logarithm, in which too few places are left.

    Limits: other functions are an error.

    Example:
    ```mlir
    func.func @round(%x: f32) -> f32 {
      %y = math.roundeven %x : f32
      return %y : f32
    }
    ```
    becomes
    ```mlir
    func.func @round(%x: f32) -> f32 {
      %y = llvm.call_intrinsic "llvm.roundeven"(%x) : (f32) -> f32
      return %y : f32
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect"];
}

#endif // DOREFA_CONVERSION_PASSES_TD
