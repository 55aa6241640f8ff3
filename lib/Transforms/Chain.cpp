//===- Chain.cpp - Operations between accumulators and codes --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Chain.h"

#include "Movement.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "llvm/ADT/SetVector.h"

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

static void push(Chain &chain, Operation *op, Value operand) {
  chain.ops.push_back(op);
  chain.operands.push_back(operand);
}

/// The operation in `block` that defines one of `values` and stands last, null where
/// none does.
static Operation *findLastDefinition(ArrayRef<Value> values, Block *block) {
  Operation *last = nullptr;
  for (Value value : values) {
    Operation *op = value.getDefiningOp();
    if (op && op->getBlock() == block && (!last || last->isBeforeInBlock(op)))
      last = op;
  }
  return last;
}

/// The nearest value that all of a join's operands are computed from, by operations
/// element by element; appends these and the join to `chain`, the join first. Null
/// where there is none.
static Value collectFork(Operation *join, Chain &chain) {
  llvm::SetVector<Value> open;
  Chain fork;
  auto follow = [&](Operation *op) {
    Value operand = getChainOperand(op);
    push(fork, op, operand ? operand : op->getOperand(0));
    open.insert(fork.operands.back());
    if (!operand)
      open.insert(op->getOperand(1));
  };
  follow(join);
  while (open.size() > 1) {
    Operation *op = findLastDefinition(open.getArrayRef(), join->getBlock());
    if (!isa_and_nonnull<UnaryOp, BinaryOp, BatchNormOp, DequantizeOp, ScaleOp>(op))
      return nullptr;
    open.remove(op->getResult(0));
    follow(op);
  }
  if (getConstant(open.front()))
    return nullptr;
  chain.ops.append(fork.ops);
  chain.operands.append(fork.operands);
  return open.front();
}

/// Continues `chain`, last operation first, from `value` on and turns it round.
static Chain walkUp(Chain chain, Value value, bool stopsAtCodes) {
  size_t codesAt = 0;
  while (Operation *op = value.getDefiningOp()) {
    // Codes that others need too are computed anyhow.
    bool isCodes = bool(getCodeType(value.getType()));
    if (isCodes && (stopsAtCodes || !value.hasOneUse()))
      break;
    if (Value operand = getChainOperand(op)) {
      push(chain, op, operand);
      value = operand;
    } else if (Value fork = isa<BinaryOp>(op) ? collectFork(op, chain) : Value()) {
      value = fork;
    } else {
      break;
    }
    if (getCodeType(value.getType()) && isa<DequantizeOp>(chain.ops.back()))
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

Chain collectChain(Operation *last) {
  Chain chain;
  push(chain, last, last->getOperand(0));
  return walkUp(std::move(chain), last->getOperand(0), /*stopsAtCodes=*/false);
}

Chain collectBranch(Value value) {
  return walkUp(Chain(), value, /*stopsAtCodes=*/true);
}

std::optional<Chain> cutBehind(const Chain &chain, Operation *obstacle) {
  const auto *at = llvm::find(chain.ops, obstacle);
  if (at == chain.ops.end() || std::next(at) == chain.ops.end() ||
      !getElementTypeOrSelf(obstacle->getResult(0)).isF32())
    return std::nullopt;
  size_t from = std::next(at) - chain.ops.begin();
  Chain rest;
  rest.kind = Domain::Floats;
  rest.source = obstacle->getResult(0);
  rest.ops.assign(chain.ops.begin() + from, chain.ops.end());
  rest.operands.assign(chain.operands.begin() + from, chain.operands.end());
  for (Operation *before : ArrayRef(chain.ops).take_front(from))
    for (Operation *user : before->getUsers())
      if (before != obstacle && llvm::is_contained(rest.ops, user))
        return std::nullopt;
  for (Operation *user : chain.source.getUsers())
    if (llvm::is_contained(rest.ops, user))
      return std::nullopt;
  return rest;
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
