//===- Report.h - What layers take on the accelerator -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_BPA_REPORT_H
#define DOREFA_TARGET_BPA_REPORT_H

#include "dorefa/Dialect/BPA/BPA.h"

namespace mlir::bpa {

/// What the cycle simulator says of the programs in `module`, whose tokens are there: an
/// aligned Markdown table with a row per layer. Empty where nothing moved to the accelerator.
std::string formatReport(ModuleOp module);

} // namespace mlir::bpa

#endif // DOREFA_TARGET_BPA_REPORT_H
