/*===- fma_peak.c - Fused multiply-adds per second of one core -----------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * Prints how many float32 fused multiply-adds one core does per second when nothing
 * but the multipliers limits it: independent chains in registers, no memory.
 *
 *===--------------------------------------------------------------------------===*/

#include <stdio.h>
#include <time.h>

#ifndef LANES
#define LANES 16
#endif
/* Enough independent chains to cover the latency of two pipes. */
#define CHAINS 12

typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(void) {
  const long rounds = 20 * 1000 * 1000;
  vector sum[CHAINS], x, y;
  for (int lane = 0; lane < LANES; ++lane) {
    x[lane] = 0.999f;
    y[lane] = 1e-3f;
  }
  for (int chain = 0; chain < CHAINS; ++chain)
    sum[chain] = x;
  double start = now();
  for (long round = 0; round < rounds; ++round) {
#pragma clang loop unroll(full)
    for (int chain = 0; chain < CHAINS; ++chain) {
      sum[chain] = __builtin_elementwise_fma(sum[chain], x, y);
      __asm__ volatile("" : "+v"(sum[chain]));
    }
  }
  double seconds = now() - start;
  float total = 0;
  for (int chain = 0; chain < CHAINS; ++chain)
    total += sum[chain][0];
  printf("%.6g %g\n", (double)rounds * CHAINS * LANES / seconds, total);
  return 0;
}
