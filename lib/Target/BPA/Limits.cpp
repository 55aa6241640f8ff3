//===- Limits.cpp - Which instructions can be executed --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

#include <algorithm>

using namespace mlir::bpa;

/// An error unless the `count` items that end before `end` are in a memory of
/// `size`.
static Outcome checkEnd(const char *memory, int64_t end, int64_t size) {
  if (end <= size)
    return std::nullopt;
  return Stop{StopReason::Address,
              std::string("reaches ") + memory + " " + std::to_string(end - 1) +
                  " but the last is " + std::to_string(size - 1)};
}

static Outcome failOperand(const std::string &text) {
  return Stop{StopReason::Operand, text};
}

/// Beats `start` + j * `stride` ... + nx - 1 of a memory of `size` beats.
static Outcome checkRows(const char *memory, int64_t start, int64_t stride,
                         int64_t nx, int64_t ny, int64_t size) {
  int64_t last = start + (ny - 1) * stride;
  if (last < 0)
    return Stop{StopReason::Address, std::string("reaches ") + memory + " " +
                                         std::to_string(last) +
                                         " but the first is 0"};
  return checkEnd(memory, std::max(start, last) + nx, size);
}

static Outcome checkLoad(const Machine &machine, const Load &load) {
  int64_t size = machine.configuration.tbufEntries;
  constexpr int64_t beatLanes = 8 * instructionBytes;
  if (load.space == static_cast<int64_t>(LoadSpace::Fmap))
    size = machine.fmap.getNumLanes() / beatLanes;
  if (load.space == static_cast<int64_t>(LoadSpace::Wbuf))
    size = machine.wbuf.getNumLanes() / beatLanes;
  if (Outcome stop =
          checkRows("DRAM beat", load.dram, load.dstride, load.nx, load.ny,
                    machine.getDramBytes() / instructionBytes))
    return stop;
  return checkRows("on-chip beat", load.sram, load.sstride, load.nx, load.ny,
                   size);
}

static Outcome checkStore(const Machine &machine, const Store &store) {
  constexpr int64_t beatLanes = 8 * instructionBytes;
  if (Outcome stop =
          checkRows("DRAM beat", store.dram, store.dstride, store.nx, store.ny,
                    machine.getDramBytes() / instructionBytes))
    return stop;
  return checkRows("on-chip beat", store.sram, store.sstride, store.nx,
                   store.ny, machine.fmap.getNumLanes() / beatLanes);
}

/// What `ga` and `mp` share.
static Outcome checkStart(const Machine &machine, int64_t oy, int64_t ox) {
  if (oy >= machine.extent.oh || ox >= machine.extent.ow)
    return failOperand("starts at pixel (" + std::to_string(oy) + ", " +
                       std::to_string(ox) + ") of an output of " +
                       std::to_string(machine.extent.oh) + " x " +
                       std::to_string(machine.extent.ow));
  return std::nullopt;
}

static Outcome checkGather(const Machine &machine, const Gather &gather) {
  if (Outcome stop = checkStart(machine, gather.oy, gather.ox))
    return stop;
  constexpr int64_t maxValid = 2;
  if (machine.window.valid > maxValid)
    return failOperand("'valid' is 3 but must be 0 to 2");
  int64_t rows = machine.configuration.rows;
  int64_t words =
      (machine.window.planes + machine.window.valid) * getPlaneWords(machine);
  return checkEnd("ABUF word",
                  gather.abuf + (gather.pixels + rows - 1) / rows * words,
                  machine.configuration.abufWords);
}

static Outcome checkPool(const Machine &machine, const Pool &pool) {
  if (Outcome stop = checkStart(machine, pool.oy, pool.ox))
    return stop;
  const ConfigurePool &output = machine.pool;
  int64_t columns = machine.configuration.columns;
  if ((pool.out | output.pixel | output.plane | machine.window.lanes) % columns)
    return failOperand("'out', 'pixel', 'plane' and 'lanes' must be multiples "
                       "of " +
                       std::to_string(columns));
  return std::nullopt;
}

Outcome mlir::bpa::checkPixel(const Machine &machine, const Pool &pool,
                              int64_t pixel) {
  return checkEnd("FMAP lane",
                  pool.out + pixel * machine.pool.pixel +
                      (machine.window.planes - 1) * machine.pool.plane +
                      machine.window.lanes,
                  machine.fmap.getNumLanes());
}

/// The largest of the first `count` digits.
static int64_t getLargestShift(int64_t digits, int64_t count) {
  int64_t largest = 0;
  for (int64_t i = 0; i < count; ++i)
    largest = std::max(largest, digits >> (4 * i) & 15);
  return largest;
}

static Outcome checkMatMul(const Machine &machine, const MatMul &matmul) {
  const ConfigurePlanes &planes = machine.planes;
  constexpr int64_t maxPlanes = 10, maxShift = 15;
  if (planes.aplanes > maxPlanes)
    return failOperand("'aplanes' is " + std::to_string(planes.aplanes) +
                       " but must be 1 to 10");
  if (getLargestShift(planes.ashift, planes.aplanes) +
          getLargestShift(planes.wshift, planes.wplanes) >
      maxShift)
    return failOperand("shifts of two planes add up to more than 15");
  if ((matmul.keep || matmul.resume) && getNumTiles(matmul) != 1)
    return failOperand("'keep' and 'resume' need one group and one tile");
  if (matmul.resume && !machine.kept)
    return failOperand("'resume' needs an 'mm' with 'keep' before it");
  return std::nullopt;
}

/// The largest offset of a tile's steps, or of all but the last, which alone reaches
/// the last word of the last plane.
static int64_t getLargestOffset(int64_t plane, int64_t planes, int64_t words,
                                bool butLast) {
  int64_t last = (planes - 1) * plane + words - 1;
  if (!butLast)
    return last;
  int64_t wordBefore = words > 1 ? last - 1 : 0;
  int64_t planeBefore = planes > 1 ? (planes - 2) * plane + words - 1 : 0;
  return std::max(wordBefore, planeBefore);
}

Outcome mlir::bpa::checkTile(const Machine &machine, const MatMul &matmul,
                             uint64_t index, bool butLast) {
  const ConfigurePlanes &planes = machine.planes;
  if (butLast && planes.aplanes * planes.wplanes * matmul.words == 1)
    return std::nullopt;
  int64_t group = index / matmul.tiles, tile = index % matmul.tiles;
  if (Outcome stop = checkEnd(
          "ABUF word",
          matmul.abuf + group * matmul.agroup + 1 +
              getLargestOffset(matmul.aplane, planes.aplanes, matmul.words,
                               butLast && planes.wplanes == 1),
          machine.configuration.abufWords))
    return stop;
  return checkEnd("WBUF word",
                  matmul.wbuf + tile * matmul.wtile + 1 +
                      getLargestOffset(matmul.wplane, planes.wplanes, matmul.words,
                                       butLast && planes.aplanes == 1),
                  machine.configuration.wbufWords);
}

static bool isCode(const Machine &machine) {
  return machine.result.mode == static_cast<int64_t>(ConfigureResultMode::Codes);
}

static Outcome checkPost(const Machine &machine, const PostProcess &post) {
  const ConfigureResult &result = machine.result;
  int64_t columns = machine.configuration.columns;
  if (isCode(machine) && (post.out | result.pixel | result.plane) % columns)
    return failOperand("'out', 'pixel' and 'plane' must be multiples of " +
                       std::to_string(columns));
  return std::nullopt;
}

Outcome mlir::bpa::checkTile(const Machine &machine, const PostProcess &post,
                             uint64_t index) {
  const ConfigureResult &result = machine.result;
  int64_t columns = machine.configuration.columns;
  int64_t channels = (index % post.tiles + 1) * columns;
  if (isCode(machine))
    return checkEnd("TBUF entry", post.tbuf + channels * getNumEntries(result),
                    machine.configuration.tbufEntries);
  int64_t rows = machine.configuration.rows;
  int64_t end = std::min<int64_t>((index / post.tiles + 1) * rows, post.pixels);
  int64_t size =
      result.mode == static_cast<int64_t>(ConfigureResultMode::Raw16) ? 2 : 4;
  return checkEnd("DRAM byte",
                  (post.out + (end - 1) * result.pixel) *
                          static_cast<int64_t>(instructionBytes) +
                      channels * size,
                  machine.getDramBytes());
}

Outcome mlir::bpa::checkCodes(const Machine &machine, const PostProcess &post,
                              uint64_t index) {
  const ConfigureResult &result = machine.result;
  if (!isCode(machine))
    return std::nullopt;
  int64_t rows = machine.configuration.rows;
  int64_t end = std::min<int64_t>((index / post.tiles + 1) * rows, post.pixels);
  return checkEnd("FMAP lane",
                  post.out + (end - 1) * result.pixel +
                      (result.bits - 1) * result.plane +
                      int64_t(index % post.tiles + 1) * machine.configuration.columns,
                  machine.fmap.getNumLanes());
}

bool mlir::bpa::endsBuffer(const Machine &machine, const PostProcess &post,
                           uint64_t index) {
  const Configuration &configuration = machine.configuration;
  uint64_t tile = index % post.tiles + 1;
  return tile == static_cast<uint64_t>(post.tiles) ||
         tile % (configuration.lanes / configuration.columns) == 0;
}

Outcome mlir::bpa::check(const Machine &machine,
                         const Instruction &instruction) {
  switch (instruction.op) {
  case Op::Load:
    return checkLoad(machine, Load(instruction));
  case Op::Store:
    return checkStore(machine, Store(instruction));
  case Op::Gather:
    return checkGather(machine, Gather(instruction));
  case Op::Pool:
    return checkPool(machine, Pool(instruction));
  case Op::MatMul:
    return checkMatMul(machine, MatMul(instruction));
  case Op::PostProcess:
    return checkPost(machine, PostProcess(instruction));
  default:
    return std::nullopt;
  }
}

Outcome mlir::bpa::checkAll(const Machine &machine,
                            const Instruction &instruction) {
  if (Outcome stop = check(machine, instruction))
    return stop;
  if (instruction.op == Op::Pool) {
    Pool pool(instruction);
    return checkPixel(machine, pool, pool.pixels - 1);
  }
  if (instruction.op == Op::MatMul) {
    MatMul matmul(instruction);
    return checkTile(machine, matmul, getNumTiles(matmul) - 1, /*butLast=*/false);
  }
  if (instruction.op != Op::PostProcess)
    return std::nullopt;
  PostProcess post(instruction);
  uint64_t last = getNumTiles(machine, post) - 1;
  if (Outcome stop = checkTile(machine, post, last))
    return stop;
  return checkCodes(machine, post, last);
}
