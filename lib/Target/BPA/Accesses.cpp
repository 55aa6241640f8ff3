//===- Accesses.cpp - What instructions read and write --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

using namespace mlir::bpa;

using Visit = std::function<void(const Access &)>;

static constexpr int64_t beatLanes = 8 * instructionBytes;

static void visitRange(const Visit &visit, Memory memory, int64_t first,
                       int64_t count, bool isWrite) {
  visit({memory, static_cast<uint64_t>(first), static_cast<uint64_t>(count),
         isWrite});
}

static void visitLoad(const Machine &machine, const Load &load,
                      const Visit &visit) {
  // Beats that a row of words takes in the weight buffer; a beat may also be
  // part of one.
  int64_t rowBeats =
      machine.configuration.columns * machine.configuration.lanes / beatLanes;
  for (int64_t j = 0; j < load.ny; ++j) {
    int64_t first = load.sram + j * load.sstride, end = first + load.nx;
    visitRange(visit, Memory::Dram, load.dram + j * load.dstride, load.nx,
               false);
    switch (static_cast<LoadSpace>(load.space)) {
    case LoadSpace::Fmap:
      visitRange(visit, Memory::Fmap, first * beatLanes, load.nx * beatLanes,
                 true);
      break;
    case LoadSpace::Wbuf:
      visitRange(visit, Memory::Wbuf, first / rowBeats,
                 (end + rowBeats - 1) / rowBeats - first / rowBeats, true);
      break;
    case LoadSpace::Tbuf:
      visitRange(visit, Memory::Tbuf, first, load.nx, true);
      break;
    }
  }
}

static void visitStore(const Store &store, const Visit &visit) {
  for (int64_t j = 0; j < store.ny; ++j) {
    visitRange(visit, Memory::Fmap,
               (store.sram + j * store.sstride) * beatLanes,
               store.nx * beatLanes, false);
    visitRange(visit, Memory::Dram, store.dram + j * store.dstride, store.nx,
               true);
  }
}

static void visitMatMul(const Machine &machine, const MatMul &matmul,
                        const Visit &visit) {
  for (int64_t m = 0; m < machine.planes.aplanes; ++m)
    for (int64_t g = 0; g < matmul.groups; ++g)
      visitRange(visit, Memory::Abuf,
                 matmul.abuf + g * matmul.agroup + m * matmul.aplane,
                 matmul.words, false);
  for (int64_t k = 0; k < machine.planes.wplanes; ++k)
    for (int64_t t = 0; t < matmul.tiles; ++t)
      visitRange(visit, Memory::Wbuf,
                 matmul.wbuf + t * matmul.wtile + k * matmul.wplane,
                 matmul.words, false);
}

static void visitPost(const Machine &machine, const PostProcess &post,
                      const Visit &visit) {
  const ConfigureResult &result = machine.result;
  int64_t channels = post.tiles * machine.configuration.columns;
  constexpr int64_t beat = instructionBytes;
  if (result.mode != static_cast<int64_t>(ConfigureResultMode::Codes)) {
    int64_t size =
        result.mode == static_cast<int64_t>(ConfigureResultMode::Raw16) ? 2 : 4;
    for (int64_t i = 0; i < post.pixels; ++i)
      visitRange(visit, Memory::Dram, post.out + i * result.pixel,
                 (channels * size + beat - 1) / beat, true);
    return;
  }
  visitRange(visit, Memory::Tbuf, post.tbuf, channels * getNumEntries(result),
             false);
  for (int64_t i = 0; i < post.pixels; ++i)
    for (int64_t m = 0; m < result.bits; ++m)
      visitRange(visit, Memory::Fmap,
                 post.out + i * result.pixel + m * result.plane, channels,
                 true);
}

void mlir::bpa::forEachAccess(const Machine &machine,
                              const Instruction &instruction,
                              const Visit &visit) {
  switch (instruction.op) {
  case Op::Load:
    return visitLoad(machine, Load(instruction), visit);
  case Op::Store:
    return visitStore(Store(instruction), visit);
  case Op::Gather:
    return forEachAccess(machine, Gather(instruction), visit);
  case Op::Pool:
    return forEachAccess(machine, Pool(instruction), visit);
  case Op::MatMul:
    return visitMatMul(machine, MatMul(instruction), visit);
  case Op::PostProcess:
    return visitPost(machine, PostProcess(instruction), visit);
  default:
    return;
  }
}
