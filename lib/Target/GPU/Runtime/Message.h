/*===- Message.h - What went wrong ---------------------------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*/

#ifndef DOREFA_LIB_TARGET_GPU_RUNTIME_MESSAGE_H
#define DOREFA_LIB_TARGET_GPU_RUNTIME_MESSAGE_H

#include "dorefa-c/Model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One line that says what went wrong. */
typedef struct Message {
  char text[1024];
} Message;

/** Sets the text, as printf does; returns DOREFA_ERROR_DEVICE. */
int32_t dorefa_gpu_fail(Message *message, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif

#endif /* DOREFA_LIB_TARGET_GPU_RUNTIME_MESSAGE_H */
