//===- Slots.cpp - What a slot of an instruction reaches ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Slots.h"

#include <algorithm>

using namespace mlir::bpa;

static int64_t divideUp(int64_t value, int64_t by) { return (value + by - 1) / by; }

bool SlotChecker::issue(const Instruction &instruction) {
  switch (instruction.op) {
  case Op::Load:
    load = Load(instruction);
    return true;
  case Op::Store:
    store = Store(instruction);
    return true;
  case Op::Gather:
    gather = Gather(instruction);
    pool = Pool();
    pool.image = gather.image;
    pool.oy = gather.oy;
    pool.ox = gather.ox;
    break;
  case Op::Pool:
    pool = Pool(instruction);
    break;
  case Op::MatMul:
    matmul = MatMul(instruction);
    planes = machine.planes;
    break;
  case Op::PostProcess:
    post = PostProcess(instruction);
    result = machine.result;
    break;
  default:
    return true;
  }
  if (instruction.op == Op::Gather || instruction.op == Op::Pool) {
    input = machine.input;
    window = machine.window;
    extent = machine.extent;
    output = machine.pool;
  }
  Outcome stop = check(machine, instruction);
  return !stop || stop->reason != StopReason::Operand;
}

//===----------------------------------------------------------------------===//
// Transfers
//===----------------------------------------------------------------------===//

/// Whether beats [first, first + count) are in a memory of `size`.
static bool areInside(int64_t first, int64_t count, int64_t size) {
  return first >= 0 && first + count <= size;
}

bool SlotChecker::isLoadInside(int64_t row, int64_t first, int64_t beats) const {
  constexpr int64_t beatLanes = 8 * instructionBytes;
  int64_t size = machine.configuration.tbufEntries;
  if (load.space == static_cast<int64_t>(LoadSpace::Fmap))
    size = machine.fmap.getNumLanes() / beatLanes;
  if (load.space == static_cast<int64_t>(LoadSpace::Wbuf))
    size = machine.wbuf.getNumLanes() / beatLanes;
  return areInside(load.dram + row * load.dstride + first, beats,
                   machine.getDramBytes() / instructionBytes) &&
         areInside(load.sram + row * load.sstride + first, beats, size);
}

bool SlotChecker::isStoreInside(int64_t beat) const {
  constexpr int64_t beatLanes = 8 * instructionBytes;
  int64_t row = beat / store.nx, first = beat % store.nx;
  return areInside(store.dram + row * store.dstride + first, 1,
                   machine.getDramBytes() / instructionBytes) &&
         areInside(store.sram + row * store.sstride + first, 1,
                   machine.fmap.getNumLanes() / beatLanes);
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

SlotChecker::Tap SlotChecker::getTap(int64_t pixel, int64_t ky, int64_t kx) const {
  int64_t index = (pool.image * extent.oh + pool.oy) * extent.ow + pool.ox + pixel;
  int64_t ox = index % extent.ow, oy = index / extent.ow % extent.oh;
  int64_t image = index / extent.ow / extent.oh;
  Tap tap;
  tap.iy = oy * window.sy - window.py + ky * window.dy;
  tap.ix = ox * window.sx - window.px + kx * window.dx;
  tap.lane = input.base + input.image * image +
             (tap.iy - extent.first_row) * input.row + tap.ix * input.pixel;
  return tap;
}

bool SlotChecker::areLanesInside(int64_t end) const {
  return end <= static_cast<int64_t>(machine.fmap.getNumLanes());
}

bool SlotChecker::isGatherInside(int64_t slot) const {
  const Configuration &configuration = machine.configuration;
  int64_t access = 2 * configuration.lanes;
  bool near = window.dx == 1 && input.pixel == window.lanes;
  // Taps that lie one behind the other are read as one.
  int64_t taps = near ? 1 : window.kw, lanes = near ? window.kw * window.lanes : window.lanes;
  int64_t accesses = divideUp(lanes, access);
  int64_t part = slot % accesses, kx = slot / accesses % taps;
  int64_t ky = slot / accesses / taps % window.kh;
  int64_t all = window.planes + window.valid;
  int64_t plane = slot / accesses / taps / window.kh % all;
  int64_t pixel = slot / accesses / taps / window.kh / all;
  int64_t first = part * access, count = std::min(access, lanes - first);
  // Words of ABUF that are complete then.
  int64_t packed = (ky * taps + kx) * lanes + first + count;
  int64_t words = divideUp(window.kh * taps * lanes, configuration.lanes);
  int64_t done = packed == window.kh * taps * lanes ? words : packed / configuration.lanes;
  if (gather.abuf + (pixel / configuration.rows * all + plane) * words + done >
      configuration.abufWords)
    return false;
  Tap tap = getTap(pixel, ky, kx);
  if (plane >= window.planes || tap.iy < 0 || tap.iy >= extent.h)
    return true;
  int64_t end = first + count;
  if (near) {
    // Lanes of the row that exist.
    int64_t before = tap.ix * input.pixel;
    end = std::min(end, extent.w * input.pixel - before);
    if (end <= std::max(first, -before))
      return true;
  } else if (tap.ix < 0 || tap.ix >= extent.w) {
    return true;
  }
  return tap.iy >= extent.first_row &&
         areLanesInside(tap.lane + plane * input.plane + end);
}

bool SlotChecker::isPoolReadInside(int64_t part, int64_t slot) const {
  int64_t lanes = machine.configuration.lanes, parts = divideUp(window.lanes, lanes);
  // From the highest plane on.
  int64_t plane = window.planes - 1 - slot % window.planes;
  int64_t kx = slot / window.planes % window.kw, ky = slot / window.planes / window.kw;
  Tap tap = getTap(part / parts, ky, kx);
  if (tap.iy < 0 || tap.iy >= extent.h || tap.ix < 0 || tap.ix >= extent.w)
    return true;
  int64_t end = std::min(window.lanes, (part % parts + 1) * lanes);
  return tap.iy >= extent.first_row &&
         areLanesInside(tap.lane + plane * input.plane + end);
}

bool SlotChecker::hasTap(int64_t part) const {
  int64_t pixel = part / divideUp(window.lanes, machine.configuration.lanes);
  for (int64_t ky = 0; ky < window.kh; ++ky)
    for (int64_t kx = 0; kx < window.kw; ++kx) {
      Tap tap = getTap(pixel, ky, kx);
      if (tap.iy >= 0 && tap.iy < extent.h && tap.ix >= 0 && tap.ix < extent.w)
        return true;
    }
  return false;
}

bool SlotChecker::isPoolWriteInside(int64_t part, int64_t plane) const {
  int64_t lanes = machine.configuration.lanes, parts = divideUp(window.lanes, lanes);
  return areLanesInside(pool.out + part / parts * output.pixel + plane * output.plane +
                        std::min(window.lanes, (part % parts + 1) * lanes));
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

bool SlotChecker::isStepInside(int64_t tile, int64_t step) const {
  int64_t word = step % matmul.words, plane = step / matmul.words % planes.aplanes;
  int64_t weightPlane = step / matmul.words / planes.aplanes;
  return matmul.abuf + tile / matmul.tiles * matmul.agroup + plane * matmul.aplane + word <
             machine.configuration.abufWords &&
         matmul.wbuf + tile % matmul.tiles * matmul.wtile + weightPlane * matmul.wplane +
                 word <
             machine.configuration.wbufWords;
}

bool SlotChecker::isDrainInside(int64_t tile, int64_t slot) const {
  const Configuration &configuration = machine.configuration;
  int64_t channel = tile % post.tiles * configuration.columns;
  auto mode = static_cast<ConfigureResultMode>(result.mode);
  if (mode == ConfigureResultMode::Codes)
    return post.tbuf + channel * getNumEntries(result) + 2 * slot + 2 <=
           configuration.tbufEntries;
  bool isNarrow = mode == ConfigureResultMode::Raw16;
  int64_t size = isNarrow ? 2 : 4, row = isNarrow ? slot : slot / 2;
  int64_t half = isNarrow ? 0 : slot % 2 * instructionBytes;
  int64_t pixel = tile / post.tiles * configuration.rows + row;
  // Rows of few columns have no second half.
  if (pixel >= post.pixels || half >= configuration.columns * size)
    return true;
  return areInside(post.out + pixel * result.pixel +
                       (channel * size + half) / instructionBytes,
                   1, machine.getDramBytes() / instructionBytes);
}

bool SlotChecker::isFlushInside(int64_t tile, int64_t slot) const {
  const Configuration &configuration = machine.configuration;
  int64_t pixel = tile / post.tiles * configuration.rows + slot / result.bits;
  if (pixel >= post.pixels)
    return true;
  return areLanesInside(post.out + pixel * result.pixel + slot % result.bits * result.plane +
                        (tile % post.tiles + 1) * configuration.columns);
}
