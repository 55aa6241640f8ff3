//===- TestPhilox.cpp - Print random words --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/DoReFa/Arithmetic.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/Format.h"

using namespace mlir;

namespace {
/// Prints the four words of each array attribute of the module: a counter of
/// four words and a key of two.
struct TestPhiloxPass : PassWrapper<TestPhiloxPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestPhiloxPass)

  StringRef getArgument() const final { return "test-dorefa-philox"; }
  StringRef getDescription() const final {
    return "Print the Philox4x32-10 words of counters and keys";
  }

  void runOnOperation() override {
    for (NamedAttribute attr : getOperation()->getDiscardableAttrs()) {
      auto words = dyn_cast<DenseI32ArrayAttr>(attr.getValue());
      if (!words || words.size() != 6) {
        getOperation().emitError("counter and key must be six words of i32");
        return signalPassFailure();
      }
      std::array<uint32_t, 6> in;
      llvm::copy(words.asArrayRef(), in.begin());
      llvm::outs() << attr.getName().getValue() << ":";
      for (uint32_t word :
           dorefa::philox({in[0], in[1], in[2], in[3]}, {in[4], in[5]}))
        llvm::outs() << llvm::format(" %08x", word);
      llvm::outs() << '\n';
    }
  }
};
} // namespace

namespace mlir::dorefa::test {
void registerTestPhiloxPass() { PassRegistration<TestPhiloxPass>(); }
} // namespace mlir::dorefa::test
