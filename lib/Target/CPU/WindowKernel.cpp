//===- WindowKernel.cpp - Pools and other reductions of windows -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A few vectors of channels are combined over the taps of their window in
// registers and stored once. Each lane goes through the operations of the body
// in the order of the loops, so the result is that of the loops.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "ReductionStart.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::dorefa;

/// The loop that becomes the lanes: the last dimension of the output, whose
/// elements lie side by side there and in `input`.
static std::optional<unsigned> getLaneLoop(linalg::GenericOp op) {
  AffineMap output = op.getIndexingMapsArray().back();
  if (output.getNumResults() == 0)
    return std::nullopt;
  auto lane = dyn_cast<AffineDimExpr>(output.getResults().back());
  if (!lane || op.getIteratorTypesArray()[lane.getPosition()] !=
                   utils::IteratorType::parallel)
    return std::nullopt;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!op.payloadUsesValueFromOperand(&operand))
      continue;
    auto type = cast<MemRefType>(operand.get().getType());
    AffineMap map = op.getMatchingIndexingMap(&operand);
    bool hasLanes = map.getNumResults() > 0 &&
                    map.getResults().back() == lane &&
                    !map.dropResult(map.getNumResults() - 1)
                         .isFunctionOfDim(lane.getPosition());
    if (!hasLanes || !type.isLastDimUnitStride())
      return std::nullopt;
  }
  return lane.getPosition();
}

/// Whether the body works on each lane by itself, with numbers of 32 bits.
static bool isLanewise(linalg::GenericOp op) {
  auto isWord = [](Type type) {
    return type.isF32() || type.isInteger(32) || type.isInteger(1);
  };
  return llvm::all_of(op.getBody()->without_terminator(),
                      [&](Operation &inner) {
                        return OpTrait::hasElementwiseMappableTraits(&inner) &&
                               llvm::all_of(inner.getOperandTypes(), isWord) &&
                               llvm::all_of(inner.getResultTypes(), isWord);
                      });
}

bool dorefa::hasWindowKernel(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || !generic.hasPureBufferSemantics() ||
      generic.getNumReductionLoops() == 0 || generic.getNumDpsInits() != 1 ||
      generic.hasIndexSemantics() || !isLanewise(generic))
    return false;
  for (Value operand : generic.getOperands())
    if (Type element = getElementTypeOrSelf(operand);
        !element.isF32() && !element.isInteger(32))
      return false;
  // The batch may be dynamic, no other loop.
  SmallVector<int64_t> sizes = generic.getStaticLoopRanges();
  AffineMap output = generic.getIndexingMapsArray().back();
  for (auto [loop, size] : llvm::enumerate(sizes))
    if (ShapedType::isDynamic(size) &&
        output.getResult(0) != getAffineDimExpr(loop, op->getContext()))
      return false;
  return output.isProjectedPermutation() && getLaneLoop(generic).has_value();
}

namespace {

class WindowEmitter {
public:
  WindowEmitter(KernelBuilder &b, linalg::GenericOp op);
  void emit();

private:
  void enterParallel(size_t position, function_ref<void()> body);
  Values reduce(size_t position, ValueRange sums);
  void emitVectors(Value first, int64_t count, Value mask);
  Values indicesOf(OpOperand *operand, int64_t vector);
  Values startOf();
  Value combine(int64_t vector, Value sum);

  KernelBuilder &b;
  linalg::GenericOp op;
  unsigned laneLoop;
  SmallVector<unsigned> parallelLoops, reductionLoops;
  SmallVector<int64_t> sizes;
  ReductionStart start;
  /// The current iteration of each loop, that of the lanes excepted.
  Values at;
  // The vectors in hand.
  Value firstVector, lastMask;
  int64_t numVectors = 0;
};

} // namespace

WindowEmitter::WindowEmitter(KernelBuilder &b, linalg::GenericOp op)
    : b(b), op(op), laneLoop(*getLaneLoop(op)), sizes(op.getStaticLoopRanges()),
      start(ReductionStart::find(cast<linalg::LinalgOp>(op.getOperation()))) {
  for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (type == utils::IteratorType::reduction)
      reductionLoops.push_back(loop);
    else if (loop != laneLoop)
      parallelLoops.push_back(loop);
  }
  at.assign(sizes.size(), b.index(0));
}

void WindowEmitter::emit() {
  constexpr int64_t kVectors = 4;
  int64_t whole = sizes[laneLoop] / b.lanes(),
          rest = sizes[laneLoop] % b.lanes();
  int64_t tiled = whole / kVectors * kVectors;
  enterParallel(0, [&] {
    b.loop(b.index(tiled), kVectors,
           [&](Value first) { emitVectors(first, kVectors, {}); });
    int64_t left = whole - tiled + (rest != 0);
    if (left != 0)
      emitVectors(b.index(tiled), left,
                  rest ? b.firstLanes(b.index(rest)) : Value());
  });
  if (start.filler)
    start.filler->erase();
}

void WindowEmitter::enterParallel(size_t position, function_ref<void()> body) {
  if (position == parallelLoops.size())
    return body();
  unsigned loop = parallelLoops[position];
  // Only the batch is dynamic, the first dimension of the output.
  Value size = ShapedType::isDynamic(sizes[loop])
                   ? b.size(op.getDpsInitOperand(0)->get(), 0)
                   : b.index(sizes[loop]);
  b.loop(size, 1, [&](Value i) {
    at[loop] = i;
    enterParallel(position + 1, body);
  });
}

Values WindowEmitter::reduce(size_t position, ValueRange sums) {
  if (position < reductionLoops.size()) {
    unsigned loop = reductionLoops[position];
    return b.loop(sizes[loop], sums, [&](Value i, ValueRange args) {
      at[loop] = i;
      return reduce(position + 1, args);
    });
  }
  Values next;
  for (auto [vector, sum] : llvm::enumerate(sums))
    next.push_back(combine(vector, sum));
  return next;
}

Values WindowEmitter::indicesOf(OpOperand *operand, int64_t vector) {
  Values loops(at);
  loops[laneLoop] = b.mul(b.add(firstVector, vector), b.lanes());
  return b.evaluate(op.getMatchingIndexingMap(operand), loops);
}

Values WindowEmitter::startOf() {
  OpOperand *output = op.getDpsInitOperand(0);
  Values sums;
  for (int64_t v = 0; v < numVectors; ++v) {
    Value mask = v + 1 == numVectors ? lastMask : Value();
    if (start.scalar)
      sums.push_back(b.broadcast(start.scalar));
    else if (start.bias)
      sums.push_back(b.loadVector(
          start.bias, b.mul(b.add(firstVector, v), b.lanes()), mask));
    else
      sums.push_back(b.loadVector(output->get(), indicesOf(output, v), mask));
  }
  return sums;
}

/// The body for one vector.
Value WindowEmitter::combine(int64_t vector, Value sum) {
  Block *body = op.getBody();
  Value mask = vector + 1 == numVectors ? lastMask : Value();
  IRMapping lanes;
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (op.isDpsInit(&operand))
      lanes.map(argument, sum);
    else if (!argument.use_empty())
      lanes.map(argument,
                b.loadVector(operand.get(), indicesOf(&operand, vector), mask));
  }
  auto valueOf = [&](Value value) {
    if (!lanes.contains(value))
      lanes.map(value, b.broadcast(value));
    return lanes.lookup(value);
  };
  for (Operation &inner : body->without_terminator()) {
    Values operands = llvm::map_to_vector(inner.getOperands(), valueOf);
    SmallVector<Type> types;
    for (Type type : inner.getResultTypes())
      types.push_back(b.vectorOf(type));
    Operation *created =
        b.create(b.getLoc(), inner.getName().getIdentifier(), operands, types,
                 inner.getAttrDictionary().getValue());
    lanes.map(inner.getResults(), created->getResults());
  }
  return valueOf(body->getTerminator()->getOperand(0));
}

void WindowEmitter::emitVectors(Value first, int64_t count, Value mask) {
  firstVector = first;
  numVectors = count;
  lastMask = mask;
  Values sums = reduce(0, startOf());
  OpOperand *output = op.getDpsInitOperand(0);
  for (auto [v, sum] : llvm::enumerate(sums))
    b.storeVector(sum, output->get(), indicesOf(output, v),
                  static_cast<int64_t>(v) + 1 == count ? mask : Value());
}

void dorefa::emitWindowKernel(OpBuilder &builder, linalg::GenericOp op,
                              const MicroKernelOptions &options) {
  KernelBuilder b(builder, op, options);
  WindowEmitter(b, op).emit();
}
