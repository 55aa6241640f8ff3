#===- export.py - Writes the digits network as QONNX --------------------------===#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The trained network as a QONNX file, and the same network left in float."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from layers import (
    ACTIVATION_BITS,
    BATCH_NORM_EPSILON,
    CODE_SCALE,
    F32,
    Activation,
    BatchNorm,
    Conv3x3,
    Flatten,
    Layer,
    Linear,
    MaxPool2x2,
    mean_magnitude,
    sign,
)

QONNX_DOMAIN = "qonnx.custom_op.general"
PIXEL_SCALE = F32(1 / 16)


class GraphWriter:
    """Appends one ONNX node per call; a node's output carries the node's name."""

    def __init__(self):
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, value) -> str:
        known = {tensor.name for tensor in self.initializers}
        if name not in known:
            array = np.ascontiguousarray(value, F32).reshape(np.shape(value))
            self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def node(self, op: str, name: str, inputs: list[str], output="", **attributes) -> str:
        domain = QONNX_DOMAIN if op in ("Quant", "BipolarQuant") else None
        output = output or name
        self.nodes.append(
            helper.make_node(op, inputs, [output], name=name, domain=domain, **attributes)
        )
        return output

    def weight(self, layer: Linear) -> str:
        """The latent weight, behind the quantizer where the layer has one."""
        weight = self.constant(f"{layer.name}.weight", layer.weight)
        if not layer.quantized:
            return weight
        scale = self.constant(f"{layer.name}.weight_scale", mean_magnitude(layer.weight))
        return self.node("BipolarQuant", f"{layer.name}.weight_quant", [weight, scale])

    def linear(self, layer: Linear, inputs: list[str], output: str) -> str:
        operands = [*inputs, self.weight(layer)]
        if not layer.quantized:
            operands.append(self.constant(f"{layer.name}.bias", layer.parameters["bias"]))
        if isinstance(layer, Conv3x3):
            window = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [1, 1]}
            return self.node("Conv", layer.name, operands, output, **window)
        op = "MatMul" if layer.quantized else "Gemm"
        return self.node(op, layer.name, operands, output)

    def batch_norm(self, layer: BatchNorm, x: str) -> str:
        values = {**layer.parameters, "mean": layer.mean, "variance": layer.variance}
        names = [self.constant(f"{layer.name}.{key}", value) for key, value in values.items()]
        epsilon = float(BATCH_NORM_EPSILON)
        return self.node("BatchNormalization", layer.name, [x, *names], epsilon=epsilon)

    def activation(self, layer: Activation, x: str) -> str:
        bounds = [self.constant("zero", F32(0)), self.constant("one", F32(1))]
        x = self.node("Clip", f"{layer.name}.clip", [x, *bounds])
        if not layer.quantized:
            return x
        quantizer = [
            self.constant("code_scale", CODE_SCALE),
            self.constant("zero", F32(0)),
            self.constant("code_bits", F32(ACTIVATION_BITS)),
        ]
        options = {"signed": 0, "narrow": 0, "rounding_mode": "ROUND"}
        return self.node("Quant", f"{layer.name}.quant", [x, *quantizer], **options)

    def layer(self, layer: Layer, x: str, output: str) -> str:
        if isinstance(layer, Linear):
            return self.linear(layer, [x], output)
        if isinstance(layer, BatchNorm):
            return self.batch_norm(layer, x)
        if isinstance(layer, Activation):
            return self.activation(layer, x)
        if isinstance(layer, MaxPool2x2):
            window = {"kernel_shape": [2, 2], "strides": [2, 2]}
            return self.node("MaxPool", layer.name, [x], **window)
        assert isinstance(layer, Flatten)
        return self.node("Flatten", layer.name, [x], axis=1)


def to_onnx(network: list[Layer]) -> onnx.ModelProto:
    """Input `image` [N, 1, 8, 8] of 0 to 16, output `scores` [N, 10]; N is symbolic."""
    writer = GraphWriter()
    x = writer.node("Mul", "scale", ["image", writer.constant("pixel_scale", PIXEL_SCALE)])
    for layer in network:
        x = writer.layer(layer, x, "scores" if layer is network[-1] else "")
    graph = helper.make_graph(
        writer.nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", 10])],
        writer.initializers,
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(QONNX_DOMAIN, 1)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="dorefa-mlir")
    model.ir_version = 7
    onnx.checker.check_model(model)
    return model


def save(model: onnx.ModelProto, path: Path) -> None:
    """Writes beside the file and renames, so that a half-written model never lies there."""
    unfinished = path.with_name(path.name + ".unfinished")
    onnx.save(model, str(unfinished))
    os.replace(unfinished, path)


def save_onnx(network: list[Layer], path: Path) -> None:
    save(to_onnx(network), path)


def left_in_float(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network without quantizers: the comparison that a user would run.

    A weight becomes the float tensor scale * sign(w); activations stay bounded by
    their Clip and are not rounded.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    stands_for: dict[str, str] = {}
    kept = []
    for node in graph.node:
        node.input[:] = [stands_for.get(name, name) for name in node.input]
        if node.op_type == "BipolarQuant":
            weight, scale = (values[name] for name in node.input)
            tensor = numpy_helper.from_array(scale * sign(weight), node.output[0])
            graph.initializer.append(tensor)
        elif node.op_type == "Quant":
            stands_for[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    used = {name for node in kept for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:], result.opset_import[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensors)
    graph.name = f"{model.graph.name}_float"
    result.opset_import.extend(o for o in model.opset_import if o.domain != QONNX_DOMAIN)
    onnx.checker.check_model(result)
    return result
