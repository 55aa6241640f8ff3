//===- Collective.h - What the lanes of a warp do together ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_EMULATOR_COLLECTIVE_H
#define DOREFA_LIB_EMULATOR_COLLECTIVE_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>

namespace mlir::dorefa::emulator {

/// An instruction at which a lane stops until others have come: PTX's
/// mma.sync, ldmatrix, shfl.sync, vote.sync, redux.sync and barriers.
struct Collective {
  enum Kind : uint8_t {
    None,
    BlockBarrier,
    WarpBarrier,
    Mma,
    LoadMatrix,
    Shuffle,
    Vote,
    Reduce
  };
  enum Mode : uint8_t {
    // Shuffle
    Idx,
    Up,
    Down,
    Bfly,
    // Vote
    All,
    Any,
    Uni,
    Ballot,
    // Reduce
    Add,
    UMin,
    UMax,
    Min,
    Max,
    And,
    Or,
    Xor
  };

  Kind kind = None;
  Mode mode = Idx;
  /// Mma: M x N x K with elements of `bits` bits.
  uint8_t m = 0, n = 0, bits = 0;
  uint16_t k = 0;
  bool isSignedA = false, isSignedB = false, saturates = false, isXor = false;
  /// LoadMatrix: matrices of 8 rows of 16 bytes, 1, 2 or 4.
  uint8_t numMatrices = 0;
  bool transposes = false;

  /// Whether the first operand says which lanes take part; otherwise all must.
  bool hasMask() const { return kind == WarpBarrier || kind >= Shuffle; }

  /// 32-bit registers per lane of the operands of Mma.
  unsigned getNumRegistersA() const { return m / 8 * (k * bits / 128); }
  unsigned getNumRegistersB() const { return k * bits / 128; }
};

/// The collective of `llvm.nvvm.<name>`; nullopt where it is none, or one that
/// is not emulated.
std::optional<Collective> parseCollective(llvm::StringRef name);

} // namespace mlir::dorefa::emulator

#endif // DOREFA_LIB_EMULATOR_COLLECTIVE_H
