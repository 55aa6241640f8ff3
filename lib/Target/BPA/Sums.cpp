//===- Sums.cpp - Matmuls and what becomes of their sums ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

#include <algorithm>

using namespace mlir::bpa;

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

uint64_t mlir::bpa::getNumTiles(const MatMul &matmul) {
  return matmul.groups * matmul.tiles;
}

uint64_t mlir::bpa::getNumTiles(const Machine &machine,
                                const PostProcess &post) {
  int64_t rows = machine.configuration.rows;
  return (post.pixels + rows - 1) / rows * post.tiles;
}

/// The words of a step: of each row, and of each column.
struct StepWords {
  const uint64_t *rows, *columns;
};

/// Counts of ones: of the products of a row and a column at r * numColumns + c; of rows.
struct Counts {
  uint32_t *products, *rows;
};

// Counting bits is most of what a program takes; processors of the last 15 years have an
// instruction for it.
#ifdef __x86_64__
__attribute__((target_clones("popcnt", "default")))
#endif
static void
countOnes(StepWords words, uint32_t numRows, uint32_t numColumns, Counts counts) {
  for (uint32_t r = 0; r < numRows; ++r) {
    uint64_t row = words.rows[r];
    counts.rows[r] += __builtin_popcountll(row);
    for (uint32_t c = 0; c < numColumns; ++c)
      counts.products[r * numColumns + c] += __builtin_popcountll(row & words.columns[c]);
  }
}

/// Adds the products of one plane pair to the sums of the array.
static void addPlanes(Machine &machine, const MatMul &matmul, int64_t abuf,
                      int64_t wbuf, unsigned shift, bool negate) {
  const Configuration &configuration = machine.configuration;
  // Of all configurations.
  constexpr uint32_t most = 8;
  uint32_t numRows = configuration.rows, numColumns = configuration.columns;
  uint32_t products[most * most] = {}, ones[most] = {};
  for (int64_t j = 0; j < matmul.words; ++j) {
    uint64_t rows[most], columns[most];
    for (uint32_t r = 0; r < numRows; ++r)
      rows[r] = machine.abuf[r][abuf + j];
    for (uint32_t c = 0; c < numColumns; ++c)
      columns[c] = machine.wbuf.readWord((wbuf + j) * numColumns + c, configuration.lanes);
    countOnes({rows, columns}, numRows, numColumns, {products, ones});
  }
  auto add = [&](uint32_t &sum, uint32_t count) {
    sum += negate ? -(count << shift) : count << shift;
  };
  for (uint32_t i = 0; i < numRows * numColumns; ++i)
    add(machine.sums[i], products[i]);
  for (uint32_t r = 0; r < numRows; ++r)
    add(machine.rowSums[r], ones[r]);
}

Outcome mlir::bpa::execute(Machine &machine, const MatMul &matmul,
                           uint64_t index, Tile &tile) {
  const ConfigurePlanes &planes = machine.planes;
  if (Outcome stop =
          machine.spend(planes.aplanes * planes.wplanes * matmul.words))
    return stop;
  if (!matmul.resume) {
    std::fill(machine.sums.begin(), machine.sums.end(), 0);
    std::fill(machine.rowSums.begin(), machine.rowSums.end(), 0);
  }
  int64_t group = index / matmul.tiles, t = index % matmul.tiles;
  for (int64_t k = 0; k < planes.wplanes; ++k)
    for (int64_t m = 0; m < planes.aplanes; ++m)
      addPlanes(machine, matmul,
                matmul.abuf + group * matmul.agroup + m * matmul.aplane,
                matmul.wbuf + t * matmul.wtile + k * matmul.wplane,
                (planes.ashift >> (4 * m) & 15) +
                    (planes.wshift >> (4 * k) & 15),
                (planes.anegate >> m ^ planes.wnegate >> k) & 1);
  machine.kept = matmul.keep != 0;
  tile = machine.sums;
  if (!planes.rowsum)
    return std::nullopt;
  uint32_t columns = machine.configuration.columns;
  for (size_t i = 0; i < tile.size(); ++i)
    tile[i] = 2 * tile[i] - machine.rowSums[i / columns];
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

int64_t mlir::bpa::getNumEntries(const ConfigureResult &result) {
  return std::max<int64_t>(1, (int64_t(1) << result.bits) / 4);
}

/// Integer `slot` of the entries from `entry` on.
static int32_t readSlot(const Machine &machine, int64_t entry, int64_t slot) {
  const uint8_t *bytes = &machine.tbuf[entry * instructionBytes + slot * 4];
  return static_cast<int32_t>(bytes[0] | bytes[1] << 8 | bytes[2] << 16 |
                              static_cast<uint32_t>(bytes[3]) << 24);
}

/// The code of a sum of the channel whose thresholds start at `entry`.
static uint64_t computeCode(const Machine &machine, int64_t entry,
                            int32_t sum) {
  const ConfigureResult &result = machine.result;
  bool decreasing = readSlot(machine, entry, 0) & 1;
  int32_t value = decreasing ? ~sum : sum;
  uint64_t code = result.first;
  for (int64_t i = 1; i < int64_t(1) << result.bits; ++i)
    code += value >= readSlot(machine, entry, i);
  return code & ((uint64_t(1) << result.bits) - 1);
}

static void writeCodes(Machine &machine, const PostProcess &post, int64_t pixel,
                       int64_t channel, const uint32_t *sums) {
  const ConfigureResult &result = machine.result;
  uint32_t columns = machine.configuration.columns;
  uint64_t planes[8] = {};
  for (uint32_t c = 0; c < columns; ++c) {
    uint64_t code = computeCode(
        machine, post.tbuf + (channel + c) * getNumEntries(result), sums[c]);
    for (int64_t m = 0; m < result.bits; ++m)
      planes[m] |= (code >> m & 1) << c;
  }
  int64_t lane = post.out + pixel * result.pixel + channel;
  for (int64_t m = 0; m < result.bits; ++m)
    machine.fmap.write(lane + m * result.plane, columns, planes[m]);
}

static void writeIntegers(Machine &machine, const PostProcess &post,
                          int64_t pixel, int64_t channel,
                          const uint32_t *sums) {
  bool isNarrow =
      machine.result.mode == static_cast<int64_t>(ConfigureResultMode::Raw16);
  unsigned size = isNarrow ? 2 : 4;
  uint8_t *bytes =
      &machine.getDram()[(post.out + pixel * machine.result.pixel) *
                             instructionBytes +
                         channel * size];
  for (uint32_t c = 0; c < machine.configuration.columns; ++c) {
    auto value = static_cast<int32_t>(sums[c]);
    if (isNarrow && value != static_cast<int16_t>(value))
      machine.overflow = true;
    for (unsigned i = 0; i < size; ++i)
      *bytes++ = sums[c] >> (8 * i);
  }
}

Outcome mlir::bpa::execute(Machine &machine, const PostProcess &post,
                           uint64_t index, const Tile &tile) {
  const Configuration &configuration = machine.configuration;
  bool isCode =
      machine.result.mode == static_cast<int64_t>(ConfigureResultMode::Codes);
  if (Outcome stop = machine.spend(
          configuration.columns * (isCode ? getNumEntries(machine.result) : 2)))
    return stop;
  int64_t first = index / post.tiles * configuration.rows;
  int64_t channel = index % post.tiles * configuration.columns;
  int64_t count = std::min<int64_t>(configuration.rows, post.pixels - first);
  for (int64_t r = 0; r < count; ++r) {
    const uint32_t *sums = &tile[r * configuration.columns];
    if (isCode)
      writeCodes(machine, post, first + r, channel, sums);
    else
      writeIntegers(machine, post, first + r, channel, sums);
  }
  return std::nullopt;
}
