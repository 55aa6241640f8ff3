//===- Interpreter.cpp - The reference interpreter ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frame.h"
#include "dorefa/Dialect/DoReFa/DoReFa.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::dorefa;
using namespace mlir::dorefa::interpreter;
using runtime::NpyElementType;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

std::optional<NpyElementType> dorefa::getTensorElementType(Type type) {
  if (isa<CodeType>(type))
    return NpyElementType::U8;
  if (type.isF32())
    return NpyElementType::F32;
  if (type.isF64())
    return NpyElementType::F64;
  if (type.isIndex())
    return NpyElementType::I64;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return NpyElementType::Bool;
  case 8:
    return isUnsigned ? NpyElementType::U8 : NpyElementType::I8;
  case 16:
    return isUnsigned ? NpyElementType::U16 : NpyElementType::I16;
  case 32:
    return isUnsigned ? NpyElementType::U32 : NpyElementType::I32;
  case 64:
    return isUnsigned ? NpyElementType::U64 : NpyElementType::I64;
  default:
    return std::nullopt;
  }
}

/// The shape that a type asks for; scalars have rank 0.
static ArrayRef<int64_t> getTypeShape(Type type) {
  auto shaped = dyn_cast<RankedTensorType>(type);
  return shaped ? shaped.getShape() : ArrayRef<int64_t>();
}

/// Whether the interpreter has values of this type. Verifiers compare static
/// sizes: with one dynamic size, the batch, shapes that fit their types also
/// fit each other.
static bool isSupported(Type type) {
  if (!getTensorElementType(getElementTypeOrSelf(type)))
    return false;
  if (!isa<ShapedType>(type))
    return true;
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor &&
         (tensor.getRank() == 0 ||
          !llvm::any_of(tensor.getShape().drop_front(), ShapedType::isDynamic));
}

/// Whether a value of this shape may have this type.
static bool fitsType(ArrayRef<int64_t> shape, Type type) {
  ArrayRef<int64_t> required = getTypeShape(type);
  if (shape.size() != required.size())
    return false;
  for (auto [size, requiredSize] : llvm::zip_equal(shape, required))
    if (size != requiredSize && !ShapedType::isDynamic(requiredSize))
      return false;
  return true;
}

Tensor *Frame::allocate(Value result, ArrayRef<int64_t> shape) {
  Operation *op = result.getDefiningOp();
  std::optional<NpyElementType> type =
      getTensorElementType(getElementTypeOrSelf(result));
  if (!isSupported(result.getType())) {
    op->emitOpError() << "has a result of type " << result.getType()
                      << " but the interpreter runs on tensors of f32, f64, "
                         "integers and codes whose first size alone is dynamic";
    return nullptr;
  }
  if (!fitsType(shape, result.getType())) {
    op->emitOpError() << "computes a tensor of shape ["
                      << llvm::make_range(shape.begin(), shape.end())
                      << "] but its type is " << result.getType();
    return nullptr;
  }
  auto tensor = Tensor::allocate(*type, shape.vec());
  if (!tensor) {
    op->emitOpError() << "needs too much memory: "
                      << tensor.takeError().message();
    return nullptr;
  }
  values.erase(result);
  return &values.try_emplace(result, std::move(*tensor)).first->second;
}

LogicalResult Frame::copy(Value result, Value source, ArrayRef<int64_t> shape) {
  Tensor *tensor = allocate(result, shape);
  if (!tensor)
    return failure();
  const Tensor &from = get(source);
  if (tensor->bytes.size() != from.bytes.size())
    return result.getDefiningOp()->emitOpError()
           << "turns " << from.getNumElements() << " elements into "
           << tensor->getNumElements();
  std::memcpy(tensor->bytes.data(), from.bytes.data(), from.bytes.size());
  return success();
}

SmallVector<int64_t> interpreter::resolveShape(Value result, int64_t batch) {
  SmallVector<int64_t> shape(cast<ShapedType>(result.getType()).getShape());
  for (int64_t &size : shape)
    if (ShapedType::isDynamic(size))
      size = batch;
  return shape;
}

LogicalResult interpreter::checkRange(Operation *layer,
                                      std::optional<ArrayRef<int64_t>> range,
                                      ArrayRef<int32_t> accumulators) {
  if (!range)
    return success();
  for (int32_t accumulator : accumulators)
    if (accumulator < range->front() || accumulator > range->back())
      return layer->emitOpError()
             << "has an accumulator of " << accumulator << " but its range is ["
             << range->front() << ", " << range->back() << "]";
  return success();
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

/// The values of `block` that no operation after the key reads.
static DenseMap<Operation *, SmallVector<Value>> findLastUses(Block &block) {
  DenseMap<Value, Operation *> lastUser;
  for (Operation &op : block) {
    for (Value result : op.getResults())
      lastUser[result] = &op;
    op.walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (operand.getParentBlock() == &block)
          lastUser[operand] = &op;
    });
  }
  DenseMap<Operation *, SmallVector<Value>> dying;
  for (auto [value, op] : lastUser)
    dying[op].push_back(value);
  return dying;
}

static LogicalResult runOp(Operation *op, Frame &frame) {
  for (auto run : {runDoReFaOp, runBitPlaneOp, runBPAOp, runUpstreamOp})
    if (std::optional<LogicalResult> result = run(op, frame))
      return *result;
  return op->emitOpError()
         << "is not supported by the interpreter; supported are "
            "the operations of dorefa and bitplane on tensors, bpa.launch, "
         << getUpstreamOpNames();
}

/// Checks the inputs against the arguments of `function` and makes them values.
static LogicalResult bindInputs(func::FuncOp function,
                                std::vector<Tensor> inputs, Frame &frame) {
  if (inputs.size() != function.getNumArguments())
    return function.emitError()
           << "got " << inputs.size() << " inputs but @" << function.getName()
           << " has " << function.getNumArguments() << " arguments";
  for (auto [argument, input] :
       llvm::zip_equal(function.getArguments(), inputs)) {
    Type type = argument.getType();
    if (!isSupported(type) ||
        getTensorElementType(getElementTypeOrSelf(type)) != input.elementType ||
        !fitsType(input.shape, type))
      return function.emitError()
             << "input " << argument.getArgNumber() << " is "
             << runtime::toString(input.elementType, input.shape)
             << " but must be " << type;
    frame.set(argument, std::move(input));
  }
  return success();
}

/// Copies what the function returns.
static LogicalResult takeOutputs(Operation *returnOp, const Frame &frame,
                                 std::vector<Tensor> &outputs) {
  for (Value value : returnOp->getOperands()) {
    const Tensor &source = frame.get(value);
    auto output = Tensor::allocate(source.elementType, source.shape);
    if (!output)
      return returnOp->emitOpError()
             << "needs too much memory: " << output.takeError().message();
    std::memcpy(output->bytes.data(), source.bytes.data(), source.bytes.size());
    outputs.push_back(std::move(*output));
  }
  return success();
}

LogicalResult dorefa::interpret(ModuleOp module, std::vector<Tensor> inputs,
                                std::vector<Tensor> &outputs, TraceFn trace) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || !function.getBody().hasOneBlock())
    return module.emitError()
           << "has no function @main with one block, which the "
              "interpreter would run";
  Frame frame;
  if (failed(bindInputs(function, std::move(inputs), frame)))
    return failure();
  Block &block = function.getBody().front();
  DenseMap<Operation *, SmallVector<Value>> lastUses = findLastUses(block);
  for (Operation &op : block.without_terminator()) {
    if (failed(runOp(&op, frame)))
      return failure();
    for (OpResult result : op.getResults())
      if (trace)
        trace(result, frame.get(result));
    for (Value value : lastUses[&op])
      frame.free(value);
  }
  return takeOutputs(block.getTerminator(), frame, outputs);
}
