//===- OnnxFile.h - A parsed ONNX file --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_IMPORT_ONNXFILE_H
#define DOREFA_LIB_IMPORT_ONNXFILE_H

#include "Constant.h"
#include "mlir/IR/Diagnostics.h"

#include <memory>

namespace onnx {
class ModelProto;
class TensorProto;
} // namespace onnx

namespace mlir::dorefa {

/// Makes the located error that a message is appended to.
using EmitError = llvm::function_ref<InFlightDiagnostic()>;

/// Parses the file `path` of `size` bytes. Null after an error.
std::unique_ptr<onnx::ModelProto> parseOnnxFile(StringRef path, int64_t &size,
                                                EmitError emitError);

/// Reads the elements of `tensor`, whose bytes are freed on the way: a large
/// model is never held twice. `path` is the model's, for external data.
FailureOr<Constant> takeConstant(onnx::TensorProto &tensor, StringRef path,
                                 EmitError emitError);

/// Reads `length` bytes (-1: to the end) at `offset` of the file `location` in
/// the folder of the model `path`. Whatever leads out of that folder, is no
/// plain file or ends before the data does is an error.
FailureOr<std::string> readExternalData(StringRef path, StringRef location,
                                        int64_t offset, int64_t length,
                                        EmitError emitError);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_IMPORT_ONNXFILE_H
