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

/// Whether the program ends, with the same results whatever the timing.
static bool isInOrder(const Program &program) {
  constexpr uint64_t stepLimit = 200000;
  auto device = openDevice(program, "func");
  if (!device) {
    consumeError(device.takeError());
    return false;
  }
  bpa_run_options options = {};
  options.step_limit = stepLimit;
  options.check_order = 1;
  llvm::Error error = run(program, *device, options);
  bool ends = !error;
  consumeError(std::move(error));
  return ends;
}

static uint64_t readCycles(bpa_device *device) {
  uint32_t cycles = 0;
  bpa_write_register(device,
                     static_cast<uint32_t>(ControlRegister::CounterSelect), 0);
  bpa_read_register(device, static_cast<uint32_t>(ControlRegister::CounterLow),
                    &cycles);
  return cycles;
}

/// A program that runs to its end, or sometimes one that need not.
static Program drawAny(Generator &generator, uint64_t i) {
  constexpr uint64_t kinds = 8;
  if (i % kinds == 0)
    return drawEncodings(generator, 12);
  while (true) {
    Program program =
        i % kinds < 3 ? drawProgram(generator) : drawWork(generator);
    if (isInOrder(program))
      return program;
  }
}

bool mlir::bpa::checkLockStep(Generator &generator, uint64_t count) {
  uint64_t cycles = 0, instructions[numOps] = {};
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
    if (bpa_run(device->get(), text, program.text.size(), &options) ==
        BPA_ERROR_DIVERGED) {
      errs() << "error: program " << i << " with --dram-latency="
             << options.dram_latency << " --dram-seed=" << options.dram_seed
             << ": " << bpa_get_message(device->get()) << '\n';
      printAssembly(program, outs());
      return false;
    }
    cycles += readCycles(device->get());
    for (const Instruction &instruction : program.text)
      ++instructions[static_cast<unsigned>(instruction.op)];
  }
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  outs() << count << " programs, " << cycles
         << " cycles: the hardware and the simulators agree on all\n";
  for (unsigned op = 0; op < numOps; ++op)
    outs() << (op == 0 ? "" : ", ") << instructions[op] << ' '
           << getInfo(static_cast<Op>(op)).mnemonic;
  outs() << '\n';
  errs() << static_cast<uint64_t>(time.count()) << " s\n";
  return true;
}
