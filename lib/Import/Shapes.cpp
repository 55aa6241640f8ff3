//===- Shapes.cpp - Nodes that move or select data ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Reshape and its kin
//===----------------------------------------------------------------------===//

/// Moves the axis of a quantizer along, or applies the quantizer where no
/// single dimension of the new shape takes its place.
static void reshapeConstant(Tensor &tensor, ArrayRef<int64_t> shape) {
  if (tensor.quantizer && tensor.quantizer->scale.size() > 1) {
    ArrayRef<int64_t> old = tensor.constant->shape;
    int64_t axis = tensor.quantizer->axis;
    int64_t before = *countElements(old.take_front(axis)), found = -1;
    for (int64_t i = 0; i < int64_t(shape.size()); ++i)
      if (shape[i] == old[axis] &&
          *countElements(shape.take_front(i)) == before)
        found = i;
    if (found < 0)
      applyQuantizer(tensor);
    else
      tensor.quantizer->axis = found;
  }
  if (tensor.constant.use_count() > 1)
    tensor.constant = std::make_shared<Constant>(*tensor.constant);
  tensor.constant->shape.assign(shape.begin(), shape.end());
}

/// Makes input 0, with file shape `shape`, the output.
static LogicalResult emitReshaped(Node &node, ArrayRef<int64_t> shape) {
  if (node.getInput(0).constant) {
    Tensor result = std::move(node.getInput(0));
    std::optional<int64_t> count = countElements(shape);
    if (count != result.constant->getNumElements() ||
        llvm::is_contained(shape, ShapedType::kDynamic))
      return node.emitError() << "reshapes a constant of shape "
                              << formatShape(result.constant->shape) << " to "
                              << formatShape(shape) << ", which does not fit";
    reshapeConstant(result, shape);
    return node.setOutput(std::move(result));
  }
  FailureOr<Tensor> x = node.getAnyValue(0);
  if (failed(x))
    return failure();
  SmallVector<int64_t> from = x->getShape(), view = x->getViewShape();
  if (from == shape)
    return node.setOutput(*x);
  // Flattening all but the batch waits for the consumer, unless no data moves.
  bool flattens = shape.size() == 2 && from.size() > 2 && !x->flattened &&
                  shape[0] == from[0] && x->perm[0] == 0 &&
                  countElements(ArrayRef(from).drop_front()) == shape[1];
  SmallVector<int64_t> dims(x->perm.size());
  for (size_t i = 0; i < dims.size(); ++i)
    dims[x->perm[i]] = i;
  SmallVector<int64_t> moving;
  for (int64_t dim : dims)
    if (view[dim] != 1)
      moving.push_back(dim);
  if (flattens && !llvm::is_sorted(moving)) {
    x->flattened = true;
    return node.setOutput(*x);
  }
  FailureOr<Value> value = toFileOrder(node, *x);
  if (succeeded(value))
    value = reshape(node, *value, shape, node.getLoc({}));
  if (failed(value))
    return failure();
  return node.setOutput(
      Tensor{{}, {}, *value, identityPerm(shape.size()), false});
}

static LogicalResult importFlatten(Node &node) {
  FailureOr<int64_t> axis = node.getInt("axis", 1);
  if (failed(node.checkInputs(1, 1)) || failed(axis))
    return failure();
  SmallVector<int64_t> shape = node.getInput(0).getShape();
  int64_t rank = shape.size();
  // Unlike other axes this one may be the rank itself.
  int64_t split = *axis < 0 ? *axis + rank : *axis;
  if (split < 0 || split > rank)
    return node.emitAttrError("axis")
           << "is " << *axis << " but must be between " << -rank << " and "
           << rank;
  std::optional<int64_t> columns =
      countElements(ArrayRef(shape).drop_front(split));
  std::optional<int64_t> rows =
      countElements(ArrayRef(shape).take_front(split));
  bool dynamic = rank > 0 && ShapedType::isDynamic(shape[0]);
  if (!rows || !columns || (dynamic && (split == 0 || *rows != 1)))
    return node.emitAttrError("axis")
           << "is " << *axis
           << ", which joins the symbolic batch with other dimensions";
  return emitReshaped(node, {dynamic ? ShapedType::kDynamic : *rows, *columns});
}

/// Replaces 0 and -1 of the shape that Reshape asks for.
static LogicalResult resolveShape(const Node &node, ArrayRef<int64_t> from,
                                  bool allowZero, SmallVector<int64_t> &shape) {
  SmallVector<int64_t> asked = shape;
  int64_t open = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    bool copied = shape[i] == 0 && !allowZero && i < from.size();
    if (copied)
      shape[i] = from[i];
    if (shape[i] == -1 && open < 0)
      open = i;
    else if (shape[i] < 1 && !ShapedType::isDynamic(shape[i]))
      return node.emitError()
             << "reshapes " << formatShape(from) << " to " << formatShape(asked)
             << " but sizes must be at least 1, one may be -1";
  }
  if (open < 0)
    return success();
  bool batchLeft = llvm::is_contained(from, ShapedType::kDynamic) &&
                   !llvm::is_contained(shape, ShapedType::kDynamic);
  shape[open] = 1;
  std::optional<int64_t> known = countElements(shape),
                         all = countElements(from);
  if (!known || !all || *all % *known != 0 || (batchLeft && *all != *known))
    return node.emitError() << "reshapes " << formatShape(from) << " to "
                            << formatShape(asked) << ", which does not fit"
                            << (batchLeft ? "; the symbolic batch must stay a "
                                            "dimension of its own"
                                          : "");
  shape[open] = batchLeft ? ShapedType::kDynamic : *all / *known;
  return success();
}

static LogicalResult importReshape(Node &node) {
  if (failed(node.checkInputs(1, 2)))
    return failure();
  FailureOr<int64_t> allowZero = node.getInt("allowzero", 0);
  FailureOr<SmallVector<int64_t>> shape =
      node.hasAttr("shape") ? node.getInts("shape", {})
                            : node.takeInts(1, "shape", /*allowBatch=*/true);
  if (failed(allowZero) || failed(shape))
    return failure();
  if (static_cast<int64_t>(shape->size()) > kMaxRank)
    return node.emitError() << "reshapes to rank " << shape->size()
                            << " but the rank must be at most " << kMaxRank;
  SmallVector<int64_t> from = node.getInput(0).getShape();
  if (failed(resolveShape(node, from, *allowZero != 0, *shape)))
    return failure();
  return emitReshaped(node, *shape);
}

/// The axes of Squeeze or Unsqueeze, counted from the front and sorted.
static FailureOr<SmallVector<int64_t>> readAxes(Node &node, int64_t rank,
                                                ArrayRef<int64_t> given) {
  SmallVector<int64_t> axes;
  for (int64_t axis : given) {
    FailureOr<int64_t> normal = node.normalizeAxis(axis, rank);
    if (failed(normal))
      return failure();
    axes.push_back(*normal);
  }
  llvm::sort(axes);
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
    return node.emitError()
           << "has axes " << formatShape(given) << ", one of them twice";
  return axes;
}

static LogicalResult importUnsqueeze(Node &node) {
  if (failed(node.checkInputs(1, 2)))
    return failure();
  FailureOr<std::optional<SmallVector<int64_t>>> given =
      node.takeIntsOrAttr(1, "axes");
  if (failed(given))
    return failure();
  if (!*given)
    return node.emitError() << "has no axes";
  int64_t rank = node.getInput(0).getRank() + (*given)->size();
  if (rank > kMaxRank)
    return node.emitError() << "makes a tensor of rank " << rank
                            << " but the rank must be at most " << kMaxRank;
  FailureOr<SmallVector<int64_t>> axes = readAxes(node, rank, **given);
  if (failed(axes))
    return failure();
  FailureOr<Tensor> result = unsqueeze(node, node.getInput(0), *axes);
  return failed(result) ? failure() : node.setOutput(*result);
}

static LogicalResult importSqueeze(Node &node) {
  if (failed(node.checkInputs(1, 2)))
    return failure();
  FailureOr<std::optional<SmallVector<int64_t>>> given =
      node.takeIntsOrAttr(1, "axes");
  if (failed(given))
    return failure();
  SmallVector<int64_t> shape = node.getInput(0).getShape();
  SmallVector<int64_t> all;
  for (int64_t i = 0; i < int64_t(shape.size()); ++i)
    if (shape[i] == 1)
      all.push_back(i);
  FailureOr<SmallVector<int64_t>> axes =
      readAxes(node, shape.size(), given->value_or(all));
  if (failed(axes))
    return failure();
  for (int64_t axis : *axes)
    if (shape[axis] != 1)
      return node.emitError()
             << "squeezes dimension " << axis << " of shape "
             << formatShape(shape) << " but its size must be 1";
  FailureOr<Tensor> result = squeeze(node, node.getInput(0), *axes);
  return failed(result) ? failure() : node.setOutput(*result);
}

static LogicalResult importTranspose(Node &node) {
  if (failed(node.checkInputs(1, 1)))
    return failure();
  int64_t rank = node.getInput(0).getRank();
  SmallVector<int64_t> reversed = identityPerm(rank);
  std::reverse(reversed.begin(), reversed.end());
  FailureOr<SmallVector<int64_t>> perm = node.getInts("perm", reversed);
  if (failed(perm))
    return failure();
  SmallVector<int64_t> sorted = *perm;
  llvm::sort(sorted);
  if (sorted != identityPerm(rank))
    return node.emitAttrError("perm")
           << "is " << formatShape(*perm) << " but must hold each of 0 to "
           << rank - 1 << " once";
  FailureOr<Tensor> result = transposeView(node, node.getInput(0), *perm);
  return failed(result) ? failure() : node.setOutput(*result);
}

//===----------------------------------------------------------------------===//
// Concat and selections
//===----------------------------------------------------------------------===//

/// All operands in one arrangement: channels-last where one of them is.
static FailureOr<SmallVector<Value>> arrangeAlike(Node &node,
                                                  SmallVector<int64_t> &perm) {
  SmallVector<Tensor> tensors;
  for (unsigned i = 0; i < node.getNumInputs(); ++i) {
    FailureOr<Tensor> x = node.getFloatValue(i);
    if (failed(x) || failed(x = toCanonical(node, *x)))
      return failure();
    if (i > 0 && x->getRank() != tensors[0].getRank())
      return node.emitError()
             << "joins shapes " << formatShape(tensors[0].getShape()) << " and "
             << formatShape(x->getShape()) << " but the ranks must be equal";
    tensors.push_back(*x);
  }
  int64_t rank = tensors[0].getRank();
  perm = identityPerm(rank);
  for (const Tensor &x : tensors)
    if (!x.flattened && x.perm == channelsLastPerm(rank))
      perm = x.perm;
  SmallVector<Value> values;
  for (const Tensor &x : tensors) {
    FailureOr<Value> value = toLayout(node, x, perm);
    if (failed(value))
      return failure();
    values.push_back(*value);
  }
  return values;
}

static LogicalResult importConcat(Node &node) {
  FailureOr<int64_t> attr = node.getInt("axis", std::nullopt);
  if (failed(node.checkInputs(1, 1000)) || failed(attr))
    return failure();
  SmallVector<int64_t> perm;
  FailureOr<SmallVector<Value>> values = arrangeAlike(node, perm);
  if (failed(values))
    return failure();
  FailureOr<int64_t> axis = node.normalizeAxis(*attr, perm.size());
  if (failed(axis))
    return failure();
  int64_t dim = perm[*axis];
  auto first = cast<RankedTensorType>((*values)[0].getType());
  SmallVector<int64_t> shape(first.getShape());
  for (Value value : ArrayRef(*values).drop_front()) {
    SmallVector<int64_t> own(
        cast<RankedTensorType>(value.getType()).getShape());
    int64_t size = own[dim];
    own[dim] = shape[dim];
    if (own != shape || ShapedType::isDynamic(size) ||
        ShapedType::isDynamic(shape[dim]))
      return node.emitError() << "joins shapes that differ in more than axis "
                              << *axis << ", or along the symbolic batch";
    shape[dim] += size;
  }
  FailureOr<RankedTensorType> type =
      node.getType(shape, first.getElementType());
  if (failed(type))
    return failure();
  OpBuilder &builder = node.getBuilder();
  Value result = values->front();
  if (values->size() > 1)
    result = tensor::ConcatOp::create(builder, node.getLoc(perm), *type,
                                      uint64_t(dim), *values);
  return node.setOutput(Tensor{{}, {}, result, perm, false});
}

namespace {

/// Elements `offset`, `offset + step`, ... of one dimension.
struct Selection {
  int64_t offset, size, step;
};

} // namespace

/// The part of `x` that `range` selects along file dimension `axis`.
static FailureOr<Tensor> slice(const Node &node, const Tensor &x, int64_t axis,
                               Selection range, unsigned output = 0) {
  Tensor source = x;
  if (x.flattened) {
    FailureOr<Value> value = toFileOrder(node, x);
    if (failed(value))
      return failure();
    source = Tensor{{}, {}, *value, identityPerm(2), false};
  }
  auto type = cast<RankedTensorType>(source.value.getType());
  int64_t dim = source.perm[axis];
  if (type.isDynamicDim(dim))
    return node.emitError() << "selects from the symbolic batch, which is not "
                               "supported";
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = range.size;
  FailureOr<RankedTensorType> result =
      node.getType(shape, type.getElementType());
  if (failed(result))
    return failure();
  OpBuilder &builder = node.getBuilder();
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(builder, builder.getUnknownLoc(), source.value);
  SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(shape.size(), builder.getIndexAttr(1));
  offsets[dim] = builder.getIndexAttr(range.offset);
  sizes[dim] = builder.getIndexAttr(range.size);
  strides[dim] = builder.getIndexAttr(range.step);
  source.value = tensor::ExtractSliceOp::create(
      builder, node.getLoc(source.perm, "", output), *result, source.value,
      offsets, sizes, strides);
  return source;
}

static LogicalResult importSplit(Node &node) {
  FailureOr<int64_t> attr = node.getInt("axis", 0);
  if (failed(node.checkInputs(1, 2)) || failed(attr))
    return failure();
  FailureOr<Tensor> x = node.getAnyValue(0);
  FailureOr<std::optional<SmallVector<int64_t>>> given =
      node.takeIntsOrAttr(1, "split");
  if (failed(x) || failed(given) || failed(x = toCanonical(node, *x)))
    return failure();
  SmallVector<int64_t> shape = x->getShape();
  FailureOr<int64_t> axis = node.normalizeAxis(*attr, shape.size());
  if (failed(axis))
    return failure();
  int64_t size = shape[*axis], parts = node.getNumOutputs();
  if (ShapedType::isDynamic(size))
    return node.emitError() << "splits the symbolic batch, which is not "
                               "supported";
  SmallVector<int64_t> sizes;
  if (*given) {
    sizes = **given;
  } else if (parts > 0) {
    int64_t part = (size + parts - 1) / parts;
    sizes.assign(parts, part);
    sizes.back() = size - part * (parts - 1);
  }
  int64_t sum = 0;
  for (int64_t part : sizes)
    sum += part < 1 || part > size ? size + 1 : part;
  if (int64_t(sizes.size()) != parts || sum != size)
    return node.emitError()
           << "splits dimension " << *axis << " of shape " << formatShape(shape)
           << " into " << formatShape(sizes) << " for " << parts
           << " outputs, which does not fit";
  int64_t offset = 0;
  for (int64_t i = 0; i < parts; ++i) {
    if (node.isUsed(i)) {
      FailureOr<Tensor> part =
          slice(node, *x, *axis, {offset, sizes[i], 1}, unsigned(i));
      if (failed(part) || failed(node.setOutput(*part, i)))
        return failure();
    }
    offset += sizes[i];
  }
  return success();
}

/// The four lists of Slice; axes and steps may be left out.
static FailureOr<std::array<SmallVector<int64_t>, 4>> readSlice(Node &node) {
  static constexpr StringLiteral names[] = {"starts", "ends", "axes", "steps"};
  std::array<SmallVector<int64_t>, 4> lists;
  for (unsigned i = 0; i < 4; ++i) {
    FailureOr<std::optional<SmallVector<int64_t>>> list =
        node.takeIntsOrAttr(i + 1, names[i]);
    if (failed(list))
      return failure();
    if (!*list && i < 2)
      return node.emitError() << "has no " << names[i];
    lists[i] = *list    ? **list
               : i == 2 ? identityPerm(lists[0].size())
                        : SmallVector<int64_t>(lists[0].size(), 1);
    if (lists[i].size() != lists[0].size())
      return node.emitError() << "has " << lists[i].size() << " " << names[i]
                              << " but " << lists[0].size() << " starts";
  }
  return lists;
}

static LogicalResult importSlice(Node &node) {
  if (failed(node.checkInputs(1, 5)))
    return failure();
  FailureOr<Tensor> x = node.getAnyValue(0);
  FailureOr<std::array<SmallVector<int64_t>, 4>> lists = readSlice(node);
  if (failed(x) || failed(lists) || failed(x = toCanonical(node, *x)))
    return failure();
  auto &[starts, ends, axes, steps] = *lists;
  for (size_t i = 0; i < starts.size(); ++i) {
    SmallVector<int64_t> shape = x->getShape();
    FailureOr<int64_t> axis = node.normalizeAxis(axes[i], shape.size());
    if (failed(axis))
      return failure();
    int64_t size = shape[*axis];
    // The whole batch may be selected, whatever its size.
    if (ShapedType::isDynamic(size)) {
      if (starts[i] == 0 && steps[i] == 1 && ends[i] >= kMaxElements)
        continue;
      return node.emitError() << "selects from the symbolic batch, which is "
                                 "not supported";
    }
    auto clamp = [&](int64_t index) {
      return std::clamp<int64_t>(
          index < 0 ? std::max(index, -size) + size : index, 0, size);
    };
    int64_t first = clamp(starts[i]), last = clamp(ends[i]);
    if (steps[i] < 1 || last <= first)
      return node.emitError()
             << "selects " << starts[i] << " to " << ends[i] << " in steps of "
             << steps[i] << " along axis " << *axis << " of shape "
             << formatShape(shape)
             << " but must select at least one element in steps of "
                "at least 1";
    int64_t step = std::min(steps[i], size);
    FailureOr<Tensor> part =
        slice(node, *x, *axis, {first, (last - first + step - 1) / step, step});
    if (failed(part))
      return failure();
    x = part;
  }
  return node.setOutput(*x);
}

static LogicalResult importGather(Node &node) {
  FailureOr<int64_t> attr = node.getInt("axis", 0);
  if (failed(node.checkInputs(2, 2)) || failed(attr))
    return failure();
  FailureOr<Tensor> x = node.getAnyValue(0);
  if (failed(x) || failed(x = toCanonical(node, *x)))
    return failure();
  FailureOr<Constant> indices = node.takeConstant(1, "index");
  if (failed(indices))
    return failure();
  if (!indices->isInteger() || indices->getNumElements() != 1)
    return node.emitError()
           << "has indices of shape " << formatShape(indices->shape)
           << " but only one integer index is supported";
  SmallVector<int64_t> shape = x->getShape();
  FailureOr<int64_t> axis = node.normalizeAxis(*attr, shape.size());
  if (failed(axis))
    return failure();
  int64_t index = std::get<std::vector<int64_t>>(indices->data)[0];
  int64_t size = shape[*axis];
  if (ShapedType::isDynamic(size))
    return node.emitError() << "selects from the symbolic batch, which is not "
                               "supported";
  if (index < -size || index >= size)
    return node.emitError()
           << "has index " << index << " but the dimension has size " << size;
  FailureOr<Tensor> part =
      slice(node, *x, *axis, {index < 0 ? index + size : index, 1, 1});
  if (succeeded(part) && indices->getRank() == 0)
    part = squeeze(node, *part, {*axis});
  if (succeeded(part) && indices->getRank() > 1)
    return node.emitError() << "has indices of rank " << indices->getRank()
                            << " but only ranks 0 and 1 are supported";
  return failed(part) ? failure() : node.setOutput(*part);
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

/// Pads of every dimension in front and behind, from any version of Pad.
static FailureOr<SmallVector<int64_t>> readPads(Node &node, int64_t rank) {
  FailureOr<std::optional<SmallVector<int64_t>>> pads =
      node.takeIntsOrAttr(1, node.hasAttr("paddings") ? "paddings" : "pads");
  FailureOr<std::optional<SmallVector<int64_t>>> axes =
      node.takeIntsOrAttr(3, "axes");
  if (failed(pads) || failed(axes))
    return failure();
  if (!*pads)
    return node.emitError() << "has no pads";
  SmallVector<int64_t> given = **pads;
  SmallVector<int64_t> dims = axes->value_or(identityPerm(rank));
  bool valid = given.size() == 2 * dims.size();
  for (int64_t pad : given)
    valid &= pad >= 0 && pad <= kMaxElements;
  if (!valid)
    return node.emitError()
           << "has pads " << formatShape(given) << " but must have "
           << 2 * dims.size() << " of at least 0";
  SmallVector<int64_t> all(2 * rank, 0);
  for (size_t i = 0; i < dims.size(); ++i) {
    FailureOr<int64_t> axis = node.normalizeAxis(dims[i], rank);
    if (failed(axis))
      return failure();
    all[*axis] = given[i];
    all[*axis + rank] = given[i + dims.size()];
  }
  return all;
}

static FailureOr<float> readPadValue(Node &node) {
  FailureOr<std::string> mode = node.getString("mode", "constant");
  if (failed(mode))
    return failure();
  if (*mode != "constant")
    return node.emitAttrError("mode") << "is '" << printable(*mode)
                                      << "' but only 'constant' is supported";
  if (!node.hasInput(2))
    return node.getFloat("value", 0.0f);
  FailureOr<Constant> value = node.takeConstant(2, "value", true);
  if (failed(value))
    return failure();
  if (value->isInteger() || value->getNumElements() != 1)
    return node.emitError()
           << "has a value of shape " << formatShape(value->shape)
           << " but it must be one float";
  return static_cast<float>(value->getNumber(0));
}

static LogicalResult importPad(Node &node) {
  if (failed(node.checkInputs(1, 4)))
    return failure();
  FailureOr<float> number = readPadValue(node);
  FailureOr<Tensor> x = node.getFloatValue(0);
  if (failed(number) || failed(x) || failed(x = toCanonical(node, *x)))
    return failure();
  if (x->flattened) {
    FailureOr<Value> value = toFileOrder(node, *x);
    if (failed(value))
      return failure();
    x = Tensor{{}, {}, *value, identityPerm(2), false};
  }
  int64_t rank = x->getRank();
  FailureOr<SmallVector<int64_t>> pads = readPads(node, rank);
  if (failed(pads))
    return failure();
  auto type = cast<RankedTensorType>(x->value.getType());
  SmallVector<int64_t> shape(type.getShape()), low(rank), high(rank);
  for (int64_t i = 0; i < rank; ++i) {
    int64_t dim = x->perm[i];
    low[dim] = (*pads)[i];
    high[dim] = (*pads)[i + rank];
    if (low[dim] == 0 && high[dim] == 0)
      continue;
    if (ShapedType::isDynamic(shape[dim]))
      return node.emitError()
             << "pads the symbolic batch, which is not supported";
    shape[dim] += low[dim] + high[dim];
  }
  if (shape == type.getShape())
    return node.setOutput(*x);
  FailureOr<RankedTensorType> result =
      node.getType(shape, type.getElementType());
  if (failed(result))
    return failure();
  OpBuilder &builder = node.getBuilder();
  auto toFolded = [&](ArrayRef<int64_t> list) {
    SmallVector<OpFoldResult> folded;
    for (int64_t pad : list)
      folded.push_back(builder.getIndexAttr(pad));
    return folded;
  };
  Value value = arith::ConstantOp::create(builder, builder.getUnknownLoc(),
                                          builder.getF32FloatAttr(*number));
  x->value =
      tensor::PadOp::create(builder, node.getLoc(x->perm), *result, x->value,
                            toFolded(low), toFolded(high), value);
  return node.setOutput(*x);
}

/// Nodes that only constant folding evaluates.
static LogicalResult importConstantOnly(Node &node) {
  return node.emitError()
         << "works on run-time data but is supported on constants "
            "only";
}

void dorefa::registerShapes(ImportTable &table) {
  table["Concat"] = importConcat;
  table["Flatten"] = importFlatten;
  table["Gather"] = importGather;
  table["Pad"] = importPad;
  table["Reshape"] = importReshape;
  table["Slice"] = importSlice;
  table["Split"] = importSplit;
  table["Squeeze"] = importSqueeze;
  table["Transpose"] = importTranspose;
  table["Unsqueeze"] = importUnsqueeze;
  for (StringRef name : {"Constant", "ConstantOfShape", "Expand", "ReduceMax",
                         "ReduceMin", "ReduceProd", "ReduceSum", "Shape"})
    table[name] = importConstantOnly;
}
