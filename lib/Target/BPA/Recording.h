//===- Recording.h - What runs on a device did ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_BPA_RECORDING_H
#define DOREFA_LIB_TARGET_BPA_RECORDING_H

#include "Timing.h"

#include <string>

namespace mlir::bpa {

/// A program that ended: its instructions up to the `halt`, and their time.
struct RecordedRun {
  std::string name;
  std::vector<Instruction> text;
  Timing timing;
};

/// How cycles passed in runs of the same name: a line for all, then a table of the engines.
std::string formatCounters(const std::vector<RecordedRun> &runs);

/// The runs, one behind the other, as JSON for trace viewers: a row for each engine and one
/// for the programs; a cycle is a microsecond.
std::string formatTrace(const std::vector<RecordedRun> &runs);

} // namespace mlir::bpa

#endif // DOREFA_LIB_TARGET_BPA_RECORDING_H
