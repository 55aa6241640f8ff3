//===- BPATarget.h - The accelerator and its host ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A shared object for the host as of CPUTarget.h, in which the routines of the
// accelerator stand as one ELF file.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_BPA_BPATARGET_H
#define DOREFA_TARGET_BPA_BPATARGET_H

#include "dorefa/Target/CPU/CPUTarget.h"

namespace mlir::dorefa {

/// What models for the accelerator are made for.
struct BPAOptions {
  /// Size of the machine.
  std::string configuration = "r8c8d64";
  /// Write the ELF file of the accelerator alone: no layers of the host.
  bool programOnly = false;
  /// On x86-64.
  CPUOptions host = {};
};

/// The accelerator of `options`; null after a diagnostic (at `loc`) that says which
/// option cannot be used.
std::unique_ptr<Target> createBPATarget(const BPAOptions &options, Location loc);

} // namespace mlir::dorefa

#endif // DOREFA_TARGET_BPA_BPATARGET_H
