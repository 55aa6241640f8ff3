//===- Compare.cpp - Differences between two arrays -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Runtime/Compare.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <type_traits>

using namespace mlir::dorefa::runtime;

namespace {
/// What one walk over both arrays finds.
struct Differences {
  /// Values that differ by more than the bound.
  size_t count = 0;
  size_t firstIndex = 0;
  double largest = 0;
  double bound = 0;
  /// The first two values that differ.
  std::string actual, expected;
};
} // namespace

/// The absolute difference; 0 where the values are equal or both are NaN.
template <typename T>
static double getDifference(T actual, T expected) {
  if (actual == expected)
    return 0;
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(actual) && std::isnan(expected))
      return 0;
    double difference = std::fabs(double(actual) - double(expected));
    return std::isnan(difference) ? std::numeric_limits<double>::infinity()
                                  : difference;
  } else {
    // Unsigned subtraction cannot overflow; smaller types are promoted.
    return actual > expected ? double(uint64_t(actual) - uint64_t(expected))
                             : double(uint64_t(expected) - uint64_t(actual));
  }
}

/// The value with as many digits as tell it from its neighbours.
template <typename T>
static std::string print(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    char text[40];
    std::snprintf(text, sizeof(text), "%.*g",
                  std::numeric_limits<T>::max_digits10, double(value));
    return text;
  } else {
    return std::to_string(value);
  }
}

template <typename T>
static Differences findDifferences(const NpyArray &actualArray,
                                   const NpyArray &expectedArray,
                                   std::optional<double> tolerance) {
  const T *actual = static_cast<const T *>(actualArray.bytes.data());
  const T *expected = static_cast<const T *>(expectedArray.bytes.data());
  size_t numValues = expectedArray.getNumElements();
  Differences result;
  for (size_t i = 0; tolerance && i < numValues; ++i)
    if (double magnitude = std::fabs(double(expected[i]));
        std::isfinite(magnitude))
      result.bound = std::max(result.bound, *tolerance * magnitude);
  for (size_t i = 0; i < numValues; ++i) {
    double difference = getDifference(actual[i], expected[i]);
    result.largest = std::max(result.largest, difference);
    if (difference <= result.bound)
      continue;
    if (result.count++ > 0)
      continue;
    result.firstIndex = i;
    result.actual = print(actual[i]);
    result.expected = print(expected[i]);
  }
  return result;
}

static Differences findDifferences(const NpyArray &actual,
                                   const NpyArray &expected,
                                   std::optional<double> tolerance) {
  switch (expected.elementType) {
  case NpyElementType::Bool:
  case NpyElementType::U8:
    return findDifferences<uint8_t>(actual, expected, tolerance);
  case NpyElementType::I8:
    return findDifferences<int8_t>(actual, expected, tolerance);
  case NpyElementType::I16:
    return findDifferences<int16_t>(actual, expected, tolerance);
  case NpyElementType::U16:
    return findDifferences<uint16_t>(actual, expected, tolerance);
  case NpyElementType::I32:
    return findDifferences<int32_t>(actual, expected, tolerance);
  case NpyElementType::U32:
    return findDifferences<uint32_t>(actual, expected, tolerance);
  case NpyElementType::I64:
    return findDifferences<int64_t>(actual, expected, tolerance);
  case NpyElementType::U64:
    return findDifferences<uint64_t>(actual, expected, tolerance);
  case NpyElementType::F32:
    return findDifferences<float>(actual, expected, tolerance);
  case NpyElementType::F64:
    return findDifferences<double>(actual, expected, tolerance);
  }
  return {};
}

/// The index of an element, such as "[0, 4]".
static std::string printIndex(size_t index, const std::vector<int64_t> &shape) {
  std::string text;
  for (size_t i = shape.size(); i-- > 0; index /= size_t(shape[i]))
    text = std::to_string(index % size_t(shape[i])) +
           (text.empty() ? "" : ", ") + text;
  return "[" + text + "]";
}

static std::string printShort(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

Comparison mlir::dorefa::runtime::compare(const NpyArray &actual,
                                          const NpyArray &expected,
                                          std::optional<double> tolerance) {
  Differences found = findDifferences(actual, expected, tolerance);
  std::string numValues = std::to_string(expected.getNumElements());
  std::string largest = "largest difference " + printShort(found.largest);
  if (tolerance)
    largest += ", allowed " + printShort(found.bound);
  if (found.count > 0)
    return {false, std::to_string(found.count) + " of " + numValues +
                       " values differ, first at " +
                       printIndex(found.firstIndex, expected.shape) + ": " +
                       found.actual + " but must be " + found.expected + " (" +
                       largest + ")"};
  if (!tolerance)
    return {true, numValues + " of " + numValues + " values equal"};
  return {true, numValues + " of " + numValues + " values within tolerance (" +
                    largest + ")"};
}
