//===- Chips.cpp - The GPUs that can be compiled for ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Chips.h"
#include "Runtime/Driver.h"
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

const Chip *mlir::dorefa::findNativeChip(std::string &reason) {
  Driver driver = {};
  Message message;
  int count = 0, capability = 0;
  if (dorefa_gpu_load_driver(&driver, &message) != DOREFA_OK ||
      dorefa_gpu_count_devices(&driver, &count, &message) != DOREFA_OK ||
      dorefa_gpu_get_capability(&driver, 0, &capability, &message) != DOREFA_OK) {
    reason = message.text;
    return nullptr;
  }
  const Chip *newest = nullptr;
  for (const Chip &chip : kChips)
    if (chip.capability <= static_cast<unsigned>(capability))
      newest = &chip;
  if (!newest)
    reason = "the GPU is sm_" + std::to_string(capability) + ", which is too old";
  return newest;
}

std::string mlir::dorefa::listChips() {
  return llvm::join(llvm::map_range(kChips, [](const Chip &chip) {
                      return chip.name.str();
                    }), ", ");
}
