//===- TensorFiles.h - Files for the tensors of a network -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the programs that run a network share: `--input [NAME=]FILE.npy` and
// its siblings, matched with the network's tensors, read, checked, written.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_RUNTIME_TENSORFILES_H
#define DOREFA_RUNTIME_TENSORFILES_H

#include "dorefa/Runtime/Npy.h"

namespace mlir::dorefa::runtime {

/// One input or output of a network.
struct TensorSpec {
  std::string name;
  NpyElementType elementType;
  /// Sizes; -1 stands for the batch, in shape[0] only.
  std::vector<int64_t> shape;

  bool hasBatch() const { return !shape.empty() && shape[0] == -1; }
};

/// The inputs or the outputs of a network, and how messages speak of them.
struct TensorGroup {
  /// "input" or "output".
  std::string role;
  std::vector<TensorSpec> tensors;
};

/// For each tensor of a group the path of its file; empty where there is none.
using TensorPaths = std::vector<std::string>;

/// Matches the values of `option`, such as "--expect", with tensors. A value is
/// NAME=PATH, or PATH where the group has one tensor. Unknown and repeated
/// names are errors.
Expected<TensorPaths> matchFiles(const TensorGroup &group,
                                 const std::string &option,
                                 const std::vector<std::string> &values);

/// Prints role, name, type and shape of every tensor, one per line.
void printTensors(const TensorGroup &inputs, const TensorGroup &outputs);

/// The arrays of all inputs of a network.
struct InputArrays {
  std::vector<NpyArray> arrays;
  /// The leading size that all inputs with a batch share, at least 1; 1 where
  /// no input has a batch.
  int64_t batch;
};

/// Reads every input. A missing file, an element type or a shape other than the
/// input's, and batches that disagree are errors.
Expected<InputArrays> readInputs(const TensorGroup &inputs,
                                 const TensorPaths &paths);

/// Arrays of zeros for all tensors of a group.
Expected<std::vector<NpyArray>> allocateArrays(const TensorGroup &group,
                                               int64_t batch);

/// Reads the arrays that outputs are compared with; nothing where `paths` has
/// no file. Another element type or shape than the output's is an error.
Expected<std::vector<std::optional<NpyArray>>>
readExpected(const TensorGroup &outputs, const TensorPaths &paths,
             int64_t batch);

/// Writes the arrays that have a file, and tells a person, but not a pipe, so.
Error writeArrays(const std::vector<NpyArray> &arrays,
                  const TensorPaths &paths);

/// Prints a line for each output with an expected array (see compare()); whether
/// all are equal.
bool printComparisons(const TensorGroup &outputs,
                      const std::vector<NpyArray> &actual,
                      const std::vector<std::optional<NpyArray>> &expected,
                      std::optional<double> tolerance);

} // namespace mlir::dorefa::runtime

#endif // DOREFA_RUNTIME_TENSORFILES_H
