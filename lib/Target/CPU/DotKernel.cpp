//===- DotKernel.cpp - Products of bytes ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A lane multiplies 4 levels of the input, broadcast from memory, by 4 stored
// weights of its output channel and adds the products up: one instruction where
// there is one for that, a few elsewhere.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

namespace {

/// What adds products of bytes up.
enum class Instruction {
  /// One instruction for 4 products (VNNI, i8mm).
  DotBytes,
  /// The same, of levels of at most 7 bits or by two instructions (dotprod).
  DotSignedBytes,
  /// Pairs of bytes to 16 bits without saturation, these to 32 bits (SSSE3).
  MultiplyBytes,
  /// Pairs of 16 bits to 32 bits (SSE2).
  MultiplyWords,
  /// What every processor has.
  Multiply
};

class DotKernel : public ContractionKernel {
public:
  DotKernel(KernelBuilder &b, const Contraction &c);
  void createTables() override;
  TileShape getTileShape() override;
  Values emitSums(const Tile &tile, const Blocks &blocks) override;
  Values addPixel(ValueRange sums, ValueRange pixel, Value span) override;
  bool skipsBorder() override { return true; }

private:
  using Accumulate = function_ref<Value(Value sum, Value levels, Value weights)>;
  Value firstChannel(Value span);
  Value loadLevels(ValueRange pixel, Value channel);
  Value loadBytes(Value buffer, ValueRange indices, int64_t count);
  Values loadWeights(const Blocks &blocks, Value ky, Value kx, Value step);
  Values addStep(ArrayRef<Values> pixels, const Blocks &blocks, Value ky,
                 Value kx, Value step, ValueRange sums, Accumulate accumulate);
  Value addProducts(Value sum, Value levels, Value weights);
  Value multiplyPairs(Value levels, Value weights);
  Value addPairs(Value sum, Value pairs);
  Values addSteps(ArrayRef<Values> pixels, const Blocks &blocks, Value ky,
                  Value kx, ValueRange sums);
  Value call(StringRef name, Type result, ValueRange operands);
  VectorType bytes() { return b.vectorOf(b.getI8Type(), 4 * b.lanes()); }
  VectorType words() { return b.vectorOf(b.getI16Type(), 2 * b.lanes()); }
  VectorType dwords() { return b.vectorOf(b.getI32Type()); }
  Value bitCast(Value vector, VectorType type) {
    return vector::BitCastOp::create(b, type, vector);
  }
  Value splat(VectorType type, int64_t value);

  Instruction instruction;
  int64_t numVectors;
  /// Steps whose pairs of products add up in 16 bits.
  int64_t stepsOfPairs;
  /// Whether weights are half bytes.
  bool isHalved;
  InsideScan window;
  /// First channel of each span.
  Value firstChannels;
};

} // namespace

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

/// Largest sum of two products of a level and a stored weight, in magnitude.
static int64_t largestPair(const Contraction &c, int64_t storedBits) {
  int64_t level = (int64_t(1) << c.inputCode.getBits()) - 1, weight = 0;
  StoredWeight stored = storedWeight(c.filterCode, c.filterOffset, storedBits);
  for (int64_t value : {c.filterCode.getMinValue(), c.filterCode.getMaxValue()})
    weight = std::max(weight, std::abs((value + c.filterOffset - stored.shift) /
                                       stored.scale));
  return 2 * level * weight;
}

static Instruction chooseInstruction(const KernelBuilder &b,
                                     const Contraction &c, int64_t storedBits) {
  auto has = [&](StringRef of4, StringRef of8, StringRef of16) {
    return (b.lanes() == 4 && b.has(of4)) || (b.lanes() == 8 && b.has(of8)) ||
           (b.lanes() == 16 && b.has(of16));
  };
  if (has("i8mm", "avxvnni", "avx512vnni"))
    return Instruction::DotBytes;
  if (has("dotprod", "", ""))
    return Instruction::DotSignedBytes;
  if (has("ssse3", "avx2", "avx512bw") && largestPair(c, storedBits) <= 32767)
    return Instruction::MultiplyBytes;
  if (has("sse2", "avx2", "avx512bw"))
    return Instruction::MultiplyWords;
  return Instruction::Multiply;
}

DotKernel::DotKernel(KernelBuilder &b, const Contraction &c)
    : ContractionKernel(b, c), numVectors(b.vectorsPerBlock()), window(b, c) {
  isHalved =
      cast<MemRefType>(c.filter.getType()).getShape().back() == kHalfStepBytes;
  instruction = chooseInstruction(b, c, isHalved ? 4 : 8);
  stepsOfPairs = 32767 / std::max<int64_t>(largestPair(c, isHalved ? 4 : 8), 1);
}

/// As many pixels as there are registers for; where a row has few of them, more
/// blocks, so that sums do not wait for each other.
TileShape DotKernel::getTileShape() {
  constexpr int64_t kFewPixels = 3, kBlocks = 4;
  int64_t pixels = std::max<int64_t>(b.accumulators() / numVectors, 1);
  int64_t width = c.outputWidth();
  if (ShapedType::isDynamic(width) || width > kFewPixels)
    return {pixels, 1};
  return {width, std::clamp<int64_t>(pixels / width, 1, kBlocks)};
}

void DotKernel::createTables() {
  const FilterGeometry &g = c.geometry;
  SmallVector<int64_t> first;
  for (int64_t span = 0; span < c.numSpans(); ++span)
    first.push_back(g.groupOf(span * c.blocksPerSpan() * kWordBits) *
                    g.channelsPerGroup());
  firstChannels = b.indexTable("first_channels", first);
}

Value DotKernel::firstChannel(Value span) {
  return b.lookUpIndex(firstChannels, span);
}

Value DotKernel::call(StringRef name, Type result, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, result, b.getStringAttr(name),
                                       operands)
      .getResult(0);
}

Value DotKernel::splat(VectorType type, int64_t value) {
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(
             type, b.getIntegerAttr(type.getElementType(), value)));
}

static constexpr StringRef kMultiplyWords[] = {"llvm.x86.sse2.pmadd.wd",
                                               "llvm.x86.avx2.pmadd.wd",
                                               "llvm.x86.avx512.pmaddw.d.512"};

/// In each 16 bits the products of 2 levels and 2 weights.
Value DotKernel::multiplyPairs(Value levels, Value weights) {
  static constexpr StringRef kNames[] = {"llvm.x86.ssse3.pmadd.ub.sw.128",
                                         "llvm.x86.avx2.pmadd.ub.sw",
                                         "llvm.x86.avx512.pmaddubs.w.512"};
  return call(kNames[llvm::Log2_64(b.lanes() / 4)], words(), {levels, weights});
}

/// `sum` plus, in each lane, both its `pairs`.
Value DotKernel::addPairs(Value sum, Value pairs) {
  return b.add(sum, call(kMultiplyWords[llvm::Log2_64(b.lanes() / 4)], dwords(),
                         {pairs, splat(words(), 1)}));
}

/// `sum` plus, in each lane, the products of 4 levels and 4 weights.
Value DotKernel::addProducts(Value sum, Value levels, Value weights) {
  auto addWords = [&](Value sum, Value lhs, Value rhs) {
    return b.add(sum, call(kMultiplyWords[llvm::Log2_64(b.lanes() / 4)],
                           dwords(), {lhs, rhs}));
  };
  switch (instruction) {
  case Instruction::DotBytes:
    return call(b.lanes() == 16  ? "llvm.x86.avx512.vpdpbusd.512"
                : b.lanes() == 8 ? "llvm.x86.avx512.vpdpbusd.256"
                                 : "llvm.aarch64.neon.usdot.v4i32.v16i8",
                dwords(), {sum, levels, weights});
  case Instruction::DotSignedBytes: {
    StringRef dot = "llvm.aarch64.neon.sdot.v4i32.v16i8";
    if (c.inputCode.getBits() < 8)
      return call(dot, dwords(), {sum, levels, weights});
    // As a signed byte the top bit counts -128 in place of 128.
    Value low = arith::AndIOp::create(b, levels, splat(bytes(), 127));
    Value top = arith::AndIOp::create(b, levels, splat(bytes(), -128));
    sum = call(dot, dwords(), {sum, low, weights});
    return b.sub(sum, call(dot, dwords(), {b.splat(0), top, weights}));
  }
  case Instruction::MultiplyBytes:
    return addPairs(sum, multiplyPairs(levels, weights));
  case Instruction::MultiplyWords: {
    // Even bytes of both, then odd bytes.
    Value eight = splat(words(), 8);
    Value x = bitCast(levels, words()), w = bitCast(weights, words());
    Value left = arith::ShLIOp::create(b, w, eight);
    sum = addWords(sum, arith::AndIOp::create(b, x, splat(words(), 255)),
                   arith::ShRSIOp::create(b, left, eight));
    return addWords(sum, arith::ShRUIOp::create(b, x, eight),
                    arith::ShRSIOp::create(b, w, eight));
  }
  case Instruction::Multiply:
    break;
  }
  Value x = bitCast(levels, dwords()), w = bitCast(weights, dwords());
  for (int64_t i = 0; i < kStepChannels; ++i) {
    Value level = arith::AndIOp::create(
        b, arith::ShRUIOp::create(b, x, b.splat(8 * i)), b.splat(255));
    Value left = arith::ShLIOp::create(b, w, b.splat(24 - 8 * i));
    Value weight = arith::ShRSIOp::create(b, left, b.splat(24));
    sum = b.add(sum, arith::MulIOp::create(b, level, weight));
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Value DotKernel::loadBytes(Value buffer, ValueRange indices, int64_t count) {
  return b.loadVector(buffer, indices, /*mask=*/{}, count);
}

/// 4 levels of a pixel in each lane.
Value DotKernel::loadLevels(ValueRange pixel, Value channel) {
  Value four = loadBytes(c.input, {pixel[0], pixel[1], pixel[2], channel},
                         kStepChannels);
  Value dword = vector::ExtractOp::create(
      b, bitCast(four, VectorType::get(1, b.getI32Type())), 0);
  return bitCast(b.broadcast(dword), bytes());
}

/// The vectors of weights of a step, those of the first block, then those of
/// the next.
Values DotKernel::loadWeights(const Blocks &blocks, Value ky, Value kx,
                              Value step) {
  Values weights;
  for (int64_t i = 0; i < blocks.count; ++i) {
    Value block = b.add(blocks.first, i);
    for (int64_t v = 0; v < (isHalved ? numVectors / 2 : numVectors); ++v)
      weights.push_back(loadBytes(
          c.filter,
          {block, b.index(0), ky, kx, step, b.index(v * 4 * b.lanes())},
          4 * b.lanes()));
    if (!isHalved)
      continue;
    Values halves(ArrayRef<Value>(weights).take_back(numVectors / 2));
    Value mask = splat(bytes(), 15);
    for (auto [v, both] : llvm::enumerate(halves)) {
      weights[weights.size() - halves.size() + v] =
          arith::AndIOp::create(b, both, mask);
    }
    for (Value both : halves) {
      // Bytes have no shift of their own.
      Value shifted =
          arith::ShRUIOp::create(b, bitCast(both, words()), splat(words(), 4));
      weights.push_back(
          arith::AndIOp::create(b, bitCast(shifted, bytes()), mask));
    }
  }
  return weights;
}

/// Adds a step of `pixels` (image, row, column of the input) to their `sums`.
Values DotKernel::addStep(ArrayRef<Values> pixels, const Blocks &blocks,
                          Value ky, Value kx, Value step, ValueRange sums,
                          Accumulate accumulate) {
  Values weights = loadWeights(blocks, ky, kx, step), next;
  Value channel = b.add(b.mul(step, kStepChannels), firstChannel(blocks.span));
  for (const Values &pixel : pixels) {
    Value levels = loadLevels(pixel, channel);
    for (Value weight : weights)
      next.push_back(accumulate(sums[next.size()], levels, weight));
  }
  return next;
}

/// Adds all steps of a tap. Where that is proven to be exact, pairs of products add
/// up in 16 bits first.
Values DotKernel::addSteps(ArrayRef<Values> pixels, const Blocks &blocks,
                           Value ky, Value kx, ValueRange sums) {
  int64_t steps = c.geometry.steps();
  int64_t chunk = std::min(steps, stepsOfPairs);
  if (instruction != Instruction::MultiplyBytes || chunk < 2)
    return b.loop(steps, sums, [&](Value step, ValueRange args) {
      return addStep(pixels, blocks, ky, kx, step, args,
                     [&](Value sum, Value levels, Value weights) {
                       return addProducts(sum, levels, weights);
                     });
    });
  auto addChunk = [&](Value first, int64_t count, ValueRange args) {
    Values pairs = b.loop(
        count, Values(args.size(), splat(words(), 0)),
        [&](Value step, ValueRange carried) {
          return addStep(pixels, blocks, ky, kx, b.add(first, step), carried,
                         [&](Value sum, Value levels, Value weights) {
                           return b.add(sum, multiplyPairs(levels, weights));
                         });
        });
    Values next;
    for (auto [sum, pair] : llvm::zip_equal(args, pairs))
      next.push_back(addPairs(sum, pair));
    return next;
  };
  int64_t whole = steps / chunk;
  Values next = b.loop(whole, sums, [&](Value i, ValueRange args) {
    return addChunk(b.mul(i, chunk), chunk, args);
  });
  if (steps % chunk)
    next = addChunk(b.index(whole * chunk), steps % chunk, next);
  return next;
}

Values DotKernel::emitSums(const Tile &tile, const Blocks &blocks) {
  int64_t vectors = blocks.count * numVectors;
  auto addTap = [&](Value ky, Value kx, int64_t first, int64_t count,
                    ValueRange carried) {
    SmallVector<Values> pixels;
    for (int64_t pixel = first; pixel < first + count; ++pixel)
      pixels.push_back({tile.image, inputRow(b, c, tile.row, ky),
                        inputColumn(b, c, tile, pixel, kx)});
    Values sums(carried);
    Values own = addSteps(pixels, blocks, ky, kx,
                          carried.slice(first * vectors, count * vectors));
    llvm::copy(own, sums.begin() + first * vectors);
    return sums;
  };
  Values zeros(tile.pixels * vectors, b.splat(0));
  return window.scan(tile, zeros, addTap);
}

//===----------------------------------------------------------------------===//
// Window sums
//===----------------------------------------------------------------------===//

/// `sums`, a single scalar, plus the levels of the group: vectors, then single
/// bytes.
Values DotKernel::addPixel(ValueRange sums, ValueRange pixel, Value span) {
  int64_t channels = c.geometry.channelsPerGroup(), width = 4 * b.lanes();
  Value first = firstChannel(span), sum = sums.front();
  auto at = [&](Value channel) -> Values {
    return {pixel[0], pixel[1], pixel[2], b.add(first, channel)};
  };
  if (int64_t count = channels / width) {
    Value zeros = b.splat(0);
    Value lanes = b.loop(count, zeros, [&](Value i, ValueRange args) -> Values {
      Value levels = loadBytes(c.input, at(b.mul(i, width)), width);
      return {addProducts(args[0], levels, splat(bytes(), 1))};
    })[0];
    sum = b.add(
        sum, vector::ReductionOp::create(b, vector::CombiningKind::ADD, lanes));
  }
  return b.loop(b.index(channels / width * width), b.index(channels), sum,
                [&](Value channel, ValueRange args) -> Values {
                  Value level = b.load(c.input, at(channel));
                  return {b.add(args[0], arith::ExtUIOp::create(
                                             b, b.getI32Type(), level))};
                });
}

std::unique_ptr<ContractionKernel>
dorefa::createDotKernel(KernelBuilder &b, const Contraction &c) {
  return std::make_unique<DotKernel>(b, c);
}
