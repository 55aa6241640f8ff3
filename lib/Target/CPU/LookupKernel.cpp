//===- LookupKernel.cpp - Products by constant tables ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An index of the input holds the codes of a few channels and selects a row of
// a constant table: entry b is the sum of the codes under the bits of b. A byte
// of the filter holds the weight bits of one output channel under the same
// channels, so one shuffle of the row by a vector of the filter gives what
// these channels add to as many outputs as the vector has bytes. No
// multiplication, no popcount.
//
// Sums of bytes are widened to 16 bits before they can overflow: the even and
// the odd bytes apart, which costs a shift and two additions. Where the planes
// of the filter are several, they are tiled like output channels, because all
// of them need the same row.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

namespace {

/// Vectors that one pass over the window sums: planes [firstPlane, firstPlane +
/// planes) of `vectors` vectors of output channels, for each pixel.
struct Pass {
  Value firstVector;
  int64_t vectors, firstPlane, planes;
  /// Pair of planes of the input.
  int64_t pair;
  Value span;

  int64_t perPixel() const { return vectors * planes; }
};

class LookupKernel : public ContractionKernel {
public:
  LookupKernel(KernelBuilder &b, const Contraction &c, int64_t indexBits,
               int64_t lanes);
  void createTables() override;
  TileShape getTileShape() override;
  bool skipsBorder() override { return true; }
  Values emitSums(const Tile &tile, const Blocks &blocks) override;
  Values addPixel(ValueRange sums, ValueRange pixel, Value span) override;

private:
  bool pairsFit16Bits() const;
  Values sumPairs(const Tile &tile, Pass pass);
  void scan(const Tile &tile, const Pass &pass, Values &sums);
  Values addIndices(const Tile &tile, const Pass &pass, Value ky, Value kx,
                    ValueRange sums);
  Values addChunk(const Tile &tile, const Pass &pass, Value ky, Value kx,
                  Value begin, Value end, ValueRange sums);
  Values addIndex(const Tile &tile, const Pass &pass, Value ky, Value kx,
                  Value index, ValueRange sums);
  Value loadRow(Value index);
  Value shuffle(Value row, Value weights);
  Values widen(const Tile &tile, const Pass &pass, ValueRange sums);
  Value firstIndex(Value span, int64_t pair);
  Value countCodes(Value indices, unsigned pair);

  LookupGeometry lookup;
  InsideScan window;
  int64_t planesPerPass;
  Value table;
};

} // namespace

LookupKernel::LookupKernel(KernelBuilder &b, const Contraction &c,
                           int64_t indexBits, int64_t lanes)
    : ContractionKernel(b, c),
      lookup(c.geometry, c.inputCode, indexBits, lanes), window(b, c),
      planesPerPass(std::min<int64_t>(c.filterCode.getBits(), 2)) {}

/// Rows of the table for all indices that occur.
void LookupKernel::createTables() {
  int64_t width = lookup.width, bytes = int64_t(1) << width;
  int64_t rows = c.inputCode.getBits() == 1 ? bytes : bytes * bytes;
  std::vector<int8_t> entries;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t byte = 0; byte < bytes; ++byte) {
      int64_t high = row >> width;
      entries.push_back(llvm::popcount(uint64_t(row & byte)) +
                        2 * llvm::popcount(uint64_t(high & byte)));
    }
  std::string name =
      "lookup_" + std::to_string(rows) + "x" + std::to_string(bytes);
  table = b.sharedTable(name, {rows, bytes}, entries);
}

/// Each vector of sums takes three registers, bytes and twice 16 bits. Two
/// vectors of output channels share the row that they look up in.
TileShape LookupKernel::getTileShape() {
  int64_t sums = std::max<int64_t>(b.accumulators() / 3, 1);
  int64_t vectors = lookup.lanes < kWordBits ? kWordBits / lookup.lanes : 1;
  if (planesPerPass == 1 && c.blocksPerSpan() * kWordBits >= 2 * lookup.lanes)
    vectors = 2;
  return {std::max<int64_t>(sums / (vectors * planesPerPass), 1),
          std::max<int64_t>(vectors * lookup.lanes / kWordBits, 1)};
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// I from the planes of the filter.
Values LookupKernel::emitSums(const Tile &tile, const Blocks &blocks) {
  int64_t lanesPerBlock = std::min(lookup.lanes, kWordBits);
  int64_t vectors = llvm::divideCeil(blocks.count * kWordBits, lookup.lanes);
  Value inSpan = b.sub(blocks.first, b.mul(blocks.span, c.blocksPerSpan()));
  Value first = lookup.lanes > kWordBits
                    ? b.createOrFold<arith::DivUIOp>(
                          inSpan, b.index(lookup.lanes / kWordBits))
                    : b.mul(inSpan, kWordBits / lanesPerBlock);
  first = b.add(b.mul(blocks.span, lookup.vectorsPerGroup), first);

  int64_t perPixel = blocks.count * b.vectorsPerBlock();
  Values sums(tile.pixels * perPixel);
  for (int64_t plane = 0; plane < c.filterCode.getBits();
       plane += planesPerPass) {
    Pass pass{first,
              vectors,
              plane,
              std::min<int64_t>(planesPerPass, c.filterCode.getBits() - plane),
              /*pair=*/0,
              blocks.span};
    Values parts = sumPairs(tile, pass);
    // Of each pixel: the planes, each with four vectors of i32 for one of
    // bytes.
    int64_t parted = parts.size() / tile.pixels / pass.planes;
    for (int64_t pixel = 0; pixel < tile.pixels; ++pixel)
      for (int64_t p = 0; p < pass.planes; ++p)
        for (int64_t v = 0; v < perPixel; ++v) {
          PlaneTerm term = planeTerm(c.filterCode, plane + p);
          Value part = b.shiftLeft(
              parts[(pixel * pass.planes + p) * parted + v], term.exponent);
          Value &sum = sums[pixel * perPixel + v];
          if (sum)
            sum = b.accumulate(sum, part, term.negative);
          else
            sum = term.negative ? b.sub(b.splat(0), part) : part;
        }
  }
  return sums;
}

/// Whether sums over all planes of the input fit 16 bits.
bool LookupKernel::pairsFit16Bits() const {
  return c.kernelHeight() * c.kernelWidth() * c.geometry.channelsPerGroup() *
             c.inputCode.getMaxCode() <=
         std::numeric_limits<uint16_t>::max();
}

/// Sums over the pairs of planes of the input, the higher one first.
Values LookupKernel::sumPairs(const Tile &tile, Pass pass) {
  auto type = b.vectorOf(b.getI16Type(), lookup.lanes / 2);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  Value two = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, b.getI16IntegerAttr(2)));
  Values words(2 * tile.pixels * pass.perPixel(), zero), sums;
  for (pass.pair = lookup.pairs - 1; pass.pair >= 0; --pass.pair) {
    scan(tile, pass, words);
    if (pass.pair > 0 && pairsFit16Bits()) {
      for (Value &word : words)
        word = arith::ShLIOp::create(b, word, two);
      continue;
    }
    Values wide = widen(tile, pass, words);
    for (auto [i, sum] : llvm::enumerate(sums))
      wide[i] = b.add(wide[i], b.shiftLeft(sum, 2));
    sums = wide;
    llvm::fill(words, zero);
  }
  return sums;
}

/// Adds what one pair of planes gives to `sums`: per vector of bytes the sums
/// of neighbouring bytes as they lie in 16 bits, then those of the odd bytes.
void LookupKernel::scan(const Tile &tile, const Pass &pass, Values &sums) {
  int64_t perPixel = 2 * pass.perPixel();
  auto addTap = [&](Value ky, Value kx, int64_t first, int64_t count,
                    ValueRange carried) {
    Tile inside{tile.image, tile.row, b.add(tile.column, first), count};
    Values next(carried);
    Values own =
        addIndices(inside, pass, ky, kx,
                   carried.slice(first * perPixel, count * perPixel));
    llvm::copy(own, next.begin() + first * perPixel);
    return next;
  };
  sums = window.scan(tile, sums, addTap);
}

/// One tap: chunks of as many indices as bytes can sum.
Values LookupKernel::addIndices(const Tile &tile, const Pass &pass, Value ky,
                                Value kx, ValueRange sums) {
  int64_t largest = lookup.width * (c.inputCode.getBits() == 1 ? 1 : 3);
  int64_t count = lookup.indicesPerGroup;
  int64_t chunks = llvm::divideCeil(count, 255 / largest);
  int64_t size = llvm::divideCeil(count, chunks);
  int64_t whole = count / size;
  Values next = b.loop(whole, sums, [&](Value i, ValueRange args) {
    Value begin = b.mul(i, size);
    return addChunk(tile, pass, ky, kx, begin, b.add(begin, size), args);
  });
  if (whole * size < count)
    next = addChunk(tile, pass, ky, kx, b.index(whole * size), b.index(count),
                    next);
  return next;
}

Values LookupKernel::addChunk(const Tile &tile, const Pass &pass, Value ky,
                              Value kx, Value begin, Value end,
                              ValueRange sums) {
  auto type = b.vectorOf(b.getI8Type(), lookup.lanes);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  Values bytes(tile.pixels * pass.perPixel(), zero);
  bytes = b.loop(begin, end, bytes, [&](Value index, ValueRange args) {
    return addIndex(tile, pass, ky, kx, index, args);
  });
  auto wide = b.vectorOf(b.getI16Type(), lookup.lanes / 2);
  Value eight = arith::ConstantOp::create(
      b, DenseElementsAttr::get(wide, b.getI16IntegerAttr(8)));
  Values next;
  for (auto [i, sum] : llvm::enumerate(bytes)) {
    Value both = b.bitcast(sum, b.getI16Type());
    next.push_back(arith::AddIOp::create(b, sums[2 * i], both));
    Value odd = arith::ShRUIOp::create(b, both, eight);
    next.push_back(arith::AddIOp::create(b, sums[2 * i + 1], odd));
  }
  return next;
}

/// One index of each pixel.
Values LookupKernel::addIndex(const Tile &tile, const Pass &pass, Value ky,
                              Value kx, Value index, ValueRange sums) {
  Values weights, next;
  for (int64_t plane = 0; plane < pass.planes; ++plane)
    for (int64_t v = 0; v < pass.vectors; ++v)
      weights.push_back(b.loadVector(c.filter,
                                     {b.add(pass.firstVector, v),
                                      b.index(pass.firstPlane + plane), ky, kx,
                                      index, b.index(0)},
                                     {}, lookup.lanes));
  Value position = b.add(firstIndex(pass.span, pass.pair), index);
  for (int64_t pixel = 0; pixel < tile.pixels; ++pixel) {
    Value row = loadRow(
        b.load(c.input, {tile.image, inputRow(b, c, tile.row, ky),
                         inputColumn(b, c, tile, pixel, kx), position}));
    for (Value weight : weights)
      next.push_back(
          arith::AddIOp::create(b, sums[next.size()], shuffle(row, weight)));
  }
  return next;
}

/// First index of a pair of planes of a pixel.
Value LookupKernel::firstIndex(Value span, int64_t pair) {
  return b.add(b.mul(span, lookup.pairs * lookup.indicesPerGroup),
               pair * lookup.indicesPerGroup);
}

/// The row of the table in as many copies as the vector takes.
Value LookupKernel::loadRow(Value index) {
  Value at = arith::IndexCastUIOp::create(b, b.getIndexType(), index);
  int64_t bytes = int64_t(1) << lookup.width;
  Value row = b.loadVector(table, {at, b.index(0)}, {}, bytes);
  if (bytes == lookup.lanes)
    return row;
  SmallVector<int64_t> copies;
  for (int64_t i = 0; i < lookup.lanes; ++i)
    copies.push_back(i % bytes);
  return vector::ShuffleOp::create(b, row, row, copies);
}

/// Entry of the row for each byte of `weights`.
Value LookupKernel::shuffle(Value row, Value weights) {
  StringRef intrinsic;
  if (lookup.width == 6)
    intrinsic = "llvm.x86.avx512.permvar.qi.512";
  else if (b.has("neon"))
    intrinsic = "llvm.aarch64.neon.tbl1.v16i8";
  else if (lookup.lanes == 16)
    intrinsic = "llvm.x86.ssse3.pshuf.b.128";
  else
    intrinsic = lookup.lanes == 32 ? "llvm.x86.avx2.pshuf.b"
                                   : "llvm.x86.avx512.pshuf.b.512";
  return b.call(intrinsic, row.getType(), {row, weights});
}

/// i32 vectors of output channels in their order, four for each vector of
/// bytes.
Values LookupKernel::widen(const Tile &tile, const Pass &pass,
                           ValueRange sums) {
  auto type = b.vectorOf(b.getI16Type(), lookup.lanes / 2);
  Value eight = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, b.getI16IntegerAttr(8)));
  auto wide = b.vectorOf(b.getI32Type(), lookup.lanes / 4);
  Values result;
  for (size_t i = 0; i < sums.size(); i += 2) {
    Value odd = sums[i + 1];
    Value even =
        arith::SubIOp::create(b, sums[i], arith::ShLIOp::create(b, odd, eight));
    for (Value half : {even, odd})
      for (int64_t first : {int64_t(0), lookup.lanes / 4})
        result.push_back(arith::ExtUIOp::create(
            b, wide, b.slice(half, first, lookup.lanes / 4)));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Window sums
//===----------------------------------------------------------------------===//

/// Sum of the codes in indices of pair `pair`, a vector of at most 64 bits.
Value LookupKernel::countCodes(Value indices, unsigned pair) {
  auto type = cast<VectorType>(indices.getType());
  unsigned elementBits = type.getElementTypeBitWidth();
  auto scalar = b.getIntegerType(type.getNumElements() * elementBits);
  Value bits = vector::ExtractOp::create(b, b.bitcast(indices, scalar), 0);
  Value sum;
  for (unsigned plane = 2 * pair;
       plane < std::min(2 * pair + 2, c.inputCode.getBits()); ++plane) {
    APInt mask = APInt::getLowBitsSet(elementBits, lookup.width)
                 << plane % 2 * lookup.width;
    Value own = arith::AndIOp::create(
        b, bits,
        arith::ConstantOp::create(
            b, b.getIntegerAttr(scalar,
                                APInt::getSplat(scalar.getWidth(), mask))));
    Value count = b.population(own);
    if (scalar.getWidth() < 32)
      count = arith::ExtUIOp::create(b, b.getI32Type(), count);
    if (scalar.getWidth() > 32)
      count = arith::TruncIOp::create(b, b.getI32Type(), count);
    count = b.shiftLeft(count, plane);
    sum = sum ? b.add(sum, count) : count;
  }
  return sum;
}

Values LookupKernel::addPixel(ValueRange sums, ValueRange pixel, Value span) {
  int64_t elements =
      64 / cast<MemRefType>(c.input.getType()).getElementTypeBitWidth();
  Value sum = sums.front();
  for (int64_t pair = 0; pair < lookup.pairs; ++pair) {
    Value first = firstIndex(span, pair);
    auto count = [&](Value offset, int64_t size) {
      Values at(pixel);
      at.push_back(b.add(first, offset));
      return countCodes(b.loadVector(c.input, at, {}, size), pair);
    };
    int64_t whole = lookup.indicesPerGroup / elements;
    sum = b.loop(whole, sum, [&](Value i, ValueRange args) -> Values {
      return {b.add(args[0], count(b.mul(i, elements), elements))};
    })[0];
    int64_t done = whole * elements;
    for (int64_t size = elements / 2; size > 0; size /= 2)
      if ((lookup.indicesPerGroup - done) & size) {
        sum = b.add(sum, count(b.index(done), size));
        done += size;
      }
  }
  return {sum};
}

std::unique_ptr<ContractionKernel>
dorefa::createLookupKernel(KernelBuilder &b, const Contraction &c) {
  int64_t indexBits =
      cast<MemRefType>(c.input.getType()).getElementTypeBitWidth();
  int64_t lanes = cast<MemRefType>(c.filter.getType()).getShape().back();
  if (indexBits == b.indexBits() && lanes == 4 * b.lanes())
    return std::make_unique<LookupKernel>(b, c, indexBits, lanes);
  c.op->emitOpError("has tables for indices of ")
      << indexBits << " bits and vectors of " << lanes
      << " bytes, in which this processor does not look up; choose kernel "
         "'popcount'";
  return nullptr;
}
