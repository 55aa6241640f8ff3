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
// multiplication, no popcount. A row serves all pixels of the tile whose
// windows share the pixel that it is of. More than two planes of the input have
// an index and a table per pair; the sum of the rows is that of all planes.
//
// Sums of bytes are widened to 16 bits before they can overflow: the even and
// the odd bytes apart, which costs a shift and two additions. Where the planes
// of the filter are several, they are tiled like output channels, because all
// of them need the same row.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

#include <map>

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

namespace {

/// Vectors that one pass over the window sums: planes [firstPlane, firstPlane +
/// planes) of `vectors` vectors of output channels, for each pixel.
struct Pass {
  Value firstVector;
  int64_t vectors, firstPlane, planes;
  Value span;

  int64_t perPixel() const { return vectors * planes; }
};

/// Neighbouring taps of one row of the window.
struct Taps {
  Value ky;
  int64_t firstKx, count;
};

/// A pixel of the tile and the tap that it reads a pixel of the input with.
struct Reader {
  int64_t pixel, kx;
};

/// The readers of each pixel of the input, by its distance from the first one.
using ReadersOf = std::map<int64_t, SmallVector<Reader>>;

class LookupKernel : public ContractionKernel {
public:
  LookupKernel(KernelBuilder &b, const Contraction &c, int64_t indexBits,
               int64_t lanes);
  void createTables() override;
  TileShape getTileShape() override;
  bool skipsBorder() override { return true; }
  Values emitSums(const Tile &tile, const Blocks &blocks) override;
  bool hasNarrowSums() override { return b.lanes() >= 8; }
  Values emitNarrowSums(const Tile &tile, const Blocks &blocks) override;
  Values addPixel(ValueRange sums, ValueRange pixel, Value span) override;

private:
  int64_t largestEntry() const;
  ReadersOf getReaders(const Tile &tile, const Taps &taps) const;
  Values sumPlanes(const Tile &tile, const Blocks &blocks, int64_t lanes);
  Values sumWindow(const Tile &tile, const Pass &pass, int64_t lanes);
  Values addTaps(const Tile &tile, const Pass &pass, const Taps &taps,
                 int64_t begin, int64_t end, ValueRange sums);
  Values addChunk(const Tile &tile, const Pass &pass, const Taps &taps,
                  Value begin, int64_t size, ValueRange sums);
  void forEachProduct(const Tile &tile, const Pass &pass, const Taps &taps,
                      ValueRange indices,
                      function_ref<void(int64_t, Value)> add);
  Value loadWeights(const Pass &pass, const Taps &taps, int64_t tap,
                    int64_t vector, Value index);
  Value loadRow(const Tile &tile, const Pass &pass, Value ky, int64_t distance,
                Value index);
  Value shuffle(Value row, Value weights);
  Values separate(ValueRange sums);
  Values widen(ValueRange sums);
  Value firstIndex(Value span, int64_t pair);
  Value countCodes(Value indices, unsigned pair);

  LookupGeometry lookup;
  InsideScan window;
  /// Taps whose weights are held in registers at once.
  int64_t tapsAtOnce;
  /// Vectors per tap that look up in a row, of which some are planes.
  int64_t vectorsPerRow, planesPerPass;
  /// For each pair of planes of the input.
  Values tables;
};

} // namespace

LookupKernel::LookupKernel(KernelBuilder &b, const Contraction &c,
                           int64_t indexBits, int64_t lanes)
    : ContractionKernel(b, c),
      lookup(c.geometry, c.inputCode, indexBits, lanes), window(b, c) {
  // 16 registers have none to spare.
  int64_t limit = b.accumulators() < 16 ? 1 : 3, width = c.kernelWidth();
  tapsAtOnce = llvm::divideCeil(width, llvm::divideCeil(width, limit));
  // Few taps do not pay for a row that is loaded, or even summed.
  vectorsPerRow = 2 * lookup.pairs > tapsAtOnce ? 2 : 1;
  planesPerPass = std::min<int64_t>(c.filterCode.getBits(), vectorsPerRow);
}

/// Rows for all indices that occur.
void LookupKernel::createTables() {
  int64_t width = lookup.width, bytes = int64_t(1) << width;
  for (int64_t pair = 0; pair < lookup.pairs; ++pair) {
    bool isSingle = 2 * pair + 1 == c.inputCode.getBits();
    int64_t rows = isSingle ? bytes : bytes * bytes, scale = 1 << 2 * pair;
    std::vector<int8_t> entries;
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t byte = 0; byte < bytes; ++byte) {
        int64_t high = row >> width;
        entries.push_back(scale * (llvm::popcount(uint64_t(row & byte)) +
                                   2 * llvm::popcount(uint64_t(high & byte))));
      }
    std::string name =
        "lookup_" + std::to_string(rows) + "x" + std::to_string(bytes);
    if (pair > 0)
      name += "_times_" + std::to_string(scale);
    tables.push_back(b.sharedTable(name, {rows, bytes}, entries));
  }
}

/// Each vector of sums takes three registers, bytes and twice 16 bits.
TileShape LookupKernel::getTileShape() {
  int64_t sums = std::max<int64_t>(b.accumulators() / 3, 1);
  int64_t vectors = lookup.lanes < kWordBits ? kWordBits / lookup.lanes : 1;
  if (planesPerPass == 1 && c.blocksPerSpan() * kWordBits >= 2 * lookup.lanes)
    vectors = std::max(vectors, vectorsPerRow);
  return {std::max<int64_t>(sums / (vectors * planesPerPass), 1),
          std::max<int64_t>(vectors * lookup.lanes / kWordBits, 1)};
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Values LookupKernel::emitSums(const Tile &tile, const Blocks &blocks) {
  return sumPlanes(tile, blocks, b.lanes());
}

Values LookupKernel::emitNarrowSums(const Tile &tile, const Blocks &blocks) {
  return sumPlanes(tile, blocks, lookup.lanes / 2);
}

/// I from the planes of the filter, in vectors of `lanes` elements.
Values LookupKernel::sumPlanes(const Tile &tile, const Blocks &blocks,
                               int64_t lanes) {
  int64_t lanesPerBlock = std::min(lookup.lanes, kWordBits);
  int64_t vectors = llvm::divideCeil(blocks.count * kWordBits, lookup.lanes);
  Value inSpan = b.sub(blocks.first, b.mul(blocks.span, c.blocksPerSpan()));
  Value first = lookup.lanes > kWordBits
                    ? b.createOrFold<arith::DivUIOp>(
                          inSpan, b.index(lookup.lanes / kWordBits))
                    : b.mul(inSpan, kWordBits / lanesPerBlock);
  first = b.add(b.mul(blocks.span, lookup.vectorsPerGroup), first);

  int64_t perPixel = blocks.count * kWordBits / lanes;
  Values sums(tile.pixels * perPixel);
  for (int64_t plane = 0; plane < c.filterCode.getBits();
       plane += planesPerPass) {
    Pass pass{first, vectors, plane,
              std::min<int64_t>(planesPerPass, c.filterCode.getBits() - plane),
              blocks.span};
    Values parts = sumWindow(tile, pass, lanes);
    // Of each pixel: the planes, each with two vectors of i16 or four of i32 for
    // one of bytes.
    int64_t parted = parts.size() / tile.pixels / pass.planes;
    for (int64_t pixel = 0; pixel < tile.pixels; ++pixel)
      for (int64_t p = 0; p < pass.planes; ++p)
        for (int64_t v = 0; v < perPixel; ++v) {
          PlaneTerm term = planeTerm(c.filterCode, plane + p);
          Value part = b.shiftLeft(
              parts[(pixel * pass.planes + p) * parted + v], term.exponent);
          Value &sum = sums[pixel * perPixel + v];
          if (!sum && term.negative)
            sum = arith::ConstantOp::create(b, b.getZeroAttr(part.getType()));
          sum = sum ? b.accumulate(sum, part, term.negative) : part;
        }
  }
  return sums;
}

/// Largest entry of a row of all planes: `canLookUp` keeps it within a byte.
int64_t LookupKernel::largestEntry() const {
  return lookup.width * c.inputCode.getMaxCode();
}

ReadersOf LookupKernel::getReaders(const Tile &tile, const Taps &taps) const {
  ReadersOf readers;
  for (int64_t kx = taps.firstKx; kx < taps.firstKx + taps.count; ++kx)
    for (int64_t pixel = 0; pixel < tile.pixels; ++pixel)
      if (window.mayBeInside(tile, pixel, kx))
        readers[pixel * c.strides[1] + kx * c.dilations[1]].push_back(
            {pixel, kx});
  return readers;
}

/// Sums over the window, as many indices at once as 16 bits can sum, in vectors
/// of `lanes` elements.
Values LookupKernel::sumWindow(const Tile &tile, const Pass &pass,
                               int64_t lanes) {
  auto type = b.vectorOf(b.getI16Type(), lookup.lanes / 2);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  int64_t taps = c.kernelHeight() * c.kernelWidth();
  int64_t most = std::numeric_limits<uint16_t>::max() / (taps * largestEntry());
  int64_t count = lookup.indicesPerGroup;
  int64_t size = llvm::divideCeil(count, llvm::divideCeil(count, most));
  Values sums;
  for (int64_t begin = 0; begin < count; begin += size) {
    int64_t end = std::min(begin + size, count);
    auto addRow = [&](Value ky, ValueRange carried) {
      Values next(carried);
      for (int64_t kx = 0; kx < c.kernelWidth(); kx += tapsAtOnce)
        next = addTaps(tile, pass,
                       {ky, kx, std::min(tapsAtOnce, c.kernelWidth() - kx)},
                       begin, end, next);
      return next;
    };
    Values zeros(2 * tile.pixels * pass.perPixel(), zero);
    Values own = separate(window.scanRows(tile, zeros, addRow));
    if (lanes == b.lanes())
      own = widen(own);
    for (auto [i, sum] : llvm::enumerate(sums))
      own[i] = b.add(own[i], sum);
    sums = own;
  }
  return sums;
}

/// Adds what a few taps give to `sums`: per vector of bytes the sums of
/// neighbouring bytes as they lie in 16 bits, then those of the odd bytes.
Values LookupKernel::addTaps(const Tile &tile, const Pass &pass,
                             const Taps &taps, int64_t begin, int64_t end,
                             ValueRange sums) {
  int64_t products = 255 / largestEntry(), count = end - begin;
  int64_t most = products < taps.count ? products : products / taps.count;
  int64_t size = llvm::divideCeil(count, llvm::divideCeil(count, most));
  int64_t whole = count / size;
  Values next = b.loop(whole, sums, [&](Value i, ValueRange args) {
    return addChunk(tile, pass, taps, b.add(b.mul(i, size), begin), size, args);
  });
  int64_t done = whole * size;
  if (done < count)
    next =
        addChunk(tile, pass, taps, b.index(begin + done), count - done, next);
  return next;
}

/// As many indices as bytes can sum for all taps, or where that is none, for
/// each tap.
Values LookupKernel::addChunk(const Tile &tile, const Pass &pass,
                              const Taps &taps, Value begin, int64_t size,
                              ValueRange sums) {
  auto wide = b.vectorOf(b.getI16Type(), lookup.lanes / 2);
  Value eight = arith::ConstantOp::create(
      b, DenseElementsAttr::get(wide, b.getI16IntegerAttr(8)));
  Values next(sums);
  auto addBytes = [&](int64_t i, Value bytes) {
    Value both = b.bitcast(bytes, b.getI16Type());
    Value odd = arith::ShRUIOp::create(b, both, eight);
    next[2 * i] = arith::AddIOp::create(b, next[2 * i], both);
    next[2 * i + 1] = arith::AddIOp::create(b, next[2 * i + 1], odd);
  };
  if (255 / largestEntry() < taps.count) {
    Values indices;
    for (int64_t i = 0; i < size; ++i)
      indices.push_back(b.add(begin, i));
    forEachProduct(tile, pass, taps, indices, addBytes);
    return next;
  }
  auto type = b.vectorOf(b.getI8Type(), lookup.lanes);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  Values bytes(tile.pixels * pass.perPixel(), zero);
  bytes = b.loop(begin, b.add(begin, size), bytes,
                 [&](Value index, ValueRange args) {
                   Values own(args);
                   auto add = [&](int64_t i, Value product) {
                     own[i] = arith::AddIOp::create(b, own[i], product);
                   };
                   forEachProduct(tile, pass, taps, index, add);
                   return own;
                 });
  for (auto [i, sum] : llvm::enumerate(bytes))
    addBytes(i, sum);
  return next;
}

/// Calls add(sum, bytes) for each pixel, tap and vector with what `indices`
/// together add to sum number `sum`.
void LookupKernel::forEachProduct(const Tile &tile, const Pass &pass,
                                  const Taps &taps, ValueRange indices,
                                  function_ref<void(int64_t, Value)> add) {
  int64_t perPixel = pass.perPixel();
  SmallVector<Values> weights;
  for (Value index : indices)
    for (Values &own = weights.emplace_back();
         int64_t(own.size()) < taps.count * perPixel;)
      own.push_back(loadWeights(pass, taps, own.size() / perPixel,
                                own.size() % perPixel, index));
  for (const auto &[distance, readers] : getReaders(tile, taps)) {
    Values rows;
    for (Value index : indices)
      rows.push_back(loadRow(tile, pass, taps.ky, distance, index));
    for (auto [pixel, kx] : readers)
      for (int64_t v = 0; v < perPixel; ++v) {
        Value sum;
        for (auto [row, own] : llvm::zip_equal(rows, weights)) {
          Value product = shuffle(row, own[(kx - taps.firstKx) * perPixel + v]);
          sum = sum ? Value(arith::AddIOp::create(b, sum, product)) : product;
        }
        add(pixel * perPixel + v, sum);
      }
  }
}

/// Vector `vector` of tap number `tap`: the vectors of a plane, then those of
/// the next.
Value LookupKernel::loadWeights(const Pass &pass, const Taps &taps, int64_t tap,
                                int64_t vector, Value index) {
  return b.loadVector(c.filter,
                      {b.add(pass.firstVector, vector % pass.vectors),
                       b.index(pass.firstPlane + vector / pass.vectors),
                       taps.ky, b.index(taps.firstKx + tap), index, b.index(0)},
                      {}, lookup.lanes);
}

/// The row of all planes for the pixel of the input at `distance`, in as many
/// copies as the vector takes.
Value LookupKernel::loadRow(const Tile &tile, const Pass &pass, Value ky,
                            int64_t distance, Value index) {
  int64_t bytes = int64_t(1) << lookup.width;
  SmallVector<int64_t> copies;
  for (int64_t i = 0; i < lookup.lanes; ++i)
    copies.push_back(i % bytes);
  Value column = b.add(b.mul(tile.column, c.strides[1]), distance), sum;
  for (auto [pair, table] : llvm::enumerate(tables)) {
    Value position = b.add(firstIndex(pass.span, pair), index);
    Value at = arith::IndexCastUIOp::create(
        b, b.getIndexType(),
        b.load(c.input,
               {tile.image, inputRow(b, c, tile.row, ky), column, position}));
    Value row = b.loadVector(table, {at, b.index(0)}, {}, bytes);
    if (bytes != lookup.lanes)
      row = vector::ShuffleOp::create(b, row, row, copies);
    sum = sum ? Value(arith::AddIOp::create(b, sum, row)) : row;
  }
  return sum;
}

/// First index of a pair of planes of a pixel.
Value LookupKernel::firstIndex(Value span, int64_t pair) {
  return b.add(b.mul(span, lookup.pairs * lookup.indicesPerGroup),
               pair * lookup.indicesPerGroup);
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

/// i16 vectors of output channels in their order, two for each vector of bytes.
Values LookupKernel::separate(ValueRange sums) {
  auto type = b.vectorOf(b.getI16Type(), lookup.lanes / 2);
  Value eight = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, b.getI16IntegerAttr(8)));
  Values result;
  for (size_t i = 0; i < sums.size(); i += 2) {
    Value odd = sums[i + 1];
    result.push_back(
        b.sub(sums[i], arith::ShLIOp::create(b, odd, eight)));
    result.push_back(odd);
  }
  return result;
}

/// Two i32 vectors for each one of i16.
Values LookupKernel::widen(ValueRange sums) {
  auto type = b.vectorOf(b.getI32Type());
  Values result;
  for (Value sum : sums)
    for (int64_t first : {int64_t(0), int64_t(b.lanes())})
      result.push_back(
          arith::ExtUIOp::create(b, type, b.slice(sum, first, b.lanes())));
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
