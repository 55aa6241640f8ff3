//===- dorefa-emulate.cpp - Run a GPU kernel without a GPU ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"
#include "EmulateOptions.h"
#include "KernelFile.h"
#include "dorefa/Runtime/Compare.h"

#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::dorefa::emulator;
using mlir::dorefa::runtime::Comparison;
using mlir::dorefa::runtime::NpyArray;

namespace {

/// An array argument and a file that belongs to it.
struct File {
  KernelArgument *argument;
  std::string path;
};

} // namespace

/// Reads "INDEX=FILE" for each of `texts`.
static Expected<std::vector<File>>
matchFiles(ArrayRef<std::string> texts,
           MutableArrayRef<KernelArgument> arguments) {
  std::vector<File> files;
  for (StringRef text : texts) {
    auto [number, path] = text.split('=');
    unsigned index;
    if (number.getAsInteger(10, index) || index >= arguments.size() ||
        !arguments[index].isArray())
      return createStringError("'" + text +
                               "' must be INDEX=FILE.npy with the index of an "
                               "array argument, from 0");
    files.push_back({&arguments[index], path.str()});
  }
  return files;
}

/// Compares all of `files`; whether they are equal.
static Expected<bool> compareFiles(ArrayRef<File> files) {
  bool equal = true;
  for (const File &file : files) {
    Expected<NpyArray> wanted = readArray(file.path);
    if (!wanted)
      return wanted.takeError();
    const NpyArray &actual = file.argument->fetch();
    if (wanted->shape != actual.shape ||
        wanted->elementType != actual.elementType)
      return createStringError(
          file.path + " is " +
          mlir::dorefa::runtime::toString(wanted->elementType, wanted->shape) +
          " but must be " +
          mlir::dorefa::runtime::toString(actual.elementType, actual.shape));
    Comparison comparison = compare(actual, *wanted, std::nullopt);
    outs() << comparison.summary << "\n";
    equal &= comparison.equal;
  }
  return equal;
}

/// Runs as often as asked for; whether all comparisons found equal values.
static Expected<bool> run(const EmulateOptions &options, Emulator &emulator,
                          Emulator::Program &program) {
  std::vector<KernelArgument> arguments;
  for (StringRef text : options.arguments) {
    Expected<KernelArgument> argument = KernelArgument::parse(text, emulator);
    if (!argument)
      return argument.takeError();
    arguments.push_back(std::move(*argument));
  }
  SmallVector<void *> values;
  for (KernelArgument &argument : arguments)
    values.push_back(argument.getValue());
  auto outputs = matchFiles(options.outputs, arguments);
  if (!outputs)
    return outputs.takeError();
  auto expected = matchFiles(options.expected, arguments);
  if (!expected)
    return expected.takeError();

  bool equal = true;
  for (const EmulatorOptions &run : options.runs) {
    emulator.setOptions(run);
    for (const KernelArgument &argument : arguments)
      argument.reset();
    if (Error error =
            emulator.launch(program, options.kernel, options.grid,
                            options.block, options.sharedBytes, values))
      return error;
    Expected<bool> isEqual = compareFiles(*expected);
    if (!isEqual)
      return isEqual.takeError();
    equal &= *isEqual;
  }
  for (const File &file : *outputs)
    if (auto error = writeNpy(file.path, file.argument->fetch()))
      return createStringError(error.message());
  return equal;
}

static int fail(Error error) {
  WithColor::error(errs(), "dorefa-emulate")
      << toString(std::move(error)) << "\n";
  return 1;
}

int main(int argc, char **argv) {
  std::optional<EmulateOptions> options = parseCommandLine(argc, argv);
  if (!options)
    return 1;
  Expected<std::unique_ptr<MemoryBuffer>> file = readKernelFile(options->input);
  if (!file)
    return fail(file.takeError());
  Emulator emulator(options->runs.front());
  Expected<Emulator::Program *> program = emulator.load(**file);
  if (!program)
    return fail(program.takeError());
  Expected<bool> equal = run(*options, emulator, **program);
  if (!equal)
    return fail(equal.takeError());
  return *equal ? 0 : 1;
}
