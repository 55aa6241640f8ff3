//===- Constant.cpp - Tensors known at import -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constant.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace mlir::dorefa;

std::optional<int64_t> dorefa::countElements(ArrayRef<int64_t> shape) {
  if (static_cast<int64_t>(shape.size()) > kMaxRank)
    return std::nullopt;
  int64_t count = 1;
  bool empty = false;
  for (int64_t size : shape) {
    if (ShapedType::isDynamic(size))
      continue;
    if (size < 0 || size > kMaxElements)
      return std::nullopt;
    // A later size of 0 does not excuse an overflow before it.
    empty |= size == 0;
    count *= std::max<int64_t>(size, 1);
    if (count > kMaxElements)
      return std::nullopt;
  }
  return empty ? 0 : count;
}

std::string dorefa::formatShape(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  constexpr size_t limit = 16;
  llvm::interleaveComma(shape.take_front(limit), os, [&](int64_t size) {
    ShapedType::isDynamic(size) ? os << '?' : os << size;
  });
  os << (shape.size() > limit ? ", ...]" : "]");
  return text;
}

std::string dorefa::printable(StringRef name) {
  constexpr size_t limit = 120;
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::printEscapedString(name.take_front(limit), os);
  if (name.size() > limit)
    os << "...";
  return text;
}

std::string dorefa::printable(double number) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", number);
  return text;
}

/// Elements of `source` read with one stride per dimension of `shape`.
template <typename T>
static std::vector<T> gatherStrided(ArrayRef<T> source, ArrayRef<int64_t> shape,
                                    ArrayRef<int64_t> strides) {
  int64_t count = *countElements(shape);
  std::vector<T> result(count);
  if (count == 0)
    return result;
  if (shape.empty()) {
    result[0] = source[0];
    return result;
  }
  int64_t inner = shape.back(), innerStride = strides.back();
  SmallVector<int64_t> index(shape.size() - 1);
  int64_t offset = 0;
  for (int64_t start = 0; start < count; start += inner) {
    for (int64_t i = 0; i < inner; ++i)
      result[start + i] = source[offset + i * innerStride];
    for (int64_t dim = int64_t(index.size()) - 1; dim >= 0; --dim) {
      offset += strides[dim];
      if (++index[dim] < shape[dim])
        break;
      offset -= shape[dim] * strides[dim];
      index[dim] = 0;
    }
  }
  return result;
}

static SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (int64_t i = int64_t(shape.size()) - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

static Constant gather(const Constant &source, ArrayRef<int64_t> shape,
                       ArrayRef<int64_t> strides) {
  Constant result{SmallVector<int64_t>(shape), {}, source.symbolic};
  std::visit(
      [&](const auto &elements) {
        using T = typename std::decay_t<decltype(elements)>::value_type;
        result.data = gatherStrided(ArrayRef<T>(elements), shape, strides);
      },
      source.data);
  return result;
}

Constant dorefa::permute(const Constant &source, ArrayRef<int64_t> perm) {
  SmallVector<int64_t> all = rowMajorStrides(source.shape), shape, strides;
  for (int64_t dim : perm) {
    shape.push_back(source.shape[dim]);
    strides.push_back(all[dim]);
  }
  return gather(source, shape, strides);
}

Constant dorefa::broadcastTo(const Constant &source, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> own = rowMajorStrides(source.shape);
  SmallVector<int64_t> strides(shape.size());
  size_t lead = shape.size() - source.shape.size();
  for (size_t i = 0; i < own.size(); ++i)
    strides[lead + i] = source.shape[i] == 1 ? 0 : own[i];
  return gather(source, shape, strides);
}

std::vector<float> dorefa::takeFloats(Constant &&constant) {
  if (auto *floats = std::get_if<std::vector<float>>(&constant.data))
    return std::move(*floats);
  return std::visit(
      [](const auto &v) { return std::vector<float>(v.begin(), v.end()); },
      constant.data);
}

bool dorefa::isFinite(const Constant &constant, bool allowInfinity) {
  return std::visit(
      [&](const auto &v) {
        return llvm::all_of(v, [&](auto x) {
          double number = x;
          return !std::isnan(number) && (allowInfinity || !std::isinf(number));
        });
      },
      constant.data);
}
