//===- Trace.h - Named values of an interpreted network ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_INTERPRETER_TRACE_H
#define DOREFA_INTERPRETER_TRACE_H

#include "dorefa/Interpreter/Interpreter.h"

#include "llvm/ADT/MapVector.h"

namespace mlir::dorefa {

/// Collects the values that carry the name of a tensor of the source file
/// (their location is a NameLoc), in the file's layout: where the location has
/// the metadata "nchw", a channels-last tensor is turned to channels-first.
///
/// Accumulators are int32, codes the integers they stand for as int32, all else
/// as it is. Where several values have one name, the first integer one counts,
/// else the first.
class Trace {
public:
  /// Keeps `value` if it has a name. Constants are left out.
  void record(OpResult result, const Tensor &value);

  /// Writes all values to an .npz file.
  runtime::Error write(const std::string &path) const;

private:
  llvm::MapVector<StringRef, Tensor> values;
};

} // namespace mlir::dorefa

#endif // DOREFA_INTERPRETER_TRACE_H
