//===- Onnx.h - Import of ONNX and QONNX files ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_IMPORT_ONNX_H
#define DOREFA_IMPORT_ONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace mlir::dorefa {

/// Reads the network in the ONNX or QONNX file `path` into `func.func @main`.
///
/// Arguments and results keep name (attribute `dorefa.name`), layout and type
/// of the file; inside, feature maps are channels-last. Quantizers become
/// dorefa quantizers followed by `dorefa.dequantize`, all else is float32.
/// Operations carry the name of the tensor that they produce as location. A
/// symbolic leading batch is `?` in dimension 0; every other dimension is
/// static.
///
/// The file may be hostile: whatever cannot be imported is one error that names
/// the node or tensor, what was found and what is supported, and the result is
/// null. External data is read from the folder of the model only.
OwningOpRef<ModuleOp> importOnnx(StringRef path, MLIRContext &context);

} // namespace mlir::dorefa

#endif // DOREFA_IMPORT_ONNX_H
