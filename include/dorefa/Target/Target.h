//===- Target.h - What a network is compiled for ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one interface behind which targets sit. All of them take the same integer
// program (phase `kernels`); a target says how the passes from there on are
// set, in which phase it wants the network, and writes the artifact.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TARGET_TARGET_H
#define DOREFA_TARGET_TARGET_H

#include "dorefa/Pipelines/Pipelines.h"

#include <string>

namespace mlir::dorefa {

class Target {
public:
  virtual ~Target() = default;

  /// Name on command lines, and one line of what it is.
  virtual llvm::StringRef getName() const = 0;
  virtual llvm::StringRef getDescription() const = 0;

  /// The phase in which `emit` takes a network.
  virtual Phase getFinalPhase() const = 0;

  /// In how many versions the artifact holds the network, at least 1: it may run
  /// on several machines and takes the best version for the one at hand.
  virtual unsigned getNumVersions() const = 0;

  /// Name of what version `version` is made for.
  virtual std::string getVersionName(unsigned version) const = 0;

  /// Sets what the passes must know of the machine of version `version`.
  virtual void configure(unsigned version, PipelineOptions &options) const = 0;

  /// Writes the artifact of all `versions` to `path`, whole or not at all;
  /// diagnostics say why not. Constants of the modules may be reshaped, nothing
  /// else is changed.
  virtual LogicalResult emit(llvm::ArrayRef<ModuleOp> versions,
                             llvm::StringRef path) const = 0;

  /// A C header for `module` in phase `buffers` or later: the exported
  /// function, and names and sizes of inputs and outputs. Empty after a
  /// diagnostic.
  virtual std::string formatHeader(ModuleOp module) const = 0;
};

} // namespace mlir::dorefa

#endif // DOREFA_TARGET_TARGET_H
