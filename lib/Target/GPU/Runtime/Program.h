/*===- Program.h - A network as a list of launches ----------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * What the compiler writes into a model for a GPU as constants, and the functions
 * that run it. These are linked into each model; only libc is needed.
 *
 *===--------------------------------------------------------------------------===*/

#ifndef DOREFA_LIB_TARGET_GPU_RUNTIME_PROGRAM_H
#define DOREFA_LIB_TARGET_GPU_RUNTIME_PROGRAM_H

#include "dorefa-c/Model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a kernel gets. */
enum {
  /** The address of the workspace. */
  DOREFA_GPU_WORKSPACE = 0,
  /** The address `value` bytes into the constants. */
  DOREFA_GPU_CONSTANT = 1,
  /** The address of input or output number `value`. */
  DOREFA_GPU_INPUT = 2,
  DOREFA_GPU_OUTPUT = 3,
  /** `value` times the batch, as a number of 32 bits. */
  DOREFA_GPU_BATCH = 4
};

typedef struct dorefa_gpu_argument {
  int64_t kind;
  int64_t value;
} dorefa_gpu_argument;

/** `per_sample * batch + fixed`. */
typedef struct dorefa_gpu_size {
  int64_t per_sample;
  int64_t fixed;
} dorefa_gpu_size;

enum {
  DOREFA_GPU_LAUNCH = 0,
  /** Layer `number` begins or ends. */
  DOREFA_GPU_LAYER_BEGINS = 1,
  DOREFA_GPU_LAYER_ENDS = 2
};

typedef struct dorefa_gpu_step {
  int32_t kind;
  /** The kernel of a launch, or the layer. */
  uint32_t number;
  /** Blocks: `work / divisor`, rounded up. */
  dorefa_gpu_size work;
  int64_t divisor;
  /** Times so many in the second dimension of the grid. */
  uint32_t rows;
  uint32_t block_size;
  uint32_t num_arguments;
  /** Dynamic shared memory of a block. */
  uint32_t shared_bytes;
  const dorefa_gpu_argument *arguments;
} dorefa_gpu_step;

typedef struct dorefa_gpu_program {
  /** Such as "sm_80", and its number, 80. */
  const char *chip;
  int64_t compute_capability;
  /** Ends with 0. */
  const char *ptx;
  /** Machine code for this chip; null without. */
  const void *cubin;
  /** LLVM bitcode for the emulator; null without. */
  const void *bitcode;
  uint64_t bitcode_size;
  uint64_t num_kernels;
  const char *const *kernels;
  const void *constants;
  uint64_t constants_size;
  dorefa_gpu_size workspace;
  /** 1 where a tensor has a batch. */
  uint64_t has_batch;
  uint64_t num_inputs;
  uint64_t num_outputs;
  /** Bytes of the inputs, then of the outputs. */
  const dorefa_gpu_size *tensors;
  uint64_t num_steps;
  const dorefa_gpu_step *steps;
} dorefa_gpu_program;

/** What the functions of the model do, with its program. */
int32_t dorefa_gpu_open(const dorefa_gpu_program *program, const char *device,
                        dorefa_session **session);
int32_t dorefa_gpu_run(const dorefa_gpu_program *program,
                       const void *const *inputs, void *const *outputs,
                       int64_t batch, const void *workspace,
                       const dorefa_run_options *options);
int64_t dorefa_gpu_workspace_size(const dorefa_gpu_program *program,
                                  int64_t batch);
void dorefa_gpu_close(dorefa_session *session);
const char *dorefa_gpu_error(const dorefa_session *session);

#ifdef __cplusplus
}
#endif

#endif /* DOREFA_LIB_TARGET_GPU_RUNTIME_PROGRAM_H */
