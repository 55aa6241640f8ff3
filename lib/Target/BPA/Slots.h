//===- Slots.h - What a slot of an instruction reaches ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Engines find an address outside a memory in the slot that would use it. This says for each
// slot, by its number, whether it is such a one; sections 6 and 7 of the manual.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_BPA_SLOTS_H
#define DOREFA_LIB_TARGET_BPA_SLOTS_H

#include "Machine.h"

namespace mlir::bpa {

class SlotChecker {
public:
  /// Registers of `machine` are those of the program, which is about to start.
  explicit SlotChecker(Machine &machine) : machine(machine) {}

  /// Writes a register, which counts for instructions issued later.
  void configure(const Instruction &instruction) {
    bpa::configure(machine, instruction);
  }

  /// Further slots of its engine are those of `instruction`. False where its operands
  /// contradict each other.
  bool issue(const Instruction &instruction);

  /// Whether all is inside of the memories. Of `ld`: `beats` beats of a row.
  bool isLoadInside(int64_t row, int64_t first, int64_t beats) const;
  /// Beat by beat.
  bool isStoreInside(int64_t beat) const;
  bool isGatherInside(int64_t slot) const;
  /// Reads and writes of LANES channels of a pixel.
  bool isPoolReadInside(int64_t part, int64_t slot) const;
  bool isPoolWriteInside(int64_t part, int64_t plane) const;
  /// Whether a window has a tap inside the input.
  bool hasTap(int64_t part) const;
  bool isStepInside(int64_t tile, int64_t step) const;
  /// A tile that is kept, or not, ends.
  void endTile() { machine.kept = matmul.keep != 0; }
  bool isDrainInside(int64_t tile, int64_t slot) const;
  /// The tile is the last of those that are written together.
  bool isFlushInside(int64_t tile, int64_t slot) const;

private:
  /// A tap of the window of output pixel `pixel`: its input row, column and first lane,
  /// which mean nothing where it is outside the input.
  struct Tap {
    int64_t iy, ix, lane;
  };
  Tap getTap(int64_t pixel, int64_t ky, int64_t kx) const;
  bool areLanesInside(int64_t end) const;

  Machine &machine;
  Load load;
  Store store;
  Gather gather;
  /// Also the first window of a gather.
  Pool pool;
  MatMul matmul;
  PostProcess post;
  // Registers at the issue.
  ConfigureInput input;
  ConfigureWindow window;
  ConfigureExtent extent;
  ConfigurePool output;
  ConfigurePlanes planes;
  ConfigureResult result;
};

} // namespace mlir::bpa

#endif // DOREFA_LIB_TARGET_BPA_SLOTS_H
