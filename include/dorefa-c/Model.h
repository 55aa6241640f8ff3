/*===- Model.h - The binary interface of a compiled model ---------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * A compiled model is a shared object that exports one function, named
 * `dorefa_model_open` unless `dorefa-compile --symbol-prefix=P` made it
 * `P_open`. Everything else in it is hidden. It needs libc and libm only,
 * keeps no state, allocates nothing and never aborts: a model may run in many
 * threads at once as long as each call has its own workspace and outputs.
 *
 *     const dorefa_model *model;
 *     if (dorefa_model_open(DOREFA_MODEL_ABI_VERSION, &model) != DOREFA_OK) ...
 *     void *workspace = aligned_alloc(DOREFA_WORKSPACE_ALIGNMENT,
 *                                     model->workspace_size(batch));
 *     const void *inputs[] = {image};
 *     void *outputs[] = {scores};
 *     model->run(inputs, outputs, batch, workspace);
 *
 *===--------------------------------------------------------------------------===*/

#ifndef DOREFA_C_MODEL_H
#define DOREFA_C_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Grows when a field is added or changed; a model refuses a newer caller. */
#define DOREFA_MODEL_ABI_VERSION 1u

/** The workspace, as a pointer value, must be a multiple of this (bytes). */
#define DOREFA_WORKSPACE_ALIGNMENT 64

/** More dimensions than this are refused by the compiler. */
#define DOREFA_MAX_RANK 8

/** What every function of a model returns. */
enum dorefa_status {
  DOREFA_OK = 0,
  /** The caller was built against another version of this header. */
  DOREFA_ERROR_VERSION = 1,
  /** This machine lacks an instruction set that the model was compiled for. */
  DOREFA_ERROR_CPU = 2,
  /** A null pointer, or a batch that the model was not compiled for. */
  DOREFA_ERROR_ARGUMENT = 3,
  /** The workspace is null or not aligned. */
  DOREFA_ERROR_WORKSPACE = 4
};

/** Element types of inputs and outputs. */
enum dorefa_element_type {
  DOREFA_F32 = 0,
  DOREFA_I32 = 1,
  DOREFA_I64 = 2,
  DOREFA_U8 = 3,
  DOREFA_I8 = 4
};

/** One input or output: dense, row-major, in the layout of the source file. */
typedef struct dorefa_tensor_info {
  /** Name in the source file. */
  const char *name;
  /** A `dorefa_element_type`. */
  int32_t element_type;
  /** Number of dimensions, 0 to DOREFA_MAX_RANK. */
  int32_t rank;
  /** Sizes; -1 stands for the batch, in dims[0] only. */
  int64_t dims[DOREFA_MAX_RANK];
} dorefa_tensor_info;

/** A compiled model. All pointers stay valid while the library is loaded. */
typedef struct dorefa_model {
  uint32_t abi_version;
  uint32_t num_inputs;
  uint32_t num_outputs;
  uint32_t reserved;
  const dorefa_tensor_info *inputs;
  const dorefa_tensor_info *outputs;
  /** Name of the network in the source file. */
  const char *name;
  /** What the model was compiled for, such as "x86_64-linux-gnu znver4". */
  const char *target;
  /** Bytes of workspace for a batch of at least 1: a positive multiple of
   * DOREFA_WORKSPACE_ALIGNMENT; 0 for a batch below 1. A model whose inputs have
   * no -1 ignores the batch. */
  int64_t (*workspace_size)(int64_t batch);
  /** Runs the network. `inputs` and `outputs` have one pointer per tensor, each
   * aligned to its element; `workspace` has workspace_size(batch) bytes.
   * Returns a `dorefa_status`; outputs are written only if it is DOREFA_OK. */
  int32_t (*run)(const void *const *inputs, void *const *outputs, int64_t batch,
                 void *workspace);
} dorefa_model;

/** Checks version and processor and hands out the model: `*model` is set for
 * DOREFA_OK and, so that the caller can name the target, for DOREFA_ERROR_CPU;
 * for other statuses it is left alone. A null `model` is DOREFA_ERROR_ARGUMENT.
 * Returns a `dorefa_status`. */
typedef int32_t (*dorefa_model_open_fn)(uint32_t abi_version,
                                        const dorefa_model **model);
int32_t dorefa_model_open(uint32_t abi_version, const dorefa_model **model);

#ifdef __cplusplus
}
#endif

#endif /* DOREFA_C_MODEL_H */
