//===- GPUBuilder.cpp - Short names for the IR of GPU kernels -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GPUBuilder.h"

#include "dorefa/Dialect/DoReFa/Constants.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
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

gpu::LaunchOp GPUBuilder::createLaunch(StringRef name, Value blocks, int64_t rows,
                                       int64_t threads) {
  Value one = index(1);
  auto kernel = FlatSymbolRefAttr::get(getContext(), name);
  return gpu::LaunchOp::create(*this, blocks, index(rows), one, index(threads), one, one,
                               nullptr, nullptr, {}, {}, {}, nullptr, nullptr, nullptr,
                               nullptr, kernel);
}

void GPUBuilder::launchBlocks(StringRef name, Value work, int64_t perBlock,
                              int64_t rows, int64_t threads, int64_t sharedBytes,
                              function_ref<void(const Block &)> body) {
  Value blocks = createOrFold<arith::CeilDivUIOp>(work, index(perBlock));
  gpu::LaunchOp launch = createLaunch(name, blocks, rows, threads);
  auto space = gpu::AddressSpaceAttr::get(getContext(), gpu::AddressSpace::Workgroup);
  auto type = MemRefType::get({sharedBytes}, getI8Type(), MemRefLayoutAttrInterface(), space);
  BlockArgument shared = launch.addWorkgroupAttribution(type, getLoc());
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(&launch.getBody().front());
  body({launch.getBlockIds().x, launch.getBlockIds().y, launch.getThreadIds().x,
        pointerTo(shared)});
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
// Pointers
//===----------------------------------------------------------------------===//

/// What a memref becomes where an index has 32 bits.
static LLVM::LLVMStructType getDescriptorType(MemRefType type) {
  MLIRContext *context = type.getContext();
  constexpr unsigned kShared = 3;
  auto pointer = LLVM::LLVMPointerType::get(context, type.getMemorySpace() ? kShared : 0);
  auto i32 = IntegerType::get(context, 32);
  auto sizes = LLVM::LLVMArrayType::get(i32, type.getRank());
  return LLVM::LLVMStructType::getLiteral(context, {pointer, pointer, i32, sizes, sizes});
}

Value GPUBuilder::pointerTo(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  Value descriptor = UnrealizedConversionCastOp::create(*this, getDescriptorType(type), buffer)
                         .getResult(0);
  Value pointer = LLVM::ExtractValueOp::create(*this, descriptor, 1);
  if (type.getMemorySpace())
    return pointer;
  constexpr unsigned kGlobal = 1;
  return LLVM::AddrSpaceCastOp::create(
      *this, LLVM::LLVMPointerType::get(getContext(), kGlobal), pointer);
}

Value GPUBuilder::advance(Value pointer, Value bytes) {
  return LLVM::GEPOp::create(*this, pointer.getType(), getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{toI32(bytes)});
}

Values GPUBuilder::loadWords(Value pointer, int64_t count, Type type) {
  if (count == 1)
    return {LLVM::LoadOp::create(*this, type, pointer, 4)};
  Value vector = LLVM::LoadOp::create(*this, VectorType::get(count, type), pointer,
                                      4 * static_cast<unsigned>(count));
  Values words;
  for (int64_t i = 0; i < count; ++i)
    words.push_back(LLVM::ExtractElementOp::create(*this, vector, i32(i)));
  return words;
}

void GPUBuilder::storeWords(ValueRange words, Value pointer) {
  if (words.size() == 1) {
    LLVM::StoreOp::create(*this, words.front(), pointer, 4);
    return;
  }
  Value vector = LLVM::PoisonOp::create(
      *this, VectorType::get(static_cast<int64_t>(words.size()), words.front().getType()));
  for (auto [i, word] : llvm::enumerate(words))
    vector = LLVM::InsertElementOp::create(*this, vector, word,
                                           i32(static_cast<int64_t>(i)));
  LLVM::StoreOp::create(*this, vector, pointer, 4 * static_cast<unsigned>(words.size()));
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

void GPUBuilder::copyAsync(Value shared, Value global, int64_t bytes, Value sourceBytes) {
  // Only those of 16 bytes can leave out the first-level cache.
  auto modifier = bytes == 16 ? NVVM::LoadCacheModifierKind::CG
                              : NVVM::LoadCacheModifierKind::CA;
  NVVM::CpAsyncOp::create(*this, shared, global, static_cast<uint32_t>(bytes), modifier,
                          sourceBytes);
}

void GPUBuilder::commitCopies() { NVVM::CpAsyncCommitGroupOp::create(*this); }

void GPUBuilder::waitForCopies(int64_t groups) {
  NVVM::CpAsyncWaitGroupOp::create(*this, static_cast<uint32_t>(groups));
}

void GPUBuilder::barrier() { gpu::BarrierOp::create(*this); }

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

Values GPUBuilder::longLoop(int64_t count, ValueRange init, LoopBody body) {
  auto yes = getBoolAttr(true);
  auto unroll =
      LLVM::LoopUnrollAttr::get(getContext(), /*disable=*/yes, {}, {}, {}, {}, {}, {});
  auto annotation = LLVM::LoopAnnotationAttr::get(getContext(), {}, {}, {}, unroll, {}, {}, {},
                                                  {}, {}, {}, {}, {}, {}, {}, {});
  Values results = loop(index(0), index(count), index(1), init, body);
  results.front().getDefiningOp()->setAttr("loop_annotation", annotation);
  return results;
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
                                std::vector<int32_t> values) {
  auto module = op->getParentOfType<ModuleOp>();
  auto type = MemRefType::get(shape, getI32Type());
  ElementsAttr data = makeElements(RankedTensorType::get(shape, getI32Type()),
                                   std::move(values), name);
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
