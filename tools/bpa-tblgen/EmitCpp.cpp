//===- EmitCpp.cpp - The instruction set in C++ ---------------------------===//
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

/// "raw_name" as "RawName".
static std::string toCamelCase(StringRef name) {
  std::string result;
  bool upper = true;
  for (char letter : name) {
    if (letter != '_')
      result += upper ? toUpper(letter) : letter;
    upper = letter == '_';
  }
  return result;
}

static void emitEnumerations(const Description &isa, raw_ostream &stream) {
  stream << "/// Engines with a queue; the value is the bit of token masks.\n"
            "enum class Engine : uint8_t {\n";
  for (const Engine &engine : isa.engines)
    stream << formatv("  /// {0}.\n  {1} = {2},\n", engine.summary, engine.def,
                      engine.index);
  stream << formatv("};\nconstexpr unsigned numEngines = {0};\n\n",
                    isa.engines.size());
  stream << "/// Instructions; the value is their place in getInstructions().\n"
            "enum class Op : uint8_t {\n";
  for (const Instruction &instruction : isa.instructions)
    stream << formatv("  {0},\n", instruction.def);
  stream << "};\n\n/// Why a machine stopped.\n"
            "enum class StopReason : uint8_t {\n";
  for (const StopReason &reason : isa.reasons)
    stream << formatv("  /// {0}.\n  {1} = {2},\n", reason.summary,
                      toCamelCase(reason.name), reason.number);
  stream << "};\n\n/// Offsets of control and status registers in bytes.\n"
            "enum class ControlRegister : uint32_t {\n";
  for (const ControlRegister &reg : isa.registers)
    stream << formatv("  /// {0}.\n  {1} = {2},\n", reg.summary,
                      toCamelCase(reg.name), reg.offset);
  stream << "};\n\n";
}

/// The values of a choice as an enumeration, such as LoadSpace.
static void emitChoices(const Instruction &instruction, const Field &field,
                        raw_ostream &stream) {
  stream << formatv("/// Field `{0}` of `{1}`: {2}.\nenum class {3}{4} {{\n",
                    field.name, instruction.mnemonic, field.summary,
                    instruction.def, toCamelCase(field.name));
  for (const std::string &choice : field.choices)
    stream << formatv("  {0},\n", toCamelCase(choice));
  stream << "};\n\n";
}

static void emitStructure(const Instruction &instruction, raw_ostream &stream) {
  for (const Field &field : instruction.fields)
    if (!field.choices.empty())
      emitChoices(instruction, field, stream);
  stream << formatv("/// `{0}`: {1}.\nstruct {2} {{\n", instruction.mnemonic,
                    instruction.summary, instruction.def);
  stream << formatv(
      "  static constexpr Op op = Op::{0};\n\n  {0}() = default;\n",
      instruction.def);
  stream << formatv("  /// The fields of `instruction`, which is a `{0}`.\n"
                    "  explicit {1}(const Instruction &instruction)",
                    instruction.mnemonic, instruction.def);
  for (auto [i, field] : enumerate(instruction.fields))
    stream << formatv("{0}{1}(instruction.values[{2}])",
                      i == 0 ? "\n      : " : ",\n        ", field.name, i);
  stream << " {}\n\n  /// The instruction with these fields and no tokens.\n"
            "  Instruction toInstruction() const {\n"
            "    Instruction result(op);\n";
  for (auto [i, field] : enumerate(instruction.fields))
    stream << formatv("    result.values[{0}] = {1};\n", i, field.name);
  stream << "    return result;\n  }\n\n";
  for (const Field &field : instruction.fields)
    stream << formatv("  /// {0}{1}; {2} to {3}.\n  int64_t {4} = {2};\n",
                      field.unit.empty() ? "" : "In " + field.unit + ": ",
                      field.summary, field.getMin() < 0 ? 0 : field.getMin(),
                      field.getMax(), field.name);
  stream << "};\n\n";
}

void bpa_tblgen::emitDeclarations(const RecordKeeper &records,
                                  raw_ostream &stream) {
  Description isa = describe(records);
  stream << "// Made of ISA.td by bpa-tblgen.\n\n"
            "#ifdef GET_ISA_ENUMERATIONS\n#undef GET_ISA_ENUMERATIONS\n\n";
  emitEnumerations(isa, stream);
  size_t maxFields = 0;
  for (const Instruction &instruction : isa.instructions)
    maxFields = std::max(maxFields, instruction.fields.size());
  stream << formatv("/// The most fields that an instruction has.\n"
                    "constexpr unsigned maxFields = {0};\n\n#endif\n\n",
                    maxFields);
  stream << "#ifdef GET_ISA_STRUCTURES\n#undef GET_ISA_STRUCTURES\n\n";
  for (const Instruction &instruction : isa.instructions)
    emitStructure(instruction, stream);
  stream << "#endif\n";
}

static void emitFieldTable(const Instruction &instruction,
                           raw_ostream &stream) {
  for (const Field &field : instruction.fields) {
    if (field.choices.empty())
      continue;
    stream << formatv("static const char *const choicesOf{0}{1}[] = {{",
                      instruction.def, toCamelCase(field.name));
    interleaveComma(field.choices, stream, [&](const std::string &choice) {
      stream << '"' << choice << '"';
    });
    stream << "};\n";
  }
  stream << formatv("static const FieldInfo fieldsOf{0}[] = {{\n",
                    instruction.def);
  for (const Field &field : instruction.fields) {
    std::string choices = "nullptr";
    if (!field.choices.empty())
      choices = "choicesOf" + instruction.def + toCamelCase(field.name);
    stream << formatv("    {{\"{0}\", \"{1}\", {2}, {3}, FieldKind::{4}, "
                      "{5}LL, {6}LL, {7}},\n",
                      field.name, field.unit, field.low, field.width,
                      toCamelCase(field.kind), field.getMin(), field.getMax(),
                      choices);
  }
  stream << "};\n";
}

void bpa_tblgen::emitDefinitions(const RecordKeeper &records,
                                 raw_ostream &stream) {
  Description isa = describe(records);
  stream << "// Made of ISA.td by bpa-tblgen.\n\n";
  for (const Instruction &instruction : isa.instructions)
    emitFieldTable(instruction, stream);
  stream << "static const InstructionInfo instructions[] = {\n";
  for (const Instruction &instruction : isa.instructions)
    stream << formatv(
        "    {{\"{0}\", {1}, {2}, Queue::{3}, {4}, {5}, "
        "fieldsOf{6}, {7}},\n",
        instruction.mnemonic, instruction.opcode, instruction.registerNumber,
        instruction.queue == "front" ? "Front"
        : instruction.queue == "any" ? "Any"
                                     : StringRef(instruction.queue).upper(),
        instruction.hasTokens ? "true" : "false", instruction.reserved,
        instruction.def, instruction.fields.size());
  stream << "};\n\nstatic const char *const engineNames[] = {";
  interleaveComma(isa.engines, stream, [&](const Engine &engine) {
    stream << '"' << engine.name << '"';
  });
  stream << "};\n\nstatic const char *const stopReasonTexts[] = {\n";
  for (const StopReason &reason : isa.reasons)
    stream << formatv("    \"{0}\",\n", reason.summary);
  stream << "};\n\nstatic const Configuration configurations[] = {\n";
  for (const Configuration &configuration : isa.configurations) {
    stream << formatv("    {{\"{0}\", {1:x}u", configuration.name,
                      configuration.hash);
    for (auto &[name, value] : configuration.parameters)
      stream << formatv(", /*{0}=*/{1}", toSnakeCase(name), value);
    stream << "},\n";
  }
  stream << "};\n";
}
