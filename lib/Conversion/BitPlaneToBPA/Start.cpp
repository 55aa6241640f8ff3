//===- Start.cpp - In what order a layer starts ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Start.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir::bpa;

std::vector<StartStep>
mlir::bpa::orderStart(llvm::ArrayRef<PixelPiece> pixels,
                      llvm::ArrayRef<int64_t> constants) {
  constexpr int64_t setup = 20;
  auto numPixels = static_cast<int64_t>(pixels.size());
  auto numConstants = static_cast<int64_t>(constants.size());
  std::vector<StartStep> loads;
  std::vector<int64_t> gathered, loaded;
  int64_t now = 0, gatherFree = 0;
  for (int64_t p = 0, c = 0; p < numPixels || c < numConstants;) {
    // Constants, unless the next gather would be late because of them.
    bool isLate =
        p < numPixels && (c == numConstants ||
                          now + constants[c] + pixels[p].beats > gatherFree);
    if (!isLate) {
      now += constants[c];
      loaded.push_back(now);
      loads.push_back({-1, c++});
      continue;
    }
    now += pixels[p].beats;
    gatherFree = std::max(gatherFree, now) + pixels[p].gather + setup;
    gathered.push_back(gatherFree);
    loads.push_back({p++, -1});
  }
  std::vector<StartStep> products;
  for (int64_t c = 0; c < numConstants; ++c)
    for (int64_t p = 0; p < numPixels; ++p)
      products.push_back({p, c});
  auto getReady = [&](const StartStep &step) {
    return std::max(gathered[step.pixels], loaded[step.constants]);
  };
  llvm::stable_sort(products,
                    [&](const StartStep &left, const StartStep &right) {
                      return getReady(left) < getReady(right);
                    });
  // Loads keep their order: all up to what a product needs come before it.
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
