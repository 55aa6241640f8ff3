//===- Instrument.cpp - Kernels as coroutines that check themselves -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Instrument.h"
#include "Runtime.h"
#include "SharedMemory.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Transforms/IPO/AlwaysInliner.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;
using namespace mlir::dorefa::emulator;

/// The shared state space, as an address space of NVPTX.
static constexpr unsigned sharedSpace = 3;

std::string mlir::dorefa::emulator::getEntrySymbol(StringRef kernel) {
  return ("dorefa_emulated_" + kernel).str();
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static std::string describeType(Type *type) {
  std::string text;
  raw_string_ostream(text) << *type;
  return text;
}

/// How diagnostics name `instruction`.
static std::string describe(const Instruction &instruction) {
  if (auto *load = dyn_cast<LoadInst>(&instruction))
    return "load " + describeType(load->getType());
  if (auto *store = dyn_cast<StoreInst>(&instruction))
    return "store " + describeType(store->getValueOperand()->getType());
  auto *call = dyn_cast<CallBase>(&instruction);
  const Function *callee = call ? call->getCalledFunction() : nullptr;
  if (!callee)
    return instruction.isTerminator() ? "loop" : instruction.getOpcodeName();
  StringRef name = callee->getName();
  name.consume_front("llvm.");
  name.consume_front("nvvm.");
  name.consume_back(".p3");
  return name.str();
}

/// Where `instruction`, number `number` of its kernel, comes from.
static std::string getPlace(const Instruction &instruction, unsigned number) {
  const DebugLoc &location = instruction.getDebugLoc();
  if (!location)
    return "instruction " + std::to_string(number);
  return (Twine(location->getFilename()) + ":" + Twine(location.getLine()) +
          ":" + Twine(location.getCol()))
      .str();
}

/// Functions that the GPU's instructions do not compute: NVPTX refuses them or
/// calls libdevice, so the host's libm must not stand in.
static bool needsMathLibrary(Intrinsic::ID id) {
  switch (id) {
  case Intrinsic::acos:
  case Intrinsic::asin:
  case Intrinsic::atan:
  case Intrinsic::atan2:
  case Intrinsic::cos:
  case Intrinsic::cosh:
  case Intrinsic::exp:
  case Intrinsic::exp10:
  case Intrinsic::exp2:
  case Intrinsic::log:
  case Intrinsic::log10:
  case Intrinsic::log2:
  case Intrinsic::pow:
  case Intrinsic::powi:
  case Intrinsic::sin:
  case Intrinsic::sincos:
  case Intrinsic::sinh:
  case Intrinsic::tan:
  case Intrinsic::tanh:
    return true;
  default:
    return false;
  }
}

/// The index into Lane::registers of `read.ptx.sreg.<name>`.
static std::optional<unsigned> getSpecialRegister(StringRef name) {
  if (name == "laneid")
    return LaneId;
  if (name == "warpid")
    return WarpId;
  auto [base, dimension] = name.split('.');
  if (dimension.size() != 1 || dimension[0] < 'x' || dimension[0] > 'z')
    return std::nullopt;
  unsigned offset = dimension[0] - 'x';
  return StringSwitch<std::optional<unsigned>>(base)
      .Case("tid", Tid + offset)
      .Case("ntid", NTid + offset)
      .Case("ctaid", CtaId + offset)
      .Case("nctaid", NCtaId + offset)
      .Default(std::nullopt);
}

//===----------------------------------------------------------------------===//
// One kernel
//===----------------------------------------------------------------------===//

namespace {

/// Rewrites one kernel.
class KernelRewriter {
public:
  KernelRewriter(Function &source, ProgramInfo &info)
      : source(source), module(*source.getParent()),
        layout(module.getDataLayout()), context(module.getContext()),
        builder(context), info(info) {}

  Error run();

private:
  Error readSignature();
  void createCoroutine();
  Error layOutShared();
  void placeArray(GlobalVariable &array, uint64_t &end);
  void countLoops();
  void rewriteReturn(ReturnInst &instruction);

  Error rewrite(Instruction &instruction);
  Error rewriteCall(CallBase &call);
  Error rewriteIntrinsic(CallInst &call, StringRef name);
  void rewriteCollective(CallInst &call, const Collective &collective);
  bool rewriteCopy(CallInst &call, StringRef name);
  bool rewriteArithmetic(CallInst &call, StringRef name);
  void rewriteMemoryIntrinsic(MemIntrinsic &call);
  void checkAccess(Instruction &instruction, Value *pointer, Value *size,
                   Align alignment, bool writes);
  void checkAccess(Instruction &instruction, Value *pointer, Type *type,
                   Align alignment, bool writes) {
    checkAccess(instruction, pointer,
                builder.getInt64(layout.getTypeStoreSize(type)), alignment,
                writes);
  }

  /// The number of a new site.
  Value *addSite(const Instruction &instruction, Collective collective = {});
  Error makeError(const Instruction &instruction, const Twine &reason);
  /// The address of a field of the lane.
  Value *getField(size_t offset) {
    return builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), lane,
                                              offset);
  }
  CallInst *callRuntime(StringRef name, Type *result, ArrayRef<Value *> values);

  Function &source;
  Module &module;
  const DataLayout &layout;
  LLVMContext &context;
  IRBuilder<> builder;
  ProgramInfo &info;

  Kernel kernel;
  Function *coroutine = nullptr;
  Value *lane = nullptr;
  /// Where a suspended lane returns to the scheduler.
  BasicBlock *suspended = nullptr;
  /// Numbers of the instructions, for places.
  DenseMap<const Instruction *, unsigned> numbers;
  /// Whether a pointer to shared memory becomes a generic one.
  bool hasGenericShared = false;
};

} // namespace

Error KernelRewriter::makeError(const Instruction &instruction,
                                const Twine &reason) {
  return createStringError(
      "kernel '" + kernel.name + "': '" + describe(instruction) + "' at " +
      getPlace(instruction, numbers[&instruction]) + " " + reason);
}

Value *KernelRewriter::addSite(const Instruction &instruction,
                               Collective collective) {
  info.sites.push_back({collective, describe(instruction),
                        getPlace(instruction, numbers[&instruction])});
  return builder.getInt32(info.sites.size() - 1);
}

CallInst *KernelRewriter::callRuntime(StringRef name, Type *result,
                                      ArrayRef<Value *> values) {
  SmallVector<Type *> types;
  for (Value *value : values)
    types.push_back(value->getType());
  FunctionCallee callee =
      module.getOrInsertFunction(name, FunctionType::get(result, types, false));
  CallInst *call = builder.CreateCall(callee, values);
  call->setDoesNotThrow();
  return call;
}

/// Reads "128,1,1".
static void readDimensions(StringRef text, uint32_t (&dimensions)[3]) {
  for (uint32_t &dimension : dimensions) {
    auto [first, rest] = text.split(',');
    if (first.getAsInteger(10, dimension))
      dimension = 1;
    text = rest;
  }
}

Error KernelRewriter::readSignature() {
  kernel.name = source.getName().str();
  kernel.numArguments = source.arg_size();
  for (Argument &argument : source.args())
    if (argument.hasByValAttr())
      return createStringError(
          "kernel '" + kernel.name + "': argument " +
          Twine(argument.getArgNo()) +
          " is passed by value in memory, which is not emulated; pass its "
          "fields as arguments");
  if (source.hasFnAttribute("nvvm.maxntid"))
    readDimensions(source.getFnAttribute("nvvm.maxntid").getValueAsString(),
                   kernel.maxThreads);
  if (source.hasFnAttribute("nvvm.reqntid"))
    readDimensions(source.getFnAttribute("nvvm.reqntid").getValueAsString(),
                   kernel.requiredThreads);
  return Error::success();
}

/// Moves the body into a coroutine whose new entry makes the frame and reads
/// the arguments.
void KernelRewriter::createCoroutine() {
  Type *pointer = builder.getPtrTy();
  coroutine = Function::Create(
      FunctionType::get(builder.getVoidTy(), {pointer, pointer}, false),
      GlobalValue::ExternalLinkage, getEntrySymbol(kernel.name), module);
  coroutine->setPresplitCoroutine();
  coroutine->setDoesNotThrow();
  coroutine->splice(coroutine->begin(), &source);
  lane = coroutine->getArg(0);

  BasicBlock *body = &coroutine->front();
  BasicBlock *entry = BasicBlock::Create(context, "entry", coroutine, body);
  suspended = BasicBlock::Create(context, "suspended", coroutine);
  builder.SetInsertPoint(entry);
  Constant *null = ConstantPointerNull::get(builder.getPtrTy());
  Value *id = builder.CreateIntrinsic(Intrinsic::coro_id, {},
                                      {builder.getInt32(0), null, null, null});
  Value *size =
      builder.CreateIntrinsic(Intrinsic::coro_size, {builder.getInt64Ty()}, {});
  Value *memory = callRuntime(names::frame, pointer, {lane, size});
  Value *frame =
      builder.CreateIntrinsic(Intrinsic::coro_begin, {}, {id, memory});
  for (Argument &argument : source.args()) {
    Value *slot = builder.CreateConstInBoundsGEP1_64(
        pointer, coroutine->getArg(1), argument.getArgNo());
    Value *address = builder.CreateLoad(pointer, slot);
    argument.replaceAllUsesWith(
        builder.CreateLoad(argument.getType(), address));
  }
  builder.CreateBr(body);

  builder.SetInsertPoint(suspended);
  builder.CreateIntrinsic(
      Intrinsic::coro_end, {},
      {frame, builder.getFalse(), ConstantTokenNone::get(context)});
  builder.CreateRetVoid();
}

/// Gives `array` the next place in the block's shared memory and puts its
/// address in place of the variable.
void KernelRewriter::placeArray(GlobalVariable &array, uint64_t &end) {
  SmallVector<Use *> uses;
  for (Use &use : array.uses())
    if (auto *user = dyn_cast<Instruction>(use.getUser()))
      if (user->getFunction() == coroutine)
        uses.push_back(&use);
  if (uses.empty())
    return;
  uint64_t size = layout.getTypeAllocSize(array.getValueType());
  Align alignment =
      std::max(array.getAlign().valueOrOne(), Align(SharedMemory::slot));
  uint64_t offset = alignTo(end, alignment);
  // A gap, so that an access beyond an array meets no other.
  end = alignTo(offset + size, Align(SharedMemory::slot)) + SharedMemory::slot;
  kernel.shared.push_back({array.getName().str(), offset, size});

  builder.SetInsertPoint(coroutine->getEntryBlock().getTerminator());
  Value *base =
      builder.CreateLoad(array.getType(), getField(offsetof(Lane, shared)));
  Value *address =
      builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base, offset);
  for (Use *use : uses)
    use->set(address);
}

Error KernelRewriter::layOutShared() {
  SmallVector<GlobalVariable *> dynamic;
  uint64_t end = 0;
  for (GlobalVariable &array : module.globals()) {
    if (array.getAddressSpace() != sharedSpace)
      continue;
    if (layout.getTypeAllocSize(array.getValueType()) == 0)
      dynamic.push_back(&array);
    else
      placeArray(array, end);
  }
  bool hasStatic = !kernel.shared.empty();
  uint64_t start = end;
  for (GlobalVariable *array : dynamic) {
    // All of them name the same memory.
    uint64_t arrayEnd = start;
    size_t count = kernel.shared.size();
    placeArray(*array, arrayEnd);
    if (kernel.shared.size() == count)
      continue;
    if (hasStatic && array->hasLocalLinkage())
      return createStringError(
          "kernel '" + kernel.name + "': dynamic shared memory '" +
          array->getName() +
          "' is internal, so on a device it overlaps the static array '" +
          kernel.shared.front().name + "'; declare it external");
    if (kernel.usesDynamicShared)
      kernel.shared.pop_back();
    kernel.usesDynamicShared = true;
  }
  return Error::success();
}

/// Makes each iteration count, so that a loop without end is found.
void KernelRewriter::countLoops() {
  DominatorTree dominators(*coroutine);
  LoopInfo loops(dominators);
  SmallPtrSet<BasicBlock *, 8> latches;
  for (Loop *loop : loops.getLoopsInPreorder()) {
    SmallVector<BasicBlock *> blocks;
    loop->getLoopLatches(blocks);
    latches.insert_range(blocks);
  }
  for (BasicBlock &block : *coroutine) {
    if (!latches.contains(&block))
      continue;
    Instruction *branch = block.getTerminator();
    builder.SetInsertPoint(branch);
    Value *field = getField(offsetof(Lane, iterationsLeft));
    Value *left = builder.CreateSub(
        builder.CreateLoad(builder.getInt64Ty(), field), builder.getInt64(1));
    builder.CreateStore(left, field);
    Value *isStuck = builder.CreateICmpSLT(left, builder.getInt64(0));
    Value *site = addSite(*branch);
    builder.SetInsertPoint(SplitBlockAndInsertIfThen(isStuck, branch, true));
    callRuntime(names::stuck, builder.getVoidTy(), {lane, site});
  }
}

void KernelRewriter::rewriteReturn(ReturnInst &instruction) {
  builder.SetInsertPoint(&instruction);
  builder.CreateStore(builder.getInt32(0), getField(offsetof(Lane, site)));
  builder.CreateBr(suspended);
  instruction.eraseFromParent();
}

Error KernelRewriter::run() {
  if (Error error = readSignature())
    return error;
  createCoroutine();
  if (Error error = layOutShared())
    return error;
  SmallVector<Instruction *> worklist;
  for (BasicBlock &block : *coroutine)
    if (&block != &coroutine->getEntryBlock() && &block != suspended)
      for (Instruction &instruction : block) {
        numbers[&instruction] = numbers.size() + 1;
        worklist.push_back(&instruction);
        auto *cast = dyn_cast<AddrSpaceCastInst>(&instruction);
        hasGenericShared |= cast && cast->getSrcAddressSpace() == sharedSpace;
      }
  countLoops();
  for (Instruction *instruction : worklist)
    if (Error error = rewrite(*instruction))
      return error;
  info.kernels.push_back(std::move(kernel));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

Error KernelRewriter::rewrite(Instruction &instruction) {
  builder.SetInsertPoint(&instruction);
  if (auto *exit = dyn_cast<ReturnInst>(&instruction)) {
    rewriteReturn(*exit);
    return Error::success();
  }
  if (auto *load = dyn_cast<LoadInst>(&instruction)) {
    checkAccess(*load, load->getPointerOperand(), load->getType(),
                load->getAlign(), false);
    return Error::success();
  }
  if (auto *store = dyn_cast<StoreInst>(&instruction)) {
    checkAccess(*store, store->getPointerOperand(),
                store->getValueOperand()->getType(), store->getAlign(), true);
    return Error::success();
  }
  if (isa<AtomicRMWInst, AtomicCmpXchgInst>(instruction)) {
    Value *pointer = instruction.getOperand(0);
    if (pointer->getType()->getPointerAddressSpace() == sharedSpace ||
        hasGenericShared)
      return makeError(instruction, "is an atomic operation on shared memory, "
                                    "which is not emulated");
    Type *type = instruction.getOperand(1)->getType();
    checkAccess(instruction, pointer, type,
                Align(layout.getTypeStoreSize(type)), true);
    return Error::success();
  }
  if (auto *call = dyn_cast<CallBase>(&instruction))
    return rewriteCall(*call);
  return Error::success();
}

void KernelRewriter::checkAccess(Instruction &instruction, Value *pointer,
                                 Value *size, Align alignment, bool writes) {
  SmallVector<const Value *> objects;
  getUnderlyingObjects(pointer, objects);
  if (all_of(objects, [](const Value *v) { return isa<AllocaInst>(v); }))
    return;
  bool isShared = pointer->getType()->getPointerAddressSpace() == sharedSpace;
  if (isShared || hasGenericShared) {
    uint64_t grain = alignment.value();
    if (auto *constant = dyn_cast<ConstantInt>(size))
      grain = MinAlign(grain, constant->getZExtValue());
    else
      grain = 1;
    kernel.sharedGrain = std::min<uint64_t>(kernel.sharedGrain, grain);
  }
  StringRef function = isShared
                           ? (writes ? names::writeShared : names::readShared)
                           : (writes ? names::writeGlobal : names::readGlobal);
  Value *generic = builder.CreateAddrSpaceCast(pointer, builder.getPtrTy());
  callRuntime(function, builder.getVoidTy(),
              {lane, generic, size, builder.getInt64(alignment.value()),
               addSite(instruction)});
}

void KernelRewriter::rewriteMemoryIntrinsic(MemIntrinsic &call) {
  Value *size = builder.CreateZExt(call.getLength(), builder.getInt64Ty());
  checkAccess(call, call.getRawDest(), size, call.getDestAlign().valueOrOne(),
              true);
  if (auto *transfer = dyn_cast<MemTransferInst>(&call))
    checkAccess(call, transfer->getRawSource(), size,
                transfer->getSourceAlign().valueOrOne(), false);
}

Error KernelRewriter::rewriteCall(CallBase &call) {
  Function *callee = call.getCalledFunction();
  if (call.isInlineAsm())
    return makeError(call, "is inline assembly, which is not emulated; use an "
                           "operation of the nvvm dialect");
  if (!callee)
    return makeError(call, "calls a function pointer, which is not emulated");
  if (!callee->isDeclaration())
    return makeError(call, "is a recursive call, which is not emulated");
  if (!callee->isIntrinsic())
    return makeError(call, "calls a function without a body; expand it into "
                           "operations before kernels are lowered");
  if (needsMathLibrary(callee->getIntrinsicID()))
    return makeError(call, "needs a math library on a device; expand it into "
                           "operations before kernels are lowered");
  if (auto *memory = dyn_cast<MemIntrinsic>(&call)) {
    rewriteMemoryIntrinsic(*memory);
    return Error::success();
  }
  StringRef name = callee->getName();
  if (!name.consume_front("llvm.nvvm."))
    return Error::success();
  return rewriteIntrinsic(cast<CallInst>(call), name);
}

Error KernelRewriter::rewriteIntrinsic(CallInst &call, StringRef name) {
  if (std::optional<Collective> collective = parseCollective(name)) {
    rewriteCollective(call, *collective);
    return Error::success();
  }
  StringRef special = name;
  if (special.consume_front("read.ptx.sreg."))
    if (std::optional<unsigned> index = getSpecialRegister(special)) {
      Value *field =
          getField(offsetof(Lane, registers) + *index * sizeof(uint32_t));
      call.replaceAllUsesWith(builder.CreateLoad(call.getType(), field));
      call.eraseFromParent();
      return Error::success();
    }
  if (rewriteCopy(call, name) || rewriteArithmetic(call, name)) {
    call.eraseFromParent();
    return Error::success();
  }
  // Lanes of a block take turns in one thread of the host.
  if (name.starts_with("membar.")) {
    call.eraseFromParent();
    return Error::success();
  }
  return makeError(call, "is not emulated");
}

bool KernelRewriter::rewriteCopy(CallInst &call, StringRef name) {
  if (!name.consume_front("cp.async."))
    return false;
  Type *none = builder.getVoidTy();
  if (name == "commit.group") {
    callRuntime(names::commit, none, {lane});
    return true;
  }
  if (name == "wait.group") {
    callRuntime(names::wait, none, {lane, call.getArgOperand(0)});
    return true;
  }
  if (name == "wait.all") {
    callRuntime(names::waitAll, none, {lane});
    return true;
  }
  bool hasSourceSize = name.consume_back(".s");
  unsigned size = 0;
  if (!name.consume_front("ca.shared.global.") &&
      !name.consume_front("cg.shared.global."))
    return false;
  if (name.getAsInteger(10, size))
    return false;
  Value *destination =
      builder.CreateAddrSpaceCast(call.getArgOperand(0), builder.getPtrTy());
  Value *origin =
      builder.CreateAddrSpaceCast(call.getArgOperand(1), builder.getPtrTy());
  Value *numBytes = builder.getInt32(size);
  callRuntime(names::copy, none,
              {lane, destination, origin, numBytes,
               hasSourceSize ? call.getArgOperand(2) : numBytes,
               addSite(call)});
  kernel.sharedGrain = std::min(kernel.sharedGrain, size);
  return true;
}

bool KernelRewriter::rewriteArithmetic(CallInst &call, StringRef name) {
  Type *i32 = builder.getInt32Ty();
  auto replace = [&](StringRef function, Value *last) {
    call.replaceAllUsesWith(
        callRuntime(function, i32,
                    {call.getArgOperand(0), call.getArgOperand(1),
                     call.getArgOperand(2), last}));
    return true;
  };
  if (name.consume_front("idp4a."))
    return replace(names::dot4, builder.getInt32(name.starts_with("s") |
                                                 name.ends_with("s") << 1));
  if (name == "prmt")
    return replace(names::permute, builder.getInt32(0));
  return false;
}

/// Stores operands and site, suspends, and reads the results.
void KernelRewriter::rewriteCollective(CallInst &call,
                                       const Collective &collective) {
  SmallVector<Value *> operands(call.args());
  // The mask comes first, as in the others.
  if (collective.kind == Collective::Reduce)
    std::swap(operands[0], operands[1]);
  for (auto [i, operand] : enumerate(operands)) {
    Type *type = operand->getType();
    Value *bits = operand;
    if (type->isPointerTy())
      bits = builder.CreatePtrToInt(operand, builder.getInt64Ty());
    else if (type->isFloatTy())
      bits = builder.CreateBitCast(operand, builder.getInt32Ty());
    builder.CreateStore(
        builder.CreateZExt(bits, builder.getInt64Ty()),
        getField(offsetof(Lane, operands) + i * sizeof(uint64_t)));
  }
  builder.CreateStore(addSite(call, collective),
                      getField(offsetof(Lane, site)));
  BasicBlock *before = call.getParent();
  BasicBlock *after = before->splitBasicBlock(&call);
  before->getTerminator()->eraseFromParent();
  builder.SetInsertPoint(before);
  Value *resumed = builder.CreateIntrinsic(
      Intrinsic::coro_suspend, {},
      {ConstantTokenNone::get(context), builder.getFalse()});
  SwitchInst *branch = builder.CreateSwitch(resumed, suspended, 1);
  branch->addCase(builder.getInt8(0), after);

  builder.SetInsertPoint(&call);
  auto readResult = [&](unsigned i, Type *type) -> Value * {
    Type *stored = type->isFloatTy() ? type : builder.getInt32Ty();
    Value *field = getField(offsetof(Lane, results) + i * sizeof(uint32_t));
    Value *result = builder.CreateLoad(stored, field);
    return type->isIntegerTy() ? builder.CreateTrunc(result, type) : result;
  };
  Type *type = call.getType();
  if (auto *aggregate = dyn_cast<StructType>(type)) {
    Value *result = PoisonValue::get(type);
    for (auto [i, element] : enumerate(aggregate->elements()))
      result = builder.CreateInsertValue(result, readResult(i, element), i);
    call.replaceAllUsesWith(result);
  } else if (!type->isVoidTy()) {
    call.replaceAllUsesWith(readResult(0, type));
  }
  call.eraseFromParent();
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

/// Leaves no calls between functions but recursive ones.
static void inlineCalls(Module &module) {
  for (Function &function : module) {
    if (function.isDeclaration() ||
        function.getCallingConv() == CallingConv::PTX_Kernel)
      continue;
    function.removeFnAttr(Attribute::NoInline);
    function.removeFnAttr(Attribute::OptimizeNone);
    function.addFnAttr(Attribute::AlwaysInline);
    function.setLinkage(GlobalValue::InternalLinkage);
  }
  ModuleAnalysisManager modules;
  FunctionAnalysisManager functions;
  PassBuilder passes;
  LoopAnalysisManager loops;
  CGSCCAnalysisManager components;
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(components);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, components, modules);
  AlwaysInlinerPass(/*InsertLifetime=*/false).run(module, modules);
}

/// Shared arrays have to be operands of instructions to be replaced there.
static void expandConstantsOfShared(Module &module) {
  SmallVector<Constant *> arrays;
  for (GlobalVariable &variable : module.globals())
    if (variable.getAddressSpace() == sharedSpace)
      arrays.push_back(&variable);
  convertUsersOfConstantsToInstructions(arrays);
}

/// Makes arrays in global and constant memory visible to the linker.
static void exportGlobals(Module &module, ProgramInfo &info) {
  for (StringRef name : {"llvm.used", "llvm.compiler.used"})
    if (GlobalVariable *list = module.getGlobalVariable(name, true))
      list->eraseFromParent();
  for (GlobalVariable &variable : make_early_inc_range(module.globals())) {
    if (variable.getAddressSpace() == sharedSpace) {
      if (variable.use_empty())
        variable.eraseFromParent();
      continue;
    }
    if (variable.isDeclaration())
      continue;
    variable.setLinkage(GlobalValue::ExternalLinkage);
    info.globals.push_back(variable.getName().str());
  }
}

Expected<ProgramInfo> mlir::dorefa::emulator::instrument(Module &module) {
  ProgramInfo info;
  inlineCalls(module);
  expandConstantsOfShared(module);
  SmallVector<Function *> kernels;
  for (Function &function : module)
    if (function.getCallingConv() == CallingConv::PTX_Kernel &&
        !function.isDeclaration())
      kernels.push_back(&function);
  if (kernels.empty())
    return createStringError("the module has no kernel; lower a gpu.module "
                             "with gpu-module-to-binary=format=llvm");
  for (Function *kernel : kernels)
    if (Error error = KernelRewriter(*kernel, info).run())
      return error;
  for (Function *kernel : kernels)
    kernel->eraseFromParent();
  for (Function &function : make_early_inc_range(module))
    if (function.isDeclaration() ? function.use_empty()
                                 : function.hasLocalLinkage())
      function.eraseFromParent();
  exportGlobals(module, info);
  // Places are strings now, and the module has moved to another machine.
  StripDebugInfo(module);
  std::string problem;
  raw_string_ostream os(problem);
  if (verifyModule(module, &os))
    return createStringError("the emulator has made invalid LLVM IR, please "
                             "report this: " +
                             problem);
  return info;
}
