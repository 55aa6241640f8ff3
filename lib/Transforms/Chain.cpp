//===- Chain.cpp - Operations between accumulators and codes --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Chain.h"

#include "Movement.h"
#include "dorefa/Dialect/DoReFa/Constants.h"

namespace mlir::dorefa {

bool isQuantizer(Operation *op) {
  if (auto threshold = dyn_cast<ThresholdOp>(op))
    return getElementTypeOrSelf(threshold.getInput()).isF32();
  return isa<QuantizeOp, QuantizeSignOp, QuantizeActivationsOp>(op);
}

/// The operand through which a chain goes on above `op`, null where it ends.
static Value getChainOperand(Operation *op) {
  if (isMovement(op) || isQuantizer(op) ||
      isa<UnaryOp, BatchNormOp, DequantizeOp, ScaleOp, ThresholdOp,
          StraightThroughOp>(op))
    return op->getOperand(0);
  auto binary = dyn_cast<BinaryOp>(op);
  if (binary && getConstant(binary.getRhs()))
    return binary.getLhs();
  if (binary && getConstant(binary.getLhs()))
    return binary.getRhs();
  return nullptr;
}

Chain collectChain(Operation *last) {
  Chain chain;
  auto push = [&](Operation *op, Value operand) {
    chain.ops.push_back(op);
    chain.operands.push_back(operand);
  };
  size_t codesAt = 0;
  Value value = last->getOperand(0);
  push(last, value);
  while (Operation *op = value.getDefiningOp()) {
    // Codes that others need too are computed anyhow.
    bool shared = getCodeType(value.getType()) && !value.hasOneUse();
    Value operand = getChainOperand(op);
    if (!operand || shared)
      break;
    push(op, operand);
    value = operand;
    if (isa<DequantizeOp>(op))
      codesAt = chain.ops.size();
    if (getElementTypeOrSelf(value).isInteger(32))
      break;
  }
  chain.kind = Domain::Floats;
  chain.source = value;
  if (getElementTypeOrSelf(value).isInteger(32)) {
    chain.kind = Domain::Accumulators;
  } else if (codesAt) {
    chain.kind = Domain::Codes;
    chain.ops.resize(codesAt);
    chain.operands.resize(codesAt);
    chain.source = chain.operands.back();
  }
  std::reverse(chain.ops.begin(), chain.ops.end());
  std::reverse(chain.operands.begin(), chain.operands.end());
  return chain;
}

Domain makeDomain(const Chain &chain, const RangeAnalysis &ranges) {
  if (chain.kind == Domain::Floats)
    return Domain::floats();
  Domain domain{chain.kind, getCodeType(chain.source.getType()),
                ranges.getIntervals(chain.source)};
  if (domain.code && domain.code.getEncoding() == Encoding::Bipolar)
    for (Interval &interval : domain.intervals)
      interval = {domain.code.getCode(interval.lo),
                  domain.code.getCode(interval.hi)};
  return domain;
}

} // namespace mlir::dorefa
