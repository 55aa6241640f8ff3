//===- Draw.cpp - Drawing networks from a seed ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Network.h"
#include "Random.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir;
using namespace mlir::dorefa;

namespace {

/// Appends layers to a network. Shapes are not followed: what does not fit is
/// fitted when the network is built.
class Drawing {
public:
  explicit Drawing(uint64_t seed) : random(seed) { network.seed = seed; }

  Network draw() {
    drawInputShape();
    drawStart();
    // Most are small: they compile faster and fail as well.
    int64_t blocks = random.chance(70) ? 1 : random.range(2, 4);
    for (int64_t block = 0; block < blocks; ++block)
      drawBlock();
    drawEnd();
    // More results show more, but fewer chains have one user each.
    unsigned outputs = random.pick({0, 0, 10, 30});
    for (Layer &layer : network.layers)
      layer.isOutput = random.chance(outputs);
    return std::move(network);
  }

private:
  void drawInputShape() {
    network.batch = random.range(1, 4);
    network.dynamicBatch = random.chance(50);
    network.channelsFirst = random.chance(50);
    network.height = drawSize(12, 30);
    network.width = drawSize(12, 30);
    network.channels =
        random.chance(95)
            ? random.pick({1, 2, 3, 3, 4, 5, 7, 8, 16, 31, 32, 33, 40, 64, 65})
            : random.range(100, 600);
    network.specialValues = random.chance(20);
    network.hasTopK = random.chance(10);
    isDyadic = random.chance(50);
  }

  /// Mostly up to `usual`, seldom up to `most`.
  int64_t drawSize(int64_t usual, int64_t most) {
    return random.range(1, random.chance(95) ? usual : most);
  }

  int64_t drawChannels() {
    return random.chance(70) ? random.range(1, 40) : drawSize(100, 600);
  }

  Layer &add(LayerKind kind) {
    Layer layer;
    layer.kind = kind;
    layer.id = ++lastId;
    layer.seed = random.next();
    layer.dyadic = isDyadic || random.chance(20);
    layer.perChannel = random.chance(50);
    network.layers.push_back(layer);
    return network.layers.back();
  }

  //===--------------------------------------------------------------------===//
  // Quantizers
  //===--------------------------------------------------------------------===//

  int64_t drawEncoding(int64_t count) { return random.range(0, count - 1); }

  Quantizer drawUniform() {
    Quantizer quantizer;
    quantizer.source = CodeSource::Uniform;
    quantizer.bits =
        random.chance(60) ? random.range(1, 4) : random.range(1, 8);
    quantizer.encoding = drawEncoding(3);
    quantizer.rounding = random.range(0, 6);
    if (random.chance(40))
      quantizer.zeroPoint =
          random.chance(70) ? 2 * random.range(-3, 3) : random.range(-5, 5);
    quantizer.narrow = random.chance(20);
    quantizer.perChannel = random.chance(10);
    return quantizer;
  }

  Quantizer drawActivations() {
    if (lastQuantizer.source != CodeSource::Float && random.chance(15))
      return lastQuantizer;
    Quantizer quantizer = drawUniform();
    quantizer.source =
        random.pick({CodeSource::Uniform, CodeSource::Uniform, CodeSource::Sign,
                     CodeSource::Activations, CodeSource::Activations,
                     CodeSource::Threshold});
    quantizer.activation = random.range(0, 2);
    if (quantizer.source == CodeSource::Threshold)
      quantizer.encoding = drawEncoding(4);
    return lastQuantizer = quantizer;
  }

  Quantizer drawWeights() {
    Quantizer quantizer = drawUniform();
    quantizer.source =
        random.pick({CodeSource::Weights, CodeSource::Weights,
                     CodeSource::Ternary, CodeSource::Uniform, CodeSource::Sign,
                     CodeSource::Constant, CodeSource::Constant});
    if (quantizer.source == CodeSource::Constant)
      quantizer.encoding = drawEncoding(4);
    quantizer.perChannel = random.chance(30);
    if (random.chance(70))
      quantizer.zeroPoint = 0;
    return quantizer;
  }

  void addQuantizer() {
    add(LayerKind::Quantize).quantizer = drawActivations();
  }

  //===--------------------------------------------------------------------===//
  // Layers
  //===--------------------------------------------------------------------===//

  void drawWindow(Layer &layer, int64_t largest) {
    for (int i : {0, 1}) {
      layer.kernel[i] = random.range(1, largest);
      layer.strides[i] = random.chance(60) ? 1 : random.range(1, 3);
      layer.dilations[i] = random.chance(75) ? 1 : random.range(1, 3);
    }
    if (random.chance(50))
      layer.kernel[1] = layer.kernel[0];
    for (int64_t &pad : layer.pads)
      pad = random.chance(50) ? 0 : random.range(0, largest - 1);
  }

  /// A convolution whose result has the size of its input.
  void keepSize(Layer &layer) {
    for (int i : {0, 1}) {
      layer.kernel[i] = random.pick({1, 3, 3, 5});
      layer.strides[i] = 1;
      layer.pads[i] = layer.pads[i + 2] =
          (layer.kernel[i] - 1) / 2 * layer.dilations[i];
    }
  }

  void addConv(Quantizer weights, bool keepsShape) {
    Layer &layer = add(LayerKind::Conv);
    layer.quantizer = weights;
    drawWindow(layer, 5);
    layer.channels = drawChannels();
    // 1000 asks for a depthwise convolution: as many as there are channels.
    layer.groups = random.chance(60)   ? 1
                   : random.chance(50) ? 1000
                                       : random.range(2, 8);
    if (layer.groups == 1000 && random.chance(70))
      layer.channels = 0;
    layer.hasBias = random.chance(30);
    if (random.chance(50) || keepsShape)
      keepSize(layer);
    if (keepsShape)
      layer.channels = 0;
  }

  void addFullyConnected(Quantizer weights) {
    Layer &layer = add(LayerKind::FullyConnected);
    layer.quantizer = weights;
    layer.channels = drawChannels();
    layer.flatten = random.range(0, 2);
    layer.hasBias = random.chance(30);
  }

  void addPool() {
    Layer &layer =
        add(random.pick({LayerKind::MaxPool, LayerKind::MaxPool,
                         LayerKind::AvgPool, LayerKind::GlobalPool}));
    drawWindow(layer, 3);
    layer.countPads = random.chance(50);
    // What this says of means, it does not say of maxima.
    if (layer.kind == LayerKind::MaxPool && layer.countPads)
      putSideBySide(layer);
  }

  /// Windows that touch without overlapping, as a convolution on a GPU pools them.
  static void putSideBySide(Layer &layer) {
    for (int i : {0, 1}) {
      layer.kernel[i] = layer.strides[i] = layer.kernel[i] > 1 ? 2 : 1;
      layer.dilations[i] = 1;
      layer.pads[i] = layer.pads[i + 2] = 0;
    }
  }

  void addUnary() {
    Layer &layer = add(LayerKind::Unary);
    UnaryKind kind =
        random.pick({UnaryKind::Relu, UnaryKind::Relu, UnaryKind::Tanh,
                     UnaryKind::Sigmoid, UnaryKind::Abs});
    if (random.chance(15))
      kind = static_cast<UnaryKind>(random.range(0, 10));
    layer.function = static_cast<int64_t>(kind);
  }

  void addBinary() {
    add(LayerKind::Binary).function =
        random.chance(95) ? random.range(0, 5) : 6;
  }

  /// Zero to three float functions, as stand between a layer and a quantizer.
  void addChain() {
    if (random.chance(50))
      add(LayerKind::BatchNorm);
    if (random.chance(25))
      addPool();
    for (int64_t i = random.range(0, 2); i > 0; --i) {
      if (random.chance(15))
        add(LayerKind::Swish).function = random.range(0, 3);
      else if (random.chance(50))
        addUnary();
      else if (random.chance(60))
        addBinary();
      else
        add(LayerKind::Clip);
    }
    if (random.chance(8))
      add(random.pick({LayerKind::Slice, LayerKind::Pad}));
    if (random.chance(20))
      add(LayerKind::BatchNorm);
  }

  void addLayer(bool keepsShape) {
    Quantizer weights = random.chance(90) ? drawWeights() : Quantizer();
    if (keepsShape || random.chance(75))
      addConv(weights, keepsShape);
    else
      addFullyConnected(weights);
  }

  //===--------------------------------------------------------------------===//
  // Parts of a network
  //===--------------------------------------------------------------------===//

  void drawStart() {
    if (random.chance(30))
      addConv(Quantizer(), false);
    if (random.chance(50))
      addChain();
    addQuantizer();
  }

  /// The sum of two layers with scales of their own, or of a layer and the codes in
  /// front of it, in front of a quantizer.
  void drawResidualSum() {
    int64_t start = lastId;
    addLayer(/*keepsShape=*/true);
    int64_t first = lastId;
    add(LayerKind::Branch).source = start;
    if (random.chance(70))
      addLayer(/*keepsShape=*/true);
    Layer &sum = add(LayerKind::Join);
    sum.source = first;
    sum.function = static_cast<int64_t>(random.chance(70) ? BinaryKind::Add
                                                          : BinaryKind::Sub);
    if (random.chance(50))
      add(LayerKind::BatchNorm);
    if (random.chance(20))
      addChain();
    addQuantizer();
  }

  void drawBlock() {
    if (random.chance(20))
      return drawResidualSum();
    int64_t start = lastId;
    bool isResidual = random.chance(35);
    for (int64_t i = random.range(1, 2); i > 0; --i) {
      addLayer(isResidual);
      if (random.chance(90))
        addChain();
      if (random.chance(90))
        addQuantizer();
      if (random.chance(15))
        addPool();
    }
    if (isResidual || random.chance(15))
      addJoin(start);
  }

  void addJoin(int64_t source) {
    bool isConcat = random.chance(30);
    Layer &layer = add(isConcat ? LayerKind::Concat : LayerKind::Join);
    layer.source = source;
    layer.function = random.chance(80) ? 0 : random.range(0, 5);
    if (random.chance(30))
      addChain();
    if (random.chance(80))
      addQuantizer();
  }

  void drawEnd() {
    if (random.chance(40))
      addFullyConnected(random.chance(50) ? Quantizer() : drawWeights());
    if (random.chance(30))
      addChain();
    if (random.chance(10))
      add(LayerKind::Softmax);
  }

  Random random;
  Network network;
  Quantizer lastQuantizer;
  int64_t lastId = 0;
  bool isDyadic = false;
};

} // namespace

Network drawNetwork(uint64_t seed) { return Drawing(seed).draw(); }

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

static float drawSpecial(Random &random) {
  float inf = std::numeric_limits<float>::infinity();
  return random.pick({inf, -inf, std::numeric_limits<float>::quiet_NaN(),
                      1e-42f, -1e-42f, 3.4e38f, -3.4e38f, 8388609.0f, -0.0f});
}

/// A value on a grid of quantizers, a neighbour of one, or any.
static float drawValue(Random &random, bool isSpecial) {
  if (isSpecial && random.chance(4))
    return drawSpecial(random);
  if (random.chance(30))
    return static_cast<float>(random.real(-3, 3));
  float step =
      random.pick({0.5f, 0.25f, 0.125f, 1.0f / 3, 1.0f / 7, 1.0f / 15, 0.1f});
  float value = step * static_cast<float>(random.range(-40, 40)) / 2;
  if (random.chance(70))
    return value;
  return std::nextafter(value, random.chance(50) ? 100.0f : -100.0f);
}

Tensor drawInput(const Network &network) {
  std::vector<int64_t> shape{network.batch, network.height, network.width,
                             network.channels};
  if (network.channelsFirst)
    shape = {network.batch, network.channels, network.height, network.width};
  Tensor input = std::move(
      *Tensor::allocate(runtime::NpyElementType::F32, std::move(shape)));
  Random random(network.seed ^ 0x696e707574u);
  float *values = static_cast<float *>(input.bytes.data());
  for (size_t i = 0, count = input.getNumElements(); i < count; ++i)
    values[i] = drawValue(random, network.specialValues);
  return input;
}
