/*===- sample.h - How every program of ours is timed ---------------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * A candidate is a process that stays alive. It prints "ready TEXT" once it has
 * prepared, then answers every line on its input with the seconds that one execution
 * takes. Whoever asks several candidates in turns compares them in one run.
 *
 *===--------------------------------------------------------------------------===*/

#ifndef DOREFA_BENCHMARKS_SAMPLE_H
#define DOREFA_BENCHMARKS_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A block is as short as the clock allows, so that few blocks are interrupted; an
 * answer is the median of the blocks. */
enum { BLOCKS = 9 };
static const double kBlockSeconds = 4e-4;

/* One thread: the time of this process only, whatever else the machine runs. With more
 * threads, or where BENCHMARK_CLOCK=wall asks for it: the time that passes. */
static double secondsNow(void) {
  static int clock = -1;
  struct timespec time;
  if (clock < 0) {
    const char *name = getenv("BENCHMARK_CLOCK");
    clock = name && strcmp(name, "wall") == 0 ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID;
  }
  clock_gettime(clock, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int compareSeconds(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Seconds of one execution when it is executed `count` times. */
static double blockSeconds(void (*execute)(void *), void *context, long count) {
  double start = secondsNow();
  for (long i = 0; i < count; ++i)
    execute(context);
  return (secondsNow() - start) / (double)count;
}

static double sampleSeconds(void (*execute)(void *), void *context) {
  double blocks[BLOCKS];
  execute(context); /* The others have used the caches since the last sample. */
  double once = blockSeconds(execute, context, 1);
  long count = once < kBlockSeconds ? (long)(kBlockSeconds / once) + 1 : 1;
  for (int i = 0; i < BLOCKS; ++i)
    blocks[i] = blockSeconds(execute, context, count);
  qsort(blocks, BLOCKS, sizeof *blocks, compareSeconds);
  return blocks[BLOCKS / 2];
}

/* Answers questions until the input ends. Returns the exit status of the program. */
static int serveSamples(void (*execute)(void *), void *context, const char *text) {
  char line[64];
  printf("ready %s\n", text);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    printf("%.9g\n", sampleSeconds(execute, context));
    fflush(stdout);
  }
  return 0;
}

#endif /* DOREFA_BENCHMARKS_SAMPLE_H */
