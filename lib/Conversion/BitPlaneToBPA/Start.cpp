//===- Start.cpp - In what order a layer starts ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Start.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <tuple>

using namespace mlir::bpa;

namespace {

/// Follows loads in one order.
class Start {
public:
  Start(llvm::ArrayRef<PixelPiece> pixels,
        llvm::ArrayRef<ConstantPiece> constants, int64_t productDelay)
      : pixels(pixels), constants(constants), productDelay(productDelay) {}

  /// Loads as `order` says, pixels where it holds; sorts products by the time
  /// at which they can begin.
  Clocks run(Clocks clocks, llvm::ArrayRef<char> order);
  std::vector<StartStep> getSteps() const;

private:
  /// A product, and when it can begin.
  struct Product {
    StartStep step;
    int64_t ready;
    bool isDone = false;
  };

  Product &get(int64_t p, int64_t c) { return all[c * pixels.size() + p]; }
  bool areReady(const StartStep &step, int64_t time);
  StartStep extend(StartStep step, int64_t time);
  void multiply(Clocks &clocks);

  llvm::ArrayRef<PixelPiece> pixels;
  llvm::ArrayRef<ConstantPiece> constants;
  int64_t productDelay;
  std::vector<StartStep> loads;
  /// By constants, then pixels; in the order in which they can begin; and
  /// those that are made together.
  std::vector<Product> all;
  std::vector<StartStep> sorted, products;
};

} // namespace

/// From the last beat to a slot of what waits for it.
static constexpr int64_t loadDelay = 6;

/// Beats of the instructions that load, gather or multiply a piece.
static constexpr int64_t loadFetch = 3;

int64_t Clocks::loadConstants(int64_t beats) {
  isStarted = true;
  loaded += beats + loadFetch;
  return loaded + loadDelay;
}

int64_t Clocks::loadMap(int64_t beats) {
  loaded += isStarted ? static_cast<int64_t>(beats * mapDelay) : beats;
  loaded += loadFetch;
  return loaded + loadDelay;
}

int64_t Clocks::gather(int64_t ready, int64_t slots) {
  // From the last slot to a step; from the slot before to the first one.
  constexpr int64_t delay = 9, setup = 21;
  int64_t first = std::max({gathered, ready, prepared + setup});
  prepared = first;
  gathered = first + slots;
  return gathered + delay;
}

int64_t Clocks::multiply(int64_t ready, int64_t cycles) {
  product = std::max(product, ready) + cycles;
  return product;
}

Clocks Start::run(Clocks clocks, llvm::ArrayRef<char> order) {
  loads.clear();
  products.clear();
  std::vector<int64_t> gathered, loaded;
  for (char isPixels : order) {
    if (isPixels) {
      const PixelPiece &piece = pixels[gathered.size()];
      loads.push_back({static_cast<int64_t>(gathered.size()), -1});
      gathered.push_back(
          clocks.gather(clocks.loadMap(piece.beats), piece.gather));
    } else {
      loads.push_back({-1, static_cast<int64_t>(loaded.size())});
      loaded.push_back(clocks.loadConstants(constants[loaded.size()].beats));
    }
  }
  all.clear();
  sorted.clear();
  for (int64_t c = 0; c < static_cast<int64_t>(constants.size()); ++c)
    for (int64_t p = 0; p < static_cast<int64_t>(pixels.size()); ++p) {
      all.push_back({{p, c}, std::max(gathered[p], loaded[c])});
      sorted.push_back({p, c});
    }
  std::sort(sorted.begin(), sorted.end(),
            [&](const StartStep &left, const StartStep &right) {
              return std::tuple(get(left.pixels, left.constants).ready,
                                left.constants, left.pixels) <
                     std::tuple(get(right.pixels, right.constants).ready,
                                right.constants, right.pixels);
            });
  multiply(clocks);
  return clocks;
}

/// Whether all these products are left and can begin by `time`.
bool Start::areReady(const StartStep &step, int64_t time) {
  for (int64_t c = 0; c < step.numConstants; ++c)
    for (int64_t p = 0; p < step.numPixels; ++p) {
      const Product &product = get(step.pixels + p, step.constants + c);
      if (product.isDone || product.ready > time)
        return false;
    }
  return true;
}

/// A product with those of the next pixels and constants that can begin too.
StartStep Start::extend(StartStep step, int64_t time) {
  for (int64_t p; p = step.pixels + step.numPixels,
                  p < static_cast<int64_t>(pixels.size());
       ++step.numPixels)
    if (!pixels[p - 1].isWhole || !areReady({p, step.constants}, time))
      break;
  for (int64_t c; c = step.constants + step.numConstants,
                  c < static_cast<int64_t>(constants.size());
       ++step.numConstants)
    if (!areReady({step.pixels, c, step.numPixels}, time))
      break;
  return step;
}

void Start::multiply(Clocks &clocks) {
  for (const StartStep &first : sorted) {
    Product &product = get(first.pixels, first.constants);
    if (product.isDone)
      continue;
    int64_t time = std::max(clocks.getProductEnd(), product.ready);
    StartStep step = extend(first, time);
    int64_t groups = 0, cycles = 0;
    for (int64_t p = 0; p < step.numPixels; ++p)
      groups += pixels[step.pixels + p].groups;
    for (int64_t c = 0; c < step.numConstants; ++c) {
      cycles += constants[step.constants + c].cycles;
      for (int64_t p = 0; p < step.numPixels; ++p)
        get(step.pixels + p, step.constants + c).isDone = true;
    }
    clocks.multiply(time, groups * cycles + productDelay);
    products.push_back(step);
  }
}

/// Loads keep their order: all up to what a product needs come before it.
std::vector<StartStep> Start::getSteps() const {
  std::vector<StartStep> steps;
  auto next = loads.begin();
  int64_t p = 0, c = 0;
  for (const StartStep &product : products) {
    while (p < product.pixels + product.numPixels ||
           c < product.constants + product.numConstants) {
      ++(next->pixels >= 0 ? p : c);
      steps.push_back(*next++);
    }
    steps.push_back(product);
  }
  return steps;
}

std::vector<StartStep> mlir::bpa::orderStart(
    llvm::ArrayRef<PixelPiece> pixels, llvm::ArrayRef<ConstantPiece> constants,
    const PixelPiece &next, int64_t productDelay, Clocks &clocks) {
  Start start(pixels, constants, productDelay);
  std::vector<char> order(constants.size(), 0), best;
  order.resize(constants.size() + pixels.size(), 1);
  int64_t least = INT64_MAX;
  do {
    Clocks then = start.run(clocks, order);
    int64_t ready = then.gather(then.loadMap(next.beats), next.gather);
    int64_t end = std::max(then.getProductEnd(), ready);
    if (end < least) {
      least = end;
      best = order;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  clocks = start.run(clocks, best);
  return start.getSteps();
}
