//===- Emulator.cpp - Run GPU kernels on the CPU and check them -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Emulator/Emulator.h"
#include "Block.h"
#include "Instrument.h"
#include "Runtime.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"

#include <numeric>

using namespace llvm;
using namespace mlir::dorefa::emulator;

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

class Emulator::Program {
public:
  static Expected<std::unique_ptr<Program>> create(MemoryBufferRef bitcode,
                                                   GlobalMemory &memory);

  const Kernel *find(StringRef name) const {
    for (const Kernel &kernel : info.kernels)
      if (kernel.name == name)
        return &kernel;
    return nullptr;
  }
  std::string listKernels() const {
    std::string names;
    for (const Kernel &kernel : info.kernels)
      names += (names.empty() ? "'" : ", '") + kernel.name + "'";
    return names;
  }
  const std::vector<Site> &getSites() const { return info.sites; }

private:
  Error link(orc::ThreadSafeModule module);
  Error resolve(GlobalMemory &memory);

  ProgramInfo info;
  /// Sizes of info.globals, and whether each is constant.
  std::vector<std::pair<uint64_t, bool>> globals;
  std::unique_ptr<orc::LLJIT> jit;
};

static Expected<std::unique_ptr<llvm::Module>> parse(MemoryBufferRef bitcode,
                                                     LLVMContext &context) {
  SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = parseIR(bitcode, diagnostic, context);
  if (!module)
    return createStringError(
        bitcode.getBufferIdentifier() +
        " is not LLVM IR: " + diagnostic.getMessage() +
        "; lower a gpu.module with gpu-module-to-binary=format=llvm");
  if (!module->getTargetTriple().isNVPTX())
    return createStringError(bitcode.getBufferIdentifier() + " is for '" +
                             module->getTargetTriple().str() +
                             "' but must be for nvptx64");
  return module;
}

/// Makes functions of the coroutines and removes what is plainly redundant.
/// More would take longer than it saves: kernels of tests run for milliseconds.
static void optimize(llvm::Module &module, TargetMachine *machine) {
  PassBuilder passes(machine);
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(components);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, components, modules);
  passes.buildPerModuleDefaultPipeline(OptimizationLevel::O1)
      .run(module, modules);
}

Expected<std::unique_ptr<Emulator::Program>>
Emulator::Program::create(MemoryBufferRef bitcode, GlobalMemory &memory) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto context = std::make_unique<LLVMContext>();
  Expected<std::unique_ptr<llvm::Module>> module = parse(bitcode, *context);
  if (!module)
    return module.takeError();
  auto host = orc::JITTargetMachineBuilder::detectHost();
  if (!host)
    return host.takeError();
  host->setCodeGenOptLevel(CodeGenOptLevel::Less);
  auto machine = host->createTargetMachine();
  if (!machine)
    return machine.takeError();

  auto program = std::make_unique<Program>();
  (*module)->setTargetTriple((*machine)->getTargetTriple());
  (*module)->setDataLayout((*machine)->createDataLayout());
  Expected<ProgramInfo> info = instrument(**module);
  if (!info)
    return info.takeError();
  program->info = std::move(*info);
  for (const std::string &name : program->info.globals) {
    GlobalVariable *variable = (*module)->getNamedGlobal(name);
    program->globals.emplace_back(
        (*module)->getDataLayout().getTypeAllocSize(variable->getValueType()),
        variable->isConstant());
  }
  optimize(**module, machine->get());
  auto jit = orc::LLJITBuilder().setJITTargetMachineBuilder(*host).create();
  if (!jit)
    return jit.takeError();
  program->jit = std::move(*jit);
  if (Error error = program->link({std::move(*module), std::move(context)}))
    return error;
  if (Error error = program->resolve(memory))
    return error;
  return program;
}

Error Emulator::Program::link(orc::ThreadSafeModule module) {
  orc::SymbolMap symbols;
  for (const RuntimeFunction &function : getRuntimeFunctions())
    symbols[jit->mangleAndIntern(function.name)] = {
        orc::ExecutorAddr::fromPtr(function.address),
        JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  if (Error error = jit->getMainJITDylib().define(
          orc::absoluteSymbols(std::move(symbols))))
    return error;
  return jit->addIRModule(std::move(module));
}

Error Emulator::Program::resolve(GlobalMemory &memory) {
  for (Kernel &kernel : info.kernels) {
    auto entry = jit->lookup(getEntrySymbol(kernel.name));
    if (!entry)
      return entry.takeError();
    kernel.entry = entry->toPtr<Kernel::EntryFunction *>();
  }
  for (auto [name, global] : zip(info.globals, globals)) {
    auto address = jit->lookup(name);
    if (!address)
      return address.takeError();
    memory.add(address->toPtr<void *>(), global.first, "'" + name + "'",
               global.second);
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

struct Emulator::State {
  explicit State(const EmulatorOptions &options) : options(options) {}

  EmulatorOptions options;
  GlobalMemory memory;
  std::vector<std::unique_ptr<Program>> programs;
};

Emulator::Emulator(EmulatorOptions options)
    : state(std::make_unique<State>(options)) {}

Emulator::~Emulator() = default;

void Emulator::setOptions(EmulatorOptions options) { state->options = options; }

void *Emulator::allocate(uint64_t size) { return state->memory.allocate(size); }

bool Emulator::release(const void *pointer) {
  return state->memory.release(pointer);
}

Expected<Emulator::Program *> Emulator::load(MemoryBufferRef bitcode) {
  auto program = Program::create(bitcode, state->memory);
  if (!program)
    return program.takeError();
  state->programs.push_back(std::move(*program));
  return state->programs.back().get();
}

/// The largest grid and block of every device since sm_30.
static constexpr Dimensions maxGrid = {2147483647, 65535, 65535};
static constexpr Dimensions maxBlock = {1024, 1024, 64};
static constexpr uint32_t maxThreads = 1024;
/// Bytes of static shared memory that ptxas accepts.
static constexpr uint64_t maxStaticShared = 48 * 1024;

static Error checkDimensions(StringRef what, Dimensions size, Dimensions most) {
  for (unsigned d = 0; d < 3; ++d)
    if (size[d] == 0 || size[d] > most[d])
      return createStringError(what + " has " + Twine(size[d]) +
                               " in dimension " + Twine("xyz"[d]) +
                               " but must have 1 to " + Twine(most[d]));
  return Error::success();
}

/// MLIR's known_block_size becomes PTX's .maxntid, which promises their product
/// only, but passes have relied on each size.
static Error checkThreads(const Kernel &kernel, Dimensions block) {
  uint64_t numThreads = uint64_t(block[0]) * block[1] * block[2];
  if (numThreads > maxThreads)
    return createStringError("block has " + Twine(numThreads) +
                             " threads but must have at most " +
                             Twine(maxThreads));
  for (unsigned d = 0; d < 3; ++d) {
    uint32_t most = kernel.maxThreads[d], required = kernel.requiredThreads[d];
    if ((most && block[d] > most) || (required && block[d] != required))
      return createStringError(
          "block has " + Twine(block[d]) + " threads in dimension " +
          Twine("xyz"[d]) + " but was compiled for " +
          (required ? "" : "at most ") + Twine(required ? required : most));
  }
  return Error::success();
}

static Error checkShared(const Kernel &kernel, uint64_t dynamicBytes,
                         uint64_t most) {
  uint64_t total = dynamicBytes;
  for (const SharedArray &array : kernel.shared)
    total += array.size;
  if (total - dynamicBytes > maxStaticShared)
    return createStringError(Twine(total - dynamicBytes) +
                             " bytes of static shared memory are more than " +
                             Twine(maxStaticShared) +
                             "; make it dynamic shared memory");
  if (total > most || dynamicBytes > most)
    return createStringError(Twine(total) +
                             " bytes of shared memory are more than the " +
                             Twine(most) + " of a block");
  return Error::success();
}

static Error checkLaunch(const Launch &launch, size_t numArguments,
                         uint64_t maxShared) {
  const Kernel &kernel = launch.kernel;
  if (numArguments != kernel.numArguments)
    return createStringError("got " + Twine(numArguments) +
                             " arguments but has " +
                             Twine(kernel.numArguments));
  if (Error error = checkDimensions("grid", launch.grid, maxGrid))
    return error;
  if (Error error = checkDimensions("block", launch.block, maxBlock))
    return error;
  if (Error error = checkThreads(kernel, launch.block))
    return error;
  return checkShared(kernel, launch.dynamicSharedBytes, maxShared);
}

/// Runs all blocks, in the order i * stride + start modulo their number.
static Error runBlocks(const Launch &launch) {
  Block block(launch);
  const Dimensions &grid = launch.grid;
  uint64_t count = uint64_t(grid[0]) * grid[1] * grid[2];
  uint32_t limit = std::min<uint64_t>(count, UINT32_MAX);
  uint64_t start = launch.schedule.draw(limit);
  uint64_t stride = 1 + launch.schedule.draw(limit);
  while (std::gcd(stride, count) != 1)
    ++stride;
  uint64_t number = start;
  for (uint64_t i = 0; i < count; ++i, number = (number + stride) % count) {
    Dimensions index = {static_cast<uint32_t>(number % grid[0]),
                        static_cast<uint32_t>(number / grid[0] % grid[1]),
                        static_cast<uint32_t>(number / grid[0] / grid[1])};
    if (!block.run(index))
      return createStringError(block.getFault());
  }
  return Error::success();
}

Error Emulator::launch(Program &program, StringRef name, Dimensions grid,
                       Dimensions block, uint64_t dynamicSharedBytes,
                       ArrayRef<void *> arguments) {
  const Kernel *kernel = program.find(name);
  if (!kernel)
    return createStringError("the module has no kernel '" + name +
                             "'; it has " + program.listKernels());
  EmulatorOptions &options = state->options;
  Schedule schedule(options);
  Launch launch = {*kernel,
                   program.getSites(),
                   grid,
                   block,
                   dynamicSharedBytes,
                   options.maxIterations,
                   const_cast<void **>(arguments.data()),
                   state->memory,
                   schedule};
  if (Error error =
          checkLaunch(launch, arguments.size(), options.maxSharedBytes))
    return createStringError("kernel '" + name +
                             "': " + toString(std::move(error)));
  // Another order next time.
  if (options.seed != 0)
    ++options.seed;
  return runBlocks(launch);
}
