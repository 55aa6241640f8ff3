//===- bpa-run.cpp - Runs a BPA program -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Runtime/Npy.h"
#include "dorefa/Target/BPA/Device.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir;
using namespace mlir::dorefa::runtime;

static constexpr char overview[] =
    "Runs a BPA program on a simulated machine.\n\n"
    "Symbols of the program are filled from, and written to, NumPy files; an "
    "input's bytes\nmust be as many as its symbol has. Exits with 1 where the "
    "program stops before its halt.\n\n"
    "Example: bpa-run program.elf --input image=image.npy --output "
    "scores=scores.npy\n";

/// What the command line says.
struct RunOptions {
  std::string program, device, routine, trace, waves;
  bool counters = false;
  std::vector<std::string> inputs, outputs;
  bpa_run_options run = {};
};

/// A symbol and the file that goes with it.
struct Binding {
  const bpa::Symbol *symbol;
  std::string path;
};

/// The symbol and the file of SYMBOL=FILE.
static llvm::Expected<Binding> parseBinding(const bpa::Program &program,
                                            StringRef text) {
  auto [name, path] = text.split('=');
  const bpa::Symbol *symbol = program.findSymbol(name);
  if (path.empty())
    return createStringError("'" + text + "' must be SYMBOL=FILE.npy");
  if (!symbol)
    return createStringError("the program has no symbol '" + name + "'");
  return Binding{symbol, path.str()};
}

static llvm::Error loadInput(const bpa::Program &program,
                             const Binding &binding, bpa_device *device) {
  auto array = readNpy(binding.path);
  if (!array)
    return createStringError(array.takeError().message());
  uint64_t size = program.getSize(*binding.symbol);
  if (array->bytes.size() != size)
    return createStringError(binding.path + " has " +
                             Twine(array->bytes.size()) + " bytes but '" +
                             binding.symbol->name + "' has " + Twine(size));
  bpa_write(device, program.getAddress(*binding.symbol), array->bytes.data(),
            size);
  return llvm::Error::success();
}

static llvm::Error storeOutput(const bpa::Program &program,
                               const Binding &binding, bpa_device *device) {
  auto size = static_cast<int64_t>(program.getSize(*binding.symbol));
  auto array = NpyArray::allocate(NpyElementType::U8, {size});
  if (!array)
    return createStringError(array.takeError().message());
  bpa_read(device, program.getAddress(*binding.symbol), array->bytes.data(),
           size);
  if (auto error = writeNpy(binding.path, *array))
    return createStringError(error.message());
  return llvm::Error::success();
}

/// Records the run where the command line asks for what a recording gives.
static llvm::Error startRecording(const RunOptions &options, bpa_device *device) {
  if (!options.counters && options.trace.empty() && options.waves.empty())
    return llvm::Error::success();
  if (options.device == "func")
    return createStringError("device func counts no cycles; --device=cycle and "
                             "--device=rtl do");
  const char *waves = options.waves.empty() ? nullptr : options.waves.c_str();
  if (waves && options.device != "rtl")
    return createStringError("device " + options.device +
                             " has no signals; --device=rtl has");
  if (bpa_start_recording(device, waves) != BPA_OK)
    return createStringError("cannot write waves '" + options.waves + "'");
  return llvm::Error::success();
}

/// Loads, runs and stores as asked.
static llvm::Error run(const RunOptions &options, const bpa::Program &program) {
  std::vector<Binding> inputs, outputs;
  for (auto &[texts, bindings] :
       {std::pair(&options.inputs, &inputs), {&options.outputs, &outputs}})
    for (const std::string &text : *texts) {
      auto binding = parseBinding(program, text);
      if (!binding)
        return binding.takeError();
      bindings->push_back(*binding);
    }
  auto device = bpa::openDevice(program, options.device);
  if (!device)
    return device.takeError();
  for (const Binding &binding : inputs)
    if (llvm::Error error = loadInput(program, binding, device->get()))
      return error;
  auto range = bpa::findRoutine(program, options.routine);
  if (!range)
    return range.takeError();
  if (llvm::Error error = startRecording(options, device->get()))
    return error;
  bpa_run_options runOptions = options.run;
  runOptions.name = options.routine.empty() ? nullptr : options.routine.c_str();
  if (bpa_run(device->get(), range->first, range->length, &runOptions) != BPA_OK)
    return createStringError(bpa_get_message(device->get()));
  bpa_stop_recording(device->get());
  for (const Binding &binding : outputs)
    if (llvm::Error error = storeOutput(program, binding, device->get()))
      return error;
  uint32_t code = 0;
  bpa_read_register(device->get(),
                    static_cast<uint32_t>(bpa::ControlRegister::HaltCode),
                    &code);
  outs() << "halted with code " << code << '\n';
  if (options.counters)
    outs() << bpa_get_counters(device->get());
  if (!options.trace.empty() &&
      bpa_write_trace(device->get(), options.trace.c_str()) != BPA_OK)
    return createStringError("cannot write trace '" + options.trace + "'");
  return llvm::Error::success();
}

static RunOptions parseCommandLine(int argc, char **argv) {
  cl::OptionCategory category("bpa-run options");
  cl::opt<std::string> program(cl::Positional, cl::Required, cl::cat(category),
                               cl::desc("PROGRAM.elf or MODEL.so"));
  cl::opt<std::string> device("device", cl::cat(category), cl::init("func"),
                              cl::desc("Kind of machine: func; cycle, which counts "
                                       "cycles; or rtl, the hardware in lock step "
                                       "with both"));
  cl::opt<std::string> routine(
      "routine", cl::cat(category), cl::value_desc("name"),
      cl::desc("Start at this symbol of the text (default: at the first "
               "instruction)"));
  cl::opt<bool> counters("counters", cl::cat(category),
                         cl::desc("Print how the cycles passed"));
  cl::opt<std::string> trace(
      "trace-engines", cl::cat(category), cl::value_desc("file.json"),
      cl::desc("Write when instructions were issued and completed, for the trace "
               "viewers of Chrome and Perfetto"));
  cl::opt<std::string> waves(
      "waves", cl::cat(category), cl::value_desc("file.fst"),
      cl::desc("Write all signals of --device=rtl, for GTKWave"));
  cl::opt<uint64_t> latency(
      "dram-latency", cl::cat(category), cl::value_desc("N"),
      cl::desc("Cycles from a request of DRAM to its first beat (default 64)"));
  cl::opt<uint64_t> dramSeed(
      "dram-seed", cl::cat(category), cl::value_desc("N"),
      cl::desc("Draw latencies of DRAM, from 1 to twice --dram-latency"));
  cl::list<std::string> inputs("input", cl::cat(category),
                               cl::value_desc("SYMBOL=FILE.npy"),
                               cl::desc("Fill a symbol before the run"));
  cl::list<std::string> outputs(
      "output", cl::cat(category), cl::value_desc("SYMBOL=FILE.npy"),
      cl::desc("Write the bytes of a symbol after the run"));
  cl::opt<uint64_t> seed(
      "schedule-seed", cl::cat(category), cl::value_desc("N"),
      cl::desc("Let engines go on in another order that the architecture "
               "allows (default: they take turns)"));
  cl::opt<uint64_t> limit(
      "step-limit", cl::cat(category), cl::value_desc("N"),
      cl::desc("Give up after N plane words, beats and entries (default "
               "2^40)"));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, overview);
  return {program,  device, routine, trace,  waves,
          counters, inputs, outputs, {seed, limit, 0, latency, dramSeed, nullptr}};
}

int main(int argc, char **argv) {
  RunOptions options = parseCommandLine(argc, argv);
  auto fail = [](const Twine &message) {
    WithColor::error(errs(), "bpa-run") << message << '\n';
    return 1;
  };
  auto program = bpa::readElfFile(options.program);
  if (!program)
    return fail(toString(program.takeError()));
  if (llvm::Error error = run(options, *program))
    return fail(options.program + ": " + toString(std::move(error)));
  return 0;
}
