//===- CPUTarget.cpp - Native code for a processor ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/CPU/CPUTarget.h"
#include "CPUFeatures.h"
#include "Header.h"
#include "NativeCode.h"
#include "Signature.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// The machine
//===----------------------------------------------------------------------===//

/// The instruction sets of this machine; a virtual one may have fewer than its
/// processor.
static std::string getHostFeatures() {
  llvm::SubtargetFeatures features;
  for (const auto &feature : llvm::sys::getHostCPUFeatures())
    features.AddFeature(feature.getKey(), feature.getValue());
  return features.getString();
}

/// Null after a diagnostic.
static const llvm::Target *findTarget(const llvm::Triple &triple,
                                      Location loc) {
  if (!triple.isOSLinux() || !(triple.isX86_64() || triple.isAArch64())) {
    emitError(loc) << "triple is '" << triple.str()
                   << "' but must be one of Linux on x86-64 or AArch64, such "
                      "as x86_64-linux-gnu or aarch64-linux-gnu";
    return nullptr;
  }
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  LLVMInitializeX86AsmParser();
  LLVMInitializeAArch64TargetInfo();
  LLVMInitializeAArch64Target();
  LLVMInitializeAArch64TargetMC();
  LLVMInitializeAArch64AsmPrinter();
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    emitError(loc) << "this build of LLVM cannot generate code for "
                   << triple.str();
  return target;
}

/// Instruction sets of AArch64 that decide on kernels.
static constexpr StringRef kArmFeatures[] = {"neon", "dotprod", "i8mm"};

/// LLVM also knows processors that cannot run 64-bit code.
static bool isX86Processor(const llvm::Target &target,
                           const llvm::Triple &triple, StringRef cpu) {
  std::unique_ptr<llvm::MCSubtargetInfo> known(
      target.createMCSubtargetInfo(triple, "", ""));
  if (!known || !known->isCPUStringValid(cpu))
    return false;
  known.reset(target.createMCSubtargetInfo(triple, cpu, ""));
  return known && known->checkFeatures("+64bit");
}

/// Sets the features that code for `cpu` may use: of what a processor has beyond
/// the baseline those that kernels ask for, because a model looks for these only.
static LogicalResult resolveArmProcessor(const llvm::Target &target,
                                         const llvm::Triple &triple,
                                         StringRef cpu, std::string &features,
                                         Location loc) {
  std::unique_ptr<llvm::MCSubtargetInfo> baseline(
      target.createMCSubtargetInfo(triple, "generic", ""));
  if (cpu == "native" || !baseline || !baseline->isCPUStringValid(cpu))
    return emitError(loc) << "processor is '" << cpu
                          << "' but must be generic or an AArch64 processor that "
                             "LLVM knows, such as neoverse-n1";
  std::unique_ptr<llvm::MCSubtargetInfo> known(
      target.createMCSubtargetInfo(triple, cpu, ""));
  std::string kept;
  for (const llvm::SubtargetFeatureKV &feature :
       known->getEnabledProcessorFeatures()) {
    std::string name = ("+" + StringRef(feature.Key)).str();
    if (llvm::is_contained(kArmFeatures, feature.Key))
      kept += "," + name;
    else if (!baseline->checkFeatures(name))
      features += "-" + name.substr(1) + ",";
  }
  features += "+neon" + kept;
  return success();
}

/// Puts the processor that we run on in the place of `native`; fails with a
/// diagnostic where code for `cpu` cannot be generated.
static LogicalResult resolveProcessor(const llvm::Target &target,
                                      const llvm::Triple &triple,
                                      std::string &cpu, std::string &features,
                                      Location loc) {
  if (triple.isAArch64())
    return resolveArmProcessor(target, triple, cpu, features, loc);
  if (cpu == "native") {
    if (!llvm::Triple(llvm::sys::getDefaultTargetTriple()).isX86())
      return emitError(loc)
             << "processor is 'native' but this machine is not x86-64: name "
                "the processor to compile for, such as x86-64-v3";
    cpu = llvm::sys::getHostCPUName();
    features = getHostFeatures();
  }
  if (isX86Processor(target, triple, cpu))
    return success();
  return emitError(loc)
         << "processor is '" << cpu
         << "' but must be native or an x86-64 processor that LLVM knows, "
            "such as x86-64-v3, haswell, znver4 or sapphirerapids";
}

using Machine = std::unique_ptr<llvm::TargetMachine>;

/// Null after a diagnostic.
static Machine createMachine(const llvm::Target &target,
                             const llvm::Triple &triple, std::string cpu,
                             Location loc) {
  std::string features;
  if (failed(resolveProcessor(target, triple, cpu, features, loc)))
    return nullptr;
  llvm::TargetOptions machineOptions;
  // A product and a sum are rounded one by one unless the program says fma.
  machineOptions.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  machineOptions.FunctionSections = true;
  machineOptions.DataSections = true;
  return Machine(target.createTargetMachine(triple, cpu, features,
                                            machineOptions, llvm::Reloc::PIC_,
                                            llvm::CodeModel::Small));
}

/// Whether a model would ever take each of `machines`, of which it takes the
/// last that it can run on.
static LogicalResult checkOrder(ArrayRef<Machine> machines, Location loc) {
  for (auto [number, machine] : llvm::enumerate(machines))
    for (const Machine &later : machines.drop_front(number + 1))
      if (includesFeatures(*machine->getMCSubtargetInfo(),
                           *later->getMCSubtargetInfo()))
        return emitError(loc)
               << "processor '" << machine->getTargetCPU()
               << "' would never be chosen, because what runs it also runs '"
               << later->getTargetCPU()
               << "', which stands behind it: name the best one last";
  return success();
}

std::vector<Machine> dorefa::createMachines(const CPUOptions &options,
                                            Location loc) {
  llvm::Triple triple(llvm::Triple::normalize(options.triple));
  const llvm::Target *target = findTarget(triple, loc);
  if (!target)
    return {};
  std::vector<Machine> machines;
  for (StringRef cpu : llvm::split(options.cpu, ',')) {
    machines.push_back(createMachine(*target, triple, cpu.str(), loc));
    if (!machines.back())
      return {};
  }
  if (failed(checkOrder(machines, loc)))
    return {};
  return machines;
}

//===----------------------------------------------------------------------===//
// LLVM IR
//===----------------------------------------------------------------------===//

/// Gives constants one dimension: LLVM stores an array of numbers densely but
/// an array of arrays as one object per row.
static void flattenConstants(ModuleOp module) {
  for (auto global : module.getOps<LLVM::GlobalOp>()) {
    auto value = dyn_cast_or_null<ElementsAttr>(global.getValueOrNull());
    auto type = dyn_cast<LLVM::LLVMArrayType>(global.getGlobalType());
    if (!value || !type || !isa<LLVM::LLVMArrayType>(type.getElementType()))
      continue;
    auto flat =
        RankedTensorType::get({value.getNumElements()}, value.getElementType());
    ElementsAttr reshaped;
    if (auto dense = dyn_cast<DenseElementsAttr>(value))
      reshaped = dense.reshape(flat);
    else if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
      reshaped = DenseResourceElementsAttr::get(flat, resource.getRawHandle());
    else
      continue;
    global.setGlobalType(
        LLVM::LLVMArrayType::get(flat.getElementType(), flat.getNumElements()));
    global.setValueAttr(reshaped);
  }
}

/// Whether `@main` takes what the interface passes: per memref two pointers,
/// the offset, sizes and strides; the workspace and the options of the run last.
static LogicalResult checkNetwork(ModuleOp module, const Signature &signature) {
  size_t expected = 5 + 1;
  for (const TensorInfo &info :
       llvm::concat<const TensorInfo>(signature.inputs, signature.outputs))
    expected += 3 + 2 * info.type.getRank();
  auto main = module.lookupSymbol<LLVM::LLVMFuncOp>("main");
  if (!main || main.isExternal() || main.getNumArguments() != expected ||
      !isa<LLVM::LLVMVoidType>(main.getFunctionType().getReturnType()))
    return emitError(module.getLoc())
           << "module must have a function @main in the LLVM "
              "dialect with "
           << expected
           << " arguments and no result: run all "
              "phases up to llvm first";
  return success();
}

/// Without what would replace one library function by another.
void dorefa::optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  llvm::TargetLibraryInfoImpl library(module.getTargetTriple());
  library.disableAllFunctions();
  for (llvm::LibFunc known :
       {llvm::LibFunc_memcpy, llvm::LibFunc_memmove, llvm::LibFunc_memset})
    library.setAvailable(known);
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);
}

/// Keeps `x > c ? x : c` from becoming an instruction that orders the zeros:
/// LLVM 22 selects FMAXNM for c = -0.0 on AArch64 and FMINNM for `x < 0.0`, which
/// give +0.0 and -0.0 where x is the other zero and the answer is c.
static void keepZeros(llvm::Module &module) {
  for (llvm::Function &function : module)
    for (llvm::BasicBlock &block : function)
      for (llvm::Instruction &instruction : block) {
        auto *select = llvm::dyn_cast<llvm::SelectInst>(&instruction);
        if (!select || !llvm::isa<llvm::FCmpInst>(select->getCondition()) ||
            !(llvm::isa<llvm::Constant>(select->getTrueValue()) ||
              llvm::isa<llvm::Constant>(select->getFalseValue())))
          continue;
        // Nothing else than opaque to instruction selection.
        select->setCondition(new llvm::FreezeInst(
            select->getCondition(), "", select->getIterator()));
      }
}

//===----------------------------------------------------------------------===//
// The shared object
//===----------------------------------------------------------------------===//

/// Writes the object code of the network to `path`; LLVM's copy of the network
/// is gone when this returns.
static llvm::Error compileObject(ModuleOp module, const Signature &signature,
                                 StringRef record, llvm::TargetMachine &machine,
                                 StringRef path) {
  llvm::LLVMContext context;
  flattenConstants(module);
  std::unique_ptr<llvm::Module> code =
      translateModuleToLLVMIR(module, context, signature.name);
  if (!code)
    return llvm::createStringError("module cannot be translated to LLVM IR");
  code->setDataLayout(machine.createDataLayout());
  code->setTargetTriple(machine.getTargetTriple());
  addModelInterface(*code, signature, record, machine);
  optimise(*code, machine);
  if (machine.getTargetTriple().isAArch64())
    keepZeros(*code);
  return writeObject(*code, machine, path);
}

llvm::Error dorefa::compileOpenFunction(StringRef open,
                                        ArrayRef<ModelVersion> versions,
                                        llvm::TargetMachine &machine,
                                        StringRef path) {
  llvm::LLVMContext context;
  llvm::Module code(open, context);
  code.setDataLayout(machine.createDataLayout());
  code.setTargetTriple(machine.getTargetTriple());
  addOpenFunction(code, open, versions);
  optimise(code, machine);
  return writeObject(code, machine, path);
}

/// Renaming onto a device or a directory would replace it: with enough rights
/// even /dev/null. Only a regular file may be replaced.
llvm::Error dorefa::checkReplaceable(StringRef path) {
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(path, status) ||
      llvm::sys::fs::is_regular_file(status))
    return llvm::Error::success();
  return llvm::createStringError("the path exists and is not a regular file");
}

llvm::Error dorefa::linkAndRename(ArrayRef<std::string> objects, StringRef path,
                                  llvm::TargetMachine &machine,
                                  const ScratchDirectory &scratch,
                                  bool hasRuntime) {
  SmallString<128> temporary;
  llvm::sys::fs::createUniquePath(path + ".%%%%%%%%", temporary,
                                  /*MakeAbsolute=*/false);
  llvm::sys::RemoveFileOnSignal(temporary);
  llvm::FileRemover remover(temporary);
  if (llvm::Error error = linkSharedObject(objects, temporary, machine,
                                             scratch, hasRuntime))
    return error;
  if (std::error_code error = llvm::sys::fs::rename(temporary, path))
    return llvm::createStringError(error,
                                   "the finished file cannot be renamed");
  remover.releaseFile();
  llvm::sys::DontRemoveFileOnSignal(temporary);
  return llvm::Error::success();
}

/// One network for one machine.
struct Version {
  ModuleOp module;
  Signature signature;
  llvm::TargetMachine *machine;
};

// Of lib/Target/BPA/EmbeddedRuntime.c: an archive.
extern "C" const char dorefa_bpa_runtime_begin[], dorefa_bpa_runtime_end[];

/// Writes what a model with a program for the accelerator calls.
static llvm::Error writeRuntime(StringRef path) {
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error);
  if (error)
    return llvm::createStringError(error, "cannot write the runtime");
  stream.write(dorefa_bpa_runtime_begin,
               dorefa_bpa_runtime_end - dorefa_bpa_runtime_begin);
  stream.close();
  error = stream.error();
  stream.clear_error();
  return error ? llvm::createStringError(error, "cannot write the runtime")
               : llvm::Error::success();
}

static llvm::Error writeSharedObject(ArrayRef<Version> versions, StringRef open,
                                     StringRef path) {
  if (llvm::Error error = checkReplaceable(path))
    return error;
  auto scratch = ScratchDirectory::create();
  if (!scratch)
    return scratch.takeError();
  SmallVector<std::string> objects;
  SmallVector<ModelVersion> records;
  for (auto [number, version] : llvm::enumerate(versions)) {
    std::string name = "model" + std::to_string(number);
    objects.push_back((*scratch)->getFile(name + ".o"));
    records.push_back({name, version.machine});
    if (llvm::Error error =
            compileObject(version.module, version.signature, name,
                          *version.machine, objects.back()))
      return error;
  }
  llvm::TargetMachine &machine = *versions.front().machine;
  objects.push_back((*scratch)->getFile("open.o"));
  if (llvm::Error error =
          compileOpenFunction(open, records, machine, objects.back()))
    return error;
  bool hasRuntime = !versions.front().signature.deviceProgram.empty();
  if (hasRuntime) {
    objects.push_back((*scratch)->getFile("runtime.a"));
    if (llvm::Error error = writeRuntime(objects.back()))
      return error;
  }
  return linkAndRename(objects, path, machine, **scratch, hasRuntime);
}

//===----------------------------------------------------------------------===//
// The target
//===----------------------------------------------------------------------===//

/// Instruction sets that decide on kernels.
static constexpr StringRef kKernelFeatures[] = {
    "sse2",     "ssse3",      "avx2",       "fma",            "avxvnni",
    "avx512bw", "avx512vbmi", "avx512vnni", "avx512vpopcntdq", "gfni"};

namespace {

class CPUTarget : public Target {
public:
  CPUTarget(std::vector<Machine> machines, StringRef symbolPrefix)
      : machines(std::move(machines)), symbolPrefix(symbolPrefix) {}

  StringRef getName() const override { return "cpu"; }
  StringRef getDescription() const override {
    return "shared object for Linux on x86-64 or AArch64";
  }
  Phase getFinalPhase() const override { return Phase::LLVM; }

  unsigned getNumVersions() const override { return machines.size(); }
  std::string getVersionName(unsigned version) const override {
    return machines[version]->getTargetCPU().str();
  }

  void configure(unsigned version, PipelineOptions &options) const override {
    const Machine &machine = machines[version];
    // AVX-512 and NEON have 32 vector registers, the others have 16; a tile
    // keeps some of them for its operands.
    const llvm::MCSubtargetInfo &subtarget = *machine->getMCSubtargetInfo();
    bool isArm = machine->getTargetTriple().isAArch64();
    for (StringRef feature : isArm ? ArrayRef(kArmFeatures) : ArrayRef(kKernelFeatures))
      if (subtarget.checkFeatures(("+" + feature).str()))
        options.features.push_back(feature.str());
    if (isArm) {
      options.lanes = 4;
      options.accumulators = 24;
      return;
    }
    bool isWide = subtarget.checkFeatures("+avx512f");
    options.lanes = isWide ? 16 : subtarget.checkFeatures("+avx2") ? 8 : 4;
    options.accumulators = isWide ? 24 : 12;
  }

  LogicalResult emit(ArrayRef<ModuleOp> modules,
                     StringRef path) const override {
    std::vector<Version> versions;
    for (auto [module, machine] : llvm::zip_equal(modules, machines)) {
      FailureOr<Signature> signature = readSignature(module);
      if (failed(signature) || failed(checkNetwork(module, *signature)))
        return failure();
      versions.push_back({module, *signature, machine.get()});
    }
    if (llvm::Error error =
            writeSharedObject(versions, symbolPrefix + "_open", path))
      return emitError(versions.front().module.getLoc())
             << "cannot write shared object '" << path
             << "': " << llvm::toString(std::move(error));
    return success();
  }

  std::string formatHeader(ModuleOp module) const override {
    FailureOr<Signature> signature = readSignature(module);
    return failed(signature) ? ""
                             : dorefa::formatHeader(*signature, symbolPrefix);
  }

private:
  /// In the order in which the user named them, the best one last.
  std::vector<Machine> machines;
  std::string symbolPrefix;
};

} // namespace

LogicalResult dorefa::checkSymbolPrefix(StringRef prefix, Location loc) {
  bool isIdentifier =
      !prefix.empty() && !llvm::isDigit(prefix.front()) &&
      llvm::all_of(prefix, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  if (isIdentifier)
    return success();
  return emitError(loc) << "symbol prefix is '" << prefix
                        << "' but must be a C identifier";
}

std::unique_ptr<Target> dorefa::createCPUTarget(const CPUOptions &options,
                                                Location loc) {
  if (failed(checkSymbolPrefix(options.symbolPrefix, loc)))
    return nullptr;
  std::vector<Machine> machines = createMachines(options, loc);
  if (machines.empty())
    return nullptr;
  return std::make_unique<CPUTarget>(std::move(machines), options.symbolPrefix);
}
