//===- Assembler.cpp - Machine code of PTX --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Assembler.h"
#include "../CPU/Linker.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::dorefa;
using llvm::createStringError;
using llvm::Expected;

static Expected<std::string> readFile(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return createStringError(buffer.getError(), "cannot read its output");
  return (*buffer)->getBuffer().str();
}

/// Runs the program at `path`; an error is what it says on its first line.
static Expected<std::string> run(const std::string &path, StringRef ptx,
                                 const Chip &chip) {
  auto scratch = ScratchDirectory::create();
  if (!scratch)
    return scratch.takeError();
  std::string input = (*scratch)->getFile("kernels.ptx"),
              output = (*scratch)->getFile("kernels.cubin"),
              log = (*scratch)->getFile("log"),
              gpu = ("--gpu-name=" + chip.name).str();
  std::error_code error;
  llvm::raw_fd_ostream stream(input, error);
  if (!error) {
    stream << ptx;
    stream.close();
    error = stream.error();
    stream.clear_error();
  }
  if (error)
    return createStringError(error, "cannot write its input");
  std::string message;
  int code = llvm::sys::ExecuteAndWait(
      path, {path, gpu, "--output-file", output, input}, std::nullopt,
      {StringRef(), StringRef(log), StringRef(log)}, 0, 0, &message);
  if (code == 0)
    return readFile(output);
  Expected<std::string> said = readFile(log);
  if (!said)
    return said.takeError();
  StringRef line = StringRef(*said).ltrim().split('\n').first;
  return createStringError(line.empty() ? StringRef(message) : line);
}

FailureOr<std::string> dorefa::assemble(StringRef ptx, const Chip &chip,
                                        StringRef program, Location loc) {
  if (program.empty())
    return std::string();
  bool isNamed = program != "ptxas";
  auto path = llvm::sys::findProgramByName(program);
  if (isNamed && (!path || !llvm::sys::fs::can_execute(*path)))
    return emitError(loc) << "there is no program '" << program
                          << "'; leave out --ptxas to go without machine code";
  if (!path) {
    remark::missed(loc, remark::RemarkOpts::name("no-machine-code").category("dorefa"))
        << remark::reason("ptxas is not in PATH")
        << remark::suggest("the driver compiles the PTX when the model is opened");
    return std::string();
  }
  Expected<std::string> cubin = run(*path, ptx, chip);
  if (cubin)
    return std::move(*cubin);
  std::string reason = llvm::toString(cubin.takeError());
  if (isNamed)
    return emitError(loc) << "'" << *path << "' makes no machine code for "
                          << chip.name << ": " << reason;
  emitWarning(loc) << "the model has PTX alone, for '" << *path
                   << "' makes no machine code for " << chip.name << ": " << reason;
  return std::string();
}
