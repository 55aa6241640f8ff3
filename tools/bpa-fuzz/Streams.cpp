//===- Streams.cpp - Any 128-bit words as programs ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Random.h"
#include "dorefa/Target/BPA/Device.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <csignal>
#include <unistd.h>

using namespace llvm;
using namespace mlir::bpa;

/// A stream may take so long: verified, run twice, and counted.
static constexpr unsigned mostSeconds = 20;

/// Ends the process; only what a signal handler may call.
static void reportHang(int) {
  static constexpr char text[] = "error: the last stream takes too long\n";
  ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
  (void)ignored;
  _exit(1);
}

/// Words of random bits, of instructions that decode, or of a program that runs, with some
/// bits flipped in the last two.
static Program drawStream(Generator &generator, std::vector<Encoding> &words) {
  Program program;
  switch (drawInteger(generator, 0, 5)) {
  case 0:
  case 1:
    program = drawEncodings(generator, 0);
    for (int64_t i = drawInteger(generator, 0, 24); i > 0; --i) {
      Encoding bits;
      bits.low = generator();
      bits.high = generator();
      words.push_back(bits);
    }
    return program;
  case 2:
    program = drawEncodings(generator, 24);
    break;
  case 3:
  case 4:
    program = drawProgram(generator);
    break;
  default:
    program = drawWork(generator);
  }
  for (const Instruction &instruction : program.text)
    if (auto encoding = encode(instruction))
      words.push_back(*encoding);
  for (int64_t i = drawInteger(generator, 0, 8); i > 0 && !words.empty(); --i) {
    Encoding &bits = words[drawInteger(generator, 0, words.size() - 1)];
    unsigned bit = drawInteger(generator, 0, 127);
    (bit < 64 ? bits.low : bits.high) ^= uint64_t(1) << (bit % 64);
  }
  return program;
}

/// Runs the words behind which the program's data lies; the reason why they stop.
static std::optional<StopReason> runWords(const Program &program,
                                          const std::vector<Encoding> &words,
                                          const char *kind,
                                          const bpa_run_options &options) {
  uint64_t data = words.size() * instructionBytes;
  bpa_device *device = nullptr;
  if (bpa_open(kind, program.configuration->name,
               data + program.data.size() + program.bssSize, &device) != BPA_OK)
    return std::nullopt;
  Device owner(device);
  for (size_t i = 0; i < words.size(); ++i) {
    uint8_t bytes[instructionBytes];
    words[i].write(bytes);
    bpa_write(device, i * instructionBytes, bytes, sizeof(bytes));
  }
  bpa_write(device, data, program.data.data(), program.data.size());
  bpa_run(device, 0, words.size(), &options);
  uint32_t reason = 0;
  bpa_read_register(device, static_cast<uint32_t>(ControlRegister::ErrorCode), &reason);
  return static_cast<StopReason>(reason);
}

bool mlir::bpa::checkStreams(Generator &generator, uint64_t count) {
  constexpr unsigned numReasons = static_cast<unsigned>(StopReason::Race) + 1;
  constexpr uint64_t stepLimit = 200000;
  uint64_t ends[numReasons] = {};
  double slowest = 0;
  std::signal(SIGALRM, reportHang);
  for (uint64_t i = 0; i < count; ++i) {
    std::vector<Encoding> words;
    Program program = drawStream(generator, words);
    auto start = std::chrono::steady_clock::now();
    alarm(mostSeconds);
    bpa_run_options options = {};
    options.step_limit = stepLimit;
    options.check_order = 1;
    auto verified = runWords(program, words, "func", options);
    options.check_order = 0;
    options.schedule_seed = 1 + generator() / 2;
    auto executed = runWords(program, words, "func", options);
    options.dram_latency = drawInteger(generator, 1, 100);
    options.dram_seed = generator();
    auto counted = runWords(program, words, "cycle", options);
    alarm(0);
    std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    slowest = std::max(slowest, time.count());
    if (!verified || !executed || !counted ||
        (verified == StopReason::None && executed != StopReason::None)) {
      errs() << "error: program " << i << " cannot be run, or is in order but stops\n";
      return false;
    }
    ++ends[static_cast<unsigned>(*verified)];
  }
  outs() << count << " streams: " << ends[0] << " are in order";
  for (unsigned i = 1; i < numReasons; ++i)
    if (ends[i] != 0)
      outs() << "; " << ends[i] << " " << getText(static_cast<StopReason>(i));
  outs() << '\n';
  errs() << formatv("the slowest took {0:f2} s\n", slowest);
  return true;
}
