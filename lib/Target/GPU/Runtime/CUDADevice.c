/*===- CUDADevice.c - A GPU by way of its driver -------------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*/

#include "Device.h"
#include "Driver.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef struct CUDADevice {
  Device functions;
  const dorefa_gpu_program *program;
  Driver driver;
  CUdevice device;
  CUcontext context;
  CUmodule module;
  CUstream stream;
  CUfunction *kernels;
} CUDADevice;

static CUDADevice *get(Device *device) { return (CUDADevice *)device; }

/** DOREFA_OK for success, else a message about `what`. */
static int32_t check(CUDADevice *device, CUresult result, const char *what,
                     Message *message) {
  if (result == CUDA_SUCCESS)
    return DOREFA_OK;
  const char *text = NULL;
  if (device->driver.cuGetErrorString(result, &text) != CUDA_SUCCESS || !text)
    text = "unknown error";
  return dorefa_gpu_fail(message, "the GPU cannot %s: %s (%d)", what, text,
                         result);
}

/*===--------------------------------------------------------------------------===*
 * Work
 *===--------------------------------------------------------------------------===*/

/** Any thread may call; contexts belong to threads. */
static int32_t makeCurrent(CUDADevice *device, Message *message) {
  return check(device, device->driver.cuCtxSetCurrent(device->context),
               "be used in this thread", message);
}

static int32_t allocateMemory(Device *base, uint64_t size, uint64_t *address,
                              Message *message) {
  CUDADevice *device = get(base);
  if (makeCurrent(device, message) != DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  CUdeviceptr pointer = 0;
  CUresult result = device->driver.cuMemAlloc(&pointer, size);
  *address = pointer;
  if (result == CUDA_ERROR_OUT_OF_MEMORY)
    return dorefa_gpu_fail(
        message, "the GPU has no %llu bytes of memory left; run smaller batches",
        (unsigned long long)size);
  return check(device, result, "allocate memory", message);
}

static void releaseMemory(Device *base, uint64_t address) {
  CUDADevice *device = get(base);
  device->driver.cuCtxSetCurrent(device->context);
  device->driver.cuMemFree(address);
}

static int32_t upload(Device *base, uint64_t to, const void *from,
                      uint64_t size, Message *message) {
  CUDADevice *device = get(base);
  if (makeCurrent(device, message) != DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  return check(
      device, device->driver.cuMemcpyHtoDAsync(to, from, size, device->stream),
      "take data", message);
}

static int32_t download(Device *base, void *to, uint64_t from, uint64_t size,
                        Message *message) {
  CUDADevice *device = get(base);
  if (makeCurrent(device, message) != DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  return check(
      device, device->driver.cuMemcpyDtoHAsync(to, from, size, device->stream),
      "give data", message);
}

static int32_t launch(Device *base, uint32_t number,
                      const uint32_t grid[2], uint32_t blockSize, void **arguments,
                      uint32_t numArguments, Message *message) {
  CUDADevice *device = get(base);
  return check(device,
               device->driver.cuLaunchKernel(device->kernels[number], grid[0],
                                             grid[1], 1, blockSize, 1, 1, 0,
                                             device->stream, arguments, NULL),
               device->program->kernels[number], message);
}

static int32_t synchronize(Device *base, Message *message) {
  CUDADevice *device = get(base);
  return check(device, device->driver.cuStreamSynchronize(device->stream),
               "run the kernels", message);
}

/*===--------------------------------------------------------------------------===*
 * Opening
 *===--------------------------------------------------------------------------===*/

static int32_t loadDriver(Driver *driver, Message *message) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return dorefa_gpu_fail(message, "no device: there is no GPU driver "
                                    "(libcuda.so.1); use --device=emulator");
  // Suffixes say which version of a function the declarations are.
  const struct {
    const char *name;
    void *function;
  } symbols[] = {
      {"cuInit", &driver->cuInit},
      {"cuDriverGetVersion", &driver->cuDriverGetVersion},
      {"cuGetErrorString", &driver->cuGetErrorString},
      {"cuDeviceGetCount", &driver->cuDeviceGetCount},
      {"cuDeviceGet", &driver->cuDeviceGet},
      {"cuDeviceGetAttribute", &driver->cuDeviceGetAttribute},
      {"cuDevicePrimaryCtxRetain", &driver->cuDevicePrimaryCtxRetain},
      {"cuDevicePrimaryCtxRelease_v2", &driver->cuDevicePrimaryCtxRelease},
      {"cuCtxSetCurrent", &driver->cuCtxSetCurrent},
      {"cuModuleLoadDataEx", &driver->cuModuleLoadDataEx},
      {"cuModuleUnload", &driver->cuModuleUnload},
      {"cuModuleGetFunction", &driver->cuModuleGetFunction},
      {"cuMemAlloc_v2", &driver->cuMemAlloc},
      {"cuMemFree_v2", &driver->cuMemFree},
      {"cuMemcpyHtoDAsync_v2", &driver->cuMemcpyHtoDAsync},
      {"cuMemcpyDtoHAsync_v2", &driver->cuMemcpyDtoHAsync},
      {"cuStreamCreate", &driver->cuStreamCreate},
      {"cuStreamDestroy_v2", &driver->cuStreamDestroy},
      {"cuStreamSynchronize", &driver->cuStreamSynchronize},
      {"cuLaunchKernel", &driver->cuLaunchKernel}};
  for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); ++i) {
    void *address = dlsym(library, symbols[i].name);
    if (!address)
      return dorefa_gpu_fail(message,
                             "the GPU driver has no function %s; update it",
                             symbols[i].name);
    memcpy(symbols[i].function, &address, sizeof(address));
  }
  return DOREFA_OK;
}

static int32_t chooseDevice(CUDADevice *device, const char *number,
                            Message *message) {
  const Driver *driver = &device->driver;
  char *end = NULL;
  long ordinal = strtol(number, &end, 10);
  int count = 0;
  CUresult result = driver->cuInit(0);
  if (result == CUDA_SUCCESS)
    result = driver->cuDeviceGetCount(&count);
  if (result == CUDA_ERROR_NO_DEVICE || (result == CUDA_SUCCESS && count == 0))
    return dorefa_gpu_fail(message,
                           "no device: there is no GPU; use --device=emulator");
  if (check(device, result, "be used; use --device=emulator", message) !=
      DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  if (end == number || *end || ordinal < 0 || ordinal >= count)
    return dorefa_gpu_fail(message, "GPU is '%s' but must be 0 to %d", number,
                           count - 1);
  return check(device, driver->cuDeviceGet(&device->device, (int)ordinal),
               "be found", message);
}

/** PTX runs on the chip it is for and on later ones. */
static int32_t checkChip(CUDADevice *device, Message *message) {
  const Driver *driver = &device->driver;
  int major = 0, minor = 0;
  if (check(device,
            driver->cuDeviceGetAttribute(
                &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                device->device),
            "say what it is", message) != DOREFA_OK ||
      check(device,
            driver->cuDeviceGetAttribute(
                &minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                device->device),
            "say what it is", message) != DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  if (10 * major + minor >= device->program->compute_capability)
    return DOREFA_OK;
  return dorefa_gpu_fail(message,
                         "the GPU is sm_%d%d but the model was compiled for %s; "
                         "compile it with --chip=sm_%d%d",
                         major, minor, device->program->chip, major, minor);
}

static int32_t loadModule(CUDADevice *device, Message *message) {
  const Driver *driver = &device->driver;
  char log[512] = "";
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, (void *)(uintptr_t)sizeof(log)};
  CUresult result = driver->cuModuleLoadDataEx(
      &device->module, device->program->ptx, 2, options, values);
  if (result == CUDA_ERROR_UNSUPPORTED_PTX_VERSION) {
    int version = 0;
    driver->cuDriverGetVersion(&version);
    return dorefa_gpu_fail(
        message,
        "the GPU driver (CUDA %d.%d) is older than the model's PTX; update it, "
        "or compile with an older --chip",
        version / 1000, version % 1000 / 10);
  }
  if (check(device, result, "load the kernels", message) == DOREFA_OK)
    return DOREFA_OK;
  log[sizeof(log) - 1] = 0;
  size_t used = strlen(message->text);
  for (char *c = log; *c; ++c)
    if (*c == '\n')
      *c = ' ';
  if (log[0] && used + 3 < sizeof(message->text)) {
    strcat(message->text, ": ");
    strncat(message->text, log, sizeof(message->text) - used - 3);
  }
  return DOREFA_ERROR_DEVICE;
}

static int32_t findKernels(CUDADevice *device, Message *message) {
  const dorefa_gpu_program *program = device->program;
  device->kernels = calloc(program->num_kernels + 1, sizeof(CUfunction));
  if (!device->kernels)
    return dorefa_gpu_fail(message, "there is no memory for the kernels");
  for (uint64_t i = 0; i < program->num_kernels; ++i)
    if (check(device,
              device->driver.cuModuleGetFunction(
                  &device->kernels[i], device->module, program->kernels[i]),
              "find a kernel", message) != DOREFA_OK)
      return DOREFA_ERROR_DEVICE;
  return DOREFA_OK;
}

static int32_t openDevice(CUDADevice *device, const char *number,
                          Message *message) {
  const Driver *driver = &device->driver;
  if (loadDriver(&device->driver, message) != DOREFA_OK ||
      chooseDevice(device, number, message) != DOREFA_OK ||
      checkChip(device, message) != DOREFA_OK ||
      check(device,
            driver->cuDevicePrimaryCtxRetain(&device->context, device->device),
            "be opened", message) != DOREFA_OK ||
      makeCurrent(device, message) != DOREFA_OK ||
      check(device,
            driver->cuStreamCreate(&device->stream, CU_STREAM_NON_BLOCKING),
            "make a stream", message) != DOREFA_OK ||
      loadModule(device, message) != DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  return findKernels(device, message);
}

static void closeDevice(Device *base) {
  CUDADevice *device = get(base);
  const Driver *driver = &device->driver;
  if (device->context) {
    driver->cuCtxSetCurrent(device->context);
    if (device->module)
      driver->cuModuleUnload(device->module);
    if (device->stream)
      driver->cuStreamDestroy(device->stream);
    driver->cuDevicePrimaryCtxRelease(device->device);
  }
  free(device->kernels);
  free(device);
}

Device *dorefa_gpu_open_cuda(const dorefa_gpu_program *program,
                             const char *number, Message *message) {
  CUDADevice *device = calloc(1, sizeof(*device));
  if (!device) {
    dorefa_gpu_fail(message, "there is no memory for a device");
    return NULL;
  }
  device->functions = (Device){allocateMemory, releaseMemory, upload,
                               download,       launch,        synchronize,
                               closeDevice};
  device->program = program;
  if (openDevice(device, number, message) == DOREFA_OK)
    return &device->functions;
  closeDevice(&device->functions);
  return NULL;
}
