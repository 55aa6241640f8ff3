/*===- fake_cuda.c - A GPU driver that only keeps books -------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * Stands in for libcuda.so.1 where there is no GPU. Memory is memory, kernels do
 * nothing. It prints every call to standard error, ends the process with "misuse"
 * where the documentation of the driver API forbids a call, and tells at the end what
 * was not freed. FAKE_CUDA_FAIL="cuMemAlloc_v2=2@3": the third such call returns
 * 2; @1 may be left out, @0 stands for all calls. FAKE_CUDA_COUNT, _CHIP and _VERSION
 * say what devices there are.
 *
 *===--------------------------------------------------------------------------===*/

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef struct Context Context;
typedef unsigned long long Pointer;

static struct {
  int isInitialized, retained, current, streams, modules, graphs, instances, events;
  int isCapturing, captured, launched, clock;
} state;

static struct {
  char *memory;
  size_t size;
} blocks[256];

static int getNumber(const char *name, int otherwise) {
  const char *text = getenv(name);
  return text ? atoi(text) : otherwise;
}

static void misuse(const char *what) {
  fprintf(stderr, "misuse: %s\n", what);
  _Exit(99);
}

/** Prints a call; the error that it is to return, or 0. */
static int call(const char *name, const char *format, ...) {
  va_list values;
  va_start(values, format);
  fprintf(stderr, "%s ", name);
  vfprintf(stderr, format, values);
  fprintf(stderr, "\n");
  va_end(values);
  static int calls;
  const char *plan = getenv("FAKE_CUDA_FAIL");
  size_t length = strlen(name);
  if (!plan || strncmp(plan, name, length) != 0 || plan[length] != '=')
    return 0;
  const char *which = strchr(plan, '@');
  int wanted = which ? atoi(which + 1) : 1;
  return ++calls == wanted || wanted == 0 ? atoi(plan + length + 1) : 0;
}

static void needContext(const char *name) {
  if (!state.current)
    misuse(name);
}

/** Forbidden while a stream captures. */
static void needNoCapture(const char *name) {
  needContext(name);
  if (state.isCapturing)
    misuse(name);
}

/*===--------------------------------------------------------------------------===*
 * Driver and devices
 *===--------------------------------------------------------------------------===*/

EXPORT int cuInit(unsigned flags) {
  state.isInitialized = 1;
  return call("cuInit", "%u", flags);
}

EXPORT int cuDriverGetVersion(int *version) {
  *version = getNumber("FAKE_CUDA_VERSION", 12040);
  return call("cuDriverGetVersion", "");
}

EXPORT int cuGetErrorString(int error, const char **text) {
  static char buffer[64];
  snprintf(buffer, sizeof(buffer), "text of error %d", error);
  *text = buffer;
  return error == 999 ? 1 : 0;
}

EXPORT int cuDeviceGetCount(int *count) {
  if (!state.isInitialized)
    misuse("cuDeviceGetCount before cuInit");
  *count = getNumber("FAKE_CUDA_COUNT", 1);
  return call("cuDeviceGetCount", "");
}

EXPORT int cuDeviceGet(int *device, int ordinal) {
  *device = 10 + ordinal;
  return call("cuDeviceGet", "%d", ordinal);
}

EXPORT int cuDeviceGetAttribute(int *value, int attribute, int device) {
  int chip = getNumber("FAKE_CUDA_CHIP", 80);
  *value = attribute == 75 ? chip / 10 : attribute == 76 ? chip % 10 : -1;
  return call("cuDeviceGetAttribute", "%d of %d", attribute, device);
}

static int countBlocks(void) {
  int count = 0;
  for (int i = 0; i < 256; ++i)
    count += blocks[i].memory != NULL;
  return count;
}

EXPORT int cuDevicePrimaryCtxRetain(Context **context, int device) {
  *context = (Context *)0x100;
  int error = call("cuDevicePrimaryCtxRetain", "%d", device);
  state.retained += !error;
  return error;
}

EXPORT int cuDevicePrimaryCtxRelease_v2(int device) {
  if (--state.retained < 0)
    misuse("release of a context that is not retained");
  int left = state.streams + state.modules + state.graphs + state.instances + state.events +
             state.current + countBlocks();
  fprintf(stderr, "left: %d\n", left);
  return call("cuDevicePrimaryCtxRelease_v2", "%d", device);
}

EXPORT int cuCtxPushCurrent_v2(Context *context) {
  if (context != (Context *)0x100 || !state.retained)
    misuse("cuCtxPushCurrent of another context");
  ++state.current;
  return 0;
}

EXPORT int cuCtxPopCurrent_v2(Context **context) {
  if (--state.current < 0)
    misuse("cuCtxPopCurrent without cuCtxPushCurrent");
  *context = (Context *)0x100;
  return 0;
}

/*===--------------------------------------------------------------------------===*
 * Modules
 *===--------------------------------------------------------------------------===*/

EXPORT int cuModuleLoadDataEx(void **module, const char *image, unsigned count, const int *options,
                              void **values) {
  needNoCapture("cuModuleLoadDataEx");
  int isELF = memcmp(image, "\177ELF", 4) == 0;
  int error = call("cuModuleLoadDataEx", "%s", isELF ? "cubin" : "PTX");
  if (error && count == 2 && options[0] == 5 && options[1] == 6)
    snprintf(values[0], (size_t)(uintptr_t)values[1], "line 1\nline 2");
  *module = (void *)0x200;
  state.modules += !error;
  return error;
}

EXPORT int cuModuleUnload(void *module) {
  needNoCapture("cuModuleUnload");
  --state.modules;
  return call("cuModuleUnload", "");
}

/** A function is its name. */
EXPORT int cuModuleGetFunction(char **function, void *module, const char *name) {
  needContext("cuModuleGetFunction");
  *function = (char *)name;
  return call("cuModuleGetFunction", "%s", name);
}

EXPORT int cuFuncSetAttribute(char *function, int attribute, int value) {
  needContext("cuFuncSetAttribute");
  return call("cuFuncSetAttribute", "%s %d %d", function, attribute, value);
}

/*===--------------------------------------------------------------------------===*
 * Memory
 *===--------------------------------------------------------------------------===*/

EXPORT int cuMemAlloc_v2(Pointer *pointer, size_t size) {
  needNoCapture("cuMemAlloc");
  if (size == 0)
    misuse("cuMemAlloc of no bytes");
  int error = call("cuMemAlloc_v2", "%zu", size);
  for (int i = 0; i < 256 && !error; ++i)
    if (!blocks[i].memory) {
      blocks[i].memory = calloc(1, size);
      blocks[i].size = size;
      *pointer = (uintptr_t)blocks[i].memory;
      return 0;
    }
  return error ? error : 2;
}

EXPORT int cuMemFree_v2(Pointer pointer) {
  needNoCapture("cuMemFree");
  for (int i = 0; i < 256; ++i)
    if (pointer && (uintptr_t)blocks[i].memory == pointer) {
      free(blocks[i].memory);
      blocks[i].memory = NULL;
      return call("cuMemFree_v2", "");
    }
  misuse("cuMemFree of what was not allocated");
  return 0;
}

static void checkRange(Pointer pointer, size_t size) {
  for (int i = 0; i < 256; ++i)
    if (blocks[i].memory && pointer >= (uintptr_t)blocks[i].memory &&
        pointer + size <= (uintptr_t)blocks[i].memory + blocks[i].size)
      return;
  misuse("copy outside of memory");
}

EXPORT int cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t size, void *stream) {
  needNoCapture("cuMemcpyHtoDAsync");
  checkRange(to, size);
  memcpy((void *)(uintptr_t)to, from, size);
  return call("cuMemcpyHtoDAsync_v2", "%zu", size);
}

EXPORT int cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t size, void *stream) {
  needNoCapture("cuMemcpyDtoHAsync");
  checkRange(from, size);
  memcpy(to, (void *)(uintptr_t)from, size);
  return call("cuMemcpyDtoHAsync_v2", "%zu", size);
}

/*===--------------------------------------------------------------------------===*
 * Streams
 *===--------------------------------------------------------------------------===*/

EXPORT int cuStreamCreate(void **stream, unsigned flags) {
  needContext("cuStreamCreate");
  *stream = (void *)0x300;
  int error = call("cuStreamCreate", "%u", flags);
  state.streams += !error;
  return error;
}

EXPORT int cuStreamDestroy_v2(void *stream) {
  needNoCapture("cuStreamDestroy");
  --state.streams;
  return call("cuStreamDestroy_v2", "");
}

EXPORT int cuStreamSynchronize(void *stream) {
  needNoCapture("cuStreamSynchronize");
  return call("cuStreamSynchronize", "");
}

EXPORT int cuLaunchKernel(char *function, unsigned x, unsigned y, unsigned z, unsigned blockX,
                          unsigned blockY, unsigned blockZ, unsigned shared, void *stream,
                          void **parameters, void **extra) {
  needContext("cuLaunchKernel");
  if (x * y * z == 0 || blockX * blockY * blockZ > 1024 || y > 65535 || stream != (void *)0x300)
    misuse("cuLaunchKernel");
  int error = call("cuLaunchKernel", "%s %ux%u of %u, %u bytes%s", function, x, y, blockX, shared,
                   state.isCapturing ? ", captured" : "");
  *(state.isCapturing ? &state.captured : &state.launched) += 1;
  return error;
}

EXPORT int cuEventCreate(void **event, unsigned flags) {
  needNoCapture("cuEventCreate");
  int error = call("cuEventCreate", "%u", flags);
  *event = error ? (void *)1 : calloc(1, sizeof(int));
  state.events += !error;
  return error;
}

EXPORT int cuEventDestroy_v2(void *event) {
  needContext("cuEventDestroy");
  free(event);
  --state.events;
  return 0;
}

EXPORT int cuEventRecord(int *event, void *stream) {
  needNoCapture("cuEventRecord");
  // A millisecond per event and for each launch before it.
  *event = ++state.clock + state.launched;
  return call("cuEventRecord", "");
}

EXPORT int cuEventElapsedTime(float *milliseconds, const int *start, const int *end) {
  needContext("cuEventElapsedTime");
  if (!*start || !*end)
    misuse("cuEventElapsedTime of events that were not recorded");
  *milliseconds = (float)(*end - *start);
  return call("cuEventElapsedTime", "");
}

/*===--------------------------------------------------------------------------===*
 * Graphs
 *===--------------------------------------------------------------------------===*/

#ifndef WITHOUT_GRAPHS
EXPORT int cuStreamBeginCapture_v2(void *stream, int mode) {
  needNoCapture("cuStreamBeginCapture");
  int error = call("cuStreamBeginCapture_v2", "%d", mode);
  state.isCapturing = !error;
  state.captured = 0;
  return error;
}

EXPORT int cuStreamEndCapture(void *stream, void **graph) {
  needContext("cuStreamEndCapture");
  if (!state.isCapturing)
    misuse("cuStreamEndCapture");
  state.isCapturing = 0;
  int error = call("cuStreamEndCapture", "%d launches", state.captured);
  *graph = error ? NULL : (void *)0x400;
  state.graphs += !error;
  return error;
}

EXPORT int cuGraphInstantiateWithFlags(void **instance, void *graph, unsigned long long flags) {
  needContext("cuGraphInstantiate");
  *instance = (void *)0x500;
  int error = call("cuGraphInstantiateWithFlags", "%llu", flags);
  state.instances += !error;
  return error;
}

EXPORT int cuGraphLaunch(void *instance, void *stream) {
  needNoCapture("cuGraphLaunch");
  if (instance != (void *)0x500 || state.instances != 1)
    misuse("cuGraphLaunch");
  return call("cuGraphLaunch", "");
}

EXPORT int cuGraphExecDestroy(void *instance) {
  needNoCapture("cuGraphExecDestroy");
  --state.instances;
  return call("cuGraphExecDestroy", "");
}

EXPORT int cuGraphDestroy(void *graph) {
  needContext("cuGraphDestroy");
  --state.graphs;
  return 0;
}
#endif
