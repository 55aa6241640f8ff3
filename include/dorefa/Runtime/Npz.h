//===- Npz.h - Archives of NumPy arrays -------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_RUNTIME_NPZ_H
#define DOREFA_RUNTIME_NPZ_H

#include "dorefa/Runtime/Npy.h"

namespace mlir::dorefa::runtime {

/// One array of an archive: `numpy.load(path)[name]`.
struct NamedArray {
  /// UTF-8, unique in the archive.
  std::string name;
  NpyView array;
};

/// Writes an uncompressed .npz file like numpy.savez. The same arrays give the
/// same bytes. `path` is either untouched or whole; an error starts with it.
Error writeNpz(const std::string &path, const std::vector<NamedArray> &arrays);

} // namespace mlir::dorefa::runtime

#endif // DOREFA_RUNTIME_NPZ_H
