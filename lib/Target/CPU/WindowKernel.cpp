//===- WindowKernel.cpp - Pools and elementwise operations ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A few vectors of channels are combined over the taps of their window in
// registers and stored once. Each lane goes through the operations of the body
// in the order of the loops, so the result is that of the loops. An elementwise
// operation is one whose window is a single tap; its pixels are the inner loop,
// so that parameters of the channels stay in registers.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "ReductionStart.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::dorefa;

/// Whether the last dimension of `map` is loop `lane` and no other depends on it.
static bool hasLanes(AffineMap map, AffineDimExpr lane) {
  return map.getNumResults() > 0 && map.getResults().back() == lane &&
         !map.dropResult(map.getNumResults() - 1)
              .isFunctionOfDim(lane.getPosition());
}

/// The loop that becomes the lanes: the last dimension of the output, whose
/// elements lie side by side there and in each input that depends on it.
static std::optional<unsigned> getLaneLoop(linalg::GenericOp op) {
  AffineMap output = op.getIndexingMapsArray().back();
  if (output.getNumResults() == 0)
    return std::nullopt;
  auto lane = dyn_cast<AffineDimExpr>(output.getResults().back());
  if (!lane || op.getIteratorTypesArray()[lane.getPosition()] !=
                   utils::IteratorType::parallel)
    return std::nullopt;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (!op.isDpsInit(&operand) && (!op.payloadUsesValueFromOperand(&operand) ||
                                    !map.isFunctionOfDim(lane.getPosition())))
      continue;
    if (!hasLanes(map, lane) ||
        !cast<MemRefType>(operand.get().getType()).isLastDimUnitStride())
      return std::nullopt;
  }
  return lane.getPosition();
}

static bool isWord(Type type) { return type.isF32() || type.isInteger(32); }

/// Whether the body works on each lane by itself, with numbers of 32 bits that
/// may become bytes in the end. What lanes beyond the last channel hold must not
/// matter, so integers are not divided.
static bool isLanewise(linalg::GenericOp op) {
  auto isNumber = [](Type type) {
    return isWord(type) || type.isInteger(8) || type.isInteger(1);
  };
  return llvm::all_of(op.getBody()->without_terminator(), [&](Operation &inner) {
    return OpTrait::hasElementwiseMappableTraits(&inner) && isPure(&inner) &&
           llvm::all_of(inner.getOperandTypes(), isNumber) &&
           llvm::all_of(inner.getResultTypes(), isNumber);
  });
}

bool dorefa::hasWindowKernel(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || !generic.hasPureBufferSemantics() ||
      generic.getNumDpsInits() != 1 || generic.hasIndexSemantics() ||
      !isLanewise(generic))
    return false;
  bool isReduction = generic.getNumReductionLoops() != 0;
  for (OpOperand &operand : generic->getOpOperands()) {
    Type element = getElementTypeOrSelf(operand.get());
    bool mayBeByte = !isReduction && generic.isDpsInit(&operand);
    if (!isWord(element) && !(mayBeByte && element.isInteger(8)))
      return false;
  }
  // The batch may be dynamic, no other loop.
  SmallVector<int64_t> sizes = generic.getStaticLoopRanges();
  AffineMap output = generic.getIndexingMapsArray().back();
  if (!output.isProjectedPermutation())
    return false;
  for (auto [loop, size] : llvm::enumerate(sizes))
    if (ShapedType::isDynamic(size) &&
        output.getResult(0) != getAffineDimExpr(loop, op->getContext()))
      return false;
  return getLaneLoop(generic).has_value();
}

namespace {

class WindowEmitter {
public:
  WindowEmitter(KernelBuilder &b, linalg::GenericOp op);
  void emit();

private:
  void putRowsFirst();
  void enterParallel(ArrayRef<unsigned> loops, function_ref<void()> body);
  bool hasParameters(unsigned loop);
  void emitLanes(function_ref<void(Value, int64_t, Value)> body);
  Values reduce(size_t position, ValueRange sums);
  void emitVectors(Value first, int64_t count, Value mask);
  Values indicesOf(OpOperand *operand, int64_t vector);
  Value loadOperand(OpOperand *operand, int64_t vector, Value mask);
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
  if (b.isParallel())
    putRowsFirst();
}

/// Threads share the rows of an image, not its few channels that lie outside: so
/// does the layer that reads it, and each finds in its caches what it wrote.
void WindowEmitter::putRowsFirst() {
  constexpr int64_t kFewIterations = 8;
  auto *few = llvm::find_if(parallelLoops, [&](unsigned loop) { return sizes[loop] != 1; });
  if (few == parallelLoops.end() || ShapedType::isDynamic(sizes[*few]) ||
      sizes[*few] >= kFewIterations)
    return;
  auto *next = std::next(few);
  if (next != parallelLoops.end() && sizes[*next] >= kFewIterations)
    std::swap(*few, *next);
}

void WindowEmitter::emit() {
  ArrayRef<unsigned> outside(parallelLoops), inside;
  if (outside.size() > 1 && hasParameters(outside.back())) {
    inside = outside.take_back();
    outside = outside.drop_back();
  }
  enterParallel(outside, [&] {
    emitLanes([&](Value first, int64_t count, Value mask) {
      enterParallel(inside, [&] { emitVectors(first, count, mask); });
    });
  });
  if (start.filler)
    start.filler->erase();
}

/// Whether an elementwise operation has inputs with a value for each channel, the
/// same at all iterations of `loop`.
bool WindowEmitter::hasParameters(unsigned loop) {
  return reductionLoops.empty() &&
         llvm::any_of(op.getIndexingMapsArray(), [&](AffineMap map) {
           return map.isFunctionOfDim(laneLoop) && !map.isFunctionOfDim(loop);
         });
}

/// Calls `body` with the vectors of channels, a few at once.
void WindowEmitter::emitLanes(function_ref<void(Value, int64_t, Value)> body) {
  constexpr int64_t kVectors = 4;
  int64_t whole = sizes[laneLoop] / b.lanes(),
          rest = sizes[laneLoop] % b.lanes();
  int64_t tiled = whole / kVectors * kVectors;
  b.loop(b.index(tiled), kVectors,
         [&](Value first) { body(first, kVectors, {}); });
  if (int64_t left = whole - tiled + (rest != 0))
    body(b.index(tiled), left,
         rest ? b.firstLanes(b.index(rest)) : Value());
}

void WindowEmitter::enterParallel(ArrayRef<unsigned> loops,
                                  function_ref<void()> body) {
  if (loops.empty())
    return body();
  unsigned loop = loops.front();
  // Only the batch is dynamic, the first dimension of the output.
  Value size = ShapedType::isDynamic(sizes[loop])
                   ? b.size(op.getDpsInitOperand(0)->get(), 0)
                   : b.index(sizes[loop]);
  b.loop(size, 1, [&](Value i) {
    at[loop] = i;
    enterParallel(loops.drop_front(), body);
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

/// The elements of an input for one vector of channels.
Value WindowEmitter::loadOperand(OpOperand *operand, int64_t vector,
                                 Value mask) {
  Values indices = indicesOf(operand, vector);
  if (op.getMatchingIndexingMap(operand).isFunctionOfDim(laneLoop))
    return b.loadVector(operand->get(), indices, mask);
  return b.broadcast(b.load(operand->get(), indices));
}

/// What the elements of the result start from.
Values WindowEmitter::startOf() {
  OpOperand *output = op.getDpsInitOperand(0);
  if (!op.payloadUsesValueFromOperand(output))
    return Values(numVectors);
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
      lanes.map(argument, loadOperand(&operand, vector, mask));
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
