//===- Machine.cpp - State of a BPA machine -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

#include <algorithm>
#include <cstring>

using namespace mlir::bpa;

//===----------------------------------------------------------------------===//
// Memories
//===----------------------------------------------------------------------===//

LaneMemory::LaneMemory(uint64_t numBytes)
    : numBytes(numBytes), bytes(numBytes + 16) {}

static uint64_t getMask(unsigned count) {
  return count >= 64 ? ~uint64_t(0) : (uint64_t(1) << count) - 1;
}

uint64_t LaneMemory::read(uint64_t lane, unsigned count) const {
  const uint8_t *start = &bytes[lane / 8];
  unsigned shift = lane % 8;
  uint64_t value = readBytes<8>(start) >> shift;
  if (shift != 0)
    value |= uint64_t(start[8]) << (64 - shift);
  return value & getMask(count);
}

void LaneMemory::write(uint64_t lane, unsigned count, uint64_t value) {
  value &= getMask(count);
  for (unsigned done = 0; done < count;) {
    unsigned shift = (lane + done) % 8;
    unsigned part = std::min(8 - shift, count - done);
    uint8_t &byte = bytes[(lane + done) / 8];
    byte &= ~(getMask(part) << shift);
    byte |= ((value >> done) & getMask(part)) << shift;
    done += part;
  }
}

Machine::Machine(const Configuration &configuration,
                 dorefa::runtime::Buffer dram)
    : configuration(configuration), dram(std::move(dram)),
      tbuf(configuration.tbufEntries * instructionBytes),
      fmap(uint64_t(configuration.fmapWords) * configuration.lanes / 8),
      wbuf(uint64_t(configuration.wbufWords) * configuration.columns *
           configuration.lanes / 8),
      abuf(configuration.rows, std::vector<uint64_t>(configuration.abufWords)),
      sums(configuration.rows * configuration.columns),
      rowSums(configuration.rows) {}

void Machine::start(uint64_t stepLimit) {
  input = ConfigureInput();
  window = ConfigureWindow();
  extent = ConfigureExtent();
  pool = ConfigurePool();
  planes = ConfigurePlanes();
  result = ConfigureResult();
  kept = false;
  stepsLeft = stepLimit;
}

Outcome Machine::spend(uint64_t count) {
  if (count > stepsLeft)
    return Stop{StopReason::Watchdog, "the step limit is reached"};
  stepsLeft -= count;
  return std::nullopt;
}

void mlir::bpa::configure(Machine &machine, const Instruction &instruction) {
  switch (instruction.op) {
  case Op::ConfigureInput:
    machine.input = ConfigureInput(instruction);
    break;
  case Op::ConfigureWindow:
    machine.window = ConfigureWindow(instruction);
    break;
  case Op::ConfigureExtent:
    machine.extent = ConfigureExtent(instruction);
    break;
  case Op::ConfigurePool:
    machine.pool = ConfigurePool(instruction);
    break;
  case Op::ConfigurePlanes:
    machine.planes = ConfigurePlanes(instruction);
    break;
  case Op::ConfigureResult:
    machine.result = ConfigureResult(instruction);
    break;
  default:
    break;
  }
}

//===----------------------------------------------------------------------===//
// Transfers
//===----------------------------------------------------------------------===//

/// The bytes of the memory that an `ld` writes.
static uint8_t *getBytes(Machine &machine, int64_t space) {
  switch (static_cast<LoadSpace>(space)) {
  case LoadSpace::Fmap:
    return machine.fmap.data();
  case LoadSpace::Wbuf:
    return machine.wbuf.data();
  case LoadSpace::Tbuf:
    return machine.tbuf.data();
  }
  return nullptr;
}

Outcome mlir::bpa::execute(Machine &machine, const Load &load) {
  uint8_t *target = getBytes(machine, load.space);
  for (int64_t j = 0; j < load.ny; ++j) {
    if (Outcome stop = machine.spend(load.nx))
      return stop;
    std::memcpy(
        target + (load.sram + j * load.sstride) * instructionBytes,
        &machine.getDram()[(load.dram + j * load.dstride) * instructionBytes],
        load.nx * instructionBytes);
  }
  return std::nullopt;
}

Outcome mlir::bpa::execute(Machine &machine, const Store &store) {
  const uint8_t *source = machine.fmap.data();
  for (int64_t j = 0; j < store.ny; ++j) {
    if (Outcome stop = machine.spend(store.nx))
      return stop;
    std::memcpy(
        &machine.getDram()[(store.dram + j * store.dstride) * instructionBytes],
        source + (store.sram + j * store.sstride) * instructionBytes,
        store.nx * instructionBytes);
  }
  return std::nullopt;
}
