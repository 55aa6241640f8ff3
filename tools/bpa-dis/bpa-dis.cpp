//===- bpa-dis.cpp - Disassembles BPA programs ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Program.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir;

static constexpr char overview[] =
    "Prints a BPA program, alone or in a model, as assembly that bpa-as reads.\n\n"
    "Example: bpa-dis model.so\n";

/// Prints the error; returns the exit code.
static int fail(const Twine &message) {
  WithColor::error(errs(), "bpa-dis") << message << '\n';
  return 1;
}

int main(int argc, char **argv) {
  cl::OptionCategory category("bpa-dis options");
  cl::opt<std::string> input(cl::Positional, cl::Required, cl::cat(category),
                             cl::desc("PROGRAM.elf or MODEL.so (- is standard input)"));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, overview);
  auto buffer = MemoryBuffer::getFileOrSTDIN(input, /*IsText=*/false);
  if (!buffer)
    return fail(input + ": " + buffer.getError().message());
  Expected<bpa::Program> program = bpa::readElf(**buffer);
  if (!program)
    return fail(toString(program.takeError()));
  bpa::printAssembly(*program, outs());
  return 0;
}
