//===- Start.cpp - In what order a layer starts ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Start.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace mlir::bpa;

namespace {

/// Follows loads in one order.
class Start {
public:
  Start(llvm::ArrayRef<PixelPiece> pixels,
        llvm::ArrayRef<ConstantPiece> constants)
      : pixels(pixels), constants(constants) {}

  /// Loads as `order` says, pixels where it holds; sorts products by the time
  /// at which they can begin.
  Clocks run(Clocks clocks, llvm::ArrayRef<char> order);
  std::vector<StartStep> getSteps() const;

private:
  /// A product, and when it can begin.
  struct Product {
    StartStep step;
    int64_t ready;
  };

  bool canJoin(const Product &last, const Product &next) const;

  llvm::ArrayRef<PixelPiece> pixels;
  llvm::ArrayRef<ConstantPiece> constants;
  std::vector<StartStep> loads;
  std::vector<Product> products;
};

} // namespace

/// From the last beat to a slot of what waits for it.
static constexpr int64_t loadDelay = 6;

int64_t Clocks::loadConstants(int64_t beats) {
  isStarted = true;
  loaded += beats;
  return loaded + loadDelay;
}

int64_t Clocks::loadMap(int64_t beats) {
  loaded += isStarted ? static_cast<int64_t>(beats * mapDelay) : beats;
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
  for (int64_t c = 0; c < static_cast<int64_t>(constants.size()); ++c)
    for (int64_t p = 0; p < static_cast<int64_t>(pixels.size()); ++p)
      products.push_back({{p, c}, std::max(gathered[p], loaded[c])});
  llvm::stable_sort(products, [](const Product &left, const Product &right) {
    return left.ready < right.ready;
  });
  for (const Product &product : products)
    clocks.multiply(product.ready, pixels[product.step.pixels].groups *
                                       constants[product.step.constants].cycles);
  return clocks;
}

/// Whether `next` goes on where `last` ends, and could begin with it.
bool Start::canJoin(const Product &last, const Product &next) const {
  return last.ready == next.ready &&
         last.step.constants == next.step.constants &&
         last.step.pixels + last.step.count == next.step.pixels &&
         pixels[next.step.pixels - 1].isWhole;
}

/// Loads keep their order: all up to what a product needs come before it.
std::vector<StartStep> Start::getSteps() const {
  std::vector<StartStep> steps;
  auto next = loads.begin();
  int64_t p = 0, c = 0;
  for (size_t i = 0; i < products.size(); ++i) {
    Product product = products[i];
    while (i + 1 < products.size() && canJoin(product, products[i + 1])) {
      ++product.step.count;
      ++i;
    }
    int64_t last = product.step.pixels + product.step.count - 1;
    for (; p <= last || c <= product.step.constants; ++next) {
      ++(next->pixels >= 0 ? p : c);
      steps.push_back(*next);
    }
    steps.push_back(product.step);
  }
  return steps;
}

std::vector<StartStep>
mlir::bpa::orderStart(llvm::ArrayRef<PixelPiece> pixels,
                      llvm::ArrayRef<ConstantPiece> constants,
                      const PixelPiece &next, Clocks &clocks) {
  Start start(pixels, constants);
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
