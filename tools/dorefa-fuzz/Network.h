//===- Network.h - Random networks as plain data ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A network is a list of layers with wishes. Building fits every wish to the
// shape that the layer meets (a kernel to the feature map, groups to the
// channels), so each list is a legal network: layers can be dropped and numbers
// made smaller without a thought for the rest.
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_FUZZ_NETWORK_H
#define DOREFA_TOOLS_FUZZ_NETWORK_H

#include "dorefa/Dialect/DoReFa/DoReFa.h"
#include "dorefa/Interpreter/Interpreter.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <vector>

enum class LayerKind {
  Quantize,
  Conv,
  FullyConnected,
  MaxPool,
  AvgPool,
  GlobalPool,
  BatchNorm,
  Unary,
  Binary,
  Clip,
  /// With the value of an earlier layer: a binary function, or channels side by
  /// side.
  Join,
  Concat,
  Slice,
  Pad,
  Softmax,
  /// Forks and joins again: SiLU, hard swish, a leaky ReLU or a square.
  Swish,
  /// Goes on from the value of an earlier layer.
  Branch,
};

/// Where codes come from.
enum class CodeSource {
  /// Not quantized.
  Float,
  /// `dorefa.quantize`.
  Uniform,
  /// `dorefa.quantize_sign`.
  Sign,
  /// `dorefa.quantize_activations`, activations only.
  Activations,
  /// `dorefa.threshold`, activations only.
  Threshold,
  /// `dorefa.quantize_weights`, weights only.
  Weights,
  /// `dorefa.quantize_ternary`, weights only.
  Ternary,
  /// A constant of codes, weights only.
  Constant,
};

/// How a layer's activations (Quantize) or weights (Conv, FullyConnected) are
/// quantized.
struct Quantizer {
  CodeSource source = CodeSource::Float;
  int64_t bits = 2;
  int64_t encoding = 0;
  int64_t rounding = 0;
  int64_t activation = 0;
  /// Twice the zero point, so that half-integers are integers here.
  int64_t zeroPoint = 0;
  bool narrow = false;
  bool perChannel = false;
};

struct Layer {
  LayerKind kind = LayerKind::Quantize;
  /// Stays the same while other layers are dropped; 0 is the input.
  int64_t id = 0;
  /// Seed of the layer's constants.
  uint64_t seed = 0;
  /// Join, Concat: id of the other operand. Nothing is joined where there is no
  /// such layer or its shape does not fit. Branch: id of the layer to go on from.
  int64_t source = 0;
  /// UnaryKind or BinaryKind; of Swish the function in the order above.
  int64_t function = 0;
  int64_t kernel[2] = {1, 1};
  int64_t strides[2] = {1, 1};
  int64_t dilations[2] = {1, 1};
  int64_t pads[4] = {0, 0, 0, 0};
  int64_t groups = 1;
  /// Output channels; 0: as many as input channels.
  int64_t channels = 0;
  /// FullyConnected of a feature map: 0 works on each pixel, 1 flattens, 2
  /// flattens channels-first.
  int64_t flatten = 1;
  Quantizer quantizer;
  bool hasBias = false;
  bool perChannel = false;
  bool countPads = false;
  /// Constants are dyadic, so that values meet ties.
  bool dyadic = false;
  bool isOutput = false;
};

struct Network {
  uint64_t seed = 0;
  int64_t batch = 1;
  bool dynamicBatch = false;
  /// The input has its channels first, as in most files.
  bool channelsFirst = false;
  int64_t height = 1;
  int64_t width = 1;
  int64_t channels = 1;
  /// Some of the input's values are NaN, infinite, denormal or huge.
  bool specialValues = false;
  /// Outputs also the indices of the largest values.
  bool hasTopK = false;
  std::vector<Layer> layers;
};

/// The network of `seed`.
Network drawNetwork(uint64_t seed);

/// A network as it stands after the importer, and what it is run on.
struct Program {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<mlir::dorefa::Tensor> inputs;
};

/// Builds `network`, whatever its numbers, in phase `input`.
Program buildProgram(const Network &network, mlir::MLIRContext &context);

/// The input of `network`.
mlir::dorefa::Tensor drawInput(const Network &network);

/// One line for the network and one for each layer.
std::string describe(const Network &network);

#endif // DOREFA_TOOLS_FUZZ_NETWORK_H
