//===- CPUFeatures.h - Instruction sets that code needs ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_CPU_CPUFEATURES_H
#define DOREFA_LIB_TARGET_CPU_CPUFEATURES_H

#include "llvm/IR/IRBuilder.h"
#include "llvm/MC/MCSubtargetInfo.h"

namespace mlir::dorefa {

/// Code that asks the processor (x86: cpuid and xgetbv) whether it has every
/// instruction set that `subtarget` lets the compiler use, and the operating
/// system whether it saves the registers; an i1. The code itself needs x86-64
/// only.
llvm::Value *createFeatureCheck(llvm::IRBuilderBase &builder,
                                const llvm::MCSubtargetInfo &subtarget);

/// Whether every processor that can run code for `more` can run code for `less`
/// as well (x86).
bool includesFeatures(const llvm::MCSubtargetInfo &more,
                      const llvm::MCSubtargetInfo &less);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_CPU_CPUFEATURES_H
