//===- OrderChecker.h - Finds what no token orders --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Watches one run and decides what could happen in any other: programs are
// straight lines whose addresses and tokens do not depend on data, so vector
// clocks over issue and completion hold for every timing. Order that only a
// full queue gives does not count: a program must not depend on the depth of
// queues.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_BPA_ORDERCHECKER_H
#define DOREFA_LIB_TARGET_BPA_ORDERCHECKER_H

#include "Machine.h"

#include <deque>
#include <unordered_map>

namespace mlir::bpa {

/// How many instructions of each engine are known to be issued and completed.
struct Clock {
  void join(const Clock &other);

  uint32_t issued[numEngines] = {}, completed[numEngines] = {};
};

/// Who accessed the cells of a memory last. Instructions of an engine are
/// numbered from 1; 0 is nobody.
class ShadowMemory {
public:
  struct Cell {
    uint32_t read[numEngines] = {}, write[numEngines] = {};
  };

  Cell &at(uint64_t index);

private:
  static constexpr uint64_t pageCells = 1024;
  /// Only what is accessed takes memory.
  std::unordered_map<uint64_t, std::vector<Cell>> pages;
};

/// Follows issue, completion and tiles of a run.
class OrderChecker {
public:
  /// `program` and `length` in beats of DRAM.
  OrderChecker(Machine &machine, uint64_t program, uint64_t length)
      : machine(machine), program(program), length(length) {}

  /// `instruction` takes its tokens. Fails where it may access memory at the
  /// same time as another engine that writes, or that reads what it writes.
  Outcome issue(Engine engine, const Instruction &instruction, uint64_t pc);

  /// Fails where another timing could collect more than 63 tokens.
  Outcome complete(Engine engine, const Instruction &instruction);

  /// MM finishes a tile (before the `mm` completes, if it does), hands it over
  /// (after that), and PP takes it.
  void finishTile();
  void deliverTile();
  void takeTile();

private:
  Outcome access(const Access &access, Engine engine);
  Outcome failRace(const Access &access, Engine engine, Engine other,
                   uint32_t number, bool otherWrites);
  uint64_t getGranule(Memory memory) const;
  uint64_t getSize(Memory memory) const;

  /// Looking at its accesses takes steps, too.
  Machine &machine;
  uint64_t program, length;
  /// Of the last instruction of each engine that was issued or completed.
  Clock issues[numEngines], completions[numEngines];
  /// What the completion of the next `mm` or `pp` is known to follow.
  Clock matmulFollows, postFollows, delivered, taken;
  std::deque<Clock> tokens[numEngines][numEngines];
  /// Numbers of the instructions that took the tokens, [from][to].
  std::vector<uint32_t> takers[numEngines][numEngines];
  uint32_t numSignals[numEngines][numEngines] = {};
  /// Places of each engine's instructions in the program.
  std::vector<uint64_t> places[numEngines];
  ShadowMemory shadows[numMemories];
};

} // namespace mlir::bpa

#endif // DOREFA_LIB_TARGET_BPA_ORDERCHECKER_H
