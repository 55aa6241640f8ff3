//===- bpa-fuzz.cpp - Random BPA instructions -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Random.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::bpa;

static constexpr char overview[] =
    "Draws random BPA instructions.\n\n"
    "Examples:\n"
    "  bpa-fuzz --encodings=100000          encode and decode them\n"
    "  bpa-fuzz --programs=1000             verify and run random programs\n"
    "  bpa-fuzz --streams=1000              the same with any words\n"
    "  bpa-fuzz --lockstep=300              run them on the hardware, too\n"
    "  bpa-fuzz --print=100 --seed=7        print an encodable program\n";

int main(int argc, char **argv) {
  cl::OptionCategory category("bpa-fuzz options");
  cl::opt<uint64_t> seed("seed", cl::cat(category), cl::init(1),
                         cl::desc("Of the random numbers"));
  cl::opt<uint64_t> encodings(
      "encodings", cl::cat(category), cl::value_desc("N"),
      cl::desc("Check encoder and decoder on N instructions and N words; exit "
               "with 1 unless all survive"));
  cl::opt<uint64_t> programs(
      "programs", cl::cat(category), cl::value_desc("N"),
      cl::desc("Verify and run N programs; exit with 1 where one that is in "
               "order depends on the order of engines"));
  cl::opt<uint64_t> streams(
      "streams", cl::cat(category), cl::value_desc("N"),
      cl::desc("Verify and run N streams of words, most of which are no legal "
               "programs; exit with 1 where one does not end"));
  cl::opt<uint64_t> lockStep(
      "lockstep", cl::cat(category), cl::value_desc("N"),
      cl::desc("Run N programs on the hardware; exit with 1 where one differs from "
               "the simulators in a bit or a cycle"));
  cl::opt<unsigned> print(
      "print", cl::cat(category), cl::value_desc("N"),
      cl::desc("Print N instructions and some data as assembly"));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, overview);
  Generator generator(seed);
  if (encodings.getNumOccurrences() != 0 &&
      !checkEncodings(generator, encodings))
    return 1;
  if (programs.getNumOccurrences() != 0 && !checkPrograms(generator, programs))
    return 1;
  if (streams.getNumOccurrences() != 0 && !checkStreams(generator, streams))
    return 1;
  if (lockStep.getNumOccurrences() != 0 && !checkLockStep(generator, lockStep))
    return 1;
  if (print.getNumOccurrences() != 0)
    printAssembly(drawEncodings(generator, print), outs());
  return 0;
}
