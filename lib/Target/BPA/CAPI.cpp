//===- CAPI.cpp - The C interface of BPA machines -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LockStep.h"
#include "Recording.h"
#include "dorefa-c/BPA.h"
#include "dorefa/Runtime/File.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>

using namespace mlir::bpa;
using mlir::dorefa::runtime::Buffer;

namespace {

/// What runs programs besides the functional simulator, which always does.
enum class Kind { Functional, Cycle, Hardware };

} // namespace

struct bpa_device {
  bpa_device(const Configuration &configuration, Buffer dram, Kind kind)
      : machine(configuration, std::move(dram)), kind(kind) {}

  Machine machine;
  Kind kind;
  uint32_t program = 0, length = 0;
  bool hasRun = false;
  RunResult result;
  /// What the last run took, and its instructions.
  Timing timing;
  std::vector<Instruction> text;
  uint32_t counter = 0;
  std::unique_ptr<LockStep> chip;
  /// The chip did something else than the simulators; `result.message` says what.
  bool diverged = false;
  /// Runs since the recording began, and what bpa_get_counters made of them.
  bool isRecording = false;
  std::vector<RecordedRun> runs;
  std::string counters;
};

/// Whether `size` bytes from `address` on lie in the device's DRAM.
static bool isInside(const bpa_device *device, uint64_t address,
                     uint64_t size) {
  uint64_t bytes = device->machine.getDramBytes();
  return address <= bytes && size <= bytes - address;
}

/// Lets a machine that stopped, and the chip beside it, start again with memories of 0.
static void clearMemories(Machine &machine) {
  std::memset(machine.fmap.data(), 0, machine.fmap.getNumLanes() / 8);
  std::memset(machine.wbuf.data(), 0, machine.wbuf.getNumLanes() / 8);
  std::fill(machine.tbuf.begin(), machine.tbuf.end(), 0);
  for (std::vector<uint64_t> &bank : machine.abuf)
    std::fill(bank.begin(), bank.end(), 0);
  machine.overflow = false;
}

/// Gives a device a chip that is as new as its machine.
static int32_t connectChip(bpa_device &device) {
  int32_t status;
  device.chip = LockStep::open(device.machine, status);
  return status;
}

int32_t bpa_open(const char *kind, const char *configuration,
                 uint64_t dram_bytes, bpa_device **device) {
  // 2^32 - 2^23 beats; section 6 of the manual.
  constexpr uint64_t maxDram = (uint64_t(1) << 36) - (uint64_t(1) << 27);
  if (!kind || !configuration || !device || dram_bytes > maxDram)
    return BPA_ERROR_ARGUMENT;
  const std::pair<const char *, Kind> kinds[] = {{"func", Kind::Functional},
                                                 {"cycle", Kind::Cycle},
                                                 {"rtl", Kind::Hardware}};
  auto *found = std::find_if(std::begin(kinds), std::end(kinds), [&](auto &one) {
    return std::strcmp(one.first, kind) == 0;
  });
  const Configuration *machine = findConfiguration(configuration);
  if (found == std::end(kinds) || !machine)
    return BPA_ERROR_ARGUMENT;
  auto dram = Buffer::allocate((dram_bytes + instructionBytes - 1) /
                               instructionBytes * instructionBytes);
  if (!dram)
    return BPA_ERROR_MEMORY;
  std::unique_ptr<bpa_device> result(
      new (std::nothrow) bpa_device(*machine, std::move(*dram), found->second));
  if (!result)
    return BPA_ERROR_MEMORY;
  if (result->kind == Kind::Hardware)
    if (int32_t status = connectChip(*result); status != BPA_OK)
      return status;
  *device = result.release();
  return BPA_OK;
}

void bpa_close(bpa_device *device) { delete device; }

int32_t bpa_write(bpa_device *device, uint64_t address, const void *bytes,
                  uint64_t size) {
  if (!device || (!bytes && size != 0) || !isInside(device, address, size))
    return BPA_ERROR_ARGUMENT;
  if (size != 0)
    std::memcpy(device->machine.getDram() + address, bytes, size);
  if (size != 0 && device->chip)
    std::memcpy(device->chip->getDram() + address, bytes, size);
  return BPA_OK;
}

int32_t bpa_read(bpa_device *device, uint64_t address, void *bytes,
                 uint64_t size) {
  if (!device || (!bytes && size != 0) || !isInside(device, address, size))
    return BPA_ERROR_ARGUMENT;
  if (size != 0)
    std::memcpy(bytes, device->machine.getDram() + address, size);
  return BPA_OK;
}

/// Runs on the chip what ran on the simulators, and compares.
static void runHardware(bpa_device &device, const ProgramRun &run) {
  SimulatedRun simulated = {std::move(device.result), std::move(device.timing),
                            std::move(device.text)};
  std::string difference = device.chip->run(run, simulated);
  device.result = std::move(simulated.result);
  device.timing = std::move(simulated.timing);
  device.text = std::move(simulated.text);
  device.diverged = !difference.empty();
  if (device.diverged)
    device.result.message = difference;
}

static bool isWritable(const char *path) {
  std::FILE *file = std::fopen(path, "w");
  return file && std::fclose(file) == 0;
}

int32_t bpa_run(bpa_device *device, uint32_t program, uint32_t length,
                const bpa_run_options *options) {
  if (!device || !isInside(device, program * uint64_t(instructionBytes),
                           length * uint64_t(instructionBytes)))
    return BPA_ERROR_ARGUMENT;
  constexpr uint64_t defaultLimit = uint64_t(1) << 40, maxLatency = 1 << 20;
  if (options && options->dram_latency > maxLatency) {
    device->result.message = "DRAM must answer within 2^20 cycles";
    return BPA_ERROR_ARGUMENT;
  }
  if (device->chip &&
      (device->diverged || device->result.reason != StopReason::None)) {
    clearMemories(device->machine);
    if (int32_t status = connectChip(*device); status != BPA_OK)
      return status;
  }
  bpa_run_options given = options ? *options : bpa_run_options{};
  constexpr uint64_t defaultLatency = 64;
  ProgramRun run = {
      program, length, given.step_limit != 0 ? given.step_limit : defaultLimit,
      {given.dram_latency != 0 ? given.dram_latency : defaultLatency, given.dram_seed}};
  if (device->chip)
    device->chip->prepare();
  device->machine.start(run.stepLimit);
  device->program = program;
  device->length = length;
  device->hasRun = true;
  device->result =
      FunctionalSimulator(device->machine, program, length, given.schedule_seed,
                          given.check_order != 0)
          .run();
  device->text = std::move(device->result.text);
  device->timing = Timing();
  if (device->kind != Kind::Functional &&
      device->result.reason == StopReason::None)
    device->timing = measure(device->machine.configuration, device->text, length,
                             run.latencies);
  if (device->kind == Kind::Hardware)
    runHardware(*device, run);
  if (device->diverged)
    return BPA_ERROR_DIVERGED;
  if (device->result.reason != StopReason::None)
    return BPA_ERROR_STOPPED;
  if (device->isRecording)
    device->runs.push_back(
        {given.name ? given.name : "program", device->text, device->timing});
  return BPA_OK;
}

int32_t bpa_write_register(bpa_device *device, uint32_t offset,
                           uint32_t value) {
  if (!device || static_cast<ControlRegister>(offset) !=
                     ControlRegister::CounterSelect)
    return BPA_ERROR_ARGUMENT;
  device->counter = value;
  return BPA_OK;
}

int32_t bpa_start_recording(bpa_device *device, const char *waves) {
  if (!device || device->kind == Kind::Functional)
    return BPA_ERROR_ARGUMENT;
  if (waves && (!device->chip || !isWritable(waves)))
    return BPA_ERROR_ARGUMENT;
  bpa_stop_recording(device);
  device->runs.clear();
  device->isRecording = true;
  if (waves)
    device->chip->getHardware().startWaves(waves);
  return BPA_OK;
}

void bpa_stop_recording(bpa_device *device) {
  if (!device)
    return;
  device->isRecording = false;
  if (device->chip)
    device->chip->getHardware().stopWaves();
}

int32_t bpa_write_trace(const bpa_device *device, const char *path) {
  if (!device || !path)
    return BPA_ERROR_ARGUMENT;
  std::string text = formatTrace(device->runs);
  Error error = mlir::dorefa::runtime::writeFile(path, {{text.data(), text.size()}});
  return error ? BPA_ERROR_ARGUMENT : BPA_OK;
}

const char *bpa_get_counters(bpa_device *device) {
  if (!device)
    return "";
  device->counters = formatCounters(device->runs);
  return device->counters.c_str();
}

int32_t bpa_read_register(bpa_device *device, uint32_t offset,
                          uint32_t *value) {
  if (!device || !value)
    return BPA_ERROR_ARGUMENT;
  const RunResult &result = device->result;
  constexpr uint32_t id = 0x42504131, halted = 2, stopped = 3;
  bool failed = result.reason != StopReason::None;
  switch (static_cast<ControlRegister>(offset)) {
  case ControlRegister::Id:
    *value = id;
    return BPA_OK;
  case ControlRegister::HashLow:
    *value = device->machine.configuration.hash;
    return BPA_OK;
  case ControlRegister::HashHigh:
    *value = device->machine.configuration.hash >> 32;
    return BPA_OK;
  case ControlRegister::Status:
    *value = failed ? stopped : device->hasRun ? halted : 0;
    return BPA_OK;
  case ControlRegister::Program:
    *value = device->program;
    return BPA_OK;
  case ControlRegister::Length:
    *value = device->length;
    return BPA_OK;
  case ControlRegister::HaltCode:
    *value = result.haltCode;
    return BPA_OK;
  case ControlRegister::ErrorCode:
    *value = static_cast<uint32_t>(result.reason);
    return BPA_OK;
  case ControlRegister::ErrorPc:
    *value = result.pc;
    return BPA_OK;
  case ControlRegister::ErrorEngine:
    *value = result.engine;
    return BPA_OK;
  case ControlRegister::Overflow:
    *value = device->machine.overflow;
    return BPA_OK;
  case ControlRegister::CounterSelect:
    *value = device->counter;
    return BPA_OK;
  case ControlRegister::CounterLow:
    *value = getCounter(device->timing, device->counter);
    return BPA_OK;
  case ControlRegister::DramBeats:
    *value = device->machine.getDramBytes() / instructionBytes;
    return BPA_OK;
  case ControlRegister::CounterHigh:
    *value = getCounter(device->timing, device->counter) >> 32;
    return BPA_OK;
  default:
    return BPA_ERROR_ARGUMENT;
  }
}

const char *bpa_get_message(const bpa_device *device) {
  return device ? device->result.message.c_str() : "";
}
