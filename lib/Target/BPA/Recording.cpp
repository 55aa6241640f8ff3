//===- Recording.cpp - What runs on a device did --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recording.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

using namespace mlir::bpa;

using Json = nlohmann::ordered_json;

/// As printf, at the end of `text`.
__attribute__((format(printf, 2, 3))) static void append(std::string &text,
                                                         const char *format, ...) {
  char line[256];
  va_list values;
  va_start(values, format);
  std::vsnprintf(line, sizeof(line), format, values);
  va_end(values);
  text += line;
}

//===----------------------------------------------------------------------===//
// Counters
//===----------------------------------------------------------------------===//

namespace {

/// Runs of one program.
struct Total {
  std::string name;
  unsigned numRuns = 0;
  /// Without instructions.
  Timing sum;

  void add(const Timing &timing);
};

} // namespace

void Total::add(const Timing &timing) {
  ++numRuns;
  sum.cycles += timing.cycles;
  sum.steps += timing.steps;
  sum.ceiling += timing.ceiling;
  sum.waitFetch += timing.waitFetch;
  sum.beatsFetched += timing.beatsFetched;
  sum.beatsLoaded += timing.beatsLoaded;
  sum.beatsWritten += timing.beatsWritten;
  for (unsigned e = 0; e < numEngines; ++e) {
    const EngineCycles &one = timing.engines[e];
    EngineCycles &all = sum.engines[e];
    all.busy += one.busy;
    all.empty += one.empty;
    all.queueFull += one.queueFull;
    for (unsigned from = 0; from < numEngines; ++from)
      all.waitToken[from] += one.waitToken[from];
  }
}

static double percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0.0 : 100.0 * part / whole;
}

using Number = unsigned long long;

static void formatTotal(const Total &total, std::string &text) {
  const Timing &sum = total.sum;
  text += total.name;
  append(text, ": %u run%s, cycles %llu, steps %llu, ceiling %llu, array busy %.2f %%\n",
         total.numRuns, total.numRuns == 1 ? "" : "s", Number(sum.cycles),
         Number(sum.steps), Number(sum.ceiling), percent(sum.steps, sum.cycles));
  append(text, "engine      busy     empty  queue full   waits for tokens of");
  for (unsigned from = 0; from < numEngines; ++from)
    append(text, "%10s", getName(static_cast<Engine>(from)));
  for (unsigned e = 0; e < numEngines; ++e) {
    const EngineCycles &cycles = sum.engines[e];
    append(text, "\n%-6s%10llu%10llu%12llu%22s", getName(static_cast<Engine>(e)),
           Number(cycles.busy), Number(cycles.empty), Number(cycles.queueFull), "");
    for (uint64_t waits : cycles.waitToken)
      append(text, "%10llu", Number(waits));
  }
  uint64_t read = sum.beatsFetched + sum.beatsLoaded;
  append(text,
         "\nDRAM: %llu beats of instructions (waited for in %llu cycles), %llu loaded, "
         "%llu written; reads take %.2f %% of the cycles\n",
         Number(sum.beatsFetched), Number(sum.waitFetch), Number(sum.beatsLoaded),
         Number(sum.beatsWritten), percent(read, sum.cycles));
}

std::string mlir::bpa::formatCounters(const std::vector<RecordedRun> &runs) {
  std::vector<Total> totals;
  for (const RecordedRun &run : runs) {
    auto known = std::find_if(totals.begin(), totals.end(), [&](const Total &total) {
      return total.name == run.name;
    });
    if (known == totals.end())
      known = totals.insert(known, Total{run.name, 0, {}});
    known->add(run.timing);
  }
  std::string text;
  for (const Total &total : totals)
    formatTotal(total, text);
  return text;
}

//===----------------------------------------------------------------------===//
// Trace
//===----------------------------------------------------------------------===//

// Of the format of Chrome: ph is the kind of an event, tid the row, ts and dur are
// microseconds.

/// Names a row of the viewer.
static Json formatRow(unsigned row, const char *name) {
  return {{"name", "thread_name"}, {"ph", "M"}, {"pid", 0}, {"tid", row}, {"args", {{"name", name}}}};
}

/// Something that takes `duration` cycles.
static Json formatEvent(unsigned row, const std::string &name, uint64_t start,
                        uint64_t duration) {
  return {{"name", name}, {"ph", "X"},     {"pid", 0},
          {"tid", row},   {"ts", start}, {"dur", duration}};
}

/// `run`, from cycle `start` on.
static void formatRun(Json &events, const RecordedRun &run, uint64_t start) {
  events.push_back(formatEvent(numEngines, run.name, start, run.timing.cycles));
  for (size_t i = 0; i < run.timing.instructions.size(); ++i) {
    const InstructionCycles &cycles = run.timing.instructions[i];
    std::optional<Engine> engine = run.text[i].getEngine();
    if (!engine)
      continue;
    Json event = formatEvent(static_cast<unsigned>(*engine), run.text[i].getInfo().mnemonic,
                             start + cycles.issued, cycles.completed - cycles.issued + 1);
    event["args"]["pc"] = i;
    events.push_back(std::move(event));
  }
}

std::string mlir::bpa::formatTrace(const std::vector<RecordedRun> &runs) {
  Json events = Json::array();
  for (unsigned e = 0; e < numEngines; ++e)
    events.push_back(formatRow(e, getName(static_cast<Engine>(e))));
  events.push_back(formatRow(numEngines, "program"));
  uint64_t start = 0;
  for (const RecordedRun &run : runs) {
    formatRun(events, run, start);
    start += run.timing.cycles;
  }
  // A symbol of a file may be any bytes.
  return events.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}
