# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the models are made of, and the table of cases."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

CASES = {}


def case(function):
    """Registers a maker of a model or of bytes under its name."""
    CASES[function.__name__] = function
    return function


def floats(name, *shape):
    """A graph input or output of float32."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def constant(name, values, dtype=np.float32):
    """An initializer."""
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def model(nodes, inputs, constants=(), outputs=None, **options):
    """A model of nodes; the output of the last one is the network's."""
    outputs = outputs or [helper.make_empty_tensor_value_info(nodes[-1].output[-1])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(constants))
    opsets = [helper.make_opsetid("", options.get("opset", 13)),
              helper.make_opsetid("qonnx.custom_op.general", 1)]
    return helper.make_model(graph, opset_imports=opsets)


def node(kind, inputs, outputs, **attributes):
    """A node; the operators of QONNX get their domain."""
    qonnx = {"Quant", "BipolarQuant", "MultiThreshold", "Trunc", "FloatQuant"}
    domain = "qonnx.custom_op.general" if kind in qonnx else ""
    name = f"the_{kind.lower()}"
    return helper.make_node(kind, inputs.split(), outputs.split(), name=name, domain=domain, **attributes)


def image():
    return floats("x", 1, 3, 8, 8)


def conv(weights=(4, 3, 3, 3), x=None, **attributes):
    """A convolution with random weights."""
    values = np.ones(weights, np.float32)
    return model([node("Conv", "x w", "y", **attributes)], [x or image()], [constant("w", values)])


def quant(bits=2.0, scale=1.0, zero=0.0, dtype=np.float32, **attributes):
    """A quantizer of a float input."""
    constants = [constant("s", scale), constant("z", zero), constant("b", bits, dtype)]
    return model([node("Quant", "x s z b", "y", **attributes)], [image()], constants)


def shaped(dims):
    """A network whose input has these sizes."""
    return model([node("Relu", "x", "y")], [floats("x", *dims)])


def good():
    """A valid model as bytes, to be damaged."""
    return conv().SerializeToString()
