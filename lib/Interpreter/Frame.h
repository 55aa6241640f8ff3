//===- Frame.h - The values of a running function ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_INTERPRETER_FRAME_H
#define DOREFA_LIB_INTERPRETER_FRAME_H

#include "dorefa/Interpreter/Interpreter.h"

namespace mlir::dorefa::interpreter {

/// The values of a function that later operations still need.
class Frame {
public:
  /// The tensor of a value that has been computed.
  const Tensor &get(Value value) const { return values.find(value)->second; }
  bool has(Value value) const { return values.contains(value); }

  /// The elements of a computed value; T has the size of its elements.
  template <typename T>
  ArrayRef<T> read(Value value) const {
    const Tensor &tensor = get(value);
    return ArrayRef<T>(static_cast<const T *>(tensor.bytes.data()),
                       tensor.getNumElements());
  }
  ArrayRef<int64_t> shape(Value value) const { return get(value).shape; }

  /// Makes a tensor of zeros for `result` of an operation. Emits an error and
  /// returns null where memory does not suffice or `shape` contradicts the
  /// type.
  Tensor *allocate(Value result, ArrayRef<int64_t> shape);

  /// The elements of such a tensor, to be written.
  template <typename T>
  FailureOr<MutableArrayRef<T>> write(Value result, ArrayRef<int64_t> shape) {
    Tensor *tensor = allocate(result, shape);
    if (!tensor)
      return failure();
    return MutableArrayRef<T>(static_cast<T *>(tensor->bytes.data()),
                              tensor->getNumElements());
  }

  /// Makes the elements of `source` the value of `result`, in another shape.
  LogicalResult copy(Value result, Value source, ArrayRef<int64_t> shape);

  void set(Value value, Tensor tensor) {
    values.try_emplace(value, std::move(tensor));
  }
  void free(Value value) { values.erase(value); }

private:
  DenseMap<Value, Tensor> values;
};

/// The shape of a result in which only the leading size, `batch`, may be
/// dynamic.
SmallVector<int64_t> resolveShape(Value result, int64_t batch);

/// Checks accumulators against the `range` of their layer, if it has one: what
/// a compiler proves must hold.
LogicalResult checkRange(Operation *layer,
                         std::optional<ArrayRef<int64_t>> range,
                         ArrayRef<int32_t> accumulators);

/// Executes an operation of the named kind; nullopt where it is of another
/// kind.
std::optional<LogicalResult> runDoReFaOp(Operation *op, Frame &frame);
std::optional<LogicalResult> runBitPlaneOp(Operation *op, Frame &frame);
std::optional<LogicalResult> runBPAOp(Operation *op, Frame &frame);
std::optional<LogicalResult> runUpstreamOp(Operation *op, Frame &frame);

/// The operations that runUpstreamOp executes, for an error message.
StringRef getUpstreamOpNames();

} // namespace mlir::dorefa::interpreter

#endif // DOREFA_LIB_INTERPRETER_FRAME_H
