//===- DoReFa.h - The dorefa dialect ----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_DIALECT_DOREFA_DOREFA_H
#define DOREFA_DIALECT_DOREFA_DOREFA_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dorefa/Dialect/DoReFa/DoReFaDialect.h.inc"
#include "dorefa/Dialect/DoReFa/DoReFaEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dorefa/Dialect/DoReFa/DoReFaAttributes.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dorefa/Dialect/DoReFa/DoReFaTypes.h.inc"
#include "dorefa/Dialect/DoReFa/DoReFaInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dorefa/Dialect/DoReFa/DoReFaOps.h.inc"

namespace mlir::dorefa {

/// Number of windows of a convolution or pool along one dimension: `size`
/// elements, `before` and `after` more at its ends, windows of `kernel` taps
/// `dilation` apart, `stride` apart. Returns nullopt where a number is out of
/// range or not even one window fits.
std::optional<int64_t> windowCount(int64_t size, int64_t kernel, int64_t stride,
                                   int64_t dilation, int64_t before,
                                   int64_t after);

/// Shape that NumPy broadcasting gives `lhs` and `rhs`, aligned at the last
/// dimension; a dynamic size meets itself or 1. Returns nullopt where they do not
/// fit.
std::optional<llvm::SmallVector<int64_t>>
broadcastShapes(llvm::ArrayRef<int64_t> lhs, llvm::ArrayRef<int64_t> rhs);

/// The code type of a tensor of codes, null for every other type.
CodeType getCodeType(Type type);

/// Type of the gradient of a value of `type`: f32 in its shape for tensors of f32,
/// i32 and codes, null for everything else. See DifferentiableOpInterface.
RankedTensorType getGradientType(Type type);

/// Syntax of the offsets of a layer on codes: `offsets` INPUT `,` WEIGHTS, nothing
/// where both are 0.
ParseResult parseOffsets(OpAsmParser &parser, IntegerAttr &input,
                         IntegerAttr &weights);
void printOffsets(OpAsmPrinter &printer, Operation *op, IntegerAttr input,
                  IntegerAttr weights);

} // namespace mlir::dorefa

#endif // DOREFA_DIALECT_DOREFA_DOREFA_H
