//===- Options.cpp - Command line of dorefa-run ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <getopt.h>

using namespace mlir::dorefa::runtime;

const char *const mlir::dorefa::runtime::helpText =
    R"(dorefa-run: runs a model that dorefa-compile made, on NumPy files

usage: dorefa-run MODEL.so [options]

  --input [NAME=]FILE.npy   elements of an input; NAME= may be left out where
                            there is one input
  --output [NAME=]FILE.npy  write an output
  --expect [NAME=]FILE.npy  compare an output and exit with 1 if it differs;
                            NaN equals NaN, -0.0 equals 0.0
  --tolerance=R             let values differ by R times the largest absolute
                            expected value (default: they must be equal)
  --repeat N                run once, then N times more, and print the median
                            time of these N and the range of their middle half;
                            on a GPU that of its kernels as well, by its clock
  --profile                 print the time of each layer as well, by the clock of
                            the GPU where one runs it: the median of --repeat
                            runs, of 20 without it (1 on the accelerator); on
                            bpa-cycle and bpa-rtl also how the cycles of each
                            engine passed, program by program
  --threads N               use at most N threads; for a model that was compiled
                            with --openmp (default: OMP_NUM_THREADS, or all)
  --device=NAME             of a model for a GPU: gpu (the default), gpu:N for the
                            Nth, or emulator; of one for the accelerator:
                            bpa-func (the default), bpa-cycle or bpa-rtl
  --trace-engines=FILE.json write when instructions were issued and completed on
                            bpa-cycle or bpa-rtl, for the trace viewers of Chrome
                            and Perfetto
  --waves=FILE.fst          write all signals of bpa-rtl, for GTKWave
  --list                    print name, type and shape of inputs and outputs
  --symbol-prefix=P         for a model compiled with --symbol-prefix=P
  --help                    print this text

--input, --output and --expect are given once per file. All inputs must have
the same batch. Types are never converted.

example:
  dorefa-run digits.so --list
  dorefa-run digits.so --input image=images.npy --output scores=scores.npy
  dorefa-run digits.so --input images.npy --expect golden.npy --tolerance=1e-4
)";

/// The whole of `text` as a tolerance.
static Expected<double> parseTolerance(const char *text) {
  char *end = nullptr;
  double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !std::isfinite(value) || value < 0)
    return Error(std::string("--tolerance is '") + text +
                 "' but must be a number of 0 or more, such as 1e-4");
  return value;
}

/// The whole of `text` as a number from 1 to `most`.
static Expected<int64_t> parseCount(const std::string &option,
                                    const char *text, int64_t most) {
  char *end = nullptr;
  errno = 0;
  long long value = std::strtoll(text, &end, 10);
  if (end == text || *end != '\0' || errno != 0 || value < 1 || value > most)
    return Error(option + " is '" + text +
                 "' but must be a whole number from 1 to " +
                 std::to_string(most));
  return value;
}

/// The error for an option that getopt_long did not accept.
static Error makeOptionError(int code, const std::string &argument) {
  std::string reason = "is unknown or ambiguous";
  if (code == ':')
    reason = "needs a value";
  else if (optopt != 0 && argument.compare(0, 2, "--") == 0)
    reason = "takes no value";
  else if (optopt != 0) // One letter, maybe of several in the argument.
    return Error(std::string("option '-") + static_cast<char>(optopt) +
                 "' is unknown; see dorefa-run --help");
  return Error("option '" + argument + "' " + reason + "; see dorefa-run --help");
}

/// Stores the option that getopt_long returned as `code`.
static Error storeOption(int code, Options &options) {
  switch (code) {
  case 'i':
    options.inputs.emplace_back(optarg);
    return Error::success();
  case 'o':
    options.outputs.emplace_back(optarg);
    return Error::success();
  case 'e':
    options.expected.emplace_back(optarg);
    return Error::success();
  case 'p':
    options.symbolPrefix = optarg;
    return Error::success();
  case 'f':
    options.profile = true;
    return Error::success();
  case 'd':
    options.device = optarg;
    return Error::success();
  case 'g':
    options.engineTrace = optarg;
    return Error::success();
  case 'w':
    options.waves = optarg;
    return Error::success();
  case 'l':
    options.list = true;
    return Error::success();
  case 'h':
    options.help = true;
    return Error::success();
  case 't': {
    Expected<double> tolerance = parseTolerance(optarg);
    if (tolerance)
      options.tolerance = *tolerance;
    return tolerance.takeError();
  }
  case 'n': {
    constexpr int64_t maxThreads = 1024;
    Expected<int64_t> threads = parseCount("--threads", optarg, maxThreads);
    if (threads)
      options.threads = static_cast<int32_t>(*threads);
    return threads.takeError();
  }
  default: {
    constexpr int64_t maxRepeat = 1000000;
    Expected<int64_t> repeat = parseCount("--repeat", optarg, maxRepeat);
    if (repeat)
      options.repeat = *repeat;
    return repeat.takeError();
  }
  }
}

/// Checks what the options say together.
static Error checkOptions(const Options &options) {
  if (options.model.empty())
    return Error("no model is given; see dorefa-run --help");
  if (options.tolerance && options.expected.empty())
    return Error("--tolerance needs --expect");
  if (!options.list && options.outputs.empty() && options.expected.empty() &&
      options.repeat == 0 && !options.profile && options.engineTrace.empty() &&
      options.waves.empty())
    return Error("there is nothing to do; add --output, --expect, --repeat, "
                 "--profile or --list");
  return Error::success();
}

Expected<Options> mlir::dorefa::runtime::parseOptions(int argc, char **argv) {
  static const option longOptions[] = {
      {"input", required_argument, nullptr, 'i'},
      {"output", required_argument, nullptr, 'o'},
      {"expect", required_argument, nullptr, 'e'},
      {"tolerance", required_argument, nullptr, 't'},
      {"repeat", required_argument, nullptr, 'r'},
      {"profile", no_argument, nullptr, 'f'},
      {"symbol-prefix", required_argument, nullptr, 'p'},
      {"threads", required_argument, nullptr, 'n'},
      {"device", required_argument, nullptr, 'd'},
      {"trace-engines", required_argument, nullptr, 'g'},
      {"waves", required_argument, nullptr, 'w'},
      {"list", no_argument, nullptr, 'l'},
      {"help", no_argument, nullptr, 'h'},
      {nullptr, 0, nullptr, 0}};
  Options options;
  opterr = 0;
  int code = 0;
  // The leading colon tells a missing value from an unknown option.
  while ((code = getopt_long(argc, argv, ":h", longOptions, nullptr)) != -1) {
    if (code == ':' || code == '?')
      return makeOptionError(code, argv[optind - 1]);
    if (Error error = storeOption(code, options))
      return error;
  }
  if (options.help)
    return options;
  if (argc - optind > 1)
    return Error(
        std::string("'") + argv[optind] + "' and '" + argv[optind + 1] +
        "' are given but there must be one model; see dorefa-run --help");
  if (optind < argc)
    options.model = argv[optind];
  if (Error error = checkOptions(options))
    return error;
  return options;
}
