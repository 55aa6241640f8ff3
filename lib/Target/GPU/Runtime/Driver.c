/*===- Driver.c - Finds the driver and its devices -----------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*/

#include "Driver.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int32_t dorefa_gpu_fail(Message *message, const char *format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(message->text, sizeof(message->text), format, values);
  va_end(values);
  return DOREFA_ERROR_DEVICE;
}

int32_t dorefa_gpu_check(const Driver *driver, CUresult result,
                         const char *what, Message *message) {
  if (result == CUDA_SUCCESS)
    return DOREFA_OK;
  const char *text = NULL;
  if (driver->cuGetErrorString(result, &text) != CUDA_SUCCESS || !text)
    text = "unknown error";
  return dorefa_gpu_fail(message, "the GPU cannot %s: %s (%d)", what, text,
                         result);
}

typedef struct Symbol {
  const char *name;
  void *function;
} Symbol;

/** The first of `symbols` that `library` lacks; the others are stored. */
static const char *findSymbols(void *library, const Symbol *symbols,
                               size_t count) {
  const char *missing = NULL;
  for (size_t i = 0; i < count; ++i) {
    void *address = dlsym(library, symbols[i].name);
    if (!address && !missing)
      missing = symbols[i].name;
    memcpy(symbols[i].function, &address, sizeof(address));
  }
  return missing;
}

/** Suffixes say which version of a function the declarations are. */
static const char *findFunctions(void *library, Driver *driver) {
  const Symbol symbols[] = {
      {"cuInit", &driver->cuInit},
      {"cuDriverGetVersion", &driver->cuDriverGetVersion},
      {"cuGetErrorString", &driver->cuGetErrorString},
      {"cuDeviceGetCount", &driver->cuDeviceGetCount},
      {"cuDeviceGet", &driver->cuDeviceGet},
      {"cuDeviceGetAttribute", &driver->cuDeviceGetAttribute},
      {"cuDevicePrimaryCtxRetain", &driver->cuDevicePrimaryCtxRetain},
      {"cuDevicePrimaryCtxRelease_v2", &driver->cuDevicePrimaryCtxRelease},
      {"cuCtxPushCurrent_v2", &driver->cuCtxPushCurrent},
      {"cuCtxPopCurrent_v2", &driver->cuCtxPopCurrent},
      {"cuModuleLoadDataEx", &driver->cuModuleLoadDataEx},
      {"cuModuleUnload", &driver->cuModuleUnload},
      {"cuModuleGetFunction", &driver->cuModuleGetFunction},
      {"cuFuncSetAttribute", &driver->cuFuncSetAttribute},
      {"cuMemAlloc_v2", &driver->cuMemAlloc},
      {"cuMemFree_v2", &driver->cuMemFree},
      {"cuMemcpyHtoDAsync_v2", &driver->cuMemcpyHtoDAsync},
      {"cuMemcpyDtoHAsync_v2", &driver->cuMemcpyDtoHAsync},
      {"cuStreamCreate", &driver->cuStreamCreate},
      {"cuStreamDestroy_v2", &driver->cuStreamDestroy},
      {"cuStreamSynchronize", &driver->cuStreamSynchronize},
      {"cuLaunchKernel", &driver->cuLaunchKernel},
      {"cuEventCreate", &driver->cuEventCreate},
      {"cuEventDestroy_v2", &driver->cuEventDestroy},
      {"cuEventRecord", &driver->cuEventRecord},
      {"cuEventElapsedTime", &driver->cuEventElapsedTime}};
  return findSymbols(library, symbols, sizeof(symbols) / sizeof(*symbols));
}

static const char *findGraphFunctions(void *library, Driver *driver) {
  const Symbol symbols[] = {
      {"cuStreamBeginCapture_v2", &driver->cuStreamBeginCapture},
      {"cuStreamEndCapture", &driver->cuStreamEndCapture},
      {"cuGraphInstantiateWithFlags", &driver->cuGraphInstantiateWithFlags},
      {"cuGraphLaunch", &driver->cuGraphLaunch},
      {"cuGraphExecDestroy", &driver->cuGraphExecDestroy},
      {"cuGraphDestroy", &driver->cuGraphDestroy}};
  return findSymbols(library, symbols, sizeof(symbols) / sizeof(*symbols));
}

int32_t dorefa_gpu_load_driver(Driver *driver, Message *message) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return dorefa_gpu_fail(message, "there is no GPU driver (libcuda.so.1)");
  const char *missing = findFunctions(library, driver);
  if (missing)
    return dorefa_gpu_fail(
        message, "the GPU driver has no function %s; update it", missing);
  if (findGraphFunctions(library, driver))
    driver->cuStreamBeginCapture = NULL;
  CUresult result = driver->cuInit(0);
  if (result == CUDA_ERROR_NO_DEVICE)
    return dorefa_gpu_fail(message, "there is no GPU");
  return dorefa_gpu_check(driver, result, "be initialized by its driver",
                          message);
}

int32_t dorefa_gpu_count_devices(const Driver *driver, int *count,
                                 Message *message) {
  *count = 0;
  CUresult result = driver->cuDeviceGetCount(count);
  if (dorefa_gpu_check(driver, result, "be counted", message) != DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  return *count > 0 ? DOREFA_OK : dorefa_gpu_fail(message, "there is no GPU");
}

int32_t dorefa_gpu_get_capability(const Driver *driver, int ordinal,
                                  int *capability, Message *message) {
  CUdevice device = 0;
  int major = 0, minor = 0;
  CUresult result = driver->cuDeviceGet(&device, ordinal);
  if (result == CUDA_SUCCESS)
    result = driver->cuDeviceGetAttribute(
        &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device);
  if (result == CUDA_SUCCESS)
    result = driver->cuDeviceGetAttribute(
        &minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
  *capability = 10 * major + minor;
  return dorefa_gpu_check(driver, result, "say what it is", message);
}
