//===- ElfFile.cpp - BPA programs as ELF64 files --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An executable that llvm-readelf and llvm-objdump -s understand: one loadable
// segment per section, a symbol table, and a note that names the machine.
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Program.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/ObjectYAML/ELFYAML.h"
#include "llvm/ObjectYAML/yaml2obj.h"
#include "llvm/Support/Endian.h"

using namespace llvm;
using namespace llvm::object;
using namespace mlir::bpa;

/// The letters BP; no number is registered.
static constexpr uint16_t machine = 0x4250;
static constexpr StringLiteral noteName = ".note.bpa", noteOwner = "BPA";
static constexpr unsigned noteType = 1;
static constexpr StringLiteral sectionNames[numSections] = {".text", ".data",
                                                            ".bss"};

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

llvm::Expected<std::vector<uint8_t>>
mlir::bpa::encodeText(const Program &program) {
  std::vector<uint8_t> bytes(program.getSize(SectionKind::Text));
  for (size_t i = 0; i < program.text.size(); ++i) {
    auto encoding = encode(program.text[i]);
    if (!encoding)
      return createStringError("instruction " + Twine(i) + ": " +
                               encoding.takeError().message());
    encoding->write(&bytes[i * instructionBytes]);
  }
  return bytes;
}

/// A section whose bytes, if it has any, must outlive `object`.
static void addSection(ELFYAML::Object &object, SectionKind kind,
                       uint64_t address, uint64_t size,
                       ArrayRef<uint8_t> bytes) {
  std::unique_ptr<ELFYAML::Section> section;
  if (kind == SectionKind::Bss) {
    section = std::make_unique<ELFYAML::NoBitsSection>();
    section->Type = ELF::SHT_NOBITS;
    section->Size = size;
  } else {
    section = std::make_unique<ELFYAML::RawContentSection>();
    section->Type = ELF::SHT_PROGBITS;
    section->Content = yaml::BinaryRef(bytes);
  }
  section->Name = sectionNames[static_cast<unsigned>(kind)];
  section->Flags =
      ELF::SHF_ALLOC |
      (kind == SectionKind::Text ? ELF::SHF_EXECINSTR : ELF::SHF_WRITE);
  section->Address = address;
  section->AddressAlign = 64;
  ELFYAML::ProgramHeader segment;
  segment.Type = ELF::PT_LOAD;
  segment.Flags =
      kind == SectionKind::Text ? ELF::PF_R | ELF::PF_X : ELF::PF_R | ELF::PF_W;
  segment.VAddr = segment.PAddr = address;
  segment.Align = 64;
  segment.FirstSec = segment.LastSec = section->Name;
  object.ProgramHeaders.push_back(segment);
  object.Chunks.push_back(std::move(section));
}

static void addSymbols(ELFYAML::Object &object, const Program &program) {
  object.Symbols.emplace();
  for (const Symbol &symbol : program.symbols) {
    ELFYAML::Symbol entry = {};
    entry.Name = symbol.name;
    entry.Type =
        symbol.section == SectionKind::Text ? ELF::STT_NOTYPE : ELF::STT_OBJECT;
    entry.Binding = ELF::STB_GLOBAL;
    entry.Section = sectionNames[static_cast<unsigned>(symbol.section)];
    entry.Value = program.getAddress(symbol);
    entry.Size = program.getSize(symbol);
    object.Symbols->push_back(entry);
  }
}

/// The note: hash of instruction set and configuration, then its name.
static std::vector<uint8_t> makeNote(const Configuration &configuration) {
  std::vector<uint8_t> bytes(8);
  support::endian::write64le(bytes.data(), configuration.hash);
  StringRef name = configuration.name;
  bytes.insert(bytes.end(), name.bytes_begin(), name.bytes_end());
  return bytes;
}

llvm::Error mlir::bpa::writeElf(const Program &program, raw_ostream &stream) {
  auto text = encodeText(program);
  if (!text)
    return text.takeError();
  std::vector<uint8_t> note = makeNote(*program.configuration);
  ELFYAML::Object object;
  object.Header.Class = ELF::ELFCLASS64;
  object.Header.Data = ELF::ELFDATA2LSB;
  object.Header.OSABI = ELF::ELFOSABI_STANDALONE;
  object.Header.ABIVersion = 0;
  object.Header.Type = ELF::ET_EXEC;
  object.Header.Machine = ELFYAML::ELF_EM(machine);
  object.Header.Flags = 0;
  object.Header.Entry = program.getAddress(SectionKind::Text);
  for (unsigned i = 0; i < numSections; ++i) {
    auto kind = static_cast<SectionKind>(i);
    if (uint64_t size = program.getSize(kind))
      addSection(object, kind, program.getAddress(kind), size,
                 kind == SectionKind::Text ? ArrayRef(*text)
                                           : ArrayRef(program.data));
  }
  auto section = std::make_unique<ELFYAML::NoteSection>();
  section->Name = noteName;
  section->Type = ELF::SHT_NOTE;
  section->AddressAlign = 4;
  ELFYAML::NoteEntry entry;
  entry.Name = noteOwner;
  entry.Desc = yaml::BinaryRef(note);
  entry.Type = ELFYAML::ELF_NT(noteType);
  section->Notes.emplace().push_back(entry);
  object.Chunks.push_back(std::move(section));
  addSymbols(object, program);
  std::string problem;
  if (!yaml::yaml2elf(
          object, stream, [&](const Twine &text) { problem = text.str(); },
          UINT64_MAX))
    return createStringError(problem);
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

using File = ELFFile<ELF64LE>;

/// Reads a program section by section; LLVM checks every range.
class ElfReader {
public:
  explicit ElfReader(const File &file) : file(file) {}

  llvm::Expected<Program> read();

private:
  llvm::Error readNote(const File::Elf_Shdr &section);
  llvm::Error readSection(const File::Elf_Shdr &section, SectionKind kind);
  llvm::Error readText(ArrayRef<uint8_t> bytes);
  llvm::Error readSymbols(const File::Elf_Shdr &section);
  llvm::Error checkAddresses();

  const File &file;
  Program program;
  /// Addresses that the sections claim.
  std::optional<uint64_t> addresses[numSections];
};

} // namespace

llvm::Error ElfReader::readNote(const File::Elf_Shdr &section) {
  llvm::Error failure = llvm::Error::success();
  for (const auto &note : file.notes(section, failure)) {
    ArrayRef<uint8_t> bytes = note.getDesc(/*Align=*/4);
    if (note.getName() != noteOwner || note.getType() != noteType ||
        bytes.size() < 8)
      continue;
    std::string name = toStringRef(bytes.drop_front(8)).str();
    program.configuration = findConfiguration(name.c_str());
    if (!program.configuration) {
      consumeError(std::move(failure));
      return createStringError("is made for configuration '" + name +
                               "', which this version does not have");
    }
    if (support::endian::read64le(bytes.data()) !=
        program.configuration->hash) {
      consumeError(std::move(failure));
      return createStringError("is made for another version of '" + name +
                               "'; assemble or compile it again");
    }
  }
  return failure;
}

llvm::Error ElfReader::readText(ArrayRef<uint8_t> bytes) {
  if (bytes.size() % instructionBytes != 0)
    return createStringError(".text has " + Twine(bytes.size()) +
                             " bytes but must have a multiple of 16");
  for (size_t i = 0; i < bytes.size(); i += instructionBytes) {
    auto instruction = decode(Encoding::read(&bytes[i]));
    if (!instruction)
      return createStringError("instruction " + Twine(i / instructionBytes) +
                               ": " + instruction.takeError().message());
    program.text.push_back(*instruction);
  }
  return llvm::Error::success();
}

llvm::Error ElfReader::readSection(const File::Elf_Shdr &section,
                                   SectionKind kind) {
  StringRef name = sectionNames[static_cast<unsigned>(kind)];
  std::optional<uint64_t> &address = addresses[static_cast<unsigned>(kind)];
  if (address)
    return createStringError("has two sections " + name);
  address = section.sh_addr;
  if ((kind == SectionKind::Bss) != (section.sh_type == ELF::SHT_NOBITS))
    return createStringError("section " + name + " is of the wrong type");
  if (section.sh_size > maxDram)
    return createStringError("section " + name + " is larger than DRAM");
  if (kind == SectionKind::Bss) {
    program.bssSize = section.sh_size;
    return llvm::Error::success();
  }
  auto bytes = file.getSectionContents(section);
  if (!bytes)
    return bytes.takeError();
  if (kind == SectionKind::Text)
    return readText(*bytes);
  program.data.assign(bytes->begin(), bytes->end());
  return llvm::Error::success();
}

llvm::Error ElfReader::checkAddresses() {
  for (unsigned i = 0; i < numSections; ++i)
    if (addresses[i] &&
        *addresses[i] != program.getAddress(static_cast<SectionKind>(i)))
      return createStringError(
          "section " + sectionNames[i] + " is at " + Twine(*addresses[i]) +
          " but must be at " +
          Twine(program.getAddress(static_cast<SectionKind>(i))));
  return llvm::Error::success();
}

llvm::Error ElfReader::readSymbols(const File::Elf_Shdr &section) {
  auto symbols = file.symbols(&section);
  if (!symbols)
    return symbols.takeError();
  auto names = file.getStringTableForSymtab(section);
  if (!names)
    return names.takeError();
  for (const auto &symbol : *symbols) {
    if (symbol.st_shndx == ELF::SHN_UNDEF)
      continue;
    auto name = symbol.getName(*names);
    if (!name)
      return name.takeError();
    auto target = file.getSection(symbol.st_shndx);
    if (!target)
      return target.takeError();
    auto targetName = file.getSectionName(**target);
    if (!targetName)
      return targetName.takeError();
    const auto *kind = llvm::find(sectionNames, *targetName);
    if (kind == std::end(sectionNames))
      continue;
    auto known = static_cast<SectionKind>(kind - std::begin(sectionNames));
    uint64_t offset = symbol.st_value - program.getAddress(known);
    if (offset > program.getSize(known) ||
        (known == SectionKind::Text && offset % instructionBytes != 0))
      return createStringError("symbol '" + *name + "' is outside " +
                               *targetName);
    program.symbols.push_back({name->str(), known, offset});
  }
  program.sortSymbols();
  return llvm::Error::success();
}

llvm::Expected<Program> ElfReader::read() {
  if (file.getHeader().e_machine != machine)
    return createStringError("is not a BPA program and holds none");
  auto sections = file.sections();
  if (!sections)
    return sections.takeError();
  const File::Elf_Shdr *symbolTable = nullptr;
  for (const File::Elf_Shdr &section : *sections) {
    auto name = file.getSectionName(section);
    if (!name)
      return name.takeError();
    const auto *kind = llvm::find(sectionNames, *name);
    llvm::Error failure = llvm::Error::success();
    if (kind != std::end(sectionNames))
      failure = readSection(
          section, static_cast<SectionKind>(kind - std::begin(sectionNames)));
    else if (*name == noteName && section.sh_type == ELF::SHT_NOTE)
      failure = readNote(section);
    else if (section.sh_type == ELF::SHT_SYMTAB)
      symbolTable = &section;
    if (failure)
      return std::move(failure);
  }
  if (!program.configuration)
    return createStringError("does not say which configuration it is made for");
  if (llvm::Error failure = checkAddresses())
    return std::move(failure);
  if (symbolTable)
    if (llvm::Error failure = readSymbols(*symbolTable))
      return std::move(failure);
  return std::move(program);
}

/// The program in a model, which holds it as it is at an address that is a multiple of
/// 64; all of `bytes` where there is none.
static StringRef findProgram(StringRef bytes) {
  constexpr size_t alignment = 64;
  auto isProgram = [](StringRef file) {
    return file.size() >= sizeof(ELF::Elf64_Ehdr) &&
           file.starts_with(ELF::ElfMagic) &&
           support::endian::read16le(
               file.data() + offsetof(ELF::Elf64_Ehdr, e_machine)) == machine;
  };
  for (size_t offset = 0; offset < bytes.size(); offset += alignment)
    if (isProgram(bytes.drop_front(offset)))
      return bytes.drop_front(offset);
  return bytes;
}

llvm::Expected<Program> mlir::bpa::readElf(MemoryBufferRef buffer) {
  auto locate = [&](llvm::Error failure) {
    return createStringError(buffer.getBufferIdentifier() + ": " +
                             toString(std::move(failure)));
  };
  StringRef bytes = buffer.getBuffer();
  if (!bytes.starts_with(ELF::ElfMagic))
    return locate(createStringError("is not an ELF file"));
  auto [bits, order] = getElfArchType(bytes);
  if (bits != ELF::ELFCLASS64 || order != ELF::ELFDATA2LSB)
    return locate(createStringError("is not a little-endian ELF64 file"));
  auto file = File::create(findProgram(bytes));
  if (!file)
    return locate(file.takeError());
  auto program = ElfReader(*file).read();
  if (!program)
    return locate(program.takeError());
  return program;
}
