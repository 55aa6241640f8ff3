//===- LoadedModel.h - Compiled models in this process ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_RUNTIME_LOADEDMODEL_H
#define DOREFA_RUNTIME_LOADEDMODEL_H

#include "dorefa-c/Model.h"
#include "dorefa/Runtime/Buffer.h"
#include "dorefa/Runtime/TensorFiles.h"

namespace mlir::dorefa::runtime {

/// A layer, in the order in which they run.
struct LayerSpec {
  /// Name in the source file, what it computes, and how.
  std::string name, operation, kernel;
  /// Multiply-adds per sample where the model has a batch, else altogether.
  int64_t macs;
  /// Nanoseconds that the compiler predicted for these, 0: it did not.
  int64_t predictedNanoseconds;
};

/// A shared object that dorefa-compile made (see dorefa-c/Model.h), loaded and
/// checked. Loading runs code of the file: load only what you trust.
class LoadedModel {
public:
  /// Loads the file at `path`, whose one function is `<symbolPrefix>_open`. A
  /// damaged file, another machine's, another version's, and a description of
  /// tensors that makes no sense are errors that start with `path`.
  static Expected<LoadedModel> open(const std::string &path,
                                    const std::string &symbolPrefix);

  /// Name of the network in its source file.
  const char *getName() const { return model->name; }

  /// What the model was compiled for.
  const char *getTarget() const { return model->target; }

  const TensorGroup &getInputs() const { return inputs; }
  const TensorGroup &getOutputs() const { return outputs; }
  /// Whether a run may use several threads.
  bool usesOpenMP() const { return model->uses_openmp != 0; }

  const std::vector<LayerSpec> &getLayers() const { return layers; }

  /// Memory that one run at a time may use; `batch` is at least 1.
  Expected<Buffer> allocateWorkspace(int64_t batch) const;

  /// Whether the model runs on a device, so that it needs a session.
  bool needsSession() const { return model->open_session != nullptr; }

  /// Opens a device, as open_session of the binary interface; runs that follow use it.
  /// An error for a model that runs on the processor.
  Error openSession(const std::string &device);

  /// Runs the network. `in` and `out` have the types and shapes of
  /// getInputs() and getOutputs() for `batch`, `workspace` is of this batch;
  /// `options` are those of the binary interface, or null.
  Error run(const std::vector<NpyArray> &in, int64_t batch, Buffer &workspace,
            std::vector<NpyArray> &out,
            const dorefa_run_options *options = nullptr) const;

private:
  struct CloseLibrary {
    void operator()(void *library) const;
  };

  struct CloseSession {
    const dorefa_model *model;
    void operator()(dorefa_session *session) const;
  };

  LoadedModel(std::string path, void *library)
      : path(std::move(path)), library(library) {}

  /// Finds and calls the function that hands out the model.
  Error openModel(const std::string &function);

  /// The error for a status that is not DOREFA_OK.
  Error makeError(int32_t status) const;

  std::string path;
  std::unique_ptr<void, CloseLibrary> library;
  const dorefa_model *model = nullptr;
  TensorGroup inputs{"input", {}};
  TensorGroup outputs{"output", {}};
  std::vector<LayerSpec> layers;
  /// Closed before the library.
  std::unique_ptr<dorefa_session, CloseSession> session{nullptr, CloseSession{nullptr}};
};

} // namespace mlir::dorefa::runtime

#endif // DOREFA_RUNTIME_LOADEDMODEL_H
