//===- Npz.cpp - Archives of NumPy arrays ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Runtime/Npz.h"

#include <memory>
#include <zip.h>

using namespace mlir::dorefa::runtime;

namespace {
/// Closes an archive without writing it.
struct Discard {
  void operator()(zip_t *archive) const { zip_discard(archive); }
};
} // namespace

static Error archiveError(zip_t *archive, const std::string &what) {
  return Error(what + ": " + zip_strerror(archive));
}

/// `header` and the elements must live until the archive is closed.
static Error addArray(zip_t *archive, const NamedArray &entry,
                      const std::string &header) {
  std::optional<size_t> numBytes =
      getNumBytes(entry.array.elementType, entry.array.shape);
  if (!numBytes)
    return Error("cannot hold array '" + entry.name + "', which is too large");
  // libzip copies the list of fragments, never their bytes or writes to them.
  zip_buffer_fragment_t fragments[] = {
      {reinterpret_cast<zip_uint8_t *>(const_cast<char *>(header.data())),
       header.size()},
      {static_cast<zip_uint8_t *>(const_cast<void *>(entry.array.data)),
       *numBytes}};
  zip_source_t *source = zip_source_buffer_fragment(
      archive, fragments, *numBytes == 0 ? 1 : 2, /*freep=*/0);
  if (!source)
    return archiveError(archive, "cannot hold array '" + entry.name + "'");
  zip_int64_t index = zip_file_add(archive, (entry.name + ".npy").c_str(),
                                   source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    return archiveError(archive, "cannot hold array '" + entry.name + "'");
  }
  // 1 January 1980, as numpy.savez writes it: no clock in the bytes.
  constexpr zip_uint16_t firstDay = 1 << 5 | 1;
  if (zip_set_file_compression(archive, index, ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(archive, index, 0, firstDay, 0) != 0)
    return archiveError(archive, "cannot hold array '" + entry.name + "'");
  return Error::success();
}

Error mlir::dorefa::runtime::writeNpz(const std::string &path,
                                      const std::vector<NamedArray> &arrays) {
  if (arrays.empty())
    return Error(path + ": there is no array to write");
  int code = 0;
  std::unique_ptr<zip_t, Discard> archive(
      zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    return Error(path + ": cannot be created: " + text);
  }
  std::vector<std::string> headers;
  headers.reserve(arrays.size());
  for (const NamedArray &entry : arrays) {
    headers.push_back(makeNpyHeader(entry.array));
    if (Error error = addArray(archive.get(), entry, headers.back()))
      return std::move(error).at(path);
  }
  // zip_close writes a temporary file beside `path` and renames it.
  if (zip_close(archive.get()) != 0)
    return archiveError(archive.get(), path + ": cannot be written");
  archive.release();
  return Error::success();
}
