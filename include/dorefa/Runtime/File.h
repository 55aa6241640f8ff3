//===- File.h - Whole files in and out --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_RUNTIME_FILE_H
#define DOREFA_RUNTIME_FILE_H

#include "dorefa/Runtime/Error.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mlir::dorefa::runtime {

/// A regular file that is open for reading. Errors do not name the file.
class InputFile {
public:
  /// Directories, pipes and devices are an error.
  static Expected<InputFile> open(const std::string &path);

  InputFile(InputFile &&other);
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;
  ~InputFile();

  /// Bytes of the file when it was opened.
  uint64_t size() const { return numBytes; }

  /// Reads `size` bytes that start at `offset`; fewer are an error.
  Error read(uint64_t offset, void *data, size_t size) const;

private:
  InputFile(int descriptor, uint64_t size)
      : descriptor(descriptor), numBytes(size) {}

  int descriptor;
  uint64_t numBytes;
};

/// Bytes that somebody else owns.
struct Bytes {
  const void *data;
  size_t size;
};

/// Writes the pieces, one after the other, to a new file and renames it to
/// `path`. Errors do not name `path`; after one, `path` is as it was.
Error writeFile(const std::string &path, const std::vector<Bytes> &pieces);

} // namespace mlir::dorefa::runtime

#endif // DOREFA_RUNTIME_FILE_H
