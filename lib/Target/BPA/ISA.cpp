//===- ISA.cpp - Instructions of the BPA accelerator ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/ISA.h"

#include <algorithm>
#include <cstring>

using namespace mlir::bpa;

namespace {
#include "dorefa/Dialect/BPA/ISA.cpp.inc"
} // namespace

static_assert(sizeof(instructions) / sizeof(*instructions) == numOps,
              "PostProcess is the last instruction");

// Bits of the parts that all instructions share.
static constexpr unsigned opcodeLow = 124, opcodeBits = 4;
static constexpr unsigned waitLow = 119, signalLow = 114;
static constexpr unsigned registerLow = 109, registerBits = 5;

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

static uint64_t getMask(unsigned width) {
  return width >= 64 ? ~uint64_t(0) : (uint64_t(1) << width) - 1;
}

Encoding Encoding::read(const uint8_t *bytes) {
  Encoding result;
  for (unsigned i = 0; i < 8; ++i) {
    result.low |= uint64_t(bytes[i]) << (8 * i);
    result.high |= uint64_t(bytes[8 + i]) << (8 * i);
  }
  return result;
}

void Encoding::write(uint8_t *bytes) const {
  for (unsigned i = 0; i < 8; ++i) {
    bytes[i] = low >> (8 * i);
    bytes[8 + i] = high >> (8 * i);
  }
}

uint64_t Encoding::extract(unsigned bit, unsigned width) const {
  if (bit >= 64)
    return (high >> (bit - 64)) & getMask(width);
  uint64_t value = low >> bit;
  if (bit != 0 && bit + width > 64)
    value |= high << (64 - bit);
  return value & getMask(width);
}

void Encoding::insert(unsigned bit, unsigned width, uint64_t value) {
  value &= getMask(width);
  if (bit >= 64) {
    high |= value << (bit - 64);
    return;
  }
  low |= value << bit;
  if (bit != 0 && bit + width > 64)
    high |= value >> (64 - bit);
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

const InstructionInfo &mlir::bpa::getInfo(Op op) {
  return instructions[static_cast<unsigned>(op)];
}

std::optional<Op> mlir::bpa::findInstruction(const char *mnemonic) {
  for (unsigned i = 0; i < numOps; ++i)
    if (std::strcmp(instructions[i].mnemonic, mnemonic) == 0)
      return static_cast<Op>(i);
  return std::nullopt;
}

const char *mlir::bpa::getName(Engine engine) {
  return engineNames[static_cast<unsigned>(engine)];
}

const char *mlir::bpa::getText(StopReason reason) {
  return stopReasonTexts[static_cast<unsigned>(reason)];
}

const Configuration *mlir::bpa::getConfigurations(size_t &count) {
  count = sizeof(configurations) / sizeof(*configurations);
  return configurations;
}

const Configuration *mlir::bpa::findConfiguration(const char *name) {
  for (const Configuration &configuration : configurations)
    if (std::strcmp(configuration.name, name) == 0)
      return &configuration;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

Instruction::Instruction(Op op) : op(op) {
  std::fill(std::begin(values), std::end(values), 0);
  const InstructionInfo &info = bpa::getInfo(op);
  for (unsigned i = 0; i < info.numFields; ++i)
    values[i] = std::max<int64_t>(info.fields[i].min, 0);
}

const InstructionInfo &Instruction::getInfo() const { return bpa::getInfo(op); }

std::optional<Engine> Instruction::getEngine() const {
  Queue queue = getInfo().queue;
  if (queue == Queue::Front)
    return std::nullopt;
  if (queue == Queue::Any)
    return static_cast<Engine>(Nop(*this).engine);
  return static_cast<Engine>(queue);
}

/// "1 to 8", or "fmap, wbuf or tbuf".
static std::string describeValues(const FieldInfo &field) {
  if (!field.choices)
    return std::to_string(field.min) + " to " + std::to_string(field.max);
  std::string text;
  for (int64_t i = 0; i <= field.max; ++i)
    text += std::string(i == 0           ? ""
                        : i == field.max ? " or "
                                         : ", ") +
            field.choices[i];
  return text;
}

Error Instruction::verify() const {
  const InstructionInfo &info = getInfo();
  for (unsigned i = 0; i < info.numFields; ++i) {
    const FieldInfo &field = info.fields[i];
    if (values[i] < field.min || values[i] > field.max)
      return Error(std::string("'") + field.name + "' of '" + info.mnemonic +
                   "' is " + std::to_string(values[i]) + " but must be " +
                   describeValues(field));
  }
  if (!info.hasTokens && (wait | signal) != 0)
    return Error(std::string("'") + info.mnemonic +
                 "' has no tokens; put them on a 'nop' before or "
                 "behind it");
  std::optional<Engine> engine = getEngine();
  if (!engine)
    return Error::success();
  unsigned self = 1u << static_cast<unsigned>(*engine);
  if ((wait | signal) & self)
    return Error(std::string("engine '") + getName(*engine) +
                 "' waits for or signals itself, but it executes in "
                 "order; leave that token out");
  if ((wait | signal) >> numEngines)
    return Error("a token mask names an engine that does not exist");
  return Error::success();
}

Expected<Encoding> mlir::bpa::encode(const Instruction &instruction) {
  if (Error error = instruction.verify())
    return error;
  const InstructionInfo &info = instruction.getInfo();
  Encoding result;
  result.insert(opcodeLow, opcodeBits, info.opcode);
  result.insert(waitLow, numEngines, instruction.wait);
  result.insert(signalLow, numEngines, instruction.signal);
  if (info.number >= 0)
    result.insert(registerLow, registerBits, info.number);
  for (unsigned i = 0; i < info.numFields; ++i) {
    const FieldInfo &field = info.fields[i];
    int64_t value = instruction.values[i];
    if (field.kind == FieldKind::Count)
      --value;
    result.insert(field.low, field.width, value);
  }
  return result;
}

/// The value that the bits of a field mean.
static int64_t decodeField(const FieldInfo &field, const Encoding &encoding) {
  uint64_t bits = encoding.extract(field.low, field.width);
  if (field.kind == FieldKind::Count)
    return static_cast<int64_t>(bits) + 1;
  uint64_t sign = uint64_t(1) << (field.width - 1);
  if (field.kind == FieldKind::Signed)
    return static_cast<int64_t>(bits ^ sign) - static_cast<int64_t>(sign);
  return bits;
}

/// The instruction that opcode and register name.
static std::optional<Op> findOp(const Encoding &encoding) {
  unsigned opcode = encoding.extract(opcodeLow, opcodeBits);
  int number = encoding.extract(registerLow, registerBits);
  for (unsigned i = 0; i < numOps; ++i)
    if (instructions[i].opcode == opcode &&
        (instructions[i].number < 0 || instructions[i].number == number))
      return static_cast<Op>(i);
  return std::nullopt;
}

Expected<Instruction> mlir::bpa::decode(const Encoding &encoding) {
  std::optional<Op> op = findOp(encoding);
  if (!op)
    return Error("no instruction has opcode " +
                 std::to_string(encoding.extract(opcodeLow, opcodeBits)) +
                 " and register " +
                 std::to_string(encoding.extract(registerLow, registerBits)));
  Instruction result(*op);
  const InstructionInfo &info = result.getInfo();
  result.wait = encoding.extract(waitLow, numEngines);
  result.signal = encoding.extract(signalLow, numEngines);
  for (unsigned i = 0; i < info.numFields; ++i)
    result.values[i] = decodeField(info.fields[i], encoding);
  if (Error error = result.verify())
    return error;
  // Fields fill a body from the top, so what no field takes are its low bits.
  unsigned low = std::min<unsigned>(info.reserved, 64);
  if (encoding.extract(0, std::max(low, 1u)) & getMask(low) ||
      (info.reserved > 64 && encoding.extract(64, info.reserved - 64) != 0))
    return Error(std::string("a reserved bit of '") + info.mnemonic +
                 "' is 1 but must be 0");
  return result;
}
