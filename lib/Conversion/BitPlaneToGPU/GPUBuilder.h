//===- GPUBuilder.h - Short names for the IR of GPU kernels -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOGPU_GPUBUILDER_H
#define DOREFA_LIB_CONVERSION_BITPLANETOGPU_GPUBUILDER_H

#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::dorefa {

using Values = SmallVector<Value>;

/// Lanes of a warp.
constexpr int64_t kWarpSize = 32;
/// Threads of a block where each thread or warp works on its own.
constexpr int64_t kBlockSize = 128;

/// Builds one kernel at a time, in place of one operation of @main. Numbers are
/// scalars of one thread: `i32`, `f32` or `index`.
class GPUBuilder : public ImplicitLocOpBuilder {
public:
  /// Inserts in front of `op`.
  explicit GPUBuilder(Operation *op)
      : ImplicitLocOpBuilder(op->getLoc(), op), op(op) {}

  using LoopBody = function_ref<Values(Value, ValueRange)>;

  /// Launches one thread per element of an array of `sizes`, of which only the
  /// first may be dynamic, in blocks of kBlockSize; `body` gets the indices.
  /// Where the last size is kWarpSize, it is the number of the lane, and all lanes
  /// of a warp do the same.
  void launch(StringRef name, ArrayRef<OpFoldResult> sizes,
              function_ref<void(ValueRange)> body);

  /// What a block of a launch by `launchBlocks` knows: its number, its row, the thread,
  /// and a pointer to its shared memory.
  struct Block {
    Value number, row, thread, shared;
  };
  /// Launches blocks of `threads` threads with `sharedBytes` bytes of shared memory: as
  /// many as it takes for `work` with `perBlock` each, times `rows`.
  void launchBlocks(StringRef name, Value work, int64_t perBlock, int64_t rows,
                    int64_t threads, int64_t sharedBytes,
                    function_ref<void(const Block &)> body);

  /// Sizes of the first `count` dimensions of `buffer`.
  SmallVector<OpFoldResult> sizesOf(Value buffer, int64_t count);

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(*this, value);
  }
  Value i32(int64_t value) {
    return arith::ConstantOp::create(
        *this, getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value f32(float value) {
    return arith::ConstantOp::create(*this, getF32FloatAttr(value));
  }
  Value condition(bool value) {
    return arith::ConstantOp::create(*this, getBoolAttr(value));
  }
  Value toIndex(Value value) {
    return arith::IndexCastUIOp::create(*this, getIndexType(), value);
  }
  Value toI32(Value value) {
    return arith::IndexCastUIOp::create(*this, getI32Type(), value);
  }

  Value add(Value lhs, Value rhs) { return createOrFold<arith::AddIOp>(lhs, rhs); }
  Value sub(Value lhs, Value rhs) { return createOrFold<arith::SubIOp>(lhs, rhs); }
  Value mul(Value lhs, Value rhs) { return createOrFold<arith::MulIOp>(lhs, rhs); }
  Value add(Value lhs, int64_t rhs) { return add(lhs, like(lhs, rhs)); }
  Value mul(Value lhs, int64_t rhs) { return mul(lhs, like(lhs, rhs)); }
  Value bitAnd(Value lhs, Value rhs) { return createOrFold<arith::AndIOp>(lhs, rhs); }
  Value bitOr(Value lhs, Value rhs) { return createOrFold<arith::OrIOp>(lhs, rhs); }
  Value bitXor(Value lhs, Value rhs) { return createOrFold<arith::XOrIOp>(lhs, rhs); }
  Value bitNot(Value value) { return bitXor(value, like(value, -1)); }
  Value shiftRight(Value value, Value bits) {
    return createOrFold<arith::ShRUIOp>(value, bits);
  }
  /// Unsigned, by a positive constant.
  Value div(Value lhs, int64_t rhs);
  Value rem(Value lhs, int64_t rhs);
  Value popcount(Value word);
  Value compare(arith::CmpIPredicate predicate, Value lhs, Value rhs) {
    return arith::CmpIOp::create(*this, predicate, lhs, rhs);
  }
  Value select(Value condition, Value yes, Value no) {
    return arith::SelectOp::create(*this, condition, yes, no);
  }
  /// `condition` as 0 or 1.
  Value count(Value condition) {
    return arith::ExtUIOp::create(*this, getI32Type(), condition);
  }

  Value load(Value buffer, ValueRange indices) {
    return memref::LoadOp::create(*this, buffer, indices);
  }
  void store(Value value, Value buffer, ValueRange indices) {
    memref::StoreOp::create(*this, value, buffer, indices);
  }

  /// A pointer to the first element of a buffer in global or shared memory, for accesses
  /// wider than an element. For pipelines whose indices have 32 bits.
  Value pointerTo(Value buffer);
  /// `pointer` plus `bytes`, an index.
  Value advance(Value pointer, Value bytes);
  /// `count` (1, 2 or 4) neighbouring words of 32 bits, `pointer` being aligned to them.
  Values loadWords(Value pointer, int64_t count, Type type);
  void storeWords(ValueRange words, Value pointer);

  /// Copies 4, 8 or 16 bytes from global to shared memory (cp.async), or zeros after the
  /// first `sourceBytes`, an i32, where that is not null.
  void copyAsync(Value shared, Value global, int64_t bytes, Value sourceBytes);
  void commitCopies();
  /// Waits until at most `groups` committed groups are on their way.
  void waitForCopies(int64_t groups);
  void barrier();

  /// A loop from `begin` to `end`; gives what is carried.
  Values loop(Value begin, Value end, Value step, ValueRange init, LoopBody body);
  Values loop(int64_t count, ValueRange init, LoopBody body);
  /// The same for a body that is long: it is never unrolled.
  Values longLoop(int64_t count, ValueRange init, LoopBody body);
  /// Runs `body` where `condition` holds.
  void when(Value condition, function_ref<void()> body);
  /// What `body` gives where `condition` holds, else `other`.
  Value valueWhen(Value condition, Value other, function_ref<Value()> body);

  /// Of all lanes, the bits in which `condition` holds; all lanes must come here.
  Value ballot(Value condition);
  /// The sum of `value` over all lanes; all lanes must come here.
  Value sumOfLanes(Value value);

  /// A constant array that all kernels may read; called outside of kernels.
  Value constantTable(StringRef name, ArrayRef<int64_t> shape,
                      std::vector<int32_t> values);

private:
  gpu::LaunchOp createLaunch(StringRef name, Value blocks, int64_t rows,
                             int64_t threads = kBlockSize);
  Value like(Value value, int64_t number) {
    return value.getType().isIndex() ? index(number) : i32(number);
  }

  Operation *op;
};

/// Planes of the code of `level`, as conditions; levels start at the lowest.
Values planesOfLevel(GPUBuilder &b, CodeType code, Value level);

/// Stores one bit of each lane per plane as words at `indices`, to which the plane
/// is appended.
void storePlanes(GPUBuilder &b, ArrayRef<Value> planes, Value lane, Value buffer,
                 ValueRange indices);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOGPU_GPUBUILDER_H
