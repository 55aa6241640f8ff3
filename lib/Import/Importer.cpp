//===- Importer.cpp - The graph of an ONNX file ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "dorefa/Import/Onnx.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#include <onnx/onnx_pb.h>
#include <queue>

using namespace mlir;
using namespace mlir::dorefa;

Location Importer::getLoc(StringRef name) {
  MLIRContext *context = builder.getContext();
  Location file = NameLoc::get(StringAttr::get(context, path));
  return name.empty() ? file
                      : NameLoc::get(StringAttr::get(context, name), file);
}

InFlightDiagnostic Importer::emitError(StringRef name) {
  InFlightDiagnostic diag = mlir::emitError(getLoc(printable(name)));
  // What fails behind a first error is mostly its consequence.
  if (hasError)
    diag.abandon();
  hasError = true;
  return diag;
}

std::optional<Quantizer>
Importer::getDeclaredQuantizer(StringRef name, const Constant &constant) {
  auto declared = dataTypes.find(name);
  const auto *floats = std::get_if<std::vector<float>>(&constant.data);
  if (declared == dataTypes.end() || !floats)
    return std::nullopt;
  std::optional<Quantizer> quantizer = parseDataType(declared->second);
  if (!quantizer || !llvm::all_of(*floats, [&](float x) {
        return quantizer->apply(x, 0) == x;
      }))
    return std::nullopt;
  return quantizer;
}

FailureOr<Tensor> Importer::take(StringRef name, EmitError emitError) {
  bool last = --uses[name] == 0;
  auto found = table.find(name);
  if (found != table.end()) {
    Tensor tensor = last ? std::move(found->second) : found->second;
    if (last)
      table.erase(found);
    return tensor;
  }
  onnx::TensorProto *proto = initializers.lookup(name);
  if (!proto)
    return emitError()
           << "reads '" << printable(name)
           << "', which is neither an input, a constant nor the output "
              "of a node";
  FailureOr<Constant> constant = takeConstant(*proto, path, [&] {
    return this->emitError(name) << "tensor '" << printable(name) << "' ";
  });
  if (failed(constant))
    return failure();
  if (proto->data_location() == onnx::TensorProto::EXTERNAL)
    budget += 64 * constant->getNumElements();
  Tensor tensor;
  tensor.quantizer = getDeclaredQuantizer(name, *constant);
  tensor.constant = std::make_shared<Constant>(std::move(*constant));
  if (!last)
    table[name] = tensor;
  return tensor;
}

//===----------------------------------------------------------------------===//
// Graph
//===----------------------------------------------------------------------===//

namespace {

/// Imports the nodes of one graph, in an order in which operands come first.
class GraphImporter {
public:
  GraphImporter(onnx::ModelProto &model, Importer &importer)
      : model(model), graph(*model.mutable_graph()), importer(importer) {}

  OwningOpRef<ModuleOp> run();

private:
  LogicalResult checkModel();
  LogicalResult findProducers();
  LogicalResult orderNodes();
  void findLiveNodes();
  LogicalResult importInputs(func::FuncOp function);
  LogicalResult importNode(const onnx::NodeProto &proto);
  LogicalResult importOutputs(func::FuncOp function);

  onnx::ModelProto &model;
  onnx::GraphProto &graph;
  Importer &importer;
  ImportTable functions;
  /// Node that computes each name.
  llvm::StringMap<int> producers;
  std::vector<int> order;
  std::vector<bool> live;
};

} // namespace

LogicalResult GraphImporter::checkModel() {
  if (!model.has_graph())
    return importer.emitError("") << "has no graph, so it is not an ONNX model";
  // Files without the standard operators' version exist; all that matters here
  // is which defaults hold, and most such files are of this version.
  importer.opset = 13;
  for (const onnx::OperatorSetIdProto &opset : model.opset_import()) {
    if (!opset.domain().empty() && opset.domain() != "ai.onnx")
      continue;
    if (opset.version() < 1 || opset.version() > 1000)
      return importer.emitError("")
             << "asks for version " << opset.version()
             << " of the ONNX operators, which is not one";
    importer.opset = opset.version();
  }
  if (graph.output_size() == 0)
    return importer.emitError("") << "has a graph without outputs";
  return success();
}

LogicalResult GraphImporter::findProducers() {
  for (onnx::TensorProto &tensor : *graph.mutable_initializer())
    if (!importer.initializers.try_emplace(tensor.name(), &tensor).second)
      return importer.emitError(tensor.name())
             << "constant '" << printable(tensor.name())
             << "' is defined twice";
  for (const onnx::TensorAnnotation &annotation :
       graph.quantization_annotation())
    for (const auto &entry : annotation.quant_parameter_tensor_names())
      if (entry.key() == "finn_datatype")
        importer.dataTypes[annotation.tensor_name()] = entry.value();
  llvm::StringSet<> inputs;
  for (const onnx::ValueInfoProto &input : graph.input())
    if (!inputs.insert(input.name()).second)
      return importer.emitError(input.name())
             << "input '" << printable(input.name()) << "' is defined twice";
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string &name : graph.node(i).output()) {
      if (name.empty())
        continue;
      bool isNew = producers.try_emplace(name, i).second;
      if (!isNew || inputs.contains(name) || importer.initializers.count(name))
        return importer.emitError(name)
               << "tensor '" << printable(name)
               << "' is defined twice, the second time by a "
               << graph.node(i).op_type() << " node";
    }
  }
  return success();
}

LogicalResult GraphImporter::orderNodes() {
  int count = graph.node_size();
  std::vector<int> missing(count);
  std::vector<std::vector<int>> readers(count);
  for (int i = 0; i < count; ++i) {
    for (const std::string &name : graph.node(i).input()) {
      auto producer = producers.find(name);
      if (name.empty() || producer == producers.end())
        continue;
      ++missing[i];
      readers[producer->second].push_back(i);
    }
  }
  // The order of the file wherever it is one.
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int i = 0; i < count; ++i)
    if (missing[i] == 0)
      ready.push(i);
  while (!ready.empty()) {
    int node = ready.top();
    ready.pop();
    order.push_back(node);
    for (int reader : readers[node])
      if (--missing[reader] == 0)
        ready.push(reader);
  }
  if (static_cast<int>(order.size()) == count)
    return success();
  int node =
      llvm::find_if(missing, [](int n) { return n > 0; }) - missing.begin();
  return Node(importer, graph.node(node)).emitError()
         << "depends on its own output: the graph has a cycle";
}

void GraphImporter::findLiveNodes() {
  live.assign(graph.node_size(), false);
  auto use = [&](StringRef name) {
    if (name.empty())
      return;
    ++importer.uses[name];
    auto producer = producers.find(name);
    if (producer != producers.end())
      live[producer->second] = true;
  };
  for (const onnx::ValueInfoProto &output : graph.output())
    use(output.name());
  for (int node : llvm::reverse(order))
    if (live[node])
      for (const std::string &name : graph.node(node).input())
        use(name);
}

//===----------------------------------------------------------------------===//
// Inputs and outputs
//===----------------------------------------------------------------------===//

/// Shape of a graph input; a leading size that is a name or missing is the
/// batch.
static FailureOr<SmallVector<int64_t>>
getInputShape(const onnx::ValueInfoProto &input, EmitError emitError) {
  const onnx::TypeProto::Tensor &type = input.type().tensor_type();
  if (!input.type().has_tensor_type() || !type.has_shape())
    return emitError() << "has no tensor shape; export the model with shapes";
  if (type.elem_type() != onnx::TensorProto::FLOAT)
    return emitError() << "has element type number " << type.elem_type()
                       << " but must be float (1)";
  SmallVector<int64_t> shape;
  for (const auto &dim : type.shape().dim()) {
    if (dim.has_dim_value()) {
      if (dim.dim_value() < 1 || dim.dim_value() > kMaxElements)
        return emitError() << "has size " << dim.dim_value() << " in dimension "
                           << shape.size()
                           << " but sizes must be between 1 and "
                           << kMaxElements;
      shape.push_back(dim.dim_value());
    } else if (shape.empty()) {
      shape.push_back(ShapedType::kDynamic);
    } else {
      return emitError()
             << "has the symbolic size '" << printable(dim.dim_param())
             << "' in dimension " << shape.size()
             << " but only dimension 0, the batch, may be symbolic; "
                "export the model with fixed sizes";
    }
  }
  if (!countElements(shape))
    return emitError() << "has shape " << formatShape(shape)
                       << " but the rank must be at most " << kMaxRank
                       << " and the elements at most " << kMaxElements;
  return shape;
}

LogicalResult GraphImporter::importInputs(func::FuncOp function) {
  MLIRContext *context = importer.builder.getContext();
  Block *block = function.addEntryBlock();
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (importer.initializers.count(input.name()))
      continue;
    FailureOr<SmallVector<int64_t>> shape = getInputShape(input, [&] {
      return importer.emitError(input.name())
             << "input '" << printable(input.name()) << "' ";
    });
    if (failed(shape))
      return failure();
    auto type = RankedTensorType::get(*shape, importer.builder.getF32Type());
    auto name = StringAttr::get(context, input.name());
    unsigned index = function.getNumArguments();
    auto attrs = DictionaryAttr::get(
        context, NamedAttribute(StringAttr::get(context, "dorefa.name"), name));
    if (failed(function.insertArgument(index, type, attrs, NameLoc::get(name))))
      return failure();
    Tensor tensor;
    tensor.value = block->getArgument(index);
    tensor.perm = identityPerm(shape->size());
    importer.define(input.name(), std::move(tensor));
  }
  return success();
}

LogicalResult GraphImporter::importOutputs(func::FuncOp function) {
  OpBuilder &builder = importer.builder;
  MLIRContext *context = builder.getContext();
  SmallVector<Value> results;
  SmallVector<Attribute> attrs;
  for (const onnx::ValueInfoProto &output : graph.output()) {
    // The output reads its tensor as a node of its own would.
    onnx::NodeProto proto;
    proto.set_op_type("output");
    proto.set_name(output.name());
    proto.add_input(output.name());
    proto.add_output(output.name());
    Node node(importer, proto);
    if (output.name().empty())
      return importer.emitError("") << "has an output without a name";
    if (failed(node.readInputs()))
      return failure();
    FailureOr<Tensor> tensor = node.getAnyValue(0);
    if (failed(tensor))
      return failure();
    FailureOr<Value> value = toFileOrder(node, *tensor);
    if (failed(value))
      return failure();
    results.push_back(*value);
    attrs.push_back(DictionaryAttr::get(
        context, NamedAttribute(StringAttr::get(context, "dorefa.name"),
                                StringAttr::get(context, output.name()))));
  }
  func::ReturnOp::create(builder, function.getLoc(), results);
  function.setFunctionType(builder.getFunctionType(
      function.getFunctionType().getInputs(), ValueRange(results).getTypes()));
  function.setAllResultAttrs(attrs);
  return success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// The name under which an operator is registered, empty for unknown domains.
/// The QONNX operators have lived in many domains; their names do not clash.
static std::string getKey(const onnx::NodeProto &proto) {
  StringRef domain = proto.domain();
  if (domain == "qonnx.custom_op.channels_last")
    return "channels_last." + proto.op_type();
  static constexpr StringLiteral known[] = {"",
                                            "ai.onnx",
                                            "qonnx",
                                            "qonnx.custom_op.general",
                                            "finn",
                                            "finn.custom_op.general",
                                            "onnx.brevitas"};
  return llvm::is_contained(known, domain) ? proto.op_type() : std::string();
}

LogicalResult GraphImporter::importNode(const onnx::NodeProto &proto) {
  Node node(importer, proto);
  for (const onnx::AttributeProto &attribute : proto.attribute())
    if (attribute.has_g() || attribute.graphs_size())
      return node.emitError()
             << "has a subgraph in attribute '" << printable(attribute.name())
             << "'; control flow is not supported";
  if (failed(node.readInputs()))
    return failure();
  auto function = functions.find(getKey(proto));
  if (function != functions.end()) {
    FailureOr<bool> folded = foldNode(node);
    if (failed(folded))
      return failure();
    return *folded ? success() : function->second(node);
  }
  SmallVector<StringRef> names(functions.keys());
  llvm::sort(names);
  InFlightDiagnostic diag = node.emitError() << "is not supported";
  if (!proto.domain().empty())
    diag << " in domain '" << printable(proto.domain()) << "'";
  return diag << "; supported are " << llvm::join(names, ", ");
}

OwningOpRef<ModuleOp> GraphImporter::run() {
  registerElementwise(functions);
  registerHeads(functions);
  registerLayers(functions);
  registerPools(functions);
  registerQuantizers(functions);
  registerShapes(functions);
  if (failed(checkModel()) || failed(findProducers()) || failed(orderNodes()))
    return {};
  findLiveNodes();
  OpBuilder &builder = importer.builder;
  OwningOpRef<ModuleOp> module = ModuleOp::create(importer.getLoc(""));
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, module->getLoc(), "main",
                                       builder.getFunctionType({}, {}));
  if (failed(importInputs(function)))
    return {};
  builder.setInsertionPointToEnd(&function.getBody().front());
  for (int node : order)
    if (live[node] && failed(importNode(graph.node(node))))
      return {};
  if (failed(importOutputs(function)) || failed(verify(*module)))
    return {};
  return module;
}

OwningOpRef<ModuleOp> dorefa::importOnnx(StringRef path, MLIRContext &context) {
  context.loadDialect<arith::ArithDialect, DoReFaDialect, func::FuncDialect,
                      linalg::LinalgDialect, tensor::TensorDialect>();
  Importer importer(path, context);
  int64_t size = 0;
  std::unique_ptr<onnx::ModelProto> model =
      parseOnnxFile(path, size, [&] { return importer.emitError(""); });
  if (!model)
    return {};
  // 64 times as many elements as would fit the file, as for external data:
  // weights pass through a few nodes each, and are shared now and then.
  importer.budget = kMaxFoldedElements + 16 * size;
  return GraphImporter(*model, importer).run();
}
