/*===- plugin.c - A program without LLVM runs a kernel ------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * Usage: plugin LIBRARY KERNELS.bc
 *
 *===--------------------------------------------------------------------------===*/

#include "dorefa-c/Emulator.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static char bitcode[1 << 16];

int main(int argc, char **argv) {
  void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
  if (!library || !file) {
    fprintf(stderr, "%s\n", library ? argv[2] : dlerror());
    return 1;
  }
  size_t size = fread(bitcode, 1, sizeof(bitcode), file);
  fclose(file);
  dorefa_emulator_open_fn *open;
  *(void **)&open = dlsym(library, "dorefa_emulator_open");
  if (open(DOREFA_EMULATOR_ABI_VERSION + 1))
    return 1;
  const dorefa_emulator_api *api = open(DOREFA_EMULATOR_ABI_VERSION);
  dorefa_emulator_options options = {3, DOREFA_COPIES_LAZY, 0};
  dorefa_emulator *gpu = api->create(&options);
  if (api->load(gpu, bitcode, 10))
    return 1;
  printf("%s\n", api->get_error(gpu));
  dorefa_emulator_program *program = api->load(gpu, bitcode, size);
  if (!program)
    return 1;

  float *data = api->allocate(gpu, 64 * sizeof(float));
  for (int i = 0; i < 64; ++i)
    data[i] = i;
  float factor = 0.5f;
  void *arguments[] = {&data, &factor};
  const uint32_t grid[] = {2, 1, 1}, block[] = {32, 1, 1}, large[] = {33, 1, 1};
  if (api->launch(gpu, program, "scale", grid, block, 0, arguments, 2))
    return 1;
  for (int i = 0; i < 64; ++i)
    if (data[i] != 0.5f * i)
      return 1;
  printf("64 of 64 values equal\n");
  if (!api->launch(gpu, program, "scale", grid, large, 0, arguments, 2))
    return 1;
  printf("%s\n", api->get_error(gpu));
  if (api->release(gpu, data) || !api->release(gpu, data))
    return 1;
  printf("%s\n", api->get_error(gpu));
  api->destroy(gpu);
  return 0;
}
