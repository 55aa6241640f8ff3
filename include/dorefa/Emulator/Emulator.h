//===- Emulator.h - Run GPU kernels on the CPU and check them ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Executes the LLVM IR that NVPTX would compile, so that the kernels of
// --target=gpu are tested bit for bit without a GPU. docs/emulator.md says
// what is checked, and how.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_EMULATOR_EMULATOR_H
#define DOREFA_EMULATOR_EMULATOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBufferRef.h"

#include <array>
#include <memory>

namespace mlir::dorefa::emulator {

/// When a copy of cp.async writes shared memory. All are right on a device.
enum class CopyTiming {
  /// At any time between its issue and its wait, by the seed.
  Seeded,
  /// At its issue.
  Eager,
  /// At its wait.
  Lazy
};

struct EmulatorOptions {
  /// Chooses the order of blocks, warps and lanes and when copies land; 0 takes
  /// everything in ascending order. Equal seeds give equal runs.
  uint64_t seed = 0;
  CopyTiming copies = CopyTiming::Seeded;
  /// Iterations of loops after which a thread counts as stuck.
  int64_t maxIterations = int64_t(1) << 28;
  /// Bytes of shared memory that a block may have.
  uint64_t maxSharedBytes = 227 * 1024;
};

/// x, y, z.
using Dimensions = std::array<uint32_t, 3>;

/// A device. Not thread-safe: one launch at a time.
class Emulator {
public:
  /// A loaded module, which the emulator owns.
  class Program;

  explicit Emulator(EmulatorOptions options);
  ~Emulator();

  /// For the launches that follow.
  void setOptions(EmulatorOptions options);

  /// Memory that kernels may touch and the caller may use directly: `size`
  /// bytes of poison, aligned to 256. Null if there is none left.
  void *allocate(uint64_t size);
  /// False where `pointer` is not from allocate().
  bool release(const void *pointer);

  /// Compiles the kernels in `bitcode`, LLVM bitcode or text for NVPTX. An
  /// instruction that is not emulated is an error that names it.
  llvm::Expected<Program *> load(llvm::MemoryBufferRef bitcode);

  /// Runs `kernel` to its end. `arguments` point to the values of its
  /// parameters, as those of cuLaunchKernel do. The first mistake that the
  /// kernel makes is an error that names kernel, block, warp, lane and
  /// instruction.
  llvm::Error launch(Program &program, llvm::StringRef kernel, Dimensions grid,
                     Dimensions block, uint64_t dynamicSharedBytes,
                     llvm::ArrayRef<void *> arguments);

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace mlir::dorefa::emulator

#endif // DOREFA_EMULATOR_EMULATOR_H
