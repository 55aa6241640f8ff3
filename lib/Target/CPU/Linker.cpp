//===- Linker.cpp - Shared objects from object code -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Linker.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

using namespace llvm;

//===----------------------------------------------------------------------===//
// Temporary files
//===----------------------------------------------------------------------===//

Expected<std::unique_ptr<mlir::dorefa::ScratchDirectory>>
mlir::dorefa::ScratchDirectory::create() {
  SmallString<128> path;
  if (std::error_code error = sys::fs::createUniqueDirectory("dorefa", path))
    return createStringError(error, "cannot make a temporary directory");
  return std::unique_ptr<ScratchDirectory>(new ScratchDirectory(path));
}

mlir::dorefa::ScratchDirectory::~ScratchDirectory() {
  sys::fs::remove_directories(path);
}

std::string mlir::dorefa::ScratchDirectory::getFile(StringRef name) const {
  SmallString<128> file(path);
  sys::path::append(file, name);
  return file.str().str();
}

//===----------------------------------------------------------------------===//
// Object code
//===----------------------------------------------------------------------===//

Error mlir::dorefa::writeObject(Module &module, TargetMachine &machine,
                                StringRef path) {
  std::error_code error;
  raw_fd_ostream stream(path, error);
  if (error)
    return createStringError(error, "cannot write object code");
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr,
                                  CodeGenFileType::ObjectFile))
    return createStringError("this target cannot write object files");
  passes.run(module);
  stream.close();
  error = stream.error();
  stream.clear_error();
  if (error)
    return createStringError(error, "cannot write object code");
  return Error::success();
}

/// Runs lld; its messages become the error.
static Error runLinker(ArrayRef<std::string> arguments) {
  SmallVector<const char *> pointers{"ld.lld"};
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string output, errors;
  raw_string_ostream outputStream(output), errorStream(errors);
  lld::Result result = lld::lldMain(pointers, outputStream, errorStream,
                                    {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0)
    return Error::success();
  return createStringError(StringRef(errors).trim());
}

//===----------------------------------------------------------------------===//
// Stand-ins for the system's libraries
//===----------------------------------------------------------------------===//

/// What generated code may call. Anything else is an undefined symbol: above
/// all there is no malloc.
static constexpr StringLiteral kLibc[] = {"getauxval", "memcpy", "memmove",
                                            "memset"};
/// What the runtime of models for a GPU calls too.
static constexpr StringLiteral kRuntimeLibc[] = {
    "getauxval", "memcpy", "memmove", "memset",  "calloc",  "dlerror", "dlopen",
    "dlsym",     "free",   "strcmp",  "strlen",  "strncat", "strncmp", "strtol",
    "vsnprintf", "dlclose", "strchr",  "snprintf"};
static constexpr StringLiteral kLibm[] = {
    "ceil",  "ceilf", "exp",       "floor",      "floorf", "fma",   "fmaf",
    "log1p", "pow",   "roundeven", "roundevenf", "tanh",   "trunc", "truncf"};
/// Of LLVM's OpenMP; GCC's has other functions.
static constexpr StringLiteral kLibomp[] = {
    "__kmpc_barrier",           "__kmpc_for_static_fini",
    "__kmpc_for_static_init_4u", "__kmpc_for_static_init_8u",
    "__kmpc_fork_call",         "__kmpc_fork_call_if",
    "__kmpc_global_thread_num", "__kmpc_push_num_threads",
    "__kmpc_serialized_parallel", "__kmpc_end_serialized_parallel"};

/// Links a library of empty functions, `name` in `scratch`. It stands for the
/// one of the system that has this name.
static Error createLibrary(StringRef name, ArrayRef<StringLiteral> functions,
                           TargetMachine &machine,
                           const mlir::dorefa::ScratchDirectory &scratch) {
  LLVMContext context;
  Module module(name, context);
  module.setDataLayout(machine.createDataLayout());
  module.setTargetTriple(machine.getTargetTriple());
  IRBuilder<> b(context);
  for (StringRef symbol : functions) {
    auto *function =
        Function::Create(FunctionType::get(b.getVoidTy(), false),
                         GlobalValue::ExternalLinkage, symbol, module);
    b.SetInsertPoint(BasicBlock::Create(context, "entry", function));
    b.CreateRetVoid();
  }
  std::string object = scratch.getFile((name + ".o").str());
  if (Error error = mlir::dorefa::writeObject(module, machine, object))
    return error;
  return runLinker(
      {"-shared", "-soname", name.str(), "-o", scratch.getFile(name), object});
}

Error mlir::dorefa::linkSharedObject(ArrayRef<std::string> objects,
                                     StringRef output, TargetMachine &machine,
                                     const ScratchDirectory &scratch,
                                     bool hasRuntime) {
  constexpr StringLiteral libc = "libc.so.6", libm = "libm.so.6",
                          libomp = "libomp.so.5";
  ArrayRef<StringLiteral> ofLibc = kLibc;
  if (hasRuntime)
    ofLibc = kRuntimeLibc;
  if (Error error = createLibrary(libc, ofLibc, machine, scratch))
    return error;
  if (Error error = createLibrary(libm, kLibm, machine, scratch))
    return error;
  if (Error error = createLibrary(libomp, kLibomp, machine, scratch))
    return error;
  SmallVector<std::string> arguments{
      "-shared",  "-z", "defs", "-z", "now", "-z", "relro", "-z", "noexecstack",
      "--hash-style=gnu", "--gc-sections", "--strip-all",
      // Nobody compares addresses of constants or functions.
      "--icf=all", "--ignore-data-address-equality", "-o", output.str()};
  append_range(arguments, objects);
  append_range(arguments, ArrayRef<std::string>{
                              "--as-needed", scratch.getFile(libomp),
                              scratch.getFile(libm), "--no-as-needed",
                              scratch.getFile(libc)});
  return runLinker(arguments);
}
