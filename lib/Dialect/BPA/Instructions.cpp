//===- Instructions.cpp - What all instruction operations share -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Instructions.h"
#include "dorefa/Dialect/BPA/BPA.h"

using namespace mlir;
using namespace mlir::bpa;

static constexpr StringLiteral symbolName = "symbol", waitName = "wait",
                               signalName = "signal";

//===----------------------------------------------------------------------===//
// Operations and instructions
//===----------------------------------------------------------------------===//

static std::optional<bpa::Op> findOp(OperationName name) {
  if (name.getDialectNamespace() != BPADialect::getDialectNamespace())
    return std::nullopt;
  return findInstruction(name.stripDialect().str().c_str());
}

static int64_t readInteger(Operation *op, StringRef name, int64_t otherwise) {
  auto value = op->getAttrOfType<IntegerAttr>(name);
  return value ? value.getInt() : otherwise;
}

std::optional<Instruction> bpa::readInstruction(Operation *op) {
  std::optional<bpa::Op> known = findOp(op->getName());
  if (!known)
    return std::nullopt;
  Instruction instruction(*known);
  const InstructionInfo &info = instruction.getInfo();
  for (unsigned i = 0; i < info.numFields; ++i)
    instruction.values[i] =
        readInteger(op, info.fields[i].name, instruction.values[i]);
  instruction.wait = readInteger(op, waitName, 0);
  instruction.signal = readInteger(op, signalName, 0);
  return instruction;
}

FlatSymbolRefAttr bpa::getSymbol(Operation *op) {
  return op->getAttrOfType<FlatSymbolRefAttr>(symbolName);
}

std::optional<unsigned> bpa::getAddressField(bpa::Op op) {
  StringRef wanted = op == bpa::Op::PostProcess ? "out" : "dram";
  const InstructionInfo &info = getInfo(op);
  for (unsigned i = 0; i < info.numFields; ++i)
    if (info.fields[i].name == wanted)
      return i;
  return std::nullopt;
}

Operation *bpa::createInstruction(OpBuilder &builder, Location loc,
                                  const Instruction &instruction,
                                  StringRef symbol) {
  const InstructionInfo &info = instruction.getInfo();
  OperationState state(loc, ("bpa." + StringRef(info.mnemonic)).str());
  for (unsigned i = 0; i < info.numFields; ++i)
    state.addAttribute(info.fields[i].name,
                       builder.getI64IntegerAttr(instruction.values[i]));
  if (!symbol.empty())
    state.addAttribute(symbolName, FlatSymbolRefAttr::get(
                                       builder.getContext(), symbol));
  Operation *op = builder.create(state);
  if (info.hasTokens)
    setTokens(op, instruction.wait, instruction.signal);
  return op;
}

void bpa::setTokens(Operation *op, uint8_t wait, uint8_t signal) {
  Builder b(op->getContext());
  op->setAttr(waitName, b.getI64IntegerAttr(wait));
  op->setAttr(signalName, b.getI64IntegerAttr(signal));
}

LogicalResult bpa::detail::verifyInstruction(Operation *op) {
  if (dorefa::runtime::Error error = readInstruction(op)->verify())
    return op->emitOpError() << error.message();
  return success();
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// A number or, where the field has choices, one of these.
static ParseResult parseValue(OpAsmParser &parser, const FieldInfo &field,
                              int64_t &value) {
  if (!field.choices)
    return parser.parseInteger(value);
  SMLoc loc = parser.getCurrentLocation();
  StringRef keyword;
  if (parser.parseKeyword(&keyword))
    return failure();
  for (value = field.min; value <= field.max; ++value)
    if (keyword == field.choices[value])
      return success();
  return parser.emitError(loc) << "there is no " << field.name << " '" << keyword
                               << "'";
}

/// `@symbol`, `@symbol+number` or a value.
static ParseResult parseField(OpAsmParser &parser, OperationState &state,
                              const FieldInfo &field, bool isAddress) {
  int64_t value = 0;
  StringAttr symbol;
  if (isAddress && succeeded(parser.parseOptionalSymbolName(symbol))) {
    state.addAttribute(symbolName, FlatSymbolRefAttr::get(symbol));
    if (succeeded(parser.parseOptionalPlus()) && parser.parseInteger(value))
      return failure();
  } else if (parseValue(parser, field, value)) {
    return failure();
  }
  state.addAttribute(field.name, parser.getBuilder().getI64IntegerAttr(value));
  return success();
}

/// `(ga, mm)` as a mask.
static ParseResult parseEngines(OpAsmParser &parser, OperationState &state,
                                StringRef name) {
  int64_t mask = 0;
  auto parseEngine = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    StringRef keyword;
    if (parser.parseKeyword(&keyword))
      return failure();
    for (unsigned i = 0; i < numEngines; ++i)
      if (keyword == getName(static_cast<Engine>(i))) {
        mask |= 1 << i;
        return success();
      }
    return parser.emitError(loc) << "there is no engine '" << keyword << "'";
  };
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, parseEngine))
    return failure();
  state.addAttribute(name, parser.getBuilder().getI64IntegerAttr(mask));
  return success();
}

ParseResult bpa::detail::parseInstruction(OpAsmParser &parser,
                                          OperationState &state) {
  bpa::Op op = *findOp(state.name);
  const InstructionInfo &info = getInfo(op);
  SmallVector<StringRef> names;
  for (unsigned i = 0; i < info.numFields; ++i)
    names.push_back(info.fields[i].name);
  if (info.hasTokens)
    names.append({waitName, signalName});
  StringRef name;
  while (succeeded(parser.parseOptionalKeyword(&name, names))) {
    SMLoc loc = parser.getCurrentLocation();
    if (state.attributes.get(name))
      return parser.emitError(loc) << "'" << name << "' is given twice";
    if (name == waitName || name == signalName) {
      if (parseEngines(parser, state, name))
        return failure();
      continue;
    }
    unsigned index = llvm::find(names, name) - names.begin();
    if (parser.parseEqual() ||
        parseField(parser, state, info.fields[index],
                   index == getAddressField(op)))
      return failure();
  }
  return parser.parseOptionalAttrDict(state.attributes);
}

static void printEngines(int64_t mask, StringRef name, OpAsmPrinter &printer) {
  if (mask == 0)
    return;
  SmallVector<StringRef> engines;
  for (unsigned i = 0; i < numEngines; ++i)
    if (mask >> i & 1)
      engines.push_back(getName(static_cast<Engine>(i)));
  printer << ' ' << name << '(' << llvm::join(engines, ", ") << ')';
}

void bpa::detail::printInstruction(Operation *op, OpAsmPrinter &printer) {
  Instruction instruction = *readInstruction(op);
  const InstructionInfo &info = instruction.getInfo();
  Instruction plain(instruction.op);
  SmallVector<StringRef> known{waitName, signalName, symbolName};
  FlatSymbolRefAttr symbol = getSymbol(op);
  for (unsigned i = 0; i < info.numFields; ++i) {
    const FieldInfo &field = info.fields[i];
    known.push_back(field.name);
    int64_t value = instruction.values[i];
    bool hasSymbol = symbol && i == getAddressField(instruction.op);
    if (value == plain.values[i] && !hasSymbol)
      continue;
    printer << ' ' << field.name << '=';
    if (hasSymbol) {
      printer << symbol;
      if (value != 0)
        printer << '+' << value;
    } else if (field.choices && value >= field.min && value <= field.max) {
      printer << field.choices[value];
    } else {
      printer << value;
    }
  }
  printEngines(instruction.wait, waitName, printer);
  printEngines(instruction.signal, signalName, printer);
  printer.printOptionalAttrDict(op->getAttrs(), known);
}
