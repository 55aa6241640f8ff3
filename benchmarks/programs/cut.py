# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write the low-bit part of a network: without its float first and last layers.

    cut.py network.onnx part.onnx part.npy

It begins at what the first activation quantizer takes and ends at what the last layer
takes; part.npy is a random input between 0 and 1.
"""

import sys

import numpy as np
import onnx

LAYERS = {"Conv", "Gemm", "MatMul"}


def ancestors(nodes: list[onnx.NodeProto], result: str, begin: str) -> list[onnx.NodeProto]:
    """Nodes that `result` depends on, up to the tensor `begin`."""
    wanted, found = {result}, []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            found.insert(0, node)
            wanted.update(name for name in node.input if name != begin)
    return found


def cut(model: onnx.ModelProto) -> onnx.ModelProto:
    """Returns the part; all shapes must be static."""
    inferred = onnx.shape_inference.infer_shapes(strip_quantizers(model))
    shapes = {value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
              for value in inferred.graph.value_info}
    constants = {tensor.name for tensor in model.graph.initializer}
    nodes = list(model.graph.node)
    begin = next(n.input[0] for n in nodes if n.op_type == "Quant" and n.input[0] not in constants)
    end = [n.input[0] for n in nodes if n.op_type in LAYERS][-1]
    kept = ancestors(nodes, end, begin)
    used = {name for node in kept for name in node.input}
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        kept, "part", [value(begin, onnx.TensorProto.FLOAT, shapes[begin])],
        [value(end, onnx.TensorProto.FLOAT, shapes[end])],
        [tensor for tensor in model.graph.initializer if tensor.name in used])
    return onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=8)


def strip_quantizers(model: onnx.ModelProto) -> onnx.ModelProto:
    """Quantizers as Identity, so that ONNX can infer shapes."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for node in copy.graph.node:
        if node.domain:
            node.op_type, node.domain = "Identity", ""
            del node.input[1:]
            del node.attribute[:]
    return copy


def main() -> None:
    source, target, values = sys.argv[1:]
    part = cut(onnx.load(source))
    onnx.save(part, target)
    shape = [d.dim_value for d in part.graph.input[0].type.tensor_type.shape.dim]
    np.save(values, np.random.default_rng(1).random(shape, np.float32))


if __name__ == "__main__":
    main()
