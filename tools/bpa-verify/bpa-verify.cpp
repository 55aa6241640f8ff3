//===- bpa-verify.cpp - Checks BPA programs before they run ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Device.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir;

static constexpr char overview[] =
    "Checks that a BPA program ends and gives the same results whatever the "
    "timing.\n\n"
    "Addresses, tokens and queues do not depend on data, so one run on zeros "
    "decides: that no\nengines wait for each other, that no token counter "
    "overflows, that tokens order all\naccesses to a memory, and that "
    "addresses and registers are legal. Exits with 1 otherwise.\n\n"
    "Example: bpa-verify model.so\n";

int main(int argc, char **argv) {
  cl::OptionCategory category("bpa-verify options");
  cl::opt<std::string> input(cl::Positional, cl::Required, cl::cat(category),
                             cl::desc("PROGRAM.elf or MODEL.so"));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, overview);
  auto fail = [](const Twine &message) {
    WithColor::error(errs(), "bpa-verify") << message << '\n';
    return 1;
  };
  Expected<bpa::Program> program = bpa::readElfFile(input);
  if (!program)
    return fail(toString(program.takeError()));
  Expected<bpa::Device> device = bpa::openDevice(*program, "func");
  if (!device)
    return fail(input + ": " + toString(device.takeError()));
  if (Error error = bpa::verify(*program, *device))
    return fail(input + ": " + toString(std::move(error)));
  outs() << program->text.size() << " instructions: all is in order\n";
  return 0;
}
