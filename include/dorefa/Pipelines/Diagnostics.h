//===- Diagnostics.h - How diagnostics reach a user -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_PIPELINES_DIAGNOSTICS_H
#define DOREFA_PIPELINES_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"

#include <string>

namespace mlir::dorefa {

/// A location as a user of a model file knows it: `net.mlir:3:7`, `net.onnx:
/// 'conv1_acc'`; empty where nothing is known.
std::string describeLocation(Location loc);

/// Source tensor name that a location carries, empty where it carries none.
StringRef getSourceName(Location loc);

/// While it lives, diagnostics of `context` are printed to standard error, one line
/// each: location, severity, text; notes follow their diagnostic.
class DiagnosticPrinter : public ScopedDiagnosticHandler {
public:
  explicit DiagnosticPrinter(MLIRContext &context);
};

} // namespace mlir::dorefa

#endif // DOREFA_PIPELINES_DIAGNOSTICS_H
