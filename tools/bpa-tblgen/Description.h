//===- Description.h - The instruction set as plain data --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the emitters read: the records of ISA.td with bit positions assigned.
//
//===----------------------------------------------------------------------===//

#ifndef BPA_TBLGEN_DESCRIPTION_H
#define BPA_TBLGEN_DESCRIPTION_H

#include "llvm/TableGen/Record.h"

#include <string>
#include <vector>

namespace bpa_tblgen {

/// A field of an instruction. `low` is its least significant bit.
struct Field {
  std::string name, kind, unit, summary;
  std::vector<std::string> choices;
  unsigned low, width;

  /// Smallest and largest value that the field can say.
  int64_t getMin() const;
  int64_t getMax() const;
};

/// An instruction. Its body lies in bits 113 (108 where it writes a register)
/// to 0; `reserved` is the number of low bits that no field takes.
struct Instruction {
  std::string def, mnemonic, queue, summary;
  std::vector<Field> fields;
  unsigned opcode, reserved;
  int64_t registerNumber;
  bool hasTokens;
};

struct Engine {
  std::string def, name, summary;
  int64_t index;
};

/// A size of the machine: names and values in the order of the records.
struct Configuration {
  std::string def, name;
  std::vector<std::pair<std::string, int64_t>> parameters;
  /// Of the instruction set and these parameters.
  uint64_t hash;
};

struct ControlRegister {
  std::string name, access, summary;
  int64_t offset;
};

struct StopReason {
  std::string name, summary;
  int64_t number;
};

/// All of ISA.td. Instructions are sorted by opcode, then register.
struct Description {
  std::vector<Engine> engines;
  std::vector<Instruction> instructions;
  std::vector<Configuration> configurations;
  std::vector<ControlRegister> registers;
  std::vector<StopReason> reasons;
};

/// Reads the records; contradictions end the program with a located error, as
/// everywhere in TableGen.
Description describe(const llvm::RecordKeeper &records);

/// "FmapWords" as "fmap_words".
std::string toSnakeCase(llvm::StringRef name);

void emitDeclarations(const llvm::RecordKeeper &records,
                      llvm::raw_ostream &stream);
void emitDefinitions(const llvm::RecordKeeper &records,
                     llvm::raw_ostream &stream);
void emitMarkdown(const llvm::RecordKeeper &records, llvm::raw_ostream &stream);
void emitOperations(const llvm::RecordKeeper &records,
                    llvm::raw_ostream &stream);
void emitSystemVerilog(const llvm::RecordKeeper &records,
                       llvm::raw_ostream &stream);

} // namespace bpa_tblgen

#endif // BPA_TBLGEN_DESCRIPTION_H
