//===- Emit.cpp - From the bpa dialect to programs ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Emit.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::bpa;

/// Where symbols start: a multiple of bytes, so that transfers are whole bursts.
static constexpr uint64_t symbolAlignment = 64;

/// Places constants and space. The text is as long as it will be.
static void placeSymbols(ProgramOp op, Program &program) {
  for (Operation &symbol : op.getBody().front()) {
    if (auto data = dyn_cast<DataOp>(symbol)) {
      program.data.resize(llvm::alignTo(program.data.size(), symbolAlignment));
      program.symbols.push_back({data.getSymName().str(), SectionKind::Data,
                                 program.data.size()});
      std::vector<uint8_t> bytes =
          dorefa::readElements<uint8_t>(data.getValue());
      program.data.insert(program.data.end(), bytes.begin(), bytes.end());
    } else if (auto space = dyn_cast<SpaceOp>(symbol)) {
      program.bssSize = llvm::alignTo(program.bssSize, symbolAlignment);
      program.symbols.push_back(
          {space.getSymName().str(), SectionKind::Bss, program.bssSize});
      program.bssSize += space.getBytes();
    }
  }
}

/// Adds to the address of each instruction that of the symbol it counts from.
static LogicalResult resolve(Operation &op, Instruction &instruction,
                             const Program &program) {
  FlatSymbolRefAttr name = getSymbol(&op);
  if (!name)
    return success();
  const Symbol *symbol = program.findSymbol(name.getValue());
  std::optional<unsigned> field = getAddressField(instruction.op);
  if (!symbol || !field)
    return op.emitOpError() << "counts from " << name
                            << ", which is no data or space of the program";
  instruction.values[*field] += program.getAddress(*symbol) / instructionBytes;
  return success();
}

FailureOr<Program> bpa::translateProgram(ProgramOp op) {
  Program program;
  program.configuration = &op.getMachine();
  SmallVector<Operation *> instructions;
  for (auto routine : op.getBody().getOps<RoutineOp>()) {
    program.symbols.push_back({routine.getSymName().str(), SectionKind::Text,
                               instructions.size() * instructionBytes});
    for (Operation &one : routine.getBody().front())
      instructions.push_back(&one);
  }
  for (Operation *one : instructions)
    program.text.push_back(*readInstruction(one));
  placeSymbols(op, program);
  program.sortSymbols();
  for (auto [one, instruction] : llvm::zip_equal(instructions, program.text))
    if (failed(resolve(*one, instruction, program)))
      return failure();
  if (program.getAddress(SectionKind::Bss) + program.bssSize > maxDram)
    return op.emitOpError("is larger than the memory of the accelerator");
  return program;
}

RoutineRange bpa::getRange(const Program &program, StringRef routine) {
  return llvm::cantFail(findRoutine(program, routine));
}

LogicalResult bpa::verifyProgram(ProgramOp op, const Program &program) {
  auto device = openDevice(program, "func");
  if (!device)
    return op.emitOpError() << llvm::toString(device.takeError());
  bpa_run_options options = {};
  options.check_order = 1;
  for (auto routine : op.getBody().getOps<RoutineOp>()) {
    RoutineRange range = getRange(program, routine.getSymName());
    if (bpa_run(device->get(), range.first, range.length, &options) != BPA_OK)
      return routine.emitOpError() << bpa_get_message(device->get());
  }
  return success();
}
