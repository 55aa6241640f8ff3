//===- Pipelines.cpp - The order of all passes ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Pipelines/Pipelines.h"
#include "dorefa/Conversion/Passes.h"
#include "dorefa/Target/BPA/Passes.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::dorefa;

static constexpr PhaseInfo kPhases[] = {
    {Phase::Input, "input", "as imported: float tensors and quantizers"},
    {Phase::Codes, "codes", "layers work on codes; the reference of all later phases"},
    {Phase::Thresholds, "thresholds", "comparisons instead of float between layers"},
    {Phase::BitPlane, "bitplane", "codes packed into bit planes"},
    {Phase::Kernels, "kernels", "a kernel chosen per layer, weights packed for it"},
    {Phase::Linalg, "linalg", "what stayed float in linalg on tensors"},
    {Phase::Buffers, "buffers", "memrefs, all of them in one workspace"},
    {Phase::Vector, "vector", "loops over vectors (cpu)", Path::CPU},
    {Phase::LLVM, "llvm", "the LLVM dialect (cpu)", Path::CPU},
    {Phase::Launches, "launches", "kernels, and where they are launched (gpu)", Path::GPU},
    {Phase::NVVM, "nvvm", "kernels in the NVVM dialect (gpu)", Path::GPU},
};

ArrayRef<PhaseInfo> dorefa::getPhases() { return kPhases; }

const PhaseInfo &dorefa::getPhaseInfo(Phase phase) {
  return kPhases[static_cast<unsigned>(phase)];
}

std::optional<Phase> dorefa::parsePhase(StringRef name) {
  for (const PhaseInfo &info : kPhases)
    if (info.name == name)
      return info.phase;
  return std::nullopt;
}

static constexpr StringLiteral kPhaseAttr = "dorefa.phase";

Phase dorefa::getPhase(ModuleOp module) {
  auto name = module->getAttrOfType<StringAttr>(kPhaseAttr);
  return name ? parsePhase(name).value_or(Phase::Input) : Phase::Input;
}

//===----------------------------------------------------------------------===//
// One function per phase
//===----------------------------------------------------------------------===//

static void buildCodes(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createFormCodeLayersPass());
  // After the layers on codes are known: only what stays float is folded.
  pm.addPass(createFoldBatchNormPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  LintThresholdsPassOptions lint;
  lint.repair = options.repairThresholds;
  pm.addPass(createLintThresholdsPass(lint));
}

static void buildThresholds(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createInferRangesPass());
  FuseThresholdsPassOptions fuse;
  fuse.verify = options.verifyThresholds;
  pm.addPass(createFuseThresholdsPass(fuse));
  pm.addPass(createCanonicalizerPass());
  // Ranges again: thresholds bound the codes of the next layer.
  pm.addPass(createInferRangesPass());
  if (options.requireLowBit)
    pm.addPass(createRequireLowBitPass());
}

static void buildBitPlane(OpPassManager &pm) {
  pm.addPass(createConvertDoReFaToBitPlanePass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void buildAccelerator(OpPassManager &pm, const PipelineOptions &options) {
  bpa::ConvertBitPlaneToBPAPassOptions convert;
  convert.configuration = options.accelerator;
  pm.addPass(bpa::createConvertBitPlaneToBPAPass(convert));
  pm.addPass(bpa::createBPAInsertTokensPass());
  pm.addPass(bpa::createBPAOrderInstructionsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void buildKernels(OpPassManager &pm, const PipelineOptions &options) {
  if (!options.accelerator.empty())
    buildAccelerator(pm, options);
  SelectKernelsPassOptions select;
  PackWeightsPassOptions pack;
  PredictTimePassOptions predict;
  select.kernel = options.kernel;
  select.kernels = llvm::to_vector(options.kernels);
  select.lanes = pack.lanes = predict.lanes = options.lanes;
  select.accumulators = predict.accumulators = options.accumulators;
  select.features = pack.features = predict.features = llvm::to_vector(options.features);
  if (options.path == Path::GPU) {
    pm.addPass(createFuseMaxPoolPass());
    pm.addPass(createSelectGPUKernelsPass({options.chip, options.kernel}));
  } else {
    pm.addPass(createSelectKernelsPass(select));
  }
  pm.addPass(createPackWeightsPass(pack));
  // Of processors only.
  if (options.path == Path::CPU)
    pm.addPass(createPredictTimePass(predict));
}

static void buildLinalg(OpPassManager &pm, const PipelineOptions &options) {
  // Kernels of a GPU copy zeros where a window leaves the map.
  if (options.path != Path::GPU)
    pm.addPass(createMaterializePaddingPass());
  pm.addPass(createConvertDoReFaToLinalgPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createFuseElementwisePass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void buildBuffers(OpPassManager &pm, const PipelineOptions &options) {
  // In this order: results that share a destination must not be eliminated.
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  // Before bufferization, so that results are computed where the caller wants them.
  pm.addPass(createReturnThroughArgumentsPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  // In this order: two views of one place are one, then copies from it to itself go.
  pm.addPass(createCSEPass());
  pm.addPass(createCanonicalizerPass());
  PlanWorkspacePassOptions plan;
  plan.forThreads = options.openMP;
  pm.addPass(createPlanWorkspacePass(plan));
}

static void buildVector(OpPassManager &pm, const PipelineOptions &options) {
  // While each layer is still one operation.
  pm.addPass(createMarkLayersPass());
  if (!options.accelerator.empty())
    pm.addPass(bpa::createConvertBPAToCallsPass());
  ConvertBitPlaneToVectorPassOptions bits;
  ConvertLinalgToVectorPassOptions floats;
  bits.lanes = floats.lanes = options.lanes;
  bits.accumulators = floats.accumulators = options.accumulators;
  bits.parallel = floats.parallel = options.openMP;
  bits.features = floats.features = llvm::to_vector(options.features);
  pm.addPass(createConvertBitPlaneToVectorPass(bits));
  pm.addPass(createConvertLinalgToVectorPass(floats));
  // What no micro-kernel took.
  pm.addPass(createFuseMultiplyAddPass());
  pm.addPass(createExpandCopiesPass());
  pm.addNestedPass<func::FuncOp>(
      options.openMP ? createConvertLinalgToParallelLoopsPass()
                     : createConvertLinalgToLoopsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  if (options.openMP) {
    ConvertParallelToOpenMPPassOptions threads;
    threads.minWork = options.openMPMinWork;
    pm.addPass(createConvertParallelToOpenMPPass(threads));
  }
}

static void buildLLVM(OpPassManager &pm, const PipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(createConvertVectorToSCFPass(
      VectorTransferToSCFOptions().enableFullUnroll()));
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  // log(1 + x) is not log1p(x).
  ConvertMathToLLVMPassOptions math;
  math.approximateLog1p = false;
  pm.addPass(createConvertMathToLLVMPass(math));
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  if (options.openMP)
    pm.addPass(createConvertOpenMPToLLVMPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

static void buildLaunches(OpPassManager &pm) {
  // While each layer is still one operation.
  pm.addPass(createMarkLayersPass());
  pm.addPass(createConvertBitPlaneToGPUPass());
  pm.addPass(createFuseMultiplyAddPass());
  pm.addPass(createConvertLinalgToGPUPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createOutlineKernelsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void buildNVVM(OpPassManager &pm) {
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  kernels.addPass(memref::createExpandStridedMetadataPass());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(createConvertMathToGPUPass());
  // What counts bits.
  kernels.addPass(createConvertMathToLLVMPass());
  ConvertGpuOpsToNVVMOpsOptions options;
  // Arrays and the workspace have less than 2^31 elements; the runtime checks.
  options.indexBitwidth = 32;
  options.useBarePtrCallConv = true;
  kernels.addPass(createConvertGpuOpsToNVVMOps(options));
  kernels.addPass(createConvertNVVMToLLVMPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createReconcileUnrealizedCastsPass());
}

void dorefa::buildPhase(OpPassManager &pm, Phase phase,
                        const PipelineOptions &options) {
  switch (phase) {
  case Phase::Input:
    return;
  case Phase::Codes:
    return buildCodes(pm, options);
  case Phase::Thresholds:
    return buildThresholds(pm, options);
  case Phase::BitPlane:
    return buildBitPlane(pm);
  case Phase::Kernels:
    return buildKernels(pm, options);
  case Phase::Linalg:
    return buildLinalg(pm, options);
  case Phase::Buffers:
    return buildBuffers(pm, options);
  case Phase::Vector:
    return buildVector(pm, options);
  case Phase::LLVM:
    return buildLLVM(pm, options);
  case Phase::Launches:
    return buildLaunches(pm);
  case Phase::NVVM:
    return buildNVVM(pm);
  }
}

void dorefa::setGPUPath(PipelineOptions &options) {
  options.path = Path::GPU;
}

/// Whether a network goes through the phase of `info` on the way `path`.
static bool isOnPath(const PhaseInfo &info, Path path) {
  return info.path == Path::All || info.path == path;
}

//===----------------------------------------------------------------------===//
// Running and registering
//===----------------------------------------------------------------------===//

LogicalResult dorefa::runToPhase(ModuleOp module, Phase phase,
                                 const PipelineOptions &options,
                                 const PhaseObserver &observer) {
  Phase reached = getPhase(module);
  for (const PhaseInfo &info : kPhases) {
    if (info.phase > phase)
      break;
    if (!isOnPath(info, options.path))
      continue;
    if (info.phase <= reached && !(info.phase == Phase::Input && reached == Phase::Input))
      continue;
    PassManager pm(module.getContext(), ModuleOp::getOperationName());
    buildPhase(pm, info.phase, options);
    if (failed(pm.run(module)))
      return failure();
    module->setAttr(kPhaseAttr, StringAttr::get(module.getContext(), info.name));
    if (observer && failed(observer(module, info)))
      return failure();
  }
  return success();
}

void dorefa::registerPipelines() {
  for (const PhaseInfo &info : kPhases) {
    if (info.phase == Phase::Input)
      continue;
    std::string name = info.phase == Phase::LLVM   ? "dorefa-to-cpu"
                       : info.phase == Phase::NVVM ? "dorefa-to-gpu"
                                                   : ("dorefa-to-" + info.name).str();
    PassPipelineRegistration<>(
        name, info.description, [last = info](OpPassManager &pm) {
          PipelineOptions options;
          if (last.path == Path::GPU)
            setGPUPath(options);
          for (const PhaseInfo &step : kPhases)
            if (step.phase <= last.phase && isOnPath(step, options.path))
              buildPhase(pm, step.phase, options);
        });
  }
}
