# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write the float and the int8 twin of a low-bit network for the peers.

    peer_models.py network.onnx input.npy PREFIX

PREFIX.f32.onnx is the same topology without quantizers (thresholds become ReLU) and with
the raw float weights, PREFIX.int8.onnx the same quantized by onnxruntime: bytes with a
scale per channel for all layers, the first and the last included, calibrated on the input.
Runs in the Python environment of the peers.
"""

import logging
import sys
from pathlib import Path

import numpy as np
import onnx
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process

QUANTIZERS = {"Quant", "BipolarQuant", "IntQuant"}


def float_twin(model: onnx.ModelProto) -> onnx.ModelProto:
    """Returns the network without its quantizers."""
    renamed: dict[str, str] = {}
    nodes = []
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        if node.op_type in QUANTIZERS:
            renamed[node.output[0]] = node.input[0]
        elif node.op_type == "MultiThreshold":
            nodes.append(onnx.helper.make_node("Relu", node.input[:1], node.output))
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    constants = [tensor for tensor in model.graph.initializer if tensor.name in used]
    graph = onnx.helper.make_graph(nodes, model.graph.name, model.graph.input, model.graph.output,
                                   constants)
    opsets = [entry for entry in model.opset_import if not entry.domain]
    twin = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(twin)
    return twin


class OneSample(quantization.CalibrationDataReader):
    """The calibration set: one input."""

    def __init__(self, name: str, values: np.ndarray) -> None:
        self.samples = iter([{name: values}])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.samples, None)


def main() -> None:
    source, values, prefix = sys.argv[1:]
    logging.disable(logging.WARNING)
    twin = float_twin(onnx.load(source))
    floats, prepared = Path(f"{prefix}.f32.onnx"), Path(f"{prefix}.prepared.onnx")
    onnx.save(twin, floats)
    quant_pre_process(str(floats), str(prepared))
    reader = OneSample(twin.graph.input[0].name, np.load(values))
    quantization.quantize_static(
        str(prepared), f"{prefix}.int8.onnx", reader, per_channel=True,
        activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8)
    prepared.unlink()


if __name__ == "__main__":
    main()
