//===- CAPI.cpp - The C interface of BPA machines -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionalSimulator.h"
#include "Timing.h"
#include "dorefa-c/BPA.h"

#include <cstdio>
#include <cstring>
#include <new>

using namespace mlir::bpa;
using mlir::dorefa::runtime::Buffer;

struct bpa_device {
  bpa_device(const Configuration &configuration, Buffer dram, bool hasTime)
      : machine(configuration, std::move(dram)), hasTime(hasTime) {}

  Machine machine;
  uint32_t program = 0, length = 0;
  bool hasRun = false;
  RunResult result;
  /// Of kind "cycle": what the last run took, and its instructions.
  bool hasTime;
  Timing timing;
  std::vector<Instruction> text;
  uint32_t counter = 0;
};

/// Whether `size` bytes from `address` on lie in the device's DRAM.
static bool isInside(const bpa_device *device, uint64_t address,
                     uint64_t size) {
  uint64_t bytes = device->machine.getDramBytes();
  return address <= bytes && size <= bytes - address;
}

int32_t bpa_open(const char *kind, const char *configuration,
                 uint64_t dram_bytes, bpa_device **device) {
  // An instruction reaches 2^32 beats.
  constexpr uint64_t maxDram = uint64_t(1) << 36;
  if (!kind || !configuration || !device || dram_bytes > maxDram)
    return BPA_ERROR_ARGUMENT;
  bool hasTime = std::strcmp(kind, "cycle") == 0;
  if (!hasTime && std::strcmp(kind, "func") != 0)
    return BPA_ERROR_ARGUMENT;
  const Configuration *found = findConfiguration(configuration);
  if (!found)
    return BPA_ERROR_ARGUMENT;
  auto dram = Buffer::allocate((dram_bytes + instructionBytes - 1) /
                               instructionBytes * instructionBytes);
  if (!dram)
    return BPA_ERROR_MEMORY;
  *device = new (std::nothrow) bpa_device(*found, std::move(*dram), hasTime);
  return *device ? BPA_OK : BPA_ERROR_MEMORY;
}

void bpa_close(bpa_device *device) { delete device; }

int32_t bpa_write(bpa_device *device, uint64_t address, const void *bytes,
                  uint64_t size) {
  if (!device || (!bytes && size != 0) || !isInside(device, address, size))
    return BPA_ERROR_ARGUMENT;
  if (size != 0)
    std::memcpy(device->machine.getDram() + address, bytes, size);
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

/// The instructions up to the first `halt`; they were executed before.
static std::vector<Instruction> readText(bpa_device *device) {
  std::vector<Instruction> text;
  const uint8_t *bytes =
      device->machine.getDram() + device->program * uint64_t(instructionBytes);
  for (uint32_t i = 0; i < device->length; ++i) {
    auto instruction = decode(Encoding::read(bytes + i * instructionBytes));
    if (!instruction)
      break;
    text.push_back(*instruction);
    if (instruction->op == Op::Halt)
      break;
  }
  return text;
}

int32_t bpa_run(bpa_device *device, uint32_t program, uint32_t length,
                const bpa_run_options *options) {
  if (!device || !isInside(device, program * uint64_t(instructionBytes),
                           length * uint64_t(instructionBytes)))
    return BPA_ERROR_ARGUMENT;
  constexpr uint64_t defaultLimit = uint64_t(1) << 40;
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
  device->timing = Timing();
  if (device->hasTime && device->result.reason == StopReason::None) {
    device->text = readText(device);
    Latencies latencies = {given.dram_latency != 0 ? given.dram_latency
                                                   : defaultLatency,
                           given.dram_seed};
    device->timing = measure(device->machine.configuration, device->text,
                             length, latencies);
  }
  return device->result.reason == StopReason::None ? BPA_OK : BPA_ERROR_STOPPED;
}

/// The counter that `counter_select` chose; section 6 of the manual.
static uint64_t getCounter(const bpa_device *device) {
  const Timing &timing = device->timing;
  constexpr uint32_t engineCounters = 16;
  uint32_t engine = device->counter / engineCounters,
           index = device->counter % engineCounters;
  if (engine == 0) {
    const uint64_t counters[] = {timing.cycles, timing.steps, timing.ceiling};
    return index < 3 ? counters[index] : 0;
  }
  if (engine > numEngines)
    return 0;
  const EngineCycles &cycles = timing.engines[engine - 1];
  if (index < numEngines)
    return cycles.waitToken[index];
  const uint64_t counters[] = {cycles.busy, cycles.empty};
  return index - numEngines < 2 ? counters[index - numEngines] : 0;
}

int32_t bpa_write_register(bpa_device *device, uint32_t offset,
                           uint32_t value) {
  if (!device || static_cast<ControlRegister>(offset) !=
                     ControlRegister::CounterSelect)
    return BPA_ERROR_ARGUMENT;
  device->counter = value;
  return BPA_OK;
}

int32_t bpa_write_trace(const bpa_device *device, const char *path) {
  std::FILE *file = device && path && device->hasTime ? std::fopen(path, "w")
                                                      : nullptr;
  if (!file)
    return BPA_ERROR_ARGUMENT;
  std::fputs("[", file);
  for (unsigned i = 0; i < numEngines; ++i)
    std::fprintf(file,
                 "{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":0,"
                 "\"tid\":%u,\"args\":{\"name\":\"%s\"}},\n",
                 i, getName(static_cast<Engine>(i)));
  for (size_t i = 0; i < device->timing.instructions.size(); ++i) {
    const InstructionCycles &cycles = device->timing.instructions[i];
    std::optional<Engine> engine = device->text[i].getEngine();
    if (!engine)
      continue;
    std::fprintf(file,
                 "{\"name\":\"%s\",\"ph\":\"X\",\"pid\":0,\"tid\":%u,"
                 "\"ts\":%llu,\"dur\":%llu,\"args\":{\"pc\":%zu}},\n",
                 device->text[i].getInfo().mnemonic,
                 static_cast<unsigned>(*engine),
                 static_cast<unsigned long long>(cycles.issued),
                 static_cast<unsigned long long>(cycles.completed -
                                                 cycles.issued + 1),
                 i);
  }
  std::fputs("{\"name\":\"end\",\"ph\":\"M\",\"pid\":0}]\n", file);
  return std::fclose(file) == 0 ? BPA_OK : BPA_ERROR_ARGUMENT;
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
    *value = getCounter(device);
    return BPA_OK;
  case ControlRegister::CounterHigh:
    *value = getCounter(device) >> 32;
    return BPA_OK;
  default:
    return BPA_ERROR_ARGUMENT;
  }
}

const char *bpa_get_message(const bpa_device *device) {
  return device ? device->result.message.c_str() : "";
}
