//===- Timing.cpp - How many cycles a program takes -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Timing.h"

#include <algorithm>

using namespace mlir::bpa;

namespace {

constexpr uint64_t burstBeats = 16, mostBursts = 8, fetchPlaces = 32;
/// Cycles from a step of the array to its sum.
constexpr uint64_t pipeline = 5;

int64_t divideUp(int64_t value, int64_t by) { return (value + by - 1) / by; }

/// An instruction in a queue.
struct Entry {
  Instruction instruction;
  size_t index;
  /// The first cycle in which it can be issued: it was decoded before.
  uint64_t ready;
};

/// A burst of beats that are under way from DRAM.
struct Burst {
  uint64_t firstBeat, beats;
  /// Whose it is: the front end's where this is null.
  size_t *left;
  bool toFmap;
};

/// An instruction that was issued and has not completed.
struct Flight {
  Instruction instruction;
  size_t index;
  /// Beats, or cycles, that it still takes; 0 and `end` says when it completes.
  uint64_t left = 0, end = 0;
};

class Simulator {
public:
  Simulator(const Configuration &machine,
            const std::vector<Instruction> &program, uint64_t latency)
      : machine(machine), program(program), latency(latency) {
    timing.instructions.resize(program.size());
  }

  Timing run();

private:
  struct EngineState {
    std::deque<Entry> queue;
    /// Issued, in order; LD and ST may have several.
    std::deque<Flight> flights;
    /// Instructions in the queue or issued: what queue_depth counts.
    size_t held = 0;
  };

  EngineState &get(Engine engine) {
    return engines[static_cast<unsigned>(engine)];
  }

  // One cycle.
  void fetch();
  void dispatch();
  void receive();
  void tickLoad();
  void tickGather();
  void tickMatMul();
  void tickPost();
  void tickStore();
  void issueAll();
  void completeAll();
  void count();

  bool canIssue(Engine engine, const Entry &entry) const;
  void configure(const Instruction &instruction);
  void issue(Engine engine, const Entry &entry);
  void finish(Flight &flight, uint64_t end) {
    flight.left = 0;
    flight.end = std::max(end, now);
  }
  bool isIssuing(Engine engine) const;
  void request(uint64_t beats, size_t *left, bool toFmap);

  int64_t getTapCycles() const;
  uint64_t getDrain() const;

  const Configuration &machine;
  const std::vector<Instruction> &program;
  uint64_t latency, now = 0;
  Timing timing;
  std::array<EngineState, numEngines> engines;
  uint8_t tokens[numEngines][numEngines] = {};
  std::vector<std::pair<Engine, Engine>> newTokens;

  // Registers.
  ConfigureWindow window;
  ConfigureInput input;
  ConfigurePlanes planes;
  ConfigureResult result;

  // Front end.
  size_t requested = 0, fetched = 0, dispatched = 0;
  bool halted = false;

  // DRAM.
  std::deque<Burst> bursts;
  uint64_t readBusFree = 0;
  bool readRequested = false, dramWritten = false;

  // FMAP ports in this cycle.
  bool reads = false, writes = false;

  // LD: rows that are not requested yet, of the instruction that is issuing.
  uint64_t loadRows = 0, loadRowLeft = 0, loadRowBeats = 0;
  bool loadToFmap = false;
  std::deque<size_t> loadLeft;

  // GA: cycles of the instruction that read, then write, by phases of mp.
  uint64_t gatherLeft = 0, poolReads = 0, poolWrites = 0, poolPhase = 0;
  bool gatherReads = false;

  // The array: the tile that is summed up, and those that wait or are drained: when
  // their sums are there, and the steps that they took.
  uint64_t tilesLeft = 0, stepsLeft = 0, tileSteps = 0;
  bool keeps = false;
  std::deque<std::pair<uint64_t, uint64_t>> results;

  // PP.
  uint64_t postTiles = 0, postTile = 0, postInGroup = 0, tilesPerGroup = 0;
  /// Cycles of a drain, and of writing codes together; 0 of integers.
  uint64_t drain = 0, flush = 0;
  uint64_t drainLeft = 0, flushLeft = 0, flushNext = 0;
  bool draining = false, flushWaits = false;

  // ST: beats to read.
  uint64_t storeLeft = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Front end and DRAM
//===----------------------------------------------------------------------===//

void Simulator::request(uint64_t beats, size_t *left, bool toFmap) {
  uint64_t first = std::max(now + latency, readBusFree);
  readBusFree = first + beats;
  bursts.push_back({first, beats, left, toFmap});
  readRequested = true;
}

/// Reads the program ahead, before LD reads.
void Simulator::fetch() {
  readRequested = false;
  if (requested >= program.size() || bursts.size() >= mostBursts ||
      requested + burstBeats - dispatched > fetchPlaces)
    return;
  uint64_t beats = std::min<uint64_t>(burstBeats, program.size() - requested);
  requested += beats;
  request(beats, nullptr, false);
}

void Simulator::dispatch() {
  if (dispatched >= fetched || halted)
    return;
  const Instruction &instruction = program[dispatched];
  std::optional<Engine> engine = instruction.getEngine();
  if (!engine) {
    for (const EngineState &state : engines)
      if (state.held != 0)
        return;
    halted = true;
    return;
  }
  EngineState &state = get(*engine);
  if (state.held >= machine.queueDepth)
    return;
  constexpr uint64_t decode = 2;
  state.queue.push_back({instruction, dispatched++, now + decode});
  ++state.held;
}

/// At most one beat arrives per cycle; those for FMAP need its write port.
void Simulator::receive() {
  if (bursts.empty() || now < bursts.front().firstBeat)
    return;
  Burst &burst = bursts.front();
  if (burst.toFmap && writes)
    return;
  writes |= burst.toFmap;
  if (burst.left)
    --*burst.left;
  else
    ++fetched;
  if (--burst.beats == 0)
    bursts.pop_front();
}

//===----------------------------------------------------------------------===//
// Engines
//===----------------------------------------------------------------------===//

void Simulator::tickLoad() {
  EngineState &state = get(Engine::LD);
  if (loadRows != 0 && !readRequested && bursts.size() < mostBursts) {
    uint64_t beats = std::min(burstBeats, loadRowLeft);
    request(beats, &loadLeft.back(), loadToFmap);
    loadRowLeft -= beats;
    if (loadRowLeft == 0 && --loadRows != 0)
      loadRowLeft = loadRowBeats;
  }
  while (!state.flights.empty() && state.flights.front().left != 0 &&
         !loadLeft.empty() && loadLeft.front() == 0) {
    finish(state.flights.front(), now);
    loadLeft.pop_front();
    break;
  }
}

void Simulator::tickGather() {
  EngineState &state = get(Engine::GA);
  if (state.flights.empty() || state.flights.front().left == 0)
    return;
  Flight &flight = state.flights.front();
  if (poolWrites == 0) {
    // Planes of ones come from nowhere.
    reads |= gatherReads;
    if (--gatherLeft == 0)
      finish(flight, now);
    return;
  }
  if (poolPhase < poolReads) {
    reads = true;
  } else if (writes) {
    return;
  } else {
    writes = true;
  }
  if (++poolPhase == poolReads + poolWrites) {
    poolPhase = 0;
    if (--gatherLeft == 0)
      finish(flight, now);
  }
}

void Simulator::tickMatMul() {
  EngineState &state = get(Engine::MM);
  if (state.flights.empty() || state.flights.front().left == 0)
    return;
  if (stepsLeft != 0) {
    --stepsLeft;
    ++timing.steps;
  }
  // The last step of a tile meets the drain of the one before.
  bool fits = results.empty() || (results.size() == 1 && draining && !flushWaits &&
                                  drainLeft < pipeline);
  if (stepsLeft != 0 || (!keeps && !fits))
    return;
  if (keeps)
    timing.ceiling += tileSteps;
  else
    results.push_back({now + pipeline, tileSteps});
  if (--tilesLeft == 0)
    return finish(state.flights.front(), now);
  stepsLeft = tileSteps;
}

/// Drains a tile; results of several tiles are written together, a pixel and plane
/// per cycle, while the next ones are drained.
void Simulator::tickPost() {
  EngineState &state = get(Engine::PP);
  if (flushLeft != 0) {
    writes = true;
    --flushLeft;
  }
  if (flushLeft == 0 && flushNext != 0)
    std::swap(flushLeft, flushNext);
  if (state.flights.empty() || state.flights.front().left == 0)
    return;
  Flight &flight = state.flights.front();
  if (postTile == postTiles) {
    if (flushLeft == 0 && flushNext == 0)
      finish(flight, flush != 0 ? now : now + latency);
    return;
  }
  if (!draining) {
    if (results.empty() || now < results.front().first)
      return;
    draining = true;
    drainLeft = drain;
    timing.ceiling += std::max(results.front().second, drain);
  }
  dramWritten = flush == 0;
  if (--drainLeft != 0)
    return;
  // Codes wait where the ones before are still being written.
  uint64_t together = std::max<uint64_t>(1, machine.lanes / machine.columns);
  bool flushes = flush != 0 && (postInGroup + 1 == tilesPerGroup ||
                                (postInGroup + 1) % together == 0);
  flushWaits = flushes && flushNext != 0;
  if (flushWaits) {
    drainLeft = 1;
    return;
  }
  if (flushes)
    (flushLeft == 0 ? flushLeft : flushNext) = flush;
  draining = false;
  results.pop_front();
  postInGroup = (postInGroup + 1) % tilesPerGroup;
  ++postTile;
}

void Simulator::tickStore() {
  EngineState &state = get(Engine::ST);
  if (storeLeft == 0 || reads || dramWritten)
    return;
  reads = true;
  if (--storeLeft == 0)
    finish(state.flights.back(), now + latency);
}

//===----------------------------------------------------------------------===//
// Issue
//===----------------------------------------------------------------------===//

bool Simulator::isIssuing(Engine engine) const {
  const EngineState &state = engines[static_cast<unsigned>(engine)];
  switch (engine) {
  case Engine::LD:
    return loadRows != 0;
  case Engine::ST:
    return storeLeft != 0;
  case Engine::PP:
  case Engine::GA:
  case Engine::MM:
    return !state.flights.empty() && state.flights.back().left != 0;
  }
  return false;
}

bool Simulator::canIssue(Engine engine, const Entry &entry) const {
  if (now < entry.ready || isIssuing(engine))
    return false;
  for (unsigned from = 0; from < numEngines; ++from)
    if ((entry.instruction.wait >> from & 1) &&
        tokens[from][static_cast<unsigned>(engine)] == 0)
      return false;
  return true;
}

void Simulator::configure(const Instruction &instruction) {
  switch (instruction.op) {
  case Op::ConfigureInput:
    input = ConfigureInput(instruction);
    break;
  case Op::ConfigureWindow:
    window = ConfigureWindow(instruction);
    break;
  case Op::ConfigurePlanes:
    planes = ConfigurePlanes(instruction);
    break;
  case Op::ConfigureResult:
    result = ConfigureResult(instruction);
    break;
  default:
    break;
  }
}

/// Cycles for a plane of a window.
int64_t Simulator::getTapCycles() const {
  int64_t access = 2 * machine.lanes;
  if (window.dx * input.pixel == window.lanes)
    return window.kh * divideUp(window.kw * window.lanes, access);
  return window.kh * window.kw * divideUp(window.lanes, access);
}

uint64_t Simulator::getDrain() const {
  uint64_t columns = machine.columns;
  switch (static_cast<ConfigureResultMode>(result.mode)) {
  case ConfigureResultMode::Codes:
    return columns * std::max<uint64_t>(1, (uint64_t(1) << result.bits) / 4);
  case ConfigureResultMode::Raw16:
    return columns;
  case ConfigureResultMode::Raw32:
    return 2 * columns;
  }
  return columns;
}

/// Takes the tokens and starts what the instruction does.
void Simulator::issue(Engine engine, const Entry &entry) {
  const Instruction &instruction = entry.instruction;
  EngineState &state = get(engine);
  for (unsigned from = 0; from < numEngines; ++from)
    if (instruction.wait >> from & 1)
      --tokens[from][static_cast<unsigned>(engine)];
  timing.instructions[entry.index].issued = now;
  Flight &flight = state.flights.emplace_back(Flight{instruction, entry.index});
  flight.left = 1;
  switch (instruction.op) {
  case Op::Load: {
    Load load(instruction);
    loadRows = load.ny;
    loadRowBeats = loadRowLeft = load.nx;
    loadToFmap = load.space == static_cast<int64_t>(LoadSpace::Fmap);
    loadLeft.push_back(load.nx * load.ny);
    return;
  }
  case Op::Store: {
    Store store(instruction);
    storeLeft = store.nx * store.ny;
    return;
  }
  case Op::Gather:
    gatherLeft = Gather(instruction).pixels * (window.planes + window.valid) *
                 getTapCycles();
    gatherReads = true;
    poolWrites = 0;
    return;
  case Op::Pool:
    poolReads = window.kh * window.kw * window.planes;
    poolWrites = window.planes;
    poolPhase = 0;
    gatherLeft = Pool(instruction).pixels * divideUp(window.lanes, machine.lanes);
    return;
  case Op::MatMul: {
    MatMul matmul(instruction);
    tileSteps = planes.aplanes * planes.wplanes * matmul.words;
    keeps = matmul.keep;
    tilesLeft = matmul.groups * matmul.tiles;
    stepsLeft = tileSteps;
    return;
  }
  case Op::PostProcess: {
    PostProcess post(instruction);
    postTiles = divideUp(post.pixels, machine.rows) * post.tiles;
    tilesPerGroup = post.tiles;
    postTile = postInGroup = 0;
    bool isCodes =
        result.mode == static_cast<int64_t>(ConfigureResultMode::Codes);
    drain = getDrain();
    flush = isCodes ? machine.rows * result.bits : 0;
    return;
  }
  default:
    // A `nop`.
    finish(flight, now);
  }
}

/// Each engine writes a register, or issues an instruction.
void Simulator::issueAll() {
  for (unsigned i = 0; i < numEngines; ++i) {
    EngineState &state = engines[i];
    auto engine = static_cast<Engine>(i);
    if (state.queue.empty())
      continue;
    const Entry &entry = state.queue.front();
    bool isRegister = entry.instruction.getInfo().number >= 0;
    // What is being executed keeps the registers of its issue.
    if (isRegister && now < entry.ready)
      continue;
    if (isRegister) {
      configure(entry.instruction);
      timing.instructions[entry.index] = {now, now};
      state.queue.pop_front();
      --state.held;
    } else if (canIssue(engine, entry)) {
      issue(engine, entry);
      state.queue.pop_front();
    }
  }
}

/// Tokens count from the next cycle on.
void Simulator::completeAll() {
  for (auto [from, to] : newTokens)
    ++tokens[static_cast<unsigned>(from)][static_cast<unsigned>(to)];
  newTokens.clear();
  for (unsigned i = 0; i < numEngines; ++i) {
    EngineState &state = engines[i];
    while (!state.flights.empty() && state.flights.front().left == 0 &&
           state.flights.front().end <= now) {
      const Flight &flight = state.flights.front();
      timing.instructions[flight.index].completed = now;
      for (unsigned to = 0; to < numEngines; ++to)
        if (flight.instruction.signal >> to & 1)
          newTokens.push_back({static_cast<Engine>(i), static_cast<Engine>(to)});
      state.flights.pop_front();
      --state.held;
    }
  }
}

void Simulator::count() {
  for (unsigned i = 0; i < numEngines; ++i) {
    const EngineState &state = engines[i];
    EngineCycles &cycles = timing.engines[i];
    if (!state.flights.empty()) {
      ++cycles.busy;
      continue;
    }
    if (state.queue.empty()) {
      ++cycles.empty;
      continue;
    }
    for (unsigned from = 0; from < numEngines; ++from)
      if ((state.queue.front().instruction.wait >> from & 1) &&
          tokens[from][i] == 0) {
        ++cycles.waitToken[from];
        break;
      }
  }
}

Timing Simulator::run() {
  for (; !halted; ++now) {
    reads = writes = dramWritten = false;
    fetch();
    issueAll();
    // In the order in which ports are given: PP before GA before LD and ST.
    tickPost();
    tickGather();
    tickMatMul();
    tickLoad();
    tickStore();
    receive();
    count();
    completeAll();
    dispatch();
  }
  timing.cycles = now;
  return timing;
}

Timing mlir::bpa::measure(const Configuration &configuration,
                          const std::vector<Instruction> &program,
                          uint64_t latency) {
  return Simulator(configuration, program, latency).run();
}
