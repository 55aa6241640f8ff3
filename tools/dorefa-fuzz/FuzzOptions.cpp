//===- FuzzOptions.cpp - Command line of dorefa-fuzz ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuzzOptions.h"
#include "dorefa/Target/GPU/GPUTarget.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/CommandLine.h"

using namespace llvm;
using mlir::dorefa::GPUOptions;

static constexpr char overview[] =
    "Compares random networks in all their forms, bit for bit.\n\n"
    "Example: dorefa-fuzz --seed=1 --count=200 --keep=failures\n\n"
    "The reference is the interpreter in phase codes. The interpreter in later "
    "phases and\ncompiled code must yield the same. A network that fails is "
    "made "
    "small first.\n";

std::optional<FuzzOptions> parseCommandLine(int argc, char **argv) {
  cl::OptionCategory category("dorefa-fuzz options");
  cl::opt<uint64_t> seed(
      "seed", cl::init(1), cl::cat(category), cl::value_desc("number"),
      cl::desc("Seed of the first network; the next has the next"));
  cl::opt<uint64_t> count("count", cl::init(100), cl::cat(category),
                          cl::value_desc("number"), cl::desc("Networks"));
  cl::list<std::string> cpus(
      "mcpu", cl::CommaSeparated, cl::cat(category), cl::value_desc("names"),
      cl::desc(
          "Processors to compile for; those that cannot run here are left out "
          "(default: native,x86-64-v4,x86-64-v3,x86-64)"));
  cl::opt<std::string> aarch64(
      "aarch64", cl::cat(category), cl::value_desc("program"),
      cl::desc("dorefa-run for AArch64: run there too, emulated"));
  cl::opt<uint64_t> aarch64Every("aarch64-every", cl::init(1),
                                 cl::cat(category), cl::value_desc("number"),
                                 cl::desc("Emulate one network of so many"));
  cl::opt<std::string> emulator(
      "emulator", cl::init("qemu-aarch64 -L /usr/aarch64-linux-gnu"),
      cl::cat(category), cl::value_desc("command"),
      cl::desc("Runs programs for AArch64"));
  cl::opt<std::string> gpu(
      "gpu", cl::cat(category), cl::value_desc("library"),
      cl::desc("libdorefa-emulator.so: compile for a GPU too, and run there"));
  cl::list<std::string> chips(
      "chip", cl::CommaSeparated, cl::cat(category), cl::value_desc("names"),
      cl::desc("GPUs to compile for, in turn (default: sm_80)"));
  cl::opt<std::string> bpa(
      "bpa", cl::cat(category), cl::value_desc("library"),
      cl::desc("libdorefa-bpa.so: compile for the accelerator too, for its two "
               "configurations in turn, and run on both simulators"));
  cl::opt<std::string> keep(
      "keep", cl::cat(category), cl::value_desc("directory"),
      cl::desc("Write failing networks and their inputs"));
  cl::opt<unsigned> jobs("jobs", cl::init(1), cl::cat(category),
                         cl::value_desc("number"),
                         cl::desc("Networks at the same time"));
  cl::opt<unsigned> limit("limit", cl::init(60), cl::cat(category),
                          cl::value_desc("seconds"),
                          cl::desc("Processor time that one network may take"));
  cl::opt<bool> spread(
      "spread", cl::cat(category),
      cl::desc("Compile each network for one of the processors, in turn"));
  cl::opt<bool> plant(
      "plant", cl::cat(category),
      cl::desc("Make the reference of networks with a convolution wrong, to "
               "see that it is found"));
  cl::opt<bool> print(
      "print", cl::cat(category),
      cl::desc("Print the networks, write them with --keep, and do not "
               "run them"));
  cl::HideUnrelatedOptions(category);
  // The options end with this function, and lld will register some of its own.
  scope_exit unregister([] { cl::ResetCommandLineParser(); });
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &errs()))
    return std::nullopt;

  FuzzOptions options;
  options.seed = seed;
  options.count = count;
  options.cpus.assign(cpus.begin(), cpus.end());
  if (options.cpus.empty())
    options.cpus = {"native", "x86-64-v4", "x86-64-v3", "x86-64"};
  options.aarch64 = aarch64;
  SmallVector<StringRef> words;
  StringRef(emulator).split(words, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  options.emulator.assign(words.begin(), words.end());
  options.aarch64Every = std::max<uint64_t>(aarch64Every, 1);
  options.gpu = gpu;
  options.chips.assign(chips.begin(), chips.end());
  if (options.chips.empty())
    options.chips = {GPUOptions().chip};
  options.bpa = bpa;
  options.keep = keep;
  options.jobs = std::clamp(jobs.getValue(), 1u, 256u);
  options.limit = limit;
  options.spread = spread;
  options.plant = plant;
  options.print = print;
  return options;
}
