//===- OrderChecker.cpp - Finds what no token orders ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OrderChecker.h"

#include <algorithm>

using namespace mlir::bpa;

static constexpr uint32_t maxTokens = 63;

void Clock::join(const Clock &other) {
  for (unsigned i = 0; i < numEngines; ++i) {
    issued[i] = std::max(issued[i], other.issued[i]);
    completed[i] = std::max(completed[i], other.completed[i]);
  }
}

ShadowMemory::Cell &ShadowMemory::at(uint64_t index) {
  std::vector<Cell> &page = pages[index / pageCells];
  if (page.empty())
    page.resize(pageCells);
  return page[index % pageCells];
}

//===----------------------------------------------------------------------===//
// Clocks
//===----------------------------------------------------------------------===//

Outcome OrderChecker::issue(Engine engine, const Instruction &instruction,
                            uint64_t pc) {
  auto to = static_cast<unsigned>(engine);
  Clock &clock = issues[to];
  ++clock.issued[to];
  places[to].push_back(pc);
  for (unsigned from = 0; from < numEngines; ++from)
    if (instruction.wait >> from & 1) {
      clock.join(tokens[from][to].front());
      tokens[from][to].pop_front();
      takers[from][to].push_back(clock.issued[to]);
    }
  Outcome failure;
  forEachAccess(machine, instruction, [&](const Access &one) {
    if (!failure)
      failure = access(one, engine);
  });
  return failure;
}

Outcome OrderChecker::complete(Engine engine, const Instruction &instruction) {
  auto from = static_cast<unsigned>(engine);
  Clock &clock = completions[from];
  clock.join(issues[from]);
  if (engine == Engine::MM)
    clock.join(matmulFollows);
  if (engine == Engine::PP)
    clock.join(postFollows);
  ++clock.completed[from];
  for (unsigned to = 0; to < numEngines; ++to) {
    if (!(instruction.signal >> to & 1))
      continue;
    tokens[from][to].push_back(clock);
    uint32_t count = ++numSignals[from][to];
    if (count <= maxTokens)
      continue;
    // This is one too many unless the one 63 before is surely taken.
    const std::vector<uint32_t> &taken = takers[from][to];
    uint32_t index = count - maxTokens - 1;
    if (index >= taken.size() || clock.issued[to] < taken[index])
      return Stop{StopReason::Tokens,
                  std::string("engine ") + getName(static_cast<Engine>(to)) +
                      " may be so late that it has not taken 63 tokens yet; "
                      "let this instruction wait for it"};
  }
  return std::nullopt;
}

void OrderChecker::finishTile() { matmulFollows.join(taken); }

void OrderChecker::deliverTile() {
  delivered.join(issues[static_cast<unsigned>(Engine::MM)]);
  delivered.join(completions[static_cast<unsigned>(Engine::MM)]);
}

void OrderChecker::takeTile() {
  postFollows.join(delivered);
  taken.join(issues[static_cast<unsigned>(Engine::PP)]);
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

uint64_t OrderChecker::getGranule(Memory memory) const {
  // All writes of FMAP are whole granules, so a cell is either overwritten or
  // not.
  return memory == Memory::Fmap ? machine.configuration.columns : 1;
}

uint64_t OrderChecker::getSize(Memory memory) const {
  const Configuration &configuration = machine.configuration;
  switch (memory) {
  case Memory::Fmap:
    return machine.fmap.getNumLanes();
  case Memory::Wbuf:
    return configuration.wbufWords;
  case Memory::Tbuf:
    return configuration.tbufEntries;
  case Memory::Abuf:
    return configuration.abufWords;
  case Memory::Dram:
    return machine.getDramBytes() / instructionBytes;
  }
  return 0;
}

Outcome OrderChecker::failRace(const Access &access, Engine engine,
                               Engine other, uint32_t number,
                               bool otherWrites) {
  static const char *const names[numMemories] = {
      "lanes of FMAP", "words of WBUF", "entries of TBUF", "words of ABUF",
      "beats of DRAM"};
  return Stop{
      StopReason::Race,
      std::string(access.isWrite ? "writes " : "reads ") +
          names[static_cast<unsigned>(access.memory)] + " " +
          std::to_string(access.first) + " to " +
          std::to_string(access.first + access.count - 1) +
          " while instruction " +
          std::to_string(places[static_cast<unsigned>(other)][number - 1]) +
          " on engine " + getName(other) + " may still " +
          (otherWrites ? "write" : "read") +
          " there; let that one signal and this one, or one before it on "
          "engine " +
          getName(engine) + ", wait"};
}

Outcome OrderChecker::access(const Access &access, Engine engine) {
  auto self = static_cast<unsigned>(engine);
  const Clock &clock = issues[self];
  if (access.memory == Memory::Dram && access.isWrite &&
      access.first < program + length && access.first + access.count > program)
    return Stop{StopReason::Race, "writes into the program, which may be "
                                  "fetched at the same time"};
  // What an erroneous instruction says beyond a memory is never accessed.
  uint64_t size = getSize(access.memory);
  if (access.first >= size)
    return std::nullopt;
  uint64_t granule = getGranule(access.memory);
  ShadowMemory &shadow = shadows[static_cast<unsigned>(access.memory)];
  uint64_t last = (std::min(access.first + access.count, size) - 1) / granule;
  if (Outcome stop = machine.spend(last - access.first / granule + 1))
    return stop;
  for (uint64_t i = access.first / granule; i <= last; ++i) {
    ShadowMemory::Cell &cell = shadow.at(i);
    // Codes are not written in the order of pixels and channels.
    if (access.memory == Memory::Fmap && access.isWrite && engine != Engine::LD &&
        cell.write[self] == clock.issued[self])
      return Stop{StopReason::Race, "writes lane " + std::to_string(i * granule) +
                                        " of FMAP twice; pitches must keep pixels, planes "
                                        "and channels apart"};
    for (unsigned other = 0; other < numEngines; ++other) {
      if (other == self)
        continue;
      if (cell.write[other] > clock.completed[other])
        return failRace(access, engine, static_cast<Engine>(other),
                        cell.write[other], true);
      if (access.isWrite && cell.read[other] > clock.completed[other])
        return failRace(access, engine, static_cast<Engine>(other),
                        cell.read[other], false);
    }
    (access.isWrite ? cell.write : cell.read)[self] = clock.issued[self];
  }
  return std::nullopt;
}
