//===- KernelFile.h - Where kernels are read from ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_KERNELFILE_H
#define DOREFA_TOOLS_KERNELFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

/// The LLVM IR in the file at `path` ("-": standard input), which is LLVM IR or
/// MLIR with one gpu.binary.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readKernelFile(llvm::StringRef path);

#endif // DOREFA_TOOLS_KERNELFILE_H
