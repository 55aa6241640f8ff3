//===- Programs.cpp - Verifies and runs random programs -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Random.h"
#include "dorefa/Target/BPA/Device.h"

#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::bpa;

/// Space for results, constants for inputs; all within reach of small fields.
static constexpr uint64_t dataBytes = 2048, bssBytes = 4096;

/// Sets a field to a small value that often suits the others.
static void drawField(Generator &generator, const FieldInfo &field,
                      int64_t &value) {
  StringRef name = field.name;
  if (name == "dram") {
    value = drawInteger(generator, 8, 200);
  } else if (name == "out" || name == "pixel" || name == "plane" ||
             name == "lanes") {
    value = 8 * drawInteger(generator, 1, 24);
  } else if (name == "oy" || name == "ox") {
    value = 0;
  } else if (name == "valid") {
    value = drawInteger(generator, 0, 2);
  } else if (name == "ashift" || name == "wshift") {
    value = drawInteger(generator, 0, 0x7777);
  } else if (name == "resume" || name == "keep" || name == "first_row") {
    value = drawInteger(generator, 0, 15) == 0;
  } else {
    value = drawInteger(generator, std::max<int64_t>(field.min, -3),
                        std::min<int64_t>(field.max, 4));
  }
}

Program mlir::bpa::drawProgram(Generator &generator) {
  Program program;
  size_t numConfigurations;
  const Configuration *all = getConfigurations(numConfigurations);
  program.configuration =
      &all[drawInteger(generator, 0, numConfigurations - 1)];
  int64_t count = drawInteger(generator, 1, 24);
  for (int64_t i = 0; i < count; ++i) {
    Instruction instruction(
        static_cast<Op>(drawInteger(generator, 1, numOps - 1)));
    const InstructionInfo &info = instruction.getInfo();
    for (unsigned f = 0; f < info.numFields; ++f)
      drawField(generator, info.fields[f], instruction.values[f]);
    if (info.hasTokens) {
      unsigned self = 1u << static_cast<unsigned>(*instruction.getEngine());
      if (drawInteger(generator, 0, 3) == 0)
        instruction.signal = 1u << drawInteger(generator, 0, 4) & ~self;
      if (drawInteger(generator, 0, 5) == 0)
        instruction.wait = 1u << drawInteger(generator, 0, 4) & ~self;
    }
    program.text.push_back(instruction);
    // Sums need somebody who takes them.
    if (instruction.op == Op::MatMul && !MatMul(instruction).keep) {
      PostProcess post;
      post.pixels = MatMul(instruction).groups * program.configuration->rows;
      post.tiles = MatMul(instruction).tiles;
      post.out = 8 * drawInteger(generator, 8, 24);
      program.text.push_back(post.toInstruction());
    }
  }
  program.text.push_back(Instruction(Op::Halt));
  for (uint64_t i = 0; i < dataBytes; ++i)
    program.data.push_back(generator());
  program.bssSize = bssBytes;
  return program;
}

/// Runs the program and reads its DRAM; nothing where it stopped.
static std::optional<std::vector<uint8_t>>
runOnce(const Program &program, uint64_t seed, bool check, StopReason &reason) {
  constexpr uint64_t stepLimit = 200000;
  auto device = openDevice(program, "func");
  if (!device) {
    consumeError(device.takeError());
    return std::nullopt;
  }
  bpa_run_options options = {seed, stepLimit, check, 0, 0, nullptr};
  consumeError(run(program, *device, options));
  uint32_t code = 0;
  bpa_read_register(device->get(),
                    static_cast<uint32_t>(ControlRegister::ErrorCode), &code);
  reason = static_cast<StopReason>(code);
  if (reason != StopReason::None)
    return std::nullopt;
  std::vector<uint8_t> bytes(program.getAddress(SectionKind::Bss) +
                             program.bssSize);
  bpa_read(device->get(), 0, bytes.data(), bytes.size());
  return bytes;
}

bool mlir::bpa::checkPrograms(Generator &generator, uint64_t count) {
  constexpr unsigned numReasons = static_cast<unsigned>(StopReason::Race) + 1;
  uint64_t ends[numReasons] = {};
  for (uint64_t i = 0; i < count; ++i) {
    Program program =
        i % 4 == 0 ? drawEncodings(generator, 12) : drawProgram(generator);
    StopReason reason, other;
    auto first = runOnce(program, 0, true, reason);
    ++ends[static_cast<unsigned>(reason)];
    auto second = runOnce(program, 1 + generator() / 2, false, other);
    if (!first || (second && *first == *second))
      continue;
    printAssembly(program, errs() << "error: is in order, but depends on the "
                                     "order of engines:\n");
    return false;
  }
  outs() << count << " programs: " << ends[0] << " are in order and agree";
  for (unsigned i = 1; i < numReasons; ++i)
    if (ends[i] != 0)
      outs() << "; " << ends[i] << " " << getText(static_cast<StopReason>(i));
  outs() << '\n';
  return true;
}
