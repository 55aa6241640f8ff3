//===- InsertTokens.cpp - Order accesses of different engines -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Emit.h"
#include "dorefa/Target/BPA/Passes.h"
#include "dorefa/Target/BPA/Tokens.h"

namespace mlir::bpa {
#define GEN_PASS_DEF_BPAINSERTTOKENSPASS
#include "dorefa/Target/BPA/Passes.h.inc"
} // namespace mlir::bpa

using namespace mlir;
using namespace mlir::bpa;

static LogicalResult insertInto(RoutineOp routine, const Program &program) {
  RoutineRange range = getRange(program, routine.getSymName());
  auto first = program.text.begin() + range.first;
  std::vector<Instruction> text(first, first + range.length);
  if (dorefa::runtime::Error error = insertTokens(*program.configuration, text))
    return routine.emitOpError() << error.message();
  for (auto [op, instruction] :
       llvm::zip_equal(routine.getBody().front(), text))
    if (instruction.getInfo().hasTokens)
      setTokens(&op, instruction.wait, instruction.signal);
  return success();
}

namespace {

struct BPAInsertTokens
    : bpa::impl::BPAInsertTokensPassBase<BPAInsertTokens> {
  void runOnOperation() override {
    for (auto op : getOperation().getOps<ProgramOp>()) {
      FailureOr<Program> program = translateProgram(op);
      if (failed(program))
        return signalPassFailure();
      for (auto routine : op.getBody().getOps<RoutineOp>())
        if (failed(insertInto(routine, *program)))
          return signalPassFailure();
    }
  }
};

} // namespace
