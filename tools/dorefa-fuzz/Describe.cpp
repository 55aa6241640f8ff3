//===- Describe.cpp - Networks in words -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Network.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir::dorefa;

static llvm::StringRef getName(LayerKind kind) {
  constexpr llvm::StringLiteral names[] = {
      "quantize",    "conv",       "fully_connected", "max_pool", "avg_pool",
      "global_pool", "batch_norm", "unary",           "binary",   "clip",
      "join",        "concat",     "slice",           "pad",      "softmax",
      "swish",       "branch"};
  return names[static_cast<int>(kind)];
}

static llvm::StringRef getName(CodeSource source) {
  constexpr llvm::StringLiteral names[] = {
      "float",     "uniform", "sign",    "activations",
      "threshold", "weights", "ternary", "constant"};
  return names[static_cast<int>(source)];
}

static void print(llvm::raw_ostream &os, const Quantizer &quantizer) {
  os << " " << getName(quantizer.source);
  if (quantizer.source == CodeSource::Float)
    return;
  os << " " << quantizer.bits << " "
     << stringifyEncoding(static_cast<Encoding>(quantizer.encoding));
  if (quantizer.source == CodeSource::Activations)
    os << " "
       << stringifyActivation(static_cast<Activation>(quantizer.activation));
  if (quantizer.source == CodeSource::Uniform)
    os << " " << stringifyRounding(static_cast<Rounding>(quantizer.rounding));
  if (quantizer.zeroPoint)
    os << " zero_point " << quantizer.zeroPoint << "/2";
  os << (quantizer.narrow ? " narrow" : "")
     << (quantizer.perChannel ? " per-channel" : "");
}

static void printWindow(llvm::raw_ostream &os, const Layer &layer) {
  os << " " << layer.kernel[0] << "x" << layer.kernel[1] << " strides "
     << layer.strides[0] << "," << layer.strides[1] << " dilations "
     << layer.dilations[0] << "," << layer.dilations[1] << " pads ";
  llvm::interleave(layer.pads, os, ",");
}

static void print(llvm::raw_ostream &os, const Layer &layer) {
  os << "  t" << layer.id << " " << getName(layer.kind);
  switch (layer.kind) {
  case LayerKind::Conv:
    printWindow(os, layer);
    os << " groups " << layer.groups;
    [[fallthrough]];
  case LayerKind::FullyConnected:
    os << " to " << layer.channels << (layer.hasBias ? " bias" : "");
    [[fallthrough]];
  case LayerKind::Quantize:
    print(os, layer.quantizer);
    break;
  case LayerKind::MaxPool:
  case LayerKind::AvgPool:
    printWindow(os, layer);
    break;
  case LayerKind::Unary:
    os << " " << stringifyUnaryKind(static_cast<UnaryKind>(layer.function));
    break;
  case LayerKind::Swish: {
    constexpr llvm::StringLiteral names[] = {"silu", "hard_swish", "leaky", "square"};
    os << " " << names[layer.function];
    break;
  }
  case LayerKind::Branch:
    os << " from t" << layer.source;
    break;
  case LayerKind::Join:
  case LayerKind::Concat:
    os << " with t" << layer.source;
    [[fallthrough]];
  case LayerKind::Binary:
    os << " " << stringifyBinaryKind(static_cast<BinaryKind>(layer.function));
    break;
  default:
    break;
  }
  os << (layer.dyadic ? " dyadic" : "") << (layer.isOutput ? " output" : "")
     << "\n";
}

std::string describe(const Network &network) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "network " << network.seed << ": " << network.batch << "x"
     << network.height << "x" << network.width << "x" << network.channels
     << (network.dynamicBatch ? " dynamic" : "")
     << (network.channelsFirst ? " channels-first" : "")
     << (network.specialValues ? " special values" : "")
     << (network.hasTopK ? " top-k" : "") << "\n";
  for (const Layer &layer : network.layers)
    print(os, layer);
  return text;
}
