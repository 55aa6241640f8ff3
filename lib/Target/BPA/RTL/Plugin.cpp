//===- Plugin.cpp - The library of Verilated chips ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Chips.h"

#include <cstring>

using namespace mlir::bpa;

extern "C" Hardware *dorefa_bpa_open_hardware(const char *configuration) {
  if (std::strcmp(configuration, "r8c8d64") == 0)
    return openR8C8D64();
  if (std::strcmp(configuration, "r4c4d32") == 0)
    return openR4C4D32();
  return nullptr;
}
