//===- InitAll.cpp - Register dialects, passes and pipelines --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/InitAll.h"
#include "dorefa/Conversion/Passes.h"
#include "dorefa/Dialect/BPA/BPA.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Dialect/BitPlane/BufferizableOpInterfaceImpl.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "dorefa/Pipelines/Pipelines.h"
#include "dorefa/Target/BPA/Passes.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

using namespace mlir;

void dorefa::registerAllDialects(DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  registry.insert<DoReFaDialect, bitplane::BitPlaneDialect, bpa::BPADialect>();
  bitplane::registerBufferizableOpInterfaceExternalModels(registry);
  bpa::registerBufferizableOpInterfaceExternalModels(registry);
}

void dorefa::registerAllPasses() {
  mlir::registerAllPasses();
  registerDoReFaTransformsPasses();
  registerDoReFaConversionPasses();
  bpa::registerDoReFaBPAPasses();
  registerPipelines();
}
