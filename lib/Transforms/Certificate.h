//===- Certificate.h - How fused thresholds were checked --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TRANSFORMS_CERTIFICATE_H
#define DOREFA_LIB_TRANSFORMS_CERTIFICATE_H

#include "dorefa/Transforms/Passes.h"
#include "mlir/IR/Builders.h"

namespace mlir::dorefa {

/// What `dorefa-fuse-thresholds` compared. An entry of a table is the result of such
/// an evaluation, so that a table is always checked everywhere. Attribute `dorefa.certificate` of the
/// thresholds, and of the layer that they join, keeps it for the report.
struct Certificate {
  VerifyThresholds verify;
  /// Thresholds of all channels.
  int64_t numThresholds;
  /// Entries of a table of codes, which stands where thresholds cannot.
  int64_t numEntries;
  /// Numbers on which the reference and the thresholds were compared.
  int64_t numEvaluations;

  void attachTo(Operation *op) const;
  /// Nullopt where `op` carries none.
  static std::optional<Certificate> of(Operation *op);
};

/// Name of a mode on command lines.
StringRef stringifyVerifyThresholds(VerifyThresholds verify);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TRANSFORMS_CERTIFICATE_H
