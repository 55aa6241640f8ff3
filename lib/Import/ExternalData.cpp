//===- ExternalData.cpp - Weights beside the model file -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxFile.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir;
using namespace mlir::dorefa;

/// The absolute path of `location` in the folder of the model, links resolved.
static FailureOr<std::string> resolve(StringRef path, StringRef location,
                                      EmitError emitError) {
  if (location.empty() || location.contains('\0') ||
      llvm::sys::path::is_absolute(location))
    return emitError() << "has external data in '" << printable(location)
                       << "', which must be a path relative to the model";
  for (StringRef part : llvm::make_range(llvm::sys::path::begin(location),
                                         llvm::sys::path::end(location)))
    if (part == "..")
      return emitError() << "has external data in '" << printable(location)
                         << "', which must not contain '..'";
  SmallString<256> model, folder, file, resolved;
  if (llvm::sys::fs::real_path(path, model))
    return emitError()
           << "has external data, but the model's folder is not there";
  folder = llvm::sys::path::parent_path(model);
  file = folder;
  llvm::sys::path::append(file, location);
  if (std::error_code error = llvm::sys::fs::real_path(file, resolved))
    return emitError() << "has external data in '" << printable(location)
                       << "', which cannot be read: " << error.message();
  if (!folder.str().ends_with("/"))
    folder += '/';
  if (!resolved.str().starts_with(folder))
    return emitError() << "has external data in '" << printable(location)
                       << "', a link that leads out of the model's folder; put "
                          "the file itself there";
  return std::string(resolved);
}

/// Checks on the opened file: what `resolve` saw may have been exchanged since.
static LogicalResult checkOpened(int fd, StringRef resolved, StringRef location,
                                 struct stat &status, EmitError emitError) {
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
    return emitError() << "has external data in '" << printable(location)
                       << "', which is not a plain file";
  if (status.st_nlink != 1)
    return emitError() << "has external data in '" << printable(location)
                       << "', which has " << uint64_t(status.st_nlink)
                       << " hard links and may be a file outside the model's "
                          "folder; copy it there";
  char opened[4096];
  std::string link = "/proc/self/fd/" + std::to_string(fd);
  ssize_t size = readlink(link.c_str(), opened, sizeof(opened));
  if (size >= 0 && StringRef(opened, size) != resolved)
    return emitError() << "has external data in '" << printable(location)
                       << "', which changed while it was read";
  return success();
}

FailureOr<std::string> dorefa::readExternalData(StringRef path,
                                                StringRef location,
                                                int64_t offset, int64_t length,
                                                EmitError emitError) {
  FailureOr<std::string> resolved = resolve(path, location, emitError);
  if (failed(resolved))
    return failure();
  // Without O_NONBLOCK opening a FIFO would wait for ever.
  int fd =
      open(resolved->c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return emitError() << "has external data in '" << printable(location)
                       << "', which cannot be opened";
  llvm::scope_exit closer([&] { close(fd); });
  struct stat status;
  if (failed(checkOpened(fd, *resolved, location, status, emitError)))
    return failure();
  int64_t fileSize = status.st_size;
  if (length < 0 && offset >= 0 && offset <= fileSize)
    length = fileSize - offset;
  if (offset < 0 || offset > fileSize || length < 0 ||
      length > fileSize - offset)
    return emitError() << "has external data at offset " << offset
                       << " of length " << length << " in '"
                       << printable(location) << "', which has " << fileSize
                       << " bytes";
  std::string data(length, '\0');
  for (int64_t done = 0; done < length;) {
    ssize_t count = pread(fd, data.data() + done, length - done, offset + done);
    if (count <= 0)
      return emitError() << "has external data in '" << printable(location)
                         << "', which ended early";
    done += count;
  }
  return data;
}
