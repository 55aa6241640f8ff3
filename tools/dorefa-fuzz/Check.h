//===- Check.h - One network in all its forms -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_FUZZ_CHECK_H
#define DOREFA_TOOLS_FUZZ_CHECK_H

#include "FuzzOptions.h"
#include "Network.h"

/// What became of a network.
enum class Outcome {
  /// All forms agree.
  Equal,
  /// A form yields other values than the reference.
  Difference,
  /// A form could not be made: a legal network was rejected.
  Rejected,
  /// The process died.
  Crash,
  /// The process took too long.
  Timeout
};

/// Short text in memory that two processes share.
template <unsigned N>
struct SharedText {
  char text[N];

  void assign(llvm::StringRef from) {
    size_t size = std::min<size_t>(from.size(), N - 1);
    std::memcpy(text, from.data(), size);
    text[size] = 0;
  }
  llvm::StringRef get() const { return text; }
};

/// Filled while a network is checked, so that it says where a crash happened.
struct Report {
  Outcome outcome;
  /// The form at work, such as `thresholds` or `x86-64-v3`.
  SharedText<64> form;
  SharedText<2000> message;
  /// Values that were compared with the reference.
  uint64_t compared;
};

/// Runs `network` in all its forms in this process, whose temporary files go to
/// `directory`; `number` says whether it is the turn of forms that are tested
/// only now and then.
void check(const Network &network, uint64_t number, const FuzzOptions &options,
           const std::string &directory, Report &report);

/// Whether this processor runs code for `cpu`; the message of `report` says why
/// not.
void probe(const std::string &cpu, const std::string &directory,
           Report &report);

#endif // DOREFA_TOOLS_FUZZ_CHECK_H
