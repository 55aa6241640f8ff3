/*===- Device.h - What runs kernels --------------------------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*/

#ifndef DOREFA_LIB_TARGET_GPU_RUNTIME_DEVICE_H
#define DOREFA_LIB_TARGET_GPU_RUNTIME_DEVICE_H

#include "Message.h"
#include "Program.h"

#include <stddef.h>

/** How a kernel is run. */
typedef struct Launch {
  /** Of the program. */
  uint32_t kernel;
  uint32_t grid[2];
  uint32_t block_size;
  uint32_t shared_bytes;
  uint32_t num_arguments;
  /** Point to the values of the kernel's parameters. */
  void **arguments;
} Launch;

/** A device; what it is made of follows in memory. Functions that return an int32_t
 * return a dorefa_status, and a message with the one that is not DOREFA_OK. All
 * are called between `enter` and `leave`. Copies and launches are done in order, but
 * maybe later: `synchronize` waits. */
typedef struct Device {
  /** Makes the device that of this thread, until `leave`. */
  int32_t (*enter)(struct Device *device, Message *message);
  void (*leave)(struct Device *device);
  int32_t (*allocate)(struct Device *device, uint64_t size, uint64_t *address,
                      Message *message);
  void (*release)(struct Device *device, uint64_t address);
  int32_t (*upload)(struct Device *device, uint64_t to, const void *from,
                    uint64_t size, Message *message);
  int32_t (*download)(struct Device *device, void *to, uint64_t from,
                      uint64_t size, Message *message);
  int32_t (*launch)(struct Device *device, const Launch *launch,
                    Message *message);
  int32_t (*synchronize)(struct Device *device, Message *message);
  /** Not between `enter` and `leave`. */
  void (*close)(struct Device *device);

  /* Null where the device has no clock. */

  /** Takes the time at which all before it is done, as number `mark`, which is below
   * the number of steps of the program and two more. */
  int32_t (*mark)(struct Device *device, uint64_t mark, Message *message);
  /** Seconds between two marks, after `synchronize`. */
  int32_t (*measure)(struct Device *device, uint64_t from, uint64_t to,
                     double *seconds, Message *message);

  /* Null where launches cannot be recorded. */

  /** From here on launches are recorded and not run; 0 where that fails. */
  int (*begin_record)(struct Device *device);
  /** Keeps what was recorded in place of what was before; 0 where that fails,
   * and then there is nothing to replay. */
  int (*end_record)(struct Device *device);
  int32_t (*replay)(struct Device *device, Message *message);
} Device;

/** Open a device and load the kernels of `program`; null after a message. */
Device *dorefa_gpu_open_cuda(const dorefa_gpu_program *program,
                             const char *number, Message *message);
Device *dorefa_gpu_open_emulator(const dorefa_gpu_program *program,
                                 const char *library, Message *message);

#endif /* DOREFA_LIB_TARGET_GPU_RUNTIME_DEVICE_H */
