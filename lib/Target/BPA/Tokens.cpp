//===- Tokens.cpp - Tokens for instructions in order ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/BPA/Tokens.h"
#include "OrderChecker.h"
#include "Timing.h"

#include <algorithm>
#include <array>
#include <tuple>

using namespace mlir::bpa;

namespace {

/// Per engine, how many of its instructions are known to be complete.
using Counts = std::array<uint32_t, numEngines>;

void join(Counts &counts, const Counts &others) {
  for (unsigned i = 0; i < numEngines; ++i)
    counts[i] = std::max(counts[i], others[i]);
}

/// Walks through a program once. Instructions of an engine are numbered from 1.
class TokenInserter {
public:
  TokenInserter(Machine machine, std::vector<Instruction> &program)
      : machine(std::move(machine)), program(program) {}

  void visit(size_t index);

private:
  Counts findConflicts(unsigned engine, const Instruction &instruction);
  void limitTokens(unsigned engine, Counts &needed);
  uint32_t chooseSignal(unsigned from, unsigned to, uint32_t needed) const;
  void wait(unsigned engine, Instruction &instruction, const Counts &needed);
  void complete(unsigned engine, const Instruction &instruction);

  Machine machine;
  std::vector<Instruction> &program;
  ShadowMemory shadows[numMemories];
  /// What the issue of the last instruction of each engine follows.
  Counts issued[numEngines] = {};
  /// Of each engine's instructions: places, and what their completion follows.
  std::vector<size_t> places[numEngines];
  std::vector<Counts> completions[numEngines];
  /// Instructions that took a token, [from][to], in order.
  std::vector<uint32_t> takers[numEngines][numEngines];
  /// Tiles that have been delivered up to the end of each `mm` that delivers any,
  /// and its number.
  std::vector<std::pair<uint64_t, uint32_t>> delivered;
  /// Tiles that `pp` have taken.
  uint64_t taken = 0;
};

} // namespace

/// The last instruction of each engine whose access this one must follow.
Counts TokenInserter::findConflicts(unsigned engine,
                                    const Instruction &instruction) {
  Counts needed = {};
  uint32_t number = places[engine].size();
  forEachAccess(machine, instruction, [&](const Access &access) {
    // As in OrderChecker: writes of FMAP are whole granules.
    uint64_t granule =
        access.memory == Memory::Fmap ? machine.configuration.columns : 1;
    ShadowMemory &shadow = shadows[static_cast<unsigned>(access.memory)];
    uint64_t last = (access.first + access.count - 1) / granule;
    for (uint64_t i = access.first / granule; i <= last; ++i) {
      ShadowMemory::Cell &cell = shadow.at(i);
      for (unsigned other = 0; other < numEngines; ++other) {
        needed[other] = std::max(needed[other], cell.write[other]);
        if (access.isWrite)
          needed[other] = std::max(needed[other], cell.read[other]);
      }
      (access.isWrite ? cell.write : cell.read)[engine] = number;
    }
  });
  needed[engine] = 0;
  return needed;
}

/// Lets the engine wait for those that may be so late that it would fill one of
/// their counters: one holds 63 tokens, and later instructions may still add some
/// to what this one sees.
void TokenInserter::limitTokens(unsigned engine, Counts &needed) {
  constexpr size_t most = 24;
  for (unsigned to = 0; to < numEngines; ++to) {
    const std::vector<uint32_t> &taken = takers[engine][to];
    if (taken.size() > most)
      needed[to] = std::max(needed[to], taken[taken.size() - most - 1]);
  }
}

/// The instruction of engine `from`, number `needed` or a later one, that signals to the
/// next of `to`. Where many tokens may be there already, because those that take them are
/// far behind, one that makes the next tokens unnecessary; but none that itself follows
/// what engine `to` did last.
uint32_t TokenInserter::chooseSignal(unsigned from, unsigned to,
                                     uint32_t needed) const {
  constexpr size_t most = 40;
  constexpr uint32_t ahead = 16;
  const std::vector<uint32_t> &taken = takers[from][to];
  auto follows = [&](uint32_t number) { return completions[from][number - 1][to]; };
  if (taken.size() < most || follows(needed) >= taken[taken.size() - most])
    return needed;
  uint32_t number = completions[from].size();
  while (number > needed && follows(number) + ahead > places[to].size())
    --number;
  return number;
}

/// Takes a token of each engine that is not known to be as far as needed.
void TokenInserter::wait(unsigned engine, Instruction &instruction,
                         const Counts &needed) {
  Counts &known = issued[engine];
  // A token of one engine may make that of another unnecessary: those that know
  // most come first, PP before MM before the others.
  for (Engine from :
       {Engine::ST, Engine::PP, Engine::MM, Engine::GA, Engine::LD}) {
    auto other = static_cast<unsigned>(from);
    if (needed[other] <= known[other])
      continue;
    uint32_t number = chooseSignal(other, engine, needed[other]);
    program[places[other][number - 1]].signal |= 1u << engine;
    instruction.wait |= 1u << other;
    takers[other][engine].push_back(places[engine].size());
    join(known, completions[other][number - 1]);
  }
}

/// Notes what the completion of `instruction` follows. That of a `pp` follows that of
/// the `mm` whose last tile it takes.
void TokenInserter::complete(unsigned engine, const Instruction &instruction) {
  Counts follows = issued[engine];
  uint32_t number = places[engine].size();
  follows[engine] = number;
  if (instruction.op == Op::MatMul && !MatMul(instruction).keep) {
    uint64_t before = delivered.empty() ? 0 : delivered.back().first;
    delivered.push_back({before + getNumTiles(MatMul(instruction)), number});
  }
  if (instruction.op == Op::PostProcess) {
    taken += getNumTiles(machine, PostProcess(instruction));
    auto next = std::upper_bound(delivered.begin(), delivered.end(),
                                 std::pair(taken, UINT32_MAX));
    if (next != delivered.begin())
      join(follows, completions[static_cast<unsigned>(Engine::MM)]
                               [std::prev(next)->second - 1]);
  }
  completions[engine].push_back(follows);
  issued[engine][engine] = number;
}

void TokenInserter::visit(size_t index) {
  Instruction &instruction = program[index];
  instruction.wait = instruction.signal = 0;
  std::optional<Engine> engine = instruction.getEngine();
  if (!engine)
    return;
  if (instruction.getInfo().number >= 0)
    return configure(machine, instruction);
  auto self = static_cast<unsigned>(*engine);
  places[self].push_back(index);
  Counts needed = findConflicts(self, instruction);
  limitTokens(self, needed);
  wait(self, instruction, needed);
  complete(self, instruction);
}

Error mlir::bpa::insertTokens(const Configuration &configuration,
                              std::vector<Instruction> &program) {
  // Contents do not matter.
  auto dram = dorefa::runtime::Buffer::allocate(0);
  if (!dram)
    return dram.takeError();
  Machine machine(configuration, std::move(*dram));
  machine.start(/*stepLimit=*/0);
  TokenInserter inserter(std::move(machine), program);
  for (size_t i = 0; i < program.size(); ++i)
    inserter.visit(i);
  return Error::success();
}

std::vector<size_t>
mlir::bpa::orderInstructions(const Configuration &configuration,
                             const std::vector<Instruction> &program) {
  Timing timing = measureEarliest(configuration, program);
  // Of one cycle, that of LD first: DRAM takes longest.
  std::vector<std::tuple<uint64_t, unsigned, size_t>> cycles;
  for (size_t i = 0; i < program.size(); ++i)
    if (std::optional<Engine> engine = program[i].getEngine())
      cycles.push_back({timing.instructions[i].issued,
                        static_cast<unsigned>(*engine), i});
    else
      cycles.push_back({UINT64_MAX, 0, i});
  std::sort(cycles.begin(), cycles.end());
  std::vector<size_t> order;
  for (auto [cycle, engine, index] : cycles)
    order.push_back(index);
  return order;
}
