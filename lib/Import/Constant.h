//===- Constant.h - Tensors known at import ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_IMPORT_CONSTANT_H
#define DOREFA_LIB_IMPORT_CONSTANT_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Support/LLVM.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mlir::dorefa {

/// Most elements that a tensor may have, and most dimensions.
constexpr int64_t kMaxElements = int64_t(1) << 31;
constexpr int64_t kMaxRank = 8;
/// Most elements that constant folding makes out of fewer: a file of a few
/// bytes must not ask for gigabytes.
constexpr int64_t kMaxFoldedElements = int64_t(1) << 24;

/// A tensor whose elements are known at import, row-major in the order of the
/// file. Float types narrower than 32 bits are held as float32, integers and
/// booleans as int64.
struct Constant {
  SmallVector<int64_t> shape;
  std::variant<std::vector<float>, std::vector<double>, std::vector<int64_t>>
      data;
  /// Whether integer elements equal to ShapedType::kDynamic stand for the
  /// symbolic batch, as shape arithmetic makes them.
  bool symbolic = false;

  bool isInteger() const { return data.index() == 2; }
  int64_t getRank() const { return shape.size(); }
  int64_t getNumElements() const {
    return std::visit([](const auto &v) { return int64_t(v.size()); }, data);
  }
  /// Element `index` as float64.
  double getNumber(int64_t index) const {
    return std::visit([&](const auto &v) { return double(v[index]); }, data);
  }
};

/// Number of elements of `shape`, nullopt where a size is negative or there are
/// more than kMaxElements or kMaxRank dimensions. A dynamic size counts as 1.
std::optional<int64_t> countElements(ArrayRef<int64_t> shape);

/// `[1, 3, ?]`, shortened where it is long.
std::string formatShape(ArrayRef<int64_t> shape);

/// A name of the file in a message: control characters escaped, shortened where
/// it is long.
std::string printable(StringRef name);

/// A number in a message: `0.5`, `1e-05`.
std::string printable(double number);

/// The constant whose dimension i is dimension `perm[i]` of `source`.
Constant permute(const Constant &source, ArrayRef<int64_t> perm);

/// `source` repeated to `shape`, which NumPy broadcasting must allow.
Constant broadcastTo(const Constant &source, ArrayRef<int64_t> shape);

/// All elements as float32; the data moves out where it has that type.
std::vector<float> takeFloats(Constant &&constant);

/// True where no element is NaN, nor, unless allowed, an infinity.
bool isFinite(const Constant &constant, bool allowInfinity = false);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_IMPORT_CONSTANT_H
