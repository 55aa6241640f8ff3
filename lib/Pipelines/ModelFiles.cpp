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
#include "llvm/Support/FileSystem.h"
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

/// Calls `write` with the stream of `path`: a temporary file beside it that takes its
/// place when it is whole, or the device or pipe that `path` already is.
static llvm::Error writeTo(StringRef path,
                           function_ref<llvm::Error(raw_ostream &)> write) {
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(path, status) ||
      llvm::sys::fs::is_regular_file(status))
    return llvm::writeToOutput(path, write);
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return llvm::errorCodeToError(error);
  return write(os);
}

LogicalResult dorefa::writeFile(MLIRContext &context, StringRef path,
                                function_ref<LogicalResult(raw_ostream &)> write) {
  LogicalResult written = success();
  llvm::Error error = writeTo(path, [&](raw_ostream &os) -> llvm::Error {
    written = write(os);
    if (failed(written))
      return llvm::createStringError("its contents could not be made");
    return llvm::Error::success();
  });
  if (!error)
    return success();
  return emitError(FileLineColLoc::get(&context, path, 0, 0))
         << "cannot be written: " << llvm::toString(std::move(error));
}

LogicalResult dorefa::writeModule(ModuleOp module, StringRef path) {
  return writeFile(*module.getContext(), path, [&](raw_ostream &os) {
    if (path.ends_with(".mlirbc"))
      return writeBytecodeToFile(module, os);
    module.print(os,
                 OpPrintingFlags().enableDebugInfo(true, /*prettyForm=*/false));
    os << '\n';
    return success();
  });
}
