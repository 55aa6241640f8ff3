//===- WindowSums.cpp - Sums of the input codes of a window ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

static int64_t inputHeight(const Contraction &c) {
  return cast<MemRefType>(c.input.getType()).getDimSize(1);
}

WindowSums::WindowSums(KernelBuilder &b, const Contraction &c,
                       ContractionKernel &kernel)
    : b(b), c(c), kernel(kernel), isScalar(c.hasOneGroupPerBlock()) {
  if (c.form.sum == 0)
    return;
  // Neighbouring windows share columns. Lanes always go by way of columns,
  // because their sums would take the registers of the contraction.
  int64_t width = c.inputWidth();
  if (!isScalar)
    columnSums = b.scratch({width, kWordBits});
  else if (c.kernelWidth() > 1 && c.outputWidth() * c.kernelWidth() > width)
    columnSums = b.scratch({width});
  if (canSumImage())
    pixelSums = b.scratch({c.numSpans(), inputHeight(c), width});
  if (pixelSums && c.strides[1] == 1)
    rowSums = b.scratch({c.outputWidth()});
}

/// Whether sums of pixels are worth keeping, and small enough for the stack.
/// Threads would have to wait for each other between their sums and their rows.
bool WindowSums::canSumImage() const {
  constexpr int64_t kLargest = 1 << 16;
  return columnSums && isScalar && c.kernelHeight() > 1 && !b.isParallel() &&
         c.numSpans() * inputHeight(c) * c.inputWidth() <= kLargest;
}

void WindowSums::startImage(Value image) {
  if (!pixelSums)
    return;
  b.nest(pixelSums, 3, [&](ValueRange at) {
    Value sum =
        kernel.addPixel(Values{b.i32(0)}, {image, at[1], at[2]}, at[0])[0];
    b.store(sum, pixelSums, at);
  });
}

/// Sums down the columns from the sums of pixels.
void WindowSums::addRows(Value row, Value span) {
  b.tiles(b.index(c.inputWidth()), b.lanes(), [&](Value x, int64_t count) {
    Value sum;
    for (int64_t ky = 0; ky < c.kernelHeight(); ++ky) {
      Value y = inputRow(b, c, row, b.index(ky));
      Value pixels = b.loadVector(pixelSums, {span, y, x}, {}, count);
      sum = sum ? b.add(sum, pixels) : pixels;
    }
    b.storeVector(sum, columnSums, x);
  });
}

/// Sums of neighbouring windows from the columns that they share.
void WindowSums::addWindows() {
  if (!rowSums)
    return;
  b.tiles(b.index(c.outputWidth()), b.lanes(), [&](Value x, int64_t count) {
    Value sum;
    for (int64_t kx = 0; kx < c.kernelWidth(); ++kx) {
      Value columns =
          b.loadVector(columnSums, b.add(x, kx * c.dilations[1]), {}, count);
      sum = sum ? b.add(sum, columns) : columns;
    }
    b.storeVector(sum, rowSums, x);
  });
}

void WindowSums::startRow(Value image, Value row, Value span) {
  if (!columnSums)
    return;
  if (pixelSums) {
    addRows(row, span);
    return addWindows();
  }
  Values zeros =
      isScalar ? Values{b.i32(0)} : Values(b.vectorsPerBlock(), b.splat(0));
  b.loop(c.inputWidth(), [&](Value x) {
    Values sums =
        b.loop(c.kernelHeight(), zeros, [&](Value ky, ValueRange args) {
          return kernel.addPixel(args, {image, inputRow(b, c, row, ky), x},
                                 span);
        });
    if (isScalar)
      return b.store(sums.front(), columnSums, x);
    for (auto [v, sum] : llvm::enumerate(sums))
      b.storeVector(sum, columnSums, {x, b.index(v * b.lanes())});
  });
}

/// S of a pixel from the columns of its window; of vector `v` where lanes
/// differ.
Value WindowSums::addColumns(const Tile &tile, int64_t pixel, int64_t v) {
  Value sum;
  for (int64_t kx = 0; kx < c.kernelWidth(); ++kx) {
    Value x = inputColumn(b, c, tile, pixel, b.index(kx));
    Value column = isScalar
                       ? b.load(columnSums, x)
                       : b.loadVector(columnSums, {x, b.index(v * b.lanes())});
    sum = sum ? b.add(sum, column) : column;
  }
  return sum;
}

/// S where a block lies within one group: a scalar per pixel, shared by all
/// blocks of the group.
void WindowSums::startTile(const Tile &tile, Value span) {
  if (c.form.sum == 0 || !isScalar)
    return;
  tileSums.assign(tile.pixels, b.i32(0));
  if (columnSums) {
    for (auto [pixel, sum] : llvm::enumerate(tileSums))
      sum = rowSums ? b.load(rowSums, b.add(tile.column, pixel))
                    : addColumns(tile, pixel, 0);
    return;
  }
  tileSums =
      scanWindow(b, c, tileSums, [&](Value ky, Value kx, ValueRange args) {
        Values next;
        for (auto [pixel, sum] : llvm::enumerate(args))
          next.append(kernel.addPixel(sum,
                                      {tile.image, inputRow(b, c, tile.row, ky),
                                       inputColumn(b, c, tile, pixel, kx)},
                                      span));
        return next;
      });
}

Value WindowSums::get(const Tile &tile, int64_t pixel, int64_t v) {
  return isScalar ? b.broadcast(tileSums[pixel]) : addColumns(tile, pixel, v);
}
