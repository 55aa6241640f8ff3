//===- Build.cpp - From layers to a module in phase input -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Network.h"
#include "Random.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/DenseMap.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace mlir::dorefa;

namespace {

/// A float value of the network under construction.
struct Signal {
  Value value;
  /// About how large the elements are; constants are drawn to match, so that
  /// quantizers neither saturate nor yield one code only.
  double magnitude = 1;
};

using Shape = SmallVector<int64_t>;

class ProgramBuilder {
public:
  ProgramBuilder(const Network &network, MLIRContext &context)
      : network(network), builder(&context), random(0),
        loc(builder.getUnknownLoc()) {}

  OwningOpRef<ModuleOp> build() {
    OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
    builder.setInsertionPointToEnd(module->getBody());
    auto function = func::FuncOp::create(
        builder, loc, "main", builder.getFunctionType({getInputType()}, {}));
    function.setArgAttr(0, "dorefa.name", builder.getStringAttr("x"));
    builder.setInsertionPointToStart(function.addEntryBlock());
    buildBody(function.getArgument(0));
    finish(function);
    return module;
  }

private:
  //===--------------------------------------------------------------------===//
  // Inputs and outputs
  //===--------------------------------------------------------------------===//

  int64_t getBatch() const {
    return network.dynamicBatch ? ShapedType::kDynamic : network.batch;
  }

  RankedTensorType floatType(ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, builder.getF32Type());
  }

  RankedTensorType getInputType() {
    int64_t n = getBatch(), h = network.height, w = network.width,
            c = network.channels;
    return network.channelsFirst ? floatType({n, c, h, w})
                                 : floatType({n, h, w, c});
  }

  void buildBody(Value input) {
    if (network.channelsFirst)
      input = transpose(input, {0, 2, 3, 1});
    current = {input, 2};
    values[0] = current;
    for (const Layer &layer : network.layers) {
      random = Random(layer.seed);
      loc = NameLoc::get(builder.getStringAttr("t" + std::to_string(layer.id)));
      addLayer(layer);
      values[layer.id] = current;
      if (layer.isOutput)
        addOutput(current.value);
    }
    addOutput(current.value);
    loc = builder.getUnknownLoc();
    if (network.hasTopK)
      addTopK();
  }

  void addOutput(Value value) {
    if (llvm::is_contained(originals, value))
      return;
    originals.push_back(value);
    if (network.channelsFirst && getShape(value).size() == 4)
      value = transpose(value, {0, 3, 1, 2});
    results.push_back(value);
  }

  void addTopK() {
    Shape shape(getShape(current.value));
    shape.back() = std::min<int64_t>(shape.back(), 3);
    auto topK = TopKOp::create(
        builder, loc, floatType(shape),
        RankedTensorType::get(shape, builder.getI64Type()), current.value,
        /*smallest=*/false);
    results.append({topK.getValues(), topK.getIndices()});
  }

  void finish(func::FuncOp function) {
    func::ReturnOp::create(builder, loc, results);
    function.setType(builder.getFunctionType(getInputType(),
                                             ValueRange(results).getTypes()));
    for (size_t i = 0; i < results.size(); ++i)
      function.setResultAttr(i, "dorefa.name",
                             builder.getStringAttr("y" + std::to_string(i)));
  }

  //===--------------------------------------------------------------------===//
  // Constants
  //===--------------------------------------------------------------------===//

  static ArrayRef<int64_t> getShape(Value value) {
    return cast<RankedTensorType>(value.getType()).getShape();
  }

  template <typename T>
  Value constant(ArrayRef<int64_t> shape, Type element,
                 std::vector<T> elements) {
    auto type = RankedTensorType::get(shape, element);
    return materialize(builder, loc, makeElements<T>(type, std::move(elements)),
                       type);
  }

  Value floats(ArrayRef<int64_t> shape, std::vector<float> elements) {
    return constant(shape, builder.getF32Type(), std::move(elements));
  }

  Value scales(ArrayRef<double> elements) {
    Shape shape;
    if (elements.size() > 1)
      shape.push_back(elements.size());
    return constant<double>(shape, builder.getF64Type(), elements.vec());
  }

  /// A real of about +-`size`; dyadic ones are multiples of an eighth of the
  /// next power of two.
  float drawFloat(double size, bool dyadic) {
    double value = random.real(-size, size);
    if (!dyadic)
      return static_cast<float>(value);
    double unit = drawPower(size) / 8;
    return static_cast<float>(std::round(value / unit) * unit);
  }

  /// The power of two near `size`.
  static double drawPower(double size) {
    double exponent = std::round(std::log2(size));
    return std::exp2(std::clamp(exponent, -40.0, 40.0));
  }

  std::vector<float> drawFloats(int64_t count, double size, bool dyadic) {
    std::vector<float> elements;
    for (int64_t i = 0; i < count; ++i)
      elements.push_back(drawFloat(size, dyadic));
    return elements;
  }

  /// A scale near `size`, greater than 0.
  float drawScale(double size, bool dyadic) {
    size = std::clamp(size, 1e-20, 1e20) * random.real(0.5, 2);
    return static_cast<float>(dyadic ? drawPower(size) : size);
  }

  //===--------------------------------------------------------------------===//
  // Shapes
  //===--------------------------------------------------------------------===//

  SmallVector<OpFoldResult> getSizes(Value value) {
    return tensor::getMixedSizes(builder, loc, value);
  }

  Value transpose(Value value, ArrayRef<int64_t> permutation) {
    SmallVector<OpFoldResult> sizes = getSizes(value), permuted;
    for (int64_t dim : permutation)
      permuted.push_back(sizes[dim]);
    Value init =
        tensor::EmptyOp::create(builder, loc, permuted, builder.getF32Type());
    return linalg::TransposeOp::create(builder, loc, value, init, permutation)
        ->getResult(0);
  }

  /// The current value as a feature map: a row becomes one pixel.
  Value getFeatureMap() {
    Value value = current.value;
    ArrayRef<int64_t> shape = getShape(value);
    if (shape.size() == 4)
      return value;
    return tensor::ExpandShapeOp::create(
        builder, loc, floatType({shape[0], 1, 1, shape[1]}), value,
        SmallVector<ReassociationIndices>{{0}, {1, 2, 3}});
  }

  /// The current value as rows, as `layer` asks for.
  Value getRows(const Layer &layer) {
    Value value = current.value;
    if (layer.flatten == 0 || getShape(value).size() == 2)
      return value;
    if (layer.flatten == 2)
      value = transpose(value, {0, 3, 1, 2});
    ArrayRef<int64_t> shape = getShape(value);
    return tensor::CollapseShapeOp::create(
        builder, loc, floatType({shape[0], shape[1] * shape[2] * shape[3]}),
        value, SmallVector<ReassociationIndices>{{0}, {1, 2, 3}});
  }

  /// The window of `layer` that fits `shape`.
  struct Window {
    Shape kernel, strides, dilations, pads, sizes;
  };

  Window fitWindow(const Layer &layer, ArrayRef<int64_t> shape, bool isPool) {
    Window window;
    window.pads.resize(4);
    for (int64_t i : {0, 1}) {
      int64_t size = shape[i + 1],
              dilation = std::max<int64_t>(layer.dilations[i], 1);
      int64_t kernel = std::max<int64_t>(layer.kernel[i], 1), span = 0;
      int64_t before = 0, after = 0;
      // Smaller until the window fits.
      for (;; --kernel) {
        span = (kernel - 1) * dilation + 1;
        int64_t most = isPool ? span - 1 : span;
        before = std::min(layer.pads[i], most);
        after = std::min(layer.pads[i + 2], most);
        if (kernel == 1 || span <= size + before + after)
          break;
      }
      // A pool over nothing has no largest element.
      if (isPool && (kernel - 1) * dilation >= size && dilation > 1)
        dilation = 1, kernel = std::min(kernel, size);
      span = (kernel - 1) * dilation + 1;
      if (isPool)
        before = std::min(before, span - 1), after = std::min(after, span - 1);
      window.kernel.push_back(kernel);
      window.dilations.push_back(dilation);
      window.strides.push_back(std::max<int64_t>(layer.strides[i], 1));
      window.pads[i] = before;
      window.pads[i + 2] = after;
      window.sizes.push_back(*windowCount(size, kernel, window.strides[i],
                                          dilation, before, after));
    }
    return window;
  }

  //===--------------------------------------------------------------------===//
  // Quantizers
  //===--------------------------------------------------------------------===//

  CodeType getCode(const Quantizer &quantizer) {
    auto encoding = static_cast<Encoding>(quantizer.encoding);
    unsigned bits = quantizer.bits;
    if (quantizer.source == CodeSource::Sign)
      return CodeType::get(builder.getContext(), 1, Encoding::Bipolar);
    if (quantizer.source == CodeSource::Activations)
      encoding = Encoding::Unipolar;
    if (quantizer.source == CodeSource::Weights)
      encoding = Encoding::Bipolar;
    if (quantizer.source == CodeSource::Ternary)
      encoding = Encoding::Ternary;
    if (encoding == Encoding::Ternary)
      bits = 2;
    return CodeType::get(builder.getContext(), bits, encoding);
  }

  static RankedTensorType withElement(Value value, Type element) {
    return cast<RankedTensorType>(value.getType()).clone(element);
  }

  Value dequantize(Value codes, ArrayRef<double> scale, float zeroPoint,
                   int64_t axis) {
    return DequantizeOp::create(
        builder, loc, withElement(codes, builder.getF32Type()), codes,
        scales(scale), builder.getF32FloatAttr(zeroPoint),
        builder.getI64IntegerAttr(scale.size() > 1 ? axis : 0));
  }

  /// `dorefa.quantize` and back, as the importer writes it: bipolar levels have
  /// half the scale.
  Value quantizeUniformly(Value value, const Quantizer &quantizer,
                          double magnitude, int64_t axis, bool dyadic) {
    CodeType code = getCode(quantizer);
    int64_t count = quantizer.perChannel ? getShape(value)[axis] : 1;
    SmallVector<float> scale;
    for (int64_t i = 0; i < count; ++i)
      scale.push_back(drawScale(
          2 * magnitude / std::max<int64_t>(code.getMaxCode(), 1), dyadic));
    float zeroPoint = static_cast<float>(quantizer.zeroPoint) / 2;
    // Of one bit, narrow leaves one level.
    bool narrow = quantizer.narrow && code.getBits() > 1;
    Value codes = QuantizeOp::create(
        builder, loc, withElement(value, code), value,
        builder.getDenseF32ArrayAttr(scale),
        builder.getDenseF32ArrayAttr({zeroPoint}),
        RoundingAttr::get(builder.getContext(),
                          static_cast<Rounding>(quantizer.rounding)),
        narrow ? builder.getUnitAttr() : UnitAttr(),
        builder.getI64IntegerAttr(count > 1 ? axis : 0));
    SmallVector<double> back(scale.begin(), scale.end());
    if (code.getEncoding() == Encoding::Bipolar) {
      for (double &s : back)
        s /= 2;
      zeroPoint = 2 * zeroPoint - static_cast<float>(code.getMaxCode());
    }
    return dequantize(codes, back, zeroPoint, axis);
  }

  Value quantizeSign(Value value, ArrayRef<double> scale, int64_t axis) {
    auto code = CodeType::get(builder.getContext(), 1, Encoding::Bipolar);
    Value codes =
        QuantizeSignOp::create(builder, loc, withElement(value, code), value);
    return dequantize(codes, scale, 0, axis);
  }

  Value quantizeActivations(const Quantizer &quantizer) {
    CodeType code = getCode(quantizer);
    Value codes = QuantizeActivationsOp::create(
        builder, loc, withElement(current.value, code), current.value,
        static_cast<dorefa::Activation>(quantizer.activation));
    return dequantize(codes, 1.0 / static_cast<double>(code.getMaxCode()), 0,
                      0);
  }

  /// Thresholds on floats, as FINN writes them.
  Value countThresholds(const Layer &layer) {
    CodeType code = getCode(layer.quantizer);
    bool isCode = code.getEncoding() == Encoding::Bipolar;
    int64_t low = isCode ? 0 : code.getMinValue();
    int64_t high = isCode ? code.getMaxCode() : code.getMaxValue();
    int64_t count = random.range(1, high - low);
    int64_t rows = layer.perChannel ? getShape(current.value).back() : 1;
    std::vector<float> table;
    SmallVector<bool> decreasing;
    for (int64_t row = 0; row < rows; ++row) {
      std::vector<float> thresholds =
          drawFloats(count, current.magnitude, layer.dyadic);
      if (!random.chance(5))
        llvm::sort(thresholds);
      llvm::append_range(table, thresholds);
      decreasing.push_back(random.chance(50));
    }
    Value codes = ThresholdOp::create(
        builder, loc, withElement(current.value, code), current.value,
        floats({rows, count}, std::move(table)),
        random.chance(50) ? builder.getDenseBoolArrayAttr(decreasing)
                          : DenseBoolArrayAttr(),
        builder.getI64IntegerAttr(random.range(low, high - count)));
    return dequantize(codes, drawScale(1.0, layer.dyadic), 0, 0);
  }

  void addQuantizer(const Layer &layer) {
    const Quantizer &quantizer = layer.quantizer;
    int64_t axis = getShape(current.value).size() - 1;
    switch (quantizer.source) {
    case CodeSource::Uniform:
      current.value = quantizeUniformly(current.value, quantizer,
                                        current.magnitude, axis, layer.dyadic);
      return;
    case CodeSource::Sign:
      current = {quantizeSign(current.value, drawScale(1, layer.dyadic), axis),
                 1};
      return;
    case CodeSource::Activations:
      current = {quantizeActivations(quantizer), 0.6};
      return;
    case CodeSource::Threshold:
      current = {countThresholds(layer),
                 static_cast<double>(getCode(quantizer).getMaxCode()) / 2};
      return;
    case CodeSource::Float:
    case CodeSource::Weights:
    case CodeSource::Ternary:
    case CodeSource::Constant:
      return;
    }
  }

  //===--------------------------------------------------------------------===//
  // Layers
  //===--------------------------------------------------------------------===//

  Value drawCodes(const Layer &layer, ArrayRef<int64_t> shape, double size) {
    CodeType code = getCode(layer.quantizer);
    int64_t count = ShapedType::getNumElements(shape);
    std::vector<int8_t> codes;
    for (int64_t i = 0; i < count; ++i)
      codes.push_back(static_cast<int8_t>(random.range(0, code.getMaxCode())));
    auto bytes = RankedTensorType::get(shape, builder.getI8Type());
    Value value =
        materialize(builder, loc, makeElements<int8_t>(bytes, std::move(codes)),
                    RankedTensorType::get(shape, code));
    SmallVector<double> scale;
    for (int64_t i = 0, n = layer.quantizer.perChannel ? shape[0] : 1; i < n;
         ++i)
      scale.push_back(drawScale(
          2 * size / static_cast<double>(code.getMaxCode()), layer.dyadic));
    return dequantize(value, scale,
                      static_cast<float>(layer.quantizer.zeroPoint) / 2, 0);
  }

  /// Weights of `shape`, outputs outermost, of about +-`size`.
  Value drawWeights(const Layer &layer, ArrayRef<int64_t> shape, double size) {
    const Quantizer &quantizer = layer.quantizer;
    if (quantizer.source == CodeSource::Constant)
      return drawCodes(layer, shape, size);
    int64_t count = ShapedType::getNumElements(shape);
    bool isZero = random.chance(3);
    Value values =
        floats(shape, isZero ? std::vector<float>(count)
                             : drawFloats(count, size, layer.dyadic));
    if (quantizer.source == CodeSource::Uniform)
      return quantizeUniformly(values, quantizer, size, 0, layer.dyadic);
    if (quantizer.source == CodeSource::Sign) {
      SmallVector<double> scale;
      for (int64_t i = 0, n = quantizer.perChannel ? shape[0] : 1; i < n; ++i)
        scale.push_back(drawScale(size, layer.dyadic));
      return quantizeSign(values, scale, 0);
    }
    if (quantizer.source == CodeSource::Float)
      return values;
    return quantizeWeights(quantizer, values);
  }

  /// A quantizer that finds the scale itself, and back.
  Value quantizeWeights(const Quantizer &quantizer, Value values) {
    bool isTernary = quantizer.source == CodeSource::Ternary;
    SmallVector<int64_t> shape;
    if (quantizer.perChannel && !isTernary)
      shape.push_back(getShape(values).front());
    auto scaleType = RankedTensorType::get(shape, builder.getF64Type());
    Type type = withElement(values, getCode(quantizer));
    Operation *op =
        isTernary
            ? QuantizeTernaryOp::create(builder, loc, type, scaleType, values)
                  .getOperation()
            : QuantizeWeightsOp::create(builder, loc, type, scaleType, values,
                                        quantizer.perChannel);
    return DequantizeOp::create(
        builder, loc, values.getType(), op->getResult(0), op->getResult(1),
        builder.getF32FloatAttr(0), builder.getI64IntegerAttr(0));
  }

  Value drawBias(const Layer &layer, int64_t channels) {
    if (!layer.hasBias)
      return nullptr;
    return floats(channels,
                  drawFloats(channels, current.magnitude, layer.dyadic));
  }

  /// Output channels and groups that fit `inputs` channels.
  std::pair<int64_t, int64_t> fitGroups(const Layer &layer, int64_t inputs) {
    int64_t groups = std::clamp<int64_t>(layer.groups, 1, inputs);
    while (inputs % groups)
      --groups;
    int64_t channels = layer.channels > 0 ? layer.channels : inputs;
    return {llvm::alignTo(channels, groups), groups};
  }

  /// Keeps weights few, so that a network takes milliseconds.
  static int64_t limitOutputs(int64_t outputs, int64_t taps) {
    constexpr int64_t mostWeights = 30000;
    return std::min(outputs, std::max<int64_t>(mostWeights / taps, 1));
  }

  /// DoReFa-Net's weights of several bits reach from -1 to 1 whatever their
  /// size.
  void growMagnitude(const Layer &layer, int64_t taps) {
    bool fillsRange = layer.quantizer.source == CodeSource::Weights &&
                      layer.quantizer.bits > 1;
    current.magnitude *=
        fillsRange ? 0.6 * std::sqrt(static_cast<double>(taps)) : 0.8;
  }

  void addConv(const Layer &layer) {
    Value input = getFeatureMap();
    ArrayRef<int64_t> shape = getShape(input);
    Window window = fitWindow(layer, shape, /*isPool=*/false);
    auto [channels, groups] = fitGroups(layer, shape[3]);
    int64_t taps = window.kernel[0] * window.kernel[1] * shape[3] / groups;
    channels = llvm::alignTo(limitOutputs(channels, taps), groups);
    Shape filter{channels, window.kernel[0], window.kernel[1],
                 shape[3] / groups};
    double size = 1 / std::sqrt(static_cast<double>(taps));
    Value weights = drawWeights(layer, filter, size);
    growMagnitude(layer, taps);
    Value bias = drawBias(layer, channels);
    Shape result{shape[0], window.sizes[0], window.sizes[1], channels};
    current.value = Conv2DOp::create(
        builder, loc, floatType(result), input, weights, bias, window.strides,
        window.pads, window.dilations, groups, 0, 0, DenseI64ArrayAttr());
  }

  void addFullyConnected(const Layer &layer) {
    Value input = getRows(layer);
    Shape shape(getShape(input));
    int64_t inputs = shape.back();
    int64_t outputs =
        limitOutputs(layer.channels > 0 ? layer.channels : inputs, inputs);
    double size = 1 / std::sqrt(static_cast<double>(inputs));
    Value weights = drawWeights(layer, {outputs, inputs}, size);
    growMagnitude(layer, inputs);
    Value bias = drawBias(layer, outputs);
    shape.back() = outputs;
    current.value = MatMulOp::create(builder, loc, floatType(shape), input,
                                     weights, bias, 0, 0, DenseI64ArrayAttr());
  }

  void addPool(const Layer &layer) {
    Value input = getFeatureMap();
    Shape shape(getShape(input));
    Layer wish = layer;
    if (layer.kind == LayerKind::GlobalPool)
      for (int i : {0, 1}) {
        wish.kernel[i] = shape[i + 1];
        wish.dilations[i] = 1;
        wish.pads[i] = wish.pads[i + 2] = 0;
      }
    Window window = fitWindow(wish, shape, /*isPool=*/true);
    auto type =
        floatType({shape[0], window.sizes[0], window.sizes[1], shape[3]});
    if (layer.kind == LayerKind::MaxPool)
      current.value =
          MaxPoolOp::create(builder, loc, type, input, window.kernel,
                            window.strides, window.pads, window.dilations);
    else
      current.value = AvgPoolOp::create(
          builder, loc, type, input, window.kernel, window.strides, window.pads,
          window.dilations, layer.countPads);
  }

  //===--------------------------------------------------------------------===//
  // Float functions
  //===--------------------------------------------------------------------===//

  void addBatchNorm(const Layer &layer) {
    int64_t channels = getShape(current.value).back();
    double size = std::clamp(current.magnitude, 1e-10, 1e10);
    std::vector<float> mean = drawFloats(channels, size / 2, layer.dyadic);
    std::vector<float> gamma = drawFloats(channels, 2, layer.dyadic);
    std::vector<float> beta = drawFloats(channels, 1, layer.dyadic);
    std::vector<float> variance;
    for (int64_t c = 0; c < channels; ++c) {
      float deviation = drawScale(size, layer.dyadic);
      variance.push_back(deviation * deviation);
      if (random.chance(4))
        gamma[c] = random.chance(50) ? 0.0f : -0.0f;
      if (random.chance(4))
        variance[c] = random.pick({0.0f, 1e-30f, 1e-12f, 1e-42f});
    }
    float epsilon = layer.dyadic ? 0x1p-20f : 1e-5f;
    current.value =
        BatchNormOp::create(builder, loc, current.value.getType(),
                            current.value, floats(channels, mean),
                            floats(channels, variance), floats(channels, gamma),
                            floats(channels, beta), llvm::APFloat(epsilon));
    current.magnitude = 1.5;
  }

  void addUnary(const Layer &layer) {
    auto kind = static_cast<UnaryKind>(layer.function);
    current.value = UnaryOp::create(builder, loc, current.value.getType(), kind,
                                    current.value);
    if (kind == UnaryKind::Tanh || kind == UnaryKind::Sigmoid)
      current.magnitude = 1;
    if (kind == UnaryKind::Sqrt)
      current.magnitude = std::sqrt(current.magnitude);
    if (kind == UnaryKind::Exp)
      current.magnitude = std::exp(std::min(current.magnitude, 40.0));
  }

  Value createBinary(BinaryKind kind, Value lhs, Value rhs) {
    std::optional<SmallVector<int64_t>> shape =
        broadcastShapes(getShape(lhs), getShape(rhs));
    return BinaryOp::create(builder, loc, floatType(*shape), kind, lhs, rhs);
  }

  /// A function with a constant; products have both signs.
  void addBinary(const Layer &layer) {
    auto kind = static_cast<BinaryKind>(layer.function);
    bool isProduct = kind == BinaryKind::Mul || kind == BinaryKind::Div;
    int64_t count = layer.perChannel ? getShape(current.value).back() : 1;
    double size = isProduct || kind == BinaryKind::Pow ? 2 : current.magnitude;
    std::vector<float> elements = drawFloats(count, size, layer.dyadic);
    if (kind == BinaryKind::Div)
      for (float &element : elements)
        element = element == 0 ? 1 : element;
    Shape shape;
    if (layer.perChannel || random.chance(50))
      shape.push_back(count);
    Value other = floats(shape, std::move(elements));
    bool isReversed = kind == BinaryKind::Sub && random.chance(30);
    current.value = isReversed ? createBinary(kind, other, current.value)
                               : createBinary(kind, current.value, other);
  }

  void addClip(const Layer &layer) {
    double size = current.magnitude;
    float low = drawFloat(size, layer.dyadic),
          high = drawFloat(size, layer.dyadic);
    if (random.chance(50))
      low = 0, high = static_cast<float>(std::abs(high) + size / 2);
    if (low > high)
      std::swap(low, high);
    Value lower =
        createBinary(BinaryKind::Max, current.value, floats({}, {low}));
    current.value = createBinary(BinaryKind::Min, lower, floats({}, {high}));
  }

  Value createStep(BinaryKind kind, Value value, float number) {
    return createBinary(kind, value, floats({}, {number}));
  }

  void addSwish(const Layer &layer) {
    Value x = current.value;
    if (layer.function == 0) {
      Value gate =
          UnaryOp::create(builder, loc, x.getType(), UnaryKind::Sigmoid, x);
      current.value = createBinary(BinaryKind::Mul, x, gate);
    } else if (layer.function == 1) {
      Value gate = createStep(BinaryKind::Mul, x, 1.0f / 6);
      gate = createStep(BinaryKind::Add, gate, 0.5f);
      gate = createStep(BinaryKind::Min, gate, 1);
      gate = createStep(BinaryKind::Max, gate, 0);
      current.value = createBinary(BinaryKind::Mul, gate, x);
    } else if (layer.function == 2) {
      Value negative = createStep(BinaryKind::Min, x, 0);
      negative = createStep(BinaryKind::Mul, negative, drawFloat(1, layer.dyadic));
      current.value = createBinary(BinaryKind::Add,
                                   createStep(BinaryKind::Max, x, 0), negative);
    } else {
      current.value = createBinary(BinaryKind::Mul, x, x);
      current.magnitude *= current.magnitude;
    }
  }

  //===--------------------------------------------------------------------===//
  // Branches
  //===--------------------------------------------------------------------===//

  void addBranch(const Layer &layer) {
    auto earlier = values.find(layer.source);
    if (earlier != values.end())
      current = earlier->second;
  }

  void addJoin(const Layer &layer) {
    auto other = values.find(layer.source);
    if (other == values.end())
      return;
    Value rhs = other->second.value;
    std::optional<SmallVector<int64_t>> shape =
        broadcastShapes(getShape(current.value), getShape(rhs));
    // Only the other operand may be broadcast, and never the batch.
    if (!shape || shape->size() != getShape(rhs).size() ||
        ArrayRef(*shape) != getShape(current.value))
      return;
    current.value = createBinary(static_cast<BinaryKind>(layer.function),
                                 current.value, rhs);
    current.magnitude += other->second.magnitude;
  }

  void addConcat(const Layer &layer) {
    auto other = values.find(layer.source);
    if (other == values.end())
      return;
    Value rhs = other->second.value;
    ArrayRef<int64_t> a = getShape(current.value), b = getShape(rhs);
    if (a.size() != b.size() || a.drop_back() != b.drop_back())
      return;
    current.value = tensor::ConcatOp::create(builder, loc,
                                             static_cast<int64_t>(a.size()) - 1,
                                             ValueRange{current.value, rhs});
    current.magnitude = std::max(current.magnitude, other->second.magnitude);
  }

  /// Some of the channels.
  void addSlice() {
    SmallVector<OpFoldResult> sizes = getSizes(current.value);
    SmallVector<OpFoldResult> offsets(sizes.size(), builder.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), builder.getIndexAttr(1));
    int64_t channels = getShape(current.value).back();
    int64_t start = random.range(0, channels - 1);
    offsets.back() = builder.getIndexAttr(start);
    sizes.back() = builder.getIndexAttr(random.range(1, channels - start));
    current.value = tensor::ExtractSliceOp::create(builder, loc, current.value,
                                                   offsets, sizes, strides);
  }

  /// Zeros, seldom another number, around a feature map.
  void addPad(const Layer &layer) {
    Value input = getFeatureMap();
    Shape shape(getShape(input));
    Shape low{0, random.range(0, 2), random.range(0, 2), 0};
    Shape high{0, random.range(0, 2), random.range(0, 2), 0};
    for (int i : {1, 2})
      shape[i] += low[i] + high[i];
    float value =
        random.chance(80) ? 0 : drawFloat(current.magnitude, layer.dyadic);
    Value padding =
        arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(value));
    SmallVector<OpFoldResult> lows =
        getAsIndexOpFoldResult(builder.getContext(), low);
    SmallVector<OpFoldResult> highs =
        getAsIndexOpFoldResult(builder.getContext(), high);
    current.value = tensor::PadOp::create(builder, loc, floatType(shape), input,
                                          lows, highs, padding);
  }

  void addLayer(const Layer &layer) {
    switch (layer.kind) {
    case LayerKind::Quantize:
      return addQuantizer(layer);
    case LayerKind::Conv:
      return addConv(layer);
    case LayerKind::FullyConnected:
      return addFullyConnected(layer);
    case LayerKind::MaxPool:
    case LayerKind::AvgPool:
    case LayerKind::GlobalPool:
      return addPool(layer);
    case LayerKind::BatchNorm:
      return addBatchNorm(layer);
    case LayerKind::Unary:
      return addUnary(layer);
    case LayerKind::Binary:
      return addBinary(layer);
    case LayerKind::Clip:
      return addClip(layer);
    case LayerKind::Swish:
      return addSwish(layer);
    case LayerKind::Branch:
      return addBranch(layer);
    case LayerKind::Join:
      return addJoin(layer);
    case LayerKind::Concat:
      return addConcat(layer);
    case LayerKind::Slice:
      return addSlice();
    case LayerKind::Pad:
      return addPad(layer);
    case LayerKind::Softmax:
      current.value = SoftmaxOp::create(builder, loc, current.value.getType(),
                                        current.value);
      return;
    }
  }

  const Network &network;
  OpBuilder builder;
  Random random;
  Location loc;
  Signal current;
  llvm::DenseMap<int64_t, Signal> values;
  SmallVector<Value> originals, results;
};

} // namespace

Program buildProgram(const Network &network, MLIRContext &context) {
  context.loadDialect<DoReFaDialect, arith::ArithDialect, func::FuncDialect,
                      linalg::LinalgDialect, tensor::TensorDialect>();
  Program program;
  program.module = ProgramBuilder(network, context).build();
  program.inputs.push_back(drawInput(network));
  return program;
}
