//===- Fuzz.h - The steps of dorefa-fuzz ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_FUZZ_FUZZ_H
#define DOREFA_TOOLS_FUZZ_FUZZ_H

#include "FuzzOptions.h"

/// Checks the networks of `options`, reduces those that fail and prints a
/// summary. The exit code: 1 where a network fails.
int fuzz(const FuzzOptions &options);

#endif // DOREFA_TOOLS_FUZZ_FUZZ_H
