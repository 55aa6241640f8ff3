//===- bpa-tblgen.cpp - Makes of ISA.td what reads and writes it ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Description.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/TableGen/Main.h"
#include "llvm/TableGen/TableGenBackend.h"

using namespace llvm;
using namespace bpa_tblgen;

int main(int argc, char **argv) {
  // Backends register themselves as options of TableGenMain.
  TableGen::Emitter::Opt declarations(
      "gen-declarations", emitDeclarations,
      "C++: enumerations and a structure per instruction");
  TableGen::Emitter::Opt definitions("gen-definitions", emitDefinitions,
                                     "C++: tables of fields and instructions");
  TableGen::Emitter::Opt markdown("gen-markdown", emitMarkdown,
                                  "The table of the manual");
  TableGen::Emitter::Opt operations("gen-operations", emitOperations,
                                    "TableGen of the operations of bpa");
  TableGen::Emitter::Opt systemVerilog("gen-systemverilog", emitSystemVerilog,
                                       "The SystemVerilog package");
  cl::ParseCommandLineOptions(
      argc, argv, "Makes of ISA.td what reads and writes its encodings\n");
  return TableGenMain(argv[0], MultiFileTableGenMainFn(nullptr));
}
