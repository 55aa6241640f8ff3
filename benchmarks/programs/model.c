/*===- model.c - Times a compiled model through its C interface ----------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * model MODEL.so [INPUT.raw]: bytes of the one input; without a file, random words and
 * floats between 0 and 1. See sample.h for what it prints.
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
                          /*observer=*/NULL) !=
      DOREFA_OK)
    fail("the model does not run");
}

int main(int argc, char **argv) {
  Network network;
  if (argc < 2)
    fail("usage: model MODEL.so [INPUT.raw]");
  openModel(argv[1], &network);
  for (uint32_t i = 0; i < network.model->num_inputs; ++i)
    network.inputs[i] = randomInput(&network.model->inputs[i]);
  if (argc > 2)
    readInput(argv[2], (void *)network.inputs[0], bytesOf(&network.model->inputs[0]));
  for (uint32_t i = 0; i < network.model->num_outputs; ++i)
    network.outputs[i] = allocate(bytesOf(&network.model->outputs[i]));
  int64_t workspace = network.model->workspace_size(1);
  network.workspace = allocate((size_t)workspace);

  char text[256];
  snprintf(text, sizeof text, "%s, workspace %lld bytes", network.model->target,
           (long long)workspace);
  return serveSamples(execute, &network, text);
}
