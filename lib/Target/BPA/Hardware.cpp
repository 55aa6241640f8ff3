//===- Hardware.cpp - Opens the Verilated accelerator and compares --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Hardware.h"

#include <algorithm>
#include <dlfcn.h>
#include <unistd.h>

using namespace mlir::bpa;

//===----------------------------------------------------------------------===//
// The library
//===----------------------------------------------------------------------===//

static constexpr char libraryName[] = "libdorefa-bpa-rtl.so";

/// The folder of the file `path`, with a slash at its end.
static std::string getFolder(const std::string &path) {
  return path.substr(0, path.rfind('/') + 1);
}

static void *openLibrary() {
  Dl_info info = {};
  char program[4096] = "";
  ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
  std::vector<std::string> folders;
  if (dladdr(reinterpret_cast<void *>(&openLibrary), &info) && info.dli_fname)
    folders.push_back(getFolder(info.dli_fname));
  if (length > 0)
    folders.push_back(getFolder(program) + "../lib/");
  for (const std::string &folder : folders)
    if (void *library =
            dlopen((folder + libraryName).c_str(), RTLD_NOW | RTLD_LOCAL))
      return library;
  return dlopen(libraryName, RTLD_NOW | RTLD_LOCAL);
}

std::unique_ptr<Hardware> mlir::bpa::openHardware(const char *configuration) {
  // Stays open: chips of it may live as long as the program.
  void *library = openLibrary();
  auto open = reinterpret_cast<decltype(&dorefa_bpa_open_hardware)>(
      library ? dlsym(library, "dorefa_bpa_open_hardware") : nullptr);
  return std::unique_ptr<Hardware>(open ? open(configuration) : nullptr);
}

//===----------------------------------------------------------------------===//
// Lock step
//===----------------------------------------------------------------------===//

namespace {

/// An instruction's event in both.
struct Event {
  size_t index;
  const char *what;
  uint64_t hardware, simulator;
};

} // namespace

/// Cycle `i`, or the largest where nothing happened.
static uint64_t getCycle(const std::vector<uint64_t> &cycles, size_t i) {
  return i < cycles.size() ? cycles[i] : ~uint64_t(0);
}

static std::string describe(uint64_t cycle) {
  return cycle == ~uint64_t(0) ? "never" : "in cycle " + std::to_string(cycle);
}

std::string mlir::bpa::findDivergence(const std::vector<Instruction> &text,
                                      const Timing &timing,
                                      const HardwareTrace &trace,
                                      bool comesToHalt) {
  std::optional<Event> first;
  auto compare = [&](size_t index, const char *what, uint64_t hardware,
                     uint64_t simulator) {
    if (hardware != simulator &&
        (!first || std::min(hardware, simulator) <
                       std::min(first->hardware, first->simulator)))
      first = Event{index, what, hardware, simulator};
  };
  size_t numIssued[numEngines] = {}, numCompleted[numEngines] = {};
  for (size_t i = 0; i < text.size(); ++i) {
    std::optional<Engine> engine = text[i].getEngine();
    if (!engine)
      continue;
    auto e = static_cast<unsigned>(*engine);
    const InstructionCycles &cycles = timing.instructions[i];
    // Where something stops the program, some never are.
    constexpr uint64_t never = ~uint64_t(0);
    bool isIssued = comesToHalt || numIssued[e] < timing.numIssued[e];
    bool isComplete =
        isIssued && (comesToHalt || std::find(timing.incomplete.begin(),
                                              timing.incomplete.end(),
                                              i) == timing.incomplete.end());
    compare(i, "issues", getCycle(trace.issued[e], numIssued[e]++),
            isIssued ? cycles.issued : never);
    if (text[i].getInfo().number < 0)
      compare(i, "completes", getCycle(trace.completed[e], numCompleted[e]++),
              isComplete ? cycles.completed : never);
  }
  if (!first)
    return "";
  const Instruction &instruction = text[first->index];
  return std::string("the hardware ") + first->what + " instruction " +
         std::to_string(first->index) + " ('" +
         instruction.getInfo().mnemonic + "') " + describe(first->hardware) +
         ", the cycle simulator " + describe(first->simulator);
}

uint64_t mlir::bpa::getCounter(const Timing &timing, uint32_t select) {
  constexpr uint32_t engineCounters = 16;
  uint32_t engine = select / engineCounters, index = select % engineCounters;
  if (engine == 0) {
    const uint64_t counters[] = {timing.cycles, timing.steps, timing.ceiling};
    return index < 3 ? counters[index] : 0;
  }
  if (engine > numEngines)
    return 0;
  const EngineCycles &cycles = timing.engines[engine - 1];
  if (index < numEngines)
    return cycles.waitToken[index];
  const uint64_t counters[] = {cycles.busy, cycles.empty};
  return index - numEngines < 2 ? counters[index - numEngines] : 0;
}
