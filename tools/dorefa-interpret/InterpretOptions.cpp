//===- InterpretOptions.cpp - Command line of dorefa-interpret ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InterpretOptions.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"

#include <cmath>

using namespace llvm;
using namespace mlir::dorefa;

static constexpr char overview[] =
    "Runs a network with the reference interpreter, on NumPy files.\n\n"
    "Example: dorefa-interpret net.onnx --input image.npy --expect "
    "golden.npy\n\n"
    "An .onnx file runs in phase codes, the reference of all later phases; a "
    "module "
    "runs as it is. --phase brings either to a later phase first.\n";

/// Phases whose operations the interpreter runs.
static bool canInterpret(Phase phase) { return phase <= Phase::Kernels; }

/// Checks what the options say together; the reason to refuse them.
static std::string checkOptions(const InterpretOptions &options) {
  if (options.tolerance &&
      (!std::isfinite(*options.tolerance) || *options.tolerance < 0))
    return "--tolerance must be a number of 0 or more, such as 1e-4";
  if (options.tolerance && options.expected.empty())
    return "--tolerance needs --expect";
  if (options.phase && !canInterpret(*options.phase))
    return "--phase is " + getPhaseInfo(*options.phase).name.str() +
           " but the interpreter runs networks up to phase kernels; compile it "
           "and "
           "use dorefa-run";
  if (options.outputs.empty() && options.expected.empty() &&
      options.trace.empty() && !options.print && !options.list)
    return "there is nothing to do; add --output, --expect, --trace, --print "
           "or --list";
  return "";
}

std::optional<InterpretOptions> parseCommandLine(int argc, char **argv) {
  cl::OptionCategory category("dorefa-interpret options");
  cl::opt<std::string> model(cl::Positional, cl::Required, cl::cat(category),
                             cl::desc("MODEL (.onnx, .mlir or .mlirbc)"));
  cl::list<std::string> inputs(
      "input", cl::cat(category), cl::value_desc("[NAME=]FILE.npy"),
      cl::desc(
          "Elements of an input; NAME= may be left out where there is one"));
  cl::list<std::string> outputs("output", cl::cat(category),
                                cl::value_desc("[NAME=]FILE.npy"),
                                cl::desc("Write an output"));
  cl::list<std::string> expected(
      "expect", cl::cat(category), cl::value_desc("[NAME=]FILE.npy"),
      cl::desc(
          "Compare an output and exit with 1 if it differs; NaN equals NaN, "
          "-0.0 equals 0.0"));
  cl::opt<double> tolerance(
      "tolerance", cl::cat(category), cl::value_desc("R"),
      cl::desc(
          "Let values differ by R times the largest absolute expected value "
          "(default: they must be equal)"));
  cl::opt<std::string> trace(
      "trace", cl::cat(category), cl::value_desc("FILE.npz"),
      cl::desc(
          "Write every value that has a name in the source: accumulators and "
          "codes as int32, in the layout of the source"));
  cl::opt<std::string> phase(
      "phase", cl::cat(category), cl::value_desc("phase"),
      cl::desc(
          "Bring the network to this phase first: input, codes, thresholds, "
          "bitplane or kernels"));
  cl::opt<bool> repairThresholds(
      "repair-thresholds", cl::cat(category),
      cl::desc("Replace thresholds of the model that an exporter damaged, as "
               "the warning says"));
  cl::opt<bool> print("print", cl::cat(category),
                      cl::desc("Print the outputs"));
  cl::opt<bool> list(
      "list", cl::cat(category),
      cl::desc("Print name, type and shape of inputs and outputs, and "
               "do not run"));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &errs()))
    return std::nullopt;

  InterpretOptions options{model,
                           {inputs.begin(), inputs.end()},
                           {outputs.begin(), outputs.end()},
                           {expected.begin(), expected.end()},
                           std::nullopt,
                           trace,
                           std::nullopt,
                           {},
                           print,
                           list};
  options.pipeline.repairThresholds = repairThresholds;
  if (tolerance.getNumOccurrences())
    options.tolerance = tolerance;
  if (!phase.empty() && !(options.phase = parsePhase(phase))) {
    WithColor::error() << "there is no phase '" << phase
                       << "'; dorefa-interpret --help lists them\n";
    return std::nullopt;
  }
  if (phase.empty() && StringRef(options.model).ends_with(".onnx"))
    options.phase = Phase::Codes;
  std::string refusal = checkOptions(options);
  if (refusal.empty())
    return options;
  WithColor::error() << refusal << "\n";
  return std::nullopt;
}
