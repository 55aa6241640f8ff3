//===- Buffers.cpp - What kernels ask of their operands -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/Buffers.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

SmallVector<Value> bitplane::extend(ValueRange indices, ArrayRef<Value> more) {
  SmallVector<Value> result(indices);
  result.append(more.begin(), more.end());
  return result;
}

LogicalResult bitplane::checkBuffers(Operation *op) {
  for (Type operand : op->getOperandTypes()) {
    auto type = dyn_cast<MemRefType>(operand);
    if (!type)
      return op->emitOpError("works on ")
             << operand << " but must work on memrefs; bufferize first";
    ArrayRef<int64_t> sizes = type.getShape();
    if (llvm::any_of(sizes.drop_front(!sizes.empty()), ShapedType::isDynamic))
      return op->emitOpError("has ")
             << type << " but only the leading size may be dynamic";
  }
  return success();
}

ElementsAttr bitplane::getConstantElements(Value buffer) {
  auto get = buffer.getDefiningOp<memref::GetGlobalOp>();
  if (!get)
    return {};
  auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(
      get, get.getNameAttr());
  if (!global || !global.getConstant())
    return {};
  return dyn_cast_or_null<ElementsAttr>(global.getInitialValueAttr());
}
