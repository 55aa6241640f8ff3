//===- Description.cpp - The instruction set as plain data ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Description.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TableGen/Error.h"

#include <tuple>

using namespace llvm;
using namespace bpa_tblgen;

int64_t Field::getMin() const {
  if (kind == "signed")
    return -(int64_t(1) << (width - 1));
  return kind == "count" ? 1 : 0;
}

int64_t Field::getMax() const {
  if (kind == "signed")
    return (int64_t(1) << (width - 1)) - 1;
  if (kind == "choice")
    return choices.size() - 1;
  return (int64_t(1) << width) - (kind == "count" ? 0 : 1);
}

std::string bpa_tblgen::toSnakeCase(StringRef name) {
  std::string result;
  for (char letter : name) {
    if (isUpper(letter) && !result.empty())
      result += '_';
    result += toLower(letter);
  }
  return result;
}

/// The fields of `record`, packed downwards from bit `top` - 1. Returns the
/// number of bits left over.
static unsigned readFields(const Record &record, unsigned top,
                           std::vector<Field> &fields) {
  constexpr int64_t maxWidth = 40;
  StringSet<> names;
  for (const Record *source : record.getValueAsListOfDefs("Fields")) {
    Field field;
    field.name = source->getValueAsString("Name");
    field.kind = source->getValueAsString("Kind");
    field.unit = source->getValueAsString("Unit");
    field.summary = source->getValueAsString("Summary");
    for (StringRef choice : source->getValueAsListOfStrings("Choices"))
      field.choices.push_back(choice.str());
    int64_t width = source->getValueAsInt("Width");
    if (width < 1 || width > maxWidth || width > int64_t(top))
      PrintFatalError(record.getLoc(),
                      "field '" + field.name + "' has " + Twine(width) +
                          " bits, of which " +
                          Twine(std::min<int64_t>(maxWidth, top)) +
                          " are left");
    if (field.choices.size() > size_t(1) << width)
      PrintFatalError(record.getLoc(), "field '" + field.name +
                                           "' has more choices than values");
    if (!names.insert(field.name).second)
      PrintFatalError(record.getLoc(), "two fields '" + field.name + "'");
    field.width = width;
    top -= width;
    field.low = top;
    fields.push_back(std::move(field));
  }
  return top;
}

static Instruction readInstruction(const Record &record) {
  constexpr unsigned bodyBits = 114, registerBits = 5, maxOpcode = 15;
  Instruction result;
  result.def = record.getName();
  result.mnemonic = record.getValueAsString("Mnemonic");
  result.queue = record.getValueAsString("Queue");
  result.summary = record.getValueAsString("Summary");
  result.opcode = record.getValueAsInt("Opcode");
  result.registerNumber = record.getValueAsInt("Register");
  result.hasTokens = record.getValueAsBit("HasTokens");
  // 0 stays illegal, so that running into zeros stops the machine.
  if (result.opcode == 0 || result.opcode > maxOpcode)
    PrintFatalError(record.getLoc(), "opcodes are 1 to 15");
  if (result.registerNumber >= 1 << registerBits)
    PrintFatalError(record.getLoc(), "registers are 0 to 31");
  unsigned top = bodyBits - (result.registerNumber >= 0 ? registerBits : 0);
  result.reserved = readFields(record, top, result.fields);
  return result;
}

/// FNV-1a, so that a program names the machine it was made for.
static uint64_t hash(StringRef text) {
  uint64_t value = 0xcbf29ce484222325;
  for (char letter : text)
    value = (value ^ uint8_t(letter)) * 0x100000001b3;
  return value;
}

/// Everything that an encoding depends on, as text.
static std::string toText(const std::vector<Instruction> &instructions) {
  std::string text;
  raw_string_ostream stream(text);
  for (const Instruction &instruction : instructions) {
    stream << instruction.mnemonic << ' ' << instruction.opcode << ' '
           << instruction.registerNumber << ' ' << instruction.queue;
    for (const Field &field : instruction.fields)
      stream << ' ' << field.name << ':' << field.low << ':' << field.width
             << ':' << field.kind << ':' << join(field.choices, ",");
    stream << '\n';
  }
  return text;
}

static Configuration readConfiguration(const Record &record,
                                       std::string isaText) {
  Configuration result;
  result.def = record.getName();
  result.name = record.getValueAsString("Name");
  for (const RecordVal &value : record.getValues()) {
    const auto *number = dyn_cast<IntInit>(value.getValue());
    if (!number)
      continue;
    if (!isPowerOf2_64(number->getValue()))
      PrintFatalError(record.getLoc(),
                      value.getName() + " must be a power of two");
    result.parameters.emplace_back(value.getName(), number->getValue());
    isaText += (value.getName() + "=" + Twine(number->getValue()) + "\n").str();
  }
  result.hash = hash(isaText);
  return result;
}

Description bpa_tblgen::describe(const RecordKeeper &records) {
  Description result;
  for (const Record *record : records.getAllDerivedDefinitions("Engine"))
    result.engines.push_back({record->getName().str(),
                              record->getValueAsString("Name").str(),
                              record->getValueAsString("Summary").str(),
                              record->getValueAsInt("Index")});
  sort(result.engines,
       [](const Engine &a, const Engine &b) { return a.index < b.index; });
  for (const Record *record : records.getAllDerivedDefinitions("Instruction"))
    result.instructions.push_back(readInstruction(*record));
  sort(result.instructions, [](const Instruction &a, const Instruction &b) {
    return std::tie(a.opcode, a.registerNumber) <
           std::tie(b.opcode, b.registerNumber);
  });
  for (size_t i = 1; i < result.instructions.size(); ++i) {
    const Instruction &a = result.instructions[i - 1];
    const Instruction &b = result.instructions[i];
    if (a.opcode == b.opcode && a.registerNumber == b.registerNumber)
      PrintFatalError("'" + a.mnemonic + "' and '" + b.mnemonic +
                      "' have the same encoding");
  }
  std::string text = toText(result.instructions);
  for (const Record *record : records.getAllDerivedDefinitions("Configuration"))
    result.configurations.push_back(readConfiguration(*record, text));
  // The full chip first.
  sort(result.configurations,
       [](const Configuration &a, const Configuration &b) {
         return a.parameters > b.parameters;
       });
  for (const Record *record :
       records.getAllDerivedDefinitions("ControlRegister"))
    result.registers.push_back({record->getValueAsString("Name").str(),
                                record->getValueAsString("Access").str(),
                                record->getValueAsString("Summary").str(),
                                record->getValueAsInt("Offset")});
  sort(result.registers,
       [](const ControlRegister &a, const ControlRegister &b) {
         return a.offset < b.offset;
       });
  for (const Record *record : records.getAllDerivedDefinitions("StopReason"))
    result.reasons.push_back({record->getValueAsString("Name").str(),
                              record->getValueAsString("Summary").str(),
                              record->getValueAsInt("Number")});
  sort(result.reasons, [](const StopReason &a, const StopReason &b) {
    return a.number < b.number;
  });
  return result;
}
