//===- Random.h - Draws that are the same everywhere ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_FUZZ_RANDOM_H
#define DOREFA_TOOLS_FUZZ_RANDOM_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

/// SplitMix64. The distributions of the standard library differ between its
/// implementations; a seed has to mean one network for everybody.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}

  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// An integer of [low, high].
  int64_t range(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(next() % (high - low + 1));
  }

  /// A real of [low, high).
  double real(double low, double high) {
    return low + (high - low) * static_cast<double>(next() >> 11) * 0x1p-53;
  }

  /// True in `percent` of 100 cases.
  bool chance(unsigned percent) { return next() % 100 < percent; }

  template <typename T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[next() % choices.size()];
  }

private:
  uint64_t state;
};

#endif // DOREFA_TOOLS_FUZZ_RANDOM_H
