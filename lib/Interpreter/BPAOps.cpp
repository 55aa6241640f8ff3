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

namespace {

/// A launch that is under way.
struct Launch {
  bpa::LaunchOp op;
  Frame &frame;
  const bpa::Program &code;
  bpa_device *device;
  int64_t batch;
  SmallVector<Tensor *> results;

  uint64_t getAddress(bpa::RoutineOp routine, Attribute name, int64_t part) const {
    const bpa::Symbol *symbol =
        code.findSymbol(cast<FlatSymbolRefAttr>(name).getValue());
    return code.getAddress(*symbol) + part * routine.getPitch(name);
  }
  LogicalResult run(bpa::RoutineOp routine, int64_t first);
};

} // namespace

/// Runs `routine` for its samples, from number `first` on.
LogicalResult Launch::run(bpa::RoutineOp routine, int64_t first) {
  auto samples = static_cast<int64_t>(routine.getSamples());
  for (auto [value, symbol] : llvm::zip_equal(op.getInputs(), routine.getInputs())) {
    ArrayRef<uint32_t> words = frame.read<uint32_t>(value);
    size_t size = words.size() / batch;
    for (int64_t i = 0; i < samples; ++i)
      bpa_write(device, getAddress(routine, symbol, i), &words[(first + i) * size],
                size * sizeof(uint32_t));
  }
  bpa::RoutineRange range = bpa::getRange(code, routine.getSymName());
  if (bpa_run(device, range.first, range.length, nullptr) != BPA_OK)
    return op.emitOpError() << bpa_get_message(device);
  for (auto [tensor, symbol] : llvm::zip_equal(results, routine.getOutputs())) {
    size_t size = tensor->bytes.size() / batch;
    auto *bytes = static_cast<uint8_t *>(tensor->bytes.data()) + first * size;
    for (int64_t i = 0; i < samples; ++i)
      bpa_read(device, getAddress(routine, symbol, i), bytes + i * size, size);
  }
  return success();
}

/// Runs `routine` as long as there are enough samples from `next` on.
static LogicalResult runAll(Launch &launch, bpa::RoutineOp routine, int64_t &next) {
  auto samples = static_cast<int64_t>(routine.getSamples());
  for (; next + samples <= launch.batch; next += samples)
    if (failed(launch.run(routine, next)))
      return failure();
  return success();
}

static LogicalResult runLaunch(bpa::LaunchOp op, Frame &frame) {
  auto find = [&](SymbolRefAttr name) {
    return SymbolTable::lookupNearestSymbolFrom<bpa::RoutineOp>(op, name);
  };
  bpa::RoutineOp routine = find(op.getRoutine()), groups;
  if (std::optional<SymbolRefAttr> name = op.getGroups())
    groups = find(*name);
  if (!routine || (op.getGroups() && !groups))
    return op.emitOpError() << "there is no routine "
                            << (routine ? *op.getGroups() : op.getRoutine());
  auto program = cast<bpa::ProgramOp>(routine->getParentOp());
  FailureOr<bpa::Program> code = bpa::translateProgram(program);
  if (failed(code))
    return failure();
  FailureOr<bpa::Device> device = load(op, program, *code);
  if (failed(device))
    return failure();
  Launch launch{op, frame, *code, device->get(), frame.shape(op.getOperand(0)).front(), {}};
  for (Value result : op.getResults()) {
    launch.results.push_back(frame.allocate(result, resolveShape(result, launch.batch)));
    if (!launch.results.back())
      return failure();
  }
  int64_t next = 0;
  if ((groups && failed(runAll(launch, groups, next))) ||
      failed(runAll(launch, routine, next)))
    return failure();
  if (next != launch.batch)
    return op.emitOpError() << "the batch is " << launch.batch
                            << " but must be a multiple of " << routine.getSamples();
  return success();
}

std::optional<LogicalResult> interpreter::runBPAOp(Operation *op, Frame &frame) {
  if (auto launch = dyn_cast<bpa::LaunchOp>(op))
    return runLaunch(launch, frame);
  return std::nullopt;
}
