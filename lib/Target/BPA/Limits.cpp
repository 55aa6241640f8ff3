//===- Limits.cpp - Which instructions can be executed
//---------------------===//
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
  return checkEnd("FMAP lane",
                  pool.out + (pool.pixels - 1) * output.pixel +
                      (machine.window.planes - 1) * output.plane +
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
  if (Outcome stop =
          checkEnd("ABUF word",
                   matmul.abuf + (matmul.groups - 1) * matmul.agroup +
                       (planes.aplanes - 1) * matmul.aplane + matmul.words,
                   machine.configuration.abufWords))
    return stop;
  return checkEnd("WBUF word",
                  matmul.wbuf + (matmul.tiles - 1) * matmul.wtile +
                      (planes.wplanes - 1) * matmul.wplane + matmul.words,
                  machine.configuration.wbufWords);
}

static Outcome checkPost(const Machine &machine, const PostProcess &post) {
  const ConfigureResult &result = machine.result;
  int64_t columns = machine.configuration.columns;
  int64_t channels = post.tiles * columns;
  if (result.mode != static_cast<int64_t>(ConfigureResultMode::Codes)) {
    int64_t size =
        result.mode == static_cast<int64_t>(ConfigureResultMode::Raw16) ? 2 : 4;
    return checkEnd("DRAM byte",
                    (post.out + (post.pixels - 1) * result.pixel) *
                            static_cast<int64_t>(instructionBytes) +
                        channels * size,
                    machine.getDramBytes());
  }
  if ((post.out | result.pixel | result.plane) % columns)
    return failOperand("'out', 'pixel' and 'plane' must be multiples of " +
                       std::to_string(columns));
  if (Outcome stop =
          checkEnd("TBUF entry", post.tbuf + channels * getNumEntries(result),
                   machine.configuration.tbufEntries))
    return stop;
  return checkEnd("FMAP lane",
                  post.out + (post.pixels - 1) * result.pixel +
                      (result.bits - 1) * result.plane + channels,
                  machine.fmap.getNumLanes());
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
