# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What every network is made of: nodes, reproducible values and the table of cases."""

import numpy as np
from onnx import helper

RANDOM = np.random.default_rng(7)
CASES = {}


def case(function):
    """Registers a maker of (nodes, inputs, constants, expected, options)."""
    CASES[function.__name__] = function
    return function


def node(kind, inputs, outputs="y", domain=None, **attributes):
    """A node; the operators of QONNX get their usual domain."""
    qonnx = {"Quant", "BipolarQuant", "MultiThreshold", "Trunc", "IntQuant"}
    if domain is None:
        domain = "qonnx.custom_op.general" if kind in qonnx else ""
    return helper.make_node(kind, inputs.split(), outputs.split(), domain=domain, **attributes)


def normal(*shape, scale=1.0):
    """Reproducible random float32 values."""
    return (RANDOM.standard_normal(shape) * scale).astype(np.float32)


def integers(low, high, *shape):
    """Reproducible random integers as float32: sums of them are exact."""
    return RANDOM.integers(low, high + 1, shape).astype(np.float32)


def ints(*values):
    return np.array(values, np.int64)
