//===- KernelFile.cpp - Where kernels are read from -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelFile.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Support/SourceMgr.h"

using namespace llvm;
using namespace mlir;

/// LLVM IR as text has a target on a line of its own; MLIR has none.
static bool isLLVM(StringRef text) {
  return identify_magic(text) == file_magic::bitcode ||
         text.contains("\ntarget triple = ") ||
         text.starts_with("target triple = ");
}

/// The bitcode of the only object of the only gpu.binary in `module`.
static llvm::Expected<StringRef> findObject(ModuleOp module) {
  SmallVector<gpu::ObjectAttr> objects;
  module.walk([&](gpu::BinaryOp binary) {
    for (mlir::Attribute object : binary.getObjects())
      objects.push_back(cast<gpu::ObjectAttr>(object));
  });
  if (objects.size() != 1)
    return createStringError("has " + Twine(objects.size()) +
                             " objects in gpu.binary operations but must have "
                             "one; run gpu-module-to-binary=format=llvm");
  if (objects.front().getFormat() != gpu::CompilationTarget::Offload)
    return createStringError("has a gpu.binary that is not LLVM bitcode; run "
                             "gpu-module-to-binary with format=llvm");
  return objects.front().getObject().getValue();
}

llvm::Expected<std::unique_ptr<MemoryBuffer>> readKernelFile(StringRef path) {
  auto file = MemoryBuffer::getFileOrSTDIN(path);
  if (std::error_code error = file.getError())
    return createStringError(path + " cannot be read: " + error.message());
  if (isLLVM((*file)->getBuffer()))
    return std::move(*file);
  DialectRegistry registry;
  registry.insert<gpu::GPUDialect, LLVM::LLVMDialect, NVVM::NVVMDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects();
  SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  sources.AddNewSourceBuffer(std::move(*file), SMLoc());
  auto module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return createStringError(path + " cannot be parsed as MLIR");
  llvm::Expected<StringRef> object = findObject(*module);
  if (!object)
    return createStringError(path + " " + toString(object.takeError()));
  return MemoryBuffer::getMemBufferCopy(*object, path);
}
