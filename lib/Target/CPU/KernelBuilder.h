//===- KernelBuilder.h - Short names for kernel IR --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What all micro-kernel emitters need: constants, folded index arithmetic,
// loops that vanish where they have one iteration, vectors of `lanes` elements
// and the step from masks to words.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TARGET_CPU_KERNELBUILDER_H
#define DOREFA_LIB_TARGET_CPU_KERNELBUILDER_H

#include "dorefa/Target/CPU/MicroKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::dorefa {

using Values = SmallVector<Value>;

class KernelBuilder : public ImplicitLocOpBuilder {
public:
  KernelBuilder(OpBuilder &builder, Operation *op,
                const MicroKernelOptions &options);

  unsigned lanes() const { return options.lanes; }
  unsigned accumulators() const { return options.accumulators; }
  /// Whether loops may run in any order, side by side.
  bool isParallel() const { return options.parallel; }
  bool has(StringRef feature) const { return options.has(feature); }
  unsigned indexBits() const { return getIndexBits(options); }
  /// Vectors that 32 elements of 32 bits take.
  unsigned vectorsPerBlock() const { return 32 / options.lanes; }

  //===--------------------------------------------------------------------===//
  // Constants and arithmetic
  //===--------------------------------------------------------------------===//

  Value index(int64_t value);
  Value i32(int64_t value);
  /// Vector of `count` elements (default: lanes) of `element`.
  VectorType vectorOf(Type element, int64_t count = 0);
  /// Vector of `lanes` equal i32.
  Value splat(int64_t value);
  Value mask(bool value, int64_t count = 0);
  Value broadcast(Value scalar);

  Value add(Value lhs, Value rhs);
  Value add(Value lhs, int64_t rhs) { return add(lhs, index(rhs)); }
  Value mul(Value lhs, int64_t rhs);
  Value sub(Value lhs, Value rhs);
  /// `base * multiplier`, both vectors or both i32.
  Value scale(Value base, int64_t multiplier);
  /// `sum + value`, or `sum - value` if `negative`.
  Value accumulate(Value sum, Value value, bool negative);
  /// `value * 2^amount`.
  Value shiftLeft(Value value, unsigned amount);
  Value population(Value bits);
  /// `lhs * rhs + sum` of floats, rounded once where the machine does so in one
  /// instruction, else twice.
  Value multiplyAdd(Value lhs, Value rhs, Value sum);
  /// The results of `map`, sums of products of loops and numbers.
  Values evaluate(AffineMap map, ValueRange loops);

  //===--------------------------------------------------------------------===//
  // Loops
  //===--------------------------------------------------------------------===//

  using Body = function_ref<void(Value)>;
  using CarryingBody = function_ref<Values(Value, ValueRange)>;

  /// `for (i = 0; i < count; i += step)`; a single iteration needs no loop. The
  /// iterations are independent: none reads what another one wrote, scratch
  /// memory excepted that each writes before it reads.
  void loop(Value count, int64_t step, Body body);
  void loop(int64_t count, Body body) { loop(index(count), 1, body); }
  /// The same from `begin` to `end`, carrying values from one iteration to the
  /// next in registers.
  Values loop(Value begin, Value end, ValueRange init, CarryingBody body);
  Values loop(int64_t count, ValueRange init, CarryingBody body) {
    return loop(index(0), index(count), init, body);
  }
  /// One loop per leading dimension of `buffer`, the first `rank` ones.
  void nest(Value buffer, int64_t rank, function_ref<void(ValueRange)> body);
  /// Calls `body` with tiles of `tile` elements that cover `count` of them,
  /// then with what remains: one smaller tile, or single elements where `count`
  /// is dynamic.
  void tiles(Value count, int64_t tile,
             function_ref<void(Value, int64_t)> body);

  //===--------------------------------------------------------------------===//
  // Memory
  //===--------------------------------------------------------------------===//

  /// Size of dimension `dim` of a memref.
  Value size(Value buffer, int64_t dim);
  Value load(Value buffer, ValueRange indices);
  void store(Value value, Value buffer, ValueRange indices);
  /// `count` elements (default: lanes) from `indices` on; with `mask`, 0 in the
  /// lanes outside it, which are not read.
  Value loadVector(Value buffer, ValueRange indices, Value mask = {},
                   int64_t count = 0);
  void storeVector(Value value, Value buffer, ValueRange indices,
                   Value mask = {});
  /// True in the first `count` lanes, an index that may be negative or large.
  Value firstLanes(Value count, int64_t width = 0);
  /// A constant of the module. `name` is made unique.
  Value constant(StringRef name, ElementsAttr value);
  Value constantTable(StringRef name, ArrayRef<int64_t> shape,
                      ArrayRef<int32_t> values);
  /// A constant of bytes that all kernels of the module share under `name`.
  Value sharedTable(StringRef name, ArrayRef<int64_t> shape,
                    ArrayRef<int8_t> values);
  /// A constant of the module that `lookUpIndex` reads; null for only zeros.
  Value indexTable(StringRef name, ArrayRef<int64_t> values);
  /// Entry `position` of such a table.
  Value lookUpIndex(Value table, Value position);
  /// Uninitialized i32 on the stack of the function.
  Value scratch(ArrayRef<int64_t> shape);
  /// `buffer` with `count` dimensions of size 1 in front of dimension
  /// `position`.
  Value withUnitDims(Value buffer, int64_t position, int64_t count = 2);

  //===--------------------------------------------------------------------===//
  // Bits
  //===--------------------------------------------------------------------===//

  /// `vector` as a vector of other elements.
  Value bitcast(Value vector, Type element);
  /// Elements `[first, first + count)` of a vector.
  Value slice(Value vector, int64_t first, int64_t count);
  /// The elements of vectors of one type, 2^n of them.
  Value concatenate(ValueRange vectors);
  /// An instruction of the machine.
  Value call(StringRef intrinsic, Type result, ValueRange operands);

  /// Whether the machine turns bits of bytes into planes and back in registers.
  bool transposesBits() const { return has("gfni") && lanes() >= 8; }
  /// The words of the planes, lowest first, of 32 codes in bytes.
  Value planesOfBytes(Value codes, int64_t planes);
  /// The inverse, all codes XOR `flips`.
  Value bytesOfPlanes(Value words, uint8_t flips);

  /// The word whose bits are the masks of one block, lowest lane first.
  Value wordOfMasks(ArrayRef<Value> masks);
  /// The bits of a word as a mask of 32 lanes.
  Value maskOfWord(Value word);
  /// Lanes of `value` that are at least `threshold`; NaN is not.
  Value reaches(Value value, Value threshold);
  /// The plane masks of `level`, an i32 vector.
  Values planesOfLevel(CodeType code, Value level);
  /// Whether the planes of a code, which counts how many of `numThresholds` are
  /// reached from `base` on, are the bits of that number.
  static bool isPlainCount(CodeType code, int64_t base, int64_t numThresholds);
  /// The plane masks of such a code: the highest is one comparison, each other
  /// one chooses its threshold by those above. `threshold` gives number j, from
  /// 1 on, of a sorted sequence of vectors like `value`.
  Values searchPlanes(CodeType code, Value value,
                      function_ref<Value(int64_t)> threshold);

private:
  Value transposeBits(Value bytes, uint8_t flips);
  Value evaluate(AffineExpr index, ValueRange loops);

  MicroKernelOptions options;
  Operation *op;
  /// Time that the cost model predicted for the operation; null where it did not.
  Attribute predicted;
};

/// Fails with a diagnostic unless all operands of `op` are memrefs of static
/// sizes, the leading one excepted, whose last elements lie side by side.
LogicalResult checkOperands(Operation *op);

/// The value of a constant index.
std::optional<int64_t> constantIndex(Value value);

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TARGET_CPU_KERNELBUILDER_H
