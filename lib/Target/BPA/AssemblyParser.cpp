//===- AssemblyParser.cpp - Reads BPA assembly ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A line has labels, then a directive or an instruction:
//
//     .config r8c8d64
//     .text
//       ld space=fmap dram=image nx=64 signal(ga)   # a comment
//     .data
//     image:
//       .quad 0x0123456789abcdef
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Program.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/SourceMgr.h"

using namespace llvm;
using namespace mlir::bpa;

namespace {

/// A field that names a symbol: known when all lines are read.
struct Reference {
  size_t instruction;
  unsigned field;
  /// In the text: the symbol.
  StringRef name;
  int64_t addend;
};

class AssemblyParser {
public:
  explicit AssemblyParser(SourceMgr &sources) : sources(sources) {}

  std::optional<Program> parse();

private:
  /// Prints an error at `place`, a part of the text. Returns true, as all that
  /// parses does where it failed.
  bool error(StringRef place, const Twine &message);

  // The rest of the current line.
  void skipSpace() { line = line.ltrim(" \t\r"); }
  /// Letters, digits, '_', '.' and '$'; empty where there are none.
  StringRef takeName();
  bool consume(char letter);
  /// The next token, for a message; never empty.
  StringRef peek();

  bool parseLine();
  bool parseLabel(StringRef name);
  bool parseDirective(StringRef name);
  bool parseConfiguration();
  bool parseSpace(StringRef name);
  bool parseValues(StringRef name, unsigned bytes);
  bool parseInstruction(StringRef mnemonic);
  bool parseTokens(Instruction &instruction, StringRef word);
  bool parseField(Instruction &instruction, StringRef name);
  bool parseFieldValue(Instruction &instruction, unsigned index);
  bool parseInteger(int64_t &value);
  bool resolve(const Reference &reference);
  bool checkEnd();

  SourceMgr &sources;
  Program program;
  StringRef line;
  SectionKind section = SectionKind::Text;
  std::vector<Reference> references;
  /// Where instructions and labels stand in the text.
  std::vector<StringRef> places;
  StringMap<StringRef> labels;
  /// Bit i: the instruction that is read gave field i already.
  unsigned given = 0;
};

} // namespace

bool AssemblyParser::error(StringRef place, const Twine &message) {
  SMRange range(SMLoc::getFromPointer(place.begin()),
                SMLoc::getFromPointer(place.end()));
  sources.PrintMessage(range.Start, SourceMgr::DK_Error, message,
                       place.empty() ? ArrayRef<SMRange>() : range);
  return true;
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

StringRef AssemblyParser::takeName() {
  StringRef name = line.take_while([](char letter) {
    return isAlnum(letter) || letter == '_' || letter == '.' || letter == '$';
  });
  line = line.drop_front(name.size());
  return name;
}

bool AssemblyParser::consume(char letter) {
  skipSpace();
  return line.consume_front(StringRef(&letter, 1));
}

StringRef AssemblyParser::peek() {
  skipSpace();
  return line.take_front(1);
}

bool AssemblyParser::parseInteger(int64_t &value) {
  skipSpace();
  StringRef start = line;
  bool negative = line.consume_front("-");
  StringRef digits = takeName();
  // All 64 bits of a .quad, so unsigned ones as well.
  uint64_t magnitude;
  if (digits.empty() || digits.getAsInteger(0, magnitude) ||
      (negative && magnitude > uint64_t(1) << 63))
    return error(start.take_front(
                     std::max<size_t>(1, digits.size() + (negative ? 1 : 0))),
                 "expected an integer of at most 64 bits");
  value = negative ? static_cast<int64_t>(-magnitude)
                   : static_cast<int64_t>(magnitude);
  return false;
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

bool AssemblyParser::checkEnd() {
  StringRef rest = peek();
  if (rest.empty())
    return false;
  return error(line, "expected the end of the line");
}

bool AssemblyParser::parseLine() {
  line = line.split('#').first;
  while (!peek().empty()) {
    StringRef start = line;
    StringRef name = takeName();
    if (name.empty())
      return error(start.take_front(1),
                   "expected a label, a directive or an instruction");
    if (consume(':')) {
      if (parseLabel(name))
        return true;
      continue;
    }
    if (name.starts_with("."))
      return parseDirective(name) || checkEnd();
    return parseInstruction(name);
  }
  return false;
}

bool AssemblyParser::parseLabel(StringRef name) {
  if (isDigit(name.front()))
    return error(name, "a label must not start with a digit");
  auto [place, inserted] = labels.try_emplace(name, name);
  if (!inserted) {
    error(name, "label '" + name + "' stands twice");
    sources.PrintMessage(SMLoc::getFromPointer(place->second.data()),
                         SourceMgr::DK_Note, "it stands here as well");
    return true;
  }
  program.symbols.push_back({name.str(), section, program.getSize(section)});
  return false;
}

bool AssemblyParser::parseDirective(StringRef name) {
  if (name == ".config")
    return parseConfiguration();
  auto kind = StringSwitch<std::optional<SectionKind>>(name)
                  .Case(".text", SectionKind::Text)
                  .Case(".data", SectionKind::Data)
                  .Case(".bss", SectionKind::Bss)
                  .Default(std::nullopt);
  if (kind) {
    section = *kind;
    return false;
  }
  if (name == ".zero" || name == ".align")
    return parseSpace(name);
  unsigned bytes = StringSwitch<unsigned>(name)
                       .Case(".byte", 1)
                       .Case(".half", 2)
                       .Case(".word", 4)
                       .Case(".quad", 8)
                       .Default(0);
  if (bytes == 0)
    return error(name, "directive '" + name +
                           "' is unknown; there are .config, .text, .data, "
                           ".bss, .zero, .align, .byte, .half, .word and "
                           ".quad");
  return parseValues(name, bytes);
}

bool AssemblyParser::parseConfiguration() {
  skipSpace();
  StringRef name = takeName();
  program.configuration = findConfiguration(name.str().c_str());
  if (program.configuration)
    return false;
  size_t count;
  const Configuration *all = getConfigurations(count);
  std::string names =
      join(map_range(ArrayRef(all, count),
                     [](const Configuration &one) { return one.name; }),
           " or ");
  return error(name.empty() ? line : name,
               "configuration is '" + name + "' but must be " + names);
}

bool AssemblyParser::parseSpace(StringRef name) {
  int64_t value;
  skipSpace();
  StringRef start = line;
  if (parseInteger(value))
    return true;
  // Data is held in memory, space is not.
  constexpr uint64_t maxData = uint64_t(1) << 30;
  uint64_t size = program.getSize(section), bytes = value;
  if (name == ".align") {
    if (value < 1 || value > 64 || !isPowerOf2_64(value))
      return error(start, "an alignment must be a power of two up to 64");
    bytes = offsetToAlignment(size, Align(value));
  }
  if (section == SectionKind::Text)
    return error(name, "there are only instructions in .text");
  if (value < 0 ||
      bytes > (section == SectionKind::Data ? maxData : maxDram) - size)
    return error(start, "the section becomes too large");
  if (section == SectionKind::Data)
    program.data.resize(size + bytes);
  else
    program.bssSize += bytes;
  return false;
}

bool AssemblyParser::parseValues(StringRef name, unsigned bytes) {
  if (section != SectionKind::Data)
    return error(name, "values can only stand in .data");
  do {
    skipSpace();
    StringRef start = line;
    int64_t value;
    if (parseInteger(value))
      return true;
    if (bytes < 8 && !isIntN(8 * bytes, value) && !isUIntN(8 * bytes, value))
      return error(start.drop_back(line.size()),
                   "the value does not fit " + Twine(8 * bytes) + " bits");
    for (unsigned i = 0; i < bytes; ++i)
      program.data.push_back(value >> (8 * i));
  } while (consume(','));
  return false;
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

bool AssemblyParser::parseInstruction(StringRef mnemonic) {
  if (section != SectionKind::Text)
    return error(mnemonic, "instructions can only stand in .text");
  std::optional<Op> op = findInstruction(mnemonic.str().c_str());
  if (!op)
    return error(mnemonic,
                 "instruction '" + mnemonic + "' is unknown; ISA.md lists all");
  Instruction instruction(*op);
  given = 0;
  program.text.push_back(instruction);
  places.push_back(mnemonic);
  while (!peek().empty()) {
    StringRef start = line;
    StringRef name = takeName();
    bool failed;
    if (name.empty())
      failed = error(start.take_front(1), "expected NAME=VALUE, wait(ENGINES) "
                                          "or signal(ENGINES)");
    else if (consume('('))
      failed = parseTokens(instruction, name);
    else
      failed = parseField(instruction, name);
    if (failed)
      return true;
  }
  if (mlir::bpa::Error problem = instruction.verify())
    return error(mnemonic, problem.message());
  program.text.back() = instruction;
  return false;
}

bool AssemblyParser::parseTokens(Instruction &instruction, StringRef word) {
  if (word != "wait" && word != "signal")
    return error(word, "expected wait(ENGINES) or signal(ENGINES)");
  uint8_t &mask = word == "wait" ? instruction.wait : instruction.signal;
  do {
    skipSpace();
    StringRef start = line, name = takeName();
    unsigned engine = 0;
    while (engine < numEngines && name != getName(static_cast<Engine>(engine)))
      ++engine;
    if (engine == numEngines)
      return error(name.empty() ? start.take_front(1) : name,
                   "engine '" + name + "' must be ld, ga, mm, pp or st");
    if (mask >> engine & 1)
      return error(name, "engine '" + name + "' stands twice");
    mask |= 1u << engine;
  } while (consume(','));
  if (!consume(')'))
    return error(line.take_front(1), "expected ',' or ')'");
  return false;
}

bool AssemblyParser::parseField(Instruction &instruction, StringRef name) {
  const InstructionInfo &info = instruction.getInfo();
  ArrayRef<FieldInfo> fields(info.fields, info.numFields);
  const auto *field = find_if(
      fields, [&](const FieldInfo &field) { return name == field.name; });
  if (field == fields.end()) {
    std::string names = join(
        map_range(fields, [](const FieldInfo &f) { return f.name; }), ", ");
    return error(name, Twine("'") + info.mnemonic + "' has no field '" + name +
                           "'; it has " + names);
  }
  unsigned index = field - fields.begin();
  if (given >> index & 1)
    return error(name, "field '" + name + "' stands twice");
  given |= 1u << index;
  if (!consume('='))
    return error(name, "expected '=' behind '" + name + "'");
  return parseFieldValue(instruction, index);
}

bool AssemblyParser::parseFieldValue(Instruction &instruction, unsigned index) {
  const FieldInfo &field = instruction.getInfo().fields[index];
  skipSpace();
  StringRef start = line;
  int64_t &value = instruction.values[index];
  bool isNumber =
      !start.empty() && (start.front() == '-' || isDigit(start.front()));
  if (isNumber && parseInteger(value))
    return true;
  if (!isNumber) {
    StringRef name = takeName();
    if (field.choices) {
      for (int64_t i = 0; i <= field.max; ++i)
        if (name == field.choices[i]) {
          value = i;
          return false;
        }
      value = field.max + 1;
    } else if (name.empty() || !StringRef(field.unit).contains("beats")) {
      return error(start.take_front(std::max<size_t>(1, name.size())),
                   Twine("'") + field.name + "' must be a number");
    } else {
      Reference reference{program.text.size() - 1, index, name, 0};
      if (consume('+') && parseInteger(reference.addend))
        return true;
      references.push_back(reference);
      return false;
    }
  }
  // One field at a time, so that the error points at it.
  Instruction alone(instruction.op);
  alone.values[index] = value;
  if (field.choices && isNumber)
    value = alone.values[index] = field.max + 1;
  if (value < field.min || value > field.max) {
    mlir::bpa::Error problem = alone.verify();
    std::string message = problem.message();
    if (field.choices)
      message = "'" + start.drop_back(line.size()).str() + "' is not a value" +
                message.substr(message.find(" but must be"));
    return error(start.drop_back(line.size()), message);
  }
  return false;
}

bool AssemblyParser::resolve(const Reference &reference) {
  const Symbol *symbol = program.findSymbol(reference.name);
  if (!symbol)
    return error(reference.name,
                 "label '" + reference.name + "' stands nowhere");
  uint64_t address = program.getAddress(*symbol);
  if (address % instructionBytes != 0)
    return error(reference.name, "label '" + reference.name +
                                     "' is not at a multiple of 16 bytes; put "
                                     "'.align 16' before it");
  Instruction &instruction = program.text[reference.instruction];
  instruction.values[reference.field] =
      static_cast<int64_t>(address / instructionBytes) + reference.addend;
  if (mlir::bpa::Error problem = instruction.verify())
    return error(reference.name, problem.message());
  return false;
}

std::optional<Program> AssemblyParser::parse() {
  size_t count;
  program.configuration = getConfigurations(count);
  StringRef rest =
      sources.getMemoryBuffer(sources.getMainFileID())->getBuffer();
  bool failed = false;
  while (!rest.empty()) {
    std::tie(line, rest) = rest.split('\n');
    failed |= parseLine();
  }
  if (failed)
    return std::nullopt;
  for (const Reference &reference : references)
    failed |= resolve(reference);
  if (failed)
    return std::nullopt;
  program.sortSymbols();
  return std::move(program);
}

std::optional<Program> mlir::bpa::parseAssembly(SourceMgr &sources) {
  return AssemblyParser(sources).parse();
}
