/*===- CUDADevice.c - A GPU by way of its driver -------------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*/

#include "Device.h"
#include "Driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct CUDADevice {
  Device functions;
  const dorefa_gpu_program *program;
  Driver driver;
  int ordinal;
  /** Of the device, such as 80. */
  int capability;
  CUdevice device;
  CUcontext context;
  CUmodule module;
  CUstream stream;
  CUfunction *kernels;
  /** One per mark, made when it is used first. */
  CUevent *events;
  /** What was recorded, or null. */
  CUgraphExec recorded;
} CUDADevice;

static uint64_t countMarks(const dorefa_gpu_program *program) {
  return program->num_steps + 2;
}

static CUDADevice *get(Device *device) { return (CUDADevice *)device; }

static int32_t check(CUDADevice *device, CUresult result, const char *what,
                     Message *message) {
  return dorefa_gpu_check(&device->driver, result, what, message);
}

/** The same for what is done with kernel `number`. */
static int32_t checkKernel(CUDADevice *device, CUresult result,
                           const char *what, uint32_t number,
                           Message *message) {
  char text[256];
  snprintf(text, sizeof(text), "%s '%s'", what,
           device->program->kernels[number]);
  return check(device, result, text, message);
}

/*===--------------------------------------------------------------------------===*
 * Memory and launches
 *===--------------------------------------------------------------------------===*/

static int32_t enter(Device *base, Message *message) {
  CUDADevice *device = get(base);
  return check(device, device->driver.cuCtxPushCurrent(device->context),
               "be used in this thread", message);
}

static void leave(Device *base) {
  CUcontext context = NULL;
  get(base)->driver.cuCtxPopCurrent(&context);
}

static int32_t allocateMemory(Device *base, uint64_t size, uint64_t *address,
                              Message *message) {
  CUDADevice *device = get(base);
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
  get(base)->driver.cuMemFree(address);
}

static int32_t upload(Device *base, uint64_t to, const void *from,
                      uint64_t size, Message *message) {
  CUDADevice *device = get(base);
  return check(
      device, device->driver.cuMemcpyHtoDAsync(to, from, size, device->stream),
      "take data", message);
}

static int32_t download(Device *base, void *to, uint64_t from, uint64_t size,
                        Message *message) {
  CUDADevice *device = get(base);
  return check(
      device, device->driver.cuMemcpyDtoHAsync(to, from, size, device->stream),
      "give data", message);
}

static int32_t launch(Device *base, const Launch *launch, Message *message) {
  CUDADevice *device = get(base);
  CUresult result = device->driver.cuLaunchKernel(
      device->kernels[launch->kernel], launch->grid[0], launch->grid[1], 1,
      launch->block_size, 1, 1, launch->shared_bytes, device->stream,
      launch->arguments, NULL);
  return checkKernel(device, result, "run kernel", launch->kernel, message);
}

static int32_t synchronize(Device *base, Message *message) {
  CUDADevice *device = get(base);
  return check(device, device->driver.cuStreamSynchronize(device->stream),
               "run the kernels", message);
}

/*===--------------------------------------------------------------------------===*
 * Time
 *===--------------------------------------------------------------------------===*/

static int32_t mark(Device *base, uint64_t mark, Message *message) {
  CUDADevice *device = get(base);
  CUevent *event = &device->events[mark];
  if (!*event) {
    CUresult result = device->driver.cuEventCreate(event, CU_EVENT_DEFAULT);
    if (result != CUDA_SUCCESS)
      *event = NULL;
    if (check(device, result, "measure time", message) != DOREFA_OK)
      return DOREFA_ERROR_DEVICE;
  }
  return check(device, device->driver.cuEventRecord(*event, device->stream),
               "measure time", message);
}

static int32_t measure(Device *base, uint64_t from, uint64_t to,
                       double *seconds, Message *message) {
  CUDADevice *device = get(base);
  float milliseconds = 0;
  CUresult result = device->driver.cuEventElapsedTime(
      &milliseconds, device->events[from], device->events[to]);
  *seconds = 1e-3 * milliseconds;
  return check(device, result, "measure time", message);
}

/*===--------------------------------------------------------------------------===*
 * Graphs
 *===--------------------------------------------------------------------------===*/

static void forget(CUDADevice *device) {
  if (device->recorded)
    device->driver.cuGraphExecDestroy(device->recorded);
  device->recorded = NULL;
}

static int beginRecord(Device *base) {
  CUDADevice *device = get(base);
  forget(device);
  return device->driver.cuStreamBeginCapture(
             device->stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) ==
         CUDA_SUCCESS;
}

static int endRecord(Device *base) {
  CUDADevice *device = get(base);
  const Driver *driver = &device->driver;
  CUgraph graph = NULL;
  // This ends the capture in any case.
  CUresult result = driver->cuStreamEndCapture(device->stream, &graph);
  if (result == CUDA_SUCCESS)
    result = driver->cuGraphInstantiateWithFlags(&device->recorded, graph, 0);
  if (result != CUDA_SUCCESS)
    device->recorded = NULL;
  if (graph)
    driver->cuGraphDestroy(graph);
  return result == CUDA_SUCCESS;
}

static int32_t replay(Device *base, Message *message) {
  CUDADevice *device = get(base);
  return check(device,
               device->driver.cuGraphLaunch(device->recorded, device->stream),
               "run the kernels", message);
}

/*===--------------------------------------------------------------------------===*
 * Opening
 *===--------------------------------------------------------------------------===*/

/** There is nothing to run on: `message` says why. */
static int32_t failWithoutDevice(Message *message) {
  Message reason = *message;
  return dorefa_gpu_fail(message, "no device: %.900s; use --device=emulator",
                         reason.text);
}

static int32_t chooseDevice(CUDADevice *device, const char *number,
                            Message *message) {
  char *end = NULL;
  long ordinal = strtol(number, &end, 10);
  int count = 0;
  if (dorefa_gpu_load_driver(&device->driver, message) != DOREFA_OK ||
      dorefa_gpu_count_devices(&device->driver, &count, message) != DOREFA_OK)
    return failWithoutDevice(message);
  if (end == number || *end || ordinal < 0 || ordinal >= count)
    return dorefa_gpu_fail(message, "GPU is '%s' but must be 0 to %d", number,
                           count - 1);
  device->ordinal = (int)ordinal;
  return check(device,
               device->driver.cuDeviceGet(&device->device, device->ordinal),
               "be found", message);
}

/** PTX runs on the chip it is for and on later ones. */
static int32_t checkChip(CUDADevice *device, Message *message) {
  if (dorefa_gpu_get_capability(&device->driver, device->ordinal,
                                &device->capability, message) != DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  if (device->capability >= device->program->compute_capability)
    return DOREFA_OK;
  return dorefa_gpu_fail(message,
                         "the GPU is sm_%d but the model was compiled for %s; "
                         "compile it with --chip=sm_%d",
                         device->capability, device->program->chip,
                         device->capability);
}

/** Appends what the driver's compiler said, in one line. */
static void appendLog(Message *message, char *log) {
  size_t used = strlen(message->text);
  for (char *c = log; *c; ++c)
    if (*c == '\n')
      *c = ' ';
  if (*log)
    snprintf(message->text + used, sizeof(message->text) - used, ": %s", log);
}

static int32_t failToLoad(CUDADevice *device, CUresult result, char *log,
                          Message *message) {
  if (result == CUDA_ERROR_UNSUPPORTED_PTX_VERSION) {
    int version = 0;
    device->driver.cuDriverGetVersion(&version);
    return dorefa_gpu_fail(
        message,
        "the GPU driver (CUDA %d.%d) is older than the model's PTX; update it, "
        "or compile with an older --chip",
        version / 1000, version % 1000 / 10);
  }
  if (result == CUDA_ERROR_JIT_COMPILER_NOT_FOUND)
    return dorefa_gpu_fail(
        message,
        "the GPU driver has no compiler for PTX (libnvidia-ptxjitcompiler.so.1); "
        "install it, or compile with --chip=sm_%d where ptxas is",
        device->capability);
  check(device, result, "load the kernels", message);
  appendLog(message, log);
  return DOREFA_ERROR_DEVICE;
}

/** Machine code where it is for this chip and the driver takes it, else PTX. */
static int32_t loadModule(CUDADevice *device, Message *message) {
  const Driver *driver = &device->driver;
  const dorefa_gpu_program *program = device->program;
  if (program->cubin && device->capability == program->compute_capability &&
      driver->cuModuleLoadDataEx(&device->module, program->cubin, 0, NULL,
                                 NULL) == CUDA_SUCCESS)
    return DOREFA_OK;
  char log[512] = "";
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, (void *)(uintptr_t)(sizeof(log) - 1)};
  CUresult result = driver->cuModuleLoadDataEx(
      &device->module, program->ptx, 2, options, values);
  if (result == CUDA_SUCCESS)
    return DOREFA_OK;
  device->module = NULL;
  log[sizeof(log) - 1] = 0;
  return failToLoad(device, result, log, message);
}

/** Lets kernel `number` have dynamic shared memory; beyond 48 KiB it must be asked
 * for. */
static int32_t allowSharedMemory(CUDADevice *device, uint32_t number,
                                 uint32_t size, Message *message) {
  CUresult result = device->driver.cuFuncSetAttribute(
      device->kernels[number], CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
      (int)size);
  if (result == CUDA_ERROR_INVALID_VALUE)
    return dorefa_gpu_fail(
        message,
        "the GPU has not the %u bytes of shared memory that kernel '%s' needs; "
        "compile with --chip=sm_%d",
        size, device->program->kernels[number], device->capability);
  return checkKernel(device, result, "give shared memory to kernel", number,
                     message);
}

static int32_t findKernels(CUDADevice *device, Message *message) {
  const dorefa_gpu_program *program = device->program;
  device->kernels = calloc(program->num_kernels + 1, sizeof(CUfunction));
  device->events = calloc(countMarks(program), sizeof(CUevent));
  if (!device->kernels || !device->events)
    return dorefa_gpu_fail(message, "there is no memory for the kernels");
  for (uint64_t i = 0; i < program->num_kernels; ++i) {
    CUresult result = device->driver.cuModuleGetFunction(
        &device->kernels[i], device->module, program->kernels[i]);
    if (checkKernel(device, result, "find kernel", i, message) != DOREFA_OK)
      return DOREFA_ERROR_DEVICE;
  }
  for (uint64_t i = 0; i < program->num_steps; ++i) {
    const dorefa_gpu_step *step = &program->steps[i];
    if (step->kind == DOREFA_GPU_LAUNCH && step->shared_bytes &&
        allowSharedMemory(device, step->number, step->shared_bytes, message) !=
            DOREFA_OK)
      return DOREFA_ERROR_DEVICE;
  }
  return DOREFA_OK;
}

/** What needs the context to be current. */
static int32_t prepare(CUDADevice *device, Message *message) {
  if (enter(&device->functions, message) != DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  CUresult result =
      device->driver.cuStreamCreate(&device->stream, CU_STREAM_NON_BLOCKING);
  if (result != CUDA_SUCCESS)
    device->stream = NULL;
  int32_t status = check(device, result, "make a stream", message);
  if (status == DOREFA_OK)
    status = loadModule(device, message);
  if (status == DOREFA_OK)
    status = findKernels(device, message);
  leave(&device->functions);
  return status;
}

static int32_t openDevice(CUDADevice *device, const char *number,
                          Message *message) {
  if (chooseDevice(device, number, message) != DOREFA_OK ||
      checkChip(device, message) != DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  CUresult result = device->driver.cuDevicePrimaryCtxRetain(&device->context,
                                                            device->device);
  if (result != CUDA_SUCCESS)
    device->context = NULL;
  if (check(device, result, "be opened", message) != DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  return prepare(device, message);
}

static void releaseAll(CUDADevice *device) {
  const Driver *driver = &device->driver;
  for (uint64_t i = 0; device->events && i < countMarks(device->program); ++i)
    if (device->events[i])
      driver->cuEventDestroy(device->events[i]);
  forget(device);
  if (device->module)
    driver->cuModuleUnload(device->module);
  if (device->stream)
    driver->cuStreamDestroy(device->stream);
}

static void closeDevice(Device *base) {
  CUDADevice *device = get(base);
  Message ignored;
  if (device->context) {
    if (enter(base, &ignored) == DOREFA_OK) {
      releaseAll(device);
      leave(base);
    }
    device->driver.cuDevicePrimaryCtxRelease(device->device);
  }
  free(device->kernels);
  free(device->events);
  free(device);
}

Device *dorefa_gpu_open_cuda(const dorefa_gpu_program *program,
                             const char *number, Message *message) {
  CUDADevice *device = calloc(1, sizeof(*device));
  if (!device) {
    dorefa_gpu_fail(message, "there is no memory for a device");
    return NULL;
  }
  device->program = program;
  device->functions = (Device){
      .enter = enter,
      .leave = leave,
      .allocate = allocateMemory,
      .release = releaseMemory,
      .upload = upload,
      .download = download,
      .launch = launch,
      .synchronize = synchronize,
      .close = closeDevice,
      .mark = mark,
      .measure = measure,
  };
  if (openDevice(device, number, message) != DOREFA_OK) {
    closeDevice(&device->functions);
    return NULL;
  }
  if (device->driver.cuStreamBeginCapture) {
    device->functions.begin_record = beginRecord;
    device->functions.end_record = endRecord;
    device->functions.replay = replay;
  }
  return &device->functions;
}
