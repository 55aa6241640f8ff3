//===- Error.h - Errors as returned text ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime is free of LLVM and of exceptions, so it has the smallest
// equivalent of llvm::Error and llvm::Expected: a message, or a value.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_RUNTIME_ERROR_H
#define DOREFA_RUNTIME_ERROR_H

#include <optional>
#include <string>
#include <utility>

namespace mlir::dorefa::runtime {

/// Success, or a message for the user: lower case, no final period, what is,
/// what must be, the way out. True where there is an error.
class [[nodiscard]] Error {
public:
  /// No error.
  static Error success() { return Error(); }

  /// An error with this message.
  explicit Error(std::string text) : text(std::move(text)) {}

  explicit operator bool() const { return text.has_value(); }

  /// The message; only where there is an error.
  const std::string &message() const { return *text; }

  /// The same error with `place: ` in front, such as the name of a file.
  Error at(const std::string &place) && {
    return text ? Error(place + ": " + *text) : success();
  }

private:
  Error() = default;

  std::optional<std::string> text;
};

/// A value, or the error that prevented it. True where there is a value.
template <typename T>
class [[nodiscard]] Expected {
public:
  Expected(T value) : value(std::move(value)), error(Error::success()) {}

  /// `error` must not be success.
  Expected(Error error) : error(std::move(error)) {}

  explicit operator bool() const { return value.has_value(); }
  T &operator*() { return *value; }
  T *operator->() { return &*value; }

  /// Moves the error out; success where there is a value.
  Error takeError() { return std::move(error); }

private:
  std::optional<T> value;
  Error error;
};

} // namespace mlir::dorefa::runtime

#endif // DOREFA_RUNTIME_ERROR_H
