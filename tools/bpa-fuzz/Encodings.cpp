//===- Encodings.cpp - Checks encoders and decoders -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Random.h"

#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace mlir::bpa;
using llvm::errs;
using llvm::outs;

/// Whether `instruction` is the same after encoding and decoding.
static bool survives(const Instruction &instruction) {
  auto encoding = encode(instruction);
  if (!encoding)
    return false;
  auto decoded = decode(*encoding);
  return decoded && decoded->op == instruction.op &&
         decoded->wait == instruction.wait &&
         decoded->signal == instruction.signal &&
         std::equal(instruction.values,
                    instruction.values + instruction.getInfo().numFields,
                    decoded->values);
}

/// Each field of each instruction at both limits, the others at theirs.
static bool checkLimits(uint64_t &checked) {
  for (unsigned op = 0; op < numOps; ++op) {
    const InstructionInfo &info = getInfo(static_cast<Op>(op));
    for (unsigned i = 0; i < info.numFields; ++i) {
      Instruction instruction(static_cast<Op>(op));
      for (int64_t value : {info.fields[i].min, info.fields[i].max}) {
        instruction.values[i] = value;
        ++checked;
        if (survives(instruction))
          continue;
        errs() << "error: '" << info.fields[i].name << "' of '" << info.mnemonic
               << "' does not survive as " << value << '\n';
        return false;
      }
      for (int64_t value : {info.fields[i].min - 1, info.fields[i].max + 1}) {
        instruction.values[i] = value;
        ++checked;
        if (!encode(instruction))
          continue;
        errs() << "error: '" << info.fields[i].name << "' of '" << info.mnemonic
               << "' can be encoded as " << value << '\n';
        return false;
      }
    }
  }
  return true;
}

/// Random bits, most of them with an opcode that exists.
static Encoding drawEncoding(Generator &generator) {
  Encoding result;
  if (auto encoding = encode(drawInstruction(generator)))
    result = *encoding;
  if (generator() % 2 == 0) {
    unsigned bit = generator() % 128;
    (bit < 64 ? result.low : result.high) ^= uint64_t(1) << (bit % 64);
    return result;
  }
  result.low = generator();
  result.high = generator();
  return result;
}

bool mlir::bpa::checkEncodings(Generator &generator, uint64_t count) {
  uint64_t limits = 0, legal = 0;
  if (!checkLimits(limits))
    return false;
  for (uint64_t i = 0; i < count; ++i) {
    Instruction instruction = drawInstruction(generator);
    if (survives(instruction))
      continue;
    printInstruction(instruction, errs() << "error: does not survive: ");
    errs() << '\n';
    return false;
  }
  for (uint64_t i = 0; i < count; ++i) {
    Encoding bits = drawEncoding(generator);
    auto instruction = decode(bits);
    if (!instruction)
      continue;
    ++legal;
    auto again = encode(*instruction);
    if (again && *again == bits)
      continue;
    printInstruction(*instruction, errs() << "error: is encoded otherwise: ");
    errs() << '\n';
    return false;
  }
  outs() << limits << " limits, " << count << " instructions, " << count
         << " words, of which " << legal << " are legal: all survive\n";
  return true;
}
