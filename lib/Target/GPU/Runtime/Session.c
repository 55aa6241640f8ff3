/*===- Session.c - Runs the list of launches -----------------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*/

#include "Device.h"

#include <stdlib.h>
#include <string.h>

/** Kernels compute addresses inside of a buffer with 32 bits. */
static const int64_t kLargestBuffer = INT32_MAX;

/** Memory of a device that grows when it must. */
typedef struct Buffer {
  uint64_t address;
  uint64_t size;
} Buffer;

struct dorefa_session {
  const dorefa_gpu_program *program;
  Device *device;
  Message message;
  Buffer constants, workspace;
  /** Batch of the last run, 0 where buffers have moved since: its launches can be
   * recorded. */
  int64_t last_batch;
  /** Batch of the launches that the device has recorded, 0 without. */
  int64_t recorded_batch;
  /** Recording has failed once. */
  int cannot_record;
  /** Inputs, then outputs. */
  Buffer tensors[];
};

/*===--------------------------------------------------------------------------===*
 * Sessions
 *===--------------------------------------------------------------------------===*/

static Device *openDevice(const dorefa_gpu_program *program, const char *device,
                          Message *message) {
  if (strcmp(device, "gpu") == 0)
    return dorefa_gpu_open_cuda(program, "0", message);
  if (strncmp(device, "gpu:", 4) == 0)
    return dorefa_gpu_open_cuda(program, device + 4, message);
  if (strcmp(device, "emulator") == 0)
    return dorefa_gpu_open_emulator(program, "libdorefa-emulator.so", message);
  if (strncmp(device, "emulator:", 9) == 0)
    return dorefa_gpu_open_emulator(program, device + 9, message);
  dorefa_gpu_fail(message, "device is '%s' but must be gpu, gpu:N or emulator",
                  device);
  return NULL;
}

/** Gives `buffer` at least `size` bytes; what it held is lost. */
static int32_t reserve(dorefa_session *session, Buffer *buffer, uint64_t size) {
  Device *device = session->device;
  if (buffer->size >= size)
    return DOREFA_OK;
  if (buffer->size)
    device->release(device, buffer->address);
  buffer->size = 0;
  // What was recorded holds its address.
  session->last_batch = session->recorded_batch = 0;
  int32_t status =
      device->allocate(device, size, &buffer->address, &session->message);
  if (status == DOREFA_OK)
    buffer->size = size;
  return status;
}

static int32_t uploadConstants(dorefa_session *session) {
  const dorefa_gpu_program *program = session->program;
  int32_t status =
      reserve(session, &session->constants, program->constants_size);
  if (status != DOREFA_OK || program->constants_size == 0)
    return status;
  Device *device = session->device;
  status = device->upload(device, session->constants.address, program->constants,
                          program->constants_size, &session->message);
  return status == DOREFA_OK ? device->synchronize(device, &session->message)
                             : status;
}

int32_t dorefa_gpu_open(const dorefa_gpu_program *program, const char *device,
                        dorefa_session **result) {
  if (!device || !result)
    return DOREFA_ERROR_ARGUMENT;
  uint64_t numTensors = program->num_inputs + program->num_outputs;
  dorefa_session *session =
      calloc(1, sizeof(*session) + numTensors * sizeof(Buffer));
  *result = session;
  if (!session)
    return DOREFA_ERROR_DEVICE;
  session->program = program;
  session->device = openDevice(program, device, &session->message);
  if (!session->device ||
      session->device->enter(session->device, &session->message) != DOREFA_OK)
    return DOREFA_ERROR_DEVICE;
  int32_t status = uploadConstants(session);
  session->device->leave(session->device);
  return status;
}

static void releaseBuffer(Device *device, Buffer *buffer) {
  if (buffer->size)
    device->release(device, buffer->address);
}

static void releaseBuffers(dorefa_session *session) {
  const dorefa_gpu_program *program = session->program;
  Device *device = session->device;
  if (device->enter(device, &session->message) != DOREFA_OK)
    return;
  releaseBuffer(device, &session->constants);
  releaseBuffer(device, &session->workspace);
  for (uint64_t i = 0; i < program->num_inputs + program->num_outputs; ++i)
    releaseBuffer(device, &session->tensors[i]);
  device->leave(device);
}

void dorefa_gpu_close(dorefa_session *session) {
  if (!session)
    return;
  if (session->device) {
    releaseBuffers(session);
    session->device->close(session->device);
  }
  free(session);
}

const char *dorefa_gpu_error(const dorefa_session *session) {
  return session ? session->message.text : "there is no memory for a session";
}

/*===--------------------------------------------------------------------------===*
 * Runs
 *===--------------------------------------------------------------------------===*/

/** Negative where it does not fit. */
static int64_t getSize(dorefa_gpu_size size, int64_t batch) {
  int64_t result = 0;
  if (__builtin_mul_overflow(size.per_sample, batch, &result) ||
      __builtin_add_overflow(result, size.fixed, &result))
    return -1;
  return result;
}

int64_t dorefa_gpu_workspace_size(const dorefa_gpu_program *program,
                                  int64_t batch) {
  // The workspace proper is on the device.
  return program->has_batch && batch < 1 ? 0 : DOREFA_WORKSPACE_ALIGNMENT;
}

static int32_t checkArguments(const dorefa_gpu_program *program,
                              const void *const *inputs, void *const *outputs,
                              int64_t batch, const void *workspace) {
  if ((program->num_inputs && !inputs) || (program->num_outputs && !outputs))
    return DOREFA_ERROR_ARGUMENT;
  for (uint64_t i = 0; i < program->num_inputs; ++i)
    if (!inputs[i])
      return DOREFA_ERROR_ARGUMENT;
  for (uint64_t i = 0; i < program->num_outputs; ++i)
    if (!outputs[i])
      return DOREFA_ERROR_ARGUMENT;
  if (dorefa_gpu_workspace_size(program, batch) == 0)
    return DOREFA_ERROR_ARGUMENT;
  if (!workspace || (uintptr_t)workspace % DOREFA_WORKSPACE_ALIGNMENT)
    return DOREFA_ERROR_WORKSPACE;
  return DOREFA_OK;
}

static int32_t reserveAll(dorefa_session *session, int64_t batch) {
  const dorefa_gpu_program *program = session->program;
  uint64_t numTensors = program->num_inputs + program->num_outputs;
  for (uint64_t i = 0; i <= numTensors; ++i) {
    int64_t size = getSize(
        i < numTensors ? program->tensors[i] : program->workspace, batch);
    if (size < 0 || size > kLargestBuffer)
      return dorefa_gpu_fail(
          &session->message,
          "a batch of %lld takes a buffer of more than 2 GiB, which kernels "
          "cannot address; run smaller batches",
          (long long)batch);
    Buffer *buffer =
        i < numTensors ? &session->tensors[i] : &session->workspace;
    int32_t status = reserve(session, buffer, size);
    if (status != DOREFA_OK)
      return status;
  }
  return DOREFA_OK;
}

static uint64_t getArgument(const dorefa_session *session, int64_t batch,
                            dorefa_gpu_argument argument) {
  switch (argument.kind) {
  case DOREFA_GPU_WORKSPACE:
    return session->workspace.address;
  case DOREFA_GPU_CONSTANT:
    return session->constants.address + argument.value;
  case DOREFA_GPU_INPUT:
    return session->tensors[argument.value].address;
  case DOREFA_GPU_OUTPUT:
    return session->tensors[session->program->num_inputs + argument.value]
        .address;
  default:
    return batch * argument.value;
  }
}

static int32_t launch(dorefa_session *session, const dorefa_gpu_step *step,
                      int64_t batch) {
  enum { kMostArguments = 64 };
  uint64_t values[kMostArguments];
  void *pointers[kMostArguments];
  const char *name = session->program->kernels[step->number];
  if (step->num_arguments > kMostArguments)
    return dorefa_gpu_fail(&session->message, "kernel '%s' has %u arguments",
                           name, step->num_arguments);
  for (uint32_t i = 0; i < step->num_arguments; ++i) {
    // The batch is the first half of its 64 bits on the machines there are.
    values[i] = getArgument(session, batch, step->arguments[i]);
    pointers[i] = &values[i];
  }
  int64_t work = getSize(step->work, batch);
  int64_t blocks = work / step->divisor + (work % step->divisor != 0);
  if (work == 0)
    return DOREFA_OK;
  if (work < 0 || blocks > UINT32_MAX / step->block_size)
    return dorefa_gpu_fail(
        &session->message,
        "a batch of %lld takes more threads in kernel '%s' than there can be; "
        "run smaller batches",
        (long long)batch, name);
  const Launch launch = {step->number,       {(uint32_t)blocks, step->rows},
                         step->block_size,   step->shared_bytes,
                         step->num_arguments, pointers};
  return session->device->launch(session->device, &launch, &session->message);
}

/** Step `number` is a layer that begins or ends: takes the time, or tells the caller
 * when all before it is done. */
static int32_t observe(dorefa_session *session, uint64_t number,
                       const dorefa_run_options *options) {
  const dorefa_gpu_step *step = &session->program->steps[number];
  Device *device = session->device;
  if (options->layer_seconds && device->mark)
    return device->mark(device, number, &session->message);
  if (!options->notify)
    return DOREFA_OK;
  int32_t status = device->synchronize(device, &session->message);
  if (status == DOREFA_OK)
    options->notify(options->context, step->number,
                    step->kind == DOREFA_GPU_LAYER_BEGINS ? DOREFA_LAYER_BEGINS
                                                          : DOREFA_LAYER_ENDS);
  return status;
}

static int32_t runSteps(dorefa_session *session, int64_t batch,
                        const dorefa_run_options *options) {
  const dorefa_gpu_program *program = session->program;
  for (uint64_t i = 0; i < program->num_steps; ++i) {
    const dorefa_gpu_step *step = &program->steps[i];
    int32_t status = step->kind == DOREFA_GPU_LAUNCH
                         ? launch(session, step, batch)
                         : observe(session, i, options);
    if (status != DOREFA_OK)
      return status;
  }
  return DOREFA_OK;
}

/** Whether the launches of `batch` are recorded now. Where they cannot be, the next runs
 * do without. */
static int record(dorefa_session *session, int64_t batch,
                  const dorefa_run_options *options) {
  Device *device = session->device;
  if (session->recorded_batch == batch)
    return 1;
  // A first run may load kernels, which cannot be recorded, and may be the only one.
  if (session->cannot_record || !device->begin_record ||
      session->last_batch != batch)
    return 0;
  session->recorded_batch = 0;
  session->cannot_record = 1;
  if (!device->begin_record(device))
    return 0;
  int isRun = runSteps(session, batch, options) == DOREFA_OK;
  if (!device->end_record(device) || !isRun)
    return 0;
  session->recorded_batch = batch;
  session->cannot_record = 0;
  return 1;
}

/** All launches, one by one where the caller observes them. */
static int32_t runNetwork(dorefa_session *session, int64_t batch,
                          const dorefa_run_options *options) {
  Device *device = session->device;
  int isObserved = options->notify || options->layer_seconds;
  if (!isObserved && record(session, batch, options))
    return device->replay(device, &session->message);
  int32_t status = runSteps(session, batch, options);
  session->last_batch = status == DOREFA_OK ? batch : 0;
  return status;
}

/** The same, and takes the time before and after. */
static int32_t runMarked(dorefa_session *session, int64_t batch,
                         const dorefa_run_options *options) {
  uint64_t begin = session->program->num_steps;
  Device *device = session->device;
  if (!options->device_seconds || !device->mark)
    return runNetwork(session, batch, options);
  int32_t status = device->mark(device, begin, &session->message);
  if (status == DOREFA_OK)
    status = runNetwork(session, batch, options);
  return status == DOREFA_OK
             ? device->mark(device, begin + 1, &session->message)
             : status;
}

/** Writes the time of each layer, whose marks are numbered as the steps are. */
static int32_t measureLayers(dorefa_session *session, double *seconds) {
  const dorefa_gpu_program *program = session->program;
  Device *device = session->device;
  if (!seconds || !device->measure)
    return DOREFA_OK;
  uint64_t begin = 0;
  for (uint64_t i = 0; i < program->num_steps; ++i) {
    const dorefa_gpu_step *step = &program->steps[i];
    if (step->kind == DOREFA_GPU_LAYER_BEGINS)
      begin = i;
    if (step->kind != DOREFA_GPU_LAYER_ENDS)
      continue;
    int32_t status = device->measure(device, begin, i, &seconds[step->number],
                                     &session->message);
    if (status != DOREFA_OK)
      return status;
  }
  return DOREFA_OK;
}

static int32_t measureKernels(dorefa_session *session, double *seconds) {
  uint64_t begin = session->program->num_steps;
  Device *device = session->device;
  return device->measure ? device->measure(device, begin, begin + 1, seconds,
                                           &session->message)
                         : DOREFA_OK;
}

static int32_t uploadInputs(dorefa_session *session, const void *const *inputs,
                            int64_t batch) {
  const dorefa_gpu_program *program = session->program;
  Device *device = session->device;
  int32_t status = DOREFA_OK;
  for (uint64_t i = 0; i < program->num_inputs && status == DOREFA_OK; ++i)
    status = device->upload(device, session->tensors[i].address, inputs[i],
                            getSize(program->tensors[i], batch),
                            &session->message);
  return status;
}

static int32_t downloadOutputs(dorefa_session *session, void *const *outputs,
                               int64_t batch) {
  const dorefa_gpu_program *program = session->program;
  Device *device = session->device;
  // Outputs stay as they are if a kernel fails.
  int32_t status = device->synchronize(device, &session->message);
  for (uint64_t i = 0; i < program->num_outputs && status == DOREFA_OK; ++i) {
    uint64_t tensor = program->num_inputs + i;
    status = device->download(device, outputs[i],
                              session->tensors[tensor].address,
                              getSize(program->tensors[tensor], batch),
                              &session->message);
  }
  return status == DOREFA_OK ? device->synchronize(device, &session->message)
                             : status;
}

static int32_t runOnDevice(dorefa_session *session, const void *const *inputs,
                           void *const *outputs, int64_t batch,
                           const dorefa_run_options *options) {
  int32_t status = reserveAll(session, batch);
  if (status == DOREFA_OK)
    status = uploadInputs(session, inputs, batch);
  if (status == DOREFA_OK)
    status = runMarked(session, batch, options);
  if (status == DOREFA_OK)
    status = downloadOutputs(session, outputs, batch);
  if (status == DOREFA_OK)
    status = measureLayers(session, options->layer_seconds);
  if (status == DOREFA_OK && options->device_seconds)
    status = measureKernels(session, options->device_seconds);
  if (status == DOREFA_OK)
    return status;
  // What has begun must not read or write the caller's arrays later.
  Message ignored;
  session->device->synchronize(session->device, &ignored);
  return status;
}

int32_t dorefa_gpu_run(const dorefa_gpu_program *program,
                       const void *const *inputs, void *const *outputs,
                       int64_t batch, const void *workspace,
                       const dorefa_run_options *options) {
  int32_t status = checkArguments(program, inputs, outputs, batch, workspace);
  if (status != DOREFA_OK)
    return status;
  dorefa_session *session = options ? options->session : NULL;
  if (!session || !session->device || session->program != program)
    return DOREFA_ERROR_DEVICE;
  if (!program->has_batch)
    batch = 1;
  Device *device = session->device;
  status = device->enter(device, &session->message);
  if (status != DOREFA_OK)
    return status;
  status = runOnDevice(session, inputs, outputs, batch, options);
  device->leave(device);
  return status;
}
