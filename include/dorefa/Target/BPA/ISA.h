//===- ISA.h - Instructions of the BPA accelerator --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ISA.td says, for C++. Free of LLVM, because simulators are part of the
// runtime. What instructions do says dialects/BPA/README.md.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_BPA_ISA_H
#define DOREFA_TARGET_BPA_ISA_H

#include "dorefa/Runtime/Error.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace mlir::bpa {

using dorefa::runtime::Error;
using dorefa::runtime::Expected;

#define GET_ISA_ENUMERATIONS
#include "dorefa/Dialect/BPA/ISA.h.inc"

/// Bytes of an instruction, which are those of a beat.
constexpr size_t instructionBytes = 16;

/// 128 bits of an instruction.
struct Encoding {
  /// The encoding that `instructionBytes` bytes hold, least significant first.
  static Encoding read(const uint8_t *bytes);
  void write(uint8_t *bytes) const;

  /// Bits [low + width - 1 : low]; width is 1 to 64.
  uint64_t extract(unsigned low, unsigned width) const;
  /// Sets these bits, which are 0 before.
  void insert(unsigned low, unsigned width, uint64_t value);

  bool operator==(const Encoding &other) const {
    return low == other.low && high == other.high;
  }

  uint64_t low = 0, high = 0;
};

/// How the bits of a field mean a value.
enum class FieldKind : uint8_t { Unsigned, Signed, Count, Choice };

/// A field; `min` to `max` are the values it can say.
struct FieldInfo {
  const char *name;
  /// Empty where there is none; "lanes|beats" where the mode decides.
  const char *unit;
  uint8_t low, width;
  FieldKind kind;
  int64_t min, max;
  /// Names of the values of a choice, else null.
  const char *const *choices;
};

/// Where an instruction is executed.
enum class Queue : uint8_t { LD, GA, MM, PP, ST, Front, Any };

/// An instruction of the set.
struct InstructionInfo {
  const char *mnemonic;
  uint8_t opcode;
  /// The register that it writes, or -1.
  int8_t number;
  Queue queue;
  bool hasTokens;
  /// Low bits that no field takes.
  uint8_t reserved;
  const FieldInfo *fields;
  unsigned numFields;
};

/// One size of the machine. Memories are in words of `lanes` bits; banks of the
/// gather buffer are rows, banks of the weight buffer columns.
struct Configuration {
  const char *name;
  /// Of instruction set and parameters; a program carries it.
  uint64_t hash;
  uint32_t rows, columns, lanes;
  uint32_t fmapWords, abufWords, wbufWords, tbufEntries;
  uint32_t queueDepth;
};

/// An instruction: what it is, its tokens and the values of its fields in the
/// order of the table. The structures below name them.
struct Instruction {
  /// An instruction without tokens whose fields have their smallest values, 0
  /// where these are negative.
  explicit Instruction(Op op);

  const InstructionInfo &getInfo() const;

  /// The engine that executes it; none for the front end.
  std::optional<Engine> getEngine() const;

  /// Why it cannot be encoded: a value out of the range of its field, or tokens
  /// where there are none. The way out is part of the text.
  Error verify() const;

  Op op;
  /// Bit e: waits for a token of engine e, signals one to it.
  uint8_t wait = 0, signal = 0;
  int64_t values[maxFields];
};

#define GET_ISA_STRUCTURES
#include "dorefa/Dialect/BPA/ISA.h.inc"

constexpr unsigned numOps = static_cast<unsigned>(Op::PostProcess) + 1;

const InstructionInfo &getInfo(Op op);
/// Nothing where no instruction is called so.
std::optional<Op> findInstruction(const char *mnemonic);
/// "ld", "ga", "mm", "pp" or "st".
const char *getName(Engine engine);
/// What the reason means, in words.
const char *getText(StopReason reason);

/// All sizes of the machine, `count` of them; the first is the default.
const Configuration *getConfigurations(size_t &count);
const Configuration *findConfiguration(const char *name);

/// The bits of an instruction; an error is that of Instruction::verify.
Expected<Encoding> encode(const Instruction &instruction);

/// The instruction of some bits. Those without an instruction, with a reserved
/// bit that is 1 or a choice that does not exist are errors.
Expected<Instruction> decode(const Encoding &encoding);

} // namespace mlir::bpa

#endif // DOREFA_TARGET_BPA_ISA_H
