//===- TestPasses.cpp - Register the passes that tests run ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

namespace mlir::dorefa::test {
void registerTestBackwardPass();
void registerTestPhiloxPass();
void registerTestPasses();
} // namespace mlir::dorefa::test

void mlir::dorefa::test::registerTestPasses() {
  registerTestBackwardPass();
  registerTestPhiloxPass();
}
