//===- Contraction.h - What all kernels of contractions share ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A contraction is computed in tiles: pixels along an output row times blocks
// of 32 output channels in lanes. Kernels differ in how they get the sum of
// products of codes of a tile (`ContractionKernel`); loops, window sums and the
// epilogue are the same for all of them.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_CPU_CONTRACTION_H
#define DOREFA_LIB_TARGET_CPU_CONTRACTION_H

#include "KernelBuilder.h"

#include "dorefa/Dialect/BitPlane/Geometry.h"

#include <memory>

namespace mlir::dorefa {

/// Codes of at most that many thresholds are masks of comparisons, not numbers.
constexpr int64_t kMaskedThresholds = 3;
/// Most planes of a lone pixel that share its weights: for these there are registers on
/// all processors that have 16.
constexpr int64_t kMostPlanesInTile = 4;

/// A convolution on packed codes; a matmul is one with a single row and a 1x1
/// window, its rows being the pixels. How input and filter lie is the kernel's
/// (see `bitplane.conv_2d`); a filter has its window in dimensions 2 and 3.
struct Contraction {
  Operation *op;
  bitplane::Kernel kernel;
  /// `N x H x W x ...`.
  Value input;
  Value filter;
  /// `row classes x column classes x 32*blocks`, or null.
  Value correction;
  /// `(n + 1) x 32*blocks`, or null.
  Value thresholds;
  /// `2 x 32*blocks`, or null: slopes, then offsets.
  Value affine;
  /// `N x OH x OW x O`, or with thresholds `N x OH x OW x blocks x bits` words or
  /// `N x OH x OW x levels` bytes.
  Value init;
  CodeType inputCode, filterCode, resultCode;
  bitplane::DotForm form;
  bitplane::FilterGeometry geometry;
  SmallVector<int64_t> strides = {1, 1};
  SmallVector<int64_t> dilations = {1, 1};
  SmallVector<int64_t> rowClasses = {};
  SmallVector<int64_t> columnClasses = {};
  /// Per output row and column the first tap inside the input and the one after the
  /// last; empty where all of them are inside.
  SmallVector<std::pair<int64_t, int64_t>> rowTaps = {};
  SmallVector<std::pair<int64_t, int64_t>> columnTaps = {};
  int64_t base = 0;
  int64_t filterOffset = 0;

  /// Height and width of the window.
  int64_t kernelHeight() const;
  int64_t kernelWidth() const;
  /// Pixels of a row of input and output, possibly dynamic.
  int64_t inputWidth() const;
  int64_t outputWidth() const;
  /// Whether the result is codes.
  bool hasCodes() const { return thresholds || affine; }
  /// Levels of a code above the lowest.
  int64_t numThresholds() const;
  /// Whether all channels of any block of 32 are of one group.
  bool hasOneGroupPerBlock() const;
  /// The blocks of a span have the same window sums: those of a group, or a
  /// single block whose lanes have window sums of their own.
  int64_t numSpans() const;
  int64_t blocksPerSpan() const { return geometry.blocks / numSpans(); }
};

/// Pixels `[column, column + pixels)` of one output row.
struct Tile {
  Value image, row, column;
  int64_t pixels;
};

/// Blocks `[first, first + count)` of 32 output channels of one span.
struct Blocks {
  Value first;
  int64_t count;
  Value span;
};

/// Sizes of a full tile.
struct TileShape {
  int64_t pixels, blocks;
};

/// How one kernel computes sums of products of codes.
class ContractionKernel {
public:
  ContractionKernel(KernelBuilder &b, const Contraction &c) : b(b), c(c) {}
  virtual ~ContractionKernel() = default;

  /// Called once, in front of the loops.
  virtual void createTables() {}
  /// Largest tile; edges of the result get smaller ones.
  virtual TileShape getTileShape() = 0;
  /// Whether tiles at the left and right border should have constant columns.
  virtual bool skipsBorder() { return false; }
  /// I of the tile (`DotForm`): i32 vectors of `lanes` output channels in their
  /// order, those of the first pixel, then those of the next.
  virtual Values emitSums(const Tile &tile, const Blocks &blocks) = 0;
  /// Whether the kernel has I in 16 bits first.
  virtual bool hasNarrowSums() { return false; }
  /// The same as `emitSums` in vectors of i16, half as many, where all I fit.
  virtual Values emitNarrowSums(const Tile &, const Blocks &) {
    llvm_unreachable("the kernel has no narrow sums");
  }
  /// `sums` plus p(x) of the channels of `pixel` (image, row, column of the
  /// input) that are of the group: a scalar, or where the lanes of a block are
  /// of several groups one vector per `lanes` of them. Called only where
  /// form.sum is not 0.
  virtual Values addPixel(ValueRange sums, ValueRange pixel, Value span) = 0;

protected:
  KernelBuilder &b;
  const Contraction &c;
};

/// Visits only the taps inside the input.
class InsideScan {
public:
  /// About pixels `[first, first + count)` of the tile; gives what is carried for
  /// the whole tile.
  using Body = function_ref<Values(Value ky, Value kx, int64_t first,
                                   int64_t count, ValueRange carried)>;

  /// In front of the loops.
  InsideScan(KernelBuilder &b, const Contraction &c);
  /// Where the column of the tile is constant, each kx has its own pixels. Else all
  /// taps of a row are visited.
  Values scan(const Tile &tile, ValueRange init, Body body) const;
  /// Visits the rows of the window that are inside: body(ky, carried).
  Values scanRows(const Tile &tile, ValueRange init,
                  function_ref<Values(Value ky, ValueRange carried)> body) const;
  /// False where tap `kx` of `pixel` is known to be outside: where the column of
  /// the tile is constant.
  bool mayBeInside(const Tile &tile, int64_t pixel, int64_t kx) const;

private:
  std::pair<int64_t, int64_t> pixelsInside(const Tile &tile, int64_t kx) const;

  KernelBuilder &b;
  const Contraction &c;
  /// First tap inside and the one after the last of each output row, null where it
  /// is always 0 or there is no border.
  Value rowBegins, rowEnds;
};

/// AND and popcount of planes (PopcountKernel.cpp).
std::unique_ptr<ContractionKernel> createPopcountKernel(KernelBuilder &b,
                                                        const Contraction &c);
/// Products of bytes (DotKernel.cpp).
std::unique_ptr<ContractionKernel> createDotKernel(KernelBuilder &b,
                                                   const Contraction &c);

/// Constant tables indexed by codes (LookupKernel.cpp). Null after a
/// diagnostic, where the machine cannot look up in the tables that the layout
/// asks for.
std::unique_ptr<ContractionKernel> createLookupKernel(KernelBuilder &b,
                                                      const Contraction &c);

/// Row of the input under tap `ky` of output row `row`, and column under tap
/// `kx` of pixel `pixel` of the tile.
Value inputRow(KernelBuilder &b, const Contraction &c, Value row, Value ky);
Value inputColumn(KernelBuilder &b, const Contraction &c, const Tile &tile,
                  int64_t pixel, Value kx);

/// Visits the taps of the window: body(ky, kx, carried).
Values
scanWindow(KernelBuilder &b, const Contraction &c, ValueRange init,
           function_ref<Values(Value ky, Value kx, ValueRange carried)> body);

/// S, the sums of p(x) over windows (WindowSums.cpp).
class WindowSums {
public:
  WindowSums(KernelBuilder &b, const Contraction &c, ContractionKernel &kernel);

  /// In front of the rows of an image.
  void startImage(Value image);
  /// In front of the tiles of a row.
  void startRow(Value image, Value row, Value span);
  /// In front of the blocks of a tile.
  void startTile(const Tile &tile, Value span);
  /// S of pixel `pixel` for vector `v` of a block.
  Value get(const Tile &tile, int64_t pixel, int64_t v);
  /// S of pixel `pixel` where it is a scalar, null where form.sum is 0.
  Value getScalar(int64_t pixel) const {
    return tileSums.empty() ? Value() : tileSums[pixel];
  }

private:
  bool canSumImage() const;
  void addRows(Value row, Value span);
  void addWindows();
  Value addColumns(const Tile &tile, int64_t pixel, int64_t v);

  KernelBuilder &b;
  const Contraction &c;
  ContractionKernel &kernel;
  bool isScalar;
  /// `spans x H x W`: p(x) of the pixels of the current image, where neighbouring
  /// rows share them and the map is small.
  Value pixelSums;
  /// `W`, or `W x 32` where lanes differ: for the current span, sums down the
  /// columns of the input that meet the current row.
  Value columnSums;
  /// `OW`: S of the current row, where windows are neighbours.
  Value rowSums;
  /// One scalar per pixel of the current tile.
  Values tileSums;
};

/// The codes of one vector of channels, as it is cheapest to get them.
struct VectorCodes {
  /// Masks, one per plane.
  Values planes;
  /// Or i32 in which the integers that the codes stand for (of sign codes,
  /// their number) are given; null where `planes` are.
  Value levels;
};

/// Writes codes as the result wants them (StoreCodes.cpp).
class CodeStore {
public:
  CodeStore(KernelBuilder &b, const Contraction &c) : b(b), c(c) {}
  /// In front of the pixels of a block.
  void startBlock(Value block);
  /// Stores the codes of the block for one pixel of the tile; `codes` has one
  /// element for each of its vectors.
  void storePixel(const Tile &tile, int64_t pixel,
                  ArrayRef<VectorCodes> codes);

private:
  void storeWords(const Tile &tile, int64_t pixel, ArrayRef<VectorCodes> codes);
  void storeLevels(const Tile &tile, int64_t pixel,
                   ArrayRef<VectorCodes> codes);
  Value levelsOf(const VectorCodes &codes);

  KernelBuilder &b;
  const Contraction &c;
  Value block;
  void storeBytes(ValueRange position, ArrayRef<VectorCodes> codes);

  /// Bits of the block that are channels; null where all blocks are full.
  Value validBits;
};

/// Few thresholds, compared with I and a part of S (FoldedThresholds.cpp).
class FoldedThresholds {
public:
  /// In front of the loops. `hasNarrowSums`: of the kernel.
  FoldedThresholds(KernelBuilder &b, const Contraction &c, bool hasNarrowSums);
  /// Whether codes can be had this way.
  bool areUsed() const { return bool(table); }
  /// Whether sums are wanted in 16 bits.
  bool areNarrow() const { return areUsed() && isNarrow; }
  /// In front of the vectors of a pixel; `windowSum` is S, null where it does not
  /// count.
  void startPixel(Value windowSum);
  /// For each threshold the lanes of `sum`, a vector of I from channel
  /// `firstChannel` on, that reach it.
  Values reachedBy(Value sum, Value firstChannel);

private:
  void createTable(ArrayRef<int32_t> thresholds, int64_t columns);

  KernelBuilder &b;
  const Contraction &c;
  int64_t count;
  bool isNarrow = false;
  Value table;
  /// Of the current pixel.
  Value part, remainder;
};

/// What becomes of the sums of a tile (Epilogue.cpp).
class Epilogue {
public:
  Epilogue(KernelBuilder &b, const Contraction &c, bool hasNarrowSums);
  /// Whether it is I that `emitFolded` wants, and whether in 16 bits.
  bool isFolded() const { return folded.areUsed(); }
  bool isNarrow() const { return folded.areNarrow(); }
  /// Stores codes of the tile from its I and the S of its pixels.
  void emitFolded(const Tile &tile, const Blocks &blocks, ValueRange sums,
                  const WindowSums &windowSums);
  /// Adds the correction to `sums` (vectors as from `emitSums`) and stores
  /// them, as integers or as codes.
  void emit(const Tile &tile, const Blocks &blocks, Values sums);

private:
  void addCorrection(const Tile &tile, const Blocks &blocks, Values &sums);
  void storeIntegers(const Tile &tile, const Blocks &blocks, ValueRange sums);
  void emitCodes(const Tile &tile, Value block, ArrayRef<Values> sums);
  VectorCodes codesOf(Value sum, Value block, int64_t v, ArrayRef<Value> rows);
  Value loadThresholds(Value row, Value block, int64_t v);
  Value affineLevels(Value sum, Value block, int64_t v);
  Value lowerLevels(Value sum, Value levels, Value block, int64_t v);
  Value orient(Value sum, Value block, int64_t v);
  bool isSearched() const;
  Value levelsBySearch(Value sum, Value block, int64_t v);
  SmallVector<Values> searchLevels(Value block, ArrayRef<Values> sums);
  Value gatherThresholds(Value rows, Value block, int64_t v);
  Values planesFromMasks(ArrayRef<Value> reached);
  Values planesFromCount(Value sum, Value block, int64_t v);
  Value laneMask(Value block, int64_t v);
  Value lanesFrom(Value block, int64_t v);

  KernelBuilder &b;
  const Contraction &c;
  CodeStore store;
  FoldedThresholds folded;
  int64_t numThresholds;
  bool mayDecrease;
  Value rowClasses, columnClasses;
};

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_CPU_CONTRACTION_H
