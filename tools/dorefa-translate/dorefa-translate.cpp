//===- dorefa-translate.cpp - Translate model files to MLIR ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Import/Onnx.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;

int main(int argc, char **argv) {
  TranslateToMLIRRegistration importOnnx(
      "import-onnx", "Import an ONNX or QONNX file",
      [](llvm::SourceMgr &sources,
         MLIRContext *context) -> OwningOpRef<Operation *> {
        // The importer reads the file itself: external data lies beside it.
        unsigned main = sources.getMainFileID();
        StringRef path = sources.getMemoryBuffer(main)->getBufferIdentifier();
        return dorefa::importOnnx(path, *context);
      });
  return failed(mlirTranslateMain(
      argc, argv,
      "Translates model files to MLIR.\n"
      "Example: dorefa-translate --import-onnx model.onnx\n"));
}
