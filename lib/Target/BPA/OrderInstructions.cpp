//===- OrderInstructions.cpp - Dispatch loads early -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Emit.h"
#include "dorefa/Target/BPA/Passes.h"
#include "dorefa/Target/BPA/Tokens.h"

namespace mlir::bpa {
#define GEN_PASS_DEF_BPAORDERINSTRUCTIONSPASS
#include "dorefa/Target/BPA/Passes.h.inc"
} // namespace mlir::bpa

using namespace mlir;
using namespace mlir::bpa;

static void order(RoutineOp routine, const Program &program) {
  RoutineRange range = getRange(program, routine.getSymName());
  auto first = program.text.begin() + range.first;
  std::vector<Instruction> text(first, first + range.length);
  SmallVector<Operation *> ops = llvm::map_to_vector(
      routine.getBody().front(), [](Operation &op) { return &op; });
  for (size_t index : orderInstructions(*program.configuration, text))
    ops[index]->moveBefore(&routine.getBody().front(),
                           routine.getBody().front().end());
}

namespace {

struct BPAOrderInstructions
    : bpa::impl::BPAOrderInstructionsPassBase<BPAOrderInstructions> {
  void runOnOperation() override {
    for (auto op : getOperation().getOps<ProgramOp>()) {
      FailureOr<Program> program = translateProgram(op);
      // Only programs that end have a time at which something is issued.
      if (failed(program) || failed(verifyProgram(op, *program)))
        return signalPassFailure();
      for (auto routine : op.getBody().getOps<RoutineOp>())
        order(routine, *program);
    }
  }
};

} // namespace
