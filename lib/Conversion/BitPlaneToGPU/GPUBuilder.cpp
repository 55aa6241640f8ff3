//===- GPUBuilder.cpp - Short names for the IR of GPU kernels -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GPUBuilder.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

SmallVector<OpFoldResult> GPUBuilder::sizesOf(Value buffer, int64_t count) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t dim = 0; dim < count; ++dim) {
    int64_t size = cast<ShapedType>(buffer.getType()).getDimSize(dim);
    if (ShapedType::isDynamic(size))
      sizes.push_back(createOrFold<memref::DimOp>(buffer, dim));
    else
      sizes.push_back(getIndexAttr(size));
  }
  return sizes;
}

gpu::LaunchOp GPUBuilder::createLaunch(StringRef name, Value blocks, int64_t rows) {
  Value one = index(1), threads = index(kBlockSize);
  auto kernel = FlatSymbolRefAttr::get(getContext(), name);
  return gpu::LaunchOp::create(*this, blocks, index(rows), one, threads, one, one,
                               nullptr, nullptr, {}, {}, {}, nullptr, nullptr, nullptr,
                               nullptr, kernel);
}

void GPUBuilder::launchBlocks(StringRef name, Value work, int64_t perBlock,
                              int64_t rows,
                              function_ref<void(Value, Value, Value)> body) {
  Value blocks = createOrFold<arith::CeilDivUIOp>(work, index(perBlock));
  gpu::LaunchOp launch = createLaunch(name, blocks, rows);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(&launch.getBody().front());
  body(launch.getBlockIds().x, launch.getBlockIds().y, launch.getThreadIds().x);
  gpu::TerminatorOp::create(*this);
}

void GPUBuilder::launch(StringRef name, ArrayRef<OpFoldResult> sizes,
                        function_ref<void(ValueRange)> body) {
  int64_t inner = 1;
  for (OpFoldResult size : sizes.drop_front(!sizes.empty()))
    inner *= *getConstantIntValue(size);
  Value total = index(inner);
  if (!sizes.empty())
    total = mul(getValueOrCreateConstantIndexOp(*this, getLoc(), sizes.front()),
                inner);
  Value blocks = createOrFold<arith::CeilDivUIOp>(total, index(kBlockSize));
  gpu::LaunchOp launch = createLaunch(name, blocks, /*rows=*/1);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(&launch.getBody().front());
  Value thread = add(mul(launch.getBlockIds().x, kBlockSize),
                     launch.getThreadIds().x);
  auto emit = [&] {
    Values indices(sizes.size());
    Value rest = thread;
    for (size_t dim = sizes.size(); dim-- > 1;) {
      int64_t size = *getConstantIntValue(sizes[dim]);
      indices[dim] = rem(rest, size);
      rest = div(rest, size);
    }
    if (!sizes.empty())
      indices.front() = rest;
    body(indices);
  };
  std::optional<int64_t> known = getConstantIntValue(total);
  if (known && *known % kBlockSize == 0)
    emit();
  else
    when(compare(arith::CmpIPredicate::ult, thread, total), emit);
  gpu::TerminatorOp::create(*this);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Value GPUBuilder::div(Value lhs, int64_t rhs) {
  return createOrFold<arith::DivUIOp>(lhs, like(lhs, rhs));
}

Value GPUBuilder::rem(Value lhs, int64_t rhs) {
  return rhs == 1 ? like(lhs, 0) : createOrFold<arith::RemUIOp>(lhs, like(lhs, rhs));
}

Value GPUBuilder::popcount(Value word) {
  return math::CtPopOp::create(*this, word);
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

Values GPUBuilder::loop(Value begin, Value end, Value step, ValueRange init,
                        LoopBody body) {
  auto loop = scf::ForOp::create(*this, begin, end, step, init);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  Values carried = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!init.empty())
    scf::YieldOp::create(*this, carried);
  return Values(loop.getResults());
}

Values GPUBuilder::loop(int64_t count, ValueRange init, LoopBody body) {
  if (count == 1)
    return body(index(0), init);
  return loop(index(0), index(count), index(1), init, body);
}

void GPUBuilder::when(Value condition, function_ref<void()> body) {
  auto branch = scf::IfOp::create(*this, condition);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  body();
}

Value GPUBuilder::valueWhen(Value condition, Value other,
                            function_ref<Value()> body) {
  auto branch = scf::IfOp::create(*this, TypeRange{other.getType()}, condition,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(*this, body());
  setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(*this, other);
  return branch.getResult(0);
}

//===----------------------------------------------------------------------===//
// Warps
//===----------------------------------------------------------------------===//

Value GPUBuilder::ballot(Value condition) {
  return NVVM::VoteSyncOp::create(*this, getI32Type(), i32(-1), condition,
                                  NVVM::VoteSyncKind::ballot);
}

Value GPUBuilder::sumOfLanes(Value value) {
  for (int64_t distance = kWarpSize / 2; distance > 0; distance /= 2)
    value = add(value, gpu::ShuffleOp::create(*this, value, distance, kWarpSize,
                                              gpu::ShuffleMode::XOR)
                           .getShuffleResult());
  return value;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value GPUBuilder::constantTable(StringRef name, ArrayRef<int64_t> shape,
                                ArrayRef<int32_t> values) {
  auto module = op->getParentOfType<ModuleOp>();
  auto type = MemRefType::get(shape, getI32Type());
  auto data = DenseElementsAttr::get(
      RankedTensorType::get(shape, getI32Type()), values);
  auto global = memref::GlobalOp::create(
      *this, name, getStringAttr("private"), type, data, /*constant=*/true,
      getI64IntegerAttr(64));
  global->remove();
  SymbolTable(module).insert(global, module.getBody()->begin());
  return memref::GetGlobalOp::create(*this, type, global.getSymName());
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

Values dorefa::planesOfLevel(GPUBuilder &b, CodeType code, Value level) {
  Value zero = b.i32(0);
  if (code.getEncoding() == Encoding::Ternary)
    return {b.compare(arith::CmpIPredicate::sgt, level, zero),
            b.compare(arith::CmpIPredicate::slt, level, zero)};
  Values planes;
  for (unsigned plane = 0; plane < code.getBits(); ++plane)
    planes.push_back(b.compare(arith::CmpIPredicate::ne,
                               b.bitAnd(level, b.i32(int64_t(1) << plane)),
                               zero));
  return planes;
}

void dorefa::storePlanes(GPUBuilder &b, ArrayRef<Value> planes, Value lane,
                         Value buffer, ValueRange indices) {
  Value word;
  for (auto [plane, condition] : llvm::enumerate(planes)) {
    Value bits = b.ballot(condition);
    Value isOwner = b.compare(arith::CmpIPredicate::eq, lane, b.index(plane));
    word = word ? b.select(isOwner, bits, word) : bits;
  }
  Value stores = b.compare(arith::CmpIPredicate::ult, lane,
                           b.index(static_cast<int64_t>(planes.size())));
  b.when(stores, [&] {
    Values at(indices);
    at.push_back(lane);
    b.store(word, buffer, at);
  });
}
