//===- MarkLayers.cpp - Tell a caller where layers begin and end ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MainFunction.h"
#include "SourceName.h"
#include "dorefa/Conversion/GPUCostModel.h"
#include "dorefa/Dialect/BPA/BPA.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "dorefa/Target/CPU/CostModel.h"
#include "dorefa/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::dorefa {
#define GEN_PASS_DEF_MARKLAYERSPASS
#include "dorefa/Transforms/Passes.h.inc"

namespace {

/// `DOREFA_LAYER_BEGINS` and `DOREFA_LAYER_ENDS` of Model.h.
enum Event { kBegins = 0, kEnds = 1 };

/// What a profile says about a layer.
struct Layer {
  Operation *op;
  StringRef operation, kernel;
  /// Multiply-adds per sample where the batch is dynamic, else altogether.
  int64_t macs;
};

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

int64_t sizeOr1(int64_t size) { return ShapedType::isDynamic(size) ? 1 : size; }

int64_t getBatch(Value buffer) {
  return sizeOr1(cast<ShapedType>(buffer.getType()).getDimSize(0));
}

/// Pairs of an output and a tap of its window that lie inside the input, along
/// spatial dimension `dim` (0 or 1).
int64_t countTaps(bitplane::Conv2DOp op, int64_t dim) {
  ArrayRef<int64_t> border = op.getBorder();
  int64_t before = border[dim], after = border[2 + dim];
  int64_t size = cast<ShapedType>(op.getInput().getType()).getDimSize(1 + dim);
  // What fills no window of a pool is not computed.
  int64_t pool = op.getPool()[dim], outputs = op.getOutputSize()[dim] / pool * pool;
  int64_t taps = 0;
  for (int64_t output = 0; output < outputs; ++output)
    for (int64_t tap = 0; tap < op.getKernelSize()[dim]; ++tap) {
      int64_t position =
          output * op.getStrides()[dim] + tap * op.getDilations()[dim] -
          static_cast<int64_t>(op.getPads()[dim]);
      taps += position >= before && position < size - after;
    }
  return taps;
}

template <typename OpTy>
StringRef getKernelName(OpTy op) {
  if (auto name = op->template getAttrOfType<StringAttr>(kGPUKernelAttr))
    return name;
  return op.getKernel() ? bitplane::stringifyKernel(*op.getKernel()) : "popcount";
}

Layer describe(bitplane::Conv2DOp op) {
  auto inputs = static_cast<int64_t>(op.getChannels() / op.getGroups());
  auto outputs = static_cast<int64_t>(op.getOutputChannels());
  return {op, "conv_2d", getKernelName(op),
          getBatch(op.getInit()) * countTaps(op, 0) * countTaps(op, 1) *
              inputs * outputs};
}

Layer describe(bitplane::MatMulOp op) {
  auto inputs = static_cast<int64_t>(op.getChannels());
  auto outputs = static_cast<int64_t>(op.getOutputChannels());
  return {op, "matmul", getKernelName(op),
          getBatch(op.getInit()) * inputs * outputs};
}

/// All layers of a routine are one.
Layer describe(bpa::LaunchOp op) {
  return {op, "launch", "bpa", static_cast<int64_t>(op.getMacs())};
}

/// A sum of products is a layer; an elementwise operation is not, nor a pool of what
/// one computes.
std::optional<Layer> describe(linalg::LinalgOp op) {
  Block &body = op->getRegion(0).front();
  bool hasProduct = llvm::any_of(body, [](Operation &inner) {
    bool isOfInputs = llvm::all_of(inner.getOperands(), [](Value factor) {
      return isa<BlockArgument>(factor);
    });
    return isa<math::FmaOp>(inner) || (isa<arith::MulFOp>(inner) && isOfInputs);
  });
  if (!hasProduct || op.getNumReductionLoops() == 0)
    return std::nullopt;
  int64_t macs = 1;
  for (int64_t size : op.getStaticLoopRanges())
    macs *= sizeOr1(size);
  return Layer{op, isa<linalg::MatmulOp>(op) ? "matmul" : "conv_2d", "float",
               macs};
}

std::optional<Layer> findLayer(Operation &op) {
  return TypeSwitch<Operation *, std::optional<Layer>>(&op)
      .Case<bitplane::Conv2DOp, bitplane::MatMulOp, bpa::LaunchOp>(
          [](auto layer) { return describe(layer); })
      .Case([](linalg::LinalgOp layer) { return describe(layer); })
      .Default([](Operation *) { return std::nullopt; });
}

/// The buffer that `value` is a part of.
Value getBuffer(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>()) {
    if (isa<memref::ViewOp>(view))
      break;
    value = view.getViewSource();
  }
  return value;
}

/// Where `layer` begins: at the operation that brings its input into the form of
/// its kernel, where there is one since the layer before.
Operation *findBegin(Operation *layer) {
  if (!isa<bitplane::Conv2DOp, bitplane::MatMulOp>(layer))
    return layer;
  Value input = getBuffer(layer->getOperand(0));
  for (Operation *op = layer->getPrevNode(); op && !findLayer(*op);
       op = op->getPrevNode())
    if (isa<bitplane::IndexOp, bitplane::UnpackOp>(op) &&
        getBuffer(op->getOperand(1)) == input)
      return op;
  return layer;
}

/// Whether `op` computes something. Filling a buffer does not count: it belongs to
/// the reduction that starts from it.
bool isWork(Operation &op) {
  return isa<DestinationStyleOpInterface, memref::CopyOp>(op) &&
         !isa<linalg::FillOp, linalg::BroadcastOp>(op);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct MarkLayers : impl::MarkLayersPassBase<MarkLayers> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp main = getMainFunction(getOperation());
    if (!main)
      return signalPassFailure();
    if (getOperation()->hasAttr("dorefa.layers"))
      return;
    SmallVector<Layer> layers;
    for (Operation &op : main.front()) {
      if (std::optional<Layer> layer = findLayer(op))
        layers.push_back(*layer);
      else if (all && isWork(op))
        layers.push_back({&op, op.getName().stripDialect(), "-", 0});
    }
    record(layers);
    if (failed(mark(main, layers)))
      signalPassFailure();
  }

private:
  void record(ArrayRef<Layer> layers) {
    Builder b(&getContext());
    SmallVector<Attribute> entries;
    for (const Layer &layer : layers) {
      StringRef name = findName(layer.op->getLoc());
      auto predicted =
          layer.op->getAttrOfType<IntegerAttr>(kPredictedNanoseconds);
      SmallVector<NamedAttribute> fields{
          b.getNamedAttr("name", b.getStringAttr(name.empty() ? "-" : name)),
          b.getNamedAttr("operation", b.getStringAttr(layer.operation)),
          b.getNamedAttr("kernel", b.getStringAttr(layer.kernel)),
          b.getNamedAttr("macs", b.getI64IntegerAttr(layer.macs)),
          b.getNamedAttr(
              "predicted_ns",
              b.getI64IntegerAttr(predicted ? predicted.getInt() : 0))};
      entries.push_back(b.getDictionaryAttr(fields));
    }
    getOperation()->setAttr("dorefa.layers", b.getArrayAttr(entries));
  }

  LogicalResult mark(func::FuncOp main, ArrayRef<Layer> layers) {
    ImplicitLocOpBuilder b(main.getLoc(), main);
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    auto notify = func::FuncOp::create(
        b, "dorefa_notify",
        b.getFunctionType({pointer, b.getI32Type(), b.getI32Type()}, {}));
    notify.setPrivate();
    unsigned position = main.getNumArguments();
    if (failed(main.insertArgument(position, pointer, DictionaryAttr(),
                                   main.getLoc())))
      return failure();
    Value options = main.getArgument(position);
    auto call = [&](int64_t index, Event event) {
      Value number = arith::ConstantIntOp::create(b, b.getI32Type(), index);
      Value what = arith::ConstantIntOp::create(b, b.getI32Type(), event);
      func::CallOp::create(b, notify, ValueRange{options, number, what});
    };
    for (auto [index, layer] : llvm::enumerate(layers)) {
      b.setLoc(layer.op->getLoc());
      b.setInsertionPoint(all ? layer.op : findBegin(layer.op));
      call(index, kBegins);
      b.setInsertionPointAfter(layer.op);
      call(index, kEnds);
    }
    return success();
  }
};

} // namespace
} // namespace mlir::dorefa
