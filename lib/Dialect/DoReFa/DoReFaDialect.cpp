//===- DoReFaDialect.cpp - The dorefa dialect and its type ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::dorefa;

#include "dorefa/Dialect/DoReFa/DoReFaDialect.cpp.inc"
#include "dorefa/Dialect/DoReFa/DoReFaEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dorefa/Dialect/DoReFa/DoReFaAttributes.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dorefa/Dialect/DoReFa/DoReFaTypes.cpp.inc"

void DoReFaDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dorefa/Dialect/DoReFa/DoReFaAttributes.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dorefa/Dialect/DoReFa/DoReFaTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dorefa/Dialect/DoReFa/DoReFaOps.cpp.inc"
      >();
}

Operation *DoReFaDialect::materializeConstant(OpBuilder &builder,
                                              Attribute value, Type type,
                                              Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements)
    return nullptr;
  if (getCodeType(type))
    return ConstantOp::create(builder, loc, type, elements);
  if (elements.getType() != type)
    return nullptr;
  return arith::ConstantOp::create(builder, loc, cast<TypedAttr>(value));
}

LogicalResult CodeType::verify(function_ref<InFlightDiagnostic()> emitError,
                               unsigned bits, Encoding encoding) {
  if (bits < 1 || bits > 8)
    return emitError() << "code has " << bits
                       << " bits but must have between 1 and 8";
  if (encoding == Encoding::Ternary && bits != 2)
    return emitError() << "ternary code has " << bits
                       << " bits but must have 2: plus and minus";
  return success();
}

int64_t CodeType::getValue(int64_t code) const {
  switch (getEncoding()) {
  case Encoding::Unipolar:
    return code;
  case Encoding::Bipolar:
    return 2 * code - getMaxCode();
  case Encoding::Signed:
    return code >> (getBits() - 1) ? code - getMaxCode() - 1 : code;
  case Encoding::Ternary:
    return (code & 1) - (code >> 1 & 1);
  }
  llvm_unreachable("every encoding is handled");
}

int64_t CodeType::getMinValue() const {
  switch (getEncoding()) {
  case Encoding::Unipolar:
    return 0;
  case Encoding::Bipolar:
    return -getMaxCode();
  case Encoding::Signed:
    return -(getMaxCode() + 1) / 2;
  case Encoding::Ternary:
    return -1;
  }
  llvm_unreachable("every encoding is handled");
}

int64_t CodeType::getMaxValue() const {
  switch (getEncoding()) {
  case Encoding::Unipolar:
  case Encoding::Bipolar:
    return getMaxCode();
  case Encoding::Signed:
    return getMaxCode() / 2;
  case Encoding::Ternary:
    return 1;
  }
  llvm_unreachable("every encoding is handled");
}

int64_t CodeType::getCode(int64_t value) const {
  switch (getEncoding()) {
  case Encoding::Unipolar:
    return value;
  case Encoding::Bipolar:
    return (value + getMaxCode()) / 2;
  case Encoding::Signed:
    return value & getMaxCode();
  case Encoding::Ternary:
    return value > 0 ? 1 : value < 0 ? 2 : 0;
  }
  llvm_unreachable("every encoding is handled");
}
