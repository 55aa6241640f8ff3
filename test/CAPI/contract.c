/*===- contract.c - Holds compiled models to their binary interface -------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------------===*
 *
 * usage: contract MODEL.so
 *
 * The model is the network of contract.test, with a batch of its own or with the
 * batch of the caller: scores[n][o] is the sum of image[n][i] * weight(o, i). All
 * memory that the model sees ends at a page that nobody may touch, and what it
 * must not change is protected or compared. Prints a line per part of the
 * contract and stops at the first that is broken.
 *
 *===----------------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "dorefa-c/Model.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
  numPixels = 16,
  numScores = 3,
  maxBatch = 3,
  numThreads = 2,
  numRuns = 10000,
  untouched = 0x5a
};

static void require(int holds, const char *rule) {
  if (holds)
    return;
  fprintf(stderr, "contract: error: %s\n", rule);
  exit(1);
}

/*===----------------------------------------------------------------------------===*
 * Memory
 *===----------------------------------------------------------------------------===*/

/* `data` ends at a page that nobody may touch; what lies in front of it is
 * filled with `untouched`. */
struct guarded {
  unsigned char *map;
  size_t mapSize;
  unsigned char *data;
  size_t size;
};

static struct guarded allocate(size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  struct guarded memory = {NULL, (size / page + 3) * page, NULL, size};
  memory.map = mmap(NULL, memory.mapSize, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  require(memory.map != MAP_FAILED, "out of memory");
  memset(memory.map, untouched, memory.mapSize);
  unsigned char *end = memory.map + memory.mapSize - page;
  require(mprotect(end, page, PROT_NONE) == 0, "cannot protect memory");
  memory.data = end - size;
  return memory;
}

/* Returns whether all bytes from `first` to `last` are still `untouched`. */
static int isUntouched(const unsigned char *first, const unsigned char *last) {
  for (; first != last; ++first)
    if (*first != untouched)
      return 0;
  return 1;
}

static int isFrontUntouched(const struct guarded *memory) {
  return isUntouched(memory->map, memory->data);
}

static int isAllUntouched(const struct guarded *memory) {
  return isUntouched(memory->map, memory->data + memory->size);
}

static void release(struct guarded *memory) {
  munmap(memory->map, memory->mapSize);
}

/*===----------------------------------------------------------------------------===*
 * The network
 *===----------------------------------------------------------------------------===*/

static float weight(int output, int pixel) {
  switch (output) {
  case 0:
    return 1.0f;
  case 1:
    return pixel % 2 == 0 ? 1.0f : -1.0f;
  default:
    return pixel < 4 ? 1.0f : -1.0f;
  }
}

/* Whole numbers from 0 to 3 that differ between samples and between seeds. */
static float pixelOf(int64_t sample, int pixel, int seed) {
  return (float)((pixel * pixel + 5 * pixel * (sample + seed) + 3 * sample + seed) %
                 4);
}

static float scoreOf(int64_t sample, int output, int seed) {
  float sum = 0;
  for (int pixel = 0; pixel < numPixels; ++pixel)
    sum += pixelOf(sample, pixel, seed) * weight(output, pixel);
  return sum;
}

static int64_t batchOf(const dorefa_tensor_info *info, int64_t batch) {
  return info->dims[0] == -1 ? batch : info->dims[0];
}

/* Everything that one call needs. */
struct call {
  const dorefa_model *model;
  int64_t samples;
  int seed;
  struct guarded input, output, workspace;
  const dorefa_run_options *options;
};

static struct call createCall(const dorefa_model *model, int64_t batch, int seed) {
  int64_t samples = batchOf(&model->inputs[0], batch);
  struct call call = {model, samples, seed, {0}, {0}, {0}, NULL};
  call.input = allocate((size_t)samples * numPixels * sizeof(float));
  call.output = allocate((size_t)samples * numScores * sizeof(float));
  call.workspace = allocate((size_t)model->workspace_size(batch));
  float *input = (float *)call.input.data;
  for (int64_t n = 0; n < samples; ++n)
    for (int i = 0; i < numPixels; ++i)
      input[n * numPixels + i] = pixelOf(n, i, seed);
  require(mprotect(call.input.map, call.input.mapSize, PROT_READ) == 0,
          "cannot protect memory");
  mprotect(call.input.data + call.input.size, 1, PROT_NONE);
  return call;
}

static void releaseCall(struct call *call) {
  release(&call->input);
  release(&call->output);
  release(&call->workspace);
}

static int32_t runWith(struct call *call, const void *const *inputs,
                       void *const *outputs, int64_t batch, void *workspace) {
  return call->model->run(inputs, outputs, batch, workspace, call->options);
}

static int32_t run(struct call *call, int64_t batch) {
  const void *inputs[] = {call->input.data};
  void *outputs[] = {call->output.data};
  return runWith(call, inputs, outputs, batch, call->workspace.data);
}

/* Runs on a dirty workspace and output; returns whether the scores are right
 * and nothing outside was written. */
static int isRight(struct call *call, int64_t batch) {
  memset(call->output.data, 0xff, call->output.size);
  memset(call->workspace.data, 0xa5, call->workspace.size);
  if (run(call, batch) != DOREFA_OK)
    return 0;
  const float *output = (const float *)call->output.data;
  for (int64_t n = 0; n < call->samples; ++n)
    for (int o = 0; o < numScores; ++o)
      if (output[n * numScores + o] != scoreOf(n, o, call->seed))
        return 0;
  return isFrontUntouched(&call->output) && isFrontUntouched(&call->workspace);
}

/*===----------------------------------------------------------------------------===*
 * The parts of the contract
 *===----------------------------------------------------------------------------===*/

static void testOpen(dorefa_model_open_fn open, const dorefa_model *model) {
  static const uint32_t versions[] = {0, DOREFA_MODEL_ABI_VERSION + 1, UINT32_MAX};
  const dorefa_model *other = NULL;
  for (int i = 0; i < 3; ++i)
    require(open(versions[i], &other) == DOREFA_ERROR_VERSION && !other,
            "another version of the interface is refused");
  require(open(DOREFA_MODEL_ABI_VERSION, NULL) == DOREFA_ERROR_ARGUMENT,
          "a null model is refused");
  require(open(DOREFA_MODEL_ABI_VERSION, &other) == DOREFA_OK && other == model,
          "opening again gives the same model");
  require(model->abi_version == DOREFA_MODEL_ABI_VERSION,
          "the record has the version of the header");
  require(model->num_inputs == 1 && model->num_outputs == 1 &&
              model->inputs[0].rank == 2 && model->outputs[0].rank == 2 &&
              model->inputs[0].dims[1] == numPixels &&
              model->outputs[0].dims[1] == numScores,
          "the record describes the network");
  printf("open: another version and null are refused\n");
}

static void testWorkspaceSize(const dorefa_model *model) {
  int64_t (*size)(int64_t) = model->workspace_size;
  int64_t step = size(2) - size(1);
  require(size(1) > 0 && size(1) % DOREFA_WORKSPACE_ALIGNMENT == 0 &&
              step % DOREFA_WORKSPACE_ALIGNMENT == 0,
          "a size is a positive multiple of the alignment");
  require(size(1000) == size(1) + 999 * step, "each sample adds the same");
  if (model->inputs[0].dims[0] == -1) {
    require(step > 0, "a larger batch needs more");
    require(size(0) == 0 && size(-1) == 0 && size(INT64_MIN) == 0,
            "a batch below 1 has no size");
    require(size(INT64_MAX) == 0 && size(INT64_MAX / step + 1) == 0,
            "a size that does not fit is none");
    require(size(INT64_MAX / step / 2) > 0, "a size that fits is one");
  } else {
    require(step == 0 && size(0) == size(1) && size(-1) == size(1),
            "a batch that is fixed has one size");
  }
  printf("workspace: %" PRId64 " bytes and %" PRId64 " more per sample\n", size(1),
         step);
}

static void testBatches(const dorefa_model *model) {
  for (int64_t batch = 1; batch <= maxBatch; ++batch) {
    struct call call = createCall(model, batch, 0);
    for (int again = 0; again < 2; ++again)
      require(isRight(&call, batch), "each sample has its own right scores");
    releaseCall(&call);
  }
  printf("batch 1 to %d: right scores, nothing else is written\n", maxBatch);
}

/* A refused call writes neither output nor workspace. */
static void requireRefused(struct call *call, int32_t status, int32_t expected,
                           const char *rule) {
  require(status == expected, rule);
  require(isAllUntouched(&call->output), "a refused call writes no output");
  require(isAllUntouched(&call->workspace), "a refused call writes no workspace");
}

static void testPointers(const dorefa_model *model) {
  struct call call = createCall(model, 2, 0);
  const void *in[] = {call.input.data}, *noIn[] = {NULL};
  void *out[] = {call.output.data}, *noOut[] = {NULL};
  unsigned char *workspace = call.workspace.data;
  requireRefused(&call, runWith(&call, NULL, out, 2, workspace),
                 DOREFA_ERROR_ARGUMENT, "null inputs are refused");
  requireRefused(&call, runWith(&call, noIn, out, 2, workspace),
                 DOREFA_ERROR_ARGUMENT, "an input that is null is refused");
  requireRefused(&call, runWith(&call, in, NULL, 2, workspace),
                 DOREFA_ERROR_ARGUMENT, "null outputs are refused");
  requireRefused(&call, runWith(&call, in, noOut, 2, workspace),
                 DOREFA_ERROR_ARGUMENT, "an output that is null is refused");
  requireRefused(&call, runWith(&call, in, out, 2, NULL), DOREFA_ERROR_WORKSPACE,
                 "a null workspace is refused");
  for (int offset = 1; offset < DOREFA_WORKSPACE_ALIGNMENT; ++offset)
    requireRefused(&call, runWith(&call, in, out, 2, workspace - offset),
                   DOREFA_ERROR_WORKSPACE,
                   "a workspace that is not aligned is refused");
  releaseCall(&call);
  printf("pointers: null and misaligned ones are refused, nothing is written\n");
}

static void testWrongBatch(const dorefa_model *model) {
  static const int64_t batches[] = {0, -1, INT64_MIN, INT64_MAX};
  struct call call = createCall(model, 1, 0);
  int isFixed = model->inputs[0].dims[0] != -1;
  for (int i = 0; i < 4; ++i)
    if (isFixed)
      require(isRight(&call, batches[i]), "a model with a fixed batch ignores it");
    else
      requireRefused(&call, run(&call, batches[i]), DOREFA_ERROR_ARGUMENT,
                     "a batch that cannot be is refused");
  releaseCall(&call);
  printf("wrong batch: %s\n", isFixed ? "ignored" : "refused, nothing is written");
}

/* What a run tells its caller. */
struct events {
  uint32_t count, wrong;
};

/* Layer 0 begins, layer 0 ends, layer 1 begins, ... */
static void notify(void *context, uint32_t layer, int32_t event) {
  struct events *events = context;
  events->wrong += layer != events->count / 2 ||
                   event != (events->count % 2 == 0 ? DOREFA_LAYER_BEGINS
                                                    : DOREFA_LAYER_ENDS);
  ++events->count;
}

static void testLayers(const dorefa_model *model) {
  require(model->num_layers == 1 &&
              strcmp(model->layers[0].operation, "matmul") == 0 &&
              model->layers[0].macs ==
                  numPixels * numScores * batchOf(&model->inputs[0], 1),
          "the record describes the layer");
  struct events events = {0, 0};
  dorefa_run_options options = {
      .notify = notify, .context = &events, .num_threads = 1};
  struct call call = createCall(model, 2, 0);
  call.options = &options;
  require(isRight(&call, 2), "notify does not disturb a run");
  require(events.count == 2 * model->num_layers && events.wrong == 0,
          "each layer begins and ends once, in order");
  void *output = call.output.data;
  require(runWith(&call, NULL, &output, 2, call.workspace.data) != DOREFA_OK &&
              events.count == 2 * model->num_layers,
          "a refused call notifies nobody");
  options.notify = NULL;
  require(isRight(&call, 2) && events.count == 2 * model->num_layers,
          "options without notify notify nobody");
  releaseCall(&call);
  printf("layers: %u, each begins and ends once\n", model->num_layers);
}

/* What one thread owns. */
struct worker {
  const dorefa_model *model;
  int64_t batch;
  int seed, failed;
  pthread_barrier_t *start;
};

static void *work(void *argument) {
  struct worker *worker = argument;
  struct call call = createCall(worker->model, worker->batch, worker->seed);
  pthread_barrier_wait(worker->start);
  for (int i = 0; i < numRuns && !worker->failed; ++i)
    worker->failed = !isRight(&call, worker->batch);
  releaseCall(&call);
  return NULL;
}

static void testThreads(const dorefa_model *model) {
  struct worker workers[numThreads];
  pthread_t threads[numThreads];
  pthread_barrier_t start;
  pthread_barrier_init(&start, NULL, numThreads);
  for (int t = 0; t < numThreads; ++t) {
    workers[t] = (struct worker){model, 1 + 2 * t, t, 0, &start};
    require(pthread_create(&threads[t], NULL, work, &workers[t]) == 0,
            "cannot create a thread");
  }
  int failed = 0;
  for (int t = 0; t < numThreads; ++t) {
    pthread_join(threads[t], NULL);
    failed |= workers[t].failed;
  }
  pthread_barrier_destroy(&start);
  require(!failed, "threads with other inputs do not disturb each other");
  printf("%d threads, %d runs each, other inputs and batches: right scores\n",
         numThreads, numRuns);
}

int main(int argc, char **argv) {
  require(argc == 2, "usage: contract MODEL.so");
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  require(library != NULL, "the model cannot be loaded");
  dorefa_model_open_fn open = NULL;
  /* ISO C has no conversion from an object pointer; POSIX suggests this. */
  *(void **)&open = dlsym(library, "dorefa_model_open");
  const dorefa_model *model = NULL;
  require(open && open(DOREFA_MODEL_ABI_VERSION, &model) == DOREFA_OK,
          "a model for this program and processor opens");
  testOpen(open, model);
  testWorkspaceSize(model);
  testBatches(model);
  testPointers(model);
  testWrongBatch(model);
  testLayers(model);
  testThreads(model);
  dlclose(library);
  return 0;
}
