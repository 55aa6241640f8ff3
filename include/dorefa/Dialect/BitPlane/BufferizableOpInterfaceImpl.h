//===- BufferizableOpInterfaceImpl.h - Bufferize bitplane -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_DIALECT_BITPLANE_BUFFERIZABLEOPINTERFACEIMPL_H
#define DOREFA_DIALECT_BITPLANE_BUFFERIZABLEOPINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::bitplane {

/// Teaches one-shot-bufferize the ops of bitplane: the same op on memrefs, each
/// destination written and never read.
void registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry);

} // namespace mlir::bitplane

#endif // DOREFA_DIALECT_BITPLANE_BUFFERIZABLEOPINTERFACEIMPL_H
