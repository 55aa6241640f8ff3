//===- PlanWorkspace.cpp - Place all buffers in one workspace -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MainFunction.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

namespace mlir::dorefa {
#define GEN_PASS_DEF_PLANWORKSPACEPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

/// Bytes; DOREFA_WORKSPACE_ALIGNMENT of Model.h.
constexpr int64_t kAlignment = 64;

/// One allocation and where it goes.
struct Buffer {
  memref::AllocOp alloc;
  /// Bytes, aligned: per sample of the batch, or altogether.
  int64_t size = 0;
  bool isPerSample = false;
  /// Operations of the function's block, numbered, between which it is in use.
  int64_t first = std::numeric_limits<int64_t>::max();
  int64_t last = -1;
  /// Bytes from the start of its region, per sample or altogether.
  int64_t offset = 0;

  bool isLiveWith(const Buffer &other) const {
    return isPerSample == other.isPerSample && first <= other.last &&
           other.first <= last;
  }
};

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// The number k where `size` is k times the batch, the first dimension of an
/// argument.
std::optional<int64_t> getBatchMultiple(Value size) {
  AffineMap map;
  ValueDimList operands;
  auto isArgument = [](Value value, std::optional<int64_t> dim,
                       ValueBoundsConstraintSet &) {
    return isa<BlockArgument>(value) && dim == 0;
  };
  if (failed(ValueBoundsConstraintSet::computeBound(
          map, operands, presburger::BoundType::EQ, size, isArgument)))
    return std::nullopt;
  // All dynamic batches are one number; the bound has to be a multiple of it.
  auto evaluate = [&](int64_t batch) -> std::optional<int64_t> {
    SmallVector<Attribute> results,
        inputs(map.getNumInputs(),
               IntegerAttr::get(IndexType::get(map.getContext()), batch));
    if (failed(map.constantFold(inputs, results)))
      return std::nullopt;
    return cast<IntegerAttr>(results.front()).getInt();
  };
  std::optional<int64_t> zero = evaluate(0), one = evaluate(1),
                         two = evaluate(2);
  if (!zero || !one || !two || *zero != 0 || *two != 2 * *one || *one < 1)
    return std::nullopt;
  return one;
}

/// Fills in size and kind of `buffer`.
LogicalResult measure(Buffer &buffer) {
  MemRefType type = buffer.alloc.getType();
  if (!type.getLayout().isIdentity() || !type.getElementType().isIntOrFloat())
    return buffer.alloc.emitError()
           << "buffer is " << type
           << " but a buffer in the workspace must be dense and row-major";
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  bool overflow = false;
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      overflow |= llvm::MulOverflow(bytes, size, bytes);
  for (Value size : buffer.alloc.getDynamicSizes()) {
    std::optional<int64_t> multiple = getBatchMultiple(size);
    if (!multiple || buffer.isPerSample)
      return buffer.alloc.emitError()
             << "size of buffer " << type
             << " must be constant or a multiple of the batch";
    buffer.isPerSample = true;
    overflow |= llvm::MulOverflow(bytes, *multiple, bytes);
  }
  if (overflow || bytes > std::numeric_limits<int64_t>::max() - kAlignment)
    return buffer.alloc.emitError("size of buffer does not fit 64 bits");
  buffer.size = llvm::alignTo(bytes, kAlignment);
  return success();
}

//===----------------------------------------------------------------------===//
// Lifetimes
//===----------------------------------------------------------------------===//

/// Notes between which operations of `block` any view of `buffer` is used. A
/// loop counts as one operation.
LogicalResult findLifetime(Buffer &buffer, Block &block,
                           const BufferViewFlowAnalysis &views,
                           const DenseMap<Operation *, int64_t> &order) {
  Region *home = buffer.alloc->getParentRegion();
  for (Value view : views.resolve(buffer.alloc.getResult())) {
    if (!home->isAncestor(view.getParentRegion()))
      return buffer.alloc.emitError(
          "buffer allocated inside a loop must not leave it");
    for (Operation *user : view.getUsers()) {
      if (isa<func::ReturnOp>(user))
        return buffer.alloc.emitError("buffer is returned, but results must be "
                                      "written to arguments: run "
                                      "dorefa-return-through-arguments first");
      int64_t position = order.lookup(block.findAncestorOpInBlock(*user));
      buffer.first = std::min(buffer.first, position);
      buffer.last = std::max(buffer.last, position);
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Placement
//===----------------------------------------------------------------------===//

/// Puts `buffer` into the smallest gap that fits between the buffers of
/// `placed` that are live with it, or behind them. With `forThreads`, a place is
/// shared with buffers of the same size only.
void place(Buffer &buffer, ArrayRef<Buffer *> placed, bool forThreads) {
  SmallVector<const Buffer *> others;
  for (Buffer *other : placed)
    if (buffer.isLiveWith(*other) || (forThreads && buffer.size != other->size &&
                                      buffer.isPerSample == other->isPerSample))
      others.push_back(other);
  llvm::sort(others, [](const Buffer *a, const Buffer *b) {
    return a->offset < b->offset;
  });
  int64_t end = 0, bestGap = std::numeric_limits<int64_t>::max();
  for (const Buffer *other : others) {
    int64_t gap = other->offset - end;
    if (gap >= buffer.size && gap < bestGap) {
      bestGap = gap;
      buffer.offset = end;
    }
    end = std::max(end, other->offset + other->size);
  }
  if (bestGap == std::numeric_limits<int64_t>::max())
    buffer.offset = end;
}

/// Places all buffers, the largest first.
void placeAll(MutableArrayRef<Buffer> buffers, bool forThreads) {
  SmallVector<Buffer *> bySize;
  for (Buffer &buffer : buffers)
    bySize.push_back(&buffer);
  llvm::sort(bySize, [](const Buffer *a, const Buffer *b) {
    return a->size != b->size ? a->size > b->size : a < b;
  });
  for (auto [index, buffer] : llvm::enumerate(bySize))
    place(*buffer, ArrayRef<Buffer *>(bySize).take_front(index), forThreads);
}

/// Bytes that the buffers of one kind need.
int64_t getRegionSize(ArrayRef<Buffer> buffers, bool isPerSample) {
  int64_t size = 0;
  for (const Buffer &buffer : buffers)
    if (buffer.isPerSample == isPerSample)
      size = std::max(size, buffer.offset + buffer.size);
  return size;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct PlanWorkspace : impl::PlanWorkspacePassBase<PlanWorkspace> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp main = getMainFunction(getOperation());
    if (!main)
      return signalPassFailure();
    // The whole workspace outlives the call.
    main.walk([](memref::DeallocOp dealloc) { dealloc.erase(); });
    SmallVector<Buffer> buffers;
    main.walk([&](memref::AllocOp alloc) { buffers.push_back({alloc}); });
    if (failed(prepare(main, buffers)))
      return signalPassFailure();
    placeAll(buffers, forThreads);
    rewrite(main, buffers);
  }

private:
  static LogicalResult prepare(func::FuncOp main,
                               MutableArrayRef<Buffer> buffers) {
    BufferViewFlowAnalysis views(main);
    DenseMap<Operation *, int64_t> order;
    for (auto [index, op] : llvm::enumerate(main.front()))
      order[&op] = static_cast<int64_t>(index);
    for (Buffer &buffer : buffers)
      if (failed(measure(buffer)) ||
          failed(findLifetime(buffer, main.front(), views, order)))
        return failure();
    return success();
  }

  /// The batch: the first dimension of the first input that has a dynamic one.
  static Value createBatch(ImplicitLocOpBuilder &b, func::FuncOp main) {
    for (BlockArgument argument : main.getArguments())
      if (auto type = dyn_cast<MemRefType>(argument.getType()))
        if (type.getRank() > 0 && type.isDynamicDim(0))
          return memref::DimOp::create(b, argument, 0);
    return nullptr;
  }

  static void rewrite(func::FuncOp main, ArrayRef<Buffer> buffers) {
    int64_t perSample = getRegionSize(buffers, /*isPerSample=*/true);
    int64_t fixed = getRegionSize(buffers, /*isPerSample=*/false);
    auto b = ImplicitLocOpBuilder::atBlockBegin(main.getLoc(), &main.front());
    // Buffers of fixed size lie behind those of the batch.
    Value batch = perSample ? createBatch(b, main) : nullptr;
    Value fixedStart = arith::ConstantIndexOp::create(b, 0);
    if (batch)
      fixedStart = arith::MulIOp::create(
          b, batch, arith::ConstantIndexOp::create(b, perSample));
    auto bytes = MemRefType::get(ShapedType::kDynamic, b.getI8Type());
    unsigned position = main.getNumArguments();
    if (failed(main.insertArgument(position, bytes, DictionaryAttr(),
                                   main.getLoc())))
      llvm_unreachable("a function with a body takes another argument");
    Value workspace = main.getArgument(position);
    for (const Buffer &buffer : buffers) {
      memref::AllocOp alloc = buffer.alloc;
      ImplicitLocOpBuilder local(alloc.getLoc(), alloc);
      Value offset = arith::ConstantIndexOp::create(local, buffer.offset);
      if (buffer.isPerSample)
        offset = arith::MulIOp::create(local, batch, offset);
      else
        offset = arith::AddIOp::create(local, fixedStart, offset);
      Value view = memref::ViewOp::create(local, alloc.getType(), workspace,
                                          offset, alloc.getDynamicSizes());
      alloc.replaceAllUsesWith(view);
      alloc.erase();
    }
    Builder builder(main.getContext());
    main->getParentOp()->setAttr(
        "dorefa.workspace", builder.getDenseI64ArrayAttr({perSample, fixed}));
  }
};

} // namespace
} // namespace mlir::dorefa
