//===- FeatureMap.h - Pad feature maps --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TRANSFORMS_FEATUREMAP_H
#define DOREFA_TRANSFORMS_FEATUREMAP_H

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::dorefa {

/// `input` (N x H x W x ...) with `value` around it as `pads` (top, left, bottom,
/// right) say; `input` itself where they are 0. Rows are dimension `rowDim`, columns
/// the next.
Value padFeatureMap(ImplicitLocOpBuilder &b, Value input,
                    ArrayRef<int64_t> pads, TypedAttr value,
                    int64_t rowDim = 1);

} // namespace mlir::dorefa

#endif // DOREFA_TRANSFORMS_FEATUREMAP_H
