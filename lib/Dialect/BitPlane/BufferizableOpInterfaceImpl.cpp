//===- BufferizableOpInterfaceImpl.cpp - Bufferize bitplane ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Dialect/BitPlane/BufferizableOpInterfaceImpl.h"
#include "dorefa/Dialect/BitPlane/BitPlane.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace mlir::bitplane;
using namespace mlir::bufferization;

namespace {

/// Every bitplane op writes all of its destination and reads none of it.
template <typename OpTy>
struct DestinationModel
    : DstBufferizableOpInterfaceExternalModel<DestinationModel<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto destination = cast<DestinationStyleOpInterface>(op);
    if (destination.hasPureBufferSemantics())
      return success();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    unsigned init = destination.getDpsInitOperand(0)->getOperandNumber();
    OpTy::create(rewriter, op->getLoc(), TypeRange(), operands, op->getAttrs());
    replaceOpWithBufferizedValues(rewriter, op, operands[init]);
    return success();
  }
};

template <typename... Ops>
void attach(MLIRContext *context) {
  (Ops::template attachInterface<DestinationModel<Ops>>(*context), ...);
}

} // namespace

void bitplane::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, BitPlaneDialect *) {
    attach<PackOp, UnpackOp, IndexOp, Conv2DOp, MatMulOp, bitplane::ThresholdOp,
           bitplane::MaxPoolOp>(context);
  });
}
