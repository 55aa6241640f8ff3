//===- TensorFiles.cpp - Files for the tensors of a network ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Runtime/TensorFiles.h"
#include "dorefa/Runtime/Compare.h"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

using namespace mlir::dorefa::runtime;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// "input 'image'".
static std::string describe(const TensorGroup &group, size_t index) {
  return group.role + " '" + group.tensors[index].name + "'";
}

/// "the inputs are 'image', 'mask'".
static std::string describeNames(const TensorGroup &group) {
  if (group.tensors.empty())
    return "the network has no " + group.role;
  std::string text =
      "the " + group.role + (group.tensors.size() == 1 ? " is" : "s are");
  for (size_t i = 0; i < group.tensors.size(); ++i)
    text += (i == 0 ? " '" : ", '") + group.tensors[i].name + "'";
  return text;
}

/// Splits NAME=PATH; returns the index of the tensor. Names and paths may hold
/// '=' themselves, so the longest name that fits counts.
static Expected<size_t> splitValue(const TensorGroup &group,
                                   const std::string &option,
                                   const std::string &value,
                                   std::string &path) {
  std::optional<size_t> match;
  for (size_t i = 0; i < group.tensors.size(); ++i) {
    std::string prefix = group.tensors[i].name + "=";
    if (value.compare(0, prefix.size(), prefix) == 0 &&
        (!match || prefix.size() > group.tensors[*match].name.size() + 1))
      match = i;
  }
  if (match) {
    path = value.substr(group.tensors[*match].name.size() + 1);
    return *match;
  }
  size_t equals = value.find('=');
  if (equals != std::string::npos || group.tensors.empty())
    return Error(option + ": no " + group.role + " is named '" +
                 value.substr(0, equals) + "'; " + describeNames(group));
  if (group.tensors.size() > 1)
    return Error(option + ": '" + value + "' must be NAME=" + value +
                 " because there is more than one " + group.role + "; " +
                 describeNames(group));
  path = value;
  return size_t(0);
}

Expected<TensorPaths>
mlir::dorefa::runtime::matchFiles(const TensorGroup &group,
                                  const std::string &option,
                                  const std::vector<std::string> &values) {
  TensorPaths paths(group.tensors.size());
  for (const std::string &value : values) {
    std::string path;
    Expected<size_t> index = splitValue(group, option, value, path);
    if (!index)
      return index.takeError();
    if (path.empty())
      return Error(option + ": '" + value + "' names no file");
    if (!paths[*index].empty())
      return Error(option + ": " + describe(group, *index) +
                   " has two files, '" + paths[*index] + "' and '" + path +
                   "', but must have one");
    paths[*index] = path;
  }
  return paths;
}

void mlir::dorefa::runtime::printTensors(const TensorGroup &inputs,
                                         const TensorGroup &outputs) {
  size_t width = 0;
  for (const TensorGroup *group : {&inputs, &outputs})
    for (const TensorSpec &spec : group->tensors)
      width = std::max(width, spec.name.size());
  for (const TensorGroup *group : {&inputs, &outputs})
    for (const TensorSpec &spec : group->tensors)
      std::printf("%-7s %-*s  %s\n", group->role.c_str(),
                  static_cast<int>(width), spec.name.c_str(),
                  toString(spec.elementType, spec.shape).c_str());
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// The shape of a tensor for this batch.
static std::vector<int64_t> getShape(const TensorSpec &spec, int64_t batch) {
  std::vector<int64_t> shape = spec.shape;
  if (spec.hasBatch())
    shape[0] = batch;
  return shape;
}

static bool fits(const std::vector<int64_t> &shape,
                 const std::vector<int64_t> &required) {
  return std::equal(shape.begin(), shape.end(), required.begin(),
                    required.end(), [](int64_t size, int64_t requiredSize) {
                      return size == requiredSize || requiredSize == -1;
                    });
}

/// What a user can do about an array that is not as the tensor must be.
static std::string suggestFix(const NpyArray &array, const TensorSpec &spec) {
  if (array.elementType != spec.elementType)
    return spec.elementType == NpyElementType::F32
               ? "; convert it with .astype(\"float32\")"
               : "";
  std::vector<int64_t> batchOfOne = array.shape;
  batchOfOne.insert(batchOfOne.begin(), 1);
  return fits(batchOfOne, spec.shape) ? "; add the batch with array[None]" : "";
}

/// Reads the file of `spec`, whose shape may hold -1. `tensor` is how messages
/// call it.
static Expected<NpyArray> readTensor(const std::string &path,
                                     const TensorSpec &spec,
                                     const std::string &tensor) {
  Expected<NpyArray> array = readNpy(path);
  if (!array)
    return array;
  if (array->elementType != spec.elementType || !fits(array->shape, spec.shape))
    return Error(path + ": " + tensor + " is " +
                 toString(array->elementType, array->shape) + " but must be " +
                 toString(spec.elementType, spec.shape) +
                 suggestFix(*array, spec));
  return array;
}

Expected<InputArrays>
mlir::dorefa::runtime::readInputs(const TensorGroup &inputs,
                                  const TensorPaths &paths) {
  InputArrays result{{}, 1};
  std::optional<size_t> first;
  for (size_t i = 0; i < inputs.tensors.size(); ++i) {
    const TensorSpec &spec = inputs.tensors[i];
    if (paths[i].empty())
      return Error(describe(inputs, i) + " has no file; add --input " +
                   spec.name + "=FILE.npy");
    Expected<NpyArray> array = readTensor(paths[i], spec, describe(inputs, i));
    if (!array)
      return array.takeError();
    if (spec.hasBatch()) {
      int64_t batch = array->shape[0];
      if (batch < 1)
        return Error(paths[i] + ": " + describe(inputs, i) +
                     " has a batch of 0 but must have at least 1");
      if (first && batch != result.batch)
        return Error(paths[i] + ": " + describe(inputs, i) +
                     " has a batch of " + std::to_string(batch) +
                     " but must have " + std::to_string(result.batch) +
                     " like " + describe(inputs, *first));
      first = first.value_or(i);
      result.batch = batch;
    }
    result.arrays.push_back(std::move(*array));
  }
  return result;
}

Expected<std::vector<NpyArray>>
mlir::dorefa::runtime::allocateArrays(const TensorGroup &group, int64_t batch) {
  std::vector<NpyArray> arrays;
  for (size_t i = 0; i < group.tensors.size(); ++i) {
    const TensorSpec &spec = group.tensors[i];
    Expected<NpyArray> array =
        NpyArray::allocate(spec.elementType, getShape(spec, batch));
    if (!array)
      return array.takeError().at(describe(group, i));
    arrays.push_back(std::move(*array));
  }
  return arrays;
}

Expected<std::vector<std::optional<NpyArray>>>
mlir::dorefa::runtime::readExpected(const TensorGroup &outputs,
                                    const TensorPaths &paths, int64_t batch) {
  std::vector<std::optional<NpyArray>> arrays(outputs.tensors.size());
  for (size_t i = 0; i < arrays.size(); ++i) {
    if (paths[i].empty())
      continue;
    TensorSpec spec = outputs.tensors[i];
    spec.shape = getShape(spec, batch);
    Expected<NpyArray> array =
        readTensor(paths[i], spec, "the expected " + describe(outputs, i));
    if (!array)
      return array.takeError();
    arrays[i] = std::move(*array);
  }
  return arrays;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

Error mlir::dorefa::runtime::writeArrays(const std::vector<NpyArray> &arrays,
                                         const TensorPaths &paths) {
  for (size_t i = 0; i < arrays.size(); ++i) {
    if (paths[i].empty())
      continue;
    if (Error error = writeNpy(paths[i], arrays[i]))
      return error;
    if (isatty(STDOUT_FILENO))
      std::printf("wrote %s: %s\n", paths[i].c_str(),
                  toString(arrays[i].elementType, arrays[i].shape).c_str());
  }
  return Error::success();
}

bool mlir::dorefa::runtime::printComparisons(
    const TensorGroup &outputs, const std::vector<NpyArray> &actual,
    const std::vector<std::optional<NpyArray>> &expected,
    std::optional<double> tolerance) {
  bool equal = true;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (!expected[i])
      continue;
    Comparison result = compare(actual[i], *expected[i], tolerance);
    std::printf("%s: %s\n", outputs.tensors[i].name.c_str(),
                result.summary.c_str());
    equal &= result.equal;
  }
  return equal;
}
