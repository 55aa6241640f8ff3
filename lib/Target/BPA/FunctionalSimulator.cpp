//===- FunctionalSimulator.cpp - Runs programs without time ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionalSimulator.h"

#include <algorithm>

using namespace mlir::bpa;

static constexpr unsigned maxTokens = 63;

FunctionalSimulator::FunctionalSimulator(Machine &machine, uint64_t program,
                                         uint64_t length, uint64_t seed,
                                         bool checkOrder)
    : machine(machine), program(program), length(length), random(seed) {
  if (checkOrder)
    order.emplace(machine, program, length);
}

FunctionalSimulator::Step
FunctionalSimulator::stop(unsigned engine, uint64_t at, const Stop &stop) {
  if (prefix) {
    failed[engine] = true;
    if (stop.reason == StopReason::Watchdog)
      replayed.isOrdered = false;
    return Step::Blocked;
  }
  std::string where =
      engine == RunResult::frontEnd
          ? "the front end"
          : std::string("engine ") + getName(static_cast<Engine>(engine));
  result.reason = stop.reason;
  result.pc = at;
  result.engine = engine;
  result.message = "instruction " + std::to_string(at);
  if (auto instruction = fetch(at))
    result.message +=
        std::string(" ('") + instruction->getInfo().mnemonic + "')";
  result.message +=
      " on " + where + ": " + getText(stop.reason) + ": " + stop.text;
  return Step::Blocked;
}

//===----------------------------------------------------------------------===//
// The front end
//===----------------------------------------------------------------------===//

Expected<Instruction> FunctionalSimulator::fetch(uint64_t at) {
  // The whole program lies in DRAM: bpa_run made sure of it.
  if (at >= length)
    return Error("there is no such instruction");
  return decode(
      Encoding::read(machine.getDram() + (program + at) * instructionBytes));
}

FunctionalSimulator::Step FunctionalSimulator::stepFrontEnd() {
  if (pc >= length)
    return stop(RunResult::frontEnd, pc,
                {StopReason::End, "the program has " + std::to_string(length) +
                                      " instructions"});
  auto instruction = fetch(pc);
  if (!instruction)
    return stop(RunResult::frontEnd, pc,
                {StopReason::Illegal, instruction.takeError().message()});
  std::optional<Engine> engine = instruction->getEngine();
  if (engine) {
    auto &queue = engines[static_cast<unsigned>(*engine)].queue;
    // What is replayed was dispatched before, whatever an error left in queues.
    if (queue.size() >= machine.configuration.queueDepth && !prefix)
      return Step::Blocked;
    if (Outcome failure = machine.spend(1))
      return stop(RunResult::frontEnd, pc, *failure);
    queue.push_back({*instruction, pc++});
    result.text.push_back(*instruction);
    return Step::Done;
  }
  for (const EngineState &state : engines)
    if (!state.queue.empty())
      return Step::Blocked;
  result.haltCode = Halt(*instruction).code;
  result.text.push_back(*instruction);
  return Step::Halted;
}

//===----------------------------------------------------------------------===//
// Engines
//===----------------------------------------------------------------------===//

bool FunctionalSimulator::takeTokens(Engine engine,
                                     const Instruction &instruction) {
  auto to = static_cast<unsigned>(engine);
  for (unsigned from = 0; from < numEngines; ++from)
    if ((instruction.wait >> from & 1) && tokens[from][to] == 0)
      return false;
  for (unsigned from = 0; from < numEngines; ++from)
    if (instruction.wait >> from & 1)
      --tokens[from][to];
  return true;
}

FunctionalSimulator::Step FunctionalSimulator::complete(Engine engine) {
  auto from = static_cast<unsigned>(engine);
  EngineState &state = engines[from];
  Pending done = state.queue.front();
  state.queue.pop_front();
  state.issued = false;
  state.nextTile = 0;
  if (order)
    if (Outcome failure = order->complete(engine, done.instruction)) {
      replayed.isOrdered = false;
      if (!prefix)
        return stop(from, done.pc, *failure);
    }
  for (unsigned to = 0; to < numEngines; ++to) {
    if (!(done.instruction.signal >> to & 1))
      continue;
    if (tokens[from][to] == maxTokens && !prefix)
      return stop(from, done.pc,
                  {StopReason::Tokens, std::string("engine ") +
                                           getName(static_cast<Engine>(to)) +
                                           " has not taken 63 tokens yet"});
    ++tokens[from][to];
  }
  return Step::Done;
}

FunctionalSimulator::Step FunctionalSimulator::sumTile(EngineState &state,
                                                       const Pending &pending) {
  MatMul matmul(pending.instruction);
  // Only the last step of a tile waits for PP.
  bool waits = stream && !matmul.keep;
  if (Outcome failure = checkTile(machine, matmul, state.nextTile, waits))
    return stop(static_cast<unsigned>(Engine::MM), pending.pc, *failure);
  if (waits)
    return Step::Blocked;
  Tile tile;
  if (Outcome failure = bpa::execute(machine, matmul, state.nextTile, tile))
    return stop(static_cast<unsigned>(Engine::MM), pending.pc, *failure);
  if (order && !matmul.keep)
    order->finishTile();
  Step step = ++state.nextTile == getNumTiles(matmul) ? complete(Engine::MM)
                                                      : Step::Done;
  if (matmul.keep)
    return step;
  stream = std::move(tile);
  if (order)
    order->deliverTile();
  return step;
}

FunctionalSimulator::Step
FunctionalSimulator::postTile(EngineState &state, const Pending &pending) {
  PostProcess post(pending.instruction);
  if (!stream)
    return Step::Blocked;
  if (order)
    order->takeTile();
  Outcome failure = checkTile(machine, post, state.nextTile);
  // Codes outside are found when they are written, with others.
  Outcome late = checkCodes(machine, post, state.nextTile);
  if (!failure && late && endsBuffer(machine, post, state.nextTile))
    failure = late;
  if (!failure && !late)
    failure = bpa::execute(machine, post, state.nextTile, *stream);
  if (failure)
    return stop(static_cast<unsigned>(Engine::PP), pending.pc, *failure);
  stream.reset();
  return ++state.nextTile == getNumTiles(machine, post) ? complete(Engine::PP)
                                                        : Step::Done;
}

FunctionalSimulator::Step FunctionalSimulator::execute(Engine engine,
                                                       const Pending &pending) {
  Outcome failure;
  switch (pending.instruction.op) {
  case Op::Load:
    failure = bpa::execute(machine, Load(pending.instruction));
    break;
  case Op::Store:
    failure = bpa::execute(machine, Store(pending.instruction));
    break;
  case Op::Gather:
    failure = bpa::execute(machine, Gather(pending.instruction));
    break;
  case Op::Pool:
    failure = bpa::execute(machine, Pool(pending.instruction));
    break;
  case Op::MatMul:
    return sumTile(engines[static_cast<unsigned>(engine)], pending);
  case Op::PostProcess:
    return postTile(engines[static_cast<unsigned>(engine)], pending);
  default:
    configure(machine, pending.instruction);
    break;
  }
  if (failure)
    return stop(static_cast<unsigned>(engine), pending.pc, *failure);
  return complete(engine);
}

Outcome FunctionalSimulator::checkIssue(Engine engine, const Pending &pending) {
  if (!order || prefix)
    return check(machine, pending.instruction);
  if (Outcome failure = checkAll(machine, pending.instruction))
    return failure;
  return order->issue(engine, pending.instruction, pending.pc);
}

FunctionalSimulator::Step FunctionalSimulator::stepEngine(Engine engine) {
  EngineState &state = engines[static_cast<unsigned>(engine)];
  if (state.queue.empty())
    return Step::Blocked;
  const Pending &first = state.queue.front();
  if (!state.issued) {
    if (isStopped(static_cast<unsigned>(engine)) ||
        !takeTokens(engine, first.instruction))
      return Step::Blocked;
    ++state.numIssued;
    if (prefix)
      noteIssue(engine, first);
    if (Outcome failure = checkIssue(engine, first))
      return stop(static_cast<unsigned>(engine), first.pc, *failure);
    state.issued = true;
  }
  return execute(engine, first);
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

unsigned FunctionalSimulator::draw(unsigned count) {
  // xorshift64*: the same everywhere.
  random ^= random >> 12;
  random ^= random << 25;
  random ^= random >> 27;
  return (random * 0x2545f4914f6cdd1d >> 33) % count;
}

bool FunctionalSimulator::runUntilBlocked() {
  constexpr unsigned numUnits = numEngines + 1;
  bool takeTurns = random == 0;
  unsigned unit = 0;
  for (unsigned blocked = 0; blocked < numUnits;) {
    // Going on from the drawn unit finds all that are not blocked.
    if (!takeTurns && blocked == 0)
      unit = draw(numUnits);
    Step step = Step::Blocked;
    if (!failed[unit == numEngines ? RunResult::frontEnd : unit])
      step = unit == numEngines ? stepFrontEnd() : stepEngine(static_cast<Engine>(unit));
    if (step == Step::Halted || result.reason != StopReason::None)
      return false;
    blocked = step == Step::Blocked ? blocked + 1 : 0;
    unit = (unit + 1) % numUnits;
  }
  return true;
}

RunResult FunctionalSimulator::run() {
  if (runUntilBlocked())
    reportDeadlock();
  return std::move(result);
}

//===----------------------------------------------------------------------===//
// Replays
//===----------------------------------------------------------------------===//

bool FunctionalSimulator::isStopped(unsigned engine) const {
  return prefix && engines[engine].numIssued == prefix->numIssued[engine];
}

void FunctionalSimulator::noteIssue(Engine engine, const Pending &pending) {
  // Also what an error stops may have come as far as conflicting with others.
  if (order->issue(engine, pending.instruction, pending.pc))
    replayed.isOrdered = false;
  bool isOpen = std::find(prefix->incomplete.begin(), prefix->incomplete.end(),
                          pending.pc) != prefix->incomplete.end();
  forEachAccess(machine, pending.instruction, [&](const Access &access) {
    if (access.memory != Memory::Dram || !access.isWrite)
      return;
    if (isOpen)
      replayed.open.push_back(access);
    replayed.overwritesProgram |=
        access.first < program + length && access.first + access.count > program;
  });
}

Replay FunctionalSimulator::replay(const Prefix &given) {
  prefix = &given;
  runUntilBlocked();
  return std::move(replayed);
}

//===----------------------------------------------------------------------===//
// Deadlocks
//===----------------------------------------------------------------------===//

/// "instruction 7 ('ga')".
static std::string describe(const Instruction &instruction, uint64_t pc) {
  return "instruction " + std::to_string(pc) + " ('" +
         instruction.getInfo().mnemonic + "')";
}

std::string FunctionalSimulator::locate(Engine engine,
                                        bool (*isWanted)(const Instruction &,
                                                         Engine),
                                        Engine argument) {
  for (const Pending &pending : engines[static_cast<unsigned>(engine)].queue)
    if (isWanted(pending.instruction, argument))
      return describe(pending.instruction, pending.pc) +
             ", which is in the queue of " + getName(engine);
  for (uint64_t at = pc; at < length; ++at) {
    auto instruction = fetch(at);
    if (instruction && instruction->getEngine() == engine &&
        isWanted(*instruction, argument))
      return describe(*instruction, at) + ", which is not dispatched yet";
  }
  return "";
}

std::string FunctionalSimulator::explainToken(Engine from, Engine to) {
  std::string source = locate(
      from,
      [](const Instruction &instruction, Engine to) {
        return (instruction.signal >> static_cast<unsigned>(to) & 1) != 0;
      },
      to);
  return std::string("a token of ") + getName(from) +
         (source.empty() ? ", but nothing that is left signals one"
                         : " from " + source);
}

std::string FunctionalSimulator::explainTiles(Engine engine) {
  bool takes = engine == Engine::MM;
  std::string source = locate(
      takes ? Engine::PP : Engine::MM,
      [](const Instruction &instruction, Engine other) {
        return instruction.op ==
               (other == Engine::MM ? Op::PostProcess : Op::MatMul);
      },
      engine);
  std::string text = takes ? "pp to take a tile" : "a tile of mm";
  return text + (source.empty() ? ", but none is left" : ", by " + source);
}

std::string FunctionalSimulator::explainEngine(Engine engine) {
  auto index = static_cast<unsigned>(engine);
  const EngineState &state = engines[index];
  const Pending &first = state.queue.front();
  std::string text = std::string("\n  ") + getName(engine) + ", " +
                     describe(first.instruction, first.pc) + ", waits for ";
  if (state.issued)
    return text + explainTiles(engine);
  std::string rest;
  for (unsigned from = 0; from < numEngines; ++from)
    if ((first.instruction.wait >> from & 1) && tokens[from][index] == 0)
      rest += (rest.empty() ? "" : "; and for ") +
              explainToken(static_cast<Engine>(from), engine);
  return text + rest;
}

std::string FunctionalSimulator::explainFrontEnd() {
  auto instruction = fetch(pc);
  std::string text = "\n  the front end, " + describe(*instruction, pc) + ", ";
  std::optional<Engine> engine = instruction->getEngine();
  if (!engine)
    return text + "waits for all engines";
  return text + "waits for a place in the queue of " + getName(*engine);
}

void FunctionalSimulator::reportDeadlock() {
  result.reason = StopReason::Deadlock;
  result.pc = pc;
  result.engine = RunResult::frontEnd;
  result.message =
      std::string(getText(StopReason::Deadlock)) + ":" + explainFrontEnd();
  for (unsigned i = 0; i < numEngines; ++i)
    if (!engines[i].queue.empty())
      result.message += explainEngine(static_cast<Engine>(i));
}
