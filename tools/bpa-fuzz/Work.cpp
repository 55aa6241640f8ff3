//===- Work.cpp - Random programs that can be executed --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Unlike the programs of drawProgram, these are made to reach what each engine can do:
// windows inside their maps, results that do not overlap, tiles that somebody takes, tokens
// where accesses conflict. What is illegal all the same is taken out again.
//
//===----------------------------------------------------------------------===//

#include "Random.h"
#include "dorefa/Target/BPA/Device.h"
#include "dorefa/Target/BPA/Tokens.h"

#include <algorithm>

using namespace mlir::bpa;

/// Beats of DRAM that programs work on, and behind them those to which FMAP is stored at
/// the end.
static constexpr int64_t firstBeat = 256, endBeat = 2048;

namespace {

class Writer {
public:
  explicit Writer(Generator &generator) : generator(generator) {}

  Program write();

private:
  int64_t draw(int64_t min, int64_t max) {
    return drawInteger(generator, min, max);
  }
  /// Mostly small, sometimes up to `max`.
  int64_t drawSmall(int64_t min, int64_t max) {
    return draw(min, draw(0, 7) == 0 ? max : std::min(max, min + 3));
  }
  bool drawOneIn(int64_t n) { return draw(0, n - 1) == 0; }

  void add(const Instruction &instruction, int work = -1) {
    program.text.push_back(instruction);
    works.push_back(work);
  }

  void writeNop();
  void writeLoad();
  void writeStore();
  bool writeInput(bool isPool);
  void writeGather();
  void writePool();
  void writePlanes();
  void writeMatMul();
  void writeResult(int64_t pixels, int64_t tiles);
  void writePost(int64_t pixels, int64_t tiles);
  void writeDump();
  void removeIllegal();

  Generator &generator;
  Program program;
  /// Instructions that make no sense without each other have the same number.
  std::vector<int> works;
  int numWorks = 0;
  /// Lanes of FMAP that are worked on: [low, high).
  int64_t lanes = 0, low = 0, high = 0;
  ConfigureInput input;
  ConfigureWindow window;
  ConfigureExtent extent;
  ConfigurePlanes planes;
  ConfigureResult result;
};

} // namespace

void Writer::writeNop() {
  Nop nop;
  nop.engine = draw(0, numEngines - 1);
  add(nop.toInstruction());
}

void Writer::writeLoad() {
  const Configuration &machine = *program.configuration;
  Load load;
  load.space = draw(0, 2);
  int64_t beats = load.space == 0   ? lanes / 128
                  : load.space == 1 ? machine.wbufWords * machine.columns *
                                          machine.lanes / 128
                                    : machine.tbufEntries;
  load.ny = drawSmall(1, 12);
  load.nx = drawOneIn(4) ? draw(1, std::min<int64_t>(beats, 300)) : draw(1, 40);
  load.sstride = drawOneIn(3) ? draw(0, 60) : load.nx;
  load.dstride = drawOneIn(3) ? draw(-60, 60) : load.nx;
  int64_t rows = load.ny - 1, back = std::max<int64_t>(0, -rows * load.dstride);
  int64_t length = rows * std::abs(load.dstride) + load.nx;
  load.dram = draw(firstBeat, std::max(firstBeat, endBeat - length)) + back;
  load.sram =
      draw(0, std::max<int64_t>(0, beats - rows * load.sstride - load.nx));
  add(load.toInstruction());
}

void Writer::writeStore() {
  Store store;
  store.ny = drawSmall(1, 12);
  store.nx = draw(1, 40);
  store.sstride = draw(0, 60);
  store.dstride = drawOneIn(3) ? draw(-60, 60) : store.nx;
  int64_t rows = store.ny - 1, back = std::max<int64_t>(0, -rows * store.dstride);
  int64_t length = rows * std::abs(store.dstride) + store.nx;
  store.dram = draw(firstBeat, std::max(firstBeat, endBeat - length)) + back;
  store.sram = draw(0, std::max<int64_t>(
                           0, lanes / 128 - rows * store.sstride - store.nx));
  add(store.toInstruction());
}

/// A map and windows on it; whether it lies inside [low, high).
bool Writer::writeInput(bool isPool) {
  int64_t columns = program.configuration->columns;
  int64_t most = drawOneIn(6) ? 400 : 70;
  window = ConfigureWindow();
  window.lanes = isPool || drawOneIn(3) ? columns * draw(1, most / columns)
                                        : draw(1, most);
  window.planes = drawSmall(1, 8);
  window.valid = drawOneIn(3) ? draw(1, 2) : 0;
  window.pad = draw(0, 255);
  window.kh = drawSmall(1, 6);
  window.kw = drawSmall(1, 6);
  window.sy = drawSmall(1, 5);
  window.sx = drawSmall(1, 5);
  window.dy = drawOneIn(3) ? draw(1, 4) : 1;
  window.dx = drawOneIn(3) ? draw(1, 4) : 1;
  window.py = draw(0, window.kh - 1) - (drawOneIn(8) ? draw(0, 5) : 0);
  window.px = draw(0, window.kw - 1) - (drawOneIn(8) ? draw(0, 5) : 0);
  extent = ConfigureExtent();
  extent.h = draw(1, 9);
  extent.w = draw(1, 9);
  extent.oh = draw(1, 6);
  extent.ow = draw(1, 6);
  extent.first_row = drawOneIn(8) ? draw(0, extent.h) : 0;
  input = ConfigureInput();
  input.pixel = drawOneIn(3) ? draw(0, 2 * window.lanes) : window.lanes;
  input.row = drawOneIn(3) ? draw(0, 500) : input.pixel * extent.w;
  input.plane = drawOneIn(3) ? draw(0, 2000) : input.row * extent.h;
  input.image = drawOneIn(3) ? draw(0, 2000) : input.plane * window.planes;
  int64_t size = 2 * input.image + input.row * (extent.h - 1) +
                 input.pixel * (extent.w - 1) +
                 input.plane * (window.planes - 1) + window.lanes;
  input.base = draw(low, std::max(low, high - size));
  add(input.toInstruction());
  add(window.toInstruction());
  add(extent.toInstruction());
  return input.base + size <= high;
}

void Writer::writeGather() {
  const Configuration &machine = *program.configuration;
  if (drawOneIn(2)) {
    low = 0;
    high = lanes;
    writeInput(/*isPool=*/false);
  }
  int64_t words = (window.kh * window.kw * window.lanes + machine.lanes - 1) /
                  machine.lanes * (window.planes + window.valid);
  int64_t groups = std::min<int64_t>(machine.abufWords / words, 6);
  if (groups == 0)
    return;
  Gather gather;
  gather.pixels = draw(1, groups * machine.rows);
  gather.abuf = draw(0, machine.abufWords - groups * words);
  gather.image = draw(0, 1);
  gather.oy = draw(0, extent.oh - 1);
  gather.ox = draw(0, extent.ow - 1);
  add(gather.toInstruction());
}

/// Reads one half of the lanes and writes the other.
void Writer::writePool() {
  int64_t columns = program.configuration->columns, half = lanes / 2;
  bool writesLow = drawOneIn(2);
  low = writesLow ? half : 0;
  high = low + half;
  bool fits = writeInput(/*isPool=*/true);
  ConfigurePool output;
  output.sign = draw(0, 1);
  output.pixel = window.lanes + (drawOneIn(3) ? columns * draw(0, 5) : 0);
  Pool pool;
  pool.image = draw(0, 1);
  pool.oy = draw(0, extent.oh - 1);
  pool.ox = draw(0, extent.ow - 1);
  // Images 0 to 2 are inside.
  int64_t first = (pool.image * extent.oh + pool.oy) * extent.ow + pool.ox;
  pool.pixels = draw(
      1, std::min<int64_t>(20, 3 * extent.oh * extent.ow - first));
  output.plane = pool.pixels * output.pixel;
  if (drawOneIn(3)) {
    output.plane = window.lanes;
    output.pixel = window.lanes * window.planes;
  }
  add(output.toInstruction());
  int64_t size = pool.pixels * window.planes * output.pixel;
  int64_t target = writesLow ? 0 : half;
  pool.out = target + draw(0, std::max<int64_t>(0, half - size)) / columns * columns;
  if (fits && pool.out + size <= target + half)
    add(pool.toInstruction());
}

void Writer::writePlanes() {
  planes = ConfigurePlanes();
  planes.aplanes = drawSmall(1, 10);
  planes.wplanes = drawSmall(1, 8);
  planes.anegate = draw(0, 1023);
  planes.wnegate = draw(0, 255);
  bool wide = drawOneIn(4);
  for (int i = 0; i < 10; ++i)
    planes.ashift |= draw(0, wide ? 12 : 7) << (4 * i);
  for (int i = 0; i < 8; ++i)
    planes.wshift |= draw(0, wide ? 3 : 7) << (4 * i);
  planes.rowsum = draw(0, 1);
  add(planes.toInstruction());
}

/// Sums of one or several `mm`, and the `pp` that take them.
void Writer::writeMatMul() {
  const Configuration &machine = *program.configuration;
  int work = numWorks++;
  if (drawOneIn(2))
    writePlanes();
  MatMul matmul;
  int64_t steps = planes.aplanes * planes.wplanes;
  matmul.words = drawSmall(1, std::max<int64_t>(1, 400 / steps));
  matmul.groups = draw(1, 5);
  matmul.tiles = drawSmall(1, 20);
  bool dense = !drawOneIn(3);
  auto place = [&] {
    matmul.abuf = draw(0, machine.abufWords / 2);
    matmul.aplane = dense ? matmul.words : draw(0, 20);
    matmul.agroup = dense ? matmul.words * planes.aplanes : draw(0, 20);
    matmul.wbuf = draw(0, machine.wbufWords / 2);
    matmul.wplane = dense ? matmul.words : draw(0, 20);
    matmul.wtile = dense ? matmul.words * planes.wplanes : draw(0, 20);
  };
  place();
  int64_t chunks = drawOneIn(4) ? draw(2, 3) : 1;
  if (chunks != 1)
    matmul.groups = matmul.tiles = 1;
  for (int64_t i = 0; i < chunks; ++i) {
    matmul.resume = i != 0;
    matmul.keep = i + 1 != chunks;
    add(matmul.toInstruction(), work);
    if (matmul.keep && drawOneIn(2))
      writePlanes();
    if (matmul.keep)
      place();
  }
  // By one `pp`, or by one for the last groups and one for the others.
  int64_t rows = machine.rows, groups = matmul.groups;
  if (groups > 1 && drawOneIn(3)) {
    int64_t first = draw(1, groups - 1);
    writePost(first * rows, matmul.tiles);
    groups -= first;
    if (drawOneIn(2))
      writeGather();
  }
  writePost((groups - 1) * rows + draw(1, rows), matmul.tiles);
}

void Writer::writeResult(int64_t pixels, int64_t tiles) {
  int64_t columns = program.configuration->columns;
  result = ConfigureResult();
  result.mode = drawOneIn(2) ? 0 : draw(0, 2);
  result.bits = drawSmall(1, 8);
  result.first = draw(0, 255);
  int64_t channels = tiles * columns;
  if (result.mode != 0) {
    int64_t size = result.mode == 1 ? 2 : 4;
    result.pixel = (channels * size + 15) / 16 + (drawOneIn(3) ? draw(0, 3) : 0);
  } else if (drawOneIn(3)) {
    result.plane = channels + columns * draw(0, 2);
    result.pixel = result.plane * result.bits;
  } else {
    result.pixel = channels + (drawOneIn(3) ? columns * draw(0, 9) : 0);
    result.plane = pixels * result.pixel;
  }
  add(result.toInstruction(), numWorks - 1);
}

void Writer::writePost(int64_t pixels, int64_t tiles) {
  const Configuration &machine = *program.configuration;
  writeResult(pixels, tiles);
  PostProcess post;
  post.pixels = pixels;
  post.tiles = tiles;
  if (result.mode == 0) {
    int64_t entries = tiles * machine.columns *
                      std::max<int64_t>(1, (int64_t(1) << result.bits) / 4);
    int64_t size = pixels * result.pixel * result.bits;
    post.tbuf = draw(0, std::max<int64_t>(0, machine.tbufEntries - entries));
    post.out = draw(0, std::max<int64_t>(0, lanes - size)) / machine.columns *
               machine.columns;
  } else {
    post.out = draw(firstBeat,
                    std::max(firstBeat, endBeat - pixels * result.pixel));
  }
  add(post.toInstruction(), numWorks - 1);
}

/// All lanes that were worked on, to where the host sees them.
void Writer::writeDump() {
  Store store;
  store.dram = endBeat;
  store.nx = lanes / 128;
  add(store.toInstruction());
}

/// Takes out what stops the machine.
void Writer::removeIllegal() {
  while (true) {
    auto device = openDevice(program, "func");
    if (!device)
      return consumeError(device.takeError());
    if (!run(program, *device, {}))
      return;
    uint32_t pc = 0;
    bpa_read_register(device->get(),
                      static_cast<uint32_t>(ControlRegister::ErrorPc), &pc);
    // Deadlocks, which the last instruction reports, need not be looked at.
    if (pc + 1 >= program.text.size())
      return;
    int work = works[pc];
    for (size_t i = program.text.size(); i-- > 0;)
      if (i == pc || (work >= 0 && works[i] == work)) {
        program.text.erase(program.text.begin() + i);
        works.erase(works.begin() + i);
      }
  }
}

Program Writer::write() {
  size_t numConfigurations;
  const Configuration *all = getConfigurations(numConfigurations);
  program.configuration = &all[draw(0, numConfigurations - 1)];
  lanes = drawOneIn(8) ? program.configuration->fmapWords *
                             program.configuration->lanes
                       : 1 << draw(14, 16);
  // Half of the words are small: thresholds that sums come near.
  for (int64_t i = 0; i < (endBeat - firstBeat) * 4; ++i) {
    bool isSmall = drawOneIn(2);
    int64_t value = isSmall ? draw(-500, 500) : draw(INT32_MIN, INT32_MAX);
    for (unsigned byte = 0; byte < 4; ++byte)
      program.data.push_back(value >> (8 * byte) & 255);
  }
  program.bssSize = firstBeat * 16 + lanes / 8;
  int64_t count = draw(3, 25);
  writeInput(/*isPool=*/false);
  for (int64_t i = 0; i < count; ++i) {
    switch (draw(0, 9)) {
    case 0:
      writeNop();
      break;
    case 1:
      writeStore();
      break;
    case 2:
      writePool();
      break;
    case 3:
    case 4:
      writeGather();
      break;
    case 5:
    case 6:
    case 7:
      writeMatMul();
      break;
    default:
      writeLoad();
    }
  }
  writeDump();
  add(Halt().toInstruction());
  // The text lies below the data, wherever that starts.
  removeIllegal();
  if (auto error = insertTokens(*program.configuration, program.text))
    program.text.clear();
  return std::move(program);
}

Program mlir::bpa::drawWork(Generator &generator) {
  return Writer(generator).write();
}
