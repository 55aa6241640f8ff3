//===- Contraction.cpp - What GPU kernels of contractions share -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

static int64_t sizeOf(Value buffer, unsigned dim) {
  return cast<MemRefType>(buffer.getType()).getDimSize(dim);
}

GPUContraction::GPUContraction(bitplane::Conv2DOp op)
    : input(op.getInput()), filter(op.getFilter()),
      correction(op.getCorrection()), thresholds(op.getThresholds()),
      affine(op.getAffine()), init(op.getInit()), inputCode(op.getInputCode()),
      filterCode(op.getFilterCode()),
      resultCode(op.getResultCode().value_or(CodeType())), form(getDotForm(op)),
      geometry(op.getChannels(), op.getOutputChannels(), op.getGroups()),
      base(op.getBase()), window(op.getKernelSize()) {
  llvm::copy(op.getStrides(), strides.begin());
  llvm::copy(op.getDilations(), dilations.begin());
  rowClasses = getRowClasses(op).classOf;
  columnClasses = getColumnClasses(op).classOf;
}

GPUContraction::GPUContraction(bitplane::MatMulOp op)
    : input(op.getInput()), filter(op.getWeights()),
      correction(op.getCorrection()), thresholds(op.getThresholds()),
      affine(op.getAffine()), init(op.getInit()), inputCode(op.getInputCode()),
      filterCode(op.getWeightsCode()),
      resultCode(op.getResultCode().value_or(CodeType())), form(getDotForm(op)),
      geometry(op.getChannels(), op.getOutputChannels()), base(op.getBase()),
      isMatMul(true) {}

int64_t GPUContraction::numThresholds() const {
  if (thresholds)
    return sizeOf(thresholds, 0) - 1;
  return affine ? largestLevel(resultCode) - base : 0;
}

//===----------------------------------------------------------------------===//
// Epilogue
//===----------------------------------------------------------------------===//

static Value makeIndexTable(GPUBuilder &b, StringRef name, ArrayRef<int64_t> values) {
  if (llvm::all_of(values, [](int64_t value) { return value == 0; }))
    return {};
  return b.constantTable(name, {static_cast<int64_t>(values.size())},
                         llvm::to_vector_of<int32_t>(values));
}

GPUEpilogue::GPUEpilogue(GPUBuilder &b, const GPUContraction &c)
    : b(b), c(c) {
  if (!c.correction)
    return;
  rowTable = makeIndexTable(b, "row_classes", c.rowClasses);
  columnTable = makeIndexTable(b, "column_classes", c.columnClasses);
}

Values GPUEpilogue::indicesOf(const Pixel &pixel, Value last) {
  if (c.isMatMul)
    return {pixel.image, last};
  return {pixel.image, pixel.row, pixel.column, last};
}

Value GPUEpilogue::correctionOf(const Pixel &pixel, Value channel) {
  if (c.isMatMul)
    return b.load(c.correction, channel);
  auto look = [&](Value table, Value position) {
    return table ? b.toIndex(b.load(table, position)) : b.index(0);
  };
  return b.load(c.correction, {look(rowTable, pixel.row),
                               look(columnTable, pixel.column), channel});
}

/// What thresholds are compared with: decreasing channels compare -sum with
/// -threshold.
Value GPUEpilogue::orient(Value sum, Value channel) {
  Value sign = b.load(c.thresholds, {b.index(0), channel});
  return b.sub(b.bitXor(sum, sign), sign);
}

/// How many thresholds `sum` reaches; they are sorted. Few are counted, more are
/// bisected.
Value GPUEpilogue::levelByThresholds(Value sum, Value channel) {
  constexpr int64_t kCounted = 7;
  int64_t n = c.numThresholds();
  sum = orient(sum, channel);
  auto reaches = [&](Value row) {
    return b.compare(arith::CmpIPredicate::sge, sum,
                     b.load(c.thresholds, {row, channel}));
  };
  Value level = b.i32(0);
  if (n <= kCounted) {
    for (int64_t row = 1; row <= n; ++row)
      level = b.add(level, b.count(reaches(b.index(row))));
    return level;
  }
  for (int64_t step = llvm::bit_floor(static_cast<uint64_t>(n)); step > 0; step /= 2) {
    Value next = b.add(level, step);
    Value row = arith::MinUIOp::create(b, next, b.i32(n));
    Value exists = b.compare(arith::CmpIPredicate::ule, next, b.i32(n));
    Value reached = b.bitAnd(exists, reaches(b.toIndex(row)));
    level = b.select(reached, next, level);
  }
  return level;
}

Value GPUEpilogue::levelByAffineForm(Value sum, Value channel) {
  Value x = arith::SIToFPOp::create(b, b.getF32Type(), sum);
  Value slope = b.load(c.affine, {b.index(0), channel});
  Value offset = b.load(c.affine, {b.index(1), channel});
  Value value = arith::AddFOp::create(b, arith::MulFOp::create(b, x, slope), offset);
  // There is no NaN, and the sign of 0 is lost.
  auto clamp = [&](arith::CmpFPredicate keeps, Value bound) {
    Value inside = arith::CmpFOp::create(b, keeps, value, bound);
    value = b.select(inside, value, bound);
  };
  clamp(arith::CmpFPredicate::OGT, b.f32(0));
  clamp(arith::CmpFPredicate::OLT, b.f32(c.numThresholds()));
  Value level = arith::FPToSIOp::create(b, b.getI32Type(), value);
  if (!c.thresholds)
    return level;
  // One less where the sum does not reach the threshold of the level.
  Value threshold = b.load(c.thresholds, {b.toIndex(level), channel});
  Value misses = b.compare(arith::CmpIPredicate::slt, orient(sum, channel), threshold);
  Value lowered = b.sub(level, b.count(misses));
  return arith::MaxSIOp::create(b, lowered, b.i32(0));
}

Value GPUEpilogue::levelOf(Value sum, Value channel) {
  Value level = c.affine ? levelByAffineForm(sum, channel)
                         : levelByThresholds(sum, channel);
  return b.add(level, c.base);
}

Value GPUEpilogue::isOutput(Value channel) {
  return b.compare(arith::CmpIPredicate::ult, channel,
                   b.index(c.geometry.outputChannels));
}

Value GPUEpilogue::correct(const Pixel &pixel, Value channel, Value sum) {
  return c.correction ? b.add(sum, correctionOf(pixel, channel)) : sum;
}

void GPUEpilogue::storeInteger(const Pixel &pixel, Value channel, Value sum,
                               Value exists) {
  sum = correct(pixel, channel, sum);
  b.when(b.bitAnd(exists, isOutput(channel)),
         [&] { b.store(sum, c.init, indicesOf(pixel, channel)); });
}

Values GPUEpilogue::planesOf(const Pixel &pixel, Value channel, Value sum) {
  Value level = levelOf(correct(pixel, channel, sum), channel);
  Values planes = planesOfLevel(b, c.resultCode, level);
  // Bits beyond the channels are 0 whatever the base is.
  if (c.geometry.outputChannels % kWordBits != 0)
    for (Value &plane : planes)
      plane = b.bitAnd(plane, isOutput(channel));
  return planes;
}

void GPUEpilogue::storeWord(const Pixel &pixel, Value block, int64_t plane,
                            Value word) {
  Values at = indicesOf(pixel, block);
  at.push_back(b.index(plane));
  b.store(word, c.init, at);
}

void GPUEpilogue::emit(const Pixel &pixel, Value block, Value lane, Value sum) {
  Value channel = b.add(b.mul(block, kWordBits), lane);
  if (!c.hasCodes())
    return storeInteger(pixel, channel, sum, b.condition(true));
  storePlanes(b, planesOf(pixel, channel, sum), lane, c.init, indicesOf(pixel, block));
}
