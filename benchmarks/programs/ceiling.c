/*===- ceiling.c - What nothing but the execution ports limits -----------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * ceiling popcount|dot|fma|read: one execution is WORK multiply-adds (read: bytes),
 * printed as "work=WORK" after "ready". Independent accumulators in registers, as many
 * as the kernels use, and no memory but for `read`, which streams 16 MiB.
 *
 *===--------------------------------------------------------------------------===*/

#include "sample.h"

#include <immintrin.h>
#include <string.h>

enum { ROUNDS = 4096, STREAM = 16 << 20 };

/* Twice the accumulators would not fit 32 registers beside the operands. */
#define ACCUMULATORS 24
/* The compiler must neither merge nor reorder away what is counted. */
#define OPAQUE(x) __asm__ volatile("" : "+v"(x))
#define EACH _Pragma("clang loop unroll(full)") for (int i = 0; i < ACCUMULATORS; ++i)

static volatile int sink;

#ifdef __AVX512VPOPCNTDQ__
/* 512 multiply-adds of bits: AND, popcount, add. */
static void popcount(void *context) {
  (void)context;
  __m512i sum[ACCUMULATORS], x = _mm512_set1_epi32(0x5a5a1234), w = _mm512_set1_epi32(-7);
  EACH sum[i] = _mm512_set1_epi32(i);
  for (int round = 0; round < ROUNDS; ++round) {
    EACH {
      OPAQUE(x);
      sum[i] = _mm512_add_epi32(sum[i], _mm512_popcnt_epi32(_mm512_and_si512(x, w)));
      OPAQUE(sum[i]);
    }
  }
  EACH x = _mm512_add_epi32(x, sum[i]);
  sink = _mm512_reduce_add_epi32(x);
}
#endif

#ifdef __AVX512VNNI__
/* 64 multiply-adds of bytes. */
static void dot(void *context) {
  (void)context;
  __m512i sum[ACCUMULATORS], x = _mm512_set1_epi8(3), w = _mm512_set1_epi8(-7);
  EACH sum[i] = _mm512_set1_epi32(i);
  for (int round = 0; round < ROUNDS; ++round) {
    EACH {
      sum[i] = _mm512_dpbusd_epi32(sum[i], x, w);
      OPAQUE(sum[i]);
    }
  }
  EACH x = _mm512_add_epi32(x, sum[i]);
  sink = _mm512_reduce_add_epi32(x);
}
#endif

#ifdef __AVX512F__
/* 16 fused multiply-adds of floats. */
static void fma(void *context) {
  (void)context;
  __m512 sum[ACCUMULATORS], x = _mm512_set1_ps(0.999f), w = _mm512_set1_ps(1e-3f);
  EACH sum[i] = _mm512_set1_ps((float)i);
  for (int round = 0; round < ROUNDS; ++round) {
    EACH {
      sum[i] = _mm512_fmadd_ps(sum[i], x, w);
      OPAQUE(sum[i]);
    }
  }
  EACH x = _mm512_add_ps(x, sum[i]);
  sink = (int)_mm512_reduce_add_ps(x);
}

/* Reads a buffer once, from eight places at a time: one place alone is slower. */
static void stream(void *context) {
  const char *bytes = context;
  __m512i sum[8];
  memset(sum, 0, sizeof sum);
  for (int at = 0; at < STREAM / 8; at += 64) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; ++i)
      sum[i] = _mm512_or_si512(sum[i], _mm512_load_si512(bytes + i * (STREAM / 8) + at));
  }
  for (int i = 1; i < 8; ++i)
    sum[0] = _mm512_or_si512(sum[0], sum[i]);
  sink = _mm512_reduce_add_epi32(sum[0]);
}
#endif

typedef struct Loop {
  const char *name;
  void (*execute)(void *);
  double work;
} Loop;

static const Loop kLoops[] = {
#ifdef __AVX512VPOPCNTDQ__
    {"popcount", popcount, 512.0 * ACCUMULATORS *ROUNDS},
#endif
#ifdef __AVX512VNNI__
    {"dot", dot, 64.0 * ACCUMULATORS *ROUNDS},
#endif
#ifdef __AVX512F__
    {"fma", fma, 16.0 * ACCUMULATORS *ROUNDS},
    {"read", stream, STREAM},
#endif
    {NULL, NULL, 0}};

int main(int argc, char **argv) {
  char text[64];
  void *memory = aligned_alloc(4096, STREAM);
  memset(memory, 1, STREAM);
  for (const Loop *loop = kLoops; argc > 1 && loop->name; ++loop) {
    if (strcmp(argv[1], loop->name) != 0)
      continue;
    snprintf(text, sizeof text, "work=%.0f", loop->work);
    return serveSamples(loop->execute, memory, text);
  }
  fprintf(stderr, "usage: ceiling popcount|dot|fma|read, if this processor has it\n");
  return 1;
}
