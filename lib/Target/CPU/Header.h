//===- Header.h - The C header of a compiled network ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_CPU_HEADER_H
#define DOREFA_LIB_TARGET_CPU_HEADER_H

#include "Signature.h"

namespace mlir::dorefa {

/// A C header for the network: the exported function `<symbolPrefix>_open`, and
/// names and sizes of inputs and outputs.
std::string formatHeader(const Signature &signature, StringRef symbolPrefix);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_CPU_HEADER_H
