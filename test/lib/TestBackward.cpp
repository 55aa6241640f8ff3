//===- TestBackward.cpp - Append the backward pass of a function ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/DoReFa/DoReFa.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace mlir::dorefa;

namespace {
/// Turns @main(x...) -> y... into @main(x..., dy...) -> dx... by calling
/// buildBackward in reverse order. An argument that no gradient reaches gets
/// zeros.
struct TestBackwardPass
    : PassWrapper<TestBackwardPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestBackwardPass)

  StringRef getArgument() const final { return "test-dorefa-backward"; }
  StringRef getDescription() const final {
    return "Replace the results of @main by the gradients of its arguments";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, DoReFaDialect, linalg::LinalgDialect,
                    tensor::TensorDialect>();
  }

  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!function || !function.getBody().hasOneBlock()) {
      getOperation().emitError("has no function @main with one block");
      return signalPassFailure();
    }
    if (failed(differentiate(function)))
      signalPassFailure();
  }

private:
  using GradientMap = DenseMap<Value, Value>;

  static void accumulate(OpBuilder &builder, GradientMap &gradients,
                         Value value, Value gradient) {
    Value &sum = gradients[value];
    sum = sum ? BinaryOp::create(builder, gradient.getLoc(), gradient.getType(),
                                 BinaryKind::Add, sum, gradient)
                    .getResult()
              : gradient;
  }

  /// Hands the gradients of the results of `op` to its operands.
  static LogicalResult propagate(OpBuilder &builder, GradientMap &gradients,
                                 Operation *op) {
    SmallVector<Value> results;
    for (Value result : op->getResults())
      results.push_back(gradients.lookup(result));
    if (op->getNumOperands() == 0 || llvm::none_of(results, [](Value gradient) {
          return static_cast<bool>(gradient);
        }))
      return success();
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    if (!differentiable)
      return op->emitOpError("has no backward rule");
    FailureOr<SmallVector<Value>> operands =
        differentiable.buildBackward(builder, results);
    if (failed(operands))
      return failure();
    for (auto [operand, gradient] :
         llvm::zip_equal(op->getOperands(), *operands))
      if (gradient)
        accumulate(builder, gradients, operand, gradient);
    return success();
  }

  static LogicalResult differentiate(func::FuncOp function) {
    Block &block = function.getBody().front();
    Operation *end = block.getTerminator();
    OpBuilder builder(end);
    unsigned numInputs = function.getNumArguments();
    for (TypeRange types : {TypeRange(function.getArgumentTypes()),
                            TypeRange(function.getResultTypes())})
      for (Type type : types)
        if (!getGradientType(type))
          return function.emitError() << type << " has no gradient";
    GradientMap gradients;
    for (Value result : end->getOperands()) {
      unsigned index = function.getNumArguments();
      if (failed(function.insertArgument(
              index, getGradientType(result.getType()), {}, result.getLoc())))
        return failure();
      accumulate(builder, gradients, result, function.getArgument(index));
    }
    SmallVector<Operation *> forward = llvm::map_to_vector(
        block.without_terminator(), [](Operation &op) { return &op; });
    for (Operation *op : llvm::reverse(forward))
      if (failed(propagate(builder, gradients, op)))
        return failure();
    SmallVector<Value> results;
    for (Value input : function.getArguments().take_front(numInputs)) {
      Value gradient = gradients.lookup(input);
      results.push_back(gradient ? gradient : buildZeros(builder, input));
    }
    end->setOperands(results);
    function.setFunctionType(builder.getFunctionType(
        function.getArgumentTypes(), ValueRange(results).getTypes()));
    eraseDeadOps(block);
    return success();
  }

  static Value buildZeros(OpBuilder &builder, Value like) {
    Type type = getGradientType(like.getType());
    return arith::ConstantOp::create(
        builder, like.getLoc(), cast<TypedAttr>(builder.getZeroAttr(type)));
  }

  /// Gradients of weights that are not arguments, above all.
  static void eraseDeadOps(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }
};
} // namespace

namespace mlir::dorefa::test {
void registerTestBackwardPass() { PassRegistration<TestBackwardPass>(); }
} // namespace mlir::dorefa::test
