//===- dorefa-run.cpp - Runs a compiled model on NumPy files --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "Profile.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>

using namespace mlir::dorefa::runtime;

/// Prints name, target and tensors of the model.
static void listTensors(const LoadedModel &model) {
  std::printf("model   %s\ntarget  %s\n", model.getName(), model.getTarget());
  printTensors(model.getInputs(), model.getOutputs());
}

/// Prints median and middle half of `milliseconds`, unless it is empty, behind `what`.
static void printTimes(const char *what, std::vector<double> milliseconds,
                       int64_t batch) {
  if (milliseconds.empty())
    return;
  std::sort(milliseconds.begin(), milliseconds.end());
  size_t last = milliseconds.size() - 1;
  std::printf("%s: median %.4g ms, middle half %.4g to %.4g ms, %zu run%s of "
              "batch %lld\n",
              what, milliseconds[last / 2], milliseconds[last / 4],
              milliseconds[last - last / 4], milliseconds.size(),
              last == 0 ? "" : "s", static_cast<long long>(batch));
}

/// Whether the model runs on the accelerator.
static bool isAccelerated(const LoadedModel &model) {
  return std::strstr(model.getTarget(), "bpa") != nullptr;
}

/// The library behind a device that is simulated; empty for others.
static std::string getLibrary(const std::string &device) {
  if (device == "emulator")
    return "libdorefa-emulator.so";
  for (const char *simulated : {"bpa-func", "bpa-cycle", "bpa-rtl"})
    if (device == simulated)
      return "libdorefa-bpa.so";
  return "";
}

/// The device that the model runs on, as its binary interface names it: libraries
/// are looked for where they are installed beside this program.
static std::string getDevice(const LoadedModel &model, const Options &options) {
  std::string device = options.device;
  if (device.empty())
    device = isAccelerated(model) ? "bpa-func" : "gpu";
  std::string name = getLibrary(device);
  std::error_code error;
  std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe", error);
  std::filesystem::path library =
      program.parent_path().parent_path() / "lib" / name;
  return !name.empty() && std::filesystem::exists(library, error)
             ? device + ":" + library.string()
             : device;
}

/// Whether the accelerator that was asked for has a clock.
static bool countsCycles(const Options &options) {
  return options.device.compare(0, 9, "bpa-cycle") == 0 ||
         options.device.compare(0, 7, "bpa-rtl") == 0;
}

/// An error where the device cannot give what is asked for.
static Error checkRecording(const LoadedModel &model, const Options &options) {
  if (options.engineTrace.empty() && options.waves.empty())
    return Error::success();
  if (!isAccelerated(model))
    return Error(options.model + ": --trace-engines and --waves need a model for the "
                                 "accelerator; compile it with --target=bpa");
  if (!options.engineTrace.empty() && !countsCycles(options))
    return Error("--trace-engines needs --device=bpa-cycle or --device=bpa-rtl: bpa-func "
                 "counts no cycles");
  if (!options.waves.empty() && options.device.compare(0, 7, "bpa-rtl") != 0)
    return Error("--waves needs --device=bpa-rtl: simulators have no signals");
  if (options.waves == options.engineTrace)
    return Error("--trace-engines and --waves name the same file '" + options.waves + "'");
  return Error::success();
}

/// Lets the run that follows record what is asked for; `counters` becomes a table.
static void record(const Options &options, const char *&counters,
                   dorefa_run_options &runOptions) {
  auto orNull = [](const std::string &path) {
    return path.empty() ? nullptr : path.c_str();
  };
  runOptions.engine_trace = orNull(options.engineTrace);
  runOptions.waves = orNull(options.waves);
  if (options.profile && countsCycles(options))
    runOptions.engine_counters = &counters;
}

/// The table of `profile`, then that of the accelerator's engines.
static void printProfile(const Profile &profile, const LoadedModel &model,
                         const Options &options, int64_t batch,
                         const std::string &counters) {
  profile.print(model, batch);
  if (isAccelerated(model))
    std::printf("\n%s\n", countsCycles(options)
                              ? counters.c_str()
                              : "cycles: bpa-func counts none; --device=bpa-cycle does");
}

/// Timed runs: those of --repeat, or what a profile needs. Cycles are the same each time.
static int64_t countRuns(const LoadedModel &model, const Options &options) {
  constexpr int64_t profiledRuns = 20;
  if (options.repeat != 0 || !options.profile)
    return options.repeat;
  return isAccelerated(model) ? 1 : profiledRuns;
}

/// Runs the model once and then as often as asked for the clock.
static Error execute(const LoadedModel &model, const InputArrays &inputs,
                     const Options &options, std::vector<NpyArray> &outputs) {
  using Clock = std::chrono::steady_clock;
  Expected<Buffer> workspace = model.allocateWorkspace(inputs.batch);
  if (!workspace)
    return workspace.takeError();
  dorefa_run_options runOptions = {};
  runOptions.num_threads = options.threads;
  dorefa_run_options recorded = runOptions;
  const char *table = "";
  record(options, table, recorded);
  if (Error error = model.run(inputs.arrays, inputs.batch, *workspace, outputs,
                              &recorded))
    return error;
  std::string counters = table;
  Profile profile(model.getLayers().size());
  if (options.profile)
    profile.observe(runOptions);
  constexpr double none = -1;
  double deviceSeconds = none;
  runOptions.device_seconds = &deviceSeconds;
  std::vector<double> milliseconds, deviceMilliseconds;
  for (int64_t i = 0, runs = countRuns(model, options); i < runs; ++i) {
    Clock::time_point start = Clock::now();
    if (Error error = model.run(inputs.arrays, inputs.batch, *workspace,
                                outputs, &runOptions))
      return error;
    std::chrono::duration<double, std::milli> time = Clock::now() - start;
    milliseconds.push_back(time.count());
    if (deviceSeconds != none)
      deviceMilliseconds.push_back(1e3 * deviceSeconds);
    profile.endRun(time.count());
  }
  if (options.profile)
    printProfile(profile, model, options, inputs.batch, counters);
  printTimes("time", std::move(milliseconds), inputs.batch);
  printTimes("kernels", std::move(deviceMilliseconds), inputs.batch);
  return Error::success();
}

/// Runs the model as asked; whether all comparisons found equal values. All
/// that can be wrong is found before the run, and files are written after it.
static Expected<bool> runModel(const LoadedModel &model,
                               const Options &options) {
  if (options.threads > 1 && !model.usesOpenMP())
    std::fprintf(stderr,
                 "dorefa-run: warning: %s: runs in one thread; it was compiled "
                 "without --openmp, or has too little work for more\n",
                 options.model.c_str());
  const TensorGroup &group = model.getOutputs();
  Expected<TensorPaths> inputPaths =
      matchFiles(model.getInputs(), "--input", options.inputs);
  if (!inputPaths)
    return inputPaths.takeError();
  Expected<TensorPaths> outputPaths =
      matchFiles(group, "--output", options.outputs);
  if (!outputPaths)
    return outputPaths.takeError();
  Expected<TensorPaths> expectedPaths =
      matchFiles(group, "--expect", options.expected);
  if (!expectedPaths)
    return expectedPaths.takeError();

  Expected<InputArrays> inputs = readInputs(model.getInputs(), *inputPaths);
  if (!inputs)
    return inputs.takeError();
  auto expected = readExpected(group, *expectedPaths, inputs->batch);
  if (!expected)
    return expected.takeError();
  auto outputs = allocateArrays(group, inputs->batch);
  if (!outputs)
    return outputs.takeError();

  if (Error error = execute(model, *inputs, options, *outputs))
    return error;
  if (Error error = writeArrays(*outputs, *outputPaths))
    return error;
  return printComparisons(group, *outputs, *expected, options.tolerance);
}

/// Prints the error; returns the exit code.
static int fail(const Error &error) {
  std::fflush(stdout);
  std::fprintf(stderr, "dorefa-run: error: %s\n", error.message().c_str());
  return 1;
}

int main(int argc, char **argv) {
  Expected<Options> options = parseOptions(argc, argv);
  if (!options)
    return fail(options.takeError());
  if (options->help) {
    std::fputs(helpText, stdout);
    return 0;
  }
  Expected<LoadedModel> model =
      LoadedModel::open(options->model, options->symbolPrefix);
  if (!model)
    return fail(model.takeError());
  if (options->list) {
    listTensors(*model);
    return 0;
  }
  if (Error error = checkRecording(*model, *options))
    return fail(error);
  if (model->needsSession() || !options->device.empty())
    if (Error error = model->openSession(getDevice(*model, *options)))
      return fail(error);
  Expected<bool> equal = runModel(*model, *options);
  if (!equal)
    return fail(equal.takeError());
  return *equal ? 0 : 1;
}
