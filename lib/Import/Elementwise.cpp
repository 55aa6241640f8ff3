//===- Elementwise.cpp - Functions of one or two elements -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

#include <cfloat>

using namespace mlir;
using namespace mlir::dorefa;

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

Value dorefa::emitFloats(const Node &node, Constant constant, StringRef name) {
  OpBuilder &builder = node.getBuilder();
  auto type = RankedTensorType::get(constant.shape, builder.getF32Type());
  ElementsAttr attr = makeElements(type, takeFloats(std::move(constant)), name);
  Location loc = NameLoc::get(builder.getStringAttr(name));
  return materialize(builder, loc, attr, type);
}

Value dorefa::emitNumber(const Node &node, float number) {
  OpBuilder &builder = node.getBuilder();
  auto type = RankedTensorType::get({}, builder.getF32Type());
  ElementsAttr attr = makeElements(type, std::vector<float>{number});
  return materialize(builder, builder.getUnknownLoc(), attr, type);
}

static LogicalResult emitMismatch(const Node &node, ArrayRef<int64_t> left,
                                  ArrayRef<int64_t> right) {
  return node.emitError() << "has operands of shapes " << formatShape(left)
                          << " and " << formatShape(right)
                          << ", which do not broadcast";
}

FailureOr<Value> dorefa::emitBinary(const Node &node, BinaryKind kind,
                                    Value lhs, Value rhs, Location loc) {
  ArrayRef<int64_t> left = cast<RankedTensorType>(lhs.getType()).getShape();
  ArrayRef<int64_t> right = cast<RankedTensorType>(rhs.getType()).getShape();
  std::optional<SmallVector<int64_t>> shape = broadcastShapes(left, right);
  if (!shape)
    return emitMismatch(node, left, right);
  FailureOr<RankedTensorType> type =
      node.getType(*shape, node.getBuilder().getF32Type());
  if (failed(type))
    return failure();
  return BinaryOp::create(node.getBuilder(), loc, *type, kind, lhs, rhs)
      .getResult();
}

Value dorefa::emitUnary(const Node &node, UnaryKind kind, Value input,
                        Location loc) {
  return UnaryOp::create(node.getBuilder(), loc, input.getType(), kind, input);
}

/// `tensor` with another value of the same arrangement.
static Tensor replaceValue(Tensor tensor, Value value) {
  tensor.value = value;
  return tensor;
}

static FailureOr<Tensor> getCanonical(Node &node, unsigned index) {
  FailureOr<Tensor> tensor = node.getFloatValue(index);
  return failed(tensor) ? tensor : toCanonical(node, *tensor);
}

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

template <UnaryKind kind>
static LogicalResult importUnary(Node &node) {
  if (failed(node.checkInputs(1, 1)))
    return failure();
  FailureOr<Tensor> x = getCanonical(node, 0);
  if (failed(x))
    return failure();
  Value value = emitUnary(node, kind, x->value, node.getLoc(x->perm));
  return node.setOutput(replaceValue(*x, value));
}

static LogicalResult importIdentity(Node &node) {
  if (failed(node.checkInputs(1, 3)))
    return failure();
  if (node.getOpType() == "Dropout") {
    if (node.isUsed(1))
      return node.emitError()
             << "has a mask that is read (output 1), which is not "
                "supported: inference drops nothing";
    if (node.hasInput(2)) {
      FailureOr<Constant> training = node.takeConstant(2, "training mode");
      if (failed(training))
        return failure();
      if (training->getNumElements() != 1 || training->getNumber(0) != 0)
        return node.emitError() << "is in training mode; export the model for "
                                   "inference";
    }
  }
  return node.setOutput(node.getInput(0));
}

/// Applies steps `x -> kind(x, number)` one after the other; the last one has the
/// location of the node where it `isLast` of that, too.
static FailureOr<Value> emitSteps(Node &node, const Tensor &x, bool isLast,
                                  ArrayRef<BinaryKind> kinds,
                                  ArrayRef<float> numbers) {
  Value value = x.value;
  for (auto [i, kind] : llvm::enumerate(kinds)) {
    bool last = isLast && i + 1 == kinds.size();
    Location loc = node.getLoc(x.perm, last ? "" : stringifyBinaryKind(kind));
    FailureOr<Value> step =
        emitBinary(node, kind, value, emitNumber(node, numbers[i]), loc);
    if (failed(step))
      return failure();
    value = *step;
  }
  return value;
}

static LogicalResult importSteps(Node &node, ArrayRef<BinaryKind> kinds,
                                 ArrayRef<float> numbers) {
  FailureOr<Tensor> x = getCanonical(node, 0);
  if (failed(x))
    return failure();
  FailureOr<Value> value = emitSteps(node, *x, /*isLast=*/true, kinds, numbers);
  if (failed(value))
    return failure();
  return node.setOutput(replaceValue(*x, *value));
}

/// A bound of Clip: operand `index` or, in old files, attribute `name`.
static FailureOr<float> getBound(Node &node, unsigned index, StringRef name,
                                 float byDefault) {
  if (!node.hasInput(index))
    return node.getFloat(name, byDefault);
  FailureOr<Constant> bound =
      node.takeConstant(index, name, /*allowInfinity=*/true);
  if (failed(bound))
    return failure();
  if (bound->getNumElements() != 1 || bound->isInteger())
    return node.emitError()
           << "has a bound of shape " << formatShape(bound->shape)
           << (bound->isInteger() ? " and integers" : "")
           << " but it must be one float";
  return static_cast<float>(bound->getNumber(0));
}

static LogicalResult importClip(Node &node) {
  if (failed(node.checkInputs(1, 3)))
    return failure();
  FailureOr<float> low = getBound(node, 1, "min", -FLT_MAX);
  FailureOr<float> high = getBound(node, 2, "max", FLT_MAX);
  if (failed(low) || failed(high))
    return failure();
  if (*low > *high)
    return node.emitError()
           << "has bounds " << printable(*low) << " and " << printable(*high)
           << " but the first must not be larger";
  SmallVector<BinaryKind> kinds;
  SmallVector<float> numbers;
  if (*low > -FLT_MAX) {
    kinds.push_back(BinaryKind::Max);
    numbers.push_back(*low);
  }
  if (*high < FLT_MAX) {
    kinds.push_back(BinaryKind::Min);
    numbers.push_back(*high);
  }
  return importSteps(node, kinds, numbers);
}

static LogicalResult importHardSigmoid(Node &node) {
  FailureOr<float> alpha = node.getFloat("alpha", 0.2f);
  FailureOr<float> beta = node.getFloat("beta", 0.5f);
  if (failed(node.checkInputs(1, 1)) || failed(alpha) || failed(beta))
    return failure();
  return importSteps(
      node,
      {BinaryKind::Mul, BinaryKind::Add, BinaryKind::Max, BinaryKind::Min},
      {*alpha, *beta, 0.0f, 1.0f});
}

/// `x * max(0, min(1, x / 6 + 1 / 2))`, the ONNX definition.
static LogicalResult importHardSwish(Node &node) {
  if (failed(node.checkInputs(1, 1)))
    return failure();
  FailureOr<Tensor> x = getCanonical(node, 0);
  if (failed(x))
    return failure();
  FailureOr<Value> gate = emitSteps(
      node, *x, /*isLast=*/false,
      {BinaryKind::Mul, BinaryKind::Add, BinaryKind::Min, BinaryKind::Max},
      {1.0f / 6, 0.5f, 1.0f, 0.0f});
  if (failed(gate))
    return failure();
  FailureOr<Value> value =
      emitBinary(node, BinaryKind::Mul, x->value, *gate, node.getLoc(x->perm));
  if (failed(value))
    return failure();
  return node.setOutput(replaceValue(*x, *value));
}

/// `max(x, 0) + alpha * min(x, 0)`: each element takes part in one of the
/// terms.
static LogicalResult importLeakyRelu(Node &node) {
  FailureOr<float> alpha = node.getFloat("alpha", 0.01f);
  if (failed(node.checkInputs(1, 1)) || failed(alpha))
    return failure();
  FailureOr<Tensor> x = getCanonical(node, 0);
  if (failed(x))
    return failure();
  Value zero = emitNumber(node, 0);
  auto step = [&](BinaryKind kind, FailureOr<Value> a, FailureOr<Value> b,
                  StringRef part) -> FailureOr<Value> {
    if (failed(a) || failed(b))
      return failure();
    return emitBinary(node, kind, *a, *b, node.getLoc(x->perm, part));
  };
  FailureOr<Value> positive = step(BinaryKind::Max, x->value, zero, "positive");
  FailureOr<Value> negative = step(BinaryKind::Min, x->value, zero, "negative");
  FailureOr<Value> slope = emitNumber(node, *alpha);
  FailureOr<Value> scaled = step(BinaryKind::Mul, negative, slope, "scaled");
  FailureOr<Value> sum = step(BinaryKind::Add, positive, scaled, "");
  if (failed(sum))
    return failure();
  return node.setOutput(replaceValue(*x, *sum));
}

static LogicalResult importReciprocal(Node &node) {
  if (failed(node.checkInputs(1, 1)))
    return failure();
  FailureOr<Tensor> x = getCanonical(node, 0);
  if (failed(x))
    return failure();
  FailureOr<Value> value =
      emitBinary(node, BinaryKind::Div, emitNumber(node, 1), x->value,
                 node.getLoc(x->perm));
  if (failed(value))
    return failure();
  return node.setOutput(replaceValue(*x, *value));
}

static LogicalResult importCast(Node &node) {
  FailureOr<int64_t> to = node.getInt("to", std::nullopt);
  if (failed(node.checkInputs(1, 1)) || failed(to))
    return failure();
  // Numbers of TensorProto.DataType.
  constexpr int64_t kFloat = 1, kInt64 = 7;
  FailureOr<Tensor> x = node.getAnyValue(0);
  if (failed(x))
    return failure();
  if (*to == (x->getElementType().isF32() ? kFloat : kInt64))
    return node.setOutput(*x);
  return node.emitAttrError("to")
         << "is " << *to
         << " but run-time data can only keep its type, "
            "float (1) or int64 (7)";
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

/// Gives two tensors of one rank the same arrangement.
static LogicalResult align(Node &node, Tensor &a, Tensor &b) {
  bool same = a.perm == b.perm && a.flattened == b.flattened &&
              (!a.flattened || a.getViewShape() == b.getViewShape());
  if (same)
    return success();
  bool lastWins = b.perm == channelsLastPerm(b.perm.size());
  SmallVector<int64_t> perm = lastWins ? b.perm : a.perm;
  if (a.flattened || b.flattened || a.getRank() != b.getRank())
    perm.clear();
  for (Tensor *tensor : {&a, &b}) {
    SmallVector<int64_t> own =
        perm.empty() ? identityPerm(tensor->getRank()) : perm;
    FailureOr<Value> value = toLayout(node, *tensor, own);
    if (failed(value))
      return failure();
    *tensor = Tensor{{}, {}, *value, own, false};
  }
  return success();
}

/// The two operands arranged alike; the result is arranged as `a`.
static FailureOr<Value> combine(Node &node, BinaryKind kind, Tensor &a,
                                unsigned index, bool swapped, Location *loc) {
  Tensor b = node.getInput(index);
  if (!b.constant) {
    FailureOr<Tensor> value = getCanonical(node, index);
    if (failed(value))
      return failure();
    if (!broadcastShapes(a.getShape(), value->getShape()))
      return emitMismatch(node, a.getShape(), value->getShape());
    if (failed(align(node, a, *value)))
      return failure();
    b = *value;
  } else {
    FailureOr<Constant> constant = node.takeConstant(index, "operand");
    if (failed(constant))
      return failure();
    if (constant->isInteger())
      return node.emitError()
             << "has integers as input " << index << " but floats as the other";
    if (!broadcastShapes(a.getShape(), constant->shape))
      return emitMismatch(node, a.getShape(), constant->shape);
    int64_t rank = constant->getRank();
    // More dimensions than the value has: rare, and then only sizes of 1.
    if (rank > a.getRank()) {
      FailureOr<Tensor> wider =
          unsqueeze(node, a, identityPerm(rank - a.getRank()));
      if (failed(wider))
        return failure();
      a = *wider;
    }
    Constant arranged = arrangeLike(std::move(*constant), a);
    if (failed(node.getType(arranged.shape, a.getElementType())))
      return failure();
    b.value = emitFloats(node, std::move(arranged), node.getInputName(index));
  }
  if (b.perm.size() > a.perm.size())
    a.perm = b.perm;
  Location where = loc ? *loc : node.getLoc(a.perm);
  return swapped ? emitBinary(node, kind, b.value, a.value, where)
                 : emitBinary(node, kind, a.value, b.value, where);
}

/// One or more operands combined from the left.
template <BinaryKind kind>
static LogicalResult importBinary(Node &node) {
  constexpr bool variadic = kind == BinaryKind::Max || kind == BinaryKind::Min;
  bool isSum = node.getOpType() == "Sum";
  if (failed(variadic || isSum ? node.checkInputs(1, 1000)
                               : node.checkInputs(2, 2)))
    return failure();
  if (node.getNumInputs() == 1)
    return importIdentity(node);
  // Old files broadcast along an axis that an attribute names.
  if (failed(node.requireInt("broadcast", 0)))
    return failure();
  bool swapped = static_cast<bool>(node.getInput(0).constant) &&
                 !node.getInput(1).constant;
  FailureOr<Tensor> a = getCanonical(node, swapped ? 1 : 0);
  if (failed(a))
    return failure();
  for (unsigned i = 1; i < node.getNumInputs(); ++i) {
    bool last = i + 1 == node.getNumInputs();
    unsigned index = swapped && i == 1 ? 0 : i;
    Location part = node.getLoc(a->perm, "part");
    FailureOr<Value> value = combine(node, kind, *a, index, swapped && i == 1,
                                     last ? nullptr : &part);
    if (failed(value))
      return failure();
    a->value = *value;
  }
  return node.setOutput(*a);
}

void dorefa::registerElementwise(ImportTable &table) {
  table["Abs"] = importUnary<UnaryKind::Abs>;
  table["Ceil"] = importUnary<UnaryKind::Ceil>;
  table["Exp"] = importUnary<UnaryKind::Exp>;
  table["Floor"] = importUnary<UnaryKind::Floor>;
  table["Neg"] = importUnary<UnaryKind::Neg>;
  table["Relu"] = importUnary<UnaryKind::Relu>;
  table["Round"] = importUnary<UnaryKind::RoundHalfEven>;
  table["Sigmoid"] = importUnary<UnaryKind::Sigmoid>;
  table["Softplus"] = importUnary<UnaryKind::Softplus>;
  table["Sqrt"] = importUnary<UnaryKind::Sqrt>;
  table["Tanh"] = importUnary<UnaryKind::Tanh>;
  table["Add"] = importBinary<BinaryKind::Add>;
  table["Div"] = importBinary<BinaryKind::Div>;
  table["Max"] = importBinary<BinaryKind::Max>;
  table["Min"] = importBinary<BinaryKind::Min>;
  table["Mul"] = importBinary<BinaryKind::Mul>;
  table["Pow"] = importBinary<BinaryKind::Pow>;
  table["Sub"] = importBinary<BinaryKind::Sub>;
  table["Sum"] = importBinary<BinaryKind::Add>;
  table["Cast"] = importCast;
  table["Clip"] = importClip;
  table["Dropout"] = importIdentity;
  table["HardSigmoid"] = importHardSigmoid;
  table["HardSwish"] = importHardSwish;
  table["Identity"] = importIdentity;
  table["LeakyRelu"] = importLeakyRelu;
  table["Reciprocal"] = importReciprocal;
}
