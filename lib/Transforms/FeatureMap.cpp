//===- FeatureMap.cpp - Pad feature maps ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Transforms/FeatureMap.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

/// Part of a feature map: rows and columns `[offset, offset + size)`.
struct MapRegion {
  int64_t row, column, rows, columns;
};

/// Offsets and sizes of `region` in `map`, whose rows are dimension `rowDim`.
static std::pair<SmallVector<OpFoldResult>, SmallVector<OpFoldResult>>
getSlice(ImplicitLocOpBuilder &b, Value map, const MapRegion &region,
         int64_t rowDim) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), map);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  offsets[rowDim] = b.getIndexAttr(region.row);
  offsets[rowDim + 1] = b.getIndexAttr(region.column);
  sizes[rowDim] = b.getIndexAttr(region.rows);
  sizes[rowDim + 1] = b.getIndexAttr(region.columns);
  return {offsets, sizes};
}

/// A tensor of `shape`, the dynamic sizes being those of `input`.
static Value createEmptyLike(ImplicitLocOpBuilder &b, Value input,
                             ArrayRef<int64_t> shape) {
  SmallVector<Value> sizes;
  for (auto [dim, size] : llvm::enumerate(shape))
    if (ShapedType::isDynamic(size))
      sizes.push_back(tensor::DimOp::create(b, input, dim));
  auto type = cast<RankedTensorType>(input.getType());
  return tensor::EmptyOp::create(b, type.clone(shape), sizes);
}

Value dorefa::padFeatureMap(ImplicitLocOpBuilder &b, Value input,
                            ArrayRef<int64_t> pads, TypedAttr value,
                            int64_t rowDim) {
  if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
    return input;
  auto type = cast<RankedTensorType>(input.getType());
  int64_t rows = type.getDimSize(rowDim), columns = type.getDimSize(rowDim + 1);
  SmallVector<int64_t> shape(type.getShape());
  shape[rowDim] += pads[0] + pads[2];
  shape[rowDim + 1] += pads[1] + pads[3];
  Value scalar = arith::ConstantOp::create(b, value);
  Value map = createEmptyLike(b, input, shape);
  SmallVector<int64_t> strides(type.getRank(), 1);
  auto steps = getAsIndexOpFoldResult(b.getContext(), strides);
  // Not tensor.pad: so what computes the input can write it where it belongs,
  // and only the border is filled. The input first: maps of equal shape would
  // else start from one border, and each would need a copy of it.
  auto [offsets, sizes] =
      getSlice(b, map, {pads[0], pads[1], rows, columns}, rowDim);
  map = tensor::InsertSliceOp::create(b, input, map, offsets, sizes, steps);
  for (const MapRegion &border :
       {MapRegion{0, 0, pads[0], shape[rowDim + 1]},
        MapRegion{pads[0] + rows, 0, pads[2], shape[rowDim + 1]},
        MapRegion{pads[0], 0, rows, pads[1]},
        MapRegion{pads[0], pads[1] + columns, rows, pads[3]}}) {
    if (border.rows == 0 || border.columns == 0)
      continue;
    auto [offsets, sizes] = getSlice(b, map, border, rowDim);
    Value part = tensor::ExtractSliceOp::create(b, map, offsets, sizes, steps);
    part = linalg::FillOp::create(b, scalar, part).getResult(0);
    map = tensor::InsertSliceOp::create(b, part, map, offsets, sizes, steps);
  }
  return map;
}
