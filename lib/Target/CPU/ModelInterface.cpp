//===- ModelInterface.cpp - The functions of dorefa-c/Model.h -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelInterface.h"
#include "CPUFeatures.h"
#include "dorefa-c/Model.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"

#include <limits>

using namespace llvm;
using namespace mlir::dorefa;
using mlir::failed;

namespace {

/// What writing functions takes.
class FunctionBuilder {
protected:
  explicit FunctionBuilder(Module &module)
      : module(module), b(module.getContext()), i32(b.getInt32Ty()),
        i64(b.getInt64Ty()), ptr(b.getPtrTy()) {}

  /// An internal function; the builder stands in its first block.
  Function *startFunction(StringRef name, Type *result,
                          ArrayRef<Type *> arguments) {
    auto *function =
        Function::Create(FunctionType::get(result, arguments, false),
                         GlobalValue::InternalLinkage, name, module);
    function->addFnAttr(Attribute::NoUnwind);
    b.SetInsertPoint(
        BasicBlock::Create(module.getContext(), "entry", function));
    return function;
  }

  /// Returns `status` where `bad` holds and goes on elsewhere.
  void returnIf(Value *bad, int64_t status) {
    Function *function = b.GetInsertBlock()->getParent();
    BasicBlock *stop =
        BasicBlock::Create(module.getContext(), "stop", function);
    BasicBlock *next =
        BasicBlock::Create(module.getContext(), "next", function);
    b.CreateCondBr(bad, stop, next);
    b.SetInsertPoint(stop);
    b.CreateRet(ConstantInt::get(function->getReturnType(), status));
    b.SetInsertPoint(next);
  }

  Module &module;
  IRBuilder<> b;
  IntegerType *i32, *i64;
  PointerType *ptr;
};

/// The record of a network.
class RecordBuilder : protected FunctionBuilder {
protected:
  RecordBuilder(Module &module, const Signature &signature)
      : FunctionBuilder(module), signature(signature) {}

  GlobalVariable *createConstant(Constant *value, StringRef name) {
    return new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                              GlobalValue::InternalLinkage, value, name);
  }

  Constant *createString(StringRef text) {
    return createConstant(
        ConstantDataArray::getString(module.getContext(), text), "text");
  }

  static int32_t getElementType(mlir::Type type) {
    if (type.isF32())
      return DOREFA_F32;
    if (type.isInteger(8))
      return type.isUnsignedInteger() ? DOREFA_U8 : DOREFA_I8;
    return type.isInteger(32) ? DOREFA_I32 : DOREFA_I64;
  }

  /// An array of `dorefa_tensor_info`.
  Constant *createTensorInfos(ArrayRef<TensorInfo> tensors, StringRef name) {
    auto *dimsType = ArrayType::get(i64, DOREFA_MAX_RANK);
    auto *infoType = StructType::get(ptr, i32, i32, dimsType);
    SmallVector<Constant *> infos;
    for (const TensorInfo &tensor : tensors) {
      SmallVector<Constant *> dims;
      for (int64_t size : tensor.type.getShape())
        dims.push_back(
            b.getInt64(mlir::ShapedType::isDynamic(size) ? -1 : size));
      dims.resize(DOREFA_MAX_RANK, b.getInt64(0));
      infos.push_back(ConstantStruct::get(
          infoType, {createString(tensor.name),
                     b.getInt32(getElementType(tensor.type.getElementType())),
                     b.getInt32(tensor.type.getRank()),
                     ConstantArray::get(dimsType, dims)}));
    }
    return createConstant(
        ConstantArray::get(ArrayType::get(infoType, infos.size()), infos),
        name);
  }

  /// An array of `dorefa_layer_info`.
  Constant *createLayerInfos() {
    auto *infoType = StructType::get(ptr, ptr, ptr, i64, i64);
    SmallVector<Constant *> infos;
    for (const LayerInfo &layer : signature.layers)
      infos.push_back(ConstantStruct::get(
          infoType,
          {createString(layer.name), createString(layer.operation),
           createString(layer.kernel), b.getInt64(layer.macs),
           b.getInt64(layer.predictedNanoseconds)}));
    return createConstant(
        ConstantArray::get(ArrayType::get(infoType, infos.size()), infos),
        "layers");
  }

  /// The `dorefa_model`, hidden; its last functions are null on the processor.
  void createRecord(StringRef name, StringRef target, bool usesOpenMP,
                    const DeviceFunctions &functions) {
    auto *type = StructType::get(i32, i32, i32, i32, i32, i32, ptr, ptr, ptr, ptr, ptr,
                                 ptr, ptr, ptr, ptr, ptr);
    auto orNull = [&](Function *function) -> Constant * {
      return function ? static_cast<Constant *>(function)
                      : ConstantPointerNull::get(ptr);
    };
    GlobalVariable *model = createConstant(
        ConstantStruct::get(
            type, {b.getInt32(DOREFA_MODEL_ABI_VERSION),
                   b.getInt32(signature.inputs.size()),
                   b.getInt32(signature.outputs.size()),
                   b.getInt32(signature.layers.size()), b.getInt32(usesOpenMP),
                   b.getInt32(0),
                   createTensorInfos(signature.inputs, "inputs"),
                   createTensorInfos(signature.outputs, "outputs"),
                   createLayerInfos(),
                   createString(signature.name), createString(target),
                   functions.workspaceSize, functions.run,
                   orNull(functions.openSession), orNull(functions.closeSession),
                   orNull(functions.sessionError)}),
        name);
    model->setLinkage(GlobalValue::ExternalLinkage);
    model->setVisibility(GlobalValue::HiddenVisibility);
  }

  const Signature &signature;
};

/// A network that runs on the processor.
class ModelInterface : RecordBuilder {
public:
  ModelInterface(Module &module, const Signature &signature,
                 const TargetMachine &machine)
      : RecordBuilder(module, signature), machine(machine) {}

  void create(StringRef record) {
    network = module.getFunction("main");
    network->setName("network");
    createNotify();
    createNumThreads();
    usesOpenMP = module.getFunction("__kmpc_fork_call") ||
                 module.getFunction("__kmpc_fork_call_if");
    for (GlobalValue &value : module.global_values())
      if (!value.isDeclaration())
        value.setLinkage(GlobalValue::InternalLinkage);
    for (Function &function : module)
      if (!function.isDeclaration())
        setTarget(function);
    Function *workspaceSize = createWorkspaceSize();
    Function *run = createRun(workspaceSize);
    DeviceFunctions functions{workspaceSize, run, nullptr, nullptr, nullptr};
    if (usesDevice())
      functions = {workspaceSize, run, createOpenSession(),
                   declareRuntime("dorefa_device_close", b.getVoidTy(), {ptr}),
                   declareRuntime("dorefa_device_error", ptr, {ptr})};
    createRecord(record, getTargetName(), usesOpenMP, functions);
  }

private:
  //===--------------------------------------------------------------------===//
  // Functions
  //===--------------------------------------------------------------------===//

  std::string getTargetName() const {
    const Triple &triple = machine.getTargetTriple();
    return (triple.getArchName() + "-" + triple.getOSName() + "-" +
            triple.getEnvironmentName() + " " + machine.getTargetCPU() +
            (usesDevice() ? " and bpa" : ""))
        .str();
  }

  /// `function` may use every instruction of the target.
  void setTarget(Function &function) {
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.addFnAttr(Attribute::NoUnwind);
    // Without it LLVM may spill vectors to slots that cross cache lines, which
    // costs a fifth of the time wherever the caller's stack happens to lie so.
    function.addFnAttr("stackrealign");
  }

  /// What the network calls around each layer: `notify` of the options.
  void createNotify() {
    Function *function = module.getFunction("dorefa_notify");
    if (!function)
      return;
    function->addFnAttr(Attribute::AlwaysInline);
    auto block = [&](StringRef name) {
      return BasicBlock::Create(module.getContext(), name, function);
    };
    BasicBlock *entry = block("entry"), *load = block("load"),
               *notify = block("notify"), *end = block("end");
    MDNode *likely = MDBuilder(module.getContext()).createLikelyBranchWeights();
    // A dorefa_run_options, or null: the function and its context come first.
    Value *options = function->getArg(0);
    b.SetInsertPoint(entry);
    b.CreateCondBr(b.CreateIsNull(options), end, load, likely);
    b.SetInsertPoint(load);
    Value *callback = b.CreateLoad(ptr, options);
    b.CreateCondBr(b.CreateIsNull(callback), end, notify, likely);
    b.SetInsertPoint(notify);
    Value *context =
        b.CreateLoad(ptr, b.CreateConstInBoundsGEP1_64(ptr, options, 1));
    auto *type = FunctionType::get(b.getVoidTy(), {ptr, i32, i32}, false);
    b.CreateCall(type, callback,
                 {context, function->getArg(1), function->getArg(2)})
        ->setDoesNotThrow();
    b.CreateBr(end);
    b.SetInsertPoint(end);
    b.CreateRetVoid();
  }

  /// What the network asks: `num_threads` of the options, 0 without any.
  void createNumThreads() {
    Function *function = module.getFunction("dorefa_num_threads");
    if (!function)
      return;
    function->addFnAttr(Attribute::AlwaysInline);
    b.SetInsertPoint(
        BasicBlock::Create(module.getContext(), "entry", function));
    // dorefa_run_options starts with two pointers.
    Value *options = function->getArg(0);
    returnIf(b.CreateIsNull(options), 0);
    b.CreateRet(
        b.CreateLoad(i32, b.CreateConstInBoundsGEP1_64(ptr, options, 2)));
  }

  /// `int64_t workspace_size(int64_t batch)`; 0 where the batch is below 1 or
  /// the size does not fit.
  Function *createWorkspaceSize() {
    Function *function = startFunction("workspace_size", i64, {i64});
    setTarget(*function);
    // Never 0, which would say that the batch is wrong.
    int64_t fixed =
        std::max<int64_t>(signature.workspaceFixed, DOREFA_WORKSPACE_ALIGNMENT);
    if (!signature.hasBatch()) {
      b.CreateRet(b.getInt64(fixed));
      return function;
    }
    Value *batch = function->getArg(0);
    int64_t perSample = signature.workspacePerSample;
    int64_t most = (std::numeric_limits<int64_t>::max() - fixed) /
                   std::max<int64_t>(perSample, 1);
    returnIf(b.CreateICmpSLT(batch, b.getInt64(1)), 0);
    returnIf(b.CreateICmpSGT(batch, b.getInt64(most)), 0);
    b.CreateRet(b.CreateAdd(b.CreateMul(batch, b.getInt64(perSample)),
                            b.getInt64(fixed)));
    return function;
  }

  bool usesDevice() const { return !signature.deviceProgram.empty(); }

  /// A function of the runtime that is linked to a model with a program.
  Function *declareRuntime(StringRef name, Type *result,
                           ArrayRef<Type *> arguments) {
    auto *type = FunctionType::get(result, arguments, /*isVarArg=*/false);
    auto callee = module.getOrInsertFunction(name, type);
    auto *function = cast<Function>(callee.getCallee());
    function->setVisibility(GlobalValue::HiddenVisibility);
    return function;
  }

  /// `int32_t open_session(device, session)`: the runtime's, for this program.
  Function *createOpenSession() {
    GlobalVariable *program = createConstant(
        ConstantDataArray::get(module.getContext(), signature.deviceProgram),
        "device_program");
    program->setAlignment(Align(64));
    // Where tools find it.
    program->setSection("bpa_program");
    Function *open =
        declareRuntime("dorefa_device_open", i32, {ptr, ptr, ptr});
    Function *function = startFunction("open_session", i32, {ptr, ptr});
    setTarget(*function);
    b.CreateRet(b.CreateCall(
        open, {program, function->getArg(0), function->getArg(1)}));
    return function;
  }

  /// Loads one pointer per tensor from `array`; returns where one is null.
  SmallVector<Value *> loadPointers(Value *array, size_t count) {
    SmallVector<Value *> pointers;
    if (count == 0)
      return pointers;
    returnIf(b.CreateIsNull(array), DOREFA_ERROR_ARGUMENT);
    for (size_t index = 0; index < count; ++index) {
      Value *address = b.CreateConstInBoundsGEP1_64(ptr, array, index);
      pointers.push_back(b.CreateLoad(ptr, address));
      returnIf(b.CreateIsNull(pointers.back()), DOREFA_ERROR_ARGUMENT);
    }
    return pointers;
  }

  /// Appends what MLIR passes for a memref: pointer twice, offset, sizes,
  /// strides.
  void appendDescriptor(SmallVectorImpl<Value *> &arguments, Value *pointer,
                        ArrayRef<int64_t> shape, Value *dynamicSize) {
    arguments.append({pointer, pointer, b.getInt64(0)});
    SmallVector<Value *> strides(shape.size());
    int64_t stride = 1;
    for (size_t dim = shape.size(); dim-- > 0;) {
      strides[dim] = b.getInt64(stride);
      if (!mlir::ShapedType::isDynamic(shape[dim]))
        stride *= shape[dim];
    }
    for (int64_t size : shape)
      arguments.push_back(mlir::ShapedType::isDynamic(size) ? dynamicSize
                                                            : b.getInt64(size));
    arguments.append(strides);
  }

  /// `int32_t run(inputs, outputs, batch, workspace, options)`.
  Function *createRun(Function *workspaceSize) {
    Function *function = startFunction("run", i32, {ptr, ptr, i64, ptr, ptr});
    setTarget(*function);
    Value *batch = function->getArg(2), *workspace = function->getArg(3);
    SmallVector<Value *> inputs =
        loadPointers(function->getArg(0), signature.inputs.size());
    SmallVector<Value *> outputs =
        loadPointers(function->getArg(1), signature.outputs.size());
    Value *size = b.CreateCall(workspaceSize, batch);
    returnIf(b.CreateIsNull(size), DOREFA_ERROR_ARGUMENT);
    Value *misaligned = b.CreateAnd(b.CreatePtrToInt(workspace, i64),
                                    b.getInt64(DOREFA_WORKSPACE_ALIGNMENT - 1));
    returnIf(
        b.CreateOr(b.CreateIsNull(workspace), b.CreateIsNotNull(misaligned)),
        DOREFA_ERROR_WORKSPACE);
    SmallVector<Value *> arguments;
    for (auto [info, pointer] : zip_equal(signature.inputs, inputs))
      appendDescriptor(arguments, pointer, info.type.getShape(), batch);
    for (auto [info, pointer] : zip_equal(signature.outputs, outputs))
      appendDescriptor(arguments, pointer, info.type.getShape(), batch);
    appendDescriptor(arguments, workspace, mlir::ShapedType::kDynamic, size);
    Value *options = function->getArg(4);
    arguments.push_back(options);
    if (usesDevice()) {
      Value *status = b.CreateCall(
          declareRuntime("dorefa_device_begin", i32, {ptr}), options);
      returnIf(b.CreateIsNotNull(status), DOREFA_ERROR_DEVICE);
    }
    b.CreateCall(network, arguments);
    if (usesDevice())
      b.CreateRet(b.CreateCall(
          declareRuntime("dorefa_device_end", i32, {ptr}), options));
    else
      b.CreateRet(b.getInt32(DOREFA_OK));
    return function;
  }

  const TargetMachine &machine;
  Function *network = nullptr;
  bool usesOpenMP = false;
};

/// A network that runs on a device.
class DeviceInterface : RecordBuilder {
public:
  DeviceInterface(Module &module, const Signature &signature)
      : RecordBuilder(module, signature) {}
  using RecordBuilder::createRecord;
};

/// The exported function.
class OpenFunction : FunctionBuilder {
public:
  explicit OpenFunction(Module &module) : FunctionBuilder(module) {}

  /// `int32_t open(uint32_t abi_version, const dorefa_model **model)`. It runs
  /// before anything is known of the processor: it must not use more than the
  /// baseline.
  void create(StringRef name, ArrayRef<ModelVersion> versions) {
    Function *function = startFunction(name, i32, {i32, ptr});
    function->setLinkage(GlobalValue::ExternalLinkage);
    bool isX86 = versions.front().machine->getTargetTriple().isX86();
    function->addFnAttr("target-cpu", isX86 ? "x86-64" : "generic");
    function->addFnAttr("target-features", "");
    Value *version = b.getInt32(DOREFA_MODEL_ABI_VERSION);
    returnIf(b.CreateICmpNE(function->getArg(0), version),
             DOREFA_ERROR_VERSION);
    Value *result = function->getArg(1);
    returnIf(b.CreateIsNull(result), DOREFA_ERROR_ARGUMENT);
    for (const ModelVersion &candidate : reverse(versions)) {
      // Also where it cannot run: the caller may say what it was compiled for.
      b.CreateStore(declareRecord(candidate.record), result);
      returnIf(createFeatureCheck(b, *candidate.machine->getMCSubtargetInfo()),
               DOREFA_OK);
    }
    b.CreateRet(b.getInt32(DOREFA_ERROR_CPU));
  }

private:
  Constant *declareRecord(StringRef name) {
    auto *record = new GlobalVariable(module, ptr, /*isConstant=*/true,
                                      GlobalValue::ExternalLinkage,
                                      /*Initializer=*/nullptr, name);
    record->setVisibility(GlobalValue::HiddenVisibility);
    return record;
  }
};

} // namespace

void mlir::dorefa::addModelInterface(Module &module, const Signature &signature,
                                     StringRef record,
                                     const TargetMachine &machine) {
  ModelInterface(module, signature, machine).create(record);
}

void mlir::dorefa::addDeviceInterface(Module &module, const Signature &signature,
                                      StringRef record, StringRef target,
                                      const DeviceFunctions &functions) {
  DeviceInterface(module, signature)
      .createRecord(record, target, /*usesOpenMP=*/false, functions);
}

void mlir::dorefa::addOpenFunction(Module &module, StringRef open,
                                   ArrayRef<ModelVersion> versions) {
  OpenFunction(module).create(open, versions);
}
