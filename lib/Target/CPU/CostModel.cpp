//===- CostModel.cpp - How long layers take on a processor ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Target/CPU/CostModel.h"

#include "Contraction.h"

#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"

#include "llvm/ADT/DenseSet.h"
#include <numeric>

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// What work costs
//===----------------------------------------------------------------------===//

namespace {

/// Machines on which the same work takes about the same cycles.
struct MachineClass {
  StringLiteral name;
  /// Clock of the machine that the cycles were measured on.
  double gigahertz;
  /// Bytes of weights that the first two caches keep from one run to the next.
  int64_t cachedBytes;
  /// Cycles of each work, in the order of the enumeration.
  std::array<double, kNumWorks> cycles;
};

} // namespace

// What is measured comes from `benchmarks/fit_cost_model.py --fit`. What is estimated
// is the number of instructions of a vector divided by how many a core of that kind starts
// per cycle, the rest as measured on Zen 4; --mcpu= of the script measures these, too.
// clang-format off
static constexpr MachineClass kClasses[] = {
    // AVX-512 with VPOPCNTDQ, VBMI and VNNI; measured, znver4.
    {"zen4", 3.69, 1 << 20,
     {1.49, 1.21, 2.4, 0.95, 1.05, 1.1, 2.2, 0.007, 0.09, 4.2, 0.7, 0.82, 1.8, 0.083, 2300}},
    // AVX-512 without VPOPCNTDQ; estimated.
    {"avx512", 3.69, 1 << 20,
     {6.0, 1.5, 2.4, 0.8, 1.0, 1.1, 2.2, 0.007, 0.09, 4.2, 0.7, 0.82, 1.8, 0.083, 2300}},
    // AVX2; estimated.
    {"avx2", 3.69, 1 << 19,
     {3.3, 0.8, 1.5, 0.4, 0.5, 1.1, 2.2, 0.007, 0.09, 4.2, 0.7, 0.82, 1.8, 0.083, 2300}},
    // SSE up to AVX; estimated.
    {"sse", 3.69, 1 << 18,
     {3.3, 0.8, 1.5, 0.4, 1.0, 1.1, 2.2, 0.007, 0.09, 4.2, 0.7, 0.82, 1.8, 0.083, 2300}},
    // NEON with two vector pipes; estimated.
    {"neon", 2.5, 1 << 19,
     {2.5, 1.0, 2.0, 0.5, 0.5, 1.1, 2.2, 0.01, 0.15, 4.2, 0.7, 0.82, 1.8, 0.1, 2300}},
};
// clang-format on

static const MachineClass &getClass(const MicroKernelOptions &machine) {
  StringRef name = machine.has("neon")   ? "neon"
                   : machine.lanes == 4  ? "sse"
                   : machine.lanes == 8  ? "avx2"
                   : machine.has("avx512vpopcntdq") ? "zen4"
                                                    : "avx512";
  return *llvm::find_if(kClasses,
                        [&](const MachineClass &known) { return known.name == name; });
}

StringRef dorefa::getWorkName(Work work) {
  static constexpr StringLiteral kNames[kNumWorks] = {
      "popcount", "shuffle",    "widen", "dot",    "multiplyAdd", "step",       "row",
      "stream",   "coldStream", "tile",  "result", "code",        "windowWord", "convert",
      "once"};
  return kNames[static_cast<unsigned>(work)];
}

/// Fills the time in.
static LayerCost finish(LayerCost cost, const MachineClass &machine) {
  double vectors = 0, loads = 0, rest = 0;
  for (unsigned i = 0; i < kNumWorks; ++i) {
    Work work = static_cast<Work>(i);
    double &sum = work <= Work::Step         ? vectors
                  : work <= Work::ColdStream ? loads
                                             : rest;
    sum += cost.counts[i] * machine.cycles[i];
  }
  cost.nanoseconds = (std::max(vectors, loads) + rest) / machine.gigahertz;
  cost.machine = machine.name;
  return cost;
}

/// Counts the bytes that do not come from the first two caches: large ones, or
/// all where other layers use the caches in between.
static void countStreams(LayerCost &cost, int64_t weightBytes, int64_t tableBytes,
                         const LayerContext &context, const MachineClass &machine) {
  if (context.otherBytes > machine.cachedBytes)
    cost[Work::ColdStream] = weightBytes + tableBytes;
  else if (weightBytes > machine.cachedBytes)
    cost[Work::Stream] = weightBytes;
}

/// Counts loads of vectors of weights, `bytes` altogether.
static void countLoads(LayerCost &cost, int64_t loads, int64_t bytes) {
  constexpr int64_t kFirstCache = 32 << 10;
  if (bytes > kFirstCache)
    cost[Work::Row] += loads;
}

//===----------------------------------------------------------------------===//
// Layers on bits
//===----------------------------------------------------------------------===//

namespace {

/// What the cost of a contraction depends on; sizes of one sample where the
/// batch is dynamic.
struct Shape {
  FilterGeometry geometry;
  CodeType inputCode, filterCode;
  int64_t inputOffset, filterOffset, storedBits;
  int64_t windowHeight = 1, windowWidth = 1;
  int64_t images = 1, rows = 1, columns = 1;
  /// Taps inside the input, summed over the rows, and over the columns.
  int64_t rowTaps = 1, columnTaps = 1;
  int64_t inputHeight = 1, inputWidth = 1;
  /// Of the columns.
  int64_t stride = 1, dilation = 1;
  /// Operations that make the codes of a vector.
  int64_t codeOperations = 0;
  /// Whether thresholds take in what else a sum is made of (FoldedThresholds.cpp).
  bool isFolded = false;

  explicit Shape(bitplane::Conv2DOp op);
  explicit Shape(bitplane::MatMulOp op);

  int64_t positions() const { return rows * columns; }
  int64_t taps() const { return rowTaps * columnTaps; }
  int64_t inputPixels() const { return inputHeight * inputWidth; }
};

} // namespace

static int64_t sizeOf(Value value, unsigned dim) {
  int64_t size = cast<ShapedType>(value.getType()).getDimSize(dim);
  return ShapedType::isDynamic(size) ? 1 : size;
}

template <typename OpTy>
static int64_t countThresholds(OpTy op) {
  if (!op.getThresholds())
    return 0;
  return op.isPacked() ? sizeOf(op.getThresholds(), 0) - 1
                       : sizeOf(op.getThresholds(), 1);
}

/// Operations that make a code of a sum: comparisons with its thresholds or, where
/// it has an affine form, the same few for all codes, and one for each plane. Many
/// thresholds get an affine form when weights are packed, and stay beside it for one
/// comparison where they are gathered.
template <typename OpTy>
static int64_t countCodeOperations(OpTy op) {
  constexpr int64_t kAffine = 4, kGathered = 16, kMostCompared = 15;
  int64_t thresholds = countThresholds(op);
  bool isAffine = op.getAffine() || thresholds > kMostCompared;
  int64_t count = isAffine ? kAffine : thresholds;
  if (isAffine && thresholds != 0)
    count += kGathered;
  if (std::optional<CodeType> code = op.getResultCode())
    count += code->getBits();
  return count;
}

template <typename OpTy>
static bool hasFoldedThresholds(OpTy op) {
  int64_t thresholds = countThresholds(op);
  return op.getResultCode() && !op.getAffine() && thresholds >= 1 &&
         thresholds <= kMaskedThresholds;
}

static int64_t countInside(const BorderClasses &classes) {
  return std::accumulate(classes.classOf.begin(), classes.classOf.end(), int64_t(0),
                         [&](int64_t sum, int64_t position) {
                           return sum + llvm::count(classes.inside[position], true);
                         });
}

Shape::Shape(bitplane::Conv2DOp op)
    : geometry(op.getChannels(), op.getOutputChannels(), op.getGroups()),
      inputCode(op.getInputCode()), filterCode(op.getFilterCode()),
      inputOffset(op.getInputOffset()), filterOffset(op.getFilterOffset()),
      storedBits(getStoredBits(op)), windowHeight(op.getKernelSize()[0]),
      windowWidth(op.getKernelSize()[1]), images(sizeOf(op.getInit(), 0)),
      rows(sizeOf(op.getInit(), 1)), columns(sizeOf(op.getInit(), 2)),
      rowTaps(countInside(getRowClasses(op))),
      columnTaps(countInside(getColumnClasses(op))),
      inputHeight(sizeOf(op.getInput(), 1)), inputWidth(sizeOf(op.getInput(), 2)),
      stride(op.getStrides()[1]), dilation(op.getDilations()[1]),
      codeOperations(countCodeOperations(op)), isFolded(hasFoldedThresholds(op)) {}

Shape::Shape(bitplane::MatMulOp op)
    : geometry(op.getChannels(), op.getOutputChannels()),
      inputCode(op.getInputCode()), filterCode(op.getWeightsCode()),
      inputOffset(op.getInputOffset()), filterOffset(op.getWeightsOffset()),
      storedBits(getStoredBits(op)), columns(sizeOf(op.getInit(), 0)),
      columnTaps(columns), inputWidth(columns), codeOperations(countCodeOperations(op)),
      isFolded(hasFoldedThresholds(op)) {}

static Shape getShape(Operation *layer) {
  if (auto conv = dyn_cast<bitplane::Conv2DOp>(layer))
    return Shape(conv);
  return Shape(cast<bitplane::MatMulOp>(layer));
}

/// Counts the work of one layer by one kernel.
namespace {
class Counter {
public:
  Counter(const Shape &s, const MicroKernelOptions &machine)
      : s(s), g(s.geometry), machine(machine), perBlock(kWordBits / machine.lanes),
        blocksPerSpan(g.hasOneGroupPerBlock() ? g.blocks / g.groups : 1) {}

  LayerCost count(Kernel kernel, const LayerContext &context, const MachineClass &known);

private:
  void countPopcount();
  void countLookup();
  void countDot();
  void countTiles(int64_t pixels, int64_t blocks);
  void countWindowSums(int64_t wordsPerPixel);
  void countWeights(int64_t bytes, int64_t loads);

  const Shape &s;
  const FilterGeometry &g;
  const MicroKernelOptions &machine;
  int64_t perBlock, blocksPerSpan;
  LayerCost cost;
  /// Tiles of a row, and groups of blocks that each of them is computed for.
  int64_t tilesPerRow = 1, blockTiles = 1;
  /// Bytes that a conversion makes of a pixel, of all weights and of large tables.
  int64_t pixelBytes = 0, weightBytes = 0, tableBytes = 0;
};
} // namespace

/// Tiles of at most that many pixels and blocks of 32 output channels.
void Counter::countTiles(int64_t pixels, int64_t blocks) {
  tilesPerRow = llvm::divideCeil(s.columns, pixels);
  blockTiles = g.blocks / blocksPerSpan * llvm::divideCeil(blocksPerSpan, blocks);
  cost[Work::Tile] = s.rows * tilesPerRow * blockTiles;
}

/// Sums of the input over windows, where every input pixel has so many words
/// (or whatever the kernel counts at once).
void Counter::countWindowSums(int64_t wordsPerPixel) {
  bool areShared = s.windowWidth > 1 && s.columns * s.windowWidth > s.inputWidth;
  int64_t pixels = areShared ? s.inputPixels() : s.taps();
  int64_t spans = g.hasOneGroupPerBlock() ? g.groups : g.blocks * perBlock;
  cost[Work::WindowWord] = pixels * spans * wordsPerPixel;
}

/// All weights, and how often a vector of them is loaded.
void Counter::countWeights(int64_t bytes, int64_t loads) {
  weightBytes = bytes;
  countLoads(cost, loads, bytes);
}

void Counter::countPopcount() {
  int64_t limit = std::clamp<int64_t>(machine.accumulators / perBlock, 1, 10);
  bool isRow = s.columns == 1;
  int64_t planes = s.inputCode.getBits(), pairs = planes * s.filterCode.getBits();
  // The planes of a pixel alone share its weights.
  bool isShared = isRow && planes <= kMostPlanesInTile &&
                  planes * perBlock <= machine.accumulators;
  int64_t sharing = isShared ? planes : 1;
  int64_t blocks = isRow ? std::clamp<int64_t>(limit / sharing, 1, 4) : 1;
  countTiles(isRow ? 1 : limit, blocks);
  cost[Work::Popcount] = s.taps() * g.words * pairs * g.blocks * perBlock;
  cost[Work::Step] =
      s.rowTaps * tilesPerRow * s.windowWidth * g.words * pairs / sharing * blockTiles;
  if (dotForm(s.inputCode, s.inputOffset, s.filterCode, s.filterOffset).sum)
    countWindowSums(g.words * s.inputCode.getBits());
  countWeights(g.blocks * s.filterCode.getBits() * s.windowHeight * s.windowWidth * g.words * 4 * kWordBits,
               cost[Work::Step] * perBlock * std::min(blocks, blocksPerSpan));
}

/// Pixels of the input that a tile of so many pixels reads with so many taps of
/// a row of the window.
static int64_t countColumns(int64_t pixels, int64_t taps, int64_t stride, int64_t dilation) {
  llvm::SmallDenseSet<int64_t> columns;
  for (int64_t pixel = 0; pixel < pixels; ++pixel)
    for (int64_t tap = 0; tap < taps; ++tap)
      columns.insert(pixel * stride + tap * dilation);
  return columns.size();
}

void Counter::countLookup() {
  LookupGeometry lookup(g, s.inputCode, getIndexBits(machine), 4 * machine.lanes);
  int64_t planes = s.filterCode.getBits(), planesPerPass = std::min<int64_t>(planes, 2);
  int64_t sums = std::max<int64_t>(machine.accumulators / 3, 1);
  int64_t vectors = lookup.lanes < kWordBits ? kWordBits / lookup.lanes : 1;
  if (planesPerPass == 1 && blocksPerSpan * kWordBits >= 2 * lookup.lanes)
    vectors = 2;
  countTiles(std::max<int64_t>(sums / (vectors * planesPerPass), 1),
             std::max<int64_t>(vectors * lookup.lanes / kWordBits, 1));

  int64_t bits = s.inputCode.getBits(), indices = lookup.indicesPerGroup;
  int64_t outputs = lookup.vectors * planes;
  int64_t scans = s.rowTaps * tilesPerRow * blockTiles * llvm::divideCeil(planes, planesPerPass);
  // As many products as a byte can sum are added before they are widened.
  int64_t products = 255 / (lookup.width * s.inputCode.getMaxCode());
  int64_t tapsAtOnce = machine.accumulators < 16 ? 1 : 3;
  int64_t tile = llvm::divideCeil(s.columns, tilesPerRow);
  for (int64_t kx = 0; kx < s.windowWidth; kx += tapsAtOnce) {
    int64_t taps = std::min(tapsAtOnce, s.windowWidth - kx);
    int64_t rows = scans * countColumns(tile, taps, s.stride, s.dilation) * indices;
    // Only tables of two planes and indices of 16 bits are too large.
    if (lookup.width > 4)
      cost[Work::Row] += rows * (bits / 2);
    cost[Work::Widen] += s.rowTaps * s.columns * outputs *
                         (products < taps ? taps * llvm::divideCeil(indices, products)
                                          : llvm::divideCeil(indices, products / taps));
    cost[Work::Step] += scans * indices;
  }
  cost[Work::Shuffle] = s.taps() * indices * outputs;
  if (dotForm(s.inputCode, s.inputOffset, s.filterCode, s.filterOffset).sum)
    countWindowSums(bits * llvm::divideCeil(indices * getIndexBits(machine), 64));
  if (lookup.width > 4)
    tableBytes = bits / 2 * std::min<int64_t>(4096, s.inputPixels() * indices) * 64;
  pixelBytes = lookup.indices * getIndexBits(machine) / 8;
  countWeights(outputs * s.windowHeight * s.windowWidth * indices * lookup.lanes,
               s.rowTaps * tilesPerRow * s.windowWidth * indices * outputs);
}

/// Instructions that add 4 products of bytes per lane to a vector of sums.
static int64_t countDotInstructions(const Shape &s, const MicroKernelOptions &machine) {
  bool hasDot = machine.has(machine.lanes == 16 ? "avx512vnni" : "avxvnni");
  if (hasDot && machine.lanes >= 8)
    return 1;
  if (machine.has("neon") || !machine.has("sse2"))
    return 24; // Bytes one by one.
  // Sums of two products that fit 16 bits, or else two times the same of words.
  int64_t largestPair = 2 * s.inputCode.getMaxCode() << s.filterCode.getBits();
  return machine.has("ssse3") && largestPair <= 32767 ? 3 : 8;
}

void Counter::countDot() {
  int64_t pixels = std::max<int64_t>(machine.accumulators / perBlock, 1);
  bool isFew = s.columns <= 3;
  countTiles(isFew ? s.columns : pixels,
             isFew ? std::clamp<int64_t>(pixels / s.columns, 1, 4) : 1);
  cost[Work::Dot] = s.taps() * g.steps() * g.blocks * perBlock *
                    countDotInstructions(s, machine);
  cost[Work::Step] = s.rowTaps * tilesPerRow * s.windowWidth * g.steps() * blockTiles;
  if (levelForm(s.inputCode, s.inputOffset, s.filterCode, s.filterOffset, s.storedBits).sum)
    countWindowSums(llvm::divideCeil(g.channelsPerGroup(), 4 * machine.lanes));
  pixelBytes = g.inputLevels();
  int64_t blocksPerTile = isFew ? std::clamp<int64_t>(pixels / s.columns, 1, 4) : 1;
  countWeights(g.blocks * s.windowHeight * s.windowWidth * g.steps() * kStepBytes * s.storedBits / 8,
               cost[Work::Step] * perBlock * blocksPerTile * s.storedBits / 8);
}

LayerCost Counter::count(Kernel kernel, const LayerContext &context,
                         const MachineClass &known) {
  switch (kernel) {
  case Kernel::Popcount:
    countPopcount();
    break;
  case Kernel::Lookup:
    countLookup();
    break;
  case Kernel::Dot:
    countDot();
    break;
  }
  cost[Work::Result] = s.positions() * g.blocks * perBlock;
  cost[Work::Code] = cost[Work::Result] * s.codeOperations;
  if (s.isFolded && kernel != Kernel::Dot) {
    // No product with the window sum; sums of tables stay in 16 bits.
    cost[Work::Result] /= 2;
    if (kernel == Kernel::Lookup)
      cost[Work::Code] /= 2;
  }
  if (context.isConverted)
    cost[Work::Convert] = s.inputPixels() * pixelBytes;
  for (double &count : cost.counts)
    count *= s.images;
  countStreams(cost, weightBytes, tableBytes, context, known);
  cost[Work::Once] = 1;
  return cost;
}

bool dorefa::canCompute(Operation *layer, Kernel kernel, const MicroKernelOptions &machine) {
  Shape s = getShape(layer);
  switch (kernel) {
  case Kernel::Popcount:
    return true;
  case Kernel::Dot:
    return s.geometry.hasDotLayout();
  case Kernel::Lookup:
    return getIndexBits(machine) != 0 &&
           canLookUp(s.geometry, s.inputCode, s.windowHeight * s.windowWidth);
  }
  llvm_unreachable("unknown kernel");
}

LayerCost dorefa::predictCost(Operation *layer, Kernel kernel,
                              const LayerContext &context,
                              const MicroKernelOptions &machine) {
  const MachineClass &known = getClass(machine);
  Shape shape = getShape(layer);
  return finish(Counter(shape, machine).count(kernel, context, known), known);
}

//===----------------------------------------------------------------------===//
// Float layers
//===----------------------------------------------------------------------===//

/// Sizes of a float layer of one sample.
namespace {
struct FloatShape {
  int64_t rows = 1, columns = 1, taps = 1, channels = 1, groups = 1, outputs = 1;

  explicit FloatShape(dorefa::Conv2DOp op)
      : rows(sizeOf(op.getResult(), 0) * sizeOf(op.getResult(), 1)),
        columns(sizeOf(op.getResult(), 2)),
        taps(sizeOf(op.getFilter(), 1) * sizeOf(op.getFilter(), 2)),
        channels(sizeOf(op.getFilter(), 3)), groups(op.getGroups()),
        outputs(sizeOf(op.getFilter(), 0) / groups) {
    // Channels of a depthwise convolution are lanes.
    if (channels == 1 && outputs == 1)
      std::swap(outputs, groups);
  }
  explicit FloatShape(dorefa::MatMulOp op)
      : channels(sizeOf(op.getWeights(), 1)), outputs(sizeOf(op.getWeights(), 0)) {
    ArrayRef<int64_t> shape = cast<ShapedType>(op.getResult().getType()).getShape();
    for (int64_t size : shape.drop_back())
      columns *= ShapedType::isDynamic(size) ? 1 : size;
  }
};
} // namespace

LayerCost dorefa::predictFloatCost(Operation *layer, const LayerContext &context,
                                   const MicroKernelOptions &machine) {
  auto conv = dyn_cast<dorefa::Conv2DOp>(layer);
  FloatShape s = conv ? FloatShape(conv) : FloatShape(cast<dorefa::MatMulOp>(layer));
  LayerCost cost;
  double vectors = s.groups * llvm::divideCeil(s.outputs, machine.lanes);
  double terms = s.taps * s.channels;
  cost[Work::MultiplyAdd] = s.rows * s.columns * terms * vectors;
  const MachineClass &known = getClass(machine);
  int64_t bytes = 4 * terms * s.outputs * s.groups;
  // A tile of about 6 pixels loads a vector once.
  countLoads(cost, cost[Work::MultiplyAdd] / std::min<int64_t>(s.columns, 6), bytes);
  countStreams(cost, bytes, /*tableBytes=*/0, context, known);
  cost[Work::Once] = 1;
  return finish(cost, known);
}
