//===- Patterns.h - Parts of convert-dorefa-to-linalg -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_DOREFATOLINALG_PATTERNS_H
#define DOREFA_LIB_CONVERSION_DOREFATOLINALG_PATTERNS_H

#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "dorefa/Transforms/FeatureMap.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mlir::dorefa {

/// Computes one element of a result from one element of each input.
using ElementFn = llvm::function_ref<Value(ImplicitLocOpBuilder &, ValueRange)>;

/// An uninitialised tensor of `type`; the size of a dynamic dimension is that
/// of the same dimension of `shapeSource`.
Value createEmpty(ImplicitLocOpBuilder &b, RankedTensorType type,
                  Value shapeSource);

/// A tensor of `type` that holds `value` everywhere.
Value createFilled(ImplicitLocOpBuilder &b, RankedTensorType type,
                   Value shapeSource, TypedAttr value);

/// A loop over all elements of `type`. `maps` give the element of each input;
/// the size of a dynamic dimension is that of the same dimension of
/// `shapeSource`.
Value createElementwise(ImplicitLocOpBuilder &b, RankedTensorType type,
                        Value shapeSource, ValueRange inputs,
                        ArrayRef<AffineMap> maps, ElementFn element);

/// Maps of loops over a tensor of rank `rank`: all dimensions, one dimension of
/// a rank 1 tensor, nothing of a rank 0 tensor.
AffineMap getIdentityMap(ImplicitLocOpBuilder &b, int64_t rank);
AffineMap getParameterMap(ImplicitLocOpBuilder &b, int64_t rank,
                          Value parameter, int64_t axis);

/// `a > b ? a : b`, the maximum of Arithmetic.h, for floats and integers.
Value createMax(ImplicitLocOpBuilder &b, Value lhs, Value rhs);

/// `exp(x)` in float64, rounded once to float32.
Value createExp(ImplicitLocOpBuilder &b, Value x);

void populateElementwisePatterns(const TypeConverter &converter,
                                 RewritePatternSet &patterns);
void populateHeadPatterns(const TypeConverter &converter,
                          RewritePatternSet &patterns);
void populateLayerPatterns(const TypeConverter &converter,
                           RewritePatternSet &patterns);
void populatePoolPatterns(const TypeConverter &converter,
                          RewritePatternSet &patterns);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_CONVERSION_DOREFATOLINALG_PATTERNS_H
