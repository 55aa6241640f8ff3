//===- EmitSystemVerilog.cpp - The instruction set in SystemVerilog -------===//
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

/// One member of a packed structure.
static void emitMember(raw_ostream &stream, unsigned width, StringRef name,
                       StringRef comment) {
  stream << formatv("    logic [{0}:0] {1};", width - 1, name);
  if (!comment.empty())
    stream << " // " << comment;
  stream << '\n';
}

/// "cfg.input" as "cfg_input".
static std::string getIdentifier(const Instruction &instruction) {
  std::string name = instruction.mnemonic;
  for (char &letter : name)
    if (letter == '.')
      letter = '_';
  return name;
}

/// The 128 bits of an instruction. Members carry the prefix `f_`, because some
/// fields are named like keywords.
static void emitStructure(const Instruction &instruction, raw_ostream &stream) {
  stream << formatv("\n  // {0}.\n  typedef struct packed {{\n",
                    instruction.summary);
  emitMember(stream, 4, "op", "");
  emitMember(stream, 5, "wait_mask", "");
  emitMember(stream, 5, "signal_mask", "");
  if (instruction.registerNumber >= 0)
    emitMember(stream, 5, "number", "");
  for (const Field &field : instruction.fields)
    emitMember(stream, field.width, "f_" + field.name,
               field.kind == "count"    ? "less 1"
               : field.kind == "signed" ? "two's complement"
                                        : "");
  if (instruction.reserved != 0)
    emitMember(stream, instruction.reserved, "reserved", "0");
  stream << formatv("  } {0}_t;\n", getIdentifier(instruction));
}

static void emitChoices(const Instruction &instruction, raw_ostream &stream) {
  for (const Field &field : instruction.fields)
    for (auto [i, choice] : enumerate(field.choices))
      stream << formatv("  localparam logic [{0}:0] {1}_{2}_{3} = {4}'d{5};\n",
                        field.width - 1,
                        StringRef(getIdentifier(instruction)).upper(),
                        StringRef(field.name).upper(),
                        StringRef(choice).upper(), field.width, i);
}

/// Conditions under which an instruction, given its opcode and register, decodes.
static std::string getConditions(const Instruction &instruction) {
  std::string text;
  raw_string_ostream stream(text);
  if (!instruction.hasTokens)
    stream << "i[123:114] == 0";
  else
    stream << "1'b1";
  if (instruction.reserved != 0)
    stream << formatv(" && i[{0}:0] == 0", instruction.reserved - 1);
  for (const Field &field : instruction.fields)
    if (!field.choices.empty() &&
        field.choices.size() != size_t(1) << field.width)
      stream << formatv(" && i[{0}:{1}] < {2}'d{3}",
                        field.low + field.width - 1, field.low, field.width,
                        field.choices.size());
  return text;
}

/// Who executes an instruction.
static void emitFindEngine(const Description &isa, raw_ostream &stream) {
  stream << "\n  // The index of the engine of an instruction, FRONT for `halt`, "
            "NOBODY where it does\n  // not decode.\n"
            "  localparam logic [2:0] FRONT = 3'd7;\n"
            "  localparam logic [2:0] NOBODY = 3'd6;\n"
            "  function automatic logic [2:0] find_engine(input logic [127:0] "
            "i);\n    find_engine = NOBODY;\n";
  for (const Instruction &instruction : isa.instructions) {
    std::string engine = "FRONT";
    for (const Engine &candidate : isa.engines)
      if (candidate.name == instruction.queue)
        engine = "3'd" + std::to_string(candidate.index);
    if (instruction.queue == "any")
      engine = "i[113:111]";
    stream << formatv("    if (i[127:124] == 4'd{0}", instruction.opcode);
    if (instruction.registerNumber >= 0)
      stream << formatv(" && i[113:109] == 5'd{0}", instruction.registerNumber);
    stream << formatv(" && {0})\n      find_engine = {1};\n",
                      getConditions(instruction), engine);
  }
  for (const Engine &engine : isa.engines)
    stream << formatv("    if (find_engine == 3'd{0} && (i[{1}] || i[{2}])) "
                      "find_engine = NOBODY;\n",
                      engine.index, 119 + engine.index, 114 + engine.index);
  stream << "  endfunction\n";
}

void bpa_tblgen::emitSystemVerilog(const RecordKeeper &records,
                                   raw_ostream &stream) {
  Description isa = describe(records);
  stream << "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
            "// The BPA instruction set. Made of ISA.td by bpa-tblgen.\n"
            "package bpa_pkg;\n";
  stream << formatv("  localparam int ENGINES = {0};\n", isa.engines.size());
  for (const Engine &engine : isa.engines)
    stream << formatv("  localparam int {0} = {1}; // {2}\n", engine.def,
                      engine.index, engine.summary);
  stream << '\n';
  for (const Instruction &instruction : isa.instructions)
    if (instruction.registerNumber <= 0)
      stream << formatv("  localparam logic [3:0] OP_{0} = 4'd{1};\n",
                        instruction.registerNumber == 0
                            ? "CFG"
                            : StringRef(instruction.mnemonic).upper(),
                        instruction.opcode);
  for (const Instruction &instruction : isa.instructions)
    if (instruction.registerNumber >= 0)
      stream << formatv("  localparam logic [4:0] {0} = 5'd{1};\n",
                        StringRef(getIdentifier(instruction)).upper(),
                        instruction.registerNumber);
  for (const Instruction &instruction : isa.instructions)
    emitChoices(instruction, stream);
  for (const Instruction &instruction : isa.instructions)
    emitStructure(instruction, stream);
  emitFindEngine(isa, stream);
  for (const Configuration &configuration : isa.configurations) {
    stream << formatv("\n  localparam logic [63:0] {0}_HASH = 64'h{1:x-};\n",
                      configuration.def, configuration.hash);
    for (auto &[name, value] : configuration.parameters)
      stream << formatv("  localparam int {0}_{1} = {2};\n", configuration.def,
                        StringRef(toSnakeCase(name)).upper(), value);
  }
  stream << '\n';
  for (const ControlRegister &reg : isa.registers)
    stream << formatv("  localparam logic [7:0] CSR_{0} = 8'h{1:x-}; // {2}\n",
                      StringRef(reg.name).upper(), reg.offset, reg.summary);
  stream << '\n';
  for (const StopReason &reason : isa.reasons)
    stream << formatv("  localparam logic [3:0] STOP_{0} = 4'd{1};\n",
                      StringRef(reason.name).upper(), reason.number);
  stream << "endpackage\n";
}
