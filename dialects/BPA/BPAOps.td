//===- BPAOps.td - Operations of the bpa dialect -----------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef BPA_OPS_TD
#define BPA_OPS_TD

include "BPADialect.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

class BPA_Container<string mnemonic, list<Trait> traits>
    : Op<BPA_Dialect, mnemonic, !listconcat([
        IsolatedFromAbove, NoTerminator, NoRegionArguments, SingleBlock, Symbol],
        traits)>;

def BPA_ProgramOp : BPA_Container<"program", [SymbolTable]> {
  let summary = "Hold all that the accelerator executes and reads";
  let description = [{
    The routines lie one behind the other, then the constants, then the space, each in
    the order in which they are written here and at a multiple of 64 bytes: section 8
    of the manual. `configuration` names the size of the machine.

    Example:
    ```mlir
    bpa.program @accelerator configuration "r8c8d64" {
      bpa.data @weights dense<7> : tensor<1024xi8>
      bpa.space @image bytes 4096
      bpa.space @codes bytes 4096
      bpa.routine @main inputs [@image] outputs [@codes] {
        bpa.ld space=wbuf dram=@weights nx=64
        bpa.ld dram=@image+2 nx=16
        bpa.st dram=@codes nx=256
        bpa.halt
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$configuration);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `configuration` $configuration attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The size of the machine; it exists.
    const Configuration &getMachine();
  }];
}

def BPA_RoutineOp : BPA_Container<"routine", []> {
  let summary = "List instructions up to a halt";
  let description = [{
    What one `bpa.launch` runs: instructions without branches, the last one a
    `bpa.halt`. Before, the launch copies its operands to `inputs`, behind that the
    bytes of `outputs` to its results. Of several `samples` each input and output has
    as many parts of the same size.

    Until `bpa-insert-tokens` has run, instructions take effect one after the other;
    from then on engines run at the same time, ordered by tokens alone.

    Example:
    ```mlir
    bpa.routine @copy inputs [@x] outputs [@y] {
      bpa.ld dram=@x nx=8 signal(st)
      bpa.st dram=@y nx=8 wait(ld)
      bpa.halt
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, SymbolRefArrayAttr:$inputs,
      SymbolRefArrayAttr:$outputs,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$samples);
  let extraClassDeclaration = [{
    /// Bytes from sample to sample at `symbol`, a space that the routine names.
    int64_t getPitch(Attribute symbol);
  }];
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `inputs` $inputs `outputs` $outputs (`samples` $samples^)?
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

def BPA_DataOp : Op<BPA_Dialect, "data", [Symbol]> {
  let summary = "Place constant bytes in the memory of the accelerator";
  let description = [{
    Weights and thresholds, in the form in which `ld` brings them to the on-chip
    memories.

    Example:
    ```mlir
    bpa.data @thresholds dense<[0, 1, 2, 3]> : tensor<4xi8>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ElementsAttr:$value);
  let assemblyFormat = "$sym_name $value attr-dict";
  let hasVerifier = 1;
}

def BPA_SpaceOp : Op<BPA_Dialect, "space", [Symbol]> {
  let summary = "Reserve bytes in the memory of the accelerator";
  let description = [{
    Inputs and outputs of routines, and feature maps that do not stay on the chip.
    Zero when the program is loaded.

    Example:
    ```mlir
    bpa.space @map bytes 65536
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$bytes);
  let assemblyFormat = "$sym_name `bytes` $bytes attr-dict";
}

//===----------------------------------------------------------------------===//
// The host
//===----------------------------------------------------------------------===//

def BPA_Buffer : AnyTypeOf<[RankedTensorOf<[I8, I32]>, MemRefOf<[I8, I32]>]>;

def BPA_LaunchOp : Op<BPA_Dialect, "launch", [
    DestinationStyleOpInterface, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Run a routine of the accelerator for all samples";
  let description = [{
    For each index n of the first dimension, the batch, copies element n of each input
    to the routine's inputs, runs it, and copies its outputs to element n of the
    results; as many at a time as the routine has samples, of which the batch is a
    multiple. Where there is a routine for `groups`, this runs first, as long as there
    are as many as it has samples. `macs` are the multiply-adds of a sample, for
    profiles.

    Example:
    ```mlir
    %y = bpa.launch @accelerator::@main ins(%x : tensor<?x1024xi32>)
        outs(%init : tensor<?x1024xi32>) macs 4096 -> tensor<?x1024xi32>
    ```
  }];
  let arguments = (ins SymbolRefAttr:$routine, OptionalAttr<SymbolRefAttr>:$groups,
      Variadic<BPA_Buffer>:$inputs, Variadic<BPA_Buffer>:$inits, I64Attr:$macs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $routine (`groups` $groups^)? `ins` `(` $inputs `:` type($inputs) `)`
    `outs` `(` $inits `:` type($inits) `)` `macs` $macs attr-dict
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
  }];
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

// Written as in assembly: fields that say their default are left out. `symbol` is
// what a DRAM address counts from.
class BPA_InstructionOp<string mnemonic>
    : Op<BPA_Dialect, mnemonic, [HasParent<"RoutineOp">]> {
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::mlir::ParseResult $cppClass::parse(::mlir::OpAsmParser &parser,
                                         ::mlir::OperationState &state) {
      return detail::parseInstruction(parser, state);
    }
    void $cppClass::print(::mlir::OpAsmPrinter &printer) {
      detail::printInstruction(*this, printer);
    }
    ::llvm::LogicalResult $cppClass::verify() {
      return detail::verifyInstruction(*this);
    }
  }];
}

include "BPAInstructions.td"

#endif // BPA_OPS_TD
