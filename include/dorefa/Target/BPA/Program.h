//===- Program.h - Programs of the BPA accelerator --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program in memory, as assembly text and as ELF64 file.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_BPA_PROGRAM_H
#define DOREFA_TARGET_BPA_PROGRAM_H

#include "dorefa/Target/BPA/ISA.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBufferRef.h"

#include <string>
#include <vector>

namespace llvm {
class SourceMgr;
class raw_ostream;
} // namespace llvm

namespace mlir::bpa {

/// What a section holds; the order is that in DRAM.
enum class SectionKind { Text, Data, Bss };
constexpr unsigned numSections = 3;

/// A name for bytes of a section.
struct Symbol {
  std::string name;
  SectionKind section;
  /// Bytes from the start of the section.
  uint64_t offset;
};

/// A program: instructions, constants and space that DRAM has to hold.
struct Program {
  const Configuration *configuration = nullptr;
  std::vector<Instruction> text;
  std::vector<uint8_t> data;
  /// Bytes of zeros.
  uint64_t bssSize = 0;
  /// Sorted by section, offset and name.
  std::vector<Symbol> symbols;

  /// Bytes of a section.
  uint64_t getSize(SectionKind section) const;
  /// Byte in DRAM at which a section starts: one behind the other from 0 on,
  /// each at a multiple of 64.
  uint64_t getAddress(SectionKind section) const;
  uint64_t getAddress(const Symbol &symbol) const;
  /// Bytes up to the next symbol or the end of its section.
  uint64_t getSize(const Symbol &symbol) const;
  /// Null where there is no such symbol.
  const Symbol *findSymbol(llvm::StringRef name) const;
  void sortSymbols();
};

/// DRAM that a program may take, in bytes: 2^32 beats.
constexpr uint64_t maxDram = uint64_t(1) << 36;

/// Reads the main file of `sources` as assembly. Prints located errors and
/// returns nothing if there are any.
std::optional<Program> parseAssembly(llvm::SourceMgr &sources);

/// Writes assembly that parseAssembly reads as the same program.
void printAssembly(const Program &program, llvm::raw_ostream &stream);

/// One instruction as assembly; fields of the smallest value (0 where that is
/// negative) are left out.
void printInstruction(const Instruction &instruction,
                      llvm::raw_ostream &stream);

/// The bytes of the instructions; an error where one cannot be encoded.
llvm::Expected<std::vector<uint8_t>> encodeText(const Program &program);

/// Writes an ELF64 file. Its instructions must be encodable.
llvm::Error writeElf(const Program &program, llvm::raw_ostream &stream);

/// Reads an ELF64 file. Any input is allowed; an error starts with the name of
/// the buffer.
llvm::Expected<Program> readElf(llvm::MemoryBufferRef buffer);

} // namespace mlir::bpa

#endif // DOREFA_TARGET_BPA_PROGRAM_H
