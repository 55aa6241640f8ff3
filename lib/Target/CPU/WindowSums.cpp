//===- WindowSums.cpp - Sums of the input codes of a window ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

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
}

void WindowSums::startRow(Value image, Value row, Value span) {
  if (!columnSums)
    return;
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
      sum = addColumns(tile, pixel, 0);
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
