//===- Driver.h - Clocks a Verilated chip -----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The chip's environment: its clock, the host that writes registers, and DRAM as section
// 7 of the manual counts it.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_BPA_RTL_DRIVER_H
#define DOREFA_LIB_TARGET_BPA_RTL_DRIVER_H

#include "../Hardware.h"

#include "verilated.h"
#include "verilated_fst_c.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>

namespace mlir::bpa {

/// Answers to the last writes of an engine's instructions, in order.
class Answers {
public:
  Answers(const Latencies &latencies, unsigned stream)
      : latency(latencies, stream) {}

  void ask(uint64_t now) {
    newest = std::max(now + latency.next(), newest + 1);
    cycles.push_back(newest);
  }
  bool isBusy() const { return !cycles.empty(); }
  /// Whether there is one in this cycle.
  bool take(uint64_t now) {
    if (cycles.empty() || cycles.front() != now)
      return false;
    cycles.pop_front();
    return true;
  }

private:
  LatencyStream latency;
  uint64_t newest = 0;
  std::deque<uint64_t> cycles;
};

/// What DRAM has to do in a run.
struct DramState {
  explicit DramState(const Latencies &latencies)
      : readLatency(latencies, 0), post(latencies, 1), store(latencies, 2) {}

  struct Burst {
    uint64_t firstCycle, beat, left;
  };

  LatencyStream readLatency;
  bool isBusy() const {
    return !bursts.empty() || post.isBusy() || store.isBusy();
  }

  std::deque<Burst> bursts;
  uint64_t busFree = 0;
  Answers post, store;
};

/// `Model` is what Verilator makes of module `bpa`.
template <typename Model> class Driver : public Hardware {
public:
  Driver() : model(&context) {
    context.traceEverOn(true);
    model.rst = 1;
    tick();
    model.rst = 0;
  }
  ~Driver() override { model.final(); }

  uint32_t readRegister(uint32_t offset) override {
    model.csr_address = offset;
    model.eval();
    return model.csr_read_data;
  }

  void writeRegister(uint32_t offset, uint32_t value) override {
    model.csr_write = 1;
    model.csr_address = offset;
    model.csr_write_data = value;
    tick();
    model.csr_write = 0;
  }

  bool run(const HardwareRun &run, HardwareTrace &trace) override {
    write(ControlRegister::Program, run.program);
    write(ControlRegister::Length, run.length);
    write(ControlRegister::DramBeats, run.dramBytes / beatBytes);
    write(ControlRegister::Control, 1);
    DramState dram(run.latencies);
    model.csr_address = static_cast<uint8_t>(ControlRegister::Status);
    // Until the program starts.
    constexpr unsigned someCycles = 10000;
    for (unsigned i = 0; i < someCycles && !model.trace_running; ++i)
      tick();
    uint64_t now = 0;
    for (; model.trace_running && now < run.cycleLimit; ++now)
      step(run, now, dram, &trace);
    bool ended = !model.trace_running;
    // What the front end, or a program that an error stopped, asked for still arrives.
    for (uint64_t i = 0; i < someCycles + 4 * run.latencies.mean && dram.isBusy(); ++i)
      step(run, now++, dram, nullptr);
    model.beat_valid = 0;
    firstCycle += now;
    return ended;
  }

  void startWaves(const char *path) override {
    waves = std::make_unique<VerilatedFstC>();
    model.trace(waves.get(), std::numeric_limits<int>::max());
    waves->open(path);
    firstCycle = 0;
  }

  void stopWaves() override { waves.reset(); }

private:
  void write(ControlRegister offset, uint32_t value) {
    writeRegister(static_cast<uint32_t>(offset), value);
  }

  void tick() {
    model.clk = 0;
    model.eval();
    model.clk = 1;
    model.eval();
  }

  /// A cycle: inputs, outputs of the same cycle, clock.
  void step(const HardwareRun &run, uint64_t now, DramState &dram,
            HardwareTrace *trace) {
    offerBeat(run, now, dram);
    model.answer_post = dram.post.take(now);
    model.answer_store = dram.store.take(now);
    model.clk = 0;
    model.eval();
    if (waves)
      waves->dump(2 * (firstCycle + now));
    if (model.beat_valid && model.beat_ready)
      takeBeat(dram);
    if (model.read) {
      uint64_t first = std::max(now + dram.readLatency.next(), dram.busFree);
      dram.busFree = first + model.read_beats;
      dram.bursts.push_back({first, model.read_beat, model.read_beats});
    }
    if (model.write)
      writeBeat(run, now, dram);
    if (trace && (model.trace_issue | model.trace_complete))
      record(now, *trace);
    model.clk = 1;
    model.eval();
    if (waves)
      waves->dump(2 * (firstCycle + now) + 1);
  }

  void offerBeat(const HardwareRun &run, uint64_t now, DramState &dram) {
    model.beat_valid =
        !dram.bursts.empty() && dram.bursts.front().firstCycle <= now;
    if (!model.beat_valid)
      return;
    uint64_t beat = dram.bursts.front().beat;
    model.beat_error = beat >= run.dramBytes / beatBytes;
    if (!model.beat_error)
      std::memcpy(model.beat_data.data(), run.dram + beat * beatBytes, beatBytes);
  }

  void takeBeat(DramState &dram) {
    DramState::Burst &burst = dram.bursts.front();
    ++burst.beat;
    if (--burst.left == 0)
      dram.bursts.pop_front();
  }

  void writeBeat(const HardwareRun &run, uint64_t now, DramState &dram) {
    uint64_t address = uint64_t(model.write_beat) * beatBytes;
    const auto *bytes = reinterpret_cast<const uint8_t *>(model.write_data.data());
    for (unsigned i = 0; i < beatBytes; ++i)
      if ((model.write_mask >> i & 1) && address + i < run.dramBytes)
        run.dram[address + i] = bytes[i];
    if (model.write_last)
      (model.write_is_store ? dram.store : dram.post).ask(now);
  }

  void record(uint64_t now, HardwareTrace &trace) {
    for (unsigned e = 0; e < numEngines; ++e) {
      if (model.trace_issue >> e & 1)
        trace.issued[e].push_back(now);
      if (model.trace_complete >> e & 1)
        trace.completed[e].push_back(now);
    }
  }

  static constexpr unsigned beatBytes = 16;

  VerilatedContext context;
  Model model;
  /// Where signals of runs go, if anywhere.
  std::unique_ptr<VerilatedFstC> waves;
  /// Cycles of the runs in this file before the one that is under way.
  uint64_t firstCycle = 0;
};

} // namespace mlir::bpa

#endif // DOREFA_LIB_TARGET_BPA_RTL_DRIVER_H
