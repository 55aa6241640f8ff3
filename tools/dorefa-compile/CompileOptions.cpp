//===- CompileOptions.cpp - Command line of dorefa-compile ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompileOptions.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace mlir::dorefa;

static std::string describeProgram() {
  std::string text =
      "Compiles a low-bitwidth network into a shared object.\n\n"
      "Example: dorefa-compile digits.onnx -o digits.so --report=digits.md\n\n"
      "Phases, in order:\n";
  for (const PhaseInfo &info : getPhases())
    text += "  " + info.name.str() + std::string(12 - info.name.size(), ' ') +
            info.description.str() + "\n";
  return text;
}

std::optional<CompileOptions> parseCommandLine(int argc, char **argv) {
  CompileOptions options;
  cl::OptionCategory category("dorefa-compile options");
  cl::opt<std::string> model(cl::Positional, cl::Required, cl::cat(category),
                             cl::desc("MODEL (.onnx, .mlir or .mlirbc)"));
  cl::opt<std::string> output("o", cl::Required, cl::cat(category),
                              cl::value_desc("file"),
                              cl::desc("Shared object, or module with --compile-to; "
                                       "- is standard output for a module"));
  cl::opt<std::string> target("target", cl::init("cpu"), cl::cat(category),
                              cl::desc("What to compile for: cpu, gpu or bpa, the "
                                       "bit-plane accelerator"));
  cl::opt<std::string> chip("chip", cl::init("sm_80"), cl::cat(category),
                            cl::value_desc("name"),
                            cl::desc("The oldest GPU to run on: sm_70 to sm_121, or "
                                     "native, that of this machine"));
  cl::opt<std::string> ptxas(
      "ptxas", cl::init("ptxas"), cl::cat(category), cl::value_desc("program"),
      cl::desc("Adds machine code for the chip, where it is in PATH; --ptxas= leaves it "
               "to the GPU's driver"));
  cl::opt<std::string> accelerator(
      "bpa-config", cl::init("r8c8d64"), cl::cat(category),
      cl::value_desc("name"),
      cl::desc("Size of the accelerator: r8c8d64 or r4c4d32"));
  cl::opt<std::string> emit(
      "emit", cl::init("model"), cl::cat(category), cl::value_desc("what"),
      cl::desc("What to write: model, or bpa-elf for the program of the "
               "accelerator alone"));
  cl::opt<bool> noEmulator(
      "no-emulator", cl::cat(category),
      cl::desc("Leave out what runs a model for a GPU without one"));
  cl::opt<std::string> cpu(
      "mcpu", cl::init("native"), cl::cat(category), cl::value_desc("name"),
      cl::desc("Processor: native, x86-64-v3, znver4, ...; generic for AArch64. "
               "Of several, such as x86-64-v2,x86-64-v3,znver4, the last that a "
               "machine can run is taken when the model is opened"));
  cl::opt<std::string> triple(
      "mtriple", cl::init("x86_64-linux-gnu"), cl::cat(category),
      cl::value_desc("name"),
      cl::desc("System: x86_64-linux-gnu or aarch64-linux-gnu"));
  cl::opt<std::string> stopAt("compile-to", cl::cat(category),
                              cl::value_desc("phase"),
                              cl::desc("Write the module in this phase"));
  cl::opt<std::string> dump("dump-phases-to", cl::cat(category),
                            cl::value_desc("directory"),
                            cl::desc("Write the module after each phase, as text "
                                     "and as bytecode that can be compiled on"));
  cl::opt<std::string> report(
      "report", cl::cat(category), cl::value_desc("file"),
      cl::desc("Markdown table of the layers: widths, kernels, bytes, what stayed "
               "float and why"));
  cl::opt<std::string> header("header", cl::cat(category), cl::value_desc("file"),
                              cl::desc("C header of the model"));
  cl::opt<std::string> prefix("symbol-prefix", cl::init("dorefa_model"),
                              cl::cat(category), cl::value_desc("name"),
                              cl::desc("The exported function is <name>_open"));
  cl::opt<bool> openMP(
      "openmp", cl::cat(category),
      cl::desc("Spread layers over the threads of OpenMP; the model then needs "
               "libomp.so.5"));
  cl::opt<std::string> kernel(
      "kernel", cl::cat(category), cl::value_desc("name"),
      cl::desc("Compute all layers by popcount, lookup or dot (gpu: popcount, b1 or u8), "
               "where it can, instead of by the fastest kernel of each"));
  cl::opt<std::string> tune(
      "tune", cl::cat(category), cl::value_desc("file"),
      cl::desc("Measure all layers by all kernels on this machine, use the fastest of "
               "each and write them to the file"));
  cl::opt<std::string> kernelsFrom(
      "kernels-from", cl::cat(category), cl::value_desc("file"),
      cl::desc("Use the kernels that --tune wrote to the file"));
  cl::opt<unsigned> openMPMinWork(
      "openmp-min-work", cl::init(options.pipeline.openMPMinWork),
      cl::cat(category), cl::value_desc("number"),
      cl::desc("Vector instructions, about, that are worth waking threads for"));
  cl::opt<bool> requireLowBit(
      "require-low-bit", cl::cat(category),
      cl::desc("Fail where a layer that is quantized in the source stays float"));
  cl::opt<bool> repairThresholds(
      "repair-thresholds", cl::cat(category),
      cl::desc("Replace thresholds of the model that an exporter damaged, as the "
               "warning says"));
  cl::opt<VerifyThresholds> verify(
      "verify-thresholds", cl::init(VerifyThresholds::Certificate),
      cl::cat(category),
      cl::desc("How fused thresholds are checked against the float reference"),
      cl::values(
          clEnumValN(VerifyThresholds::Certificate, "certificate",
                     "on both sides of each threshold (default)"),
          clEnumValN(VerifyThresholds::Exhaustive, "exhaustive",
                     "on every accumulator that the layer can produce")));
  cl::opt<bool> remarks("remarks", cl::cat(category),
                        cl::desc("Print what was fused and what was not, and why"));
  cl::HideUnrelatedOptions(category);
  // The options end with this function, and lld will register some of its own.
  scope_exit unregister([] { cl::ResetCommandLineParser(); });
  if (!cl::ParseCommandLineOptions(argc, argv, describeProgram(), &errs()))
    return std::nullopt;

  if (target != "cpu" && target != "gpu" && target != "bpa") {
    WithColor::error() << "target is '" << target
                       << "' but must be cpu, gpu or bpa\n";
    return std::nullopt;
  }
  if (emit != "model" && (emit != "bpa-elf" || target != "bpa")) {
    WithColor::error() << "--emit is '" << emit
                       << "' but must be model, or bpa-elf with --target=bpa\n";
    return std::nullopt;
  }
  if (target == "gpu" && (openMP || !tune.empty() || !kernelsFrom.empty())) {
    WithColor::error() << "--openmp, --tune and --kernels-from are for target cpu\n";
    return std::nullopt;
  }
  if (!stopAt.empty() && !(options.stopAt = parsePhase(stopAt))) {
    WithColor::error() << "there is no phase '" << stopAt
                       << "'; dorefa-compile --help lists them\n";
    return std::nullopt;
  }
  if (!kernel.empty() + !tune.empty() + !kernelsFrom.empty() > 1) {
    WithColor::error() << "--kernel, --tune and --kernels-from choose kernels: give one "
                          "of them\n";
    return std::nullopt;
  }
  options.model = model;
  options.output = output;
  options.target = target;
  options.chip = chip;
  options.ptxas = ptxas;
  options.noEmulator = noEmulator;
  options.accelerator = accelerator;
  options.programOnly = emit == "bpa-elf";
  options.cpu = cpu;
  options.triple = triple;
  options.report = report;
  options.header = header;
  options.symbolPrefix = prefix;
  options.dumpDirectory = dump;
  options.remarks = remarks;
  options.pipeline.repairThresholds = repairThresholds;
  options.pipeline.kernel = kernel;
  options.tune = tune;
  options.kernelsFrom = kernelsFrom;
  options.pipeline.requireLowBit = requireLowBit;
  options.pipeline.openMP = openMP;
  options.pipeline.openMPMinWork = openMPMinWork;
  options.pipeline.verifyThresholds = verify;
  return options;
}
