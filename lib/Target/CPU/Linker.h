//===- Linker.h - Shared objects from object code ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_CPU_LINKER_H
#define DOREFA_LIB_TARGET_CPU_LINKER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <string>

namespace mlir::dorefa {

/// A directory for temporary files, removed with all it holds.
class ScratchDirectory {
public:
  static llvm::Expected<std::unique_ptr<ScratchDirectory>> create();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory &) = delete;
  ScratchDirectory &operator=(const ScratchDirectory &) = delete;

  /// Path of a file in the directory.
  std::string getFile(llvm::StringRef name) const;

private:
  explicit ScratchDirectory(llvm::StringRef path) : path(path) {}
  std::string path;
};

/// Writes the object code of `module`, as it is, to file `path`.
llvm::Error writeObject(llvm::Module &module, llvm::TargetMachine &machine,
                        llvm::StringRef path);

/// Links object files into shared object `output`; equal constants are stored
/// once. It needs libc, libm where it calls it, and LLVM's OpenMP where it has
/// parallel loops. No library of this machine is read, so that the result does
/// not depend on it: stand-ins for them are made in `scratch`. With `hasRuntime` more
/// functions of libc may be called.
llvm::Error linkSharedObject(llvm::ArrayRef<std::string> objects,
                             llvm::StringRef output,
                             llvm::TargetMachine &machine,
                             const ScratchDirectory &scratch,
                             bool hasRuntime = false);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_CPU_LINKER_H
