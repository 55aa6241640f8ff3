//===- KernelBuilder.cpp - Short names for kernel IR ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "dorefa/Dialect/BitPlane/Buffers.h"
#include "dorefa/Target/CPU/CostModel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include <functional>

using namespace mlir;
using namespace mlir::dorefa;

LogicalResult MicroKernelOptions::verify(Operation *op) const {
  if (lanes != 4 && lanes != 8 && lanes != 16 && lanes != 32)
    return op->emitError("lanes is ") << lanes << " but must be 4, 8, 16 or 32";
  if (accumulators == 0)
    return op->emitError("accumulators is 0 but must be at least 1");
  return success();
}

unsigned dorefa::getIndexBits(const MicroKernelOptions &options) {
  switch (options.lanes) {
  case 16:
    return options.has("avx512vbmi") ? 16 : options.has("avx512bw") ? 8 : 0;
  case 8:
    return options.has("avx2") ? 8 : 0;
  case 4:
    return options.has("ssse3") || options.has("neon") ? 8 : 0;
  }
  return 0;
}

LogicalResult dorefa::checkOperands(Operation *op) {
  if (failed(bitplane::checkBuffers(op)))
    return failure();
  for (Type operand : op->getOperandTypes())
    if (!cast<MemRefType>(operand).isLastDimUnitStride())
      return op->emitOpError("has channels that do not lie side by side in ")
             << operand;
  return success();
}

std::optional<int64_t> dorefa::constantIndex(Value value) {
  return getConstantIntValue(value);
}

KernelBuilder::KernelBuilder(OpBuilder &builder, Operation *op,
                             const MicroKernelOptions &options)
    : ImplicitLocOpBuilder(op->getLoc(), builder), options(options), op(op),
      predicted(op->getAttr(kPredictedNanoseconds)) {
  setInsertionPoint(op);
}

//===----------------------------------------------------------------------===//
// Constants and arithmetic
//===----------------------------------------------------------------------===//

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}

Value KernelBuilder::i32(int64_t value) {
  return arith::ConstantOp::create(
      *this, getI32IntegerAttr(static_cast<int32_t>(value)));
}

VectorType KernelBuilder::vectorOf(Type element, int64_t count) {
  return VectorType::get(count ? count : lanes(), element);
}

Value KernelBuilder::splat(int64_t value) {
  auto attribute = DenseElementsAttr::get(
      vectorOf(getI32Type()), getI32IntegerAttr(static_cast<int32_t>(value)));
  return arith::ConstantOp::create(*this, attribute);
}

Value KernelBuilder::mask(bool value, int64_t count) {
  auto attribute =
      DenseElementsAttr::get(vectorOf(getI1Type(), count), getBoolAttr(value));
  return arith::ConstantOp::create(*this, attribute);
}

Value KernelBuilder::broadcast(Value scalar) {
  return vector::BroadcastOp::create(*this, vectorOf(scalar.getType()), scalar);
}

Value KernelBuilder::add(Value lhs, Value rhs) {
  return createOrFold<arith::AddIOp>(lhs, rhs);
}

Value KernelBuilder::mul(Value lhs, int64_t rhs) {
  return createOrFold<arith::MulIOp>(lhs, index(rhs));
}

Value KernelBuilder::sub(Value lhs, Value rhs) {
  return createOrFold<arith::SubIOp>(lhs, rhs);
}

Value KernelBuilder::scale(Value base, int64_t multiplier) {
  if (multiplier == 1)
    return base;
  bool isVector = isa<VectorType>(base.getType());
  return arith::MulIOp::create(*this, base,
                               isVector ? splat(multiplier) : i32(multiplier));
}

Value KernelBuilder::accumulate(Value sum, Value value, bool negative) {
  if (negative)
    return arith::SubIOp::create(*this, sum, value);
  return arith::AddIOp::create(*this, sum, value);
}

Value KernelBuilder::shiftLeft(Value value, unsigned amount) {
  if (amount == 0)
    return value;
  Type type = value.getType();
  Attribute attribute = getIntegerAttr(getElementTypeOrSelf(type), amount);
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, attribute);
  Value amounts = arith::ConstantOp::create(*this, cast<TypedAttr>(attribute));
  return arith::ShLIOp::create(*this, value, amounts);
}

Value KernelBuilder::population(Value bits) {
  return math::CtPopOp::create(*this, bits);
}

Value KernelBuilder::multiplyAdd(Value lhs, Value rhs, Value sum) {
  if (has("fma") || has("neon"))
    return math::FmaOp::create(*this, lhs, rhs, sum);
  return arith::AddFOp::create(*this, arith::MulFOp::create(*this, lhs, rhs),
                               sum);
}

Values KernelBuilder::evaluate(AffineMap map, ValueRange loops) {
  Values results;
  for (AffineExpr index : map.getResults())
    results.push_back(evaluate(index, loops));
  return results;
}

Value KernelBuilder::evaluate(AffineExpr index, ValueRange loops) {
  if (auto number = dyn_cast<AffineConstantExpr>(index))
    return this->index(number.getValue());
  if (auto loop = dyn_cast<AffineDimExpr>(index))
    return loops[loop.getPosition()];
  auto both = cast<AffineBinaryOpExpr>(index);
  Value lhs = evaluate(both.getLHS(), loops);
  if (both.getKind() == AffineExprKind::Add)
    return add(lhs, evaluate(both.getRHS(), loops));
  return mul(lhs, cast<AffineConstantExpr>(both.getRHS()).getValue());
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void KernelBuilder::loop(Value count, int64_t step, Body body) {
  std::optional<int64_t> constant = constantIndex(count);
  if (constant && *constant <= 0)
    return;
  if (constant && *constant <= step)
    return body(index(0));
  OpBuilder::InsertionGuard guard(*this);
  Value begin = index(0), stride = index(step);
  if (options.parallel) {
    auto loop = scf::ParallelOp::create(*this, begin, count, stride);
    if (predicted && !loop->getParentOfType<scf::ParallelOp>())
      loop->setAttr(kPredictedNanoseconds, predicted);
    setInsertionPointToStart(loop.getBody());
    return body(loop.getInductionVars().front());
  }
  auto loop = scf::ForOp::create(*this, begin, count, stride);
  setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

Values KernelBuilder::loop(Value begin, Value end, ValueRange init,
                           CarryingBody body) {
  std::optional<int64_t> first = constantIndex(begin);
  std::optional<int64_t> last = constantIndex(end);
  if (first && last && *first >= *last)
    return Values(init);
  if (first && last && *first + 1 == *last)
    return body(begin, init);
  auto loop = scf::ForOp::create(*this, begin, end, index(1), init);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  Values next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(*this, next);
  return Values(loop.getResults());
}

void KernelBuilder::nest(Value buffer, int64_t rank,
                         function_ref<void(ValueRange)> body) {
  Values indices;
  // Recursion over the dimensions: a handful at most.
  std::function<void()> enter = [&] {
    if (static_cast<int64_t>(indices.size()) == rank)
      return body(indices);
    loop(size(buffer, indices.size()), 1, [&](Value i) {
      indices.push_back(i);
      enter();
      indices.pop_back();
    });
  };
  enter();
}

void KernelBuilder::tiles(Value count, int64_t tile,
                          function_ref<void(Value, int64_t)> body) {
  if (std::optional<int64_t> constant = constantIndex(count)) {
    int64_t covered = *constant / tile * tile;
    loop(index(covered), tile, [&](Value first) { body(first, tile); });
    if (covered < *constant)
      body(index(covered), *constant - covered);
    return;
  }
  Value rest = createOrFold<arith::RemUIOp>(count, index(tile));
  Value covered = sub(count, rest);
  loop(covered, tile, [&](Value first) { body(first, tile); });
  loop(rest, 1, [&](Value i) { body(add(covered, i), 1); });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value KernelBuilder::size(Value buffer, int64_t dim) {
  auto type = cast<MemRefType>(buffer.getType());
  if (type.isDynamicDim(dim))
    return memref::DimOp::create(*this, buffer, dim);
  return index(type.getDimSize(dim));
}

Value KernelBuilder::load(Value buffer, ValueRange indices) {
  return memref::LoadOp::create(*this, buffer, indices);
}

void KernelBuilder::store(Value value, Value buffer, ValueRange indices) {
  memref::StoreOp::create(*this, value, buffer, indices);
}

Value KernelBuilder::loadVector(Value buffer, ValueRange indices, Value mask,
                                int64_t count) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  VectorType type = vectorOf(element, count);
  if (!mask)
    return vector::LoadOp::create(*this, type, buffer, indices);
  Value zero = arith::ConstantOp::create(*this, getZeroAttr(type));
  return vector::MaskedLoadOp::create(*this, type, buffer, indices, mask, zero);
}

void KernelBuilder::storeVector(Value value, Value buffer, ValueRange indices,
                                Value mask) {
  if (!mask) {
    vector::StoreOp::create(*this, value, buffer, indices);
    return;
  }
  // Of a truncated vector under a mask of one lane, LLVM 22 writes as many bytes
  // as the lane had before.
  auto lanes = mask.getDefiningOp<vector::CreateMaskOp>();
  if (lanes && matchPattern(lanes.getOperand(0), m_One()))
    return store(vector::ExtractOp::create(*this, value, 0), buffer, indices);
  vector::MaskedStoreOp::create(*this, buffer, indices, mask, value);
}

Value KernelBuilder::firstLanes(Value count, int64_t width) {
  return vector::CreateMaskOp::create(*this, vectorOf(getI1Type(), width),
                                      count);
}

Value KernelBuilder::constant(StringRef name, ElementsAttr value) {
  auto module = op->getParentOfType<ModuleOp>();
  auto tensor = cast<RankedTensorType>(value.getType());
  auto type = MemRefType::get(tensor.getShape(), tensor.getElementType());
  auto global =
      memref::GlobalOp::create(*this, name, getStringAttr("private"), type,
                               value, /*constant=*/true, getI64IntegerAttr(64));
  global->remove();
  SymbolTable(module).insert(global, module.getBody()->begin());
  return memref::GetGlobalOp::create(*this, type, global.getSymName());
}

Value KernelBuilder::sharedTable(StringRef name, ArrayRef<int64_t> shape,
                                 ArrayRef<int8_t> values) {
  auto module = op->getParentOfType<ModuleOp>();
  auto type = MemRefType::get(shape, getI8Type());
  if (!module.lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(module.getBody());
    auto data = DenseElementsAttr::get(
        RankedTensorType::get(shape, getI8Type()), values);
    memref::GlobalOp::create(*this, name, getStringAttr("private"), type, data,
                             /*constant=*/true, getI64IntegerAttr(64));
  }
  return memref::GetGlobalOp::create(*this, type, name);
}

Value KernelBuilder::constantTable(StringRef name, ArrayRef<int64_t> shape,
                                   ArrayRef<int32_t> values) {
  return constant(
      name, DenseElementsAttr::get(RankedTensorType::get(shape, getI32Type()),
                                   values));
}

Value KernelBuilder::indexTable(StringRef name, ArrayRef<int64_t> values) {
  if (llvm::all_of(values, [](int64_t value) { return value == 0; }))
    return {};
  return constantTable(name, {int64_t(values.size())},
                       llvm::to_vector_of<int32_t>(values));
}

Value KernelBuilder::lookUpIndex(Value table, Value position) {
  if (!table)
    return index(0);
  return arith::IndexCastOp::create(*this, getIndexType(),
                                    load(table, position));
}

Value KernelBuilder::scratch(ArrayRef<int64_t> shape) {
  OpBuilder::InsertionGuard guard(*this);
  auto function = op->getParentOfType<FunctionOpInterface>();
  setInsertionPointToStart(&function.getFunctionBody().front());
  return memref::AllocaOp::create(*this, MemRefType::get(shape, getI32Type()));
}

Value KernelBuilder::withUnitDims(Value buffer, int64_t position,
                                  int64_t count) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> shape;
  SmallVector<OpFoldResult> sizes;
  SmallVector<ReassociationIndices> groups;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    ReassociationIndices &group = groups.emplace_back();
    for (int64_t unit = 0; dim == position && unit < count; ++unit) {
      group.push_back(shape.size());
      shape.push_back(1);
      sizes.push_back(getIndexAttr(1));
    }
    group.push_back(shape.size());
    shape.push_back(type.getDimSize(dim));
    sizes.push_back(getAsOpFoldResult(size(buffer, dim)));
  }
  return memref::ExpandShapeOp::create(*this, shape, buffer, groups, sizes);
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

Value KernelBuilder::bitcast(Value vector, Type element) {
  auto type = cast<VectorType>(vector.getType());
  int64_t bits = type.getNumElements() * type.getElementTypeBitWidth();
  return vector::BitCastOp::create(
      *this, VectorType::get(bits / element.getIntOrFloatBitWidth(), element),
      vector);
}

Value KernelBuilder::slice(Value vector, int64_t first, int64_t count) {
  return vector::ExtractStridedSliceOp::create(*this, vector, first, count, 1);
}

Value KernelBuilder::call(StringRef intrinsic, Type result,
                          ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(*this, result, getStringAttr(intrinsic),
                                       operands)
      .getResults();
}

/// In each group of 8 of 32 bytes, bit i of byte j is bit j of byte 7 - i, XOR bit i
/// of `flips`.
Value KernelBuilder::transposeBits(Value bytes, uint8_t flips) {
  auto type = cast<VectorType>(bytes.getType());
  SmallVector<int8_t> units;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    units.push_back(uint8_t(1) << i % 8);
  Value unit = arith::ConstantOp::create(
      *this, DenseElementsAttr::get(type, ArrayRef<int8_t>(units)));
  Value flip = arith::ConstantOp::create(*this, getI8IntegerAttr(int8_t(flips)));
  return call("llvm.x86.vgf2p8affineqb.256", type, {unit, bytes, flip});
}

Value KernelBuilder::planesOfBytes(Value codes, int64_t planes) {
  SmallVector<int64_t> reversed, order;
  for (int64_t i = 0; i < 32; ++i)
    reversed.push_back(i ^ 7);
  for (int64_t i = 0; i < 4 * planes; ++i)
    order.push_back(i % 4 * 8 + i / 4);
  Value bits = transposeBits(
      vector::ShuffleOp::create(*this, codes, codes, reversed), /*flips=*/0);
  return bitcast(vector::ShuffleOp::create(*this, bits, bits, order),
                 getI32Type());
}

Value KernelBuilder::bytesOfPlanes(Value words, uint8_t flips) {
  Value bytes = bitcast(words, getI8Type());
  auto type = cast<VectorType>(bytes.getType());
  int64_t planes = type.getNumElements() / 4;
  Value zeros = arith::ConstantOp::create(*this, getZeroAttr(type));
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < 32; ++i) {
    int64_t plane = 7 - i % 8;
    order.push_back(plane < planes ? plane * 4 + i / 8 : 4 * planes);
  }
  return transposeBits(vector::ShuffleOp::create(*this, bytes, zeros, order),
                       flips);
}

Value KernelBuilder::concatenate(ValueRange vectors) {
  // Pairs of neighbours grow together.
  Values parts(vectors);
  while (parts.size() > 1) {
    Values joined;
    int64_t width = cast<VectorType>(parts[0].getType()).getNumElements();
    auto order = llvm::to_vector(llvm::seq<int64_t>(0, 2 * width));
    for (size_t i = 0; i < parts.size(); i += 2)
      joined.push_back(
          vector::ShuffleOp::create(*this, parts[i], parts[i + 1], order));
    parts = std::move(joined);
  }
  return parts.front();
}

Value KernelBuilder::wordOfMasks(ArrayRef<Value> masks) {
  Value word = vector::BitCastOp::create(
      *this, VectorType::get(1, getI32Type()), concatenate(masks));
  return vector::ExtractOp::create(*this, word, 0);
}

Value KernelBuilder::maskOfWord(Value word) {
  Value vector = vector::BroadcastOp::create(
      *this, VectorType::get(1, getI32Type()), word);
  return vector::BitCastOp::create(*this, vectorOf(getI1Type(), 32), vector);
}

Values KernelBuilder::planesOfLevel(CodeType code, Value level) {
  Value zero = splat(0);
  auto compare = [&](arith::CmpIPredicate predicate, Value value) -> Value {
    return arith::CmpIOp::create(*this, predicate, value, zero);
  };
  if (code.getEncoding() == Encoding::Ternary)
    return {compare(arith::CmpIPredicate::sgt, level),
            compare(arith::CmpIPredicate::slt, level)};
  Values planes;
  for (unsigned plane = 0; plane < code.getBits(); ++plane)
    planes.push_back(compare(
        arith::CmpIPredicate::ne,
        arith::AndIOp::create(*this, level, splat(int64_t(1) << plane))));
  return planes;
}

bool KernelBuilder::isPlainCount(CodeType code, int64_t base,
                                 int64_t numThresholds) {
  bool isPlain = code.getEncoding() == Encoding::Unipolar ||
                 code.getEncoding() == Encoding::Bipolar;
  return isPlain && base == 0 && numThresholds == code.getMaxCode();
}

Values KernelBuilder::searchPlanes(CodeType code, Value value,
                                   function_ref<Value(int64_t)> threshold) {
  unsigned bits = code.getBits();
  Values planes(bits);
  for (unsigned plane = bits; plane-- > 0;) {
    // One candidate for each number that the higher planes may be.
    Values candidates;
    for (int64_t high = 0; high < int64_t(1) << (bits - 1 - plane); ++high)
      candidates.push_back(threshold((2 * high + 1) << plane));
    for (unsigned decided = plane + 1; decided < bits; ++decided) {
      Values chosen;
      for (size_t i = 0; i < candidates.size(); i += 2)
        chosen.push_back(arith::SelectOp::create(
            *this, planes[decided], candidates[i + 1], candidates[i]));
      candidates = std::move(chosen);
    }
    planes[plane] = reaches(value, candidates.front());
  }
  return planes;
}

Value KernelBuilder::reaches(Value value, Value threshold) {
  if (isa<FloatType>(getElementTypeOrSelf(value)))
    return arith::CmpFOp::create(*this, arith::CmpFPredicate::OGE, value,
                                 threshold);
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::sge, value,
                               threshold);
}
