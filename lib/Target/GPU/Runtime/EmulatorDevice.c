/*===- EmulatorDevice.c - The emulator as a device -----------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*/

#include "Device.h"
#include "dorefa-c/Emulator.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef struct EmulatorDevice {
  Device functions;
  const dorefa_gpu_program *program;
  void *library;
  const dorefa_emulator_api *api;
  dorefa_emulator *emulator;
  dorefa_emulator_program *kernels;
} EmulatorDevice;

static EmulatorDevice *get(Device *device) { return (EmulatorDevice *)device; }

static int32_t failWithEmulator(EmulatorDevice *device, Message *message) {
  return dorefa_gpu_fail(message, "emulator: %s",
                         device->api->get_error(device->emulator));
}

static int32_t allocateMemory(Device *base, uint64_t size, uint64_t *address,
                              Message *message) {
  EmulatorDevice *device = get(base);
  void *memory = device->api->allocate(device->emulator, size);
  *address = (uintptr_t)memory;
  return memory ? DOREFA_OK : failWithEmulator(device, message);
}

static void releaseMemory(Device *base, uint64_t address) {
  EmulatorDevice *device = get(base);
  device->api->release(device->emulator, (void *)(uintptr_t)address);
}

static int32_t upload(Device *base, uint64_t to, const void *from,
                      uint64_t size, Message *message) {
  memcpy((void *)(uintptr_t)to, from, size);
  return DOREFA_OK;
}

static int32_t download(Device *base, void *to, uint64_t from, uint64_t size,
                        Message *message) {
  memcpy(to, (const void *)(uintptr_t)from, size);
  return DOREFA_OK;
}

static int32_t launch(Device *base, const Launch *launch, Message *message) {
  EmulatorDevice *device = get(base);
  const uint32_t grid[3] = {launch->grid[0], launch->grid[1], 1},
                 block[3] = {launch->block_size, 1, 1};
  int32_t failed = device->api->launch(
      device->emulator, device->kernels,
      device->program->kernels[launch->kernel], grid, block,
      launch->shared_bytes, launch->arguments, launch->num_arguments);
  return failed ? failWithEmulator(device, message) : DOREFA_OK;
}

static int32_t enter(Device *base, Message *message) { return DOREFA_OK; }

static void leave(Device *base) {}

static int32_t synchronize(Device *base, Message *message) { return DOREFA_OK; }

static void closeDevice(Device *base) {
  EmulatorDevice *device = get(base);
  if (device->emulator)
    device->api->destroy(device->emulator);
  // The library stays: LLVM does not like to be unloaded.
  free(device);
}

/** Opens the plug-in and loads the kernels. */
static int32_t load(EmulatorDevice *device, const char *library,
                    Message *message) {
  const dorefa_gpu_program *program = device->program;
  if (!program->bitcode)
    return dorefa_gpu_fail(message, "the model was compiled with --no-emulator; "
                                    "compile it without");
  device->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!device->library)
    return dorefa_gpu_fail(message, "there is no emulator: %s", dlerror());
  dorefa_emulator_open_fn *open = (dorefa_emulator_open_fn *)dlsym(
      device->library, "dorefa_emulator_open");
  device->api = open ? open(DOREFA_EMULATOR_ABI_VERSION) : NULL;
  if (!device->api)
    return dorefa_gpu_fail(
        message, "%s is not the emulator that belongs to this model", library);
  device->emulator = device->api->create(NULL);
  device->kernels = device->api->load(device->emulator, program->bitcode,
                                      program->bitcode_size);
  return device->kernels ? DOREFA_OK : failWithEmulator(device, message);
}

Device *dorefa_gpu_open_emulator(const dorefa_gpu_program *program,
                                 const char *library, Message *message) {
  EmulatorDevice *device = calloc(1, sizeof(*device));
  if (!device) {
    dorefa_gpu_fail(message, "there is no memory for the emulator");
    return NULL;
  }
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
  };
  device->program = program;
  if (load(device, library, message) == DOREFA_OK)
    return &device->functions;
  closeDevice(&device->functions);
  return NULL;
}
