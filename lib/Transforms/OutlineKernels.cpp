//===- OutlineKernels.cpp - Move the bodies of launches to one module -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MainFunction.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Utils/GPUUtils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"

#include <functional>
#include <limits>

namespace mlir::dorefa {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

constexpr StringLiteral kModuleName = "kernels";

/// What a kernel computes by itself: views of the buffers it gets, and indices.
bool isSunk(Operation *op) {
  if (isa<ViewLikeOpInterface>(op) || op->hasTrait<OpTrait::ConstantLike>())
    return true;
  return isa<arith::ArithDialect, affine::AffineDialect>(
             *op->getDialect()) &&
         isPure(op) && op->getNumRegions() == 0;
}

struct OutlineKernels : impl::OutlineKernelsPassBase<OutlineKernels> {
  void runOnOperation() override {
    func::FuncOp main = getMainFunction(getOperation());
    if (!main)
      return signalPassFailure();
    SmallVector<gpu::LaunchOp> launches;
    main.walk([&](gpu::LaunchOp launch) { launches.push_back(launch); });
    if (launches.empty())
      return;
    OpBuilder b(&getContext());
    b.setInsertionPointToEnd(getOperation().getBody());
    auto kernels =
        gpu::GPUModuleOp::create(b, getOperation().getLoc(), kModuleName);
    getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                            b.getUnitAttr());
    SymbolTable symbols(kernels);
    for (gpu::LaunchOp launch : launches) {
      sinkOperations(launch);
      passStaticBuffers(main, launch);
      outline(launch, symbols);
    }
  }

private:
  /// Copies into the kernel what it can compute itself. Not by
  /// sinkOperationsIntoLaunchOp, which leaves a view where that would make another
  /// argument.
  static void sinkOperations(gpu::LaunchOp launch) {
    SetVector<Operation *> sunk;
    std::function<void(Value)> visit = [&](Value value) {
      Operation *op = value.getDefiningOp();
      if (!op || launch->isAncestor(op) || !isSunk(op))
        return;
      for (Value operand : op->getOperands())
        visit(operand);
      sunk.insert(op);
    };
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(launch.getBody(), captured);
    llvm::for_each(captured, visit);
    OpBuilder b = OpBuilder::atBlockBegin(&launch.getBody().front());
    IRMapping map;
    for (Operation *op : sunk) {
      Operation *copy = b.clone(*op, map);
      for (auto [outside, inside] :
           llvm::zip_equal(op->getResults(), copy->getResults()))
        outside.replaceUsesWithIf(inside, [&](OpOperand &use) {
          return launch->isProperAncestor(use.getOwner());
        });
    }
  }

  /// A kernel gets pointers, which bare memrefs of static shape become. A buffer
  /// with a dynamic size is passed as one of its first element, which nothing in
  /// the kernel takes for its size.
  void passStaticBuffers(func::FuncOp main, gpu::LaunchOp launch) {
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(launch.getBody(), captured);
    for (Value buffer : captured) {
      auto type = dyn_cast<MemRefType>(buffer.getType());
      if (!type || type.hasStaticShape())
        continue;
      SmallVector<int64_t> shape(type.getShape());
      shape.front() = 1;
      auto [strides, offset] = type.getStridesAndOffset();
      OpBuilder b(launch);
      Value first = memref::ReinterpretCastOp::create(
          b, launch.getLoc(), MemRefType::get(shape, type.getElementType()),
          buffer, /*offset=*/0, shape, strides);
      b.setInsertionPointToStart(&launch.getBody().front());
      SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(&getContext(), shape);
      sizes.front() = arith::ConstantIndexOp::create(
                          b, launch.getLoc(), std::numeric_limits<int32_t>::max())
                          .getResult();
      Value whole = memref::ReinterpretCastOp::create(
          b, launch.getLoc(), type, first, b.getIndexAttr(0), sizes,
          getAsIndexOpFoldResult(&getContext(), strides));
      buffer.replaceUsesWithIf(whole, [&](OpOperand &use) {
        return launch->isProperAncestor(use.getOwner()) &&
               use.getOwner() != whole.getDefiningOp();
      });
    }
  }

  static void outline(gpu::LaunchOp launch, SymbolTable &symbols) {
    StringRef name = launch.getFunction() ? *launch.getFunction()
                                          : StringRef("kernel");
    SmallVector<Value> operands;
    gpu::GPUFuncOp kernel = outlineKernelFunc(launch, name, operands);
    // Bytes of shared memory are accessed by up to 16 at once.
    constexpr int64_t kSharedAlignment = 128;
    for (unsigned i = 0; i < kernel.getNumWorkgroupAttributions(); ++i)
      kernel.setWorkgroupAttributionAttr(
          i, "llvm.align",
          IntegerAttr::get(IntegerType::get(kernel.getContext(), 64), kSharedAlignment));
    symbols.insert(kernel);
    OpBuilder b(launch);
    gpu::LaunchFuncOp::create(
        b, launch.getLoc(), kernel, launch.getGridSizeOperandValues(),
        launch.getBlockSizeOperandValues(), launch.getDynamicSharedMemorySize(),
        operands);
    launch.erase();
  }
};

} // namespace
} // namespace mlir::dorefa
