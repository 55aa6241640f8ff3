//===- Compile.cpp - The steps of dorefa-compile --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompileOptions.h"
#include "Tune.h"
#include "dorefa/Target/BPA/BPATarget.h"
#include "dorefa/Target/BPA/Report.h"
#include "dorefa/Target/CPU/CPUTarget.h"
#include "dorefa/Target/GPU/GPUTarget.h"
#include "dorefa/Transforms/Report.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Remark/RemarkStreamer.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::dorefa;

static Location fileLocation(MLIRContext &context, StringRef path) {
  return FileLineColLoc::get(&context, path, 0, 0);
}

static LogicalResult writeText(MLIRContext &context, StringRef path,
                               StringRef text) {
  return writeFile(context, path, [&](raw_ostream &os) {
    os << text;
    return success();
  });
}

/// Writes `NN-phase.mlir` for people, large constants left out, and
/// `NN-phase.mlirbc`, from which dorefa-compile goes on.
static LogicalResult dumpPhase(ModuleOp module, const PhaseInfo &phase,
                               StringRef directory) {
  MLIRContext &context = *module.getContext();
  if (std::error_code error = llvm::sys::fs::create_directories(directory))
    return emitError(fileLocation(context, directory))
           << "cannot be created: " << error.message();
  SmallString<128> path(directory);
  llvm::sys::path::append(path, llvm::formatv("{0}-{1}.mlir",
                                              static_cast<int>(phase.phase),
                                              phase.name));
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os, OpPrintingFlags().elideLargeElementsAttrs(64).elideLargeResourceString(64));
  if (failed(writeText(context, path, text)))
    return failure();
  return writeModule(module, (path + "bc").str());
}

/// Called after each phase: dumps, and a line that shows where a terminal's user is.
static LogicalResult observe(const CompileOptions &options, ModuleOp module,
                             const PhaseInfo &phase) {
  if (llvm::sys::Process::StandardErrIsDisplayed())
    llvm::errs() << "\r\033[K" << options.model << ": " << phase.name
                 << (options.stopAt == phase.phase ? "\n" : "");
  if (options.dumpDirectory.empty())
    return success();
  return dumpPhase(module, phase, options.dumpDirectory);
}

static LogicalResult enableRemarks(MLIRContext &context) {
  remark::RemarkCategories categories;
  // A category that is not set stays silent, whatever `all` says.
  categories.passed = categories.missed = categories.analysis =
      categories.failed = categories.all = "dorefa";
  return remark::enableOptimizationRemarks(
      context, nullptr, std::make_unique<remark::RemarkEmittingPolicyAll>(),
      categories, /*printAsEmitRemarks=*/true);
}

/// `module`, in phase `bitplane` or later, in each version of `target`; the report
/// is that of the last, the best one.
static LogicalResult
compileVersions(const CompileOptions &options, ModuleOp module,
                const Target &target,
                SmallVectorImpl<OwningOpRef<ModuleOp>> &versions,
                std::string &report) {
  for (unsigned number = 0; number < target.getNumVersions(); ++number) {
    ModuleOp version = *versions.emplace_back(module.clone());
    PipelineOptions pipeline = options.pipeline;
    target.configure(number, pipeline);
    CompileOptions own = options;
    if (!options.dumpDirectory.empty() && target.getNumVersions() > 1)
      own.dumpDirectory += "/" + target.getVersionName(number);
    PhaseObserver observer = [&](ModuleOp current, const PhaseInfo &phase) {
      return observe(own, current, phase);
    };
    if (failed(runToPhase(version, Phase::Kernels, pipeline, observer)))
      return failure();
    std::optional<double> minWork;
    if (pipeline.openMP)
      minWork = pipeline.openMPMinWork;
    report = formatReport(version, minWork);
    if (options.target == "gpu")
      report += ("\nPredicted: by a roofline model of " + target.getVersionName(number) +
                 ", for one sample where the batch is dynamic, launches included; not "
                 "measured.\n");
    if (options.target == "bpa")
      report = "All layers:\n\n" + formatReport(module) +
               "\nLayers of the accelerator, by the cycle simulator, program by program; ideal "
               "are the steps of a full array:\n\n" +
               bpa::formatReport(version) + "\nLayers of the host:\n\n" + report;
    if (failed(runToPhase(version, target.getFinalPhase(), pipeline, observer)))
      return failure();
  }
  return success();
}

/// From phase `bitplane`, from where on the processor matters, to the shared object.
static LogicalResult emit(const CompileOptions &options, ModuleOp module,
                          const Target &target) {
  SmallVector<OwningOpRef<ModuleOp>> versions;
  std::string report;
  if (failed(compileVersions(options, module, target, versions, report)))
    return failure();
  auto modules = llvm::map_to_vector(
      versions, [](OwningOpRef<ModuleOp> &version) { return *version; });
  if (failed(target.emit(modules, options.output)))
    return failure();
  MLIRContext &context = *module.getContext();
  if (!options.header.empty() &&
      failed(writeText(context, options.header, target.formatHeader(modules.front()))))
    return failure();
  if (!options.report.empty())
    return writeText(context, options.report, report);
  return success();
}

/// Measures what `module` takes with each kernel on this machine and writes down which
/// kernel each layer gets.
static LogicalResult tuneKernels(CompileOptions &options, ModuleOp module,
                                 const Target &target) {
  if (target.getNumVersions() > 1)
    return emitError(module.getLoc())
           << "--tune measures one processor but --mcpu names "
           << target.getNumVersions() << ": name one";
  CompileOptions candidate = options;
  candidate.header = candidate.report = candidate.dumpDirectory = "";
  auto compileBy = [&](StringRef kernel, StringRef path) {
    candidate.pipeline.kernel = kernel;
    candidate.output = path;
    return emit(candidate, module, target);
  };
  FailureOr<std::vector<LayerChoice>> choices =
      tune(compileBy, options.symbolPrefix, module.getLoc());
  if (failed(choices) || failed(writeChoices(*module.getContext(), *choices, options.tune)))
    return failure();
  options.kernelsFrom = options.tune;
  return success();
}

/// Fixes the kernels of `module`, in phase `bitplane`, where a file says them or
/// measurements are to find them.
static LogicalResult chooseKernels(CompileOptions &options, ModuleOp module,
                                   const Target &target) {
  if (!options.tune.empty() && failed(tuneKernels(options, module, target)))
    return failure();
  if (options.kernelsFrom.empty())
    return success();
  FailureOr<std::vector<std::string>> kernels =
      readChoices(module, options.kernelsFrom);
  if (failed(kernels))
    return failure();
  options.pipeline.kernels = std::move(*kernels);
  return success();
}

/// From the phase of `module` to the one that the user wants to see.
static LogicalResult writePhase(const CompileOptions &options, ModuleOp module,
                                const Target &target,
                                const PhaseObserver &observer) {
  if (target.getNumVersions() > 1)
    return emitError(module.getLoc())
           << "--compile-to writes one module but --mcpu names "
           << target.getNumVersions() << " processors: name one";
  PipelineOptions pipeline = options.pipeline;
  target.configure(/*version=*/0, pipeline);
  if (failed(runToPhase(module, *options.stopAt, pipeline, observer)))
    return failure();
  return writeModule(module, options.output);
}

/// Null after a diagnostic.
static std::unique_ptr<Target> createTarget(const CompileOptions &options,
                                            Location loc) {
  if (options.target == "gpu") {
    GPUOptions gpu;
    gpu.chip = options.chip;
    gpu.ptxas = options.ptxas;
    gpu.noEmulator = options.noEmulator;
    gpu.triple = options.triple;
    gpu.symbolPrefix = options.symbolPrefix;
    return createGPUTarget(gpu, loc);
  }
  CPUOptions cpu;
  cpu.cpu = options.cpu;
  cpu.triple = options.triple;
  cpu.symbolPrefix = options.symbolPrefix;
  if (options.target == "bpa")
    return createBPATarget({options.accelerator, options.programOnly, cpu}, loc);
  return createCPUTarget(cpu, loc);
}

LogicalResult compile(const CompileOptions &options, MLIRContext &context) {
  if (options.remarks && failed(enableRemarks(context)))
    return failure();
  OwningOpRef<ModuleOp> module = loadModel(options.model, context);
  if (!module)
    return failure();
  llvm::scope_exit endLine([] {
    if (llvm::sys::Process::StandardErrIsDisplayed())
      llvm::errs() << "\r\033[K";
  });
  PhaseObserver observer = [&](ModuleOp current, const PhaseInfo &phase) {
    return observe(options, current, phase);
  };
  Phase common = std::min(options.stopAt.value_or(Phase::BitPlane), Phase::BitPlane);
  if (failed(runToPhase(*module, common, options.pipeline, observer)))
    return failure();
  if (options.stopAt == common)
    return writeModule(*module, options.output);
  std::unique_ptr<Target> target = createTarget(options, module->getLoc());
  if (!target)
    return failure();
  CompileOptions chosen = options;
  if (failed(chooseKernels(chosen, *module, *target)))
    return failure();
  if (options.stopAt)
    return writePhase(chosen, *module, *target, observer);
  return emit(chosen, *module, *target);
}
