//===- Pipelines.h - From a model file to a target, phase by phase -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of all passes. A phase is named for the state that a network has
// reached; tools stop at one (`--compile-to`), dump each (`--dump-phases-to`) and
// resume from the one that a module carries as its attribute `dorefa.phase`.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_PIPELINES_PIPELINES_H
#define DOREFA_PIPELINES_PIPELINES_H

#include "dorefa/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/LogicalResult.h"

#include <functional>

namespace mlir::dorefa {

/// States of a network, in order; those behind `Buffers` belong to one target each.
enum class Phase {
  Input,
  Codes,
  Thresholds,
  BitPlane,
  Kernels,
  Linalg,
  Buffers,
  Vector,
  LLVM,
  Launches,
  NVVM
};

/// What machine a way leads to.
enum class Path { All, CPU, GPU };

struct PhaseInfo {
  Phase phase;
  /// Name on command lines.
  llvm::StringLiteral name;
  /// What is true of a network in this phase, one line.
  llvm::StringLiteral description;
  /// The way that this phase is on.
  Path path = Path::All;
};

/// All phases in order.
llvm::ArrayRef<PhaseInfo> getPhases();
/// The entry of `phase`.
const PhaseInfo &getPhaseInfo(Phase phase);
/// The phase of that name, nullopt where there is none.
std::optional<Phase> parsePhase(llvm::StringRef name);
/// The phase that `module` says it is in; Input where it says nothing.
Phase getPhase(ModuleOp module);

/// What a user may choose about the way.
struct PipelineOptions {
  /// The way behind phase `buffers`: CPU or GPU.
  Path path = Path::CPU;
  /// The GPU, as in sm_80.
  std::string chip = "sm_80";
  /// A layer that is quantized in the source but stays float is an error.
  bool requireLowBit = false;
  /// Replace thresholds of the source that are out of order, see
  /// `dorefa-lint-thresholds`.
  bool repairThresholds = false;
  /// How fused thresholds are checked against the float reference.
  VerifyThresholds verifyThresholds = VerifyThresholds::Certificate;
  /// Vector lanes of 32 bits that the target has: 16, 8 or 4.
  unsigned lanes = 16;
  /// Vector registers that one tile may accumulate in.
  unsigned accumulators = 24;
  /// Spread loops over the threads of OpenMP.
  bool openMP = false;
  /// Vector instructions, about, that are worth waking threads for.
  unsigned openMPMinWork = 8000;
  /// Kernel of all layers that it can compute, instead of the fastest.
  std::string kernel = {};
  /// Kernels of the layers on bits in program order; empty: as above.
  std::vector<std::string> kernels = {};
  /// Instruction sets of the target whose intrinsics kernels may call, by LLVM's
  /// names.
  std::vector<std::string> features = {};
  /// Configuration of the accelerator that layers move to; empty: there is none.
  std::string accelerator = {};
};

/// Sets what the way to a GPU needs of `options`.
void setGPUPath(PipelineOptions &options);

/// Appends the passes that lead from the phase before `phase` to `phase`.
void buildPhase(OpPassManager &pm, Phase phase, const PipelineOptions &options);

/// Registers the pipelines `dorefa-to-<phase>`, `dorefa-to-cpu` and `dorefa-to-gpu`.
void registerPipelines();

/// Called after each phase, for dumps and progress.
using PhaseObserver = std::function<LogicalResult(ModuleOp, const PhaseInfo &)>;

/// Runs `module` from the phase it is in to `phase`; diagnostics say what stopped it.
LogicalResult runToPhase(ModuleOp module, Phase phase,
                         const PipelineOptions &options = {},
                         const PhaseObserver &observer = nullptr);

/// Reads a network: `.onnx` (ONNX, QONNX), `.mlir` or `.mlirbc`. Null after a
/// diagnostic. Only `.onnx` may come from somebody you do not trust.
OwningOpRef<ModuleOp> loadModel(llvm::StringRef path, MLIRContext &context);

/// Writes a file, "-" for standard output: `write` fills a temporary file that then
/// takes the place of `path`, so that nothing half-written remains. A pipe or a device
/// is written as it stands. Diagnostics say what failed.
LogicalResult writeFile(MLIRContext &context, llvm::StringRef path,
                        llvm::function_ref<LogicalResult(llvm::raw_ostream &)> write);

/// Writes `module` to `path` ("-" for standard output; bytecode where the name ends
/// in .mlirbc), as `writeFile` does.
LogicalResult writeModule(ModuleOp module, llvm::StringRef path);

} // namespace mlir::dorefa

#endif // DOREFA_PIPELINES_PIPELINES_H
