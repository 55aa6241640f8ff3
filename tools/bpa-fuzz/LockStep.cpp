//===- LockStep.cpp - Random programs on the hardware ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Random.h"
#include "dorefa/Target/BPA/Device.h"

#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace llvm;
using namespace mlir::bpa;

static uint32_t readRegister(bpa_device *device, ControlRegister offset) {
  uint32_t value = 0;
  bpa_read_register(device, static_cast<uint32_t>(offset), &value);
  return value;
}

/// Why a program stops, on the functional simulator.
static StopReason findStop(const Program &program, bool checkOrder) {
  constexpr uint64_t stepLimit = 200000;
  auto device = openDevice(program, "func");
  if (!device) {
    consumeError(device.takeError());
    return StopReason::Watchdog;
  }
  bpa_run_options options = {};
  options.step_limit = stepLimit;
  options.check_order = checkOrder;
  consumeError(run(program, *device, options));
  return static_cast<StopReason>(
      readRegister(device->get(), ControlRegister::ErrorCode));
}

/// Whether the program ends, with the same results whatever the timing.
static bool isInOrder(const Program &program) {
  return findStop(program, /*checkOrder=*/true) == StopReason::None;
}

/// Whether the hardware can be compared: an error stops it, or it is in order.
static bool isDecided(const Program &program) {
  StopReason reason = findStop(program, /*checkOrder=*/false);
  if (reason == StopReason::None)
    return isInOrder(program);
  return reason != StopReason::Deadlock && reason != StopReason::Watchdog;
}

/// Of 8 programs, 5 run to their end and 3 need not.
static Program drawAny(Generator &generator, uint64_t i) {
  constexpr uint64_t kinds = 8;
  switch (i % kinds) {
  case 0:
    return drawEncodings(generator, 12);
  case 1:
  case 2:
    while (true)
      if (Program program = drawFaulty(generator); isDecided(program))
        return program;
  default:
    while (true) {
      Program program =
          i % kinds == 3 ? drawProgram(generator) : drawWork(generator);
      if (isInOrder(program))
        return program;
    }
  }
}

bool mlir::bpa::checkLockStep(Generator &generator, uint64_t count) {
  constexpr unsigned numReasons = static_cast<unsigned>(StopReason::Race) + 1;
  uint64_t cycles = 0, instructions[numOps] = {}, ends[numReasons] = {};
  auto start = std::chrono::steady_clock::now();
  for (uint64_t i = 0; i < count; ++i) {
    Program program = drawAny(generator, i);
    auto device = openDevice(program, "rtl");
    if (!device) {
      errs() << "error: " << toString(device.takeError()) << '\n';
      return false;
    }
    bpa_run_options options = {};
    options.dram_latency = drawInteger(generator, 1, 100);
    options.dram_seed = i % 2 * drawInteger(generator, 1, 1000000);
    uint64_t text = program.getAddress(SectionKind::Text) / instructionBytes;
    // Behind a text without `halt` there may be words that do not decode.
    bool halts = !program.text.empty() && program.text.back().op == Op::Halt;
    uint64_t length = program.text.size() + (halts ? 0 : drawInteger(generator, 0, 1));
    length = std::min<uint64_t>(
        length, (program.getAddress(SectionKind::Bss) + program.bssSize) / instructionBytes - text);
    if (bpa_run(device->get(), text, length, &options) == BPA_ERROR_DIVERGED) {
      errs() << "error: program " << i << " with --dram-latency="
             << options.dram_latency << " --dram-seed=" << options.dram_seed
             << ": " << bpa_get_message(device->get()) << '\n';
      printAssembly(program, outs());
      return false;
    }
    cycles += readRegister(device->get(), ControlRegister::CounterLow);
    ++ends[readRegister(device->get(), ControlRegister::ErrorCode)];
    for (const Instruction &instruction : program.text)
      ++instructions[static_cast<unsigned>(instruction.op)];
  }
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  outs() << count << " programs, " << cycles
         << " cycles: the hardware and the simulators agree on all\n"
         << ends[0] << " halt";
  for (unsigned i = 1; i < numReasons; ++i)
    if (ends[i] != 0)
      outs() << "; " << ends[i] << ' ' << getText(static_cast<StopReason>(i));
  outs() << '\n';
  for (unsigned op = 0; op < numOps; ++op)
    outs() << (op == 0 ? "" : ", ") << instructions[op] << ' '
           << getInfo(static_cast<Op>(op)).mnemonic;
  outs() << '\n';
  errs() << static_cast<uint64_t>(time.count()) << " s\n";
  return true;
}
