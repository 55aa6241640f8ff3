//===- Layout.cpp - Order of dimensions -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

#include <numeric>

using namespace mlir;
using namespace mlir::dorefa;

SmallVector<int64_t> dorefa::identityPerm(int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

SmallVector<int64_t> dorefa::channelsLastPerm(int64_t rank) {
  SmallVector<int64_t> perm(rank);
  for (int64_t i = 0; i < rank; ++i)
    perm[i] = i == 0 ? 0 : i == 1 ? rank - 1 : i - 1;
  return perm;
}

static ArrayRef<int64_t> getValueShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

SmallVector<int64_t> Tensor::getViewShape() const {
  if (constant)
    return constant->shape;
  SmallVector<int64_t> shape;
  for (int64_t dim : perm)
    shape.push_back(getValueShape(value)[dim]);
  return shape;
}

SmallVector<int64_t> Tensor::getShape() const {
  SmallVector<int64_t> shape = getViewShape();
  if (!flattened)
    return shape;
  return {shape[0], *countElements(ArrayRef(shape).drop_front())};
}

Type Tensor::getElementType() const {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

//===----------------------------------------------------------------------===//
// Reshaping values
//===----------------------------------------------------------------------===//

static Value emitReshape(const Node &node, Value value, ArrayRef<int64_t> shape,
                         ArrayRef<ReassociationIndices> groups, Location loc) {
  auto type = cast<RankedTensorType>(value.getType());
  auto result = RankedTensorType::get(shape, type.getElementType());
  OpBuilder &builder = node.getBuilder();
  if (result.getRank() < type.getRank())
    return tensor::CollapseShapeOp::create(builder, loc, result, value, groups);
  return tensor::ExpandShapeOp::create(builder, loc, result, value, groups);
}

/// Groups of dimensions that lead from one static shape to the other by
/// collapsing or by expanding alone.
static std::optional<SmallVector<ReassociationIndices>>
getGroups(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  if (from.empty() || to.empty())
    return SmallVector<ReassociationIndices>();
  SmallVector<ReassociationIndices> groups;
  ArrayRef<int64_t> large = from.size() > to.size() ? from : to;
  ArrayRef<int64_t> small = from.size() > to.size() ? to : from;
  size_t next = 0;
  for (size_t i = 0; i < small.size(); ++i) {
    ReassociationIndices group;
    int64_t product = 1;
    while (next < large.size() &&
           (group.empty() || product < small[i] || i + 1 == small.size())) {
      product *= large[next];
      group.push_back(next++);
    }
    if (group.empty() || product != small[i])
      return std::nullopt;
    // Sizes of 1 go to the group on their left, unless the next group needs
    // them.
    while (next < large.size() && large[next] == 1 &&
           large.size() - next > small.size() - i - 1)
      group.push_back(next++);
    groups.push_back(std::move(group));
  }
  if (next != large.size())
    return std::nullopt;
  return groups;
}

FailureOr<Value> dorefa::reshape(const Node &node, Value value,
                                 ArrayRef<int64_t> shape, Location loc) {
  auto type = cast<RankedTensorType>(value.getType());
  FailureOr<RankedTensorType> result =
      node.getType(shape, type.getElementType());
  if (failed(result))
    return failure();
  ArrayRef<int64_t> from = type.getShape();
  if (from == shape)
    return value;
  bool dynamic = !type.hasStaticShape();
  ArrayRef<int64_t> tailFrom = dynamic ? from.drop_front() : from;
  ArrayRef<int64_t> tailTo = shape;
  bool remains = !shape.empty() && ShapedType::isDynamic(shape[0]);
  if (dynamic != remains)
    return node.emitError()
           << "reshapes " << formatShape(from) << " to " << formatShape(shape)
           << " but the symbolic batch must stay in front";
  if (dynamic)
    tailTo = shape.drop_front();
  if (*countElements(tailFrom) != *countElements(tailTo))
    return node.emitError()
           << "reshapes " << formatShape(from) << " to " << formatShape(shape)
           << ", which has another number of elements";
  // One step where all groups are in place, else down to one dimension and up.
  auto emit = [&](Value source, ArrayRef<int64_t> a,
                  ArrayRef<int64_t> b) -> std::optional<Value> {
    std::optional<SmallVector<ReassociationIndices>> groups = getGroups(a, b);
    if (!groups)
      return std::nullopt;
    SmallVector<int64_t> target(b);
    if (dynamic) {
      target.insert(target.begin(), ShapedType::kDynamic);
      for (ReassociationIndices &group : *groups)
        for (int64_t &dim : group)
          ++dim;
      ReassociationIndices lead{0};
      // Tails of sizes 1 have no group of their own.
      if (a.empty() || b.empty())
        for (size_t i = 0; i < std::max(a.size(), b.size()); ++i)
          lead.push_back(i + 1);
      groups->insert(groups->begin(), lead);
    }
    return emitReshape(node, source, target, *groups, loc);
  };
  if (tailFrom.size() != tailTo.size())
    if (std::optional<Value> direct = emit(value, tailFrom, tailTo))
      return *direct;
  SmallVector<int64_t> flat{*countElements(tailFrom)};
  Value middle = value;
  if (tailFrom.size() != 1)
    middle = *emit(value, tailFrom, flat);
  return tailTo.size() == 1 ? middle : *emit(middle, flat, tailTo);
}

//===----------------------------------------------------------------------===//
// Permuting values
//===----------------------------------------------------------------------===//

/// True where the transposition only moves dimensions of size 1.
static bool movesNoData(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) {
  int64_t last = -1;
  for (int64_t dim : dims) {
    if (shape[dim] == 1)
      continue;
    if (dim < last)
      return false;
    last = dim;
  }
  return true;
}

/// Dimension j of the result is dimension `dims[j]` of `value`.
static FailureOr<Value> emitTranspose(const Node &node, Value value,
                                      ArrayRef<int64_t> dims, Location loc) {
  auto type = cast<RankedTensorType>(value.getType());
  if (dims == ArrayRef<int64_t>(identityPerm(dims.size())))
    return value;
  SmallVector<int64_t> shape;
  for (int64_t dim : dims)
    shape.push_back(type.getDimSize(dim));
  FailureOr<RankedTensorType> result =
      node.getType(shape, type.getElementType());
  if (failed(result))
    return failure();
  if (movesNoData(type.getShape(), dims))
    return reshape(node, value, shape, loc);
  OpBuilder &builder = node.getBuilder();
  // Helpers have no name of the file: they are none of its tensors.
  Location unknown = builder.getUnknownLoc();
  SmallVector<Value> sizes;
  if (!type.hasStaticShape())
    sizes.push_back(tensor::DimOp::create(builder, unknown, value, 0));
  Value init = tensor::EmptyOp::create(builder, unknown, *result, sizes);
  auto op = linalg::TransposeOp::create(builder, loc, value, init, dims);
  return op->getResult(0);
}

FailureOr<Value> dorefa::toLayout(const Node &node, const Tensor &tensor,
                                  ArrayRef<int64_t> perm) {
  auto arrange = [&](Value value, ArrayRef<int64_t> from,
                     ArrayRef<int64_t> to) -> FailureOr<Value> {
    SmallVector<int64_t> dims(from.size());
    for (size_t i = 0; i < from.size(); ++i)
      dims[to[i]] = from[i];
    return emitTranspose(node, value, dims, node.getLoc(to, "layout"));
  };
  if (!tensor.flattened)
    return arrange(tensor.value, tensor.perm, perm);
  SmallVector<int64_t> identity = identityPerm(tensor.perm.size());
  FailureOr<Value> value = arrange(tensor.value, tensor.perm, identity);
  if (succeeded(value))
    value = reshape(node, *value, tensor.getShape(), node.getLoc({}, "layout"));
  if (failed(value))
    return failure();
  return arrange(*value, identityPerm(2), perm);
}

FailureOr<Value> dorefa::toFileOrder(const Node &node, const Tensor &tensor) {
  return toLayout(node, tensor, identityPerm(tensor.getRank()));
}

FailureOr<Tensor> dorefa::toCanonical(const Node &node, const Tensor &tensor) {
  int64_t rank = tensor.perm.size();
  if (tensor.perm == identityPerm(rank) ||
      tensor.perm == channelsLastPerm(rank))
    return tensor;
  FailureOr<Value> value = toFileOrder(node, tensor);
  if (failed(value))
    return failure();
  Tensor result;
  result.value = *value;
  result.perm = identityPerm(tensor.getRank());
  return result;
}

//===----------------------------------------------------------------------===//
// Views of tensors
//===----------------------------------------------------------------------===//

FailureOr<Tensor> dorefa::transposeView(const Node &node, const Tensor &tensor,
                                        ArrayRef<int64_t> perm) {
  Tensor result;
  if (tensor.constant) {
    result.constant =
        std::make_shared<Constant>(permute(*tensor.constant, perm));
    result.quantizer = tensor.quantizer;
    if (result.quantizer)
      result.quantizer->axis =
          llvm::find(perm, result.quantizer->axis) - perm.begin();
    return result;
  }
  result.value = tensor.value;
  SmallVector<int64_t> from = tensor.perm;
  if (tensor.flattened) {
    FailureOr<Value> value = toFileOrder(node, tensor);
    if (failed(value))
      return failure();
    result.value = *value;
    from = identityPerm(2);
  }
  for (int64_t dim : perm)
    result.perm.push_back(from[dim]);
  return result;
}

/// The order in which `value` holds its dimensions does not change where sizes
/// of 1 come or go, so `perm` can be the file's order or channels-last if the
/// rest of the dimensions already lie that way.
static bool isCompatible(ArrayRef<int64_t> perm, ArrayRef<int64_t> kept,
                         ArrayRef<int64_t> keptPerm) {
  for (size_t i = 0; i < kept.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if ((perm[kept[i]] < perm[kept[j]]) != (keptPerm[i] < keptPerm[j]))
        return false;
  return true;
}

static FailureOr<Tensor> reshapeUnits(const Node &node, const Tensor &tensor,
                                      ArrayRef<int64_t> shape,
                                      ArrayRef<int64_t> perm) {
  SmallVector<int64_t> valueShape(shape.size());
  for (size_t i = 0; i < shape.size(); ++i)
    valueShape[perm[i]] = shape[i];
  FailureOr<Value> value =
      reshape(node, tensor.value, valueShape, node.getLoc(perm));
  if (failed(value))
    return failure();
  Tensor result;
  result.value = *value;
  result.perm.assign(perm.begin(), perm.end());
  return result;
}

/// A flattened tensor, or one in an unusual order, in the order of the file.
static FailureOr<Tensor> simplify(const Node &node, const Tensor &tensor) {
  if (!tensor.flattened)
    return toCanonical(node, tensor);
  FailureOr<Value> value = toFileOrder(node, tensor);
  if (failed(value))
    return failure();
  Tensor result;
  result.value = *value;
  result.perm = identityPerm(2);
  return result;
}

FailureOr<Tensor> dorefa::unsqueeze(const Node &node, const Tensor &tensor,
                                    ArrayRef<int64_t> axes) {
  if (tensor.constant) {
    Tensor result = tensor;
    result.constant = std::make_shared<Constant>(*tensor.constant);
    for (int64_t axis : axes) {
      SmallVector<int64_t> &shape = result.constant->shape;
      shape.insert(shape.begin() + axis, 1);
      if (result.quantizer && result.quantizer->axis >= axis)
        ++result.quantizer->axis;
    }
    return result;
  }
  FailureOr<Tensor> source = simplify(node, tensor);
  if (failed(source))
    return failure();
  SmallVector<int64_t> shape = source->getShape(), kept;
  for (int64_t axis : axes)
    shape.insert(shape.begin() + axis, 1);
  for (int64_t i = 0; i < int64_t(shape.size()); ++i)
    if (!llvm::is_contained(axes, i))
      kept.push_back(i);
  int64_t rank = shape.size();
  SmallVector<int64_t> perm = channelsLastPerm(rank);
  if (rank < 3 || !isCompatible(perm, kept, source->perm)) {
    perm = identityPerm(rank);
    if (!isCompatible(perm, kept, source->perm)) {
      FailureOr<Value> value = toFileOrder(node, *source);
      if (failed(value))
        return failure();
      source->value = *value;
    }
  }
  return reshapeUnits(node, *source, shape, perm);
}

FailureOr<Tensor> dorefa::squeeze(const Node &node, const Tensor &tensor,
                                  ArrayRef<int64_t> axes) {
  if (tensor.constant) {
    Tensor result = tensor;
    result.constant = std::make_shared<Constant>(*tensor.constant);
    for (int64_t axis : llvm::reverse(axes)) {
      SmallVector<int64_t> &shape = result.constant->shape;
      shape.erase(shape.begin() + axis);
      if (result.quantizer && result.quantizer->axis >= axis)
        --result.quantizer->axis;
    }
    return result;
  }
  FailureOr<Tensor> source = simplify(node, tensor);
  if (failed(source))
    return failure();
  SmallVector<int64_t> old = source->getShape(), shape, keptPerm;
  for (int64_t i = 0; i < int64_t(old.size()); ++i) {
    if (llvm::is_contained(axes, i))
      continue;
    shape.push_back(old[i]);
    keptPerm.push_back(source->perm[i]);
  }
  int64_t rank = shape.size();
  SmallVector<int64_t> all = identityPerm(rank);
  for (const SmallVector<int64_t> &perm : {channelsLastPerm(rank), all})
    if (isCompatible(perm, all, keptPerm))
      return reshapeUnits(node, *source, shape, perm);
  FailureOr<Value> value = toFileOrder(node, *source);
  if (failed(value))
    return failure();
  source->value = *value;
  return reshapeUnits(node, *source, shape, all);
}

Constant dorefa::arrangeLike(Constant constant, const Tensor &tensor) {
  int64_t rank = tensor.getRank();
  while (static_cast<int64_t>(constant.shape.size()) < rank)
    constant.shape.insert(constant.shape.begin(), 1);
  if (tensor.flattened) {
    SmallVector<int64_t> view = tensor.getViewShape();
    int64_t columns = constant.shape.pop_back_val();
    for (int64_t size : ArrayRef(view).drop_front())
      constant.shape.push_back(columns == 1 ? 1 : size);
  }
  SmallVector<int64_t> dims(tensor.perm.size());
  for (size_t i = 0; i < dims.size(); ++i)
    dims[tensor.perm[i]] = i;
  Constant result = permute(constant, dims);
  while (!result.shape.empty() && result.shape.front() == 1)
    result.shape.erase(result.shape.begin());
  return result;
}
