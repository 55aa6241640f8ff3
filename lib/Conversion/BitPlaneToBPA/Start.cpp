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
  /// at which they can begin. Returns when the last one ends.
  int64_t run(llvm::ArrayRef<char> order);
  std::vector<StartStep> getSteps() const;

private:
  llvm::ArrayRef<PixelPiece> pixels;
  llvm::ArrayRef<ConstantPiece> constants;
  std::vector<StartStep> loads, products;
};

} // namespace

int64_t Start::run(llvm::ArrayRef<char> order) {
  // Of each `ga` before its first access.
  constexpr int64_t setup = 20;
  loads.clear();
  products.clear();
  std::vector<int64_t> gathered, loaded;
  int64_t now = 0, gatherFree = 0;
  for (char isPixels : order) {
    if (isPixels) {
      const PixelPiece &piece = pixels[gathered.size()];
      loads.push_back({static_cast<int64_t>(gathered.size()), -1});
      now += piece.beats;
      gatherFree = std::max(gatherFree, now) + setup + piece.gather;
      gathered.push_back(gatherFree);
    } else {
      loads.push_back({-1, static_cast<int64_t>(loaded.size())});
      now += constants[loaded.size()].beats;
      loaded.push_back(now);
    }
  }
  for (int64_t c = 0; c < static_cast<int64_t>(constants.size()); ++c)
    for (int64_t p = 0; p < static_cast<int64_t>(pixels.size()); ++p)
      products.push_back({p, c});
  auto getReady = [&](const StartStep &step) {
    return std::max(gathered[step.pixels], loaded[step.constants]);
  };
  llvm::stable_sort(products,
                    [&](const StartStep &left, const StartStep &right) {
                      return getReady(left) < getReady(right);
                    });
  int64_t end = 0;
  for (const StartStep &product : products)
    end = std::max(end, getReady(product)) +
          pixels[product.pixels].groups * constants[product.constants].cycles;
  return end;
}

/// Loads keep their order: all up to what a product needs come before it.
std::vector<StartStep> Start::getSteps() const {
  std::vector<StartStep> steps;
  auto next = loads.begin();
  int64_t p = 0, c = 0;
  for (const StartStep &product : products) {
    for (; p <= product.pixels || c <= product.constants; ++next) {
      ++(next->pixels >= 0 ? p : c);
      steps.push_back(*next);
    }
    steps.push_back(product);
  }
  return steps;
}

std::vector<StartStep>
mlir::bpa::orderStart(llvm::ArrayRef<PixelPiece> pixels,
                      llvm::ArrayRef<ConstantPiece> constants) {
  Start start(pixels, constants);
  std::vector<char> order(constants.size(), 0), best;
  order.resize(constants.size() + pixels.size(), 1);
  int64_t least = INT64_MAX;
  do {
    int64_t end = start.run(order);
    if (end < least) {
      least = end;
      best = order;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  start.run(best);
  return start.getSteps();
}
