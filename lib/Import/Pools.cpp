//===- Pools.cpp - Windows and pools --------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// An attribute with one number per spatial dimension (two per for pads).
static LogicalResult readSizes(const Node &node, StringRef name, size_t count,
                               int64_t byDefault, int64_t min,
                               SmallVector<int64_t> &sizes) {
  SmallVector<int64_t> defaults(count, byDefault);
  FailureOr<SmallVector<int64_t>> found = node.getInts(name, defaults);
  if (failed(found))
    return failure();
  bool valid = found->size() == count;
  for (int64_t size : *found)
    valid &= size >= min && size <= (int64_t(1) << 30);
  if (!valid)
    return node.emitAttrError(name)
           << "is " << formatShape(*found) << " but must have " << count
           << " values of at least " << min;
  sizes = *found;
  return success();
}

/// Pads that `auto_pad` asks for along a dimension.
static void padSame(int64_t size, int64_t span, int64_t stride, bool upper,
                    int64_t &before, int64_t &after) {
  int64_t count = (size + stride - 1) / stride;
  int64_t total = std::max<int64_t>((count - 1) * stride + span - size, 0);
  before = upper ? total / 2 : total - total / 2;
  after = total - before;
}

static LogicalResult applyAutoPad(const Node &node, ArrayRef<int64_t> sizes,
                                  Window &window) {
  FailureOr<std::string> mode = node.getString("auto_pad", "NOTSET");
  if (failed(mode))
    return failure();
  if (*mode == "NOTSET" || mode->empty())
    return success();
  if (*mode != "SAME_UPPER" && *mode != "SAME_LOWER" && *mode != "VALID")
    return node.emitAttrError("auto_pad")
           << "is '" << printable(*mode)
           << "' but must be NOTSET, SAME_UPPER, SAME_LOWER or VALID";
  size_t count = sizes.size();
  window.pads.assign(2 * count, 0);
  if (*mode != "VALID")
    for (size_t i = 0; i < count; ++i)
      padSame(sizes[i], (window.kernel[i] - 1) * window.dilations[i] + 1,
              window.strides[i], *mode == "SAME_UPPER", window.pads[i],
              window.pads[i + count]);
  return success();
}

/// Pads the end so that a last, incomplete window counts, unless it would start
/// behind the input.
static void applyCeilMode(ArrayRef<int64_t> sizes, Window &window) {
  size_t count = sizes.size();
  for (size_t i = 0; i < count; ++i) {
    int64_t span = (window.kernel[i] - 1) * window.dilations[i] + 1;
    int64_t before = window.pads[i], &after = window.pads[i + count];
    int64_t room = sizes[i] + before + after - span;
    if (room < 0)
      continue;
    int64_t steps = (room + window.strides[i] - 1) / window.strides[i];
    if (steps * window.strides[i] >= sizes[i] + before)
      --steps;
    after =
        std::max(after, steps * window.strides[i] + span - sizes[i] - before);
  }
}

FailureOr<Window> dorefa::readWindow(const Node &node, ArrayRef<int64_t> sizes,
                                     ArrayRef<int64_t> kernel) {
  size_t count = sizes.size();
  Window window;
  FailureOr<SmallVector<int64_t>> given = node.getInts("kernel_shape", kernel);
  if (failed(given))
    return failure();
  if (!kernel.empty() && *given != kernel)
    return node.emitAttrError("kernel_shape")
           << "is " << formatShape(*given) << " but the weights have "
           << formatShape(kernel);
  window.kernel = *given;
  if ((kernel.empty() &&
       failed(readSizes(node, "kernel_shape", count, 0, 1, window.kernel))) ||
      failed(readSizes(node, "strides", count, 1, 1, window.strides)) ||
      failed(readSizes(node, "dilations", count, 1, 1, window.dilations)) ||
      failed(readSizes(node, "pads", 2 * count, 0, 0, window.pads)) ||
      failed(applyAutoPad(node, sizes, window)))
    return failure();
  FailureOr<int64_t> ceilMode = node.getInt("ceil_mode", 0);
  if (failed(ceilMode))
    return failure();
  if (*ceilMode != 0)
    applyCeilMode(sizes, window);
  for (size_t i = 0; i < count; ++i) {
    std::optional<int64_t> windows = windowCount(
        sizes[i], window.kernel[i], window.strides[i], window.dilations[i],
        window.pads[i], window.pads[i + count]);
    if (!windows)
      return node.emitError()
             << "has a kernel of size " << window.kernel[i] << " with dilation "
             << window.dilations[i] << ", which does not fit dimension "
             << i + 2 << " of size " << sizes[i] << " with pads "
             << window.pads[i] << " and " << window.pads[i + count];
    window.result.push_back(*windows);
  }
  if (count == 1) {
    for (SmallVector<int64_t> *list :
         {&window.kernel, &window.strides, &window.dilations, &window.result})
      list->insert(list->begin(), 1);
    window.pads = {0, window.pads[0], 0, window.pads[1]};
  }
  return window;
}

FailureOr<Tensor> dorefa::getFeatureMap(Node &node, unsigned index) {
  FailureOr<Tensor> x = node.getFloatValue(index);
  if (failed(x))
    return failure();
  SmallVector<int64_t> shape = x->getShape();
  int64_t rank = shape.size();
  bool valid = rank == 3 || rank == 4;
  for (int64_t i = 1; i < rank; ++i)
    valid &= !ShapedType::isDynamic(shape[i]);
  if (!valid)
    return node.emitError()
           << "has an input of shape " << formatShape(shape)
           << " but only one and two spatial dimensions (rank 3 "
              "and 4) behind a batch are supported";
  if (node.isChannelsLast()) {
    SmallVector<int64_t> perm = identityPerm(rank);
    std::rotate(perm.begin() + 1, perm.end() - 1, perm.end());
    x = transposeView(node, *x, perm);
  }
  return x;
}

LogicalResult dorefa::setFeatureMap(Node &node, Value value, int64_t rank) {
  Tensor result;
  result.value = value;
  result.perm = channelsLastPerm(4);
  FailureOr<Tensor> output = result;
  if (rank == 3)
    output = squeeze(node, result, {2});
  if (succeeded(output) && node.isChannelsLast())
    output = transposeView(node, *output,
                           rank == 4 ? ArrayRef<int64_t>{0, 2, 3, 1}
                                     : ArrayRef<int64_t>{0, 2, 1});
  if (failed(output))
    return failure();
  return node.setOutput(*output);
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

namespace {

/// Input of a pool as N x H x W x C, and the type of its result.
struct PoolInput {
  Value value;
  int64_t rank;
  SmallVector<int64_t> sizes;
};

} // namespace

static FailureOr<PoolInput> getPoolInput(Node &node) {
  FailureOr<Tensor> x = getFeatureMap(node, 0);
  if (failed(x))
    return failure();
  int64_t rank = x->getRank();
  if (rank == 3 && failed(x = unsqueeze(node, *x, {2})))
    return failure();
  FailureOr<Value> value = toLayout(node, *x, channelsLastPerm(4));
  if (failed(value))
    return failure();
  SmallVector<int64_t> shape = x->getShape();
  return PoolInput{*value, rank,
                   SmallVector<int64_t>(ArrayRef(shape).take_back(rank - 2))};
}

static FailureOr<RankedTensorType> getPoolType(const Node &node, Value input,
                                               const Window &window) {
  auto type = cast<RankedTensorType>(input.getType());
  return node.getType({type.getDimSize(0), window.result[0], window.result[1],
                       type.getDimSize(3)},
                      type.getElementType());
}

/// Every window must touch the input, or it would have no result.
static LogicalResult checkPads(const Node &node, const Window &window) {
  for (unsigned i = 0; i < 4; ++i)
    if (window.pads[i] >=
        (window.kernel[i % 2] - 1) * window.dilations[i % 2] + 1)
      return node.emitAttrError("pads")
             << "has " << window.pads[i] << " elements in front of or behind a "
             << "kernel of size " << window.kernel[i % 2]
             << " but must have fewer than the kernel spans";
  return success();
}

static LogicalResult emitPool(Node &node, const PoolInput &input,
                              const Window &window, bool max,
                              bool countPads = false) {
  FailureOr<RankedTensorType> type = getPoolType(node, input.value, window);
  if (failed(checkPads(node, window)) || failed(type))
    return failure();
  OpBuilder &builder = node.getBuilder();
  Location loc = node.getLoc(input.rank == 3 ? ArrayRef<int64_t>()
                                             : ArrayRef<int64_t>{0, 3, 1, 2},
                             input.rank == 3 ? "pool" : "");
  auto kernel = builder.getDenseI64ArrayAttr(window.kernel);
  auto strides = builder.getDenseI64ArrayAttr(window.strides);
  auto pads = builder.getDenseI64ArrayAttr(window.pads);
  auto dilations = builder.getDenseI64ArrayAttr(window.dilations);
  Value value;
  if (max)
    value = MaxPoolOp::create(builder, loc, *type, input.value, kernel, strides,
                              pads, dilations);
  else
    value = AvgPoolOp::create(builder, loc, *type, input.value, kernel, strides,
                              pads, dilations,
                              countPads ? builder.getUnitAttr() : UnitAttr());
  return setFeatureMap(node, value, input.rank);
}

static LogicalResult importMaxPool(Node &node) {
  if (failed(node.checkInputs(1, 1)) ||
      failed(node.requireInt("storage_order", 0)))
    return failure();
  if (node.isUsed(1))
    return node.emitError()
           << "has indices that are read (output 1), which is not "
              "supported";
  FailureOr<PoolInput> input = getPoolInput(node);
  if (failed(input))
    return failure();
  FailureOr<Window> window = readWindow(node, input->sizes, {});
  if (failed(window))
    return failure();
  return emitPool(node, *input, *window, /*max=*/true);
}

static LogicalResult importAveragePool(Node &node) {
  FailureOr<int64_t> countPads = node.getInt("count_include_pad", 0);
  FailureOr<int64_t> ceilMode = node.getInt("ceil_mode", 0);
  if (failed(node.checkInputs(1, 1)) || failed(countPads) || failed(ceilMode))
    return failure();
  if (*countPads != 0 && *ceilMode != 0)
    return node.emitAttrError("ceil_mode")
           << "is not supported together with count_include_pad";
  FailureOr<PoolInput> input = getPoolInput(node);
  if (failed(input))
    return failure();
  FailureOr<Window> window = readWindow(node, input->sizes, {});
  if (failed(window))
    return failure();
  return emitPool(node, *input, *window, /*max=*/false, *countPads != 0);
}

/// A pool whose window is the whole feature map.
static LogicalResult emitGlobalPool(Node &node, bool max) {
  FailureOr<PoolInput> input = getPoolInput(node);
  if (failed(input))
    return failure();
  Window window;
  window.kernel = input->sizes;
  if (input->rank == 3)
    window.kernel.insert(window.kernel.begin(), 1);
  window.strides = window.dilations = window.result = {1, 1};
  window.pads.assign(4, 0);
  return emitPool(node, *input, window, max);
}

template <bool max>
static LogicalResult importGlobalPool(Node &node) {
  if (failed(node.checkInputs(1, 1)))
    return failure();
  return emitGlobalPool(node, max);
}

/// The mean over all spatial dimensions, which is how some exporters write a
/// global average pool.
static LogicalResult importReduceMean(Node &node) {
  if (failed(node.checkInputs(1, 2)) || failed(node.requireInt("keepdims", 1)))
    return failure();
  FailureOr<std::optional<SmallVector<int64_t>>> axes =
      node.takeIntsOrAttr(1, "axes");
  if (failed(axes))
    return failure();
  int64_t rank = node.hasInput(0) ? node.getInput(0).getRank() : 0;
  SmallVector<int64_t> found = axes->value_or(SmallVector<int64_t>());
  for (int64_t &axis : found) {
    FailureOr<int64_t> normal = node.normalizeAxis(axis, rank);
    if (failed(normal))
      return failure();
    axis = *normal;
  }
  llvm::sort(found);
  if (rank < 3 || found != ArrayRef(identityPerm(rank)).drop_front(2))
    return node.emitError()
           << "has axes " << formatShape(found)
           << " but only the mean over all spatial dimensions of a "
              "feature map is supported";
  return emitGlobalPool(node, /*max=*/false);
}

void dorefa::registerPools(ImportTable &table) {
  table["AveragePool"] = importAveragePool;
  table["GlobalAveragePool"] = importGlobalPool<false>;
  table["GlobalMaxPool"] = importGlobalPool<true>;
  table["MaxPool"] = importMaxPool;
  table["ReduceMean"] = importReduceMean;
  table["channels_last.MaxPool"] = importMaxPool;
}
