//===- BPAToCalls.cpp - Let launches call the device ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/DoReFa/Constants.h"
#include "dorefa/Target/BPA/Emit.h"
#include "dorefa/Target/BPA/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::bpa {
#define GEN_PASS_DEF_CONVERTBPATOCALLSPASS
#include "dorefa/Target/BPA/Passes.h.inc"
} // namespace mlir::bpa

using namespace mlir;
using namespace mlir::bpa;

namespace {

/// The functions of the device, as code of the model sees them.
struct DeviceFunctions {
  func::FuncOp write, run, read;
};

/// Replaces launches of one program.
class LaunchLowering {
public:
  LaunchLowering(ProgramOp op, const Program &program, Value options,
                 DeviceFunctions functions)
      : op(op), program(program), options(options), functions(functions) {}

  void lower(LaunchOp launch);

private:
  void run(ImplicitLocOpBuilder &b, LaunchOp launch, RoutineOp routine,
           Value firstSample, Value end);
  void transfer(ImplicitLocOpBuilder &b, func::FuncOp function, Value buffer,
                Attribute symbol, Value sample, RoutineOp routine);

  ProgramOp op;
  const Program &program;
  Value options;
  DeviceFunctions functions;
};

struct ConvertBPAToCalls
    : bpa::impl::ConvertBPAToCallsPassBase<ConvertBPAToCalls> {
  void runOnOperation() override;
};

} // namespace

/// Calls `function` for as many elements of `buffer` as the routine has samples, from
/// `sample` on, and the bytes at `symbol`.
void LaunchLowering::transfer(ImplicitLocOpBuilder &b, func::FuncOp function,
                              Value buffer, Attribute symbol, Value sample,
                              RoutineOp routine) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  for (int64_t size : type.getShape().drop_front())
    bytes *= size;
  const Symbol *place =
      program.findSymbol(cast<FlatSymbolRefAttr>(symbol).getValue());
  int64_t pitch = routine.getPitch(symbol);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(b, b.getI64Type(), value);
  };
  Value start = memref::ExtractAlignedPointerAsIndexOp::create(b, buffer);
  for (int64_t i = 0, end = routine.getSamples(); i < end; ++i) {
    Value number = sample;
    if (i != 0)
      number = arith::AddIOp::create(b, sample,
                                     arith::ConstantIndexOp::create(b, i));
    Value offset = arith::MulIOp::create(
        b, number, arith::ConstantIndexOp::create(b, bytes));
    Value index = arith::AddIOp::create(b, start, offset);
    Value address = arith::IndexCastOp::create(b, b.getI64Type(), index);
    Value pointer = LLVM::IntToPtrOp::create(
        b, LLVM::LLVMPointerType::get(b.getContext()), address);
    func::CallOp::create(
        b, function,
        ValueRange{options, constant(program.getAddress(*place) + i * pitch),
                   pointer, constant(bytes)});
  }
}

/// Samples `firstSample` to `end` - 1, as many at a time as `routine` has.
void LaunchLowering::run(ImplicitLocOpBuilder &b, LaunchOp launch,
                         RoutineOp routine, Value firstSample, Value end) {
  RoutineRange range = getRange(program, routine.getSymName());
  Value step = arith::ConstantIndexOp::create(b, routine.getSamples());
  auto loop = scf::ForOp::create(b, firstSample, end, step);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value sample = loop.getInductionVar();
  for (auto [buffer, symbol] :
       llvm::zip_equal(launch.getInputs(), routine.getInputs()))
    transfer(b, functions.write, buffer, symbol, sample, routine);
  Value first =
      arith::ConstantIntOp::create(b, b.getI32Type(), range.first);
  Value length =
      arith::ConstantIntOp::create(b, b.getI32Type(), range.length);
  func::CallOp::create(b, functions.run, ValueRange{options, first, length});
  for (auto [buffer, symbol] :
       llvm::zip_equal(launch.getInits(), routine.getOutputs()))
    transfer(b, functions.read, buffer, symbol, sample, routine);
}

void LaunchLowering::lower(LaunchOp launch) {
  ImplicitLocOpBuilder b(launch.getLoc(), launch);
  auto find = [&](SymbolRefAttr name) {
    return cast<RoutineOp>(
        SymbolTable::lookupSymbolIn(op, name.getLeafReference()));
  };
  Value first = arith::ConstantIndexOp::create(b, 0);
  Value batch = memref::DimOp::create(b, launch.getOperand(0), first);
  if (std::optional<SymbolRefAttr> name = launch.getGroups()) {
    RoutineOp groups = find(*name);
    Value size = arith::ConstantIndexOp::create(b, groups.getSamples());
    Value rest = arith::RemUIOp::create(b, batch, size);
    Value end = arith::SubIOp::create(b, batch, rest);
    run(b, launch, groups, first, end);
    first = end;
  }
  run(b, launch, find(launch.getRoutine()), first, batch);
  launch.erase();
}

/// Declares what the code generator of the host defines.
static DeviceFunctions declareFunctions(ModuleOp module) {
  auto b = ImplicitLocOpBuilder::atBlockEnd(module.getLoc(), module.getBody());
  auto pointer = LLVM::LLVMPointerType::get(module.getContext());
  auto declare = [&](StringRef name, ArrayRef<Type> inputs) {
    auto function =
        func::FuncOp::create(b, name, b.getFunctionType(inputs, {}));
    function.setPrivate();
    return function;
  };
  Type i32 = b.getI32Type(), i64 = b.getI64Type();
  return {declare("dorefa_device_write", {pointer, i64, pointer, i64}),
          declare("dorefa_device_run", {pointer, i32, i32}),
          declare("dorefa_device_read", {pointer, i64, pointer, i64})};
}

/// The bytes of the ELF file as an attribute; null after a diagnostic.
static ElementsAttr encode(ProgramOp op, const Program &program) {
  std::string file;
  llvm::raw_string_ostream stream(file);
  if (llvm::Error error = writeElf(program, stream)) {
    op.emitOpError() << llvm::toString(std::move(error));
    return nullptr;
  }
  Builder b(op.getContext());
  auto type = RankedTensorType::get({static_cast<int64_t>(file.size())},
                                    b.getI8Type());
  return dorefa::makeElements(
      type, std::vector<uint8_t>(file.begin(), file.end()), "program");
}

void ConvertBPAToCalls::runOnOperation() {
  ModuleOp module = getOperation();
  auto programs = llvm::to_vector(module.getOps<ProgramOp>());
  if (programs.empty())
    return;
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (programs.size() > 1 || !main || main.getNumArguments() == 0 ||
      !isa<LLVM::LLVMPointerType>(main.getArgumentTypes().back())) {
    module.emitError("needs one bpa.program and a function @main that ends with "
                     "the options of a run: run dorefa-mark-layers first");
    return signalPassFailure();
  }
  ProgramOp op = programs.front();
  FailureOr<Program> program = translateProgram(op);
  if (failed(program) || failed(verifyProgram(op, *program)))
    return signalPassFailure();
  ElementsAttr bytes = ::encode(op, *program);
  if (!bytes)
    return signalPassFailure();
  module->setAttr("dorefa.device_program", bytes);
  LaunchLowering lowering(op, *program, main.getArguments().back(),
                          declareFunctions(module));
  module.walk([&](LaunchOp launch) { lowering.lower(launch); });
  op.erase();
}
