//===- HostProgram.cpp - What the host does, as a list --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostProgram.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::dorefa;

using Size = dorefa_gpu_size;

static constexpr uint64_t kConstantAlignment = 256;
/// Of a grid, as all devices have it.
static constexpr int64_t kMostRows = 65535;
/// Of a block, more than any device has.
static constexpr int64_t kMostSharedBytes = 1 << 20;

static std::optional<Size> evaluate(Value value);

/// The first size of `buffer` as a function of the batch, which is that of any
/// argument. Sizes behind it are static.
static std::optional<Size> evaluateRows(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(0))
    return Size{0, type.getDimSize(0)};
  Operation *op = buffer.getDefiningOp();
  if (!op)
    return Size{1, 0};
  if (auto view = dyn_cast<memref::ViewOp>(op))
    return evaluate(view.getSizes().front());
  if (auto view = dyn_cast<memref::SubViewOp>(op))
    return evaluate(view.getDynamicSize(0));
  if (!isa<memref::CastOp, memref::CollapseShapeOp, memref::ExpandShapeOp>(op))
    return std::nullopt;
  // Elements stay, so rows are as many as these have less of them.
  auto source = cast<MemRefType>(op->getOperand(0).getType());
  auto elementsOf = [](MemRefType shape) {
    return llvm::product_of(shape.getShape().drop_front());
  };
  std::optional<Size> rows = evaluateRows(op->getOperand(0));
  if (!rows || rows->per_sample * elementsOf(source) % elementsOf(type))
    return std::nullopt;
  return Size{rows->per_sample * elementsOf(source) / elementsOf(type), rows->fixed};
}

/// `value` as a function of the batch.
static std::optional<Size> evaluate(Value value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return Size{0, *constant};
  Operation *op = value.getDefiningOp();
  if (auto dim = dyn_cast_or_null<memref::DimOp>(op))
    if (dim.getConstantIndex() == 0)
      return evaluateRows(dim.getSource());
  if (!isa_and_nonnull<arith::AddIOp, arith::MulIOp>(op))
    return std::nullopt;
  std::optional<Size> x = evaluate(op->getOperand(0)), y = evaluate(op->getOperand(1));
  if (!x || !y)
    return std::nullopt;
  if (isa<arith::AddIOp>(op))
    return Size{x->per_sample + y->per_sample, x->fixed + y->fixed};
  if (x->per_sample && y->per_sample)
    return std::nullopt;
  return Size{x->per_sample * y->fixed + x->fixed * y->per_sample,
              x->fixed * y->fixed};
}

namespace {

class HostReader {
public:
  HostReader(ModuleOp module, const Signature &signature)
      : module(module), signature(signature) {}

  FailureOr<HostProgram> read() {
    auto main = module.lookupSymbol<func::FuncOp>("main");
    size_t numArguments = signature.inputs.size() + signature.outputs.size() + 2;
    if (!main || main.isExternal() || main.getNumArguments() != numArguments)
      return emitError(module.getLoc())
             << "module must have a function @main with " << numArguments
             << " arguments: run all phases up to nvvm first";
    for (const TensorInfo &info :
         llvm::concat<const TensorInfo>(signature.inputs, signature.outputs))
      program.tensors.push_back(sizeOf(info.type));
    for (Operation &op : main.front())
      if (failed(readOperation(op)))
        return failure();
    return std::move(program);
  }

private:
  static Size sizeOf(RankedTensorType type) {
    int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    bool hasBatch = false;
    for (int64_t size : type.getShape()) {
      hasBatch |= ShapedType::isDynamic(size);
      bytes *= ShapedType::isDynamic(size) ? 1 : size;
    }
    return hasBatch ? Size{bytes, 0} : Size{0, bytes};
  }

  LogicalResult readOperation(Operation &op) {
    if (auto launch = dyn_cast<gpu::LaunchFuncOp>(op))
      return readLaunch(launch);
    if (auto call = dyn_cast<func::CallOp>(op); call && call.getCallee() == "dorefa_notify")
      return readEvent(call);
    if (isPure(&op) || isa<func::ReturnOp, memref::GetGlobalOp>(op))
      return success();
    return op.emitOpError("would run on the host, which a model for a GPU does not do");
  }

  LogicalResult readEvent(func::CallOp call) {
    std::optional<int64_t> layer = getConstantIntValue(call.getOperand(1)),
                           event = getConstantIntValue(call.getOperand(2));
    if (!layer || !event)
      return call.emitOpError("must tell of a constant layer and event");
    HostStep step{*event == DOREFA_LAYER_BEGINS ? DOREFA_GPU_LAYER_BEGINS
                                                : DOREFA_GPU_LAYER_ENDS};
    step.number = *layer;
    program.steps.push_back(step);
    return success();
  }

  /// Number of blocks: a constant, or the work of a batch by that of a block.
  static LogicalResult readGrid(gpu::LaunchFuncOp launch, HostStep &step) {
    Value blocks = launch.getGridSizeX();
    std::optional<Size> size = evaluate(blocks);
    if (auto division = blocks.getDefiningOp<arith::CeilDivUIOp>(); division && !size) {
      size = evaluate(division.getLhs());
      step.divisor = getConstantIntValue(division.getRhs()).value_or(0);
    }
    auto isOne = [](Value value) { return getConstantIntValue(value) == 1; };
    std::optional<int64_t> threads = getConstantIntValue(launch.getBlockSizeX()),
                           rows = getConstantIntValue(launch.getGridSizeY());
    if (!size || step.divisor < 1 || !threads || !rows || *rows > kMostRows ||
        !isOne(launch.getGridSizeZ()) || !isOne(launch.getBlockSizeY()) ||
        !isOne(launch.getBlockSizeZ()))
      return launch.emitOpError("must have blocks of constant size in one dimension, as "
                                "many as the batch says, in rows of a constant number");
    step.work = *size;
    step.rows = *rows;
    step.blockSize = *threads;
    return readSharedMemory(launch, step);
  }

  static LogicalResult readSharedMemory(gpu::LaunchFuncOp launch, HostStep &step) {
    Value size = launch.getDynamicSharedMemorySize();
    if (!size)
      return success();
    std::optional<int64_t> bytes = getConstantIntValue(size);
    if (!bytes || *bytes < 0 || *bytes > kMostSharedBytes)
      return launch.emitOpError("must have a constant number of bytes of shared memory");
    step.sharedBytes = *bytes;
    return success();
  }

  LogicalResult readLaunch(gpu::LaunchFuncOp launch) {
    HostStep step{DOREFA_GPU_LAUNCH};
    step.number = program.kernels.size();
    program.kernels.push_back(launch.getKernelName().str());
    if (failed(readGrid(launch, step)))
      return failure();
    for (Value operand : launch.getKernelOperands()) {
      std::optional<dorefa_gpu_argument> argument = describe(operand);
      if (!argument)
        return launch.emitOpError("has an argument of ")
               << operand.getType()
               << " that is not the batch, the workspace, an input, an output or a "
                  "constant";
      step.arguments.push_back(*argument);
    }
    program.steps.push_back(std::move(step));
    return success();
  }

  std::optional<dorefa_gpu_argument> describe(Value operand) {
    if (operand.getType().isIndex()) {
      std::optional<Size> size = evaluate(operand);
      if (size && size->fixed == 0)
        return dorefa_gpu_argument{DOREFA_GPU_BATCH, size->per_sample};
      return std::nullopt;
    }
    while (auto cast = operand.getDefiningOp<memref::ReinterpretCastOp>())
      operand = cast.getSource();
    if (auto argument = dyn_cast<BlockArgument>(operand))
      return describeArgument(argument.getArgNumber());
    if (auto get = operand.getDefiningOp<memref::GetGlobalOp>())
      return describeConstant(get.getName());
    return std::nullopt;
  }

  std::optional<dorefa_gpu_argument> describeArgument(int64_t number) {
    int64_t numInputs = signature.inputs.size(), numOutputs = signature.outputs.size();
    if (number < numInputs)
      return dorefa_gpu_argument{DOREFA_GPU_INPUT, number};
    if (number < numInputs + numOutputs)
      return dorefa_gpu_argument{DOREFA_GPU_OUTPUT, number - numInputs};
    if (number == numInputs + numOutputs)
      return dorefa_gpu_argument{DOREFA_GPU_WORKSPACE, 0};
    return std::nullopt;
  }

  std::optional<dorefa_gpu_argument> describeConstant(StringRef name) {
    auto [entry, isNew] = offsets.try_emplace(name, 0);
    if (isNew) {
      auto global = module.lookupSymbol<memref::GlobalOp>(name);
      auto value = global ? dyn_cast_or_null<ElementsAttr>(
                                global.getInitialValue().value_or(Attribute()))
                          : ElementsAttr();
      if (!value || !appendConstant(value, entry->second))
        return std::nullopt;
    }
    return dorefa_gpu_argument{DOREFA_GPU_CONSTANT, entry->second};
  }

  bool appendConstant(ElementsAttr value, int64_t &offset) {
    size_t size = llvm::divideCeil(value.getShapedType().getElementTypeBitWidth(), 8);
    std::optional<ArrayRef<char>> raw = getRawElements(value, size);
    if (!raw)
      return false;
    std::string &bytes = program.constants;
    bytes.resize(llvm::alignTo(bytes.size(), kConstantAlignment));
    offset = bytes.size();
    size_t repeats = value.isSplat() ? value.getNumElements() : 1;
    for (size_t i = 0; i < repeats; ++i)
      bytes.append(raw->begin(), raw->end());
    return true;
  }

  ModuleOp module;
  const Signature &signature;
  HostProgram program;
  /// Places of the constants.
  llvm::StringMap<int64_t> offsets;
};

} // namespace

FailureOr<HostProgram> dorefa::readHostProgram(ModuleOp module,
                                               const Signature &signature) {
  return HostReader(module, signature).read();
}
