//===- RoutineBuilder.h - Writes the instructions of a routine --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_CONVERSION_BITPLANETOBPA_ROUTINEBUILDER_H
#define DOREFA_LIB_CONVERSION_BITPLANETOBPA_ROUTINEBUILDER_H

#include "Schedule.h"
#include "Start.h"
#include "Weights.h"

#include <deque>

namespace mlir::bpa {

/// A buffer whose parts are used in turn: what was placed longest ago makes
/// room. Parts lie in one half where they fit, so that what follows conflicts
/// with the other.
class Ring {
public:
  explicit Ring(int64_t size, bool hasHalves = false)
      : size(size), border(hasHalves ? size / 2 : size) {}

  int64_t place(int64_t count) {
    if (next < border && next + count > border && count <= size - border)
      next = border;
    if (next + count > size)
      next = 0;
    next += count;
    return next - count;
  }

private:
  int64_t size, border, next = 0;
};

/// Words and entries of the weight and threshold buffers.
struct Constants {
  int64_t word = 0, words = 0, entry = 0, entries = 0;

  bool overlaps(const Constants &other) const {
    auto overlap = [](int64_t first, int64_t count, int64_t start,
                      int64_t length) {
      return count != 0 && length != 0 && first < start + length &&
             start < first + count;
    };
    return overlap(word, words, other.word, other.words) ||
           overlap(entry, entries, other.entry, other.entries);
  }
};

/// Pixels `first` to `end` - 1 of rows.
struct Columns {
  int64_t first, end;
};

/// Samples and rows of the output of a layer, and where input and output lie
/// meanwhile.
struct BandPlan {
  int64_t sample, samples;
  Rows output, input;
  Band from, to;
  /// Whole rows that were loaded and pixels that were stored, counted through
  /// all samples.
  int64_t loaded = 0, stored = 0;
  /// Whether rows come in parts, and columns that were loaded of those before
  /// row `partEnd`.
  bool inParts = false;
  int64_t columns = 0, partEnd = 0;
  bool isCleared = false;

  int64_t getRows() const { return output.end - output.first; }
  int64_t getInputRows() const { return input.end - input.first; }
};

/// Tiles of a group of output channels that are multiplied with all pixels of a
/// band before the next ones are.
struct Pass {
  int64_t group, tile, tiles;
  GroupShape shape;
  Constants constants;
  /// Tiles of a load: all of them where weights were loaded before.
  int64_t tilesPerLoad;
  bool isLoaded;
  /// The last one of the band, and whether the layer begins with it.
  bool isLast, isStart;
};

/// Output pixels of a band that are gathered together.
struct Chunk {
  int64_t first, end, abuf;
};

class RoutineBuilder {
public:
  RoutineBuilder(ProgramOp program, RoutineOp routine, ArrayRef<Layer> layers,
                 const MapPlan &plan)
      : program(program), machine(program.getMachine()), layers(layers),
        plan(plan), builder(OpBuilder::atBlockEnd(&routine.getBody().front())),
        symbols(plan.maps.size()), rawSymbols(layers.size()),
        weightSymbols(layers.size()), thresholdSymbols(layers.size()),
        abuf(machine.abufWords), wbuf(machine.wbufWords, /*hasHalves=*/true),
        tbuf(machine.tbufEntries, /*hasHalves=*/true) {}

  void build(std::vector<Port> &inputs, std::vector<Port> &outputs);
  /// What the routine copies from and to the host.
  ArrayAttr getSymbols(ArrayRef<Port> ports);

private:
  // Memory.
  std::string createSpace(StringRef hint, int64_t bytes);
  std::string createData(StringRef hint, std::vector<uint8_t> bytes);
  void createMemory(std::vector<Port> &inputs, std::vector<Port> &outputs);
  void createConstants();
  std::string getZeros();

  // Maps.
  int64_t getSamples() const { return plan.maps.front().samples; }
  BandPlan getBand(int64_t number, int64_t sample, Rows output) const;
  bool hasWholeRows() const;
  int64_t getRowStep() const;
  int64_t getInputEnd(const BandPlan &band, int64_t pixel) const;
  int64_t getColumnEnd(int64_t pixels) const;
  void loadRows(BandPlan &band, int64_t end, std::vector<Load> &loads) const;
  void loadColumns(BandPlan &band, int64_t rows, int64_t end,
                   std::vector<Load> &loads) const;
  std::vector<Load> takeLoads(BandPlan &band, int64_t pixel) const;
  static int64_t countBeats(ArrayRef<Load> loads);
  void loadPixels(BandPlan &band, int64_t pixel);
  void loadPiece(const BandPlan &band, int64_t sample, int64_t first,
                 int64_t end, std::vector<Load> &loads) const;
  void loadBlock(const BandPlan &band, int64_t sample, int64_t firstRow,
                 int64_t count, int64_t step, Columns columns,
                 std::vector<Load> &loads) const;
  void clearBand(BandPlan &band);
  void storePixels(BandPlan &band, int64_t pixel);
  void storeBeats(const BandPlan &band, int64_t pixel, int64_t first,
                  int64_t end);
  void storePiece(const BandPlan &band, int64_t first, int64_t end);

  // Layers.
  void addLayer(int64_t index);
  void addBand(BandPlan &band);
  void configureWindow(const BandPlan &band, int64_t firstLane, int64_t lanes);
  void configurePlanes();
  void configureResult(const BandPlan &band);
  void addPoolRow(BandPlan &band, int64_t row);
  void addPool(BandPlan &band);
  void addPooledRows(const Chunk &chunk, int64_t delay);
  int64_t getPoolDelay(const Pass &pass) const;
  void finishPooled(size_t count);
  void addPooled(int64_t index);
  void addGroup(BandPlan &band, int64_t group, bool isStart);
  void addParts(BandPlan &band, int64_t group, ArrayRef<GroupShape> parts);
  int64_t gatherPart(BandPlan &band, const GroupShape &part, Chunk &chunk);
  int64_t loadPart(int64_t group, ArrayRef<GroupShape> parts, int64_t tile,
                   int64_t number);
  void loadThresholds(Pass &pass);
  void addTile(BandPlan &band, Pass &pass, ArrayRef<GroupShape> parts,
               Chunk &chunk, bool isBackward);
  Constants hold(std::array<int64_t, 3> key, int64_t words, int64_t entries,
                 bool &isHeld);
  void placeConstants(Pass &pass);
  void loadConstants(const Pass &pass, int64_t tile, int64_t tiles);
  int64_t getGatherCycles(const Pass &pass) const;
  int64_t getProductCycles(const Pass &pass) const;
  int64_t getPixels(const BandPlan &band) const {
    return band.samples * band.getRows() * layer().to.width;
  }
  int64_t chooseGroups(const BandPlan &band, const Pass &pass, int64_t pixel,
                       const Clocks &clocks) const;
  Clocks makeClocks(const Pass &pass) const;
  int64_t gatherAhead(BandPlan band, const Pass &pass, int64_t end,
                      int64_t count, Clocks &clocks) const;
  std::vector<Chunk> cutStart(const BandPlan &band, const Pass &pass) const;
  void addStart(BandPlan &band, const Pass &pass, MutableArrayRef<Chunk> chunks,
                Clocks &clocks);
  bool canSplitLast(const BandPlan &band, const Chunk &chunk) const;
  void addLast(BandPlan &band, const Pass &pass, const Chunk &chunk);
  void addPass(BandPlan &band, const Pass &pass);
  void addGather(BandPlan &band, const GroupShape &shape, Chunk &chunk);
  void addProduct(BandPlan &band, const Pass &pass, const Chunk &chunk,
                  int64_t tile, int64_t tiles);
  void addProducts(BandPlan &band, const Pass &pass, ArrayRef<Chunk> chunks,
                   int64_t tile, int64_t tiles);
  void addPost(const BandPlan &band, const Pass &pass, const Chunk &chunk,
               int64_t tile, int64_t tiles);
  int64_t countPasses(const GroupShape &shape) const;

  // The layer that is being written.
  const Layer &layer() const { return layers[current]; }
  const LayerPlan &own() const { return plan.layers[current]; }
  const Map &from() const { return plan.maps[own().from]; }
  const Map &to() const { return plan.maps[own().to]; }
  bool isStored() const {
    return own().to >= 0 && !to().isPooled && (!to().base || to().isOutput);
  }
  int64_t getWeightWords(const GroupShape &shape) const {
    return shape.words * layer().weightTerms.size();
  }
  int64_t getEntries() const {
    return layer().isRaw() ? 0
                           : machine.columns * getNumEntries(layer().levels);
  }
  /// Cycles that a tile is summed up, and drained.
  int64_t getSteps(const GroupShape &shape) const {
    return layer().inputTerms.size() * getWeightWords(shape);
  }
  int64_t getDrain() const {
    return layer().isRaw() ? 2 * machine.columns
                           : std::max<int64_t>(getEntries() / 2, 5);
  }
  /// From one tile to the next.
  int64_t getTileCycles(const GroupShape &shape) const {
    return std::max(getSteps(shape), getDrain());
  }
  /// Cycles in which `pp` writes codes behind its last tile.
  int64_t getFlush() const {
    return int64_t(machine.rows) * layer().levels.bits;
  }
  /// Whether tiles take less time than that.
  bool isShort(const GroupShape &shape) const {
    return getTileCycles(shape) < std::max<int64_t>(getFlush(), machine.rows);
  }
  template <typename T>
  void add(const T &instruction, StringRef symbol = "") {
    addInstruction(instruction.toInstruction(), symbol);
  }
  void addInstruction(const Instruction &instruction, StringRef symbol);

  ProgramOp program;
  const Configuration &machine;
  ArrayRef<Layer> layers;
  const MapPlan &plan;
  OpBuilder builder;
  /// Of maps in DRAM, of integers, of weights and thresholds by group.
  std::vector<std::string> symbols, rawSymbols;
  std::vector<std::vector<std::string>> weightSymbols, thresholdSymbols;
  Ring abuf, wbuf, tbuf;
  int64_t current = 0;
  /// What the buffers of constants hold: layer, group and tile, and where.
  std::vector<std::pair<std::array<int64_t, 3>, Constants>> held;
  /// Parts of windows that the gather buffer holds: the first pixel and
  /// channel, where, and words.
  struct GatheredPart {
    int64_t pixel, channel, abuf, words;
  };
  std::vector<GatheredPart> gathered;
  /// A band of the pool behind the layer that is being written, and how many of
  /// its rows were pooled.
  struct PooledBand {
    BandPlan band;
    int64_t rows = 0;
  };
  std::deque<PooledBand> pooled;
  /// The last values of configuration registers.
  llvm::DenseMap<unsigned, Instruction> registers;
};

} // namespace mlir::bpa

#endif // DOREFA_LIB_CONVERSION_BITPLANETOBPA_ROUTINEBUILDER_H
