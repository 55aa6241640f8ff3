//===- Instrument.h - Kernels as coroutines that check themselves *- C++ -*===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_EMULATOR_INSTRUMENT_H
#define DOREFA_LIB_EMULATOR_INSTRUMENT_H

#include "Lane.h"

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace mlir::dorefa::emulator {

/// What diagnostics and the scheduler know about a module of kernels.
struct ProgramInfo {
  /// [0] is unused: it stands for a lane that has exited.
  std::vector<Site> sites = std::vector<Site>(1);
  std::vector<Kernel> kernels;
  /// Symbols of arrays in global or constant memory that the module defines.
  std::vector<std::string> globals;
};

/// The symbol of the coroutine that `kernel` becomes.
std::string getEntrySymbol(llvm::StringRef kernel);

/// Turns every kernel of `module`, LLVM IR for NVPTX, into IR for the host, a
/// coroutine `void(Lane *, void **arguments)`:
///
///   - collectives store operands and site into the lane and suspend;
///   - loads and stores, and copies from global to shared memory, call the
///     functions of Runtime.h first;
///   - arrays in shared memory become offsets from Lane::shared;
///   - loops count down Lane::iterationsLeft.
///
/// Nothing is optimized before, so that checks see the accesses of the
/// kernel. Intrinsics that are not emulated, inline assembly, and functions
/// without a body are errors that name the kernel and its instruction.
llvm::Expected<ProgramInfo> instrument(llvm::Module &module);

} // namespace mlir::dorefa::emulator

#endif // DOREFA_LIB_EMULATOR_INSTRUMENT_H
