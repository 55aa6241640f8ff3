//===- BPATarget.cpp - The accelerator and its host -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/BPATarget.h"
#include "dorefa/Target/BPA/Emit.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace mlir::dorefa;

/// Writes the ELF file of the program in `module`.
static LogicalResult writeProgram(ModuleOp module, StringRef path) {
  auto programs = llvm::to_vector(module.getOps<bpa::ProgramOp>());
  if (programs.empty())
    return emitError(module.getLoc())
           << "no layer moved to the accelerator; --remarks says why";
  FailureOr<bpa::Program> program = bpa::translateProgram(programs.front());
  if (failed(program) || failed(bpa::verifyProgram(programs.front(), *program)))
    return failure();
  return writeFile(*module.getContext(), path, [&](raw_ostream &stream) {
    if (llvm::Error error = bpa::writeElf(*program, stream)) {
      emitError(module.getLoc()) << llvm::toString(std::move(error));
      return failure();
    }
    return success();
  });
}

namespace {

class BPATarget : public Target {
public:
  BPATarget(const BPAOptions &options, std::unique_ptr<Target> host)
      : options(options), host(std::move(host)) {}

  StringRef getName() const override { return "bpa"; }
  StringRef getDescription() const override {
    return "shared object for Linux on x86-64 with a program of the accelerator";
  }
  Phase getFinalPhase() const override {
    return options.programOnly ? Phase::Kernels : host->getFinalPhase();
  }
  unsigned getNumVersions() const override { return host->getNumVersions(); }
  std::string getVersionName(unsigned version) const override {
    return host->getVersionName(version);
  }

  void configure(unsigned version, PipelineOptions &pipeline) const override {
    host->configure(version, pipeline);
    pipeline.accelerator = options.configuration;
  }

  LogicalResult emit(ArrayRef<ModuleOp> modules, StringRef path) const override {
    return options.programOnly ? writeProgram(modules.front(), path)
                               : host->emit(modules, path);
  }

  std::string formatHeader(ModuleOp module) const override {
    return host->formatHeader(module);
  }

private:
  BPAOptions options;
  std::unique_ptr<Target> host;
};

} // namespace

std::unique_ptr<Target> dorefa::createBPATarget(const BPAOptions &options,
                                                Location loc) {
  if (!bpa::findConfiguration(options.configuration.c_str())) {
    size_t count = 0;
    const bpa::Configuration *known = bpa::getConfigurations(count);
    SmallVector<StringRef> names;
    for (size_t i = 0; i < count; ++i)
      names.push_back(known[i].name);
    emitError(loc) << "configuration is '" << options.configuration
                   << "' but must be " << llvm::join(names, " or ");
    return nullptr;
  }
  // The runtime is code for the machine that it was built on.
  if (!llvm::Triple(llvm::Triple::normalize(options.host.triple)).isX86_64()) {
    emitError(loc) << "triple is '" << options.host.triple
                   << "' but the host of the accelerator must be x86_64-linux-gnu";
    return nullptr;
  }
  std::unique_ptr<Target> host = createCPUTarget(options.host, loc);
  return host ? std::make_unique<BPATarget>(options, std::move(host)) : nullptr;
}
