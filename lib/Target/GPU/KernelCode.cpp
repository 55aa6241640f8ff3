//===- KernelCode.cpp - Kernels as bitcode and PTX ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelCode.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::dorefa;

/// Null after a diagnostic.
static std::unique_ptr<llvm::TargetMachine> createMachine(const Chip &chip,
                                                          Location loc) {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) {
    emitError(loc, "this build of LLVM cannot generate code for NVIDIA GPUs");
    return nullptr;
  }
  llvm::TargetOptions options;
  // A product and a sum are rounded one by one unless the program says fma.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, chip.name, chip.ptx, options,
                                  std::nullopt, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

/// Products on tensor cores need all lanes of a warp, which LLVM 22 does not say of
/// their intrinsics: it would put copies of one into both branches of a condition.
static void markConvergent(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (function.getName().starts_with("llvm.nvvm.mma."))
      for (llvm::User *user : function.users())
        if (auto *call = llvm::dyn_cast<llvm::CallBase>(user))
          call->addFnAttr(llvm::Attribute::Convergent);
}

static void optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, modules);
}

/// PTX with an undefined function would be refused by the driver only.
static LogicalResult checkFunctions(const llvm::Module &module, Location loc) {
  for (const llvm::Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic())
      return emitError(loc) << "kernels call '" << function.getName().str()
                            << "', which no GPU code computes without a library";
  return success();
}

FailureOr<KernelCode> dorefa::compileKernels(gpu::GPUModuleOp kernels,
                                             const Chip &chip) {
  Location loc = kernels.getLoc();
  std::unique_ptr<llvm::TargetMachine> machine = createMachine(chip, loc);
  if (!machine)
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module =
      translateModuleToLLVMIR(kernels, context, "kernels");
  if (!module)
    return emitError(loc, "kernels cannot be translated to LLVM IR");
  module->setDataLayout(machine->createDataLayout());
  module->setTargetTriple(machine->getTargetTriple());
  markConvergent(*module);
  optimise(*module, *machine);
  if (failed(checkFunctions(*module, loc)))
    return failure();
  KernelCode code;
  llvm::raw_string_ostream bitcode(code.bitcode);
  llvm::WriteBitcodeToFile(*module, bitcode);
  SmallString<0> ptx;
  llvm::raw_svector_ostream stream(ptx);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   llvm::CodeGenFileType::AssemblyFile))
    return emitError(loc, "this build of LLVM cannot write PTX");
  passes.run(*module);
  code.ptx = ptx.str().str();
  return code;
}
