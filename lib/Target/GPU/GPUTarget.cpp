//===- GPUTarget.cpp - Kernels for an NVIDIA GPU --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/GPU/GPUTarget.h"
#include "../CPU/Header.h"
#include "../CPU/NativeCode.h"
#include "Assembler.h"
#include "Chips.h"
#include "HostProgram.h"
#include "KernelCode.h"
#include "ProgramData.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::dorefa;

// EmbeddedRuntime.c: an archive.
extern "C" const char dorefa_gpu_runtime_begin[], dorefa_gpu_runtime_end[];

static constexpr StringLiteral kRecord = "model0";

/// Writes the object code of the record and its data to `path`.
static llvm::Error compileObject(const Signature &signature,
                                 const HostProgram &program,
                                 const KernelCode &code, const Chip &chip,
                                 llvm::TargetMachine &machine, StringRef path) {
  llvm::LLVMContext context;
  llvm::Module module(signature.name, context);
  module.setDataLayout(machine.createDataLayout());
  module.setTargetTriple(machine.getTargetTriple());
  DeviceFunctions functions = addProgram(module, signature, program, code, chip);
  addDeviceInterface(module, signature, kRecord,
                     (llvm::Twine("nvptx64-nvidia-cuda ") + chip.name).str(), functions);
  optimise(module, machine);
  return writeObject(module, machine, path);
}

static llvm::Error writeRuntime(StringRef path) {
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error);
  if (error)
    return llvm::createStringError(error, "cannot write the runtime");
  stream.write(dorefa_gpu_runtime_begin,
               dorefa_gpu_runtime_end - dorefa_gpu_runtime_begin);
  stream.close();
  error = stream.error();
  stream.clear_error();
  return error ? llvm::createStringError(error, "cannot write the runtime")
               : llvm::Error::success();
}

static llvm::Error writeSharedObject(const Signature &signature,
                                     const HostProgram &program,
                                     const KernelCode &code, const Chip &chip,
                                     llvm::TargetMachine &machine, StringRef open,
                                     StringRef path) {
  if (llvm::Error error = checkReplaceable(path))
    return error;
  auto scratch = ScratchDirectory::create();
  if (!scratch)
    return scratch.takeError();
  std::string object = (*scratch)->getFile("model.o"),
              opener = (*scratch)->getFile("open.o"),
              runtime = (*scratch)->getFile("runtime.a");
  if (llvm::Error error =
          compileObject(signature, program, code, chip, machine, object))
    return error;
  if (llvm::Error error =
          compileOpenFunction(open, {{kRecord.str(), &machine}}, machine, opener))
    return error;
  if (llvm::Error error = writeRuntime(runtime))
    return error;
  return linkAndRename({object, opener, runtime}, path, machine, **scratch,
                       /*hasRuntime=*/true);
}

namespace {

class GPUTarget : public Target {
public:
  GPUTarget(const Chip &chip, const GPUOptions &options,
            std::unique_ptr<llvm::TargetMachine> machine)
      : chip(chip), options(options), machine(std::move(machine)) {}

  StringRef getName() const override { return "gpu"; }
  StringRef getDescription() const override {
    return "shared object with kernels for NVIDIA GPUs";
  }
  Phase getFinalPhase() const override { return Phase::NVVM; }
  unsigned getNumVersions() const override { return 1; }
  std::string getVersionName(unsigned) const override { return chip.name.str(); }

  void configure(unsigned, PipelineOptions &pipeline) const override {
    setGPUPath(pipeline);
    pipeline.chip = chip.name.str();
  }

  LogicalResult emit(ArrayRef<ModuleOp> modules, StringRef path) const override {
    ModuleOp module = modules.front();
    FailureOr<Signature> signature = readSignature(module);
    if (failed(signature))
      return failure();
    FailureOr<HostProgram> program = readHostProgram(module, *signature);
    if (failed(program))
      return failure();
    FailureOr<KernelCode> code = compile(module);
    if (failed(code))
      return failure();
    if (llvm::Error error =
            writeSharedObject(*signature, *program, *code, chip, *machine,
                              options.symbolPrefix + "_open", path))
      return emitError(module.getLoc()) << "cannot write shared object '" << path
                                        << "': " << llvm::toString(std::move(error));
    return success();
  }

  std::string formatHeader(ModuleOp module) const override {
    FailureOr<Signature> signature = readSignature(module);
    return failed(signature)
               ? ""
               : dorefa::formatHeader(*signature, options.symbolPrefix);
  }

private:
  /// Empty where there is nothing to launch.
  FailureOr<KernelCode> compile(ModuleOp module) const {
    auto kernels = module.lookupSymbol<gpu::GPUModuleOp>("kernels");
    if (!kernels)
      return KernelCode();
    FailureOr<KernelCode> code = compileKernels(kernels, chip);
    if (failed(code))
      return failure();
    if (options.noEmulator)
      code->bitcode.clear();
    FailureOr<std::string> cubin = assemble(code->ptx, chip, options.ptxas, module.getLoc());
    if (failed(cubin))
      return failure();
    code->cubin = std::move(*cubin);
    return code;
  }

  const Chip &chip;
  GPUOptions options;
  /// Of the host: the baseline of its architecture.
  std::unique_ptr<llvm::TargetMachine> machine;
};

} // namespace

/// Null after a diagnostic.
static const Chip *chooseChip(StringRef name, Location loc) {
  std::string reason;
  const Chip *chip = name == "native" ? findNativeChip(reason) : findChip(name);
  if (chip)
    return chip;
  auto error = emitError(loc) << "chip is '" << name << "' but ";
  if (name == "native")
    error << reason << "; name one of " << listChips();
  else
    error << "must be native or one of " << listChips();
  return nullptr;
}

std::unique_ptr<Target> dorefa::createGPUTarget(const GPUOptions &options,
                                                Location loc) {
  const Chip *chip = chooseChip(options.chip, loc);
  if (!chip)
    return nullptr;
  // The runtime is code for the machine that it was built on.
  llvm::Triple triple(llvm::Triple::normalize(options.triple));
  if (!triple.isX86_64()) {
    emitError(loc) << "triple is '" << options.triple
                   << "' but the host of a GPU must be x86_64-linux-gnu";
    return nullptr;
  }
  if (failed(checkSymbolPrefix(options.symbolPrefix, loc)))
    return nullptr;
  CPUOptions host;
  host.triple = options.triple;
  host.cpu = "x86-64";
  auto machines = createMachines(host, loc);
  if (machines.empty())
    return nullptr;
  return std::make_unique<GPUTarget>(*chip, options, std::move(machines.front()));
}
