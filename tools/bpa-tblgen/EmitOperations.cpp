//===- EmitOperations.cpp - Instructions as operations of MLIR ------------===//
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

/// The value of a field that assembly may leave out.
static int64_t getDefault(const Field &field) {
  return std::max<int64_t>(field.getMin(), 0);
}

/// Two engines that instructions of `queue` may exchange tokens with.
static std::string formatTokens(const Description &isa, StringRef queue) {
  SmallVector<StringRef> others;
  for (const Engine &engine : isa.engines)
    if (engine.name != queue)
      others.push_back(engine.name);
  return formatv(" wait({0}) signal({1})", others[0], others[1]);
}

/// An instruction each of whose fields says more than its default.
static std::string formatExample(const Description &isa,
                                 const Instruction &instruction) {
  std::string text = "bpa." + instruction.mnemonic;
  for (const Field &field : instruction.fields) {
    std::string value = std::to_string(getDefault(field) + 1);
    if (!field.choices.empty())
      value = field.choices.back();
    text += formatv(" {0}={1}", field.name, value);
  }
  if (instruction.hasTokens)
    text += formatTokens(isa, instruction.queue);
  return text;
}

static void emitDescription(const Description &isa,
                            const Instruction &instruction,
                            raw_ostream &stream) {
  stream << "  let description = [{\n    ";
  if (instruction.queue == "front")
    stream << "Executed by the front end.";
  else if (instruction.queue == "any")
    stream << "The field `engine` names the queue.";
  else
    stream << formatv("Executed by engine `{0}`.", instruction.queue);
  stream << " Fields:\n";
  for (const Field &field : instruction.fields) {
    std::string unit;
    for (char letter : field.unit)
      unit += letter == '|' ? std::string(" or ") : std::string(1, letter);
    stream << formatv("    - `{0}`{1}: {2}\n", field.name,
                      unit.empty() ? "" : " (" + unit + ")", field.summary);
  }
  stream << formatv("\n    Example:\n    ```mlir\n    {0}\n    ```\n  }];\n",
                    formatExample(isa, instruction));
}

static void emitInstruction(const Description &isa,
                            const Instruction &instruction,
                            raw_ostream &stream) {
  stream << formatv("\ndef BPA_{0}Op : BPA_InstructionOp<\"{1}\"> {{\n"
                    "  let summary = \"{2}\";\n",
                    instruction.def, instruction.mnemonic, instruction.summary);
  emitDescription(isa, instruction, stream);
  stream << "  let arguments = (ins";
  ListSeparator separator(",");
  auto emitArgument = [&](StringRef name, int64_t value) {
    stream << separator
           << formatv("\n      DefaultValuedAttr<I64Attr, \"{0}\">:${1}", value,
                      name);
  };
  for (const Field &field : instruction.fields)
    emitArgument(field.name, getDefault(field));
  if (instruction.hasTokens) {
    emitArgument("wait", 0);
    emitArgument("signal", 0);
    stream << separator << "\n      OptionalAttr<FlatSymbolRefAttr>:$symbol";
  }
  stream << ");\n}\n";
}

void bpa_tblgen::emitOperations(const RecordKeeper &records,
                                raw_ostream &stream) {
  Description isa = describe(records);
  stream << "//===- BPAInstructions.td - Instructions as operations ---------*- "
            "tablegen -*-===//\n//\n"
            "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n//\n"
            "//===--------------------------------------------------------------"
            "--------===//\n//\n"
            "// Made of ISA.td by bpa-tblgen; a test compares. Included by "
            "BPAOps.td.\n//\n"
            "//===--------------------------------------------------------------"
            "--------===//\n";
  for (const Instruction &instruction : isa.instructions)
    emitInstruction(isa, instruction, stream);
}
