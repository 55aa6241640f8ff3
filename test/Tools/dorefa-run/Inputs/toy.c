/*===- toy.c - A model written by hand ----------------------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * Implements the binary interface without the compiler. By default one input
 * and one output: scores[n][c] = (c + 1) * sum(image[n]). With -DTWO two of
 * each: sum = a + b, count = number of elements of sum. The other macros break
 * one thing each.
 *
 *===--------------------------------------------------------------------------===*/

#include "dorefa-c/Model.h"

#include <stddef.h>

#ifndef OPEN_STATUS
#define OPEN_STATUS DOREFA_OK
#endif
#ifndef RUN_STATUS
#define RUN_STATUS DOREFA_OK
#endif
#ifndef ABI_VERSION
#define ABI_VERSION DOREFA_MODEL_ABI_VERSION
#endif
#ifndef TYPE
#define TYPE DOREFA_F32
#endif
#ifndef RANK
#define RANK 3
#endif
#ifndef DIM
#define DIM 2
#endif
#ifndef RUN
#define RUN run
#endif
#ifndef INPUTS
#define INPUTS inputInfos
#endif
#ifndef LAYERS
#define LAYERS layerInfos
#endif
#ifndef PREDICTED
#define PREDICTED 0
#endif
#ifndef OPEN
#define OPEN dorefa_model_open
#endif

/* One float per image, so that a workspace that two threads share shows. */
static int64_t workspaceSize(int64_t batch) {
  if (batch < 1)
    return 0;
  return (batch * (int64_t)sizeof(float) / DOREFA_WORKSPACE_ALIGNMENT + 1) *
         DOREFA_WORKSPACE_ALIGNMENT;
}

static int32_t check(const void *const *inputs, void *const *outputs,
                     int64_t batch, void *workspace) {
  if (!inputs || !outputs || batch < 1)
    return DOREFA_ERROR_ARGUMENT;
  if (!workspace || (uintptr_t)workspace % DOREFA_WORKSPACE_ALIGNMENT != 0)
    return DOREFA_ERROR_WORKSPACE;
  return RUN_STATUS;
}

#ifdef TWO

static const dorefa_tensor_info inputInfos[] = {
    {"a", DOREFA_U8, 2, {-1, 3}}, {"b=2", DOREFA_I32, 2, {-1, 3}}};
static const dorefa_tensor_info outputInfos[] = {
    {"sum", DOREFA_I32, 2, {-1, 3}}, {"count", DOREFA_I64, 0, {0}}};
#define layerInfos NULL
#define NUM_LAYERS 0

static int32_t run(const void *const *inputs, void *const *outputs,
                   int64_t batch, void *workspace,
                   const dorefa_run_options *options) {
  int32_t status = check(inputs, outputs, batch, workspace);
  if (status != DOREFA_OK)
    return status;
  const uint8_t *a = inputs[0];
  const int32_t *b = inputs[1];
  int32_t *sum = outputs[0];
  int64_t *count = outputs[1];
  for (int64_t i = 0; i < 3 * batch; ++i)
    sum[i] = a[i] + b[i];
  *count = 3 * batch;
  (void)options;
  return DOREFA_OK;
}

#else

static const dorefa_tensor_info inputInfos[] = {
    {"image", TYPE, RANK, {-1, DIM, 2}}};
static const dorefa_tensor_info outputInfos[] = {
    {"scores", DOREFA_F32, 2, {-1, 3}}};
static const dorefa_layer_info layerInfos[] = {
    {"scores", "matmul", "by hand", 3, PREDICTED}};
#define NUM_LAYERS 1

static int32_t run(const void *const *inputs, void *const *outputs,
                   int64_t batch, void *workspace,
                   const dorefa_run_options *options) {
  int32_t status = check(inputs, outputs, batch, workspace);
  if (status != DOREFA_OK)
    return status;
  const float *image = inputs[0];
  float *scores = outputs[0];
  float *sums = workspace;
  for (int64_t n = 0; n < batch; ++n) {
    sums[n] = 0;
    for (int64_t i = 0; i < 4; ++i)
      sums[n] += image[4 * n + i];
  }
  if (options && options->notify)
    options->notify(options->context, 0, DOREFA_LAYER_BEGINS);
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t c = 0; c < 3; ++c)
      scores[3 * n + c] = (float)(c + 1) * sums[n];
  if (options && options->notify)
    options->notify(options->context, 0, DOREFA_LAYER_ENDS);
  return DOREFA_OK;
}

#endif

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const dorefa_model model = {
    ABI_VERSION, LENGTH(inputInfos), LENGTH(outputInfos), NUM_LAYERS,
    0,           0,                  INPUTS,              outputInfos,
    LAYERS,      "toy",              "toy-target v2",     workspaceSize,
    RUN,         NULL,               NULL,                NULL};

int32_t OPEN(uint32_t version, const dorefa_model **result);
int32_t OPEN(uint32_t version, const dorefa_model **result) {
  if (version != DOREFA_MODEL_ABI_VERSION)
    return DOREFA_ERROR_VERSION;
  if (!result)
    return DOREFA_ERROR_ARGUMENT;
  if (OPEN_STATUS == DOREFA_OK || OPEN_STATUS == DOREFA_ERROR_CPU)
    *result = &model;
  return OPEN_STATUS;
}
