//===- onednn.cpp - Times one layer of oneDNN ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===---------------------------------------------------------------------------===//
//
// onednn TYPE conv SIZE CHANNELS FILTERS KERNEL STRIDE PAD GROUPS
// onednn TYPE matmul ROWS DEPTH COLUMNS
//
// TYPE is int8 (bytes to bytes: bias, a scale per channel and saturation fused), int8-i32
// (the bare accumulators) or f32 (bias and, in a convolution, ReLU fused). The library
// chooses all layouts, and of inner product and matmul the faster one is kept. Written
// for oneDNN 2; see sample.h for what it prints.
//
//===---------------------------------------------------------------------------===//

#include "sample.h"

#include <cstring>
#include <dnnl.hpp>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

using namespace dnnl;
using Type = memory::data_type;

namespace {

/// What a TYPE of the command line stands for.
struct Types {
  Type input, weights, output;
  bool isFloat() const { return input == Type::f32; }
};

/// A primitive with memory for all that it reads and writes.
struct Layer {
  primitive run;
  stream order;
  std::unordered_map<int, memory> memories;
  std::string implementation;
};

engine &cpu() {
  static engine theEngine(engine::kind::cpu, 0);
  return theEngine;
}

memory::desc anyLayout(const memory::dims &shape, Type type) {
  return memory::desc(shape, type, memory::format_tag::any);
}

/// Small numbers, no denormals: 1 in each byte, or 0.5 in each float.
memory filled(const memory::desc &desc) {
  memory result(desc, cpu());
  if (desc.data_type() != Type::f32) {
    std::memset(result.get_data_handle(), 1, desc.get_size());
    return result;
  }
  float *data = static_cast<float *>(result.get_data_handle());
  for (size_t i = 0; i < desc.get_size() / sizeof(float); ++i)
    data[i] = 0.5f;
  return result;
}

/// The work after the sums that a quantized, or a float network does in the layer.
primitive_attr epilogue(const Types &types, long channels, bool activate) {
  primitive_attr attributes;
  if (types.output == Type::u8)
    attributes.set_output_scales(/*mask=*/1 << 1, std::vector<float>(channels, 0.01f));
  if (types.isFloat() && activate) {
    post_ops operations;
    operations.append_eltwise(1.0f, algorithm::eltwise_relu, 0.0f, 0.0f);
    attributes.set_post_ops(operations);
  }
  return attributes;
}

template <typename Description>
Layer layerOf(const Description &description, const primitive &run) {
  Layer layer{run, stream(cpu()), {}, description.impl_info_str()};
  layer.memories = {{DNNL_ARG_SRC, filled(description.src_desc())},
                    {DNNL_ARG_WEIGHTS, filled(description.weights_desc())},
                    {DNNL_ARG_DST, filled(description.dst_desc())}};
  memory::desc bias = description.query_md(query::weights_md, 1);
  if (bias.data.ndims)
    layer.memories.emplace(DNNL_ARG_BIAS, filled(bias));
  return layer;
}

Layer convolution(const Types &types, const std::vector<long> &shape) {
  long size = shape[0], channels = shape[1], filters = shape[2], kernel = shape[3],
       stride = shape[4], pad = shape[5], groups = shape[6];
  long result = (size + 2 * pad - kernel) / stride + 1;
  memory::dims window = {filters, channels, kernel, kernel};
  if (groups > 1)
    window = {groups, filters / groups, channels / groups, kernel, kernel};
  convolution_forward::desc desc(
      prop_kind::forward_inference,
      types.isFloat() ? algorithm::convolution_auto : algorithm::convolution_direct,
      anyLayout({1, channels, size, size}, types.input), anyLayout(window, types.weights),
      anyLayout({filters}, Type::f32), anyLayout({1, filters, result, result}, types.output),
      {stride, stride}, {pad, pad}, {pad, pad});
  convolution_forward::primitive_desc description(
      desc, epilogue(types, filters, /*activate=*/true), cpu());
  return layerOf(description, convolution_forward(description));
}

Layer innerProduct(const Types &types, const std::vector<long> &shape) {
  inner_product_forward::desc desc(prop_kind::forward_inference,
                                   anyLayout({shape[0], shape[1]}, types.input),
                                   anyLayout({shape[2], shape[1]}, types.weights),
                                   anyLayout({shape[0], shape[2]}, types.output));
  inner_product_forward::primitive_desc description(
      desc, epilogue(types, shape[2], /*activate=*/false), cpu());
  return layerOf(description, inner_product_forward(description));
}

Layer product(const Types &types, const std::vector<long> &shape) {
  matmul::desc desc(anyLayout({shape[0], shape[1]}, types.input),
                    anyLayout({shape[1], shape[2]}, types.weights),
                    anyLayout({shape[0], shape[2]}, types.output));
  matmul::primitive_desc description(desc, epilogue(types, shape[2], /*activate=*/false),
                                     cpu());
  return layerOf(description, matmul(description));
}

void execute(void *context) {
  Layer &layer = *static_cast<Layer *>(context);
  layer.run.execute(layer.order, layer.memories);
  layer.order.wait();
}

Layer fasterOf(Layer first, Layer second) {
  sampleSeconds(execute, &first);
  return sampleSeconds(execute, &first) <= sampleSeconds(execute, &second) ? first : second;
}

int usage() {
  std::fprintf(stderr,
               "usage: onednn int8|int8-i32|f32 conv SIZE CHANNELS FILTERS KERNEL STRIDE PAD "
               "GROUPS, or matmul ROWS DEPTH COLUMNS\n");
  return 1;
}

int serve(const std::string &type, const std::string &kind, const std::vector<long> &shape) {
  Types types{Type::u8, Type::s8, type == "int8" ? Type::u8 : Type::s32};
  if (type == "f32")
    types = {Type::f32, Type::f32, Type::f32};
  if (kind == "conv" && shape.size() != 7)
    return usage();
  if (kind != "conv" && shape.size() != 3)
    return usage();
  Layer layer = kind == "conv"
                    ? convolution(types, shape)
                    : fasterOf(innerProduct(types, shape), product(types, shape));
  const version_t *version = dnnl::version();
  std::string text = "oneDNN " + std::to_string(version->major) + "." +
                     std::to_string(version->minor) + " " + layer.implementation;
  return serveSamples(execute, &layer, text.c_str());
}

} // namespace

int main(int argc, char **argv) {
  std::vector<long> shape;
  for (int i = 3; i < argc; ++i)
    shape.push_back(std::atol(argv[i]));
  if (argc < 3)
    return usage();
  try {
    return serve(argv[1], argv[2], shape);
  } catch (const std::exception &problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
