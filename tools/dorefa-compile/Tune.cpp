//===- Tune.cpp - Choose kernels by measuring them ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tune.h"

#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Pipelines/Pipelines.h"
#include "dorefa/Runtime/LoadedModel.h"
#include "dorefa/Transforms/Report.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"

#include <chrono>
#include <random>

using namespace mlir;
namespace runtime = mlir::dorefa::runtime;

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

namespace {

/// A network by one kernel, loaded, and the times of its layers.
class Candidate {
public:
  Candidate(StringRef kernel, runtime::LoadedModel model)
      : kernel(kernel), model(std::move(model)),
        times(this->model.getLayers().size()) {}

  runtime::Error prepare();
  runtime::Error run();

  std::string kernel;
  runtime::LoadedModel model;
  /// Of each layer in each run, from the end of the layer before it on: what
  /// brings the input into the form of the kernel counts.
  std::vector<std::vector<int64_t>> times;

private:
  using Clock = std::chrono::steady_clock;
  static void notify(void *context, uint32_t layer, int32_t event);

  std::vector<runtime::NpyArray> inputs, outputs;
  std::optional<runtime::Buffer> workspace;
  Clock::time_point last;
};

} // namespace

void Candidate::notify(void *context, uint32_t layer, int32_t event) {
  auto *self = static_cast<Candidate *>(context);
  if (event != DOREFA_LAYER_ENDS || layer >= self->times.size())
    return;
  Clock::time_point now = Clock::now();
  std::chrono::nanoseconds time = now - self->last;
  self->times[layer].push_back(time.count());
  self->last = now;
}

/// Any bits for integers, numbers from 0 to 1 for floats; the same each time.
static void fillRandomly(runtime::NpyArray &array) {
  std::minstd_rand random;
  if (array.elementType == runtime::NpyElementType::F32) {
    auto *values = reinterpret_cast<float *>(array.bytes.data());
    for (size_t i = 0; i < array.getNumElements(); ++i)
      values[i] = random() / float(std::minstd_rand::max());
    return;
  }
  auto *bytes = reinterpret_cast<uint8_t *>(array.bytes.data());
  for (size_t i = 0; i < array.bytes.size(); ++i)
    bytes[i] = random() >> 8;
}

runtime::Error Candidate::prepare() {
  auto in = runtime::allocateArrays(model.getInputs(), /*batch=*/1);
  if (!in)
    return in.takeError();
  auto out = runtime::allocateArrays(model.getOutputs(), /*batch=*/1);
  if (!out)
    return out.takeError();
  auto memory = model.allocateWorkspace(/*batch=*/1);
  if (!memory)
    return memory.takeError();
  inputs = std::move(*in);
  llvm::for_each(inputs, fillRandomly);
  outputs = std::move(*out);
  workspace = std::move(*memory);
  return model.run(inputs, 1, *workspace, outputs);
}

runtime::Error Candidate::run() {
  dorefa_run_options options = {};
  options.notify = notify;
  options.context = this;
  last = Clock::now();
  return model.run(inputs, 1, *workspace, outputs, &options);
}

static int64_t getMedian(std::vector<int64_t> values) {
  auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

static void showProgress(const Twine &text) {
  if (llvm::sys::Process::StandardErrIsDisplayed())
    llvm::errs() << "\r\033[K" << text;
}

/// Runs the candidates in turns, so that what else the machine does meets all
/// of them.
static runtime::Error measure(std::vector<Candidate> &candidates) {
  constexpr unsigned kRounds = 21;
  for (Candidate &candidate : candidates)
    if (runtime::Error error = candidate.prepare())
      return error;
  for (unsigned round = 0; round < kRounds; ++round) {
    showProgress("tune: round " + Twine(round + 1) + " of " + Twine(kRounds));
    for (Candidate &candidate : candidates)
      if (runtime::Error error = candidate.run())
        return error;
  }
  return runtime::Error::success();
}

static std::vector<LayerChoice>
chooseFastest(const std::vector<Candidate> &candidates) {
  std::vector<LayerChoice> choices;
  const std::vector<runtime::LayerSpec> &layers =
      candidates.front().model.getLayers();
  for (size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].kernel == "float")
      continue;
    LayerChoice choice{layers[i].name, "", {}};
    for (const Candidate &candidate : candidates) {
      // A kernel that does not compute the layer left it to another one.
      const std::string &kernel = candidate.model.getLayers()[i].kernel;
      if (kernel != candidate.kernel)
        continue;
      choice.nanoseconds[kernel] = getMedian(candidate.times[i]);
      if (choice.kernel.empty() ||
          choice.nanoseconds[kernel] < choice.nanoseconds[choice.kernel])
        choice.kernel = kernel;
    }
    choices.push_back(std::move(choice));
  }
  return choices;
}

FailureOr<std::vector<LayerChoice>>
tune(KernelCompiler compile, StringRef symbolPrefix, Location loc) {
  std::vector<Candidate> candidates;
  for (unsigned i = 0; i <= bitplane::getMaxEnumValForKernel(); ++i) {
    auto kernel = bitplane::symbolizeKernel(i);
    StringRef name = bitplane::stringifyKernel(*kernel);
    showProgress("tune: compile with kernel " + name);
    SmallString<128> path;
    if (std::error_code error =
            llvm::sys::fs::createTemporaryFile("dorefa-tune", "so", path))
      return emitError(loc) << "no temporary file for tuning can be created: "
                            << error.message();
    llvm::FileRemover remover(path);
    if (failed(compile(name, path)))
      return failure();
    auto model =
        runtime::LoadedModel::open(path.str().str(), symbolPrefix.str());
    if (!model)
      return emitError(loc)
             << "cannot be tuned, because this machine cannot run the code: "
             << model.takeError().message()
             << "; tune on the target and use --kernels-from here";
    candidates.emplace_back(name, std::move(*model));
  }
  if (runtime::Error error = measure(candidates))
    return emitError(loc) << "cannot be tuned: " << error.message();
  showProgress("");
  return chooseFastest(candidates);
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

LogicalResult writeChoices(MLIRContext &context, ArrayRef<LayerChoice> choices,
                           StringRef path) {
  return dorefa::writeFile(context, path, [&](raw_ostream &os) {
    llvm::json::OStream json(os, /*IndentSize=*/2);
    json.object([&] {
      json.attributeArray("layers", [&] {
        for (const LayerChoice &choice : choices)
          json.object([&] {
            json.attribute("name", choice.name);
            json.attribute("kernel", choice.kernel);
            json.attributeObject("nanoseconds", [&] {
              for (auto &[kernel, time] : choice.nanoseconds)
                json.attribute(kernel, time);
            });
          });
      });
    });
    os << '\n';
    return success();
  });
}

/// What the file says; an error without a place.
static llvm::Expected<std::vector<LayerChoice>> parseChoices(StringRef text) {
  llvm::Expected<llvm::json::Value> json = llvm::json::parse(text);
  if (!json)
    return json.takeError();
  llvm::json::Object *object = json->getAsObject();
  llvm::json::Array *layers = object ? object->getArray("layers") : nullptr;
  if (!layers)
    return llvm::createStringError("there is no array 'layers'");
  std::vector<LayerChoice> choices;
  for (llvm::json::Value &value : *layers) {
    llvm::json::Object *layer = value.getAsObject();
    auto name = layer ? layer->getString("name") : std::nullopt;
    auto kernel = layer ? layer->getString("kernel") : std::nullopt;
    if (!name || !kernel || !bitplane::symbolizeKernel(*kernel))
      return llvm::createStringError(
          "layer " + Twine(choices.size()) +
          " needs a 'name' and a 'kernel': popcount, lookup or dot");
    choices.push_back({name->str(), kernel->str(), {}});
  }
  return choices;
}

FailureOr<std::vector<std::string>> readChoices(ModuleOp module,
                                                StringRef path) {
  Location loc = FileLineColLoc::get(module.getContext(), path, 0, 0);
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return emitError(loc) << "cannot be read: " << buffer.getError().message();
  auto choices = parseChoices((*buffer)->getBuffer());
  if (!choices)
    return emitError(loc) << "is not what --tune writes: "
                          << llvm::toString(choices.takeError());
  std::vector<std::string> names, kernels;
  for (const dorefa::LayerReport &layer : dorefa::reportLayers(module))
    if (layer.kernel != "float")
      names.push_back(layer.name);
  if (names.size() != choices->size())
    return emitError(loc) << "has kernels for " << choices->size()
                          << " layers but the network has " << names.size()
                          << " layers on bits: tune this network";
  for (auto [name, choice] : llvm::zip_equal(names, *choices)) {
    if (name != choice.name)
      return emitError(loc) << "has layer '" << choice.name
                            << "' where the network has '" << name
                            << "': tune this network";
    kernels.push_back(choice.kernel);
  }
  return kernels;
}
