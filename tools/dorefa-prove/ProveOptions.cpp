//===- ProveOptions.cpp - Command line of dorefa-prove --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProveOptions.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace mlir::dorefa;

static constexpr char overview[] =
    "Proves that thresholds on accumulators give the codes of the float "
    "operations "
    "they replace.\n\n"
    "Writes one SMT-LIB file per fused quantizer and channel. It is "
    "satisfiable where "
    "some accumulator of the proven range has different codes; 'unsat' is the "
    "proof.\n\n"
    "Example: dorefa-prove net.onnx --run\n";

/// The number in `text`; nullopt for "all".
static std::optional<int64_t> parseChannel(StringRef text) {
  int64_t channel;
  if (text.getAsInteger(10, channel))
    return std::nullopt;
  return channel;
}

/// The reason to refuse the options.
static std::string checkOptions(const ProveOptions &options,
                                StringRef channel) {
  if (channel != "all" && options.selection.channel.value_or(-1) < 0)
    return ("--channel is '" + channel +
            "' but must be a number of 0 or more, or all")
        .str();
  if (options.maxBits < 2 || options.maxBits > 24)
    return "--max-bits is " + std::to_string(options.maxBits) +
           " but must be in 2 to 24";
  if (options.timeout == 0)
    return "--timeout must be 1 second or more";
  return "";
}

std::optional<ProveOptions> parseCommandLine(int argc, char **argv) {
  cl::OptionCategory category("dorefa-prove options");
  cl::opt<std::string> model(cl::Positional, cl::Required, cl::cat(category),
                             cl::desc("MODEL (.onnx, .mlir or .mlirbc)"));
  cl::opt<std::string> layer("layer", cl::cat(category), cl::value_desc("name"),
                             cl::desc("Only the quantizer of this name"));
  cl::opt<std::string> channel("channel", cl::cat(category),
                               cl::value_desc("N|all"), cl::init("all"),
                               cl::desc("Only this channel"));
  cl::opt<ProofEncoding> encoding(
      "encoding", cl::cat(category), cl::desc("Arithmetic of the queries"),
      cl::init(ProofEncoding::Float32),
      cl::values(clEnumValN(ProofEncoding::Float32, "float32",
                            "IEEE binary32 (QF_BVFP), for narrow accumulators"),
                 clEnumValN(ProofEncoding::Rational, "rational",
                            "integers, where every float32 step is exact")));
  cl::opt<bool> symbolic("symbolic", cl::cat(category),
                         cl::desc("float32: one bit vector instead of one case "
                                  "per accumulator; shorter "
                                  "files, longer proofs"));
  cl::opt<unsigned> maxBits("max-bits", cl::cat(category), cl::init(14),
                            cl::desc("float32: refuse wider accumulators"));
  cl::opt<std::string> output(
      "o", cl::cat(category), cl::value_desc("DIR"),
      cl::desc("Write the files here instead of printing"));
  cl::opt<bool> run(
      "run", cl::cat(category),
      cl::desc("Let z3 decide; exit with 1 unless all is proved"));
  cl::opt<unsigned> timeout("timeout", cl::cat(category), cl::init(300),
                            cl::desc("Seconds per query of --run"));
  cl::opt<Plant> plant(
      "plant", cl::cat(category),
      cl::desc("Make a mistake, to see that it is found"),
      cl::values(clEnumValN(Plant::OffByOne, "off-by-one",
                            "add 1 to one threshold per channel")),
      cl::init(Plant::Nothing));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &errs()))
    return std::nullopt;
  ProveOptions options{
      model,    {layer, parseChannel(channel)},
      encoding, symbolic ? AccumulatorForm::Symbolic : AccumulatorForm::Cases,
      maxBits,  output,
      run,      timeout,
      plant};
  std::string refusal = checkOptions(options, channel);
  if (refusal.empty())
    return options;
  WithColor::error() << refusal << "\n";
  return std::nullopt;
}
