//===- CostModel.cpp - How a GPU computes a layer, and how fast -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Conversion/GPUCostModel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Machines
//===----------------------------------------------------------------------===//

// Products: data sheets, dense; sm_90 as measured for mma.sync, which reaches about two
// thirds of what wgmma does. Blackwell emulates products of single bits. Chips before
// sm_80 have no cp.async, without which no kernel on tensor cores is emitted.
static constexpr GPUMachine kMachines[] = {
    {"sm_70", "V100", 80, 1.53, 0, 0, 900},
    {"sm_72", "Xavier", 8, 1.38, 0, 0, 137},
    {"sm_75", "T4", 40, 1.59, 0, 0, 320},
    {"sm_80", "A100", 108, 1.41, 16384, 2048, 1555},
    {"sm_86", "RTX 3090", 82, 1.70, 8192, 1024, 936},
    {"sm_87", "Orin", 16, 1.30, 16384, 2048, 204},
    {"sm_89", "RTX 4090", 128, 2.52, 8192, 1024, 1008},
    {"sm_90", "H100", 132, 1.83, 17700, 2577, 3350},
    {"sm_100", "B200", 148, 1.85, 0, 2048, 8000},
    {"sm_103", "B300", 148, 1.85, 0, 1024, 8000},
    {"sm_110", "Thor", 20, 1.57, 0, 2048, 273},
    {"sm_120", "RTX 5090", 170, 2.41, 0, 1024, 1792},
    {"sm_121", "GB10", 48, 2.40, 0, 1024, 273},
};

const GPUMachine *dorefa::findGPUMachine(StringRef chip) {
  const GPUMachine *machine = llvm::find_if(
      kMachines, [&](const GPUMachine &known) { return known.chip == chip; });
  return machine == std::end(kMachines) ? nullptr : machine;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

static int64_t countPixels(Value map, unsigned rank, int64_t batch) {
  int64_t pixels = 1;
  for (int64_t size : cast<ShapedType>(map.getType()).getShape().take_front(rank))
    pixels *= ShapedType::isDynamic(size) ? batch : size;
  return pixels;
}

/// Whether something must make levels of planes for `input`.
static bool needsUnpack(Value input) {
  Operation *producer = input.getDefiningOp();
  return !isa_and_nonnull<bitplane::Conv2DOp, bitplane::MatMulOp>(producer);
}

static bool hasSum(CodeType input, int64_t inputOffset, CodeType filter,
                   int64_t filterOffset) {
  return levelForm(input, inputOffset, filter, filterOffset, /*bits=*/8).sum != 0;
}

GPULayer::GPULayer(bitplane::Conv2DOp op, int64_t batch)
    : geometry(op.getChannels(), op.getOutputChannels(), op.getGroups()),
      pixels(countPixels(op.getInit(), 3, batch) * op.getPoolSize()),
      inputPixels(countPixels(op.getInput(), 3, batch)),
      taps(op.getKernelSize()[0] * op.getKernelSize()[1]), poolSize(op.getPoolSize()),
      inputCode(op.getInputCode()),
      filterCode(op.getFilterCode()), resultCode(op.getResultCode().value_or(CodeType())),
      sumsBits(dotForm(inputCode, op.getInputOffset(), filterCode, op.getFilterOffset()).sum),
      sumsLevels(hasSum(inputCode, op.getInputOffset(), filterCode, op.getFilterOffset())),
      unpacks(needsUnpack(op.getInput())) {}

GPULayer::GPULayer(bitplane::MatMulOp op, int64_t batch)
    : geometry(op.getChannels(), op.getOutputChannels()),
      pixels(countPixels(op.getInit(), 1, batch)), inputPixels(pixels), taps(1),
      poolSize(1), inputCode(op.getInputCode()), filterCode(op.getWeightsCode()),
      resultCode(op.getResultCode().value_or(CodeType())),
      sumsBits(dotForm(inputCode, op.getInputOffset(), filterCode, op.getWeightsOffset()).sum),
      sumsLevels(hasSum(inputCode, op.getInputOffset(), filterCode, op.getWeightsOffset())),
      unpacks(needsUnpack(op.getInput())) {}

//===----------------------------------------------------------------------===//
// Times
//===----------------------------------------------------------------------===//

/// Of a launch within a graph, in nanoseconds.
static constexpr double kLaunch = 1500;
/// Clocks to fill the pipeline of a block, to meet at the barrier of a step, from the
/// issue of a copy to its end, and from a load in shared memory through a product.
static constexpr double kFill = 1200, kBarrier = 40, kCopyLatency = 700, kStepLatency = 120;
/// Bytes per clock and multiprocessor from the second-level cache, and from shared memory.
static constexpr double kCacheBytes = 32, kSharedBytes = 128;
/// Population counts, and simple integer operations, per clock and multiprocessor.
static constexpr double kPopcounts = 16, kOperations = 64;
/// Part of the peak of tensor cores that well-known kernels sustain (CUTLASS b1: 0.6).
static constexpr double kSustained = 0.7;
/// Of a multiprocessor: bytes of shared memory, registers, and those of a thread, about.
static constexpr int64_t kSharedSize = 96 << 10, kRegisters = 1 << 16, kThreadRegisters = 200;

/// Bytes that must come from and go to memory.
static double countBytes(const GPULayer &s, bool areBytes) {
  double perInput = areBytes ? s.geometry.inputLevels()
                             : s.geometry.inputWords * 4 * s.inputCode.getBits();
  double weights = double(s.geometry.blocks) * 32 * s.taps *
                   (areBytes ? s.geometry.steps() * 4
                             : s.geometry.words * 4 * s.filterCode.getBits());
  double perOutput = s.geometry.blocks * 4.0 *
                     (s.resultCode ? s.resultCode.getBits() : kWordBits);
  return s.inputPixels * perInput + weights + s.pixels / s.poolSize * perOutput;
}

static double toNanoseconds(double clocks, const GPUMachine &m) { return clocks / m.gigahertz; }

namespace {
/// Sizes of the operands of products of bits, or of bytes, which have one plane.
struct Operands {
  bool areBytes, haveSums;
  int64_t inputPlanes, filterPlanes, steps;

  Operands(const GPULayer &s, Kernel kernel)
      : areBytes(kernel == Kernel::Dot), haveSums(areBytes ? s.sumsLevels : s.sumsBits),
        inputPlanes(areBytes ? 1 : s.inputCode.getBits()),
        filterPlanes(areBytes ? 1 : s.filterCode.getBits()),
        steps(llvm::divideCeil(
            s.taps * (areBytes ? s.geometry.steps() : s.geometry.words), 8)) {}

  /// In shared memory.
  int64_t stageBytes(const TensorCoreTile &tile) const {
    return 32 * (tile.pixels() * inputPlanes +
                 tile.channelBlocks() * kWordBits * filterPlanes);
  }
};
} // namespace

/// What a step of a block asks of its multiprocessor.
static double countStepClocks(const Operands &o, const TensorCoreTile &tile,
                              const GPUMachine &m) {
  double warps = tile.warpRows * tile.warpColumns;
  // Levels of windows are summed by products, bits are counted once per block.
  double products = tile.tiles * tile.blocks * 4.0 * o.inputPlanes * o.filterPlanes +
                    (o.haveSums && o.areBytes ? tile.tiles : 0);
  double words = o.haveSums && !o.areBytes ? tile.pixels() * 8.0 * o.inputPlanes : 0;
  double rate = kSustained * (o.areBytes ? m.byteProducts : m.bitProducts);
  double multiply = warps * products * 16 * 8 * (o.areBytes ? 32 : 256) / rate;
  double read = (warps * 32 *
                     (tile.tiles * 16 * o.inputPlanes + tile.blocks * kWordBits * o.filterPlanes) +
                 4 * words) /
                kSharedBytes;
  double copied = o.stageBytes(tile) / kCacheBytes;
  return std::max({multiply, read, copied, words / kPopcounts});
}

static double predictTensorCores(const GPULayer &s, const GPUPlan &plan,
                                 const GPUMachine &m) {
  const TensorCoreTile &tile = *plan.tile;
  Operands o(s, plan.kernel);
  double blocks = double(llvm::divideCeil(s.pixels, tile.pixels())) *
                  llvm::divideCeil(s.geometry.blocks, tile.channelBlocks());
  double perMultiprocessor = std::ceil(blocks / m.multiprocessors);
  int64_t resident = std::max<int64_t>(
      1, std::min(kSharedSize / (tile.stages * o.stageBytes(tile)),
                  kRegisters / (tile.threads() * kThreadRegisters)));
  // Blocks beside one another hide each other's latencies.
  double latency = std::max(kCopyLatency / (tile.stages - tile.steps), kStepLatency);
  double barrier = kBarrier / tile.steps / resident;
  double clocks =
      o.steps * std::max(perMultiprocessor * (countStepClocks(o, tile, m) + barrier),
                         std::ceil(perMultiprocessor / resident) * latency);
  double time =
      std::max(toNanoseconds(clocks + kFill, m), countBytes(s, o.areBytes) / m.bandwidth) +
      kLaunch;
  if (o.areBytes && s.unpacks)
    time += kLaunch + 2.0 * s.inputPixels * s.geometry.inputLevels() / m.bandwidth;
  return time;
}

static double predictPopcount(const GPULayer &s, const GPUMachine &m) {
  int64_t p = s.inputCode.getBits(), q = s.filterCode.getBits();
  // Of a warp for one word of the windows: counts, other operations, and loads, one of 128
  // bytes per clock; pixels of a pool share those of the filter.
  double pairs = 32.0 * p * q * s.poolSize;
  double perWord =
      std::max(pairs / kPopcounts, 2 * pairs / kOperations) + p * s.poolSize + q;
  double warps = double(s.pixels) / s.poolSize * s.geometry.blocks;
  double perMultiprocessor = std::ceil(warps / (4 * m.multiprocessors)) * 4;
  double words = s.taps * s.geometry.words;
  // One word after the other waits for its loads where there are few warps.
  constexpr double kLatency = 40;
  double clocks = std::max(perMultiprocessor * words * perWord, words * kLatency) + kFill;
  return std::max(toNanoseconds(clocks, m), countBytes(s, false) / m.bandwidth) + kLaunch;
}

double dorefa::predictNanoseconds(const GPULayer &layer, const GPUPlan &plan,
                                  const GPUMachine &machine) {
  return plan.tile ? predictTensorCores(layer, plan, machine)
                   : predictPopcount(layer, machine);
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

// Large tiles reuse what they read more often, small ones leave no multiprocessor idle.
static constexpr TensorCoreTile kTiles[] = {
    {4, 2, 4, 2, 4}, {2, 2, 4, 2, 4},
    {4, 2, 2, 2, 4}, {4, 2, 2, 1, 4}, {2, 2, 2, 2, 4}, {2, 2, 2, 1, 4},
    {4, 1, 2, 1, 4}, {2, 2, 1, 1, 4}, {2, 1, 1, 1, 6}, {1, 1, 1, 1, 6},
};

int64_t dorefa::groupsPerTile(const FilterGeometry &g, int64_t blocks) {
  int64_t most = 1;
  for (int64_t block = 0; block < g.blocks; block += blocks) {
    int64_t last = std::min(block + blocks, g.blocks) - 1;
    most = std::max(most, g.lastGroup(last) - g.firstGroup(block) + 1);
  }
  return most;
}

/// Whether `blocks` blocks of channels may be a tile: they read the same words, or levels of
/// one group.
static bool canTile(const GPULayer &s, Kernel kernel, int64_t blocks) {
  const FilterGeometry &g = s.geometry;
  int64_t groups = groupsPerTile(g, blocks);
  if (kernel == Kernel::Dot)
    return groups == 1;
  for (int64_t block = 0; block < g.blocks; ++block)
    if (g.firstWord(block) != g.firstWord(block / blocks * blocks))
      return false;
  return !s.sumsBits || groups <= kMostGroupsPerTile;
}

/// Whether products of single bits compute `s`.
static bool canMultiplyBits(const GPULayer &s, const GPUMachine &m) {
  // More pairs take too many registers, and bytes are faster.
  constexpr int64_t kMostPairs = 6;
  return m.bitProducts && s.inputCode.getBits() * s.filterCode.getBits() <= kMostPairs;
}

/// Whether products of bytes compute `s`: copies take 4 levels at least.
static bool canMultiplyBytes(const GPULayer &s, const GPUMachine &m) {
  return m.byteProducts && s.geometry.hasDotLayout() &&
         (s.geometry.groups == 1 || s.geometry.channelsPerGroup() % kStepChannels == 0);
}

static std::optional<GPUPlan> planTensorCores(const GPULayer &layer, Kernel kernel,
                                              const GPUMachine &machine) {
  // Of static shared memory; and a copy must be under way while one is multiplied.
  constexpr int64_t kShared = 48 << 10, kFewestStages = 3;
  // Between barriers.
  constexpr int64_t kMostSteps = 2;
  // With more pairs of planes, more tiles of a warp would spill registers.
  constexpr int64_t kMostTiles = 2;
  Operands o(layer, kernel);
  std::optional<GPUPlan> best;
  for (TensorCoreTile tile : kTiles) {
    if (!tile.canPool(layer.poolSize) || !canTile(layer, kernel, tile.channelBlocks()) ||
        (o.inputPlanes * o.filterPlanes > 1 && tile.tiles > kMostTiles))
      continue;
    int64_t stages = std::min(tile.stages, kShared / o.stageBytes(tile));
    for (tile.steps = 1; tile.steps <= kMostSteps; ++tile.steps) {
      tile.stages = stages / tile.steps * tile.steps;
      if (o.steps % tile.steps != 0 || tile.stages < kFewestStages)
        continue;
      GPUPlan plan{kernel, tile, 0};
      plan.nanoseconds = predictNanoseconds(layer, plan, machine);
      if (!best || plan.nanoseconds < best->nanoseconds)
        best = plan;
    }
  }
  return best;
}

std::optional<GPUUnit> dorefa::parseGPUUnit(StringRef name) {
  return llvm::StringSwitch<std::optional<GPUUnit>>(name)
      .Case("popcount", GPUUnit::Popcount)
      .Case("b1", GPUUnit::BitProducts)
      .Case("u8", GPUUnit::ByteProducts)
      .Default(std::nullopt);
}

std::optional<GPUPlan> dorefa::planLayer(const GPULayer &layer, GPUUnit unit,
                                         const GPUMachine &machine) {
  switch (unit) {
  case GPUUnit::Popcount:
    return GPUPlan{Kernel::Popcount, std::nullopt, predictPopcount(layer, machine)};
  case GPUUnit::BitProducts:
    if (canMultiplyBits(layer, machine))
      return planTensorCores(layer, Kernel::Popcount, machine);
    return std::nullopt;
  case GPUUnit::ByteProducts:
    if (canMultiplyBytes(layer, machine))
      return planTensorCores(layer, Kernel::Dot, machine);
    return std::nullopt;
  }
  llvm_unreachable("unknown unit");
}

std::string GPUPlan::describe() const {
  if (!tile)
    return "popcount";
  return llvm::formatv("{0} mma, tile {1} x {2}", kernel == Kernel::Dot ? "u8" : "b1",
                       tile->pixels(), tile->channelBlocks() * kWordBits);
}

void dorefa::setPlan(Operation *layer, const GPUPlan &plan) {
  Builder b(layer->getContext());
  layer->setAttr(kGPUKernelAttr, b.getStringAttr(plan.describe()));
  if (const std::optional<TensorCoreTile> &tile = plan.tile)
    layer->setAttr(kGPUTileAttr,
                   b.getDenseI64ArrayAttr({tile->warpRows, tile->warpColumns, tile->tiles,
                                           tile->blocks, tile->stages, tile->steps}));
}

std::optional<TensorCoreTile> dorefa::getTile(Operation *layer) {
  auto numbers = layer->getAttrOfType<DenseI64ArrayAttr>(kGPUTileAttr);
  if (!numbers || numbers.size() != 6)
    return std::nullopt;
  return TensorCoreTile{numbers[0], numbers[1], numbers[2],
                        numbers[3], numbers[4], numbers[5]};
}
