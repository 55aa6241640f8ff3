/*===- BPA.h - Machines that run BPA programs -----------------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * A device is a machine with its DRAM. All kinds have this interface:
 *
 *     bpa_device *device;
 *     if (bpa_open("func", "r8c8d64", 1 << 20, &device) != BPA_OK) ...
 *     bpa_write(device, 0, program, program_bytes);
 *     bpa_write(device, input_address, input, input_bytes);
 *     if (bpa_run(device, 0, program_bytes / 16, NULL) != BPA_OK)
 *       puts(bpa_get_message(device));
 *     bpa_read(device, output_address, output, output_bytes);
 *     bpa_close(device);
 *
 * A device belongs to one thread at a time. Nothing aborts; any program is
 * allowed.
 *
 *===--------------------------------------------------------------------------===*/

#ifndef DOREFA_C_BPA_H
#define DOREFA_C_BPA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bpa_status {
  BPA_OK = 0,
  /** A null pointer, an unknown name, an address outside DRAM. */
  BPA_ERROR_ARGUMENT = 1,
  /** Memory for the device cannot be allocated. */
  BPA_ERROR_MEMORY = 2,
  /** The program stopped before its `halt`; bpa_get_message says why. */
  BPA_ERROR_STOPPED = 3,
  /** The hardware did something else than the simulators; bpa_get_message says what
   * first. */
  BPA_ERROR_DIVERGED = 4
};

typedef struct bpa_device bpa_device;

/** How to run; zeros are the defaults. */
typedef struct bpa_run_options {
  /** 0: engines take turns. Else the number chooses one of many other orders
   * that the architecture allows. */
  uint64_t schedule_seed;
  /** Plane words, beats and entries that are processed before the run is given
   * up; 0: 2^40. */
  uint64_t step_limit;
  /** Not 0: stop also where accesses to a memory, or tokens, could come in
   * another order with other results. What is found, and that nothing is, holds
   * for every timing. */
  uint64_t check_order;
  /** Of kinds "cycle" and "rtl": cycles from a request of DRAM to its first beat, at
   * most 2^20; 0: 64. */
  uint64_t dram_latency;
  /** Of the same kinds: 0, or the number that draws latencies from 1 to
   * 2 * dram_latency. */
  uint64_t dram_seed;
  /** What recordings call the run; null: "program". */
  const char *name;
} bpa_run_options;

/** Makes a device whose memories are 0. `kind` is "func": executes
 * instructions one by one in an order that tokens and queues allow, without
 * time; "cycle": as "func", and then counts the cycles of a program that ended;
 * "rtl": the hardware, in lock step with both: each program runs on all of them, and
 * results and cycles must be the same.
 * `dram_bytes` is rounded up to 16. */
int32_t bpa_open(const char *kind, const char *configuration,
                 uint64_t dram_bytes, bpa_device **device);
void bpa_close(bpa_device *device);

/** Copy bytes of DRAM. */
int32_t bpa_write(bpa_device *device, uint64_t address, const void *bytes,
                  uint64_t size);
int32_t bpa_read(bpa_device *device, uint64_t address, void *bytes,
                 uint64_t size);

/** Runs `length` instructions at beat `program` of DRAM up to their `halt`.
 * `options` may be null. */
int32_t bpa_run(bpa_device *device, uint32_t program, uint32_t length,
                const bpa_run_options *options);

/** The control and status register at `offset` bytes. */
int32_t bpa_read_register(bpa_device *device, uint32_t offset,
                          uint32_t *value);

/** Writes a register; only `counter_select` can be written. */
int32_t bpa_write_register(bpa_device *device, uint32_t offset, uint32_t value);

/** Records the runs that follow, as if each began when the one before ends; what was recorded
 * before is forgotten. Of kinds "cycle" and "rtl". `waves` is null or, of kind "rtl", the FST
 * file that gets all signals of the hardware, for GTKWave; a cycle is 2 steps of time. */
int32_t bpa_start_recording(bpa_device *device, const char *waves);

/** Ends the recording and completes its file of waves. */
void bpa_stop_recording(bpa_device *device);

/** Writes the instructions of the recorded runs to a file that trace viewers of Chrome and
 * Perfetto read; a cycle is a microsecond there. */
int32_t bpa_write_trace(const bpa_device *device, const char *path);

/** How the cycles of the recorded runs passed, engine by engine, as a table; runs of the same
 * name are added up. Valid until the device is used again. */
const char *bpa_get_counters(bpa_device *device);

/** Why the last run stopped or diverged, in words; lines are separated by '\n'. Empty after
 * a `halt`. Valid until the device is used again. */
const char *bpa_get_message(const bpa_device *device);

#ifdef __cplusplus
}
#endif

#endif /* DOREFA_C_BPA_H */
