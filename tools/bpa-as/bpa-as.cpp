//===- bpa-as.cpp - Assembles BPA programs --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Program.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir;

static constexpr char overview[] =
    "Assembles a BPA program into an ELF64 file.\n\n"
    "Example: bpa-as program.s -o program.elf\n";

/// Prints the error; returns the exit code.
static int fail(const Twine &message) {
  WithColor::error(errs(), "bpa-as") << message << '\n';
  return 1;
}

int main(int argc, char **argv) {
  cl::OptionCategory category("bpa-as options");
  cl::opt<std::string> input(cl::Positional, cl::Required, cl::cat(category),
                             cl::desc("PROGRAM.s (- is standard input)"));
  cl::opt<std::string> output("o", cl::cat(category), cl::Required,
                              cl::value_desc("FILE"),
                              cl::desc("Write the ELF64 file here"));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, overview);
  auto buffer = MemoryBuffer::getFileOrSTDIN(input, /*IsText=*/true);
  if (!buffer)
    return fail(input + ": " + buffer.getError().message());
  if ((*buffer)->getBuffer().contains('\0'))
    return fail(input + ": is not text; bpa-dis prints a program as text");
  SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*buffer), SMLoc());
  std::optional<bpa::Program> program = bpa::parseAssembly(sources);
  if (!program)
    return 1;
  if (Error error = writeToOutput(output, [&](raw_ostream &stream) {
        return bpa::writeElf(*program, stream);
      }))
    return fail(output + ": " + toString(std::move(error)));
  return 0;
}
