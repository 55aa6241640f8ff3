//===- Node.cpp - Operands, attributes and errors of a node ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "llvm/Support/MathExtras.h"

#include <onnx/onnx_pb.h>

using namespace mlir;
using namespace mlir::dorefa;
using onnx::AttributeProto;

Node::Node(Importer &importer, const onnx::NodeProto &proto)
    : importer(importer), proto(proto) {}

StringRef Node::getOpType() const { return proto.op_type(); }
bool Node::isChannelsLast() const {
  return proto.domain() == "qonnx.custom_op.channels_last";
}
int64_t Node::getOpset() const { return importer.opset; }
OpBuilder &Node::getBuilder() const { return importer.builder; }

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// Many exporters leave nodes without a name; their first output has one.
static StringRef getNodeName(const onnx::NodeProto &proto) {
  if (!proto.name().empty() || proto.output_size() == 0)
    return proto.name();
  return proto.output(0);
}

InFlightDiagnostic Node::emitError() const {
  StringRef name = getNodeName(proto);
  return importer.emitError(name) << "node '" << printable(name) << "' ("
                                  << printable(proto.op_type()) << ") ";
}

InFlightDiagnostic Node::emitAttrError(StringRef attribute) const {
  return emitError() << "attribute '" << printable(attribute) << "' ";
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const AttributeProto *Node::find(StringRef name) const {
  for (const AttributeProto &attribute : proto.attribute())
    if (StringRef(attribute.name()) == name)
      return &attribute;
  return nullptr;
}

bool Node::hasAttr(StringRef name) const { return find(name) != nullptr; }

/// Old files leave the type out; then the field that is set tells.
static AttributeProto::AttributeType getType(const AttributeProto &attribute) {
  if (attribute.has_type() && attribute.type() != AttributeProto::UNDEFINED)
    return attribute.type();
  if (attribute.has_i())
    return AttributeProto::INT;
  if (attribute.has_f())
    return AttributeProto::FLOAT;
  if (attribute.has_s())
    return AttributeProto::STRING;
  return attribute.ints_size() ? AttributeProto::INTS
                               : AttributeProto::UNDEFINED;
}

FailureOr<int64_t> Node::getInt(StringRef name,
                                std::optional<int64_t> byDefault) const {
  const AttributeProto *attribute = find(name);
  if (attribute && ::getType(*attribute) == AttributeProto::INT)
    return attribute->i();
  if (attribute)
    return emitAttrError(name) << "must be an integer";
  if (byDefault)
    return *byDefault;
  return emitAttrError(name) << "is missing";
}

FailureOr<float> Node::getFloat(StringRef name,
                                std::optional<float> byDefault) const {
  const AttributeProto *attribute = find(name);
  if (!attribute) {
    if (byDefault)
      return *byDefault;
    return emitAttrError(name) << "is missing";
  }
  if (::getType(*attribute) != AttributeProto::FLOAT)
    return emitAttrError(name) << "must be a float";
  if (std::isnan(attribute->f()))
    return emitAttrError(name) << "is not a number";
  return attribute->f();
}

FailureOr<std::string> Node::getString(StringRef name,
                                       StringRef byDefault) const {
  const AttributeProto *attribute = find(name);
  if (!attribute)
    return byDefault.str();
  if (::getType(*attribute) != AttributeProto::STRING)
    return emitAttrError(name) << "must be a string";
  return attribute->s();
}

FailureOr<SmallVector<int64_t>>
Node::getInts(StringRef name, ArrayRef<int64_t> byDefault) const {
  const AttributeProto *attribute = find(name);
  if (!attribute)
    return SmallVector<int64_t>(byDefault);
  AttributeProto::AttributeType type = ::getType(*attribute);
  if (type != AttributeProto::INTS && type != AttributeProto::UNDEFINED)
    return emitAttrError(name) << "must be a list of integers";
  return SmallVector<int64_t>(attribute->ints().begin(),
                              attribute->ints().end());
}

LogicalResult Node::requireInt(StringRef name, int64_t required) const {
  FailureOr<int64_t> found = getInt(name, required);
  if (failed(found))
    return failure();
  if (*found == required)
    return success();
  return emitAttrError(name)
         << "is " << *found << " but only " << required << " is supported";
}

FailureOr<Constant> Node::getConstantAttr() const {
  if (const AttributeProto *attribute = find("value")) {
    if (!attribute->has_t())
      return emitAttrError("value") << "must be a tensor";
    onnx::TensorProto tensor = attribute->t();
    return dorefa::takeConstant(tensor, importer.path,
                                [&] { return emitAttrError("value"); });
  }
  if (const AttributeProto *attribute = find("value_float"))
    return Constant{{}, std::vector<float>{attribute->f()}};
  if (const AttributeProto *attribute = find("value_int"))
    return Constant{{}, std::vector<int64_t>{attribute->i()}};
  if (const AttributeProto *attribute = find("value_floats"))
    return Constant{{attribute->floats_size()},
                    std::vector<float>(attribute->floats().begin(),
                                       attribute->floats().end())};
  if (const AttributeProto *attribute = find("value_ints"))
    return Constant{{attribute->ints_size()},
                    std::vector<int64_t>(attribute->ints().begin(),
                                         attribute->ints().end())};
  return emitError() << "has no value; supported are the attributes 'value', "
                        "'value_float', 'value_floats', 'value_int' and "
                        "'value_ints'";
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

StringRef Node::getInputName(unsigned index) const {
  return proto.input(index);
}

bool Node::hasInput(unsigned index) const {
  return index < inputs.size() && !proto.input(index).empty();
}

LogicalResult Node::checkInputs(unsigned min, unsigned max) const {
  unsigned count = proto.input_size();
  if (count < min || count > max)
    return emitError() << "has " << count << " inputs but must have "
                       << (count < min ? "at least " : "at most ")
                       << (count < min ? min : max);
  for (unsigned i = 0; i < min; ++i)
    if (proto.input(i).empty())
      return emitError() << "has no input " << i;
  return success();
}

LogicalResult Node::readInputs() {
  inputs.resize(proto.input_size());
  for (int i = 0; i < proto.input_size(); ++i) {
    if (proto.input(i).empty())
      continue;
    FailureOr<Tensor> tensor =
        importer.take(proto.input(i), [&] { return emitError(); });
    if (failed(tensor))
      return failure();
    inputs[i] = std::move(*tensor);
    if (inputs[i].constant &&
        failed(charge(inputs[i].constant->getNumElements())))
      return failure();
  }
  return success();
}

LogicalResult Node::charge(int64_t elements) const {
  importer.budget -= elements;
  if (importer.budget >= 0)
    return success();
  return emitError()
         << "needs more constants than a file of this size may ask for; "
            "constants are used too often or grow too much";
}

FailureOr<Constant> Node::takeConstant(unsigned index, StringRef what,
                                       bool allowInfinity) {
  if (!hasInput(index))
    return emitError() << "has no " << what << " (input " << index << ")";
  Tensor &tensor = inputs[index];
  if (!tensor.constant)
    return emitError() << "has a " << what << ", '"
                       << printable(getInputName(index))
                       << "', that is computed from run-time data but must be "
                          "known at compile time";
  applyQuantizer(tensor);
  if (!isFinite(*tensor.constant, allowInfinity))
    return importer.emitError(getInputName(index))
           << "tensor '" << printable(getInputName(index)) << "', the " << what
           << " of node '" << printable(getNodeName(proto)) << "' ("
           << getOpType() << "), holds NaN or infinity but must be finite";
  if (tensor.constant.use_count() == 1)
    return std::move(*tensor.constant);
  return *tensor.constant;
}

FailureOr<std::vector<float>> Node::takeFloats(unsigned index, StringRef what,
                                               int64_t count) {
  FailureOr<Constant> constant = takeConstant(index, what);
  if (failed(constant))
    return failure();
  if (constant->isInteger() || constant->getNumElements() != count)
    return emitError() << "has a " << what << " of "
                       << (constant->isInteger() ? "integers and " : "")
                       << "shape " << formatShape(constant->shape)
                       << " but it must have " << count << " floats";
  return dorefa::takeFloats(std::move(*constant));
}

FailureOr<SmallVector<int64_t>> Node::takeInts(unsigned index, StringRef what,
                                               bool allowBatch) {
  FailureOr<Constant> constant = takeConstant(index, what);
  if (failed(constant))
    return failure();
  auto *integers = std::get_if<std::vector<int64_t>>(&constant->data);
  if (!integers || constant->getRank() > 1)
    return emitError() << "has a " << what << " of shape "
                       << formatShape(constant->shape)
                       << (integers ? "" : " and float elements")
                       << " but it must be a list of integers";
  if (constant->symbolic && !allowBatch &&
      llvm::is_contained(*integers, ShapedType::kDynamic))
    return emitError() << "has a " << what
                       << " that depends on the symbolic batch size";
  if (!constant->symbolic && allowBatch &&
      llvm::is_contained(*integers, ShapedType::kDynamic))
    return emitError() << "has a " << what << " out of range";
  return SmallVector<int64_t>(integers->begin(), integers->end());
}

FailureOr<std::optional<SmallVector<int64_t>>>
Node::takeIntsOrAttr(unsigned index, StringRef name) {
  FailureOr<SmallVector<int64_t>> ints;
  if (hasAttr(name))
    ints = getInts(name, {});
  else if (hasInput(index))
    ints = takeInts(index, name);
  else
    return std::optional<SmallVector<int64_t>>();
  if (failed(ints))
    return failure();
  return std::optional<SmallVector<int64_t>>(std::move(*ints));
}

FailureOr<Tensor> Node::getAnyValue(unsigned index) {
  if (!hasInput(index))
    return emitError() << "has no input " << index;
  Tensor &tensor = inputs[index];
  if (!tensor.constant)
    return tensor;
  FailureOr<Constant> constant = takeConstant(index, "constant");
  if (failed(constant))
    return failure();
  FailureOr<RankedTensorType> type =
      getType(constant->shape, getBuilder().getF32Type());
  if (failed(type))
    return failure();
  if (constant->isInteger())
    return emitError() << "has an integer constant as input " << index
                       << ", where only floats are supported";
  Tensor result;
  result.perm = identityPerm(constant->getRank());
  result.value = emitFloats(*this, std::move(*constant), getInputName(index));
  return result;
}

FailureOr<Tensor> Node::getFloatValue(unsigned index) {
  FailureOr<Tensor> tensor = getAnyValue(index);
  if (succeeded(tensor) && !tensor->getElementType().isF32())
    return emitError() << "has integers as input " << index
                       << " but only floats are supported";
  return tensor;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

unsigned Node::getNumOutputs() const { return proto.output_size(); }
StringRef Node::getOutputName(unsigned index) const {
  return proto.output(index);
}

bool Node::isUsed(unsigned output) const {
  return output < getNumOutputs() && !proto.output(output).empty() &&
         importer.uses.lookup(proto.output(output)) > 0;
}

LogicalResult Node::setOutput(Tensor tensor, unsigned index) {
  if (index >= getNumOutputs() || proto.output(index).empty())
    return success();
  importer.define(getOutputName(index), std::move(tensor));
  return success();
}

LogicalResult Node::setOutput(Constant constant, unsigned index) {
  Tensor tensor;
  tensor.constant = std::make_shared<Constant>(std::move(constant));
  return setOutput(std::move(tensor), index);
}

Location Node::getLoc(ArrayRef<int64_t> perm, StringRef part,
                      unsigned index) const {
  std::string name =
      index < getNumOutputs() ? proto.output(index) : proto.name();
  if (!part.empty())
    name += "/" + part.str();
  MLIRContext *context = getBuilder().getContext();
  Location loc = NameLoc::get(StringAttr::get(context, name));
  int64_t rank = perm.size();
  if (rank < 3 || perm != ArrayRef<int64_t>(channelsLastPerm(rank)))
    return loc;
  // Tells readers of traces that the file has the channels first.
  return FusedLoc::get(context, {loc}, StringAttr::get(context, "nchw"));
}

FailureOr<RankedTensorType> Node::getType(ArrayRef<int64_t> shape,
                                          Type elementType) const {
  bool valid = countElements(shape).value_or(0) > 0;
  for (size_t i = 1; i < shape.size(); ++i)
    valid &= !ShapedType::isDynamic(shape[i]);
  if (valid)
    return RankedTensorType::get(shape, elementType);
  return emitError() << "has a tensor of shape " << formatShape(shape)
                     << " but sizes must be at least 1, the rank at most "
                     << kMaxRank << ", the elements at most " << kMaxElements
                     << ", and only the first size may be symbolic";
}

FailureOr<int64_t> Node::normalizeAxis(int64_t axis, int64_t rank) const {
  if (axis < -rank || axis >= rank)
    return emitError() << "has axis " << axis << " but must have one from "
                       << -rank << " to " << rank - 1;
  return axis < 0 ? axis + rank : axis;
}
