//===- BPAOps.cpp - Run routines of the accelerator -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frame.h"
#include "dorefa/Target/BPA/Device.h"
#include "dorefa/Target/BPA/Emit.h"

using namespace mlir;
using namespace mlir::dorefa;
using namespace mlir::dorefa::interpreter;

/// A simulator without time that has loaded `program`.
static FailureOr<bpa::Device> load(bpa::LaunchOp op, bpa::ProgramOp program,
                                   const bpa::Program &code) {
  // Without tokens engines could do anything.
  if (failed(bpa::verifyProgram(program, code)))
    return failure();
  auto device = bpa::openDevice(code, "func");
  if (!device)
    return op.emitOpError() << llvm::toString(device.takeError());
  return std::move(*device);
}

static LogicalResult runLaunch(bpa::LaunchOp op, Frame &frame) {
  auto routine = SymbolTable::lookupNearestSymbolFrom<bpa::RoutineOp>(
      op, op.getRoutine());
  if (!routine)
    return op.emitOpError() << "there is no routine " << op.getRoutine();
  auto program = cast<bpa::ProgramOp>(routine->getParentOp());
  FailureOr<bpa::Program> code = bpa::translateProgram(program);
  if (failed(code))
    return failure();
  FailureOr<bpa::Device> device = load(op, program, *code);
  if (failed(device))
    return failure();
  int64_t batch = frame.shape(op.getOperand(0)).front();
  SmallVector<Tensor *> results;
  for (Value result : op.getResults()) {
    results.push_back(frame.allocate(result, resolveShape(result, batch)));
    if (!results.back())
      return failure();
  }
  auto samples = static_cast<int64_t>(routine.getSamples());
  if (batch % samples != 0)
    return op.emitOpError() << "the batch is " << batch << " but must be a multiple of "
                            << samples;
  auto getAddress = [&](Attribute name, int64_t part) {
    const bpa::Symbol *symbol =
        code->findSymbol(cast<FlatSymbolRefAttr>(name).getValue());
    return code->getAddress(*symbol) + part * routine.getPitch(name);
  };
  bpa::RoutineRange range = bpa::getRange(*code, routine.getSymName());
  for (int64_t sample = 0; sample < batch; ++sample) {
    int64_t part = sample % samples;
    for (auto [value, symbol] :
         llvm::zip_equal(op.getInputs(), routine.getInputs())) {
      ArrayRef<uint32_t> words = frame.read<uint32_t>(value);
      size_t size = words.size() / batch;
      bpa_write(device->get(), getAddress(symbol, part), &words[sample * size],
                size * sizeof(uint32_t));
    }
    if (part != samples - 1)
      continue;
    if (bpa_run(device->get(), range.first, range.length, nullptr) != BPA_OK)
      return op.emitOpError() << bpa_get_message(device->get());
    for (auto [tensor, symbol] : llvm::zip_equal(results, routine.getOutputs())) {
      size_t size = tensor->bytes.size() / batch;
      auto *bytes = static_cast<uint8_t *>(tensor->bytes.data()) +
                    (sample - part) * size;
      for (int64_t i = 0; i < samples; ++i)
        bpa_read(device->get(), getAddress(symbol, i), bytes + i * size, size);
    }
  }
  return success();
}

std::optional<LogicalResult> interpreter::runBPAOp(Operation *op, Frame &frame) {
  if (auto launch = dyn_cast<bpa::LaunchOp>(op))
    return runLaunch(launch, frame);
  return std::nullopt;
}
