//===- dorefa-fuzz.cpp - Compare random networks in all their forms -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fuzz.h"

int main(int argc, char **argv) {
  std::optional<FuzzOptions> options = parseCommandLine(argc, argv);
  return options ? fuzz(*options) : 1;
}
