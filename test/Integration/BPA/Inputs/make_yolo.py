# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write a network like Tiny-YOLO with random weights: 3x3 convolutions of 1-bit weights and 3-bit
activations, strided, padded and pooled, between a float first layer and a float head.

Usage: make_yolo.py SIZE DIVISOR DIR

SIZE x SIZE pixels, a multiple of 32 (416 is usual); DIVISOR, 1 for the whole network, makes it
narrower. Writes DIR/yolo.onnx and DIR/image.npy.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

BITS = 3
#: Filters, stride, and the pool behind: none, half, or one that keeps the size.
LAYERS = [(16, 1, "half"), (32, 1, "half"), (64, 2, "none"), (128, 1, "half"), (256, 1, "half"),
          (512, 1, "same"), (1024, 1, "none"), (1024, 1, "none")]
POOLS = {"half": {"strides": [2, 2], "pads": [0] * 4},
         "same": {"strides": [1, 1], "pads": [0, 0, 1, 1]}}
HEAD = 125
QONNX = "qonnx.custom_op.general"


class Network:
    """Nodes one behind the other."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(3)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.value = "image"

    def constant(self, name: str, value: np.ndarray | float) -> str:
        array = np.asarray(value, np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def add(self, kind: str, *inputs: str, domain: str = "", **attributes: object) -> None:
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.value, *inputs], [name], domain=domain,
                                           **attributes))
        self.value = name

    def convolve(self, name: str, channels: int, filters: int, kernel: int, stride: int,
                 binary: bool) -> None:
        shape = (filters, channels, kernel, kernel)
        weights = self.constant(f"{name}.w", self.random.random(shape, np.float32) - 0.5)
        if binary:
            scale = self.constant(f"{name}.scale", 1 / 64)
            self.nodes.append(helper.make_node("BipolarQuant", [weights, scale], [f"{name}.wq"],
                                               domain=QONNX))
            weights = f"{name}.wq"
        self.add("Conv", weights, pads=[kernel // 2] * 4, strides=[stride] * 2,
                 kernel_shape=[kernel] * 2)

    def quantize(self, name: str, filters: int, deviation: float) -> None:
        """Batch normalization, then codes that are spread over their range."""
        sign = self.random.choice([-1, 1], filters)
        self.add("BatchNormalization",
                 self.constant(f"{name}.gamma", sign * self.random.uniform(0.3, 0.6, filters)),
                 self.constant(f"{name}.beta", self.random.uniform(0.3, 0.7, filters)),
                 self.constant(f"{name}.mean", deviation * self.random.normal(0, 0.2, filters)),
                 self.constant(f"{name}.var", np.full(filters, deviation**2)))
        self.add("Clip", "low", "high")
        self.add("Quant", "step", "zero", "bits", domain=QONNX, signed=0, narrow=0,
                 rounding_mode="ROUND")


def build(size: int, divisor: int) -> onnx.ModelProto:
    network = Network()
    for name, value in (("low", 0), ("high", 1), ("step", 1 / (2**BITS - 1)), ("zero", 0),
                        ("bits", BITS)):
        network.constant(name, value)
    channels = LAYERS[0][0]
    network.convolve("first", 3, channels, 3, 1, binary=False)
    network.quantize("first", channels, 5)
    for index, (full, stride, pool) in enumerate(LAYERS):
        filters = max(16, full // divisor)
        network.convolve(f"conv{index}", channels, filters, 3, stride, binary=True)
        network.quantize(f"conv{index}", filters, 0.6 * 3 * channels**0.5 / 64)
        channels = filters
        if pool != "none":
            network.add("MaxPool", kernel_shape=[2, 2], **POOLS[pool])
    network.convolve("head", channels, HEAD, 1, 1, binary=False)
    last = network.value
    image = helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 3, size, size])
    grid = helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT,
                                         [1, HEAD, size // 32, size // 32])
    graph = helper.make_graph(network.nodes, "yolo", [image], [grid], network.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13),
                                                   helper.make_opsetid(QONNX, 1)])


def main() -> int:
    size, divisor, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(build(size, divisor), folder / "yolo.onnx")
    image = np.random.default_rng(4).random((1, 3, size, size), np.float32)
    np.save(folder / "image.npy", image)
    return 0


if __name__ == "__main__":
    sys.exit(main())
