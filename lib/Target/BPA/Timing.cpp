//===- Timing.cpp - How many cycles a program takes -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Timing.h"
#include "FunctionalSimulator.h"
#include "Slots.h"

#include <algorithm>

using namespace mlir::bpa;

namespace {

constexpr uint8_t maxTokens = 63;
constexpr uint64_t burstBeats = 16, mostBursts = 8, fetchPlaces = 32;
/// Cycles from a step of the array to its sum.
constexpr uint64_t pipeline = 5;
/// Cycles from the last slot of an instruction to its completion: of a gather or pool;
/// of what writes FMAP; and from a slot to its beat at DRAM.
constexpr uint64_t gatherTail = 7, writeTail = 3, beatDelay = 8;

/// Cycles from the slot in which an engine finds an error to the last of the program.
constexpr uint64_t stopDelays[numEngines] = {1, 2, 1, 1, 1}, tokenStopDelay = 2;

/// Cycles in which GA multiplies pitches once an instruction is first in its queue.
constexpr uint64_t windowSetup = 20;

int64_t divideUp(int64_t value, int64_t by) { return (value + by - 1) / by; }

/// An instruction in a queue.
struct Entry {
  Instruction instruction;
  size_t index;
  /// The first cycle in which it can be issued: it was decoded before.
  uint64_t ready;
  /// The first cycle in which an engine that prepares it can issue it.
  uint64_t prepared = 0;
};

/// A burst of beats that are under way from DRAM: of the program, or of LD.
struct Burst {
  uint64_t firstBeat, beats;
  bool isProgram, toFmap;
};

/// An instruction that was issued and has not completed.
struct Flight {
  Instruction instruction;
  size_t index;
  /// Beats that an `ld` still gets; of others, 1 up to the last slot. Then `end` says
  /// when it completes.
  uint64_t left = 1, end = 0;
};

class Simulator {
public:
  Simulator(const Configuration &machine,
            const std::vector<Instruction> &program, uint64_t length,
            const Latencies &latencies)
      : machine(machine), program(program), length(length),
        readLatency(latencies, 0), postLatency(latencies, 1),
        storeLatency(latencies, 2), stuckAfter(2 * latencies.mean + 100) {
    timing.instructions.resize(program.size());
  }

  /// From now on errors are looked for.
  void check(Machine &state, uint64_t limit) {
    checker.emplace(state);
    cycleLimit = limit;
  }

  /// Puts all instructions into their queues, whatever these hold.
  void dispatchAll();
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

  /// The machine stops `delay` cycles from now, unless something stopped it before.
  void fail(unsigned engine, StopReason reason, uint64_t pc, uint64_t delay);
  /// The instruction of `engine` that has slots has a wrong one.
  void failSlot(Engine engine, StopReason reason = StopReason::Address);
  void checkGatherSlot(bool poolWritesNow);
  /// Whether nothing can happen any more.
  bool isStuck();
  bool hasEnded();

  // One cycle.
  void fetch();
  void dispatch();
  void receive();
  void receiveLoad();
  void tickLoad();
  void tickGather();
  void tickMatMul();
  void tickPost();
  void tickStore();
  void issueAll();
  void completeAll();
  void count();

  void becomeFirst(EngineState &state);
  bool canIssue(Engine engine, const Entry &entry) const;
  void configure(const Instruction &instruction);
  void issue(Engine engine, const Entry &entry);
  /// The first instruction that has slots left takes its last one; it completes
  /// `cycles` later.
  void finish(Engine engine, uint64_t cycles);
  bool isIssuing(Engine engine) const;
  void request(uint64_t beats, bool isProgram, bool toFmap);
  bool isFirstOfBuffer() const;
  bool willFlush() const;
  bool canTakeTile() const;

  int64_t getTapCycles() const;
  uint64_t getDrain() const;
  void addCeiling(Engine engine, uint64_t cycles);

  const Configuration &machine;
  const std::vector<Instruction> &program;
  /// Instructions that are fetched.
  uint64_t length;
  LatencyStream readLatency, postLatency, storeLatency;
  uint64_t now = 0;
  Timing timing;
  std::array<EngineState, numEngines> engines;
  uint8_t tokens[numEngines][numEngines] = {};
  struct NewToken {
    Engine from, to;
    uint64_t pc;
  };
  std::vector<NewToken> newTokens;

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
  uint64_t loadNumRows = 0, loadRows = 0, loadRowLeft = 0, loadRowBeats = 0;
  bool loadToFmap = false;

  // GA: slots of a `ga`, or pixels of an `mp` and their slots that read, then write.
  // An `mp` ends before the next instruction is issued.
  uint64_t gatherLeft = 0, poolReads = 0, poolWrites = 0, poolPhase = 0;
  uint64_t gatherFree = 0;

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
  bool posting = false, draining = false;

  // ST: beats to read.
  uint64_t storeLeft = 0;
  /// When DRAM answers the last write of PP and of ST.
  uint64_t postAnswer = 0, storeAnswer = 0;

  // Errors, if they are looked for.
  std::optional<SlotChecker> checker;
  uint64_t cycleLimit = ~uint64_t(0);
  /// The first error, and in which cycle it stops the machine.
  TimedStop stop;
  uint64_t stopCycle = ~uint64_t(0);
  /// Slots of GA and beats of ST, tiles of MM that were taken.
  uint64_t gatherSlot = 0, gatherPart = 0, storeBeat = 0, tileIndex = 0;
  /// Last tiles of those whose codes are written, or wait for that.
  std::deque<uint64_t> flushTiles;
  /// Whether something happened in the cycle, and the last cycle in which it did.
  bool moved = false;
  uint64_t lastMove = 0, stuckAfter = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

void Simulator::fail(unsigned engine, StopReason reason, uint64_t pc, uint64_t delay) {
  // Tokens go before engines, later engines before earlier ones, the front end is last.
  auto rank = [](unsigned engine, StopReason reason) {
    return (reason == StopReason::Tokens ? numEngines : 0) +
           (engine == RunResult::frontEnd ? 0 : engine + 1);
  };
  uint64_t cycle = now + delay;
  if (cycle > stopCycle ||
      (cycle == stopCycle && rank(engine, reason) <= rank(stop.engine, stop.reason)))
    return;
  stopCycle = cycle;
  stop = {reason, pc, engine};
}

void Simulator::failSlot(Engine engine, StopReason reason) {
  auto e = static_cast<unsigned>(engine);
  fail(e, reason, engines[e].flights.back().index, stopDelays[e]);
}

void Simulator::checkGatherSlot(bool poolWritesNow) {
  if (poolWrites == 0) {
    if (!checker->isGatherInside(gatherSlot++))
      failSlot(Engine::GA);
    return;
  }
  if (poolWritesNow ? !checker->isPoolWriteInside(gatherPart, poolPhase - poolReads)
                    : !checker->isPoolReadInside(gatherPart, poolPhase))
    failSlot(Engine::GA);
  if (poolPhase + 1 == poolReads && !checker->hasTap(gatherPart))
    failSlot(Engine::GA, StopReason::Operand);
  if (poolPhase + 1 == poolReads + poolWrites)
    ++gatherPart;
}

/// Whatever waits without end does so for longer than DRAM takes.
bool Simulator::isStuck() {
  if (moved)
    lastMove = now;
  moved = false;
  return now - lastMove > stuckAfter;
}

/// Whether this is the last cycle.
bool Simulator::hasEnded() {
  if (!checker)
    return halted;
  if (stopCycle > now && !halted) {
    if (isStuck())
      fail(RunResult::frontEnd, StopReason::Deadlock, dispatched, 0);
    else if (now == cycleLimit)
      fail(RunResult::frontEnd, StopReason::Watchdog, dispatched, 0);
  }
  if (stopCycle > now)
    return halted;
  timing.stop = stop;
  for (const EngineState &state : engines)
    for (const Flight &flight : state.flights)
      timing.incomplete.push_back(flight.index);
  return true;
}

LatencyStream::LatencyStream(const Latencies &latencies, unsigned stream)
    : mean(latencies.mean),
      random(latencies.seed == 0 ? 0 : latencies.seed * 4 + stream) {}

uint64_t LatencyStream::next() {
  if (random == 0)
    return mean;
  // xorshift64*: the same everywhere.
  random ^= random >> 12;
  random ^= random << 25;
  random ^= random >> 27;
  return 1 + (random * 0x2545f4914f6cdd1d >> 33) % (2 * mean);
}

//===----------------------------------------------------------------------===//
// Front end and DRAM
//===----------------------------------------------------------------------===//

void Simulator::request(uint64_t beats, bool isProgram, bool toFmap) {
  uint64_t first = std::max(now + readLatency.next(), readBusFree);
  readBusFree = first + beats;
  moved = true;
  bursts.push_back({first, beats, isProgram, toFmap});
  readRequested = true;
}

/// Reads the program ahead, before LD reads.
void Simulator::fetch() {
  if (requested >= length || bursts.size() >= mostBursts ||
      requested + burstBeats - dispatched > fetchPlaces)
    return;
  uint64_t beats = std::min<uint64_t>(burstBeats, length - requested);
  requested += beats;
  request(beats, /*isProgram=*/true, /*toFmap=*/false);
}

void Simulator::dispatch() {
  if (checker && dispatched == length)
    fail(RunResult::frontEnd, StopReason::End, dispatched, 0);
  if (dispatched >= fetched) {
    ++timing.waitFetch;
    return;
  }
  if (dispatched == program.size()) {
    fail(RunResult::frontEnd, StopReason::Illegal, dispatched, 0);
    return;
  }
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
  if (state.held >= machine.queueDepth) {
    ++timing.engines[static_cast<unsigned>(*engine)].queueFull;
    return;
  }
  constexpr uint64_t decode = 2;
  moved = true;
  state.queue.push_back({instruction, dispatched++, now + decode});
  ++state.held;
  if (state.queue.size() == 1)
    becomeFirst(state);
}

/// At most one beat arrives per cycle; those for FMAP need its write port.
void Simulator::receive() {
  if (bursts.empty() || now < bursts.front().firstBeat)
    return;
  Burst &burst = bursts.front();
  if (burst.toFmap && writes)
    return;
  writes |= burst.toFmap;
  moved = true;
  ++(burst.isProgram ? timing.beatsFetched : timing.beatsLoaded);
  if (burst.isProgram)
    ++fetched;
  else
    receiveLoad();
  if (--burst.beats == 0)
    bursts.pop_front();
}

/// A beat of the first `ld` that does not have all.
void Simulator::receiveLoad() {
  for (Flight &flight : get(Engine::LD).flights) {
    if (flight.left == 0)
      continue;
    if (--flight.left == 0)
      flight.end = now + writeTail;
    return;
  }
}

//===----------------------------------------------------------------------===//
// Engines
//===----------------------------------------------------------------------===//

void Simulator::finish(Engine engine, uint64_t cycles) {
  for (Flight &flight : get(engine).flights) {
    if (flight.left == 0)
      continue;
    flight.left = 0;
    flight.end = now + cycles;
    return;
  }
}

/// The first instruction that has slots left cannot take less for a tile.
void Simulator::addCeiling(Engine engine, uint64_t cycles) {
  timing.ceiling += cycles;
  for (const Flight &flight : get(engine).flights) {
    if (flight.left == 0)
      continue;
    timing.instructions[flight.index].ceiling += cycles;
    return;
  }
}

void Simulator::tickLoad() {
  if (loadRows == 0 || readRequested || bursts.size() >= mostBursts)
    return;
  uint64_t beats = std::min(burstBeats, loadRowLeft);
  if (checker && !checker->isLoadInside(loadNumRows - loadRows,
                                        loadRowBeats - loadRowLeft, beats))
    failSlot(Engine::LD);
  request(beats, /*isProgram=*/false, loadToFmap);
  loadRowLeft -= beats;
  if (loadRowLeft == 0 && --loadRows != 0)
    loadRowLeft = loadRowBeats;
}

void Simulator::tickGather() {
  if (gatherLeft == 0)
    return;
  bool poolWritesNow = poolWrites != 0 && poolPhase >= poolReads;
  if (poolWritesNow && writes)
    return;
  moved = true;
  if (checker)
    checkGatherSlot(poolWritesNow);
  // Planes of ones come from nowhere, but take the port.
  (poolWritesNow ? writes : reads) = true;
  if (poolWrites != 0 && ++poolPhase != poolReads + poolWrites)
    return;
  poolPhase = 0;
  if (--gatherLeft != 0)
    return;
  finish(Engine::GA, gatherTail);
  gatherFree = now + (poolWrites != 0 ? gatherTail : 1);
}

/// Whether the tile that is to be drained is the first of those that are written together.
bool Simulator::isFirstOfBuffer() const {
  return postInGroup % (machine.lanes / machine.columns) == 0;
}

/// Whether it is the last of them.
bool Simulator::willFlush() const {
  return flush != 0 && (postInGroup + 1 == tilesPerGroup ||
                        (postInGroup + 1) % (machine.lanes / machine.columns) == 0);
}

/// Whether PP has room for a tile whose last step is in this cycle when its sums are
/// there: the drain of the one before must not wait.
bool Simulator::canTakeTile() const {
  if (results.empty())
    return true;
  return results.size() == 1 && draining && drainLeft < pipeline;
}

void Simulator::tickMatMul() {
  if (tilesLeft == 0 || (stepsLeft == 1 && !keeps && !canTakeTile()))
    return;
  ++timing.steps;
  moved = true;
  if (checker && !checker->isStepInside(tileIndex, tileSteps - stepsLeft))
    failSlot(Engine::MM);
  if (--stepsLeft != 0)
    return;
  if (keeps)
    addCeiling(Engine::MM, tileSteps);
  else
    results.push_back({now + pipeline, tileSteps});
  if (checker)
    checker->endTile();
  ++tileIndex;
  stepsLeft = tileSteps;
  if (--tilesLeft == 0)
    finish(Engine::MM, 0);
}

/// Drains a tile. Codes of several tiles are collected in one of two buffers and written
/// together, a pixel and plane per cycle, while the next ones are collected in the other.
void Simulator::tickPost() {
  if (flushLeft != 0) {
    writes = moved = true;
    if (checker && !checker->isFlushInside(flushTiles.front(), flush - flushLeft))
      failSlot(Engine::PP);
    if (--flushLeft == 0)
      flushTiles.pop_front();
  }
  if (flushLeft == 0 && flushNext != 0)
    std::swap(flushLeft, flushNext);
  if (!posting)
    return;
  if (postTile == postTiles) {
    posting = flushLeft != 0;
    if (!posting)
      finish(Engine::PP, writeTail);
    return;
  }
  if (!draining) {
    bool needsBuffer = flush != 0 && isFirstOfBuffer();
    if (results.empty() || now < results.front().first ||
        (needsBuffer && flushNext != 0))
      return;
    draining = true;
    drainLeft = drain;
    addCeiling(Engine::PP, std::max({results.front().second, drain, pipeline}));
  }
  dramWritten = flush == 0;
  moved = true;
  if (checker && !checker->isDrainInside(postTile, drain - drainLeft))
    failSlot(Engine::PP);
  timing.beatsWritten += dramWritten;
  if (--drainLeft != 0)
    return;
  if (willFlush())
    flushTiles.push_back(postTile);
  if (willFlush())
    (flushLeft == 0 ? flushLeft : flushNext) = flush;
  draining = false;
  results.pop_front();
  postInGroup = (postInGroup + 1) % tilesPerGroup;
  posting = ++postTile != postTiles || flush != 0;
  if (posting)
    return;
  postAnswer = std::max(now + beatDelay + postLatency.next(), postAnswer + 1);
  finish(Engine::PP, postAnswer - now);
}

void Simulator::tickStore() {
  if (storeLeft == 0 || reads || dramWritten)
    return;
  reads = moved = true;
  ++timing.beatsWritten;
  if (checker && !checker->isStoreInside(storeBeat++))
    failSlot(Engine::ST);
  if (--storeLeft != 0)
    return;
  storeAnswer =
      std::max(now + beatDelay + storeLatency.next(), storeAnswer + 1);
  finish(Engine::ST, storeAnswer - now);
}

//===----------------------------------------------------------------------===//
// Issue
//===----------------------------------------------------------------------===//

bool Simulator::isIssuing(Engine engine) const {
  switch (engine) {
  case Engine::LD:
    return loadRows != 0;
  case Engine::GA:
    return gatherLeft != 0 || now < gatherFree;
  case Engine::MM:
    return tilesLeft != 0;
  case Engine::PP:
    return posting;
  case Engine::ST:
    return storeLeft != 0;
  }
  return false;
}

/// The instruction before left the queue, or there was none.
void Simulator::becomeFirst(EngineState &state) {
  Entry &first = state.queue.front();
  Op op = first.instruction.op;
  if (op == Op::Gather || op == Op::Pool)
    first.prepared = std::max(first.ready, now + 1) + windowSetup;
}

bool Simulator::canIssue(Engine engine, const Entry &entry) const {
  if (now < entry.ready || now < entry.prepared || isIssuing(engine))
    return false;
  for (unsigned from = 0; from < numEngines; ++from)
    if ((entry.instruction.wait >> from & 1) &&
        tokens[from][static_cast<unsigned>(engine)] == 0)
      return false;
  return true;
}

void Simulator::configure(const Instruction &instruction) {
  if (checker)
    checker->configure(instruction);
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
  if (window.dx == 1 && input.pixel == window.lanes)
    return window.kh * divideUp(window.kw * window.lanes, access);
  return window.kh * window.kw * divideUp(window.lanes, access);
}

uint64_t Simulator::getDrain() const {
  uint64_t columns = machine.columns;
  switch (static_cast<ConfigureResultMode>(result.mode)) {
  case ConfigureResultMode::Codes:
    // Two entries of TBUF per cycle.
    return columns * std::max<uint64_t>(4, uint64_t(1) << result.bits) / 8;
  case ConfigureResultMode::Raw16:
    return columns;
  case ConfigureResultMode::Raw32:
    return 2 * columns;
  }
  return columns;
}

/// Takes the tokens and lets the instruction have slots from the next cycle on.
void Simulator::issue(Engine engine, const Entry &entry) {
  const Instruction &instruction = entry.instruction;
  EngineState &state = get(engine);
  for (unsigned from = 0; from < numEngines; ++from)
    if (instruction.wait >> from & 1)
      --tokens[from][static_cast<unsigned>(engine)];
  timing.instructions[entry.index].issued = now;
  Flight &flight = state.flights.emplace_back(Flight{instruction, entry.index});
  // Operands are looked at in the cycle of the first slot.
  auto e = static_cast<unsigned>(engine);
  if (checker && !checker->issue(instruction))
    fail(e, StopReason::Operand, entry.index, 1 + stopDelays[e]);
  switch (instruction.op) {
  case Op::Load: {
    Load load(instruction);
    loadRows = loadNumRows = load.ny;
    loadRowBeats = loadRowLeft = load.nx;
    loadToFmap = load.space == static_cast<int64_t>(LoadSpace::Fmap);
    flight.left = load.nx * load.ny;
    return;
  }
  case Op::Store: {
    Store store(instruction);
    storeLeft = store.nx * store.ny;
    storeBeat = 0;
    return;
  }
  case Op::Gather:
    gatherSlot = 0;
    gatherLeft = Gather(instruction).pixels * (window.planes + window.valid) *
                 getTapCycles();
    poolWrites = 0;
    return;
  case Op::Pool:
    poolReads = window.kh * window.kw * window.planes;
    poolWrites = window.planes;
    poolPhase = gatherPart = 0;
    gatherLeft = Pool(instruction).pixels * divideUp(window.lanes, machine.lanes);
    return;
  case Op::MatMul: {
    MatMul matmul(instruction);
    tileSteps = planes.aplanes * planes.wplanes * matmul.words;
    keeps = matmul.keep;
    tilesLeft = matmul.groups * matmul.tiles;
    stepsLeft = tileSteps;
    tileIndex = 0;
    return;
  }
  case Op::PostProcess: {
    PostProcess post(instruction);
    postTiles = divideUp(post.pixels, machine.rows) * post.tiles;
    tilesPerGroup = post.tiles;
    postTile = postInGroup = 0;
    posting = true;
    bool isCodes =
        result.mode == static_cast<int64_t>(ConfigureResultMode::Codes);
    drain = getDrain();
    flush = isCodes ? machine.rows * result.bits : 0;
    return;
  }
  default:
    // A `nop`: what was issued before may have slots left.
    flight.left = 0;
    flight.end = now + 1;
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
      timing.instructions[entry.index].issued = now;
      timing.instructions[entry.index].completed = now;
      --state.held;
    } else if (canIssue(engine, entry)) {
      issue(engine, entry);
    } else {
      continue;
    }
    ++timing.numIssued[i];
    moved = true;
    state.queue.pop_front();
    if (!state.queue.empty())
      becomeFirst(state);
  }
}

/// At most one instruction of an engine; its tokens count from the cycle after the
/// next on.
void Simulator::completeAll() {
  for (auto [from, to, pc] : newTokens) {
    uint8_t &count = tokens[static_cast<unsigned>(from)][static_cast<unsigned>(to)];
    count = (count + 1) % (maxTokens + 1);
    if (count == 0)
      fail(static_cast<unsigned>(from), StopReason::Tokens, pc, tokenStopDelay - 1);
  }
  newTokens.clear();
  for (unsigned i = 0; i < numEngines; ++i) {
    EngineState &state = engines[i];
    if (state.flights.empty() || state.flights.front().left != 0 ||
        state.flights.front().end > now)
      continue;
    moved = true;
    const Flight &flight = state.flights.front();
    timing.instructions[flight.index].completed = now;
    for (unsigned to = 0; to < numEngines; ++to)
      if (flight.instruction.signal >> to & 1)
        newTokens.push_back(
            {static_cast<Engine>(i), static_cast<Engine>(to), flight.index});
    state.flights.pop_front();
    --state.held;
  }
}

/// What the cycle begins with.
void Simulator::count() {
  for (unsigned i = 0; i < numEngines; ++i) {
    const EngineState &state = engines[i];
    EngineCycles &cycles = timing.engines[i];
    if (!state.flights.empty()) {
      ++cycles.busy;
      continue;
    }
    if (state.queue.empty() || now < state.queue.front().ready) {
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

void Simulator::dispatchAll() {
  for (; dispatched < program.size(); ++dispatched) {
    std::optional<Engine> engine = program[dispatched].getEngine();
    if (!engine)
      break;
    get(*engine).queue.push_back({program[dispatched], dispatched, 0});
    ++get(*engine).held;
    if (get(*engine).queue.size() == 1)
      becomeFirst(get(*engine));
  }
  requested = length;
  fetched = dispatched + 1;
}

Timing Simulator::run() {
  for (bool ended = false; !ended; ++now) {
    reads = writes = dramWritten = readRequested = false;
    count();
    fetch();
    dispatch();
    // In the order in which ports are given: PP before GA before LD and ST.
    tickPost();
    tickGather();
    tickMatMul();
    tickLoad();
    tickStore();
    issueAll();
    receive();
    completeAll();
    ended = hasEnded();
  }
  timing.cycles = now;
  return timing;
}

Timing mlir::bpa::measure(const Configuration &configuration,
                          const std::vector<Instruction> &program,
                          uint64_t length, const Latencies &latencies) {
  return Simulator(configuration, program, length, latencies).run();
}

Timing mlir::bpa::measureStop(Machine &machine,
                              const std::vector<Instruction> &program,
                              uint64_t length, const Latencies &latencies,
                              uint64_t cycleLimit) {
  Simulator simulator(machine.configuration, program, length, latencies);
  simulator.check(machine, cycleLimit);
  return simulator.run();
}

Timing mlir::bpa::measureEarliest(const Configuration &configuration,
                                  const std::vector<Instruction> &program) {
  Simulator simulator(configuration, program, program.size(), Latencies());
  simulator.dispatchAll();
  return simulator.run();
}
