//===- InitAll.h - Register dialects, passes and pipelines ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_INITALL_H
#define DOREFA_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::dorefa {

/// Every dialect that a network passes through on its way to a target, with the
/// interfaces that bufferization and translation ask for.
void registerAllDialects(DialectRegistry &registry);

/// Our passes and pipelines, and the upstream passes that they are made of.
void registerAllPasses();

} // namespace mlir::dorefa

#endif // DOREFA_INITALL_H
