//===- ProgramData.cpp - The program of a model as constants --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramData.h"
#include "llvm/IR/IRBuilder.h"

using namespace llvm;
using namespace mlir::dorefa;

namespace {

/// Writes the structures of Runtime/Program.h.
class ProgramBuilder {
public:
  explicit ProgramBuilder(Module &module)
      : module(module), b(module.getContext()), i32(b.getInt32Ty()),
        i64(b.getInt64Ty()), ptr(b.getPtrTy()) {}

  Constant *createProgram(const Signature &signature, const HostProgram &program,
                          const KernelCode &code, const Chip &chip) {
    Constant *bitcode = code.bitcode.empty() ? null() : createBytes(code.bitcode);
    SmallVector<Constant *> fields{
        createString(chip.name),
        number(chip.capability),
        createString(code.ptx),
        code.cubin.empty() ? null() : createBytes(code.cubin),
        bitcode,
        number(code.bitcode.size()),
        number(program.kernels.size()),
        createNames(program.kernels),
        program.constants.empty() ? null() : createBytes(program.constants),
        number(program.constants.size()),
        createSize({signature.workspacePerSample, signature.workspaceFixed}),
        number(signature.hasBatch()),
        number(signature.inputs.size()),
        number(signature.outputs.size()),
        createSizes(program.tensors),
        number(program.steps.size()),
        createSteps(program.steps)};
    return createGlobal(ConstantStruct::getAnon(fields), "program");
  }

  /// A function that calls `callee` of the runtime with `program`, where there is one,
  /// and its own arguments.
  Function *createWrapper(StringRef name, StringRef callee, Type *result,
                          ArrayRef<Type *> types, Constant *program) {
    auto *function = Function::Create(FunctionType::get(result, types, false),
                                      GlobalValue::InternalLinkage, name, module);
    function->addFnAttr(Attribute::NoUnwind);
    b.SetInsertPoint(BasicBlock::Create(module.getContext(), "entry", function));
    SmallVector<Value *> arguments;
    SmallVector<Type *> passed(types);
    if (program) {
      arguments.push_back(program);
      passed.insert(passed.begin(), ptr);
    }
    for (Argument &argument : function->args())
      arguments.push_back(&argument);
    FunctionCallee target =
        module.getOrInsertFunction(callee, FunctionType::get(result, passed, false));
    cast<Function>(target.getCallee())->setVisibility(GlobalValue::HiddenVisibility);
    CallInst *call = b.CreateCall(target, arguments);
    if (result->isVoidTy())
      b.CreateRetVoid();
    else
      b.CreateRet(call);
    return function;
  }

  DeviceFunctions createFunctions(Constant *program) {
    return {createWrapper("workspace_size", "dorefa_gpu_workspace_size", i64, {i64}, program),
            createWrapper("run", "dorefa_gpu_run", i32, {ptr, ptr, i64, ptr, ptr}, program),
            createWrapper("open_session", "dorefa_gpu_open", i32, {ptr, ptr}, program),
            createWrapper("close_session", "dorefa_gpu_close", b.getVoidTy(), {ptr}, nullptr),
            createWrapper("session_error", "dorefa_gpu_error", ptr, {ptr}, nullptr)};
  }

private:
  Constant *number(int64_t value) { return ConstantInt::get(i64, value); }
  Constant *small(int32_t value) { return ConstantInt::get(i32, value); }
  Constant *null() { return ConstantPointerNull::get(ptr); }

  Constant *createGlobal(Constant *value, StringRef name) {
    auto *global =
        new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                           GlobalValue::InternalLinkage, value, name);
    global->setAlignment(Align(64));
    return global;
  }

  Constant *createString(StringRef text) {
    return createGlobal(ConstantDataArray::getString(module.getContext(), text), "text");
  }

  Constant *createBytes(StringRef bytes) {
    return createGlobal(ConstantDataArray::getString(module.getContext(), bytes,
                                                     /*AddNull=*/false),
                        "bytes");
  }

  Constant *createArray(ArrayRef<Constant *> elements, StringRef name) {
    if (elements.empty())
      return null();
    auto *type = ArrayType::get(elements.front()->getType(), elements.size());
    return createGlobal(ConstantArray::get(type, elements), name);
  }

  Constant *createNames(ArrayRef<std::string> names) {
    SmallVector<Constant *> elements;
    for (StringRef name : names)
      elements.push_back(createString(name));
    return createArray(elements, "kernels");
  }

  Constant *createSize(dorefa_gpu_size size) {
    return ConstantStruct::getAnon({number(size.per_sample), number(size.fixed)});
  }

  Constant *createSizes(ArrayRef<dorefa_gpu_size> sizes) {
    SmallVector<Constant *> elements;
    for (dorefa_gpu_size size : sizes)
      elements.push_back(createSize(size));
    return createArray(elements, "tensors");
  }

  Constant *createSteps(ArrayRef<HostStep> steps) {
    SmallVector<Constant *> elements;
    for (const HostStep &step : steps) {
      SmallVector<Constant *> arguments;
      for (dorefa_gpu_argument argument : step.arguments)
        arguments.push_back(ConstantStruct::getAnon(
            {number(argument.kind), number(argument.value)}));
      elements.push_back(ConstantStruct::getAnon(
          {small(step.kind), small(step.number), createSize(step.work),
           number(step.divisor), small(step.rows), small(step.blockSize),
           small(step.arguments.size()), small(step.sharedBytes), createArray(arguments, "arguments")}));
    }
    return createArray(elements, "steps");
  }

  Module &module;
  IRBuilder<> b;
  IntegerType *i32, *i64;
  PointerType *ptr;
};

} // namespace

DeviceFunctions mlir::dorefa::addProgram(Module &module, const Signature &signature,
                                         const HostProgram &program,
                                         const KernelCode &code, const Chip &chip) {
  ProgramBuilder builder(module);
  return builder.createFunctions(
      builder.createProgram(signature, program, code, chip));
}
