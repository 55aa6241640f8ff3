//===- ModelFiles.cpp - Reading and writing networks ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Import/Onnx.h"
#include "dorefa/Pipelines/Pipelines.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::dorefa;

OwningOpRef<ModuleOp> dorefa::loadModel(StringRef path, MLIRContext &context) {
  StringRef extension = llvm::sys::path::extension(path);
  if (extension == ".onnx")
    return importOnnx(path, context);
  if (extension == ".mlir" || extension == ".mlirbc" || path == "-")
    return parseSourceFile<ModuleOp>(path, &context);
  emitError(FileLineColLoc::get(&context, path, 0, 0))
      << "model has extension '" << extension
      << "' but must be .onnx, .mlir or .mlirbc";
  return nullptr;
}

/// Text for people: constants of more than a screen line are left out where a
/// bytecode file holds them.
static void printModule(ModuleOp module, StringRef path, raw_ostream &os) {
  if (path.ends_with(".mlirbc")) {
    if (failed(writeBytecodeToFile(module, os)))
      emitError(module.getLoc()) << "cannot be written as bytecode";
    return;
  }
  module.print(os, OpPrintingFlags().enableDebugInfo(true, /*prettyForm=*/false));
  os << '\n';
}

LogicalResult dorefa::writeModule(ModuleOp module, StringRef path) {
  if (path == "-") {
    printModule(module, path, llvm::outs());
    return success();
  }
  llvm::Error error = llvm::writeToOutput(path, [&](raw_ostream &os) {
    printModule(module, path, os);
    return llvm::Error::success();
  });
  if (!error)
    return success();
  return emitError(FileLineColLoc::get(module.getContext(), path, 0, 0))
         << "cannot be written: " << llvm::toString(std::move(error));
}
