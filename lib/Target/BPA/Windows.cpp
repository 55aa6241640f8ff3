//===- Windows.cpp - Gathers and pools ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

#include <algorithm>

using namespace mlir::bpa;

static uint64_t getMask(unsigned count) {
  return count >= 64 ? ~uint64_t(0) : (uint64_t(1) << count) - 1;
}

namespace {

/// The windows of an instruction's output pixels, one after the other.
class WindowWalk {
public:
  WindowWalk(const Machine &machine, int64_t image, int64_t oy, int64_t ox)
      : machine(machine), image(image), oy(oy), ox(ox) {}

  void next() {
    if (++ox < machine.extent.ow)
      return;
    ox = 0;
    if (++oy < machine.extent.oh)
      return;
    oy = 0;
    ++image;
  }

  bool isInside(int64_t ky, int64_t kx) const {
    const ConfigureWindow &window = machine.window;
    int64_t iy = oy * window.sy - window.py + ky * window.dy;
    int64_t ix = ox * window.sx - window.px + kx * window.dx;
    return iy >= 0 && iy < machine.extent.h && ix >= 0 && ix < machine.extent.w;
  }

  /// The lane of channel 0 in plane 0 of a tap, -1 where it is outside the
  /// input.
  int64_t getLane(int64_t ky, int64_t kx) const {
    const ConfigureWindow &window = machine.window;
    const ConfigureInput &input = machine.input;
    if (!isInside(ky, kx))
      return -1;
    int64_t iy = oy * window.sy - window.py + ky * window.dy;
    int64_t ix = ox * window.sx - window.px + kx * window.dx;
    return input.base + input.image * image +
           (iy - machine.extent.first_row) * input.row + ix * input.pixel;
  }

  /// Whether a tap is inside the input.
  bool hasTap() const {
    for (int64_t ky = 0; ky < machine.window.kh; ++ky)
      for (int64_t kx = 0; kx < machine.window.kw; ++kx)
        if (isInside(ky, kx))
          return true;
    return false;
  }

  /// Why a tap cannot be read.
  Outcome checkTap(int64_t ky, int64_t kx) const {
    const ConfigureWindow &window = machine.window;
    int64_t iy = oy * window.sy - window.py + ky * window.dy;
    if (!isInside(ky, kx))
      return std::nullopt;
    if (iy < machine.extent.first_row)
      return Stop{StopReason::Address,
                  "tap (" + std::to_string(ky) + ", " + std::to_string(kx) +
                      ") is row " + std::to_string(iy) +
                      " but the rows of the band start at " +
                      std::to_string(machine.extent.first_row)};
    int64_t end = getLane(ky, kx) + (window.planes - 1) * machine.input.plane +
                  window.lanes;
    if (end <= static_cast<int64_t>(machine.fmap.getNumLanes()))
      return std::nullopt;
    return Stop{StopReason::Address,
                "tap (" + std::to_string(ky) + ", " + std::to_string(kx) +
                    ") ends at lane " + std::to_string(end) + " but FMAP has " +
                    std::to_string(machine.fmap.getNumLanes())};
  }

private:
  const Machine &machine;
  int64_t image, oy, ox;
};

/// Appends lanes to words of a bank.
class LanePacker {
public:
  LanePacker(std::vector<uint64_t> &bank, uint64_t word, unsigned lanes)
      : bank(bank), word(word), lanes(lanes) {}

  void append(uint64_t value, unsigned count) {
    while (count != 0) {
      unsigned part = std::min(count, lanes - used);
      current |= (value & getMask(part)) << used;
      used += part;
      count -= part;
      value = part == 64 ? 0 : value >> part;
      if (used == lanes)
        flush();
    }
  }

  /// Fills the last word up with 0.
  void finish() {
    if (used != 0)
      flush();
  }

private:
  void flush() {
    bank[word++] = current;
    current = 0;
    used = 0;
  }

  std::vector<uint64_t> &bank;
  uint64_t word, current = 0;
  unsigned lanes, used = 0;
};

} // namespace

int64_t mlir::bpa::getPlaneWords(const Machine &machine) {
  const ConfigureWindow &window = machine.window;
  int64_t lanes = machine.configuration.lanes;
  return (window.kh * window.kw * window.lanes + lanes - 1) / lanes;
}

/// Appends `count` lanes of `value`'s memory from `lane` on, or, where that is
/// -1, of the constant `fill`.
static void appendTap(Machine &machine, LanePacker &packer, int64_t lane,
                      int64_t count, bool fill) {
  for (int64_t done = 0; done < count; done += 64) {
    unsigned part = std::min<int64_t>(64, count - done);
    uint64_t value = fill ? ~uint64_t(0) : 0;
    if (lane >= 0)
      value = machine.fmap.read(lane + done, part);
    packer.append(value, part);
  }
}

Outcome mlir::bpa::execute(Machine &machine, const Gather &gather) {
  const ConfigureWindow &window = machine.window;
  int64_t rows = machine.configuration.rows;
  int64_t planeWords = getPlaneWords(machine);
  int64_t planes = window.planes + window.valid;
  WindowWalk walk(machine, gather.image, gather.oy, gather.ox);
  for (int64_t i = 0; i < gather.pixels; ++i, walk.next()) {
    if (Outcome stop = machine.spend(planes * planeWords))
      return stop;
    int64_t word = gather.abuf + i / rows * planes * planeWords;
    for (int64_t m = 0; m < planes; ++m) {
      LanePacker packer(machine.abuf[i % rows], word + m * planeWords,
                        machine.configuration.lanes);
      bool isCode = m < window.planes;
      for (int64_t ky = 0; ky < window.kh; ++ky)
        for (int64_t kx = 0; kx < window.kw; ++kx) {
          if (Outcome stop = walk.checkTap(ky, kx))
            return stop;
          int64_t lane = walk.getLane(ky, kx);
          if (isCode)
            appendTap(machine, packer,
                      lane < 0 ? lane : lane + m * machine.input.plane,
                      window.lanes, window.pad >> m & 1);
          else
            appendTap(machine, packer, -1, window.lanes, lane >= 0);
        }
      packer.finish();
    }
  }
  return std::nullopt;
}

namespace {

/// The largest codes of some neighbouring channels, bit plane by bit plane.
class Maximum {
public:
  Maximum(int64_t numPlanes, bool isSigned)
      : numPlanes(numPlanes), isSigned(isSigned) {}

  /// Takes the codes of another tap into account.
  void update(const uint64_t *codes) {
    uint64_t greater = empty ? ~uint64_t(0) : 0, equal = ~greater;
    for (int64_t m = numPlanes - 1; m >= 0; --m) {
      // In two's complement the top bit counts the other way round.
      uint64_t flip = isSigned && m == numPlanes - 1 ? ~uint64_t(0) : 0;
      uint64_t a = codes[m] ^ flip, b = planes[m] ^ flip;
      greater |= equal & a & ~b;
      equal &= ~(a ^ b);
    }
    for (int64_t m = 0; m < numPlanes; ++m)
      planes[m] = (codes[m] & greater) | (planes[m] & ~greater);
    empty = false;
  }

  uint64_t getPlane(int64_t m) const { return planes[m]; }

private:
  int64_t numPlanes;
  bool isSigned, empty = true;
  uint64_t planes[8] = {};
};

} // namespace

/// The maxima of `count` channels from channel `c` on.
static Maximum findMaximum(const Machine &machine, const WindowWalk &walk,
                           int64_t c, unsigned count) {
  const ConfigureWindow &window = machine.window;
  Maximum maximum(window.planes, machine.pool.sign != 0);
  for (int64_t ky = 0; ky < window.kh; ++ky)
    for (int64_t kx = 0; kx < window.kw; ++kx) {
      int64_t lane = walk.getLane(ky, kx);
      if (lane < 0)
        continue;
      uint64_t codes[8];
      for (int64_t m = 0; m < window.planes; ++m)
        codes[m] = machine.fmap.read(lane + c + m * machine.input.plane, count);
      maximum.update(codes);
    }
  return maximum;
}

Outcome mlir::bpa::execute(Machine &machine, const Pool &pool) {
  const ConfigureWindow &window = machine.window;
  WindowWalk walk(machine, pool.image, pool.oy, pool.ox);
  for (int64_t i = 0; i < pool.pixels; ++i, walk.next()) {
    if (Outcome stop = machine.spend(window.kh * window.kw * window.planes *
                                     ((window.lanes + 63) / 64)))
      return stop;
    for (int64_t ky = 0; ky < window.kh; ++ky)
      for (int64_t kx = 0; kx < window.kw; ++kx)
        if (Outcome stop = walk.checkTap(ky, kx))
          return stop;
    if (!walk.hasTap())
      return Stop{StopReason::Operand, "the window of pixel " +
                                           std::to_string(i) +
                                           " has no tap inside the input"};
    if (Outcome stop = checkPixel(machine, pool, i))
      return stop;
    for (int64_t c = 0; c < window.lanes; c += 64) {
      unsigned count = std::min<int64_t>(64, window.lanes - c);
      Maximum maximum = findMaximum(machine, walk, c, count);
      int64_t lane = pool.out + i * machine.pool.pixel + c;
      for (int64_t m = 0; m < window.planes; ++m)
        machine.fmap.write(lane + m * machine.pool.plane, count,
                           maximum.getPlane(m));
    }
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

using Visit = std::function<void(const Access &)>;

/// The lanes that the window at `walk` reads.
static void forEachTap(const Machine &machine, const WindowWalk &walk,
                       const Visit &visit) {
  const ConfigureWindow &window = machine.window;
  for (int64_t ky = 0; ky < window.kh; ++ky)
    for (int64_t kx = 0; kx < window.kw; ++kx) {
      int64_t lane = walk.getLane(ky, kx);
      if (lane < 0 || walk.checkTap(ky, kx))
        continue;
      for (int64_t m = 0; m < window.planes; ++m)
        visit({Memory::Fmap,
               static_cast<uint64_t>(lane + m * machine.input.plane),
               static_cast<uint64_t>(window.lanes), false});
    }
}

void mlir::bpa::forEachAccess(const Machine &machine, const Gather &gather,
                              const Visit &visit) {
  WindowWalk walk(machine, gather.image, gather.oy, gather.ox);
  for (int64_t i = 0; i < gather.pixels; ++i, walk.next())
    forEachTap(machine, walk, visit);
  int64_t rows = machine.configuration.rows;
  int64_t words =
      (machine.window.planes + machine.window.valid) * getPlaneWords(machine);
  visit({Memory::Abuf, static_cast<uint64_t>(gather.abuf),
         static_cast<uint64_t>((gather.pixels + rows - 1) / rows * words),
         true});
}

void mlir::bpa::forEachAccess(const Machine &machine, const Pool &pool,
                              const Visit &visit) {
  WindowWalk walk(machine, pool.image, pool.oy, pool.ox);
  for (int64_t i = 0; i < pool.pixels; ++i, walk.next()) {
    forEachTap(machine, walk, visit);
    for (int64_t m = 0; m < machine.window.planes; ++m)
      visit({Memory::Fmap,
             static_cast<uint64_t>(pool.out + i * machine.pool.pixel +
                                   m * machine.pool.plane),
             static_cast<uint64_t>(machine.window.lanes), true});
  }
}
