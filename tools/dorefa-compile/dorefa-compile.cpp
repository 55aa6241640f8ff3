//===- dorefa-compile.cpp - Compile a network into a shared object --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompileOptions.h"
#include "dorefa/InitAll.h"
#include "dorefa/Pipelines/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

using namespace mlir;
using namespace mlir::dorefa;

int main(int argc, char **argv) {
  std::optional<CompileOptions> options = parseCommandLine(argc, argv);
  if (!options)
    return 1;
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(context);
  return succeeded(compile(*options, context)) ? 0 : 1;
}
