/*===- model.c - Times a compiled model through its C interface ----------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * model MODEL.so [INPUT.raw]: the input is the bytes of a file or, without one, random words and
 * floats between 0 and 1. See sample.h for what it prints.
 *
 * model --profile MODEL.so [INPUT.raw] prints the median seconds of a run and of each of its
 * layers as JSON.
 *
 *===--------------------------------------------------------------------------===*/

#include "dorefa-c/Model.h"
#include "sample.h"

#include <dlfcn.h>
#include <stdint.h>

enum { MAX_TENSORS = 16 };

typedef struct Network {
  const dorefa_model *model;
  const void *inputs[MAX_TENSORS];
  void *outputs[MAX_TENSORS];
  void *workspace;
} Network;

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static size_t elementsOf(const dorefa_tensor_info *info) {
  size_t count = 1;
  for (int32_t i = 0; i < info->rank; ++i)
    count *= (size_t)(info->dims[i] == -1 ? 1 : info->dims[i]);
  return count;
}

static size_t bytesOf(const dorefa_tensor_info *info) {
  static const size_t sizes[] = {4, 4, 8, 1, 1}; /* by dorefa_element_type */
  return elementsOf(info) * sizes[info->element_type];
}

static void *allocate(size_t bytes) {
  const size_t line = DOREFA_WORKSPACE_ALIGNMENT;
  void *memory = aligned_alloc(line, (bytes / line + 1) * line);
  if (!memory)
    fail("out of memory");
  return memory;
}

static void *randomInput(const dorefa_tensor_info *info) {
  uint32_t state = 88172645u;
  size_t bytes = bytesOf(info);
  uint8_t *memory = allocate(bytes);
  for (size_t i = 0; i < bytes; ++i) {
    state = state * 1664525u + 1013904223u;
    memory[i] = (uint8_t)(state >> 24);
  }
  for (size_t i = 0; info->element_type == DOREFA_F32 && i < bytes / 4; ++i)
    ((float *)memory)[i] = (float)(((uint32_t *)memory)[i] >> 8) / 16777216.0f;
  return memory;
}

static void readInput(const char *path, void *memory, size_t bytes) {
  FILE *file = fopen(path, "rb");
  if (!file || fread(memory, 1, bytes, file) != bytes)
    fail("the input file is missing or too short");
  fclose(file);
}

static void openModel(const char *path, Network *network) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail(dlerror());
  dorefa_model_open_fn open =
      (dorefa_model_open_fn)dlsym(library, "dorefa_model_open");
  if (!open || open(DOREFA_MODEL_ABI_VERSION, &network->model) != DOREFA_OK)
    fail("the model does not open: other version or processor");
  if (network->model->num_inputs > MAX_TENSORS ||
      network->model->num_outputs > MAX_TENSORS)
    fail("the model has too many inputs or outputs");
}

static void execute(void *context) {
  Network *network = context;
  if (network->model->run(network->inputs, network->outputs, 1, network->workspace,
                          /*options=*/NULL) != DOREFA_OK)
    fail("the model does not run");
}

/* Times of one layer, or of the whole network, in every profiled run. */
enum { RUNS = 31, MAX_LAYERS = 512 };

typedef struct Profile {
  double seconds[MAX_LAYERS][RUNS];
  double begin;
  int run;
} Profile;

static void notify(void *context, uint32_t layer, int32_t event) {
  Profile *profile = context;
  double now = secondsNow();
  if (event == DOREFA_LAYER_BEGINS)
    profile->begin = now;
  else if (layer < MAX_LAYERS - 1)
    profile->seconds[layer][profile->run] = now - profile->begin;
}

static double medianOf(double *seconds) {
  qsort(seconds, RUNS, sizeof *seconds, compareSeconds);
  return seconds[RUNS / 2];
}

/* Prints the medians as JSON. Returns the exit status of the program. */
static int printProfile(Network *network) {
  static Profile profile;
  const dorefa_run_options options = {.notify = notify, .context = &profile};
  const dorefa_model *model = network->model;
  for (profile.run = 0; profile.run < RUNS; ++profile.run) {
    execute(network); /* as a whole, without the clock between the layers */
    double start = secondsNow();
    execute(network);
    profile.seconds[MAX_LAYERS - 1][profile.run] = secondsNow() - start;
    if (model->run(network->inputs, network->outputs, 1, network->workspace, &options) !=
        DOREFA_OK)
      fail("the model does not run when it is observed");
  }
  printf("{\"seconds\": %.9g, \"workspace\": %lld, \"layers\": [",
         medianOf(profile.seconds[MAX_LAYERS - 1]), (long long)model->workspace_size(1));
  for (uint32_t i = 0; i < model->num_layers && i < MAX_LAYERS - 1; ++i) {
    const dorefa_layer_info *layer = &model->layers[i];
    printf("%s\n{\"name\": \"%s\", \"operation\": \"%s\", \"kernel\": \"%s\", \"macs\": %lld, "
           "\"predicted\": %.9g, \"seconds\": %.9g}",
           i ? "," : "", layer->name, layer->operation, layer->kernel, (long long)layer->macs,
           1e-9 * (double)layer->predicted_ns, medianOf(profile.seconds[i]));
  }
  printf("]}\n");
  return 0;
}

static void prepare(Network *network, const char *path, const char *input) {
  openModel(path, network);
  const dorefa_model *model = network->model;
  for (uint32_t i = 0; i < model->num_inputs; ++i)
    network->inputs[i] = randomInput(&model->inputs[i]);
  if (input)
    readInput(input, (void *)network->inputs[0], bytesOf(&model->inputs[0]));
  for (uint32_t i = 0; i < model->num_outputs; ++i)
    network->outputs[i] = allocate(bytesOf(&model->outputs[i]));
  network->workspace = allocate((size_t)model->workspace_size(1));
}

/* What was compiled, for whom; of a single layer, how and how fast it should be. */
static void describe(const dorefa_model *model, char *text, size_t size) {
  int length = snprintf(text, size, "%s, workspace %lld bytes", model->target,
                        (long long)model->workspace_size(1));
  if (model->num_layers == 1 && length > 0 && (size_t)length < size)
    snprintf(text + length, size - (size_t)length, ", kernel %s, predicted %lld ns",
             model->layers[0].kernel, (long long)model->layers[0].predicted_ns);
}

int main(int argc, char **argv) {
  Network network;
  int profiled = argc > 1 && strcmp(argv[1], "--profile") == 0;
  if (argc - profiled < 2)
    fail("usage: model [--profile] MODEL.so [INPUT.raw]");
  prepare(&network, argv[1 + profiled], argv[2 + profiled]);
  if (profiled)
    return printProfile(&network);

  char text[256];
  describe(network.model, text, sizeof text);
  return serveSamples(execute, &network, text);
}
