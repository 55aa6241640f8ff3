//===- FunctionalSimulator.h - Runs programs without time -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_BPA_FUNCTIONALSIMULATOR_H
#define DOREFA_LIB_TARGET_BPA_FUNCTIONALSIMULATOR_H

#include "OrderChecker.h"

#include <array>
#include <deque>

namespace mlir::bpa {

/// How a run ended.
struct RunResult {
  /// StopReason::None after a `halt`.
  StopReason reason = StopReason::None;
  uint8_t haltCode = 0;
  /// Number of the instruction that stopped the machine.
  uint64_t pc = 0;
  /// Index of the engine, `frontEnd` for the front end.
  unsigned engine = 0;
  std::string message;
  /// What was dispatched, in order, and the `halt`.
  std::vector<Instruction> text;

  static constexpr unsigned frontEnd = 7;
};

/// How far engines came when something stopped them.
struct Prefix {
  /// Instructions that each engine issued, registers included.
  std::array<uint64_t, numEngines> numIssued = {};
  /// Numbers of those of the program that had not completed.
  std::vector<uint64_t> incomplete;
};

/// What a replay leaves open.
struct Replay {
  /// Whether results do not depend on the timing.
  bool isOrdered = true;
  bool overwritesProgram = false;
  /// What instructions that had not completed write in DRAM.
  std::vector<Access> open;
};

/// Executes instructions in an order that dispatch, queues, tokens and the tile
/// stream allow. Each is executed as a whole when it is issued, but `mm` and
/// `pp` tile by tile: a wait that can never end is found. A race is found only
/// where order is checked.
class FunctionalSimulator {
public:
  /// `program` and `length` in beats of DRAM. A `seed` of 0 lets engines take
  /// turns. With `checkOrder` it also stops where another timing could give
  /// other results.
  FunctionalSimulator(Machine &machine, uint64_t program, uint64_t length,
                      uint64_t seed, bool checkOrder);

  RunResult run();

  /// Executes what was issued before the machine was stopped, completely.
  Replay replay(const Prefix &prefix);

private:
  struct Pending {
    Instruction instruction;
    uint64_t pc;
  };

  /// An engine: its queue, and how far the first of it is.
  struct EngineState {
    std::deque<Pending> queue;
    bool issued = false;
    uint64_t nextTile = 0;
    uint64_t numIssued = 0;
  };

  /// What a step of an engine or the front end came to.
  enum class Step { Blocked, Done, Halted };

  /// Where a failed step says why; Blocked is returned with it.
  Step stop(unsigned engine, uint64_t pc, const Stop &stop);

  /// Until the program ends or, what it says, nothing can go on.
  bool runUntilBlocked();
  /// Whether `engine` must not issue its next instruction.
  bool isStopped(unsigned engine) const;
  /// Notes what a replayed instruction does to others and to DRAM.
  void noteIssue(Engine engine, const Pending &pending);

  Step stepFrontEnd();
  Step stepEngine(Engine engine);
  /// Whether an instruction that took its tokens can be executed.
  Outcome checkIssue(Engine engine, const Pending &pending);
  bool takeTokens(Engine engine, const Instruction &instruction);
  Step execute(Engine engine, const Pending &pending);
  /// One tile of an `mm` or a `pp`.
  Step sumTile(EngineState &state, const Pending &pending);
  Step postTile(EngineState &state, const Pending &pending);
  Step complete(Engine engine);

  Expected<Instruction> fetch(uint64_t pc);
  /// A number below `count`.
  unsigned draw(unsigned count);

  // Reports.
  void reportDeadlock();
  std::string explainFrontEnd();
  std::string explainEngine(Engine engine);
  std::string explainToken(Engine from, Engine to);
  std::string explainTiles(Engine engine);
  /// The next wanted instruction of an engine and where it is; empty where
  /// there is none.
  std::string locate(Engine engine,
                     bool (*isWanted)(const Instruction &, Engine),
                     Engine argument);

  Machine &machine;
  uint64_t program, length, random;
  uint64_t pc = 0;
  EngineState engines[numEngines];
  /// Signalled and not yet taken, [from][to].
  uint64_t tokens[numEngines][numEngines] = {};
  /// The tile that MM finished and PP did not take yet.
  std::optional<Tile> stream;
  std::optional<OrderChecker> order;
  RunResult result;
  /// What is replayed, and what comes of it. Then an error only ends its engine.
  const Prefix *prefix = nullptr;
  Replay replayed;
  bool failed[RunResult::frontEnd + 1] = {};
};

} // namespace mlir::bpa

#endif // DOREFA_LIB_TARGET_BPA_FUNCTIONALSIMULATOR_H
