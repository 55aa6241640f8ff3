//===- Layers.cpp - Convolutions, products, batch norm --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "dorefa/Dialect/DoReFa/Arithmetic.h"

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

FailureOr<Value> dorefa::emitWeights(Node &node, unsigned index, Tensor weights,
                                     ArrayRef<int64_t> perm) {
  SmallVector<int64_t> dims(perm.size());
  for (size_t i = 0; i < perm.size(); ++i)
    dims[perm[i]] = i;
  std::optional<Quantizer> quantizer = std::move(weights.quantizer);
  if (dims != identityPerm(dims.size()))
    weights.constant =
        std::make_shared<Constant>(permute(*weights.constant, dims));
  if (failed(node.getType(weights.constant->shape,
                          node.getBuilder().getF32Type())))
    return failure();
  StringRef name = node.getInputName(index);
  Constant constant = weights.constant.use_count() == 1
                          ? std::move(*weights.constant)
                          : *weights.constant;
  Value value = emitFloats(node, std::move(constant), name);
  if (!quantizer)
    return value;
  int64_t axis = quantizer->scale.size() > 1 ? perm[quantizer->axis] : 0;
  Location loc = NameLoc::get(node.getBuilder().getStringAttr(name));
  return emitQuantizer(node, value, *quantizer, axis, loc);
}

/// The constant weights of a layer, finite floats, moved out of the operand.
static FailureOr<Tensor> takeWeights(Node &node, unsigned index) {
  if (!node.hasInput(index))
    return node.emitError() << "has no weights (input " << index << ")";
  Tensor weights = std::move(node.getInput(index));
  if (!weights.constant)
    return node.emitError()
           << "has weights, '" << printable(node.getInputName(index))
           << "', that are computed from run-time data but must be "
              "known at compile time";
  if (weights.constant->isInteger())
    return node.emitError() << "has integer weights but must have floats";
  if (!isFinite(*weights.constant))
    return node.getImporter().emitError(node.getInputName(index))
           << "tensor '" << printable(node.getInputName(index))
           << "', the weights of node '" << printable(node.getOutputName())
           << "' (" << node.getOpType()
           << "), holds NaN or infinity but must be finite";
  return weights;
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

/// Checks groups and channels of weights `O x C/groups x ...`.
static LogicalResult checkChannels(const Node &node, ArrayRef<int64_t> input,
                                   ArrayRef<int64_t> weights, int64_t groups) {
  if (groups >= 1 && input[1] % groups == 0 && weights[0] % groups == 0 &&
      weights[1] == input[1] / groups)
    return success();
  return node.emitError()
         << "has " << groups << " groups, " << input[1]
         << " input channels and weights of shape " << formatShape(weights)
         << "; the groups must divide input and output channels, "
            "and the weights have input channels / groups";
}

/// Weights `O x C/groups x ...` for an input of `rank` dimensions.
static FailureOr<Tensor> takeFilter(Node &node, int64_t rank) {
  FailureOr<Tensor> weights = takeWeights(node, 1);
  if (failed(weights))
    return failure();
  SmallVector<int64_t> shape = weights->constant->shape;
  if (static_cast<int64_t>(shape.size()) != rank ||
      llvm::any_of(shape, [](int64_t size) { return size < 1; }))
    return node.emitError() << "has weights of shape " << formatShape(shape)
                            << " but they must have the rank of the input, "
                            << rank << ", and sizes of at least 1";
  if (!node.isChannelsLast())
    return weights;
  SmallVector<int64_t> perm = identityPerm(rank);
  std::rotate(perm.begin() + 1, perm.end() - 1, perm.end());
  return transposeView(node, *weights, perm);
}

/// One float per output channel, null where there is no such operand.
static FailureOr<Value> emitBias(Node &node, unsigned index, int64_t outputs) {
  if (!node.hasInput(index))
    return Value();
  FailureOr<std::vector<float>> floats =
      node.takeFloats(index, "bias", outputs);
  if (failed(floats))
    return failure();
  return emitFloats(node, {{outputs}, std::move(*floats)},
                    node.getInputName(index));
}

static LogicalResult importConv(Node &node) {
  if (failed(node.checkInputs(2, 3)))
    return failure();
  FailureOr<int64_t> groups = node.getInt("group", 1);
  FailureOr<Tensor> x = getFeatureMap(node, 0);
  if (failed(groups) || failed(x))
    return failure();
  int64_t rank = x->getRank();
  FailureOr<Tensor> weights = takeFilter(node, rank);
  if (failed(weights))
    return failure();
  SmallVector<int64_t> shape = weights->constant->shape, input = x->getShape();
  FailureOr<Window> window = readWindow(node, ArrayRef(input).drop_front(2),
                                        ArrayRef(shape).drop_front(2));
  if (failed(checkChannels(node, input, shape, *groups)) || failed(window))
    return failure();
  if (rank == 3 && (failed(x = unsqueeze(node, *x, {2})) ||
                    failed(weights = unsqueeze(node, *weights, {2}))))
    return failure();
  SmallVector<int64_t> perm = channelsLastPerm(4);
  FailureOr<Value> value = toLayout(node, *x, perm);
  FailureOr<Value> filter = emitWeights(node, 1, std::move(*weights), perm);
  FailureOr<Value> bias = emitBias(node, 2, shape[0]);
  OpBuilder &builder = node.getBuilder();
  FailureOr<RankedTensorType> type =
      node.getType({input[0], window->result[0], window->result[1], shape[0]},
                   builder.getF32Type());
  if (failed(value) || failed(filter) || failed(bias) || failed(type))
    return failure();
  Location loc = node.getLoc(rank == 3 ? ArrayRef<int64_t>() : perm,
                             rank == 3 ? "conv" : "");
  Value result = Conv2DOp::create(
      builder, loc, *type, *value, *filter, *bias,
      builder.getDenseI64ArrayAttr(window->strides),
      builder.getDenseI64ArrayAttr(window->pads),
      builder.getDenseI64ArrayAttr(window->dilations),
      builder.getI64IntegerAttr(*groups), builder.getI64IntegerAttr(0),
      builder.getI64IntegerAttr(0), DenseI64ArrayAttr());
  return setFeatureMap(node, result, rank);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// The columns of weights `O x K` in the order in which a flattened feature map
/// holds them, so that no data has to be transposed.
static LogicalResult permuteColumns(const Node &node, Tensor &weights,
                                    const Tensor &input) {
  SmallVector<int64_t> view = input.getViewShape();
  int64_t columns = weights.constant->shape[1];
  // Scales of single columns would have to move along.
  if (weights.quantizer && weights.quantizer->scale.size() > 1 &&
      weights.quantizer->axis == 1)
    return node.emitError()
           << "has one scale per column of its weights behind a "
              "flattened feature map, which is not supported";
  Constant unflattened = weights.constant.use_count() == 1
                             ? std::move(*weights.constant)
                             : *weights.constant;
  unflattened.shape.pop_back();
  unflattened.shape.append(view.begin() + 1, view.end());
  SmallVector<int64_t> dims(view.size());
  for (size_t i = 0; i < view.size(); ++i)
    dims[input.perm[i]] = i;
  Constant arranged = permute(unflattened, dims);
  arranged.shape = {arranged.shape[0], columns};
  weights.constant = std::make_shared<Constant>(std::move(arranged));
  return success();
}

/// Rows times weights `O x K` (after `perm`), plus an optional bias.
static FailureOr<Value> emitMatMul(Node &node, const Tensor &input,
                                   Tensor weights, Value bias, Location loc) {
  SmallVector<int64_t> shape = input.getShape();
  ArrayRef<int64_t> size = weights.constant->shape;
  if (size[0] < 1 || size[1] < 1 || shape.back() != size[1])
    return node.emitError() << "multiplies rows of " << shape.back()
                            << " elements by weights that have " << size[1]
                            << " for each of " << size[0] << " outputs";
  int64_t outputs = size[0];
  FailureOr<Value> value;
  // With the batch in front, the rest may lie in any order.
  if (input.flattened && input.perm[0] == 0) {
    if (failed(permuteColumns(node, weights, input)))
      return failure();
    value = reshape(node, input.value, shape, node.getLoc({}, "flatten"));
  } else {
    value = toFileOrder(node, input);
  }
  FailureOr<Value> matrix =
      emitWeights(node, 1, std::move(weights), identityPerm(2));
  shape.back() = outputs;
  OpBuilder &builder = node.getBuilder();
  FailureOr<RankedTensorType> type = node.getType(shape, builder.getF32Type());
  if (failed(value) || failed(matrix) || failed(type))
    return failure();
  return MatMulOp::create(builder, loc, *type, *value, *matrix, bias,
                          builder.getI64IntegerAttr(0),
                          builder.getI64IntegerAttr(0), DenseI64ArrayAttr())
      .getResult();
}

/// Weights `K x O`, or `O x K` where transposed, as `O x K`.
static FailureOr<Tensor> takeMatrix(Node &node, bool transposed) {
  FailureOr<Tensor> weights = takeWeights(node, 1);
  if (failed(weights))
    return failure();
  if (weights->constant->getRank() != 2)
    return node.emitError()
           << "has weights of shape " << formatShape(weights->constant->shape)
           << " but they must have rank 2";
  if (transposed)
    return weights;
  return transposeView(node, *weights, {1, 0});
}

static LogicalResult setValue(Node &node, Value value) {
  Tensor result;
  result.value = value;
  result.perm = identityPerm(cast<RankedTensorType>(value.getType()).getRank());
  return node.setOutput(result);
}

static LogicalResult importMatMul(Node &node) {
  if (failed(node.checkInputs(2, 2)))
    return failure();
  if (node.getInput(0).constant && !node.getInput(1).constant)
    return node.emitError() << "has constant weights on the left, which is not "
                               "supported; they must be input 1";
  FailureOr<Tensor> x = node.getFloatValue(0);
  FailureOr<Tensor> weights = takeMatrix(node, /*transposed=*/false);
  if (failed(x) || failed(weights))
    return failure();
  if (x->getRank() < 2)
    return node.emitError()
           << "has an input of shape " << formatShape(x->getShape())
           << " but it must have rank 2 or more";
  FailureOr<Value> value = emitMatMul(node, *x, std::move(*weights), Value(),
                                      node.getLoc(identityPerm(x->getRank())));
  if (failed(value))
    return failure();
  return setValue(node, *value);
}

namespace {

/// The attributes of Gemm.
struct GemmForm {
  float alpha, beta;
  bool transA, transB;
};

} // namespace

static FailureOr<GemmForm> readGemm(const Node &node) {
  FailureOr<float> alpha = node.getFloat("alpha", 1.0f);
  FailureOr<float> beta = node.getFloat("beta", 1.0f);
  FailureOr<int64_t> transA = node.getInt("transA", 0);
  FailureOr<int64_t> transB = node.getInt("transB", 0);
  if (failed(alpha) || failed(beta) || failed(transA) || failed(transB))
    return failure();
  if (!std::isfinite(*alpha) || !std::isfinite(*beta))
    return node.emitError() << "has alpha " << printable(*alpha) << " and beta "
                            << printable(*beta) << " but both must be finite";
  return GemmForm{*alpha, *beta, *transA != 0, *transB != 0};
}

/// Input C times beta, or nothing.
static FailureOr<std::optional<Constant>> takeAddend(Node &node, float beta) {
  if (!node.hasInput(2))
    return std::optional<Constant>();
  FailureOr<Constant> c = node.takeConstant(2, "bias");
  if (failed(c))
    return failure();
  if (c->isInteger() || c->getRank() > 2)
    return node.emitError() << "has a bias of shape " << formatShape(c->shape)
                            << (c->isInteger() ? " and integers" : "")
                            << " but it must have floats and rank 0 to 2";
  std::vector<float> floats = takeFloats(std::move(*c));
  for (float &x : floats)
    x = beta * x;
  return std::optional<Constant>(Constant{c->shape, std::move(floats)});
}

static LogicalResult importGemm(Node &node) {
  if (failed(node.checkInputs(2, 3)))
    return failure();
  FailureOr<GemmForm> form = readGemm(node);
  FailureOr<Tensor> x = node.getFloatValue(0);
  if (failed(form) || failed(x))
    return failure();
  FailureOr<Tensor> weights = takeMatrix(node, form->transB);
  FailureOr<std::optional<Constant>> addend = takeAddend(node, form->beta);
  if (failed(weights) || failed(addend))
    return failure();
  if (x->getRank() != 2)
    return node.emitError()
           << "has an input of shape " << formatShape(x->getShape())
           << " but it must have rank 2";
  if (form->transA && failed(x = transposeView(node, *x, {1, 0})))
    return failure();
  int64_t outputs = weights->constant->shape[0];
  // A row of biases starts the chain of the layer; all else is added behind it.
  bool isRow = *addend && form->alpha == 1.0f &&
               (*addend)->getNumElements() == outputs &&
               ((*addend)->getRank() == 1 || (*addend)->shape[0] == 1);
  Value bias;
  if (isRow)
    bias = emitFloats(node, {{outputs}, std::move((*addend)->data)},
                      node.getInputName(2));
  bool scaled = form->alpha != 1.0f, added = *addend && !isRow;
  FailureOr<Value> value =
      emitMatMul(node, *x, std::move(*weights), bias,
                 node.getLoc({}, scaled || added ? "product" : ""));
  if (succeeded(value) && scaled)
    value =
        emitBinary(node, BinaryKind::Mul, *value, emitNumber(node, form->alpha),
                   node.getLoc({}, added ? "scaled" : ""));
  if (succeeded(value) && added) {
    if (failed(node.getType((*addend)->shape, node.getBuilder().getF32Type())))
      return failure();
    Value c = emitFloats(node, std::move(**addend), node.getInputName(2));
    value = emitBinary(node, BinaryKind::Add, *value, c, node.getLoc({}));
  }
  if (failed(value))
    return failure();
  return setValue(node, *value);
}

//===----------------------------------------------------------------------===//
// Batch norm
//===----------------------------------------------------------------------===//

static LogicalResult importBatchNorm(Node &node) {
  FailureOr<float> epsilon = node.getFloat("epsilon", 1e-5f);
  if (failed(node.checkInputs(5, 5)) || failed(epsilon) ||
      failed(node.requireInt("training_mode", 0)) ||
      failed(node.requireInt("spatial", 1)))
    return failure();
  for (unsigned i = 1; i < node.getNumOutputs(); ++i)
    if (node.isUsed(i))
      return node.emitError() << "has statistics that are read (output " << i
                              << "), which only training needs";
  FailureOr<Tensor> x = node.getFloatValue(0);
  if (failed(x))
    return failure();
  int64_t rank = x->getRank();
  if (rank < 2)
    return node.emitError()
           << "has an input of shape " << formatShape(x->getShape())
           << " but it must have rank 2 or more";
  // The channels become the last dimension.
  SmallVector<int64_t> perm =
      node.isChannelsLast() ? identityPerm(rank) : channelsLastPerm(rank);
  FailureOr<Value> value = toLayout(node, *x, perm);
  if (failed(value))
    return failure();
  int64_t channels = cast<RankedTensorType>(value->getType()).getShape().back();
  static constexpr StringLiteral names[] = {"scale", "bias", "mean",
                                            "variance"};
  SmallVector<Value> parameters;
  for (unsigned i = 0; i < 4; ++i) {
    FailureOr<std::vector<float>> floats =
        node.takeFloats(i + 1, names[i], channels);
    if (failed(floats))
      return failure();
    for (float number : *floats)
      if (i == 3 && !(number + *epsilon > 0))
        return node.emitError() << "has a variance of " << printable(number)
                                << " and an epsilon of " << printable(*epsilon)
                                << " but their sum must be greater than 0";
    parameters.push_back(emitFloats(node, {{channels}, std::move(*floats)},
                                    node.getInputName(i + 1)));
  }
  OpBuilder &builder = node.getBuilder();
  Tensor result;
  result.perm = perm;
  result.value =
      BatchNormOp::create(builder, node.getLoc(perm), value->getType(), *value,
                          parameters[2], parameters[3], parameters[0],
                          parameters[1], builder.getF32FloatAttr(*epsilon));
  return node.setOutput(result);
}

void dorefa::registerLayers(ImportTable &table) {
  table["BatchNormalization"] = importBatchNorm;
  table["Conv"] = importConv;
  table["Gemm"] = importGemm;
  table["MatMul"] = importMatMul;
  table["channels_last.BatchNormalization"] = importBatchNorm;
  table["channels_last.Conv"] = importConv;
}
