//===- EmulateOptions.cpp - Command line of dorefa-emulate ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulateOptions.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace mlir::dorefa::emulator;

static constexpr char overview[] =
    "Runs a GPU kernel on the CPU, without a GPU, and checks how it uses "
    "memory and barriers.\n\n"
    "KERNELS is LLVM IR for NVPTX (.bc, .ll), or MLIR with a gpu.binary that "
    "gpu-module-to-binary=format=llvm made. An argument is a number such as "
    "i32:7 or f32:0.5, a file x.npy, or a new array such as int32[64,64].\n\n"
    "Example: dorefa-emulate k.mlir --kernel=scale --grid=2 --block=128 "
    "--arg=x.npy --arg=float32[256] --output=1=y.npy\n";

/// Reads "4", "4,2" or "4,2,1".
static bool parseDimensions(StringRef text, Dimensions &dimensions) {
  dimensions = {1, 1, 1};
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  if (parts.size() > dimensions.size())
    return false;
  for (auto [part, dimension] : zip(parts, dimensions))
    if (part.getAsInteger(10, dimension))
      return false;
  return true;
}

/// The run that was asked for or, of `count`, the extremes and seeds 1 and on.
static std::vector<EmulatorOptions> makeRuns(const EmulatorOptions &only,
                                             unsigned count) {
  if (count == 0)
    return {only};
  std::vector<EmulatorOptions> runs;
  for (unsigned i = 0; i < count; ++i) {
    EmulatorOptions run = only;
    run.seed = i;
    run.copies = i > 1 ? CopyTiming::Seeded
                       : (i == 0 ? CopyTiming::Eager : CopyTiming::Lazy);
    runs.push_back(run);
  }
  return runs;
}

std::optional<EmulateOptions> parseCommandLine(int argc, char **argv) {
  cl::OptionCategory category("dorefa-emulate options");
  cl::opt<std::string> input(cl::Positional, cl::init("-"), cl::cat(category),
                             cl::desc("KERNELS"));
  cl::opt<std::string> kernel("kernel", cl::Required, cl::cat(category),
                              cl::value_desc("name"),
                              cl::desc("Kernel to run"));
  cl::opt<std::string> grid("grid", cl::init("1"), cl::cat(category),
                            cl::value_desc("x[,y[,z]]"),
                            cl::desc("Blocks in the grid"));
  cl::opt<std::string> block("block", cl::init("32"), cl::cat(category),
                             cl::value_desc("x[,y[,z]]"),
                             cl::desc("Threads in a block"));
  cl::opt<uint64_t> shared("shared", cl::init(0), cl::cat(category),
                           cl::value_desc("bytes"),
                           cl::desc("Dynamic shared memory of a block"));
  cl::list<std::string> arguments("arg", cl::cat(category),
                                  cl::value_desc("value"),
                                  cl::desc("Value of the next parameter"));
  cl::list<std::string> outputs(
      "output", cl::cat(category), cl::value_desc("index=file.npy"),
      cl::desc("Write array argument INDEX after the run"));
  cl::list<std::string> expected(
      "expect", cl::cat(category), cl::value_desc("index=file.npy"),
      cl::desc("Compare array argument INDEX after each run"));
  cl::opt<uint64_t> seed("seed", cl::init(0), cl::cat(category),
                         cl::desc("Order of blocks, warps, lanes and copies; "
                                  "0: ascending"));
  cl::opt<CopyTiming> copies(
      "copies", cl::init(CopyTiming::Seeded), cl::cat(category),
      cl::desc("When cp.async writes shared memory"),
      cl::values(clEnumValN(CopyTiming::Seeded, "seeded",
                            "between issue and wait, by the seed"),
                 clEnumValN(CopyTiming::Eager, "eager", "at the issue"),
                 clEnumValN(CopyTiming::Lazy, "lazy", "at the wait")));
  cl::opt<unsigned> runs("runs", cl::init(0), cl::cat(category),
                         cl::desc("Run N times: seed 0 eager, seed 1 lazy, "
                                  "seeds 2 and on seeded"));
  cl::opt<int64_t> iterations(
      "iterations", cl::init(EmulatorOptions().maxIterations),
      cl::cat(category),
      cl::desc("Iterations of loops after which a thread counts as stuck"));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &errs()))
    return std::nullopt;
  EmulatorOptions only;
  only.seed = seed;
  only.copies = copies;
  only.maxIterations = iterations;
  EmulateOptions options{input,   kernel,   {},
                         {},      shared,   arguments,
                         outputs, expected, makeRuns(only, runs)};
  if (parseDimensions(grid, options.grid) &&
      parseDimensions(block, options.block))
    return options;
  WithColor::error() << "--grid and --block must be one to three numbers, such "
                        "as 4,2\n";
  return std::nullopt;
}
