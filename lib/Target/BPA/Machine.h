//===- Machine.h - State of a BPA machine and what changes it ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What each instruction does to memories, without time: section 4 of
// dialects/BPA/README.md. When it does it is decided by whoever calls.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_BPA_MACHINE_H
#define DOREFA_LIB_TARGET_BPA_MACHINE_H

#include "dorefa/Runtime/Buffer.h"
#include "dorefa/Target/BPA/ISA.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlir::bpa {

/// Why a machine stopped, in a number and in words.
struct Stop {
  StopReason reason;
  std::string text;
};

/// Nothing where the machine goes on.
using Outcome = std::optional<Stop>;

/// Bytes that instructions address by lanes: lane L is bit L % 8 of byte L / 8.
class LaneMemory {
public:
  explicit LaneMemory(uint64_t numBytes);

  uint64_t getNumLanes() const { return numBytes * 8; }
  uint8_t *data() { return bytes.data(); }

  /// `count` lanes from `lane` on, at most 64, the first in bit 0.
  uint64_t read(uint64_t lane, unsigned count) const;
  void write(uint64_t lane, unsigned count, uint64_t value);
  /// Word `index` of 32 or 64 lanes.
  uint64_t readWord(uint64_t index, unsigned lanes) const {
    return lanes == 32 ? readBytes<4>(&bytes[index * 4]) : readBytes<8>(&bytes[index * 8]);
  }

  /// Bytes, the least significant first.
  template <unsigned count> static uint64_t readBytes(const uint8_t *bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i)
      value |= uint64_t(bytes[i]) << (8 * i);
    return value;
  }

private:
  uint64_t numBytes;
  /// Some more, so that any 9 bytes that hold a lane can be read.
  std::vector<uint8_t> bytes;
};

/// The sums of a tile: row r, column c at r * columns + c.
using Tile = std::vector<uint32_t>;

/// Memories, registers and sums.
struct Machine {
  Machine(const Configuration &configuration, dorefa::runtime::Buffer dram);

  uint8_t *getDram() { return static_cast<uint8_t *>(dram.data()); }
  int64_t getDramBytes() const { return dram.size(); }

  /// What starting a program resets.
  void start(uint64_t stepLimit);

  /// Takes `count` steps off the limit.
  Outcome spend(uint64_t count);

  const Configuration &configuration;
  dorefa::runtime::Buffer dram;
  std::vector<uint8_t> tbuf;
  LaneMemory fmap, wbuf;
  /// Words of the bank of each row.
  std::vector<std::vector<uint64_t>> abuf;

  ConfigureInput input;
  ConfigureWindow window;
  ConfigureExtent extent;
  ConfigurePool pool;
  ConfigurePlanes planes;
  ConfigureResult result;

  /// What the array holds after an `mm` with `keep`.
  bool kept = false;
  Tile sums;
  std::vector<uint32_t> rowSums;

  /// A raw16 result did not fit.
  bool overflow = false;
  uint64_t stepsLeft = 0;
};

/// Writes the register that a `cfg.*` names.
void configure(Machine &machine, const Instruction &instruction);

/// Whether an instruction's fields and registers agree; of `ld`, `st` and `ga` also
/// whether what they reach lies inside the memories, but for taps. All below needs that.
Outcome check(const Machine &machine, const Instruction &instruction);

/// The same for what is found later: where a pool writes this pixel, what the steps of this
/// tile read (the last one may have to wait for PP), and the entries that this tile of `post`
/// reads, or the integers that it writes.
Outcome checkPixel(const Machine &machine, const Pool &pool, int64_t pixel);
Outcome checkTile(const Machine &machine, const MatMul &matmul, uint64_t index,
                  bool butLast);
Outcome checkTile(const Machine &machine, const PostProcess &post, uint64_t index);

/// Whether the codes of this tile fit into FMAP. They are written, and an error is found,
/// with the last tile of those that are collected together.
Outcome checkCodes(const Machine &machine, const PostProcess &post, uint64_t index);
bool endsBuffer(const Machine &machine, const PostProcess &post, uint64_t index);

/// All of the above at once.
Outcome checkAll(const Machine &machine, const Instruction &instruction);

/// Memories, and the units in which their accesses are counted: lanes, rows of
/// words, entries, words of all banks, beats.
enum class Memory { Fmap, Wbuf, Tbuf, Abuf, Dram };
constexpr unsigned numMemories = 5;

/// `count` units from `first` on, at least one.
struct Access {
  Memory memory;
  uint64_t first, count;
  bool isWrite;
};

/// What an instruction, which was checked, reads and writes. Taps that execute
/// refuses are left out.
void forEachAccess(const Machine &machine, const Instruction &instruction,
                   const std::function<void(const Access &)> &visit);
/// The same for windows.
void forEachAccess(const Machine &machine, const Gather &gather,
                   const std::function<void(const Access &)> &visit);
void forEachAccess(const Machine &machine, const Pool &pool,
                   const std::function<void(const Access &)> &visit);

/// Execute the instruction as a whole.
Outcome execute(Machine &machine, const Load &load);
Outcome execute(Machine &machine, const Store &store);
Outcome execute(Machine &machine, const Gather &gather);
Outcome execute(Machine &machine, const Pool &pool);

/// Words of a gathered plane.
int64_t getPlaneWords(const Machine &machine);

/// Entries of the threshold buffer that a channel takes.
int64_t getNumEntries(const ConfigureResult &result);

/// Tiles of an instruction. `pp` gets the tiles of its pixels.
uint64_t getNumTiles(const MatMul &matmul);
uint64_t getNumTiles(const Machine &machine, const PostProcess &post);

/// Sums up tile `index` of `matmul` in the array. What goes to PP is `tile`.
Outcome execute(Machine &machine, const MatMul &matmul, uint64_t index,
                Tile &tile);

/// Turns tile `index` of `post` into results.
Outcome execute(Machine &machine, const PostProcess &post, uint64_t index,
                const Tile &tile);

} // namespace mlir::bpa

#endif // DOREFA_LIB_TARGET_BPA_MACHINE_H
