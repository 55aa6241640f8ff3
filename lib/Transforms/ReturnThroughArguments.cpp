//===- ReturnThroughArguments.cpp - Results become arguments --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MainFunction.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_RETURNTHROUGHARGUMENTSPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

/// Most dimensions of an input or output, DOREFA_MAX_RANK of Model.h.
constexpr int64_t kMaxRank = 8;

struct ReturnThroughArguments
    : impl::ReturnThroughArgumentsPassBase<ReturnThroughArguments> {
  void runOnOperation() override {
    func::FuncOp main = getMainFunction(getOperation());
    if (!main)
      return signalPassFailure();
    if (failed(checkSignature(main)))
      return signalPassFailure();
    recordSignature(main);
    protectInputs(main);
    moveResults(main);
  }

private:
  static LogicalResult checkSignature(func::FuncOp main) {
    for (Type type : llvm::concat<const Type>(main.getArgumentTypes(),
                                              main.getResultTypes())) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || tensor.getRank() > kMaxRank)
        return main.emitError() << "input or output is " << type
                                << " but must be a tensor of at most "
                                << kMaxRank << " dimensions";
      Type element = tensor.getElementType();
      if (!element.isF32() && !element.isSignlessInteger(8) &&
          !element.isSignlessInteger(32) && !element.isSignlessInteger(64))
        return main.emitError()
               << "input or output is " << type
               << " but must have elements of f32, i8, i32 or i64";
      for (int64_t dim = 1; dim < tensor.getRank(); ++dim)
        if (tensor.isDynamicDim(dim))
          return main.emitError()
                 << "input or output is " << type
                 << " but only the first dimension, the batch, may "
                    "be dynamic";
    }
    return success();
  }

  /// Notes names and types for the code generator, which sees pointers only.
  static void recordSignature(func::FuncOp main) {
    Builder b(main.getContext());
    auto describe = [&](StringRef kind, unsigned index, Type type, DictionaryAttr attrs) {
      Attribute name = attrs ? attrs.get("dorefa.name") : nullptr;
      if (!name)
        name = b.getStringAttr(kind + Twine(index));
      auto tensor = cast<RankedTensorType>(type);
      if (attrs && attrs.contains("dorefa.unsigned"))
        tensor = tensor.clone(b.getIntegerType(8, /*isSigned=*/false));
      return b.getDictionaryAttr(
          {b.getNamedAttr("name", name),
           b.getNamedAttr("type", TypeAttr::get(tensor))});
    };
    SmallVector<Attribute> inputs, outputs;
    for (auto [index, type] : llvm::enumerate(main.getArgumentTypes()))
      inputs.push_back(describe("input", index, type,
                                main.getArgAttrDict(index)));
    for (auto [index, type] : llvm::enumerate(main.getResultTypes()))
      outputs.push_back(describe("output", index, type,
                                 main.getResultAttrDict(index)));
    auto module = main->getParentOfType<ModuleOp>();
    module->setAttr("dorefa.inputs", b.getArrayAttr(inputs));
    module->setAttr("dorefa.outputs", b.getArrayAttr(outputs));
  }

  /// The caller's inputs are never written.
  static void protectInputs(func::FuncOp main) {
    Builder b(main.getContext());
    for (unsigned index = 0; index < main.getNumArguments(); ++index)
      main.setArgAttr(index, "bufferization.writable", b.getBoolAttr(false));
  }

  /// The use of an uninitialised tensor at the start of the chain of destinations
  /// that ends with `result`; null where a link has another user, which could find
  /// its value overwritten.
  static OpOperand *findUninitialized(Value result) {
    while (auto value = dyn_cast<OpResult>(result)) {
      auto op = dyn_cast<DestinationStyleOpInterface>(value.getOwner());
      if (!op)
        return nullptr;
      OpOperand *destination = op.getTiedOpOperand(value);
      result = destination->get();
      if (result.getDefiningOp<tensor::EmptyOp>())
        return destination;
      if (!result.hasOneUse())
        return nullptr;
    }
    return nullptr;
  }

  /// Lets `result` be computed in `argument` from the start where that is safe. Not
  /// done by eliminate-empty-tensors: that pass takes a shared destination for the
  /// result of one user, and the others then read what was copied over it.
  static void computeInPlace(OpBuilder &builder, Value result, Value argument) {
    OpOperand *destination = findUninitialized(result);
    if (!destination)
      return;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(destination->getOwner());
    destination->set(bufferization::ToTensorOp::create(
        builder, result.getLoc(), destination->get().getType(), argument,
        /*restrict=*/true, /*writable=*/true));
  }

  static void moveResults(func::FuncOp main) {
    auto returnOp = cast<func::ReturnOp>(main.front().getTerminator());
    OpBuilder builder(returnOp);
    for (auto [index, result] : llvm::enumerate(returnOp.getOperands())) {
      auto tensor = cast<RankedTensorType>(result.getType());
      auto buffer = MemRefType::get(tensor.getShape(), tensor.getElementType());
      DictionaryAttr attrs = main.getResultAttrDict(index);
      unsigned position = main.getNumArguments();
      if (failed(main.insertArgument(position, buffer, attrs, returnOp.getLoc())))
        llvm_unreachable("a function with a body takes another argument");
      Value argument = main.getArgument(position);
      computeInPlace(builder, result, argument);
      bufferization::MaterializeInDestinationOp::create(
          builder, returnOp.getLoc(), /*result=*/Type(), result, argument,
          /*restrict=*/true, /*writable=*/true);
    }
    func::ReturnOp::create(builder, returnOp.getLoc());
    returnOp.erase();
    BitVector all(main.getNumResults(), true);
    if (failed(main.eraseResults(all)))
      llvm_unreachable("results that nobody returns can be erased");
  }
};

} // namespace
} // namespace mlir::dorefa
