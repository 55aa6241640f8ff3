//===- LoadedModel.cpp - Compiled models in this process ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Runtime/LoadedModel.h"
#include "dorefa/Runtime/File.h"

#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>

using namespace mlir::dorefa::runtime;

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

#if defined(__x86_64__)
static constexpr uint16_t hostMachine = EM_X86_64;
#elif defined(__aarch64__)
static constexpr uint16_t hostMachine = EM_AARCH64;
#elif defined(__riscv)
static constexpr uint16_t hostMachine = EM_RISCV;
#else
#error "the runtime does not know the ELF machine of this processor"
#endif

static std::string getMachineName(uint16_t machine) {
  switch (machine) {
  case EM_X86_64:
    return "x86_64";
  case EM_AARCH64:
    return "aarch64";
  case EM_RISCV:
    return "riscv";
  }
  return "ELF machine " + std::to_string(machine);
}

/// Checks what dlopen does not: a truncated library would crash it, and for
/// another machine's it says that there is no such file.
static Error checkLibraryFile(const std::string &path) {
  Expected<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeError();
  Elf64_Ehdr header = {};
  size_t size = std::min<uint64_t>(file->size(), sizeof(header));
  if (Error error = file->read(0, &header, size))
    return error;
  if (size < sizeof(header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_DYN)
    return Error("is not a shared library; compile the model with "
                 "dorefa-compile first");
  if (header.e_machine != hostMachine)
    return Error("was compiled for " + getMachineName(header.e_machine) +
                 " but this machine is " + getMachineName(hostMachine) +
                 "; recompile it for this machine");

  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    uint64_t offset = 0, end = 0;
    if (__builtin_add_overflow(header.e_phoff, i * sizeof(segment), &offset) ||
        __builtin_add_overflow(offset, sizeof(segment), &end) ||
        end > file->size())
      return Error("is a truncated library; compile the model again");
    if (Error error = file->read(offset, &segment, sizeof(segment)))
      return error;
    if (__builtin_add_overflow(segment.p_offset, segment.p_filesz, &end) ||
        end > file->size())
      return Error("is a truncated library; compile the model again");
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

static std::optional<NpyElementType> getElementType(int32_t type) {
  switch (type) {
  case DOREFA_F32:
    return NpyElementType::F32;
  case DOREFA_I32:
    return NpyElementType::I32;
  case DOREFA_I64:
    return NpyElementType::I64;
  case DOREFA_U8:
    return NpyElementType::U8;
  case DOREFA_I8:
    return NpyElementType::I8;
  }
  return std::nullopt;
}

/// Appends the tensors to the group; nothing of the model is taken on trust.
static Error readTensors(const dorefa_tensor_info *tensors, uint32_t count,
                         TensorGroup &group) {
  if (count > 0 && !tensors)
    return Error("has a damaged description: it has no " + group.role +
                 "s but says that there are " + std::to_string(count));
  for (uint32_t i = 0; i < count; ++i) {
    const dorefa_tensor_info &info = tensors[i];
    std::string what = group.role + " " + std::to_string(i);
    std::optional<NpyElementType> type = getElementType(info.element_type);
    if (!info.name || !type)
      return Error("has a damaged description: " + what +
                   " has no name or no known element type");
    if (info.rank < 0 || info.rank > DOREFA_MAX_RANK)
      return Error("has a damaged description: " + what + " has rank " +
                   std::to_string(info.rank) + " but must have 0 to " +
                   std::to_string(DOREFA_MAX_RANK));
    TensorSpec spec{info.name, *type, {info.dims, info.dims + info.rank}};
    std::vector<int64_t> sizes = spec.shape;
    if (spec.hasBatch())
      sizes[0] = 1;
    if (!getNumBytes(spec.elementType, sizes))
      return Error("has a damaged description: " + what +
                   " has the impossible shape " + toString(spec.shape));
    group.tensors.push_back(std::move(spec));
  }
  return Error::success();
}

/// The layers of `model`; nothing of it is taken on trust.
static Expected<std::vector<LayerSpec>> readLayers(const dorefa_model &model) {
  if (model.num_layers > 0 && !model.layers)
    return Error("has a damaged description: it has no layers but says that "
                 "there are " +
                 std::to_string(model.num_layers));
  std::vector<LayerSpec> layers;
  for (uint32_t i = 0; i < model.num_layers; ++i) {
    const dorefa_layer_info &info = model.layers[i];
    if (!info.name || !info.operation || !info.kernel || info.macs < 0 ||
        info.predicted_ns < 0)
      return Error("has a damaged description: layer " + std::to_string(i) +
                   " has no name, operation or kernel, or a negative number");
    layers.push_back({info.name, info.operation, info.kernel, info.macs,
                      info.predicted_ns});
  }
  return layers;
}

void LoadedModel::CloseLibrary::operator()(void *library) const {
  ::dlclose(library);
}

Error LoadedModel::makeError(int32_t status) const {
  std::string target = model && model->target
                           ? std::string("'") + model->target + "'"
                           : "another processor";
  switch (status) {
  case DOREFA_ERROR_VERSION:
    return Error(
        "has another version of the binary interface than " +
        std::to_string(DOREFA_MODEL_ABI_VERSION) +
        "; recompile the model with the dorefa-compile that belongs to "
        "this program");
  case DOREFA_ERROR_CPU:
    return Error(
        "was compiled for " + target +
        " but this processor lacks some of its instructions; recompile "
        "the model on this machine with --mcpu=native");
  case DOREFA_ERROR_ARGUMENT:
    return Error("refused its arguments (null pointer or unsupported batch)");
  case DOREFA_ERROR_WORKSPACE:
    return Error("refused its workspace (null or not aligned)");
  case DOREFA_ERROR_DEVICE:
    return Error(session ? model->session_error(session.get())
                         : "runs on a device; choose one with --device=gpu or "
                           "--device=emulator (GPU), --device=bpa-func "
                           "(accelerator)");
  }
  return Error("returned the unknown status " + std::to_string(status));
}

Error LoadedModel::openModel(const std::string &function) {
  auto openFunction = reinterpret_cast<dorefa_model_open_fn>(
      ::dlsym(library.get(), function.c_str()));
  if (!openFunction)
    return Error(
        "is a library without the function '" + function +
        "'; a model that was compiled with --symbol-prefix=P needs the "
        "same option here");
  int32_t status = openFunction(DOREFA_MODEL_ABI_VERSION, &model);
  if (status != DOREFA_OK)
    return makeError(status);
  if (!model || model->abi_version != DOREFA_MODEL_ABI_VERSION)
    return makeError(DOREFA_ERROR_VERSION);
  bool hasSessions = model->open_session != nullptr;
  if (!model->name || !model->target || !model->workspace_size || !model->run ||
      (hasSessions && (!model->close_session || !model->session_error)))
    return Error("has a damaged description: a field of the model is null");
  if (Error error = readTensors(model->inputs, model->num_inputs, inputs))
    return error;
  if (Error error = readTensors(model->outputs, model->num_outputs, outputs))
    return error;
  Expected<std::vector<LayerSpec>> known = readLayers(*model);
  if (!known)
    return known.takeError();
  layers = std::move(*known);
  return Error::success();
}

void LoadedModel::CloseSession::operator()(dorefa_session *session) const {
  model->close_session(session);
}

Error LoadedModel::openSession(const std::string &device) {
  if (!model->open_session)
    return Error(path + ": was compiled for the processor and runs on no device; "
                        "compile it with --target=gpu or --target=bpa");
  dorefa_session *opened = nullptr;
  int32_t status = model->open_session(device.c_str(), &opened);
  session = {opened, CloseSession{model}};
  return status == DOREFA_OK ? Error::success() : makeError(status).at(path);
}

Expected<LoadedModel> LoadedModel::open(const std::string &path,
                                        const std::string &symbolPrefix) {
  if (Error error = checkLibraryFile(path))
    return std::move(error).at(path);
  // dlopen searches the system for a name without a slash.
  std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void *library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return Error(path + ": cannot be loaded: " + ::dlerror());
  LoadedModel result(path, library);
  if (Error error = result.openModel(symbolPrefix + "_open"))
    return std::move(error).at(path);
  return result;
}

Expected<Buffer> LoadedModel::allocateWorkspace(int64_t batch) const {
  int64_t size = model->workspace_size(batch);
  if (size < 0)
    return Error(path + ": wants a workspace of " + std::to_string(size) +
                 " bytes for a batch of " + std::to_string(batch));
  Expected<Buffer> workspace = Buffer::allocate(static_cast<size_t>(size));
  if (!workspace)
    return workspace.takeError().at(path);
  return workspace;
}

Error LoadedModel::run(const std::vector<NpyArray> &in, int64_t batch,
                       Buffer &workspace, std::vector<NpyArray> &out,
                       const dorefa_run_options *options) const {
  std::vector<const void *> inputData;
  for (const NpyArray &array : in)
    inputData.push_back(array.bytes.data());
  std::vector<void *> outputData;
  for (NpyArray &array : out)
    outputData.push_back(array.bytes.data());
  dorefa_run_options all = options ? *options : dorefa_run_options();
  all.session = session.get();
  int32_t status = model->run(inputData.data(), outputData.data(), batch,
                              workspace.data(), &all);
  return status == DOREFA_OK ? Error::success() : makeError(status).at(path);
}
