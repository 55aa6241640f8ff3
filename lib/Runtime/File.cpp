//===- File.cpp - Whole files in and out ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Runtime/File.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir::dorefa::runtime;

/// `what`, and why the last system call failed.
static Error systemError(const char *what) {
  return Error(std::string(what) + ": " + std::strerror(errno));
}

Expected<InputFile> InputFile::open(const std::string &path) {
  // Without O_NONBLOCK opening a pipe waits for its writer.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return systemError("cannot be opened");
  InputFile file(descriptor, 0);
  struct stat status;
  if (::fstat(descriptor, &status) != 0)
    return systemError("cannot be examined");
  if (S_ISDIR(status.st_mode))
    return Error("is a directory but must be a file");
  if (!S_ISREG(status.st_mode))
    return Error("is a pipe or a device but must be a regular file");
  file.numBytes = static_cast<uint64_t>(status.st_size);
  return file;
}

InputFile::InputFile(InputFile &&other)
    : descriptor(std::exchange(other.descriptor, -1)),
      numBytes(other.numBytes) {}

InputFile::~InputFile() {
  if (descriptor >= 0)
    ::close(descriptor);
}

Error InputFile::read(uint64_t offset, void *data, size_t size) const {
  auto *next = static_cast<char *>(data);
  while (size > 0) {
    ssize_t count = ::pread(descriptor, next, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return systemError("cannot be read");
    if (count == 0)
      return Error("became shorter while it was read");
    next += count;
    offset += static_cast<uint64_t>(count);
    size -= static_cast<size_t>(count);
  }
  return Error::success();
}

static Error writeBytes(int descriptor, Bytes bytes) {
  const auto *next = static_cast<const char *>(bytes.data);
  while (bytes.size > 0) {
    ssize_t count = ::write(descriptor, next, bytes.size);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return systemError("cannot be written");
    next += count;
    bytes.size -= static_cast<size_t>(count);
  }
  return Error::success();
}

/// Creates a new file beside `path`; mkstemp would ignore the umask.
static int createBeside(const std::string &path, std::string &name) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    name = path + ".tmp" + std::to_string(::getpid()) + "." +
           std::to_string(attempt);
    int descriptor =
        ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST)
      return descriptor;
  }
  return -1;
}

Error mlir::dorefa::runtime::writeFile(const std::string &path,
                                       const std::vector<Bytes> &pieces) {
  // Renaming over a device such as /dev/null would replace the device.
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return Error("exists and is not a regular file; name another output file");

  std::string temporary;
  int descriptor = createBeside(path, temporary);
  if (descriptor < 0)
    return systemError("cannot be created");
  Error error = Error::success();
  for (const Bytes &piece : pieces)
    if (!error)
      error = writeBytes(descriptor, piece);
  if (::close(descriptor) != 0 && !error)
    error = systemError("cannot be written");
  if (!error && std::rename(temporary.c_str(), path.c_str()) != 0)
    error = systemError("cannot be replaced");
  if (error)
    ::unlink(temporary.c_str());
  return error;
}
