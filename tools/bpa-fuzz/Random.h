//===- Random.h - Random instructions ---------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef BPA_FUZZ_RANDOM_H
#define BPA_FUZZ_RANDOM_H

#include "dorefa/Target/BPA/Program.h"

#include <random>

namespace mlir::bpa {

using Generator = std::mt19937_64;

/// A number from `min` to `max`; the same on every machine, which distributions
/// of the standard library do not promise.
int64_t drawInteger(Generator &generator, int64_t min, int64_t max);

/// An instruction that can be encoded. Fields are often at their limits.
Instruction drawInstruction(Generator &generator);

/// `count` of them and some data. It decodes, but does nothing sensible.
Program drawEncodings(Generator &generator, unsigned count);

/// Checks that all instructions with all fields at both limits, `count` random
/// ones and `count` random words survive encoding and decoding. Prints what was
/// checked; false where something did not.
bool checkEncodings(Generator &generator, uint64_t count);

/// A program that ends with `halt`. Most of it can be executed: fields are
/// small, memories few, tokens rare.
Program drawProgram(Generator &generator);

/// A program all of which can be executed, with tokens. It stores FMAP at its end.
Program drawWork(Generator &generator);

/// One of these with fields changed, tokens added or its `halt` taken away: something most
/// likely stops it.
Program drawFaulty(Generator &generator);

/// Runs `count` programs on a device of kind "rtl": of drawWork, those of drawProgram
/// that are in order, of drawFaulty, and of drawEncodings. Prints what they did; false, with
/// the program, where the hardware differs from the simulators.
bool checkLockStep(Generator &generator, uint64_t count);

/// Verifies and runs `count` of these and some of random bits, each up to a
/// limit of steps. A program that is in order must give the same DRAM in
/// another order of engines. Prints how they ended; false where one did not.
bool checkPrograms(Generator &generator, uint64_t count);

/// Verifies, runs and counts `count` streams of words: random bits, and programs of all
/// the above with bits flipped, each up to a limit of steps. Prints how they ended;
/// false where one does not end in time or is in order but stops.
bool checkStreams(Generator &generator, uint64_t count);

} // namespace mlir::bpa

#endif // BPA_FUZZ_RANDOM_H
