//===- BPAOps.cpp - Operations of the bpa dialect -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Instructions.h"
#include "dorefa/Dialect/BPA/BPA.h"

using namespace mlir;
using namespace mlir::bpa;

#define GET_OP_CLASSES
#include "dorefa/Dialect/BPA/BPAOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

const Configuration &ProgramOp::getMachine() {
  return *findConfiguration(getConfiguration().str().c_str());
}

LogicalResult ProgramOp::verify() {
  if (!findConfiguration(getConfiguration().str().c_str())) {
    size_t count = 0;
    const Configuration *known = getConfigurations(count);
    SmallVector<StringRef> names;
    for (size_t i = 0; i < count; ++i)
      names.push_back(known[i].name);
    return emitOpError() << "configuration is '" << getConfiguration()
                         << "' but must be " << llvm::join(names, " or ");
  }
  for (Operation &op : *getBody().begin())
    if (!isa<DataOp, SpaceOp, RoutineOp>(op))
      return op.emitOpError("is not bpa.data, bpa.space or bpa.routine");
  return success();
}

LogicalResult RoutineOp::verify() {
  Block &block = getBody().front();
  if (block.empty() || !isa<HaltOp>(block.back()))
    return emitOpError("must end with bpa.halt");
  for (Operation &op : block)
    if (!readInstruction(&op))
      return op.emitOpError("is not an instruction");
  return success();
}

int64_t RoutineOp::getPitch(Attribute symbol) {
  auto space = dyn_cast_or_null<SpaceOp>(SymbolTable::lookupNearestSymbolFrom(
      getOperation(), cast<FlatSymbolRefAttr>(symbol)));
  return space ? space.getBytes() / getSamples() : 0;
}

LogicalResult DataOp::verify() {
  if (!getValue().getElementType().isInteger(8))
    return emitOpError() << "elements are " << getValue().getElementType()
                         << " but must be i8";
  return success();
}

//===----------------------------------------------------------------------===//
// The host
//===----------------------------------------------------------------------===//

LogicalResult LaunchOp::verify() {
  for (Value operand : getOperands()) {
    auto type = cast<ShapedType>(operand.getType());
    if (type.getRank() == 0 ||
        llvm::any_of(type.getShape().drop_front(), ShapedType::isDynamic))
      return emitOpError() << "operand is " << type
                           << " but all dimensions behind the batch must be "
                              "static";
    if (auto memref = dyn_cast<MemRefType>(type))
      if (!memref.getLayout().isIdentity())
        return emitOpError() << "operand is " << type
                             << " but must be dense and row-major";
  }
  return success();
}

void LaunchOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : getOperation()->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    MemoryEffects::Effect *effect =
        isDpsInit(&operand)
            ? static_cast<MemoryEffects::Effect *>(MemoryEffects::Write::get())
            : MemoryEffects::Read::get();
    effects.emplace_back(effect, &operand);
  }
}
