//===- EmitMarkdown.cpp - The instruction set as a page -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Description.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace bpa_tblgen;

/// "[7:4]", or "[7]" for one bit.
static std::string formatBits(unsigned low, unsigned width) {
  if (width == 1)
    return formatv("[{0}]", low);
  return formatv("[{0}:{1}]", low + width - 1, low);
}

static std::string formatValues(const Field &field) {
  if (!field.choices.empty()) {
    std::string text;
    for (auto [i, choice] : enumerate(field.choices))
      text +=
          (Twine(i == 0 ? "" : ", ") + Twine(i) + " `" + choice + "`").str();
    return text;
  }
  std::string text = formatv("{0} to {1}", field.getMin(), field.getMax());
  return field.kind == "count" ? text + ", stored less 1" : text;
}

static void emitInstruction(const Instruction &instruction,
                            raw_ostream &stream) {
  stream << formatv("\n### `{0}`: {1}\n\nOpcode {2}", instruction.mnemonic,
                    instruction.summary, instruction.opcode);
  if (instruction.registerNumber >= 0)
    stream << formatv(", register {0} in bits [113:109]",
                      instruction.registerNumber);
  if (instruction.queue == "front")
    stream << ", executed by the front end";
  else if (instruction.queue == "any")
    stream << ", engine by field";
  else
    stream << formatv(", engine `{0}`", instruction.queue);
  stream << (instruction.hasTokens ? ", with tokens" : ", without tokens");
  if (instruction.reserved != 0)
    stream << formatv(", bits {0} reserved",
                      formatBits(0, instruction.reserved));
  stream << ".\n\n| field | bits | values | unit | says |\n"
            "|---|---|---|---|---|\n";
  for (const Field &field : instruction.fields) {
    std::string unit;
    for (char letter : field.unit)
      unit += letter == '|' ? std::string(" or ") : std::string(1, letter);
    stream << formatv("| `{0}` | {1} | {2} | {3} | {4} |\n", field.name,
                      formatBits(field.low, field.width), formatValues(field),
                      unit, field.summary);
  }
}

static void emitConfigurations(const Description &isa, raw_ostream &stream) {
  stream << "\n## Configurations\n\n| parameter |";
  for (const Configuration &configuration : isa.configurations)
    stream << formatv(" `{0}` |", configuration.name);
  stream << "\n|---|";
  for (size_t i = 0; i < isa.configurations.size(); ++i)
    stream << "---|";
  stream << '\n';
  for (auto [i, parameter] : enumerate(isa.configurations.front().parameters)) {
    stream << formatv("| {0} |", toSnakeCase(parameter.first));
    for (const Configuration &configuration : isa.configurations)
      stream << formatv(" {0} |", configuration.parameters[i].second);
    stream << '\n';
  }
  stream << "| hash |";
  for (const Configuration &configuration : isa.configurations)
    stream << formatv(" `{0:x}` |", configuration.hash);
  stream << '\n';
}

void bpa_tblgen::emitMarkdown(const RecordKeeper &records,
                              raw_ostream &stream) {
  Description isa = describe(records);
  stream
      << "<!-- Made of ISA.td by bpa-tblgen; a test compares. -->\n"
         "# The BPA instruction set: encodings\n\n"
         "An instruction has 128 bits: opcode [127:124], wait mask "
         "[123:119], signal mask [118:114], body\n[113:0]. Bits of the masks "
         "are engines:";
  for (const Engine &engine : isa.engines)
    stream << formatv("{0} {1} `{2}`", engine.index == 0 ? "" : ",",
                      engine.index, engine.name);
  stream << ". In memory it is one beat of 16\nbytes, least significant byte "
            "first. Reserved bits, and masks of instructions without tokens, "
            "are 0.\nWhat instructions do is in [README.md](README.md).\n\n"
            "## Instructions\n";
  for (const Instruction &instruction : isa.instructions)
    emitInstruction(instruction, stream);
  emitConfigurations(isa, stream);
  stream << "\n## Control and status registers\n\n"
            "| offset | name | access | shows |\n|---|---|---|---|\n";
  for (const ControlRegister &reg : isa.registers)
    stream << formatv("| {0:x} | `{1}` | {2} | {3} |\n", reg.offset, reg.name,
                      reg.access, reg.summary);
  stream << "\n## Stop reasons\n\n| code | name | means |\n|---|---|---|\n";
  for (const StopReason &reason : isa.reasons)
    stream << formatv("| {0} | `{1}` | {2} |\n", reason.number, reason.name,
                      reason.summary);
}
