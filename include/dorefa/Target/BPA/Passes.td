//===- Passes.td - Passes for the accelerator --------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In the order in which they run.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_BPA_PASSES_TD
#define DOREFA_TARGET_BPA_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertBitPlaneToBPAPass
    : Pass<"convert-bitplane-to-bpa", "::mlir::ModuleOp"> {
  let summary = "Move layers on packed words to the accelerator";
  let description = [{
    Contractions and pools that the accelerator can compute leave `@main` and become
    routines of one `bpa.program`: as few of them as what stays on the host allows.
    In their place stand launches, with the packed words transposed to whole planes
    and back. A remark says of every other layer on bits why it stays.

    A routine is a straight line of instructions without tokens. Feature maps stay on
    the chip where they fit and else lie in DRAM and are computed in bands of rows;
    they are loaded and stored piece by piece; weights take the parts of their buffer
    in turn, so that the next ones can be loaded early; configuration registers are
    written when they change. Sums whose codes have more than 4 bits leave as
    integers, and the host compares them.

    Example:
    ```mlir
    func.func @main(%x: tensor<1x4x4x1x1xi32>) -> tensor<1x2x2x1x1xi32> {
      %e = tensor.empty() : tensor<1x2x2x1x1xi32>
      %y = bitplane.max_pool %x outs(%e : tensor<1x2x2x1x1xi32>) code !dorefa.code<1, unipolar>
          kernel [2, 2] strides [2, 2] : tensor<1x4x4x1x1xi32> -> tensor<1x2x2x1x1xi32>
      return %y : tensor<1x2x2x1x1xi32>
    }
    ```
    becomes a launch and
    ```mlir
    bpa.program @accelerator configuration "r8c8d64" {
      bpa.space @output0 bytes 16
      bpa.space @input0 bytes 64
      bpa.routine @main0 inputs [@input0] outputs [@output0] {
        bpa.cfg.input base=128 pixel=32 row=128 plane=512
        bpa.cfg.window lanes=32 kh=2 kw=2 sy=2 sx=2
        bpa.cfg.extent h=4 w=4 oh=2 ow=2
        bpa.cfg.pool pixel=32 plane=128
        bpa.ld dram=@input0 sram=1 nx=4
        bpa.mp pixels=2
        bpa.mp out=64 oy=1 pixels=2
        bpa.st dram=@output0 dstride=1 sstride=1
        bpa.halt
      }
    }
    ```
  }];
  let options = [
    Option<"configuration", "configuration", "std::string",
           /*default=*/"\"r8c8d64\"", "Size of the machine: r8c8d64 or r4c4d32">,
  ];
  let dependentDialects = ["::mlir::bpa::BPADialect",
                           "::mlir::bitplane::BitPlaneDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def BPAInsertTokensPass : Pass<"bpa-insert-tokens", "::mlir::ModuleOp"> {
  let summary = "Order what instructions of different engines access";
  let description = [{
    Instructions of a routine take effect one after the other before this pass, and
    at the same time behind it. An instruction waits for the last one of each other
    engine that it must follow, because one of them writes what the other accesses,
    unless that follows from tokens that were taken before. Tokens of a pair of
    engines never cross, because both sides go through the program in order; so
    there is nothing to assign.

    Example:
    ```mlir
    bpa.program @accelerator configuration "r8c8d64" {
      bpa.space @x bytes 128
      bpa.routine @copy inputs [@x] outputs [@x] {
        bpa.ld dram=@x nx=8
        bpa.st dram=@x nx=8
        bpa.halt
      }
    }
    ```
    becomes
    ```mlir
    bpa.program @accelerator configuration "r8c8d64" {
      bpa.space @x bytes 128
      bpa.routine @copy inputs [@x] outputs [@x] {
        bpa.ld dram=@x nx=8 signal(st)
        bpa.st dram=@x nx=8 wait(ld)
        bpa.halt
      }
    }
    ```
  }];
}

def BPAOrderInstructionsPass : Pass<"bpa-order-instructions", "::mlir::ModuleOp"> {
  let summary = "Dispatch instructions in the order in which they are issued";
  let description = [{
    Instructions are dispatched in the order of the program, and one that finds its
    queue full stops all behind it. This pass puts those of a routine into the order
    in which the engines would issue them if queues held all of them, as the cycle
    simulator finds it: loads go as far ahead as buffers have room, others as late as
    they are due. The order of the instructions of an engine stays, and so do tokens.

    Example:
    ```mlir
    bpa.program @accelerator configuration "r8c8d64" {
      bpa.routine @main inputs [] outputs [] {
        bpa.ga pixels=80 signal(mm)
        bpa.mm wait(ga)
        bpa.ld space=wbuf sram=64 nx=4
        bpa.pp out=64
        bpa.halt
      }
    }
    ```
    becomes
    ```mlir
    bpa.program @accelerator configuration "r8c8d64" {
      bpa.routine @main inputs [] outputs [] {
        bpa.ld space=wbuf sram=64 nx=4
        bpa.pp out=64
        bpa.ga pixels=80 signal(mm)
        bpa.mm wait(ga)
        bpa.halt
      }
    }
    ```
  }];
}

def ConvertBPAToCallsPass : Pass<"convert-bpa-to-calls", "::mlir::ModuleOp"> {
  let summary = "Encode the program, let launches call the device";
  let description = [{
    Verifies the one `bpa.program`, as `bpa-verify` does, and replaces it by the bytes
    of its ELF file, the attribute `dorefa.device_program` of the module. A launch on
    buffers becomes a loop over the batch: calls of `dorefa_device_write` for the
    inputs, of `dorefa_device_run`, of `dorefa_device_read` for the outputs. Their
    first argument is the last one of `@main`, the options of the run.

    Example:
    ```mlir
    func.func @main(%x: memref<?x32xi32>, %y: memref<?x32xi32>, %options: !llvm.ptr) {
      bpa.launch @accelerator::@copy ins(%x : memref<?x32xi32>) outs(%y : memref<?x32xi32>) macs 0
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

#endif // DOREFA_TARGET_BPA_PASSES_TD
