/*===- image.c - A model written by hand, of any input shape ------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*/

#include "dorefa-c/Model.h"

#include <stddef.h>

#ifndef BATCH
#define BATCH -1
#define SIZES 3, 8, 6
#define RANK 4
#endif

static const dorefa_tensor_info image = {
    "image", DOREFA_F32, RANK, {BATCH, SIZES}};
static const dorefa_tensor_info scores = {"scores", DOREFA_F32, 2, {BATCH, 3}};

static int64_t workspaceSize(int64_t batch) {
  return batch < 1 ? 0 : DOREFA_WORKSPACE_ALIGNMENT;
}

static int32_t run(const void *const *inputs, void *const *outputs,
                   int64_t batch, void *workspace,
                   const dorefa_run_options *options) {
  (void)inputs, (void)workspace, (void)options;
  for (int64_t i = 0; i < 3 * batch; ++i)
    ((float *)outputs[0])[i] = 0;
  return DOREFA_OK;
}

static const dorefa_model model = {
    DOREFA_MODEL_ABI_VERSION, 1, 1, 0, 0, 0, &image, &scores, NULL, "image", "any",
    workspaceSize, run, NULL, NULL, NULL};

int32_t dorefa_model_open(uint32_t version, const dorefa_model **result) {
  if (version != DOREFA_MODEL_ABI_VERSION)
    return DOREFA_ERROR_VERSION;
  *result = &model;
  return DOREFA_OK;
}
