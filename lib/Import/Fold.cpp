//===- Fold.cpp - Nodes whose operands are constants ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters write shapes and bit widths as little programs: Shape, Gather,
// Concat, Ceil. They are run here. The size of a symbolic batch is passed
// through as a mark that only operations which leave it alone accept.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "dorefa/Dialect/DoReFa/Arithmetic.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace mlir::dorefa;

static FailureOr<Constant> tooLarge(const Node &node, ArrayRef<int64_t> shape) {
  return node.emitError() << "makes a constant of shape " << formatShape(shape)
                          << " but constant folding makes at most "
                          << kMaxFoldedElements << " elements";
}

static bool isTooLarge(ArrayRef<int64_t> shape) {
  return countElements(shape).value_or(kMaxElements) > kMaxFoldedElements;
}

/// Numbers of TensorProto.DataType.
enum DataType : int64_t {
  kFloat = 1,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kBFloat16 = 16
};

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

static std::optional<UnaryKind> getUnaryKind(StringRef type) {
  return llvm::StringSwitch<std::optional<UnaryKind>>(type)
      .Case("Abs", UnaryKind::Abs)
      .Case("Ceil", UnaryKind::Ceil)
      .Case("Exp", UnaryKind::Exp)
      .Case("Floor", UnaryKind::Floor)
      .Case("Neg", UnaryKind::Neg)
      .Case("Relu", UnaryKind::Relu)
      .Case("Round", UnaryKind::RoundHalfEven)
      .Case("Sigmoid", UnaryKind::Sigmoid)
      .Case("Softplus", UnaryKind::Softplus)
      .Case("Sqrt", UnaryKind::Sqrt)
      .Case("Tanh", UnaryKind::Tanh)
      .Default(std::nullopt);
}

static std::optional<BinaryKind> getBinaryKind(StringRef type) {
  return llvm::StringSwitch<std::optional<BinaryKind>>(type)
      .Cases({"Add", "Sum"}, BinaryKind::Add)
      .Case("Div", BinaryKind::Div)
      .Case("Max", BinaryKind::Max)
      .Case("Min", BinaryKind::Min)
      .Case("Mul", BinaryKind::Mul)
      .Case("Pow", BinaryKind::Pow)
      .Case("Sub", BinaryKind::Sub)
      .Default(std::nullopt);
}

static FailureOr<Constant> foldUnary(const Node &node, UnaryKind kind,
                                     Constant x) {
  if (auto *floats = std::get_if<std::vector<float>>(&x.data)) {
    for (float &element : *floats)
      element = evaluateUnary(kind, element);
    return x;
  }
  if (auto *integers = std::get_if<std::vector<int64_t>>(&x.data)) {
    if (x.symbolic || (kind != UnaryKind::Abs && kind != UnaryKind::Neg))
      return node.emitError()
             << "has an integer constant, which is not supported";
    for (int64_t &element : *integers)
      if (kind == UnaryKind::Neg || element < 0)
        element = -static_cast<uint64_t>(element);
    return x;
  }
  // Bit widths and scales of some exporters are float64: exact in float32 or
  // near.
  x.data = takeFloats(std::move(x));
  return foldUnary(node, kind, std::move(x));
}

static double evaluate(BinaryKind kind, double a, double b) {
  switch (kind) {
  case BinaryKind::Add:
    return a + b;
  case BinaryKind::Sub:
    return a - b;
  case BinaryKind::Mul:
    return a * b;
  case BinaryKind::Div:
    return a / b;
  case BinaryKind::Max:
    return a > b ? a : b;
  case BinaryKind::Min:
    return a < b ? a : b;
  case BinaryKind::Pow:
    return std::pow(a, b);
  }
  llvm_unreachable("all kinds are handled");
}

/// Nullopt on overflow and division by 0.
static std::optional<int64_t> evaluate(BinaryKind kind, int64_t a, int64_t b) {
  int64_t result;
  switch (kind) {
  case BinaryKind::Add:
    return llvm::AddOverflow(a, b, result) ? std::nullopt
                                           : std::optional(result);
  case BinaryKind::Sub:
    return llvm::SubOverflow(a, b, result) ? std::nullopt
                                           : std::optional(result);
  case BinaryKind::Mul:
    return llvm::MulOverflow(a, b, result) ? std::nullopt
                                           : std::optional(result);
  case BinaryKind::Div:
    if (b == 0 || (b == -1 && a == std::numeric_limits<int64_t>::min()))
      return std::nullopt;
    return a / b;
  case BinaryKind::Max:
    return std::max(a, b);
  case BinaryKind::Min:
    return std::min(a, b);
  case BinaryKind::Pow: {
    double power = std::pow(double(a), double(b));
    if (!(std::abs(power) < 9e15))
      return std::nullopt;
    return static_cast<int64_t>(power);
  }
  }
  llvm_unreachable("all kinds are handled");
}

static FailureOr<Constant> foldIntegers(const Node &node, BinaryKind kind,
                                        const Constant &a, const Constant &b) {
  const auto &left = std::get<std::vector<int64_t>>(a.data);
  const auto &right = std::get<std::vector<int64_t>>(b.data);
  Constant result{a.shape, {}, a.symbolic || b.symbolic};
  std::vector<int64_t> values(left.size());
  int64_t neutral = kind == BinaryKind::Mul || kind == BinaryKind::Div;
  for (size_t i = 0; i < values.size(); ++i) {
    bool leftBatch = a.symbolic && ShapedType::isDynamic(left[i]);
    bool rightBatch = b.symbolic && ShapedType::isDynamic(right[i]);
    bool swaps = kind == BinaryKind::Mul || kind == BinaryKind::Add;
    if (leftBatch || rightBatch) {
      bool kept = (leftBatch && !rightBatch && right[i] == neutral) ||
                  (swaps && rightBatch && !leftBatch && left[i] == neutral);
      if (!kept || kind == BinaryKind::Max || kind == BinaryKind::Min)
        return node.emitError()
               << "computes with the symbolic batch size, which is "
                  "not supported";
      values[i] = ShapedType::kDynamic;
      continue;
    }
    std::optional<int64_t> value = evaluate(kind, left[i], right[i]);
    if (!value)
      return node.emitError() << "overflows or divides by 0 on constants "
                              << left[i] << " and " << right[i];
    values[i] = *value;
  }
  result.data = std::move(values);
  return result;
}

static FailureOr<Constant> foldBinary(const Node &node, BinaryKind kind,
                                      Constant a, Constant b) {
  std::optional<SmallVector<int64_t>> shape = broadcastShapes(a.shape, b.shape);
  if (!shape)
    return node.emitError()
           << "has constants of shapes " << formatShape(a.shape) << " and "
           << formatShape(b.shape) << ", which do not broadcast";
  if (isTooLarge(*shape) && *shape != a.shape && *shape != b.shape)
    return tooLarge(node, *shape);
  if (a.shape != *shape)
    a = broadcastTo(a, *shape);
  if (b.shape != *shape)
    b = broadcastTo(b, *shape);
  if (a.isInteger() && b.isInteger())
    return foldIntegers(node, kind, a, b);
  if (a.symbolic || b.symbolic)
    return node.emitError()
           << "computes with the symbolic batch size, which is not "
              "supported";
  auto *left = std::get_if<std::vector<float>>(&a.data);
  auto *right = std::get_if<std::vector<float>>(&b.data);
  if (left && right) {
    for (size_t i = 0; i < left->size(); ++i)
      (*left)[i] = evaluateBinary(kind, (*left)[i], (*right)[i]);
    return a;
  }
  std::vector<double> values(a.getNumElements());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = evaluate(kind, a.getNumber(i), b.getNumber(i));
  // A float32 with an integer (Pow allows that) stays float32.
  if (a.data.index() != 1 && b.data.index() != 1)
    return Constant{*shape, std::vector<float>(values.begin(), values.end())};
  return Constant{*shape, std::move(values)};
}

static FailureOr<Constant> foldCast(const Node &node, Constant x) {
  FailureOr<int64_t> to = node.getInt("to", std::nullopt);
  if (failed(to))
    return failure();
  bool toFloat = *to == kFloat || *to == kFloat16 || *to == kBFloat16;
  if (x.symbolic && (toFloat || *to == kDouble || *to == kBool))
    return node.emitError()
           << "computes with the symbolic batch size, which is not "
              "supported";
  if (toFloat) {
    x.data = takeFloats(std::move(x));
    return x;
  }
  if (x.isInteger() && *to != kDouble && *to != kBool)
    return x;
  int64_t count = x.getNumElements();
  std::vector<double> doubles(count);
  for (int64_t i = 0; i < count; ++i)
    doubles[i] = x.getNumber(i);
  if (*to == kDouble) {
    x.data = std::move(doubles);
    return x;
  }
  std::vector<int64_t> integers(count);
  for (int64_t i = 0; i < count; ++i) {
    if (!(std::abs(doubles[i]) < 9e18))
      return node.emitError() << "casts " << printable(doubles[i])
                              << ", which does not fit an integer";
    integers[i] = *to == kBool ? doubles[i] != 0 : int64_t(doubles[i]);
  }
  x.data = std::move(integers);
  return x;
}

//===----------------------------------------------------------------------===//
// Selecting and joining
//===----------------------------------------------------------------------===//

/// Rows `indices` of `x` along `axis`.
static Constant takeRows(const Constant &x, int64_t axis,
                         ArrayRef<int64_t> indices,
                         ArrayRef<int64_t> indexShape) {
  SmallVector<int64_t> shape(ArrayRef(x.shape).take_front(axis));
  shape.append(indexShape.begin(), indexShape.end());
  shape.append(x.shape.begin() + axis + 1, x.shape.end());
  int64_t inner = *countElements(ArrayRef(x.shape).drop_front(axis + 1));
  int64_t outer = *countElements(ArrayRef(x.shape).take_front(axis));
  int64_t size = x.shape[axis];
  Constant result{shape, {}, x.symbolic};
  std::visit(
      [&](const auto &source) {
        std::decay_t<decltype(source)> values;
        values.reserve(outer * indices.size() * inner);
        for (int64_t o = 0; o < outer; ++o)
          for (int64_t index : indices) {
            auto begin = source.begin() + (o * size + index) * inner;
            values.insert(values.end(), begin, begin + inner);
          }
        result.data = std::move(values);
      },
      x.data);
  return result;
}

static FailureOr<Constant> foldGather(Node &node, const Constant &x,
                                      const Constant &indices) {
  FailureOr<int64_t> attr = node.getInt("axis", 0);
  if (failed(attr))
    return failure();
  FailureOr<int64_t> axis = node.normalizeAxis(*attr, x.getRank());
  if (failed(axis))
    return failure();
  const auto *list = std::get_if<std::vector<int64_t>>(&indices.data);
  if (!list)
    return node.emitError() << "has indices that are no integers";
  SmallVector<int64_t> rows;
  for (int64_t index : *list) {
    int64_t size = x.shape[*axis];
    if (index < -size || index >= size)
      return node.emitError()
             << "has index " << index << " but the dimension has size " << size;
    rows.push_back(index < 0 ? index + size : index);
  }
  SmallVector<int64_t> shape = x.shape;
  shape[*axis] = rows.size();
  if (isTooLarge(shape) || x.getRank() + indices.getRank() > kMaxRank)
    return tooLarge(node, shape);
  return takeRows(x, *axis, rows, indices.shape);
}

/// Runs of elements of all parts, row by row.
template <typename T>
static std::vector<T> interleaveRows(ArrayRef<Constant> parts, int64_t rows) {
  std::vector<T> joined;
  for (int64_t row = 0; row < rows; ++row)
    for (const Constant &part : parts) {
      const auto &elements = std::get<std::vector<T>>(part.data);
      int64_t run = elements.size() / rows;
      joined.insert(joined.end(), elements.begin() + row * run,
                    elements.begin() + (row + 1) * run);
    }
  return joined;
}

static FailureOr<Constant> foldConcat(Node &node) {
  FailureOr<int64_t> attr = node.getInt("axis", std::nullopt);
  if (failed(attr))
    return failure();
  std::vector<Constant> parts;
  for (unsigned i = 0; i < node.getNumInputs(); ++i) {
    FailureOr<Constant> part = node.takeConstant(i, "operand", true);
    if (failed(part))
      return failure();
    parts.push_back(std::move(*part));
  }
  FailureOr<int64_t> axis = node.normalizeAxis(*attr, parts[0].getRank());
  if (failed(axis))
    return failure();
  SmallVector<int64_t> shape = parts[0].shape;
  bool symbolic = false;
  shape[*axis] = 0;
  for (const Constant &part : parts) {
    SmallVector<int64_t> own = part.shape;
    int64_t size = own.size() == shape.size() ? own[*axis] : 0;
    if (own.size() == shape.size())
      own[*axis] = shape[*axis];
    if (own != shape || part.data.index() != parts[0].data.index())
      return node.emitError()
             << "joins constants of shapes " << formatShape(parts[0].shape)
             << " and " << formatShape(part.shape)
             << ", whose other sizes and types must be equal";
    shape[*axis] += size;
    symbolic |= part.symbolic;
  }
  int64_t rows = *countElements(ArrayRef(shape).take_front(*axis));
  Constant result{shape, {}, symbolic};
  std::visit(
      [&](const auto &first) {
        using T = typename std::decay_t<decltype(first)>::value_type;
        result.data = interleaveRows<T>(parts, rows);
      },
      parts[0].data);
  return result;
}

/// Indices that one axis of Slice selects.
static FailureOr<SmallVector<int64_t>> getSliceRows(const Node &node,
                                                    int64_t size, int64_t start,
                                                    int64_t end, int64_t step) {
  if (step == 0)
    return node.emitError() << "has a step of 0";
  auto clamp = [&](int64_t index) {
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    if (index < 0)
      index = index < -size ? low : index + size;
    return std::clamp(index, low, high);
  };
  SmallVector<int64_t> rows;
  int64_t first = clamp(start), last = clamp(end);
  if (step > 0 && step > size)
    step = std::max<int64_t>(size, 1);
  if (step < 0 && step < -size)
    step = -std::max<int64_t>(size, 1);
  for (int64_t i = first; step > 0 ? i < last : i > last; i += step)
    rows.push_back(i);
  return rows;
}

static FailureOr<Constant> foldSlice(Node &node, Constant x) {
  SmallVector<int64_t> lists[4];
  static constexpr StringLiteral names[] = {"starts", "ends", "axes", "steps"};
  for (unsigned i = 0; i < 4; ++i) {
    FailureOr<std::optional<SmallVector<int64_t>>> list =
        node.takeIntsOrAttr(i + 1, names[i]);
    if (failed(list))
      return failure();
    lists[i] = list->value_or(SmallVector<int64_t>());
    if (!*list && i == 2)
      lists[2] = identityPerm(lists[0].size());
    if (!*list && i == 3)
      lists[3].assign(lists[0].size(), 1);
    if (lists[i].size() != lists[0].size())
      return node.emitError() << "has " << lists[i].size() << " " << names[i]
                              << " but " << lists[0].size() << " starts";
  }
  for (size_t i = 0; i < lists[0].size(); ++i) {
    FailureOr<int64_t> axis = node.normalizeAxis(lists[2][i], x.getRank());
    if (failed(axis))
      return failure();
    FailureOr<SmallVector<int64_t>> rows = getSliceRows(
        node, x.shape[*axis], lists[0][i], lists[1][i], lists[3][i]);
    if (failed(rows))
      return failure();
    x = takeRows(x, *axis, *rows, {int64_t(rows->size())});
  }
  return x;
}

//===----------------------------------------------------------------------===//
// Shapes and reductions
//===----------------------------------------------------------------------===//

static FailureOr<Constant> foldShape(Node &node) {
  if (failed(node.checkInputs(1, 1)))
    return failure();
  SmallVector<int64_t> shape = node.getInput(0).getShape();
  FailureOr<int64_t> start = node.getInt("start", 0);
  FailureOr<int64_t> end = node.getInt("end", shape.size());
  if (failed(start) || failed(end))
    return failure();
  FailureOr<SmallVector<int64_t>> rows =
      getSliceRows(node, shape.size(), *start, *end, 1);
  if (failed(rows))
    return failure();
  std::vector<int64_t> sizes;
  for (int64_t row : *rows)
    sizes.push_back(shape[row]);
  bool symbolic = llvm::is_contained(sizes, ShapedType::kDynamic);
  return Constant{{int64_t(sizes.size())}, std::move(sizes), symbolic};
}

static FailureOr<Constant> foldFill(Node &node, const Constant &value,
                                    ArrayRef<int64_t> shape) {
  for (int64_t size : shape)
    if (size < 0)
      return node.emitError()
             << "fills a tensor of shape " << formatShape(shape)
             << " but sizes must be at least 0";
  if (isTooLarge(shape))
    return tooLarge(node, shape);
  return broadcastTo(value, shape);
}

static FailureOr<Constant> foldExpand(Node &node, const Constant &x) {
  FailureOr<SmallVector<int64_t>> shape = node.takeInts(1, "shape");
  if (failed(shape))
    return failure();
  for (int64_t size : *shape)
    if (size < 0)
      return node.emitError() << "expands to shape " << formatShape(*shape)
                              << " but sizes must be at least 0";
  std::optional<SmallVector<int64_t>> result = broadcastShapes(x.shape, *shape);
  if (!result)
    return node.emitError() << "expands " << formatShape(x.shape) << " to "
                            << formatShape(*shape) << ", which does not fit";
  return foldFill(node, x, *result);
}

static FailureOr<Constant> foldConstantOfShape(Node &node) {
  FailureOr<SmallVector<int64_t>> shape = node.takeInts(0, "shape");
  if (failed(shape))
    return failure();
  Constant value{{1}, std::vector<float>{0}};
  if (node.hasAttr("value")) {
    FailureOr<Constant> given = node.getConstantAttr();
    if (failed(given))
      return failure();
    value = std::move(*given);
  }
  if (value.getNumElements() != 1)
    return node.emitAttrError("value") << "must be one number";
  value.shape.clear();
  return foldFill(node, value, *shape);
}

/// Which dimensions of `x` a reduction removes.
static FailureOr<SmallVector<bool>> readReduced(Node &node, int64_t rank) {
  FailureOr<std::optional<SmallVector<int64_t>>> axes =
      node.takeIntsOrAttr(1, "axes");
  if (failed(axes))
    return failure();
  SmallVector<bool> reduced(rank, !*axes);
  for (int64_t given : axes->value_or(SmallVector<int64_t>())) {
    FailureOr<int64_t> axis = node.normalizeAxis(given, rank);
    if (failed(axis))
      return failure();
    reduced[*axis] = true;
  }
  return reduced;
}

/// Each run of `count` elements as one number, computed in float64.
static std::vector<double> reduceRuns(const Constant &x, int64_t count,
                                      StringRef kind) {
  std::vector<double> results;
  for (int64_t start = 0; start < x.getNumElements(); start += count) {
    double result = x.getNumber(start);
    for (int64_t i = start + 1; i < start + count; ++i) {
      double element = x.getNumber(i);
      result = kind == "Max"    ? std::max(result, element)
               : kind == "Min"  ? std::min(result, element)
               : kind == "Prod" ? result * element
                                : result + element;
    }
    results.push_back(kind == "Mean" ? result / count : result);
  }
  return results;
}

static FailureOr<Constant> foldReduce(Node &node, StringRef kind) {
  FailureOr<Constant> x = node.takeConstant(0, "operand");
  FailureOr<int64_t> keep = node.getInt("keepdims", 1);
  if (failed(x) || failed(keep))
    return failure();
  if (x->symbolic || x->getNumElements() == 0)
    return node.emitError()
           << "reduces " << (x->symbolic ? "a symbolic" : "an empty")
           << " constant, which is not supported";
  FailureOr<SmallVector<bool>> reduced = readReduced(node, x->getRank());
  if (failed(reduced))
    return failure();
  // Kept dimensions in front, so that each result is a run of elements.
  SmallVector<int64_t> perm, behind, shape;
  int64_t count = 1;
  for (int64_t i = 0; i < x->getRank(); ++i) {
    bool gone = (*reduced)[i];
    (gone ? behind : perm).push_back(i);
    count *= gone ? x->shape[i] : 1;
    if (!gone || *keep)
      shape.push_back(gone ? 1 : x->shape[i]);
  }
  perm.append(behind);
  std::vector<double> results = reduceRuns(permute(*x, perm), count, kind);
  if (!x->isInteger() && x->data.index() == 1)
    return Constant{shape, std::move(results)};
  if (!x->isInteger())
    return Constant{shape, std::vector<float>(results.begin(), results.end())};
  for (double number : results)
    if (!(std::abs(number) < 9e15))
      return node.emitError() << "overflows on integer constants";
  return Constant{shape, std::vector<int64_t>(results.begin(), results.end())};
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

static bool allConstant(Node &node) {
  for (unsigned i = 0; i < node.getNumInputs(); ++i)
    if (node.hasInput(i) && !node.getInput(i).constant)
      return false;
  return node.getNumInputs() > 0 && node.hasInput(0);
}

/// The result of a node on constants; nullopt where it is of another kind.
static std::optional<FailureOr<Constant>> foldConstants(Node &node) {
  StringRef type = node.getOpType();
  auto operand = [&](unsigned i) {
    return node.takeConstant(i, "operand", true);
  };
  if (type == "Concat")
    return foldConcat(node);
  if (type == "ConstantOfShape")
    return foldConstantOfShape(node);
  if (type.consume_front("Reduce"))
    return foldReduce(node, type);
  std::optional<UnaryKind> unary = getUnaryKind(type);
  std::optional<BinaryKind> binary = getBinaryKind(type);
  if (!unary && !binary && type != "Cast" && type != "Gather" &&
      type != "Slice" && type != "Expand")
    return std::nullopt;
  FailureOr<Constant> result = operand(0);
  if (failed(result))
    return result;
  if (unary)
    return foldUnary(node, *unary, std::move(*result));
  if (type == "Cast")
    return foldCast(node, std::move(*result));
  if (type == "Slice")
    return foldSlice(node, std::move(*result));
  if (type == "Expand")
    return foldExpand(node, *result);
  for (unsigned i = 1; i < node.getNumInputs(); ++i) {
    FailureOr<Constant> next = operand(i);
    if (failed(next))
      return next;
    result =
        binary ? foldBinary(node, *binary, std::move(*result), std::move(*next))
               : foldGather(node, *result, *next);
    if (failed(result))
      return result;
  }
  return result;
}

FailureOr<bool> dorefa::foldNode(Node &node) {
  std::optional<FailureOr<Constant>> result;
  if (node.getOpType() == "Constant")
    result = node.getConstantAttr();
  else if (node.getOpType() == "Shape")
    result = foldShape(node);
  else if (allConstant(node))
    result = foldConstants(node);
  if (!result)
    return false;
  if (failed(*result) || failed(node.charge((*result)->getNumElements())) ||
      failed(node.setOutput(std::move(**result))))
    return failure();
  return true;
}
