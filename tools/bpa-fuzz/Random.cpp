//===- Random.cpp - Random instructions -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Random.h"

using namespace mlir::bpa;

int64_t mlir::bpa::drawInteger(Generator &generator, int64_t min, int64_t max) {
  return min + static_cast<int64_t>(generator() %
                                    (static_cast<uint64_t>(max - min) + 1));
}

Instruction mlir::bpa::drawInstruction(Generator &generator) {
  Instruction result(static_cast<Op>(drawInteger(generator, 0, numOps - 1)));
  const InstructionInfo &info = result.getInfo();
  for (unsigned i = 0; i < info.numFields; ++i) {
    const FieldInfo &field = info.fields[i];
    switch (drawInteger(generator, 0, 3)) {
    case 0:
      result.values[i] = field.min;
      break;
    case 1:
      result.values[i] = field.max;
      break;
    default:
      result.values[i] = drawInteger(generator, field.min, field.max);
    }
  }
  if (!info.hasTokens)
    return result;
  unsigned self = 1u << static_cast<unsigned>(*result.getEngine());
  unsigned all = (1u << numEngines) - 1;
  result.wait = generator() & all & ~self;
  result.signal = generator() & all & ~self;
  return result;
}

Program mlir::bpa::drawEncodings(Generator &generator, unsigned count) {
  Program result;
  size_t numConfigurations;
  const Configuration *all = getConfigurations(numConfigurations);
  result.configuration = &all[drawInteger(generator, 0, numConfigurations - 1)];
  for (unsigned i = 0; i < count; ++i)
    result.text.push_back(drawInstruction(generator));
  int64_t size = drawInteger(generator, 0, 100);
  for (int64_t i = 0; i < size; ++i)
    result.data.push_back(i < size / 3 ? 0 : generator());
  result.bssSize = drawInteger(generator, 0, 1000);
  if (count != 0)
    result.symbols.push_back({"start", SectionKind::Text, 0});
  result.symbols.push_back({"constants", SectionKind::Data, 0});
  result.symbols.push_back({"end", SectionKind::Bss, result.bssSize});
  return result;
}
