/*===- Device.h - What runs kernels --------------------------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*/

#ifndef DOREFA_LIB_TARGET_GPU_RUNTIME_DEVICE_H
#define DOREFA_LIB_TARGET_GPU_RUNTIME_DEVICE_H

#include "Program.h"

#include <stddef.h>

/** One line that says what went wrong. */
typedef struct Message {
  char text[1024];
} Message;

/** Sets the text, as printf does; returns DOREFA_ERROR_DEVICE. */
int32_t dorefa_gpu_fail(Message *message, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** A device; what it is made of follows in memory. All functions return a
 * dorefa_status, and a message with the one that is not DOREFA_OK. Copies and
 * launches are done in order, but maybe later: `synchronize` waits. */
typedef struct Device {
  int32_t (*allocate)(struct Device *device, uint64_t size, uint64_t *address,
                      Message *message);
  void (*release)(struct Device *device, uint64_t address);
  int32_t (*upload)(struct Device *device, uint64_t to, const void *from,
                    uint64_t size, Message *message);
  int32_t (*download)(struct Device *device, void *to, uint64_t from,
                      uint64_t size, Message *message);
  /** Runs kernel `number` of the program; `arguments` point to its parameters. */
  int32_t (*launch)(struct Device *device, uint32_t number,
                    const uint32_t grid[2], uint32_t block_size,
                    void **arguments, uint32_t num_arguments, Message *message);
  int32_t (*synchronize)(struct Device *device, Message *message);
  void (*close)(struct Device *device);
} Device;

/** Open a device and load the kernels of `program`; null after a message. */
Device *dorefa_gpu_open_cuda(const dorefa_gpu_program *program,
                             const char *number, Message *message);
Device *dorefa_gpu_open_emulator(const dorefa_gpu_program *program,
                                 const char *library, Message *message);

#endif /* DOREFA_LIB_TARGET_GPU_RUNTIME_DEVICE_H */
