//===- Check.cpp - One network in all its forms ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "dorefa/InitAll.h"
#include "dorefa/Pipelines/Diagnostics.h"
#include "dorefa/Pipelines/Pipelines.h"
#include "dorefa/Runtime/LoadedModel.h"
#include "dorefa/Target/BPA/BPATarget.h"
#include "dorefa/Target/CPU/CPUTarget.h"
#include "dorefa/Target/GPU/GPUTarget.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Program.h"

#include <cmath>

using namespace mlir;
using namespace mlir::dorefa;

namespace {

template <typename T>
const T *getElements(const Tensor &tensor) {
  return static_cast<const T *>(tensor.bytes.data());
}

/// Bits of element `i`, which is not larger than 8 bytes; all NaN are one.
uint64_t getBits(const Tensor &tensor, size_t i) {
  size_t size = runtime::getElementSize(tensor.elementType);
  if (tensor.elementType == runtime::NpyElementType::F32 &&
      std::isnan(getElements<float>(tensor)[i]))
    return 0x7fc00000;
  uint64_t bits = 0;
  std::memcpy(&bits, getElements<char>(tensor) + i * size, size);
  return bits;
}

std::string formatElement(const Tensor &tensor, size_t i) {
  if (tensor.elementType == runtime::NpyElementType::F32)
    return llvm::formatv("{0:e8} ({1:x8})", getElements<float>(tensor)[i],
                         getBits(tensor, i));
  return std::to_string(static_cast<int64_t>(getBits(tensor, i)));
}

class Checker {
public:
  Checker(const FuzzOptions &options, const std::string &directory,
          Report &report)
      : options(options), directory(directory), report(report),
        context(getRegistry(), MLIRContext::Threading::DISABLED),
        handler(&context, [this](Diagnostic &diagnostic) {
          note(diagnostic);
          return success();
        }) {}

  void run(const Network &network, uint64_t number) {
    Program program = build(network);
    isPlanted = options.plant && hasConv(network);
    // Not sums of two layers: all pairs of their integers are minutes of work.
    isExhaustive = network.seed % 4 == 0 && !hasJoin(network);
    bool isEqual = program.module && interpretAll(program);
    for (const auto &[i, cpu] : llvm::enumerate(options.cpus))
      if (!options.spread || number % options.cpus.size() == i)
        isEqual = isEqual && compileAndRun(program, cpu);
    if (isEqual && !options.gpu.empty())
      isEqual = compileAndRunOnGPU(program, number);
    if (isEqual && !options.bpa.empty())
      isEqual = compileAndRunOnBPA(program, number);
    if (isEqual && !options.aarch64.empty() &&
        number % options.aarch64Every == 0)
      isEqual = compileAndEmulate(program);
    if (isEqual)
      report.outcome = Outcome::Equal;
  }

  void runProbe(const std::string &cpu) {
    Network network;
    network.layers.push_back({});
    Program program = build(network);
    if (program.module && interpretAll(program) && compileAndRun(program, cpu))
      report.outcome = Outcome::Equal;
  }

private:
  static const DialectRegistry &getRegistry() {
    static const DialectRegistry *registry = [] {
      auto *all = new DialectRegistry;
      registerAllDialects(*all);
      return all;
    }();
    return *registry;
  }

  /// The first error is the one that counts.
  void note(Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error || hasError)
      return;
    hasError = true;
    report.message.assign(describeLocation(diagnostic.getLocation()) + ": " +
                          diagnostic.str());
  }

  bool reject(const Twine &message) {
    report.outcome = Outcome::Rejected;
    if (!hasError)
      report.message.assign(message.str());
    return false;
  }

  Program build(const Network &network) {
    enter("input");
    Program program = buildProgram(network, context);
    if (failed(verify(*program.module))) {
      reject("does not verify");
      program.module = nullptr;
    }
    return program;
  }

  static bool hasConv(const Network &network) {
    return llvm::any_of(network.layers, [](const Layer &layer) {
      return layer.kind == LayerKind::Conv;
    });
  }

  static bool hasJoin(const Network &network) {
    return llvm::any_of(network.layers, [](const Layer &layer) {
      return layer.kind == LayerKind::Join;
    });
  }

  void enter(StringRef form) {
    report.form.assign(form);
    // Until proven otherwise, for the case that the process ends here.
    report.outcome = Outcome::Crash;
  }

  //===--------------------------------------------------------------------===//
  // Interpreter
  //===--------------------------------------------------------------------===//

  static std::vector<Tensor> copy(const std::vector<Tensor> &tensors) {
    std::vector<Tensor> copies;
    for (const Tensor &tensor : tensors) {
      copies.push_back(
          std::move(*Tensor::allocate(tensor.elementType, tensor.shape)));
      std::memcpy(copies.back().bytes.data(), tensor.bytes.data(),
                  tensor.bytes.size());
    }
    return copies;
  }

  /// Brings the network to each phase that the interpreter runs, and runs it.
  /// The first of them is the reference of all the others.
  bool interpretAll(Program &program) {
    for (Phase phase :
         {Phase::Codes, Phase::Thresholds, Phase::BitPlane, Phase::Kernels}) {
      enter(getPhaseInfo(phase).name);
      PipelineOptions pipeline;
      if (isExhaustive)
        pipeline.verifyThresholds = VerifyThresholds::Exhaustive;
      std::vector<Tensor> outputs;
      if (failed(runToPhase(*program.module, phase, pipeline)) ||
          failed(interpret(*program.module, copy(program.inputs), outputs)))
        return reject("fails without a diagnostic");
      if (phase == Phase::BitPlane)
        bitPlanes = program.module->clone();
      if (phase == Phase::Codes)
        setReference(std::move(outputs));
      else if (!compare(outputs))
        return false;
    }
    return true;
  }

  void setReference(std::vector<Tensor> outputs) {
    reference = std::move(outputs);
    if (isPlanted)
      *static_cast<char *>(reference.back().bytes.data()) ^= 1;
  }

  bool compare(const std::vector<Tensor> &outputs) {
    if (outputs.size() != reference.size())
      return differ("number of outputs");
    for (auto [k, output] : llvm::enumerate(outputs)) {
      const Tensor &expected = reference[k];
      if (output.elementType != expected.elementType ||
          output.shape != expected.shape)
        return differ("output " + Twine(k) + " is " +
                      runtime::toString(output.elementType, output.shape) +
                      " but must be " +
                      runtime::toString(expected.elementType, expected.shape));
      if (!compare(k, output, expected))
        return false;
    }
    return true;
  }

  bool compare(size_t k, const Tensor &output, const Tensor &expected) {
    size_t count = output.getNumElements(), different = 0, first = 0;
    for (size_t i = count; i-- > 0;)
      if (getBits(output, i) != getBits(expected, i))
        ++different, first = i;
    report.compared += count;
    if (!different)
      return true;
    return differ("output " + Twine(k) + ": " + Twine(different) + " of " +
                  Twine(count) + " values differ, the first at " +
                  Twine(first) + ": " + formatElement(output, first) +
                  " but the reference has " + formatElement(expected, first));
  }

  bool differ(const Twine &message) {
    report.outcome = Outcome::Difference;
    report.message.assign(message.str());
    return false;
  }

  //===--------------------------------------------------------------------===//
  // Compiled code
  //===--------------------------------------------------------------------===//

  /// Writes the shared object of a network in phase `kernels`.
  bool compile(Program &program, const CPUOptions &cpu,
               const std::string &path) {
    OwningOpRef<ModuleOp> module = program.module->clone();
    std::unique_ptr<Target> target = createCPUTarget(cpu, module->getLoc());
    PipelineOptions pipeline;
    if (target)
      target->configure(/*version=*/0, pipeline);
    if (!target ||
        failed(runToPhase(*module, target->getFinalPhase(), pipeline)) ||
        failed(target->emit(*module, path)))
      return reject("cannot be compiled");
    return true;
  }

  bool reject(runtime::Error error) { return reject(Twine(error.message())); }

  bool compileAndRun(Program &program, const std::string &cpu) {
    enter(cpu);
    CPUOptions cpuOptions;
    cpuOptions.cpu = cpu;
    std::string path = directory + "/" + cpu + ".so";
    return compile(program, cpuOptions, path) && runModel(program, path, "");
  }

  /// Runs the shared object at `path`, on `device` where one is named.
  bool runModel(Program &program, const std::string &path,
                const std::string &device) {
    auto model = runtime::LoadedModel::open(path, CPUOptions().symbolPrefix);
    if (!model)
      return reject(model.takeError());
    if (!device.empty())
      if (runtime::Error error = model->openSession(device))
        return reject(std::move(error));
    int64_t batch = program.inputs.front().shape.front();
    auto workspace = model->allocateWorkspace(batch);
    if (!workspace)
      return reject(workspace.takeError());
    auto outputs = runtime::allocateArrays(model->getOutputs(), batch);
    if (!outputs)
      return reject(outputs.takeError());
    // What is not written must not be right by chance.
    std::memset(workspace->data(), 0xa5, workspace->size());
    for (Tensor &output : *outputs)
      std::memset(output.bytes.data(), 0xa5, output.bytes.size());
    if (runtime::Error error =
            model->run(program.inputs, batch, *workspace, *outputs))
      return reject(std::move(error));
    return compare(*outputs);
  }

  /// Writes the shared object of a network in phase `bitplane` for a device.
  bool compile(std::unique_ptr<Target> target, const std::string &path) {
    OwningOpRef<ModuleOp> module = bitPlanes->clone();
    PipelineOptions pipeline;
    if (target)
      target->configure(/*version=*/0, pipeline);
    if (!target ||
        failed(runToPhase(*module, target->getFinalPhase(), pipeline)) ||
        failed(target->emit(*module, path)))
      return reject("cannot be compiled");
    return true;
  }

  /// Kernels in the emulator.
  bool compileAndRunOnGPU(Program &program, uint64_t number) {
    GPUOptions gpu;
    gpu.chip = options.chips[number % options.chips.size()];
    enter(gpu.chip);
    std::string path = directory + "/gpu.so";
    return compile(createGPUTarget(gpu, bitPlanes->getLoc()), path) &&
           runModel(program, path, "emulator:" + options.gpu);
  }

  /// Routines on both simulators.
  bool compileAndRunOnBPA(Program &program, uint64_t number) {
    BPAOptions bpa;
    bpa.configuration = number % 2 == 0 ? "r8c8d64" : "r4c4d32";
    enter("bpa-" + bpa.configuration);
    std::string path = directory + "/bpa.so";
    if (!compile(createBPATarget(bpa, bitPlanes->getLoc()), path))
      return false;
    // Without a layer for it a model opens no device.
    auto model = runtime::LoadedModel::open(path, CPUOptions().symbolPrefix);
    if (!model || !model->needsSession())
      return runModel(program, path, "");
    return runModel(program, path, "bpa-func:" + options.bpa) &&
           runModel(program, path, "bpa-cycle:" + options.bpa);
  }

  //===--------------------------------------------------------------------===//
  // AArch64
  //===--------------------------------------------------------------------===//

  bool compileAndEmulate(Program &program) {
    enter("aarch64");
    CPUOptions cpuOptions;
    cpuOptions.triple = "aarch64-linux-gnu";
    cpuOptions.cpu = "generic";
    std::string path = directory + "/aarch64.so";
    if (!compile(program, cpuOptions, path))
      return false;
    std::string input = directory + "/x.npy";
    if (runtime::Error error = runtime::writeNpy(input, program.inputs.front()))
      return reject(std::move(error));
    return emulate(path, input) && compareFiles();
  }

  std::string getOutputPath(size_t i) {
    return directory + "/y" + std::to_string(i) + ".npy";
  }

  /// Runs dorefa-run for AArch64 in the emulator.
  bool emulate(const std::string &model, const std::string &input) {
    std::vector<std::string> arguments = options.emulator;
    arguments.insert(arguments.end(),
                     {options.aarch64, model, "--input=x=" + input});
    for (size_t i = 0; i < reference.size(); ++i)
      arguments.push_back("--output=y" + std::to_string(i) + "=" +
                          getOutputPath(i));
    auto program = llvm::sys::findProgramByName(arguments.front());
    if (!program)
      return reject("there is no program '" + arguments.front() + "'");
    std::string message;
    SmallVector<StringRef> views(arguments.begin(), arguments.end());
    int code = llvm::sys::ExecuteAndWait(*program, views, std::nullopt, {}, 0,
                                         0, &message);
    return code == 0 || reject("dorefa-run failed: " + message);
  }

  bool compareFiles() {
    std::vector<Tensor> outputs;
    for (size_t i = 0; i < reference.size(); ++i) {
      auto output = runtime::readNpy(getOutputPath(i));
      if (!output)
        return reject(output.takeError());
      outputs.push_back(std::move(*output));
    }
    return compare(outputs);
  }

  const FuzzOptions &options;
  const std::string &directory;
  Report &report;
  MLIRContext context;
  ScopedDiagnosticHandler handler;
  bool hasError = false;
  bool isPlanted = false;
  /// Thresholds are checked on every accumulator; too slow for all networks.
  bool isExhaustive = false;
  std::vector<Tensor> reference;
  /// The network before a processor mattered.
  OwningOpRef<ModuleOp> bitPlanes;
};

} // namespace

void check(const Network &network, uint64_t number, const FuzzOptions &options,
           const std::string &directory, Report &report) {
  Checker(options, directory, report).run(network, number);
}

void probe(const std::string &cpu, const std::string &directory,
           Report &report) {
  FuzzOptions options;
  Checker(options, directory, report).runProbe(cpu);
}
