//===- UpstreamOps.cpp - Running the upstream operations ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The operations around the layers only move elements. They all end in one copy
// between two strided views.
//
//===----------------------------------------------------------------------===//

#include "Frame.h"
#include "dorefa/Dialect/DoReFa/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include "llvm/ADT/TypeSwitch.h"

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
    else
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

static LogicalResult run(tensor::ExtractSliceOp op, Frame &frame) {
  ArrayRef<int64_t> shape = frame.shape(op.getSource());
  SmallVector<int64_t> offsets = getIntegers(op.getMixedOffsets(), frame);
  SmallVector<int64_t> sizes = getIntegers(op.getMixedSizes(), frame);
  SmallVector<int64_t> strides = getIntegers(op.getMixedStrides(), frame);
  SmallVector<int64_t> result;
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t last = offsets[i] + (sizes[i] - 1) * strides[i];
    if (sizes[i] < 0 ||
        (sizes[i] > 0 && (std::min(offsets[i], last) < 0 ||
                          std::max(offsets[i], last) >= shape[i])))
      return op.emitOpError()
             << "reads outside dimension " << i << " of size " << shape[i];
    if (!op.getDroppedDims().test(i))
      result.push_back(sizes[i]);
  }
  Tensor *tensor = frame.allocate(op.getResult(), result);
  if (!tensor)
    return failure();
  SourceView source = SourceView::all(frame.get(op.getSource()));
  for (size_t i = 0; i < shape.size(); ++i) {
    source.data += offsets[i] * source.strides[i];
    source.strides[i] *= strides[i];
  }
  TargetView target = TargetView::all(*tensor);
  // A dropped dimension has one element: any stride is right.
  for (size_t i = 0; i < shape.size(); ++i)
    if (op.getDroppedDims().test(i))
      target.strides.insert(target.strides.begin() + i, 0);
  copyView(target, source, sizes, getElementSize(tensor->elementType));
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

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

StringRef interpreter::getUpstreamOpNames() {
  return "arith.constant, tensor.cast, tensor.collapse_shape, tensor.concat, "
         "tensor.dim, tensor.empty, tensor.expand_shape, tensor.extract_slice, "
         "tensor.pad, linalg.broadcast, linalg.fill, linalg.transpose and "
         "builtin.unrealized_conversion_cast";
}

std::optional<LogicalResult> interpreter::runUpstreamOp(Operation *op,
                                                        Frame &frame) {
  return TypeSwitch<Operation *, std::optional<LogicalResult>>(op)
      .Case<arith::ConstantOp, tensor::CastOp, tensor::CollapseShapeOp,
            tensor::ConcatOp, tensor::DimOp, tensor::EmptyOp,
            tensor::ExpandShapeOp, tensor::ExtractSliceOp, tensor::PadOp,
            linalg::BroadcastOp, linalg::FillOp, linalg::TransposeOp,
            UnrealizedConversionCastOp>(
          [&](auto concrete) { return run(concrete, frame); })
      .Default(std::nullopt);
}
