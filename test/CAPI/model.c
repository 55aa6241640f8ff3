/*===- model.c - A C program that runs any compiled model ---------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * usage: model MODEL.so [BATCH]
 *
 * Prints the tensors of a model, runs it on zeros in two threads, each with its
 * own workspace and outputs, several times, and requires equal outputs. Watches
 * the layers of a run. Also makes every mistake that the interface answers with a status.
 *
 *===--------------------------------------------------------------------------===*/

#include "dorefa-c/Model.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { numThreads = 2, numRuns = 4 };

/* What one thread owns. */
struct worker {
  const dorefa_model *model;
  int64_t batch;
  const void *const *inputs;
  void **outputs;
  int failed;
};

static int fail(const char *message) {
  fprintf(stderr, "model: error: %s\n", message);
  return 1;
}

static size_t elementSize(int32_t type) {
  switch (type) {
  case DOREFA_I64:
    return 8;
  case DOREFA_F32:
  case DOREFA_I32:
    return 4;
  default:
    return 1;
  }
}

static const char *elementName(int32_t type) {
  static const char *const names[] = {"f32", "i32", "i64", "u8", "i8"};
  return type >= DOREFA_F32 && type <= DOREFA_I8 ? names[type] : "unknown";
}

static size_t numBytes(const dorefa_tensor_info *info, int64_t batch) {
  size_t size = elementSize(info->element_type);
  for (int32_t i = 0; i < info->rank; ++i)
    size *= (size_t)(info->dims[i] == -1 ? batch : info->dims[i]);
  return size;
}

static void printTensor(const char *role, const dorefa_tensor_info *info) {
  printf("%s %s: %s", role, info->name, elementName(info->element_type));
  for (int32_t i = 0; i < info->rank; ++i)
    printf(" %" PRId64, info->dims[i]);
  printf("\n");
}

/* Memory of `fill` for each tensor; null if there is not enough. */
static void **allocateTensors(const dorefa_tensor_info *infos, uint32_t count,
                              int64_t batch, int fill) {
  void **tensors = calloc(count + 1, sizeof(void *));
  for (uint32_t i = 0; tensors && i < count; ++i) {
    size_t size = numBytes(&infos[i], batch);
    tensors[i] = malloc(size + 1);
    if (!tensors[i])
      return NULL;
    memset(tensors[i], fill, size);
  }
  return tensors;
}

static void freeTensors(void **tensors, uint32_t count) {
  for (uint32_t i = 0; tensors && i < count; ++i)
    free(tensors[i]);
  free(tensors);
}

static void *work(void *argument) {
  struct worker *worker = argument;
  const dorefa_model *model = worker->model;
  size_t size = (size_t)model->workspace_size(worker->batch);
  void *workspace = aligned_alloc(DOREFA_WORKSPACE_ALIGNMENT, size);
  worker->failed = !workspace;
  /* What an earlier run or somebody else left there must not matter. */
  if (workspace)
    memset(workspace, 0xa5, size);
  for (int i = 0; i < numRuns && !worker->failed; ++i)
    worker->failed = model->run(worker->inputs, worker->outputs, worker->batch,
                                workspace, NULL) != DOREFA_OK;
  free(workspace);
  return NULL;
}

/* Runs all threads; the outputs start out different. */
static int runThreads(const dorefa_model *model, int64_t batch) {
  struct worker workers[numThreads];
  pthread_t threads[numThreads];
  void **inputs = allocateTensors(model->inputs, model->num_inputs, batch, 0);
  int failed = !inputs;
  for (int t = 0; t < numThreads; ++t) {
    void **outputs =
        allocateTensors(model->outputs, model->num_outputs, batch, t + 1);
    workers[t] = (struct worker){model, batch, (const void *const *)inputs,
                                 outputs, 0};
    failed |= !outputs;
  }
  if (failed)
    return fail("out of memory");
  for (int t = 0; t < numThreads; ++t)
    if (pthread_create(&threads[t], NULL, work, &workers[t]) != 0)
      return fail("cannot create a thread");
  for (int t = 0; t < numThreads; ++t) {
    pthread_join(threads[t], NULL);
    failed |= workers[t].failed;
  }
  if (failed)
    return fail("a run failed");
  for (uint32_t i = 0; i < model->num_outputs; ++i)
    if (memcmp(workers[0].outputs[i], workers[1].outputs[i],
               numBytes(&model->outputs[i], batch)) != 0)
      return fail("two threads got different outputs");
  for (int t = 0; t < numThreads; ++t)
    freeTensors(workers[t].outputs, model->num_outputs);
  freeTensors(inputs, model->num_inputs);
  printf("%d threads, %d runs each, batch %" PRId64 ": equal outputs\n",
         numThreads, numRuns, batch);
  return 0;
}

/* Each layer must begin and then end, in order. */
static void notify(void *context, uint32_t layer, int32_t event) {
  int64_t *events = context;
  *events = *events == 2 * (int64_t)layer + event ? *events + 1 : -1;
}

static int testLayers(const dorefa_model *model, int64_t batch) {
  int64_t events = 0;
  dorefa_run_options options = {.notify = notify, .context = &events};
  void *workspace = aligned_alloc(DOREFA_WORKSPACE_ALIGNMENT,
                                  (size_t)model->workspace_size(batch));
  void **inputs = allocateTensors(model->inputs, model->num_inputs, batch, 0);
  void **outputs = allocateTensors(model->outputs, model->num_outputs, batch, 7);
  if (!workspace || !inputs || !outputs)
    return fail("out of memory");
  for (uint32_t i = 0; i < model->num_layers; ++i) {
    const dorefa_layer_info *layer = &model->layers[i];
    printf("layer %s: %s, %s, %" PRId64 " multiply-adds\n", layer->name,
           layer->operation, layer->kernel, layer->macs);
  }
  if (model->run((const void *const *)inputs, outputs, batch, workspace,
                 &options) != DOREFA_OK)
    return fail("a run that is watched failed");
  if (events != 2 * (int64_t)model->num_layers)
    return fail("the layers did not begin and end in order");
  freeTensors(outputs, model->num_outputs);
  freeTensors(inputs, model->num_inputs);
  free(workspace);
  printf("%" PRIu32 " layers: begun and ended in order\n", model->num_layers);
  return 0;
}

/* Calls the model wrongly; it must answer with a status and write nothing. */
static int testMistakes(const dorefa_model *model, dorefa_model_open_fn open,
                        int64_t batch) {
  const dorefa_model *other = NULL;
  if (open(DOREFA_MODEL_ABI_VERSION + 1, &other) != DOREFA_ERROR_VERSION || other)
    return fail("a newer version of the interface was accepted");
  if (open(DOREFA_MODEL_ABI_VERSION, NULL) != DOREFA_ERROR_ARGUMENT)
    return fail("a null model was accepted");
  int64_t size = model->workspace_size(batch);
  if (size <= 0 || size % DOREFA_WORKSPACE_ALIGNMENT != 0)
    return fail("the workspace is not a positive multiple of its alignment");
  char *workspace = aligned_alloc(DOREFA_WORKSPACE_ALIGNMENT,
                                  (size_t)size + DOREFA_WORKSPACE_ALIGNMENT);
  void **inputs = allocateTensors(model->inputs, model->num_inputs, batch, 0);
  void **outputs = allocateTensors(model->outputs, model->num_outputs, batch, 7);
  const void *const *in = (const void *const *)inputs;
  if (!workspace || !inputs || !outputs)
    return fail("out of memory");
  if (model->run(NULL, outputs, batch, workspace, NULL) !=
          DOREFA_ERROR_ARGUMENT ||
      model->run(in, NULL, batch, workspace, NULL) != DOREFA_ERROR_ARGUMENT)
    return fail("null inputs or outputs were accepted");
  if (model->run(in, outputs, batch, NULL, NULL) != DOREFA_ERROR_WORKSPACE ||
      model->run(in, outputs, batch, workspace + 4, NULL) !=
          DOREFA_ERROR_WORKSPACE)
    return fail("a workspace that is null or not aligned was accepted");
  if (model->num_inputs > 0 && model->inputs[0].rank > 0 &&
      model->inputs[0].dims[0] == -1 &&
      (model->workspace_size(0) != 0 || model->workspace_size(-1) != 0 ||
       model->run(in, outputs, 0, workspace, NULL) != DOREFA_ERROR_ARGUMENT ||
       model->run(in, outputs, -1, workspace, NULL) != DOREFA_ERROR_ARGUMENT))
    return fail("a batch below 1 was accepted");
  for (uint32_t i = 0; i < model->num_outputs; ++i)
    for (size_t j = 0; j < numBytes(&model->outputs[i], batch); ++j)
      if (((char *)outputs[i])[j] != 7)
        return fail("a refused run wrote an output");
  freeTensors(outputs, model->num_outputs);
  freeTensors(inputs, model->num_inputs);
  free(workspace);
  printf("mistakes: refused\n");
  return 0;
}

int main(int argc, char **argv) {
  int64_t batch = argc > 2 ? atoll(argv[2]) : 3;
  if (argc < 2 || batch < 1)
    return fail("usage: model MODEL.so [BATCH]");
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return fail(dlerror());
  dorefa_model_open_fn open = NULL;
  /* ISO C has no conversion from an object pointer; POSIX suggests this. */
  *(void **)&open = dlsym(library, "dorefa_model_open");
  const dorefa_model *model = NULL;
  if (!open || open(DOREFA_MODEL_ABI_VERSION, &model) != DOREFA_OK)
    return fail("not a model for this program or processor");

  printf("model %s for %s\n", model->name, model->target);
  for (uint32_t i = 0; i < model->num_inputs; ++i)
    printTensor("input", &model->inputs[i]);
  for (uint32_t i = 0; i < model->num_outputs; ++i)
    printTensor("output", &model->outputs[i]);
  int failed = runThreads(model, 1) || runThreads(model, batch) ||
               testLayers(model, batch) || testMistakes(model, open, batch);
  dlclose(library);
  return failed;
}
