/*===- Emulator.h - GPU kernels on the CPU, as a plug-in ----------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * libdorefa-emulator.so stands in for a GPU: it runs the LLVM bitcode of
 * kernels, checks what they do with memory and barriers, and gives the results
 * that a GPU gives. It needs LLVM, so programs that are to stay free of LLVM
 * open it at run time. docs/emulator.md says what is checked.
 *
 *     dorefa_emulator_open_fn *open = dlsym(library, "dorefa_emulator_open");
 *     const dorefa_emulator_api *api = open(DOREFA_EMULATOR_ABI_VERSION);
 *     dorefa_emulator *gpu = api->create(NULL);
 *     dorefa_emulator_program *program = api->load(gpu, bitcode, size);
 *     if (!program) puts(api->get_error(gpu));
 *
 *===--------------------------------------------------------------------------===*/

#ifndef DOREFA_C_EMULATOR_H
#define DOREFA_C_EMULATOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Grows when a field is added or changed. */
#define DOREFA_EMULATOR_ABI_VERSION 1u

/** A device. One call at a time. */
typedef struct dorefa_emulator dorefa_emulator;
/** Kernels that a device has loaded; freed with it. */
typedef struct dorefa_emulator_program dorefa_emulator_program;

/** When a copy by cp.async writes shared memory; all are right on a device. */
enum dorefa_emulator_copies {
  /** At any time between its issue and its wait, by the seed. */
  DOREFA_COPIES_SEEDED = 0,
  /** At its issue. */
  DOREFA_COPIES_EAGER = 1,
  /** At its wait. */
  DOREFA_COPIES_LAZY = 2
};

/** All zero is the default. */
typedef struct dorefa_emulator_options {
  /** Orders blocks, warps, lanes and copies; 0 is ascending order. */
  uint64_t seed;
  /** A `dorefa_emulator_copies`. */
  int32_t copies;
  /** 0. */
  int32_t reserved;
} dorefa_emulator_options;

/** The functions of the plug-in. */
typedef struct dorefa_emulator_api {
  uint32_t abi_version;
  uint32_t reserved;
  /** A new device; `options` may be null. */
  dorefa_emulator *(*create)(const dorefa_emulator_options *options);
  void (*destroy)(dorefa_emulator *emulator);
  /** What went wrong in the last call that failed: one line that names kernel,
   * block, warp, lane and instruction where it was a kernel. Valid until the
   * next call. */
  const char *(*get_error)(dorefa_emulator *emulator);
  /** `size` bytes that kernels may touch, aligned to 256, filled with poison;
   * null if there are none left. The caller may use them directly. */
  void *(*allocate)(dorefa_emulator *emulator, uint64_t size);
  /** 0, or 1 where `memory` is not from allocate. */
  int32_t (*release)(dorefa_emulator *emulator, void *memory);
  /** Compiles the kernels in `size` bytes of LLVM bitcode; null on failure. */
  dorefa_emulator_program *(*load)(dorefa_emulator *emulator,
                                   const void *bitcode, uint64_t size);
  /** Runs a kernel to its end. `arguments` point to the values of its
   * parameters, as those of cuLaunchKernel do. 0, or 1 where the kernel made a
   * mistake. */
  int32_t (*launch)(dorefa_emulator *emulator, dorefa_emulator_program *program,
                    const char *kernel, const uint32_t grid[3],
                    const uint32_t block[3], uint64_t dynamic_shared_bytes,
                    void *const *arguments, uint32_t num_arguments);
} dorefa_emulator_api;

/** The functions, or null where the library has another version. */
typedef const dorefa_emulator_api *
dorefa_emulator_open_fn(uint32_t abi_version);
const dorefa_emulator_api *dorefa_emulator_open(uint32_t abi_version);

#ifdef __cplusplus
}
#endif

#endif /* DOREFA_C_EMULATOR_H */
