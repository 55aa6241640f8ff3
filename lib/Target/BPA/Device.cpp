//===- Device.cpp - Programs on BPA machines ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Device.h"

#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace mlir::bpa;

/// Why a device of this kind with this DRAM cannot be opened, though its configuration
/// exists.
static llvm::Error explainArguments(const std::string &kind, uint64_t bytes) {
  if (kind != "func" && kind != "cycle" && kind != "rtl")
    return createStringError("device is '" + kind + "' but must be func, cycle or rtl");
  if (bytes > maxDram)
    return createStringError("takes " + Twine(bytes) + " bytes of DRAM but there are " +
                             Twine(maxDram));
  return createStringError("there is no device rtl: libdorefa-bpa-rtl.so is not beside "
                           "this program; build it with Verilator installed");
}

llvm::Expected<Device> mlir::bpa::openDevice(const Program &program,
                                             const std::string &kind) {
  uint64_t bytes = program.getAddress(SectionKind::Bss) + program.bssSize;
  bpa_device *opened = nullptr;
  switch (bpa_open(kind.c_str(), program.configuration->name, bytes, &opened)) {
  case BPA_OK:
    break;
  case BPA_ERROR_MEMORY:
    return createStringError("cannot allocate " + Twine(bytes) +
                             " bytes of DRAM");
  default:
    return explainArguments(kind, bytes);
  }
  Device device(opened);
  auto text = encodeText(program);
  if (!text)
    return text.takeError();
  bpa_write(opened, program.getAddress(SectionKind::Text), text->data(),
            text->size());
  bpa_write(opened, program.getAddress(SectionKind::Data), program.data.data(),
            program.data.size());
  return std::move(device);
}

llvm::Expected<RoutineRange> mlir::bpa::findRoutine(const Program &program,
                                                    StringRef routine) {
  if (routine.empty())
    return RoutineRange{0, static_cast<uint32_t>(program.text.size())};
  const Symbol *symbol = program.findSymbol(routine);
  if (!symbol || symbol->section != SectionKind::Text)
    return createStringError("the program has no routine '" + routine + "'");
  return RoutineRange{
      static_cast<uint32_t>(symbol->offset / instructionBytes),
      static_cast<uint32_t>(program.getSize(*symbol) / instructionBytes)};
}

llvm::Error mlir::bpa::run(const Program &program, const Device &device,
                           const bpa_run_options &options) {
  uint64_t beat = program.getAddress(SectionKind::Text) / instructionBytes;
  if (bpa_run(device.get(), beat, program.text.size(), &options) != BPA_OK)
    return createStringError(bpa_get_message(device.get()));
  return llvm::Error::success();
}

static llvm::Error verifyRoutine(const Program &program, const Device &device,
                                 StringRef name) {
  auto range = findRoutine(program, name);
  if (!range)
    return range.takeError();
  bpa_run_options options = {};
  options.check_order = 1;
  if (bpa_run(device.get(), range->first, range->length, &options) == BPA_OK)
    return llvm::Error::success();
  return createStringError((name.empty() ? "" : name + ": ") +
                           Twine(bpa_get_message(device.get())));
}

llvm::Error mlir::bpa::verify(const Program &program, const Device &device) {
  // Labels of assembly are no routines unless one starts the text.
  bool hasRoutines = llvm::any_of(program.symbols, [](const Symbol &symbol) {
    return symbol.section == SectionKind::Text && symbol.offset == 0;
  });
  if (!hasRoutines)
    return verifyRoutine(program, device, "");
  for (const Symbol &symbol : program.symbols)
    if (symbol.section == SectionKind::Text)
      if (llvm::Error error = verifyRoutine(program, device, symbol.name))
        return error;
  return llvm::Error::success();
}

llvm::Expected<Program> mlir::bpa::readElfFile(const std::string &path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false);
  if (!buffer)
    return createStringError(path + ": " + buffer.getError().message());
  return readElf(**buffer);
}
