//===- Heads.cpp - Softmax and selections of the best ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

using namespace mlir;
using namespace mlir::dorefa;

/// Arrangement with file dimension `axis` last and the others in order.
static SmallVector<int64_t> permWithLast(int64_t rank, int64_t axis) {
  SmallVector<int64_t> perm(rank);
  for (int64_t i = 0; i < rank; ++i)
    perm[i] = i == axis ? rank - 1 : i < axis ? i : i - 1;
  return perm;
}

/// Input 0 with file dimension `axis` last.
static FailureOr<Tensor> getWithAxisLast(Node &node, int64_t axis) {
  FailureOr<Tensor> x = node.getFloatValue(0);
  if (failed(x))
    return failure();
  SmallVector<int64_t> perm = permWithLast(x->getRank(), axis);
  FailureOr<Value> value = toLayout(node, *x, perm);
  if (failed(value))
    return failure();
  return Tensor{{}, {}, *value, perm, false};
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// Before version 13 all dimensions from `axis` on are one.
static LogicalResult importFlatSoftmax(Node &node, int64_t axis) {
  FailureOr<Tensor> x = node.getFloatValue(0);
  if (failed(x))
    return failure();
  SmallVector<int64_t> shape = x->getShape();
  SmallVector<int64_t> rows(ArrayRef(shape).take_front(axis));
  std::optional<int64_t> columns =
      countElements(ArrayRef(shape).drop_front(axis));
  rows.push_back(columns.value_or(0));
  FailureOr<Value> value = toFileOrder(node, *x);
  if (succeeded(value))
    value = reshape(node, *value, rows, node.getLoc({}, "rows"));
  if (failed(value))
    return failure();
  Value result = SoftmaxOp::create(
      node.getBuilder(), node.getLoc({}, "softmax"), value->getType(), *value);
  value = reshape(node, result, shape, node.getLoc({}));
  if (failed(value))
    return failure();
  return node.setOutput(
      Tensor{{}, {}, *value, identityPerm(shape.size()), false});
}

static LogicalResult importSoftmax(Node &node) {
  bool flat = node.getOpset() < 13;
  FailureOr<int64_t> attr = node.getInt("axis", flat ? 1 : -1);
  if (failed(node.checkInputs(1, 1)) || failed(attr))
    return failure();
  SmallVector<int64_t> shape = node.getInput(0).getShape();
  FailureOr<int64_t> axis = node.normalizeAxis(*attr, shape.size());
  if (failed(axis))
    return failure();
  if (flat && countElements(ArrayRef(shape).drop_front(*axis + 1)) != 1)
    return importFlatSoftmax(node, *axis);
  FailureOr<Tensor> x = getWithAxisLast(node, *axis);
  if (failed(x))
    return failure();
  x->value = SoftmaxOp::create(node.getBuilder(), node.getLoc(x->perm),
                               x->value.getType(), x->value);
  return node.setOutput(*x);
}

//===----------------------------------------------------------------------===//
// TopK and ArgMax
//===----------------------------------------------------------------------===//

/// The best `k` elements along file dimension `axis`.
static FailureOr<TopKOp> emitTopK(Node &node, const Tensor &x, int64_t k,
                                  bool smallest, unsigned named) {
  SmallVector<int64_t> shape(
      cast<RankedTensorType>(x.value.getType()).getShape());
  if (ShapedType::isDynamic(shape.back()))
    return node.emitError() << "selects along the symbolic batch, which is not "
                               "supported";
  if (k < 1 || k > shape.back())
    return node.emitError()
           << "selects the best " << k << " of " << shape.back()
           << " elements but must select between 1 and all";
  shape.back() = k;
  OpBuilder &builder = node.getBuilder();
  FailureOr<RankedTensorType> values =
      node.getType(shape, builder.getF32Type());
  if (failed(values))
    return failure();
  auto indices = values->clone(builder.getI64Type());
  return TopKOp::create(builder, node.getLoc(x.perm, "", named), *values,
                        indices, x.value,
                        smallest ? builder.getUnitAttr() : UnitAttr());
}

static LogicalResult importTopK(Node &node) {
  FailureOr<int64_t> attr = node.getInt("axis", -1);
  FailureOr<int64_t> largest = node.getInt("largest", 1);
  if (failed(node.checkInputs(1, 2)) || failed(attr) || failed(largest))
    return failure();
  FailureOr<SmallVector<int64_t>> k;
  if (node.hasInput(1)) {
    k = node.takeInts(1, "k");
  } else {
    FailureOr<int64_t> number = node.getInt("k", std::nullopt);
    if (failed(number))
      return failure();
    k = SmallVector<int64_t>{*number};
  }
  if (failed(k))
    return failure();
  if (k->size() != 1)
    return node.emitError()
           << "has " << k->size() << " values of k but needs 1";
  FailureOr<int64_t> axis =
      node.normalizeAxis(*attr, node.getInput(0).getRank());
  if (failed(axis))
    return failure();
  FailureOr<Tensor> x = getWithAxisLast(node, *axis);
  if (failed(x))
    return failure();
  FailureOr<TopKOp> op =
      emitTopK(node, *x, (*k)[0], *largest == 0, node.isUsed(0) ? 0 : 1);
  if (failed(op))
    return failure();
  for (unsigned i : {0u, 1u})
    if (failed(node.setOutput(
            Tensor{{}, {}, (*op)->getResult(i), x->perm, false}, i)))
      return failure();
  return success();
}

template <bool smallest>
static LogicalResult importArg(Node &node) {
  FailureOr<int64_t> attr = node.getInt("axis", 0);
  FailureOr<int64_t> keep = node.getInt("keepdims", 1);
  if (failed(node.checkInputs(1, 1)) || failed(attr) || failed(keep) ||
      failed(node.requireInt("select_last_index", 0)))
    return failure();
  FailureOr<int64_t> axis =
      node.normalizeAxis(*attr, node.getInput(0).getRank());
  if (failed(axis))
    return failure();
  FailureOr<Tensor> x = getWithAxisLast(node, *axis);
  if (failed(x))
    return failure();
  FailureOr<TopKOp> op = emitTopK(node, *x, 1, smallest, 0);
  if (failed(op))
    return failure();
  FailureOr<Tensor> result = Tensor{{}, {}, op->getIndices(), x->perm, false};
  if (*keep == 0)
    result = squeeze(node, *result, {*axis});
  return failed(result) ? failure() : node.setOutput(*result);
}

void dorefa::registerHeads(ImportTable &table) {
  table["ArgMax"] = importArg<false>;
  table["ArgMin"] = importArg<true>;
  table["Softmax"] = importSoftmax;
  table["TopK"] = importTopK;
}
