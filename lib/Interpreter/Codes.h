//===- Codes.h - Codes, their values, words, thresholds -------------*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_INTERPRETER_CODES_H
#define DOREFA_LIB_INTERPRETER_CODES_H

#include "dorefa/Dialect/BitPlane/Geometry.h"
#include "dorefa/Dialect/DoReFa/Arithmetic.h"

namespace mlir::dorefa::interpreter {

/// The integers that the codes of a type stand for.
class ValueTable {
public:
  explicit ValueTable(CodeType type) {
    for (int64_t code = 0; code <= type.getMaxCode(); ++code)
      values[code] = static_cast<int32_t>(type.getValue(code));
  }

  int32_t operator[](uint8_t code) const { return values[code]; }

  /// `v(q) + offset` of each code, modulo 2^32.
  std::vector<uint32_t> read(ArrayRef<uint8_t> codes, int64_t offset) const {
    std::vector<uint32_t> result(codes.size());
    for (size_t i = 0; i < codes.size(); ++i)
      result[i] = static_cast<uint32_t>(values[codes[i]] + offset);
    return result;
  }

private:
  std::array<int32_t, 256> values = {};
};

/// Thresholds of `dorefa.threshold` and `bitplane.threshold`.
template <typename T>
class ThresholdTable {
public:
  /// `rows` rows of thresholds, one for each channel or one for all.
  ThresholdTable(ArrayRef<T> thresholds, int64_t rows,
                 std::optional<ArrayRef<bool>> decreasing, int64_t base,
                 CodeType code)
      : thresholds(thresholds), rows(rows),
        decreasing(decreasing.value_or(ArrayRef<bool>())), base(base),
        code(code) {}

  /// Code of an element of channel `channel`.
  uint8_t getCode(T x, size_t channel) const {
    size_t row = rows == 1 ? 0 : channel;
    size_t size = thresholds.size() / rows;
    bool isDecreasing =
        !decreasing.empty() && decreasing[decreasing.size() == 1 ? 0 : channel];
    return static_cast<uint8_t>(getCodeOfLevel(
        code, base + countThresholds(x, thresholds.slice(row * size, size),
                                     isDecreasing)));
  }

private:
  ArrayRef<T> thresholds;
  size_t rows;
  ArrayRef<bool> decreasing;
  int64_t base;
  CodeType code;
};

/// Codes of rows of `channels` channels from rows of words.
inline std::vector<uint8_t> unpackWords(ArrayRef<uint32_t> words,
                                        int64_t channels, int64_t planes) {
  size_t rowWords = bitplane::wordsFor(channels) * planes;
  size_t rows = words.size() / rowWords;
  std::vector<uint8_t> codes(rows * channels, 0);
  for (size_t row = 0; row < rows; ++row)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t plane = 0; plane < planes; ++plane) {
        uint32_t word =
            words[row * rowWords + c / bitplane::kWordBits * planes + plane];
        codes[row * channels + c] |= (word >> c % bitplane::kWordBits & 1)
                                     << plane;
      }
  return codes;
}

/// The inverse; bits beyond the channels are 0.
inline void packCodes(ArrayRef<uint8_t> codes, int64_t channels, int64_t planes,
                      MutableArrayRef<uint32_t> words) {
  size_t rowWords = bitplane::wordsFor(channels) * planes;
  llvm::fill(words, 0);
  for (size_t row = 0; row * channels < codes.size(); ++row)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t plane = 0; plane < planes; ++plane)
        words[row * rowWords + c / bitplane::kWordBits * planes + plane] |=
            uint32_t(codes[row * channels + c] >> plane & 1)
            << c % bitplane::kWordBits;
}

} // namespace mlir::dorefa::interpreter

#endif // DOREFA_LIB_INTERPRETER_CODES_H
