/*===- Session.h - What a model does with the accelerator ----------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * Called by generated code: by the functions of the model's record, and by
 * `@main` where `convert-bpa-to-calls` put calls.
 *
 *===--------------------------------------------------------------------------===*/

#ifndef DOREFA_LIB_TARGET_BPA_RUNTIME_SESSION_H
#define DOREFA_LIB_TARGET_BPA_RUNTIME_SESSION_H

#include "dorefa-c/Model.h"

/** As the functions of a `dorefa_model`; `program` is an ELF file, aligned to 64. */
int32_t dorefa_device_open(const void *program, const char *device,
                           dorefa_session **session);
void dorefa_device_close(dorefa_session *session);
const char *dorefa_device_error(const dorefa_session *session);

/** Around a run; both return a `dorefa_status`. */
int32_t dorefa_device_begin(const dorefa_run_options *options);
int32_t dorefa_device_end(const dorefa_run_options *options);

/** Inside of a run. Once one has failed, the others do nothing. Addresses are bytes
 * of DRAM; a routine is `length` instructions from number `program` on. */
void dorefa_device_write(const dorefa_run_options *options, int64_t address,
                         const void *bytes, int64_t size);
void dorefa_device_run(const dorefa_run_options *options, int32_t program,
                       int32_t length);
void dorefa_device_read(const dorefa_run_options *options, int64_t address,
                        void *bytes, int64_t size);

#endif /* DOREFA_LIB_TARGET_BPA_RUNTIME_SESSION_H */
