//===- Chips.cpp - The GPUs that can be compiled for ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Chips.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::dorefa;

// PTX is the oldest that knows the chip and the instructions used on it (b1 products
// with AND: 7.1), so that drivers may be old.
static constexpr Chip kChips[] = {
    {"sm_70", 70, "+ptx60"},  {"sm_72", 72, "+ptx61"},
    {"sm_75", 75, "+ptx63"},  {"sm_80", 80, "+ptx71"},
    {"sm_86", 86, "+ptx71"},  {"sm_87", 87, "+ptx74"},
    {"sm_89", 89, "+ptx78"},  {"sm_90", 90, "+ptx78"},
    {"sm_100", 100, "+ptx86"}, {"sm_103", 103, "+ptx88"},
    {"sm_110", 110, "+ptx90"}, {"sm_120", 120, "+ptx87"},
    {"sm_121", 121, "+ptx88"},
};

const Chip *mlir::dorefa::findChip(llvm::StringRef name) {
  const Chip *chip = llvm::find_if(
      kChips, [&](const Chip &known) { return known.name == name; });
  return chip == std::end(kChips) ? nullptr : chip;
}

std::string mlir::dorefa::listChips() {
  return llvm::join(llvm::map_range(kChips, [](const Chip &chip) {
                      return chip.name.str();
                    }), ", ");
}
