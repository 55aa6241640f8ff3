//===- write_npz.cpp - Writes an archive of arrays ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Runtime/Npz.h"

#include <cstdio>
#include <cstring>

using namespace mlir::dorefa::runtime;

int main(int argc, char **argv) {
  const float scores[] = {1.5f, -2.0f, 3.25f};
  const int32_t codes[2][2] = {{1, 2}, {3, 4}};
  const int64_t step = 7;
  std::vector<NamedArray> arrays = {
      {"conv1/scores", {NpyElementType::F32, {3}, scores}},
      {"codes", {NpyElementType::I32, {2, 2}, codes}},
      {"step", {NpyElementType::I64, {}, &step}},
      {"nothing", {NpyElementType::U8, {0, 4}, nullptr}}};
  if (argc > 2 && std::strcmp(argv[2], "twice") == 0)
    arrays.push_back(arrays.front());
  if (argc > 2 && std::strcmp(argv[2], "none") == 0)
    arrays.clear();
  Error error = writeNpz(argv[1], arrays);
  if (!error)
    return 0;
  std::printf("error: %s\n", error.message().c_str());
  return 1;
}
