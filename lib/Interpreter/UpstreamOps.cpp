//===- UpstreamOps.cpp - Running the upstream operations ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The operations around the layers only move elements: they end in one copy
// between two strided views. Backward rules also compare, choose and sum.
//
//===----------------------------------------------------------------------===//

#include "Frame.h"
#include "dorefa/Dialect/DoReFa/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace mlir::dorefa;
using namespace mlir::dorefa::interpreter;
using runtime::getElementSize;

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

/// Distances, in elements, of neighbours along each dimension of a dense
/// tensor.
static SmallVector<int64_t> getStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0; stride *= shape[i])
    strides[i] = stride;
  return strides;
}

namespace {
/// Elements of a tensor that lie `strides` bytes apart.
template <typename Byte>
struct View {
  Byte *data;
  SmallVector<int64_t> strides;

  /// All elements of a dense tensor.
  template <typename TensorTy>
  static View all(TensorTy &tensor) {
    View view{static_cast<Byte *>(tensor.bytes.data()),
              getStrides(tensor.shape)};
    for (int64_t &stride : view.strides)
      stride *= getElementSize(tensor.elementType);
    return view;
  }

  /// The view along the inner dimensions at index `i` of the outermost.
  View at(int64_t i) const {
    return {data + i * strides.front(),
            SmallVector<int64_t>(ArrayRef(strides).drop_front())};
  }
};
using SourceView = View<const char>;
using TargetView = View<char>;
} // namespace

/// Copies `shape` elements of `size` bytes.
static void copyView(const TargetView &target, const SourceView &source,
                     ArrayRef<int64_t> shape, size_t size) {
  if (shape.empty()) {
    std::memcpy(target.data, source.data, size);
    return;
  }
  if (shape.size() > 1) {
    for (int64_t i = 0; i < shape.front(); ++i)
      copyView(target.at(i), source.at(i), shape.drop_front(), size);
    return;
  }
  for (int64_t i = 0; i < shape.front(); ++i)
    std::memcpy(target.data + i * target.strides[0],
                source.data + i * source.strides[0], size);
}

/// Fills a tensor with one element.
static void fillTensor(Tensor &tensor, const void *element) {
  size_t size = getElementSize(tensor.elementType);
  auto *bytes = static_cast<char *>(tensor.bytes.data());
  for (size_t i = 0; i < tensor.getNumElements(); ++i)
    std::memcpy(bytes + i * size, element, size);
}

/// The integers of sizes and offsets that are attributes or index values.
static SmallVector<int64_t> getIntegers(ArrayRef<OpFoldResult> mixed,
                                        const Frame &frame) {
  SmallVector<int64_t> integers;
  for (OpFoldResult entry : mixed) {
    if (auto value = dyn_cast<Value>(entry))
      integers.push_back(frame.read<int64_t>(value).front());
    else
      integers.push_back(*getConstantIntValue(entry));
  }
  return integers;
}

//===----------------------------------------------------------------------===//
// Constants and sizes
//===----------------------------------------------------------------------===//

/// Writes the bytes of a constant tensor or number.
static LogicalResult writeConstant(arith::ConstantOp op, Attribute attr,
                                   Tensor &tensor) {
  size_t size = getElementSize(tensor.elementType);
  if (auto elements = dyn_cast<ElementsAttr>(attr)) {
    std::optional<ArrayRef<char>> raw = getRawElements(elements, size);
    if (!raw)
      return op.emitOpError("has elements that cannot be read");
    if (elements.isSplat())
      fillTensor(tensor, raw->data());
    else if (!raw->empty())
      std::memcpy(tensor.bytes.data(), raw->data(), raw->size());
    return success();
  }
  APInt bits = isa<FloatAttr>(attr)
                   ? cast<FloatAttr>(attr).getValue().bitcastToAPInt()
                   : cast<IntegerAttr>(attr).getValue();
  uint64_t value = bits.getZExtValue();
  std::memcpy(tensor.bytes.data(), &value, size);
  return success();
}

static LogicalResult run(arith::ConstantOp op, Frame &frame) {
  SmallVector<int64_t> shape;
  if (auto type = dyn_cast<ShapedType>(op.getType()))
    shape.assign(type.getShape().begin(), type.getShape().end());
  Tensor *tensor = frame.allocate(op.getResult(), shape);
  return success(tensor &&
                 succeeded(writeConstant(op, op.getValue(), *tensor)));
}

static LogicalResult run(tensor::EmptyOp op, Frame &frame) {
  return success(
      frame.allocate(op.getResult(), getIntegers(op.getMixedSizes(), frame)));
}

static LogicalResult run(tensor::SplatOp op, Frame &frame) {
  SmallVector<int64_t> shape(cast<ShapedType>(op.getType()).getShape());
  auto dynamicSizes = op.getDynamicSizes().begin();
  for (int64_t &size : shape)
    if (ShapedType::isDynamic(size))
      size = frame.read<int64_t>(*dynamicSizes++).front();
  Tensor *tensor = frame.allocate(op.getResult(), shape);
  if (tensor)
    fillTensor(*tensor, frame.get(op.getInput()).bytes.data());
  return success(tensor);
}

static LogicalResult run(tensor::DimOp op, Frame &frame) {
  ArrayRef<int64_t> shape = frame.shape(op.getSource());
  int64_t index = frame.read<int64_t>(op.getIndex()).front();
  if (index < 0 || index >= static_cast<int64_t>(shape.size()))
    return op.emitOpError()
           << "asks for dimension " << index << " of " << shape.size();
  auto result = frame.write<int64_t>(op.getResult(), {});
  if (succeeded(result))
    result->front() = shape[index];
  return result;
}

//===----------------------------------------------------------------------===//
// The same elements in another shape or type
//===----------------------------------------------------------------------===//

static LogicalResult run(tensor::CollapseShapeOp op, Frame &frame) {
  ArrayRef<int64_t> source = frame.shape(op.getSrc());
  SmallVector<int64_t> shape;
  for (ArrayRef<int64_t> group : op.getReassociationIndices()) {
    shape.push_back(1);
    for (int64_t dim : group)
      shape.back() *= source[dim];
  }
  return frame.copy(op.getResult(), op.getSrc(), shape);
}

static LogicalResult run(tensor::ExpandShapeOp op, Frame &frame) {
  return frame.copy(op.getResult(), op.getSrc(),
                    getIntegers(op.getMixedOutputShape(), frame));
}

static LogicalResult run(tensor::CastOp op, Frame &frame) {
  return frame.copy(op.getResult(), op.getSource(),
                    frame.shape(op.getSource()));
}

static LogicalResult run(UnrealizedConversionCastOp op, Frame &frame) {
  if (op.getNumOperands() != 1 || op.getNumResults() != 1)
    return op.emitOpError(
        "must turn one value into one other to be interpreted");
  return frame.copy(op.getResult(0), op.getOperand(0),
                    frame.shape(op.getOperand(0)));
}

//===----------------------------------------------------------------------===//
// Parts of tensors
//===----------------------------------------------------------------------===//

/// Narrows `view` from all elements of a tensor of `shape` to those that `op`
/// reads or writes, and returns their sizes.
template <typename View, typename SliceOp>
static FailureOr<SmallVector<int64_t>> takeSlice(SliceOp op, StringRef verb,
                                                 ArrayRef<int64_t> shape,
                                                 View &view, Frame &frame) {
  SmallVector<int64_t> offsets = getIntegers(op.getMixedOffsets(), frame);
  SmallVector<int64_t> sizes = getIntegers(op.getMixedSizes(), frame);
  SmallVector<int64_t> strides = getIntegers(op.getMixedStrides(), frame);
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t last = offsets[i] + (sizes[i] - 1) * strides[i];
    if (sizes[i] < 0 ||
        (sizes[i] > 0 && (std::min(offsets[i], last) < 0 ||
                          std::max(offsets[i], last) >= shape[i])))
      return op.emitOpError()
             << verb << " outside dimension " << i << " of size " << shape[i];
    view.data += offsets[i] * view.strides[i];
    view.strides[i] *= strides[i];
  }
  return sizes;
}

/// Gives the view of a tensor that lacks the dropped dimensions all dimensions:
/// with one element each, any stride is right.
template <typename View>
static void restoreDropped(View &view, const llvm::SmallBitVector &dropped) {
  for (unsigned dim : dropped.set_bits())
    view.strides.insert(view.strides.begin() + dim, 0);
}

static LogicalResult run(tensor::ExtractSliceOp op, Frame &frame) {
  SourceView source = SourceView::all(frame.get(op.getSource()));
  FailureOr<SmallVector<int64_t>> sizes =
      takeSlice(op, "reads", frame.shape(op.getSource()), source, frame);
  if (failed(sizes))
    return failure();
  llvm::SmallBitVector dropped = op.getDroppedDims();
  SmallVector<int64_t> result;
  for (auto [i, size] : llvm::enumerate(*sizes))
    if (!dropped.test(i))
      result.push_back(size);
  Tensor *tensor = frame.allocate(op.getResult(), result);
  if (!tensor)
    return failure();
  TargetView target = TargetView::all(*tensor);
  restoreDropped(target, dropped);
  copyView(target, source, *sizes, getElementSize(tensor->elementType));
  return success();
}

static LogicalResult run(tensor::InsertSliceOp op, Frame &frame) {
  if (failed(
          frame.copy(op.getResult(), op.getDest(), frame.shape(op.getDest()))))
    return failure();
  const Tensor &result = frame.get(op.getResult());
  TargetView target = TargetView::all(const_cast<Tensor &>(result));
  FailureOr<SmallVector<int64_t>> sizes =
      takeSlice(op, "writes", result.shape, target, frame);
  if (failed(sizes))
    return failure();
  SourceView source = SourceView::all(frame.get(op.getSource()));
  restoreDropped(source, op.getDroppedDims());
  copyView(target, source, *sizes, getElementSize(result.elementType));
  return success();
}

static LogicalResult run(tensor::ConcatOp op, Frame &frame) {
  uint64_t dim = op.getDim();
  SmallVector<int64_t> shape(frame.shape(op.getInputs().front()));
  shape[dim] = 0;
  for (Value input : op.getInputs()) {
    shape[dim] += frame.shape(input)[dim];
    for (size_t i = 0; i < shape.size(); ++i)
      if (i != dim && frame.shape(input)[i] != shape[i])
        return op.emitOpError() << "has inputs that differ in dimension " << i;
  }
  Tensor *tensor = frame.allocate(op.getResult(), shape);
  if (!tensor)
    return failure();
  TargetView target = TargetView::all(*tensor);
  for (Value input : op.getInputs()) {
    const Tensor &source = frame.get(input);
    copyView(target, SourceView::all(source), source.shape,
             getElementSize(source.elementType));
    target.data += source.shape[dim] * target.strides[dim];
  }
  return success();
}

/// The value that surrounds a padded tensor; null where it is not constant.
static Value getPadding(tensor::PadOp op, const Frame &frame) {
  Value padding = op.getConstantPaddingValue();
  return padding && (frame.has(padding) ||
                     padding.getDefiningOp<arith::ConstantOp>())
             ? padding
             : Value();
}

static LogicalResult run(tensor::PadOp op, Frame &frame) {
  Value padding = getPadding(op, frame);
  if (!padding)
    return op.emitOpError("pads with a value that is not constant, which the "
                          "interpreter does not support");
  // A constant inside the body has not been run.
  if (!frame.has(padding) &&
      failed(run(padding.getDefiningOp<arith::ConstantOp>(), frame)))
    return failure();
  SmallVector<int64_t> low = getIntegers(op.getMixedLowPad(), frame);
  SmallVector<int64_t> high = getIntegers(op.getMixedHighPad(), frame);
  SmallVector<int64_t> shape(frame.shape(op.getSource()));
  for (size_t i = 0; i < shape.size(); ++i) {
    if (low[i] < 0 || high[i] < 0)
      return op.emitOpError("pads by a negative number");
    shape[i] += low[i] + high[i];
  }
  Tensor *tensor = frame.allocate(op.getResult(), shape);
  if (!tensor)
    return failure();
  fillTensor(*tensor, frame.get(padding).bytes.data());
  TargetView target = TargetView::all(*tensor);
  for (size_t i = 0; i < shape.size(); ++i)
    target.data += low[i] * target.strides[i];
  const Tensor &source = frame.get(op.getSource());
  copyView(target, SourceView::all(source), source.shape,
           getElementSize(source.elementType));
  return success();
}

//===----------------------------------------------------------------------===//
// Linalg
//===----------------------------------------------------------------------===//

/// Makes the result of a linalg operation on tensors, in the shape of `init`.
static FailureOr<Tensor *> allocateLike(Operation *op, Value init,
                                        Frame &frame) {
  if (op->getNumResults() != 1)
    return op->emitOpError(
        "works on memrefs but the interpreter runs on tensors");
  Tensor *tensor = frame.allocate(op->getResult(0), frame.shape(init));
  if (!tensor)
    return failure();
  return tensor;
}

static LogicalResult run(linalg::TransposeOp op, Frame &frame) {
  FailureOr<Tensor *> tensor = allocateLike(op, op.getInit(), frame);
  if (failed(tensor))
    return failure();
  SourceView all = SourceView::all(frame.get(op.getInput()));
  SourceView source{all.data, {}};
  for (auto [i, dim] : llvm::enumerate(op.getPermutation())) {
    source.strides.push_back(all.strides[dim]);
    if ((*tensor)->shape[i] != frame.shape(op.getInput())[dim])
      return op.emitOpError(
          "has a destination of another shape than its input");
  }
  copyView(TargetView::all(**tensor), source, (*tensor)->shape,
           getElementSize((*tensor)->elementType));
  return success();
}

static LogicalResult run(linalg::BroadcastOp op, Frame &frame) {
  FailureOr<Tensor *> tensor = allocateLike(op, op.getInit(), frame);
  if (failed(tensor))
    return failure();
  SourceView source = SourceView::all(frame.get(op.getInput()));
  ArrayRef<int64_t> shape = frame.shape(op.getInput());
  for (int64_t dim : op.getDimensions())
    source.strides.insert(source.strides.begin() + dim, 0);
  for (size_t i = 0, j = 0; i < source.strides.size(); ++i)
    if (!llvm::is_contained(op.getDimensions(), i) &&
        shape[j++] != (*tensor)->shape[i])
      return op.emitOpError("has a destination that does not extend its input");
  copyView(TargetView::all(**tensor), source, (*tensor)->shape,
           getElementSize((*tensor)->elementType));
  return success();
}

static LogicalResult run(linalg::FillOp op, Frame &frame) {
  FailureOr<Tensor *> tensor = allocateLike(op, op.getOutputs().front(), frame);
  if (failed(tensor))
    return failure();
  const Tensor &element = frame.get(op.getInputs().front());
  if (element.elementType != (*tensor)->elementType)
    return op.emitOpError("converts its value, which the interpreter does not "
                          "support");
  fillTensor(**tensor, element.bytes.data());
  return success();
}

/// `a` and `b` combined as the arith operation `op` does; nullopt where it is
/// of another kind.
static std::optional<float> combine(Operation &op, float a, float b) {
  if (isa<arith::AddFOp>(op))
    return a + b;
  if (!isa<arith::MaximumFOp>(op))
    return std::nullopt;
  if (std::isnan(a) || std::isnan(b))
    return a + b;
  return a > b ? a : b;
}

/// Whether `body` combines its two arguments by its first operation.
static bool isCombination(Block &body) {
  Operation &first = body.front();
  OperandRange operands = first.getOperands();
  return operands.size() == 2 && first.getNumResults() == 1 &&
         llvm::all_of(
             body.getArguments(),
             [&](Value v) { return llvm::is_contained(operands, v); }) &&
         combine(first, 0, 0) &&
         llvm::equal(body.getTerminator()->getOperands(), first.getResults());
}

/// Each element of the result is one chain over the input in row-major order.
static LogicalResult run(linalg::ReduceOp op, Frame &frame) {
  if (op.getInputs().size() != 1 || !isCombination(op.getCombiner().front()) ||
      !getElementTypeOrSelf(op->getResult(0)).isF32())
    return op.emitOpError("does not sum or take the largest of f32 elements, "
                          "which is what the interpreter supports");
  Value input = op.getInputs().front(), init = op.getInits().front();
  if (failed(frame.copy(op->getResult(0), init, frame.shape(init))))
    return failure();
  const Tensor &result = frame.get(op->getResult(0));
  auto *sums = const_cast<float *>(frame.read<float>(op->getResult(0)).data());
  ArrayRef<int64_t> shape = frame.shape(input);
  SmallVector<int64_t> strides = getStrides(result.shape);
  for (int64_t dim : op.getDimensions())
    strides.insert(strides.begin() + dim, 0);
  SmallVector<int64_t> inputStrides = getStrides(shape);
  for (auto [i, element] : llvm::enumerate(frame.read<float>(input))) {
    int64_t target = 0;
    for (size_t dim = 0; dim < shape.size(); ++dim)
      target += static_cast<int64_t>(i) / inputStrides[dim] % shape[dim] *
                strides[dim];
    sums[target] =
        *combine(op.getCombiner().front().front(), sums[target], element);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

static LogicalResult run(arith::CmpFOp op, Frame &frame) {
  if (!getElementTypeOrSelf(op.getLhs()).isF32())
    return op.emitOpError("compares other elements than f32, which the "
                          "interpreter does not support");
  ArrayRef<float> lhs = frame.read<float>(op.getLhs());
  ArrayRef<float> rhs = frame.read<float>(op.getRhs());
  if (lhs.size() != rhs.size())
    return op.emitOpError("has operands whose batches differ");
  auto result = frame.write<uint8_t>(op.getResult(), frame.shape(op.getLhs()));
  if (failed(result))
    return failure();
  for (size_t i = 0; i < lhs.size(); ++i)
    (*result)[i] = arith::applyCmpPredicate(op.getPredicate(), APFloat(lhs[i]),
                                            APFloat(rhs[i]));
  return success();
}

static LogicalResult run(arith::SelectOp op, Frame &frame) {
  ArrayRef<uint8_t> condition = frame.read<uint8_t>(op.getCondition());
  Value otherwise = op.getFalseValue();
  ArrayRef<int64_t> shape = frame.shape(otherwise);
  if (frame.shape(op.getTrueValue()) != shape ||
      (!frame.shape(op.getCondition()).empty() &&
       frame.shape(op.getCondition()) != shape))
    return op.emitOpError("has operands whose batches differ");
  if (failed(frame.copy(op.getResult(), otherwise, shape)))
    return failure();
  const Tensor &chosen = frame.get(op.getTrueValue());
  const Tensor &result = frame.get(op.getResult());
  size_t size = getElementSize(result.elementType);
  auto *target =
      const_cast<char *>(static_cast<const char *>(result.bytes.data()));
  for (size_t i = 0; i < result.getNumElements(); ++i)
    // One condition may choose whole tensors.
    if (condition[condition.size() == 1 ? 0 : i])
      std::memcpy(target + i * size,
                  static_cast<const char *>(chosen.bytes.data()) + i * size,
                  size);
  return success();
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

StringRef interpreter::getUpstreamOpNames() {
  return "arith.cmpf, arith.constant, arith.select, tensor.cast, "
         "tensor.collapse_shape, tensor.concat, tensor.dim, tensor.empty, "
         "tensor.expand_shape, tensor.extract_slice, tensor.insert_slice, "
         "tensor.pad, tensor.splat, linalg.broadcast, linalg.fill, "
         "linalg.reduce, linalg.transpose and "
         "builtin.unrealized_conversion_cast";
}

std::optional<LogicalResult> interpreter::runUpstreamOp(Operation *op,
                                                        Frame &frame) {
  return TypeSwitch<Operation *, std::optional<LogicalResult>>(op)
      .Case<arith::CmpFOp, arith::ConstantOp, arith::SelectOp, tensor::CastOp,
            tensor::CollapseShapeOp, tensor::ConcatOp, tensor::DimOp,
            tensor::EmptyOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp,
            tensor::InsertSliceOp, tensor::PadOp, tensor::SplatOp,
            linalg::BroadcastOp, linalg::FillOp, linalg::ReduceOp,
            linalg::TransposeOp, UnrealizedConversionCastOp>(
          [&](auto concrete) { return run(concrete, frame); })
      .Default(std::nullopt);
}
