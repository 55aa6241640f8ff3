# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write QONNX files with values at and beyond the edge of what is sensible.

usage: extreme_values.py FOLDER

FOLDER/defined.onnx is legal: its input and what NumPy says of its outputs lie
beside it. FOLDER/overflow.onnx has accumulators beyond i32.
"""

import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

QONNX = "qonnx.custom_op.general"
SIGNS = np.float32([[1, 1, 1, 1], [1, 1, 1, 1], [-1, -1, -1, -1], [1, -1, 1, -1]]).T
INFINITY = np.float32(np.inf)
# Beyond every accumulator of four codes of two bits: never or always reached.
TABLE = np.float32([[-1e9, 3, 1e9], [-INFINITY, 3e38, INFINITY], [-6, -6, -6], [-12, 0, 12]])


class Graph:
    """A graph that grows by nodes and constants."""

    def __init__(self) -> None:
        self.nodes: list = []
        self.constants: list = []
        self.outputs: list = []

    def constant(self, values) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def node(self, kind: str, *inputs: str, output: str = "", **attributes) -> str:
        qonnx = kind in ("Quant", "BipolarQuant", "MultiThreshold")
        name = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name,
                                           domain=QONNX if qonnx else "", **attributes))
        if output:
            self.outputs.append(helper.make_empty_tensor_value_info(output))
        return name

    def quant(self, value: str, bits: int, *, scale: float = 1, signed: int = 0, **names: str) -> str:
        parameters = map(self.constant, (scale, 0, bits))
        return self.node("Quant", value, *parameters, signed=signed, narrow=0, **names)

    def write(self, path: Path, channels: int) -> None:
        image = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", channels])
        graph = helper.make_graph(self.nodes, "extreme", [image], self.outputs, self.constants)
        opsets = [helper.make_opsetid("", 13), helper.make_opsetid(QONNX, 1)]
        path.write_bytes(helper.make_model(graph, opset_imports=opsets).SerializeToString())


def round_clip(values: np.ndarray, low: int, high: int) -> np.ndarray:
    """A quantizer of scale 1: NaN is the lowest level."""
    levels = np.clip(np.where(np.isnan(values), np.float32(low), values), low, high)
    return np.rint(levels.astype(np.float32))


def write_defined(folder: Path) -> None:
    graph = Graph()
    codes = graph.quant("x", 2)
    weights = graph.node("BipolarQuant", graph.constant(SIGNS), graph.constant(1))
    sums = graph.node("MatMul", codes, weights)
    graph.node("MultiThreshold", sums, graph.constant(TABLE), output="thresholds")
    divisors = np.float32([0, -0.0, 1e-45, 3e38])
    graph.quant(graph.node("Div", sums, graph.constant(divisors)), 2, output="divided")
    # The variance of channel 1 is denormal, that of channel 2 huge.
    norm = [np.float32(values) for values in
            ([1, 1, 1, -1], [0, 0, 1, 2], [0, 3, 0, 0], [1, 1e-45, 3e38, 0.25])]
    graph.quant(graph.node("BatchNormalization", sums, *map(graph.constant, norm), epsilon=0.0), 3,
                signed=1, output="normalized")
    for name, scale in (("zero", 0), ("negative", -0.5)):
        flipped = graph.node("BipolarQuant", graph.constant(SIGNS), graph.constant(scale))
        graph.quant(graph.node("MatMul", codes, flipped), 2, signed=1, output=name)
    # 32 bits are float32, rounded to multiples of the scale.
    graph.quant("x", 32, scale=2.0**-20, signed=1, output="wide")
    graph.write(folder / "defined.onnx", 4)

    x = np.float32([[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0], [3, 3, 3, 3], [3, 0, 3, 0],
                    [0, 3, 0, 3], [np.nan, np.inf, -np.inf, -0.0], [1e-45, 3e38, -3e38, 0.5]])
    accumulators = round_clip(x, 0, 3) @ SIGNS
    gamma, beta, mean, variance = norm
    with np.errstate(all="ignore"):
        quotients = accumulators / divisors
        normalized = (accumulators - mean) / np.sqrt(variance) * gamma + beta
    expected = {
        "thresholds": (accumulators[:, :, None] >= TABLE).sum(-1).astype(np.float32),
        "divided": round_clip(quotients, 0, 3),
        "normalized": round_clip(normalized, -4, 3),
        "zero": np.zeros_like(accumulators),
        "negative": round_clip(accumulators * np.float32(-0.5), -2, 1),
        "wide": round_clip(x * np.float32(2.0**20), -(2**31), 2**31 - 1) * np.float32(2.0**-20),
    }
    np.save(folder / "x.npy", x)
    for name, values in expected.items():
        np.save(folder / f"{name}.npy", values)


def write_overflow(folder: Path) -> None:
    """255 * 127 * 67000 is more than 2^31."""
    graph = Graph()
    codes = graph.quant("x", 8)
    weights = graph.quant(graph.constant(np.full((67000, 1), 127)), 8, signed=1)
    graph.quant(graph.node("MatMul", codes, weights, output="sums"), 2, output="y")
    graph.write(folder / "overflow.onnx", 67000)


if __name__ == "__main__":
    write_defined(Path(sys.argv[1]))
    write_overflow(Path(sys.argv[1]))
