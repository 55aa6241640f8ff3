//===- Contraction.cpp - Loops of all contractions ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

static int64_t sizeOf(Value buffer, unsigned dim) {
  return cast<MemRefType>(buffer.getType()).getDimSize(dim);
}

int64_t Contraction::kernelHeight() const { return sizeOf(filter, 2); }
int64_t Contraction::kernelWidth() const { return sizeOf(filter, 3); }
int64_t Contraction::inputWidth() const { return sizeOf(input, 2); }
int64_t Contraction::outputWidth() const { return sizeOf(init, 2); }

int64_t Contraction::numThresholds() const {
  if (thresholds)
    return sizeOf(thresholds, 0) - 1;
  return affine ? largestLevel(resultCode) - base : 0;
}

bool Contraction::hasOneGroupPerBlock() const {
  return geometry.hasOneGroupPerBlock();
}

int64_t Contraction::numSpans() const {
  return hasOneGroupPerBlock() ? geometry.groups : geometry.blocks;
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

Value dorefa::inputRow(KernelBuilder &b, const Contraction &c, Value row,
                       Value ky) {
  return b.add(b.mul(row, c.strides[0]), b.mul(ky, c.dilations[0]));
}

Value dorefa::inputColumn(KernelBuilder &b, const Contraction &c,
                          const Tile &tile, int64_t pixel, Value kx) {
  Value x = b.add(b.mul(tile.column, c.strides[1]), b.mul(kx, c.dilations[1]));
  return b.add(x, pixel * c.strides[1]);
}

Values dorefa::scanWindow(KernelBuilder &b, const Contraction &c,
                          ValueRange init,
                          function_ref<Values(Value, Value, ValueRange)> body) {
  return b.loop(c.kernelHeight(), init, [&](Value ky, ValueRange rowArgs) {
    return b.loop(c.kernelWidth(), rowArgs, [&](Value kx, ValueRange args) {
      return body(ky, kx, args);
    });
  });
}

InsideScan::InsideScan(KernelBuilder &b, const Contraction &c) : b(b), c(c) {
  if (c.rowTaps.empty())
    return;
  rowBegins = b.indexTable("row_begins",
                           llvm::to_vector(llvm::make_first_range(c.rowTaps)));
  rowEnds = b.indexTable("row_ends",
                         llvm::to_vector(llvm::make_second_range(c.rowTaps)));
}

bool InsideScan::mayBeInside(const Tile &tile, int64_t pixel,
                             int64_t kx) const {
  std::optional<int64_t> column = constantIndex(tile.column);
  if (!column || c.columnTaps.empty())
    return true;
  auto [begin, end] = c.columnTaps[*column + pixel];
  return begin <= kx && kx < end;
}

/// Pixels of the tile, from `first` to before `end`, for which tap `kx` may be
/// inside; they are neighbours because windows move right.
std::pair<int64_t, int64_t> InsideScan::pixelsInside(const Tile &tile,
                                                     int64_t kx) const {
  int64_t first = 0, end = tile.pixels;
  while (first < end && !mayBeInside(tile, first, kx))
    ++first;
  while (end > first && !mayBeInside(tile, end - 1, kx))
    --end;
  return {first, end};
}

Values
InsideScan::scanRows(const Tile &tile, ValueRange init,
                     function_ref<Values(Value, ValueRange)> body) const {
  if (c.rowTaps.empty())
    return b.loop(c.kernelHeight(), init, body);
  return b.loop(b.lookUpIndex(rowBegins, tile.row),
                b.lookUpIndex(rowEnds, tile.row), init, body);
}

Values InsideScan::scan(const Tile &tile, ValueRange init, Body body) const {
  auto isWhole = [&](int64_t kx) {
    return pixelsInside(tile, kx) == std::pair(int64_t(0), tile.pixels);
  };
  bool isBordered =
      !llvm::all_of(llvm::seq<int64_t>(c.kernelWidth()), isWhole);
  return scanRows(tile, init, [&](Value ky, ValueRange args) {
    if (!isBordered)
      return b.loop(c.kernelWidth(), args, [&](Value kx, ValueRange carried) {
        return body(ky, kx, 0, tile.pixels, carried);
      });
    Values carried(args);
    for (int64_t kx = 0; kx < c.kernelWidth(); ++kx) {
      auto [first, end] = pixelsInside(tile, kx);
      if (first < end)
        carried = body(ky, b.index(kx), first, end - first, carried);
    }
    return carried;
  });
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

namespace {

/// The loops around the tiles.
class ContractionEmitter {
public:
  ContractionEmitter(KernelBuilder &b, const Contraction &c,
                     ContractionKernel &kernel)
      : b(b), c(c), kernel(kernel), windowSums(b, c, kernel),
        epilogue(b, c, kernel.hasNarrowSums()) {}
  void emit();

private:
  int64_t pixelsPerTile();
  void forEachTile(function_ref<void(Value, int64_t)> body);
  int64_t numParts();
  void emitPart(Value image, Value row, Value span, Value part);
  void emitBlock(const Tile &tile, const Blocks &blocks);

  KernelBuilder &b;
  const Contraction &c;
  ContractionKernel &kernel;
  WindowSums windowSums;
  Epilogue epilogue;
};

} // namespace

/// Tiles of a row are of about equal size.
int64_t ContractionEmitter::pixelsPerTile() {
  int64_t limit = kernel.getTileShape().pixels, width = c.outputWidth();
  if (ShapedType::isDynamic(width))
    return std::min<int64_t>(limit, 4);
  return llvm::divideCeil(width, llvm::divideCeil(width, limit));
}

/// Calls `body` with the tiles of a row.
void ContractionEmitter::forEachTile(function_ref<void(Value, int64_t)> body) {
  int64_t width = c.outputWidth(), tile = pixelsPerTile();
  if (!kernel.skipsBorder() || c.columnTaps.empty() || width <= tile)
    return b.tiles(b.size(c.init, 2), tile, body);
  // The first and the last one on their own: their columns are constant.
  int64_t last = (width - 1) / tile * tile;
  body(b.index(0), tile);
  b.tiles(b.index(last - tile), tile, [&](Value column, int64_t pixels) {
    body(b.add(column, tile), pixels);
  });
  body(b.index(last), width - last);
}

void ContractionEmitter::emit() {
  kernel.createTables();
  b.loop(b.size(c.init, 0), 1, [&](Value image) {
    windowSums.startImage(image);
    b.loop(b.size(c.init, 1), 1, [&](Value row) {
      b.loop(c.numSpans(), [&](Value span) {
        b.loop(numParts(),
               [&](Value part) { emitPart(image, row, span, part); });
      });
    });
  });
}

/// Parts into which the blocks of a span are divided, with window sums of their
/// own: more than one where few rows would not keep threads equally busy.
int64_t ContractionEmitter::numParts() {
  constexpr int64_t kEnoughIterations = 28;
  std::optional<int64_t> rows = constantIndex(b.size(c.init, 1));
  if (!b.isParallel() || !rows || *rows == 1)
    return 1;
  int64_t blocksPerTile =
      std::min(kernel.getTileShape().blocks, c.blocksPerSpan());
  int64_t parts = 1;
  while (*rows * c.numSpans() * parts < kEnoughIterations &&
         c.blocksPerSpan() % (2 * parts * blocksPerTile) == 0)
    parts *= 2;
  return parts;
}

/// One row of the output channels of a part of a span.
void ContractionEmitter::emitPart(Value image, Value row, Value span,
                                  Value part) {
  windowSums.startRow(image, row, span);
  int64_t numBlocks = c.blocksPerSpan() / numParts();
  Value firstBlock =
      b.add(b.mul(span, c.blocksPerSpan()), b.mul(part, numBlocks));
  int64_t blocksPerTile = std::min(kernel.getTileShape().blocks, numBlocks);
  forEachTile([&](Value column, int64_t pixels) {
    Tile tile{image, row, column, pixels};
    windowSums.startTile(tile, span);
    b.tiles(b.index(numBlocks), blocksPerTile,
            [&](Value i, int64_t count) {
              emitBlock(tile, {b.add(firstBlock, i), count, span});
            });
  });
}

void ContractionEmitter::emitBlock(const Tile &tile, const Blocks &blocks) {
  if (epilogue.isFolded())
    return epilogue.emitFolded(tile, blocks,
                               epilogue.isNarrow()
                                   ? kernel.emitNarrowSums(tile, blocks)
                                   : kernel.emitSums(tile, blocks),
                               windowSums);
  Values sums = kernel.emitSums(tile, blocks);
  int64_t vectors = blocks.count * b.vectorsPerBlock();
  for (auto [i, sum] : llvm::enumerate(sums)) {
    sum = b.scale(sum, c.form.dot);
    if (c.form.sum != 0)
      sum = b.add(sum, b.scale(windowSums.get(tile, i / vectors,
                                              i % b.vectorsPerBlock()),
                               c.form.sum));
  }
  epilogue.emit(tile, blocks, std::move(sums));
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// For each position the first tap inside and the one after the last; empty
/// where all taps of all positions are inside.
static SmallVector<std::pair<int64_t, int64_t>>
getInsideTaps(const BorderClasses &classes) {
  SmallVector<std::pair<int64_t, int64_t>> taps;
  bool isBordered = false;
  for (int64_t position : classes.classOf) {
    ArrayRef<bool> inside = classes.inside[position];
    int64_t begin = llvm::find(inside, true) - inside.begin();
    int64_t count = llvm::count(inside, true);
    isBordered |= count != int64_t(inside.size());
    taps.emplace_back(begin, begin + count);
  }
  return isBordered ? taps : SmallVector<std::pair<int64_t, int64_t>>();
}

/// Null after a diagnostic.
static std::unique_ptr<ContractionKernel> createKernel(KernelBuilder &b,
                                                       const Contraction &c) {
  switch (c.kernel) {
  case Kernel::Popcount:
    return createPopcountKernel(b, c);
  case Kernel::Lookup:
    return createLookupKernel(b, c);
  case Kernel::Dot:
    return createDotKernel(b, c);
  }
  llvm_unreachable("unknown kernel");
}

static LogicalResult emitContraction(KernelBuilder &b, const Contraction &c) {
  std::unique_ptr<ContractionKernel> kernel = createKernel(b, c);
  if (!kernel)
    return failure();
  ContractionEmitter(b, c, *kernel).emit();
  return success();
}

LogicalResult dorefa::emitKernel(OpBuilder &builder, bitplane::Conv2DOp op,
                                 const MicroKernelOptions &options) {
  if (failed(checkOperands(op)))
    return failure();
  if (!op.isPacked())
    return op.emitOpError(
        "filter is not packed; run 'bitplane-pack-weights' first");
  if (llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; }))
    return op.emitOpError("has pads; run 'bitplane-materialize-padding' first");
  if (op.getPoolSize() > 1)
    return op.emitOpError("has a pool, which only kernels of a GPU compute");
  KernelBuilder b(builder, op, options);
  Contraction c{
      op,
      *op.getKernel(),
      op.getInput(),
      op.getFilter(),
      op.getCorrection(),
      op.getThresholds(),
      op.getAffine(),
      op.getInit(),
      op.getInputCode(),
      op.getFilterCode(),
      op.getResultCode().value_or(CodeType()),
      getDotForm(op),
      FilterGeometry(op.getChannels(), op.getOutputChannels(), op.getGroups())};
  c.strides = llvm::to_vector(op.getStrides());
  c.dilations = llvm::to_vector(op.getDilations());
  c.base = op.getBase();
  c.filterOffset = op.getFilterOffset();
  c.rowTaps = getInsideTaps(getRowClasses(op));
  c.columnTaps = getInsideTaps(getColumnClasses(op));
  if (op.getCorrection()) {
    c.rowClasses = getRowClasses(op).classOf;
    c.columnClasses = getColumnClasses(op).classOf;
  }
  return emitContraction(b, c);
}

LogicalResult dorefa::emitKernel(OpBuilder &builder, bitplane::MatMulOp op,
                                 const MicroKernelOptions &options) {
  if (failed(checkOperands(op)))
    return failure();
  if (!op.isPacked())
    return op.emitOpError(
        "weights are not packed; run 'bitplane-pack-weights' first");
  KernelBuilder b(builder, op, options);
  Value correction = op.getCorrection();
  Contraction c{op,
                *op.getKernel(),
                b.withUnitDims(op.getInput(), 0),
                b.withUnitDims(op.getWeights(), 2),
                correction ? b.withUnitDims(correction, 0) : Value(),
                op.getThresholds(),
                op.getAffine(),
                b.withUnitDims(op.getInit(), 0),
                op.getInputCode(),
                op.getWeightsCode(),
                op.getResultCode().value_or(CodeType()),
                getDotForm(op),
                FilterGeometry(op.getChannels(), op.getOutputChannels())};
  c.base = op.getBase();
  c.filterOffset = op.getWeightsOffset();
  return emitContraction(b, c);
}
