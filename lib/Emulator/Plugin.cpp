//===- Plugin.cpp - The emulator behind a C interface ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa-c/Emulator.h"
#include "dorefa/Emulator/Emulator.h"

using namespace mlir::dorefa::emulator;

/// A device and what it last complained about.
struct dorefa_emulator {
  explicit dorefa_emulator(EmulatorOptions options) : device(options) {}

  Emulator device;
  std::string error;
};

static dorefa_emulator *create(const dorefa_emulator_options *options) {
  EmulatorOptions result;
  if (options) {
    result.seed = options->seed;
    result.copies = options->copies == DOREFA_COPIES_EAGER  ? CopyTiming::Eager
                    : options->copies == DOREFA_COPIES_LAZY ? CopyTiming::Lazy
                                                            : result.copies;
  }
  return new dorefa_emulator(result);
}

static void destroy(dorefa_emulator *emulator) { delete emulator; }

static const char *getError(dorefa_emulator *emulator) {
  return emulator->error.c_str();
}

static void *allocate(dorefa_emulator *emulator, uint64_t size) {
  void *memory = emulator->device.allocate(size);
  if (!memory)
    emulator->error = "cannot allocate " + std::to_string(size) + " bytes";
  return memory;
}

static int32_t release(dorefa_emulator *emulator, void *memory) {
  if (emulator->device.release(memory))
    return 0;
  emulator->error = "memory to release is none that was allocated";
  return 1;
}

static dorefa_emulator_program *load(dorefa_emulator *emulator,
                                     const void *bitcode, uint64_t size) {
  llvm::StringRef bytes(static_cast<const char *>(bitcode), size);
  auto program = emulator->device.load({bytes, "kernels"});
  if (program)
    return reinterpret_cast<dorefa_emulator_program *>(*program);
  emulator->error = llvm::toString(program.takeError());
  return nullptr;
}

static int32_t launch(dorefa_emulator *emulator,
                      dorefa_emulator_program *program, const char *kernel,
                      const uint32_t grid[3], const uint32_t block[3],
                      uint64_t dynamicSharedBytes, void *const *arguments,
                      uint32_t numArguments) {
  llvm::Error error = emulator->device.launch(
      *reinterpret_cast<Emulator::Program *>(program), kernel,
      {grid[0], grid[1], grid[2]}, {block[0], block[1], block[2]},
      dynamicSharedBytes, llvm::ArrayRef<void *>(arguments, numArguments));
  if (!error)
    return 0;
  emulator->error = llvm::toString(std::move(error));
  return 1;
}

__attribute__((visibility("default"))) const dorefa_emulator_api *
dorefa_emulator_open(uint32_t abiVersion) {
  static const dorefa_emulator_api api = {DOREFA_EMULATOR_ABI_VERSION,
                                          0,
                                          create,
                                          destroy,
                                          getError,
                                          allocate,
                                          release,
                                          load,
                                          launch};
  return abiVersion == DOREFA_EMULATOR_ABI_VERSION ? &api : nullptr;
}
