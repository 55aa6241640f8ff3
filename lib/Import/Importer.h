//===- Importer.h - From ONNX nodes to operations ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout: the importer holds feature maps channels-last although most files
// have them channels-first. Every tensor of the file is a value plus the
// permutation that leads from the file's dimensions to the value's. Elementwise
// operations keep the permutation; operations that need a certain order ask for
// it and get a transposition only where data has to move.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_IMPORT_IMPORTER_H
#define DOREFA_LIB_IMPORT_IMPORTER_H

#include "Constant.h"
#include "OnnxFile.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

#include <memory>

namespace onnx {
class AttributeProto;
class NodeProto;
} // namespace onnx

namespace mlir::dorefa {

/// A quantizer of QONNX with constant parameters.
struct Quantizer {
  /// True for BipolarQuant, whose level is the sign; the rest is unused then.
  bool sign = false;
  unsigned bits = 1;
  bool isSigned = true;
  bool narrow = false;
  Rounding rounding = Rounding::HalfEven;
  float zeroPoint = 0;
  /// One value, or one per index of dimension `axis` of the file's tensor.
  std::vector<double> scale;
  int64_t axis = 0;

  int64_t getMinLevel() const;
  int64_t getMaxLevel() const;
  /// What `x`, with dimension `axis` at `channel`, is quantized to.
  float apply(float x, int64_t channel) const;
};

/// The quantizer that leaves every value of a data type of FINN (`INT2`,
/// `BIPOLAR`) as it is; nullopt for types that no code holds.
std::optional<Quantizer> parseDataType(StringRef name);

/// What a name of the file stands for: a constant, or a value of the program.
struct Tensor {
  std::shared_ptr<Constant> constant;
  /// Quantizer of a constant, not yet applied: a weight keeps it as operation.
  std::optional<Quantizer> quantizer;

  Value value;
  /// Dimension of `value` that holds dimension i of the file.
  SmallVector<int64_t> perm;
  /// The file has all dimensions but the first flattened into one, in its own
  /// order; `value` is still unflattened, so that no data moves in front of a
  /// layer whose weights can be permuted instead.
  bool flattened = false;

  /// Shape in the file, before and after flattening.
  SmallVector<int64_t> getViewShape() const;
  SmallVector<int64_t> getShape() const;
  int64_t getRank() const { return getShape().size(); }
  Type getElementType() const;
};

class Importer;

/// One node of the file: its operands, attributes, and errors about it.
class Node {
public:
  Node(Importer &importer, const onnx::NodeProto &proto);

  StringRef getOpType() const;
  /// Whether the node is of the domain whose feature maps are N x H x W x C.
  bool isChannelsLast() const;
  /// Version of the standard operators that the file uses.
  int64_t getOpset() const;
  OpBuilder &getBuilder() const;
  Importer &getImporter() const { return importer; }

  //===--- Errors ---------------------------------------------------------===//

  /// Error at the node; the message continues "node 'x' (Conv) ".
  InFlightDiagnostic emitError() const;
  /// The same for an attribute: "node 'x' (Conv) attribute 'pads' ".
  InFlightDiagnostic emitAttrError(StringRef attribute) const;

  //===--- Attributes; a default where the file has none
  //-------------------===//

  bool hasAttr(StringRef name) const;
  FailureOr<int64_t> getInt(StringRef name,
                            std::optional<int64_t> byDefault) const;
  FailureOr<float> getFloat(StringRef name,
                            std::optional<float> byDefault) const;
  FailureOr<std::string> getString(StringRef name, StringRef byDefault) const;
  FailureOr<SmallVector<int64_t>> getInts(StringRef name,
                                          ArrayRef<int64_t> byDefault) const;
  /// Refuses every value of an integer attribute but one.
  LogicalResult requireInt(StringRef name, int64_t required) const;
  /// The tensor or number that a Constant node holds.
  FailureOr<Constant> getConstantAttr() const;

  //===--- Operands
  //--------------------------------------------------------===//

  unsigned getNumInputs() const { return inputs.size(); }
  bool hasInput(unsigned index) const;
  StringRef getInputName(unsigned index) const;
  /// Checks the number of operands; the first `min` must be there.
  LogicalResult checkInputs(unsigned min, unsigned max) const;
  /// Counts `elements` of constants that are read or made against what a file
  /// of this size may ask for: a small file must not fill the memory.
  LogicalResult charge(int64_t elements) const;
  /// Reads all operands from the importer's table.
  LogicalResult readInputs();
  Tensor &getInput(unsigned index) { return inputs[index]; }
  /// Operand that must be known at import, its quantizer applied, finite.
  FailureOr<Constant> takeConstant(unsigned index, StringRef what,
                                   bool allowInfinity = false);
  /// The same as float32, as integers.
  FailureOr<std::vector<float>> takeFloats(unsigned index, StringRef what,
                                           int64_t count);
  FailureOr<SmallVector<int64_t>> takeInts(unsigned index, StringRef what,
                                           bool allowBatch = false);
  /// Axes or sizes that are an attribute in old and operand `index` in new
  /// files.
  FailureOr<std::optional<SmallVector<int64_t>>> takeIntsOrAttr(unsigned index,
                                                                StringRef name);
  /// Operand as a float value of the program; a constant becomes an operation.
  FailureOr<Tensor> getFloatValue(unsigned index);
  /// Operand of any element type as a value.
  FailureOr<Tensor> getAnyValue(unsigned index);

  //===--- Results
  //---------------------------------------------------------===//

  unsigned getNumOutputs() const;
  StringRef getOutputName(unsigned index = 0) const;
  bool isUsed(unsigned output) const;
  LogicalResult setOutput(Tensor tensor, unsigned index = 0);
  LogicalResult setOutput(Constant constant, unsigned index = 0);

  /// Location that names output `index`; with `part` an operation on the way to
  /// it.
  Location getLoc(ArrayRef<int64_t> perm, StringRef part = {},
                  unsigned index = 0) const;
  /// Tensor type of sizes that are checked against the limits.
  FailureOr<RankedTensorType> getType(ArrayRef<int64_t> shape,
                                      Type elementType) const;
  /// Axis counted from the front.
  FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank) const;

private:
  const onnx::AttributeProto *find(StringRef name) const;

  Importer &importer;
  const onnx::NodeProto &proto;
  SmallVector<Tensor> inputs;
};

/// Imports one kind of node.
using ImportFunction = LogicalResult (*)(Node &);
using ImportTable = llvm::StringMap<ImportFunction>;

void registerElementwise(ImportTable &table);
void registerHeads(ImportTable &table);
void registerLayers(ImportTable &table);
void registerPools(ImportTable &table);
void registerQuantizers(ImportTable &table);
void registerShapes(ImportTable &table);

/// Evaluates a node on constants (or the shape of a value). Returns false where
/// the node is not of that kind and must become operations.
FailureOr<bool> foldNode(Node &node);

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

/// 0, 1, 2, ...
SmallVector<int64_t> identityPerm(int64_t rank);
/// 0, rank - 1, 1, 2, ...: where the file's dimensions lie channels-last.
SmallVector<int64_t> channelsLastPerm(int64_t rank);

/// The value with dimension i of the file at dimension `perm[i]`, flattened if
/// the tensor is.
FailureOr<Value> toLayout(const Node &node, const Tensor &tensor,
                          ArrayRef<int64_t> perm);
/// The value in the order of the file.
FailureOr<Value> toFileOrder(const Node &node, const Tensor &tensor);
/// The tensor in the file's order or channels-last, whichever it is closer to.
FailureOr<Tensor> toCanonical(const Node &node, const Tensor &tensor);
/// `value` with another shape of as many elements in row-major order.
FailureOr<Value> reshape(const Node &node, Value value, ArrayRef<int64_t> shape,
                         Location loc);
/// The tensor whose file dimension i is dimension `perm[i]` of `tensor`; no
/// data moves.
FailureOr<Tensor> transposeView(const Node &node, const Tensor &tensor,
                                ArrayRef<int64_t> perm);
/// Adds or removes file dimensions of size 1; sorted axes of the larger shape.
FailureOr<Tensor> unsqueeze(const Node &node, const Tensor &tensor,
                            ArrayRef<int64_t> axes);
FailureOr<Tensor> squeeze(const Node &node, const Tensor &tensor,
                          ArrayRef<int64_t> axes);
/// A constant that broadcasts to the file's tensor, arranged to broadcast to
/// its value.
Constant arrangeLike(Constant constant, const Tensor &tensor);

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

/// A float constant of the program.
Value emitFloats(const Node &node, Constant constant, StringRef name);
/// A number of the program.
Value emitNumber(const Node &node, float number);
FailureOr<Value> emitBinary(const Node &node, BinaryKind kind, Value lhs,
                            Value rhs, Location loc);
Value emitUnary(const Node &node, UnaryKind kind, Value input, Location loc);
/// Quantizes and dequantizes `input`; `axis` is the value's.
FailureOr<Value> emitQuantizer(const Node &node, Value input,
                               const Quantizer &quantizer, int64_t axis,
                               Location loc);
/// Rounds `input` by float operations.
FailureOr<Value> emitRounding(const Node &node, Rounding mode, Value input,
                              ArrayRef<int64_t> perm);
/// Weights of a layer, given in the order of the file, in the order `perm` and,
/// where they are quantized, behind their quantizer.
FailureOr<Value> emitWeights(Node &node, unsigned index, Tensor weights,
                             ArrayRef<int64_t> perm);
/// Applies a pending quantizer of a constant to its elements.
void applyQuantizer(Tensor &tensor);

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// Window of a convolution or pool over two dimensions.
struct Window {
  SmallVector<int64_t> kernel, strides, dilations, pads, result;
};

/// Reads the attributes of the window over `sizes` (one or two spatial sizes of
/// the file; one becomes two). `kernel` is that of the weights, empty for a
/// pool.
FailureOr<Window> readWindow(const Node &node, ArrayRef<int64_t> sizes,
                             ArrayRef<int64_t> kernel);
/// The feature map `N x C x H x W` (views of the file), with a dimension
/// inserted for one-dimensional ones; errors for other ranks.
FailureOr<Tensor> getFeatureMap(Node &node, unsigned index);
/// Makes `value` (N x H x W x C) the output, in the file's rank and order.
LogicalResult setFeatureMap(Node &node, Value value, int64_t rank);

//===----------------------------------------------------------------------===//
// The importer
//===----------------------------------------------------------------------===//

/// Names of the file and what has become of them so far.
class Importer {
public:
  Importer(StringRef path, MLIRContext &context)
      : path(path), builder(&context) {}

  /// Location of a name of the file.
  Location getLoc(StringRef name);
  /// Error at a name of the file; only the first one is shown.
  InFlightDiagnostic emitError(StringRef name);
  /// The quantizer that the file declares for a constant, if its values agree.
  std::optional<Quantizer> getDeclaredQuantizer(StringRef name,
                                                const Constant &constant);

  /// What `name` stands for; counts one use less. Null where it is undefined.
  FailureOr<Tensor> take(StringRef name, EmitError emitError);
  void define(StringRef name, Tensor tensor) {
    table[name] = std::move(tensor);
  }

  std::string path;
  OpBuilder builder;
  int64_t opset = 0;
  /// Elements of constants that may still be read or made.
  int64_t budget = 0;
  llvm::StringMap<onnx::TensorProto *> initializers;
  /// Data types that FINN declares for constants.
  llvm::StringMap<std::string> dataTypes;
  /// How often each name is still read.
  llvm::StringMap<int64_t> uses;
  llvm::StringMap<Tensor> table;

private:
  bool hasError = false;
};

} // namespace mlir::dorefa

#endif // DOREFA_LIB_IMPORT_IMPORTER_H
