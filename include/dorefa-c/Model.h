/*===- Model.h - The binary interface of a compiled model ---------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * A compiled model is a shared object that exports one function, named
 * `dorefa_model_open` unless `dorefa-compile --symbol-prefix=P` made it
 * `P_open`. Everything else in it is hidden. It needs libc and libm only (and
 * LLVM's libomp where it `uses_openmp`), keeps no state, allocates nothing and never aborts: a model may run in many
 * threads at once as long as each call has its own workspace and outputs. A model for
 * a GPU (dorefa-compile --target=gpu) has an open_session and runs in sessions, each of
 * which keeps weights and buffers on a device and serves one call at a time; it
 * needs libc, and the driver's libcuda.so.1 when a session is opened.
 *
 *     const dorefa_model *model;
 *     if (dorefa_model_open(DOREFA_MODEL_ABI_VERSION, &model) != DOREFA_OK) ...
 *     void *workspace = aligned_alloc(DOREFA_WORKSPACE_ALIGNMENT,
 *                                     model->workspace_size(batch));
 *     const void *inputs[] = {image};
 *     void *outputs[] = {scores};
 *     model->run(inputs, outputs, batch, workspace, NULL);
 *
 *===--------------------------------------------------------------------------===*/

#ifndef DOREFA_C_MODEL_H
#define DOREFA_C_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Grows when a field is added or changed; a model refuses a newer caller. */
#define DOREFA_MODEL_ABI_VERSION 5u

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
  DOREFA_ERROR_WORKSPACE = 4,
  /** The model runs in a session but the options name none, or the device failed:
   * session_error says how. */
  DOREFA_ERROR_DEVICE = 5
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

/** A layer, as far as a profile needs it. */
typedef struct dorefa_layer_info {
  /** Name in the source file, "-" where it has none. */
  const char *name;
  /** What it computes, such as "conv_2d" or "matmul". */
  const char *operation;
  /** How: "float" or the name of a kernel, such as "popcount". */
  const char *kernel;
  /** Multiply-adds, those with padding left out where the compiler skips it: per
   * sample where the batch is -1, else altogether. */
  int64_t macs;
  /** Nanoseconds that the compiler predicted, 0 where it did not; for as many
   * samples as `macs`. */
  int64_t predicted_ns;
} dorefa_layer_info;

/** What a caller is told of a layer. */
enum dorefa_event { DOREFA_LAYER_BEGINS = 0, DOREFA_LAYER_ENDS = 1 };

/** A model on a device, with its weights and buffers. */
typedef struct dorefa_session dorefa_session;

/** What a caller may choose for one run; all zero is the default. */
typedef struct dorefa_run_options {
  /** Null, or called in the thread that called `run` when layer number `layer`
   * begins and when it ends, in order; `event` is a `dorefa_event`. To measure
   * layers. Must return. */
  void (*notify)(void *context, uint32_t layer, int32_t event);
  /** Handed to `notify`. */
  void *context;
  /** Threads to use at most where the model `uses_openmp`, the calling one
   * included; 0: as many as OpenMP uses, by OMP_NUM_THREADS or all processors. */
  int32_t num_threads;
  /** 0. */
  int32_t reserved;
  /** Of a model with an open_session: an open session of it. Else null. */
  dorefa_session *session;
  /** Null, or num_layers numbers, which become the seconds that each layer took by the
   * clock of the session's device; `notify` is not called then. Left alone by
   * devices without a clock (all but a GPU), which call `notify`. */
  double *layer_seconds;
  /** Null, or a number, which becomes the seconds that all kernels of the run took by
   * that clock, copies of inputs and outputs left out. */
  double *device_seconds;
  /** Of a session on bpa-cycle or bpa-rtl, here and below: null, or the JSON file that gets
   * when each instruction of the accelerator was issued and completed, for the trace viewers
   * of Chrome and Perfetto; a cycle is a microsecond, and time of the host is left out. */
  const char *engine_trace;
  /** Null, or the FST file that gets all signals of bpa-rtl; a cycle is 2 steps of time. */
  const char *waves;
  /** Null, or a pointer, which becomes a table of how the cycles of each engine passed; valid
   * until the session is used again. */
  const char **engine_counters;
} dorefa_run_options;

/** A compiled model. All pointers stay valid while the library is loaded. */
typedef struct dorefa_model {
  uint32_t abi_version;
  uint32_t num_inputs;
  uint32_t num_outputs;
  uint32_t num_layers;
  /** 1 if a run spreads over the threads of OpenMP (`dorefa-compile --openmp`),
   * else 0: it stays in the thread that calls it. */
  uint32_t uses_openmp;
  uint32_t reserved;
  const dorefa_tensor_info *inputs;
  const dorefa_tensor_info *outputs;
  /** In the order in which they run. What runs between them (pools, elementwise
   * operations, padding) is not listed. */
  const dorefa_layer_info *layers;
  /** Name of the network in the source file. */
  const char *name;
  /** What the model was compiled for, such as "x86_64-linux-gnu znver4". */
  const char *target;
  /** Bytes of workspace for a batch of at least 1: a positive multiple of
   * DOREFA_WORKSPACE_ALIGNMENT; 0 for a batch below 1. A model whose inputs have
   * no -1 ignores the batch. */
  int64_t (*workspace_size)(int64_t batch);
  /** Runs the network. `inputs` and `outputs` have one pointer per tensor, each
   * aligned to its element; `workspace` has workspace_size(batch) bytes;
   * `options` may be null. Returns a `dorefa_status`; outputs are written and
   * `notify` is called only if it is DOREFA_OK. */
  int32_t (*run)(const void *const *inputs, void *const *outputs, int64_t batch,
                 void *workspace, const dorefa_run_options *options);
  /** Null where the model runs on the processor. Opens a session on `device`: "gpu",
   * "gpu:N" for the Nth, "emulator", or "emulator:FILE" where libdorefa-emulator.so
   * is FILE; of a model for the accelerator "bpa-func", "bpa-cycle" or "bpa-rtl", each
   * also with ":FILE" where libdorefa-bpa.so is FILE. Returns DOREFA_OK, or DOREFA_ERROR_DEVICE with a session of which
   * only session_error and close_session may be used; `*session` is null where memory
   * is short. */
  int32_t (*open_session)(const char *device, dorefa_session **session);
  void (*close_session)(dorefa_session *session);
  /** What went wrong in the last call that failed, one line. Valid until the next
   * call. */
  const char *(*session_error)(const dorefa_session *session);
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
