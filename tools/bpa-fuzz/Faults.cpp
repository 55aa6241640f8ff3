//===- Faults.cpp - Random programs that an error stops -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Random.h"

#include "llvm/ADT/StringRef.h"

#include <algorithm>

using namespace mlir::bpa;
using llvm::StringRef;

/// Where the addresses end that a field of this name counts; 0 where it counts none.
static int64_t getEnd(const Program &program, Op op, StringRef field) {
  const Configuration &machine = *program.configuration;
  int64_t lanes = int64_t(machine.fmapWords) * machine.lanes;
  int64_t beats = (program.getAddress(SectionKind::Bss) + program.bssSize) / instructionBytes;
  if (field == "dram")
    return beats;
  if (field == "sram")
    return lanes / 128;
  if (field == "base")
    return lanes;
  if (field == "out")
    return op == Op::PostProcess ? lanes : std::min<int64_t>(lanes, 1 << 20);
  if (field == "abuf")
    return machine.abufWords;
  if (field == "wbuf")
    return machine.wbufWords;
  return field == "tbuf" ? machine.tbufEntries : 0;
}

/// Another value for a field: near the end of a memory, or any.
static int64_t drawValue(Generator &generator, const Program &program, Op op,
                         const FieldInfo &field) {
  if (int64_t end = getEnd(program, op, field.name); end != 0 && generator() % 4 != 0) {
    int64_t below = drawInteger(generator, -1, int64_t(1) << drawInteger(generator, 0, 10));
    // Results of FMAP start at multiples of the columns.
    if (StringRef(field.name) == "out" && generator() % 4 != 0)
      below = below / 8 * 8;
    return std::clamp(end - below, field.min, field.max);
  }
  int64_t most = generator() % 2 == 0 ? field.max : std::min<int64_t>(field.max, 40);
  return drawInteger(generator, field.min, std::max(field.min, most));
}

/// Changes a field of an instruction, of which there are some.
static void changeField(Generator &generator, Program &program) {
  Instruction &instruction =
      program.text[drawInteger(generator, 0, program.text.size() - 1)];
  const InstructionInfo &info = instruction.getInfo();
  if (info.numFields == 0)
    return;
  unsigned field = drawInteger(generator, 0, info.numFields - 1);
  instruction.values[field] =
      drawValue(generator, program, instruction.op, info.fields[field]);
}

/// Lets an engine give another one more tokens than that may have.
static void addTokens(Generator &generator, Program &program) {
  Nop nop;
  nop.engine = drawInteger(generator, 0, numEngines - 1);
  Instruction instruction = nop.toInstruction();
  instruction.signal = 1 << (nop.engine + drawInteger(generator, 1, 4)) % numEngines;
  program.text.insert(program.text.begin() +
                          drawInteger(generator, 0, program.text.size() - 1),
                      drawInteger(generator, 60, 70), instruction);
}

Program mlir::bpa::drawFaulty(Generator &generator) {
  Program program = generator() % 4 == 0 ? drawProgram(generator) : drawWork(generator);
  if (program.text.empty())
    return program;
  switch (drawInteger(generator, 0, 15)) {
  case 0:
    addTokens(generator, program);
    return program;
  case 1:
    // No `halt`: behind the text there are zeros or data.
    program.text.pop_back();
    return program;
  default:
    for (int64_t i = drawInteger(generator, 1, 3); i > 0; --i)
      changeField(generator, program);
    return program;
  }
}
