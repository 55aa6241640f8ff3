//===- Program.cpp - Programs of the BPA accelerator ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Program.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::bpa;

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

uint64_t Program::getSize(SectionKind section) const {
  switch (section) {
  case SectionKind::Text:
    return text.size() * instructionBytes;
  case SectionKind::Data:
    return data.size();
  case SectionKind::Bss:
    return bssSize;
  }
  llvm_unreachable("all kinds are handled");
}

uint64_t Program::getAddress(SectionKind section) const {
  constexpr uint64_t alignment = 64;
  uint64_t address = 0;
  for (int i = 0; i < static_cast<int>(section); ++i)
    address =
        alignTo(address + getSize(static_cast<SectionKind>(i)), alignment);
  return address;
}

uint64_t Program::getAddress(const Symbol &symbol) const {
  return getAddress(symbol.section) + symbol.offset;
}

uint64_t Program::getSize(const Symbol &symbol) const {
  uint64_t end = getSize(symbol.section);
  for (const Symbol &other : symbols)
    if (other.section == symbol.section && other.offset > symbol.offset)
      end = std::min(end, other.offset);
  return end - symbol.offset;
}

const Symbol *Program::findSymbol(StringRef name) const {
  for (const Symbol &symbol : symbols)
    if (symbol.name == name)
      return &symbol;
  return nullptr;
}

void Program::sortSymbols() {
  llvm::sort(symbols, [](const Symbol &a, const Symbol &b) {
    return std::tie(a.section, a.offset, a.name) <
           std::tie(b.section, b.offset, b.name);
  });
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// " wait(ld, ga)", nothing where the mask is 0.
static void printTokens(StringRef word, unsigned mask, raw_ostream &stream) {
  if (mask == 0)
    return;
  ListSeparator comma;
  stream << ' ' << word << '(';
  for (unsigned i = 0; i < numEngines; ++i)
    if (mask >> i & 1)
      stream << comma << getName(static_cast<Engine>(i));
  stream << ')';
}

void mlir::bpa::printInstruction(const Instruction &instruction,
                                 raw_ostream &stream) {
  const InstructionInfo &info = instruction.getInfo();
  stream << info.mnemonic;
  for (unsigned i = 0; i < info.numFields; ++i) {
    const FieldInfo &field = info.fields[i];
    int64_t value = instruction.values[i];
    if (field.choices)
      stream << ' ' << field.name << '=' << field.choices[value];
    else if (value != std::max<int64_t>(field.min, 0))
      stream << ' ' << field.name << '=' << value;
  }
  printTokens("wait", instruction.wait, stream);
  printTokens("signal", instruction.signal, stream);
}

/// The bytes from `begin` to `end`: words of 8 bytes, then single bytes. Whole
/// runs of zeros are one directive.
static void printBytes(ArrayRef<uint8_t> bytes, raw_ostream &stream) {
  while (!bytes.empty()) {
    size_t zeros =
        bytes.take_while([](uint8_t byte) { return byte == 0; }).size();
    if (zeros > 8 || zeros == bytes.size()) {
      stream << "  .zero " << zeros << '\n';
      bytes = bytes.drop_front(zeros);
    } else if (bytes.size() >= 8) {
      uint64_t word = support::endian::read64le(bytes.data());
      stream << formatv("  .quad {0:x}\n", word);
      bytes = bytes.drop_front(8);
    } else {
      stream << "  .byte " << unsigned(bytes.front()) << '\n';
      bytes = bytes.drop_front();
    }
  }
}

void mlir::bpa::printAssembly(const Program &program, raw_ostream &stream) {
  static const char *const names[numSections] = {".text", ".data", ".bss"};
  stream << ".config " << program.configuration->name << '\n';
  for (unsigned i = 0; i < numSections; ++i) {
    auto kind = static_cast<SectionKind>(i);
    uint64_t size = program.getSize(kind), offset = 0;
    SmallVector<const Symbol *> symbols;
    for (const Symbol &symbol : program.symbols)
      if (symbol.section == kind)
        symbols.push_back(&symbol);
    if (size == 0 && symbols.empty())
      continue;
    stream << names[i] << '\n';
    for (size_t next = 0; next <= symbols.size(); ++next) {
      uint64_t end = next < symbols.size() ? symbols[next]->offset : size;
      if (kind == SectionKind::Text)
        for (; offset < end; offset += instructionBytes) {
          stream << "  ";
          printInstruction(program.text[offset / instructionBytes], stream);
          stream << '\n';
        }
      else if (kind == SectionKind::Data)
        printBytes(ArrayRef(program.data).slice(offset, end - offset), stream);
      else if (end != offset)
        stream << "  .zero " << end - offset << '\n';
      offset = end;
      if (next < symbols.size())
        stream << symbols[next]->name << ":\n";
    }
  }
}
