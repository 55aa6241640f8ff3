//===- CAPI.cpp - The C interface of BPA machines -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionalSimulator.h"
#include "Hardware.h"
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
  /// The chip and its DRAM, which is the same as the machine's between runs.
  std::unique_ptr<Hardware> hardware;
  std::optional<Buffer> hardwareDram;
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
static int32_t connectHardware(bpa_device &device) {
  device.hardware = openHardware(device.machine.configuration.name);
  if (!device.hardware)
    return BPA_ERROR_ARGUMENT;
  uint64_t bytes = device.machine.getDramBytes();
  auto dram = Buffer::allocate(bytes);
  if (!dram)
    return BPA_ERROR_MEMORY;
  device.hardwareDram = std::move(*dram);
  std::memcpy(device.hardwareDram->data(), device.machine.getDram(), bytes);
  return BPA_OK;
}

int32_t bpa_open(const char *kind, const char *configuration,
                 uint64_t dram_bytes, bpa_device **device) {
  // An instruction reaches 2^32 beats.
  constexpr uint64_t maxDram = uint64_t(1) << 36;
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
    if (int32_t status = connectHardware(*result); status != BPA_OK)
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
  if (size != 0 && device->hardware)
    std::memcpy(static_cast<uint8_t *>(device->hardwareDram->data()) + address,
                bytes, size);
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

/// The first register, or byte of DRAM, in which the chip differs from the simulators;
/// empty where there is none.
static std::string findDifference(bpa_device &device) {
  auto differs = [&](ControlRegister offset, uint32_t expected) {
    return device.hardware->readRegister(static_cast<uint32_t>(offset)) != expected;
  };
  const RunResult &result = device.result;
  constexpr uint32_t halted = 2, stopped = 3, raised = 1;
  uint64_t hash = device.machine.configuration.hash;
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
      {ControlRegister::Overflow, device.machine.overflow}};
  for (auto [offset, expected] : registers)
    if (differs(offset, expected))
      return "register " + std::to_string(static_cast<uint32_t>(offset)) +
             " differs";
  if (result.reason != StopReason::None)
    return "";
  for (uint32_t i = 0; i < 16 * (numEngines + 1); ++i) {
    device.hardware->writeRegister(
        static_cast<uint32_t>(ControlRegister::CounterSelect), i);
    if (differs(ControlRegister::CounterLow, getCounter(device.timing, i)))
      return "counter " + std::to_string(i) + " differs";
  }
  const uint8_t *bytes = device.machine.getDram();
  const auto *other = static_cast<const uint8_t *>(device.hardwareDram->data());
  for (int64_t i = 0; i < device.machine.getDramBytes(); ++i)
    if (bytes[i] != other[i])
      return "byte " + std::to_string(i) + " of DRAM is " +
             std::to_string(other[i]) + " but must be " +
             std::to_string(bytes[i]);
  return "";
}

/// Runs on the chip what ran on the simulators, and compares.
static void runHardware(bpa_device &device, const Latencies &latencies) {
  RunResult &result = device.result;
  device.diverged = false;
  // The chip does not look for what stops engines.
  if (result.reason != StopReason::None && result.reason != StopReason::Illegal &&
      result.reason != StopReason::End)
    return;
  bool ends = result.reason == StopReason::None;
  // Of programs that stop, engines may do anything before, as long as they like.
  constexpr uint64_t someCycles = 10000, manyCycles = 1000000;
  HardwareTrace trace;
  bool ended = device.hardware->run(
      {device.program, device.length,
       static_cast<uint8_t *>(device.hardwareDram->data()),
       static_cast<uint64_t>(device.machine.getDramBytes()), latencies,
       ends ? device.timing.cycles + someCycles : manyCycles},
      trace);
  std::string difference =
      ends ? findDivergence(device.text, device.timing, trace) : "";
  if (difference.empty() && ended)
    difference = findDifference(device);
  if (difference.empty() && ends && !ended)
    difference = "the hardware does not halt";
  device.diverged = !difference.empty();
  if (device.diverged)
    result.message = difference;
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
  if (device->hardware &&
      (device->diverged || device->result.reason != StopReason::None)) {
    clearMemories(device->machine);
    if (int32_t status = connectHardware(*device); status != BPA_OK)
      return status;
  }
  bpa_run_options given = options ? *options : bpa_run_options{};
  device->machine.start(given.step_limit != 0 ? given.step_limit
                                              : defaultLimit);
  device->program = program;
  device->length = length;
  device->hasRun = true;
  device->result =
      FunctionalSimulator(device->machine, program, length, given.schedule_seed,
                          given.check_order != 0)
          .run();
  constexpr uint64_t defaultLatency = 64;
  Latencies latencies = {
      given.dram_latency != 0 ? given.dram_latency : defaultLatency,
      given.dram_seed};
  device->timing = Timing();
  if (device->kind != Kind::Functional &&
      device->result.reason == StopReason::None) {
    device->text = std::move(device->result.text);
    device->timing =
        measure(device->machine.configuration, device->text, length, latencies);
  }
  if (device->kind == Kind::Hardware)
    runHardware(*device, latencies);
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
  if (waves && (!device->hardware || !isWritable(waves)))
    return BPA_ERROR_ARGUMENT;
  bpa_stop_recording(device);
  device->runs.clear();
  device->isRecording = true;
  if (waves)
    device->hardware->startWaves(waves);
  return BPA_OK;
}

void bpa_stop_recording(bpa_device *device) {
  if (!device)
    return;
  device->isRecording = false;
  if (device->hardware)
    device->hardware->stopWaves();
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
