//===- LockStep.cpp - The hardware beside the simulators ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LockStep.h"
#include "dorefa-c/BPA.h"

#include <algorithm>
#include <cstring>

using namespace mlir::bpa;
using mlir::dorefa::runtime::Buffer;

std::unique_ptr<LockStep> LockStep::open(Machine &machine, int32_t &status) {
  status = BPA_ERROR_ARGUMENT;
  std::unique_ptr<Hardware> hardware = openHardware(machine.configuration.name);
  if (!hardware)
    return nullptr;
  status = BPA_ERROR_MEMORY;
  auto dram = Buffer::allocate(machine.getDramBytes());
  if (!dram)
    return nullptr;
  std::memcpy(dram->data(), machine.getDram(), machine.getDramBytes());
  status = BPA_OK;
  return std::unique_ptr<LockStep>(
      new LockStep(machine, std::move(hardware), std::move(*dram)));
}

void LockStep::prepare() {
  fmap = machine.fmap;
  wbuf = machine.wbuf;
  tbuf = machine.tbuf;
  abuf = machine.abuf;
  overflow = machine.overflow;
}

//===----------------------------------------------------------------------===//
// Programs that stop
//===----------------------------------------------------------------------===//

/// The instructions up to a `halt`, or to what does not decode.
static std::vector<Instruction> readText(const uint8_t *dram, const ProgramRun &run) {
  std::vector<Instruction> text;
  const uint8_t *bytes = dram + run.program * uint64_t(instructionBytes);
  for (uint32_t i = 0; i < run.length; ++i) {
    auto instruction = decode(Encoding::read(bytes + i * uint64_t(instructionBytes)));
    if (!instruction)
      break;
    text.push_back(*instruction);
    if (instruction->op == Op::Halt)
      break;
  }
  return text;
}

static std::string describe(const TimedStop &stop) {
  std::string where =
      stop.engine == RunResult::frontEnd
          ? "the front end"
          : std::string("engine ") + getName(static_cast<Engine>(stop.engine));
  return "instruction " + std::to_string(stop.pc) + " on " + where + ": " +
         getText(stop.reason);
}

bool LockStep::findStop(const ProgramRun &run, SimulatedRun &simulated) {
  // What takes longer would be given up.
  constexpr uint64_t mostCycles = 1000000;
  simulated.text = readText(getDram(), run);
  machine.start(run.stepLimit);
  simulated.timing =
      measureStop(machine, simulated.text, run.length, run.latencies, mostCycles);
  const TimedStop &stop = simulated.timing.stop;
  if (stop.reason == StopReason::Deadlock || stop.reason == StopReason::Watchdog)
    return false;
  RunResult &result = simulated.result;
  if (stop.reason != result.reason || stop.pc != result.pc ||
      stop.engine != result.engine)
    result.message = stop.reason == StopReason::None ? "" : describe(stop);
  result.reason = stop.reason;
  result.pc = stop.pc;
  result.engine = stop.engine;
  if (stop.reason == StopReason::None)
    result.haltCode = Halt(simulated.text.back()).code;
  return true;
}

Replay LockStep::replay(const ProgramRun &run, const Timing &timing) {
  std::memcpy(machine.getDram(), getDram(), machine.getDramBytes());
  machine.fmap = fmap;
  machine.wbuf = wbuf;
  machine.tbuf = tbuf;
  machine.abuf = abuf;
  machine.overflow = overflow;
  // An erroneous instruction may say that it accesses anything, as often as it likes.
  constexpr uint64_t mostSteps = 1 << 24;
  machine.start(std::min(run.stepLimit, mostSteps));
  FunctionalSimulator simulator(machine, run.program, run.length, /*seed=*/0,
                                /*checkOrder=*/true);
  return simulator.replay({timing.numIssued, timing.incomplete});
}

//===----------------------------------------------------------------------===//
// Differences
//===----------------------------------------------------------------------===//

std::string LockStep::compareRegisters(const SimulatedRun &simulated, bool hasOpen) {
  auto read = [&](ControlRegister offset) {
    return hardware->readRegister(static_cast<uint32_t>(offset));
  };
  const RunResult &result = simulated.result;
  constexpr uint32_t halted = 2, stopped = 3, raised = 1;
  uint64_t hash = machine.configuration.hash;
  const std::pair<ControlRegister, uint32_t> registers[] = {
      {ControlRegister::HashLow, static_cast<uint32_t>(hash)},
      {ControlRegister::HashHigh, static_cast<uint32_t>(hash >> 32)},
      {ControlRegister::Status,
       result.reason == StopReason::None ? halted : stopped},
      {ControlRegister::Interrupt, raised},
      {ControlRegister::HaltCode, result.haltCode},
      {ControlRegister::ErrorCode, static_cast<uint32_t>(result.reason)},
      {ControlRegister::ErrorPc, result.pc},
      {ControlRegister::ErrorEngine, result.engine},
      {ControlRegister::Overflow, machine.overflow}};
  for (auto [offset, expected] : registers) {
    // Integers of what did not complete may have overflown.
    if (offset == ControlRegister::Overflow && hasOpen)
      continue;
    if (uint32_t value = read(offset); value != expected)
      return "register " + std::to_string(static_cast<uint32_t>(offset)) + " is " +
             std::to_string(value) + " but must be " + std::to_string(expected);
  }
  for (uint32_t i = 0; i < 16 * (numEngines + 1); ++i) {
    hardware->writeRegister(static_cast<uint32_t>(ControlRegister::CounterSelect), i);
    uint32_t expected = getCounter(simulated.timing, i);
    if (uint32_t value = read(ControlRegister::CounterLow); value != expected)
      return "counter " + std::to_string(i) + " is " + std::to_string(value) +
             " but must be " + std::to_string(expected);
  }
  return "";
}

std::string LockStep::compareDram(const Replay &replay) {
  uint8_t *bytes = machine.getDram(), *others = getDram();
  int64_t size = machine.getDramBytes();
  // What was being written holds anything: the chip's bytes.
  for (const Access &access : replay.open) {
    // It may be what an `st` wanted to write below 0.
    auto beat = static_cast<int64_t>(access.first), count = static_cast<int64_t>(access.count);
    constexpr int64_t beatBytes = instructionBytes;
    int64_t first = std::clamp<int64_t>(beat * beatBytes, 0, size);
    int64_t end = std::clamp<int64_t>((beat + count) * beatBytes, 0, size);
    std::memcpy(bytes + first, others + first, end - first);
  }
  for (int64_t i = 0; i < size; ++i)
    if (bytes[i] != others[i])
      return "byte " + std::to_string(i) + " of DRAM is " + std::to_string(others[i]) +
             " but must be " + std::to_string(bytes[i]);
  return "";
}

std::string LockStep::run(const ProgramRun &run, SimulatedRun &simulated) {
  StopReason reason = simulated.result.reason;
  bool stops = reason != StopReason::None;
  // The chip waits for ever, or goes on, where the simulators give up.
  if (reason == StopReason::Deadlock || reason == StopReason::Watchdog ||
      reason == StopReason::Race || (stops && !findStop(run, simulated)))
    return "";
  Replay replayed;
  if (stops)
    replayed = replay(run, simulated.timing);
  // When an instruction is overwritten, and fetched, depends on the timing.
  if (replayed.overwritesProgram)
    return "";
  HardwareTrace trace;
  constexpr uint64_t someCycles = 10000;
  bool ended = hardware->run({run.program, run.length, getDram(),
                              static_cast<uint64_t>(machine.getDramBytes()),
                              run.latencies, simulated.timing.cycles + someCycles},
                             trace);
  std::string difference =
      findDivergence(simulated.text, simulated.timing, trace, !stops);
  if (difference.empty() && !ended)
    difference = "the hardware does not halt";
  if (difference.empty())
    difference = compareRegisters(simulated, !replayed.open.empty());
  if (difference.empty() && replayed.isOrdered)
    difference = compareDram(replayed);
  return difference;
}
