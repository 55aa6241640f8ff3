//===- FloatKernel.cpp - Float layers as chains of fused multiply-adds ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile is P pixels times a few vectors of output channels: per tap, each
// filter vector is loaded once and meets the broadcast input of each pixel. One
// output stays in one lane from its bias to its last tap, so the order of the
// sum is that of the definition whatever the tile.
//
// Where an operand lies in memory is what the indexing maps of the operation
// say: convolutions of any layout, groups and products are the same code. A
// depthwise convolution has its groups in the lanes and loads a vector of them
// from the input.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "ReductionStart.h"
#include "dorefa/Dialect/BitPlane/Buffers.h"

#include "dorefa/Dialect/DoReFa/Constants.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

namespace {

/// The part of each loop of a layer; -1 where there is no such loop.
struct FloatLayer {
  int64_t image = -1, row = -1, column = -1, group = -1;
  /// The output channels: neighbours in filter and output.
  int64_t lane = -1;
  int64_t kernelRow = -1, kernelColumn = -1, channel = -1;
  SmallVector<int64_t> sizes;

  int64_t size(int64_t loop) const { return loop < 0 ? 1 : sizes[loop]; }
  /// Products in each sum.
  int64_t numTerms() const {
    return size(kernelRow) * size(kernelColumn) * size(channel);
  }
};

} // namespace

/// Whether `op` adds the product of its inputs to its output, rounded once.
static bool isMultiplyAdd(linalg::LinalgOp op) {
  if (isa<linalg::Conv2DNhwcHwcfOp, linalg::DepthwiseConv2DNhwcHwcOp,
          linalg::MatmulOp>(op.getOperation()))
    return true;
  Block *body = op.getBlock();
  if (!isa<linalg::GenericOp>(op.getOperation()) || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || !llvm::hasNItems(*body, 2))
    return false;
  auto fma = dyn_cast<math::FmaOp>(body->front());
  return fma && body->getTerminator()->getOperand(0) == fma &&
         fma.getC() == body->getArgument(2) &&
         llvm::is_contained(fma->getOperands(), body->getArgument(0)) &&
         llvm::is_contained(fma->getOperands(), body->getArgument(1));
}

/// Sets `loop` to the only one of `loops`, if any; fails where there are more.
static bool takeOnly(ArrayRef<unsigned> loops, int64_t &loop) {
  if (loops.size() == 1)
    loop = loops.front();
  return loops.size() <= 1;
}

static std::optional<FloatLayer> classifyLoops(linalg::LinalgOp op) {
  FloatLayer layer;
  layer.sizes = op.getStaticLoopRanges();
  FailureOr<linalg::ConvolutionDimensions> conv =
      linalg::inferConvolutionDims(op);
  if (succeeded(conv)) {
    if (conv->outputImage.size() != 2 || conv->filterLoop.size() != 2 ||
        !takeOnly(conv->batch, layer.image) ||
        !takeOnly(conv->depth, layer.group) ||
        !takeOnly(conv->outputChannel, layer.lane) ||
        !takeOnly(conv->inputChannel, layer.channel))
      return std::nullopt;
    layer.row = conv->outputImage[0];
    layer.column = conv->outputImage[1];
    layer.kernelRow = conv->filterLoop[0];
    layer.kernelColumn = conv->filterLoop[1];
    if (layer.lane < 0)
      std::swap(layer.lane, layer.group);
    return layer;
  }
  FailureOr<linalg::ContractionDimensions> product =
      linalg::inferContractionDims(op);
  if (failed(product) || !product->batch.empty() ||
      !takeOnly(product->m, layer.column) ||
      !takeOnly(product->n, layer.lane) || !takeOnly(product->k, layer.channel))
    return std::nullopt;
  return layer;
}

/// Whether the last index of `map` is `loop` and no other index depends on it.
static bool isLast(AffineMap map, int64_t loop) {
  return map.getNumResults() > 0 &&
         map.getResults().back() == getAffineDimExpr(loop, map.getContext()) &&
         llvm::none_of(map.getResults().drop_back(), [&](AffineExpr index) {
           return index.isFunctionOfDim(loop);
         });
}

/// The loops of `op`, nullopt where there is no kernel for it.
static std::optional<FloatLayer> getFloatLayer(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || !isMultiplyAdd(linalgOp) ||
      !linalgOp.hasPureBufferSemantics())
    return std::nullopt;
  for (Type operand : op->getOperandTypes())
    if (auto type = dyn_cast<MemRefType>(operand);
        !type || !type.getElementType().isF32())
      return std::nullopt;
  std::optional<FloatLayer> layer = classifyLoops(linalgOp);
  if (!layer || layer->lane < 0)
    return std::nullopt;
  // The batch may be dynamic, nothing else.
  for (auto [loop, size] : llvm::enumerate(layer->sizes)) {
    bool isBatch = static_cast<int64_t>(loop) ==
                   (layer->image < 0 ? layer->column : layer->image);
    if (ShapedType::isDynamic(size) && !isBatch)
      return std::nullopt;
  }
  SmallVector<AffineMap> maps = linalgOp.getIndexingMapsArray();
  for (auto [map, operand] : llvm::zip_equal(maps, op->getOperandTypes())) {
    bool hasLanes = map.isFunctionOfDim(layer->lane);
    if (hasLanes && !(isLast(map, layer->lane) &&
                      cast<MemRefType>(operand).isLastDimUnitStride()))
      return std::nullopt;
  }
  return layer;
}

bool dorefa::hasFloatKernel(Operation *op) {
  return getFloatLayer(op).has_value();
}

//===----------------------------------------------------------------------===//
// Filters
//===----------------------------------------------------------------------===//

/// The elements of a constant filter whose dimensions are taps, channels,
/// groups and output channels in this order, row-major; else null.
static ElementsAttr getConstantFilter(KernelBuilder &b, Value filter,
                                      AffineMap map, const FloatLayer &layer) {
  SmallVector<AffineExpr> order;
  for (int64_t loop : {layer.kernelRow, layer.kernelColumn, layer.channel,
                       layer.group, layer.lane})
    if (loop >= 0)
      order.push_back(b.getAffineDimExpr(loop));
  if (map.getResults() != ArrayRef<AffineExpr>(order))
    return {};
  while (auto expand = filter.getDefiningOp<memref::ExpandShapeOp>())
    filter = expand.getSrc();
  return bitplane::getConstantElements(filter);
}

/// A constant filter as `(groups * blocks) x terms x lanes`, filled up with
/// zeros: the sums of a block then read it from front to back, and no two
/// vectors of a tile share a cache set because of the number of channels. Null
/// where the filter is not a constant.
static Value packFilter(KernelBuilder &b, Value filter, AffineMap map,
                        const FloatLayer &layer) {
  ElementsAttr constant = getConstantFilter(b, filter, map, layer);
  if (!constant)
    return {};
  std::vector<float> values = readElements<float>(constant);
  int64_t outputs = layer.size(layer.lane), groups = layer.size(layer.group);
  int64_t terms = layer.numTerms(), lanes = b.lanes();
  if (static_cast<int64_t>(values.size()) != terms * groups * outputs)
    return {};
  int64_t blocks = llvm::divideCeil(outputs, lanes);
  std::vector<float> packed(groups * blocks * terms * lanes, 0.0f);
  const float *value = values.data();
  for (int64_t term = 0; term < terms; ++term)
    for (int64_t group = 0; group < groups; ++group)
      for (int64_t output = 0; output < outputs; ++output) {
        int64_t block = group * blocks + output / lanes;
        packed[(block * terms + term) * lanes + output % lanes] = *value++;
      }
  auto type =
      RankedTensorType::get({groups * blocks, terms, lanes}, b.getF32Type());
  return b.constant("weights",
                    makeElements(type, std::move(packed), "weights"));
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

namespace {

class FloatEmitter {
public:
  FloatEmitter(KernelBuilder &b, linalg::LinalgOp op, const FloatLayer &layer);
  void emit();

private:
  void chooseTile();
  Value sizeOf(int64_t loop);
  /// All outputs of the pixels that `pixels` visits, in tiles of `count`
  /// vectors, the last one of which is cut off.
  void emitVectors(int64_t count, function_ref<void()> pixels);
  void emitRows(function_ref<void()> columns);
  void emitTile(Value column, int64_t pixels);
  Values startOf(int64_t pixels);
  Values scanWindow(ValueRange init, function_ref<Values(ValueRange)> body);

  /// Indices of an operand at the current iteration, moved by so many pixels
  /// and vectors.
  Values indicesOf(int64_t operand, int64_t pixel, int64_t vector);
  Value loadFilter(int64_t vector);
  Value loadInput(int64_t pixel, int64_t vector);
  Value maskOf(int64_t v) { return v + 1 == numVectors ? lastMask : Value(); }
  Value channelOf(int64_t v);

  KernelBuilder &b;
  const FloatLayer &layer;
  Value input, filter, output, packedFilter;
  SmallVector<AffineMap> maps;
  ReductionStart start;
  int64_t outputs;
  bool hasLanesInInput;
  int64_t pixelsPerTile, vectorsPerTile;
  /// The current iteration of each loop, that of the lanes excepted.
  Values at;
  // The vectors of output channels in hand.
  Value firstVector, lastMask;
  int64_t numVectors = 0;
};

} // namespace

FloatEmitter::FloatEmitter(KernelBuilder &b, linalg::LinalgOp op,
                           const FloatLayer &layer)
    : b(b), layer(layer), input(op->getOperand(0)), filter(op->getOperand(1)),
      output(op->getOperand(2)), maps(op.getIndexingMapsArray()),
      outputs(layer.size(layer.lane)),
      hasLanesInInput(maps[0].isFunctionOfDim(layer.lane)) {
  at.assign(layer.sizes.size(), b.index(0));
  start = ReductionStart::find(op);
  packedFilter = packFilter(b, filter, maps[1], layer);
  chooseTile();
}

/// Vectors that a single pixel takes: enough to hide the latency of its chains,
/// and as many streams of weights as the hardware prefetches at once.
constexpr int64_t kVectorsOfOnePixel = 8;

/// Two to four vectors keep the loads of a tap well below its multiply-adds;
/// among these, the number that covers the channels with the fewest tiles. Four
/// are too many where there are only 16 registers.
void FloatEmitter::chooseTile() {
  int64_t total = llvm::divideCeil(outputs, b.lanes());
  int64_t width = layer.size(layer.column);
  bool preferThree =
      b.accumulators() < 16 || (total % 4 != 0 && total % 3 == 0);
  int64_t limit = width == 1 ? kVectorsOfOnePixel : preferThree ? 3 : 4;
  vectorsPerTile = std::min({total, limit, int64_t(b.accumulators())});
  int64_t most = std::max<int64_t>(b.accumulators() / vectorsPerTile, 1);
  if (ShapedType::isDynamic(width)) {
    pixelsPerTile = std::min<int64_t>(most, 4);
    return;
  }
  pixelsPerTile = llvm::divideCeil(width, llvm::divideCeil(width, most));
}

Value FloatEmitter::sizeOf(int64_t loop) {
  if (!ShapedType::isDynamic(layer.size(loop)))
    return b.index(layer.size(loop));
  // Only a batch is dynamic: an index of the output of its own.
  for (auto [dim, index] : llvm::enumerate(maps[2].getResults()))
    if (index == b.getAffineDimExpr(loop))
      return b.size(output, dim);
  llvm_unreachable("every parallel loop is an index of the output");
}

void FloatEmitter::emit() {
  Value width = sizeOf(layer.column);
  if (constantIndex(width)) {
    emitVectors(vectorsPerTile, [&] {
      emitRows([&] {
        b.tiles(width, pixelsPerTile, [&](Value column, int64_t pixels) {
          emitTile(column, pixels);
        });
      });
    });
  } else {
    // Whole tiles share the loads of the weights; what is left of the batch is
    // bound by memory.
    Value rest = b.createOrFold<arith::RemUIOp>(width, b.index(pixelsPerTile));
    Value whole = b.sub(width, rest);
    emitVectors(vectorsPerTile, [&] {
      b.loop(whole, pixelsPerTile,
             [&](Value column) { emitTile(column, pixelsPerTile); });
    });
    b.loop(rest, 1, [&](Value pixel) {
      Value column = b.add(whole, pixel);
      emitVectors(std::min<int64_t>(kVectorsOfOnePixel, b.accumulators()),
                  [&] { emitTile(column, 1); });
    });
  }
  if (start.filler)
    start.filler->erase();
}

void FloatEmitter::emitVectors(int64_t count, function_ref<void()> pixels) {
  int64_t whole = outputs / b.lanes(), rest = outputs % b.lanes();
  int64_t tiled = whole / count * count;
  auto emitTiles = [&] {
    lastMask = Value();
    numVectors = count;
    b.loop(b.index(tiled), count, [&](Value first) {
      firstVector = first;
      pixels();
    });
    numVectors = whole - tiled + (rest != 0);
    if (numVectors == 0)
      return;
    firstVector = b.index(tiled);
    lastMask = rest ? b.firstLanes(b.index(rest)) : Value();
    pixels();
  };
  if (layer.group < 0)
    return emitTiles();
  b.loop(layer.size(layer.group), [&](Value group) {
    at[layer.group] = group;
    emitTiles();
  });
}

void FloatEmitter::emitRows(function_ref<void()> columns) {
  b.loop(sizeOf(layer.image), 1, [&](Value image) {
    if (layer.image >= 0)
      at[layer.image] = image;
    b.loop(sizeOf(layer.row), 1, [&](Value row) {
      if (layer.row >= 0)
        at[layer.row] = row;
      columns();
    });
  });
}

Value FloatEmitter::channelOf(int64_t v) {
  return b.mul(b.add(firstVector, v), b.lanes());
}

Values FloatEmitter::indicesOf(int64_t operand, int64_t pixel, int64_t vector) {
  Values loops(at);
  loops[layer.lane] = channelOf(vector);
  if (layer.column >= 0)
    loops[layer.column] = b.add(loops[layer.column], pixel);
  return b.evaluate(maps[operand], loops);
}

Value FloatEmitter::loadFilter(int64_t vector) {
  if (!packedFilter)
    return b.loadVector(filter, indicesOf(1, 0, vector), maskOf(vector));
  auto iteration = [&](int64_t loop) {
    return loop < 0 ? b.index(0) : at[loop];
  };
  int64_t blocks = llvm::divideCeil(outputs, b.lanes());
  Value block =
      b.add(b.mul(iteration(layer.group), blocks), b.add(firstVector, vector));
  Value tap =
      b.add(b.mul(iteration(layer.kernelRow), layer.size(layer.kernelColumn)),
            iteration(layer.kernelColumn));
  Value term =
      b.add(b.mul(tap, layer.size(layer.channel)), iteration(layer.channel));
  return b.loadVector(packedFilter, {block, term, b.index(0)});
}

Value FloatEmitter::loadInput(int64_t pixel, int64_t vector) {
  if (hasLanesInInput)
    return b.loadVector(input, indicesOf(0, pixel, vector), maskOf(vector));
  return b.broadcast(b.load(input, indicesOf(0, pixel, 0)));
}

Values FloatEmitter::scanWindow(ValueRange init,
                                function_ref<Values(ValueRange)> body) {
  auto enter = [&](int64_t loop, ValueRange values,
                   function_ref<Values(ValueRange)> inside) {
    return b.loop(layer.size(loop), values, [&](Value i, ValueRange args) {
      if (loop >= 0)
        at[loop] = i;
      return inside(args);
    });
  };
  return enter(layer.kernelRow, init, [&](ValueRange rowArgs) {
    return enter(layer.kernelColumn, rowArgs, [&](ValueRange tapArgs) {
      return enter(layer.channel, tapArgs, body);
    });
  });
}

/// What the sums of a tile start from.
Values FloatEmitter::startOf(int64_t pixels) {
  Values sums;
  for (int64_t i = 0; i < pixels * numVectors; ++i) {
    int64_t v = i % numVectors;
    if (start.scalar)
      sums.push_back(b.broadcast(start.scalar));
    else if (!start.bias)
      sums.push_back(
          b.loadVector(output, indicesOf(2, i / numVectors, v), maskOf(v)));
    else if (i >= numVectors)
      sums.push_back(sums[v]);
    else
      sums.push_back(b.loadVector(
          start.bias,
          layer.group < 0
              ? channelOf(v)
              : b.add(b.mul(at[layer.group], outputs), channelOf(v)),
          maskOf(v)));
  }
  return sums;
}

void FloatEmitter::emitTile(Value column, int64_t pixels) {
  if (layer.column >= 0)
    at[layer.column] = column;
  Values sums = scanWindow(startOf(pixels), [&](ValueRange args) {
    Values weights, next;
    for (int64_t v = 0; v < numVectors; ++v)
      weights.push_back(loadFilter(v));
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
      Value data = loadInput(pixel, 0);
      for (int64_t v = 0; v < numVectors; ++v) {
        if (hasLanesInInput && v > 0)
          data = loadInput(pixel, v);
        // Not vector.fma, which a target may compute with two roundings.
        next.push_back(
            math::FmaOp::create(b, data, weights[v], args[next.size()]));
      }
    }
    return next;
  });
  for (auto [i, sum] : llvm::enumerate(sums))
    b.storeVector(sum, output, indicesOf(2, i / numVectors, i % numVectors),
                  maskOf(i % numVectors));
}

void dorefa::emitFloatKernel(OpBuilder &builder, linalg::LinalgOp op,
                             const MicroKernelOptions &options) {
  KernelBuilder b(builder, op, options);
  if (std::optional<FloatLayer> layer = getFloatLayer(op))
    FloatEmitter(b, op, *layer).emit();
}
