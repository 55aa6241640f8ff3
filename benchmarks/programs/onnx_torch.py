# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The few ONNX operations of our float twins as a torch module."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F

Attributes = dict[str, Any]


def padded(x: torch.Tensor, pads: list[int], value: float) -> torch.Tensor:
    """Pads top, left, bottom, right as ONNX orders them."""
    top, left, bottom, right = pads
    return F.pad(x, (left, right, top, bottom), value=value) if any(pads) else x


def convolve(a: Attributes, x: torch.Tensor, w: torch.Tensor,
             b: torch.Tensor | None = None) -> torch.Tensor:
    pads = a.get("pads", [0, 0, 0, 0])
    inside = pads[:2] if pads[:2] == pads[2:] else [0, 0]
    if inside != pads[:2]:
        x = padded(x, pads, 0.0)
    return F.conv2d(x, w, b, a.get("strides", [1, 1]), inside, a.get("dilations", [1, 1]),
                    a.get("group", 1))


def max_pool(a: Attributes, x: torch.Tensor) -> torch.Tensor:
    x = padded(x, a.get("pads", [0, 0, 0, 0]), float("-inf"))
    return F.max_pool2d(x, a["kernel_shape"], a["strides"])


def gemm(a: Attributes, x: torch.Tensor, w: torch.Tensor,
         b: torch.Tensor | None = None) -> torch.Tensor:
    return F.linear(x, w if a.get("transB") else w.t(), b)


OPERATIONS: dict[str, Callable[..., torch.Tensor]] = {
    "Conv": convolve,
    "MaxPool": max_pool,
    "Gemm": gemm,
    "MatMul": gemm,
    "AveragePool": lambda a, x: F.avg_pool2d(x, a["kernel_shape"], a["strides"]),
    "GlobalAveragePool": lambda a, x: x.mean((2, 3), keepdim=True),
    "BatchNormalization": lambda a, x, gamma, beta, mean, variance: F.batch_norm(
        x, mean, variance, gamma, beta, eps=a.get("epsilon", 1e-5)),
    "Clip": lambda a, x, low, high: x.clamp(float(low), float(high)),
    "Relu": lambda a, x: F.relu(x),
    "Flatten": lambda a, x: x.flatten(1),
    "Add": lambda a, x, y: x + y,
    "Mul": lambda a, x, y: x * y,
}


class Network(torch.nn.Module):
    """A float network with one input and one output."""

    def __init__(self, path: str) -> None:
        super().__init__()
        graph = onnx.load(path).graph
        self.input, self.output = graph.input[0].name, graph.output[0].name
        self.nodes = [(node.op_type, list(node.input), node.output[0],
                       {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute})
                      for node in graph.node]
        self.constants = torch.nn.ParameterList(
            torch.from_numpy(np.array(onnx.numpy_helper.to_array(tensor)))
            for tensor in graph.initializer)
        self.names = [tensor.name for tensor in graph.initializer]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = {self.input: x, **dict(zip(self.names, self.constants))}
        for operation, inputs, output, attributes in self.nodes:
            operands = [values[name] for name in inputs if name]
            values[output] = OPERATIONS[operation](attributes, *operands)
        return values[self.output]
