//===- Constants.cpp - Reading and making constant tensors ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::dorefa;

ElementsAttr dorefa::getConstant(Value value) {
  ElementsAttr attr;
  if (!value || !matchPattern(value, m_Constant(&attr)))
    return nullptr;
  return attr;
}

std::optional<ArrayRef<char>> dorefa::getRawElements(ElementsAttr attr,
                                                     size_t elementSize) {
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    ArrayRef<char> raw = dense.getRawData();
    size_t count = dense.isSplat() ? 1 : dense.getNumElements();
    if (raw.size() != count * elementSize)
      return std::nullopt;
    return raw;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  if (!resource)
    return std::nullopt;
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob || blob->getData().size() != attr.getNumElements() * elementSize)
    return std::nullopt;
  return blob->getData();
}

Value dorefa::materialize(OpBuilder &builder, Location loc, ElementsAttr attr,
                          Type type) {
  if (getCodeType(type))
    return ConstantOp::create(builder, loc, type, attr);
  return arith::ConstantOp::create(builder, loc, cast<TypedAttr>(attr));
}
