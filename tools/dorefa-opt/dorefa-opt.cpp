//===- dorefa-opt.cpp - Run passes on MLIR files --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/InitAll.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

namespace mlir::dorefa::test {
void registerTestPasses();
} // namespace mlir::dorefa::test

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::dorefa::registerAllDialects(registry);
  mlir::dorefa::registerAllPasses();
  mlir::dorefa::test::registerTestPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv,
      "Runs passes on a network in MLIR form.\n"
      "Example: dorefa-opt net.mlir --dorefa-fuse-thresholds "
      "--convert-dorefa-to-bitplane\n",
      registry));
}
