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
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::dorefa;

namespace {

/// A convolution of floats, NHWC; a matmul is one with a single row and a 1x1
/// window, its rows being the pixels.
struct Convolution {
  Value input;
  /// `KH x KW x C x O`.
  Value filter;
  Value output;
  SmallVector<int64_t> strides = {1, 1};
  SmallVector<int64_t> dilations = {1, 1};
};

class FloatEmitter {
public:
  FloatEmitter(KernelBuilder &b, const Convolution &c);
  void emit();

private:
  void chooseTile();
  /// Tiles of vectors `[first, first + count)`, the last one cut off by `mask`.
  void emitVectors(Value first, int64_t count, Value mask);
  void emitTile(Value image, Value row, Value column, int64_t pixels);
  Values scanWindow(ValueRange init,
                    function_ref<Values(Value, Value, Value, ValueRange)> body);
  Value maskOf(int64_t v) { return v + 1 == numVectors ? lastMask : Value(); }
  Value channelOf(int64_t v);

  KernelBuilder &b;
  const Convolution &c;
  int64_t kernelHeight, kernelWidth, channels, outputs;
  int64_t pixelsPerTile, vectorsPerTile;
  // The vectors of output channels in hand.
  Value firstVector, lastMask;
  int64_t numVectors = 0;
};

} // namespace

FloatEmitter::FloatEmitter(KernelBuilder &b, const Convolution &c)
    : b(b), c(c) {
  auto filter = cast<MemRefType>(c.filter.getType());
  kernelHeight = filter.getDimSize(0);
  kernelWidth = filter.getDimSize(1);
  channels = filter.getDimSize(2);
  outputs = filter.getShape().back();
  chooseTile();
}

/// Two to four vectors keep the loads of a tap well below its multiply-adds;
/// among these, the number that covers the channels with the fewest tiles. Four
/// are too many where there are only 16 registers. A single pixel needs more
/// vectors, to hide the latency of its chains.
void FloatEmitter::chooseTile() {
  int64_t total = llvm::divideCeil(outputs, b.lanes());
  int64_t width = cast<MemRefType>(c.output.getType()).getDimSize(2);
  bool preferThree =
      b.accumulators() < 16 || (total % 4 != 0 && total % 3 == 0);
  int64_t limit = width == 1 ? 16 : preferThree ? 3 : 4;
  vectorsPerTile = std::min({total, limit, int64_t(b.accumulators())});
  int64_t most = std::max<int64_t>(b.accumulators() / vectorsPerTile, 1);
  if (ShapedType::isDynamic(width)) {
    pixelsPerTile = std::min<int64_t>(most, 4);
    return;
  }
  pixelsPerTile = llvm::divideCeil(width, llvm::divideCeil(width, most));
}

void FloatEmitter::emit() {
  int64_t whole = outputs / b.lanes(), rest = outputs % b.lanes();
  int64_t tiled = whole / vectorsPerTile * vectorsPerTile;
  b.loop(b.index(tiled), vectorsPerTile,
         [&](Value first) { emitVectors(first, vectorsPerTile, {}); });
  int64_t left = whole - tiled + (rest != 0);
  if (left != 0)
    emitVectors(b.index(tiled), left,
                rest ? b.firstLanes(b.index(rest)) : Value());
}

void FloatEmitter::emitVectors(Value first, int64_t count, Value mask) {
  firstVector = first;
  numVectors = count;
  lastMask = mask;
  b.loop(b.size(c.output, 0), 1, [&](Value image) {
    b.loop(b.size(c.output, 1), 1, [&](Value row) {
      b.tiles(b.size(c.output, 2), pixelsPerTile,
              [&](Value column, int64_t pixels) {
                emitTile(image, row, column, pixels);
              });
    });
  });
}

Value FloatEmitter::channelOf(int64_t v) {
  return b.mul(b.add(firstVector, v), b.lanes());
}

Values FloatEmitter::scanWindow(
    ValueRange init,
    function_ref<Values(Value, Value, Value, ValueRange)> body) {
  return b.loop(kernelHeight, init, [&](Value ky, ValueRange rowArgs) {
    return b.loop(kernelWidth, rowArgs, [&](Value kx, ValueRange tapArgs) {
      return b.loop(channels, tapArgs, [&](Value channel, ValueRange args) {
        return body(ky, kx, channel, args);
      });
    });
  });
}

void FloatEmitter::emitTile(Value image, Value row, Value column,
                            int64_t pixels) {
  auto outputAt = [&](int64_t i) -> Values {
    return {image, row, b.add(column, i / numVectors),
            channelOf(i % numVectors)};
  };
  Values sums;
  for (int64_t i = 0; i < pixels * numVectors; ++i)
    sums.push_back(b.loadVector(c.output, outputAt(i), maskOf(i % numVectors)));

  sums = scanWindow(sums, [&](Value ky, Value kx, Value channel,
                              ValueRange args) {
    Value y = b.add(b.mul(row, c.strides[0]), b.mul(ky, c.dilations[0]));
    Value x = b.add(b.mul(column, c.strides[1]), b.mul(kx, c.dilations[1]));
    Values weights, next;
    for (int64_t v = 0; v < numVectors; ++v)
      weights.push_back(
          b.loadVector(c.filter, {ky, kx, channel, channelOf(v)}, maskOf(v)));
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
      Value pixelX = b.add(x, pixel * c.strides[1]);
      Value data = b.broadcast(b.load(c.input, {image, y, pixelX, channel}));
      // Not vector.fma, which a target may compute with two roundings.
      for (Value weight : weights)
        next.push_back(math::FmaOp::create(b, data, weight, args[next.size()]));
    }
    return next;
  });

  for (auto [i, sum] : llvm::enumerate(sums))
    b.storeVector(sum, c.output, outputAt(i), maskOf(i % numVectors));
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

bool dorefa::hasFloatKernel(Operation *op) {
  if (!isa<linalg::Conv2DNhwcHwcfOp, linalg::MatmulOp>(op))
    return false;
  if (auto matmul = dyn_cast<linalg::MatmulOp>(op))
    if (matmul.hasUserDefinedMaps())
      return false;
  for (auto [number, operand] : llvm::enumerate(op->getOperandTypes())) {
    auto type = dyn_cast<MemRefType>(operand);
    if (!type || !type.getElementType().isF32() || !type.isLastDimUnitStride())
      return false;
    // The batch may be dynamic, nothing of the weights.
    ArrayRef<int64_t> sizes = type.getShape();
    if (llvm::any_of(number == 1 ? sizes : sizes.drop_front(),
                     ShapedType::isDynamic))
      return false;
  }
  return true;
}

void dorefa::emitFloatKernel(OpBuilder &builder, linalg::LinalgOp op,
                             const MicroKernelOptions &options) {
  KernelBuilder b(builder, op, options);
  Value input = op->getOperand(0), weights = op->getOperand(1);
  Value output = op->getOperand(2);
  if (auto conv = dyn_cast<linalg::Conv2DNhwcHwcfOp>(op.getOperation())) {
    Convolution c{input, weights, output};
    c.strides = llvm::to_vector(conv.getStrides().getValues<int64_t>());
    c.dilations = llvm::to_vector(conv.getDilations().getValues<int64_t>());
    return FloatEmitter(b, c).emit();
  }
  Convolution c{b.withUnitDims(input, 0), b.withUnitDims(weights, 0),
                b.withUnitDims(output, 0)};
  FloatEmitter(b, c).emit();
}
